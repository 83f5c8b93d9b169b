/** Sources for planner tests: shapes and chunks, distinct values, and a count of the storage chunks that are touched. */
import type { SourceBinding } from "../../dist/ir/binding.js";
import { sourceNode } from "../../dist/ir/build.js";
import { piecesIn, uniformCuts } from "../../dist/ir/cuts.js";
import { arrayClass, type DType } from "../../dist/ir/dtype.js";
import { freshId, type Node } from "../../dist/ir/node.js";

export interface CountedSource {
  readonly node: Node;
  /** Storage chunks touched so far, each time one was. */
  readonly reads: { chunks: number; elements: number };
}

/** A store with chunks of one size per axis; element i (row-major) is i. */
export function store(
  shape: readonly number[],
  chunks: readonly number[],
  dtype: DType = "float64",
): CountedSource {
  const reads = { chunks: 0, elements: 0 };
  const grid = shape.map((n, i) => uniformCuts(n, chunks[i] as number));
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));
  const binding: SourceBinding = {
    kind: "source",
    id: freshId(),
    name: "x",
    shape,
    dtype,
    chunks: grid,
    residence: "store",
    thread: "caller",
    scratchBytes: 0,
    description: undefined,
    reader: {
      readInto(region, target): void {
        const counts = shape.map((_, i) => (region.hi[i] as number) - (region.lo[i] as number));
        const total = counts.reduce((a, b) => a * b, 1);
        if (total === 0) return;
        reads.elements += total;
        reads.chunks += grid.reduce((n, c, i) => {
          const [first, last] = piecesIn(c, region.lo[i] as number, region.hi[i] as number);
          return n * (last - first + 1);
        }, 1);
        const data = target.data as Float64Array;
        for (let k = 0; k < total; k++) {
          let rest = k;
          let from = 0;
          let to = target.offset;
          for (let i = shape.length - 1; i >= 0; i--) {
            const p = rest % (counts[i] as number);
            rest = Math.floor(rest / (counts[i] as number));
            from += (p + (region.lo[i] as number)) * (strides[i] as number);
            to += p * (target.stride[i] as number);
          }
          data[to] = from;
        }
      },
    },
  };
  return { node: sourceNode(binding), reads };
}

export const bytesOf = (dtype: DType): number => arrayClass(dtype).BYTES_PER_ELEMENT;
