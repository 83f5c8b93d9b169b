/**
 * What stages look at of each other's results. Tasks run only for blocks that somebody looks into, so where several look
 * at parts that lie apart, what lies between them should be in blocks of its own: coalescing stops at its borders.
 */
import {
  type Cuts,
  coalesceCuts,
  cutsCount,
  cutsExtent,
  cutsFromRuns,
  pieceStart,
  sliceCuts,
} from "../../ir/cuts.js";
import { type Box, boxOfShape, imageOfBox } from "../../ir/index-map.js";
import { knownShape, type Node } from "../../ir/node.js";
import type { Draft } from "../draft.js";
import { MOST_BOXES, pieceBox, piecesSeen } from "./chunks-seen.js";

/** The looks at every materialised node; those at which too many look have none. */
export function looksOf(drafts: readonly Draft[]): ReadonlyMap<Node, readonly Box[]> {
  const looks = new Map<Node, Box[]>();
  for (const draft of drafts) {
    draft.operands.forEach((operand, i) => {
      if (operand.fromSource) return;
      const seen = seenShape(draft, i);
      if (seen.includes(0)) return;
      const known = looks.get(operand.base) ?? [];
      known.push(imageOfBox(operand.map, boxOfShape(seen)));
      looks.set(operand.base, known);
    });
  }
  for (const [node, all] of looks) if (all.length > MOST_BOXES) looks.delete(node);
  return looks;
}

/** The shape that the map of an operand starts from. */
function seenShape(draft: Draft, operand: number): readonly number[] {
  switch (draft.kind) {
    case "gather":
      return knownShape(draft.node.inputs[0] as Node);
    case "call":
      return knownShape(draft.node.inputs[operand] as Node);
    case "reshape":
      return draft.inputShape;
    case "concat":
      return draft.space.map((n, axis) =>
        axis === draft.axis ? (draft.parts[operand]?.size ?? n) : n,
      );
    default:
      return draft.space;
  }
}

/** Per axis, positions at which blocks should end; none where all pieces of the grid are looked at. */
export function seamsOf(
  cuts: readonly Cuts[],
  looks: readonly Box[],
): readonly (readonly number[])[] {
  const none = cuts.map(() => []);
  if (looks.length === 0 || cuts.some((c) => cutsExtent(c) === 0)) return none;
  const boxes = looks.map((box) => pieceBox(cuts, box));
  const total = cuts.reduce((n, c) => n * cutsCount(c), 1);
  if (piecesSeen(cuts, boxes).count === total) return none;
  return cuts.map((c, axis) => {
    const seams = boxes.flatMap((box) => {
      const [first, last] = box[axis] as readonly [number, number];
      return [pieceStart(c, first), pieceStart(c, last + 1)];
    });
    return [...new Set(seams)].sort((a, b) => a - b);
  });
}

/** Coalesces pieces, but not across seams. */
export function coalesceBetween(cuts: Cuts, limit: number, seams: readonly number[] = []): Cuts {
  const inner = seams.filter((at) => at > 0 && at < cutsExtent(cuts));
  if (inner.length === 0) return coalesceCuts(cuts, limit);
  const ends = [...inner, cutsExtent(cuts)];
  return cutsFromRuns(
    ends.flatMap((end, i) => coalesceCuts(sliceCuts(cuts, ends[i - 1] ?? 0, end), limit)),
  );
}
