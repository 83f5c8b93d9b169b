/**
 * Reads of what does not lie in blocks: sources and arrays on disk, to a given place. What readers find out on the way
 * is counted, and told to who asks.
 */
import { InternalError } from "../../errors.js";
import type { Findings } from "../../ir/binding.js";
import { type Cuts, pieceStart, piecesIn } from "../../ir/cuts.js";
import {
  type Box,
  boxElements,
  boxIsEmpty,
  boxShape,
  elementCount,
  imageOfBox,
  unravel,
} from "../../ir/index-map.js";
import { arrayOf, readsDirectly } from "../../ir/scratch.js";
import { blocksTouched, type Operand } from "../../ir/stage.js";
import { SPAN } from "../../ir/trace.js";
import { itemOf, type Place, regionTarget, type TaskContext } from "./context.js";
import { all, isPromise, runFlow } from "./flow.js";
import { shifted } from "./operands.js";

/**
 * Reads box `image` of a source to `region`. Where the operand takes every so many positions, storage chunks that lie
 * between two of them are left out: nobody looks at what is in their place.
 */
export function readSource(
  ctx: TaskContext,
  operand: Operand,
  image: Box,
  region: Place,
): void | PromiseLike<void> {
  if (boxIsEmpty(image)) return undefined;
  const runs = stridedRuns(ctx, operand, image);
  if (runs === undefined) return unasked(readBox(ctx, operand, image, region, false));
  const counts = runs.map((r) => r.length);
  const parts = Array.from({ length: elementCount(counts) }, (_, n) => {
    const chosen = unravel(n, counts).map((k, axis) => (runs[axis] as Run[])[k] as Run);
    return { lo: chosen.map((r) => r[0]), hi: chosen.map((r) => r[1]) };
  });
  return runFlow(
    all(
      parts.map((part) => () => {
        const offset = part.lo.map((v, i) => v - (image.lo[i] as number));
        return unasked(readBox(ctx, operand, part, shifted(region, offset), false));
      }),
    ),
  );
}

/** The answer of a read whose reader was not to leave anything out. */
const unasked = (answer: boolean | PromiseLike<boolean>): void | PromiseLike<void> =>
  isPromise(answer) ? answer.then(() => undefined) : undefined;

/**
 * As {@link readSource}; true if all of it is one value, and nothing but its first element was written. What is read in
 * several parts is written in full.
 */
export function readLazily(
  ctx: TaskContext,
  operand: Operand,
  image: Box,
  region: Place,
): boolean | PromiseLike<boolean> {
  if (stridedRuns(ctx, operand, image) === undefined) {
    return readBox(ctx, operand, image, region, true);
  }
  const done = readSource(ctx, operand, image, region);
  return isPromise(done) ? done.then(() => false) : false;
}

type Run = readonly [number, number];
/** Chunks along an axis that are looked at one by one; beyond that the axis is read as a whole. */
const MOST_CHUNKS = 4096;

/** Per axis the intervals of chunks that hold a position; undefined if that is everything. */
function stridedRuns(ctx: TaskContext, operand: Operand, image: Box): Run[][] | undefined {
  if (operand.from === "outside" || operand.map.every((m) => Math.abs(m.step) <= 1))
    return undefined;
  const chunks = ctx.sourceChunks?.(operand.id);
  if (chunks === undefined) return undefined;
  const runs = image.lo.map((lo, axis) => {
    const step = Math.abs(operand.map[axis]?.step ?? 0);
    const hi = image.hi[axis] as number;
    return step > 1 ? axisRuns(chunks[axis] as Cuts, lo, hi, step) : [[lo, hi] as const];
  });
  return runs.some((r) => r.length > 1) ? runs : undefined;
}

function axisRuns(cuts: Cuts, lo: number, hi: number, step: number): Run[] {
  const [first, last] = piecesIn(cuts, lo, hi);
  if (last - first >= MOST_CHUNKS) return [[lo, hi]];
  const runs: Run[] = [];
  for (let n = first; n <= last; n++) {
    const start = Math.max(lo, pieceStart(cuts, n));
    const end = Math.min(hi, pieceStart(cuts, n + 1));
    if (lo + Math.ceil((start - lo) / step) * step >= end) continue;
    const before = runs.at(-1);
    if (before !== undefined && before[1] === start) runs[runs.length - 1] = [before[0], end];
    else runs.push([start, end]);
  }
  return runs;
}

