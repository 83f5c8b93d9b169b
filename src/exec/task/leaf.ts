/**
 * Leaf calls: the states of one leaf box, or of a batch of equal leaves in one call.
 *
 * A reduction that keeps few elements would spend its time on calls: leaves are small. So an aligned run of 2^n equal
 * leaves goes to the kernel as one call with one more kept axis (the leaf), and the first n levels of the tree are
 * merged row by row. The result is bit for bit what single leaves give: the tree is the same.
 */
import { type Cuts, type Run, pieceStart } from "../../ir/cuts.js";
import type { DType } from "../../ir/dtype.js";
import { itemSize } from "../../ir/dtype.js";
import { type Box, boxShape, ravel, rowMajorStrides } from "../../ir/index-map.js";
import { cutsCount } from "../../ir/cuts.js";
import type { ScalarProgram } from "../../ir/scalar.js";
import { batchLeaves, maxKept, slotBytes, stateComponents, treeAxis } from "../../ir/scratch.js";
import { type ReduceStage, keptAxes } from "../../ir/stage.js";
import type { Place, ScratchStack, TaskContext } from "./context.js";
import type { Forest } from "./forest.js";
import { shifted } from "./operands.js";
import { type NodeStates, type Slots, type StateMath, componentOffsets } from "./states.js";

interface LeafSpec {
  readonly program: ScalarProgram;
  readonly operands: readonly DType[];
  readonly outputs: readonly {
    readonly value: number;
    readonly monoid: ReduceStage["accumulators"][number]["monoid"];
    readonly on: DType;
  }[];
}

export class LeafRunner {
  readonly #ctx: TaskContext;
  readonly #stage: ReduceStage;
  readonly #slots: Slots;
  readonly #math: StateMath;
  readonly #spec: LeafSpec;
  readonly #dtypes: readonly DType[];
  /** Accumulator of every component. */
  readonly #owners: readonly number[];
  readonly #keptStrides: readonly number[];
  readonly #kept: number;
  readonly #most: number;
  /** Two buffers for the states of a batch. */
  readonly #buffers: readonly number[] = [];
  #batchSpec: LeafSpec | undefined;

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
    this.#math = math;
    this.#spec = {
      program: stage.program,
      operands: stage.operands.map((o) => o.dtype),
      outputs: stage.accumulators.map(({ value, monoid, on }) => ({ value, monoid, on })),
    };
    const components = stateComponents(stage);
    this.#dtypes = components.map((c) => c.dtype);
    this.#owners = components.map((c) => c.accumulator);
    const shape = boxShape(whole);
    const kept = keptAxes(stage);
    const strides = rowMajorStrides(kept.map((a) => shape[a] as number));
    this.#keptStrides = shape.map((_, axis) => {
      const k = kept.indexOf(axis);
      return k < 0 ? 0 : (strides[k] as number);
    });
    this.#kept = kept.reduce((n, a) => n * (shape[a] as number), 1);
    this.#most = batchLeaves(stage);
    if (this.#most > 1) {
      const bytes = slotBytes(stage, this.#most * maxKept(stage));
      this.#buffers = [scratch.take(bytes), scratch.take(bytes)];
    }
  }

  /** Leaves `[from, to)` of the tree axis at one leaf position of the axes before it. */
  run(
    step: Box,
    places: readonly Place[],
    prefix: readonly number[],
    from: number,
    to: number,
    forest: Forest,
  ): void {
    const stage = this.#stage;
    const k = treeAxis(stage);
    const leaves = stage.leaves[k] as Cuts;
    const outer = ravel(
      prefix,
      stage.leaves.slice(0, k).map((c) => cutsCount(c)),
    );
    const box = leafBox(stage, step, prefix);
    const axis = stage.reduced[k] as number;
    const equal = this.#most > 1 ? new EqualRuns(leaves) : undefined;
    for (let n = from; n < to; ) {
      let count = 1;
      if (equal !== undefined) {
        const room = Math.min(this.#most, to - n, equal.from(n));
        while (count * 2 <= room && n % (count * 2) === 0) count *= 2;
      }
      (box.lo as number[])[axis] = pieceStart(leaves, n);
      (box.hi as number[])[axis] = pieceStart(leaves, n + count);
      if (count === 1) {
        forest.push(k, outer, { level: 0, index: n, state: this.single(step, box, places) });
      } else {
        const state = this.#batch(step, box, places, axis, count, forest.elementsPer(k, outer));
        forest.push(k, outer, { level: Math.log2(count), index: n / count, state });
      }
      n += count;
    }
  }

  /** The states of one leaf box, in a slot. */
  single(step: Box, box: Box, places: readonly Place[]): NodeStates {
    const stage = this.#stage;
    const states = this.#slots.take();
    this.#ctx.kernels.leaf(
      this.#spec,
      boxShape(box),
      box.lo,
      stage.reduced,
      within(places, step, box),
      this.#statePlaces(states.components, this.#keptStrides),
      stage.accumulators.map((a) => a.argStrides),
      stage.program.constants,
    );
    return states;
  }

  #statePlaces(addresses: readonly number[], strides: readonly number[]): Place[][] {
    const places: Place[][] = this.#stage.accumulators.map(() => []);
    addresses.forEach((address, i) => {
      const size = itemSize(this.#dtypes[i] as DType);
      places[this.#owners[i] as number]?.push({ address, strides: strides.map((s) => s * size) });
    });
    return places;
  }

  /** The states of the node above `count` (a power of two) equal leaves that fill `box` along `axis`, in a slot. */
  #batch(
    step: Box,
    box: Box,
    places: readonly Place[],
    axis: number,
    count: number,
    elementsPer: number,
  ): NodeStates {
    const stage = this.#stage;
    const shape = boxShape(box);
    const size = (shape[axis] as number) / count;
    this.#batchSpec ??= { ...this.#spec, program: behindOneAxis(stage.program) };
    shape[axis] = size;
    let [here, there] = this.#buffers as [number, number];
    const at = (base: number, rows: number): number[] =>
      componentOffsets(stage, rows * this.#kept).map((o) => base + o);
    this.#ctx.kernels.leaf(
      this.#batchSpec,
      [count, ...shape],
      [0, ...box.lo],
      stage.reduced.map((a) => a + 1),
      within(places, step, box).map(({ address, strides }) => ({
        address,
        strides: [size * (strides[axis] as number), ...strides],
      })),
      this.#statePlaces(at(here, count), [this.#kept, ...this.#keptStrides]),
      stage.accumulators.map(({ argStrides }) => [
        size * (argStrides[axis] ?? 0),
        ...argStrides,
      ]),
      stage.program.constants,
    );
    const result = this.#slots.take();
    let elements = elementsPer * size;
    for (let rows = count / 2; rows >= 1; rows /= 2) {
      const a = at(here, rows * 2);
      const b = a.map((address, i) => address + this.#kept * itemSize(this.#dtypes[i] as DType));
      const to = rows === 1 ? result.components : at(there, rows);
      this.#math.mergeRows(rows, a, b, to, elements, elements, 2);
      elements *= 2;
      [here, there] = [there, here];
    }
    return result;
  }
}

