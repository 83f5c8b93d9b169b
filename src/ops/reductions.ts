/**
 * Statistical, searching and utility functions: `reduce` nodes. A reduce node always drops its axes; `keepdims` is
 * a view after it. The leaves of its fixed summation order are frozen here, from the advertised grid.
 */
import { DTypeError, OptionError, ShapeError } from "../errors.js";
import * as ir from "../ir/build.js";
import { wholeCuts } from "../ir/cuts.js";
import { type DType, isComplex, isFloat, kindOf, partOf } from "../ir/dtype.js";
import { advertisedGrid } from "../ir/grid.js";
import { elementCount } from "../ir/index-map.js";
import { leafCuts } from "../ir/leaves.js";
import { hasIdentity, type MonoidName } from "../ir/monoid.js";
import { dtypeOf, knownShape, type Node } from "../ir/node.js";
import { constant } from "../ir/scalar.js";
import { normalAxes } from "./axes.js";
import { axesView, castNode, checkDType, createNode } from "./build.js";
import { binary } from "./elementwise.js";
import { isSelection } from "./masks.js";
import { type Recipe, reduceSelection } from "./selection-reductions.js";
import { valueText } from "./words.js";

export type Axis = number | readonly number[] | null;
export interface ReduceOptions {
  readonly axis?: Axis | undefined;
  readonly keepdims?: boolean | undefined;
}
export interface SumOptions extends ReduceOptions {
  readonly dtype?: DType | undefined;
}
export interface MomentOptions extends ReduceOptions {
  readonly correction?: number | undefined;
}

function reduce(fn: string, x: Node, options: ReduceOptions, recipe: Recipe): Node {
  if (isSelection(x)) {
    return reduceSelection(fn, x, options, recipe, (base, axes, how) =>
      reduceNode(fn, base, axes, without(knownShape(base).length, axes), how),
    );
  }
  const ndim = knownShape(x).length;
  const axes = normalAxes(fn, options.axis, ndim);
  const kept = without(ndim, axes);
  const reduced =
    sumOfParts(fn, x, axes, kept, recipe) ??
    sumOfRepeats(fn, x, axes, recipe) ??
    reduceNode(fn, x, axes, kept, recipe);
  if (options.keepdims !== true) return reduced;
  return axesView(
    reduced,
    Array.from({ length: ndim }, (_, i) => kept.indexOf(i)),
  );
}

const without = (ndim: number, axes: readonly number[]): number[] =>
  Array.from({ length: ndim }, (_, i) => i).filter((i) => !axes.includes(i));

/** Concatenations of more parts than this are summed as one array. */
const MOST_PARTS = 64;

/**
 * The sum (mean) over a concatenated axis is the sum of the parts' sums, from left to right. The order of a float sum is ours
 * to choose as long as it is fixed here, where the sum is built; this one needs no concatenated array.
 */
function sumOfParts(
  fn: string,
  x: Node,
  axes: readonly number[],
  kept: readonly number[],
  recipe: Recipe,
): Node | undefined {
  const { monoid, on, dtype } = recipe;
  if (x.op !== "concat" || x.inputs.length > MOST_PARTS) return undefined;
  if ((monoid !== "sum" && monoid !== "mean") || !axes.includes(x.params.axis)) return undefined;
  const shape = knownShape(x);
  if (shape.includes(0)) return undefined;
  const parts = x.inputs.filter((part) => !knownShape(part).includes(0));
  // A mean is the sum in the dtype of its state, divided once.
  const how: Recipe = monoid === "mean" ? { monoid: "sum", on, dtype: on } : recipe;
  const total = parts
    .map((part) => reduceNode(fn, part, axes, kept, how))
    .reduce((a, b) => binary.add(a, b));
  if (monoid === "sum") return total;
  const elements = axes.reduce((n, a) => n * (shape[a] as number), 1);
  return castNode(binary.divide(total, elements), dtype);
}

/**
 * The sum along an axis that repeats one element is a product (and the mean is that element). For floats that is the
 * correctly rounded value, which no order of adding comes closer to.
 */
