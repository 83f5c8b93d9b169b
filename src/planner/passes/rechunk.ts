/**
 * Pass 5, rechunk: what to do where blocks and storage do not line up.
 *
 * Folding into the read is the default: a task reads the storage chunks that its region touches. The price is
 * *amplification*: a chunk that several tasks touch is read and decoded by each. Where that price is high the source
 * is first copied into memory in its own grid, each chunk read once, and the consumer gathers its blocks from there.
 * The in-memory way is taken when it fits; otherwise the fold stays, in blocks as large as the budget allows.
 */

import type { SourceBinding } from "../../ir/binding.js";
import { type Cuts, cutsCount, pieceSize, pieceStart, piecesIn } from "../../ir/cuts.js";
import { itemSize } from "../../ir/dtype.js";
import type { Node } from "../../ir/node.js";
import { type Operand, operandsOf, type Stage, taskCuts } from "../../ir/stage.js";

/** Reads of more than this many times the bytes are worth a copy in memory. */
export const WORTH_A_COPY = 1.3;
/** Above this many pieces along an axis the sums are extrapolated from a sample. */
const SAMPLED_PIECES = 8192;

export interface ReadCost {
  /** Storage chunks touched, each time one is touched. */
  readonly chunks: number;
  /** Bytes of these chunks. */
  readonly bytes: number;
  /** Bytes divided by the bytes of the distinct chunks that are needed at all. */
  readonly amplification: number;
}

/** What a stage's reads of one source operand cost; exact for grids of up to `SAMPLED_PIECES` per axis. */
export function readCost(stage: Stage, operand: Operand, source: SourceBinding): ReadCost {
  // A reduction reads step by step.
  const tasks = stage.kind === "call" || stage.kind === "reduce" ? stage.cuts : taskCuts(stage);
  let chunks = 1;
  let bytes = itemSize(source.dtype);
  let once = itemSize(source.dtype);
  const used = new Set<number>();
  // The operand of a call maps the argument's own axes, which follow loop axes or arrive whole.
  const argument =
    stage.kind === "call" ? stage.args.find((a) => a.operand === operand) : undefined;
  source.chunks.forEach((grid, i) => {
    const m = operand.map[i];
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
      const whole = m !== undefined && m.axis < 0;
      const [first, last] = whole ? piecesIn(grid, m.start, m.start + 1) : [0, cutsCount(grid) - 1];
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

/** Axes along which positions do not follow the map piece by piece. */
const movesFreely = (stage: Stage, axis: number): boolean =>
  (stage.kind === "gather" && stage.axis === axis) ||
  stage.kind === "reshape" ||
  (stage.kind === "concat" && stage.axis === axis);

function touched(
  grid: Cuts,
  tasks: Cuts,
  start: number,
  step: number,
): { readonly count: number; readonly elements: number; readonly distinct: number } {
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
      const { amplification } = readCost(stage, operand, source);
      if (amplification <= WORTH_A_COPY) continue;
      out.push({ node: sourceNodes[operand.id] as Node, amplification, operand, stage });
    }
  }
  return out;
}
