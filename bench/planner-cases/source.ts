/** Instrumented sources: what a plan really reads, chunk by chunk. */
import * as cw from "chunkwise";
import type { CaseSource } from "./cases.js";

const DTYPES: Readonly<Record<string, cw.DType>> = {
  b1: "bool",
  i1: "int8",
  i2: "int16",
  i4: "int32",
  i8: "int64",
  u1: "uint8",
  u2: "uint16",
  u4: "uint32",
  u8: "uint64",
  f4: "float32",
  f8: "float64",
  c8: "complex64",
  c16: "complex128",
};

/** What has been read since the last reset, of all sources of a case. */
export interface Reads {
  /** Storage chunks touched, each time one is touched. */
  chunks: number;
  elements: number;
  /** Elements of the largest part of a chunk that was asked for at once. */
  largest: number;
  /** Every region, for comparing two plans: `x[0:5, 10:20]`. */
  readonly regions: string[];
  /** Chunks touched at all. */
  readonly distinct: Set<string>;
}

export const noReads = (): Reads => ({
  chunks: 0,
  elements: 0,
  largest: 0,
  regions: [],
  distinct: new Set(),
});

export function reset(reads: Reads): void {
  Object.assign(reads, { chunks: 0, elements: 0, largest: 0 });
  reads.regions.length = 0;
  reads.distinct.clear();
}

/**
 * An array with distinct elements (their row-major positions; bools alternate irregularly) that notes what is read of
 * it. A source is asked for one storage chunk, or a part of one, at a time.
 */
export function countingSource(source: CaseSource, reads: Reads): cw.LazyArray {
  const { name, shape, chunks } = source;
  const dtype = DTYPES[source.dtype];
  if (dtype === undefined) throw new Error(`source ${name} has the unknown dtype ${source.dtype}`);
  const array = cw.fromSource({
    name,
    shape,
    dtype,
    chunks: source.storage_chunks ?? chunks,
    readInto: (region, target) => {
      const elements = region.reduce((n, r) => n * (r.stop - r.start), 1);
      reads.chunks += 1;
      reads.elements += elements;
      reads.largest = Math.max(reads.largest, elements);
      reads.distinct.add(`${name} ${chunkOf(region, source.storage_chunks ?? chunks)}`);
      reads.regions.push(`${name}[${region.map((r) => `${r.start}:${r.stop}`).join(", ")}]`);
      fill(region, target, shape, dtype);
    },
  });
  return source.storage_chunks === undefined ? array : array.rechunk(chunks);
}

/** The storage chunk that a region lies in, by the number along every axis. */
function chunkOf(region: Region, chunks: CaseSource["chunks"]): string {
  return region
    .map(({ start }, axis) => {
      const sizes = chunks[axis];
      if (typeof sizes === "number") return Math.floor(start / sizes);
      let n = 0;
      for (let end = sizes?.[0] ?? 0; end <= start; n++) end += sizes?.[n + 1] ?? 1;
      return n;
    })
    .join();
}

type Region = Parameters<cw.ChunkSource["readInto"]>[0];
type Target = Parameters<cw.ChunkSource["readInto"]>[1];

function fill(region: Region, target: Target, shape: readonly number[], dtype: cw.DType): void {
  const data = target.data as unknown as (number | bigint)[];
  const big = dtype === "int64" || dtype === "uint64";
  // Offset and strides count elements; a complex one is two slots.
  const slots = dtype.startsWith("complex") ? 2 : 1;
  const at = region.map((r) => r.start);
  if (region.some((r) => r.start >= r.stop)) return;
  for (;;) {
    const position = at.reduce((n, i, axis) => n * (shape[axis] as number) + i, 0);
    const element = at.reduce(
      (n, i, axis) =>
        n + (i - (region[axis] as { start: number }).start) * (target.stride[axis] as number),
      target.offset,
    );
    const slot = slots * element;
    if (dtype === "bool") data[slot] = (position * 7 + (position >> 3)) % 3 === 0 ? 1 : 0;
    else data[slot] = big ? BigInt(position) : position;
    if (slots === 2) data[slot + 1] = -position;
    let axis = at.length - 1;
    for (; axis >= 0; axis--) {
      at[axis] = (at[axis] as number) + 1;
      if ((at[axis] as number) < (region[axis] as { stop: number }).stop) break;
      at[axis] = (region[axis] as { start: number }).start;
    }
    if (axis < 0) return;
  }
}
