/**
 * Pass 6, grid: the blocks in which every stage works.
 *
 * Storage chunk, scheduling block and cache tile are three things. Blocks start from the grid of the heaviest base
 * that is cut along an axis, so that reads are whole chunks; tiny chunks are coalesced up to a byte target, huge ones
 * are cut when they would not fit. Misaligned operands are read in pieces; nothing is rechunked for alignment. Two
 * contracts bind: a write stage works in whole storage objects of its sink, and the steps of a reduction end at leaf
 * borders.
 */
import {
  type Cuts,
  coalesceCuts,
  cutsCount,
  cutsFromRuns,
  cutsMax,
  nestedCuts,
  splitCuts,
  wholeCuts,
} from "../../ir/cuts.js";
import { itemSize } from "../../ir/dtype.js";
import { viewCuts } from "../../ir/grid.js";
import { type AxisMap, type Box, elementCount } from "../../ir/index-map.js";
import { dtypeOf, knownShape } from "../../ir/node.js";
import type { Draft, DraftOperand, ReduceDraft, ReshapeDraft } from "../draft.js";
import { coalesceBetween, seamsOf } from "./looks.js";
import { matrixCuts } from "./matrix.js";

export interface GridView {
  /** Storage grid of a source, or the chosen blocks of a materialised base. */
  readonly gridOf: (operand: DraftOperand) => readonly Cuts[];
  /** The grid in which the only consumer would like the output, if it has a wish. */
  readonly hint: readonly (Cuts | undefined)[] | undefined;
  /** What is looked at of the outputs, if not all is asked for. */
  readonly looks: readonly Box[];
  /** Bytes that a task should handle. */
  readonly target: number;
  /** Bytes that a task must not exceed, if it can be helped. */
  readonly limit: number;
  readonly workers: number;
  /** False: blocks are the bases' own pieces, never coalesced. */
  readonly coalesce: boolean;
}

/** Cuts of a draft's space (steps on reduced axes). */
export function chooseCuts(draft: Draft, view: GridView): readonly Cuts[] {
  if (draft.kind === "call") return draft.node.params.loop;
  const wishes = baseCuts(draft, view);
  if (draft.kind === "write") return writeCuts(draft.sink.chunks, draft, view);
  if (draft.kind === "reduce") return reduceCuts(draft, wishes, view);
  // Nothing else says how large blocks are where all that is read lies in memory.
  const free = draft.kind === "map" && draft.operands.every(inMemory);
  const bounded = free ? { ...view, limit: Math.min(view.limit, roomyTarget(draft, view)) } : view;
  const seams = seamsOf(wishes, view.looks);
  return sizedCuts(wishes, bytesPerElement(draft), bounded, residentLimit(draft, view), seams);
}

/** Bytes that a task holds per element of its block: regions of sources and outputs. */
export function bytesPerElement(draft: Draft): number {
  const long = draft.space.filter((n) => n > 1).length;
  let bytes = 0;
  for (const operand of draft.operands) {
    const used = operand.map.filter((m) => m.axis >= 0 && (draft.space[m.axis] as number) > 1);
    // A region stretched over some axis of the block is small beside the block.
    if (used.length < long) continue;
    bytes += operand.map.reduce(
      (n, m) => n * Math.max(1, Math.abs(m.step)),
      itemSize(dtypeOf(operand.base)),
    );
  }
  if (draft.kind !== "reduce") {
    for (const output of draft.outputs) bytes += itemSize(dtypeOf(output));
  }
  return Math.max(1, bytes);
}

/** Per axis of the space: the pieces of the heaviest operand that is cut along it, seen through its map. */
function baseCuts(draft: Draft, view: GridView): readonly Cuts[] {
  const regrouped = draft.kind === "reshape" ? regroupedCuts(draft, view) : [];
  const weighed = draft.operands
    // Maps read memory in place, whatever its chunks: blocks are as the result lies, row by row.
    .filter((operand) => draft.kind !== "map" || !inMemory(operand))
    .map((operand) => ({
      operand,
      grid: view.gridOf(operand),
      bytes: operandBytes(draft, operand),
    }))
    .sort((a, b) => b.bytes - a.bytes);
  return draft.space.map((extent, axis) => {
    const rows = regrouped[axis];
    if (rows !== undefined) return rows;
    for (const { operand, grid } of weighed) {
      const a = operand.map.findIndex((m) => m.axis === axis);
      if (a < 0 || cutsCount(grid[a] as Cuts) === 1) continue;
      const cuts = axisCuts(draft, operand, a, grid[a] as Cuts, extent);
      if (cuts !== undefined && cutsCount(cuts) > 1) return reconcile(cuts, view.hint?.[axis]);
    }
    // Cutting where a store keeps whole chunks would read each of them several times.
    const stored = weighed.some(
      ({ operand }) => isStore(operand) && operand.map.some((m) => m.axis === axis),
    );
    // A reshape block that is narrow inside its group reads whole rows of which it needs little.
    const inside = draft.kind === "reshape" && draft.groups.some((g) => isInside(draft, g, axis));
    return stored || inside ? wholeCuts(extent) : (view.hint?.[axis] ?? wholeCuts(extent));
  });
}

