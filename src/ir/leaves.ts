/**
 * Leaves and the dyadic tree: the fixed order of every accumulation.
 *
 * When a reduction is built, each reduced axis of its input's advertised grid is cut into leaves. A leaf box is a
 * product of one leaf per reduced axis. Inside a leaf box the elements are taken row by row, the rows in
 * row-major order; a row runs along the last reduced axis. Two running sums `e` and `o` start at -0 (products
 * at 1) and live through the whole leaf box; every full group of 8 elements of a row adds
 *
 *     e += (x0 + x2) + (x4 + x6)        o += (x1 + x3) + (x5 + x7)
 *
 * a shorter rest of a row adds its elements one by one, those at even places (counted from the start of the rest)
 * to `e`, the others to `o`; the leaf's sum is `e + o`. (Products likewise with `*`.) Moments take the mean as that
 * sum divided by the count, then M2 as the same sum over (x - mean)^2. All of this in float64. Complex sums and moments
 * are taken of each part, complex products of pairs.
 *
 * A `dot` is a sum of products, the inner loop of contractions. Its order is one that a matrix kernel can keep in
 * registers: every row is cut from its start into runs of at most {@link DOT_RUN} elements. A run is summed from left
 * to right, beginning with its first product, in the dtype of the products (float32 or float64); the sums of the runs
 * are added one after another in float64 to the leaf's only accumulator, which starts at -0.
 *
 * The states of leaf boxes meet in a tree per axis, last reduced axis first: leaves i and i+1 of an axis merge
 * when i is even, and so on upward; a node without a right sibling is promoted. When an axis is complete its
 * state is a leaf of the axis before.
 *
 * Nothing here depends on blocks, budget, workers or strides: that is why results do not.
 */
import { type Cuts, cutsCount, cutsExtent, cutsFromRuns, cutsMax } from "./cuts.js";

/**
 * Elements of a run of a dot. Short runs keep float32 accurate (its error grows with the run, not with the row); long
 * ones keep the float64 sums, which are a load, an addition and a store for every element of the result, cheap.
 */
export const DOT_RUN = 64;

/** Longest leaf along the last reduced axis, elements, where its elements lie apart. */
export const LEAF_ROW = 1024;
/** Most elements in a leaf box; also the longest leaf along the last axis of the array, which is read as it lies. */
export const LEAF_ELEMENTS = 8192;
/** Tiny chunks share a leaf while their data stays below this many elements. */
export const LEAF_MERGE_ELEMENTS = 16384;

/**
 * The same for dots: most elements of a factor, which does not have all kept axes, that a leaf brings together. Every
 * leaf costs a pass over its states, so leaves are long; below this size the chunks of kept axes do not show.
 */
export const DOT_MERGE_ELEMENTS: number = 2 ** 20;

/**
 * Leaf cuts of the reduced axes. A `dot` is taken for a matrix product, whose factors lack one kept axis each.
 *
 * Chunks longer than the limit are cut; consecutive chunks shorter than the limit share a leaf, as long as the
 * blocks they stand for stay small (`LEAF_MERGE_ELEMENTS`), so that a leaf never forces a task to hold much data.
 */
export function leafCuts(
  grid: readonly Cuts[],
  axes: readonly number[],
  dot = false,
): readonly Cuts[] {
  const out = new Array<Cuts>(axes.length);
  const mergeable = dot ? DOT_MERGE_ELEMENTS : LEAF_MERGE_ELEMENTS;
  let chunkElements = grid.reduce((n, c) => n * Math.max(1, cutsMax(c)), 1);
  if (dot) {
    const kept = grid.flatMap((c, axis) => (axes.includes(axis) ? [] : [Math.max(1, cutsMax(c))]));
    if (kept.length > 1) chunkElements /= Math.min(...kept);
  }
  let elements = 1;
  for (let k = axes.length - 1; k >= 0; k--) {
    const cuts = grid[axes[k] as number] as Cuts;
    const row = !dot && axes[k] === grid.length - 1 ? LEAF_ELEMENTS : LEAF_ROW;
    const limit = k === axes.length - 1 ? row : Math.max(1, Math.floor(LEAF_ELEMENTS / elements));
    const leaves = cutToLeaves(cuts, limit, Math.floor(mergeable / Math.max(1, chunkElements)));
    out[k] = leaves;
    chunkElements = (chunkElements / Math.max(1, cutsMax(cuts))) * Math.max(1, cutsMax(leaves));
    elements *= Math.max(1, cutsMax(leaves));
  }
  return out;
}

