/**
 * What failed once, made small by hand, and seeds that failed. Seeds name other graphs when the generator changes; the
 * expressions stay what they are.
 */

import { scanNode, sourceNode } from "../../../dist/ir/build.js";
import { cutsFromSizes, uniformCuts } from "../../../dist/ir/cuts.js";
import { arrayClass, type DType, slotsPerElement } from "../../../dist/ir/dtype.js";
import { dtypeOf, type Node, type NodeOf } from "../../../dist/ir/node.js";
import * as ops from "../../../dist/ops/index.js";
import { type Graph, graphOf } from "../graphs.js";
import { storeBinding } from "../stores.js";
import type { Trial } from "./trial.js";

type Source = (shape: readonly number[], chunks: readonly number[], dtype?: DType) => Node;

const { add, multiply } = ops.binary;

/** By what was wrong. */
const EXPRESSIONS: Readonly<Record<string, (x: Source) => readonly Node[]>> = {
  "an empty array keeps its lengths beside a use of none of it": (x) => {
    const empty = ops.concat([x([7, 0], [7, 1]), x([7, 0], [7, 1])], 0);
    return [empty, ops.reshape(empty, [0])];
  },
  "an empty part of a sum keeps its lengths": (x) => {
    const part = ops.at(ops.cumulativeSum(x([1, 6, 3], [1, 3, 1]), { axis: 2 }), [
      ops.slice(0, 0),
      ops.slice(0, 1),
      ops.slice(1, 2),
    ]);
    return [add(part, part), part];
  },
  "a complex product of one element begins at one": (x) => [
    ops.prod(x([9, 4, 1], [6, 3, 1], "complex64"), { axis: 2 }),
    ops.prod(x([4], [2], "complex128"), { axis: [] }),
  ],
  "rows that a reshape leaves as they are, by a step and backwards": (x) => {
    const rows = ops.reshape(x([12, 5, 2], [1, 5, 2]), [12, 10]);
    const other = ops.reshape(x([3, 12, 4], [3, 1, 4]), [3, 12, 2, 2]);
    return [
      ops.at(rows, [ops.slice(6, 10, 3), ops.slice(1, null)]),
      ops.at(other, [null, ops.slice(null, null, -4), 1]),
    ];
  },
  "a step passes over chunks that keeping would read": (x) => {
    const a = x([100, 257], [3, 2]);
    return [ops.at(ops.roll(a, 2, 0), [null, ops.slice(115, 160, 5)])];
  },
  "two takes of few columns do not need those between them": (x) => {
    const a = x([64, 257], [64, 7]);
    return [
      ops.concat(
        [ops.take(a, [163, 118, 73, 123, 42], 1), multiply(ops.take(a, [85, 186, 163], 1), 3)],
        1,
      ),
    ];
  },
  "what is stretched is put together before it is regrouped": (x) => {
    const pairs = ops.broadcastTo(ops.reshape(multiply(x([6], [6]), 3), [6, 1]), [6, 2]);
    const sums = ops.cumulativeSum(ops.reshape(pairs, [12]), { axis: 0 }) as NodeOf<"scan">;
    const leaves = cutsFromSizes([9, 3]);
    return [scanNode(sums.inputs[0] as Node, { ...sums.params, leaves }, dtypeOf(sums))];
  },
  "one false element is all that a raw plan may have to read": (x) => [
    ops.all(x([9], [2], "bool")),
    ops.all(x([7, 9], [1, 2], "bool"), { axis: 1 }),
  ],
};

export const SEEDS: readonly Trial[] = [
  { seed: 183964467, size: 4 },
  { seed: 452741015, size: 12 },
  { seed: 963987981, size: 13 },
  { seed: 1567517636, size: 9 },
  { seed: 1700600224, size: 2 },
  { seed: 1937990214, size: 10 },
  { seed: 346476908, size: 12 },
];

export const REGRESSIONS: readonly { readonly name: string; readonly graph: () => Graph }[] =
  Object.entries(EXPRESSIONS).map(([name, roots]) => ({
    name,
    graph: () => {
      const reads = { chunks: 0 };
      return graphOf(
        roots((shape, chunks, dtype = "float64") => source(reads, shape, chunks, dtype)),
        reads,
      );
    },
  }));

/** A store whose elements are different, with both zeros and what is not finite among them where there is such. */
function source(
  reads: { chunks: number },
  shape: readonly number[],
  chunks: readonly number[],
  dtype: DType,
): Node {
  const data = new (arrayClass(dtype))(shape.reduce((a, b) => a * b, slotsPerElement(dtype)));
  const specials = [-0, Number.POSITIVE_INFINITY, Number.NaN, 0];
  for (let i = 0; i < data.length; i++) {
    const value = i < 8 ? (specials[(i * 3) % 4] as number) : i - data.length / 2;
    (data as Float64Array)[i] = dtype === "bool" ? i % 2 : value;
  }
  const cuts = shape.map((n, a) => (n === 0 ? cutsFromSizes([0]) : uniformCuts(n, chunks[a] ?? n)));
  return sourceNode(
    storeBinding(data, reads, { shape, dtype, chunks: cuts, residence: "store", later: false }),
  );
}