/** The box of the leaf position `prefix` inside a step. */
function leafBox(stage: ReduceStage, step: Box, prefix: readonly number[]): Box {
  const lo = [...step.lo];
  const hi = [...step.hi];
  prefix.forEach((n, k) => {
    const axis = stage.reduced[k] as number;
    lo[axis] = pieceStart(stage.leaves[k] as Cuts, n);
    hi[axis] = pieceStart(stage.leaves[k] as Cuts, n + 1);
  });
  return { lo, hi };
}

/** Places over `outer` as places over `inner`, a box inside. */
const within = (places: readonly Place[], outer: Box, inner: Box): Place[] => {
  const offset = inner.lo.map((v, i) => v - (outer.lo[i] as number));
  return places.map((place) => shifted(place, offset));
};

/** The program in a space with one more axis in front. */
const behindOneAxis = (program: ScalarProgram): ScalarProgram =>
  program.ops.some((op) => op.op === "index")
    ? {
        ...program,
        ops: program.ops.map((op) => (op.op === "index" ? { ...op, axis: op.axis + 1 } : op)),
      }
    : program;

/** How many pieces in a row have the same size; asked in ascending order. */
class EqualRuns {
  readonly #cuts: Cuts;
  #run = 0;
  #end: number;

  constructor(cuts: Cuts) {
    this.#cuts = cuts;
    this.#end = (cuts[0] as Run).repeat;
  }

  /** Number of pieces from `n` on that are as long as piece `n`. */
  from(n: number): number {
    while (this.#end <= n) this.#end += (this.#cuts[++this.#run] as Run).repeat;
    return this.#end - n;
  }
}