/**
 * Where whole input blocks are whole rows of a reshape's outermost axes, the reshape works in these rows: each block is
 * then read by one task.
 */
function regroupedCuts(draft: ReshapeDraft, view: GridView): readonly (Cuts | undefined)[] {
  const [operand] = draft.operands as [DraftOperand];
  const grid = view.gridOf(operand);
  const out: (Cuts | undefined)[] = draft.space.map(() => undefined);
  for (const group of draft.groups) {
    const input = group.input.find((a) => (draft.inputShape[a] as number) > 1);
    const output = group.output.find((a) => (draft.space[a] as number) > 1);
    const axis = operand.map.findIndex((m) => m.axis === input && m.step === 1);
    if (input === undefined || output === undefined || axis < 0) continue;
    const total = group.input.reduce((n, a) => n * (draft.inputShape[a] as number), 1);
    const inRow = total / (draft.inputShape[input] as number);
    const outRow = total / (draft.space[output] as number);
    const m = operand.map[axis] as AxisMap;
    const seen = viewCuts(grid[axis] as Cuts, m, draft.inputShape[input] as number);
    const rows = seen.map((r) => ({ ...r, size: (r.size * inRow) / outRow }));
    if (cutsCount(seen) > 1 && rows.every((r) => Number.isInteger(r.size))) {
      out[output] = cutsFromRuns(rows);
    }
  }
  return out;
}

const isInside = (
  draft: Draft,
  group: { readonly output: readonly number[] },
  axis: number,
): boolean =>
  group.output.includes(axis) && axis !== group.output.find((a) => (draft.space[a] as number) > 1);

const isStore = (operand: DraftOperand): boolean =>
  operand.fromSource &&
  operand.base.op === "source" &&
  operand.base.params.binding.residence === "store";

/** The consumer's wish counts when one of the two grids contains the other. */
function reconcile(cuts: Cuts, hint: Cuts | undefined): Cuts {
  if (hint === undefined || cutsCount(hint) === 1) return cuts;
  return nestedCuts(hint, cuts) ? hint : cuts;
}

function axisCuts(
  draft: Draft,
  operand: DraftOperand,
  axis: number,
  grid: Cuts,
  extent: number,
): Cuts | undefined {
  const m = operand.map[axis] as AxisMap;
  switch (draft.kind) {
    case "gather":
      return m.axis === draft.node.params.axis ? undefined : viewCuts(grid, m, extent);
    case "concat":
      // Seams are pieces of their own only where parts are long; the rest follows the byte target.
      return m.axis === draft.axis ? undefined : viewCuts(grid, m, extent);
    case "reshape":
      return draft.inputShape[m.axis] === extent ? viewCuts(grid, m, extent) : undefined;
    default:
      return viewCuts(grid, m, extent);
  }
}

const operandBytes = (draft: Draft, operand: DraftOperand): number =>
  elementCount(operand.map.map((m) => (m.axis < 0 ? 1 : (draft.space[m.axis] ?? 1)))) *
  itemSize(dtypeOf(operand.base));

/**
 * The longest piece of an axis for which the materialised blocks that a task looks into, all of which are held while
 * it runs, stay within the limit: a narrow region may lie across many wide blocks.
 */
function residentLimit(draft: Draft, view: GridView): (axis: number) => number {
  const perUnit = draft.space.map(() => 0);
  for (const operand of draft.operands) {
    if (operand.fromSource) continue;
    const grid = view.gridOf(operand);
    const shape = knownShape(operand.base);
    const across = operand.map.map((m, i) => {
      const block = Math.max(1, cutsMax(grid[i] as Cuts));
      const extent = m.axis < 0 ? 1 : (draft.space[m.axis] ?? 1) * Math.abs(m.step);
      return Math.min(shape[i] as number, Math.ceil(extent / block) * block);
    });
    operand.map.forEach((m, i) => {
      if (m.axis < 0 || cutsCount(grid[i] as Cuts) === 1) return;
      const others = elementCount(across.filter((_, k) => k !== i));
      const bytes = others * itemSize(dtypeOf(operand.base)) * Math.abs(m.step);
      perUnit[m.axis] = Math.max(perUnit[m.axis] ?? 0, bytes);
    });
  }
  return (axis) => {
    const bytes = perUnit[axis] ?? 0;
    return bytes === 0 ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(view.limit / bytes));
  };
}

