/**
 * The nested trees of a reduction: a tree per reduced axis and per leaf position of the axes before it. A tree that
 * is complete becomes a leaf of the tree on the axis before; see `ir/leaves.ts`.
 */
import { InternalError } from "../../errors.js";
import { type Cuts, cutsCount, cutsExtent, pieceSize } from "../../ir/cuts.js";
import { AxisTree, leavesUnder, type TreeNode } from "../../ir/leaves.js";
import { elementsUnder } from "../../ir/partials.js";
import type { ReduceStage } from "../../ir/stage.js";
import { BORROWED, type NodeStates, type Slots, type StateMath } from "./states.js";

type Tree = AxisTree<NodeStates>;

/** What becomes of a tree that has got all it will get. */
export interface Harvest {
  /**
   * Axis (number in the reduced axes) and leaf position behind the last one, from which trees are handed over with
   * the nodes that they have, or -1 if every tree is completed here.
   */
  readonly axis: number;
  readonly end: number;
  /** Gets the nodes of the tree of outer leaf position `prefix` (row-major). It does not keep them. */
  nodes(prefix: number, nodes: readonly TreeNode<NodeStates>[]): void;
  /** Gets the states of the whole reduction. It does not keep them. */
  root(states: NodeStates): void;
}

export class Forest {
  readonly #stage: ReduceStage;
  readonly #slots: Slots;
  readonly #math: StateMath;
  readonly #harvest: Harvest;
  readonly #counts: readonly number[];
  readonly #trees: readonly Map<number, Tree>[];
  readonly #look: ((states: NodeStates) => void) | undefined;

  /** `look` is shown every node that is pushed. */
  constructor(
    stage: ReduceStage,
    slots: Slots,
    math: StateMath,
    harvest: Harvest,
    look?: (states: NodeStates) => void,
  ) {
    this.#look = look;
    this.#stage = stage;
    this.#slots = slots;
    this.#math = math;
    this.#harvest = harvest;
    this.#counts = stage.leaves.map(cutsCount);
    this.#trees = stage.leaves.map(() => new Map());
  }

  /** Adds a node to the tree on reduced axis `axis` for outer leaf position `prefix`; nodes come in order. */
  push(axis: number, prefix: number, node: TreeNode<NodeStates>): void {
    this.#look?.(node.state);
    let k = axis;
    let outer = prefix;
    let next = node;
    for (;;) {
      const trees = this.#trees[k] as Map<number, Tree>;
      let tree = trees.get(outer);
      if (tree === undefined) {
        tree = this.#plant(k, outer);
        trees.set(outer, tree);
      }
      tree.push(next);
      const count = this.#counts[k] as number;
      if (k === this.#harvest.axis) {
        if (leavesUnder(next.level, next.index, count)[1] >= this.#harvest.end) {
          trees.delete(outer);
          this.#harvest.nodes(outer, tree.nodes());
          for (const { state } of tree.nodes()) this.#slots.release(state);
        } else this.#settle(tree);
        return;
      }
      const root = tree.root();
      if (root === undefined) {
        this.#settle(tree);
        return;
      }
      trees.delete(outer);
      if (k === 0) {
        this.#harvest.root(root);
        this.#slots.release(root);
        return;
      }
      k--;
      const before = this.#counts[k] as number;
      next = { level: 0, index: outer % before, state: root };
      outer = Math.floor(outer / before);
    }
  }

  /** The node that was pushed last stays open: nothing else may be written over it. */
  #settle(tree: Tree): void {
    const last = tree.nodes().at(-1);
    if (last?.state.slot === BORROWED) this.#math.settle(last.state, this.#slots);
  }

  /** Every tree must have been handed over or completed. */
  checkEmpty(): void {
    if (this.#trees.some((t) => t.size > 0)) throw new InternalError("a reduction ended too early");
  }

  #plant(axis: number, prefix: number): Tree {
    const factor = this.#math.counted ? this.elementsPer(axis, prefix) : 0;
    const leaves = this.#stage.leaves[axis] as Cuts;
    return new AxisTree<NodeStates>(this.#counts[axis] as number, (a, b, level, index) => {
      const to = this.#slots.take();
      let na = 0;
      let nb = 0;
      if (this.#math.counted) {
        na = factor * elementsUnder(leaves, level - 1, 2 * index);
        nb = factor * elementsUnder(leaves, level - 1, 2 * index + 1);
      }
      this.#math.merge(a, b, to, na, nb);
      this.#slots.release(a);
      this.#slots.release(b);
      return to;
    });
  }

  /** Elements per position of `axis`: the leaf at `prefix` on the axes before, everything on the axes after. */
  elementsPer(axis: number, prefix: number): number {
    let factor = 1;
    let rest = prefix;
    for (let k = axis - 1; k >= 0; k--) {
      const count = this.#counts[k] as number;
      factor *= pieceSize(this.#stage.leaves[k] as Cuts, rest % count);
      rest = Math.floor(rest / count);
    }
    for (const leaves of this.#stage.leaves.slice(axis + 1)) factor *= cutsExtent(leaves);
    return factor;
  }
}
