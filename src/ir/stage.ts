/**
 * The physical language: what a plan is made of, and the closed-form block maps that planner, coordinator and
 * workers all evaluate.
 *
 * A plan is plain JSON data: arrays (what is materialised, block by block) and stages (what makes them). One rule
 * holds for every stage: **task number t makes block number t of every array the stage puts out**. Blocks are
 * numbered row-major over the array's grid. Sources, functions and sinks are named by index into
 * `Bindings`, which stay in the process.
 *
 * A stage works over a *space* of axes. `cuts` divides each axis; for a reduced axis the pieces are *steps*, which a
 * task walks through one after another, and only the segments of the `split` axis are tasks of their own.
 */
import type { FunctionBinding, SinkBinding, SourceBinding } from "./binding.js";
import {
  type Cuts,
  cutsCount,
  cutsExtent,
  cutsMax,
  groupCuts,
  pieceSize,
  pieceStart,
  piecesIn,
  wholeCuts,
} from "./cuts.js";
import { type DType, itemSize } from "./dtype.js";
import type { Guard } from "./guards.js";
import { type AffineMap, type Box, imageOfBox, unravel } from "./index-map.js";
import type { LeafMonoid, MonoidName } from "./monoid.js";
import type { CallForm, CallParams, IndexList } from "./node.js";
import type { ScalarProgram } from "./scalar.js";
import type { OutsidePlace } from "./spill.js";

/** What a plan's indices refer to. Stays in the process; descriptions cross thread borders. */
export interface Bindings {
  readonly sources: readonly SourceBinding[];
  readonly functions: readonly FunctionBinding[];
  readonly sinks: readonly SinkBinding[];
  readonly indices: readonly IndexList[];
}

/** Something materialised in blocks. */
export interface PlanArray {
  readonly id: number;
  readonly stage: number;
  /** Elements of one block are row-major. */
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly cuts: readonly Cuts[];
  /**
   * Set for partial reduction states: blocks are raw bytes, numbered `kept block * segments + segment`, and `shape`
   * and `cuts` are those of that numbering.
   */
  readonly rawBytes?: number;
  /** Root number if the user asked for this array; blocks are delivered as they finish. */
  readonly root?: number;
  /** Bytes of it that are live at once at the most, in the plan's order. */
  readonly liveBytes: number;
  /** Where it lies if its blocks leave the arena as soon as they are made. */
  readonly outside?: OutsidePlace;
}

/**
 * An input of a stage: a region of a source, of an array whose blocks lie in the arena, or of one outside it, read
 * through an affine map. From outside it is read like a source, but after the blocks have been made.
 */
export interface Operand {
  readonly from: "source" | "array" | "outside";
  /** Index into `bindings.sources`, or PlanArray id. */
  readonly id: number;
  readonly dtype: DType;
  /** Shape of the source or array. */
  readonly shape: readonly number[];
  /** Stage space -> array index. No two axes of the array follow the same space axis. */
  readonly map: AffineMap;
}

interface StageBase<K extends string> {
  readonly kind: K;
  readonly id: number;
  /** Human name: the functions that were fused, e.g. `subtract, multiply, sum`. */
  readonly label: string;
  /** Ids of the logical nodes that it computes; for explain. */
  readonly nodes: readonly number[];
  /** Extents of the space. */
  readonly space: readonly number[];
  readonly cuts: readonly Cuts[];
  /** Array ids put out; empty for `write`. */
  readonly outputs: readonly number[];
  /** Arena bytes for regions, descriptors and states of one task, beside its outputs. */
  readonly scratchBytes: number;
  /** Bytes outside the arena (decode and encode buffers, codec heaps, copies for user code) of one task. */
  readonly foreignBytes: number;
  readonly estimate: StageEstimate;
}

export interface StageEstimate {
  readonly tasks: number;
  /** Bytes read from sources, as stored elements (whole chunks counted each time one is touched). */
  readonly readBytes: number;
  readonly readChunks: number;
  /** Bytes copied between blocks because grids differ, or between the arena and memory beyond it. */
  readonly movedBytes: number;
  /** Bytes written to disk and read back. */
  readonly spilledBytes: number;
  readonly seconds: number;
}

