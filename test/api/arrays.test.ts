/** LazyArray, its methods, results and data at hand. */
import ops from "ndarray-ops";
import { describe, expect, it } from "vitest";
import * as cw from "../../dist/index.js";
import { evaluate } from "../../dist/kernels/reference/index.js";

/** A result by way of the reference interpreter. */
async function result<D extends cw.DType>(x: cw.LazyArray<D>): Promise<cw.NDArray<D>> {
  const [array] = await evaluate([x.node]);
  return new cw.NDArray<D>(array?.data as cw.ArrayFor<D>, array?.shape ?? [], x.dtype);
}

describe("LazyArray", () => {
  const x = cw.arange(60).reshape([10, 6]).rechunk([4, -1]).astype("float32");

  it("answers questions", () => {
    expect(x).toMatchObject({ ndim: 2, size: 60, nbytes: 240, dtype: "float32", shape: [10, 6] });
    expect(x.chunks).toEqual([[4, 4, 2], [6]]);
    expect(x.T.shape).toEqual([6, 10]);
    expect(x.expandDims().mT.shape).toEqual([1, 6, 10]);
    expect(x.is("float32")).toBe(true);
    expect(x.is("int8")).toBe(false);
    expect(String(x)).toBe("LazyArray<float32>[10, 6]");
  });

  it("has every function whose first argument is an array as a method, and they are the same", () => {
    const y = x.multiply(2);
    expect(y.node).toBe(cw.multiply(x, 2).node);
    expect(x.sum({ axis: 0 }).node).toBe(cw.sum(x, { axis: 0 }).node);
    expect(x.var().node).toBe(cw.var(x).node);
    expect(x.squeeze().node).toBe(x.node);
    expect(cw.expandDims(x).squeeze({ axis: 0 }).node).toBe(cw.expandDims(x).squeeze(0).node);
    expect(x.clip({ max: 3 }).node).toBe(cw.clip(x, null, 3).node);
    const notMethods = new Set([
      "applyGufunc",
      "arange",
      "asarray",
      "blockwise",
      "broadcastArrays",
      "concat",
      "configure",
      "createGroup",
      "describeCodecs",
      "describeStore",
      "directoryStore",
      "einsum",
      "empty",
      "eye",
      "expr",
      "fromSource",
      "full",
      "httpStore",
      "kernel",
      "linspace",
      "mapBlocks",
      "memoryStore",
      "meshgrid",
      "ones",
      "openGroup",
      "openZarr",
      "resultType",
      "s3Store",
      "shutdown",
      "slice",
      "stack",
      "store",
      "zeros",
    ]);
    const functions = Object.entries(cw).filter(
      ([name, v]) => typeof v === "function" && /^[a-z]/.test(name) && !notMethods.has(name),
    );
    expect(functions.length).toBeGreaterThan(100);
    for (const [name] of functions)
      expect([name, typeof Reflect.get(x, name)]).toEqual([name, "function"]);
  });

  it("does not list its methods", () => {
    expect(Object.keys(x).sort()).toEqual(["dtype", "node"]);
    expect(Object.keys(cw.LazyArray.prototype)).toEqual([]);
  });
});

