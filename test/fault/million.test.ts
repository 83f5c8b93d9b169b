/** A source of a million chunks: nothing in the engine is an object per chunk. */
import { afterAll, expect, it } from "vitest";
import * as cw from "../../dist/index.js";
import { expectHealthy } from "./support.js";

afterAll(() => cw.shutdown());

it("the sum over a million chunks of a hundred elements", async () => {
  const n = 100_000_000;
  let reads = 0;
  const x = cw.fromSource({
    shape: [n],
    dtype: "float32",
    chunks: [100],
    readInto(_, { data, offset, shape }) {
      reads++;
      (data as Float32Array).fill(2, offset, offset + (shape[0] as number));
    },
  });
  const sum = x.add(1).sum();
  const options = { inlineBytes: 0, workers: 2, memory: "32MiB" } as const;
  const plan = sum.plan(options);
  expect(JSON.stringify(plan).length).toBeLessThan(20_000);
  const heap = process.memoryUsage().heapUsed;
  let most = 0;
  const onProgress = (): void => {
    most = Math.max(most, process.memoryUsage().heapUsed - heap);
  };
  expect((await sum.compute({ ...options, onProgress })).item()).toBe(3 * n);
  expect(reads).toBe(1_000_000);
  expect(most).toBeLessThan(128 << 20);
  await expectHealthy();
});
