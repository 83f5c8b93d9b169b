/** The two small formats that only live inside Blosc containers here: BloscLZ and Snappy (raw) blocks. */
import { damaged } from "./codec.js";

type Bytes = Readonly<Record<number, number>> & Uint8Array;

/** Repeats what lies `distance` bytes back; source and destination may overlap. */
function copyMatch(dst: Uint8Array, at: number, distance: number, length: number): void {
  const d = dst as Record<number, number> & Uint8Array;
  if (distance >= length && length > 48) dst.copyWithin(at, at - distance, at - distance + length);
  else if (distance === 1 && length > 48) dst.fill(d[at - 1]!, at, at + length);
  else for (let k = at; k < at + length; k++) d[k] = d[k - distance]!;
}

/** BloscLZ (format of c-blosc 1 `blosclz.c`, a FastLZ descendant). `dst` has the exact size. */
export function blosclzInto(src: Uint8Array, dst: Uint8Array): void {
  const bad = (what: string): Error => damaged("blosclz", what);
  const s = src as Bytes;
  const end = src.length;
  if (end === 0) throw bad("it is empty");
  let i = 1;
  let o = 0;
  let control = s[0]! & 31;
  for (;;) {
    if (control < 32) {
      const run = control + 1;
      if (i + run > end || o + run > dst.length) throw bad("a literal run leaves the block");
      for (let k = 0; k < run; k++) dst[o + k] = s[i + k]!;
      i += run;
      o += run;
    } else {
      let length = (control >> 5) + 2;
      let distance = (control & 31) << 8;
      if (length === 9) {
        let more = 255;
        while (more === 255) {
          if (i >= end) throw bad("it ends inside a match");
          more = s[i++]!;
          length += more;
        }
      }
      if (i >= end) throw bad("it ends inside a match");
      const low = s[i++]!;
      if (low === 255 && distance === 31 << 8) {
        if (i + 1 >= end) throw bad("it ends inside a match");
        // 8191 is the largest distance of the short form; the long form counts from there.
        distance = ((s[i]! << 8) | s[i + 1]!) + 8191;
        i += 2;
      } else distance += low;
      distance += 1;
      if (distance > o || o + length > dst.length) throw bad("a match leaves the block");
      copyMatch(dst, o, distance, length);
      o += length;
    }
    if (i >= end) break;
    control = s[i++]!;
  }
  if (o !== dst.length) throw bad(`it holds ${o} bytes instead of ${dst.length}`);
}

/** Snappy raw format (format_description.txt of google/snappy). `dst` has the exact size. */
export function snappyInto(src: Uint8Array, dst: Uint8Array): void {
  const bad = (what: string): Error => damaged("snappy", what);
  const s = src as Bytes;
  const end = src.length;
  let i = 0;
  let size = 0;
  for (let shift = 0; ; shift += 7) {
    if (i >= end || shift > 28) throw bad("its length is malformed");
    const byte = s[i++]!;
    size += (byte & 127) * 2 ** shift;
    if (byte < 128) break;
  }
  if (size !== dst.length) throw bad(`it holds ${size} bytes instead of ${dst.length}`);
  const little = (width: number): number => {
    if (i + width > end) throw bad("it ends inside an element");
    let value = 0;
    for (let k = 0; k < width; k++) value += s[i++]! * 2 ** (8 * k);
    return value;
  };
  let o = 0;
  while (i < end) {
    const tag = s[i++]!;
    const high = tag >> 2;
    if ((tag & 3) === 0) {
      const length = (high < 60 ? high : little(high - 59)) + 1;
      if (i + length > end || o + length > size) throw bad("a literal leaves the block");
      dst.set(src.subarray(i, i + length), o);
      i += length;
      o += length;
    } else {
      const short = (tag & 3) === 1;
      const length = short ? (high & 7) + 4 : high + 1;
      const distance = short ? ((tag >> 5) << 8) + little(1) : little((tag & 3) === 2 ? 2 : 4);
      if (distance === 0 || distance > o || o + length > size) throw bad("a copy leaves the block");
      copyMatch(dst, o, distance, length);
      o += length;
    }
  }
  if (o !== size) throw bad(`it holds ${o} bytes instead of ${size}`);
}
