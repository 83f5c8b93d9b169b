/** A calling thread that is busy with other things does not stall a computation that can do without it. */
import * as path from "node:path";
import { expect, it } from "vitest";
import * as cw from "../../dist/index.js";
import { program, temporaryFolder } from "./support.js";

it("chunks go on being written while the calling thread is blocked for two seconds", async () => {
  const folder = temporaryFolder();
  const store = path.join(folder, "in.zarr");
  await cw.arange(400_000, { chunks: 2000 }).toZarr(store);
  const { code, output } = await program("blocked", { store, out: path.join(folder, "out.zarr") });
  expect(code, output).toBe(0);
  const seen = JSON.parse(output) as { before: number; after: number; total: number };
  expect(seen.total).toBe(200);
  expect(seen.before).toBeLessThan(50);
  // Two seconds of work on at least one worker, 20 ms a block: a stalled engine would add a handful at most.
  expect(seen.after - seen.before).toBeGreaterThan(30);
});
