/** Block functions, reductions, scans and kernels as users call them: values, inline and on workers. */
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { runtime } from "../../dist/exec/runtime.js";
import * as cw from "../../dist/index.js";

const PLACES = [{ executor: "inline" }, { executor: "threads", workers: 2 }] as const;
const MODULE = new URL("./block-module.mjs", import.meta.url);

afterEach(() => expect(runtime.account().used).toBe(0));
afterAll(() => cw.shutdown());

async function expectValues(x: cw.LazyArray, want: unknown): Promise<void> {
  for (const place of PLACES) expect((await x.compute(place)).toNested()).toEqual(want);
}

/** 0 … 23 as 4 rows of 6, in blocks of [2, 4]. */
const x = cw.arange(24, { dtype: "float64" }).reshape([4, 6]).rechunk([2, 4]);
const rows = [0, 1, 2, 3].map((i) => [0, 1, 2, 3, 4, 5].map((j) => 6 * i + j));

describe("mapBlocks", () => {
  it("drops an axis, whose blocks arrive together", async () => {
    const sums = cw.mapBlocks(
      (b) =>
        Float64Array.from({ length: b.shape[0] ?? 0 }, (_, i) => {
          let sum = 0;
          for (let j = 0; j < (b.shape[1] ?? 0); j++) sum += b.get(i, j);
          return sum;
        }),
      x,
      { dropAxis: 1 },
    );
    expect(sums.chunks).toEqual([[2, 2]]);
    await expectValues(sums, [15, 51, 87, 123]);
  });

  it("adds an axis and knows its place in the new grid", async () => {
    const places = cw.mapBlocks(
      (_, { shape, blockId, offset }) =>
        new Int32Array(shape.reduce((n, s) => n * s, 1)).fill(
          Number([...blockId, ...offset].join("")),
        ),
      x,
      { dtype: "int32", newAxis: 1, chunks: [null, 1, 1] },
    );
    expect(places.shape).toEqual([4, 1, 2]);
    await expectValues(places, [[[0, 1001]], [[0, 1001]], [[100200, 101201]], [[100200, 101201]]]);
  });

  it("gives several results from one call per block", async () => {
    const [same, large] = cw.mapBlocks(
      (b) => [b, Uint8Array.from(b.data, (v) => Number(v > 20))],
      x,
      {
        dtype: ["float64", "bool"],
      },
    );
    await expectValues(same, rows);
    await expectValues(large.sum({ axis: 1 }), [0n, 0n, 0n, 3n]);
    const both = await cw.compute({ same, large }, { executor: "threads", workers: 2 });
    expect(both.large.get(3, 5)).toBe(true);
    const planned = cw.plan([same, large]);
    expect(planned.stages.filter((s) => s.kind === "call").length).toBe(1);
  });

  it("takes exports of modules, by URL, path, or as default", async () => {
    const tripled = cw.mapBlocks({ module: MODULE, export: "tripled" }, x);
    await expectValues(
      tripled,
      rows.map((r) => r.map((v) => 3 * v)),
    );
    const total = cw.mapBlocks({ module: MODULE.pathname }, x, { chunks: 1, dropAxis: 1 });
    await expectValues(total.at(0), 66);
  });

  it.each([
    ["missing", /does not export a function "missing"; it exports added, default, /],
    ["notAFunction", /does not export a function "notAFunction"/],
  ])("refuses the export %s when it runs", async (name, message) => {
    const wrong = cw.mapBlocks({ module: MODULE, export: name }, x);
    for (const place of PLACES) {
      const error = (await wrong.compute(place).catch((e: unknown) => e)) as cw.TaskError;
      expect(error).toBeInstanceOf(cw.TaskError);
      expect(error.message).toMatch(message);
    }
  });
  it("refuses a module that is not there when it runs", async () => {
    const wrong = cw.mapBlocks({ module: "/nowhere/blocks.mjs", export: "f" }, x);
    for (const place of PLACES) {
      await expect(wrong.compute(place)).rejects.toThrow(
        /function "f": the module file:\/\/\/nowhere\/blocks.mjs could not be loaded/,
      );
    }
  });
});

