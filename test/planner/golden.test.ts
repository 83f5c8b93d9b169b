/**
 * Golden plans: an expression, the plan as a small drawing (see `drawing.ts`), and why no plan is better. Chunks that
 * are read are counted by hand from the grids below.
 */
import { describe, expect, test } from "vitest";
import * as cw from "../../dist/index.js";
import { drawing } from "./drawing.js";

const source = <D extends cw.DType>(
  name: string,
  shape: readonly number[],
  chunks: readonly number[],
  dtype: D,
): cw.LazyArray<D> => cw.fromSource({ name, shape, chunks, dtype, readInto(): void {} });

const names = {
  /** 4 x 3 chunks. */
  x: source("x", [40, 60], [10, 20], "float64"),
  /** 2 x 4 chunks, which do not line up with those of x. */
  y: source("y", [40, 60], [20, 15], "float64"),
  /** 4 x 3 chunks of integers. */
  i: source("i", [40, 60], [10, 20], "int32"),
  /** 3 chunks. */
  v: source("v", [60], [20], "float64"),
  /** 4 x 4 chunks. */
  q: source("q", [40, 40], [10, 10], "float64"),
  /** 4 chunks, each of two whole planes. */
  t: source("t", [8, 40, 60], [2, 40, 60], "float64"),
};
const OPTIONS = { format: "json", memory: "64MiB", workers: 2 } as const;

type Case = readonly [expression: string, why: string, ...drawing: string[]];

const READS: readonly Case[] = [
  ["x", "a copy", "map read <- x[:, :] 12/12 -> 40x60"],
  ["x + 1", "one pass, made while it is read", "map add <- x[:, :] 12/12 -> 40x60"],
  ["x[5]", "one row of chunks", "map read <- x[5, :] 3/12 -> 60"],
  [
    "x[5:8, 30:45]",
    "rows 5 to 7 lie in one row of chunks, columns 30 to 44 in two columns of them",
    "map read <- x[5:8, 30:45] 2/12 -> 3x15",
  ],
  [
    "x[::20]",
    "rows 0 and 20: the rows of chunks between them are left out",
    "map read <- x[0:21:20, :] 6/12 -> 2x60",
  ],
  ["x[::-1]", "read in any order, written backwards", "map read <- x[:, :] 12/12 -> 40x60"],
  ["x.T", "transposed while it is read", "map read <- x[:, :] 12/12 -> 60x40"],
  ["x.T.T", "two transposes are none", "map read <- x[:, :] 12/12 -> 40x60"],
  ["x[10:30][5:8]", "a slice of a slice is one slice", "map read <- x[15:18, :] 3/12 -> 3x60"],
  [
    "flip(x, axis=0)[:10]",
    "the first rows backwards are the last",
    "map read <- x[30:40, :] 3/12 -> 10x60",
  ],
  ["expand_dims(x, 0)[0]", "an axis that comes and goes", "map read <- x[:, :] 12/12 -> 40x60"],
  [
    "x.reshape((40, 60, 1))",
    "an axis of length 1 moves nothing",
    "map read <- x[:, :] 12/12 -> 40x60x1",
  ],
  ["x[3:3]", "nothing is asked for, nothing is read", "map create -> 0x60"],
  ["t[0]", "one plane is half of one chunk", "map read <- t[0, :, :] 1/4 -> 40x60"],
  ["x * 1", "multiplied by one is the same", "map read <- x[:, :] 12/12 -> 40x60"],
  ["-(-x)", "negated twice is the same", "map read <- x[:, :] 12/12 -> 40x60"],
  [
    "x.astype('float32').astype('float32')",
    "the second cast does nothing",
    "map as float32 <- x[:, :] 12/12 -> 40x60",
  ],
  [
    "i.astype('float64').astype('int32')",
    "float64 holds every int32: there and back is the same",
    "map read <- i[:, :] 12/12 -> 40x60",
  ],
  [
    "zeros((40, 60)) + x",
    "zeros are part of the kernel, not an array",
    "map add <- x[:, :] 12/12 -> 40x60",
  ],
];

