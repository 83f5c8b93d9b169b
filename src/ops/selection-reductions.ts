/**
 * Reductions over boolean selections, without making the selection: what is not selected counts as the identity of the
 * reduction. Only how many elements there are has to be counted beside it.
 */
import { ShapeError } from "../errors.js";
import * as ir from "../ir/build.js";
import { type DType, integerRange, isComplex, isFloat, isInteger } from "../ir/dtype.js";
import { advertisedGrid } from "../ir/grid.js";
import type { MonoidName } from "../ir/monoid.js";
import { type CompressNode, dtypeOf, knownShape, type Node } from "../ir/node.js";
import { arg, call, cast, constant, indexOf, type Scalar } from "../ir/scalar.js";
import { normalAxes } from "./axes.js";
import { castNode, createNode, mapNode } from "./build.js";
import { type Selection, selectionNode, selectionOf } from "./masks.js";
import { axesView } from "./views.js";

export interface Recipe {
  readonly monoid: MonoidName;
  /** Dtype in which elements enter. */
  readonly on: DType;
  readonly dtype: DType;
  readonly correction?: number;
}

/** Reduces an array of known shape over axes, which vanish. */
export type Reduce = (x: Node, axes: readonly number[], recipe: Recipe) => Node;

export function reduceSelection(
  fn: string,
  node: CompressNode,
  options: { readonly axis?: unknown; readonly keepdims?: boolean | undefined },
  recipe: Recipe,
  reduce: Reduce,
): Node {
  const selection = selectionOf(node);
  const rank = knownShape(selection.mask).length;
  const { axis } = selection;
  const ndim = node.outs[0].shape.length;
  const axes = normalAxes(fn, options.axis, ndim);
  // Axes of the result as axes of what is selected from.
  const inner = (a: number): number => (a > axis ? a + rank - 1 : a);
  const others = axes.filter((a) => a !== axis).map(inner);
  const kept = Array.from({ length: ndim }, (_, i) => i).filter((i) => !axes.includes(i));
  const keep = (reduced: Node): Node =>
    options.keepdims === true
      ? axesView(
          reduced,
          Array.from({ length: ndim }, (_, i) => kept.indexOf(i)),
        )
      : reduced;
  if (!axes.includes(axis)) {
    const reduced = castNode(
      reduce(castNode(selection.x, recipe.on), others, recipe),
      recipe.dtype,
    );
    const before = others.filter((a) => a < axis).length;
    const moved = selectionNode({ ...selection, x: reduced, axis: axis - before });
    if (options.keepdims !== true) return moved;
    // The kept axes are new axes of length 1 of what is selected from.
    const base = selectionOf(moved as CompressNode);
    const width = ndim + rank - 1;
    const places: number[] = [];
    let next = 0;
    for (let i = 0; i < width; i++) places.push(others.includes(i) ? -1 : next++);
    return selectionNode({ ...selection, x: axesView(base.x, places), axis });
  }
  const selected = Array.from({ length: rank }, (_, i) => axis + i);
  const whole = [...others, ...selected].sort((a, b) => a - b);
  return keep(overMask(fn, selection, whole, axes, recipe, reduce));
}

/** The mask with the rank of what it selects from. */
function alignedMask({ x, mask, axis }: Selection): Node {
  const rank = knownShape(mask).length;
  return axesView(
    mask,
    knownShape(x).map((_, i) => (i >= axis && i < axis + rank ? i - axis : -1)),
  );
}

