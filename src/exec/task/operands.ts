/**
 * Operand regions: how a box of a stage's space finds its elements in a source or in the blocks of an array.
 *
 * `placeOperands` gives every operand as a place that kernels can loop over; `copyOperand` moves the elements of one
 * operand to a given place and needs no region where it can do without.
 */
import { InternalError } from "../../errors.js";
import { type Cuts, pieceStart, piecesIn } from "../../ir/cuts.js";
import {
  type AffineMap,
  type Box,
  boxElements,
  boxIsEmpty,
  boxShape,
  elementCount,
  imageOfBox,
  ravel,
  rowMajorStrides,
  unravel,
} from "../../ir/index-map.js";
import { arrayOf, readsDirectly } from "../../ir/scratch.js";
import { blockBox, blocksTouched, gridOf, type Operand, type PlanArray } from "../../ir/stage.js";
import { type Probe, SPAN } from "../../ir/trace.js";
import {
  itemOf,
  type Place,
  regionTarget,
  type ScratchStack,
  type TaskContext,
} from "./context.js";
import { all, type Flow, runFlow } from "./flow.js";

/** A read that was not started yet. */
type Start = () => void | PromiseLike<void>;

/** Row-major byte strides. */
export const byteStrides = (shape: readonly number[], size: number): number[] =>
  rowMajorStrides(shape).map((s) => s * size);

/** A row-major buffer as a place. */
export const denseAt = (address: number, shape: readonly number[], size: number): Place => ({
  address,
  strides: byteStrides(shape, size),
});

/** The place at `offset` positions from the first one of `place`. */
export function shifted(place: Place, offset: readonly number[]): Place {
  let address = place.address;
  offset.forEach((n, i) => {
    if (n !== 0) address += n * (place.strides[i] as number);
  });
  return { address, strides: place.strides };
}

/**
 * `region` places the elements of box `image` of an array; the result places what positions of `box` of the space
 * read of it.
 */
export function throughMap(map: AffineMap, region: Place, image: Box, box: Box): Place {
  const strides = new Array<number>(box.lo.length).fill(0);
  let address = region.address;
  map.forEach((m, i) => {
    const stride = region.strides[i] as number;
    const first = m.axis < 0 ? m.start : m.start + m.step * (box.lo[m.axis] as number);
    address += (first - (image.lo[i] as number)) * stride;
    if (m.axis >= 0) strides[m.axis] = (strides[m.axis] as number) + m.step * stride;
  });
  return { address, strides };
}

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
  if (runs === undefined) return readBox(ctx, operand, image, region);
  const counts = runs.map((r) => r.length);
  const parts = Array.from({ length: elementCount(counts) }, (_, n) => {
    const chosen = unravel(n, counts).map((k, axis) => (runs[axis] as Run[])[k] as Run);
    return { lo: chosen.map((r) => r[0]), hi: chosen.map((r) => r[1]) };
  });
  return runFlow(
    all(
      parts.map((part) => () => {
        const offset = part.lo.map((v, i) => v - (image.lo[i] as number));
        return readBox(ctx, operand, part, shifted(region, offset));
      }),
    ),
  );
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

function readBox(
  ctx: TaskContext,
  operand: Operand,
  image: Box,
  region: Place,
): void | PromiseLike<void> {
  if (operand.from === "outside") {
    readOutside(ctx, operand, image, region);
    return undefined;
  }
  const there = ctx.sourcePlace?.(operand.id);
  if (there !== undefined) {
    const size = itemOf(operand.dtype);
    const from = ctx.probe?.now();
    ctx.kernels.copy(size, boxShape(image), shifted(there, image.lo), region);
    ctx.progress(boxElements(image) * size);
    if (from !== undefined) ctx.probe?.span(SPAN.read, from, boxElements(image) * size, operand.id);
    return undefined;
  }
  if (ctx.probe !== undefined) return readRecorded(ctx, ctx.probe, operand, image, region);
  const target = regionTarget(ctx.memory, operand.dtype, boxShape(image), region);
  const done = ctx.reader(operand.id).readInto(image, target, ctx.signal);
  const bytes = boxElements(image) * itemOf(operand.dtype);
  countChunks(ctx, operand, image);
  if (done === undefined) ctx.progress(bytes);
  else return done.then(() => ctx.progress(bytes));
}

