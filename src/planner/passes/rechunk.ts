/**
 * Pass 7, rechunk: what to do where blocks and storage do not line up.
 *
 * Folding into the read is the default: a task reads the storage chunks that its region touches. The price is
 * *amplification*: a chunk that several tasks touch is read and decoded by each. Where that price is high the source
 * is first copied into memory in its own grid, each chunk read once, and the consumer gathers its blocks from there.
 * The in-memory way is taken when it fits; otherwise the fold stays, in blocks as large as the budget allows.
 */

import type { SourceBinding } from "../../ir/binding.js";
import { partOfConcat } from "../../ir/concat-parts.js";
import {
  type Cuts,
  cutsCount,
  pieceSize,
  pieceStart,
  piecesIn,
  uniformCuts,
} from "../../ir/cuts.js";
import { itemSize } from "../../ir/dtype.js";
import type { AxisMap } from "../../ir/index-map.js";
import type { Node } from "../../ir/node.js";
import { blockCount, type Operand, operandsOf, type Stage, taskCuts } from "../../ir/stage.js";
import { MEMORY_COPY, READ_PART, READ_STORE, TASK_OVERHEAD } from "../cost.js";

/** Reads of more than this many times the bytes are worth a copy in memory. */
export const WORTH_A_COPY = 1.3;
/** Above this many pieces along an axis the sums are extrapolated from a sample. */
const SAMPLED_PIECES = 8192;

export interface ReadCost {
  /** Storage chunks touched, each time one is touched. */
  readonly chunks: number;
  /** Bytes of these chunks, or of those of their bands that are touched. */
  readonly bytes: number;
  /** Bytes divided by the bytes of the distinct chunks or bands that are needed at all. */
  readonly amplification: number;
}

/** What a stage's reads of one source operand cost; exact for grids of up to `SAMPLED_PIECES` per axis. */
export function readCost(stage: Stage, operand: Operand, source: SourceBinding): ReadCost {
  const whole = costOfPieces(stage, operand, source, source.chunks);
  if (source.residence === "memory") {
    // Nothing is fetched or decoded: elements are read as they are needed, whatever lies beside them.
    const elements = source.shape.map((n) => uniformCuts(n, 1));
    const chunks = Math.min(whole.chunks, blockCount(source.chunks));
    return { ...costOfPieces(stage, operand, source, elements), chunks };
  }
  if (source.bands === undefined) return whole;
  return { ...costOfPieces(stage, operand, source, source.bands), chunks: whole.chunks };
}

function costOfPieces(
  stage: Stage,
  operand: Operand,
  source: SourceBinding,
  pieces: readonly Cuts[],
): ReadCost {
  // A reduction reads step by step.
  const tasks = stage.kind === "call" || stage.kind === "reduce" ? stage.cuts : taskCuts(stage);
  let chunks = 1;
  let bytes = itemSize(source.dtype);
  let once = itemSize(source.dtype);
  const used = new Set<number>();
  // The operand of a call maps the argument's own axes, which follow loop axes or arrive whole.
  const argument =
    stage.kind === "call" ? stage.args.find((a) => a.operand === operand) : undefined;
  pieces.forEach((grid, i) => {
    const m = operand.map[i];
    const rows = m === undefined ? undefined : regroupedRows(stage, m);
    if (m !== undefined && rows !== undefined) {
      used.add(rows.axis);
      const sums = touchedByRows(grid, tasks[rows.axis] as Cuts, rows, m);
      chunks *= sums.count;
      bytes *= sums.elements;
      once *= sums.distinct;
      return;
    }
    const follows = m === undefined || m.axis < 0 ? undefined : argument?.axes[m.axis];
    const along = argument === undefined ? (m?.axis ?? -1) : (follows?.loop ?? -1);
    const space = follows === undefined ? (tasks[along] as Cuts | undefined) : follows.cuts;
    if (
      m === undefined ||
      m.axis < 0 ||
      along < 0 ||
      space === undefined ||
      movesFreely(stage, m.axis)
    ) {
      const part = m === undefined ? undefined : partOf(stage, operand, m);
      if (part !== undefined && m !== undefined && m.axis >= 0 && stage.kind === "concat") {
        used.add(m.axis);
        const sums = touchedByPart(grid, stage.cuts[m.axis] as Cuts, part, m);
        chunks *= sums.count;
        bytes *= sums.elements;
        once *= sums.distinct;
        return;
      }
      const [first, last] = m === undefined ? [0, cutsCount(grid) - 1] : reached(grid, m, part);
      chunks *= last - first + 1;
      bytes *= pieceStart(grid, last + 1) - pieceStart(grid, first);
      once *= pieceStart(grid, last + 1) - pieceStart(grid, first);
      return;
    }
    used.add(along);
    const sums = touched(grid, space, m.start, m.step);
    chunks *= sums.count;
    bytes *= sums.elements;
    once *= sums.distinct;
  });
  tasks.forEach((c, axis) => {
    if (used.has(axis)) return;
    chunks *= cutsCount(c);
    bytes *= cutsCount(c);
  });
  return { chunks, bytes, amplification: once === 0 ? 1 : bytes / once };
}

