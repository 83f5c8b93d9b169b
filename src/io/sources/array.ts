/** Arrays in memory as sources: shared, so that any thread reads them without a copy to it. */
import { DTypeError, ShapeError } from "../../errors.js";
import type { ReadTarget, RegionReader, SharedRegion, SourceBinding } from "../../ir/binding.js";
import { type Cuts, uniformCuts } from "../../ir/cuts.js";
import {
  arrayClass,
  type DType,
  dtypeOfArray,
  isDType,
  itemSize,
  slotsPerElement,
  type TypedArray,
  viewOf,
} from "../../ir/dtype.js";
import { type Box, boxShape, elementCount, rowMajorStrides } from "../../ir/index-map.js";
import { freshId } from "../../ir/node.js";
import { copyBox, wordsOf } from "../copy.js";
import { checkShapeArgument, cutsArgument } from "./arguments.js";

/** Plain data of an array in shared memory, row-major. */
export interface ArrayDescription {
  readonly type: "array";
  readonly buffer: SharedArrayBuffer;
  readonly byteOffset: number;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/**
 * Binds row-major data. It is copied into shared memory unless it lies there already; then later changes show.
 * bool is one byte an element (0 or 1), complex interleaved pairs. The storage grid is one chunk unless
 * `chunks` says otherwise (lengths, or cuts per axis). `region` is where `data` lies, if that is a region.
 *
 * Errors: {@link ShapeError} when the length does not fit the shape, {@link DTypeError} when the array is not
 * one of the dtype's class, ChunkError for chunks that do not fit.
 *
 * @example arrayBinding(new Float32Array(6), [2, 3], "float32")
 */
export function arrayBinding(
  data: TypedArray,
  shape: readonly number[],
  dtype: DType,
  chunks?: readonly (number | Cuts)[],
  region?: SharedRegion,
): SourceBinding {
  checkShapeArgument("arrayBinding", shape);
  if (!isDType(dtype)) throw new DTypeError(`arrayBinding: dtype ${String(dtype)} is unknown`);
  // By tag, not by class: the array may come from another realm, such as a notebook's.
  const tag = (a: unknown): string => Object.prototype.toString.call(a);
  if (!ArrayBuffer.isView(data) || tag(data) !== tag(new (arrayClass(dtype))(0))) {
    throw new DTypeError(
      `arrayBinding: ${dtype} elements come as ${arrayClass(dtype).name}, got ${ArrayBuffer.isView(data) ? (dtypeOfArray(data) ?? tag(data)) : typeof data}`,
    );
  }
  const elements = elementCount(shape);
  if (data.length !== elements * slotsPerElement(dtype)) {
    throw new ShapeError(
      `arrayBinding: shape ${JSON.stringify(shape)} of ${dtype} needs ${elements * slotsPerElement(dtype)} array elements, got ${data.length}`,
    );
  }
  const description: ArrayDescription = {
    type: "array",
    shape: [...shape],
    dtype,
    ...shared(data),
  };
  return Object.freeze({
    kind: "source",
    id: freshId(),
    name: "array",
    shape: description.shape,
    dtype,
    chunks:
      chunks === undefined
        ? shape.map((n) => uniformCuts(n, n))
        : cutsArgument("arrayBinding", shape, chunks),
    residence: "memory",
    thread: "any",
    scratchBytes: 0,
    description: { ...description },
    reader: arrayReader(description),
    region,
    reshaped: oncePerShape((to, grid) => {
      const words = viewOf(dtype, description.buffer, description.byteOffset, elements);
      return arrayBinding(words, to, dtype, grid, region);
    }),
  } satisfies SourceBinding);
}

type Reshape = (shape: readonly number[], chunks: readonly Cuts[]) => SourceBinding;

/** Equal reshapes of one array are one source. */
export function oncePerShape(reshape: Reshape): Reshape {
  const made = new Map<string, SourceBinding>();
  return (shape, chunks) => {
    const key = shape.join();
    const known = made.get(key);
    if (known !== undefined) return known;
    const binding = reshape(shape, chunks);
    made.set(key, binding);
    return binding;
  };
}

function shared(data: TypedArray): { buffer: SharedArrayBuffer; byteOffset: number } {
  const { buffer } = data as { readonly buffer: ArrayBufferLike };
  if (Object.prototype.toString.call(buffer) === "[object SharedArrayBuffer]") {
    return { buffer: buffer as SharedArrayBuffer, byteOffset: data.byteOffset };
  }
  const copy = new SharedArrayBuffer(data.byteLength);
  new Uint8Array(copy).set(new Uint8Array(buffer, data.byteOffset, data.byteLength));
  return { buffer: copy, byteOffset: 0 };
}

export function arrayReader({ buffer, byteOffset, shape, dtype }: ArrayDescription): RegionReader {
  const data = viewOf(dtype, buffer, byteOffset, elementCount(shape));
  const size = itemSize(dtype);
  const stride = rowMajorStrides(shape);
  const words = wordsOf(data, size);
  return {
    readInto: (region: Box, target: ReadTarget): void => {
      const offset = region.lo.reduce((n, v, i) => n + v * (stride[i] as number), 0);
      copyBox(
        boxShape(region),
        size,
        { words, offset, stride },
        { words: wordsOf(target.data, size), offset: target.offset, stride: target.stride },
      );
    },
  };
}
