/**
 * Batches of leaves: a reduction that keeps few elements would spend its time on calls, since leaves are small.
 *
 * Leaves of equal size at equal distances (all of them, or those at the same place of every chunk) go to the kernel as
 * one call with more kept axes, the leaf numbers. The states of the batch lie row-major over the leaf numbers; every
 * level of the trees then is one merge over all its pairs, in place: a node lies where its first leaf lay. The bits
 * are those of single leaves, because the trees are the same.
 */
import {
  type Cuts,
  cutsCount,
  cutsExtent,
  pieceSize,
  pieceStart,
  sliceCuts,
} from "../../ir/cuts.js";
import type { DType } from "../../ir/dtype.js";
import { type Box, boxShape, rowMajorStrides, unravel } from "../../ir/index-map.js";
import { maximalNodes } from "../../ir/leaves.js";
import { ProgramBuilder } from "../../ir/monoid.js";
import { elementsUnder } from "../../ir/partials.js";
import { constant } from "../../ir/scalar.js";
import {
  batchCountBytes,
  batchLeaves,
  maxKept,
  slotBytes,
  stateComponents,
} from "../../ir/scratch.js";
import type { ReduceStage } from "../../ir/stage.js";
import type { MapSpec } from "../../kernels/index.js";
import {
  itemOf,
  type Place,
  type Scratch,
  type ScratchStack,
  type TaskContext,
} from "./context.js";
import type { Forest } from "./forest.js";
import {
  isArg,
  type LeafCall,
  type LeafRange,
  type StateGeometry,
  statePlaces,
  within,
} from "./leaf-calls.js";
import { positions } from "./operands.js";
import { BORROWED, componentOffsets, type StateMath } from "./states.js";

/** Equal leaves of one axis: `outer` groups, each of `inner` leaves side by side. */
interface Pattern {
  readonly size: number;
  readonly inner: number;
  readonly outer: number;
  /** First leaf, counted from the first one of the batch, and its first position. */
  readonly leaf: number;
  readonly start: number;
  /** From group to group, in leaves and in positions. */
  readonly leaves: number;
  readonly positions: number;
}

/** Leaves `[from, to)` as few patterns: runs of equal leaves, joined where they repeat at equal distances. */
export function patternsOf(cuts: Cuts, from: number, to: number): Pattern[] {
  const first = pieceStart(cuts, from);
  const open = new Map<string, number>();
  const out: Pattern[] = [];
  let leaf = 0;
  let start = first;
  for (const { size, repeat } of sliceCuts(cuts, first, pieceStart(cuts, to))) {
    const key = `${size}x${repeat}`;
    const at = open.get(key);
    const last = at === undefined ? undefined : out[at];
    const joins =
      last !== undefined &&
      (last.outer === 1 ||
        (leaf === last.leaf + last.outer * last.leaves &&
          start === last.start + last.outer * last.positions));
    if (last !== undefined && at !== undefined && joins) {
      out[at] = {
        ...last,
        outer: last.outer + 1,
        leaves: last.outer === 1 ? leaf - last.leaf : last.leaves,
        positions: last.outer === 1 ? start - last.start : last.positions,
      };
    } else {
      open.set(key, out.length);
      out.push({ size, inner: repeat, outer: 1, leaf, start, leaves: 0, positions: 0 });
    }
    leaf += repeat;
    start += size * repeat;
  }
  return out;
}

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

/** The leaves of a batch: `ranges[0]` of tree axis `axis` at outer leaf position `outer`, and all of the next axes. */
interface Leaves {
  readonly axis: number;
  readonly outer: number;
  readonly ranges: readonly LeafRange[];
}

