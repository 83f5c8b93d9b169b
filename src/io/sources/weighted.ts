/**
 * Random positions with given probabilities: every element is found by binary search for a uniform number of its own
 * in the running sums, so that a slice costs what it shows.
 */
import type { ReadTarget, RegionReader, SourceBinding } from "../../ir/binding.js";
import type { Cuts } from "../../ir/cuts.js";
import { type Box, boxIsEmpty, rowMajorStrides } from "../../ir/index-map.js";
import { freshId } from "../../ir/node.js";
import { Threefry } from "../../ir/threefry.js";

/** Plain data of weighted positions; the sums are float64 in shared memory, the last one is 1. */
export interface WeightedDescription {
  readonly type: "weighted";
  readonly shape: readonly number[];
  readonly key: bigint;
  readonly sums: SharedArrayBuffer;
}

/** The first position whose running sum is above `u`: one of probability 0 is never met. */
export function weightedPosition(sums: Float64Array, u: number): number {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sums[middle] as number) > u) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Binds an array of `shape` of positions in `sums`, as int64. */
export function weightedBinding(
  sums: Float64Array,
  key: bigint,
  shape: readonly number[],
  chunks: readonly Cuts[],
): SourceBinding {
  const buffer = new SharedArrayBuffer(sums.byteLength);
  new Float64Array(buffer).set(sums);
  const description: WeightedDescription = {
    type: "weighted",
    shape: [...shape],
    key,
    sums: buffer,
  };
  return Object.freeze({
    kind: "source",
    id: freshId(),
    name: "choice",
    shape: description.shape,
    dtype: "int64",
    chunks,
    residence: "memory",
    thread: "any",
    scratchBytes: 0,
    description: { ...description },
    reader: weightedReader(description),
  } satisfies SourceBinding);
}

export function weightedReader({ shape, key, sums }: WeightedDescription): RegionReader {
  const strides = rowMajorStrides(shape);
  const running = new Float64Array(sums);
  const stream = new Threefry(key);
  return {
    readInto: (region: Box, target: ReadTarget): void => {
      if (boxIsEmpty(region)) return;
      const data = target.data as BigInt64Array;
      const { lo, hi } = region;
      const position = [...lo];
      for (;;) {
        let flat = 0;
        let place = target.offset;
        position.forEach((p, i) => {
          flat += p * (strides[i] as number);
          place += (p - (lo[i] as number)) * (target.stride[i] as number);
        });
        data[place] = BigInt(weightedPosition(running, stream.uniform(flat)));
        let axis = position.length - 1;
        for (; axis >= 0; axis--) {
          position[axis] = (position[axis] as number) + 1;
          if ((position[axis] as number) < (hi[axis] as number)) break;
          position[axis] = lo[axis] as number;
        }
        if (axis < 0) return;
      }
    },
  };
}