function overMask(
  fn: string,
  selection: Selection,
  whole: readonly number[],
  axes: readonly number[],
  recipe: Recipe,
  reduce: Reduce,
): Node {
  const { monoid, on, dtype } = recipe;
  const mask = alignedMask(selection);
  const x = castNode(selection.x, on);
  const masked = (value: Scalar): Node =>
    mapNode(fn, [mask, x], call("where", on, arg(0, "bool"), arg(1, on), value));
  switch (monoid) {
    case "sum":
    case "dot":
    case "any":
    case "count": {
      const nothing = monoid === "sum" || monoid === "dot" ? 0 : false;
      return reduce(masked(constant(nothing, on)), whole, recipe);
    }
    case "prod":
    case "all":
      return reduce(masked(constant(monoid === "prod" ? 1 : true, on)), whole, recipe);
    case "min":
    case "max": {
      const extreme = reduce(masked(neutral(monoid, on)), whole, recipe);
      return required(fn, extreme, counted(selection, whole));
    }
    case "mean":
      return castNode(meanOf(fn, selection, masked, whole, on, reduce), dtype);
    case "var":
    case "std":
      return momentOf(fn, selection, mask, x, whole, recipe, reduce);
    case "argmin":
    case "argmax":
      if (axes.length !== 1 || whole.length !== knownShape(selection.mask).length) {
        throw new ShapeError(`${fn}: over several axes of a boolean selection`, {
          hint: "name the axis of the selection, or use await x.measure() first",
        });
      }
      return required(
        fn,
        positionOf(fn, selection, mask, x, masked, whole, recipe, reduce),
        counted(selection, whole),
      );
  }
}

/** How many elements one result is made of; 0-d, float64. */
function counted(selection: Selection, whole: readonly number[]): Node {
  const { x, mask, axis } = selection;
  const rank = knownShape(mask).length;
  const times = whole
    .filter((a) => a < axis || a >= axis + rank)
    .reduce((n, a) => n * (knownShape(x)[a] as number), 1);
  const measure = (selectionNode(selection) as CompressNode).outs[0].shape[axis];
  const count = (measure as { readonly measure: Node }).measure;
  const f = "float64";
  return mapNode(
    "count",
    [count],
    call("multiply", f, cast(arg(0, "int64"), f), constant(times, f)),
  );
}

/** Loses against every other value. */
function neutral(monoid: "min" | "max" | "argmin" | "argmax", on: DType): Scalar {
  const least = monoid === "min" || monoid === "argmin";
  if (isFloat(on)) return constant(least ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY, on);
  if (!isInteger(on)) return constant(least, on);
  const [low, high] = integerRange(on);
  return constant(least ? high : low, on);
}

/** The value, or an error when the plan runs and nothing was selected. */
function required(fn: string, value: Node, count: Node): Node {
  const shape = knownShape(value);
  if (shape.includes(0)) return value;
  const loop = advertisedGrid(value);
  const follow = loop.map((cuts, axis) => ({ loop: axis, cuts }));
  return ir.callNode(
    [value, count],
    {
      fn: ir.builtInFunction("required", { fn }),
      loop,
      args: [follow, []],
      results: [follow],
      observes: "values",
      inputs: "view",
      scratchBytes: 0,
    },
    [{ shape, dtype: dtypeOf(value) }],
  );
}

const FLOAT: Recipe = { monoid: "sum", on: "float64", dtype: "float64" };

/** The mean, in the dtype in which elements enter: float64 or complex128. */
function meanOf(
  fn: string,
  selection: Selection,
  masked: (value: Scalar) => Node,
  whole: readonly number[],
  on: DType,
  reduce: Reduce,
): Node {
  const total = reduce(masked(constant(0, on)), whole, { monoid: "sum", on, dtype: on });
  const count = cast(arg(1, "float64"), on);
  return mapNode(fn, [total, counted(selection, whole)], call("divide", on, arg(0, on), count));
}

/** `|x|^2` of an element that is float64 or complex128. */
function squared(x: Scalar, on: DType): Scalar {
  const f = "float64";
  if (!isComplex(on)) return call("multiply", f, x, x);
  const [re, im] = [cast(x, f), call("imag", on, x)];
  return call("add", f, call("multiply", f, re, re), call("multiply", f, im, im));
}

