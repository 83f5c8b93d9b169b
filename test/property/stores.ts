/** Stores of the random graphs: row-major data behind a chunk grid, which count the chunks that are touched. */
import type { ReadTarget, SourceBinding } from "../../dist/ir/binding.js";
import { type Cuts, piecesIn } from "../../dist/ir/cuts.js";
import { type DType, slotsPerElement, type TypedArray } from "../../dist/ir/dtype.js";
import type { Box } from "../../dist/ir/index-map.js";
import { freshId } from "../../dist/ir/node.js";

export interface StoreOptions {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly chunks: readonly Cuts[];
  readonly residence: "store" | "memory";
  /** Whether reads answer later. */
  readonly later: boolean;
}

const isEmpty = (box: Box): boolean => box.hi.some((h, i) => h <= (box.lo[i] as number));

export function storeBinding(
  data: TypedArray,
  reads: { chunks: number },
  { shape, dtype, chunks, residence, later }: StoreOptions,
): SourceBinding {
  const readInto = (region: Box, target: ReadTarget): void => {
    if (isEmpty(region)) return;
    reads.chunks += chunks.reduce((n, c, i) => {
      const [first, last] = piecesIn(c, region.lo[i] as number, region.hi[i] as number);
      return n * (last - first + 1);
    }, 1);
    copyRegion(data, shape, slotsPerElement(dtype), region, target);
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
    reader: {
      readInto: later ? async (region, target) => readInto(region, target) : readInto,
    },
  };
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
