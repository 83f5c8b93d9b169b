/**
 * How much scratch a task takes: upper bounds in closed form, evaluated by the planner to fill `scratchBytes`, and
 * the decisions behind them, which tasks evaluate again when they run. Both sides share these functions, so that what
 * is taken never exceeds what was paid for.
 *
 * Rules for the pieces of scratch:
 *  - a region of a source is read whole (the hull, if the map strides), row-major;
 *  - a region of an array costs nothing where it lies in one block, else a compact copy of the elements used;
 *  - moves (concat, gather, a map stage that only copies) put what they can straight into the output block.
 */
import { InternalError } from "../errors.js";
import { type Factors, factorAlong, factorsOf, packedBytes } from "./contraction.js";
import {
  type Cuts,
  cutsCount,
  cutsExtent,
  cutsMax,
  groupCuts,
  nestedCuts,
  reverseCuts,
  sameCuts,
  sliceCuts,
  wholeCuts,
} from "./cuts.js";
import { itemSize } from "./dtype.js";
import type { AffineMap } from "./index-map.js";
import { leafCount } from "./leaves.js";
import { stateDTypes } from "./monoid.js";
import { nodeBytes, partialNodes } from "./partials.js";
import { SPILL_BUFFER } from "./spill.js";
import {
  type Accumulator,
  type CallStage,
  type GatherStage,
  keptAxes,
  type MapStage,
  type MergeStage,
  type Operand,
  operandsOf,
  type Plan,
  type PlanArray,
  type ReduceStage,
  type ReshapeStage,
  type Stage,
} from "./stage.js";
import { log2, mergeSlots, mostPieces, reduceSlots, treeAxis } from "./state-slots.js";

/** Every piece of scratch starts on a cache line. */
export const SCRATCH_ALIGN = 64;
/** A gather from a source may always read pieces of this size, bytes: below it, calls cost more than bytes. */
export const GATHER_BYTES: number = 1024 * 1024;
/** Most states that the leaves of a batch fill: those of moments lie in the L1 cache. */
export const BATCH_STATES = 2048;

export const alignScratch = (bytes: number): number =>
  Math.ceil(bytes / SCRATCH_ALIGN) * SCRATCH_ALIGN;

type Arrays = Pick<Plan, "arrays">;

/** The array with this id; ids usually are positions. */
export function arrayOf(plan: Arrays, id: number): PlanArray {
  const guess = plan.arrays[id];
  const array = guess?.id === id ? guess : plan.arrays.find((a) => a.id === id);
  if (array === undefined) throw new InternalError(`the plan has no array ${id}`);
  return array;
}

/** The reduce stage that a merge stage continues. */
export function reduceOf(plan: Pick<Plan, "stages">, stage: MergeStage): ReduceStage {
  const guess = plan.stages[stage.of];
  const of = guess?.id === stage.of ? guess : plan.stages.find((s) => s.id === stage.of);
  if (of?.kind !== "reduce") throw new InternalError(`merge stage ${stage.id} has no reduce stage`);
  return of;
}

/**
 * An upper bound of the scratch of any task of the stage, in bytes.
 *
 * Of the plan it looks at the arrays that the stage reads and, for a merge stage, at its reduce stage.
 *
 * @example const scratchBytes = taskScratchBytes(stage, { arrays, stages });
 */
export function taskScratchBytes(stage: Stage, plan: Pick<Plan, "arrays" | "stages">): number {
  const bytes = ownScratchBytes(stage, plan);
  if (readsOutside(stage)) return bytes + SPILL_BUFFER;
  // What leaves the arena leaves it at the end, when the rest of the scratch is free.
  const writes = stage.outputs.some((id) => plan.arrays[id]?.outside !== undefined);
  return writes ? Math.max(bytes, SPILL_BUFFER) : bytes;
}

/** Whether tasks of a stage need a buffer for reading what lies outside the arena. */
export const readsOutside = (stage: Stage): boolean =>
  operandsOf(stage).some((o) => o.from === "outside");

