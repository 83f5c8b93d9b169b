/**
 * A memory of the thread in which kernels code blocks: LZ4, and shuffles around it. What a piece of work takes it gives
 * back before it answers, so that one memory serves all codecs, which never wait for anything in between.
 */
import { Kernels, LZ4_MARGIN, LZ4_WORK_BYTES } from "../../kernels/index.js";
import { dropped } from "./garbage.js";

const PAGE = 65536;
/** Scratch of the kernels, then what LZ4 works in. */
const WORK = PAGE;
const FIRST = WORK + Math.ceil(LZ4_WORK_BYTES / 64) * 64;
const MOST_PAGES = 65536;
/** A memory only grows, so a larger one is left to the collector when its work is done. */
const KEPT_BYTES = 24 << 20;
/** What blocks take of the memory beside their own bytes, if there are at most three of them. */
export const CODEC_HEAP_BYTES: number = 3 * PAGE;

export class CodecHeap {
  readonly kernels: Kernels;
  readonly work: number = WORK;
  readonly #memory: WebAssembly.Memory;
  #end = FIRST;

  constructor() {
    const pages = Math.ceil(FIRST / PAGE);
    this.#memory = new WebAssembly.Memory({ initial: pages, maximum: MOST_PAGES, shared: true });
    this.kernels = new Kernels(this.#memory, { address: 0, bytes: PAGE });
  }

  get bytes(): number {
    return this.#memory.buffer.byteLength;
  }

  /** Room for so many bytes, with the margin that LZ4 needs behind it. */
  take(bytes: number): Uint8Array<SharedArrayBuffer> {
    const at = this.#end;
    this.#end = Math.ceil((at + bytes + LZ4_MARGIN) / 64) * 64;
    const missing = this.#end - this.bytes;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / PAGE));
    return new Uint8Array(this.#memory.buffer as SharedArrayBuffer, at, bytes);
  }

  mark(): number {
    return this.#end;
  }

  /** Takes back what was taken since the mark. */
  release(mark: number): void {
    this.#end = mark;
  }
}

let heap: CodecHeap | undefined;

/** Runs `work`, which alone uses the heap until it answers. */
export function inCodecHeap<T>(work: (heap: CodecHeap) => T): T {
  heap ??= new CodecHeap();
  const own = heap;
  const mark = own.mark();
  try {
    return work(own);
  } finally {
    own.release(mark);
    if (own.bytes > KEPT_BYTES) {
      heap = undefined;
      dropped(own.bytes);
    }
  }
}
