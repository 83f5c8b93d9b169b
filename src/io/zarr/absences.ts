/**
 * What of a region is not stored: chunks that are missing are the fill value, which costs nothing to know. Their
 * elements are written last, and of a region that has no others just the first one, if that is all that is wanted.
 */
import type { Findings } from "../../ir/binding.js";
import { elementCount } from "../../ir/index-map.js";
import { deliverFill, type Part } from "./elements.js";
import type { ArrayMetadata, Layout } from "./metadata.js";

/** Parts that wait to be filled at the most; there may be a million tiny chunks in a region. */
const MOST_WAITING = 1024;

export class Absences {
  readonly #metadata: ArrayMetadata;
  readonly #elements: number;
  readonly #lazily: boolean;
  #waiting: Part[] = [];
  #missing = 0;
  #absent = 0;

  /** Of a region of `elements` elements. */
  constructor(metadata: ArrayMetadata, elements: number, lazily: boolean) {
    this.#metadata = metadata;
    this.#elements = elements;
    this.#lazily = lazily;
  }

  add(part: Part, chunks: number): void {
    this.#missing += chunks;
    this.#absent += elementCount(part.shape);
    if (this.#lazily && this.#waiting.length < MOST_WAITING) this.#waiting.push(part);
    else deliverFill(this.#metadata, part);
  }

  /** After the last chunk. */
  end(whole: Part): Findings {
    const uniform = this.#lazily && this.#absent === this.#elements;
    const waiting = uniform ? [{ ...whole, shape: whole.shape.map(() => 1) }] : this.#waiting;
    for (const part of waiting) deliverFill(this.#metadata, part);
    return { missing: this.#missing, uniform };
  }
}

/** A part that is not stored, of which `layout` is the chunk or the shard. */
export function deliverAbsent(metadata: ArrayMetadata, layout: Layout, part: Part): void {
  if (part.absences === undefined) deliverFill(metadata, part);
  else part.absences.add(part, layout.shard === undefined ? 1 : innerChunks(layout, part));
}

/** Chunks inside a shard that a part meets. */
function innerChunks({ shard }: Layout, { lo, shape }: Part): number {
  const inner = shard?.inner.shape ?? shape;
  return lo.reduce((n, v, i) => {
    const [size, end] = [inner[i]!, v + shape[i]!];
    return n * (Math.ceil(end / size) - Math.floor(v / size));
  }, 1);
}
