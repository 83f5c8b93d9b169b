/** Statistical, searching and utility functions; what each computes is said in `ops/reductions.ts`. */
import type { DType } from "../../ir/dtype.js";
import type { Node } from "../../ir/node.js";
import type { ArgOptions, MomentOptions, ReduceOptions, SumOptions } from "../../ops/index.js";
import * as ops from "../../ops/index.js";
import { type LazyArray, nodeOf, wrap } from "../array.js";
import { anything, type Checks, isBoolean, readOptions } from "../options.js";
import type { Floating, RealOf, SumOf } from "../types.js";

type Same = <D extends DType>(x: LazyArray<D>, options?: ReduceOptions) => LazyArray<D>;
type Truth = (x: LazyArray, options?: ReduceOptions) => LazyArray<"bool">;
type Position = (x: LazyArray, options?: ArgOptions) => LazyArray<"int64">;
type Moment = <D extends DType>(
  x: LazyArray<D>,
  options?: MomentOptions,
) => LazyArray<RealOf<Floating<D>>>;
interface Summing {
  <E extends DType>(x: LazyArray, options: SumOptions & { readonly dtype: E }): LazyArray<E>;
  <D extends DType>(x: LazyArray<D>, options?: ReduceOptions): LazyArray<SumOf<D>>;
}

const REDUCE: Checks<ReduceOptions> = { axis: anything, keepdims: isBoolean };
const SUM: Checks<SumOptions> = { ...REDUCE, dtype: anything };
const MOMENT: Checks<MomentOptions> = { ...REDUCE, correction: anything };
const ARG: Checks<ArgOptions> = { axis: anything, keepdims: isBoolean };

// The types of the exports say what the one implementation gives.
const reduction = <F, O extends object>(
  fn: string,
  op: (x: Node, options: O) => Node,
  checks: Checks<O>,
): F =>
  ((x: unknown, options?: unknown) =>
    wrap(op(nodeOf(fn, x), readOptions(fn, options, checks)))) as F;

/** Whether all elements are true, or not 0. @example all(mask, { axis: 0 }) */
export const all: Truth = reduction("all", ops.all, REDUCE);
/** Whether any element is true, or not 0. */
export const any: Truth = reduction("any", ops.any, REDUCE);
/** Position of the first greatest element along one axis, or in row-major order without one. NaN counts as greatest. */
export const argmax: Position = reduction("argmax", ops.argmax, ARG);
/** Position of the first least element along one axis, or in row-major order without one. NaN counts as least. */
export const argmin: Position = reduction("argmin", ops.argmin, ARG);
/** Number of elements that are true, or not 0. */
export const countNonzero: (x: LazyArray, options?: ReduceOptions) => LazyArray<"int64"> =
  reduction("countNonzero", ops.countNonzero, REDUCE);
/** Greatest element of real arrays; NaN if there is one. ShapeError over an axis of length 0. */
export const max: Same = reduction("max", ops.max, REDUCE);
/** Arithmetic mean; integers and bools give float64, float and complex dtypes stay. */
export const mean: <D extends DType>(
  x: LazyArray<D>,
  options?: ReduceOptions,
) => LazyArray<Floating<D>> = reduction("mean", ops.mean, REDUCE);
/** Least element of real arrays; NaN if there is one. ShapeError over an axis of length 0. */
export const min: Same = reduction("min", ops.min, REDUCE);
/** Product; dtypes as {@link sum}. */
export const prod: Summing = reduction("prod", ops.prod, SUM);
/** Standard deviation: the square root of the variance; of complex arrays real. @example std(x, { axis: 0, correction: 1 }) */
export const std: Moment = reduction("std", ops.std, MOMENT);
/**
 * Sum over `axis` (a number, a list, or all axes). Integers and bools give int64 (unsigned: uint64), float and
 * complex dtypes stay and are accumulated in float64 (complex128); `dtype` casts the elements first.
 *
 * @example sum(x, { axis: [0, 2], keepdims: true })
 */
export const sum: Summing = reduction("sum", ops.sum, SUM);
/**
 * Variance: squared deviations from the mean, summed and divided by `n - correction`. Of complex arrays the squared
 * magnitudes of the deviations: a real result.
 */
export const variance: Moment = reduction("var", ops.variance, MOMENT);