const MAPS: readonly Case[] = [
  [
    "(x + y)[:10]",
    "rows 0 to 9 lie in 3 chunks of x and in 4 of y; nothing else is read or added",
    "map add <- x[0:10, :] 3/12 y[0:10, :] 4/8 -> 10x60",
  ],
  [
    "(x + y) * 2 - x",
    "x is used twice and read once, in the blocks of one kernel",
    "map add, multiply, subtract <- x[:, :] 12/12 y[:, :] 8/8 -> 40x60",
  ],
  [
    "x + v",
    "v is stretched while it is read, not as an array",
    "map add <- v[:] 3/3 x[:, :] 12/12 -> 40x60",
  ],
  [
    "(x + v)[:, :20]",
    "the slice reaches both, on the axis that each has",
    "map add <- v[0:20] 1/3 x[:, 0:20] 4/12 -> 40x20",
  ],
  [
    "where(x > 0, x, 0)",
    "condition and value are one read",
    "map greater, where <- x[:, :] 12/12 -> 40x60",
  ],
  [
    "x[:, 0] + x[:, 59]",
    "two columns in different chunks: none is read twice",
    "map add <- x[:, 0] 4/12 x[:, 59] 4/12 -> 40",
  ],
  [
    "x[:20] + x[20:]",
    "two halves without a common chunk: nothing is gained by keeping x",
    "map add <- x[0:20, :] 6/12 x[20:40, :] 6/12 -> 20x60",
  ],
  [
    "x[:-1] + x[1:]",
    "both parts need the same chunks: they are read once, and held",
    "map read <- x[:, :] 12/12",
    "map add <- %0 -> 39x60",
  ],
];

const REDUCTIONS: readonly Case[] = [
  ["sum(x)", "summed while it is read", "reduce sum <- x[:, :] 12/12 -> ()"],
  ["sum(x, axis=0)", "summed while it is read", "reduce sum <- x[:, :] 12/12 -> 60"],
  [
    "sum(x, axis=0)[:20]",
    "20 columns of the sum need 20 columns of x: one column of chunks",
    "reduce sum <- x[:, 0:20] 4/12 -> 20",
  ],
  [
    "sum(x + 1, axis=1)[10:20]",
    "the slice passes the sum and the addition, which are one kernel",
    "reduce add, sum <- x[10:20, :] 3/12 -> 10",
  ],
  [
    "x.T.sum(axis=0)",
    "the transpose is another order of reading",
    "reduce sum <- x[:, :] 12/12 -> 40",
  ],
  [
    "max(x) - min(x)",
    "both from one pass; the difference is one element",
    "reduce max, min <- x[:, :] 12/12",
    "map subtract <- %0 -> ()",
  ],
  [
    "sum(x) + sum(y)",
    "every source once; nothing larger than an element is held",
    "reduce sum <- x[:, :] 12/12",
    "reduce sum <- y[:, :] 8/8",
    "map add <- %0 %1 -> ()",
  ],
  [
    "x - mean(x)",
    "the mean is there only when all of x was read: x is held, not read again",
    "map read <- x[:, :] 12/12",
    "reduce mean <- %0",
    "map subtract <- %0 %1 -> 40x60",
  ],
  [
    "(x - mean(x, axis=0)) / std(x, axis=0)",
    "mean and deviation are one pass over what is held",
    "map read <- x[:, :] 12/12",
    "reduce mean, std <- %0",
    "map subtract, divide <- %0 %1 -> 40x60",
  ],
  [
    "broadcast_to(v, (40, 60)).sum(axis=1)",
    "the stretched array exists nowhere",
    "reduce sum <- v[:] 3/3 -> 40",
  ],
  [
    "t[2:4].sum(axis=(1, 2))",
    "planes 2 and 3 are the second chunk",
    "reduce sum <- t[2:4, :, :] 1/4 -> 2",
  ],
  ["x[:0].sum()", "the sum of nothing is a constant", "map create -> ()"],
  [
    "q @ v[:40]",
    "multiplied and added up while both are read",
    "reduce multiply, dot <- q[:, :] 16/16 v[0:40] 2/3 -> 40",
  ],
  [
    "matmul(q, q)[:10]",
    "ten rows of the left, all of the right, which has them: q is read once",
    "map read <- q[:, :] 16/16",
    "reduce multiply, dot <- %0 -> 10x40",
  ],
];