function ownScratchBytes(stage: Stage, plan: Pick<Plan, "arrays" | "stages">): number {
  switch (stage.kind) {
    case "map":
      return isCopy(stage)
        ? copyBytes(stage.operands[0] as Operand, stage.cuts.map(cutsMax))
        : guardBytes(stage) + operandsBytes(stage.operands, plan, stage.cuts);
    case "reduce":
      return (
        guardBytes(stage) +
        batchBytes(stage) +
        workBytes(stage) +
        reduceSlots(stage) * slotBytes(stage, maxKept(stage)) +
        operandsBytes(stage.operands, plan, stage.cuts)
      );
    case "merge": {
      const of = reduceOf(plan, stage);
      return mergeSlots(of, stage) * slotBytes(of, maxKept(of));
    }
    case "concat":
      return stage.parts.reduce((n, part) => {
        const sizes = stage.cuts.map((c, i) =>
          i === stage.axis ? Math.min(cutsMax(c), part.size) : cutsMax(c),
        );
        return Math.max(n, copyBytes(part.operand, sizes));
      }, 0);
    case "gather":
      return gatherScratch(stage);
    case "reshape":
      return reshapeScratch(stage, plan);
    case "call":
      return stage.args.reduce((n, a) => n + callArgScratch(stage, a, plan), 0);
    case "write":
      return operandsBytes([stage.operand], plan, stage.cuts);
  }
}

// -------------------------------------------------------------------------------------------- operands

/** Bytes of the hull that a box of `sizes` reads through a map, limited by the array's own shape. */
export function hullBytes(operand: Operand, sizes: readonly number[]): number {
  if (sizes.includes(0)) return 0;
  return operand.map.reduce((n, m, i) => {
    const length = m.axis < 0 ? 1 : ((sizes[m.axis] as number) - 1) * Math.abs(m.step) + 1;
    return n * Math.min(length, Math.max(1, operand.shape[i] as number));
  }, itemSize(operand.dtype));
}

/** Bytes of the distinct elements that a box of `sizes` reads through a map. */
export function usedBytes(operand: Operand, sizes: readonly number[]): number {
  if (sizes.includes(0)) return 0;
  return operand.map.reduce(
    (n, m) => n * (m.axis < 0 || m.step === 0 ? 1 : (sizes[m.axis] as number)),
    itemSize(operand.dtype),
  );
}

/**
 * Whether some piece of `cuts` of the space may read from two blocks of an array. Exact for steps of 1 and -1 over
 * the whole axis, cautious for others.
 */
export function mayStraddle(operand: Operand, array: PlanArray, cuts: readonly Cuts[]): boolean {
  return operand.map.some((m, i) => {
    const blocks = array.cuts[i] as Cuts;
    if (cutsCount(blocks) === 1 || m.axis < 0 || m.step === 0) return false;
    const pieces = cuts[m.axis] as Cuts;
    const extent = cutsExtent(pieces);
    if (extent === 0 || cutsMax(pieces) === 1) return false;
    const last = m.start + m.step * (extent - 1);
    const seen = sliceCuts(blocks, Math.min(m.start, last), Math.max(m.start, last) + 1);
    if (cutsCount(seen) === 1) return false;
    if (Math.abs(m.step) !== 1) return true;
    return !nestedCuts(m.step > 0 ? seen : reverseCuts(seen), pieces);
  });
}

function operandsBytes(operands: readonly Operand[], plan: Arrays, cuts: readonly Cuts[]): number {
  return operands.reduce((n, operand) => n + alignScratch(operandBytes(operand, plan, cuts)), 0);
}

function operandBytes(operand: Operand, plan: Arrays, cuts: readonly Cuts[]): number {
  const sizes = cuts.map(cutsMax);
  if (operand.from !== "array") return hullBytes(operand, sizes);
  return mayStraddle(operand, arrayOf(plan, operand.id), cuts) ? usedBytes(operand, sizes) : 0;
}

