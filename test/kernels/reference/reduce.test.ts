/** Reductions: exact order of accumulation, states, empty axes. Float results were checked with Python. */
import { expect, test } from "vitest";
import { cutsFromSizes } from "../../../dist/ir/cuts.js";
import { evaluate } from "../../../dist/kernels/reference/index.js";
import type { Element } from "../../../dist/kernels/reference/scalar.js";
import { type Reduction, reduce, source } from "./build.js";

const resultOf = async (
  data: Parameters<typeof source>[0],
  shape: readonly number[],
  dtype: Parameters<typeof source>[2],
  reduction: Reduction,
): Promise<Element> => {
  const [out] = await evaluate([reduce(source(data, shape, dtype), reduction)]);
  expect(out?.data.length).toBe(1);
  return out?.data[0] as Element;
};
const f64 = { on: "float64", dtype: "float64" } as const;

test("a group of eight is added pairwise, a rest in turns", async () => {
  const big = 2 ** 53;
  // Even places: 1 + (2^53 + 1 + 1) loses only if the ones meet the big number apart.
  const sum = await resultOf(new Float64Array([big, 0, 1, 0, 1, 0, 1, 0]), [8], "float64", {
    monoid: "sum",
    axes: [0],
    ...f64,
  });
  expect(sum).toBe(big + 2);
  const rest = await resultOf(new Float64Array([big, 1, 1, 1, -big]), [5], "float64", {
    monoid: "sum",
    axes: [0],
    ...f64,
  });
  expect(rest).toBe(2);
});

test("leaf boxes of two axes meet in the tree, last axis first", async () => {
  const data = Float64Array.from({ length: 5 * 23 }, (_, k) => 1 / (k + 1));
  const leaves = [cutsFromSizes([2, 2, 1]), cutsFromSizes([10, 10, 3])];
  const sum = await resultOf(data, [5, 23], "float64", {
    monoid: "sum",
    axes: [0, 1],
    leaves,
    ...f64,
  });
  expect(sum).toBe(5.326489318202156);
});

test("three leaves: the first two merge, the third is promoted", async () => {
  const big = 2 ** 53;
  const at = async (values: number[]): Promise<Element> =>
    resultOf(new Float64Array(values), [3], "float64", {
      monoid: "sum",
      axes: [0],
      leaves: [cutsFromSizes([1, 1, 1])],
      ...f64,
    });
  expect(await at([1, 1, big])).toBe(big + 2);
  expect(await at([big, 1, 1])).toBe(big);
});

test("integer sums wrap, unsigned stays unsigned, bool counts", async () => {
  const max = new BigInt64Array([2n ** 63n - 1n, 1n]);
  const long = { monoid: "sum", axes: [0], on: "int64", dtype: "int64" } as const;
  expect(await resultOf(max, [2], "int64", long)).toBe(-(2n ** 63n));
  const bytes = { monoid: "prod", axes: [0], on: "uint8", dtype: "uint64" } as const;
  expect(await resultOf(new Uint8Array([255, 255]), [2], "uint8", bytes)).toBe(65025n);
  const bool = { monoid: "sum", axes: [0], on: "bool", dtype: "int64" } as const;
  expect(await resultOf(new Uint8Array([1, 0, 1]), [3], "bool", bool)).toBe(2n);
});

test("negative zero survives a sum, and the sum of nothing is zero", async () => {
  const sum = { monoid: "sum", axes: [0], ...f64 } as const;
  expect(await resultOf(new Float64Array([-0, -0]), [2], "float64", sum)).toBe(-0);
  expect(await resultOf(new Float64Array(0), [0], "float64", sum)).toBe(0);
  expect(await resultOf(new Float64Array(0), [0], "float64", { ...sum, monoid: "prod" })).toBe(1);
  expect(await resultOf(new Float64Array(0), [0], "float64", { ...sum, monoid: "mean" })).toBe(
    Number.NaN,
  );
});

test("moments over several leaves", async () => {
  const data = Float64Array.from({ length: 23 }, (_, i) => i / 7);
  const std = { monoid: "std", axes: [0], leaves: [cutsFromSizes([10, 10, 3])], ...f64 } as const;
  expect(await resultOf(data, [23], "float64", std)).toBeCloseTo(0.9476070829586857, 14);
  const one = { monoid: "var", axes: [0], correction: 1, ...f64 } as const;
  expect(await resultOf(new Float64Array([3]), [1], "float64", one)).toBe(Number.NaN);
});

test("arg- reductions: the first of ties, the first NaN, flat over several axes", async () => {
  const data = new Float64Array([1, 3, 2, 3, 3, 0]);
  const leaves = [cutsFromSizes([1, 1]), cutsFromSizes([2, 1])];
  const max = { monoid: "argmax", axes: [0, 1], on: "float64", dtype: "int64", leaves } as const;
  expect(await resultOf(data, [2, 3], "float64", max)).toBe(1n);
  expect(await resultOf(data, [2, 3], "float64", { ...max, monoid: "argmin" })).toBe(5n);
  const holes = new Float64Array([1, 2, 9, Number.NaN, 10, Number.NaN]);
  expect(await resultOf(holes, [2, 3], "float64", max)).toBe(3n);
});

test("an axis that is kept stays in place", async () => {
  const data = Int32Array.from({ length: 24 }, (_, i) => i);
  const node = reduce(source(data, [2, 3, 4], "int32"), {
    monoid: "max",
    axes: [0, 2],
    on: "int32",
    dtype: "int32",
    leaves: [cutsFromSizes([1, 1]), cutsFromSizes([3, 1])],
  });
  const [out] = await evaluate([node]);
  expect(out).toEqual({ shape: [3], dtype: "int32", data: new Int32Array([15, 19, 23]) });
});
