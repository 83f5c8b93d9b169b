/** Copies of raw arrays that do not fit: bands of chunks are read, each once, instead of the disk being used. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as cw from "../../dist/index.js";
import { bandsOf } from "../../dist/io/zarr/bands.js";
import { cutsMax } from "../../dist/ir/cuts.js";

const SHAPE = [16, 512, 512];
const BYTES = 16 * 512 * 512 * 4;
const MEMORY = 6 * 2 ** 20;
let folder: string;
const at = (name: string): string => join(folder, name);
const values = cw.arange(16 * 512 * 512, { dtype: "float32" }).reshape(SHAPE);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "chunkwise-bands-"));
  for (const codecs of ["raw", "zstd"] as const) {
    await values.toZarr(at(codecs), { chunks: [1, 512, 512], codecs });
  }
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await cw.shutdown();
});

test("slabs become pencils within the budget, read once and without a spill", async () => {
  const options = { memory: MEMORY, workers: 2, executor: "threads", codecs: "raw" } as const;
  const copy = (await cw.openZarr(at("raw"))).rechunk([-1, 32, 32]);
  const { planned, stages } = await copy.explainToZarr(at("pencils"), options);
  expect(planned.spilledBytes).toBe(0);
  expect(planned.readBytes).toBe(BYTES);
  expect(stages.flatMap((s) => s.inputs.map((i) => i.times))).toEqual([1]);
  const stats = await copy.toZarr(at("pencils"), options);
  expect(planned.peakBytes).toBeLessThanOrEqual(MEMORY);
  expect(stats.peakBytes).toBeLessThanOrEqual(planned.peakBytes);
  expect(stats.spilledBytes).toBe(0);
  expect(stats.stages.reduce((n, s) => n + s.chunksRead, 0)).toBe(planned.readChunks);
  const written = await cw.openZarr(at("pencils"));
  expect((await written.equal(values).all().compute()).item()).toBe(true);
});

test("compressed chunks have no bands: they go over the disk", async () => {
  const options = { memory: 10 * 2 ** 20, workers: 2, codecs: "zstd" } as const;
  const copy = (await cw.openZarr(at("zstd"))).rechunk([-1, 32, 32]);
  const { planned } = await copy.explainToZarr(at("compressed"), options);
  expect(planned.spilledBytes).toBe(BYTES);
});

test("bands that every task would read again are no way out", async () => {
  // Pencils over whole columns: a band has a part of each of them.
  const options = { memory: MEMORY, workers: 2, codecs: "raw" } as const;
  const copy = (await cw.openZarr(at("raw"))).rechunk([-1, -1, 8]);
  const { planned } = await copy.explainToZarr(at("columns"), options);
  expect(planned.readBytes).toBe(BYTES);
  expect(planned.spilledBytes).toBe(BYTES);
});

test.each([
  ["rows", [4, 512, 512], [0, 1, 2], [1, 512, 512]],
  ["rows of 2 KiB, 32 to a band", [1, 512, 512], [0, 1, 2], [1, 32, 512]],
  ["in the order in which they are stored", [512, 512, 1], [1, 0, 2], [512, 32, 1]],
  ["a divisor of the chunk", [1, 90, 512], [0, 1, 2], [1, 45, 512]],
  ["no band of a prime number of rows", [1, 97, 512], [0, 1, 2], undefined],
  ["no band of small chunks", [1, 8, 8], [0, 1, 2], undefined],
] as const)("bands are %s", (_, chunk, order, expected) => {
  const layout = { shape: chunk, order, codecs: [], shard: undefined, endian: "little" };
  const metadata = { shape: [512, 512, 512], layout, stored: "float32" };
  const store = cw.directoryStore(folder);
  const bands = bandsOf(store as never, metadata as never);
  expect(bands?.map(cutsMax)).toEqual(expected);
  expect(bandsOf(cw.memoryStore() as never, metadata as never)).toBeUndefined();
  const packed = { ...layout, codecs: [{ name: "zstd", config: {} }] };
  expect(bandsOf(store as never, { ...metadata, layout: packed } as never)).toBeUndefined();
});
