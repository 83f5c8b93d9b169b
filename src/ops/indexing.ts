/** Indexing: what `at`, `take` and `takeAlongAxis` select, as views, gathers and lookups. */
import { IndexError, ShapeError } from "../errors.js";
import { isInteger } from "../ir/dtype.js";
import { type AxisMap, fixedAxis } from "../ir/index-map.js";
import { dtypeOf, knownShape, type Node } from "../ir/node.js";
import { selectByArrays, takeAxis, takeBroadcast, takeList } from "./advanced.js";
import { normalAxis } from "./axes.js";
import { isNode, viewNode } from "./build.js";
import { constantPositions, type IndexArray, isConstantIndex } from "./positions.js";
import { normalSelectors, type Selected, spelledOut } from "./selectors.js";
import { countText, valueText } from "./words.js";

/** The part of `x` that the selectors select; axes without one are whole. Arrays select by NumPy's rules. */
export function at(x: Node, given: readonly unknown[]): Node {
  const selectors = spelledOut(given);
  const selected = normalSelectors("at", selectors, knownShape(x));
  const arrays = selected.some((s) => s.kind === "positions" || s.kind === "lazy");
  return arrays ? selectByArrays("at", x, selected) : selectBasic(x, selected);
}

/** Slices, integers and new axes are one view. */
function selectBasic(x: Node, selected: readonly Selected[]): Node {
  const map: AxisMap[] = [];
  const out: number[] = [];
  for (const s of selected) {
    if (s.kind === "newaxis") out.push(1);
    else if (s.kind === "slice") {
      map.push({ axis: out.length, start: s.slice.start, step: s.slice.step });
      out.push(s.slice.count);
    } else if (s.kind === "integer") map.push(fixedAxis(s.position));
  }
  return viewNode(x, map, out);
}

/** Constant positions for `take`: a list, an integer typed array, or a computed array. */
export type Indices = IndexArray;

/**
 * Elements at positions along an axis; negative positions count from the end. The axes of `indices` (a node, or
 * constants) take the place of the axis.
 */
export function take(x: Node, indices: unknown, axis?: unknown): Node {
  const shape = knownShape(x);
  if (shape.length === 0) throw new ShapeError("take: a 0-d array has no axis to take from");
  if ((axis === undefined || axis === null) && shape.length !== 1) {
    throw new ShapeError("take: axis is needed", {
      hint: `the array has ${countText(shape.length, "axis", "axes")}`,
    });
  }
  const along = normalAxis("take", axis ?? 0, shape.length);
  const selectors = shape.map((_, i) => (i === along ? indexArray("take", indices) : null));
  return selectByArrays("take", x, normalSelectors("take", selectors, shape));
}

/** `indices` if it can be an array of positions. */
function indexArray(fn: string, indices: unknown): unknown {
  if (isNode(indices) || isConstantIndex(indices)) return indices;
  throw new IndexError(`${fn}: indices must be integers, got ${valueText(indices)}`, {
    hint: "give a list, an integer typed array or an array of integers",
  });
}

/**
 * `out[..., i, ...] = x[..., indices[..., i, ...], ...]` along an axis (default: the last). Both have the same rank; the
 * other axes broadcast.
 */
export function takeAlongAxis(x: Node, indices: unknown, axis: unknown = -1): Node {
  const shape = knownShape(x);
  const along = normalAxis("takeAlongAxis", axis, shape.length);
  const given = indexArray("takeAlongAxis", indices);
  if (isNode(given) && !isInteger(dtypeOf(given))) {
    throw new IndexError(`takeAlongAxis: indices must be integers, got ${dtypeOf(given)}`, {
      hint: 'convert them with astype("int64")',
    });
  }
  const index = isNode(given)
    ? given
    : constantPositions("takeAlongAxis", given, along, shape[along] as number);
  const lengths = isNode(index) ? knownShape(index) : index.shape;
  if (lengths.length !== shape.length) {
    throw new ShapeError(
      `takeAlongAxis: indices have ${countText(lengths.length, "axis", "axes")}, the array has ${shape.length}`,
      { hint: "both need the same number of axes; take() takes any" },
    );
  }
  return takeBroadcast(x, index, along);
}

export { takeAxis, takeList };
