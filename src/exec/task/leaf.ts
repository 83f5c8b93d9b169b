/**
 * Leaf calls: the states of one leaf box, or of a batch of equal leaves in one call.
 *
 * A reduction that keeps few elements would spend its time on calls: leaves are small. So an aligned run of 2^n equal
 * leaves goes to the kernel as one call with one more kept axis (the leaf), and the first n levels of the tree are
 * merged row by row. The result is bit for bit what single leaves give: the tree is the same.
 */
import { type Cuts, type Run, cutsCount, pieceStart } from "../../ir/cuts.js";
import type { DType } from "../../ir/dtype.js";
import { type Box, boxShape, ravel, rowMajorStrides } from "../../ir/index-map.js";
import { ProgramBuilder } from "../../ir/monoid.js";
import { type ScalarConstant, type ScalarProgram, constant } from "../../ir/scalar.js";
import { batchLeaves, maxKept, slotBytes, stateComponents, treeAxis } from "../../ir/scratch.js";
import { type ReduceStage, keptAxes } from "../../ir/stage.js";
import type { LeafSpec, MapSpec } from "../../kernels/index.js";
import { type Place, type ScratchStack, type TaskContext, itemOf } from "./context.js";
import type { Forest } from "./forest.js";
import { shifted } from "./operands.js";
import { type NodeStates, type Slots, type StateMath, componentOffsets } from "./states.js";

/** Accumulators that one leaf call can fill: all of them, unless arg- reductions number their elements differently. */
interface LeafCall {
  readonly accumulators: readonly number[];
  readonly argStrides: readonly number[];
  readonly single: LeafSpec;
  /** In a space with one more axis in front. */
  readonly batched: LeafSpec;
}

const isArg = (monoid: string): boolean => monoid === "argmin" || monoid === "argmax";

const known = new WeakMap<ReduceStage, readonly LeafCall[]>();

function leafCalls(stage: ReduceStage): readonly LeafCall[] {
  let calls = known.get(stage);
  if (calls === undefined) {
    const groups = new Map<string, number[]>();
    const args = stage.accumulators.filter((a) => isArg(a.monoid));
    stage.accumulators.forEach((a, i) => {
      const key = (isArg(a.monoid) ? a : args[0])?.argStrides.join() ?? "";
      groups.set(key, [...(groups.get(key) ?? []), i]);
    });
    calls = [...groups.values()].map((accumulators) => leafCall(stage, accumulators));
    known.set(stage, calls);
  }
  return calls;
}

function leafCall(stage: ReduceStage, accumulators: readonly number[]): LeafCall {
  const members = accumulators.map(
    (i) => stage.accumulators[i] as ReduceStage["accumulators"][number],
  );
  const outputs = members.map(({ value, monoid, on }) => ({ value, monoid, on }));
  const operands = stage.operands.map((o) => o.dtype);
  const program = behindOneAxis(stage.program);
  return {
    accumulators,
    argStrides: members.find((a) => isArg(a.monoid))?.argStrides ?? stage.space.map(() => 0),
    single: { program: stage.program, operands, outputs },
    batched: { program, operands, outputs },
  };
}

/** The program in a space with one more axis in front. */
const behindOneAxis = (program: ScalarProgram): ScalarProgram =>
  program.ops.some((op) => op.op === "index")
    ? {
        ...program,
        ops: program.ops.map((op) => (op.op === "index" ? { ...op, axis: op.axis + 1 } : op)),
      }
    : program;

/** `index + leaf number * elements between leaves`: to the kernel every leaf of a batch is the first one. */
const RENUMBER: MapSpec = ((): MapSpec => {
  const b = new ProgramBuilder();
  const index = b.emit({ op: "load", operand: 0, dtype: "int64" });
  const leaf = b.emit({ op: "index", axis: 0, dtype: "int64" });
  const weight = b.constant(constant(1, "int64"));
  const call = { op: "call", on: "int64", dtype: "int64" } as const;
  const offset = b.emit({ ...call, fn: "multiply", args: [leaf, weight] });
  const value = b.emit({ ...call, fn: "add", args: [index, offset] });
  return { program: b.program(), operands: ["int64"], outputs: [{ value, dtype: "int64" }] };
})();

export class LeafRunner {
  readonly #ctx: TaskContext;
  readonly #stage: ReduceStage;
  readonly #slots: Slots;
  readonly #math: StateMath;
  readonly #calls: readonly LeafCall[];
  readonly #dtypes: readonly DType[];
  /** Accumulator of every component. */
  readonly #owners: readonly number[];
  readonly #keptStrides: readonly number[];
  readonly #kept: number;
  readonly #most: number;
  /** Two buffers for the states of a batch. */
  readonly #buffers: readonly number[] = [];

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
    this.#calls = leafCalls(stage);
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
    const target = this.#statePlaces(states.components, this.#keptStrides);
    for (const { accumulators, argStrides, single } of this.#calls) {
      this.#ctx.kernels.leaf(
        single,
        boxShape(box),
        box.lo,
        stage.reduced,
        within(places, step, box),
        accumulators.map((a) => target[a] as Place[]),
        argStrides,
        stage.program.constants,
      );
    }
    return states;
  }

  #statePlaces(addresses: readonly number[], strides: readonly number[]): Place[][] {
    const places: Place[][] = this.#stage.accumulators.map(() => []);
    addresses.forEach((address, i) => {
      const size = itemOf(this.#dtypes[i] as DType);
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
    shape[axis] = size;
    let [here, there] = this.#buffers as [number, number];
    const at = (base: number, rows: number): number[] =>
      componentOffsets(stage, rows * this.#kept).map((o) => base + o);
    const target = this.#statePlaces(at(here, count), [this.#kept, ...this.#keptStrides]);
    for (const { accumulators, argStrides, batched } of this.#calls) {
      this.#ctx.kernels.leaf(
        batched,
        [count, ...shape],
        [0, ...box.lo],
        stage.reduced.map((a) => a + 1),
        within(places, step, box).map(({ address, strides }) => ({
          address,
          strides: [size * (strides[axis] as number), ...strides],
        })),
        accumulators.map((a) => target[a] as Place[]),
        [0, ...argStrides],
        stage.program.constants,
      );
      const weight = constant(size * (argStrides[axis] ?? 0), "int64");
      for (const a of accumulators) {
        if (!isArg(stage.accumulators[a]?.monoid ?? "")) continue;
        this.#renumber(count, (target[a] as Place[])[1] as Place, weight);
      }
    }
    const result = this.#slots.take();
    let elements = elementsPer * size;
    for (let rows = count / 2; rows >= 1; rows /= 2) {
      const a = at(here, rows * 2);
      const b = a.map((address, i) => address + this.#kept * itemOf(this.#dtypes[i] as DType));
      const to = rows === 1 ? result.components : at(there, rows);
      this.#math.mergeRows(rows, a, b, to, elements, elements, 2);
      elements *= 2;
      [here, there] = [there, here];
    }
    return result;
  }

  #renumber(count: number, { address }: Place, weight: ScalarConstant): void {
    const place: Place = { address, strides: [8 * this.#kept, 8] };
    this.#ctx.kernels.map(RENUMBER, [count, this.#kept], [0, 0], [place], [place], [weight]);
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
