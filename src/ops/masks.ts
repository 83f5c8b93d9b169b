/**
 * Boolean selections. `x[m]` has a length that nobody knows before it is measured, so nothing is ever built on top of
 * a selection: what is done to it is done to what it selects from, and the selection stays outermost. So `x[m] + y[m]`
 * is `(x + y)[m]`, and `sum(x[m])` is `sum(where(m, x, 0))`: neither has to know the length, and reductions move no
 * data. What cannot be turned round that way (slicing the selection, say) is refused until `measure()` has run.
 */
import { DTypeError, IndexError, ShapeError } from "../errors.js";
import * as ir from "../ir/build.js";
import { cutsFromSizes, cutsMax, pieceSizes, splitCuts } from "../ir/cuts.js";
import { advertisedGrid } from "../ir/grid.js";
import { type AffineMap, composeMaps, elementCount, identityMap } from "../ir/index-map.js";
import { leafCuts } from "../ir/leaves.js";
import { type CompressNode, dtypeOf, knownShape, type Node } from "../ir/node.js";
import { arg, type Scalar } from "../ir/scalar.js";
import { broadcastShapes } from "./axes.js";
import { axesView, viewNode } from "./views.js";
import { shapeText } from "./words.js";

/** A selection whose length is not known. */
export const isSelection = (node: Node): node is CompressNode =>
  node.op === "compress" && node.params.counted === undefined;

/** What a selection selects from, its mask, and the first axis of the mask. */
export interface Selection {
  readonly x: Node;
  readonly mask: Node;
  readonly axis: number;
}

export const selectionOf = (node: CompressNode): Selection => ({
  x: node.inputs[0] as Node,
  mask: node.inputs[1] as Node,
  axis: node.params.axis,
});

/** The number of true elements; 0-d, int64. */
function countOf(mask: Node): Node {
  const axes = knownShape(mask).map((_, i) => i);
  const leaves = leafCuts(advertisedGrid(mask), axes);
  return ir.reduceNode(mask, "count", axes, leaves, "bool", "int64");
}

export const selectionNode = ({ x, mask, axis }: Selection): Node =>
  ir.compressNode(x, mask, axis, countOf(mask));

/**
 * Elements of `x` where `mask` is true. The mask has the lengths of the axes of x from `axis` on, which become one axis.
 * A selection of a selection is one selection.
 */
export function select(fn: string, x: Node, mask: Node, axis: number): Node {
  if (dtypeOf(mask) !== "bool") {
    throw new DTypeError(`${fn}: a mask must be bool, got ${dtypeOf(mask)}`);
  }
  if (isSelection(x) || isSelection(mask)) return selectAgain(fn, x, mask, axis);
  const lengths = knownShape(mask);
  const shape = knownShape(x);
  if (lengths.length === 0) {
    throw new IndexError(`${fn}: a mask needs at least one axis`, {
      hint: "use where(mask, x, y) for a condition on the whole array",
    });
  }
  if (lengths.some((n, i) => shape[axis + i] !== n)) {
    throw new IndexError(
      `${fn}: a mask of shape ${shapeText(lengths)} does not fit the axes from ${axis} on of shape ${shapeText(shape)}`,
      { hint: "a mask must have the lengths of the axes that it selects on" },
    );
  }
  return selectionNode({ x, mask, axis });
}

/** `x[m][n]`, where n was made from what m selects: both masks hold at once. */
function selectAgain(fn: string, x: Node, mask: Node, axis: number): Node {
  if (isSelection(x) && isSelection(mask)) {
    const outer = selectionOf(x);
    const inner = selectionOf(mask);
    const same = outer.mask === inner.mask && inner.axis === 0 && axis === outer.axis;
    if (same && knownShape(inner.x).length === knownShape(inner.mask).length) {
      const both = ir.mapNode(
        {
          kind: "call",
          fn: "bitwiseAnd",
          on: "bool",
          dtype: "bool",
          args: [arg(0, "bool"), arg(1, "bool")],
        },
        [outer.mask, inner.x],
        knownShape(outer.mask),
      );
      return selectionNode({ x: outer.x, mask: both, axis });
    }
  }
  throw new ShapeError(`${fn}: the mask and the array are not the same selection`, {
    hint: "make the mask from the selection itself (y = x[m]; y[y > 0]), or use await x.measure() first",
  });
}

