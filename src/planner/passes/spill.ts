/**
 * Pass 9, spill: which arrays are put on disk where a plan does not fit memory.
 *
 * It stands last, because what it changes is only where blocks lie: stages, blocks and order are those of a plan that
 * keeps everything in memory. It assumes that the plan's figures are known, and promises that arrays leave memory
 * largest first and no more of them than must. Every byte that is spilled is written once and read as often as its
 * readers look at it; where the plan without spill that fits reads the sources again and again, the cheaper one is
 * taken (`plan.ts` compares them by predicted seconds).
 *
 * A change of chunks becomes one pass over disk in this way (the bucketed shuffle of out-of-core transposition; see J. S.
 * Vitter, Algorithms and Data Structures for External Memory, 2008, chapter 7): blocks in the source's grid are written
 * in the order of the target's (`ir/spill.ts`), so that source bytes move at most twice to or from the disk.
 */
import { type Cuts, cutsCount, cutsMax, nestedCuts, wholeCuts } from "../../ir/cuts.js";
import { itemSize } from "../../ir/dtype.js";
import { elementCount } from "../../ir/index-map.js";
import { callArgCuts, taskScratchBytes } from "../../ir/scratch.js";
import {
  type DiskPlace,
  diskBytes,
  innerCuts,
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
import { SPILL_PART, SPILL_READ, SPILL_WRITE } from "../cost.js";
import { totalBytes } from "./lifetimes.js";

/** Arrays that may be put on disk, those that hold most first. Results are handed over, so they stay. */
export function spillCandidates({ arrays, stages }: Assembly): readonly PlanArray[] {
  const merged = new Set(stages.flatMap((s) => (s.kind === "merge" ? [s.input] : [])));
  const read = new Set(
    stages.flatMap((s) => operandsOf(s).flatMap((o) => (o.from === "array" ? [o.id] : []))),
  );
  return arrays
    .filter((a) => read.has(a.id) && !merged.has(a.id) && a.root === undefined && a.liveBytes > 0)
    .sort((a, b) => b.liveBytes - a.liveBytes || a.id - b.id);
}

/** The assembly with some arrays on disk. */
export function withSpilled(assembly: Assembly, ids: ReadonlySet<number>): Assembly {
  const { stages, arrays } = assembly;
  const place = placer();
  const readers = readersOf(stages, ids);
  const placed = arrays.map((array) =>
    ids.has(array.id)
      ? { ...array, disk: place(array, readers.get(array.id) ?? []) }
      : { ...array },
  );
  const moved: Stage[] = [];
  for (const stage of stages) {
    const changed = withOperands(stage, (o) =>
      o.from === "array" && ids.has(o.id) ? { ...o, from: "disk" } : o,
    );
    const touches = changed !== stage || stage.outputs.some((id) => placed[id]?.disk !== undefined);
    if (!touches) {
      moved.push(stage);
      continue;
    }
    const scratchBytes = taskScratchBytes(changed, { arrays: placed, stages: moved });
    const cost = spillCost({ ...changed, scratchBytes }, placed);
    const estimate = {
      ...stage.estimate,
      spilledBytes: cost.bytes,
      seconds: stage.estimate.seconds + cost.seconds,
    };
    moved.push({ ...changed, scratchBytes, estimate });
  }
  return { ...assembly, arrays: placed, stages: moved };
}

/** What the file of a plan takes. */
export function spillOf(arrays: readonly PlanArray[]): {
  readonly bytes: number;
  readonly sums: number;
} {
  let bytes = 0;
  let sums = 0;
  for (const array of arrays) {
    if (array.disk === undefined) continue;
    bytes += diskBytes(array, array.disk);
    sums += sumCount(array.disk);
  }
  return { bytes, sums };
}

/** Gives arrays their places one after another. */
function placer(): (array: PlanArray, readers: readonly Reader[]) => DiskPlace {
  let offset = 0;
  let firstSum = 0;
  return (array, readers) => {
    const disk: DiskPlace = {
      inner: innerCuts(array, readerCuts(array, readers)),
      offset,
      slotBytes: slotBytesOf(maxBlockBytes(array)),
      firstSum,
    };
    offset += diskBytes(array, disk);
    firstSum += sumCount(disk);
    return disk;
  };
}

interface Reader {
  readonly stage: Stage;
  readonly operand: Operand;
}

/** Who reads each of the arrays. */
function readersOf(
  stages: readonly Stage[],
  ids: ReadonlySet<number>,
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

function spillCost(
  stage: Stage,
  arrays: readonly PlanArray[],
): { readonly bytes: number; readonly seconds: number } {
  let bytes = 0;
  let seconds = 0;
  for (const id of stage.outputs) {
    const array = arrays[id] as PlanArray;
    if (array.disk === undefined) continue;
    const written = blockCount(array.cuts) * maxBlockBytes(array);
    bytes += written;
    seconds += written / SPILL_WRITE + sumCount(array.disk) * SPILL_PART;
  }
  for (const operand of operandsOf(stage)) {
    if (operand.from !== "disk") continue;
    const array = arrays[operand.id] as PlanArray;
    if (!followsParts(stage, operand, array)) {
      // Tasks read across parts, row by row.
      const region = Math.max(0, stage.scratchBytes - SPILL_BUFFER);
      const read = taskCount(stage) * Math.min(totalBytes(array), region);
      const row = cutsMax(array.cuts.at(-1) ?? wholeCuts(1)) * itemSize(array.dtype);
      bytes += read;
      seconds += read / SPILL_READ + (read / Math.max(1, row)) * SPILL_PART;
      continue;
    }
    // Axes of the space that the array does not follow read all of it again for every piece.
    const again = stage.cuts.reduce(
      (n, c, axis) => (operand.map.some((m) => m.axis === axis) ? n : n * cutsCount(c)),
      1,
    );
    const read = again * blockCount(array.cuts) * maxBlockBytes(array);
    bytes += read;
    seconds += read / SPILL_READ + again * sumCount(array.disk as DiskPlace) * SPILL_PART;
  }
  return { bytes, seconds };
}

/** Whether the tasks of a stage read whole parts. */
function followsParts(stage: Stage, operand: Operand, array: PlanArray): boolean {
  const cuts = readingCuts(stage, operand);
  if (cuts.length === 0) return false;
  const inner = array.disk?.inner ?? array.cuts;
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
