/** Data that is at hand: typed arrays, nested lists, results, ndarrays, and user sources, as lazy arrays. */
import { DTypeError, OptionError, ShapeError } from "../errors.js";
import { takeRegion } from "../exec/memory/regions.js";
import { arrayBinding } from "../io/sources/array.js";
import { type ChunkSource, userSource } from "../io/sources/user.js";
import { sourceNode } from "../ir/build.js";
import {
  type ArrayFor,
  arrayClass,
  type DType,
  dtypeOfArray,
  isDType,
  slotsPerElement,
  type TypedArray,
  viewOf,
} from "../ir/dtype.js";
import { elementCount, rowMajorStrides } from "../ir/index-map.js";
import type { Node } from "../ir/node.js";
import { type ScalarConstant, storeConstant } from "../ir/scalar.js";
import {
  astype,
  type ChunkSpec,
  checkDType,
  countText,
  isJsScalar,
  type JsScalar,
  newGrid,
  normalShape,
  scalarArray,
  scalarConstant,
  scalarDType,
  shapeText,
  valueText,
} from "../ops/index.js";
import { LazyArray, wrap } from "./array.js";
import type { NDArray } from "./nd-array.js";
import { anything, readOptions } from "./options.js";

export interface AsarrayOptions {
  readonly dtype?: DType | undefined;
  /** For typed arrays, whose elements are taken in row-major order; default: 1-d. */
  readonly shape?: number | readonly number[] | undefined;
  readonly chunks?: ChunkSpec | undefined;
}
/** Lists in lists, all of one length at each depth. */
export type NestedList<E = JsScalar> = readonly (E | NestedList<E>)[];
/** Anything with the layout of `ndarray`, such as a result. */
export interface NdarrayLike {
  readonly data: ArrayLike<number> | TypedArray;
  readonly shape: readonly number[];
  readonly stride?: readonly number[];
  readonly offset?: number;
  readonly dtype?: string;
}

/** By tag: the buffer may be of another realm. */
const isShared = (buffer: ArrayBufferLike): boolean =>
  Object.prototype.toString.call(buffer) === "[object SharedArrayBuffer]";

/** A source over row-major elements in memory: where threads compute, if there is room. */
function memoryNode(
  data: TypedArray,
  shape: readonly number[],
  dtype: DType,
  chunks: ChunkSpec | undefined,
): Node {
  const grid = chunks === undefined ? undefined : newGrid("asarray", shape, dtype, chunks);
  if (isShared(data.buffer)) return sourceNode(arrayBinding(data, shape, dtype, grid));
  const region = takeRegion(data.byteLength);
  if (region === undefined) return sourceNode(arrayBinding(data, shape, dtype, grid));
  const bytes = new Uint8Array(region.buffer, region.address, data.byteLength);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  const own = dtypeOfArray(data) as DType;
  const there = viewOf(own, region.buffer, region.address, data.length);
  return sourceNode(arrayBinding(there, shape, dtype, grid, region));
}

type DTypeOfArray<T> = T extends Uint8Array | Uint8ClampedArray
  ? "uint8"
  : T extends Int8Array
    ? "int8"
    : T extends Int16Array
      ? "int16"
      : T extends Uint16Array
        ? "uint16"
        : T extends Int32Array
          ? "int32"
          : T extends Uint32Array
            ? "uint32"
            : T extends BigInt64Array
              ? "int64"
              : T extends BigUint64Array
                ? "uint64"
                : T extends Float32Array
                  ? "float32"
                  : "float64";

interface Asarray {
  <E extends DType>(data: unknown, options: AsarrayOptions & { readonly dtype: E }): LazyArray<E>;
  <D extends DType>(data: LazyArray<D> | NDArray<D>, options?: AsarrayOptions): LazyArray<D>;
  <T extends TypedArray>(data: T, options?: AsarrayOptions): LazyArray<DTypeOfArray<T>>;
  (data: number | NestedList<number>, options?: AsarrayOptions): LazyArray<"float64">;
  (data: bigint | NestedList<bigint>, options?: AsarrayOptions): LazyArray<"int64">;
  (data: boolean | NestedList<boolean>, options?: AsarrayOptions): LazyArray<"bool">;
  (data: JsScalar | NestedList | NdarrayLike, options?: AsarrayOptions): LazyArray;
}

