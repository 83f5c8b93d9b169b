/**
 * Cuts: how one axis is divided into consecutive pieces, as runs `(size, repeat)`, so that a million equal
 * chunks are one entry and every question about them is answered from the runs.
 *
 * Canonical form: no run has repeat 0, adjacent runs differ in size, an axis of length 0 is exactly one piece of
 * size 0 (so the number of pieces is never 0 and empty pieces occur nowhere else).
 */
import { InternalError } from "../errors.js";

export interface Run {
  readonly size: number;
  readonly repeat: number;
}
export type Cuts = readonly Run[];

const EMPTY: Cuts = Object.freeze([Object.freeze({ size: 0, repeat: 1 })]);

/** Canonicalises runs: drops empty ones and merges neighbours of equal size. */
export function cutsFromRuns(runs: Iterable<Run>): Cuts {
  const out: { size: number; repeat: number }[] = [];
  for (const { size, repeat } of runs) {
    if (size === 0 || repeat === 0) continue;
    const last = out.at(-1);
    if (last !== undefined && last.size === size) last.repeat += repeat;
    else out.push({ size, repeat });
  }
  return out.length === 0 ? EMPTY : Object.freeze(out.map((r) => Object.freeze(r)));
}

export const cutsFromSizes = (sizes: Iterable<number>): Cuts =>
  cutsFromRuns(
    (function* () {
      for (const size of sizes) yield { size, repeat: 1 };
    })(),
  );

/** Equal pieces of `size`, the last one shorter. */
export function uniformCuts(extent: number, size: number): Cuts {
  if (extent === 0) return EMPTY;
  const piece = Math.max(1, Math.min(size, extent));
  const whole = Math.floor(extent / piece);
  return cutsFromRuns([
    { size: piece, repeat: whole },
    { size: extent - whole * piece, repeat: 1 },
  ]);
}

export const wholeCuts = (extent: number): Cuts => uniformCuts(extent, extent);

interface Table {
  readonly extent: number;
  readonly count: number;
  readonly max: number;
  /** Position and piece number at which each run starts. */
  readonly positions: readonly number[];
  readonly numbers: readonly number[];
}
const TABLES = new WeakMap<Cuts, Table>();

function tableOf(cuts: Cuts): Table {
  let table = TABLES.get(cuts);
  if (table === undefined) {
    const positions: number[] = [];
    const numbers: number[] = [];
    let extent = 0;
    let count = 0;
    let max = 0;
    for (const { size, repeat } of cuts) {
      positions.push(extent);
      numbers.push(count);
      extent += size * repeat;
      count += repeat;
      max = Math.max(max, size);
    }
    if (!Number.isSafeInteger(extent))
      throw new InternalError(`an axis of ${extent} elements is too long`);
    table = { extent, count, max, positions, numbers };
    TABLES.set(cuts, table);
  }
  return table;
}

/** Length of the axis. */
export const cutsExtent = (cuts: Cuts): number => tableOf(cuts).extent;
/** Number of pieces; at least 1. */
export const cutsCount = (cuts: Cuts): number => tableOf(cuts).count;
/** Size of the largest piece. */
export const cutsMax = (cuts: Cuts): number => tableOf(cuts).max;

function runAt(starts: readonly number[], value: number): number {
  let lo = 0;
  let hi = starts.length - 1;
  while (lo < hi) {
    const mid = (lo + hi + 1) >> 1;
    if ((starts[mid] as number) <= value) lo = mid;
    else hi = mid - 1;
  }
  return lo;
}

/** Start of piece `n`; the extent for `n = count`. */
export function pieceStart(cuts: Cuts, n: number): number {
  const table = tableOf(cuts);
  if (n >= table.count) return table.extent;
  const r = runAt(table.numbers, n);
  return (
    (table.positions[r] as number) + (n - (table.numbers[r] as number)) * (cuts[r] as Run).size
  );
}

export function pieceSize(cuts: Cuts, n: number): number {
  return (cuts[runAt(tableOf(cuts).numbers, n)] as Run).size;
}

/** Number of the piece that holds `position` (clamped into the axis). */
export function pieceAt(cuts: Cuts, position: number): number {
  const table = tableOf(cuts);
  if (table.extent === 0) return 0;
  const p = Math.max(0, Math.min(position, table.extent - 1));
  const r = runAt(table.positions, p);
  const run = cuts[r] as Run;
  return (table.numbers[r] as number) + Math.floor((p - (table.positions[r] as number)) / run.size);
}

/** Piece numbers `[first, last]` that overlap `[lo, hi)`; an empty interval overlaps the piece that holds `lo`. */
export function piecesIn(cuts: Cuts, lo: number, hi: number): readonly [number, number] {
  return [pieceAt(cuts, lo), pieceAt(cuts, Math.max(lo, hi - 1))];
}

/** All piece sizes, one by one; for display and for small axes only. */
export function* pieceSizes(cuts: Cuts): Generator<number> {
  for (const { size, repeat } of cuts) for (let i = 0; i < repeat; i++) yield size;
}

export function sameCuts(a: Cuts, b: Cuts): boolean {
  if (a === b) return true;
  return (
    a.length === b.length && a.every((r, i) => r.size === b[i]?.size && r.repeat === b[i]?.repeat)
  );
}