/**
 * There if tasks make use of what they find out about the values of their operands: what is one value throughout is
 * computed once, and what nothing depends on is not read. The conditions that are looked at first, inner ones before
 * those around them.
 */
export type Guards = readonly Guard[];

/** Elementwise: every output has the space's shape. */
export interface MapStage extends StageBase<"map"> {
  readonly operands: readonly Operand[];
  readonly program: ScalarProgram;
  /** Per output: the op of the program that is stored. */
  readonly values: readonly number[];
  readonly guards?: Guards;
}

/** Fused producers and terminal reductions over the same axes of one space. */
export interface ReduceStage extends StageBase<"reduce"> {
  readonly operands: readonly Operand[];
  readonly program: ScalarProgram;
  /** Reduced space axes, ascending. Cuts of these are steps; every step border is a leaf border. */
  readonly reduced: readonly number[];
  /** Leaf cuts per reduced axis. */
  readonly leaves: readonly Cuts[];
  readonly accumulators: readonly Accumulator[];
  readonly results: readonly ReduceResult[];
  /** The reduced axis (number in space) whose steps are grouped into segments, and steps per segment. */
  readonly split: { readonly axis: number; readonly steps: number; readonly segments: number };
  /** Raw array of partial states if there are several segments (then `outputs` is just that array). */
  readonly partial?: number;
  readonly guards?: Guards;
}

export interface Accumulator {
  /** Op of the program that enters. */
  readonly value: number;
  readonly monoid: LeafMonoid;
  readonly on: DType;
  /** Index weight per space axis (argmin, argmax). */
  readonly argStrides: readonly number[];
}

export interface ReduceResult {
  readonly accumulator: number;
  readonly name: MonoidName;
  readonly on: DType;
  readonly dtype: DType;
  readonly correction: number;
  readonly array: number;
}

/** Merges `fan` consecutive partials of a reduce stage; the last one finishes into the result arrays. */
export interface MergeStage extends StageBase<"merge"> {
  readonly of: number;
  readonly input: number;
  readonly fan: number;
  /** Segments that the input has per kept block. */
  readonly segments: number;
  /** Original segments per input partial. */
  readonly width: number;
  readonly final: boolean;
}

/** Output blocks put together from pieces of several operands along one axis. */
export interface ConcatStage extends StageBase<"concat"> {
  readonly axis: number;
  /** Each part's operand maps the part's own index space (same rank as the space). */
  readonly parts: readonly {
    readonly operand: Operand;
    readonly start: number;
    readonly size: number;
  }[];
}

/** `out[.., i, ..] = in[.., indices[i], ..]` */
export interface GatherStage extends StageBase<"gather"> {
  readonly axis: number;
  /** Index into `bindings.indices`. */
  readonly indices: number;
  /** Offset of this stage's space in the index list (a demanded part of a longer list). */
  readonly start: number;
  /** Maps the gathered array's index space (axis = position in the input). */
  readonly operand: Operand;
  readonly inputShape: readonly number[];
}

/** Row-major reshape, group of axes by group of axes. */
export interface ReshapeStage extends StageBase<"reshape"> {
  readonly groups: readonly {
    readonly input: readonly number[];
    readonly output: readonly number[];
  }[];
  readonly operand: Operand;
  readonly inputShape: readonly number[];
}

/** A user function over the blocks of its frozen grid; the space is the loop grid. */
export interface CallStage extends StageBase<"call"> {
  readonly fn: number;
  readonly args: readonly {
    readonly operand: Operand;
    /** Shape of the argument, and per axis the space axis it follows (-1: whole) with its cuts. */
    readonly shape: readonly number[];
    readonly axes: readonly { readonly loop: number; readonly cuts: Cuts }[];
  }[];
  /** Per value that the function returns, per axis: the space axis it follows, and its cuts. */
  readonly results: CallParams["results"];
  /** For every output array, the number of the value that it holds. */
  readonly ports: readonly number[];
  readonly inputs: "copy" | "view";
  readonly form?: CallForm;
  readonly info?: CallParams["info"];
}

