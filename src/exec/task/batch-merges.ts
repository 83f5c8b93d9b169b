/**
 * The merges of a batch of leaves. Batches repeat: the next one has as many leaves of the same sizes, and its states lie
 * where those of the last one lay. What follows the leaf calls, ten or so small maps (one per level of the trees), is
 * therefore recorded once and then only run again: a launch costs more than the few hundred additions that it does.
 */
import { type Cuts, cutsCount, cutsExtent, pieceSize } from "../../ir/cuts.js";
import { unravel } from "../../ir/index-map.js";
import { ProgramBuilder } from "../../ir/monoid.js";
import { elementsUnder } from "../../ir/partials.js";
import { constant } from "../../ir/scalar.js";
import type { ReduceStage } from "../../ir/stage.js";
import { SPAN } from "../../ir/trace.js";
import type { MapSpec } from "../../kernels/index.js";
import { apart, type BatchLayout, choices, type Leaves, type Pattern } from "./batch-layout.js";
import type { Place, TaskContext, TaskKernels } from "./context.js";
import { isArg, type LeafRange, type StateGeometry } from "./leaf-calls.js";
import type { StateMath } from "./states.js";

/** `index + number * weight`: to the kernel, every leaf of a pattern is the first one. */
const RENUMBER: MapSpec = ((): MapSpec => {
  const b = new ProgramBuilder();
  const index = b.emit({ op: "load", operand: 0, dtype: "int64" });
  const number = b.emit({ op: "index", axis: 0, dtype: "int64" });
  const weight = b.constant(constant(1, "int64"));
  const on = { op: "call", on: "int64", dtype: "int64" } as const;
  const offset = b.emit({ ...on, fn: "multiply", args: [number, weight] });
  const value = b.emit({ ...on, fn: "add", args: [index, offset] });
  return { program: b.program(), operands: ["int64"], outputs: [{ value, dtype: "int64" }] };
})();

/** One thing to do again. */
type Step = () => void;

/** What was recorded with some kernels for a stage; stages are as long-lived as plans. */
const recorded = new WeakMap<TaskKernels, WeakMap<ReduceStage, Map<string, readonly Step[]>>>();
/** Kinds of batches that are remembered per stage: whole ones, the last one, and those at odd ends of chunks. */
const MOST_KINDS = 8;

function recordedOf(kernels: TaskKernels, stage: ReduceStage): Map<string, readonly Step[]> {
  const own = kernels.untraced ?? kernels;
  const stages = recorded.get(own) ?? new WeakMap();
  recorded.set(own, stages);
  const kinds = stages.get(stage) ?? new Map();
  stages.set(stage, kinds);
  return kinds;
}

export class BatchMerges {
  readonly #ctx: TaskContext;
  readonly #stage: ReduceStage;
  readonly #geometry: StateGeometry;
  readonly #math: StateMath;
  readonly #counts: number;
  readonly #kinds: Map<string, readonly Step[]>;

  /** `counts` is where the counts of moments may be put. */
  constructor(
    ctx: TaskContext,
    stage: ReduceStage,
    geometry: StateGeometry,
    math: StateMath,
    counts: number,
  ) {
    this.#ctx = ctx;
    this.#stage = stage;
    this.#geometry = geometry;
    this.#math = math;
    this.#counts = counts;
    this.#kinds = recordedOf(ctx.kernels, stage);
  }

