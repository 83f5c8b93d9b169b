/** Sharded arrays through the whole engine: budgets, several arrays of one plan, and writes that go on. */
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { runtime } from "../../dist/exec/runtime.js";
import * as cw from "../../dist/index.js";

const root = fs.mkdtempSync(join(tmpdir(), "chunkwise-shards-"));
const url = join(root, "a.zarr");
beforeEach(() => fs.rmSync(url, { recursive: true, force: true }));
afterAll(async () => {
  await cw.shutdown();
  fs.rmSync(root, { recursive: true, force: true });
});

const files = (): string[] =>
  fs
    .readdirSync(url, { recursive: true, withFileTypes: true })
    .filter((f) => f.isFile())
    .map((f) => join(f.parentPath, f.name).slice(url.length + 1))
    .sort();
const rejection = (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => expect.fail("it was not refused"),
    (e: Error) => e,
  );
const equal = async (x: cw.LazyArray, store: cw.StoreLike, path?: string): Promise<unknown> =>
  (await (await cw.openZarr(store, { path })).equal(x).all().compute()).item();

/** 8 MiB in blocks that are neither chunks nor shards. */
const x = cw
  .arange(2048 * 1024, { dtype: "float32" })
  .reshape([2048, 1024])
  .rechunk([100, 1024]);

describe("a budget", () => {
  for (const [where, store] of [
    ["a folder", () => url],
    ["memory", () => cw.memoryStore()],
  ] as const) {
    it.each(["raw", "zstd", ["blosc", "crc32c"]] as const)(
      `holds for shards in ${where}, %s`,
      async (codecs) => {
        const target = store();
        // A shard has 1 MiB.
        const options = {
          chunks: [64, 64],
          shards: [512, 512],
          codecs: codecs as cw.CodecChoice,
          memory: "32MiB",
          workers: 2,
          inlineBytes: 0,
        };
        const { planned, memory } = await x.explainToZarr(target, options);
        const stats = await x.toZarr(target, options);
        expect(stats.peakBytes).toBeLessThanOrEqual(planned.peakBytes);
        expect(planned.peakBytes).toBeLessThanOrEqual(memory);
        // The block at least, which lies in memory as a whole.
        expect(planned.peakBytes).toBeGreaterThan(2 ** 20);
        expect(await equal(x, target)).toBe(true);
        const patch = cw.full([700, 600], -1, { dtype: "float32" });
        const region = [cw.slice(100, 800), cw.slice(300, 900)];
        const part = { mode: "region", region, memory: "32MiB", inlineBytes: 0 } as const;
        const report = await patch.explainToZarr(target, part);
        const written = await patch.toZarr(target, part);
        expect(written.peakBytes).toBeLessThanOrEqual(report.planned.peakBytes);
        expect(await equal(cw.setItem(x, region, patch), target)).toBe(true);
        expect(runtime.account().used).toBe(0);
      },
    );
  }

  it("that no shard fits is refused, and nothing is written", async () => {
    const error = await rejection(
      x.toZarr(url, { chunks: [64, 64], shards: [2048, 1024], memory: "6MiB" }),
    );
    expect(error).toBeInstanceOf(cw.MemoryLimitError);
    expect(fs.existsSync(url)).toBe(false);
    await x.toZarr(url, { chunks: [64, 64], memory: "6MiB" });
  });

  it("takes a shard in a folder chunk by chunk: in memory, all of it is counted", async () => {
    const options = {
      chunks: [64, 1024],
      shards: [2048, 1024],
      codecs: "raw",
      workers: 1,
    } as const;
    const there = await x.explainToZarr(url, options);
    const here = await x.explainToZarr(cw.memoryStore(), options);
    // What is collected, and what the store gets of it.
    expect(here.planned.peakBytes - there.planned.peakBytes).toBeGreaterThan(2 * 2 ** 23);
  });
});

