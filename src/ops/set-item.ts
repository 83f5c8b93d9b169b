/**
 * Assignment without mutation: `setItem(x, selectors, value)` is x with the value in what the selectors select.
 *
 * A box of contiguous ranges is put together with what lies around it, axis by axis, so that of x only the rest is
 * computed; where the value does not vary, or the steps are wider, it is a choice per element; arrays of positions
 * are a scatter into the part that the slices select, which is then assigned as a box.
 */
import { DTypeError, IndexError, ShapeError } from "../errors.js";
import * as ir from "../ir/build.js";
import { type Cuts, wholeCuts } from "../ir/cuts.js";
import { type DType, type DTypeKind, kindOf } from "../ir/dtype.js";
import { advertisedGrid } from "../ir/grid.js";
import { type AxisMap, fixedAxis } from "../ir/index-map.js";
import { type CompressNode, dtypeOf, knownShape, type LookupAxis, type Node } from "../ir/node.js";
import { arg, call, constant, indexOf, type Scalar } from "../ir/scalar.js";
import {
  constantIndex,
  isEmpty,
  type Layout,
  layoutOf,
  layoutShape,
  placed,
  wrapped,
} from "./advanced.js";
import {
  axesView,
  broadcastNode,
  castNode,
  createNode,
  isNode,
  mapNode,
  type Operand,
  toRank,
  viewNode,
} from "./build.js";
import { isSelection, selectionOf } from "./masks.js";
import { isJsScalar, notAnOperand, scalarTree } from "./operand.js";
import { isMask } from "./positions.js";
import { layoutNode } from "./rechunk.js";
import { normalSelectors, type Selected, spelledOut } from "./selectors.js";
import { shapeText } from "./words.js";

