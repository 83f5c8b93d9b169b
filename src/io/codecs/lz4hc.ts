/**
 * Encodes LZ4 blocks (lz4_Block_format.md) with more patience than the kernel: greedy matches found through a hash of four
 * bytes and a chain of earlier positions with the same hash.
 */

const HASH_BITS = 14;
/** Matches reach back at most 65535 bytes; the chain remembers as many positions. */
const WINDOW = 1 << 16;
const MIN_MATCH = 4;
/** The format demands that the last five bytes are literals and that no match starts in the last twelve. */
const LAST_LITERALS = 5;
const LAST_START = 12;
/** Up to here a loop is quicker than a view of what is copied. */
const SHORT = 64;

const heads = new Int32Array(1 << HASH_BITS);
const chain = new Int32Array(WINDOW);

const hashAt = (s: Uint8Array, i: number): number =>
  Math.imul(s[i]! | (s[i + 1]! << 8) | (s[i + 2]! << 16) | (s[i + 3]! << 24), 0x9e3779b1) >>>
  (32 - HASH_BITS);

/** Length of what is equal at `a` and `b`, up to `end`. */
function matchLength(s: Uint8Array, a: number, b: number, end: number): number {
  let n = 0;
  while (b + n < end && s[a + n] === s[b + n]) n++;
  return n;
}

/**
 * Encodes `src` into `dst` and answers the length; 0 where `dst` is too short. `attempts` earlier positions are tried
 * for every match.
 */
export function lz4hcBlock(src: Uint8Array, dst: Uint8Array, attempts: number): number {
  heads.fill(-1);
  const lastStart = src.length - LAST_START;
  const end = src.length - LAST_LITERALS;
  let at = 0;
  let anchor = 0;
  let out = 0;
  while (at <= lastStart) {
    const found = longest(src, at, end, attempts);
    remember(src, at);
    if (found.length < MIN_MATCH) {
      at++;
      continue;
    }
    out = sequence(src, dst, out, anchor, at, found.length, found.distance);
    if (out === 0) return 0;
    const next = at + found.length;
    for (let i = at + 1; i < next && i <= lastStart; i++) remember(src, i);
    at = next;
    anchor = next;
  }
  return literals(src, dst, out, anchor);
}

function remember(src: Uint8Array, at: number): void {
  const hash = hashAt(src, at);
  chain[at % WINDOW] = heads[hash]!;
  heads[hash] = at;
}

function longest(
  src: Uint8Array,
  at: number,
  end: number,
  attempts: number,
): { readonly length: number; readonly distance: number } {
  let length = 0;
  let distance = 0;
  let candidate = heads[hashAt(src, at)]!;
  for (let left = attempts; left > 0 && candidate >= 0 && at - candidate < WINDOW; left--) {
    const n = matchLength(src, candidate, at, end);
    if (n > length) {
      length = n;
      distance = at - candidate;
    }
    const earlier = chain[candidate % WINDOW]!;
    // An entry that a later position has taken over leads forward, and ends the chain.
    if (earlier >= candidate) break;
    candidate = earlier;
  }
  return { length, distance };
}

/** A length that does not fit four bits goes on in bytes of 255. */
function putLength(dst: Uint8Array, at: number, rest: number): number {
  let o = at;
  let left = rest;
  for (; left >= 255; left -= 255) dst[o++] = 255;
  dst[o++] = left;
  return o;
}

function sequence(
  src: Uint8Array,
  dst: Uint8Array,
  start: number,
  anchor: number,
  at: number,
  length: number,
  distance: number,
): number {
  const count = at - anchor;
  const more = length - MIN_MATCH;
  if (start + 5 + count + Math.ceil(count / 255) + Math.ceil(more / 255) > dst.length) return 0;
  let o = start;
  dst[o++] = (Math.min(count, 15) << 4) | Math.min(more, 15);
  if (count >= 15) o = putLength(dst, o, count - 15);
  if (count > SHORT) {
    dst.set(src.subarray(anchor, at), o);
    o += count;
  } else for (let i = anchor; i < at; i++) dst[o++] = src[i]!;
  dst[o++] = distance & 255;
  dst[o++] = distance >> 8;
  return more >= 15 ? putLength(dst, o, more - 15) : o;
}

function literals(src: Uint8Array, dst: Uint8Array, start: number, anchor: number): number {
  const count = src.length - anchor;
  if (start + 2 + count + Math.ceil(count / 255) > dst.length) return 0;
  let o = start;
  dst[o++] = Math.min(count, 15) << 4;
  if (count >= 15) o = putLength(dst, o, count - 15);
  dst.set(src.subarray(anchor), o);
  return o + count;
}