/** Where tasks put what they find out about a condition: a byte for whether it is true anywhere, one for everywhere. */
export const guardBytes = ({ guards = [] }: MapStage | ReduceStage): number =>
  guards.length === 0 ? 0 : alignScratch(2);

/** A map stage that only moves elements: they need no region of their own. */
export const isCopy = (stage: MapStage): boolean =>
  stage.operands.length === 1 &&
  stage.values.length === 1 &&
  stage.program.ops.length === 1 &&
  stage.program.ops[0]?.op === "load";

/**
 * Whether a reader can put a box of `sizes` straight to where the space wants it: no steps, and no axis along which
 * elements repeat.
 */
export function readsDirectly(map: AffineMap, sizes: readonly number[]): boolean {
  return (
    map.every((m) => m.axis < 0 || m.step === 1 || sizes[m.axis] === 1) &&
    sizes.every((n, axis) => n <= 1 || map.some((m) => m.axis === axis))
  );
}

/** Scratch of copying a box of `sizes` into a given place. */
function copyBytes(operand: Operand, sizes: readonly number[]): number {
  if (operand.from === "array" || readsDirectly(operand.map, sizes)) return 0;
  return alignScratch(hullBytes(operand, sizes));
}

// ------------------------------------------------------------------------------------------- reductions

/** Elements of the largest kept block. */
export const maxKept = (stage: ReduceStage): number =>
  keptAxes(stage).reduce((n, axis) => n * cutsMax(stage.cuts[axis] as Cuts), 1);

/** Bytes of one slot: the states of all accumulators for one node. */
export const slotBytes = (stage: ReduceStage, elements: number): number =>
  alignScratch(nodeBytes(stage.accumulators, elements));

/** Whether the program looks at the position along reduced axis `k`. */
export const isIndexed = (stage: ReduceStage, k: number): boolean =>
  stage.program.ops.some((op) => op.op === "index" && op.axis === stage.reduced[k]);

/**
 * Leaves whose states are taken together at the most (1: none are). A batch fills `leaves * kept elements` states, so
 * it is for reductions that keep little. A program that sees the position along the batched axis would see two axes
 * instead of one.
 */
export function batchLeaves(stage: ReduceStage): number {
  const top = treeAxis(stage);
  const kept = maxKept(stage);
  if (top < 0 || kept === 0 || kept * 2 > BATCH_STATES || isIndexed(stage, top)) return 1;
  return Math.min(Math.floor(BATCH_STATES / kept), leafCount(stage.leaves));
}

/** Bytes of the counts that a batch's merges of moments read: two per pair. */
export const batchCountBytes = (stage: ReduceStage): number =>
  stage.accumulators.some((a) => a.monoid === "moments") ? alignScratch(8 * batchLeaves(stage)) : 0;

/** Bytes of a batch's states and counts. */
function batchBytes(stage: ReduceStage): number {
  const leaves = batchLeaves(stage);
  return leaves === 1 ? 0 : slotBytes(stage, leaves * maxKept(stage)) + batchCountBytes(stage);
}

/** The factors of an accumulator that may be a matrix product: one has rows, the other columns. */
export function matrixFactors(stage: ReduceStage, accumulator: Accumulator): Factors | undefined {
  if (accumulator.monoid !== "dot") return undefined;
  const factors = factorsOf(stage.program, accumulator.value);
  if (factors === undefined) return undefined;
  const sides = keptAxes(stage).map((axis) => sideOf(stage, factors, axis));
  return sides.includes(0) && sides.includes(1) ? factors : undefined;
}

/** Which factor alone moves along an axis of the space. */
const sideOf = (stage: ReduceStage, factors: Factors, axis: number): 0 | 1 | undefined =>
  factorAlong(
    factors,
    (operand) =>
      stage.operands[operand]?.map.some(
        (m) => m.axis === axis && m.step !== 0 && cutsMax(stage.cuts[axis] as Cuts) > 1,
      ) === true,
  );

