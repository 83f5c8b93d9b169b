/**
 * Selections by arrays of positions, by NumPy's rules: the arrays broadcast together; the axes that they make stand
 * where the arrays stood if these were side by side (integers beside arrays count as arrays), else in front.
 *
 * Slices and integers become a view first. One constant array is a gather, which reads what it takes and no more;
 * everything else is a lookup, for which constant arrays are first made short: x is narrowed to the positions that
 * occur at all.
 */
import * as ir from "../ir/build.js";
import { wholeCuts } from "../ir/cuts.js";
import { isInteger, itemSize, kindOf } from "../ir/dtype.js";
import { autoChunks } from "../ir/grid.js";
import { type AxisMap, elementCount, fixedAxis } from "../ir/index-map.js";
import { dtypeOf, type IndexList, knownShape, type LookupAxis, type Node } from "../ir/node.js";
import { arg, call, cast, constant, indexOf } from "../ir/scalar.js";
import { broadcastShapes } from "./axes.js";
import { axesView, broadcastNode, createNode, mapNode, viewNode } from "./build.js";
import type { Positions } from "./positions.js";
import { layoutNode } from "./rechunk.js";
import { indexShape, type Selected } from "./selectors.js";

type ArraySelected = Selected & { kind: "positions" | "lazy" };
const isArray = (s: Selected): s is ArraySelected => s.kind === "positions" || s.kind === "lazy";

/** An axis of the result: new, kept from an axis of the view part, or one that the arrays make together. */
export type Token =
  | { readonly kind: "new" }
  | { readonly kind: "kept"; readonly axis: number }
  | { readonly kind: "made"; readonly axis: number };

/** How the result of a selection is laid out. */
export interface Layout {
  /** The arrays, in order. */
  readonly arrays: readonly ArraySelected[];
  /** The shape that they broadcast to. */
  readonly made: readonly number[];
  /** The result's axes; `kept` names axes of x. */
  readonly tokens: readonly Token[];
}

/** NumPy's rules on where axes go. */
export function layoutOf(fn: string, selected: readonly Selected[]): Layout {
  const arrays = selected.filter(isArray);
  const made = broadcastShapes(fn, arrays.map(indexShape));
  const advanced = selected.flatMap((s, i) => (isArray(s) || s.kind === "integer" ? [i] : []));
  const together = advanced.every((n, k) => n === (advanced[0] as number) + k);
  const tokens: Token[] = [];
  let place = 0;
  selected.forEach((s, i) => {
    if (i === advanced[0] && together) place = tokens.length;
    if (s.kind === "newaxis") tokens.push({ kind: "new" });
    else if (s.kind === "slice") tokens.push({ kind: "kept", axis: s.axis });
  });
  tokens.splice(place, 0, ...made.map((_, axis): Token => ({ kind: "made", axis })));
  return { arrays, made, tokens };
}

/** A selection with at least one array. */
export function selectByArrays(fn: string, x: Node, selected: readonly Selected[]): Node {
  const layout = layoutOf(fn, selected);
  const { base, axisIn } = viewPart(x, selected);
  const [only] = layout.arrays as [ArraySelected];
  const tokens = layout.tokens.map(
    (t): Token => (t.kind === "kept" ? { ...t, axis: axisIn(t.axis) } : t),
  );
  if (layout.arrays.length === 1 && only.kind === "positions") {
    return gathered(base, only.positions, axisIn(only.axis), tokens);
  }
  const indexed = layout.arrays.map((a) => ({ ...a, at: axisIn(a.axis) }));
  return lookedUp(base, indexed, layout.made, tokens);
}

/** Slices and integers as a view; `axisIn` says which axis of it an axis of x is. */
function viewPart(
  x: Node,
  selected: readonly Selected[],
): { readonly base: Node; readonly axisIn: (axis: number) => number } {
  const shape = knownShape(x);
  const map: AxisMap[] = [];
  const out: number[] = [];
  for (const s of selected) {
    if (s.kind === "integer") map.push(fixedAxis(s.position));
    else if (s.kind === "slice") {
      map.push({ axis: out.length, start: s.slice.start, step: s.slice.step });
      out.push(s.slice.count);
    } else if (isArray(s)) {
      map.push({ axis: out.length, start: 0, step: 1 });
      out.push(shape[s.axis] as number);
    }
  }
  return { base: viewNode(x, map, out), axisIn: (axis) => (map[axis] as AxisMap).axis };
}

