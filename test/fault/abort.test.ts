/** Aborts at every point of a computation that reads, computes and writes. */
import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runtime } from "../../dist/exec/runtime.js";
import * as cw from "../../dist/index.js";
import { expectHealthy, filesIn, rejection, temporaryFolder, wait } from "./support.js";

const ROWS = 64;
const COLUMNS = 4096;
const folder = temporaryFolder();
const input = path.join(folder, "in.zarr");
const value = (i: number, j: number): number => i * COLUMNS + j;

beforeAll(() =>
  cw
    .arange(ROWS * COLUMNS)
    .reshape([ROWS, COLUMNS])
    .toZarr(input, { chunks: [1, 1024], codecs: "zstd" }),
);
afterAll(() => cw.shutdown());

/** `2 x - mean(x, axis 0)`: two passes over the source, and 256 chunks to write. */
async function write(to: string, controller: AbortController, after?: number): Promise<unknown> {
  const x = await cw.openZarr(input);
  let events = 0;
  return x
    .multiply(2)
    .subtract(x.mean({ axis: 0 }))
    .toZarr(to, {
      chunks: [1, 1024],
      codecs: "raw",
      workers: 2,
      memory: "32MiB",
      inlineBytes: 0,
      signal: controller.signal,
      onProgress: () => {
        if (events++ === after) controller.abort(`event ${after}`);
      },
    });
}

/** Whole chunks with the right values, and nothing else. */
function expectWhole(to: string): void {
  if (!fs.existsSync(to)) return;
  for (const file of filesIn(to)) {
    if (file === "zarr.json") continue;
    expect(file).toMatch(/^c\/\d+\/[0-3]$/);
    const [, row, column] = file.split("/") as [string, string, string];
    const bytes = fs.readFileSync(path.join(to, file));
    expect(bytes.length).toBe(8192);
    const found = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + 8192));
    for (let j = 0; j < 1024; j++) {
      const at = 1024 * Number(column) + j;
      const mean = value((ROWS - 1) / 2, at);
      if (found[j] !== 2 * value(Number(row), at) - mean)
        throw new Error(`${file} is wrong at ${j}`);
    }
  }
}

async function expectAborted(run: Promise<unknown>, controller: AbortController): Promise<boolean> {
  let aborted = false;
  try {
    await run;
  } catch (error) {
    expect(error).toBeInstanceOf(cw.AbortError);
    expect((error as Error).cause).toBe(controller.signal.reason);
    aborted = true;
  }
  expect(runtime.account().used).toBe(0);
  return aborted;
}

describe("an abort leaves whole chunks, no temporary files and an account of zero", () => {
  it.each([0, 1, 2, 3])("after %i progress events", async (k) => {
    const controller = new AbortController();
    const to = path.join(folder, `events-${k}.zarr`);
    const aborted = await expectAborted(write(to, controller, k), controller);
    if (k === 0) expect(aborted).toBe(true);
    expectWhole(to);
    await expectHealthy();
  });

  it("after 0 to 60 ms", async () => {
    let aborts = 0;
    for (let ms = 0; ms <= 60; ms += 3) {
      const controller = new AbortController();
      const to = path.join(folder, `ms-${ms}.zarr`);
      const run = expectAborted(write(to, controller), controller);
      await wait(ms);
      controller.abort(new Error(`after ${ms} ms`));
      if (await run) aborts++;
      expectWhole(to);
    }
    expect(aborts).toBeGreaterThan(0);
    await expectHealthy();
  });

  it("when the n-th chunk appears", async () => {
    for (const n of [1, 20, 100, 200]) {
      const controller = new AbortController();
      const to = path.join(folder, `chunk-${n}.zarr`);
      const run = expectAborted(write(to, controller), controller);
      const rows = path.join(to, "c");
      const wanted = Math.ceil(n / 4);
      for (let i = 0; i < 2000; i++) {
        if (fs.existsSync(rows) && fs.readdirSync(rows).length >= wanted) break;
        await wait(1);
      }
      controller.abort(n);
      await run;
      expectWhole(to);
    }
    await expectHealthy();
  });

  it("before it began, with nothing created", async () => {
    const controller = new AbortController();
    controller.abort("early");
    const to = path.join(folder, "never.zarr");
    const error = await rejection(write(to, controller));
    expect(error).toBeInstanceOf(cw.AbortError);
    expect(error.cause).toBe("early");
    expect(fs.existsSync(path.join(to, "c"))).toBe(false);
  });

  it("and what was aborted can be done again", async () => {
    const to = path.join(folder, "again.zarr");
    const controller = new AbortController();
    await expectAborted(write(to, controller, 0), controller);
    fs.rmSync(to, { recursive: true, force: true });
    await write(to, new AbortController());
    expect(filesIn(to)).toHaveLength(257);
    expectWhole(to);
  });
});

describe("an abort while a source is being read", () => {
  it.each(["inline", "threads"] as const)(
    "tells it by its signal, executor %s",
    async (executor) => {
      const controller = new AbortController();
      const told: unknown[] = [];
      const x = cw.fromSource({
        shape: [100],
        dtype: "float64",
        chunks: [10],
        readInto: (_, __, signal) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => {
              told.push(signal.reason);
              reject(new Error("stopped"));
            });
            setTimeout(() => controller.abort("stop"), 20);
          }),
      });
      const run = x
        .sum()
        .compute({ executor, workers: 2, memory: "64MiB", signal: controller.signal });
      const error = await rejection(run);
      expect(error).toBeInstanceOf(cw.AbortError);
      expect(error.cause).toBe("stop");
      expect(told).toContain("stop");
      await expectHealthy();
    },
  );
});
