/**
 * Stores of the random graphs: row-major data behind a chunk grid, which count the chunks that are touched. Some have
 * chunks that are not there, and tell so.
 */
import type { Findings, ReadTarget, RegionReader, SourceBinding } from "../../dist/ir/binding.js";
import { type Cuts, cutsCount, pieceAt, piecesIn } from "../../dist/ir/cuts.js";
import { type DType, slotsPerElement, type TypedArray } from "../../dist/ir/dtype.js";
import { type Box, ravel, unravel } from "../../dist/ir/index-map.js";
import { freshId } from "../../dist/ir/node.js";

export interface StoreOptions {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly chunks: readonly Cuts[];
  readonly residence: "store" | "memory";
  /** Whether reads answer later. */
  readonly later: boolean;
  /** Per chunk, row-major: 1 if it is not there. Elements of those are all the same. */
  readonly holes?: Uint8Array | undefined;
}

const isEmpty = (box: Box): boolean => box.hi.some((h, i) => h <= (box.lo[i] as number));

export function storeBinding(
  data: TypedArray,
  reads: { chunks: number },
  { shape, dtype, chunks, residence, later, holes }: StoreOptions,
): SourceBinding {
  const readInto = (region: Box, target: ReadTarget): void => {
    if (isEmpty(region)) return;
    reads.chunks += chunks.reduce((n, c, i) => {
      const [first, last] = piecesIn(c, region.lo[i] as number, region.hi[i] as number);
      return n * (last - first + 1);
    }, 1);
    copyRegion(data, shape, slotsPerElement(dtype), region, target);
  };
  const slots = slotsPerElement(dtype);
  const readSparse = (region: Box, target: ReadTarget, lazily: boolean): Findings => {
    if (isEmpty(region)) return { missing: 0, uniform: false };
    const [missing, all] = missingIn(chunks, holes as Uint8Array, region);
    const uniform = lazily && missing === all;
    if (!uniform) {
      readInto(region, target);
      return { missing, uniform };
    }
    reads.chunks += all;
    // What is left alone holds anything.
    if (residence === "store") scribble(target, slots);
    const first = { lo: region.lo, hi: region.lo.map((v) => v + 1) };
    copyRegion(data, shape, slots, first, target);
    return { missing, uniform };
  };
  const telling = later
    ? async (region: Box, target: ReadTarget, lazily: boolean) => readSparse(region, target, lazily)
    : readSparse;
  const reader: RegionReader = {
    readInto: later ? async (region, target) => readInto(region, target) : readInto,
    ...(holes === undefined ? {} : { readSparse: telling }),
  };
  return {
    kind: "source",
    id: freshId(),
    name: "generated",
    shape,
    dtype,
    chunks,
    residence,
    thread: "caller",
    scratchBytes: 0,
    description: undefined,
    reader,
  };
}

/** Chunks that are not there among those that a box touches, and how many it touches. */
function missingIn(chunks: readonly Cuts[], holes: Uint8Array, region: Box): [number, number] {
  const grid = chunks.map(cutsCount);
  const ranges = chunks.map((c, i) => piecesIn(c, region.lo[i] as number, region.hi[i] as number));
  const counts = ranges.map(([first, last]) => last - first + 1);
  const all = counts.reduce((a, b) => a * b, 1);
  let missing = 0;
  for (let n = 0; n < all; n++) {
    const at = unravel(n, counts).map((k, i) => k + (ranges[i]?.[0] ?? 0));
    missing += holes[ravel(at, grid)] as number;
  }
  return [missing, all];
}

/** Makes chunks of row-major data holes: all of their elements are `value`, one for every slot. */
export function punch(
  data: TypedArray,
  { shape, dtype, chunks }: Pick<StoreOptions, "shape" | "dtype" | "chunks">,
  value: readonly (number | bigint)[],
  isHole: () => boolean,
): Uint8Array {
  const grid = chunks.map(cutsCount);
  const holes = Uint8Array.from({ length: grid.reduce((a, b) => a * b, 1) }, () => +isHole());
  const slots = slotsPerElement(dtype);
  for (let n = 0; n < data.length / slots; n++) {
    const at = unravel(n, shape).map((p, i) => pieceAt(chunks[i] as Cuts, p));
    if (holes[ravel(at, grid)] !== 1) continue;
    for (let s = 0; s < slots; s++) (data as Float64Array)[n * slots + s] = value[s] as number;
  }
  return holes;
}

/** Writes nonsense to all elements of a target. */
function scribble({ data, shape, stride, offset }: ReadTarget, slots: number): void {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const size = data.BYTES_PER_ELEMENT * slots;
  for (let n = shape.reduce((a, b) => a * b, 1) - 1; n >= 0; n--) {
    const at = unravel(n, shape).reduce((sum, p, i) => sum + p * (stride[i] as number), offset);
    bytes.fill(0x55, at * size, (at + 1) * size);
  }
}

function copyRegion(
  data: TypedArray,
  shape: readonly number[],
  slots: number,
  region: Box,
  target: ReadTarget,
): void {
  const rank = shape.length;
  const position = [...region.lo];
  for (;;) {
    let from = 0;
    let to = target.offset;
    for (let i = 0; i < rank; i++) {
      from = from * (shape[i] as number) + (position[i] as number);
      to += ((position[i] as number) - (region.lo[i] as number)) * (target.stride[i] as number);
    }
    for (let s = 0; s < slots; s++) {
      (target.data as Float64Array)[to * slots + s] = data[from * slots + s] as number;
    }
    let axis = rank - 1;
    for (; axis >= 0; axis--) {
      position[axis] = (position[axis] as number) + 1;
      if ((position[axis] as number) < (region.hi[axis] as number)) break;
      position[axis] = region.lo[axis] as number;
    }
    if (axis < 0) return;
  }
}