function cutToLeaves(cuts: Cuts, limit: number, mergeable: number): Cuts {
  const runs: { size: number; repeat: number }[] = [];
  for (const { size, repeat } of cuts) {
    if (size === 0) continue;
    if (size > limit) {
      const whole = Math.floor(size / limit);
      const rest = size - whole * limit;
      if (rest === 0) runs.push({ size: limit, repeat: whole * repeat });
      else
        for (let i = 0; i < repeat; i++)
          runs.push({ size: limit, repeat: whole }, { size: rest, repeat: 1 });
    } else {
      const per = Math.max(1, Math.min(Math.floor(limit / size), mergeable));
      const groups = Math.floor(repeat / per);
      runs.push({ size: per * size, repeat: groups });
      runs.push({ size, repeat: 0 }, { size: (repeat - groups * per) * size, repeat: 1 });
    }
  }
  return cutsFromRuns(runs);
}

/** A node of an axis' tree: it covers leaves `[index << level, min((index + 1) << level, count))`. */
export interface TreeNode<S> {
  readonly level: number;
  readonly index: number;
  readonly state: S;
}

/**
 * One axis' tree, fed from left to right: a binary counter of open nodes, at most log2(count) + 1 of them. Pure
 * logic over opaque states.
 */
export class AxisTree<S> {
  readonly #count: number;
  readonly #merge: (a: S, b: S, level: number, index: number) => S;
  readonly #open: TreeNode<S>[] = [];

  /** `merge(a, b, level, index)` makes the node `(level, index)` of its two children. */
  constructor(count: number, merge: (a: S, b: S, level: number, index: number) => S) {
    this.#count = count;
    this.#merge = merge;
  }

  /** Nodes must come in order and without gaps (from any starting place). */
  push(node: TreeNode<S>): void {
    let top = this.#promote(node);
    for (;;) {
      const left = this.#open.at(-1);
      if (left === undefined || left.level !== top.level || left.index % 2 !== 0) break;
      if (left.index + 1 !== top.index) break;
      this.#open.pop();
      const level = top.level + 1;
      const index = left.index / 2;
      top = this.#promote({
        level,
        index,
        state: this.#merge(left.state, top.state, level, index),
      });
    }
    this.#open.push(top);
  }

  /** A node whose right sibling lies beyond the last leaf stands for its parent as well. */
  #promote(node: TreeNode<S>): TreeNode<S> {
    let { level, index } = node;
    while (index % 2 === 0 && index > 0 && (index + 1) * 2 ** level >= this.#count) {
      level++;
      index /= 2;
    }
    // Index 0 is promoted only when it covers the whole axis: it then is the root already.
    return level === node.level ? node : { level, index, state: node.state };
  }

  /** Open nodes, left to right: the maximal complete nodes of what was pushed. */
  nodes(): readonly TreeNode<S>[] {
    return this.#open;
  }

  /** The state of the whole axis, once every leaf was pushed. */
  root(): S | undefined {
    const [only] = this.#open;
    return this.#open.length === 1 &&
      only !== undefined &&
      only.index === 0 &&
      2 ** only.level >= this.#count
      ? only.state
      : undefined;
  }
}

/**
 * The maximal complete nodes of leaves `[from, to)` of an axis with `count` leaves, left to right: what an
 * {@link AxisTree} holds open after these leaves. O(log count).
 */
export function maximalNodes(
  from: number,
  to: number,
  count: number,
): readonly { readonly level: number; readonly index: number }[] {
  const nodes: { level: number; index: number }[] = [];
  for (let i = from; i < to; ) {
    let level = 0;
    // The next level up must start here too, and end inside (the end of the axis counts as inside).
    while (
      2 ** level < count &&
      i % 2 ** (level + 1) === 0 &&
      (i > 0 || 2 ** level < count) &&
      Math.min(i + 2 ** (level + 1), count) <= to
    ) {
      level++;
    }
    nodes.push({ level, index: i / 2 ** level });
    i += 2 ** level;
  }
  return nodes;
}

/** Number of leaves below a node. */
export const leavesUnder = (
  level: number,
  index: number,
  count: number,
): readonly [number, number] => [index * 2 ** level, Math.min((index + 1) * 2 ** level, count)];

/** Product of leaf counts, for sizing. */
export const leafCount = (leaves: readonly Cuts[]): number =>
  leaves.reduce((n, c) => n * cutsCount(c), 1);
export const reducedElements = (leaves: readonly Cuts[]): number =>
  leaves.reduce((n, c) => n * cutsExtent(c), 1);
