/**
 * `blocks()`: a result block by block, for what is larger than memory and goes nowhere but through a loop.
 *
 * Blocks come in row-major order. Small ones are computed several at a time, as one box of the array, so that what
 * they share is read once; while the loop works on one box the next is computed, if both fit the budget.
 */
import { MemoryLimitError } from "../errors.js";
import {
  type Cuts,
  cutsCount,
  cutsMax,
  groupCuts,
  pieceSize,
  pieceStart,
  piecesIn,
} from "../ir/cuts.js";
import { arrayClass, type DType, itemSize, slotsPerElement } from "../ir/dtype.js";
import { advertisedGrid } from "../ir/grid.js";
import { type Box, boxShape, elementCount, ravel, unravel } from "../ir/index-map.js";
import { dtypeOf, knownShape, type Node } from "../ir/node.js";
import { at, type ChunkSpec, resolveChunks, slice } from "../ops/index.js";
import { type LazyArray, nodeOf, wrap } from "./array.js";
import { planConfig, RUN_CHECKS, type RunOptions, withDefaults } from "./config.js";
import { NDArray, withTimeline } from "./nd-array.js";
import { anything, isTrace, readOptions } from "./options.js";
import { compute } from "./run.js";

export interface BlocksOptions extends RunOptions {
  /** The blocks; default: those of the array. */
  readonly chunks?: ChunkSpec | undefined;
}

/** One block of a result. */
export interface ComputedBlock<D extends DType = DType> {
  /** Its place in the grid of blocks. */
  readonly blockId: readonly number[];
  /** Where its first element lies in the array. */
  readonly offset: readonly number[];
  /** The elements; yours to keep. */
  readonly block: NDArray<D>;
}

/** Blocks are computed together up to this many bytes: below it, planning and starting a run would be felt. */
const BATCH_BYTES = 16 * 1024 * 1024;
/** Part of the budget that the blocks at hand may take; the loop's and those of the next run are two such parts. */
const BATCH_SHARE = 1 / 8;

/**
 * The blocks of an array one after another, in row-major order, without holding the whole: for results larger than
 * `memory`. Options are those of `compute`, and `chunks` for other blocks than the array's own.
 *
 * Several runs make the blocks, so `trace` may be true (of every block that of its run) or a function, but no file.
 *
 * Leaving the loop early cancels what is being computed ahead. Throws OptionError and ChunkError at once; the loop
 * rejects as `compute` does, with MemoryLimitError when a single block does not fit.
 *
 * @example
 * for await (const { offset, block } of blocks(x, { memory: "1GiB" })) {
 *   console.log(offset, block.shape, block.get(0, 0));
 * }
 */
export function blocks<D extends DType>(
  x: LazyArray<D>,
  options?: BlocksOptions,
): AsyncGenerator<ComputedBlock<D>, void, undefined> {
  const node = nodeOf("blocks", x);
  const checks = { ...RUN_CHECKS, trace: isTrace("true", "function"), chunks: anything };
  const { chunks, ...rest } = readOptions<BlocksOptions>("blocks", options, checks);
  const run = withDefaults<RunOptions>(rest);
  const { memory } = planConfig(run);
  const own = advertisedGrid(node);
  const grid =
    chunks === undefined
      ? own
      : resolveChunks("blocks", chunks, knownShape(node), itemSize(dtypeOf(node)), own);
  return generate(node, grid, run, memory) as AsyncGenerator<ComputedBlock<D>, void, undefined>;
}

async function* generate(
  node: Node,
  grid: readonly Cuts[],
  options: RunOptions,
  memory: number,
): AsyncGenerator<ComputedBlock, void, undefined> {
  const most = Math.min(BATCH_BYTES, memory * BATCH_SHARE);
  const batches = batchGrid(grid, itemSize(dtypeOf(node)), most);
  const largest = elementCount(batches.map(cutsMax)) * itemSize(dtypeOf(node));
  const stop = new AbortController();
  const signal =
    options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  // Two boxes are held while the next is computed: the one that the loop works on, and its blocks.
  const ahead = largest <= most;
  const start = (n: number): Promise<Batch> => {
    const box = boxAt(batches, n);
    const left = ahead ? memory - 2 * largest : memory;
    const made = computeBox(node, box, { ...options, signal, memory: left }, memory);
    // Whoever awaits it is told; until then nobody else needs to know.
    made.catch(() => undefined);
    return made;
  };
  const count = elementCount(batches.map(cutsCount));
  let next: Promise<Batch> | undefined;
  try {
    for (let n = 0; n < count; n++) {
      const batch = await (next ?? start(n));
      next = ahead && n + 1 < count ? start(n + 1) : undefined;
      yield* split(batch, grid);
    }
  } finally {
    stop.abort();
    await next?.catch(() => undefined);
  }
}

