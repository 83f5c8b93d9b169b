/**
 * Which blocks of which arrays a task reads, in closed form.
 *
 * Every operand axis follows at most one space axis, so a table per axis (piece of the space axis -> range of
 * blocks) says it all: the tables are as long as the axes are cut, and the blocks of a task are a product of ranges.
 * Reshape and merge follow other rules and are asked task by task.
 */
import { InternalError } from "../../errors.js";
import { type Cuts, cutsCount, pieceSize, pieceStart, piecesIn } from "../../ir/cuts.js";
import { imageOfBox } from "../../ir/index-map.js";
import type { IndexList } from "../../ir/node.js";
import {
  blockBox,
  blocksTouched,
  type CallStage,
  gridOf,
  keptAxes,
  type MergeStage,
  type Operand,
  type Plan,
  type PlanArray,
  type ReshapeStage,
  reshapeInputBox,
  type Stage,
  taskCount,
  taskCuts,
} from "../../ir/stage.js";

/** Half-open interval of an axis; undefined if the operand is not touched at all. */
type Interval = readonly [number, number] | undefined;

interface AxisTable {
  /** Space axis that is followed, -1 if the range is always the same. */
  readonly space: number;
  /** First and last block per piece; first is -1 where nothing is touched. */
  readonly first: Int32Array;
  readonly last: Int32Array;
}

/** Blocks of an operand as a product of ranges. */
interface Product {
  readonly kind: "product";
  readonly array: number;
  readonly grid: readonly number[];
  readonly axes: readonly AxisTable[];
  /** Pieces of a space axis that touch the operand at all, if no array axis says so. */
  readonly guard: { readonly space: number; readonly open: Uint8Array } | undefined;
}

interface Reshape {
  readonly kind: "reshape";
  readonly array: number;
  readonly stage: ReshapeStage;
  readonly cuts: readonly Cuts[];
}

interface Merge {
  readonly kind: "merge";
  readonly array: number;
  readonly stage: MergeStage;
}

type Input = Product | Reshape | Merge;

/** The inputs of a stage, ready to be asked for any task. */
export class StageInputs {
  readonly tasks: number;
  readonly #inputs: readonly Input[];
  /** Space axes in the order in which tasks are numbered, with their pieces. */
  readonly #axes: readonly number[];
  readonly #pieces: readonly number[];
  readonly #position: number[];
  readonly #empty: boolean;

  constructor(stage: Stage, plan: Plan, indices: readonly IndexList[]) {
    this.tasks = taskCount(stage);
    const cuts = taskCuts(stage);
    this.#axes =
      stage.kind === "reduce"
        ? [...keptAxes(stage), ...(stage.split.segments > 1 ? [stage.split.axis] : [])]
        : stage.space.map((_, i) => i);
    this.#pieces = cuts.map(cutsCount);
    this.#position = stage.space.map(() => 0);
    this.#empty = stage.kind !== "merge" && stage.space.some((n) => n === 0);
    const arrays = new Map(plan.arrays.map((a) => [a.id, a]));
    this.#inputs = inputsOf(stage, cuts, arrays, indices);
  }

