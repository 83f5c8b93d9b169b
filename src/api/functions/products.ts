/** Products and contractions; what each computes is said in `ops/products.ts` and `ops/einsum.ts`. */
import type { DType } from "../../ir/dtype.js";
import type { TensordotAxes } from "../../ops/index.js";
import * as ops from "../../ops/index.js";
import { knownNodeOf, type LazyArray, nodesOf, wrap } from "../array.js";
import { anything, readOptions } from "../options.js";
import type { Promote } from "../types.js";

type Product = <D extends DType, E extends DType>(
  a: LazyArray<D>,
  b: LazyArray<E>,
) => LazyArray<Promote<D, E>>;

/** Dtype of any number of arrays of one dtype; others promote when the expression is built. */
type Together<T extends readonly LazyArray[]> = T extends readonly [LazyArray<infer D>]
  ? D
  : T extends readonly [LazyArray<infer D>, LazyArray<infer E>]
    ? Promote<D, E>
    : DType;

const pair = (
  fn: string,
  a: unknown,
  b: unknown,
): [ReturnType<typeof knownNodeOf>, ReturnType<typeof knownNodeOf>] => [
  knownNodeOf(fn, a, "the first argument"),
  knownNodeOf(fn, b, "the second argument"),
];

/**
 * Matrix product: sums over the last axis of `a` and the last but one of `b`; the axes before them broadcast. A 1-d
 * array is a row on the left, a column on the right. Dtypes promote; integers wrap; floats are summed in runs of 64 in
 * their own dtype, the runs in float64.
 *
 * @example matmul(a, b) // (2, 3) and (3, 4) give (2, 4); (5, 2, 3) and (3, 4) give (5, 2, 4)
 */
export const matmul: Product = (a, b) => wrap(ops.matmul(...pair("matmul", a, b)));

/** All products of the elements of two 1-d arrays: shape (m, n). */
export const outer: Product = (a, b) => wrap(ops.outer(...pair("outer", a, b)));

/**
 * Sum of products over pairs of axes: with `axes: n` (default 2) the last n of `a` and the first n of `b`, else
 * the axes that the two lists name. The result has the other axes of `a`, then those of `b`.
 *
 * @example tensordot(a, b, { axes: [[0], [1]] })
 */
export const tensordot = <D extends DType, E extends DType>(
  a: LazyArray<D>,
  b: LazyArray<E>,
  options?: { readonly axes?: TensordotAxes | undefined },
): LazyArray<Promote<D, E>> => {
  const { axes } = readOptions<{ axes?: unknown }>("tensordot", options, { axes: anything });
  return wrap(ops.tensordot(...pair("tensordot", a, b), axes));
};

/**
 * Sum of products along one axis, counted from the end (default -1); the first array is conjugated, the other axes
 * broadcast.
 */
export const vecdot = <D extends DType, E extends DType>(
  a: LazyArray<D>,
  b: LazyArray<E>,
  options?: { readonly axis?: number | undefined },
): LazyArray<Promote<D, E>> => {
  const { axis } = readOptions<{ axis?: unknown }>("vecdot", options, { axis: anything });
  return wrap(ops.vecdot(...pair("vecdot", a, b), axis));
};

/**
 * Einstein's notation: letters name axes, equal letters are multiplied together, and letters that the result does not
 * have are summed over. Without "->" the result has what occurs once, in alphabetical order; "..." stands for the
 * axes that are not named, and broadcasts. Several arrays are contracted in pairs, the cheapest first.
 *
 * @example einsum("ij,jk->ik", a, b) // matmul
 * @example einsum("ii->", a) // trace
 */
export const einsum = <const T extends readonly LazyArray[]>(
  subscripts: string,
  ...arrays: T
): LazyArray<Together<T>> => {
  const text = ops.subscriptsText(subscripts);
  return wrap(ops.einsum(text, nodesOf("einsum", [...arrays])));
};
