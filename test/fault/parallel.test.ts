/** Computations side by side, and one computation in many ways: always the same right bits. */
import { afterAll, describe, expect, it } from "vitest";
import { runtime } from "../../dist/exec/runtime.js";
import * as cw from "../../dist/index.js";
import { expectHealthy, ramp, triangle } from "./support.js";

afterAll(() => cw.shutdown());

describe("eight computations at once", () => {
  it("have the right results, whatever their budgets, workers and ends", async () => {
    const n = 200_000;
    const controller = new AbortController();
    const runs = Array.from({ length: 8 }, (_, i) =>
      ramp(n, 500 + 100 * i, i % 2 === 0 ? undefined : () => Promise.resolve())
        .add(i)
        .sum()
        .compute({
          inlineBytes: 0,
          memory: (16 + 8 * i) << 20,
          workers: 1 + (i % 3),
          signal: i === 3 ? controller.signal : undefined,
        }),
    );
    const failing = cw
      .mapBlocks(
        () => {
          throw new Error("no");
        },
        ramp(100, 10),
      )
      .compute({ inlineBytes: 0, workers: 2 });
    controller.abort();
    const ends = await Promise.allSettled([...runs, failing]);
    ends.slice(0, 8).forEach((end, i) => {
      if (i === 3) expect(end.status).toBe("rejected");
      else expect(end).toMatchObject({ status: "fulfilled" });
      if (end.status === "fulfilled") expect(end.value.item()).toBe(triangle(n) + i * n);
    });
    expect(ends[8]).toMatchObject({ status: "rejected", reason: { name: "TaskError" } });
    await expectHealthy();
  });
});

describe("float accumulations", () => {
  const x = cw
    .arange(300_000, { chunks: 1000 })
    .multiply(0.1)
    .sin()
    .astype("float32")
    .reshape([300, 1000])
    .rechunk([30, 250]);
  const asked = (): cw.LazyArray[] => [
    x.sum(),
    x.mean({ axis: 0 }),
    x.std({ axis: 1 }),
    x.astype("float64").sum({ axis: 0 }),
    x.astype("float64").std(),
  ];

  it("have the same bits in 20 runs on one to three workers with different budgets", async () => {
    const bits = (results: readonly cw.NDArray[]): string =>
      results
        .map(({ data }) => {
          const { buffer, byteOffset, byteLength } = data as Float64Array;
          return Buffer.from(buffer, byteOffset, byteLength).toString("hex");
        })
        .join();
    const first = bits(await cw.compute(asked(), { executor: "inline" }));
    expect(first).not.toMatch(/^0*$/);
    for (let run = 0; run < 20; run++) {
      const options = {
        inlineBytes: 0,
        workers: 1 + (run % 3),
        memory: [8, 16, 64][run % 3]! << 20,
      };
      expect(bits(await cw.compute(asked(), options)), `run ${run}`).toBe(first);
    }
    expect(runtime.account().used).toBe(0);
  });
});