/** Bytes in which the leaves of matrix products pack their factors. */
export function workBytes(stage: ReduceStage): number {
  let most = 0;
  for (const accumulator of stage.accumulators) {
    const factors = matrixFactors(stage, accumulator);
    if (factors === undefined) continue;
    const across = (side: 0 | 1): number =>
      keptAxes(stage).reduce(
        (n, axis) =>
          sideOf(stage, factors, axis) === side ? n * cutsMax(stage.cuts[axis] as Cuts) : n,
        1,
      );
    const depth = stage.leaves.reduce((n, cuts) => n * cutsMax(cuts), 1);
    const [m, n] = [across(0), across(1)];
    // Which of them are the rows depends on how the states lie.
    const bytes = [packedBytes(factors.on, m, n, depth), packedBytes(factors.on, n, m, depth)];
    most = Math.max(most, ...bytes);
  }
  return alignScratch(most);
}

/** Leaves of the split axis up to which partial blocks are sized exactly. */
const EXACT_LEAVES = 65536;

/**
 * Bytes that every partial block standing for `width` segments of a reduce stage fits in (1 for what the stage itself
 * puts out). Exact unless the split axis has very many leaves; then by the bound that a run of w leaves has at most
 * 2 log2(w) maximal nodes.
 */
export function partialBytes(of: ReduceStage, width = 1): number {
  const split = of.reduced.indexOf(of.split.axis);
  const steps = of.split.steps * width;
  const leaves = of.leaves[split] as Cuts;
  let nodes = 0;
  if (cutsCount(leaves) <= EXACT_LEAVES) {
    for (let first = 0; first < cutsCount(of.cuts[of.split.axis] as Cuts); first += steps) {
      nodes = Math.max(nodes, partialNodes(of, first, steps).nodes.length);
    }
  } else {
    const most = mostPieces(groupCuts(of.cuts[of.split.axis] as Cuts, steps), leaves);
    nodes = most === 1 ? 1 : 2 * log2(most);
  }
  return leafCount(of.leaves.slice(0, split)) * nodes * nodeBytes(of.accumulators, maxKept(of));
}

// ------------------------------------------------------------------------------------------------ moves

/**
 * Positions along the gathered axis that one piece of a source may span: what fits twice the largest block or
 * {@link GATHER_BYTES}, at least one.
 */
export function gatherSpan(stage: GatherStage): number {
  const sizes = stage.cuts.map(cutsMax);
  const limit = gatherLimit(stage);
  const row = hullBytes(stage.operand, withSize(sizes, stage.axis, 1));
  const m = stage.operand.map.find((axis) => axis.axis === stage.axis);
  const extent = stage.inputShape[stage.axis] as number;
  if (m === undefined || m.step === 0 || row === 0) return Math.max(1, extent);
  const span = Math.floor((Math.floor(limit / row) - 1) / Math.abs(m.step)) + 1;
  return Math.max(1, Math.min(span, extent));
}

const gatherLimit = (stage: GatherStage): number =>
  Math.max(GATHER_BYTES, 2 * hullBytes(stage.operand, stage.cuts.map(cutsMax)));

const withSize = (sizes: readonly number[], axis: number, size: number): number[] =>
  sizes.map((n, i) => (i === axis ? size : n));

/** Pieces of a source share it; what is gathered from arrays is copied from where it lies. */
export function gatherScratch(stage: GatherStage): number {
  if (stage.operand.from === "array" || stage.cuts.some((c) => cutsMax(c) === 0)) return 0;
  const sizes = withSize(stage.cuts.map(cutsMax), stage.axis, gatherSpan(stage));
  const piece = alignScratch(hullBytes(stage.operand, sizes));
  // Never more than all rows that the block can name, each in a piece of its own.
  const row = alignScratch(hullBytes(stage.operand, withSize(sizes, stage.axis, 1)));
  const rows = cutsMax(stage.cuts[stage.axis] as Cuts);
  return Math.max(piece, Math.min(gatherLimit(stage), rows * row));
}

