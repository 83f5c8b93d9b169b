/**
 * Byte and bit shuffles and their inverses: by kernels where those apply, as tight loops over bytes for short data and
 * odd element sizes.
 */
import { hasShuffle, shuffleByKernel } from "./shuffle-kernels.js";

/** `src` holds all first bytes of the elements, then all second bytes…; a remainder at the end is as it is. */
export function unshuffleBytes(src: Uint8Array, dst: Uint8Array, size: number): void {
  const s = src as Readonly<Record<number, number>> & Uint8Array;
  const n = Math.floor(src.length / size);
  if (n * size < src.length) dst.set(src.subarray(n * size), n * size);
  if (hasShuffle(size, n)) {
    shuffleByKernel(src, dst, size, n, "bytes", true);
    return;
  }
  if (size === 2 && dst.byteOffset % 2 === 0) {
    const words = new Uint16Array(dst.buffer, dst.byteOffset, n);
    for (let i = 0; i < n; i++) words[i] = s[i]! | (s[n + i]! << 8);
  } else if (size === 4 && dst.byteOffset % 4 === 0) {
    const words = new Int32Array(dst.buffer, dst.byteOffset, n);
    gather4(s, words, n, 0, 1);
  } else if (size === 8 && dst.byteOffset % 4 === 0) {
    const words = new Int32Array(dst.buffer, dst.byteOffset, 2 * n);
    gather4(s, words, n, 0, 2);
    gather4(s.subarray(4 * n), words, n, 1, 2);
  } else {
    for (let b = 0; b < size; b++) {
      for (let i = 0, o = b; i < n; i++, o += size) dst[o] = s[b * n + i]!;
    }
  }
}

/** Joins four planes of `n` bytes into words `first`, `first + step`, … */
function gather4(src: Uint8Array, words: Int32Array, n: number, first: number, step: number): void {
  const s = src as Readonly<Record<number, number>> & Uint8Array;
  const [p1, p2, p3] = [n, 2 * n, 3 * n];
  for (let i = 0, o = first; i < n; i++, o += step) {
    words[o] = s[i]! | (s[p1 + i]! << 8) | (s[p2 + i]! << 16) | (s[p3 + i]! << 24);
  }
}

/** The inverse of {@link unshuffleBytes}. */
export function shuffleBytes(src: Uint8Array, dst: Uint8Array, size: number): void {
  const s = src as Readonly<Record<number, number>> & Uint8Array;
  const n = Math.floor(src.length / size);
  if (n * size < src.length) dst.set(src.subarray(n * size), n * size);
  if (hasShuffle(size, n)) {
    shuffleByKernel(src, dst, size, n, "bytes", false);
    return;
  }
  for (let b = 0; b < size; b++) {
    for (let i = 0, o = b; i < n; i++, o += size) dst[b * n + i] = s[o]!;
  }
}

/**
 * `src` holds bit 0 of all elements, then bit 1…, eight elements a byte (the layout of kiyo-masui/bitshuffle).
 * The number of elements is a multiple of 8. An 8 x 8 bit transpose (Hacker's Delight 7-3) per eight bytes.
 */
export function unshuffleBits(src: Uint8Array, dst: Uint8Array, size: number): void {
  const s = src as Readonly<Record<number, number>> & Uint8Array;
  const row = Math.floor(src.length / size) / 8;
  const whole = 8 * row * size;
  if (whole < src.length) dst.set(src.subarray(whole), whole);
  if (hasShuffle(size, 8 * row)) {
    shuffleByKernel(src, dst, size, 8 * row, "bits", true);
    return;
  }
  for (let b = 0; b < size; b++) {
    const base = b * 8 * row;
    for (let j = 0; j < row; j++) {
      const at = base + j;
      let x = s[at]! | (s[at + row]! << 8) | (s[at + 2 * row]! << 16) | (s[at + 3 * row]! << 24);
      let y =
        s[at + 4 * row]! |
        (s[at + 5 * row]! << 8) |
        (s[at + 6 * row]! << 16) |
        (s[at + 7 * row]! << 24);
      let t = (x ^ (x >>> 7)) & 0x00aa00aa;
      x ^= t ^ (t << 7);
      t = (y ^ (y >>> 7)) & 0x00aa00aa;
      y ^= t ^ (t << 7);
      t = (x ^ (x >>> 14)) & 0x0000cccc;
      x ^= t ^ (t << 14);
      t = (y ^ (y >>> 14)) & 0x0000cccc;
      y ^= t ^ (t << 14);
      const low = (x & 0x0f0f0f0f) | ((y << 4) & 0xf0f0f0f0);
      const high = ((x >>> 4) & 0x0f0f0f0f) | (y & 0xf0f0f0f0);
      let o = 8 * j * size + b;
      for (let k = 0; k < 32; k += 8, o += size) dst[o] = low >>> k;
      for (let k = 0; k < 32; k += 8, o += size) dst[o] = high >>> k;
    }
  }
}

/** The inverse of {@link unshuffleBits}, by the same 8 x 8 bit transpose. */
export function shuffleBits(src: Uint8Array, dst: Uint8Array, size: number): void {
  const s = src as Readonly<Record<number, number>> & Uint8Array;
  const row = Math.floor(src.length / size) / 8;
  const whole = 8 * row * size;
  if (whole < src.length) dst.set(src.subarray(whole), whole);
  if (hasShuffle(size, 8 * row)) {
    shuffleByKernel(src, dst, size, 8 * row, "bits", false);
    return;
  }
  for (let b = 0; b < size; b++) {
    for (let j = 0; j < row; j++) {
      const i = 8 * j * size + b;
      let x = s[i]! | (s[i + size]! << 8) | (s[i + 2 * size]! << 16) | (s[i + 3 * size]! << 24);
      let y =
        s[i + 4 * size]! |
        (s[i + 5 * size]! << 8) |
        (s[i + 6 * size]! << 16) |
        (s[i + 7 * size]! << 24);
      let t = (x ^ (x >>> 7)) & 0x00aa00aa;
      x ^= t ^ (t << 7);
      t = (y ^ (y >>> 7)) & 0x00aa00aa;
      y ^= t ^ (t << 7);
      t = (x ^ (x >>> 14)) & 0x0000cccc;
      x ^= t ^ (t << 14);
      t = (y ^ (y >>> 14)) & 0x0000cccc;
      y ^= t ^ (t << 14);
      const low = (x & 0x0f0f0f0f) | ((y << 4) & 0xf0f0f0f0);
      const high = ((x >>> 4) & 0x0f0f0f0f) | (y & 0xf0f0f0f0);
      let o = b * 8 * row + j;
      for (let k = 0; k < 32; k += 8, o += row) dst[o] = low >>> k;
      for (let k = 0; k < 32; k += 8, o += row) dst[o] = high >>> k;
    }
  }
}
