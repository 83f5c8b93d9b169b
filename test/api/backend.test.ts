/** The engine as a labelled-array library uses it: operations, shared reads, and arrays that stay what they are. */
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { runtime } from "../../dist/exec/runtime.js";
import * as cw from "../../dist/index.js";
import { type CountingSource, countingSource } from "./counting.js";

const { backend } = cw;
const PLACES = ["inline", "threads"] as const;
const root = fs.mkdtempSync(path.join(tmpdir(), "chunkwise-backend-"));

afterEach(() => expect(runtime.account().used).toBe(0));
afterAll(async () => {
  await cw.shutdown();
  fs.rmSync(root, { recursive: true });
});

/** 6 x 4, values 0 to 23, in six chunks of 2 x 2. */
const source = (): CountingSource => countingSource([6, 4], [2, 2], ([i = 0, j = 0]) => 4 * i + j);
const nested = async (x: cw.LazyArray): Promise<unknown> => (await x.compute()).toNested();

describe("grids", () => {
  it("knows its arrays", () => {
    expect(backend.isChunkedArray(cw.ones([2]))).toBe(true);
    for (const other of [new Float64Array(2), { node: {} }, undefined, 3, [cw.ones([2])]]) {
      expect(backend.isChunkedArray(other)).toBe(false);
    }
    expect(cw.ones([2])).toBeInstanceOf(backend.arrayClass);
    expect(backend.chunks(cw.ones([5, 2], { chunks: [2, 2] }))).toEqual([[2, 2, 1], [2]]);
  });

  it.each([
    ["a length for all axes", 4, [10, 3], {}, [[4, 4, 2], [3]]],
    ["one entry per axis", [-1, [1, 2]], [10, 3], {}, [[10], [1, 2]]],
    ["by axis number", { 0: 5 }, [10, 3], {}, [[5, 5], [3]]],
    ["null without chunks that are there", [null, 2], [10, 3], {}, [[10], [2, 1]]],
    [
      "null keeps chunks that are there",
      [null, 2],
      [10, 3],
      { previousChunks: 4 },
      [
        [4, 4, 2],
        [2, 1],
      ],
    ],
    ["a limit for auto", ["auto", -1], [100, 5], { limit: 800 }, [[20, 20, 20, 20, 20], [5]]],
    ["a limit in words", ["auto", -1], [100, 5], { limit: "2kB" }, [[50, 50], [5]]],
    ["a dtype", "auto", [1000], { limit: 500, dtype: "int8" }, [[500, 500]]],
    ["a size beside a limit", ["400B"], [100], { limit: 80 }, [[50, 50]]],
    // 8 chunks of 7 make 56 of the 62 elements that fit.
    ["whole chunks", "auto", [100], { limit: 500, previousChunks: 7 }, [[56, 44]]],
    [
      "parts of one chunk",
      "auto",
      [20],
      { limit: 32, previousChunks: [[10, 10]] },
      [[4, 4, 2, 4, 4, 2]],
    ],
    [
      "whole chunks beside a fixed axis",
      [-1, "auto"],
      [10, 64],
      { limit: 800, previousChunks: [2, 5] },
      [[10], [10, 10, 10, 10, 10, 10, 4]],
    ],
    ["an empty axis", "auto", [0, 3], { limit: 8, previousChunks: 2 }, [[0], [1, 1, 1]]],
  ] as const)("normalizeChunks: %s", (_, spec, shape, options, expected) => {
    expect(backend.normalizeChunks(spec as cw.ChunkSpec, shape, options)).toEqual(expected);
  });

  it("blocks of whole chunks never share a chunk, whatever the limit", () => {
    for (const limit of [8, 100, 333, 1000, 5000, 1e6]) {
      const previousChunks = [7, 5];
      const cuts = backend.normalizeChunks("auto", [100, 33], { limit, previousChunks });
      cuts.forEach((sizes, axis) => {
        const chunk = previousChunks[axis] as number;
        let start = 0;
        for (const size of sizes) {
          const [first, last] = [start / chunk, (start + size - 1) / chunk].map(Math.floor);
          expect(start % chunk === 0 || first === last, `${limit}: ${start} + ${size}`).toBe(true);
          start += size;
        }
        expect(start).toBe([100, 33][axis]);
      });
      const largest = cuts.reduce((n, sizes) => n * Math.max(...sizes), 8);
      expect(largest).toBeLessThanOrEqual(limit);
    }
  });

  it("fromArray takes what has a shape and reads nothing", async () => {
    const counting = source();
    const x = backend.fromArray(counting.source, { chunks: [4, 4], dtype: "float32" });
    expect([x.chunks, x.dtype, counting.reads.size]).toEqual([[[4, 2], [4]], "float32", 0]);
    expect(await nested(x.at(0))).toEqual([0, 1, 2, 3]);
    const typed = backend.fromArray(new Int16Array(6), { shape: [2, 3], chunks: [1, 3] });
    expect([typed.chunks, typed.dtype]).toEqual([[[1, 1], [3]], "int16"]);
    expect(backend.fromArray(typed)).toHaveProperty("node", typed.node);
    expect(backend.fromArray([[1, 2]]).shape).toEqual([1, 2]);
    expect(await nested(backend.fromArray(await typed.add(2).compute()))).toEqual([
      [2, 2, 2],
      [2, 2, 2],
    ]);
    expect(backend.rechunk(typed, 2).chunks).toEqual([[2], [2, 1]]);
    expect(backend.getAutoChunkSize()).toBe(
      8 * (backend.normalizeChunks("auto", [1e9])[0]?.[0] as number),
    );
  });

  it("the array functions are a namespace", async () => {
    const { arrayApi: xp } = backend;
    expect(await nested(xp.var(xp.asarray([1, 3])))).toBe(1);
    const runs =
      /^(?:analyze|backend|blocks|compute|configure|createGroup|describeCodecs|explain|explainToZarr|expr|measure|persist|plan|preview|shutdown|store|toZarr)$|Store$|^open/;
    const missing = Object.entries(cw)
      .filter(
        ([name, value]) => typeof value === "function" && /^[a-z]/.test(name) && !runs.test(name),
      )
      .filter(([name, value]) => (xp as Readonly<Record<string, unknown>>)[name] !== value)
      .map(([name]) => name);
    expect(missing).toEqual([]);
  });
});

