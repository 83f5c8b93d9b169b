/** Expressions that grow: what a planner must take in its stride, of any number of operations. */
import * as cw from "chunkwise";

export interface GrowingCase {
  readonly name: string;
  /** About `n` operations; other `numbers` make the same expression with other constants. */
  readonly make: (n: number, numbers: number) => cw.LazyArray[];
}

const source = (shape: readonly number[], chunk = 100): cw.LazyArray<"float64"> =>
  cw.fromSource({
    shape,
    dtype: "float64",
    chunks: shape.map((n) => Math.min(n, chunk)),
    readInto(): void {},
  });

const SIDE = 1000;
const list = (n: number): number[] =>
  Array.from({ length: Math.max(1, Math.round(n)) }, (_, i) => i);

/** Sums of neighbours of neighbours: a tree as shallow as can be. */
function sumOf(terms: readonly cw.LazyArray[]): cw.LazyArray {
  let level = [...terms];
  while (level.length > 1) {
    level = level.flatMap((a, i) => {
      const b = level[i + 1];
      return i % 2 === 1 ? [] : [b === undefined ? a : a.add(b)];
    });
  }
  return level[0] as cw.LazyArray;
}

const shifted = (x: cw.LazyArray, by: number): cw.LazyArray => {
  const length = x.shape[0] as number;
  return x.at(cw.slice(0, length - by)).add(x.at(cw.slice(by, length)));
};

export const GROWING: readonly GrowingCase[] = [
  {
    name: "chain",
    make: (n, c) => [list(n).reduce((x, i) => x.add(i + c), source([SIDE, SIDE]) as cw.LazyArray)],
  },
  {
    name: "diamond",
    make: (n, c) => [
      list(n / 2).reduce((x, i) => x.add(i + c).multiply(x), source([SIDE, SIDE]) as cw.LazyArray),
    ],
  },
  {
    name: "wide sum",
    make: (n, c) => {
      const x = source([SIDE, SIDE]);
      return [sumOf(list(n / 2).map((i) => x.multiply(i + c)))];
    },
  },
  {
    name: "wide sum of sources",
    make: (n) => [sumOf(list(n / 2).map(() => source([SIDE, SIDE])))],
  },
  {
    name: "windows",
    make: (n) => [
      list(n / 3).reduce((x) => shifted(x, 1), source([n + SIDE], 1000) as cw.LazyArray),
    ],
  },
  {
    name: "power-of-two windows",
    make: (n) => {
      // Sixteen doublings, then from the beginning on what they made.
      let x: cw.LazyArray = source([2 ** 32], 2 ** 20);
      for (const i of list(n / 3)) x = shifted(x, 2 ** (i % 16));
      return [x];
    },
  },
  {
    name: "stack of sums",
    make: (n, c) => {
      const x = source([SIDE, SIDE]);
      return [cw.stack(list(n / 3).map((i) => x.multiply(i + c).sum({ axis: 0 })))];
    },
  },
  {
    name: "transposes of [:5]",
    make: (n, c) => {
      const x = list(n / 2).reduce((y, i) => y.T.add(i + c), source([SIDE, SIDE]) as cw.LazyArray);
      return [x.at(cw.slice(0, 5))];
    },
  },
  {
    name: "many roots",
    make: (n, c) => {
      const x = source([SIDE, SIDE]);
      return list(n / 2).map((i) => x.multiply(i + c).mean({ axis: 0 }));
    },
  },
];

/** One expression over a grid of more and more chunks. */
export const overChunks = (chunks: number): cw.LazyArray => {
  const side = Math.round(Math.sqrt(chunks)) * 10;
  const x = source([side, side], 10);
  return x
    .subtract(x.mean({ axis: 0 }))
    .rechunk([side, 10])
    .sum({ axis: 1 });
};