/** Rows of a reshape's input that belong to rows of its result. */
interface Rows {
  /** The axis of the result. */
  readonly axis: number;
  /** Elements of a row of the input, and of the result. */
  readonly inRow: number;
  readonly outRow: number;
}

/** Where an axis is the outermost long one of those that a reshape regroups: tasks read the rows that they are made of. */
function regroupedRows(stage: Stage, m: AxisMap): Rows | undefined {
  if (stage.kind !== "reshape" || m.axis < 0) return undefined;
  const { inputShape, space } = stage;
  for (const { input, output } of stage.groups) {
    if (m.axis !== input.find((a) => (inputShape[a] as number) > 1)) continue;
    const axis = output.find((a) => (space[a] as number) > 1);
    if (axis === undefined) return undefined;
    const total = input.reduce((n, a) => n * (inputShape[a] as number), 1);
    const inRow = total / (inputShape[m.axis] as number);
    return { axis, inRow, outRow: total / (space[axis] as number) };
  }
  return undefined;
}

function touchedByRows(grid: Cuts, tasks: Cuts, { inRow, outRow }: Rows, m: AxisMap): Touched {
  const pieces = cutsCount(tasks);
  if (pieces === 0) return { count: 0, elements: 0, distinct: 1 };
  const sample = Math.min(pieces, SAMPLED_PIECES);
  const rowsOf = (from: number, to: number): readonly [number, number] => {
    const first = Math.floor((pieceStart(tasks, from) * outRow) / inRow);
    const size = Math.ceil((pieceStart(tasks, to) * outRow) / inRow) - first;
    return reached(grid, { ...m, start: m.start + m.step * first }, { start: 0, size });
  };
  const lengthOf = ([first, last]: readonly [number, number]): number =>
    pieceStart(grid, last + 1) - pieceStart(grid, first);
  let count = 0;
  let elements = 0;
  for (let n = 0; n < sample; n++) {
    const range = rowsOf(n, n + 1);
    count += range[1] - range[0] + 1;
    elements += lengthOf(range);
  }
  const scale = pieces / sample;
  return {
    count: Math.round(count * scale),
    elements: Math.round(elements * scale),
    distinct: Math.max(1, lengthOf(rowsOf(0, pieces))),
  };
}

/** Extent, and beginning in the space, of what is read along an axis that does not follow the map piece by piece. */
function partOf(stage: Stage, operand: Operand, m: AxisMap): Part | undefined {
  if (m.axis < 0) return { start: 0, size: 1 };
  if (stage.kind === "concat") return partOfConcat(stage, operand);
  if (stage.kind === "call") {
    const argument = stage.args.find((x) => x.operand === operand);
    return argument && { start: 0, size: argument.shape[m.axis] as number };
  }
  if (stage.kind !== "gather" && stage.kind !== "reshape") return undefined;
  return { start: 0, size: stage.inputShape[m.axis] as number };
}
interface Part {
  readonly start: number;
  readonly size: number;
}

/** Pieces of the grid that positions `0 … size - 1` of the mapped axis reach; all of them if the size is not known. */
function reached(grid: Cuts, m: AxisMap, part: Part | undefined): readonly [number, number] {
  if (part === undefined) return [0, cutsCount(grid) - 1];
  if (part.size === 0) return [0, -1];
  const end = m.start + m.step * (part.size - 1);
  return piecesIn(grid, Math.min(m.start, end), Math.max(m.start, end) + 1);
}

