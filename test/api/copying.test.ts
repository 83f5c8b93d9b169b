/** What copying a store takes: groups of their own, plans of writes, codecs carried over, arrays without a fill value. */
import { afterAll, describe, expect, it } from "vitest";
import * as cw from "../../dist/index.js";

afterAll(() => cw.shutdown());

type Memory = ReturnType<typeof cw.memoryStore>;
const keys = (store: Memory): string[] => [...(store.list("/") as Iterable<string>)].sort();
const text = (store: Memory, key: `/${string}`): string =>
  new TextDecoder().decode(store.get(key) as Uint8Array);
const rejection = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "no error",
    (error: unknown) => error,
  );

describe("createGroup", () => {
  it.each([3, 2] as const)(
    "makes a v%i group and those above it, and adds attributes",
    async (v) => {
      const store = cw.memoryStore();
      await cw.createGroup(store, { path: "a/b", attributes: { one: 1 }, zarrFormat: v });
      await cw.createGroup(store, { path: "a/b", attributes: { two: "2" } });
      const root = await cw.openGroup(store);
      expect(root.groups["a"]?.groups["b"]?.attributes).toEqual({ one: 1, two: "2" });
      expect(root.attributes).toEqual({});
      expect(keys(store).some((key) => key.endsWith(v === 3 ? "zarr.json" : ".zgroup"))).toBe(true);
    },
  );

  it("is refused where an array is in the way, and for unknown options", async () => {
    const store = cw.memoryStore();
    await cw.ones([2]).toZarr(store, { path: "x" });
    const before = keys(store);
    for (const path of ["x", "x/y"]) {
      expect(await rejection(cw.createGroup(store, { path }))).toBeInstanceOf(cw.ZarrError);
    }
    // @ts-expect-error: no such option
    const wrong = await rejection(cw.createGroup(store, { attribute: {} }));
    expect(wrong).toBeInstanceOf(cw.OptionError);
    expect((wrong as Error).message).toContain("did you mean attributes?");
    expect(await rejection(cw.createGroup(store, { path: "../up" }))).toBeInstanceOf(cw.ZarrError);
    expect(keys(store)).toEqual(before);
  });
});

describe("explainToZarr", () => {
  const x = cw.ones([400, 300], { chunks: [100, 300] });

  it("says what the write will do, and writes nothing", async () => {
    const store = cw.memoryStore();
    const options = { path: "x", chunks: [400, 100], memory: "64MiB", workers: 2 } as const;
    const report = await x.explainToZarr(store, options);
    expect(keys(store)).toEqual([]);
    const writes = report.stages.filter((s) => s.kind === "write");
    expect(writes.map((s) => s.bytesOut)).toEqual([400 * 300 * 8]);
    expect(report.memory).toBe(64 * 2 ** 20);
    const stats = await x.toZarr(store, options);
    expect(stats.bytesWritten).toBe(400 * 300 * 8);
    expect(stats.tasks).toBe(report.planned.tasks);
    expect(stats.peakBytes).toBeLessThanOrEqual(report.planned.peakBytes);
  });

  it("refuses what toZarr refuses, and gives the place back", async () => {
    const store = cw.memoryStore();
    await x.toZarr(store, { path: "x" });
    const own = await cw.openZarr(store, { path: "x" });
    const before = keys(store);
    for (const [array, options, error] of [
      [x, { path: "x" }, cw.ZarrError],
      [own, { path: "x", mode: "overwrite" }, cw.ZarrError],
      [x, { path: "y", chunks: [1] }, cw.ChunkError],
      [x, { path: "y", memory: 1000 }, cw.MemoryLimitError],
      [x.at(x.greater(0)), { path: "y" }, cw.ShapeError],
    ] as const) {
      expect(await rejection(cw.explainToZarr(array, store, options))).toBeInstanceOf(error);
      expect(keys(store)).toEqual(before);
    }
    // Nobody is said to be writing there: neither who was refused nor who was answered holds the place.
    for (const _ of [1, 2]) await x.explainToZarr(store, { path: "x", mode: "overwrite" });
  });
});

describe("codecs of a store that are given to a copy", () => {
  it.each<[string, cw.ToZarrOptions]>([
    ["zstd", { codecs: { name: "zstd", level: 7, checksum: true } }],
    ["blosc", { codecs: { name: "blosc", cname: "lz4hc", clevel: 2, shuffle: "noshuffle" } }],
    ["raw", { codecs: "raw" }],
    ["several", { codecs: [{ name: "transpose", order: [1, 0] }, "shuffle", "gzip", "crc32c"] }],
    [
      "big-endian",
      {
        codecs: [
          { name: "bytes", endian: "big" },
          { name: "zlib", level: 3 },
        ],
      },
    ],
  ])("%s", async (_, options) => {
    const x = cw.arange(60, { dtype: "int32" }).reshape([6, 10]);
    for (const from of [3, 2] as const) {
      const store = cw.memoryStore();
      await x.toZarr(store, { path: "a", zarrFormat: from, ...options });
      const node = await cw.describeStore(store, { path: "a" });
      if (node.kind !== "array" || node.error !== undefined) throw new Error("no array");
      expect(node.codecChoice).toBeDefined();
      for (const to of [3, 2] as const) {
        const [direct, carried] = [`direct${to}`, `carried${to}`];
        const own = { zarrFormat: to } as const;
        const [one, two] = [cw.memoryStore(), cw.memoryStore()];
        await x.toZarr(one, { path: direct, ...own, ...options });
        await x.toZarr(two, { path: carried, ...own, codecs: node.codecChoice });
        const name = to === 3 ? "zarr.json" : ".zarray";
        expect(text(two, `/${carried}/${name}`)).toBe(text(one, `/${direct}/${name}`));
      }
    }
  });

  it("are unknown where one of them cannot be written", async () => {
    const store = cw.memoryStore();
    await cw.ones([4]).toZarr(store, { zarrFormat: 2 });
    const document = JSON.parse(text(store, "/.zarray")) as object;
    const changed = { ...document, filters: [{ id: "delta", dtype: "<f8" }] };
    store.set("/.zarray", new TextEncoder().encode(JSON.stringify(changed)));
    const node = await cw.describeStore(store);
    if (node.kind !== "array" || node.error !== undefined) throw new Error("no array");
    expect(node.codecs).toContain("delta");
    expect(node.codecChoice).toBeUndefined();
  });
});

describe("fillValue null", () => {
  it("is no fill value in v2, and refused in v3", async () => {
    const store = cw.memoryStore();
    const zeros = cw.zeros([3], { dtype: "int16" });
    const attributes = { scale_factor: 0.5 };
    await zeros.toZarr(store, { path: "none", zarrFormat: 2, fillValue: null, attributes });
    await zeros.toZarr(store, { path: "zero", zarrFormat: 2, attributes });
    const values = async (path: string): Promise<unknown> =>
      (await (await cw.openZarr(store, { path })).compute()).toNested();
    expect(await values("none")).toEqual([0, 0, 0]);
    expect(await values("zero")).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect((await cw.openZarr(store, { path: "none" })).fillValue).toBeNull();
    const refused = await rejection(zeros.toZarr(cw.memoryStore(), { fillValue: null }));
    expect(refused).toBeInstanceOf(cw.OptionError);
  });
});
