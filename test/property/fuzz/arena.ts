/** Arrays that are large enough to lie in the arena of the threads, where kernels read them in place. */
import * as cw from "../../../dist/index.js";
import type { Node } from "../../../dist/ir/node.js";

const SHAPES = [[260, 130], [33_000], [7, 70, 80]] as const;
const DTYPES = ["float64", "int64", "complex64"] as const;

/** An array of at least 256 KiB with chunks that do not divide it; all elements are different. */
export function fromTypedArray(seed: number): Node {
  const shape = SHAPES[seed % SHAPES.length] as readonly number[];
  const dtype = DTYPES[Math.floor(seed / 3) % DTYPES.length] as (typeof DTYPES)[number];
  const count = shape.reduce((a, b) => a * b, 1);
  const value = (i: number): number => i - count / 2;
  const data =
    dtype === "int64"
      ? BigInt64Array.from({ length: count }, (_, i) => BigInt(value(i)))
      : dtype === "float64"
        ? Float64Array.from({ length: count }, (_, i) => value(i) + 0.25)
        : Float32Array.from({ length: 2 * count }, (_, i) => value(i));
  const chunks = shape.map((n) => Math.ceil(n / 3) + (seed % 2));
  return cw.asarray({ data, shape, dtype }, { chunks }).node;
}