/** One constant array along an axis of `base`, its axes and new ones in place. */
function gathered(
  base: Node,
  { values, shape }: Positions,
  along: number,
  tokens: readonly Token[],
): Node {
  const lengths = knownShape(base);
  const flat = takeAxis(base, values, along);
  const full = [...lengths.slice(0, along), ...shape, ...lengths.slice(along + 1)];
  const whole = shape.length === 1 ? flat : ir.reshapeNode(flat, full);
  const more = shape.length - 1;
  return arranged(whole, tokens, (t) =>
    t.kind === "made" ? along + t.axis : t.axis < along ? t.axis : t.axis + more,
  );
}

/** The axes of `x` in the order of the tokens; `axisOf` says where each is now. */
function arranged(
  x: Node,
  tokens: readonly Token[],
  axisOf: (token: Token & { kind: "kept" | "made" }) => number,
): Node {
  return axesView(
    x,
    tokens.map((t) => (t.kind === "new" ? -1 : axisOf(t))),
  );
}

interface Indexed {
  readonly kind: "positions" | "lazy";
  /** Axis of x in the words of the user, and axis of the view part. */
  readonly axis: number;
  readonly at: number;
}

function lookedUp(
  base: Node,
  indexed: readonly (ArraySelected & Indexed)[],
  made: readonly number[],
  tokens: readonly Token[],
): Node {
  let narrow = base;
  const flat = indexed.map((a) => {
    if (a.kind === "lazy") return wrapped(a.index, knownShape(base)[a.at] as number);
    const { used, ranks } = distinct(a.positions.values);
    if (2 * used.length > (knownShape(base)[a.at] as number)) {
      return constantIndex(a.positions, knownShape(base)[a.at] as number);
    }
    narrow = takeAxis(narrow, used, a.at);
    return constantIndex({ values: ranks, shape: a.positions.shape }, used.length);
  });
  const order = tokens.filter((t) => t.kind !== "new");
  const lengths = knownShape(narrow);
  const shape = order.map((t) => (t.kind === "made" ? made[t.axis] : lengths[t.axis]) as number);
  const madeAt = made.map((_, axis) =>
    order.findIndex((t) => t.kind === "made" && t.axis === axis),
  );
  const indices = flat.map((index) => placed(index, madeAt, order.length));
  const axes = lengths.map((_, axis): LookupAxis => {
    const input = indexed.findIndex((a) => a.at === axis);
    if (input >= 0) {
      return { from: "index", input: input + 1, named: (indexed[input] as Indexed).axis };
    }
    return { from: "axis", axis: order.findIndex((t) => t.kind === "kept" && t.axis === axis) };
  });
  return arranged(ir.lookupNode(narrow, indices, axes, shape), tokens, (t) => order.indexOf(t));
}

/** An index whose axes, aligned at the last, stand at `madeAt` among `rank` axes; the others have length 1. */
export function placed(index: Node, madeAt: readonly number[], rank: number): Node {
  const own = knownShape(index).length;
  const axes = new Array<number>(rank).fill(-1);
  madeAt.slice(madeAt.length - own).forEach((at, axis) => {
    axes[at] = axis;
  });
  return axesView(index, axes);
}

/** The different values, ascending, and for each value which of them it is. */
function distinct(values: Float64Array): {
  readonly used: Float64Array;
  readonly ranks: Float64Array;
} {
  const used = Float64Array.from(new Set(values)).sort();
  const rankOf = new Map(Array.from(used, (v, i) => [v, i]));
  return { used, ranks: values.map((v) => rankOf.get(v) as number) };
}

