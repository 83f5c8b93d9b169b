/** Running: through planner and runtime as they are built. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import * as cw from "../../dist/index.js";

const folder = mkdtempSync(join(tmpdir(), "chunkwise-api-"));
afterAll(async () => {
  await cw.shutdown();
  rmSync(folder, { recursive: true, force: true });
});

describe("running", () => {
  const x = cw.arange(24, { dtype: "float32" }).reshape([4, 6]).rechunk([3, 4]);

  it("answers in the shape that was asked for", async () => {
    expect((await x.sum().compute()).item()).toBe(276);
    const [a, b, again] = await cw.compute([x.max(), x.at(0), x.at(0)]);
    expect([a.item(), b.toNested(), again.toNested()]).toEqual([
      23,
      [0, 1, 2, 3, 4, 5],
      [0, 1, 2, 3, 4, 5],
    ]);
    expect(b.data.buffer).not.toBe(again.data.buffer);
    const named = await cw.compute({ low: x.min(), rows: x.mean({ axis: 1 }) });
    expect([named.low.item(), named.rows.toNested()]).toEqual([0, [2.5, 8.5, 14.5, 20.5]]);
    expect(await cw.compute([])).toEqual([]);
  });

  it.each<cw.ComputeOptions>([
    { optimize: false },
    { executor: "inline" },
    { executor: "threads", workers: 2 },
    { memory: "8MiB" },
  ])("gives the same values with %j", async (options) => {
    const y = x.multiply(2).add(x.flip({ axis: 1 })).T;
    expect((await y.sum({ axis: 0 }).compute(options)).toNested()).toEqual([45, 153, 261, 369]);
  });

  it("hands shared results over", async () => {
    const { data } = await x.compute({ shared: true });
    expect(Object.prototype.toString.call(data.buffer)).toBe("[object SharedArrayBuffer]");
  });

  it("plans without running", () => {
    expect(x.plan().roots).toHaveLength(1);
    expect(typeof x.explain()).toBe("string");
    expect(cw.explain([x, x.sum()], { memory: "64MiB" })).not.toBe("");
  });

  it("stops when told to", async () => {
    const reason = new Error("enough");
    const run = x.compute({ signal: AbortSignal.abort(reason) });
    await expect(run).rejects.toMatchObject({ name: "AbortError", cause: reason });
  });

  it("runs block functions", async () => {
    const y = cw.mapBlocks(
      (block, { blockId, params }) => block.data.map((v) => v * params + (blockId[0] as number)),
      x,
      { params: 10 },
    );
    expect((await y.at(null, 0).compute()).toNested()).toEqual([0, 60, 120, 181]);
    const bad = cw.mapBlocks(() => {
      throw new RangeError("no");
    }, x);
    await expect(bad.compute()).rejects.toMatchObject({ name: "TaskError" });
  });

  it("persists until disposed", async () => {
    const kept = await x.add(1).persist();
    expect(kept.chunks).toEqual(x.chunks);
    expect((await kept.sum().compute()).item()).toBe(300);
    kept.dispose();
    await expect(kept.sum().compute()).rejects.toThrow("was disposed");
  });

  it("writes Zarr and reads it back", async () => {
    const url = join(folder, "out.zarr");
    const stats = await x.toZarr(url, {
      path: "group/x",
      codecs: "gzip",
      attributes: { units: "K" },
      dimensionNames: ["y", null],
      fillValue: -1,
    });
    expect(stats.bytesWritten).toBeGreaterThan(0);
    const back = await cw.openZarr(url, { path: "group/x", dtype: "float32" });
    expect(back).toMatchObject({
      attributes: { units: "K" },
      dimensionNames: ["y", null],
      fillValue: -1,
    });
    expect(back.chunks).toEqual([
      [3, 1],
      [4, 2],
    ]);
    expect((await back.compute()).toNested()).toEqual((await x.compute()).toNested());
    await expect(x.toZarr(url, { path: "group/x" })).rejects.toMatchObject({ name: "ZarrError" });
    await x.multiply(2).toZarr(url, { path: "group/x", mode: "overwrite", chunks: -1 });
    const twice = await cw.openZarr(url, { path: "group/x" });
    expect((await twice.max().compute()).item()).toBe(46);
    await expect(cw.openZarr(url, { path: "group/x", dtype: "int8" })).rejects.toThrow(
      "openZarr: out.zarr/group/x is float32, int8 was asked for",
    );
  });

  it("writes to stores in memory", async () => {
    const store = cw.memoryStore();
    await x.toZarr(store);
    expect((await (await cw.openZarr(store)).sum().compute()).item()).toBe(276);
  });

  it("says how far it is", async () => {
    const seen: cw.ProgressEvent[] = [];
    await x.sum().compute({ onProgress: (event) => seen.push(event), executor: "inline" });
    expect(seen.at(-1)?.tasksDone).toBe(seen.at(-1)?.tasksTotal);
  });
});

describe("run", () => {
  it("loads nothing heavy at import", async () => {
    const { spawnSync } = await import("node:child_process");
    const index = new URL("../../dist/index.js", import.meta.url).href;
    // Modules of packages carry node_modules in their path; the hook names every module that is loaded.
    const hook = `import { writeSync } from "node:fs"; export async function load(url, context, next) { writeSync(1, url + "\\n"); return next(url, context); }`;
    const script = `import { register } from "node:module"; register("data:text/javascript," + encodeURIComponent(${JSON.stringify(hook)})); await import(${JSON.stringify(index)});`;
    const run = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
    });
    const loaded = run.stdout.split("\n").filter((url) => url.startsWith("file:"));
    expect(loaded).toContain(index);
    const heavy =
      /node_modules|\/kernels\/|\/exec\/(?!config|memory\/(?:arena|regions|allocator))|\/io\/(zarr|codecs)\//;
    expect(loaded.filter((url) => heavy.test(url))).toEqual([]);
  });

  it("exits by itself after import", async () => {
    const { spawnSync } = await import("node:child_process");
    const index = new URL("../../dist/index.js", import.meta.url).href;
    const script = `const cw = await import(${JSON.stringify(index)}); cw.zeros([3]).add(1); await cw.shutdown();`;
    const run = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      timeout: 30_000,
    });
    expect([run.status, String(run.stderr)]).toEqual([0, ""]);
  });
});