/** As {@link touched}, for one part of a concatenation: only the tasks that its range meets look into it. */
function touchedByPart(grid: Cuts, tasks: Cuts, part: Part, m: AxisMap): Touched {
  const [first, last] = reached(grid, m, part);
  const distinct = pieceStart(grid, last + 1) - pieceStart(grid, first);
  if (part.size === 0) return { count: 0, elements: 0, distinct: 1 };
  const [from, to] = piecesIn(tasks, part.start, part.start + part.size);
  const sample = Math.min(to - from + 1, SAMPLED_PIECES);
  let count = 0;
  let elements = 0;
  for (let n = from; n < from + sample; n++) {
    const lo = Math.max(0, pieceStart(tasks, n) - part.start);
    const hi = Math.min(part.size, pieceStart(tasks, n + 1) - part.start);
    const at = { ...m, start: m.start + m.step * lo };
    const [a, b] = reached(grid, at, { start: 0, size: hi - lo });
    count += b - a + 1;
    elements += pieceStart(grid, b + 1) - pieceStart(grid, a);
  }
  const scale = (to - from + 1) / sample;
  return { count: Math.round(count * scale), elements: Math.round(elements * scale), distinct };
}

/** Axes along which positions do not follow the map piece by piece. */
const movesFreely = (stage: Stage, axis: number): boolean =>
  (stage.kind === "gather" && stage.axis === axis) ||
  stage.kind === "reshape" ||
  (stage.kind === "concat" && stage.axis === axis);

interface Touched {
  readonly count: number;
  readonly elements: number;
  readonly distinct: number;
}

function touched(grid: Cuts, tasks: Cuts, start: number, step: number): Touched {
  const pieces = cutsCount(tasks);
  const sample = Math.min(pieces, SAMPLED_PIECES);
  let count = 0;
  let elements = 0;
  for (let n = 0; n < sample; n++) {
    const a = start + step * pieceStart(tasks, n);
    const b = start + step * (pieceStart(tasks, n + 1) - 1);
    const [first, last] = piecesIn(grid, Math.min(a, b), Math.max(a, b) + 1);
    const spanned = last - first + 1;
    // Chunks between two positions are left out: there are no more than positions.
    const held = Math.min(spanned, pieceSize(tasks, n));
    count += held;
    elements += ((pieceStart(grid, last + 1) - pieceStart(grid, first)) * held) / spanned;
  }
  const a = start;
  const b = start + step * (pieceStart(tasks, pieces) - 1);
  const [first, last] = piecesIn(grid, Math.min(a, b), Math.max(a, b) + 1);
  const scale = pieces / sample;
  return {
    count: Math.round(count * scale),
    elements: Math.round(elements * scale),
    distinct: Math.max(1, pieceStart(grid, last + 1) - pieceStart(grid, first)),
  };
}

export interface CopyCandidate {
  readonly node: Node;
  readonly amplification: number;
  readonly operand: Operand;
  readonly stage: Stage;
}

/** Whether a copy costs less than reading a few chunks again: small ones are dear, since each is a request. */
function isCheaper({ chunks, bytes, amplification }: ReadCost): boolean {
  const again = 1 - 1 / amplification;
  const copied = bytes / amplification;
  return (
    again * (chunks * READ_PART + bytes / READ_STORE) > TASK_OVERHEAD + (2 * copied) / MEMORY_COPY
  );
}

/** Store reads that touch chunks several times over: worth copying into memory first. */
export function copyCandidates(
  stages: readonly Stage[],
  sources: readonly SourceBinding[],
  sourceNodes: readonly Node[],
): readonly CopyCandidate[] {
  const out: CopyCandidate[] = [];
  for (const stage of stages) {
    for (const operand of operandsOf(stage)) {
      if (operand.from !== "source") continue;
      const source = sources[operand.id] as SourceBinding;
      if (source.residence === "memory") continue;
      const cost = readCost(stage, operand, source);
      const { amplification } = cost;
      if (amplification <= WORTH_A_COPY && !isCheaper(cost)) continue;
      out.push({ node: sourceNodes[operand.id] as Node, amplification, operand, stage });
    }
  }
  return out;
}
