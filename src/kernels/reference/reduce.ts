/**
 * Reductions: leaf by leaf, then leaf states in the dyadic tree, exactly in the order that `ir/leaves.ts` fixes.
 * Merging and finishing run the scalar trees of `ir/monoid.ts`.
 */
import { InternalError } from "../../errors.js";
import { pieceSizes } from "../../ir/cuts.js";
import { type DType, isComplex, isFloat } from "../../ir/dtype.js";
import { elementCount, ravel } from "../../ir/index-map.js";
import { DOT_RUN } from "../../ir/leaves.js";
import {
  finishTree,
  identityState,
  type LeafMonoid,
  leafMonoidOf,
  mergeTrees,
  stateDTypes,
} from "../../ir/monoid.js";
import type { ReduceNode } from "../../ir/node.js";
import { valueOf as constantValue } from "../../ir/scalar.js";
import { allocate, type Elements, getElement, positions, setElement } from "./arrays.js";
import { castElement, type Element } from "./cast.js";
import { scalarFunction, type TreeFunction, treeFunction } from "./scalar.js";

/** The state of some elements and how many they are. */
interface State {
  readonly values: readonly Element[];
  readonly count: number;
}

/** One leaf box: its rows in order, and the place of its first element among the reduced axes. */
interface LeafBox {
  readonly start: readonly number[];
  readonly shape: readonly number[];
}

/** Result of a `reduce` node over the array of its input. */
export function reduceArray(node: ReduceNode, input: Elements): Elements {
  const { axes, leaves, on, monoid, correction } = node.params;
  const { dtype } = node.outs[0];
  const kept = input.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const out = allocate(
    dtype,
    kept.map((axis) => input.shape[axis] as number),
  );
  const extents = axes.map((axis) => input.shape[axis] as number);
  const count = elementCount(extents);
  const leafMonoid = leafMonoidOf(monoid);
  const finish = treeFunction(finishTree(monoid, on, dtype, count, correction));
  const merge = mergeFunction(leafMonoid, on);
  const sizes = leaves.map((cuts) => [...pieceSizes(cuts)]);
  for (const outside of positions(out.shape)) {
    const element = (inside: readonly number[]): Element => {
      const position = new Array<number>(input.shape.length);
      kept.forEach((axis, i) => {
        position[axis] = outside[i] as number;
      });
      axes.forEach((axis, i) => {
        position[axis] = inside[i] as number;
      });
      return castElement(getElement(input, position), input.dtype, on);
    };
    const state =
      count === 0
        ? identity(leafMonoid, on)
        : reduceBoxes(sizes, (box) => leafState(leafMonoid, on, box, extents, element), merge);
    setElement(out, outside, finish(state.values, []));
  }
  return out;
}

function identity(monoid: LeafMonoid, on: DType): State {
  const values = identityState(monoid, on).map((c) => {
    const value = constantValue(c);
    return typeof value === "boolean" ? Number(value) : value;
  });
  return { values, count: 0 };
}

/** Merges `b` into `a`; moments are also told the two counts. */
function mergeFunction(monoid: LeafMonoid, on: DType): (a: State, b: State) => State {
  const trees: readonly TreeFunction[] = mergeTrees(monoid, on).map(treeFunction);
  return (a, b) => {
    const args = [...a.values, ...b.values, a.count, b.count];
    return { values: trees.map((tree) => tree(args, [])), count: a.count + b.count };
  };
}

/**
 * The states of all leaf boxes, the last axis' tree innermost: for every leaf of the leading axes the trees of
 * the axes behind it are completed first.
 */
function reduceBoxes(
  sizes: readonly (readonly number[])[],
  leaf: (box: LeafBox) => State,
  merge: (a: State, b: State) => State,
): State {
  const starts = sizes.map((axis) =>
    axis.map((_, n) => axis.slice(0, n).reduce((a, b) => a + b, 0)),
  );
  let states: State[] = [];
  for (const at of positions(sizes.map((axis) => axis.length))) {
    const start = at.map((leafNumber, k) => starts[k]?.[leafNumber] as number);
    const shape = at.map((leafNumber, k) => sizes[k]?.[leafNumber] as number);
    states.push(leaf({ start, shape }));
  }
  for (let axis = sizes.length - 1; axis >= 0; axis--) {
    const length = (sizes[axis] as readonly number[]).length;
    const complete: State[] = [];
    for (let from = 0; from < states.length; from += length) {
      complete.push(mergeLeaves(states.slice(from, from + length), merge));
    }
    states = complete;
  }
  return states[0] as State;
}

/** One axis' tree: neighbours (0, 1), (2, 3), ... merge, a last one alone goes up, until one is left. */
function mergeLeaves(leaves: readonly State[], merge: (a: State, b: State) => State): State {
  let level = leaves;
  while (level.length > 1) {
    const above: State[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const left = level[i] as State;
      const right = level[i + 1];
      above.push(right === undefined ? left : merge(left, right));
    }
    level = above;
  }
  return level[0] as State;
}