export class LeafBatch {
  readonly #ctx: TaskContext;
  readonly #stage: ReduceStage;
  readonly #calls: readonly LeafCall[];
  readonly #geometry: StateGeometry;
  readonly #math: StateMath;
  readonly #dtypes: readonly DType[];
  readonly #states: number;
  readonly #counts: number;
  readonly #work: Scratch;

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
    this.#math = math;
    this.#dtypes = stateComponents(stage).map((c) => c.dtype);
    this.#states = scratch.take(slotBytes(stage, batchLeaves(stage) * maxKept(stage)));
    this.#counts = scratch.take(batchCountBytes(stage));
  }

  /** Feeds the maximal nodes of the batch to the trees. `box` is the leaf box on the axes before the batch. */
  run(step: Box, box: Box, places: readonly Place[], leaves: Leaves, forest: Forest): void {
    const { axis, outer, ranges } = leaves;
    const sizes = ranges.map(([from, to]) => to - from);
    const rows = rowMajorStrides(sizes);
    const all = sizes.reduce((n, s) => n * s, 1) * this.#geometry.kept;
    const base = componentOffsets(this.#stage, all).map((o) => this.#states + o);
    const patterns = ranges.map(([from, to], i) =>
      patternsOf(this.#stage.leaves[axis + i] as Cuts, from, to),
    );
    for (const choice of positions(patterns.map((p) => [0, p.length] as const))) {
      const chosen = choice.map((n, i) => patterns[i]?.[n] as Pattern);
      this.#leafCall(step, box, places, axis, chosen, rows, base);
    }
    const before = forest.elementsPer(axis, outer);
    for (let i = ranges.length - 1; i >= 0; i--) this.#mergeAxis(leaves, i, rows, base, before);
    const [from, to] = ranges[0] as LeafRange;
    const count = cutsCount(this.#stage.leaves[axis] as Cuts);
    for (const { level, index } of maximalNodes(from, to, count)) {
      const components = this.#at(base, (index * 2 ** level - from) * (rows[0] as number));
      forest.push(axis, outer, { level, index, state: { components, slot: BORROWED } });
    }
  }

  /** Component addresses of the node at a row of the batch. */
  #at(base: readonly number[], row: number): number[] {
    return base.map((a, i) => a + row * this.#geometry.kept * itemOf(this.#dtypes[i] as DType));
  }

  #leafCall(
    step: Box,
    outerBox: Box,
    places: readonly Place[],
    first: number,
    chosen: readonly Pattern[],
    rows: readonly number[],
    base: readonly number[],
  ): void {
    const stage = this.#stage;
    const { kept, strides } = this.#geometry;
    const lo = [...outerBox.lo];
    const hi = [...outerBox.hi];
    chosen.forEach((p, i) => {
      const axis = stage.reduced[first + i] as number;
      lo[axis] = p.start;
      hi[axis] = p.start + p.size;
    });
    const box: Box = { lo, hi };
    const more = 2 * chosen.length;
    const axisOf = (i: number): number => stage.reduced[first + i] as number;
    const numbers = chosen.flatMap((p) => [p.outer, p.inner]);
    const apart = (place: readonly number[]): number[] =>
      chosen.flatMap((p, i) => {
        const stride = place[axisOf(i)] ?? 0;
        return [p.positions * stride, p.size * stride];
      });
    const nodes = chosen.flatMap((p, i) => {
      const row = (rows[i] as number) * kept;
      return [p.leaves * row, row];
    });
    const row = chosen.reduce((n, p, i) => n + p.leaf * (rows[i] as number), 0);
    const target = statePlaces(stage, this.#at(base, row), [...nodes, ...strides]);
    const operands = within(places, step, box).map(({ address, strides: own }) => ({
      address,
      strides: [...apart(own), ...own],
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
      for (const a of accumulators) {
        if (!isArg(stage.accumulators[a]?.monoid ?? "")) continue;
        const indices = (target[a] as Place[])[1] as Place;
        this.#renumber(numbers, apart(argStrides), indices);
      }
    }
  }

  /** Adds the distance of each leaf from the first one of its pattern, axis by axis. */
  #renumber(numbers: readonly number[], weights: readonly number[], indices: Place): void {
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
    { axis, ranges }: Leaves,
    i: number,
    rows: readonly number[],
    base: readonly number[],
    before: number,
  ): void {
    const leaves = this.#stage.leaves[axis + i] as Cuts;
    const count = cutsCount(leaves);
    const [from, to] = ranges[i] as LeafRange;
    const unit = rows[i] as number;
    const sets = ranges.slice(0, i).reduce((n, [a, b]) => n * (b - a), 1);
    const factors = this.#math.counted ? this.#factors(axis, ranges.slice(0, i), i, before) : [];
    for (let level = 0; 2 ** level < to; level++) {
      const span = 2 ** level;
      // A node that reaches the end of the axis is complete although it is short.
      const end = to === count ? Math.ceil(to / span) : Math.floor(to / span);
      const first = Math.ceil(Math.ceil(from / span) / 2);
      const pairs = Math.floor(end / 2) - first;
      if (pairs <= 0) continue;
      if (this.#math.counted) this.#fillCounts(leaves, level, first, pairs, factors);
      this.#math.mergeLevel(
        sets,
        pairs,
        this.#at(base, (2 * first * span - from) * unit),
        { row: (to - from) * unit, pair: 2 * span * unit, right: span * unit },
        this.#counts,
      );
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
  ): void {
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
  }
}
