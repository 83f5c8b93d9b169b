/** Selecting and assigning; what each function computes is said in `ops/indexing.ts`, `advanced.ts` and `set-item.ts`. */
import type { DType } from "../../ir/dtype.js";
import type { JsScalar } from "../../ops/index.js";
import * as ops from "../../ops/index.js";
import { knownNodeOf, LazyArray, nodeOf, wrap } from "../array.js";
import type { NDArray } from "../nd-array.js";
import { anything, readOptions } from "../options.js";
import type { Indices, Selector } from "../selectors.js";
import { asarray, type NdarrayLike, type NestedList } from "../sources.js";

type AxisOption = { readonly axis?: number | undefined };
const axisOf = (fn: string, options: unknown): unknown =>
  readOptions<{ axis?: unknown }>(fn, options, { axis: anything }).axis;

/** Lazy arrays as their nodes, and boolean lists and results too; all else is for the normaliser. */
function plain(selector: unknown): unknown {
  if (selector instanceof LazyArray) return selector.node;
  return ops.isMask(selector) ? asarray(selector as NestedList<boolean>).node : selector;
}

/**
 * The part that the selectors select, one per axis: integers (which drop the axis), null (all of it),
 * `slice(start, stop, step)`, `newaxis`, `ellipsis`, and arrays of integers: lists (of lists), typed arrays, results, or
 * lazy arrays. Axes without a selector are whole. One text says them all in NumPy's syntax.
 *
 * Arrays follow NumPy's advanced indexing: they broadcast together, and their axes stand where the arrays stood, or in
 * front if other selectors stand between them. (For one list per axis, each by itself, use `take` axis by axis.)
 *
 * One boolean array stands for as many axes as it has and makes one axis of what it selects. The length of a boolean
 * selection is not known before something has run; arithmetic and reductions do without it.
 *
 * Throws IndexError when a selector is none or constant positions are out of bounds, ShapeError when arrays do not
 * broadcast. Lazy positions out of bounds are an IndexError when the array is computed; a lookup by lazy arrays holds
 * the axes that they index whole in memory.
 *
 * @example
 * at(x, 0, slice(10, 20), ellipsis);
 * at(x, "0, 10:20, ...");
 * at(x, x.greater(0)).mean();
 * at(x, [0, 5, 2], [1, 1, 3]); // the elements (0, 1), (5, 1) and (2, 3)
 * at(x, x.argmax({ axis: 0 })); // a lazy array of positions
 */
export const at = <D extends DType>(
  x: LazyArray<D>,
  ...selectors: readonly Selector[]
): LazyArray<D> => wrap(ops.at(nodeOf("at", x), selectors.map(plain)));

/**
 * Elements at positions along an axis (needed unless `x` is 1-d): a list, an integer typed array, or an array of integers,
 * lazy too. The axes of `indices` take the place of the axis; negative positions count from the end.
 *
 * Throws IndexError for positions that are no integers or out of bounds (lazy ones when computed).
 *
 * @example take(x, [0, -1], { axis: 1 })
 */
export const take = <D extends DType>(
  x: LazyArray<D>,
  indices: Indices,
  options?: AxisOption,
): LazyArray<D> => wrap(ops.take(knownNodeOf("take", x), plain(indices), axisOf("take", options)));

/**
 * Elements at positions along an axis (default: the last), other ones for every place of the other axes:
 * `out[i, j] = x[i, indices[i, j]]`. `x` and `indices` have the same number of axes and broadcast but for `axis`.
 *
 * Throws ShapeError when they do not fit, IndexError for positions that are no integers or out of bounds (lazy ones
 * when computed).
 *
 * @example takeAlongAxis(x, x.argmax({ axis: 1, keepdims: true }), { axis: 1 })
 */
export const takeAlongAxis = <D extends DType>(
  x: LazyArray<D>,
  indices: Indices,
  options?: AxisOption,
): LazyArray<D> =>
  wrap(
    ops.takeAlongAxis(
      knownNodeOf("takeAlongAxis", x),
      plain(indices),
      axisOf("takeAlongAxis", options) ?? -1,
    ),
  );

/** What `setItem` takes for its value. */
export type Settable = LazyArray | JsScalar | NestedList | NdarrayLike | NDArray | ArrayBufferView;

/**
 * A new array: `x` with `value` in what the selectors select; `x` itself stays as it is. The selectors are those of
 * `at`: one, or a list with one per axis (so a list of positions stands in a list: `[[0, 2]]`). The value broadcasts
 * to the selection; where a position is selected more than once, the last value (in row-major order) stays. For a
 * boolean array (beside whole axes) it must not vary along the axis that the array makes.
 *
 * The result has the shape, dtype and chunks of `x`. Arrays are cast as NumPy's same-kind rule allows (bool, unsigned,
 * signed, float, complex: never back) and scalars must fit the dtype, otherwise a DTypeError says what to convert.
 * Throws ShapeError when the value does not broadcast, IndexError as `at` does.
 *
 * @example
 * setItem(x, [slice(10, 20), 0], 5); // x[10:20, 0] = 5
 * setItem(x, [ellipsis, -1], edge);
 * setItem(x, x.less(0), 0);
 */
export const setItem = <D extends DType>(
  x: LazyArray<D>,
  selectors: Selector | readonly Selector[],
  value: Settable,
): LazyArray<D> => {
  const node = knownNodeOf("setItem", x);
  const list: readonly unknown[] = Array.isArray(selectors) ? selectors : [selectors];
  return wrap(ops.setItem(node, list.map(plain), settable(value, x.dtype)));
};

/** Lists and results as arrays; what is neither is refused by the operation, in its own words. */
function settable(value: unknown, dtype: DType): ops.Operand {
  if (value instanceof LazyArray) return value.node;
  // Numbers in lists have no dtype of their own: they must fit, as a scalar must.
  if (Array.isArray(value)) return asarray(value, { dtype }).node;
  if (
    ArrayBuffer.isView(value) ||
    (typeof value === "object" && value !== null && "data" in value)
  ) {
    return asarray(value as NdarrayLike).node;
  }
  return value as ops.Operand;
}
