/** LZ4 blocks (lz4_Block_format.md), and the framing of numcodecs: the decoded size in four bytes before. */
import { type CodecEntry, compressedBound, damaged } from "./codec.js";
import { lz4Block } from "./lz4-encode.js";

const bad = (what: string): Error => damaged("lz4", what);

/** Decodes one block; `dst` has the exact size. Every index is checked: the data may be anything. */
export function lz4BlockInto(src: Uint8Array, dst: Uint8Array): void {
  const s = src as Readonly<Record<number, number>> & Uint8Array;
  const end = src.length;
  const room = dst.length;
  let i = 0;
  let o = 0;
  while (i < end) {
    const token = s[i++]!;
    let literals = token >> 4;
    if (literals === 15) {
      let more = 255;
      while (more === 255 && i < end) {
        more = s[i++]!;
        literals += more;
      }
    }
    if (i + literals > end) throw bad("it ends inside literals");
    if (o + literals > room) throw bad(`it holds more than ${room} bytes`);
    if (literals > 32) dst.set(src.subarray(i, i + literals), o);
    else for (let k = 0; k < literals; k++) dst[o + k] = s[i + k]!;
    i += literals;
    o += literals;
    if (i === end) break;
    if (i + 2 > end) throw bad("it ends inside a match");
    const distance = s[i]! | (s[i + 1]! << 8);
    i += 2;
    let length = (token & 15) + 4;
    if (length === 19) {
      let more = 255;
      while (more === 255 && i < end) {
        more = s[i++]!;
        length += more;
      }
    }
    if (distance === 0 || distance > o) throw bad("a match points before the start");
    if (o + length > room) throw bad(`it holds more than ${room} bytes`);
    copyMatch(dst, o, distance, length);
    o += length;
  }
  if (o !== room) throw bad(`it holds ${o} bytes instead of ${room}`);
}

/** Repeats what lies `distance` bytes back; source and destination may overlap. */
export function copyMatch(dst: Uint8Array, at: number, distance: number, length: number): void {
  const d = dst as Record<number, number> & Uint8Array;
  if (distance >= length && length > 48) dst.copyWithin(at, at - distance, at - distance + length);
  else if (distance === 1 && length > 48) dst.fill(d[at - 1]!, at, at + length);
  else for (let k = at; k < at + length; k++) d[k] = d[k - distance]!;
}

const sizeOf = (src: Uint8Array): number | undefined =>
  src.length < 4
    ? undefined
    : new DataView(src.buffer, src.byteOffset, src.length).getUint32(0, true);

export const lz4: CodecEntry = {
  make: () => ({
    heapBytes: compressedBound,
    decode: (src, dst) => {
      const size = sizeOf(src);
      if (size === undefined) throw bad("it has no header");
      if (size !== dst.length) throw bad(`it holds ${size} bytes instead of ${dst.length}`);
      lz4BlockInto(src.subarray(4), dst);
    },
    sizeOf,
    encode: (src) => {
      const out = new Uint8Array(4 + compressedBound(src.length));
      new DataView(out.buffer).setUint32(0, src.length, true);
      return out.slice(0, 4 + lz4Block(src, out.subarray(4), 1));
    },
  }),
};
