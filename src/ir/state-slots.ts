/**
 * How many states of nodes a task of a reduction holds at once, and the runs of leaves behind that: a segment that is a
 * whole subtree holds a node of each size, one that begins anywhere twice as many.
 */
import { type Cuts, cutsCount, pieceAt } from "./cuts.js";
import { isPowerOfTwo } from "./scalar.js";
import type { MergeStage, ReduceStage } from "./stage.js";

/**
 * The reduced axis (number in `stage.reduced`) on which the trees of leaf boxes grow: axes after it have one leaf, so
 * that their trees are that leaf. -1 if nothing is reduced.
 */
export function treeAxis(stage: ReduceStage): number {
  for (let k = stage.leaves.length - 1; k > 0; k--) {
    if (cutsCount(stage.leaves[k] as Cuts) > 1) return k;
  }
  return stage.leaves.length === 0 ? -1 : 0;
}

export const log2 = (n: number): number => Math.floor(Math.log2(Math.max(1, n)));
/** Nodes that a tree of `n` leaves, fed from the first leaf on, holds at once. */
const openFromStart = (n: number): number => log2(n) + 1;
/** The same for a tree that is fed from anywhere: sizes grow, then shrink. */
const openFromAnywhere = (n: number): number => 2 * log2(n) + 2;
/** A leaf or node that enters, and the node made of two. */
const IN_HAND = 2;

/** Pieces that are equal, but for a shorter last one. */
const isUniform = (cuts: Cuts): boolean =>
  cuts.length === 1 ||
  (cuts.length === 2 && cuts[1]?.repeat === 1 && (cuts[1].size as number) < (cuts[0]?.size ?? 0));

/** Leaves of every step along an axis but the last one; undefined where steps or leaves are uneven. */
export function leavesPerStep(steps: Cuts, leaves: Cuts): number | undefined {
  if (!isUniform(steps) || !isUniform(leaves)) return undefined;
  const per = (steps[0]?.size ?? 0) / (leaves[0]?.size ?? 1);
  return Number.isInteger(per) && per > 0 ? per : undefined;
}

/** Leaves of the split axis in every segment but the last one. */
function segmentLeaves(stage: ReduceStage): number | undefined {
  const { axis, steps } = stage.split;
  const leaves = stage.leaves[stage.reduced.indexOf(axis)] as Cuts;
  const per = leavesPerStep(stage.cuts[axis] as Cuts, leaves);
  return per === undefined ? undefined : per * steps;
}

/** Nodes that the tree along the split axis holds at once in a task; segments that are whole subtrees need the fewest. */
function openInSegment(stage: ReduceStage): number {
  const all = cutsCount(stage.leaves[stage.reduced.indexOf(stage.split.axis)] as Cuts);
  const own = Math.min(all, segmentLeaves(stage) ?? all);
  return isPowerOfTwo(own) ? openFromStart(own) : openFromAnywhere(own);
}

/** Most slots in use at once in a task of a reduce stage. */
export function reduceSlots(stage: ReduceStage): number {
  const top = treeAxis(stage);
  const split = stage.split.segments > 1 ? stage.reduced.indexOf(stage.split.axis) : -1;
  const single = stage.reduced.map((axis, k) => {
    const steps = cutsCount(stage.cuts[axis] as Cuts);
    return steps === 1 || (k === split && stage.split.steps === 1);
  });
  let slots = IN_HAND;
  for (let k = Math.max(0, split); k <= top; k++) {
    // A tree stays open from step to step, beside those of the other leaf positions of the step; if all axes from
    // here on are walked in one step, each is complete before the next one starts.
    let trees = 1;
    if (!single.slice(k).every(Boolean)) {
      for (let i = 0; i < k; i++) {
        const steps = stage.cuts[stage.reduced[i] as number] as Cuts;
        trees *= mostPieces(steps, stage.leaves[i] as Cuts);
      }
    }
    const leaves = cutsCount(stage.leaves[k] as Cuts);
    slots += trees * (k === split ? openInSegment(stage) : openFromStart(leaves));
  }
  return slots;
}

/** Most slots in use at once in a task of a merge stage; what is read stays in the input blocks. */
export function mergeSlots(
  of: ReduceStage,
  stage: Pick<MergeStage, "final" | "fan" | "segments" | "width">,
): number {
  const split = of.reduced.indexOf(of.split.axis);
  const all = cutsCount(of.leaves[split] as Cuts);
  const own = segmentLeaves(of);
  // Where segments are whole subtrees, so are the inputs (as many segments each as a power of two): one node of each.
  const whole = own !== undefined && isPowerOfTwo(own) && isPowerOfTwo(stage.width);
  const inputs = Math.min(stage.fan, stage.segments);
  let slots =
    IN_HAND +
    (whole
      ? openFromStart(inputs)
      : openFromAnywhere(Math.min(all, (own ?? all) * stage.width * inputs)));
  if (stage.final) {
    for (const leaves of of.leaves.slice(0, split)) slots += openFromStart(cutsCount(leaves));
  }
  return slots;
}

/** Most pieces of `fine` in one piece of `coarse`, where borders of `coarse` are borders of `fine`. O(runs). */
export function mostPieces(coarse: Cuts, fine: Cuts): number {
  let most = 1;
  let start = 0;
  let run = 0;
  let runEnd = 0;
  for (const { size, repeat } of coarse) {
    let left = size === 0 ? 0 : repeat;
    while (left > 0) {
      while (runEnd <= start) {
        const r = fine[run++];
        if (r === undefined) return most;
        runEnd += r.size * r.repeat;
      }
      const piece = (fine[run - 1] as { size: number }).size;
      const inside = Math.min(left, Math.floor((runEnd - start) / size));
      if (inside > 0) {
        most = Math.max(most, Math.ceil(size / piece));
        left -= inside;
        start += inside * size;
      } else {
        most = Math.max(most, pieceAt(fine, start + size - 1) - pieceAt(fine, start) + 1);
        left--;
        start += size;
      }
    }
  }
  return most;
}
