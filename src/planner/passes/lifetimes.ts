/**
 * How much of an array is live at once. The order of tasks is known (depth first from the outputs,
 * `exec/coordinator/order.ts`), so lifetimes are closed forms over the grids: per axis it is enough to know which
 * blocks a task piece needs and whether neighbouring pieces share blocks.
 */
import { partOfConcat } from "../../ir/concat-parts.js";
import { type Cuts, cutsCount, cutsMax, nestedCuts, pieceStart, piecesIn } from "../../ir/cuts.js";
import { itemSize } from "../../ir/dtype.js";
import { viewCuts } from "../../ir/grid.js";
import type { AxisMap } from "../../ir/index-map.js";
import {
  blockCount,
  keptAxes,
  maxBlockBytes,
  type Operand,
  type PlanArray,
  type Stage,
  taskCuts,
} from "../../ir/stage.js";

/** Above this many pieces along an axis they are not looked at one by one. */
const MOST_PIECES = 4096;

/** The same where a stage looks several times at an array: what neighbours share is known from the cuts. */
const MOST_SHARED = 64;

export interface Consumer {
  readonly stage: Stage;
  readonly operand: Operand;
}

/** Bytes of all blocks of an array. */
export const totalBytes = (array: PlanArray): number =>
  array.rawBytes !== undefined
    ? array.rawBytes * blockCount(array.cuts)
    : array.shape.reduce((n, s) => n * s, itemSize(array.dtype));

/** What the live blocks of an array take with what is lost between them. */
export function heldBytes(array: PlanArray): number {
  const blocks = Math.min(
    blockCount(array.cuts),
    Math.ceil(array.liveBytes / Math.max(1, maxBlockBytes(array))) + 1,
  );
  return array.liveBytes + array.liveBytes / 8 + blocks * 1024;
}

/**
 * Most bytes of an array that are live at once when tasks run one after another in plan order. `orderly` says that
 * the consumer's tasks run in row-major order.
 */
export function liveBytes(
  array: PlanArray,
  consumers: readonly Consumer[],
  orderly: boolean,
): number {
  const [first] = consumers;
  if (first === undefined) return maxBlockBytes(array);
  const { stage } = first;
  const isApart = consumers.some((c) => c.stage !== stage || !isKernel(stage));
  if ((consumers.length > 1 && isApart) || totalBytes(array) === 0) return totalBytes(array);
  const tasks = taskCuts(stage);
  const byTaskAxis: (AxisNeed | undefined)[] = tasks.map(() => undefined);
  let bytes = itemSize(array.dtype);
  for (let axis = 0; axis < array.shape.length; axis++) {
    const blocks = array.cuts[axis] as Cuts;
    const extent = array.shape[axis] as number;
    const maps = consumers.map(({ operand }) => operand.map[axis] as AxisMap);
    const uses = consumers.map(({ operand }, i) =>
      axisUse(stage, operand, maps[i] as AxisMap, tasks, array),
    );
    const use = togetherUse(uses, maps, tasks);
    if (use === "apart") return totalBytes(array);
    // What no task axis divides is needed whole, by every task.
    if (use === undefined) {
      const isFixed = consumers.length === 1 && (maps[0] as AxisMap).axis < 0;
      bytes *= isFixed ? cutsMax(blocks) : extent;
    } else byTaskAxis[use.taskAxis] = axisNeed(use, blocks, extent);
  }
  // Tasks of a reduction run over the kept axes first, then over segments.
  const order =
    stage.kind === "reduce" ? [...keptAxes(stage), ...stage.reduced] : [...tasks.keys()];
  const needs = order.map(
    (a) => byTaskAxis[a] ?? (cutsCount(tasks[a] as Cuts) > 1 ? "all" : "one"),
  );
  return Math.min(totalBytes(array), bytes * spread(needs, 0, orderly));
}

