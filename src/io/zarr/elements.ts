/** From stored elements to delivered ones: byte order, half floats, booleans; then into the target. */
import type { ReadTarget } from "../../ir/binding.js";
import { itemSize } from "../../ir/dtype.js";
import { rowMajorStrides } from "../../ir/index-map.js";
import { copyBox, wordsOf } from "../copy.js";
import { HEAP_BYTES, heapOfThread, PIECE } from "../kernel-heap.js";
import type { Scratch } from "../scratch.js";
import { deliveredDType, type StoredDType, storedSize, widenBits, wordSize } from "./dtypes.js";
import type { ArrayMetadata, Layout } from "./metadata.js";

/** A box of a stored chunk and where it goes: element `p` of it is target element `offset + p . stride`. */
export interface Part {
  /** First element, relative to the chunk. */
  readonly lo: readonly number[];
  readonly shape: readonly number[];
  readonly target: ReadTarget;
  /** Element offset of the first element in the target's data. */
  readonly offset: number;
  /** Gets what of it is not stored; without it that is filled at once. */
  readonly absences?: { add(part: Part, chunks: number): void } | undefined;
}

/** The same target for a smaller box that starts at `lo` of the part's own coordinates. */
export function subPart(
  part: Part,
  lo: readonly number[],
  hi: readonly number[],
  origin: readonly number[],
): Part {
  let offset = part.offset;
  for (let i = 0; i < lo.length; i++) offset += (lo[i]! - part.lo[i]!) * part.target.stride[i]!;
  return {
    lo: lo.map((v, i) => v - origin[i]!),
    shape: hi.map((v, i) => v - lo[i]!),
    target: part.target,
    offset,
    absences: part.absences,
  };
}

/** Element strides, per array axis, of a chunk as it is stored. */
export function storedStrides(layout: Layout): number[] {
  const inOrder = rowMajorStrides(layout.order.map((axis) => layout.shape[axis]!));
  const strides = new Array<number>(layout.shape.length);
  layout.order.forEach((axis, i) => {
    strides[axis] = inOrder[i]!;
  });
  return strides;
}

/** True when stored bytes are delivered bytes. Booleans are not: a stored 2 is delivered as 1. */
export const isVerbatim = (layout: Layout, stored: StoredDType): boolean =>
  stored !== "bool" &&
  storedSize(stored) === itemSize(deliveredDType(stored)) &&
  (layout.endian === "little" || wordSize(stored) === 1);

/** True when elements at `stride` are consecutive and in order in both layouts. */
export function isDense(
  shape: readonly number[],
  stride: readonly number[],
  order: readonly number[],
): boolean {
  let next = 1;
  for (let i = order.length - 1; i >= 0; i--) {
    const axis = order[i]!;
    if (shape[axis]! === 1) continue;
    if (stride[axis] !== next) return false;
    next *= shape[axis]!;
  }
  return true;
}

/** Bytes that {@link deliver} needs to widen `elements` stored elements. */
export const widenedBytes = (stored: StoredDType, elements: number): number =>
  storedSize(stored) === itemSize(deliveredDType(stored)) ? 0 : 4 * elements + HEAP_BYTES;

/**
 * Puts stored elements into the target. `bytes` are aligned, belong to the caller and may be changed; the
 * part's first element is number `first` of them, and `stride` are their strides.
 */
export function deliver(
  bytes: Uint8Array,
  endian: "little" | "big",
  stored: StoredDType,
  first: number,
  stride: readonly number[],
  part: Part,
  scratch: Scratch,
): void {
  if (endian === "big") swapBytes(bytes, wordSize(stored));
  let source = bytes;
  if (stored === "bool") for (let i = 0; i < bytes.length; i++) bytes[i] = bytes[i] === 0 ? 0 : 1;
  else if (stored === "float16" || stored === "bfloat16") {
    source = widen(bytes, stored === "bfloat16", scratch);
  }
  const size = itemSize(deliveredDType(stored));
  copyBox(
    part.shape,
    size,
    { words: wordsOf(source, size), offset: first, stride },
    { words: wordsOf(part.target.data, size), offset: part.offset, stride: part.target.stride },
  );
}

/** Writes the fill value into the whole part. */
export function deliverFill(metadata: ArrayMetadata, part: Part): void {
  const size = itemSize(metadata.dtype);
  copyBox(
    part.shape,
    size,
    {
      words: wordsOf(Uint8Array.from(metadata.fill), size),
      offset: 0,
      stride: part.shape.map(() => 0),
    },
    { words: wordsOf(part.target.data, size), offset: part.offset, stride: part.target.stride },
  );
}

/** Fewer halves are not worth the way through the kernels' memory. */
const FEWEST = 512;

function widen(bytes: Uint8Array, brain: boolean, scratch: Scratch): Uint8Array {
  const count = bytes.length >> 1;
  const out = scratch.take(count * 4);
  if (count >= FEWEST) {
    const { kernels, from, to } = heapOfThread();
    const way = brain ? "bfloat16>float32" : "float16>float32";
    for (let first = 0; first < count; first += PIECE / 4) {
      const n = Math.min(PIECE / 4, count - first);
      from.set(bytes.subarray(2 * first, 2 * (first + n)));
      kernels.halves(way, n, from.byteOffset, to.byteOffset);
      out.set(to.subarray(0, 4 * n), 4 * first);
    }
    return out;
  }
  const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, count);
  const words = new Uint32Array(out.buffer, out.byteOffset, count);
  for (let i = 0; i < count; i++) words[i] = widenBits(halves[i]!, brain);
  return out;
}

/** Reverses the bytes of every word, in place. */
export function swapBytes(bytes: Uint8Array, size: number): void {
  if (size === 1) return;
  const n = Math.floor(bytes.length / size);
  if (size === 2) {
    const words = new Uint16Array(bytes.buffer, bytes.byteOffset, n);
    for (let i = 0; i < n; i++) words[i] = (words[i]! << 8) | (words[i]! >> 8);
    return;
  }
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, (n * size) / 4);
  for (let i = 0; i < words.length; i++) {
    const w = words[i]!;
    words[i] = (w << 24) | ((w & 0xff00) << 8) | ((w >>> 8) & 0xff00) | (w >>> 24);
  }
  if (size === 4) return;
  for (let i = 0; i < words.length; i += 2) {
    const low = words[i]!;
    words[i] = words[i + 1]!;
    words[i + 1] = low;
  }
}