/** Writes blocks to a sink; puts out nothing. Cuts are unions of the sink's chunks. */
export interface WriteStage extends StageBase<"write"> {
  readonly operand: Operand;
  readonly sink: number;
  /** Runs `[first, count]` of tasks whose storage objects are there already: they are not run, nor what only they need. */
  readonly finished?: readonly (readonly [number, number])[];
}

export type Stage =
  | MapStage
  | ReduceStage
  | MergeStage
  | ConcatStage
  | GatherStage
  | ReshapeStage
  | CallStage
  | WriteStage;

export interface RuleEvent {
  readonly pass: string;
  readonly rule: string;
  readonly node: number;
  readonly outcome: "fired" | "declined";
  readonly detail: string;
}

export interface PlanRoot {
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** The array that holds it, or -1 if it goes to a sink. */
  readonly array: number;
  readonly bytes: number;
}

export interface Plan {
  readonly version: 1;
  /** The budget, bytes. */
  readonly memory: number;
  /** What blocks, scratch and foreign bytes may take of it: all but results and memory beyond the arena. */
  readonly arena: number;
  readonly workers: number;
  readonly arrays: readonly PlanArray[];
  /** In topological order; the sequence of tasks is derived from it by `exec/coordinator/order.ts`. */
  readonly stages: readonly Stage[];
  /**
   * Ids of the stages that are run from end to end, in this order, all others being made on demand in between; without it,
   * those that write or make a root, in the order of `stages`.
   */
  readonly runs?: readonly number[];
  readonly roots: readonly PlanRoot[];
  /** Bytes of results held until they are handed over. */
  readonly resultBytes: number;
  /** What one task after another needs at the most; `peakBytes` adds room for tasks side by side. */
  readonly serialBytes: number;
  /** The account of a run never exceeds this; `<= memory`. */
  readonly peakBytes: number;
  /** Bytes of the file that arrays lie in, and their checksums. */
  readonly spill: { readonly bytes: number; readonly sums: number };
  /** Bytes of memory beyond the arena that arrays lie in, held from beginning to end. */
  readonly beyondBytes: number;
  readonly estimate: StageEstimate & { readonly tasks: number };
  readonly log: readonly RuleEvent[];
}

/** What of a run's bytes never lies in the arena, and is held from beginning to end. */
export const outsideBytes = (plan: Pick<Plan, "resultBytes" | "beyondBytes">): number =>
  plan.resultBytes + plan.beyondBytes;

// --------------------------------------------------------------------------------------------- block maps

/** Block grid as counts per axis. */
export const gridOf = (cuts: readonly Cuts[]): number[] => cuts.map(cutsCount);
export const blockCount = (cuts: readonly Cuts[]): number =>
  cuts.reduce((n, c) => n * cutsCount(c), 1);

/** The box of block `n` (row-major) of a grid. */
export function blockBox(cuts: readonly Cuts[], n: number): Box {
  const position = unravel(n, gridOf(cuts));
  return {
    lo: cuts.map((c, i) => pieceStart(c, position[i] as number)),
    hi: cuts.map(
      (c, i) => pieceStart(c, position[i] as number) + pieceSize(c, position[i] as number),
    ),
  };
}

/**
 * The cuts by which a stage's *tasks* divide its space, in the order (kept axes row-major, then segments). For all
 * stages but reduce these are `cuts`; a reduce task takes a whole segment of steps on the split axis and everything
 * on the other reduced axes.
 */
export function taskCuts(stage: Stage): readonly Cuts[] {
  if (stage.kind !== "reduce") return stage.cuts;
  return stage.cuts.map((c, axis) =>
    !stage.reduced.includes(axis)
      ? c
      : axis === stage.split.axis
        ? groupCuts(c, stage.split.steps)
        : wholeCuts(stage.space[axis] as number),
  );
}