const MOVES: readonly Case[] = [
  [
    "concatenate([x, y])[:40]",
    "that is x: y is not looked at",
    "map read <- x[:, :] 12/12 -> 40x60",
  ],
  [
    "concatenate([x, y])[35:45]",
    "five rows of either",
    "concat <- x[35:40, :] 3/12 y[0:5, :] 4/8 -> 10x60",
  ],
  [
    "concatenate([x, y], axis=1)[:, 70:80]",
    "columns 10 to 19 of y lie in its first two columns of chunks",
    "map read <- y[:, 10:20] 4/8 -> 40x10",
  ],
  [
    "concatenate([x, y]).max()",
    "the larger of two maxima: nothing is joined",
    "reduce max <- x[:, :] 12/12",
    "reduce max <- y[:, :] 8/8",
    "map maximum <- %0 %1 -> ()",
  ],
  ["stack([x, y])[1]", "that is y", "map read <- y[:, :] 8/8 -> 40x60"],
  ["x.reshape(2400)[:120]", "120 elements are two rows", "reshape <- x[0:2, :] 3/12 -> 120"],
  [
    "x.reshape((4, 10, 60))[2]",
    "rows 20 to 29, as they lie",
    "map read <- x[20:30, :] 3/12 -> 10x60",
  ],
  [
    "take(x, [3, 1, 2], axis=0)",
    "rows 1 to 3, in another order",
    "gather <- x[1:4, :] 3/12 -> 3x60",
  ],
  [
    "take(x, [4, 5, 6, 7], axis=0)",
    "rows in a row are a slice",
    "map read <- x[4:8, :] 3/12 -> 4x60",
  ],
  [
    "take(x, [35, 2], axis=0) + 1",
    "any two rows are a slice with a step: what lies between is not read",
    "map add <- x[2:36:33, :] 6/12 -> 2x60",
  ],
  [
    "take(x + 1, [3, 1], axis=0)",
    "the rows that are taken are the rows that are added to",
    "map add <- x[1:4:2, :] 3/12 -> 2x60",
  ],
  [
    "roll(x, 5, axis=0)[:10]",
    "five rows from the end, five from the beginning",
    "concat <- x[0:5, :] 3/12 x[35:40, :] 3/12 -> 10x60",
  ],
  [
    "cumulative_sum(x, axis=0)[:10]",
    "no sum depends on what comes after it",
    "call scanBlocks <- x[0:10, :] 3/12 -> 10x60",
  ],
  [
    "cumulative_sum(x, axis=1)[:10]",
    "other rows have sums of their own",
    "call scanBlocks <- x[0:10, :] 3/12 -> 10x60",
  ],
];

describe.each<[string, readonly Case[]]>([
  ["reading", READS],
  ["elementwise", MAPS],
  ["reductions", REDUCTIONS],
  ["moving", MOVES],
])("%s", (_group, cases) => {
  test.each(cases)("%s: %s", (expression, _why, ...lines) => {
    expect(drawing(cw.expr(expression, names).explain(OPTIONS))).toEqual(lines);
  });
});

const { x } = names;
type Together = readonly [what: string, arrays: () => cw.LazyArray[], ...drawing: string[]];
const TOGETHER: readonly Together[] = [
  [
    "three reductions over one axis: one pass",
    () => [x.mean({ axis: 0 }), x.std({ axis: 0 }), x.min({ axis: 0 })],
    "reduce mean, std, min <- x[:, :] 12/12 -> 60 60 60",
  ],
  [
    "reductions over different axes: two passes over what was read once",
    () => [x.sum({ axis: 0 }), x.sum({ axis: 1 })],
    "map read <- x[:, :] 12/12",
    "reduce sum <- %0 -> 60",
    "reduce sum <- %0 -> 40",
  ],
  ["the same twice: one result", () => [x.sum(), x.sum()], "reduce sum <- x[:, :] 12/12 -> ()"],
  [
    "an array and what is made of it: what is returned anyway is read from memory",
    () => [x, x.add(1)],
    "map read <- x[:, :] 12/12 -> 40x60",
    "map add <- %0 -> 40x60",
  ],
  [
    "a costly function and its sum: computed once",
    () => [x.exp(), x.exp().sum()],
    "map exp <- x[:, :] 12/12 -> 40x60",
    "reduce sum <- %0 -> ()",
  ],
  [
    "two halves: each reads its own",
    () => [x.at(cw.slice(0, 20)), x.at(cw.slice(20, 40))],
    "map read <- x[0:20, :] 6/12 -> 20x60",
    "map read <- x[20:40, :] 6/12 -> 20x60",
  ],
  [
    "sums of two far corners: one kernel, and what lies between is not read",
    () => [x.at(cw.slice(0, 5)).sum(), x.at(cw.slice(35, 40)).sum()],
    "reduce sum <- x[0:5, :] 3/12 x[35:40, :] 3/12 -> () ()",
  ],
  [
    "blocks that nobody sees: none are made",
    () => [x.rechunk([40, 1]).rechunk([1, 60]).add(1)],
    "map add <- x[:, :] 12/12 -> 40x60",
  ],
];
describe("together", () => {
  const cases = TOGETHER.map(([what, arrays, ...lines]) => ({ what, arrays, lines }));
  test.each(cases)("$what", ({ arrays, lines }) => {
    expect(drawing(cw.explain(arrays(), OPTIONS))).toEqual(lines);
  });
});

test("a ladder of shifted sums: one array every few rungs, where starting over would cost as much as holding it", () => {
  let ladder: cw.LazyArray = source("s", [1000], [100], "float64");
  for (let rung = 0; rung < 12; rung++) {
    const n = ladder.shape[0] as number;
    ladder = ladder.at(cw.slice(0, n - 1)).add(ladder.at(cw.slice(1, n)));
  }
  expect(drawing(ladder.explain(OPTIONS))).toEqual([
    "map read <- s[:] 10/10",
    "map add <- %0",
    "map add <- %1",
    "map add <- %2 -> 988",
  ]);
});
