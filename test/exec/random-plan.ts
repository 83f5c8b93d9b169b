/** Draws small plans of all stage kinds, with the figures that a planner would have put into them. */

import { Order } from "../../dist/exec/coordinator/order.js";
import {
  BLOCK_GONE,
  BLOCK_READY,
  TASK_DONE,
  tableLayout,
} from "../../dist/exec/coordinator/tables.js";
import { type Cuts, cutsCount, cutsFromSizes, groupCuts } from "../../dist/ir/cuts.js";
import type { AffineMap } from "../../dist/ir/index-map.js";
import type { IndexList } from "../../dist/ir/node.js";
import {
  blockBytes,
  blockCount,
  maxBlockBytes,
  type Operand,
  type Plan,
  type PlanArray,
  type PlanRoot,
  type Stage,
  taskCount,
} from "../../dist/ir/stage.js";

export type Random = () => number;

/** mulberry32 */
export function randomOf(seed: number): Random {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export const below = (random: Random, n: number): number => Math.floor(random() * n);
const pick = <T>(random: Random, of: readonly T[]): T => of[below(random, of.length)] as T;

function randomCuts(random: Random, extent: number): Cuts {
  const sizes: number[] = [];
  for (let left = extent; left > 0; ) {
    const size = Math.min(left, 1 + below(random, 4));
    sizes.push(size);
    left -= size;
  }
  return cutsFromSizes(sizes);
}

type Draft = { plan: Plan; indices: IndexList[] };
const ESTIMATE = {
  tasks: 0,
  readBytes: 0,
  readChunks: 0,
  movedBytes: 0,
  spilledBytes: 0,
  seconds: 0,
};

class Builder {
  readonly arrays: PlanArray[] = [];
  readonly stages: Stage[] = [];
  readonly roots: PlanRoot[] = [];
  readonly indices: IndexList[] = [];
  readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  base(label: string, space: readonly number[], cuts: readonly Cuts[], outputs: readonly number[]) {
    const random = this.random;
    return {
      id: this.stages.length,
      label,
      nodes: [],
      space,
      cuts,
      outputs,
      scratchBytes: random() < 0.5 ? 0 : below(random, 3000),
      foreignBytes: random() < 0.7 ? 0 : below(random, 2000),
      estimate: ESTIMATE,
    };
  }

  array(shape: readonly number[], cuts: readonly Cuts[], rawBytes?: number): number {
    const id = this.arrays.length;
    const root = rawBytes === undefined && this.random() < 0.15;
    this.arrays.push({
      id,
      stage: this.stages.length,
      shape,
      dtype: "float64",
      cuts,
      ...(rawBytes === undefined ? {} : { rawBytes }),
      ...(root ? { root: this.roots.length } : {}),
      liveBytes: 0,
    });
    if (root) this.root(id);
    return id;
  }

  root(id: number): void {
    const { shape, dtype } = this.arrays[id] as PlanArray;
    this.roots.push({ shape, dtype, array: id, bytes: shape.reduce((n, s) => n * s, 8) });
  }

  /** An operand over a random earlier array (or a source) that a space of some shape can read. */
  operand(space: readonly number[]): Operand {
    const { random } = this;
    const usable = this.arrays.filter((a) => a.rawBytes === undefined);
    const shapeOf = (map: AffineMap): number[] => map.map((m) => (m.axis < 0 ? m.start + 1 : 1));
    if (usable.length > 0 && random() < 0.85) {
      const array = pick(random, usable);
      const free = space.map((_, i) => i);
      const map: { axis: number; start: number; step: number }[] = [];
      let fits = true;
      for (const extent of array.shape) {
        // A space axis that stays inside this array axis: forwards, backwards, in steps, or one constant place.
        const options = free.filter((i) => (space[i] as number) <= extent);
        if (extent === 0 && options.length === 0) fits = false;
        const axis =
          options.length > 0 && (extent === 0 || random() < 0.85) ? pick(random, options) : -1;
        if (axis < 0) map.push({ axis: -1, start: below(random, Math.max(1, extent)), step: 0 });
        else {
          free.splice(free.indexOf(axis), 1);
          const n = space[axis] as number;
          const most = n > 1 ? Math.floor((extent - 1) / (n - 1)) : 1;
          const step = 1 + below(random, Math.max(1, Math.min(3, most)));
          const reach = n === 0 ? 0 : (n - 1) * step;
          const start = n === 0 ? 0 : below(random, extent - reach);
          map.push(
            random() < 0.3 ? { axis, start: start + reach, step: -step } : { axis, start, step },
          );
        }
      }
      if (fits) return { from: "array", id: array.id, dtype: "float64", shape: array.shape, map };
    }
    return { from: "source", id: 0, dtype: "float64", shape: shapeOf([]), map: [] };
  }

  space(): { space: number[]; cuts: Cuts[] } {
    const { random } = this;
    const rank = below(random, 4);
    const space = Array.from({ length: rank }, () => (random() < 0.04 ? 0 : 1 + below(random, 9)));
    return { space, cuts: space.map((n) => randomCuts(random, n)) };
  }

  map(): void {
    const { space, cuts } = this.space();
    const operands = Array.from({ length: 1 + below(this.random, 3) }, () => this.operand(space));
    const outputs = Array.from({ length: 1 + below(this.random, 2) }, () =>
      this.array(space, cuts),
    );
    this.stages.push({
      ...this.base("map", space, cuts, outputs),
      kind: "map",
      operands,
      program: { ops: [] } as never,
      values: outputs.map(() => 0),
    });
  }

  write(): void {
    const { space, cuts } = this.space();
    const operand = this.operand(space);
    this.stages.push({ ...this.base("write", space, cuts, []), kind: "write", operand, sink: 0 });
    this.roots.push({ shape: space, dtype: "float64", array: -1, bytes: 0 });
  }

  concat(): void {
    const { random } = this;
    const rank = 1 + below(random, 3);
    const axis = below(random, rank);
    const sizes = Array.from({ length: 1 + below(random, 3) }, () => 1 + below(random, 5));
    const total = sizes.reduce((n, s) => n + s, 0);
    const space = Array.from({ length: rank }, (_, i) =>
      i === axis ? total : 1 + below(random, 6),
    );
    let start = 0;
    const parts = sizes.map((size) => {
      const operand = this.operand(space.map((n, i) => (i === axis ? size : n)));
      const part = { operand, start, size };
      start += size;
      return part;
    });
    const cuts = space.map((n) => randomCuts(random, n));
    const outputs = [this.array(space, cuts)];
    this.stages.push({ ...this.base("concat", space, cuts, outputs), kind: "concat", axis, parts });
  }

  gather(): void {
    const { random } = this;
    const rank = 1 + below(random, 3);
    const axis = below(random, rank);
    const inputShape = Array.from({ length: rank }, () => 1 + below(random, 6));
    const n = below(random, 8);
    const start = below(random, 3);
    const values = Float64Array.from({ length: start + n }, () =>
      below(random, inputShape[axis] as number),
    );
    this.indices.push({ id: this.indices.length, values });
    const space = inputShape.map((m, i) => (i === axis ? n : m));
    const cuts = space.map((m) => randomCuts(random, m));
    const operand = this.operand(inputShape);
    const outputs = [this.array(space, cuts)];
    this.stages.push({
      ...this.base("gather", space, cuts, outputs),
      kind: "gather",
      axis,
      indices: this.indices.length - 1,
      start,
      operand,
      inputShape,
    });
  }

  reshape(): void {
    const { random } = this;
    const [a, b, c] = [1 + below(random, 4), 1 + below(random, 4), 1 + below(random, 5)];
    const [inputShape, space, groups] = pick(random, [
      [
        [a, b, c],
        [a * b, c],
        [
          { input: [0, 1], output: [0] },
          { input: [2], output: [1] },
        ],
      ],
      [
        [a * b, c],
        [a, b, c],
        [
          { input: [0], output: [0, 1] },
          { input: [1], output: [2] },
        ],
      ],
      [[a, b * c], [a * b, c], [{ input: [0, 1], output: [0, 1] }]],
    ] as [number[], number[], { input: number[]; output: number[] }[]][]);
    const cuts = space.map((n) => randomCuts(random, n));
    const operand = this.operand(inputShape);
    const outputs = [this.array(space, cuts)];
    this.stages.push({
      ...this.base("reshape", space, cuts, outputs),
      kind: "reshape",
      groups,
      operand,
      inputShape,
    });
  }

  call(): void {
    const { random } = this;
    const { space, cuts } = this.space();
    const args = Array.from({ length: 1 + below(random, 2) }, () => {
      const axes: { loop: number; cuts: Cuts }[] = [];
      const shape: number[] = [];
      for (let i = 0; i < space.length; i++) {
        const kind = random();
        if (kind < 0.6) {
          axes.push({ loop: i, cuts: cuts[i] as Cuts });
          shape.push(space[i] as number);
        } else if (kind < 0.8) {
          const extent = 1 + below(random, 5);
          axes.push({ loop: -1, cuts: randomCuts(random, extent) });
          shape.push(extent);
        }
      }
      return { operand: this.operand(shape), shape, axes };
    });
    const outputs = [this.array(space, cuts)];
    this.stages.push({
      ...this.base("call", space, cuts, outputs),
      kind: "call",
      fn: 0,
      args,
      results: [cuts.map((c, loop) => ({ loop, cuts: c }))],
      ports: [0],
      inputs: "copy",
    });
  }

  /** A reduction in segments, merged in rounds. */
  reduce(): void {
    const { random } = this;
    const rank = 1 + below(random, 3);
    const space = Array.from({ length: rank }, () => 1 + below(random, 12));
    const cuts = space.map((n) => randomCuts(random, n));
    const axes = space.map((_, i) => i);
    const reduced = axes.filter(() => random() < 0.6);
    if (reduced.length === 0) reduced.push(below(random, rank));
    const axis = pick(random, reduced);
    const steps = 1 + below(random, 3);
    const segments = cutsCount(groupCuts(cuts[axis] as Cuts, steps));
    const kept = axes.filter((i) => !reduced.includes(i));
    const shape = kept.map((i) => space[i] as number);
    const keptCuts = kept.map((i) => cuts[i] as Cuts);
    const operands = [this.operand(space)];
    const common = {
      kind: "reduce" as const,
      operands,
      program: { ops: [] } as never,
      reduced,
      leaves: [],
      accumulators: [],
      results: [],
      split: { axis, steps: segments === 1 ? cutsCount(cuts[axis] as Cuts) : steps, segments },
    };
    if (segments === 1) {
      const outputs = [this.array(shape, keptCuts)];
      this.stages.push({ ...this.base("reduce", space, cuts, outputs), ...common });
      return;
    }
    const blocks = blockCount(keptCuts);
    const raw = (count: number, bytes: number): number =>
      this.array([blocks * count], [cutsFromSizes(Array<number>(blocks * count).fill(1))], bytes);
    let input = raw(segments, 16 * (1 + below(random, 40)));
    const of = this.stages.length;
    this.stages.push({ ...this.base("reduce", space, cuts, [input]), ...common, partial: input });
    let left = segments;
    let width = 1;
    for (;;) {
      const fan = 2 + below(random, 3);
      const groups = Math.ceil(left / fan);
      const final = groups === 1;
      const output = final ? this.array(shape, keptCuts) : raw(groups, 64);
      const mergeSpace = final ? shape : [blocks * groups];
      const mergeCuts = (this.arrays[output] as PlanArray).cuts;
      this.stages.push({
        ...this.base("merge", mergeSpace, mergeCuts, [output]),
        kind: "merge",
        of,
        input,
        fan,
        segments: left,
        width,
        final,
      });
      if (final) return;
      input = output;
      left = groups;
      width *= fan;
    }
  }
}

/** The stages that are asked for and some others, from end to end each. */
function someRuns(random: Random, { stages, arrays }: Builder): number[] {
  const isAsked = (s: Stage): boolean =>
    s.kind === "write" || s.outputs.some((id) => arrays[id]?.root !== undefined);
  return stages.filter((s) => isAsked(s) || random() < 0.4).map((s) => s.id);
}

/** A random plan. `tight` makes the budget what one task after another needs; else there is more room at random. */
export function randomPlan(random: Random, tight = random() < 0.4): Draft {
  const builder = new Builder(random);
  builder.map();
  const n = 1 + below(random, 6);
  const kinds = [
    "map",
    "map",
    "write",
    "concat",
    "gather",
    "reshape",
    "call",
    "reduce",
    "reduce",
  ] as const;
  for (let i = 0; i < n; i++) builder[pick(random, kinds)]();
  if (builder.roots.length === 0) {
    const last = builder.arrays.filter((a) => a.rawBytes === undefined).at(-1) as PlanArray;
    builder.arrays[last.id] = { ...last, root: 0 };
    builder.root(last.id);
  }
  const resultBytes = builder.roots.reduce((sum, r) => sum + r.bytes, 0);
  // Half of the plans hold something beyond the arena; which blocks pass through it is no matter of steps.
  const beyondBytes = builder.arrays.length % 2 === 0 ? 0 : 100_000;
  const draft: Plan = {
    version: 1,
    memory: 0,
    arena: 0,
    workers: 1 + below(random, 4),
    arrays: builder.arrays,
    stages: builder.stages,
    ...(random() < 0.3 ? { runs: someRuns(random, builder) } : {}),
    roots: builder.roots,
    resultBytes,
    serialBytes: 0,
    peakBytes: 0,
    estimate: ESTIMATE,
    spill: { bytes: 0, sums: 0 },
    beyondBytes,
    log: [],
  };
  const outside = resultBytes + beyondBytes;
  const serialBytes = outside + serialPeak(draft, builder.indices);
  const peakBytes = tight ? serialBytes : Math.floor(serialBytes * (1 + 2 * random()));
  const arena = peakBytes - outside;
  const plan = { ...draft, serialBytes, peakBytes, memory: peakBytes, arena };
  return { plan, indices: builder.indices };
}

/** What one task after another holds at the most, found by walking through the order. */
export function serialPeak(plan: Plan, indices: readonly IndexList[]): number {
  const order = new Order(plan, indices, new Uint32Array(tableLayout(plan).words));
  const { arrays, stages } = order.tables;
  let used = 0;
  let peak = 0;
  for (;;) {
    const entry = order.next();
    if (entry === undefined) return peak;
    const table = stages[entry.stage] as (typeof stages)[number];
    used += entry.outputs.reduce((n, b) => n + b, 0);
    peak = Math.max(peak, used + table.stage.scratchBytes + table.stage.foreignBytes);
    table.state[entry.task] = TASK_DONE;
    const consume = (id: number, block: number, readers: number): void => {
      const array = arrays.get(id);
      if (array === undefined) throw new Error(`no array ${id}`);
      array.remaining[block] = (array.remaining[block] as number) - readers;
      if (array.remaining[block] === 0) {
        array.state[block] = BLOCK_GONE;
        used -= blockBytes(array.array, block);
      }
    };
    for (const out of table.outputs) {
      out.state[entry.task] = BLOCK_READY;
      consume(out.array.id, entry.task, out.roots.length > 0 ? 1 : 0);
    }
    for (let i = 0; i < entry.inputs.length; i += 2) {
      consume(entry.inputs[i] as number, entry.inputs[i + 1] as number, 1);
    }
  }
}

export const allTasks = (plan: Plan): number => plan.stages.reduce((n, s) => n + taskCount(s), 0);
export { maxBlockBytes };