describe("unifyChunks", () => {
  const x = cw.ones([12, 6], { chunks: [4, 3] });
  const y = cw.ones([6], { chunks: 2 });

  it("gives axes of one label the blocks of the heaviest array that is cut", () => {
    const { chunks, arrays } = backend.unifyChunks([
      [x, "ij"],
      [y, ["j"]],
    ]);
    expect(chunks).toEqual({ i: [4, 4, 4], j: [3, 3] });
    expect(arrays.map((a) => a.chunks)).toEqual([
      [
        [4, 4, 4],
        [3, 3],
      ],
      [[3, 3]],
    ]);
    expect(arrays[0]?.node).toBe(x.node);
  });

  it("refines so that every block lies in one block of each", () => {
    const { chunks } = backend.unifyChunks(
      [
        [x, "ij"],
        [y, "j"],
      ],
      { agree: "refine" },
    );
    expect(chunks).toEqual({ i: [4, 4, 4], j: [2, 1, 1, 2] });
    expect(backend.unifyChunks([[y, [7]]]).chunks).toEqual({ 7: [2, 2, 2] });
    const fine = cw.ones([12], { chunks: 2 });
    expect(
      backend.unifyChunks(
        [
          [x, "ij"],
          [fine, "i"],
        ],
        { agree: "refine" },
      ).chunks["i"],
    ).toEqual([2, 2, 2, 2, 2, 2]);
  });

  it("refined borders are the borders of all", () => {
    const borders = (sizes: readonly number[] = []): number[] => {
      let end = 0;
      return sizes.map((size) => (end += size));
    };
    for (let a = 1; a <= 12; a++) {
      for (let b = 1; b <= 12; b++) {
        const [p, q] = [cw.ones([23], { chunks: a }), cw.ones([23], { chunks: [[b, 23 - b]] })];
        const { chunks } = backend.unifyChunks(
          [
            [p, "i"],
            [q, "i"],
          ],
          { agree: "refine" },
        );
        const union = new Set([...borders(p.chunks[0]), ...borders(q.chunks[0])]);
        expect(borders(chunks["i"])).toEqual([...union].sort((x, y) => x - y));
      }
    }
  });

  it("leaves axes of length 1 alone, and an array that is not cut has no say", () => {
    const whole = cw.ones([600, 12]);
    const { chunks, arrays } = backend.unifyChunks([
      [x, "ij"],
      [cw.ones([1, 6]), "ij"],
      [whole, "ki"],
    ]);
    expect(chunks).toEqual({ i: [4, 4, 4], j: [3, 3], k: [600] });
    expect(arrays[1]?.chunks).toEqual([[1], [3, 3]]);
    expect(arrays[2]?.chunks).toEqual([[600], [4, 4, 4]]);
  });
});

