/** The comparison itself: it must notice what it is there to notice. */
import { expect, test } from "vitest";
import * as cw from "../../dist/index.js";
import {
  difference,
  type GoldenArray,
  type GoldenRecord,
  readTable,
  type Tolerance,
} from "./table.js";

/** What computes no array from arrays, or (the first two) what every argument of every record goes through. */
const ELSEWHERE: readonly string[] = [
  "asarray",
  "blocks",
  "rechunk",
  "applyGufunc",
  "blockwise",
  "analyze",
  "compute",
  "configure",
  "createGroup",
  "describeCodecs",
  "describeStore",
  "directoryStore",
  "explain",
  "explainToZarr",
  "fromSource",
  "httpStore",
  "kernel",
  "mapBlocks",
  "memoryStore",
  "openGroup",
  "openZarr",
  "persist",
  "plan",
  "preview",
  // NumPy's generators give other numbers; test/api/random.test.ts holds these to their definitions.
  "random.choice",
  "random.integers",
  "random.normal",
  "random.permutation",
  "random.uniform",
  "reduction",
  "s3Store",
  "resultType",
  "scan",
  "shutdown",
  "slice",
  "store",
  "toZarr",
];

const floats = (...values: number[]): GoldenArray => ({
  dtype: "float64",
  shape: [values.length],
  data: new Float64Array(values),
});
const expecting = (expected: GoldenArray, tolerance?: Tolerance): GoldenRecord => ({
  id: "case",
  fn: "f",
  args: [],
  options: {},
  output: undefined,
  expected,
  tolerance,
});
const compare = (actual: number, expected: number, tolerance?: Tolerance): boolean =>
  difference(floats(actual), expecting(floats(expected), tolerance)) === undefined;

test("the table is whole and its ids are unique", () => {
  const records = readTable();
  expect(records.length).toBeGreaterThan(3000);
  expect(new Set(records.map((r) => r.id)).size).toBe(records.length);
  for (const { expected } of records) {
    const slots = expected.dtype.startsWith("complex") ? 2 : 1;
    expect(expected.data.length).toBe(expected.shape.reduce((n, s) => n * s, slots));
  }
});

test("every exported function is in the table", () => {
  const members = Object.entries(cw).flatMap(([name, value]): [string, unknown][] =>
    Object.prototype.toString.call(value) === "[object Module]"
      ? Object.entries(value).map(([member, v]) => [`${name}.${member}`, v])
      : [[name, value]],
  );
  const exported = members
    .filter(([name, value]) => typeof value === "function" && /^[a-z]/.test(name))
    .map(([name]) => name);
  const recorded = new Set(readTable().map((r) => r.fn));
  expect(exported.filter((name) => !recorded.has(name)).sort()).toEqual([...ELSEWHERE].sort());
});

test("without a tolerance every bit counts, but NaN is NaN", () => {
  expect(compare(1, 1)).toBe(true);
  expect(compare(Number.NaN, Number.NaN)).toBe(true);
  expect(compare(0, -0)).toBe(false);
  expect(compare(1, 1.0000000000000002)).toBe(false);
  expect(compare(Number.NaN, 1)).toBe(false);
});

test("units in the last place", () => {
  expect(compare(1, 1.0000000000000002, { ulps: 1 })).toBe(true);
  expect(compare(1, 1.0000000000000004, { ulps: 1 })).toBe(false);
  expect(compare(-1, -1.0000000000000002, { ulps: 1 })).toBe(true);
  expect(compare(0.9999999999999999, 1, { ulps: 1 })).toBe(true);
  expect(compare(5e-324, 0, { ulps: 1 })).toBe(true);
  expect(compare(0, -0, { ulps: 1 })).toBe(false);
  expect(compare(Infinity, Number.MAX_VALUE, { ulps: 1 })).toBe(false);
  expect(compare(Number.NaN, 0, { ulps: 1 })).toBe(false);
});

test("relative and absolute differences", () => {
  expect(compare(101, 100, { relative: 0.01 })).toBe(true);
  expect(compare(102, 100, { relative: 0.01 })).toBe(false);
  expect(compare(0.1, 0, { absolute: 0.2 })).toBe(true);
  expect(compare(0, -0, { absolute: 0 })).toBe(true);
  expect(compare(0.3, 0, { absolute: 0.2 })).toBe(false);
  expect(compare(Infinity, 1e308, { relative: 1 })).toBe(false);
});

test("parts of complex numbers, in units of the larger part", () => {
  const pair = (...data: [number, number]): GoldenArray => ({
    dtype: "complex128",
    shape: [1],
    data: new Float64Array(data),
  });
  const near = (actual: [number, number], expected: [number, number]): boolean =>
    difference(pair(...actual), expecting(pair(...expected), { normwise: 2 })) === undefined;
  expect(near([1, 1e-20], [1, 2e-20])).toBe(true);
  expect(near([1.0000000000000004, 0.5], [1, 0.5])).toBe(true);
  expect(near([1.000000000000001, 0.5], [1, 0.5])).toBe(false);
  expect(near([1, 1e-15], [1, 2e-15])).toBe(false);
  expect(near([1, -0], [1, 0])).toBe(false);
  expect(near([Infinity, 1], [Infinity, 1.0000000000000002])).toBe(true);
  expect(near([Number.NaN, 0], [0, Number.NaN])).toBe(false);
});

test("dtype and shape count, and integers are exact whatever the tolerance", () => {
  const long = (...values: bigint[]): GoldenArray => ({
    dtype: "int64",
    shape: [values.length],
    data: new BigInt64Array(values),
  });
  expect(difference(long(1n), expecting(floats(1)))).toMatch("is int64 [1], not float64 [1]");
  expect(difference(floats(1, 2), expecting(floats(1)))).toMatch("is float64 [2]");
  expect(difference(long(2n ** 60n + 1n), expecting(long(2n ** 60n), { ulps: 9 }))).toMatch(
    "element 0",
  );
});