/**
 * An array of data at hand: a typed array (1-d, or of `shape`), nested lists, a scalar, a result or other `ndarray`, or a lazy
 * array. Numbers are float64, bigints int64, booleans bool unless `dtype` says otherwise; then every element must
 * fit it. Data is copied once, into memory that all threads share (data in a SharedArrayBuffer is used in place).
 *
 * @example
 * asarray([[1, 2], [3, 4]], { dtype: "int32" });
 * asarray(new Float32Array(12), { shape: [3, 4], chunks: [3, 2] });
 */
export const asarray: Asarray = ((data: unknown, given?: unknown) => {
  const options = readOptions<AsarrayOptions>("asarray", given, {
    dtype: anything,
    shape: anything,
    chunks: anything,
  });
  if (options.dtype !== undefined) checkDType("asarray", options.dtype);
  return wrap(nodeFrom(data, options));
}) as Asarray;

function nodeFrom(data: unknown, { dtype, shape, chunks }: AsarrayOptions): Node {
  const found = ArrayBuffer.isView(data) ? dtypeOfArray(data) : undefined;
  if (found !== undefined) {
    const view = plainBytes(data as TypedArray);
    const lengths = shape === undefined ? [view.length] : shapeFor(view, shape);
    return cast(memoryNode(view, lengths, found, chunks), dtype);
  }
  if (shape !== undefined) {
    throw new OptionError(`asarray: shape is for typed arrays, got ${valueText(data)}`, {
      hint: "use reshape(x, shape)",
    });
  }
  if (data instanceof LazyArray) {
    const x = chunks === undefined ? data : data.rechunk(chunks);
    return dtype === undefined ? x.node : astype(x.node, dtype);
  }
  if (isJsScalar(data)) return scalarArray(data, dtype);
  if (Array.isArray(data)) return fromNested(data, dtype, chunks);
  if (isNdarrayLike(data)) {
    const { elements, own } = compact(data);
    return cast(memoryNode(elements, [...data.shape], own, chunks), dtype);
  }
  throw new DTypeError(`asarray: cannot make an array of ${valueText(data)}`, {
    hint: "give a typed array, nested lists of numbers, bigints or booleans, an ndarray, or a LazyArray",
  });
}

function shapeFor(data: TypedArray, shape: unknown): number[] {
  const lengths = normalShape("asarray", shape);
  if (elementCount(lengths) !== data.length) {
    throw new ShapeError(
      `asarray: shape ${shapeText(lengths)} holds ${countText(elementCount(lengths), "element")}, the array has ${data.length}`,
    );
  }
  return lengths;
}

const cast = (x: Node, dtype: DType | undefined): Node =>
  dtype === undefined ? x : astype(x, dtype);

/** Uint8ClampedArray holds the same bytes. */
function plainBytes(data: TypedArray): TypedArray {
  if (Object.prototype.toString.call(data) !== "[object Uint8ClampedArray]") return data;
  return new Uint8Array(data.buffer, data.byteOffset, data.length);
}

/** Length per depth of nested lists; ragged lists are a ShapeError. */
function shapeOfNested(data: readonly unknown[]): number[] {
  const shape: number[] = [];
  let level: readonly unknown[] = [data];
  while (level.length > 0 && level.every((v) => Array.isArray(v))) {
    const lists = level as readonly (readonly unknown[])[];
    const length = (lists[0] as readonly unknown[]).length;
    if (lists.some((l) => l.length !== length)) throw ragged(shape.length);
    shape.push(length);
    level = lists.flat();
  }
  if (level.some((v) => Array.isArray(v))) throw ragged(shape.length);
  return shape;
}
const ragged = (depth: number): ShapeError =>
  new ShapeError(`asarray: the lists at depth ${depth} have different lengths`, {
    hint: "all lists at one depth must be equally long",
  });

