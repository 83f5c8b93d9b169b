/**
 * What planner cases say beyond NumPy, in terms of the public functions. Names that NumPy has too, with other
 * arguments (`roll`, `ones`, `arange`, …), mean here what the cases mean by them.
 */
import * as cw from "chunkwise";

type Lazy = cw.LazyArray;

/** Rows `from` up to `to`. */
const rows = (x: Lazy, from: number, to: number): Lazy => x.at(cw.slice(from, to));
const length = (x: Lazy, axis = 0): number => x.shape[axis] as number;

/** Sums of `width` neighbours along an axis, where all of them exist. */
function windowSum(x: Lazy, width: number, axis: number): Lazy {
  const count = length(x, axis) - width + 1;
  const before = Array.from({ length: axis }, () => null);
  let sum = x.at(...before, cw.slice(0, count));
  for (let k = 1; k < width; k++) sum = sum.add(x.at(...before, cw.slice(k, k + count)));
  return sum;
}

/** Row i of `x` moved to row i + by; rows that come from nowhere are 0. */
function shifted(x: Lazy, by: number): Lazy {
  const n = length(x);
  const gap = cw.zeros([Math.min(Math.abs(by), n), ...x.shape.slice(1)], { dtype: x.dtype });
  return by > 0
    ? cw.concat([gap, rows(x, 0, Math.max(0, n - by))])
    : cw.concat([rows(x, Math.min(n, -by), n), gap]);
}

/** Every row plus its neighbours up to `distance` rows away, as far as there are any. */
function lag(x: Lazy, distance: number): Lazy {
  let sum = x;
  for (let d = 1; d <= distance; d++) sum = sum.add(shifted(x, d)).add(shifted(x, -d));
  return sum;
}

/** Twenty times `y + 2y`: 3^20 x, and a thousand million additions for who expands it. */
function diamond(x: Lazy): Lazy {
  let y = x;
  for (let k = 0; k < 20; k++) y = y.add(y.multiply(2));
  return y;
}

/** `y[s:] + y[:-s]` with s = 64, 128, 256, … */
function lagPowers(x: Lazy, depth: number): Lazy {
  let y = x;
  for (let k = 0; k < depth; k++) {
    const s = 64 * 2 ** k;
    y = rows(y, s, length(y)).add(rows(y, 0, length(y) - s));
  }
  return y;
}

/** Blocks are flat and row-major: a block of r rows becomes one of 2 r. */
function doubleRows(x: Lazy): Lazy {
  const chunks = x.chunks.map((sizes, axis) => (axis === 0 ? sizes.map((n) => 2 * n) : sizes));
  return cw.mapBlocks(
    (block) => {
      const data = block.data as Float64Array;
      const width = data.length / (block.shape[0] as number);
      return Float64Array.from(
        { length: 2 * data.length },
        (_, i) => data[Math.floor(i / (2 * width)) * width + (i % width)] as number,
      );
    },
    x,
    { name: "double_rows", chunks },
  );
}

const demeanBlock = (x: Lazy): Lazy =>
  cw.mapBlocks(
    (block) => {
      const data = block.data as Float64Array;
      const mean = data.reduce((sum, v) => sum + v, 0) / data.length;
      return data.map((v) => v - mean);
    },
    x,
    { name: "demean_block" },
  );

export const VOCABULARY: Readonly<Record<string, cw.ExpressionValue>> = {
  add_where: (x: Lazy, y: Lazy, mask: Lazy) => cw.where(mask, x.add(y), 0),
  arange: (n: number, chunks: number) => cw.arange(n, { chunks }),
  demean_block: demeanBlock,
  diamond,
  double_rows: doubleRows,
  full: (shape: number[], value: number, chunks: number) => cw.full(shape, value, { chunks }),
  lag,
  lag_periodic: (x: Lazy) => x.add(x.roll(1, { axis: 0 })),
  lagpow: lagPowers,
  ones: (shape: number[], chunks: number) => cw.ones(shape, { chunks }),
  rand: (shape: number[], chunks: number) => cw.random.uniform(shape, { seed: 1, chunks }),
  rep1000: Array.from({ length: 1000 }, (_, i) => i % 100),
  repeat100: Array.from({ length: 300 }, (_, i) => Math.floor(i / 3)),
  roll: (x: Lazy, by: number) => x.roll(by, { axis: 0 }),
  window_sum: windowSum,
};
