/**
 * Pass 9, spill: which arrays leave the arena where a plan does not fit it, for memory beyond it as long as the budget
 * pays for that, and for the disk else.
 *
 * It stands last, because what it changes is only where blocks lie: stages, blocks and order are those of a plan that
 * keeps everything in memory. It assumes that the plan's figures are known, and promises that arrays leave the arena
 * largest first and no more of them than must. Every byte that leaves it is written once and read as often as its
 * readers look at it; where the plan without spill that fits reads the sources again and again, the cheaper one is
 * taken (`plan.ts` compares them by predicted seconds).
 *
 * A change of chunks becomes one pass over memory or disk in this way (the bucketed shuffle of out-of-core transposition; see J. S.
 * Vitter, Algorithms and Data Structures for External Memory, 2008, chapter 7): blocks in the source's grid are written
 * in the order of the target's (`ir/spill.ts`), so that source bytes move out at most once and back once.
 */
import { type Cuts, cutsCount, cutsMax, nestedCuts, wholeCuts } from "../../ir/cuts.js";
import { itemSize } from "../../ir/dtype.js";
import { elementCount } from "../../ir/index-map.js";
import { callArgCuts, taskScratchBytes } from "../../ir/scratch.js";
import {
  innerCuts,
  type Medium,
  type OutsidePlace,
  placeBytes,
  SPILL_BUFFER,
  slotBytesOf,
  sumCount,
  wantedCuts,
} from "../../ir/spill.js";
import {
  blockCount,
  maxBlockBytes,
  type Operand,
  operandsOf,
  type PlanArray,
  type Stage,
  taskCount,
} from "../../ir/stage.js";
import type { Assembly } from "../assemble.js";
import { BEYOND_COPY, BEYOND_PART, SPILL_PART, SPILL_READ, SPILL_WRITE } from "../cost.js";
import { totalBytes } from "./lifetimes.js";

/** Arrays that may leave the arena, those that hold most first. Results are handed over, so they stay. */
export function spillCandidates({ arrays, stages }: Assembly): readonly PlanArray[] {
  const merged = new Set(stages.flatMap((s) => (s.kind === "merge" ? [s.input] : [])));
  const read = new Set(
    stages.flatMap((s) => operandsOf(s).flatMap((o) => (o.from === "array" ? [o.id] : []))),
  );
  return arrays
    .filter((a) => read.has(a.id) && !merged.has(a.id) && a.root === undefined && a.liveBytes > 0)
    .sort((a, b) => b.liveBytes - a.liveBytes || a.id - b.id);
}

/** Memory for the largest of `chosen`, which lie on disk, as long as `room` bytes last; the file for the others. */
export function mediaFor(
  { arrays }: Assembly,
  chosen: readonly PlanArray[],
  room: number,
): ReadonlyMap<number, Medium> {
  let left = room;
  const sized = chosen.map(({ id }) => {
    const array = arrays[id] as PlanArray;
    return { id, bytes: placeBytes(array, array.outside as OutsidePlace) };
  });
  sized.sort((a, b) => b.bytes - a.bytes || a.id - b.id);
  return new Map(
    sized.map(({ id, bytes }) => {
      if (bytes > left) return [id, "file"];
      left -= bytes;
      return [id, "memory"];
    }),
  );
}

/** The assembly with some arrays outside the arena, by their ids. */
export function withSpilled(assembly: Assembly, media: ReadonlyMap<number, Medium>): Assembly {
  const { stages, arrays } = assembly;
  const place = placer();
  const readers = readersOf(stages, media);
  const placed = arrays.map((array) => {
    const medium = media.get(array.id);
    return medium === undefined
      ? { ...array }
      : { ...array, outside: place(array, readers.get(array.id) ?? [], medium) };
  });
  const moved: Stage[] = [];
  for (const stage of stages) {
    const changed = withOperands(stage, (o) =>
      o.from === "array" && media.has(o.id) ? { ...o, from: "outside" } : o,
    );
    const touches =
      changed !== stage || stage.outputs.some((id) => placed[id]?.outside !== undefined);
    if (!touches) {
      moved.push(stage);
      continue;
    }
    const scratchBytes = taskScratchBytes(changed, { arrays: placed, stages: moved });
    const cost = spillCost({ ...changed, scratchBytes }, placed);
    const estimate = {
      ...stage.estimate,
      movedBytes: stage.estimate.movedBytes + cost.bytes.memory,
      spilledBytes: cost.bytes.file,
      seconds: stage.estimate.seconds + cost.seconds,
    };
    moved.push({ ...changed, scratchBytes, estimate });
  }
  return { ...assembly, arrays: placed, stages: moved };
}

/** What arrays outside the arena take of the file, and of memory. */
export function spillOf(arrays: readonly PlanArray[]): {
  readonly file: { readonly bytes: number; readonly sums: number };
  readonly beyondBytes: number;
} {
  const bytes = { memory: 0, file: 0 };
  let sums = 0;
  for (const array of arrays) {
    const { outside } = array;
    if (outside === undefined) continue;
    bytes[outside.medium] += placeBytes(array, outside);
    if (outside.medium === "file") sums += sumCount(outside);
  }
  return { file: { bytes: bytes.file, sums }, beyondBytes: bytes.memory };
}

