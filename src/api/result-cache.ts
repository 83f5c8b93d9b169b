/**
 * Results that are kept for expressions that come again, as they do in notebooks: what was computed once is then read, as
 * itself and as a part of others. Off unless `configure({ resultCache })` says how much may be kept.
 *
 * Equal expressions are one node, so a node is the key. Its bits are the same however it is computed, so nothing changes
 * but the time, as long as sources do not: whatever is written with `toZarr` or `store` forgets all that is kept.
 */
import { arrayBinding } from "../io/sources/array.js";
import { sourceNode } from "../ir/build.js";
import { viewOf } from "../ir/dtype.js";
import { advertisedGrid } from "../ir/grid.js";
import { elementCount } from "../ir/index-map.js";
import { dtypeOf, knownShape, type Node } from "../ir/node.js";

interface Kept {
  /** Reads the result. */
  readonly source: Node;
  readonly bytes: number;
}

class ResultCache {
  /** Runs under way, which may use all that was left when they were planned. */
  running = 0;
  /** How often all was forgotten: what was computed before may be of data that are no more. */
  epoch = 0;
  #limit = 0;
  #used = 0;
  /** Least recently used first. */
  readonly #kept = new Map<Node, Kept>();

  /** Bytes that are kept now; they are taken off what runs may use. */
  get used(): number {
    return this.#used;
  }

  get isEmpty(): boolean {
    return this.#kept.size === 0;
  }

  set limit(bytes: number) {
    this.#limit = bytes;
    this.#shrink(bytes);
  }

  /** What to read instead of a node. */
  get(node: Node): Node | undefined {
    const found = this.#kept.get(node);
    if (found === undefined) return undefined;
    this.#kept.delete(node);
    this.#kept.set(node, found);
    return found.source;
  }

  /**
   * Keeps a copy of a result that was begun in `epoch`, if it is worth it and there is room: runs have `memory` bytes, and
   * none is under way.
   */
  keep(node: Node, buffer: ArrayBufferLike, memory: number, epoch: number): void {
    if (this.running > 0 || epoch !== this.epoch) return;
    const room = Math.min(this.#limit, Math.floor(memory / 4));
    const bytes = buffer.byteLength;
    if (bytes > room / 2 || node.op === "source" || node.op === "create" || this.#kept.has(node))
      return;
    this.#shrink(room - bytes);
    const [shape, dtype] = [knownShape(node), dtypeOf(node)];
    const copy = new SharedArrayBuffer(bytes);
    new Uint8Array(copy).set(new Uint8Array(buffer));
    const elements = viewOf(dtype, copy, 0, elementCount(shape));
    const binding = arrayBinding(elements, shape, dtype, advertisedGrid(node));
    this.#kept.set(node, { source: sourceNode(binding), bytes });
    this.#used += bytes;
  }

  clear(): void {
    this.epoch++;
    this.#shrink(-1);
  }

  #shrink(bytes: number): void {
    for (const [node, kept] of this.#kept) {
      if (this.#used <= bytes) return;
      this.#kept.delete(node);
      this.#used -= kept.bytes;
    }
  }
}

export const resultCache: ResultCache = new ResultCache();
