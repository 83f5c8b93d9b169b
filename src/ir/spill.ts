/**
 * Where the elements of an array outside the arena lie: in further memory of the process, or in the run's file.
 *
 * Blocks follow one another in slots of equal size. Inside its slot a block is cut by the *inner* cuts, which are those
 * of the tasks that read it, into parts; parts follow one another in row-major order, and each is row-major in itself.
 * So a task that makes a block writes it in one go, and a task that reads across many blocks finds what it wants of
 * each in one piece: a change of chunks moves every byte out and back once, in long pieces.
 */
import {
  type Cuts,
  cutsCount,
  cutsFromRuns,
  pieceAt,
  pieceSize,
  pieceSizes,
  pieceStart,
  piecesIn,
  refineCuts,
} from "./cuts.js";
import { itemSize } from "./dtype.js";
import { type AffineMap, type Box, unravel } from "./index-map.js";
import { blockBox, blockCount, gridOf, type PlanArray } from "./stage.js";

/** Parts that are not in one piece on one of the two sides are moved through a buffer of this many bytes. */
export const SPILL_BUFFER: number = 1024 * 1024;
/** Slots start at a page. */
const SLOT_ALIGN = 4096;
/** An axis is not cut into more parts than this. */
const MOST_PARTS = 65536;

/**
 * What an array lies in: memory beyond the arena as long as the budget pays for it, and the file for the rest. One
 * WebAssembly memory ends at 4 GiB, and all that a kernel works on must be in one: a larger budget is used in this way.
 */
export type Medium = "memory" | "file";

/** The place of an array outside the arena. */
export interface OutsidePlace {
  readonly medium: Medium;
  /** Refinement of the array's cuts. */
  readonly inner: readonly Cuts[];
  /** Of the first slot in its medium, bytes. */
  readonly offset: number;
  readonly slotBytes: number;
  /** Number of the checksum of its first part; what lies in memory has none. */
  readonly firstSum: number;
}

export interface Part {
  readonly box: Box;
  /** In the medium, bytes. */
  readonly offset: number;
  /** Number of its checksum. */
  readonly sum: number;
}

/**
 * The cuts that a reader with task cuts `cuts` (per axis of its space) asks for along each axis of an array, seen
 * through its map: where it steps, turns round or looks at everything, none.
 */
export function wantedCuts(
  array: PlanArray,
  map: AffineMap,
  cuts: readonly Cuts[],
): readonly (Cuts | undefined)[] {
  return map.map((m, i) => {
    const pieces = m.axis < 0 ? undefined : cuts[m.axis];
    if (pieces === undefined || m.step !== 1) return undefined;
    const extent = array.shape[i] as number;
    const sizes: number[] = [];
    if (m.start > 0) sizes.push(m.start);
    if (cutsCount(pieces) > MOST_PARTS) return undefined;
    for (const size of pieceSizes(pieces)) sizes.push(size);
    const rest = extent - sizes.reduce((n, s) => n + s, 0);
    if (m.start < 0 || rest < 0) return undefined;
    if (rest > 0) sizes.push(rest);
    return cutsFromRuns(sizes.map((size) => ({ size, repeat: 1 })));
  });
}

/** The array's cuts, refined where the wish can be met. */
export function innerCuts(
  array: PlanArray,
  wanted: readonly (Cuts | undefined)[],
): readonly Cuts[] {
  return array.cuts.map((cuts, i) => {
    const wish = wanted[i];
    if (wish === undefined || cutsCount(cuts) + cutsCount(wish) > MOST_PARTS) return cuts;
    return refineCuts(cuts, wish);
  });
}

/** Bytes of a slot for the largest block. */
export const slotBytesOf = (blockBytes: number): number =>
  Math.ceil(blockBytes / SLOT_ALIGN) * SLOT_ALIGN;

/** Bytes of its medium that an array takes. */
export const placeBytes = (array: PlanArray, place: OutsidePlace): number =>
  blockCount(array.cuts) * place.slotBytes;

/** Checksums that an array has: one per part. */
export const sumCount = (place: Pick<OutsidePlace, "inner">): number => blockCount(place.inner);

/** The parts of block `n` that meet `box`, in the order of the medium. */
export function* partsOf(
  array: PlanArray,
  place: OutsidePlace,
  n: number,
  box: Box = blockBox(array.cuts, n),
): Generator<Part> {
  const block = blockBox(array.cuts, n);
  const rank = block.lo.length;
  const size = itemSize(array.dtype);
  const slot = place.offset + n * place.slotBytes;
  const first: number[] = [];
  const range: (readonly [number, number])[] = [];
  for (let i = 0; i < rank; i++) {
    const inner = place.inner[i] as Cuts;
    const lo = Math.max(box.lo[i] as number, block.lo[i] as number);
    const hi = Math.min(box.hi[i] as number, block.hi[i] as number);
    if (lo >= hi) return;
    first.push(pieceAt(inner, block.lo[i] as number));
    range.push(piecesIn(inner, lo, hi));
  }
  const at = range.map(([from]) => from);
  const counts = gridOf(place.inner);
  for (;;) {
    // What comes before it: whole slices of parts along every axis, within the parts' extents along the axes before.
    let before = 0;
    let sum = 0;
    let along = 1;
    const lo: number[] = [];
    const hi: number[] = [];
    for (let i = 0; i < rank; i++) {
      const inner = place.inner[i] as Cuts;
      const start = pieceStart(inner, at[i] as number);
      let behind = 1;
      for (let k = i + 1; k < rank; k++)
        behind *= (block.hi[k] as number) - (block.lo[k] as number);
      before += along * (start - (block.lo[i] as number)) * behind;
      along *= pieceSize(inner, at[i] as number);
      sum = sum * (counts[i] as number) + (at[i] as number);
      lo.push(start);
      hi.push(start + pieceSize(inner, at[i] as number));
    }
    yield { box: { lo, hi }, offset: slot + before * size, sum: place.firstSum + sum };
    let axis = rank - 1;
    for (; axis >= 0; axis--) {
      const [from, last] = range[axis] as readonly [number, number];
      if ((at[axis] as number) < last) {
        at[axis] = (at[axis] as number) + 1;
        break;
      }
      at[axis] = from;
    }
    if (axis < 0) return;
  }
}

/** Numbers of the blocks that meet a box. */
export function* blocksIn(array: PlanArray, box: Box): Generator<number> {
  const ranges = array.cuts.map((c, i) => piecesIn(c, box.lo[i] as number, box.hi[i] as number));
  const grid = gridOf(array.cuts);
  const sizes = ranges.map(([from, to]) => to - from + 1);
  const total = sizes.reduce((n, s) => n * s, 1);
  for (let n = 0; n < total; n++) {
    const position = unravel(n, sizes);
    let block = 0;
    for (let i = 0; i < grid.length; i++) {
      block =
        block * (grid[i] as number) +
        (ranges[i] as readonly [number, number])[0] +
        (position[i] as number);
    }
    yield block;
  }
}
