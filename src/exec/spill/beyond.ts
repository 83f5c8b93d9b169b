/**
 * Memory beyond the arena: what the budget pays for and one WebAssembly memory cannot hold (`ir/spill.ts`).
 *
 * It comes in segments, because a view of a buffer has at most 2^32 elements. They are made by the thread that gives out
 * a run's tickets, and dropped with the run: pages of shared memory go back to the system when the last thread that
 * knows them has collected what it had, so each does so at once (`collectNow`).
 */
import { MemoryLimitError } from "../../errors.js";
import type { Channel } from "./access.js";

/** Bytes of a segment; the last one of a run is shorter. */
const SEGMENT = 1024 * 1024 * 1024;

/**
 * Segments for `bytes` in all.
 *
 * @throws MemoryLimitError if the system does not give them.
 */
export function createSegments(bytes: number): readonly SharedArrayBuffer[] {
  const segments: SharedArrayBuffer[] = [];
  try {
    for (let at = 0; at < bytes; at += SEGMENT) {
      segments.push(new SharedArrayBuffer(Math.min(SEGMENT, bytes - at)));
    }
  } catch (cause) {
    throw new MemoryLimitError(`the system does not give ${bytes} bytes beyond the arena`, {
      hint: "give a smaller `memory`, or the process more (ulimit -v)",
      cause,
    });
  }
  return segments;
}

/** Copies between the arena and segments, all of the size of the first but the last. */
export class SegmentChannel implements Channel {
  /** Shared memory is copied by words, and byte by byte (five times slower) where the two sides are out of step. */
  readonly step = 8;
  readonly #arena: Uint8Array;
  readonly #segments: readonly Uint8Array[];
  readonly #size: number;

  constructor(segments: readonly SharedArrayBuffer[], memory: WebAssembly.Memory) {
    this.#arena = new Uint8Array(memory.buffer);
    this.#segments = segments.map((s) => new Uint8Array(s));
    this.#size = segments[0]?.byteLength ?? 0;
  }

  put(offset: number, address: number, bytes: number): void {
    this.#each(offset, address, bytes, (there, here) => there.set(here));
  }

  get(offset: number, address: number, bytes: number): void {
    this.#each(offset, address, bytes, (there, here) => here.set(there));
  }

  #each(
    offset: number,
    address: number,
    bytes: number,
    copy: (there: Uint8Array, here: Uint8Array) => void,
  ): void {
    for (let done = 0; done < bytes; ) {
      const n = Math.floor((offset + done) / this.#size);
      const at = offset + done - n * this.#size;
      const part = Math.min(bytes - done, this.#size - at);
      const segment = this.#segments[n] as Uint8Array;
      const from = address + done;
      copy(segment.subarray(at, at + part), this.#arena.subarray(from, from + part));
      done += part;
    }
  }
}
