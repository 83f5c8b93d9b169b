/**
 * Batches of leaves: a reduction that keeps few elements would spend its time on calls, since leaves are small.
 *
 * Leaves of equal size at equal distances (all of them, or those at the same place of every chunk) go to the kernel as
 * one call with more kept axes, the leaf numbers. The states of the batch lie row-major over the leaf numbers; every
 * level of the trees then is one merge over all its pairs, in place: a node lies where its first leaf lay. The bits
 * are those of single leaves, because the trees are the same.
 */
import { type Cuts, cutsCount } from "../../ir/cuts.js";
import { type Box, boxShape } from "../../ir/index-map.js";
import { maximalNodes } from "../../ir/leaves.js";
import { batchCountBytes, batchLeaves, maxKept, slotBytes } from "../../ir/scratch.js";
import type { ReduceStage } from "../../ir/stage.js";
import {
  apart,
  BatchLayout,
  choices,
  type Leaves,
  type Pattern,
  patternsOf,
} from "./batch-layout.js";
import { BatchMerges } from "./batch-merges.js";
import type { Place, Scratch, ScratchStack, TaskContext } from "./context.js";
import type { Forest } from "./forest.js";
import { type LeafCall, type LeafRange, type StateGeometry, within } from "./leaf-calls.js";
import { BORROWED, type StateMath } from "./states.js";
import type { UniformLeaves } from "./uniform.js";

export class LeafBatch {
  readonly #ctx: TaskContext;
  readonly #stage: ReduceStage;
  readonly #calls: readonly LeafCall[];
  readonly #geometry: StateGeometry;
  readonly #merges: BatchMerges;
  readonly #states: number;
  readonly #work: Scratch;
  /** What the states are of, if that may come again. */
  #held: string | undefined;

  constructor(
    ctx: TaskContext,
    stage: ReduceStage,
    calls: readonly LeafCall[],
    geometry: StateGeometry,
    math: StateMath,
    scratch: ScratchStack,
    work: Scratch,
  ) {
    this.#ctx = ctx;
    this.#work = work;
    this.#stage = stage;
    this.#calls = calls;
    this.#geometry = geometry;
    this.#states = scratch.take(slotBytes(stage, batchLeaves(stage) * maxKept(stage)));
    const counts = scratch.take(batchCountBytes(stage));
    this.#merges = new BatchMerges(ctx, stage, geometry, math, counts);
  }

  /**
   * Feeds the maximal nodes of the batch to the trees. `box` is the leaf box on the axes before the batch; `uniform` is
   * there if all of its elements are equal.
   */
  run(
    step: Box,
    box: Box,
    places: readonly Place[],
    leaves: Leaves,
    forest: Forest,
    uniform: UniformLeaves | undefined,
  ): void {
    const { axis, outer, ranges } = leaves;
    const layout = new BatchLayout(this.#stage, this.#geometry, this.#states, ranges);
    const patterns = ranges.map(([from, to], i) =>
      patternsOf(this.#stage.leaves[axis + i] as Cuts, from, to),
    );
    const before = forest.elementsPer(axis, outer);
    const kind = this.#merges.kindOf(leaves, patterns, layout, before);
    // Of equal elements all that counts is how many there are in a leaf: along the axes before those of the batch too.
    const held = uniform && `${kind}|${boxShape(box).join()}|${uniform.value}`;
    // Batch after batch of equal elements: the states are there from the last one.
    if (held === undefined || held !== this.#held) {
      for (const chosen of choices(patterns))
        this.#leafCall(step, box, places, axis, chosen, layout, uniform);
      this.#merges.run(kind, leaves, patterns, layout, before);
    }
    this.#held = held;
    const [from, to] = ranges[0] as LeafRange;
    const count = cutsCount(this.#stage.leaves[axis] as Cuts);
    for (const { level, index } of maximalNodes(from, to, count)) {
      const components = layout.at((index * 2 ** level - from) * (layout.rows[0] as number));
      forest.push(axis, outer, { level, index, state: { components, slot: BORROWED } });
    }
  }

  #leafCall(
    step: Box,
    outerBox: Box,
    places: readonly Place[],
    first: number,
    chosen: readonly Pattern[],
    layout: BatchLayout,
    uniform: UniformLeaves | undefined,
  ): void {
    const stage = this.#stage;
    const axes = chosen.map((_, i) => stage.reduced[first + i] as number);
    const lo = [...outerBox.lo];
    const hi = [...outerBox.hi];
    chosen.forEach((p, i) => {
      const axis = axes[i] as number;
      lo[axis] = p.start;
      hi[axis] = p.start + p.size;
    });
    const box: Box = { lo, hi };
    const more = 2 * chosen.length;
    const numbers = chosen.flatMap((p) => [p.outer, p.inner]);
    const target = layout.places(chosen);
    if (uniform !== undefined) {
      const one = boxShape(box).map((n, axis) => (stage.reduced.includes(axis) ? 1 : n));
      uniform.fill(box, within(places, step, box), [...numbers, ...one], target);
      return;
    }
    const operands = within(places, step, box).map(({ address, strides: own }) => ({
      address,
      strides: [
        ...apart(
          chosen,
          axes.map((axis) => own[axis] as number),
        ),
        ...own,
      ],
    }));
    for (const { accumulators, argStrides, behind } of this.#calls) {
      this.#ctx.kernels.leaf(
        behind(more),
        [...numbers, ...boxShape(box)],
        [...numbers.map(() => 0), ...lo],
        stage.reduced.map((a) => a + more),
        operands,
        accumulators.map((a) => target[a] as Place[]),
        [...numbers.map(() => 0), ...argStrides],
        stage.program.constants,
        this.#work,
      );
    }
  }
}