/** Lazy positions as int64 that count from the beginning; those out of range stay so. */
export function wrapped(index: Node, extent: number): Node {
  const dtype = dtypeOf(index);
  if (kindOf(dtype) === "uint" && isInteger(dtype)) {
    // What int64 cannot hold is out of range all the same.
    const most = constant(2n ** 63n - 1n, "uint64");
    const given = arg(0, dtype);
    const held = dtype === "uint64" ? call("minimum", "uint64", given, most) : given;
    return mapNode("at", [index], cast(held, "int64"));
  }
  const i = cast(arg(0, dtype), "int64");
  const negative = call("less", "int64", i, constant(0, "int64"));
  const fromEnd = call("add", "int64", i, constant(extent, "int64"));
  return mapNode("at", [index], call("where", "int64", negative, fromEnd, i));
}

/** Above this length an index is looked up in two digits. */
const LONG_AXIS = 2 ** 20;
const DIGIT = 2 ** 16;

/** Constant positions below `extent` as an int64 array, in blocks of its own. */
export function constantIndex(positions: Positions, extent: number): Node {
  return layoutNode(taken(positions, extent), autoChunks(positions.shape, itemSize("int64")));
}

/** They are taken from the positions of an axis. */
function taken({ values, shape }: Positions, extent: number): Node {
  const first = values[0] ?? 0;
  if (values.every((v) => v === first)) {
    return createNode(constant(first, "int64"), shape, shape.map(wholeCuts));
  }
  const digit = (of: Float64Array, base: number): Node => {
    const count = createNode(indexOf(0), [base], [wholeCuts(base)]);
    const list = takeAxis(count, of, 0);
    return shape.length === 1 ? list : ir.reshapeNode(list, shape);
  };
  if (extent <= LONG_AXIS) return digit(values, extent);
  const low = digit(
    values.map((v) => v % DIGIT),
    DIGIT,
  );
  const high = digit(
    values.map((v) => Math.floor(v / DIGIT)),
    Math.ceil(extent / DIGIT),
  );
  const scaled = call("multiply", "int64", arg(1, "int64"), constant(DIGIT, "int64"));
  return mapNode("at", [low, high], call("add", "int64", arg(0, "int64"), scaled));
}

/** `x` and an index of the same rank, which broadcast but for the axis that is looked up. */
export function takeBroadcast(x: Node, index: Node | Positions, along: number): Node {
  const shape = knownShape(x);
  const extent = shape[along] as number;
  const node = "values" in index ? constantIndex(index, extent) : wrapped(index, extent);
  const others = (of: readonly number[]): number[] => of.map((n, i) => (i === along ? 1 : n));
  const common = broadcastShapes("takeAlongAxis", [others(shape), others(knownShape(node))]);
  const out = common.map((n, i) => (i === along ? (knownShape(node)[i] as number) : n));
  const wide = broadcastNode(
    "takeAlongAxis",
    x,
    common.map((n, i) => (i === along ? extent : n)),
  );
  const axes = shape.map(
    (_, axis): LookupAxis =>
      axis === along ? { from: "index", input: 1, named: axis } : { from: "axis", axis },
  );
  return ir.lookupNode(wide, [node], axes, out);
}

/** Elements at the positions of a list that is in range and in use more than once. */
export const takeList = (x: Node, list: IndexList, axis: number): Node =>
  ir.gatherNode(x, axis, list);

/** `values` are in range. An even progression is a view; anything else a gather. */
export function takeAxis(x: Node, values: Float64Array, axis: number): Node {
  const shape = knownShape(x).map((n, i) => (i === axis ? values.length : n));
  const start = values[0] ?? 0;
  const step = values.length > 1 ? (values[1] as number) - start : 1;
  if (step !== 0 && values.every((v, i) => v === start + step * i)) {
    const map = shape.map(
      (_, i): AxisMap => (i === axis ? { axis: i, start, step } : { axis: i, start: 0, step: 1 }),
    );
    return viewNode(x, map, shape);
  }
  return ir.gatherNode(x, axis, ir.indexList(values));
}

/** Number of elements of a layout's result, given the lengths of x after its view part. */
export const layoutShape = (
  { made, tokens }: Layout,
  lengthOf: (axis: number) => number,
): number[] =>
  tokens.map((t) =>
    t.kind === "new" ? 1 : t.kind === "made" ? (made[t.axis] as number) : lengthOf(t.axis),
  );

export const isEmpty = (shape: readonly number[]): boolean => elementCount(shape) === 0;
