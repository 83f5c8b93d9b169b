/**
 * The package on the Node that runs this file: import, a computation inline, and one on the workers (reading a
 * store is never inline). Plain JavaScript without a test runner, so that any Node can run it: `.ci/run` does.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as cw from "chunkwise";

const directory = await mkdtemp(join(tmpdir(), "chunkwise-smoke-"));
try {
  const three = await cw.asarray([1, 2]).sum().compute();
  assert.equal(three.item(), 3);

  const store = join(directory, "numbers.zarr");
  const numbers = cw.arange(30_000, { dtype: "float32" }).reshape([300, 100]).rechunk([70, 30]);
  await numbers.toZarr(store, { path: "numbers", workers: 2 });
  const stored = await cw.openZarr(store, { path: "numbers" });
  const sums = await stored.sum({ axis: 0 }).compute({ workers: 2 });
  assert.deepEqual(sums.shape, [100]);
  assert.equal(sums.get(1), 300 + 100 * ((299 * 300) / 2));
} finally {
  await cw.shutdown();
  await rm(directory, { recursive: true, force: true });
}
console.log(`chunkwise works on Node ${process.version}`);
