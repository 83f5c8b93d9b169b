/**
 * Resident memory of whole processes: what a computation adds to the process at rest is at most its planned peak, plus
 * 40 MiB for the heaps of calling thread and coordinator, plus 12 MiB per worker (its heap, garbage that waits for its
 * collector, and the heaps of WebAssembly codecs, which never shrink).
 */
import * as path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import * as cw from "../../dist/index.js";
import { program, rejection, temporaryFolder } from "./support.js";

const MIB = 1 << 20;
const CONSTANT = 40 * MIB;
const PER_WORKER = 12 * MIB;

const GZIP = [
  { name: "bytes", configuration: { endian: "little" } },
  { name: "gzip", configuration: { level: 1 } },
];
const folder = temporaryFolder();
const storeOf = (codec: string): string => path.join(folder, `${codec}.zarr`);

/** 200 MiB of float32 in 128 chunks, three times over. */
beforeAll(async () => {
  const x = cw
    .arange(800 * 65536, { dtype: "int64" })
    .remainder(10007n)
    .astype("float32")
    .multiply(0.25)
    .reshape([800, 256, 256]);
  for (const [name, codecs] of Object.entries({ zstd: "zstd", gzip: GZIP, raw: "raw" })) {
    await x.toZarr(storeOf(name), {
      codecs: codecs as "zstd",
      chunks: [25, 128, 128],
      memory: "64MiB",
      inlineBytes: 0,
    });
  }
  await cw.shutdown();
});

const ROWS = [
  ["zstd", "reduce", 16, 1],
  ["zstd", "anomaly", 64, 2],
  ["zstd", "pencils", 64, 2],
  ["gzip", "moments", 64, 2],
  ["gzip", "middle", 16, 1],
  ["raw", "reduce", 16, 2],
  ["raw", "anomaly", 32, 1],
  ["raw", "copy", 128, 2],
  ["source", "first", 32, 1],
  ["source", "pencils", 32, 2],
] as const;

describe.runIf(process.platform === "linux")("resident memory stays inside the budget", () => {
  it.each(ROWS)("%s: %s in %i MiB on %i workers", async (data, pipeline, mib, workers) => {
    const memory = mib * MIB;
    const store = data === "source" ? data : storeOf(data);
    const out = path.join(temporaryFolder(), "out.zarr");
    const argument = { store, pipeline, memory, workers, out };
    const { code, output } = await program("memory", argument, ["--expose-gc"]);
    expect(code, output).toBe(0);
    const { rise, planned } = JSON.parse(output) as { rise: number; planned: number };
    expect(planned).toBeLessThanOrEqual(memory);
    expect(rise).toBeGreaterThan(0);
    expect(rise).toBeLessThanOrEqual(planned + CONSTANT + workers * PER_WORKER);
  });
});

it.runIf(process.platform === "linux")(
  "engines that have ended leave nothing to the next",
  async () => {
    const memory = 128 * MIB;
    const out = path.join(temporaryFolder(), "again.zarr");
    const argument = {
      store: "source",
      pipeline: "pencils",
      memory,
      workers: 2,
      out,
      shutdowns: 2,
    };
    const { code, output } = await program("memory", argument, ["--expose-gc"]);
    expect(code, output).toBe(0);
    const { rise } = JSON.parse(output) as { rise: number };
    expect(rise).toBeLessThanOrEqual(memory + CONSTANT + 2 * PER_WORKER);
  },
);

describe("a plan that cannot fit", () => {
  it("is refused before anything is read: a result larger than the budget", async () => {
    const x = await cw.openZarr(storeOf("raw"));
    const error = (await rejection(x.add(1).compute({ memory: "32MiB" }))) as cw.MemoryLimitError;
    expect(error).toBeInstanceOf(cw.MemoryLimitError);
    expect(error.message).toContain("200 MiB");
    expect(error.hint).toContain("toZarr");
  });

  it("is refused: one chunk that is larger than the budget", async () => {
    const calls: number[] = [];
    const huge = cw.fromSource({
      shape: [1 << 23],
      dtype: "float64",
      chunks: [1 << 23],
      readInto: () => void calls.push(1),
    });
    const error = await rejection(huge.sum().compute({ memory: "16MiB" }));
    expect(error).toBeInstanceOf(cw.MemoryLimitError);
    expect(calls).toEqual([]);
  });
});