describe("several arrays", () => {
  it("have shards of their own, in one plan", async () => {
    await cw.store({ "g/u": x, "g/v": x.multiply(2), mean: x.mean({ axis: 0 }) }, url, {
      chunks: [128, 128],
      shards: { shape: [1024, 512], indexLocation: "start" },
      arrays: { "g/v": { shards: [-1, 128] }, mean: { chunks: [100], shards: [1000] } },
    });
    expect(await equal(x, url, "g/u")).toBe(true);
    expect(await equal(x.multiply(2), url, "g/v")).toBe(true);
    expect(await equal(x.mean({ axis: 0 }), url, "mean")).toBe(true);
    expect(files().filter((f) => f.includes("/c/"))).toEqual([
      ...["0/0", "0/1", "1/0", "1/1"].map((c) => `g/u/c/${c}`),
      ...Array.from({ length: 8 }, (_, i) => `g/v/c/0/${i}`),
      "mean/c/0",
      "mean/c/1",
    ]);
    const u = await cw.openZarr(url, { path: "g/u" });
    expect(u.chunks.map((sizes) => sizes[0])).toEqual([128, 128]);
    const start = JSON.parse(fs.readFileSync(join(url, "g/u/zarr.json"), "utf8"));
    expect(start.codecs[0].configuration.index_location).toBe("start");
  });

  it("a chunk that is longer than its axis is as long, and so is its shard", async () => {
    await cw.ones([3, 8]).toZarr(url, { chunks: [4, 2], shards: [8, 4] });
    const node = await cw.describeStore(url);
    expect(node).toMatchObject({ chunks: [3, 2], shards: [3, 4] });
  });

  it("of no elements and of no axes", async () => {
    await cw.store({ none: cw.zeros([0, 4]) }, url, { chunks: [2, 2], shards: [2, 4] });
    expect((await (await cw.openZarr(url, { path: "none" })).compute()).shape).toEqual([0, 4]);
    await cw.asarray(7).toZarr(url, { path: "one", shards: [] });
    expect((await (await cw.openZarr(url, { path: "one" })).compute()).item()).toBe(7);
    await cw.ones([3, 4]).toZarr(url, { path: "none", mode: "append" });
    expect(await equal(cw.ones([3, 4]), url, "none")).toBe(true);
  });
});

describe("appended to", () => {
  it("a shard that is not full is filled, again and again", async () => {
    const rows = (first: number, n: number): cw.LazyArray =>
      cw.arange(first * 6, (first + n) * 6, { dtype: "int32" }).reshape([n, 6]);
    await rows(0, 3).toZarr(url, { chunks: [2, 3], shards: [8, 6] });
    let length = 3;
    for (const n of [1, 2, 5, 9]) {
      await rows(length, n).toZarr(url, { mode: "append" });
      length += n;
      expect(await equal(rows(0, length), url)).toBe(true);
    }
    expect(files().filter((f) => f.startsWith("c/"))).toEqual(["c/0/0", "c/1/0", "c/2/0"]);
  });

  it("a run that failed leaves what was there, and is done again", async () => {
    const before = cw.ones([5, 4]);
    await before.toZarr(url, { chunks: [1, 4], shards: [4, 4] });
    let fails = true;
    const source = cw.fromSource({
      shape: [7, 4],
      dtype: "float64",
      chunks: [3, 4],
      readInto: ([rows], { data }) => {
        if (fails && rows.start > 0) throw new Error("no more");
        (data as Float64Array).fill(2);
      },
    });
    await rejection(source.toZarr(url, { mode: "append" }));
    expect(await equal(before, url)).toBe(true);
    fails = false;
    await source.toZarr(url, { mode: "append" });
    expect(await equal(cw.concat([before, cw.full([7, 4], 2)]), url)).toBe(true);
  });
});

describe("resume", () => {
  it("counts shards: those that are there are not written again, others are refused", async () => {
    const options = { chunks: [64, 256], shards: [512, 512], resume: true } as const;
    await x.toZarr(url, options);
    const shards = files().filter((f) => f.startsWith("c/"));
    expect(shards).toHaveLength(8);
    expect((await x.toZarr(url, options)).tasks).toBe(0);
    // As an interrupted write leaves it: the journal, and some of the shards.
    const other = join(root, "other.zarr");
    const reads: number[] = [];
    let stopped = true;
    const stopping = cw.fromSource({
      shape: [2048, 1024],
      dtype: "float32",
      chunks: [512, 1024],
      name: "stopping",
      readInto: ([rows], { data, offset, stride }) => {
        if (stopped) throw new Error("stopped");
        reads.push(rows.start);
        for (let i = rows.start; i < rows.stop; i++) {
          for (let j = 0; j < 1024; j++) {
            data[offset + (i - rows.start) * (stride[0] as number) + j] = i * 1024 + j;
          }
        }
      },
    });
    await rejection(stopping.toZarr(other, options));
    const there = ["c/0/0", "c/0/1", "c/2/0", "c/2/1"];
    for (const shard of there) {
      fs.mkdirSync(join(other, shard, ".."), { recursive: true });
      fs.copyFileSync(join(url, shard), join(other, shard));
    }
    stopped = false;
    const error = await rejection(stopping.toZarr(other, { ...options, shards: [1024, 512] }));
    expect(error.message).toMatch(/cannot be resumed: .* another chunk_grid/);
    const resumed = await stopping.toZarr(other, options);
    expect(resumed.bytesWritten).toBe(4 * 2 ** 20);
    expect([...new Set(reads)].sort((p, q) => p - q)).toEqual([512, 1536]);
    expect(await equal(x, other)).toBe(true);
  });
});
