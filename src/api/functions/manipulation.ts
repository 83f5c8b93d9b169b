/** Manipulation functions; what each computes is said in `ops/manipulation.ts`. */
import type { DType } from "../../ir/dtype.js";
import type { Axis, ChunkSpec } from "../../ops/index.js";
import * as ops from "../../ops/index.js";
import { knownNodeOf, type LazyArray, nodeOf, nodesOf, wrap } from "../array.js";
import { anything, readOptions, trailing } from "../options.js";
import type { Promote, ShapeLike } from "../types.js";

type AxisOf<A> = { readonly axis?: A | undefined };
const AXIS = { axis: anything };
const axisOf = (fn: string, options: unknown): unknown =>
  readOptions<{ axis?: unknown }>(fn, options, AXIS).axis;

/** Stretches axes of length 1 (and new leading ones) to `shape`; nothing is copied. */
export const broadcastTo = <D extends DType>(x: LazyArray<D>, shape: ShapeLike): LazyArray<D> =>
  wrap(ops.broadcastTo(knownNodeOf("broadcastTo", x), shape));

/** All arrays stretched to the shape that they broadcast to. */
export function broadcastArrays<T extends readonly LazyArray[]>(
  ...arrays: T
): { -readonly [K in keyof T]: T[K] } {
  const nodes = ops.broadcastArrays(nodesOf("broadcastArrays", arrays));
  return nodes.map((n) => wrap(n)) as unknown as { -readonly [K in keyof T]: T[K] };
}

/** Dtype of several arrays together: exact for lists of one dtype and for pairs. */
type Joined<T extends readonly LazyArray[]> = T extends readonly [
  LazyArray<infer A>,
  LazyArray<infer B>,
]
  ? Promote<A, B>
  : T[number] extends LazyArray<infer D>
    ? D
    : DType;

/**
 * Arrays one after another along an axis (default 0); `axis: null` flattens them first. All other lengths must
 * be equal; dtypes promote.
 *
 * @example concat([a, b], { axis: 1 })
 */
export function concat<const T extends readonly LazyArray[]>(
  arrays: T,
  options?: AxisOf<number | null>,
): LazyArray<Joined<T>> {
  const axis = axisOf("concat", options);
  return wrap(ops.concat(nodesOf("concat", arrays), axis === undefined ? 0 : axis));
}

type ExpandDims = <D extends DType>(
  x: LazyArray<D>,
  axis?: number | readonly number[] | AxisOf<number | readonly number[]>,
) => LazyArray<D>;
/** A new axis of length 1 at `axis` (default 0) of the result, or several. */
export const expandDims: ExpandDims = ((x: unknown, ...args: unknown[]) => {
  const { values, options } = trailing("expandDims", ["axis"], args);
  readOptions("expandDims", options, {});
  return wrap(ops.expandDims(nodeOf("expandDims", x), values[0] ?? 0));
}) as ExpandDims;

/** Reversed order along `axis`, or along all axes. */
export const flip = <D extends DType>(x: LazyArray<D>, options?: AxisOf<Axis>): LazyArray<D> =>
  wrap(ops.flip(nodeOf("flip", x), axisOf("flip", options)));

/** The last two axes exchanged. */
export const matrixTranspose = <D extends DType>(x: LazyArray<D>): LazyArray<D> =>
  wrap(ops.matrixTranspose(nodeOf("matrixTranspose", x)));

/** Axes moved to new places, the others keep their order. */
export const moveaxis = <D extends DType>(
  x: LazyArray<D>,
  source: number | readonly number[],
  destination: number | readonly number[],
): LazyArray<D> => wrap(ops.moveaxis(nodeOf("moveaxis", x), source, destination));

/** The axes in a new order. @example permuteDims(x, [2, 0, 1]) */
export const permuteDims = <D extends DType>(
  x: LazyArray<D>,
  axes: readonly number[],
): LazyArray<D> => wrap(ops.permuteDims(nodeOf("permuteDims", x), axes));

/** Every element `repeats` times, or as often as its entry says, along `axis` (default: of the flat array). */
export const repeat = <D extends DType>(
  x: LazyArray<D>,
  repeats: number | readonly number[],
  options?: AxisOf<number>,
): LazyArray<D> => wrap(ops.repeat(knownNodeOf("repeat", x), repeats, axisOf("repeat", options)));

/** The elements in row-major order in another shape; one length may be -1. @example reshape(x, [2, -1]) */
export const reshape = <D extends DType>(x: LazyArray<D>, shape: ShapeLike): LazyArray<D> =>
  wrap(ops.reshape(knownNodeOf("reshape", x), shape));

/** Elements moved on by `shift` along `axis` (default: of the flat array), around the end. */
export const roll = <D extends DType>(
  x: LazyArray<D>,
  shift: number | readonly number[],
  options?: AxisOf<Axis>,
): LazyArray<D> => wrap(ops.roll(knownNodeOf("roll", x), shift, axisOf("roll", options)));

type Squeeze = <D extends DType>(x: LazyArray<D>, axis?: Axis | AxisOf<Axis>) => LazyArray<D>;
/** Without the axes of length 1 that are named, or without all of them. */
export const squeeze: Squeeze = ((x: unknown, ...args: unknown[]) => {
  const { values, options } = trailing("squeeze", ["axis"], args);
  readOptions("squeeze", options, {});
  return wrap(ops.squeeze(nodeOf("squeeze", x), values[0]));
}) as Squeeze;

/** Arrays of one shape along a new axis (default 0); dtypes promote. */
export function stack<const T extends readonly LazyArray[]>(
  arrays: T,
  options?: AxisOf<number>,
): LazyArray<Joined<T>> {
  return wrap(ops.stack(nodesOf("stack", arrays), axisOf("stack", options) ?? 0));
}

/** The array laid out several times along each axis. @example tile(x, [2, 1]) */
export const tile = <D extends DType>(
  x: LazyArray<D>,
  repetitions: number | readonly number[],
): LazyArray<D> => wrap(ops.tile(knownNodeOf("tile", x), repetitions));

/** The arrays that `x` consists of along `axis` (default 0). */
export const unstack = <D extends DType>(
  x: LazyArray<D>,
  options?: AxisOf<number>,
): LazyArray<D>[] =>
  ops.unstack(knownNodeOf("unstack", x), axisOf("unstack", options) ?? 0).map((n) => wrap<D>(n));

/**
 * Positions of the elements that are true, or not 0, in row-major order: one int64 array per axis. Their length is not
 * known before something has run.
 *
 * @example const [rows, columns] = nonzero(x.greater(0));
 */
export const nonzero = (x: LazyArray): LazyArray<"int64">[] =>
  ops.nonzero(knownNodeOf("nonzero", x)).map((n) => wrap<"int64">(n));

/**
 * The same values in other blocks: a length for all axes, one entry per axis, or an object by axis number. An entry
 * is a length, -1 (the whole axis), "auto", a size like "64MiB", a list of lengths, or null (as it is).
 *
 * @example rechunk(x, { 0: 100, 2: -1 })
 */
export function rechunk<D extends DType>(x: LazyArray<D>, chunks: ChunkSpec): LazyArray<D> {
  return wrap(ops.rechunk(knownNodeOf("rechunk", x), chunks));
}