/** Cuts of the sub-interval `[lo, hi)`. */
export function sliceCuts(cuts: Cuts, lo: number, hi: number): Cuts {
  const runs: Run[] = [];
  let start = 0;
  for (const { size, repeat } of cuts) {
    const end = start + size * repeat;
    const a = Math.max(lo, start);
    const b = Math.min(hi, end);
    if (a < b && size > 0) {
      const first = Math.floor((a - start) / size);
      const last = Math.floor((b - 1 - start) / size);
      if (first === last) runs.push({ size: b - a, repeat: 1 });
      else {
        runs.push({ size: start + (first + 1) * size - a, repeat: 1 });
        runs.push({ size, repeat: last - first - 1 });
        runs.push({ size: b - (start + last * size), repeat: 1 });
      }
    }
    start = end;
  }
  return cutsFromRuns(runs);
}

/** Cuts read backwards. */
export const reverseCuts = (cuts: Cuts): Cuts => cutsFromRuns([...cuts].reverse());

/** Cuts of one axis after another. */
export const concatCuts = (parts: Iterable<Cuts>): Cuts => cutsFromRuns([...parts].flat());

/** Merges consecutive pieces while the result is at most `limit` long. Never cuts. O(runs). */
export function coalesceCuts(cuts: Cuts, limit: number): Cuts {
  if (cutsExtent(cuts) === 0) return cuts;
  const runs: Run[] = [];
  let open = 0;
  for (const { size, repeat } of cuts) {
    let left = repeat;
    if (open > 0) {
      const take = Math.min(left, Math.max(0, Math.floor((limit - open) / size)));
      open += take * size;
      left -= take;
      if (left === 0) continue;
      runs.push({ size: open, repeat: 1 });
      open = 0;
    }
    if (size === 0) continue;
    const group = Math.max(1, Math.floor(limit / size));
    // The last group stays open: what follows may still fit.
    const closed = Math.ceil(left / group) - 1;
    runs.push({ size: group * size, repeat: closed });
    open = (left - closed * group) * size;
  }
  if (open > 0) runs.push({ size: open, repeat: 1 });
  return cutsFromRuns(runs);
}

/** Cuts every piece longer than `limit` into equal parts of at most `limit`, the last one shorter. O(runs). */
export function splitCuts(cuts: Cuts, limit: number): Cuts {
  const runs: Run[] = [];
  for (const { size, repeat } of cuts) {
    if (size <= limit) runs.push({ size, repeat });
    else {
      const whole = Math.floor(size / limit);
      const rest = size - whole * limit;
      if (rest === 0) runs.push({ size: limit, repeat: whole * repeat });
      else
        for (let i = 0; i < repeat; i++)
          runs.push({ size: limit, repeat: whole }, { size: rest, repeat: 1 });
    }
  }
  return cutsFromRuns(runs);
}

/** Groups `per` consecutive pieces into one. */
export function groupCuts(cuts: Cuts, per: number): Cuts {
  const runs: Run[] = [];
  let open = 0;
  let held = 0;
  for (const { size, repeat } of cuts) {
    let left = repeat;
    if (held > 0) {
      const take = Math.min(left, per - held);
      open += take * size;
      held += take;
      left -= take;
      if (held < per) continue;
      runs.push({ size: open, repeat: 1 });
      open = 0;
      held = 0;
    }
    const groups = Math.floor(left / per);
    runs.push({ size: per * size, repeat: groups });
    held = left - groups * per;
    open = held * size;
  }
  runs.push({ size: open, repeat: held > 0 ? 1 : 0 });
  return cutsFromRuns(runs);
}

/** True when every boundary of `coarse` is a boundary of `fine`. O(runs of both). */
export function nestedCuts(coarse: Cuts, fine: Cuts): boolean {
  if (coarse === fine) return true;
  const extent = cutsExtent(coarse);
  let start = 0;
  for (const { size, repeat } of coarse) {
    // Boundaries start + k * size, k = 0 .. repeat - 1, are checked run by run of `fine`.
    let fineStart = 0;
    for (const run of fine) {
      const fineEnd = fineStart + run.size * run.repeat;
      const first = Math.max(0, Math.ceil((fineStart - start) / Math.max(1, size)));
      const last = Math.min(repeat, Math.ceil((fineEnd - start) / Math.max(1, size))) - 1;
      if (first <= last && run.size > 0) {
        const border = start + first * size;
        if (border < extent && (border - fineStart) % run.size !== 0) return false;
        if (first < last && size % run.size !== 0) return false;
      }
      fineStart = fineEnd;
    }
    start += size * repeat;
  }
  return true;
}

/** The coarsest cuts with every border of both. O(runs) where one nests in the other, else O(pieces). */
export function refineCuts(a: Cuts, b: Cuts): Cuts {
  if (nestedCuts(a, b)) return b;
  if (nestedCuts(b, a)) return a;
  const sizes: number[] = [];
  const [left, right] = [pieceSizes(a), pieceSizes(b)];
  let [x, y] = [left.next().value ?? 0, right.next().value ?? 0];
  while (x > 0 && y > 0) {
    const size = Math.min(x, y);
    sizes.push(size);
    x = x === size ? (left.next().value ?? 0) : x - size;
    y = y === size ? (right.next().value ?? 0) : y - size;
  }
  return cutsFromSizes(sizes);
}
