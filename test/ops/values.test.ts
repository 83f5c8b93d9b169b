/** Values through the reference interpreter; expected ones from the array-API standard's and NumPy's documentation. */
import { describe, expect, it } from "vitest";
import type { DType } from "../../dist/ir/dtype.js";
import type { Node } from "../../dist/ir/node.js";
import { evaluate } from "../../dist/kernels/reference/index.js";
import * as o from "../../dist/ops/index.js";

const value = async (node: Node): Promise<(number | bigint)[]> => [
  ...(((await evaluate([node]))[0]?.data ?? []) as Iterable<number | bigint>),
];
const ramp = (shape: readonly number[], dtype: DType = "float64"): Node =>
  o.reshape(
    o.arange(
      shape.reduce((a, b) => a * b, 1),
      undefined,
      undefined,
      { dtype },
    ),
    shape,
  );

describe("creation", () => {
  it.each<[string, Node, readonly (number | bigint)[]]>([
    ["arange", o.arange(2, 10, 3), [2, 5, 8]],
    ["arange down", o.arange(3, 0, -1), [3, 2, 1]],
    ["arange int64", o.arange(3n, 9n, 2n), [3n, 5n, 7n]],
    ["arange uint8 down", o.arange(4, 0, -2, { dtype: "uint8" }), [4, 2]],
    ["arange float", o.arange(0, 1, 0.25), [0, 0.25, 0.5, 0.75]],
    ["linspace", o.linspace(0, 1, 5), [0, 0.25, 0.5, 0.75, 1]],
    ["linspace open", o.linspace(0, 1, 4, { endpoint: false }), [0, 0.25, 0.5, 0.75]],
    ["linspace one", o.linspace(3, 9, 1), [3]],
    ["linspace ints", o.linspace(-1, 1, 4, { dtype: "int32" }), [-1, -1, 0, 1]],
    ["eye", o.eye(2, 3, { k: 1 }), [0, 1, 0, 0, 0, 1]],
    ["eye below", o.eye(3, 2, { k: -1, dtype: "int8" }), [0, 0, 1, 0, 0, 1]],
    ["full", o.full([2], -0), [-0, -0]],
    ["tril", o.tril(ramp([3, 3])), [0, 0, 0, 3, 4, 0, 6, 7, 8]],
    ["triu k", o.triu(ramp([2, 3]), { k: 1 }), [0, 1, 2, 0, 0, 5]],
    ["meshgrid", o.meshgrid([ramp([3]), ramp([2])])[1] as Node, [0, 0, 0, 1, 1, 1]],
    ["onesLike bool", o.onesLike(ramp([2]), { dtype: "bool" }), [1, 1]],
  ])("%s", async (_, node, expected) => {
    expect(await value(node)).toEqual(expected);
  });

  it("ends linspace exactly at stop", async () => {
    for (const [a, b, n] of [
      [0.1, 0.7, 8],
      [1e-3, 1, 11],
      [-7.3, 1.1, 50],
    ] as const) {
      const values = await value(o.linspace(a, b, n));
      expect([values[0], values.at(-1), values.length]).toEqual([a, b, n]);
    }
  });
});

describe("manipulation and indexing", () => {
  const x = ramp([2, 3]);
  it.each<[string, Node, readonly number[]]>([
    ["flip", o.flip(x, 1), [2, 1, 0, 5, 4, 3]],
    ["flip all", o.flip(x), [5, 4, 3, 2, 1, 0]],
    ["roll", o.roll(x, 1, 1), [2, 0, 1, 5, 3, 4]],
    ["roll flat", o.roll(x, -2), [2, 3, 4, 5, 0, 1]],
    ["roll two", o.roll(x, [1, 1], [0, 1]), [5, 3, 4, 2, 0, 1]],
    ["repeat", o.repeat(x, 2, 0), [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5]],
    ["repeat last", o.repeat(x, 2, 1), [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]],
    ["repeat list", o.repeat(x, [1, 0, 2], 1), [0, 2, 2, 3, 5, 5]],
    ["tile", o.tile(o.at(x, [0]), [2, 2]), [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]],
    ["stack last", o.stack([o.at(x, [0]), o.at(x, [1])], -1), [0, 3, 1, 4, 2, 5]],
    ["concat", o.concat([x, x], 1), [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5]],
    ["concat flat", o.concat([o.at(x, [1]), x], null), [3, 4, 5, 0, 1, 2, 3, 4, 5]],
    ["moveaxis", o.moveaxis(x, 0, 1), [0, 3, 1, 4, 2, 5]],
    ["take", o.take(x, [-1, 0, 0], 1), [2, 0, 0, 5, 3, 3]],
    ["take backwards", o.take(x, [2, 1, 0], 1), [2, 1, 0, 5, 4, 3]],
    ["negative step", o.at(x, [null, o.slice(null, null, -2)]), [2, 0, 5, 3]],
    ["newaxis", o.at(x, [1, o.newaxis, o.slice(1)]), [4, 5]],
    ["unstack", o.unstack(x, 1)[2] as Node, [2, 5]],
    ["broadcastTo", o.broadcastTo(o.at(x, [null, o.slice(0, 1)]), [2, 2]), [0, 0, 3, 3]],
  ])("%s", async (_, node, expected) => {
    expect(await value(node)).toEqual(expected);
  });
});