/** Kinds that look at an array piece by piece through one map for each look. */
const isKernel = ({ kind }: Stage): boolean => kind === "map" || kind === "reduce";

/** What several looks of one task see of an axis: all that lies between; undefined where one of them may see it whole. */
function togetherUse(
  uses: readonly (AxisUse | undefined)[],
  maps: readonly AxisMap[],
  tasks: readonly Cuts[],
): AxisUse | undefined | "apart" {
  const [first] = uses;
  if (uses.length === 1) return first;
  if (first === undefined || uses.includes(undefined)) return undefined;
  const all = uses as readonly AxisUse[];
  const { step } = maps[0] as AxisMap;
  // At one pace they stay side by side.
  if (all.some((u, i) => u.taskAxis !== first.taskAxis || maps[i]?.step !== step)) return "apart";
  const starts = maps.map((m) => m.start);
  const apart = Math.max(...starts) - Math.min(...starts);
  const piece = Math.max(0, cutsMax(tasks[first.taskAxis] as Cuts) - 1);
  return {
    taskAxis: first.taskAxis,
    pieces: first.pieces,
    interval: (n) => {
      let [lo, hi] = first.interval(n);
      for (const use of all) {
        const [from, to] = use.interval(n);
        lo = Math.min(lo, from);
        hi = Math.max(hi, to);
      }
      return [lo, hi];
    },
    longest: Math.abs(step) * piece + 1 + apart,
  };
}

/** The part of an array axis that each piece of a task axis reads. */
interface AxisUse {
  readonly taskAxis: number;
  readonly pieces: number;
  /** `[lo, hi)` of piece n; empty where the piece reads nothing. */
  readonly interval: (n: number) => readonly [number, number];
  /** Known without looking at the pieces: whether blocks are shared between them. */
  readonly separate?: boolean;
  /** Of several looks: the longest interval. Many pieces are then not looked at. */
  readonly longest?: number;
}

/** Undefined where every task may read the whole axis. */
function axisUse(
  stage: Stage,
  operand: Operand,
  m: AxisMap,
  tasks: readonly Cuts[],
  array: PlanArray,
): AxisUse | undefined {
  if (m.axis < 0) return undefined;
  switch (stage.kind) {
    case "call": {
      const argument = stage.args.find((a) => a.operand === operand);
      const follows = argument?.axes[m.axis];
      if (follows === undefined || follows.loop < 0) return undefined;
      const pieces = cutsCount(follows.cuts);
      if (pieces === 1) return undefined;
      return through(m, follows.loop, follows.cuts);
    }
    case "gather":
      return m.axis === stage.axis ? undefined : through(m, m.axis, tasks[m.axis] as Cuts);
    case "concat": {
      if (m.axis !== stage.axis) return through(m, m.axis, tasks[m.axis] as Cuts);
      const part = partOfConcat(stage, operand);
      if (part === undefined) return undefined;
      const cuts = tasks[m.axis] as Cuts;
      const clamp = (v: number): number => Math.max(0, Math.min(part.size, v - part.start));
      return affine(m, m.axis, cutsCount(cuts), (n) => [
        clamp(pieceStart(cuts, n)),
        clamp(pieceStart(cuts, n + 1)),
      ]);
    }
    case "reshape":
      return reshapeUse(stage, m, tasks);
    default: {
      const cuts = tasks[m.axis] as Cuts;
      const blocks = array.cuts[operand.map.indexOf(m)] as Cuts;
      const use = through(m, m.axis, cuts);
      if (use.pieces <= MOST_PIECES) return use;
      const seen = viewCuts(blocks, m, stage.space[m.axis] as number);
      return { ...use, separate: nestedCuts(cuts, seen) };
    }
  }
}

/** Pieces of `cuts` seen through an affine axis. */
const through = (m: AxisMap, taskAxis: number, cuts: Cuts): AxisUse =>
  affine(m, taskAxis, cutsCount(cuts), (n) => [pieceStart(cuts, n), pieceStart(cuts, n + 1)]);

