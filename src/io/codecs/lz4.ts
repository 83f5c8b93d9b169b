/**
 * LZ4 blocks (lz4_Block_format.md) by kernels, and the framing of numcodecs: the decoded size in four bytes before. Blocks
 * are coded in a memory that holds nothing else, so what a damaged one could reach is its own.
 */
import { LZ4_FAULTS, lz4Bound } from "../../kernels/index.js";
import { type CodecEntry, damaged, newRoom } from "./codec.js";
import { CODEC_HEAP_BYTES, type CodecHeap, inCodecHeap } from "./codec-heap.js";

const bad = (what: string): Error => damaged("lz4", what);

const FAULTS: Readonly<Record<number, string>> = {
  [LZ4_FAULTS.literals]: "it ends inside literals",
  [LZ4_FAULTS.match]: "it ends inside a match",
  [LZ4_FAULTS.start]: "a match points before the start",
};

/** Decodes one block; `dst` has the exact size and lies in the heap. */
export function lz4InHeap(heap: CodecHeap, src: Uint8Array, dst: Uint8Array): void {
  const mark = heap.mark();
  const source = heap.take(src.length);
  source.set(src);
  const result = heap.kernels.lz4Decode({
    source: source.byteOffset,
    length: src.length,
    target: dst.byteOffset,
    room: dst.length,
    work: heap.work,
  });
  heap.release(mark);
  if (result === dst.length) return;
  if (result === LZ4_FAULTS.room) throw bad(`it holds more than ${dst.length} bytes`);
  throw bad(FAULTS[result] ?? `it holds ${result} bytes instead of ${dst.length}`);
}

/** Decodes one block; `dst` has the exact size. */
export function lz4BlockInto(src: Uint8Array, dst: Uint8Array): void {
  inCodecHeap((heap) => {
    const out = heap.take(dst.length);
    lz4InHeap(heap, src, out);
    dst.set(out);
  });
}

/** The block of what lies in the heap, in the heap. */
export function lz4OfHeap(heap: CodecHeap, src: Uint8Array, acceleration: number): Uint8Array {
  const out = heap.take(lz4Bound(src.length));
  const place = {
    source: src.byteOffset,
    length: src.length,
    target: out.byteOffset,
    room: out.length,
    work: heap.work,
  };
  return out.subarray(0, heap.kernels.lz4Encode(place, acceleration));
}

const sizeOf = (src: Uint8Array): number | undefined =>
  src.length < 4
    ? undefined
    : new DataView(src.buffer, src.byteOffset, src.length).getUint32(0, true);

/** As the reference encoder takes it, which makes 1 of what is less. */
const accelerationOf = (value: unknown): number =>
  Number.isInteger(value) ? Math.min(Math.max(value as number, 1), 65_537) : 1;

export const lz4: CodecEntry = {
  make: (config) => {
    const acceleration = accelerationOf(config["acceleration"]);
    return {
      heapBytes: (decoded) => decoded + lz4Bound(decoded) + CODEC_HEAP_BYTES,
      decode: (src, dst) => {
        const size = sizeOf(src);
        if (size === undefined) throw bad("it has no header");
        if (size !== dst.length) throw bad(`it holds ${size} bytes instead of ${dst.length}`);
        lz4BlockInto(src.subarray(4), dst);
      },
      sizeOf,
      encode: (src, take = newRoom) =>
        inCodecHeap((heap) => {
          const raw = heap.take(src.length);
          raw.set(src);
          const block = lz4OfHeap(heap, raw, acceleration);
          const out = take(4 + block.length);
          new DataView(out.buffer, out.byteOffset).setUint32(0, src.length, true);
          out.set(block, 4);
          return out;
        }),
    };
  },
};