describe("elementwise", () => {
  const big = 2n ** 53n;
  it("compares int64 with uint64 exactly", async () => {
    const a = o.concat([o.full([1], -1n), o.full([1], big), o.full([1], 2n ** 63n - 1n)]);
    const b = o.astype(o.full([3], big + 1n), "uint64");
    expect(await value(o.binary.less(a, b))).toEqual([1, 1, 0]);
    expect(await value(o.binary.greater(b, a))).toEqual([1, 1, 0]);
    expect(await value(o.binary.equal(a, b))).toEqual([0, 0, 0]);
    expect(await value(o.binary.notEqual(b, a))).toEqual([1, 1, 1]);
    expect(await value(o.binary.lessEqual(b, a))).toEqual([0, 0, 1]);
    expect(await value(o.binary.greaterEqual(a, b))).toEqual([0, 0, 1]);
  });

  it("takes NaN for true and clips it through", async () => {
    const x = o.binary.divide(o.arange(-1, 2, 1), 0);
    expect(await value(x)).toEqual([-Infinity, NaN, Infinity]);
    expect(await value(o.unary.logicalNot(x))).toEqual([0, 0, 0]);
    expect(await value(o.clip(x, -1, 1))).toEqual([-1, NaN, 1]);
    expect(await value(o.where(o.unary.isnan(x), 0, x))).toEqual([-Infinity, 0, Infinity]);
  });

  it("knows about integers what only floats can be", async () => {
    const x = ramp([3], "int32");
    expect(await value(o.unary.isnan(x))).toEqual([0, 0, 0]);
    expect(await value(o.unary.isfinite(x))).toEqual([1, 1, 1]);
    expect(await value(o.unary.imag(x))).toEqual([0, 0, 0]);
    expect(await value(o.binary.divide(x, 2))).toEqual([0, 0.5, 1]);
  });
});

describe("reductions", () => {
  const x = ramp([2, 3], "float32");
  it.each<[string, Node, readonly (number | bigint)[]]>([
    ["sum", o.sum(x), [15]],
    ["sum axis", o.sum(x, { axis: 0 }), [3, 5, 7]],
    ["sum of bools", o.sum(o.binary.greater(x, 1)), [4n]],
    ["sum of bools as floats", o.sum(o.binary.greater(x, 1), { dtype: "float32" }), [4]],
    ["sum over no axes", o.sum(x, { axis: [] }), [0, 1, 2, 3, 4, 5]],
    ["var over no axes", o.variance(x, { axis: [] }), [0, 0, 0, 0, 0, 0]],
    ["prod", o.prod(o.at(x, [1]), { dtype: "int16" }), [60]],
    ["mean", o.mean(x, { axis: 1 }), [1, 4]],
    ["var", o.variance(x, { axis: 0, correction: 1 }), [4.5, 4.5, 4.5]],
    ["std of nothing", o.std(o.zeros([0])), [NaN]],
    ["max of bools", o.max(o.binary.greater(x, 4), { axis: 1 }), [0, 1]],
    ["min of bools", o.min(o.binary.greater(x, 0), { axis: 1 }), [0, 1]],
    ["argmax", o.argmax(x), [5n]],
    ["argmin axis", o.argmin(x, { axis: 1 }), [0n, 0n]],
    ["argmax of bools", o.argmax(o.binary.greater(x, 0), { axis: 1 }), [1n, 0n]],
    ["all of nothing", o.all(o.zeros([0, 2]), { axis: 0 }), [1, 1]],
    ["countNonzero", o.countNonzero(x, { axis: 1 }), [2n, 3n]],
  ])("%s", async (_, node, expected) => {
    expect(await value(node)).toEqual(expected);
  });
});
