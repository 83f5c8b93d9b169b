/**
 * The leaves of one step: a leaf call for each leaf box, or for many at once where little is kept (`LeafBatch`).
 */
import { type Cuts, cutsCount, pieceStart, piecesIn } from "../../ir/cuts.js";
import { type Box, boxShape, ravel } from "../../ir/index-map.js";
import { batchLeaves, isIndexed, workBytes } from "../../ir/scratch.js";
import type { ReduceStage } from "../../ir/stage.js";
import { treeAxis } from "../../ir/state-slots.js";
import { LeafBatch } from "./batch.js";
import {
  checkCancelled,
  type Place,
  type Scratch,
  type ScratchStack,
  type TaskContext,
} from "./context.js";
import type { Forest } from "./forest.js";
import {
  geometryOf,
  isArg,
  type LeafCall,
  type LeafRange,
  leafCalls,
  type StateGeometry,
  statePlaces,
  within,
} from "./leaf-calls.js";
import type { Placed } from "./live.js";
import { positions } from "./operands.js";
import type { NodeStates, Slots, StateMath } from "./states.js";
import { UniformLeaves } from "./uniform.js";

export class LeafRunner {
  readonly #ctx: TaskContext;
  readonly #stage: ReduceStage;
  readonly #slots: Slots;
  readonly #calls: readonly LeafCall[];
  readonly #geometry: StateGeometry;
  readonly #most: number;
  readonly #work: Scratch;
  readonly #batch: LeafBatch | undefined;
  readonly #equal: UniformLeaves;
  /** Set while all elements of the step are equal. */
  #uniform: UniformLeaves | undefined;

  constructor(
    ctx: TaskContext,
    stage: ReduceStage,
    whole: Box,
    slots: Slots,
    math: StateMath,
    scratch: ScratchStack,
  ) {
    this.#ctx = ctx;
    this.#stage = stage;
    this.#slots = slots;
    this.#calls = leafCalls(stage);
    this.#geometry = geometryOf(stage, whole);
    this.#most = batchLeaves(stage);
    const bytes = workBytes(stage);
    this.#work = { address: scratch.take(bytes), bytes };
    this.#equal = new UniformLeaves(ctx, stage, this.#calls, this.#work);
    if (this.#most > 1) {
      this.#batch = new LeafBatch(
        ctx,
        stage,
        this.#calls,
        this.#geometry,
        math,
        scratch,
        this.#work,
      );
    }
  }

  /** Says what the leaves to come are made of. Where an element is tells those of arg- reductions apart. */
  begin({ places, uniform, facts }: Placed): void {
    const equal = uniform && !this.#stage.accumulators.some((a) => isArg(a.monoid));
    this.#uniform = equal ? this.#equal : undefined;
    this.#uniform?.begin(places, facts);
  }

  /** Feeds every leaf of a step to the trees. */
  walk(step: Box, places: readonly Place[], forest: Forest): void {
    const stage = this.#stage;
    const ranges = stage.leaves.slice(0, treeAxis(stage) + 1).map((cuts, k): LeafRange => {
      const axis = stage.reduced[k] as number;
      const [first, last] = piecesIn(cuts, step.lo[axis] as number, step.hi[axis] as number);
      return [first, last + 1];
    });
    const { top, window } = this.#batchOf(ranges);
    const axis = Math.min(top, ranges.length - 1);
    const [from, to] = ranges[axis] as LeafRange;
    const counts = stage.leaves.slice(0, axis).map((c) => cutsCount(c));
    for (const prefix of positions(ranges.slice(0, axis))) {
      checkCancelled(this.#ctx);
      const outer = ravel(prefix, counts);
      const box = leafBox(stage, step, prefix);
      for (let n = from; n < to; ) {
        // Windows start at multiples of their size: then almost all of their nodes meet inside.
        const end = Math.min(to, n - (n % window) + window);
        const several = [[n, end] as const, ...ranges.slice(axis + 1)];
        if (this.#batch !== undefined && several.some(([a, b]) => b - a > 1)) {
          const batch = { axis, outer, ranges: several };
          this.#batch.run(step, box, places, batch, forest, this.#uniform);
        } else {
          const one = leafBox(stage, box, [...prefix, n]);
          const state = this.single(step, one, places);
          forest.push(axis, outer, { level: 0, index: n, state });
        }
        n = end;
      }
    }
  }

  /**
   * The outermost tree axis along which leaves are batched, and how many of its leaves at once. Axes after it are
   * complete within the step, so that their trees are complete within the batch.
   */
  #batchOf(ranges: readonly LeafRange[]): { readonly top: number; readonly window: number } {
    let top = ranges.length;
    let inner = 1;
    if (this.#batch === undefined) return { top, window: 1 };
    for (let k = ranges.length - 1; k >= 0 && !isIndexed(this.#stage, k); k--) {
      const [from, to] = ranges[k] as LeafRange;
      const room = Math.floor(this.#most / inner);
      if (room < 2) break;
      top = k;
      if (to - from > room) return { top, window: 2 ** Math.floor(Math.log2(room)) };
      inner *= to - from;
      if (to - from < cutsCount(this.#stage.leaves[k] as Cuts)) break;
    }
    return { top, window: top === ranges.length ? 1 : Number.MAX_SAFE_INTEGER };
  }

  /** The states of one leaf box, in a slot. */
  single(step: Box, box: Box, places: readonly Place[]): NodeStates {
    const stage = this.#stage;
    const states = this.#slots.take();
    const target = statePlaces(stage, states.components, this.#geometry.strides);
    const operands = within(places, step, box);
    if (this.#uniform !== undefined) {
      const one = boxShape(box).map((n, axis) => (stage.reduced.includes(axis) ? 1 : n));
      this.#uniform.fill(box, operands, one, target);
      return states;
    }
    for (const { accumulators, argStrides, spec } of this.#calls) {
      this.#ctx.kernels.leaf(
        spec,
        boxShape(box),
        box.lo,
        stage.reduced,
        operands,
        accumulators.map((a) => target[a] as Place[]),
        argStrides,
        stage.program.constants,
        this.#work,
      );
    }
    return states;
  }
}

/** The box of the leaf position `prefix` of the first reduced axes, inside `box`. */
function leafBox(stage: ReduceStage, box: Box, prefix: readonly number[]): Box {
  const lo = [...box.lo];
  const hi = [...box.hi];
  prefix.forEach((n, k) => {
    const axis = stage.reduced[k] as number;
    lo[axis] = pieceStart(stage.leaves[k] as Cuts, n);
    hi[axis] = pieceStart(stage.leaves[k] as Cuts, n + 1);
  });
  return { lo, hi };
}