/** Reads a box as it is, steps or not; see {@link readLazily}. */
export function readBox(
  ctx: TaskContext,
  operand: Operand,
  image: Box,
  region: Place,
  lazily: boolean,
): boolean | PromiseLike<boolean> {
  if (operand.from === "outside") {
    readOutside(ctx, operand, image, region);
    return false;
  }
  const there = ctx.sourcePlace?.(operand.id);
  const { probe } = ctx;
  const bytes = boxElements(image) * itemOf(operand.dtype);
  const from = probe?.now() ?? 0;
  if (there !== undefined) {
    const size = itemOf(operand.dtype);
    ctx.kernels.copy(size, boxShape(image), shifted(there, image.lo), region);
    ctx.progress(bytes);
    probe?.span(SPAN.read, from, bytes, operand.id);
    return false;
  }
  const before = probe?.count;
  const answer = ask(ctx, operand, image, region, lazily);
  const { chunks, chunkBytes } = touched(ctx, operand, image);
  if (ctx.meter !== undefined) {
    ctx.meter.chunks += chunks;
    ctx.meter.chunkBytes += chunkBytes;
  }
  const end = (found: Findings | undefined): boolean => {
    probe?.span(SPAN.read, from, bytes, operand.id);
    ctx.progress(bytes);
    if (found === undefined) return false;
    if (ctx.meter !== undefined) ctx.meter.missing += found.missing;
    return found.uniform;
  };
  if (isPromise(answer)) return answer.then(end);
  // A reader that has nothing to fetch from afar and says nothing of itself is all fetching.
  if (probe !== undefined && probe.count === before) {
    probe.span(SPAN.fetch, from, bytes, operand.id);
  }
  return end(answer);
}

function ask(
  { memory, reader, signal, probe }: TaskContext,
  { id, dtype }: Operand,
  image: Box,
  region: Place,
  lazily: boolean,
): Findings | undefined | PromiseLike<Findings | undefined> {
  const target = regionTarget(memory, dtype, boxShape(image), region);
  const from = reader(id);
  if (from.readSparse !== undefined) return from.readSparse(image, target, lazily, signal, probe);
  return from.readInto(image, target, signal, probe) as undefined | PromiseLike<undefined>;
}

function readOutside(ctx: TaskContext, operand: Operand, image: Box, region: Place): void {
  const { outside, outsideBuffer } = ctx;
  const array = arrayOf(ctx.plan, operand.id);
  if (outside === undefined || outsideBuffer === undefined) {
    throw new InternalError(`array ${operand.id} lies outside the arena, where nothing is`);
  }
  const from = ctx.probe?.now();
  const bytes = outside.read(array, image, region, outsideBuffer);
  const onDisk = array.outside?.medium === "file";
  if (!onDisk && ctx.meter !== undefined) ctx.meter.moved += bytes;
  if (from !== undefined)
    ctx.probe?.span(onDisk ? SPAN.unspill : SPAN.move, from, bytes, operand.id);
}

/** The storage chunks that hold some of `image`, and their bytes; none where chunks are not known. */
function touched(
  ctx: TaskContext,
  { id, dtype }: Operand,
  image: Box,
): { readonly chunks: number; readonly chunkBytes: number } {
  const grid = ctx.meter && ctx.sourceChunks?.(id);
  if (grid === undefined) return { chunks: 0, chunkBytes: 0 };
  let chunks = 1;
  let chunkBytes: number = itemOf(dtype);
  blocksTouched(grid, image).forEach(([first, last], axis) => {
    const cuts = grid[axis] as Cuts;
    chunks *= last - first + 1;
    chunkBytes *= pieceStart(cuts, last + 1) - pieceStart(cuts, first);
  });
  return { chunks, chunkBytes };
}

/** Enters that `image` is not read, since nothing depends on it. */
export function countSkipped(ctx: TaskContext, operand: Operand, image: Box): void {
  if (operand.from !== "source" || ctx.meter === undefined) return;
  ctx.meter.skipped += touched(ctx, operand, image).chunks;
}

export const canReadDirectly = (operand: Operand, box: Box): boolean =>
  operand.from !== "array" && readsDirectly(operand.map, boxShape(box));

/** Reads a source to where the space wants it; see `readsDirectly`. */
export function readDirectly(
  ctx: TaskContext,
  operand: Operand,
  box: Box,
  target: Place,
): void | PromiseLike<void> {
  const image = imageOfBox(operand.map, box);
  const shape = boxShape(image);
  const strides = new Array<number>(shape.length);
  // An axis of length 1 gets the stride that a dense array would have: readers may look for long rows.
  let next = itemOf(operand.dtype);
  for (let i = shape.length - 1; i >= 0; i--) {
    const axis = operand.map[i]?.axis ?? -1;
    strides[i] = shape[i] === 1 || axis < 0 ? next : (target.strides[axis] as number);
    next = (strides[i] as number) * (shape[i] as number);
  }
  return readSource(ctx, operand, image, { address: target.address, strides });
}
