/** Creation functions: virtual data, computed from the global index wherever and whenever it is needed. */
import { DTypeError, OptionError, ShapeError } from "../errors.js";
import type { Cuts } from "../ir/cuts.js";
import { type DType, isComplex, isFloat, isInteger, itemSize, kindOf } from "../ir/dtype.js";
import { advertisedGrid, autoChunks } from "../ir/grid.js";
import { dtypeOf, knownShape, type Node } from "../ir/node.js";
import { arg, call, cast, constant, indexOf, type Scalar } from "../ir/scalar.js";
import { integerOf, lengthOf, normalShape } from "./axes.js";
import {
  axesView,
  broadcastNode,
  checkDType,
  createNode,
  type JsScalar,
  mapNode,
} from "./build.js";
import { sameSelection } from "./masks.js";
import { isJsScalar, scalarDType, scalarTree } from "./operand.js";
import { type ChunkSpec, resolveChunks } from "./rechunk.js";
import { shapeText, valueText } from "./words.js";

export interface CreateOptions {
  readonly dtype?: DType | undefined;
  readonly chunks?: ChunkSpec | undefined;
}
export interface LikeOptions {
  readonly dtype?: DType | undefined;
}
export interface EyeOptions extends CreateOptions {
  readonly k?: number | undefined;
}
export interface LinspaceOptions extends CreateOptions {
  readonly endpoint?: boolean | undefined;
}

/** The grid of a new array: what `chunks` says, or the constants of "auto". */
export function newGrid(
  fn: string,
  shape: readonly number[],
  dtype: DType,
  chunks: ChunkSpec | undefined,
): readonly Cuts[] {
  return chunks === undefined
    ? autoChunks(shape, itemSize(dtype))
    : resolveChunks(fn, chunks, shape, itemSize(dtype));
}

function constantArray(
  fn: string,
  shape: unknown,
  value: JsScalar,
  dtype: DType,
  chunks: ChunkSpec | undefined,
): Node {
  const lengths = normalShape(fn, shape);
  const tree = scalarTree(fn, value, dtype, "in");
  return createNode(tree, lengths, newGrid(fn, lengths, dtype, chunks));
}

const given = (fn: string, dtype: DType | undefined, otherwise: DType): DType =>
  dtype === undefined ? otherwise : checkDType(fn, dtype);

/** float64 unless `dtype` says otherwise. */
export function zeros(shape: unknown, options: CreateOptions = {}, fn = "zeros"): Node {
  const dtype = given(fn, options.dtype, "float64");
  return constantArray(fn, shape, dtype === "bool" ? false : 0, dtype, options.chunks);
}
export function ones(shape: unknown, options: CreateOptions = {}): Node {
  const dtype = given("ones", options.dtype, "float64");
  return constantArray("ones", shape, dtype === "bool" ? true : 1, dtype, options.chunks);
}
/** Virtual arrays have no uninitialised memory: the elements are 0. */
export const empty = (shape: unknown, options: CreateOptions = {}): Node =>
  zeros(shape, options, "empty");

/** The dtype is that of the value: number float64, bigint int64, boolean bool. */
export function full(shape: unknown, fillValue: JsScalar, options: CreateOptions = {}): Node {
  if (!isJsScalar(fillValue)) {
    throw new DTypeError(
      `full: fillValue must be a number, bigint or boolean, got ${valueText(fillValue)}`,
    );
  }
  const dtype = given("full", options.dtype, scalarDType(fillValue));
  return constantArray("full", shape, fillValue, dtype, options.chunks);
}

/** Shape and blocks of `x`, every element `value`. */
function like(fn: string, x: Node, value: JsScalar, options: LikeOptions): Node {
  const dtype = given(fn, options.dtype, dtypeOf(x));
  const typed = dtype === "bool" && (value === 0 || value === 1) ? value === 1 : value;
  const tree = scalarTree(fn, typed, dtype, "in");
  return sameSelection(x, (base) => createNode(tree, knownShape(base), advertisedGrid(base)));
}
export const zerosLike = (x: Node, options: LikeOptions = {}): Node =>
  like("zerosLike", x, 0, options);
export const onesLike = (x: Node, options: LikeOptions = {}): Node =>
  like("onesLike", x, 1, options);
