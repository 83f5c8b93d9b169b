/** A source that counts how often each of its regions is read. */
import type { ChunkSource } from "../../dist/index.js";

export interface CountingSource {
  readonly source: ChunkSource & { readonly dtype: "float64" };
  /** Regions as "0:2,0:4", and how often each was read. */
  readonly reads: ReadonlyMap<string, number>;
}

/** An array of float64 elements given by their positions. */
export function countingSource(
  shape: readonly number[],
  chunks: readonly number[],
  element: (position: readonly number[]) => number,
): CountingSource {
  const reads = new Map<string, number>();
  const source = {
    shape,
    dtype: "float64",
    chunks,
    readInto(region, { data, offset, stride }) {
      const key = region.map(({ start, stop }) => `${start}:${stop}`).join();
      reads.set(key, (reads.get(key) ?? 0) + 1);
      const fill = (position: readonly number[], slot: number): void => {
        const range = region[position.length];
        if (range === undefined) data[slot] = element(position);
        else {
          const step = stride[position.length] ?? 0;
          for (let i = range.start; i < range.stop; i++) {
            fill([...position, i], slot + (i - range.start) * step);
          }
        }
      };
      fill([], offset);
    },
  } satisfies ChunkSource;
  return { source: { ...source, dtype: "float64" }, reads };
}