it("functions of blocks are the free ones", () => {
  const { applyGufunc, blockwise, mapBlocks, rechunk, reduction, scan } = cw;
  expect(backend).toMatchObject({ applyGufunc, blockwise, mapBlocks, rechunk, reduction, scan });
});

describe("shuffle", () => {
  const x = cw.arange(10, { dtype: "int32" }).rechunk(4);

  it("puts groups one after another, each in one block", async () => {
    const even = [0, 2, 4, 6, 8];
    const odd = Int32Array.of(1, 3, 5, 7, 9);
    const shuffled = backend.shuffle(x, [even, odd], 0);
    expect(shuffled.chunks).toEqual([[5, 5]]);
    expect(await nested(shuffled)).toEqual([...even, ...odd]);
  });

  it("joins small groups up to the length of a block", () => {
    const groups = [[0], [1, 2], [3, 4], [], [5, -1]];
    expect(backend.shuffle(x, groups, 0).chunks).toEqual([[3, 4]]);
    expect(backend.shuffle(x, groups, -1, { chunks: 7 }).chunks).toEqual([[7]]);
    expect(backend.shuffle(x, [], 0).chunks).toEqual([[0]]);
  });

  it("is seen by block functions", async () => {
    const sums = cw.mapBlocks(
      (block: { data: Int32Array }) => block.data.map(() => block.data.reduce((a, b) => a + b, 0)),
      backend.shuffle(x, [[9, 0], [1, 2, 3], [4]], 0, { chunks: 3 }),
    );
    expect(await nested(sums)).toEqual([9, 9, 6, 6, 6, 4]);
  });
});