describe("NDArray", () => {
  it("reads and writes positions", async () => {
    const a = await result(cw.arange(6).reshape([2, 3]));
    expect(a).toMatchObject({ stride: [3, 1], offset: 0, size: 6, dimension: 2, order: [1, 0] });
    expect(a.get(1, 2)).toBe(5);
    a.set(0, 1, 9);
    expect(a.toNested()).toEqual([
      [0, 9, 2],
      [3, 4, 5],
    ]);
    expect(() => a.get(2, 0)).toThrow("index 2 is out of bounds for axis 0; allowed are 0 to 1");
    expect(() => a.get(1)).toThrow("a position of shape [2, 3] has 2 numbers, got 1");
  });

  it("has elements of its dtype", async () => {
    const mask = await result(cw.asarray([true, false]));
    expect(mask.data).toBeInstanceOf(Uint8Array);
    expect(mask.toNested()).toEqual([true, false]);
    mask.set(1, true);
    expect(mask.get(1)).toBe(true);
    const complex = new cw.NDArray<"complex64">(new Float32Array([1, 2, 3, 4]), [2], "complex64");
    expect(complex.stride).toEqual([2]);
    expect(complex.toNested()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    complex.set(0, [5, 6]);
    expect(complex.toNdarray().get(0, 1)).toBe(6);
  });

  it("gives 64-bit integers as bigints, or as numbers where no bit is lost", async () => {
    const a = await result(cw.asarray([1n, 2n ** 53n]));
    expect(a.toNested()).toEqual([1n, 2n ** 53n]);
    expect(() => a.toNested({ bigint: "number" })).toThrow(
      "9007199254740992 does not fit a number exactly",
    );
    const one = await result(cw.asarray([7n]));
    expect(one.item()).toBe(7n);
    expect(one.item({ bigint: "number" })).toBe(7);
    expect(() => a.item()).toThrow("item: the array has 2 elements");
  });

  it("is an ndarray to ndarray-ops", async () => {
    const a = await result(cw.arange(6).reshape([2, 3]));
    const b = await result(cw.ones([2, 3]));
    ops.addeq(a as never, b as never);
    expect(a.toNested()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(ops.sum(a.toNdarray() as never)).toBe(21);
    const view = a.toNdarray().transpose(1, 0);
    expect([view.shape, view.get(2, 0)]).toEqual([[3, 2], 3]);
  });
});

describe("asarray", () => {
  const nested = async (x: cw.LazyArray): Promise<unknown> => (await result(x)).toNested();

  it.each<[string, cw.LazyArray, string, unknown]>([
    [
      "numbers",
      cw.asarray([
        [1, 2],
        [3, 4],
      ]),
      "float64",
      [
        [1, 2],
        [3, 4],
      ],
    ],
    ["bigints", cw.asarray([1n]), "int64", [1n]],
    ["booleans", cw.asarray([true]), "bool", [true]],
    ["numbers and booleans", cw.asarray([1, true] as number[]), "float64", [1, 1]],
    ["a dtype", cw.asarray([1, 2n] as number[], { dtype: "int8" }), "int8", [1, 2]],
    ["nothing", cw.asarray([]), "float64", []],
    ["empty lists", cw.asarray([[], []]), "float64", [[], []]],
    ["a scalar", cw.asarray(-0), "float64", -0],
    ["a typed array", cw.asarray(new Int16Array([1, -1])), "int16", [1, -1]],
    [
      "bytes as bools",
      cw.asarray(new Uint8Array([0, 2]), { dtype: "bool" }),
      "bool",
      [false, true],
    ],
    ["an array", cw.asarray(cw.ones([1]), { dtype: "int8" }), "int8", [1]],
    ["clamped bytes", cw.asarray(new Uint8ClampedArray([255]) as never), "uint8", [255]],
  ])("takes %s", async (_, x, dtype, expected) => {
    expect(x.dtype).toBe(dtype);
    expect(await nested(x)).toEqual(expected);
  });

  it("takes ndarrays of any stride, and results", async () => {
    const data = new Float32Array([0, 1, 2, 3, 4, 5]);
    expect(await nested(cw.asarray({ data, shape: [3, 2], stride: [1, 3], offset: 0 }))).toEqual([
      [0, 3],
      [1, 4],
      [2, 5],
    ]);
    expect(await nested(cw.asarray({ data, shape: [3], stride: [-2], offset: 5 }))).toEqual([
      5, 3, 1,
    ]);
    expect(() => cw.asarray({ data, shape: [7] })).toThrow("reaches beyond its data");
    const complex = new cw.NDArray<"complex64">(data, [3], "complex64");
    expect(await nested(cw.asarray(complex))).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
    ]);
  });

  it("cuts data as asked", () => {
    expect(cw.asarray(new Float64Array(10), { chunks: 4 }).chunks).toEqual([[4, 4, 2]]);
  });
});

describe("fromSource", () => {
  it("reads a user's source", async () => {
    const x = cw.fromSource({
      shape: [5],
      dtype: "float64",
      chunks: [2],
      readInto: ([axis], { data, offset, stride }) => {
        const { start, stop } = axis as { start: number; stop: number };
        for (let i = start; i < stop; i++) {
          (data as Float64Array)[offset + (i - start) * (stride[0] as number)] = i * i;
        }
      },
    });
    expect(x.chunks).toEqual([[2, 2, 1]]);
    expect((await result(x.add(1))).toNested()).toEqual([1, 2, 5, 10, 17]);
  });
});