/** As {@link readBox} reads a source, telling `probe`. */
function readRecorded(
  ctx: TaskContext,
  probe: Probe,
  operand: Operand,
  image: Box,
  region: Place,
): void | PromiseLike<void> {
  const target = regionTarget(ctx.memory, operand.dtype, boxShape(image), region);
  const bytes = boxElements(image) * itemOf(operand.dtype);
  const [from, before] = [probe.now(), probe.count];
  const done = ctx.reader(operand.id).readInto(image, target, ctx.signal, probe);
  countChunks(ctx, operand, image);
  const end = (): void => {
    probe.span(SPAN.read, from, bytes, operand.id);
    ctx.progress(bytes);
  };
  if (done !== undefined) return done.then(end);
  // A reader that has nothing to fetch from afar and says nothing of itself is all fetching.
  if (probe.count === before) probe.span(SPAN.fetch, from, bytes, operand.id);
  end();
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

/** Enters the storage chunks that hold some of `image`. */
function countChunks(ctx: TaskContext, operand: Operand, image: Box): void {
  const grid = ctx.sourceChunks?.(operand.id);
  if (ctx.meter === undefined || grid === undefined) return;
  let chunks = 1;
  let bytes: number = itemOf(operand.dtype);
  blocksTouched(grid, image).forEach(([first, last], axis) => {
    const cuts = grid[axis] as Cuts;
    chunks *= last - first + 1;
    bytes *= pieceStart(cuts, last + 1) - pieceStart(cuts, first);
  });
  ctx.meter.chunks += chunks;
  ctx.meter.chunkBytes += bytes;
}

/** The block of `array` that holds all of `image`, as the place of that image, if there is one. */
function inOneBlock(ctx: TaskContext, array: PlanArray, image: Box): Place | undefined {
  const touched = blocksTouched(array.cuts, image);
  if (touched.some(([first, last]) => first !== last)) return undefined;
  return blockPlace(
    ctx,
    array,
    touched.map(([n]) => n),
    image.lo,
  );
}

/** The place of array position `at` in the block at grid position `position`. */
function blockPlace(
  ctx: TaskContext,
  array: PlanArray,
  position: readonly number[],
  at: readonly number[],
): Place {
  const n = ravel(position, gridOf(array.cuts));
  const block = blockBox(array.cuts, n);
  const dense = denseAt(ctx.blockAddress(array.id, n), boxShape(block), itemOf(array.dtype));
  return shifted(
    dense,
    at.map((v, i) => v - (block.lo[i] as number)),
  );
}

/** An operand and the box of the space, or of its own index space, that is wanted of it. */
export interface Request {
  readonly operand: Operand;
  readonly box: Box;
}

/** A place over `box` for every operand; see {@link placeRequests}. */
export const placeOperands = (
  ctx: TaskContext,
  operands: readonly Operand[],
  box: Box,
  scratch: ScratchStack,
): Flow<Place[]> =>
  placeRequests(
    ctx,
    operands.map((operand) => ({ operand, box })),
    scratch,
  );

/**
 * A place over its box for every request. Regions of sources, and of arrays where they span blocks, go to scratch;
 * reads run side by side. Requests that read the same box of one source share its region.
 */
export function* placeRequests(
  ctx: TaskContext,
  requests: readonly Request[],
  scratch: ScratchStack,
): Flow<Place[]> {
  const reads: Start[] = [];
  const regions: SharedRegion[] = [];
  const places = requests.map(({ operand, box }) => {
    if (boxIsEmpty(box)) return { address: 0, strides: box.lo.map(() => 0) };
    if (operand.from === "array") return placeArray(ctx, operand, box, scratch);
    const image = imageOfBox(operand.map, box);
    const there = operand.from === "source" ? ctx.sourcePlace?.(operand.id) : undefined;
    if (there !== undefined) {
      const bytes = boxElements(image) * itemOf(operand.dtype);
      ctx.progress(bytes);
      // Nothing is moved, but this is where its bytes are used.
      ctx.probe?.span(SPAN.read, ctx.probe.now(), bytes, operand.id);
      return throughMap(operand.map, shifted(there, image.lo), image, box);
    }
    let known = regions.find(
      (r) =>
        r.operand.id === operand.id && r.operand.from === operand.from && sameBox(r.image, image),
    );
    if (known === undefined) {
      const size = itemOf(operand.dtype);
      const address = scratch.take(boxElements(image) * size);
      const region = denseAt(address, boxShape(image), size);
      const shared: SharedRegion = { image, region, operand, whole: false };
      known = shared;
      regions.push(shared);
      reads.push(() =>
        shared.whole
          ? readBox(ctx, operand, image, region)
          : readSource(ctx, operand, image, region),
      );
    } else if (!sameSteps(known.operand, operand)) known.whole = true;
    return throughMap(operand.map, known.region, image, box);
  });
  yield* all(reads);
  return places;
}

/** A region that several requests look at; with different steps they look at different elements of it. */
interface SharedRegion {
  readonly image: Box;
  readonly region: Place;
  readonly operand: Operand;
  whole: boolean;
}

const sameSteps = (a: Operand, b: Operand): boolean =>
  a.map.every((m, i) => Math.abs(m.step) === Math.abs((b.map[i] as AffineMap[number]).step));

const sameBox = (a: Box, b: Box): boolean =>
  a.lo.every((v, i) => v === b.lo[i]) && a.hi.every((v, i) => v === b.hi[i]);

/** The place of an array operand, in its block or in a compact copy of the elements used. */
export function placeArray(
  ctx: TaskContext,
  operand: Operand,
  box: Box,
  scratch: ScratchStack,
): Place {
  const array = arrayOf(ctx.plan, operand.id);
  const image = imageOfBox(operand.map, box);
  const there = inOneBlock(ctx, array, image);
  if (there !== undefined) return throughMap(operand.map, there, image, box);
  // Axes of the space that the map does not follow repeat the same elements: kept once, with stride 0.
  const used = new Set(operand.map.filter((m) => m.step !== 0).map((m) => m.axis));
  const shape = boxShape(box).map((n, axis) => (used.has(axis) ? n : 1));
  const size = itemOf(operand.dtype);
  const dense = denseAt(scratch.take(shape.reduce((n, s) => n * s, size)), shape, size);
  const place: Place = {
    address: dense.address,
    strides: dense.strides.map((s, axis) => (used.has(axis) ? s : 0)),
  };
  const slim: Box = { lo: box.lo, hi: box.lo.map((v, axis) => v + (shape[axis] as number)) };
  copyFromBlocks(ctx, operand, slim, place);
  return place;
}

/** Copies what `box` reads of an array to `target`, block by block, straight from where it lies. */
export function copyFromBlocks(ctx: TaskContext, operand: Operand, box: Box, target: Place): void {
  if (boxIsEmpty(box)) return;
  const array = arrayOf(ctx.plan, operand.id);
  const touched = blocksTouched(array.cuts, imageOfBox(operand.map, box));
  const position = touched.map(([first]) => first);
  const size = itemOf(operand.dtype);
  for (;;) {
    const part = positionsIn(array, operand.map, position, box);
    if (part !== undefined) {
      const image = imageOfBox(operand.map, part);
      const from = throughMap(operand.map, blockPlace(ctx, array, position, image.lo), image, part);
      const to = shifted(
        target,
        part.lo.map((v, i) => v - (box.lo[i] as number)),
      );
      ctx.kernels.copy(size, boxShape(part), from, to);
      if (ctx.meter !== undefined) ctx.meter.moved += boxElements(part) * size;
    }
    let axis = position.length - 1;
    for (; axis >= 0; axis--) {
      const [first, last] = touched[axis] as readonly [number, number];
      if ((position[axis] as number) < last) {
        position[axis] = (position[axis] as number) + 1;
        break;
      }
      position[axis] = first;
    }
    if (axis < 0) return;
  }
}

/** The positions of `box` whose elements lie in the block at a grid position; strides may jump over it. */
function positionsIn(
  array: PlanArray,
  map: AffineMap,
  position: readonly number[],
  box: Box,
): Box | undefined {
  const lo = [...box.lo];
  const hi = [...box.hi];
  for (let i = 0; i < map.length; i++) {
    const m = map[i] as AffineMap[number];
    // A constant position lies in the block: blocks touched were found from it.
    if (m.axis < 0 || m.step === 0) continue;
    const cuts = array.cuts[i] as PlanArray["cuts"][number];
    const start = pieceStart(cuts, position[i] as number);
    const end = pieceStart(cuts, (position[i] as number) + 1);
    const first = m.step > 0 ? (start - m.start) / m.step : (end - 1 - m.start) / m.step;
    const last = m.step > 0 ? (end - 1 - m.start) / m.step : (start - m.start) / m.step;
    lo[m.axis] = Math.max(lo[m.axis] as number, Math.ceil(first));
    hi[m.axis] = Math.min(hi[m.axis] as number, Math.floor(last) + 1);
    if ((lo[m.axis] as number) >= (hi[m.axis] as number)) return undefined;
  }
  return { lo, hi };
}

/** Moves what `box` reads of an operand to `target`, a place over the box. */
export function* copyOperand(
  ctx: TaskContext,
  operand: Operand,
  box: Box,
  target: Place,
  scratch: ScratchStack,
): Flow {
  if (boxIsEmpty(box)) return;
  if (operand.from === "array") copyFromBlocks(ctx, operand, box, target);
  else if (canReadDirectly(operand, box)) {
    yield* all([() => readDirectly(ctx, operand, box, target)]);
  } else {
    const mark = scratch.mark();
    const [place] = yield* placeOperands(ctx, [operand], box, scratch);
    if (place === undefined) throw new InternalError("an operand without a place");
    ctx.kernels.copy(itemOf(operand.dtype), boxShape(box), place, target);
    scratch.reset(mark);
  }
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

/** All positions of a box of numbers, row-major; the array is reused. */
export function* positions(ranges: readonly (readonly [number, number])[]): Generator<number[]> {
  if (ranges.some(([lo, hi]) => lo >= hi)) return;
  const at = ranges.map(([lo]) => lo);
  for (;;) {
    yield at;
    let k = at.length - 1;
    for (; k >= 0; k--) {
      const [lo, hi] = ranges[k] as readonly [number, number];
      at[k] = (at[k] as number) + 1;
      if ((at[k] as number) < hi) break;
      at[k] = lo;
    }
    if (k < 0) return;
  }
}