/** State of one leaf box. `element` takes a position along the reduced axes. */
function leafState(
  monoid: LeafMonoid,
  on: DType,
  box: LeafBox,
  extents: readonly number[],
  element: (inside: readonly number[]) => Element,
): State {
  const count = elementCount(box.shape);
  if (isComplex(on) && (monoid === "sum" || monoid === "prod" || monoid === "moments")) {
    return complexState(monoid, box, element);
  }
  const rows = rowsOf(box);
  const [state] = stateDTypes(monoid, on) as readonly [DType];
  const values = (): Element[][] =>
    rows.map((row) => row.map((p) => castElement(element(p), on, state)));
  switch (monoid) {
    case "sum":
    case "prod":
      return { values: [accumulate(monoid, state, values())], count };
    case "dot": {
      const products = rows.map((row) => row.map(element) as number[]);
      return { values: [dotRows(on, products)], count };
    }
    case "moments": {
      const x = values() as number[][];
      const mean = (accumulate("sum", state, x) as number) / count;
      const squares = x.map((row) => row.map((v) => (v - mean) * (v - mean)));
      return { values: [mean, accumulate("sum", state, squares)], count };
    }
    case "min":
    case "max": {
      const pick = scalarFunction(monoid === "min" ? "minimum" : "maximum", on);
      return {
        values: [
          rows
            .flat()
            .map(element)
            .reduce((a, b) => pick(a, b)),
        ],
        count,
      };
    }
    case "any":
    case "all": {
      const truths = rows.flat().map((p) => castElement(element(p), on, "bool") !== 0);
      const value = monoid === "any" ? truths.includes(true) : !truths.includes(false);
      return { values: [Number(value)], count };
    }
    case "count": {
      const truths = rows.flat().filter((p) => castElement(element(p), on, "bool") !== 0);
      return { values: [BigInt(truths.length)], count };
    }
    case "argmin":
    case "argmax": {
      const merge = mergeFunction(monoid, on);
      const single = (p: readonly number[]): State => ({
        values: [element(p), BigInt(ravel(p, extents))],
        count: 1,
      });
      return rows.flat().map(single).reduce(merge);
    }
  }
}

/** Complex sums and moments are those of the parts; products multiply pairs. */
function complexState(
  monoid: "sum" | "prod" | "moments",
  box: LeafBox,
  element: (inside: readonly number[]) => Element,
): State {
  const count = elementCount(box.shape);
  if (monoid === "prod") {
    const rows = rowsOf(box).map((row) => row.map(element));
    return { values: accumulate("prod", "complex128", rows) as readonly [number, number], count };
  }
  const part = (half: 0 | 1): State =>
    leafState(monoid, "float64", box, [], (p) => (element(p) as readonly [number, number])[half]);
  return { values: [...part(0).values, ...part(1).values], count };
}

/** Positions of a leaf box, one list per row; a row runs along the last reduced axis. */
function rowsOf(box: LeafBox): number[][][] {
  const length = box.shape.at(-1) ?? 1;
  const rows: number[][][] = [];
  let row: number[][] = [];
  for (const at of positions(box.shape)) {
    row.push(at.map((p, k) => p + (box.start[k] as number)));
    if (row.length === length) {
      rows.push(row);
      row = [];
    }
  }
  return rows;
}

/** Sum of rows of products: runs in their own dtype, their sums in float64. */
function dotRows(on: DType, rows: readonly (readonly number[])[]): number {
  const round = on === "float32" ? Math.fround : (x: number): number => x;
  let total = -0;
  for (const row of rows) {
    for (let start = 0; start < row.length; start += DOT_RUN) {
      const run = row.slice(start, start + DOT_RUN);
      total += run.reduce((sum, product) => round(sum + product));
    }
  }
  return total;
}

/** Sum or product of rows in the order of `ir/leaves.ts`: two running values, groups of eight, then the rest. */
function accumulate(
  monoid: "sum" | "prod",
  state: DType,
  rows: readonly (readonly Element[])[],
): Element {
  const inexact = isFloat(state) || isComplex(state);
  if (!inexact && state !== "int64" && state !== "uint64") {
    throw new InternalError(`a ${monoid} has no ${state} state`);
  }
  const f = scalarFunction(monoid === "sum" ? "add" : "multiply", state);
  const first = monoid === "sum" ? -0 : 1;
  const start: Element = isComplex(state) ? [first, 0] : inexact ? first : BigInt(first);
  let even: Element = start;
  let odd: Element = start;
  for (const row of rows) {
    const x = (i: number): Element => row[i] as Element;
    let i = 0;
    for (; i + 8 <= row.length; i += 8) {
      even = f(even, f(f(x(i), x(i + 2)), f(x(i + 4), x(i + 6))));
      odd = f(odd, f(f(x(i + 1), x(i + 3)), f(x(i + 5), x(i + 7))));
    }
    for (let place = 0; i < row.length; i++, place++) {
      if (place % 2 === 0) even = f(even, x(i));
      else odd = f(odd, x(i));
    }
  }
  return f(even, odd);
}