describe.each(PLACES)("many arrays at once, %s", (executor) => {
  it("computeMany reads once what its datasets share, and answers in their shape", async () => {
    const counting = source();
    const x = backend.fromArray(counting.source);
    const [first, mean, list] = await backend.computeMany(
      [{ sum: x.sum({ axis: 0 }), twice: x.multiply(2) }, x.mean(), [x.max(), x.min()]],
      { executor },
    );
    expect(first.sum.toNested()).toEqual([60, 66, 72, 78]);
    expect(first.twice.get(5, 3)).toBe(46);
    expect([mean.item(), list[0]?.item(), list[1]?.item()]).toEqual([11.5, 23, 0]);
    expect([...counting.reads.values()]).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it("one by one, the same arrays read the source five times", async () => {
    const counting = source();
    const x = backend.fromArray(counting.source);
    for (const y of [x.sum({ axis: 0 }), x.multiply(2), x.mean(), x.max(), x.min()]) {
      await y.compute({ executor });
    }
    expect([...counting.reads.values()]).toEqual([5, 5, 5, 5, 5, 5]);
  });

  it("compute passes on what is not lazy", async () => {
    const data = new Float64Array([1, 2]);
    const [a, b, c] = await backend.compute([cw.asarray([1, 2]), data, "text"], { executor });
    expect([a.toNested(), b, c]).toEqual([[1, 2], data, "text"]);
    expect(b).toBe(data);
    expect(await backend.compute([], { executor })).toEqual([]);
  });

  it("persist keeps arrays in their blocks, computed in one plan", async () => {
    const counting = source();
    const x = backend.fromArray(counting.source);
    const [low, seven, high] = await backend.persist([x.add(1), 7, x.add(100)], { executor });
    expect([...counting.reads.values()]).toEqual([1, 1, 1, 1, 1, 1]);
    expect([low.chunks, seven]).toEqual([x.chunks, 7]);
    expect((await high.sum().compute({ executor })).item()).toBe(276 + 2400);
    expect(counting.reads.size).toBe(6);
    low.dispose();
    high.dispose();
    await expect(low.compute()).rejects.toThrow("persisted add was disposed");
  });

  it("store writes every array into its own target in one plan", async () => {
    const counting = source();
    const x = backend.fromArray(counting.source);
    const url = path.join(root, `${executor}.zarr`);
    const memory = cw.memoryStore();
    await cw.zeros([8, 4], { chunks: [2, 4] }).toZarr(url, { path: "old" });
    await backend.store(
      [x.add(1), x.at(cw.slice(0, 2)), x.mean({ axis: 0 })],
      [
        { url: memory, path: "plus", dimensionNames: ["i", "j"] },
        { url, path: "old", mode: "region", region: [cw.slice(4, 6)] },
        { url, path: "mean", attributes: { units: "K" } },
      ],
      { executor },
    );
    expect([...counting.reads.values()]).toEqual([1, 1, 1, 1, 1, 1]);
    const plus = await cw.openZarr(memory, { path: "plus" });
    expect([plus.dimensionNames, (await plus.sum().compute()).item()]).toEqual([["i", "j"], 300]);
    const old = await cw.openZarr(url, { path: "old" });
    expect(await nested(old.at(cw.slice(3, 7)))).toEqual([
      [0, 0, 0, 0],
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [0, 0, 0, 0],
    ]);
    expect(await nested(await cw.openZarr(url, { path: "mean" }))).toEqual([10, 11, 12, 13]);
  });
});

describe("optimizeMany", () => {
  it("makes one expression of what is equal, and reads it once", async () => {
    const counting = source();
    const x = backend.fromArray(counting.source);
    const spelled = x.at(cw.slice(0, 4)).at(cw.slice(0, 2)).sum({ axis: 1 });
    const short = x.at(cw.slice(0, 2)).sum({ axis: 1 });
    expect(spelled.node).not.toBe(short.node);
    const [{ a }, [b]] = backend.optimizeMany([{ a: spelled }, [short]]);
    expect(a.node).toBe(b?.node);
    const [left, right] = await backend.computeMany([a, b as cw.LazyArray]);
    expect([left.toNested(), right.toNested()]).toEqual([
      [6, 22],
      [6, 22],
    ]);
    expect([...counting.reads].sort()).toEqual([
      ["0:2,0:2", 1],
      ["0:2,2:4", 1],
    ]);
  });

  it("keeps shapes, dtypes, blocks and bits", async () => {
    const x = cw
      .sin(cw.arange(600, { dtype: "float32" }))
      .reshape([20, 30])
      .rechunk([6, 7]);
    const asked = [
      x.T.T.add(0).sum({ axis: 0 }),
      x
        .at(cw.slice(3, 17, 2))
        .multiply(1)
        .rechunk([2, 30]),
      cw.concat([x, x]).max({ axis: 1 }),
      x.astype("float64").astype("float64").cumulativeSum({ axis: 1 }),
    ];
    const optimized = backend.optimizeMany(asked);
    const facts = (a: cw.LazyArray): unknown => [a.shape, a.dtype, a.chunks];
    expect(optimized.map(facts)).toEqual(asked.map(facts));
    const raw = await cw.compute(asked, { optimize: false });
    const results = await cw.compute(optimized);
    expect(results.map((r) => r.data)).toEqual(raw.map((r) => r.data));
    const again = backend.optimizeMany(optimized);
    expect(again.map((a) => a.node)).toEqual(optimized.map((a) => a.node));
  });
});