describe("blockwise", () => {
  it("is a matrix product over blocks", async () => {
    const product = cw.blockwise(
      (a, b, { shape: [n = 0, m = 0] }) => {
        const out = new Float64Array(n * m);
        for (let i = 0; i < n; i++) {
          for (let k = 0; k < m; k++) {
            for (let j = 0; j < (a.shape[1] ?? 0); j++) {
              out[i * m + k] = (out[i * m + k] ?? 0) + a.get(i, j) * b.get(j, k);
            }
          }
        }
        return out;
      },
      "ik",
      [x, "ij"],
      [x.T, "jk"],
    );
    expect(product.chunks).toEqual([
      [2, 2],
      [2, 2],
    ]);
    const want = rows.map((a) => rows.map((b) => a.reduce((s, v, j) => s + v * (b[j] ?? 0), 0)));
    await expectValues(product, want);
  });
  it("transposes, repeats and shortens", async () => {
    const turned = cw.blockwise(
      (b) => ({ data: b.data, shape: [...b.shape].reverse(), stride: [...b.stride].reverse() }),
      ["col", "row"],
      [x, ["row", "col"]],
    );
    await expectValues(
      turned,
      [0, 1, 2, 3, 4, 5].map((j) => rows.map((r) => r[j])),
    );
    const firsts = cw.blockwise((b) => Float64Array.of(b.get(0, 0)), "ij", [x, "ij"], {
      adjustChunks: { i: 1, j: () => 1 },
    });
    await expectValues(firsts, [
      [0, 4],
      [12, 16],
    ]);
  });
});

describe("applyGufunc", () => {
  it("reads core dimensions in one block, wherever they are", async () => {
    const norms = cw.applyGufunc((v) => Math.max(...v.data), "(n)->()", x, {
      vectorize: true,
      allowRechunk: true,
    });
    await expectValues(norms, [5, 11, 17, 23]);
    const columns = cw.applyGufunc(
      (v) => v.data.toReversed?.() ?? v.data.slice().reverse(),
      "(n)->(n)",
      x,
      {
        vectorize: true,
        allowRechunk: true,
        axis: 0,
      },
    );
    await expectValues(columns, [...rows].reverse());
  });
  it("calls with whole blocks without vectorize, loop axes first", async () => {
    const y = x.rechunk([2, -1]);
    const [low, high] = cw.applyGufunc(
      (b) => {
        const n = b.shape.at(-1) ?? 1;
        const pick = (k: number): Float64Array => b.data.filter((_, i) => i % n === k);
        return [pick(0), pick(n - 1)];
      },
      "(n)->(),()",
      y,
      { outputDtypes: ["float64", "float64"] },
    );
    await expectValues(low, [0, 6, 12, 18]);
    await expectValues(high, [5, 11, 17, 23]);
  });
  it("hands over elements in the dtype's own type, and takes them back", async () => {
    const big = cw.asarray(new BigInt64Array([1n, -2n, 3n])).rechunk(2);
    await expectValues(
      cw.applyGufunc((v) => v * 2n, "()->()", big, { vectorize: true }),
      [2n, -4n, 6n],
    );
    const truth = cw.applyGufunc((v) => v < 0n, "()->()", big, {
      vectorize: true,
      outputDtypes: "bool",
    });
    await expectValues(truth, [false, true, false]);
    const z = cw.applyGufunc((v) => [v, -v], "()->()", cw.arange(2), {
      vectorize: true,
      outputDtypes: "complex128",
    });
    expect(Array.from((await z.compute()).data as Float64Array)).toEqual([0, -0, 1, -1]);
  });
  it.each([
    ["2.5", "int32", "an Int32Array"],
    ["'a'", "float64", "a Float64Array"],
    ["3", "int64", "a BigInt64Array"],
    ["1", "bool", "a Uint8Array"],
    ["300", "uint8", "a Uint8Array"],
  ] as const)("refuses %s as %s", async (value, dtype, wanted) => {
    const fn = new Function(`return (() => ${value});`)() as () => unknown;
    const bad = cw.applyGufunc(fn, "()->()", x, { vectorize: true, outputDtypes: dtype });
    for (const place of PLACES) {
      await expect(bad.compute(place)).rejects.toThrow(
        new RegExp(`where ${wanted} of shape \\(\\)`),
      );
    }
  });
  it("gives every call its own slices, which may be written to", async () => {
    const y = cw.arange(6, { dtype: "float64" });
    const sums = cw.applyGufunc(
      (a, b) => {
        let sum = 0;
        for (let i = 0; i < a.data.length; i++) sum += (a.data[i] ?? 0) * (b.data[i] ?? 0);
        a.data.fill(7);
        b.data.fill(7);
        return sum;
      },
      "(n),(n)->()",
      x.rechunk([2, -1]),
      y,
      { vectorize: true },
    );
    await expectValues(
      sums,
      rows.map((r) => r.reduce((s, v, j) => s + v * j, 0)),
    );
  });
  it("waits for asynchronous functions, call by call", async () => {
    const later = cw.applyGufunc(
      async (v, { offset, params }) => {
        await Promise.resolve();
        return v * params + (offset[0] ?? 0);
      },
      "()->()",
      cw.arange(5, { chunks: 2 }),
      { vectorize: true, params: 10 },
    );
    await expectValues(later, [0, 11, 22, 33, 44]);
  });
});

