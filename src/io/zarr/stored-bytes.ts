/** The elements of one chunk as the bytes that are stored, before the codecs. */
import type { ReadTarget } from "../../ir/binding.js";
import { itemSize, viewOf } from "../../ir/dtype.js";
import { elementCount } from "../../ir/index-map.js";
import { copyBox, wordsOf } from "../copy.js";
import { type Maybe, then } from "../maybe.js";
import type { Scratch } from "../scratch.js";
import { wordSize } from "./dtypes.js";
import { isDense, isVerbatim, storedStrides, swapBytes } from "./elements.js";
import type { ArrayMetadata, Layout } from "./metadata.js";

/** Where elements belong in their chunk, and how the rest of it is read. */
export interface Placement {
  /** Of the chunk, in the array. */
  readonly origin: readonly number[];
  /** Of the elements, in the array. */
  readonly lo: readonly number[];
  /** Puts into the target, which is the whole chunk, what it has had so far. */
  readonly before: ((target: ReadTarget) => Maybe<void>) | undefined;
}

/** The bytes: the block's own where these are the stored ones, else scratch memory. */
export const storedBytes = (
  metadata: ArrayMetadata,
  layout: Layout,
  elements: ReadTarget,
  placement: Placement,
  scratch: Scratch,
): Maybe<Uint8Array> =>
  ownBytes(metadata, layout, elements) ?? layOut(metadata, layout, elements, placement, scratch);

function ownBytes(
  { stored, dtype }: ArrayMetadata,
  layout: Layout,
  elements: ReadTarget,
): Uint8Array | undefined {
  const { data, shape, stride, offset } = elements;
  const whole = shape.every((n, i) => n === layout.shape[i]!);
  const verbatim = stored === "bool" || isVerbatim(layout, stored);
  if (!whole || !verbatim || !isDense(shape, stride, layout.order)) return undefined;
  const size = itemSize(dtype);
  return new Uint8Array(data.buffer, data.byteOffset + offset * size, elementCount(shape) * size);
}

function layOut(
  { stored, dtype, fill }: ArrayMetadata,
  layout: Layout,
  elements: ReadTarget,
  { origin, lo, before }: Placement,
  scratch: Scratch,
): Maybe<Uint8Array> {
  const size = itemSize(dtype);
  const count = elementCount(layout.shape);
  const bytes = scratch.take(count * size);
  const stride = storedStrides(layout);
  const words = wordsOf(bytes, size);
  if (elements.shape.some((n, i) => n < layout.shape[i]!)) {
    const one = {
      words: wordsOf(Uint8Array.from(fill), size),
      offset: 0,
      stride: stride.map(() => 0),
    };
    copyBox(layout.shape, size, one, { words, offset: 0, stride });
  }
  const data = viewOf(dtype, bytes.buffer, bytes.byteOffset, count);
  const read = before?.({ data, shape: layout.shape, stride, offset: 0 });
  return then(read as Maybe<void>, () => {
    const offset = lo.reduce((n, v, i) => n + (v - origin[i]!) * stride[i]!, 0);
    copyBox(
      elements.shape,
      size,
      { words: wordsOf(elements.data, size), offset: elements.offset, stride: elements.stride },
      { words, offset, stride },
    );
    if (layout.endian === "big") swapBytes(bytes, wordSize(stored));
    return bytes;
  });
}

/**
 * Whether stored elements are the fill value, all of them and bit for bit: -0 is not 0, and a NaN is what it is only with
 * the same payload.
 */
export function isFill(
  { fill, stored }: ArrayMetadata,
  layout: Layout,
  bytes: Uint8Array,
): boolean {
  const one = Uint8Array.from(fill);
  if (layout.endian === "big") swapBytes(one, wordSize(stored));
  const n = one.length;
  // If the first one is, and each is like the one before it.
  return (
    Buffer.compare(bytes.subarray(0, n), one) === 0 &&
    Buffer.compare(bytes.subarray(n), bytes.subarray(0, bytes.length - n)) === 0
  );
}