export const emptyLike = (x: Node, options: LikeOptions = {}): Node =>
  like("emptyLike", x, 0, options);
export const fullLike = (x: Node, fillValue: JsScalar, options: LikeOptions = {}): Node =>
  like("fullLike", x, fillValue, options);

/** A 0-d array of one JavaScript value. */
export const scalarArray = (value: JsScalar, dtype: DType = scalarDType(value)): Node =>
  createNode(scalarTree("asarray", value, dtype, "in"), [], []);

function bounds(fn: string, values: readonly unknown[]): void {
  for (const v of values) {
    if (typeof v === "bigint" || (typeof v === "number" && Number.isFinite(v))) continue;
    throw new ShapeError(`${fn}: start, stop and step must be finite numbers, got ${valueText(v)}`);
  }
}

/**
 * `start, start + step, ...` up to but without `stop`; `ceil((stop - start) / step)` elements. With one bound it is
 * the stop and the start is 0. float64, or int64 if every bound is a bigint.
 *
 * Float elements are `start + i * delta` with `delta = (start + step) - start`, as NumPy fills them.
 */
export function arange(
  first: number | bigint,
  second: number | bigint | undefined,
  by: number | bigint | undefined,
  options: CreateOptions = {},
): Node {
  const values = [first, second, by].filter((v) => v !== undefined);
  bounds("arange", values);
  const big = values.every((v) => typeof v === "bigint");
  const dtype = given("arange", options.dtype, big ? "int64" : "float64");
  if (dtype === "bool" || isComplex(dtype)) {
    throw new DTypeError(`arange: ${dtype} is not allowed`, {
      hint: "allowed are integer and floating-point dtypes",
    });
  }
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  const step = by ?? 1;
  if (Number(step) === 0) throw new ShapeError("arange: step must not be 0");
  const length = isInteger(dtype)
    ? integerLength(start, stop, step)
    : Math.max(0, Math.ceil((Number(stop) - Number(start)) / Number(step)));
  const shape = [lengthOf("arange", length, "the number of elements")];
  const tree = isInteger(dtype)
    ? integerRamp(start, step, length, dtype)
    : floatRamp(Number(start), Number(step), dtype as "float32" | "float64");
  return createNode(tree, shape, newGrid("arange", shape, dtype, options.chunks));
}

function integerLength(
  start: number | bigint,
  stop: number | bigint,
  step: number | bigint,
): number {
  const whole = [start, stop, step].every((v) => typeof v === "bigint" || Number.isInteger(v));
  if (!whole) return Math.max(0, Math.ceil((Number(stop) - Number(start)) / Number(step)));
  const [a, b, s] = [BigInt(start), BigInt(stop), BigInt(step)];
  const span = s > 0n ? b - a : a - b;
  const by = s > 0n ? s : -s;
  return span <= 0n ? 0 : Number((span + by - 1n) / by);
}

function integerRamp(
  start: number | bigint,
  step: number | bigint,
  length: number,
  dtype: DType,
): Scalar {
  const on = kindOf(dtype) === "uint" ? "uint64" : "int64";

  // Only checks: both ends must fit the dtype, and the step be an integer.
  scalarTree("arange", start, dtype, "in");
  scalarTree("arange", step, "int64", "in");
  if (length > 0) {
    scalarTree("arange", BigInt(start) + BigInt(step) * BigInt(length - 1), dtype, "in");
  }
  // A negative step of an unsigned ramp wraps around, which is right modulo 2^64.
  const index = cast(indexOf(0), on);
  const offset = call("multiply", on, index, constant(BigInt(step), on));
  return cast(call("add", on, offset, constant(BigInt(start), on)), dtype);
}

function floatRamp(start: number, step: number, dtype: "float32" | "float64"): Scalar {
  const round = dtype === "float32" ? Math.fround : (v: number): number => v;
  const delta = round(round(start + step) - round(start));
  const offset = call("multiply", dtype, cast(indexOf(0), dtype), constant(delta, dtype));
  return call("add", dtype, offset, constant(start, dtype));
}

/**
 * `num` evenly spaced numbers from `start` to `stop`; the last one is exactly `stop`, or left out with
 * `endpoint: false`. Integer dtypes round down.
 */