function affine(
  m: AxisMap,
  taskAxis: number,
  pieces: number,
  range: (n: number) => readonly [number, number],
): AxisUse {
  return {
    taskAxis,
    pieces,
    interval: (n) => {
      const [lo, hi] = range(n);
      if (hi <= lo) return [0, 0];
      const a = m.start + m.step * lo;
      const b = m.start + m.step * (hi - 1);
      return [Math.min(a, b), Math.max(a, b) + 1];
    },
  };
}

/** Rows of a group's outermost long input axis follow the pieces of its outermost long output axis. */
function reshapeUse(
  stage: Extract<Stage, { kind: "reshape" }>,
  m: AxisMap,
  tasks: readonly Cuts[],
): AxisUse | undefined {
  const group = stage.groups.find((g) => g.input.includes(m.axis));
  if (group === undefined) return undefined;
  const long = (shape: readonly number[]) => (a: number) => (shape[a] as number) > 1;
  const input = group.input.find(long(stage.inputShape));
  const output = group.output.find(long(stage.space));
  if (input !== m.axis || output === undefined) return undefined;
  const total = group.input.reduce((n, a) => n * (stage.inputShape[a] as number), 1);
  // An empty group has no rows to follow.
  if (total === 0) return undefined;
  const inRow = total / (stage.inputShape[input] as number);
  const outRow = total / (stage.space[output] as number);
  const cuts = tasks[output] as Cuts;
  return affine(m, output, cutsCount(cuts), (n) => [
    Math.floor((pieceStart(cuts, n) * outRow) / inRow),
    Math.ceil((pieceStart(cuts, n + 1) * outRow) / inRow),
  ]);
}

interface AxisNeed {
  /** Elements of the array that one task piece needs along the axis, rounded to whole blocks. */
  readonly window: number;
  readonly whole: number;
  /** True when no block is needed by two different task pieces. */
  readonly separate: boolean;
}

function axisNeed(use: AxisUse, blocks: Cuts, extent: number): AxisNeed {
  if (use.longest !== undefined && use.pieces > MOST_SHARED) {
    const window = use.longest + 2 * (cutsMax(blocks) - 1);
    return { window: Math.min(extent, window), whole: extent, separate: false };
  }
  const looked = Math.min(use.pieces, MOST_PIECES);
  let window = 0;
  let separate = use.separate ?? use.pieces <= MOST_PIECES;
  let before: readonly [number, number] | undefined;
  for (let n = 0; n < looked; n++) {
    const [lo, hi] = use.interval(n);
    if (hi <= lo) continue;
    const [first, last] = piecesIn(blocks, lo, hi);
    window = Math.max(window, pieceStart(blocks, last + 1) - pieceStart(blocks, first));
    if (before !== undefined && !(before[1] < first || last < before[0])) separate = false;
    before = [first, last];
  }
  // Beyond what was looked at: no piece is longer than the longest one, plus a block at either end.
  if (looked < use.pieces) window = Math.min(extent, window + 2 * cutsMax(blocks));
  return { window: Math.min(extent, window), whole: extent, separate };
}

/**
 * Elements live over the task axes from `k` inwards: where blocks are not shared between neighbouring pieces only the
 * current piece counts; where they are, everything that the inner axes sweep stays until the next piece is done. An
 * axis along which the array does not vary ("all") needs it again for every piece.
 */
function spread(needs: readonly (AxisNeed | "one" | "all")[], k: number, orderly: boolean): number {
  const need = needs[k];
  if (need === undefined) return 1;
  if (need === "one") return spread(needs, k + 1, orderly);
  const inner = needs
    .slice(k + 1)
    .reduce<number>((n, a) => n * (typeof a === "string" ? 1 : a.whole), 1);
  if (need === "all") return inner;
  if (need.separate) return need.window * spread(needs, k + 1, orderly);
  return (orderly ? need.window : need.whole) * inner;
}