function sumOfRepeats(
  fn: string,
  x: Node,
  axes: readonly number[],
  recipe: Recipe,
): Node | undefined {
  const { monoid } = recipe;
  if (x.op !== "view" || isComplex(recipe.dtype)) return undefined;
  if (monoid !== "sum" && monoid !== "mean") return undefined;
  const shape = knownShape(x);
  const { map } = x.params;
  const repeated = axes.filter((a) => (shape[a] as number) > 1 && map.every((m) => m.axis !== a));
  const times = repeated.reduce((n, a) => n * (shape[a] as number), 1);
  if (repeated.length === 0 || shape.includes(0) || times > 2 ** 24) return undefined;
  // Without the axes that repeat.
  const rest = without(shape.length, repeated);
  const once = ir.viewNode(
    x.inputs[0] as Node,
    map.map((m) => (m.axis < 0 ? m : { ...m, axis: rest.indexOf(m.axis) })),
    rest.map((a) => shape[a] as number),
  );
  const left = axes.filter((a) => !repeated.includes(a)).map((a) => rest.indexOf(a));
  const of =
    left.length === 0
      ? castNode(castNode(once, recipe.on), recipe.dtype)
      : reduceNode(fn, once, left, without(rest.length, left), recipe);
  if (monoid === "mean") return of;
  return binary.multiply(of, isFloat(recipe.dtype) ? times : BigInt(times));
}

function reduceNode(
  fn: string,
  x: Node,
  axes: readonly number[],
  kept: readonly number[],
  { monoid, on, dtype, correction = 0 }: Recipe,
): Node {
  const shape = knownShape(x);
  const out = kept.map((i) => shape[i] as number);
  const entering = castNode(x, on);
  const grid = advertisedGrid(entering);
  const chunks = kept.map((i) => grid[i] ?? wholeCuts(1));
  const elements = axes.reduce((n, a) => n * (shape[a] as number), 1);
  if (elementCount(out) === 0) return createNode(constant(0, dtype), out, chunks);
  if (elements === 0) {
    if (!hasIdentity(monoid)) {
      throw new ShapeError(`${fn}: no value for an axis of length 0`, {
        hint: `${fn} of nothing does not exist; the shape is [${shape.join(", ")}]`,
      });
    }
    const value = ofNothing(monoid);
    const both = isComplex(dtype) && Number.isNaN(value);
    return createNode(constant(both ? [Number.NaN, Number.NaN] : value, dtype), out, chunks);
  }
  if (axes.length === 0) {
    // Over no axes every element is its own group: a new axis of length 1 is what is reduced.
    const wide = axesView(entering, [...shape.map((_, i) => i), -1]);
    return reduceNode(fn, wide, [shape.length], [...shape.keys()], {
      monoid,
      on,
      dtype,
      correction,
    });
  }
  const leaves = leafCuts(grid, axes, monoid === "dot");
  return ir.reduceNode(entering, monoid, axes, leaves, on, dtype, correction);
}

function ofNothing(monoid: MonoidName): number | boolean {
  switch (monoid) {
    case "prod":
      return 1;
    case "all":
      return true;
    case "any":
      return false;
    case "mean":
    case "var":
    case "std":
      return Number.NaN;
    default:
      return 0;
  }
}

function real(fn: string, x: Node): DType {
  const dtype = dtypeOf(x);
  if (isComplex(dtype)) {
    throw new DTypeError(`${fn}: ${dtype} is not allowed`, {
      hint: "complex numbers have no order: take real, imag or abs first",
    });
  }
  return dtype;
}

const isInexact = (dtype: DType): boolean => isFloat(dtype) || isComplex(dtype);

/** bool and signed integers accumulate in int64, unsigned ones in uint64, float and complex dtypes stay. */
const wide = (dtype: DType): DType =>
  isInexact(dtype) ? dtype : kindOf(dtype) === "uint" ? "uint64" : "int64";

function accumulate(fn: "sum" | "prod", x: Node, options: SumOptions): Node {
  const from = dtypeOf(x);
  const dtype = options.dtype === undefined ? wide(from) : checkDType(fn, options.dtype);
  if (dtype === "bool") {
    throw new DTypeError(`${fn}: dtype bool is not allowed`, { hint: "use any or all" });
  }
  if (isComplex(from) && !isComplex(dtype)) {
    throw new DTypeError(`${fn}: ${from} cannot become ${dtype}`, {
      hint: "drop the imaginary part with real(x) first",
    });
  }
  if (from === "bool" && fn === "sum" && !isInexact(dtype)) {
    const counted = reduce(fn, x, options, { monoid: "count", on: "bool", dtype: "int64" });
    return castNode(counted, dtype);
  }
  // Integers that are no wider than the result enter as they are: the state is 64 bits wide anyway.
  const asIs = from === dtype || (!isInexact(dtype) && wide(from) === dtype && from !== "bool");
  return reduce(fn, x, options, { monoid: fn, on: asIs ? from : dtype, dtype });
}

