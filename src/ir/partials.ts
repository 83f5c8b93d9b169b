/** Partial reductions: what a segment of a reduce stage hands over to the merges, and how it lies in memory. */
import { type Cuts, cutsCount, pieceStart, piecesIn } from "./cuts.js";
import { type DType, itemSize } from "./dtype.js";
import { leavesUnder, maximalNodes } from "./leaves.js";
import { stateDTypes } from "./monoid.js";
import type { Accumulator, ReduceStage } from "./stage.js";

/**
 * What a segment of a reduce stage hands over, per accumulator and kept element: for every leaf position of the
 * reduced axes before the split axis (row-major), the maximal complete nodes of the split axis. (Axes after the
 * split axis are complete.) A partial block holds, for each accumulator, for each such node, each state component
 * as a contiguous row-major array over the kept block; every component array starts on 16 bytes.
 */
export function partialNodes(
  stage: ReduceStage,
  firstStep: number,
  steps: number,
): {
  readonly outer: number;
  readonly nodes: readonly { readonly level: number; readonly index: number }[];
} {
  const k = stage.reduced.indexOf(stage.split.axis);
  const cuts = stage.cuts[stage.split.axis] as Cuts;
  const leaves = stage.leaves[k] as Cuts;
  const lo = pieceStart(cuts, firstStep);
  const hi = pieceStart(cuts, Math.min(firstStep + steps, cutsCount(cuts)));
  const [a, b] = piecesIn(leaves, lo, hi);
  let outer = 1;
  for (const c of stage.leaves.slice(0, k)) outer *= cutsCount(c);
  return { outer, nodes: maximalNodes(a, b + 1, cutsCount(leaves)) };
}

/** Bytes of one state component array of `elements` kept elements. */
export const componentBytes = (dtype: DType, elements: number): number =>
  Math.ceil((itemSize(dtype) * elements) / 16) * 16;

/** Bytes of the states of all accumulators for one node and `elements` kept elements. */
export const nodeBytes = (
  accumulators: readonly Pick<Accumulator, "monoid" | "on">[],
  elements: number,
): number =>
  accumulators.reduce(
    (n, a) => n + stateDTypes(a.monoid, a.on).reduce((m, d) => m + componentBytes(d, elements), 0),
    0,
  );

/** Elements under a tree node of a reduced axis, for the counts that moments need. */
export function elementsUnder(leaves: Cuts, level: number, index: number): number {
  const [a, b] = leavesUnder(level, index, cutsCount(leaves));
  return pieceStart(leaves, b) - pieceStart(leaves, a);
}