/** Two passes: the mean, then the squared deviations from it. */
function momentOf(
  fn: string,
  selection: Selection,
  mask: Node,
  x: Node,
  whole: readonly number[],
  { monoid, on, dtype, correction = 0 }: Recipe,
  reduce: Reduce,
): Node {
  const f = "float64";
  const zero = constant(0, f);
  const masked = (value: Scalar): Node =>
    mapNode(fn, [mask, x], call("where", on, arg(0, "bool"), arg(1, on), value));
  const mean = meanOf(fn, selection, masked, whole, on, reduce);
  const kept = knownShape(x)
    .map((_, i) => i)
    .filter((i) => !whole.includes(i));
  const wide = axesView(
    mean,
    knownShape(x).map((_, i) => kept.indexOf(i)),
  );
  const deviation = call("subtract", on, arg(1, on), arg(2, on));
  const squares = mapNode(
    fn,
    [mask, x, wide],
    call("where", f, arg(0, "bool"), squared(deviation, on), zero),
  );
  const count = counted(selection, whole);
  const freedom = call("maximum", f, call("subtract", f, arg(1, f), constant(correction, f)), zero);
  const variance = call("divide", f, arg(0, f), freedom);
  const tree = monoid === "std" ? call("sqrt", f, variance) : variance;
  return castNode(mapNode(fn, [reduce(squares, whole, FLOAT), count], tree), dtype);
}

/** The extreme value, where it is first, and how many elements are selected before that place. */
function positionOf(
  fn: string,
  selection: Selection,
  mask: Node,
  x: Node,
  masked: (value: Scalar) => Node,
  whole: readonly number[],
  { monoid, on }: Recipe,
  reduce: Reduce,
): Node {
  const least = monoid === "argmin";
  const name = least ? "min" : "max";
  const shape = knownShape(x);
  const kept = shape.map((_, i) => i).filter((i) => !whole.includes(i));
  const wide = (node: Node): Node =>
    axesView(
      node,
      shape.map((_, i) => kept.indexOf(i)),
    );
  const best = reduce(masked(neutral(least ? "argmin" : "argmax", on)), whole, {
    monoid: name,
    on,
    dtype: on,
  });
  const same = call("equal", on, arg(1, on), arg(2, on));
  const isBest = isFloat(on)
    ? call(
        "bitwiseOr",
        "bool",
        same,
        call("bitwiseAnd", "bool", call("isnan", on, arg(1, on)), call("isnan", on, arg(2, on))),
      )
    : same;
  const hit = call("bitwiseAnd", "bool", arg(0, "bool"), isBest);
  const far = constant(Number.MAX_SAFE_INTEGER, "int64");
  const place = flatPlace(selection, shape);
  const first = reduce(
    mapNode(fn, [mask, x, wide(best), place], call("where", "int64", hit, arg(3, "int64"), far)),
    whole,
    { monoid: "min", on: "int64", dtype: "int64" },
  );
  const before = call(
    "bitwiseAnd",
    "bool",
    arg(0, "bool"),
    call("less", "int64", arg(1, "int64"), arg(2, "int64")),
  );
  return reduce(mapNode(fn, [mask, place, wide(first)], before), whole, {
    monoid: "count",
    on: "bool",
    dtype: "int64",
  });
}

/** Row-major number of a position within the axes of the mask. */
function flatPlace({ mask, axis }: Selection, shape: readonly number[]): Node {
  const lengths = knownShape(mask);
  let tree: Scalar = constant(0, "int64");
  lengths.forEach((n, i) => {
    const scaled = i === 0 ? tree : call("multiply", "int64", tree, constant(n, "int64"));
    tree = i === 0 ? indexOf(axis) : call("add", "int64", scaled, indexOf(axis + i));
  });
  const own = shape.map((n, i) => (i >= axis && i < axis + lengths.length ? n : 1));
  return createNode(
    tree,
    own,
    own.map((n) => [{ size: n, repeat: 1 }]),
  );
}