/**
 * Sum over `axis` (default: all axes).
 *
 * Integers and bools give int64 (unsigned: uint64) and wrap; float and complex dtypes stay and accumulate in float64
 * (complex128) in the fixed order of `ir/leaves.ts`. `dtype` casts the elements first.
 */
export const sum = (x: Node, options: SumOptions = {}): Node => accumulate("sum", x, options);
/** Sum of products `x` over `axis`, in the order of contractions; integers and complex numbers are plain sums. */
export const dot = (x: Node, axis: readonly number[]): Node => {
  const dtype = dtypeOf(x);
  return isFloat(dtype)
    ? reduce("dot", x, { axis }, { monoid: "dot", on: dtype, dtype })
    : sum(x, { axis, dtype });
};
export const prod = (x: Node, options: SumOptions = {}): Node => accumulate("prod", x, options);

function extreme(fn: "min" | "max", x: Node, options: ReduceOptions): Node {
  const dtype = real(fn, x);
  if (dtype !== "bool") return reduce(fn, x, options, { monoid: fn, on: dtype, dtype });
  // Bools as bytes: any and all would answer for empty axes too, where there is no extreme.
  const byte = reduce(fn, x, options, { monoid: fn, on: "uint8", dtype: "uint8" });
  return castNode(byte, "bool");
}
/** Least element; NaN if there is one. Empty axes are a ShapeError. */
export const min = (x: Node, options: ReduceOptions = {}): Node => extreme("min", x, options);
export const max = (x: Node, options: ReduceOptions = {}): Node => extreme("max", x, options);

/** Integers and bools are averaged as float64. */
const inexactOf = (dtype: DType): DType => (isInexact(dtype) ? dtype : "float64");
/** What the moments of a dtype accumulate. */
const widest = (dtype: DType): DType => (isComplex(dtype) ? "complex128" : "float64");

/** Arithmetic mean; integers and bools give float64, float32 and complex dtypes stay. Over nothing: NaN. */
export const mean = (x: Node, options: ReduceOptions = {}): Node => {
  const dtype = inexactOf(dtypeOf(x));
  return reduce("mean", x, options, { monoid: "mean", on: widest(dtype), dtype });
};

function moment(fn: "var" | "std", x: Node, options: MomentOptions): Node {
  const from = inexactOf(dtypeOf(x));
  const correction = options.correction ?? 0;
  if (typeof correction !== "number" || !Number.isFinite(correction)) {
    throw new OptionError(
      `${fn}: correction must be a finite number, got ${valueText(correction)}`,
    );
  }
  return reduce(fn, x, options, {
    monoid: fn,
    on: widest(from),
    dtype: partOf(from),
    correction,
  });
}
/**
 * Variance: the sum of squared deviations divided by `n - correction`; of complex numbers the deviations' squared
 * magnitudes, a real result.
 */
export const variance = (x: Node, options: MomentOptions = {}): Node => moment("var", x, options);
export const std = (x: Node, options: MomentOptions = {}): Node => moment("std", x, options);

/** Whether any (all) elements are true, or not 0; NaN is not 0. */
export const any = (x: Node, options: ReduceOptions = {}): Node =>
  reduce("any", x, options, { monoid: "any", on: "bool", dtype: "bool" });
export const all = (x: Node, options: ReduceOptions = {}): Node =>
  reduce("all", x, options, { monoid: "all", on: "bool", dtype: "bool" });
export const countNonzero = (x: Node, options: ReduceOptions = {}): Node =>
  reduce("countNonzero", x, options, { monoid: "count", on: "bool", dtype: "int64" });

export interface ArgOptions {
  readonly axis?: number | null | undefined;
  readonly keepdims?: boolean | undefined;
}
function position(fn: "argmin" | "argmax", x: Node, options: ArgOptions): Node {
  const dtype = real(fn, x);
  if (Array.isArray(options.axis)) {
    throw new ShapeError(`${fn}: axis must be one integer or null, got ${valueText(options.axis)}`);
  }
  // Bools as bytes, so that order comparisons exist.
  return reduce(fn, x, options, {
    monoid: fn,
    on: dtype === "bool" ? "uint8" : dtype,
    dtype: "int64",
  });
}
/** Position of the first least (greatest) element along `axis`; `null`: in the row-major order of all elements. */
export const argmin = (x: Node, options: ArgOptions = {}): Node => position("argmin", x, options);
export const argmax = (x: Node, options: ArgOptions = {}): Node => position("argmax", x, options);