export function linspace(
  start: number,
  stop: number,
  num: number,
  options: LinspaceOptions = {},
): Node {
  bounds("linspace", [start, stop]);
  const count = lengthOf("linspace", num, "num");
  const dtype = given("linspace", options.dtype, "float64");
  if (dtype === "bool" || isComplex(dtype)) {
    throw new DTypeError(`linspace: ${dtype} is not allowed`, {
      hint: "allowed are floating-point and integer dtypes",
    });
  }
  const f = "float64";
  const endpoint = options.endpoint ?? true;
  const divisions = Math.max(1, endpoint ? count - 1 : count);
  const step = (Number(stop) - Number(start)) / divisions;
  const index = cast(indexOf(0), f);
  let tree = call(
    "add",
    f,
    call("multiply", f, index, constant(step, f)),
    constant(Number(start), f),
  );
  if (endpoint && count > 1) {
    const isLast = call("equal", "int64", indexOf(0), constant(count - 1, "int64"));
    tree = call("where", f, isLast, constant(Number(stop), f), tree);
  }
  if (!isFloat(dtype)) tree = call("floor", f, tree);
  const shape = [count];
  return createNode(cast(tree, dtype), shape, newGrid("linspace", shape, dtype, options.chunks));
}

/** Ones on diagonal `k`, zeros elsewhere. */
export function eye(rows: number, columns: number | undefined, options: EyeOptions = {}): Node {
  const n = lengthOf("eye", rows, "nRows");
  const shape = [n, columns === undefined ? n : lengthOf("eye", columns, "nCols")];
  const k = integerOf("eye", options.k ?? 0, "k");
  const dtype = given("eye", options.dtype, "float64");
  const shifted = call("add", "int64", indexOf(0), constant(k, "int64"));
  const tree = cast(call("equal", "int64", shifted, indexOf(1)), dtype);
  return createNode(tree, shape, newGrid("eye", shape, dtype, options.chunks));
}

function triangle(fn: "tril" | "triu", x: Node, k: unknown): Node {
  const shape = knownShape(x);
  if (shape.length < 2) {
    throw new ShapeError(
      `${fn}: the array must have at least 2 axes, got shape ${shapeText(shape)}`,
    );
  }
  const diagonal = call("add", "int64", indexOf(0), constant(integerOf(fn, k ?? 0, "k"), "int64"));
  const kept = call(fn === "tril" ? "lessEqual" : "greaterEqual", "int64", indexOf(1), diagonal);
  const mask = createNode(kept, shape.slice(-2), advertisedGrid(x).slice(-2));
  const dtype = dtypeOf(x);
  return mapNode(
    fn,
    [mask, x],
    call("where", dtype, arg(0, "bool"), arg(1, dtype), constant(0, dtype)),
  );
}
/** The lower (upper) triangle of the last two axes, zeros elsewhere. */
export const tril = (x: Node, options: { k?: number | undefined } = {}): Node =>
  triangle("tril", x, options.k);
export const triu = (x: Node, options: { k?: number | undefined } = {}): Node =>
  triangle("triu", x, options.k);

/** Coordinate arrays of the grid that 1-d arrays span; "xy" swaps the first two axes. */
export function meshgrid(
  arrays: readonly Node[],
  options: { indexing?: "xy" | "ij" | undefined } = {},
): Node[] {
  const indexing = options.indexing ?? "xy";
  if (indexing !== "xy" && indexing !== "ij") {
    throw new OptionError(`meshgrid: indexing must be "xy" or "ij", got ${valueText(indexing)}`);
  }
  arrays.forEach((a, i) => {
    const shape = knownShape(a);
    if (shape.length !== 1) {
      throw new ShapeError(`meshgrid: argument ${i} must be 1-d, got shape ${shapeText(shape)}`);
    }
  });
  const swap = indexing === "xy" && arrays.length > 1;
  const axisOf = (i: number): number => (swap && i < 2 ? 1 - i : i);
  const shape = new Array<number>(arrays.length);
  arrays.forEach((a, i) => {
    shape[axisOf(i)] = knownShape(a)[0] as number;
  });
  return arrays.map((a, i) => {
    const placed = axesView(
      a,
      shape.map((_, axis) => (axis === axisOf(i) ? 0 : -1)),
    );
    return broadcastNode("meshgrid", placed, shape);
  });
}