function fromNested(
  data: readonly unknown[],
  given: DType | undefined,
  chunks: ChunkSpec | undefined,
): Node {
  const shape = shapeOfNested(data);
  const flat = (data as readonly unknown[]).flat(Number.POSITIVE_INFINITY) as readonly unknown[];
  const dtype = given ?? commonDType(flat);
  const elements = new (arrayClass(dtype))(flat.length * slotsPerElement(dtype));
  flat.forEach((value, i) => {
    if (!isJsScalar(value)) throw notAnElement(value);
    const constant: ScalarConstant = scalarConstant("asarray", value, dtype);
    storeConstant(elements as ArrayFor<DType>, i, constant);
  });
  return memoryNode(elements, shape, dtype, chunks);
}

const notAnElement = (value: unknown): DTypeError =>
  new DTypeError(`asarray: ${valueText(value)} is not an element`, {
    hint: "elements are numbers, bigints or booleans",
  });

/** One dtype for all elements; numbers and bigints do not mix. */
function commonDType(flat: readonly unknown[]): DType {
  const kinds = new Set<DType>();
  for (const value of flat) {
    if (!isJsScalar(value)) throw notAnElement(value);
    kinds.add(scalarDType(value));
  }
  if (kinds.has("float64") && kinds.has("int64")) {
    throw new DTypeError("asarray: the list mixes numbers and bigints", {
      hint: 'give a dtype, such as { dtype: "int64" }',
    });
  }
  if (kinds.size === 0 || kinds.has("float64")) return "float64";
  return kinds.has("int64") ? "int64" : "bool";
}

function isNdarrayLike(value: unknown): value is NdarrayLike {
  if (typeof value !== "object" || value === null) return false;
  if (!("data" in value && "shape" in value)) return false;
  return ArrayBuffer.isView(value.data) && Array.isArray(value.shape);
}

/** Row-major elements of an ndarray; the array's own if they lie so already. */
function compact(x: NdarrayLike): { readonly elements: TypedArray; readonly own: DType } {
  const data = x.data as TypedArray;
  const found = dtypeOfArray(data);
  if (found === undefined) {
    throw new DTypeError(`asarray: an ndarray over ${valueText(data)} is not supported`, {
      hint: "its data must be a typed array of numbers or bigints",
    });
  }
  const named = isDType(x.dtype) && arrayClass(x.dtype) === data.constructor ? x.dtype : found;
  const slots = slotsPerElement(named);
  const dense = rowMajorStrides(x.shape).map((s) => s * slots);
  const stride = x.stride ?? dense;
  const offset = x.offset ?? 0;
  const length = elementCount(x.shape) * slots;
  if (stride.every((s, i) => s === dense[i] || x.shape[i] === 1)) {
    if (offset + length > data.length) throw tooShort(x);
    return { elements: data.subarray(offset, offset + length), own: named };
  }
  const out = new (arrayClass(named))(length) as Float64Array;
  const position = x.shape.map(() => 0);
  for (let n = 0; n < length; n += slots) {
    let slot = offset;
    for (let i = 0; i < position.length; i++)
      slot += (position[i] as number) * (stride[i] as number);
    if (slot < 0 || slot + slots > data.length) throw tooShort(x);
    for (let k = 0; k < slots; k++) out[n + k] = (data as Float64Array)[slot + k] as number;
    for (let i = position.length - 1; i >= 0; i--) {
      position[i] = (position[i] as number) + 1;
      if ((position[i] as number) < (x.shape[i] as number)) break;
      position[i] = 0;
    }
  }
  return { elements: out, own: named };
}
const tooShort = (x: NdarrayLike): ShapeError =>
  new ShapeError(`asarray: an ndarray of shape [${x.shape.join(", ")}] reaches beyond its data`);

/**
 * An array that someone else reads: `{ shape, dtype, chunks, readInto(region, target, signal) }`. It is read on the
 * calling thread, chunk by chunk.
 *
 * @example
 * fromSource({
 *   shape: [100], dtype: "float64", chunks: [10],
 *   readInto: ([x], { data, offset, stride }) => {
 *     for (let i = x.start; i < x.stop; i++) data[offset + (i - x.start) * stride[0]] = i;
 *   },
 * });
 */
export function fromSource<const S extends ChunkSource>(source: S): LazyArray<S["dtype"]> {
  return wrap(sourceNode(userSource(source)));
}