/** What is assigned along one axis of x: positions `start + step * i`, i < count, step > 0. */
interface Range {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/**
 * `x` with `value`, which broadcasts to the selection, in place of what the selectors select. Arrays are cast to the
 * dtype of x if their kind allows it (bool, unsigned, signed, float, complex: never back); scalars must fit it.
 */
export function setItem(x: Node, given: readonly unknown[], value: Operand): Node {
  const selectors = spelledOut(given);
  const node = valueNode(value, dtypeOf(x));
  const shape = knownShape(x);
  if (selectors.some(isMask)) return assignByMask(x, selectors, node);
  const selected = normalSelectors("setItem", selectors, shape);
  const layout = layoutOf("setItem", selected);
  const counts = rangesOf(selected).map((r) => r?.count ?? 0);
  const target = layoutShape(layout, (axis) => counts[axis] as number);
  const wide = aligned(node, target);
  if (isEmpty(target)) return x;
  const made =
    layout.arrays.length === 0
      ? assign(x, selected, boxValue(wide, layout, shape.length))
      : assignByArrays(x, selected, layout, broadcastNode("setItem", wide, target));
  // Blocks stay those of x, whatever it was put together from.
  return layoutNode(made, advertisedGrid(x));
}

const RANKS: Readonly<Record<DTypeKind, number>> = {
  bool: 0,
  uint: 1,
  int: 2,
  float: 3,
  complex: 4,
};

function valueNode(value: Operand, dtype: DType): Node {
  if (isJsScalar(value)) return createNode(scalarTree("setItem", value, dtype, "in"), [], []);
  if (!isNode(value)) throw notAnOperand("setItem", value);
  const own = dtypeOf(value);
  if (own === dtype) return value;
  if (RANKS[kindOf(own)] > RANKS[kindOf(dtype)]) {
    throw new DTypeError(`setItem: values of ${own} do not go into an array of ${dtype}`, {
      hint: `convert them with astype("${dtype}"), or the array with astype("${own}")`,
    });
  }
  return castNode(value, dtype);
}

/** The value with the rank of the selection: leading axes of length 1 come and go. */
function aligned(value: Node, target: readonly number[]): Node {
  const shape = knownShape(value);
  const extra = shape.length - target.length;
  const fits = shape.every((n, i) => n === 1 || n === target[i - extra]);
  if (!fits) {
    throw new ShapeError(
      `setItem: a value of shape ${shapeText(shape)} does not broadcast to the selection ${shapeText(target)}`,
      { hint: "aligned at the last axis, every length must be equal or 1" },
    );
  }
  if (extra <= 0) return toRank(value, target.length);
  return axesView(
    value,
    target.map((_, i) => i + extra),
  );
}

/** Per axis of x the range in the order of the selection (steps may be negative); none where an array selects. */
const selectedRanges = (selected: readonly Selected[]): (Range | undefined)[] =>
  selected.flatMap((s): (Range | undefined)[] => {
    switch (s.kind) {
      case "slice":
        return [s.slice];
      case "integer":
        return [{ start: s.position, step: 1, count: 1 }];
      case "positions":
      case "lazy":
        return [undefined];
      default:
        return [];
    }
  });

/** The same, ascending. */
const rangesOf = (selected: readonly Selected[]): (Range | undefined)[] =>
  selectedRanges(selected).map((r) =>
    r === undefined || r.step > 0
      ? r
      : { start: r.start + r.step * (r.count - 1), step: -r.step, count: r.count },
  );

/** A value with the axes of a selection, seen with the axes of x: integers have length 1, new axes are gone. */
function boxValue(value: Node, { tokens }: Layout, rank: number): Node {
  const shape = new Array<number>(rank).fill(1);
  const lengths = knownShape(value);
  const map = tokens.map((t, i): AxisMap => {
    if (t.kind !== "kept") return fixedAxis(0);
    shape[t.axis] = lengths[i] as number;
    return { axis: t.axis, start: 0, step: 1 };
  });
  return viewNode(value, map, shape);
}

/**
 * Where a mask is true, which stands for as many axes as it has; all others are whole. How much it selects is not
 * known, so the value must not vary along the axis that it makes.
 */
function assignByMask(x: Node, selectors: readonly unknown[], value: Node): Node {
  const masks = selectors.filter(isMask) as Node[];
  const [mask] = masks as [Node];
  if (masks.length > 1 || selectors.some((s) => s !== mask && s !== null)) {
    throw new IndexError("setItem: beside a boolean array only whole axes can be selected", {
      hint: "make one mask for the whole array, or assign to a part and put it back",
    });
  }
  const shape = knownShape(x);
  const lengths = knownShape(mask);
  const axis = selectors.indexOf(mask);
  if (lengths.length === 0 || lengths.some((n, i) => shape[axis + i] !== n)) {
    throw new IndexError(
      `setItem: a mask of shape ${shapeText(lengths)} does not fit the axes from ${axis} on of shape ${shapeText(shape)}`,
      { hint: "a mask must have the lengths of the axes that it selects on" },
    );
  }
  const { length: rank } = lengths;
  const spread = isSelection(value)
    ? ofSelection(value, mask, axis, shape)
    : besideMask(value, axis, rank, shape);
  const placedMask = axesView(
    mask,
    shape.map((_, a) => (a >= axis && a < axis + rank ? a - axis : -1)),
  );
  return layoutNode(either(placedMask, spread, x), advertisedGrid(x));
}

/** A value that does not vary along the axes of the mask, with the rank of x. */
function besideMask(value: Node, axis: number, rank: number, shape: readonly number[]): Node {
  const single = aligned(value, [...shape.slice(0, axis), 1, ...shape.slice(axis + rank)]);
  return axesView(
    single,
    shape.map((_, a) => (a < axis ? a : a < axis + rank ? (a === axis ? a : -1) : a - rank + 1)),
  );
}

/** What a selection by the same mask selects from: element by element it goes where it came from. */
function ofSelection(
  value: CompressNode,
  mask: Node,
  axis: number,
  shape: readonly number[],
): Node {
  const from = selectionOf(value);
  const missing = shape.length - knownShape(from.x).length;
  if (from.mask !== mask || from.axis + missing !== axis) {
    throw new ShapeError("setItem: the value is a boolean selection by another mask", {
      hint: "select the value with the mask that is assigned to, as in x.setItem(m, y.at(m))",
    });
  }
  return broadcastNode("setItem", from.x, shape);
}

/** `a` where the condition holds, else `b`; both have the same dtype. */
const either = (condition: Node, a: Node, b: Node): Node => {
  const dtype = dtypeOf(b);
  const tree = call("where", dtype, arg(0, "bool"), arg(1, dtype), arg(2, dtype));
  return mapNode("setItem", [condition, a, b], tree);
};

/** Arrays of positions: written into the part that slices and integers select, which then is assigned as a box. */
function assignByArrays(x: Node, selected: readonly Selected[], layout: Layout, value: Node): Node {
  const shape = knownShape(x);
  const ranges = selectedRanges(selected);
  const partShape = ranges.map((r, axis) => r?.count ?? (shape[axis] as number));
  const part = viewNode(
    x,
    ranges.map((r, axis) => ({ axis, start: r?.start ?? 0, step: r?.step ?? 1 })),
    partShape,
  );
  // Axes of the value here: those that the arrays make, then what is not indexed, in the order of x.
  const { made, tokens, arrays } = layout;
  const kept = ranges.flatMap((r, axis) => (r === undefined ? [] : [axis]));
  const spread = [...made, ...kept.map((axis) => partShape[axis] as number)];
  const map = tokens.map((t): AxisMap => {
    if (t.kind === "new") return fixedAxis(0);
    const axis = t.kind === "made" ? t.axis : made.length + kept.indexOf(t.axis);
    return { axis, start: 0, step: 1 };
  });
  const madeAt = made.map((_, axis) => axis);
  const indices = arrays.map((a) => {
    const extent = shape[a.axis] as number;
    const index = a.kind === "lazy" ? wrapped(a.index, extent) : constantIndex(a.positions, extent);
    return placed(index, madeAt, spread.length);
  });
  const axes = shape.map((_, axis): LookupAxis => {
    const input = arrays.findIndex((a) => a.axis === axis);
    if (input >= 0) return { from: "index", input: input + 2, named: axis };
    return { from: "axis", axis: made.length + kept.indexOf(axis) };
  });
  const written = ir.scatterNode(part, viewNode(value, map, spread), indices, axes);
  return assign(x, selected, written);
}

/** Assigns along the slices and integers; `value` has the rank of x, axes of length 1 are stretched. */
function assign(x: Node, selected: readonly Selected[], value: Node): Node {
  const shape = knownShape(x);
  const signed = selectedRanges(selected);
  const lengths = knownShape(value);
  const ascending = viewNode(
    value,
    lengths.map((n, axis) => {
      const back = n > 1 && (signed[axis]?.step ?? 1) < 0;
      return { axis, start: back ? n - 1 : 0, step: back ? -1 : 1 };
    }),
    lengths,
  );
  const ranges = rangesOf(selected).map(
    (r, axis): Range => r ?? { start: 0, step: 1, count: shape[axis] as number },
  );
  const partial = ranges.flatMap((r, axis) => (r.count < (shape[axis] as number) ? [axis] : []));
  if (partial.length === 0) return broadcastNode("setItem", ascending, shape);
  const varies = partial.some((axis) => (lengths[axis] as number) > 1);
  const contiguous = partial.every((axis) => (ranges[axis] as Range).step === 1);
  return varies && contiguous
    ? pieced(x, ranges, ascending)
    : chosen(x, ranges, partial, ascending);
}

/** The part `[lo, hi)` of an axis. */
function part(x: Node, axis: number, lo: number, hi: number): Node {
  const shape = knownShape(x).map((n, a) => (a === axis ? hi - lo : n));
  return viewNode(
    x,
    shape.map((_, a) => ({ axis: a, start: a === axis ? lo : 0, step: 1 })),
    shape,
  );
}

/** Innermost first: the value between what lies before and behind it, one axis after another. */
function pieced(x: Node, ranges: readonly Range[], value: Node): Node {
  const shape = knownShape(x);
  // around[axis] is x narrowed to the ranges of all axes before.
  const around: Node[] = [];
  ranges.reduce((narrow, { start, count }, axis) => {
    around.push(narrow);
    return part(narrow, axis, start, start + count);
  }, x);
  let made = broadcastNode(
    "setItem",
    value,
    ranges.map((r) => r.count),
  );
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const { start, count } = ranges[axis] as Range;
    const extent = shape[axis] as number;
    const whole = around[axis] as Node;
    const parts = [part(whole, axis, 0, start), made, part(whole, axis, start + count, extent)];
    const filled = parts.filter((p) => knownShape(p)[axis] !== 0);
    made = filled.length === 1 ? made : ir.concatNode(filled, axis);
  }
  return made;
}