describe("reduction", () => {
  const values = Array.from({ length: 100 }, (_, i) => Math.sin(i));
  const y = cw.asarray(values).rechunk(3);
  const mean = (splitEvery: number | undefined, combine: boolean): cw.LazyArray<"float64"> =>
    y.reduction({
      chunk: (b) => [
        Float64Array.of(b.data.reduce((s, v) => s + v, 0)),
        BigInt64Array.of(BigInt(b.size)),
      ],
      combine: combine
        ? (s, n) => [
            Float64Array.of(s.data.reduce((a, v) => a + v, 0)),
            BigInt64Array.of(n.data.reduce((a, v) => a + v, 0n)),
          ]
        : undefined,
      aggregate: (s, n) =>
        Float64Array.of(
          s.data.reduce((a, v) => a + v, 0) / Number(n.data.reduce((a, v) => a + v, 0n)),
        ),
      partialDtype: ["float64", "int64"],
      splitEvery,
    });
  it("has several partials, with or without combine", async () => {
    const want = values.reduce((s, v) => s + v, 0) / 100;
    for (const made of [mean(undefined, false), mean(2, true), mean(5, true)]) {
      expect((await made.compute()).item()).toBeCloseTo(want, 14);
    }
  });
  it("gives the same bits in every budget, on any number of workers", async () => {
    const first = (await mean(3, true).compute({ executor: "inline" })).item();
    for (const workers of [1, 2, 3]) {
      for (const memory of ["1MiB", "256MiB"]) {
        const again = await mean(3, true).compute({ executor: "threads", workers, memory });
        expect(Object.is(again.item(), first)).toBe(true);
      }
    }
  });
  it("reduces some axes and tells which", async () => {
    const most = (keepdims: boolean): cw.LazyArray<"float64"> => {
      const along = (b: cw.Block<"float64">, info: cw.ReductionInfo): Float64Array => {
        if (String(info.axes) !== "0") throw new Error("axes");
        const [n = 0, m = 0] = b.shape;
        return Float64Array.from({ length: m }, (_, j) =>
          Math.max(...Array.from({ length: n }, (__, i) => b.get(i, j))),
        );
      };
      return cw.reduction(x, { chunk: along, aggregate: along, axis: 0, keepdims });
    };
    await expectValues(most(false), rows[3]);
    await expectValues(most(true), [rows[3]]);
  });
});

