/** Results that are kept: read again instead of computed, with the same bits, within the budget, and never stale. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import * as cw from "../../dist/index.js";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "chunkwise-kept-"));
let reads = 0;
const counted = (rows = 40): cw.LazyArray =>
  cw.fromSource({
    shape: [rows, 30],
    dtype: "float64",
    chunks: [10, 30],
    name: "counted",
    readInto([r, c], { data, offset, stride }) {
      reads++;
      for (let i = r.start; i < r.stop; i++)
        for (let j = c.start; j < c.stop; j++)
          data[
            offset + (i - r.start) * (stride[0] as number) + (j - c.start) * (stride[1] as number)
          ] = Math.sin(30 * i + j);
    },
  } as Parameters<typeof cw.fromSource>[0]);
/** Chunks read by what is done. */
const readsOf = async (work: () => Promise<unknown>): Promise<number> => {
  reads = 0;
  await work();
  return reads;
};

beforeEach(() => {
  cw.configure({ resultCache: "1MiB" });
});
afterEach(() => {
  cw.configure({ resultCache: undefined });
});
afterAll(async () => {
  await cw.shutdown();
  fs.rmSync(folder, { recursive: true, force: true });
});

describe.each(["inline", "threads"] as const)("results that are kept, executor %s", (executor) => {
  const options = { executor, memory: "64MiB" } as const;

  it("are read when the same expression, or one with it as a part, is computed again", async () => {
    const x = counted();
    const mean = (): cw.LazyArray => x.mean({ axis: 0 });
    const first = await mean().compute(options);
    expect(await readsOf(() => mean().compute(options))).toBe(0);
    const again = await mean().compute(options);
    expect(again.data).toEqual(first.data);
    // A copy: who changes one result changes no other.
    again.data.fill(7 as never);
    expect((await mean().compute(options)).data).toEqual(first.data);
    const anomaly = x.subtract(mean());
    let kept: cw.NDArray | undefined;
    expect(
      await readsOf(async () => {
        kept = await anomaly.compute(options);
      }),
    ).toBe(4);
    cw.configure({ resultCache: 0 });
    expect((await anomaly.compute(options)).data).toEqual(kept?.data);
    expect(await readsOf(() => mean().compute(options))).toBe(4);
  });

  it("make room for newer ones, and for what needs the memory", async () => {
    const x = counted(400);
    const big = x.add(1);
    await big.compute(options);
    expect(await readsOf(() => big.compute(options))).toBe(0);
    for (let n = 2; n < 14; n++) await x.add(n).compute(options);
    expect(await readsOf(() => big.compute(options))).toBe(40);
    // 96 kB that are kept beside a result of 106 kB do not fit into this; alone it does.
    await big.add(0.5).compute(options);
    const got = await counted(440).multiply(2).compute({ executor, memory: 190_000 });
    expect(got.shape).toEqual([440, 30]);
  });

  it("are forgotten when something is written", async () => {
    const store = path.join(folder, `${executor}.zarr`);
    await cw.ones([8]).toZarr(store, options);
    const x = await cw.openZarr(store);
    expect((await x.sum().compute(options)).item()).toBe(8);
    await cw.full([8], 2).toZarr(store, { ...options, mode: "region", region: ":" });
    expect((await x.sum().compute(options)).item()).toBe(16);
  });
});

it("what was begun before a write is not kept after it", async () => {
  const store = path.join(folder, "late.zarr");
  await cw.ones([8]).toZarr(store);
  const x = await cw.openZarr(store);
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const slow = cw.fromSource({
    shape: [8],
    dtype: "float64",
    chunks: [8],
    async readInto(_, { data }) {
      await held;
      data.fill(0 as never);
    },
  } as Parameters<typeof cw.fromSource>[0]);
  const total = x.add(slow).sum();
  const first = total.compute();
  await cw.full([8], 2).toZarr(store, { mode: "region", region: ":" });
  release();
  await first;
  expect((await total.compute()).item()).toBe(16);
});

it("are none by default", async () => {
  cw.configure({ resultCache: undefined });
  const x = counted();
  await x.sum().compute();
  expect(await readsOf(() => x.sum().compute())).toBe(4);
});

it("resultCache is checked", () => {
  expect(() => cw.configure({ resultCache: "many" })).toThrow(/resultCache/);
  expect(() => cw.configure({ resultCache: -1 })).toThrow(/resultCache/);
});
