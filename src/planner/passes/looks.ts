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
  piecesIn,
  sliceCuts,
} from "../../ir/cuts.js";
import type { AxisMap } from "../../ir/index-map.js";
import { knownShape, type Node } from "../../ir/node.js";
import type { Draft } from "../draft.js";
import { piecesSeen } from "./chunks-seen.js";

/** Positions from one to before another. */
type Stretch = readonly [number, number];
/** The stretch of each axis that one operand of a stage looks at. */
export type Look = readonly Stretch[];

/** Looks at one array that are told apart. */
const MOST = 16;

/** The looks at every materialised node; those at which too many look have none. */
export function looksOf(drafts: readonly Draft[]): ReadonlyMap<Node, readonly Look[]> {
  const looks = new Map<Node, Look[]>();
  for (const draft of drafts) {
    draft.operands.forEach((operand, i) => {
      if (operand.fromSource) return;
      const seen = seenShape(draft, i);
      if (seen.includes(0)) return;
      const known = looks.get(operand.base) ?? [];
      known.push(operand.map.map((m) => stretchOf(m, seen)));
      looks.set(operand.base, known);
    });
  }
  for (const [node, all] of looks) if (all.length > MOST) looks.delete(node);
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

function stretchOf(m: AxisMap, seen: readonly number[]): Stretch {
  const last = m.start + (m.axis < 0 ? 0 : m.step * ((seen[m.axis] as number) - 1));
  return [Math.min(m.start, last), Math.max(m.start, last) + 1];
}

/** Per axis, positions at which blocks should end; none where all pieces of the grid are looked at. */
export function seamsOf(
  cuts: readonly Cuts[],
  looks: readonly Look[],
): readonly (readonly number[])[] {
  const none = cuts.map(() => []);
  if (looks.length === 0 || cuts.some((c) => cutsExtent(c) === 0)) return none;
  const boxes = looks.map((look) => cuts.map((c, axis) => piecesIn(c, ...(look[axis] as Stretch))));
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