interface Batch {
  readonly box: Box;
  readonly elements: NDArray;
}

/** If less memory is not enough, the run may have all of it: then nothing is held beside it but the loop's block. */
async function computeBox(
  node: Node,
  box: Box,
  options: RunOptions,
  memory: number,
): Promise<Batch> {
  const part = wrap(
    at(
      node,
      box.lo.map((lo, axis) => slice(lo, box.hi[axis] as number)),
    ),
  );
  try {
    return { box, elements: await compute(part, options) };
  } catch (error) {
    if (!(error instanceof MemoryLimitError) || options.memory === memory) throw error;
    return { box, elements: await compute(part, { ...options, memory }) };
  }
}

/** Consecutive blocks in row-major order, as boxes: the last axes together, then the one before them in groups. */
function batchGrid(grid: readonly Cuts[], item: number, most: number): readonly Cuts[] {
  const out = [...grid];
  let bytes = elementCount(grid.map((c) => Math.max(1, cutsMax(c)))) * item;
  for (let axis = grid.length - 1; axis >= 0; axis--) {
    const cuts = grid[axis] as Cuts;
    const room = Math.floor(most / bytes);
    if (room < 2) break;
    out[axis] = groupCuts(cuts, Math.min(room, cutsCount(cuts)));
    if (cutsCount(out[axis] as Cuts) > 1) break;
    bytes *= cutsCount(cuts);
  }
  return out;
}

function boxAt(grid: readonly Cuts[], n: number): Box {
  const id = unravel(n, grid.map(cutsCount));
  const lo = grid.map((cuts, axis) => pieceStart(cuts, id[axis] as number));
  return { lo, hi: lo.map((v, axis) => v + pieceSize(grid[axis] as Cuts, id[axis] as number)) };
}

/** The blocks of a box, each with elements of its own. */
function* split({ box, elements }: Batch, grid: readonly Cuts[]): Generator<ComputedBlock, void> {
  const first = grid.map((cuts, axis) =>
    piecesIn(cuts, box.lo[axis] as number, box.hi[axis] as number),
  );
  const counts = first.map(([a, b]) => b - a + 1);
  const total = elementCount(counts);
  for (let n = 0; n < total; n++) {
    const blockId = unravel(n, counts).map((k, axis) => k + (first[axis]?.[0] as number));
    const part = boxAt(grid, ravel(blockId, grid.map(cutsCount)));
    const block =
      total === 1 ? elements : withTimeline(cutOut(elements, part, box), elements.trace);
    yield { blockId, offset: part.lo, block };
  }
}

/** A dense copy of a part of a dense result. */
function cutOut(elements: NDArray, part: Box, box: Box): NDArray {
  const shape = boxShape(part);
  const { dtype, stride } = elements;
  const slots = slotsPerElement(dtype);
  const data = new (arrayClass(dtype))(elementCount(shape) * slots);
  const run = (shape.at(-1) ?? 1) * slots;
  const from = elements.data as Float64Array;
  const rows = shape.slice(0, -1);
  for (let row = 0, to = 0; to < data.length; row++, to += run) {
    const position = [...unravel(row, rows), 0];
    const at = part.lo.reduce(
      (sum, lo, axis) =>
        sum +
        (lo - (box.lo[axis] as number) + (position[axis] as number)) * (stride[axis] as number),
      elements.offset,
    );
    (data as Float64Array).set(from.subarray(at, at + run), to);
  }
  return new NDArray(data as NDArray["data"], shape, dtype);
}