/** Coalesces from the last axis on (contiguous first) up to the target, cuts from the first axis on above the limit. */
export function sizedCuts(
  wishes: readonly Cuts[],
  perElement: number,
  view: Pick<GridView, "target" | "limit" | "coalesce">,
  longest: (axis: number) => number = () => Number.POSITIVE_INFINITY,
  seams: readonly (readonly number[])[] = [],
): readonly Cuts[] {
  const cuts = [...wishes];
  const sizes = (): number[] => cuts.map((c) => Math.max(1, cutsMax(c)));
  const target = Math.max(1, Math.floor(view.target / perElement));
  const limit = Math.max(1, Math.floor(view.limit / perElement));
  for (let axis = 0; axis < cuts.length && elementCount(sizes()) > limit; axis++) {
    const others = elementCount(sizes().filter((_, i) => i !== axis));
    const room = Math.max(1, Math.floor(limit / others));
    cuts[axis] = splitCuts(cuts[axis] as Cuts, room);
  }
  if (!view.coalesce) return cuts;
  for (let axis = cuts.length - 1; axis >= 0; axis--) {
    const others = elementCount(sizes().filter((_, i) => i !== axis));
    const room = Math.min(Math.floor(target / others), longest(axis));
    if (room > cutsMax(cuts[axis] as Cuts)) {
      cuts[axis] = coalesceBetween(cuts[axis] as Cuts, room, seams[axis]);
    }
  }
  return cuts;
}

/** Whole storage objects, as many as the target allows; fewer bytes per block than one object is not possible. */
function writeCuts(chunks: readonly Cuts[], draft: Draft, view: GridView): readonly Cuts[] {
  const perElement = draft.operands[0]?.fromSource
    ? 2 * bytesPerElement(draft)
    : bytesPerElement(draft);
  return sizedCuts(chunks, perElement, { ...view, limit: Number.POSITIVE_INFINITY });
}

/** Larger tasks where all that is read lies in memory: there are fewer of them. */
const IN_PLACE = 4;
/** The same for reductions, whose tasks hold no more for being larger. */
const REDUCED_IN_PLACE = 16;
/** Tasks that each worker should get all the same, so that all end together. */
const TASKS_PER_WORKER = 8;

const inMemory = (operand: DraftOperand): boolean =>
  operand.fromSource &&
  operand.base.op === "source" &&
  operand.base.params.binding.residence === "memory";

function roomyTarget(draft: Draft, view: GridView): number {
  const most = (draft.kind === "reduce" ? REDUCED_IN_PLACE : IN_PLACE) * view.target;
  if (!draft.operands.every(inMemory)) return view.target;
  const total = elementCount(draft.space) * bytesPerElement(draft);
  const share = total / (view.workers * TASKS_PER_WORKER);
  return Math.max(view.target, Math.min(most, view.limit / 2, share));
}

function reduceCuts(draft: ReduceDraft, wishes: readonly Cuts[], given: GridView): readonly Cuts[] {
  const view = { ...given, target: roomyTarget(draft, given) };
  const perElement = bytesPerElement(draft);
  const longest = residentLimit(draft, view);
  const sized =
    matrixCuts(draft, wishes, view, longest) ??
    sizedCuts(wishes, perElement, view, longest, reducedSeams(draft, wishes, view));
  return sized.map((cuts, axis) => {
    const k = draft.reduced.indexOf(axis);
    if (k < 0) return cuts;
    return alignToLeaves(cuts, draft.leaves[k] as Cuts);
  });
}

/** Results have the axes that are kept. */
function reducedSeams(
  { reduced }: ReduceDraft,
  wishes: readonly Cuts[],
  { looks }: GridView,
): readonly (readonly number[])[] {
  const kept = wishes.map((_, axis) => axis).filter((axis) => !reduced.includes(axis));
  const seams = seamsOf(
    kept.map((axis) => wishes[axis] as Cuts),
    looks,
  );
  return wishes.map((_, axis) => seams[kept.indexOf(axis)] ?? []);
}

/** The nearest cuts whose borders are leaf borders: never finer than leaves. */
function alignToLeaves(cuts: Cuts, leaves: Cuts): Cuts {
  if (nestedCuts(cuts, leaves)) return cuts;
  return coalesceCuts(leaves, Math.max(cutsMax(cuts), cutsMax(leaves)));
}
