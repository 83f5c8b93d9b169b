/** Shuffles by the vector kernels, piece by piece. */
import { heapOfThread, PIECE } from "../kernel-heap.js";

/** Less is not worth the copies. */
const FEWEST = 2048;

/** Whether the kernels have a network for elements of `size` bytes and there are enough of them. */
export const hasShuffle = (size: number, elements: number): boolean =>
  (size === 1 || size === 2 || size === 4 || size === 8 || size === 16) &&
  elements * size >= FEWEST;

/**
 * Shuffles `elements` elements of `size` bytes, or undoes it: bytes, or bits if `elements` is a multiple of eight. There
 * are `size` (or `8 * size`) rows of which each piece has its part.
 */
export function shuffleByKernel(
  src: Uint8Array,
  dst: Uint8Array,
  size: number,
  elements: number,
  unit: "bytes" | "bits",
  inverse: boolean,
): void {
  const { kernels, from, to } = heapOfThread();
  const [rows, share] = unit === "bytes" ? [size, 1] : [8 * size, 8];
  const most = PIECE / size;
  for (let first = 0; first < elements; first += most) {
    const n = Math.min(most, elements - first);
    const length = n / share;
    const [start, end] = [first * size, (first + n) * size];
    const rowAt = (row: number): number => (row * elements + first) / share;
    if (!inverse) from.set(src.subarray(start, end));
    else {
      for (let row = 0, at = rowAt(0); row < rows; row++, at += elements / share)
        from.set(src.subarray(at, at + length), row * length);
    }
    const way = WAYS[unit][inverse ? 1 : 0];
    kernels[way](size, n, from.byteOffset, to.byteOffset);
    if (inverse) dst.set(to.subarray(0, n * size), start);
    else {
      for (let row = 0; row < rows; row++)
        dst.set(to.subarray(row * length, (row + 1) * length), rowAt(row));
    }
  }
}

/** Names of the kernels: forward, and inverse. */
export const WAYS = {
  bytes: ["shuffle", "unshuffle"],
  bits: ["bitShuffle", "bitUnshuffle"],
} as const;