/** Per element, the value where its position is selected, else x. */
function chosen(x: Node, ranges: readonly Range[], partial: readonly number[], value: Node): Node {
  const shape = knownShape(x);
  const grid = advertisedGrid(x);
  const isPartial = (axis: number): boolean => partial.includes(axis);
  const inside = createNode(
    partial.map((axis) => within(axis, ranges[axis] as Range)).reduce(both),
    shape.map((n, axis) => (isPartial(axis) ? n : 1)),
    grid.map((cuts, axis) => (isPartial(axis) ? cuts : wholeCuts(1))),
  );
  let wide = value;
  for (const axis of partial) {
    if ((knownShape(value)[axis] as number) > 1) {
      wide = spaced(wide, axis, ranges[axis] as Range, shape[axis] as number);
    }
  }
  return either(inside, wide, x);
}

const both = (a: Scalar, b: Scalar): Scalar => call("bitwiseAnd", "bool", a, b);

function within(axis: number, { start, step, count }: Range): Scalar {
  const at = indexOf(axis);
  const int = (v: number): Scalar => constant(v, "int64");
  if (count === 1) return call("equal", "int64", at, int(start));
  const after = call("greaterEqual", "int64", at, int(start));
  const before = call("lessEqual", "int64", at, int(start + step * (count - 1)));
  if (step === 1) return both(after, before);
  const offset = call("remainder", "int64", call("subtract", "int64", at, int(start)), int(step));
  return both(both(after, before), call("equal", "int64", offset, int(0)));
}

/** The elements of an axis at the positions of a range of one of length `extent`; anything between them. */
function spaced(value: Node, axis: number, { start, step, count }: Range, extent: number): Node {
  const shape = knownShape(value);
  const wide = [...shape.slice(0, axis + 1), step, ...shape.slice(axis + 1)];
  const map = shape.map((_, a): AxisMap => ({ axis: a > axis ? a + 1 : a, start: 0, step: 1 }));
  const repeated = ir.reshapeNode(
    viewNode(value, map, wide),
    shape.map((n, a) => (a === axis ? n * step : n)),
  );
  const end = Math.min(extent, start + count * step);
  const filler = (length: number): Node => {
    const lengths = shape.map((n, a) => (a === axis ? length : n));
    const cuts = lengths.map((n): Cuts => wholeCuts(n));
    return createNode(constant(0, dtypeOf(value)), lengths, cuts);
  };
  const parts = [filler(start), part(repeated, axis, 0, end - start), filler(extent - end)];
  const filled = parts.filter((p) => knownShape(p)[axis] !== 0);
  return filled.length === 1 ? (filled[0] as Node) : ir.concatNode(filled, axis);
}
