/** Shuffles of what lies where kernels see it. */
import type { CodecHeap } from "./codec-heap.js";
import { hasShuffle, WAYS } from "./shuffle-kernels.js";
import { shuffleBits, shuffleBytes, unshuffleBits, unshuffleBytes } from "./shuffles.js";

/** The ways without a kernel: forward, and inverse. */
const SLOW = {
  bytes: [shuffleBytes, unshuffleBytes],
  bits: [shuffleBits, unshuffleBits],
} as const;

/** Shuffles what lies in the heap, or undoes it: bytes, or bits if there are a multiple of eight elements. */
export function shuffleInHeap(
  heap: CodecHeap,
  src: Uint8Array,
  size: number,
  unit: "bytes" | "bits",
  inverse: boolean,
): Uint8Array {
  const dst = heap.take(src.length);
  const elements = Math.floor(src.length / size);
  if (hasShuffle(size, elements)) {
    heap.kernels[WAYS[unit][inverse ? 1 : 0]](size, elements, src.byteOffset, dst.byteOffset);
    // What is no whole element stays where it is.
    dst.set(src.subarray(elements * size), elements * size);
  } else SLOW[unit][inverse ? 1 : 0](src, dst, size);
  return dst;
}