/** Most input rows of each group's outermost axis under one block; the sizes of the largest input box. */
export function reshapeInputSizes(stage: ReshapeStage): number[] {
  const sizes = [...stage.inputShape];
  for (const group of stage.groups) {
    const outer = group.input.findIndex((a) => (stage.inputShape[a] as number) > 1);
    if (outer < 0) continue;
    const axis = group.input[outer] as number;
    const inner = group.input
      .slice(outer + 1)
      .reduce((n, a) => n * (stage.inputShape[a] as number), 1);
    let hull = 1;
    let stride = 1;
    for (let i = group.output.length - 1; i >= 0; i--) {
      const a = group.output[i] as number;
      const size = cutsMax(stage.cuts[a] as Cuts);
      hull = size === 0 ? 0 : hull + (size - 1) * stride;
      stride *= stage.space[a] as number;
    }
    const rows = hull <= 0 ? 0 : Math.floor((hull + inner - 2) / inner) + 1;
    sizes[axis] = Math.min(stage.inputShape[axis] as number, rows);
  }
  return sizes;
}

function reshapeScratch(stage: ReshapeStage, plan: Arrays): number {
  const sizes = reshapeInputSizes(stage);
  const packed = sizes.reduce((n, s) => n * s, itemSize(stage.operand.dtype));
  if (stage.operand.from === "array") {
    const array = arrayOf(plan, stage.operand.id);
    const { map } = stage.operand;
    const plain =
      map.every((m, i) => m.axis === i && m.step === 1 && stage.inputShape[i] === array.shape[i]) &&
      // Axes along which the array is stretched come after its own.
      stage.inputShape.slice(map.length).every((n) => n === 1);
    // One block that is the whole input has every group flat as it lies.
    return plain && array.cuts.every((c) => cutsCount(c) === 1) ? 0 : alignScratch(packed);
  }
  return alignScratch(packed) + copyBytes(stage.operand, sizes);
}

// ------------------------------------------------------------------------------------------------ calls

/** The cuts of an argument's own index space. */
export const callArgCuts = (argument: CallStage["args"][number]): Cuts[] =>
  argument.axes.map(({ loop, cuts }, i) =>
    loop < 0 || cutsCount(cuts) === 1 ? wholeCuts(argument.shape[i] as number) : cuts,
  );

/** The region of the argument, and for private copies its elements in row-major order where they are not. */
function callArgScratch(
  stage: CallStage,
  argument: CallStage["args"][number],
  plan: Arrays,
): number {
  const { operand } = argument;
  const cuts = callArgCuts(argument);
  const region = alignScratch(operandBytes(operand, plan, cuts));
  if (stage.inputs === "view") return region;
  const plain =
    operand.map.length === cuts.length && operand.map.every((m, i) => m.axis === i && m.step === 1);
  if (plain && operand.from !== "array") return region;
  const dense = alignScratch(cuts.map(cutsMax).reduce((n, s) => n * s, itemSize(operand.dtype)));
  if (!plain) return region + dense;
  // A compact copy of several blocks is dense as well, and so is a block that is the argument.
  const blocks = arrayOf(plan, operand.id).cuts;
  return blocks.every((c, i) => sameCuts(c, cuts[i] as Cuts)) ? 0 : dense;
}

/** Dtypes of the state components of all accumulators, one after another. */
export const stateComponents = (
  stage: ReduceStage,
): readonly {
  readonly accumulator: number;
  readonly dtype: ReturnType<typeof stateDTypes>[number];
}[] =>
  stage.accumulators.flatMap((a, accumulator) =>
    stateDTypes(a.monoid, a.on).map((dtype) => ({ accumulator, dtype })),
  );