  /** Appends `array id, block` for every block that task `t` reads; a block read through two operands twice. */
  list(t: number, into: number[]): void {
    if (this.#empty) return;
    this.#locate(t);
    for (const input of this.#inputs) {
      if (input.kind === "product") listProduct(input, this.#position, into);
      else if (input.kind === "merge") listMerge(input, t, into);
      else listReshape(input, t, into);
    }
  }

  /** Adds to `counts(array)` how many tasks read each block, if all tasks run. */
  countAll(counts: (array: number) => Uint32Array): void {
    if (this.#empty) return;
    const singly: Input[] = [];
    for (const input of this.#inputs) {
      if (input.kind === "product") this.#countProduct(input, counts(input.array));
      else singly.push(input);
    }
    const list: number[] = [];
    for (let t = 0; singly.length > 0 && t < this.tasks; t++) {
      list.length = 0;
      for (const input of singly) {
        if (input.kind === "merge") listMerge(input, t, list);
        else if (input.kind === "reshape") listReshape(input, t, list);
      }
      addList(list, counts);
    }
  }

  /** Adds to `counts(array)` how many of the tasks marked in `demanded` read each block. */
  countSome(demanded: Uint8Array, counts: (array: number) => Uint32Array): void {
    const list: number[] = [];
    for (let t = 0; t < this.tasks; t++) {
      if (demanded[t] === 0) continue;
      list.length = 0;
      this.list(t, list);
      addList(list, counts);
    }
  }

  #locate(t: number): void {
    let rest = t;
    for (let i = this.#axes.length - 1; i >= 0; i--) {
      const axis = this.#axes[i] as number;
      const n = this.#pieces[axis] as number;
      this.#position[axis] = rest % n;
      rest = Math.floor(rest / n);
    }
  }

  #countProduct(input: Product, counts: Uint32Array): void {
    let factor = 1;
    for (const axis of this.#axes) {
      if (input.axes.some((a) => a.space === axis)) continue;
      factor *=
        input.guard?.space === axis
          ? input.guard.open.reduce((n, open) => n + open, 0)
          : (this.#pieces[axis] as number);
    }
    if (factor === 0) return;
    const perAxis = input.axes.map((a, d) => coverage(a, input.grid[d] as number));
    // Row-major walk: the product of all axes but the last is kept while the last one runs.
    const rank = perAxis.length;
    const position = new Array<number>(rank).fill(0);
    const inner = rank === 0 ? 1 : (input.grid[rank - 1] as number);
    for (let block = 0; block < counts.length; block += inner) {
      let outer = factor;
      for (let d = 0; d < rank - 1; d++) {
        outer *= (perAxis[d] as Uint32Array)[position[d] as number] as number;
      }
      const row = perAxis[rank - 1];
      for (let i = 0; i < inner; i++) {
        counts[block + i] =
          (counts[block + i] as number) + outer * (row === undefined ? 1 : (row[i] as number));
      }
      for (let d = rank - 2; d >= 0; d--) {
        const next = (position[d] as number) + 1;
        position[d] = next < (input.grid[d] as number) ? next : 0;
        if (next < (input.grid[d] as number)) break;
      }
    }
  }
}

function addList(list: readonly number[], counts: (array: number) => Uint32Array): void {
  for (let i = 0; i < list.length; i += 2) {
    const table = counts(list[i] as number);
    const block = list[i + 1] as number;
    table[block] = (table[block] as number) + 1;
  }
}

/** Number of pieces that touch each block of an axis. */
function coverage(axis: AxisTable, blocks: number): Uint32Array {
  const steps = new Int32Array(blocks + 1);
  axis.first.forEach((first, p) => {
    if (first < 0) return;
    steps[first] = (steps[first] as number) + 1;
    const after = (axis.last[p] as number) + 1;
    steps[after] = (steps[after] as number) - 1;
  });
  const out = new Uint32Array(blocks);
  let open = 0;
  for (let b = 0; b < blocks; b++) {
    open += steps[b] as number;
    out[b] = open;
  }
  return out;
}

function listProduct(input: Product, position: readonly number[], into: number[]): void {
  if (input.guard !== undefined && input.guard.open[position[input.guard.space] as number] === 0)
    return;
  const rank = input.axes.length;
  const lo: number[] = [];
  const hi: number[] = [];
  let n = 0;
  for (let d = 0; d < rank; d++) {
    const axis = input.axes[d] as AxisTable;
    const p = axis.space < 0 ? 0 : (position[axis.space] as number);
    const first = axis.first[p] as number;
    if (first < 0) return;
    lo.push(first);
    hi.push(axis.last[p] as number);
    n = n * (input.grid[d] as number) + first;
  }
  const at = [...lo];
  for (;;) {
    into.push(input.array, n);
    let d = rank - 1;
    let stride = 1;
    for (; d >= 0; d--) {
      if ((at[d] as number) < (hi[d] as number)) {
        at[d] = (at[d] as number) + 1;
        n += stride;
        break;
      }
      n -= stride * ((at[d] as number) - (lo[d] as number));
      at[d] = lo[d] as number;
      stride *= input.grid[d] as number;
    }
    if (d < 0) return;
  }
}

/** A merge takes `fan` consecutive segments of one kept block. */
function listMerge({ stage, array }: Merge, t: number, into: number[]): void {
  const groups = Math.ceil(stage.segments / stage.fan);
  const kept = Math.floor(t / groups);
  const from = (t % groups) * stage.fan;
  const to = Math.min(from + stage.fan, stage.segments);
  for (let s = from; s < to; s++) into.push(array, kept * stage.segments + s);
}

function listReshape({ stage, array, cuts }: Reshape, t: number, into: number[]): void {
  const box = imageOfBox(stage.operand.map, reshapeInputBox(stage, blockBox(stage.cuts, t)));
  if (box.lo.some((lo, i) => lo >= (box.hi[i] as number))) return;
  const ranges = blocksTouched(cuts, box);
  const grid = gridOf(cuts);
  const table = (range: readonly [number, number]): AxisTable => ({
    space: -1,
    first: Int32Array.of(range[0]),
    last: Int32Array.of(range[1]),
  });
  listProduct(
    { kind: "product", array, grid, axes: ranges.map(table), guard: undefined },
    [],
    into,
  );
}

function inputsOf(
  stage: Stage,
  cuts: readonly Cuts[],
  arrays: ReadonlyMap<number, PlanArray>,
  indices: readonly IndexList[],
): readonly Input[] {
  const straight = (axis: number, p: number): Interval => interval(cuts[axis] as Cuts, p);
  const product = (operand: Operand, inner: Inner, guard?: Product["guard"]): Input[] =>
    operand.from === "source" ? [] : [productOf(operand, inner, cuts, arrays, guard)];
  const same: Inner = { space: (i) => i, interval: straight };
  switch (stage.kind) {
    case "map":
    case "reduce":
      return stage.operands.flatMap((o) => product(o, same));
    case "write":
      return product(stage.operand, same);
    case "merge":
      return [{ kind: "merge", array: stage.input, stage }];
    case "concat":
      return stage.parts.flatMap((part) => {
        const inside = (axis: number, p: number): Interval => {
          const [lo, hi] = straight(axis, p) as readonly [number, number];
          if (axis !== stage.axis) return [lo, hi];
          const a = Math.max(lo, part.start);
          const b = Math.min(hi, part.start + part.size);
          return a < b ? [a - part.start, b - part.start] : undefined;
        };
        const pieces = cutsCount(cuts[stage.axis] as Cuts);
        const open = Uint8Array.from({ length: pieces }, (_, p) => (inside(stage.axis, p) ? 1 : 0));
        return product(
          part.operand,
          { space: (i) => i, interval: inside },
          { space: stage.axis, open },
        );
      });
    case "gather": {
      const values = (indices[stage.indices] as IndexList).values;
      const hull = (axis: number, p: number): Interval => {
        const [lo, hi] = straight(axis, p) as readonly [number, number];
        return axis === stage.axis
          ? hullOfIndices(values, stage.start + lo, stage.start + hi)
          : [lo, hi];
      };
      return product(stage.operand, { space: (i) => i, interval: hull });
    }
    case "reshape": {
      if (stage.operand.from === "source") return [];
      const array = arrays.get(stage.operand.id) as PlanArray;
      return [{ kind: "reshape", array: array.id, stage, cuts: array.cuts }];
    }
    case "call":
      return stage.args.flatMap((a) => product(a.operand, callInner(a)));
  }
}

/** How the index space that an operand's map starts from follows the stage's space. */
interface Inner {
  /** Space axis that inner axis `i` follows, or -1. */
  space(i: number): number;
  /** What piece `p` of the space (0 if none is followed) covers of inner axis `i`. */
  interval(i: number, p: number): Interval;
}

const interval = (cuts: Cuts, p: number): Interval => [
  pieceStart(cuts, p),
  pieceStart(cuts, p) + pieceSize(cuts, p),
];

function hullOfIndices(values: Float64Array, from: number, to: number): Interval {
  let lo = Number.POSITIVE_INFINITY;
  let hi = -1;
  for (let i = from; i < to; i++) {
    const v = values[i] as number;
    if (v < lo) lo = v;
    if (v > hi) hi = v;
  }
  return hi < lo ? undefined : [lo, hi + 1];
}

function callInner(arg: CallStage["args"][number]): Inner {
  return {
    space: (i) => arg.axes[i]?.loop ?? -1,
    interval: (i, p) => {
      const axis = arg.axes[i];
      if (axis === undefined || axis.loop < 0) return [0, arg.shape[i] as number];
      return interval(axis.cuts, cutsCount(axis.cuts) === 1 ? 0 : p);
    },
  };
}

function productOf(
  operand: Operand,
  inner: Inner,
  cuts: readonly Cuts[],
  arrays: ReadonlyMap<number, PlanArray>,
  guard: Product["guard"],
): Product {
  const array = arrays.get(operand.id);
  if (array === undefined)
    throw new InternalError(`an operand names array ${operand.id}, which is not there`);
  const axes = operand.map.map((m, d): AxisTable => {
    const blocks = array.cuts[d] as Cuts;
    const space = m.axis < 0 ? -1 : inner.space(m.axis);
    const pieces = space < 0 ? 1 : cutsCount(cuts[space] as Cuts);
    const first = new Int32Array(pieces);
    const last = new Int32Array(pieces);
    for (let p = 0; p < pieces; p++) {
      const covered: Interval = m.axis < 0 ? [0, 1] : inner.interval(m.axis, p);
      if (covered === undefined || covered[0] >= covered[1]) {
        first[p] = -1;
        continue;
      }
      const a = m.start + (m.axis < 0 ? 0 : m.step * covered[0]);
      const b = m.start + (m.axis < 0 ? 0 : m.step * (covered[1] - 1));
      const [lo, hi] = piecesIn(blocks, Math.min(a, b), Math.max(a, b) + 1);
      first[p] = lo;
      last[p] = hi;
    }
    return { space, first, last };
  });
  const followed = guard !== undefined && axes.some((a) => a.space === guard.space);
  return {
    kind: "product",
    array: operand.id,
    grid: gridOf(array.cuts),
    axes,
    guard: followed ? undefined : guard,
  };
}