  /** Makes the maximal nodes of the batch of its leaves, each where its first leaf lies; `key` is its {@link kindOf}. */
  run(
    key: string,
    leaves: Leaves,
    patterns: readonly (readonly Pattern[])[],
    layout: BatchLayout,
    before: number,
  ): void {
    const known = this.#kinds.get(key);
    if (known !== undefined) {
      const { probe } = this.#ctx;
      const from = probe?.now();
      for (const step of known) step();
      if (from !== undefined) probe?.span(SPAN.compute, from, 0);
      return;
    }
    const steps: Step[] = [];
    for (const chosen of choices(patterns)) this.#renumber(steps, leaves.axis, chosen, layout);
    for (let i = leaves.ranges.length - 1; i >= 0; i--)
      this.#mergeAxis(steps, leaves, i, layout, before);
    if (this.#kinds.size === MOST_KINDS)
      this.#kinds.delete(this.#kinds.keys().next().value as string);
    this.#kinds.set(key, steps);
  }

  /**
   * Equal for batches with the same merges in the same places. `before` is the number of elements per position of the
   * batch's first axis.
   */
  kindOf(
    { axis, ranges }: Leaves,
    patterns: readonly (readonly Pattern[])[],
    layout: BatchLayout,
    before: number,
  ): string {
    const places = `${layout.at(0).join()}/${this.#counts}/${this.#geometry.kept}`;
    const parts = ranges.map(([from, to], i) => {
      // Which leaves meet depends on the last bits of their numbers, and on where the axis ends.
      const bits = 2 ** Math.ceil(Math.log2(to - from));
      const last = to === cutsCount(this.#stage.leaves[axis + i] as Cuts);
      const own = (patterns[i] as readonly Pattern[])
        .map((p) => [p.size, p.inner, p.outer, p.leaf, p.leaves, p.positions].join())
        .join(";");
      return `${from % bits}+${to - from}${last ? "." : ""}:${own}`;
    });
    return `${places}|${axis}|${this.#math.counted ? before : 0}|${parts.join("|")}`;
  }

  /**
   * To the kernel, every leaf of a pattern is the first one: adds to the indices of arg- reductions the distance of
   * each leaf from that one.
   */
  #renumber(steps: Step[], axis: number, chosen: readonly Pattern[], layout: BatchLayout): void {
    const { accumulators, reduced } = this.#stage;
    const places = layout.places(chosen);
    const numbers = chosen.flatMap((p) => [p.outer, p.inner]);
    accumulators.forEach(({ monoid, argStrides }, a) => {
      if (!isArg(monoid)) return;
      const own = chosen.map((_, i) => argStrides[reduced[axis + i] as number] as number);
      const indices = (places[a] as Place[])[1] as Place;
      const record = (): void => this.#addDistances(numbers, apart(chosen, own), indices);
      steps.push(this.#ctx.kernels.record(record));
    });
  }

  /** Axis by axis. */
  #addDistances(numbers: readonly number[], weights: readonly number[], indices: Place): void {
    const extents = [...numbers, this.#geometry.kept];
    const strides = [...indices.strides.slice(0, numbers.length), 8];
    numbers.forEach((n, i) => {
      if (n === 1 || weights[i] === 0) return;
      const turned = [i, ...extents.map((_, k) => k).filter((k) => k !== i)];
      const place: Place = {
        address: indices.address,
        strides: turned.map((k) => strides[k] as number),
      };
      this.#ctx.kernels.map(
        RENUMBER,
        turned.map((k) => extents[k] as number),
        turned.map(() => 0),
        [place],
        [place],
        [constant(weights[i] as number, "int64")],
      );
    });
  }

  /** Merges the trees along one axis of the batch, as far as they meet inside; the axes after it are merged. */
  #mergeAxis(
    steps: Step[],
    { axis, ranges }: Leaves,
    i: number,
    layout: BatchLayout,
    before: number,
  ): void {
    const leaves = this.#stage.leaves[axis + i] as Cuts;
    const count = cutsCount(leaves);
    const [from, to] = ranges[i] as LeafRange;
    const unit = layout.rows[i] as number;
    const sets = ranges.slice(0, i).reduce((n, [a, b]) => n * (b - a), 1);
    const factors = this.#math.counted ? this.#factors(axis, ranges.slice(0, i), i, before) : [];
    for (let level = 0; 2 ** level < to; level++) {
      const span = 2 ** level;
      // A node that reaches the end of the axis is complete although it is short.
      const end = to === count ? Math.ceil(to / span) : Math.floor(to / span);
      const first = Math.ceil(Math.ceil(from / span) / 2);
      const pairs = Math.floor(end / 2) - first;
      if (pairs <= 0) continue;
      if (this.#math.counted) steps.push(this.#fillCounts(leaves, level, first, pairs, factors));
      const record = (): void =>
        this.#math.mergeLevel(
          sets,
          pairs,
          layout.at((2 * first * span - from) * unit),
          { row: (to - from) * unit, pair: 2 * span * unit, right: span * unit },
          this.#counts,
        );
      steps.push(this.#ctx.kernels.record(record));
    }
  }

  /**
   * Elements per position of an axis, for every leaf position of the batch's axes before it. `before` is the same for
   * the batch's first axis; on the axes in between, one leaf stands instead of the whole axis.
   */
  #factors(axis: number, ranges: readonly LeafRange[], i: number, before: number): number[] {
    let base = before;
    for (let k = 1; k <= i; k++) base /= cutsExtent(this.#stage.leaves[axis + k] as Cuts);
    const sizes = ranges.map(([a, b]) => b - a);
    const sets = sizes.reduce((n, s) => n * s, 1);
    return Array.from({ length: sets }, (_, set) =>
      unravel(set, sizes).reduce(
        (n, p, k) => n * pieceSize(this.#stage.leaves[axis + k] as Cuts, (ranges[k]?.[0] ?? 0) + p),
        base,
      ),
    );
  }

  #fillCounts(
    leaves: Cuts,
    level: number,
    first: number,
    pairs: number,
    factors: readonly number[],
  ): Step {
    const total = factors.length * pairs;
    const table = new Float64Array(this.#ctx.memory.buffer, this.#counts, 2 * total);
    for (let p = 0; p < pairs; p++) {
      const a = elementsUnder(leaves, level, 2 * (first + p));
      const b = elementsUnder(leaves, level, 2 * (first + p) + 1);
      factors.forEach((factor, set) => {
        table[set * pairs + p] = factor * a;
        table[total + set * pairs + p] = factor * b;
      });
    }
    const counts = new Float64Array(table);
    return () => table.set(counts);
  }
}