/** Kept space axes of a reduce stage, ascending. */
export const keptAxes = (stage: ReduceStage): number[] =>
  stage.space.map((_, i) => i).filter((i) => !stage.reduced.includes(i));

/** Number of tasks. */
export function taskCount(stage: Stage): number {
  if (stage.kind === "merge") return blockCount(stage.cuts);
  return blockCount(taskCuts(stage));
}

/** The box of the space that task `t` covers. */
export function taskBox(stage: Stage, t: number): Box {
  if (stage.kind !== "reduce") return blockBox(stage.cuts, t);
  const cuts = taskCuts(stage);
  const kept = keptAxes(stage);
  const segments = stage.split.segments;
  const keptPosition = unravel(
    Math.floor(t / segments),
    kept.map((a) => cutsCount(cuts[a] as Cuts)),
  );
  const lo: number[] = [];
  const hi: number[] = [];
  cuts.forEach((c, axis) => {
    const k = kept.indexOf(axis);
    const n = k >= 0 ? (keptPosition[k] as number) : axis === stage.split.axis ? t % segments : 0;
    lo.push(pieceStart(c, n));
    hi.push(pieceStart(c, n) + pieceSize(c, n));
  });
  return { lo, hi };
}

/** All operands of a stage. */
export function operandsOf(stage: Stage): readonly Operand[] {
  switch (stage.kind) {
    case "map":
    case "reduce":
      return stage.operands;
    case "merge":
      return [];
    case "concat":
      return stage.parts.map((p) => p.operand);
    case "call":
      return stage.args.map((a) => a.operand);
    default:
      return [stage.operand];
  }
}

/** The operands of a stage with the box of each that a task of box `box` reads. */
export function operandBoxes(
  stage: Stage,
  box: Box,
  bindings: Pick<Bindings, "indices">,
): readonly { readonly operand: Operand; readonly box: Box }[] {
  switch (stage.kind) {
    case "map":
    case "reduce":
      return stage.operands.map((operand) => ({ operand, box: imageOfBox(operand.map, box) }));
    case "write":
      return [{ operand: stage.operand, box: imageOfBox(stage.operand.map, box) }];
    case "merge":
      return [];
    case "concat":
      return stage.parts.flatMap((part) => {
        const inner = concatPartBox(part, stage.axis, box);
        return inner === undefined
          ? []
          : [{ operand: part.operand, box: imageOfBox(part.operand.map, inner) }];
      });
    case "gather":
      return [
        {
          operand: stage.operand,
          box: imageOfBox(stage.operand.map, gatherInputBox(stage, box, bindings)),
        },
      ];
    case "reshape":
      return [
        { operand: stage.operand, box: imageOfBox(stage.operand.map, reshapeInputBox(stage, box)) },
      ];
    case "call":
      return stage.args.map((a) => ({
        operand: a.operand,
        box: imageOfBox(a.operand.map, callArgBox(stage, a, box)),
      }));
  }
}

/** The part's own index box that falls into `box` of the concat, if any. */
export function concatPartBox(
  part: { readonly start: number; readonly size: number },
  axis: number,
  box: Box,
): Box | undefined {
  const lo = Math.max(box.lo[axis] as number, part.start);
  const hi = Math.min(box.hi[axis] as number, part.start + part.size);
  if (lo >= hi) return undefined;
  return {
    lo: box.lo.map((v, i) => (i === axis ? lo - part.start : v)),
    hi: box.hi.map((v, i) => (i === axis ? hi - part.start : v)),
  };
}

/** Hull, in the gathered array's index space, of what the block takes. */
export function gatherInputBox(
  stage: GatherStage,
  box: Box,
  bindings: Pick<Bindings, "indices">,
): Box {
  const values = (bindings.indices[stage.indices] as IndexList).values;
  let lo = Number.POSITIVE_INFINITY;
  let hi = 0;
  for (let i = box.lo[stage.axis] as number; i < (box.hi[stage.axis] as number); i++) {
    const v = values[stage.start + i] as number;
    if (v < lo) lo = v;
    if (v + 1 > hi) hi = v + 1;
  }
  if (lo > hi) lo = hi;
  return {
    lo: box.lo.map((v, i) => (i === stage.axis ? lo : v)),
    hi: box.hi.map((v, i) => (i === stage.axis ? hi : v)),
  };
}