describe("scan", () => {
  const block = (b: cw.Block<"float64">): Float64Array => {
    let most = Number.NEGATIVE_INFINITY;
    return b.data.map((v) => {
      most = Math.max(most, v);
      return most;
    });
  };
  const values = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7];
  const want = values.map((_, i) => Math.max(...values.slice(0, i + 1)));
  it.each([1, 2, 3, 5, 7, 13, 14, 20])("of blocks of %d", async (chunks) => {
    const y = cw.asarray(values).rechunk(chunks);
    const combine = (carry: cw.Block<"float64">, b: cw.Block<"float64">): Float64Array =>
      b.data.map((v) => Math.max(v, carry.get(0)));
    await expectValues(y.scan({ block, combine }), want);
    const total = (b: cw.Block<"float64">): Float64Array => Float64Array.of(Math.max(...b.data));
    await expectValues(cw.scan(y, { block, combine, total }), want);
  });
  it("changes the dtype, and refuses states of the wrong length", async () => {
    const counts = cw.scan(cw.asarray([true, false, true, true, false]).rechunk(2), {
      block: (b) => {
        let n = 0;
        return Int32Array.from(b.data, (v) => (n += v));
      },
      combine: (carry, b) => b.data.map((v) => v + carry.get(0)),
      dtype: "int32",
    });
    await expectValues(counts, [1, 1, 2, 3, 3]);
    const wrong = cw.scan(cw.arange(9, { chunks: 2 }), {
      block: (b) => b.data,
      combine: () => new Float64Array(2),
    });
    for (const place of PLACES) {
      await expect(wrong.compute(place)).rejects.toThrow(
        /returned a Float64Array of length 2 for block \(0\) where a Float64Array of shape \(1\)/,
      );
    }
  });
});

describe("kernel", () => {
  it("fuses with what is around it", async () => {
    const f = cw.kernel((a, b) => a.multiply(2).add(b.sqrt()));
    const y = f(x, x.at(0)).sum({ axis: 1 });
    expect(y.plan().stages.length).toBe(x.sum({ axis: 1 }).plan().stages.length);
    const want = rows.map((r) => r.reduce((s, v, j) => s + (2 * v + Math.sqrt(j)), 0));
    const got = (await y.compute()).toNested() as number[];
    got.forEach((v, i) => {
      expect(v).toBeCloseTo(want[i] as number, 12);
    });
  });
  it("works on any dtypes, with values from outside, scalars and several results", async () => {
    const limit = 3;
    const f = cw.kernel((a) => [cw.where(a.greater(limit), limit, a), a.isnan()]);
    const [low, nan] = f(cw.asarray([1, 5, Number.NaN])) as [cw.LazyArray, cw.LazyArray];
    await expectValues(low, [1, 3, Number.NaN]);
    await expectValues(nan, [false, false, true]);
    const scaled = cw.kernel((a: cw.LazyArray, by: number) => cw.multiply(a, by));
    expect(scaled(cw.ones([2], { dtype: "int16" }), 3).dtype).toBe("int16");
    await expectValues(
      scaled(x, 2),
      rows.map((r) => r.map((v) => 2 * v)),
    );
  });
  it("works on selections, and stretches constants", async () => {
    const f = cw.kernel((a) => a.add(1));
    expect((await f(x.at(x.greater(20))).compute()).toNested()).toEqual([22, 23, 24]);
    const g = cw.kernel((a: cw.LazyArray, b: cw.LazyArray) => [a, b]);
    const [, second] = g(x, cw.asarray([5, 6, 7, 8, 9, 10])) as [cw.LazyArray, cw.LazyArray];
    expect(second.shape).toEqual([4, 6]);
    await expectValues(second.sum({ axis: 1 }), [45, 45, 45, 45]);
  });
});