/** One scalar tree over inputs of which some are selections by one mask: the selection of the tree. */
export function mapSelections(fn: string, inputs: readonly Node[], tree: Scalar): Node {
  const selections = inputs.filter(isSelection);
  const first = selectionOf(selections[0] as CompressNode);
  const fromEnd = (node: CompressNode): number => node.outs[0].shape.length - node.params.axis;
  const place = fromEnd(selections[0] as CompressNode);
  for (const other of selections) {
    if (selectionOf(other).mask !== first.mask || fromEnd(other) !== place) {
      throw new ShapeError(`${fn}: boolean selections by different masks have no common length`, {
        hint: "use the same mask, or await x.measure() first",
      });
    }
  }
  const rank = knownShape(first.mask).length;
  const bases = inputs.map((input) =>
    isSelection(input) ? selectionOf(input).x : besideSelection(fn, input, place, rank),
  );
  const shape = broadcastShapes(fn, bases.map(knownShape));
  const aligned = bases.map((x) => {
    const ndim = knownShape(x).length;
    return axesView(
      x,
      shape.map((_, i) => Math.max(-1, i - (shape.length - ndim))),
    );
  });
  const mapped =
    tree.kind === "arg" ? (aligned[tree.index] as Node) : ir.mapNode(tree, aligned, shape);
  const axis = shape.length - place - (rank - 1);
  return selectionNode({ x: mapped, mask: first.mask, axis });
}

/** An ordinary array beside a selection: of length 1 where the selection's length is not known. */
function besideSelection(fn: string, x: Node, place: number, rank: number): Node {
  const shape = knownShape(x);
  const axis = shape.length - place;
  if (axis < 0) return x;
  if (shape[axis] !== 1) {
    throw new ShapeError(
      `${fn}: an array with ${shape[axis]} elements along axis ${axis} beside a boolean selection, whose length is not known`,
      { hint: "select from both arrays with the same mask, or await x.measure() first" },
    );
  }
  const wanted = [...shape.keys()];
  wanted.splice(axis, 1, axis, ...new Array<number>(rank - 1).fill(-1));
  return axesView(x, wanted);
}

/** A function of single elements that are all of one value, whatever they were: made of what is selected from. */
export const sameSelection = (x: Node, make: (base: Node) => Node): Node =>
  isSelection(x) ? selectionNode({ ...selectionOf(x), x: make(selectionOf(x).x) }) : make(x);

/** A selection by a mask of several axes as one by a 1-d mask. */
function flatSelection({ x, mask, axis }: Selection): Selection {
  const lengths = knownShape(mask);
  if (lengths.length === 1) return { x, mask, axis };
  const total = elementCount(lengths);
  const shape = [...knownShape(x)];
  shape.splice(axis, lengths.length, total);
  return { x: ir.reshapeNode(x, shape), mask: ir.reshapeNode(mask, [total]), axis };
}

export const unknownLength = (fn: string, axis: number): ShapeError =>
  new ShapeError(`${fn}: axis ${axis} is a boolean selection, whose length is not known`, {
    hint: "use await x.measure() first: it answers with the same array and its length",
  });

/**
 * A view of a selection: `op` is applied to what is selected from, and must leave the axis of the selection as it is
 * (it may move it).
 */
export function viewSelection(fn: string, node: CompressNode, op: (x: Node) => Node): Node {
  const { x, mask, axis } = flatSelection(selectionOf(node));
  const result = op(x);
  let map: AffineMap = identityMap(knownShape(result).length);
  let at = result;
  while (at !== x && at.op === "view") {
    map = composeMaps(map, at.params.map);
    at = at.inputs[0] as Node;
  }
  const m = at === x ? map[axis] : undefined;
  const length = knownShape(x)[axis] as number;
  if (
    m === undefined ||
    m.axis < 0 ||
    m.start !== 0 ||
    m.step !== 1 ||
    knownShape(result)[m.axis] !== length
  ) {
    throw unknownLength(fn, axis);
  }
  return selectionNode({ x: result, mask, axis: m.axis });
}