/**
 * The input box of a reshape block: per group, whole rows of the group's outermost input axis of length > 1 that
 * hold the flat range of the block.
 */
export function reshapeInputBox(stage: ReshapeStage, box: Box): Box {
  const lo = new Array<number>(stage.inputShape.length).fill(0);
  const hi = [...stage.inputShape];
  for (const group of stage.groups) {
    const range = reshapeFlatRange(stage, group, box);
    let inner = 1;
    // Only the outermost axis is narrowed: the rows of the others are contiguous below it.
    const outer = group.input.findIndex((a) => (stage.inputShape[a] as number) > 1);
    if (outer < 0) continue;
    for (const a of group.input.slice(outer + 1)) inner *= stage.inputShape[a] as number;
    const axis = group.input[outer] as number;
    lo[axis] = Math.floor(range[0] / inner);
    hi[axis] = range[1] <= range[0] ? (lo[axis] as number) : Math.ceil(range[1] / inner);
  }
  return { lo, hi };
}

/** The hull of the block in the flat (row-major) index of one group. */
export function reshapeFlatRange(
  stage: ReshapeStage,
  group: { readonly output: readonly number[] },
  box: Box,
): readonly [number, number] {
  let first = 0;
  let last = 0;
  for (const a of group.output) {
    const n = stage.space[a] as number;
    if ((box.hi[a] as number) <= (box.lo[a] as number)) return [0, 0];
    first = first * n + (box.lo[a] as number);
    last = last * n + (box.hi[a] as number) - 1;
  }
  return [first, last + 1];
}

/** The index box of a call argument for the loop position of `box`. */
export const callArgBox = (stage: CallStage, argument: CallStage["args"][number], box: Box): Box =>
  callBox(stage, argument.axes, box);

/** The index box of what a call takes or returns, along `axes`, for the loop position of `box`. */
export function callBox(stage: CallStage, axes: CallParams["args"][number], box: Box): Box {
  const lo: number[] = [];
  const hi: number[] = [];
  axes.forEach(({ loop, cuts }) => {
    if (loop < 0) {
      lo.push(0);
      hi.push(cutsExtent(cuts));
    } else {
      const loopCuts = stage.cuts[loop] as Cuts;
      const [n] = piecesIn(loopCuts, box.lo[loop] as number, box.hi[loop] as number);
      const piece = cutsCount(cuts) === 1 ? 0 : n;
      lo.push(pieceStart(cuts, piece));
      hi.push(pieceStart(cuts, piece) + pieceSize(cuts, piece));
    }
  });
  return { lo, hi };
}

/** Block numbers `[first, last]` per axis of the array that `box` touches. */
export const blocksTouched = (
  cuts: readonly Cuts[],
  box: Box,
): readonly (readonly [number, number])[] =>
  cuts.map((c, i) => piecesIn(c, box.lo[i] as number, box.hi[i] as number));

/** Bytes of block `n` of an array. */
export function blockBytes(array: PlanArray, n: number): number {
  if (array.rawBytes !== undefined) return array.rawBytes;
  const box = blockBox(array.cuts, n);
  return box.hi.reduce((b, h, i) => b * (h - (box.lo[i] as number)), itemSize(array.dtype));
}
export const maxBlockBytes = (array: PlanArray): number =>
  array.rawBytes ?? array.cuts.reduce((b, c) => b * cutsMax(c), itemSize(array.dtype));

/** Stages as a reader counts them: the merges of a split reduction belong to it. */
export const totalStages = (plan: Pick<Plan, "stages">): number =>
  plan.stages.filter((s) => s.kind !== "merge").length;
