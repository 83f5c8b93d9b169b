/** Cumulative functions; what each computes is said in `ops/scans.ts`. */
import type { DType } from "../../ir/dtype.js";
import type { Node } from "../../ir/node.js";
import type { CumulativeOptions } from "../../ops/index.js";
import * as ops from "../../ops/index.js";
import { knownNodeOf, type LazyArray, wrap } from "../array.js";
import { anything, type Checks, isBoolean, readOptions } from "../options.js";
import type { SumOf } from "../types.js";

export interface Cumulative {
  <E extends DType>(x: LazyArray, options: CumulativeOptions & { readonly dtype: E }): LazyArray<E>;
  <D extends DType>(x: LazyArray<D>, options?: CumulativeOptions): LazyArray<SumOf<D>>;
}

const CUMULATIVE: Checks<CumulativeOptions> = {
  axis: anything,
  dtype: anything,
  includeInitial: isBoolean,
};

const cumulative = (fn: string, op: (x: Node, options: CumulativeOptions) => Node): Cumulative =>
  ((x: unknown, options?: unknown) =>
    wrap(op(knownNodeOf(fn, x), readOptions(fn, options, CUMULATIVE)))) as Cumulative;

/**
 * Running sum along `axis`, which only a 1-d array may leave out. Integers and bools give int64 (unsigned: uint64)
 * and wrap; floats keep their dtype and run in float64. `dtype` casts the elements first; `includeInitial` puts
 * a 0 in front, so that the axis grows by one.
 *
 * @example cumulativeSum(asarray([1, 2, 3])) // [1, 3, 6]
 */
export const cumulativeSum: Cumulative = cumulative("cumulativeSum", ops.cumulativeSum);
/** Running product along `axis`; as {@link cumulativeSum}, with a 1 in front. */
export const cumulativeProd: Cumulative = cumulative("cumulativeProd", ops.cumulativeProd);