/** What has to be computed to know the length of a selection: how many elements every piece of its mask selects. */
export interface Measurement {
  /** 1-d, int64: one number per piece. */
  readonly counts: Node;
  /** The selection, once the numbers are there. */
  readonly known: (counts: ArrayLike<number>) => Node;
}

/** Elements that a block of the selection is made from, at the most, with the chunks beside the mask. */
const BLOCK = 262144;
/** Pieces of a mask are not cut shorter than this. */
const SHORTEST_PIECE = 16;

/** Elements of the mask that are counted together, at the most. */
function longestPiece(x: Node, axis: number): number {
  const beside = advertisedGrid(x).reduce((n, c, a) => (a === axis ? n : n * cutsMax(c)), 1);
  return Math.max(SHORTEST_PIECE, Math.floor(BLOCK / Math.max(1, beside)));
}

export function measurementOf(node: CompressNode): Measurement {
  const { x, mask, axis } = flatSelection(selectionOf(node));
  const total = knownShape(mask)[0] as number;
  const own = advertisedGrid(mask)[0];
  const longest = longestPiece(x, axis);
  const cuts = splitCuts(own ?? [], longest);
  const pieces = [...pieceSizes(cuts)];
  const follow = { loop: 0, cuts };
  const counts = ir.callNode(
    [mask],
    {
      fn: ir.builtInFunction("countTrue"),
      loop: [cuts],
      args: [[follow]],
      results: [[{ loop: 0, cuts: [{ size: 1, repeat: pieces.length }] }]],
      observes: "index",
      inputs: "view",
      scratchBytes: 0,
    },
    [{ shape: [pieces.length], dtype: "int64" }],
  );
  return {
    counts,
    known: (found) => {
      const numbers = Array.from(found);
      if (sum(numbers) === total) return x;
      const parts = segmentsOf(pieces, numbers, longest).map((segment) =>
        countedPart(x, mask, axis, segment),
      );
      const [first] = parts;
      if (first === undefined) return sliced(x, axis, 0, 0);
      return parts.length === 1 ? first : ir.concatNode(parts, axis);
    },
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

const sliced = (x: Node, axis: number, start: number, size: number): Node => {
  const shape = knownShape(x);
  const map = shape.map((_, i) => ({ axis: i, start: i === axis ? start : 0, step: 1 }));
  return viewNode(
    x,
    map,
    shape.map((n, i) => (i === axis ? size : n)),
  );
};

function countedPart(x: Node, mask: Node, axis: number, { start, pieces, counts }: Segment): Node {
  const size = sum(pieces);
  return ir.countedNode(sliced(x, axis, start, size), sliced(mask, 0, start, size), axis, {
    pieces: cutsFromSizes(pieces),
    counts: cutsFromSizes(counts),
  });
}

/** A stretch of the axis in which something is selected, and how much of it by piece. */
interface Segment {
  readonly start: number;
  readonly pieces: number[];
  readonly counts: number[];
}

/** Longest pieces without any selected element that are read along with their neighbours; longer gaps are left out. */
const LONGEST_GAP = 4;

/** Pieces joined so that none selects nothing and short ones are few; what selects nothing for long is left out. */
function segmentsOf(
  sizes: readonly number[],
  found: readonly number[],
  longest: number,
): Segment[] {
  const segments: Segment[] = [];
  let open: Segment | undefined;
  let gap = 0;
  let position = 0;
  sizes.forEach((size, i) => {
    const count = found[i] as number;
    if (count === 0) {
      gap += size;
      if (gap > LONGEST_GAP * longest) open = undefined;
    } else if (open === undefined) {
      open = { start: position, pieces: [size], counts: [count] };
      segments.push(open);
      gap = 0;
    } else {
      const last = open.pieces.length - 1;
      const joined = (open.pieces[last] as number) + gap;
      gap = 0;
      if (joined + size <= longest) {
        open.pieces[last] = joined + size;
        open.counts[last] = (open.counts[last] as number) + count;
      } else {
        open.pieces[last] = joined;
        open.pieces.push(size);
        open.counts.push(count);
      }
    }
    position += size;
  });
  return segments;
}