/** Gives arrays their places one after another. */
function placer(): (array: PlanArray, readers: readonly Reader[], medium: Medium) => OutsidePlace {
  const offset = { memory: 0, file: 0 };
  let firstSum = 0;
  return (array, readers, medium) => {
    const outside: OutsidePlace = {
      medium,
      inner: innerCuts(array, readerCuts(array, readers)),
      offset: offset[medium],
      slotBytes: slotBytesOf(maxBlockBytes(array)),
      firstSum,
    };
    offset[medium] += placeBytes(array, outside);
    if (medium === "file") firstSum += sumCount(outside);
    return outside;
  };
}

interface Reader {
  readonly stage: Stage;
  readonly operand: Operand;
}

/** Who reads each of the arrays. */
function readersOf(
  stages: readonly Stage[],
  ids: ReadonlyMap<number, unknown>,
): ReadonlyMap<number, readonly Reader[]> {
  const readers = new Map<number, Reader[]>();
  for (const stage of stages) {
    for (const operand of operandsOf(stage)) {
      if (operand.from !== "array" || !ids.has(operand.id)) continue;
      const known = readers.get(operand.id);
      if (known === undefined) readers.set(operand.id, [{ stage, operand }]);
      else known.push({ stage, operand });
    }
  }
  return readers;
}

/** The cuts that the reader of most bytes would like along each axis. */
function readerCuts(array: PlanArray, readers: readonly Reader[]): readonly (Cuts | undefined)[] {
  let best: readonly (Cuts | undefined)[] = [];
  let most = -1;
  for (const { stage, operand } of readers) {
    const elements = elementCount(stage.space);
    if (elements <= most) continue;
    most = elements;
    best = wantedCuts(array, operand.map, readingCuts(stage, operand));
  }
  return best;
}

/** Cuts of the index space that an operand's map starts from; none where positions move freely. */
function readingCuts(stage: Stage, operand: Operand): readonly Cuts[] {
  switch (stage.kind) {
    case "map":
    case "reduce":
    case "write":
      return stage.cuts;
    case "call": {
      const argument = stage.args.find((a) => a.operand === operand);
      return argument === undefined ? [] : callArgCuts(argument);
    }
    default:
      return [];
  }
}

/** Seconds for moving bytes in pieces. */
const SPEEDS: Readonly<Record<Medium, { out: number; back: number; part: number }>> = {
  memory: { out: BEYOND_COPY, back: BEYOND_COPY, part: BEYOND_PART },
  file: { out: SPILL_WRITE, back: SPILL_READ, part: SPILL_PART },
};

function spillCost(
  stage: Stage,
  arrays: readonly PlanArray[],
): { readonly bytes: Readonly<Record<Medium, number>>; readonly seconds: number } {
  const bytes = { memory: 0, file: 0 };
  let seconds = 0;
  for (const id of stage.outputs) {
    const array = arrays[id] as PlanArray;
    const { outside } = array;
    if (outside === undefined) continue;
    const { out, part } = SPEEDS[outside.medium];
    const written = blockCount(array.cuts) * maxBlockBytes(array);
    bytes[outside.medium] += written;
    seconds += written / out + sumCount(outside) * part;
  }
  for (const operand of operandsOf(stage)) {
    if (operand.from !== "outside") continue;
    const array = arrays[operand.id] as PlanArray;
    const outside = array.outside as OutsidePlace;
    const { back, part } = SPEEDS[outside.medium];
    if (!followsParts(stage, operand, array)) {
      // Tasks read across parts, row by row.
      const region = Math.max(0, stage.scratchBytes - SPILL_BUFFER);
      const read = taskCount(stage) * Math.min(totalBytes(array), region);
      const row = cutsMax(array.cuts.at(-1) ?? wholeCuts(1)) * itemSize(array.dtype);
      bytes[outside.medium] += read;
      seconds += read / back + (read / Math.max(1, row)) * part;
      continue;
    }
    // Axes of the space that the array does not follow read all of it again for every piece.
    const again = stage.cuts.reduce(
      (n, c, axis) => (operand.map.some((m) => m.axis === axis) ? n : n * cutsCount(c)),
      1,
    );
    const read = again * blockCount(array.cuts) * maxBlockBytes(array);
    bytes[outside.medium] += read;
    seconds += read / back + again * sumCount(outside) * part;
  }
  return { bytes, seconds };
}

/** Whether the tasks of a stage read whole parts. */
function followsParts(stage: Stage, operand: Operand, array: PlanArray): boolean {
  const cuts = readingCuts(stage, operand);
  if (cuts.length === 0) return false;
  const inner = array.outside?.inner ?? array.cuts;
  return wantedCuts(array, operand.map, cuts).every(
    (wish, i) => wish === undefined || nestedCuts(wish, inner[i] as Cuts),
  );
}

function withOperands(stage: Stage, change: (operand: Operand) => Operand): Stage {
  const all = operandsOf(stage);
  if (all.every((o) => change(o) === o)) return stage;
  switch (stage.kind) {
    case "map":
    case "reduce":
      return { ...stage, operands: stage.operands.map(change) };
    case "concat":
      return { ...stage, parts: stage.parts.map((p) => ({ ...p, operand: change(p.operand) })) };
    case "call":
      return { ...stage, args: stage.args.map((a) => ({ ...a, operand: change(a.operand) })) };
    case "merge":
      return stage;
    default:
      return { ...stage, operand: change(stage.operand) };
  }
}
