/** Memory beyond the arena, in budgets that play large ones: an arena of some MiB in a budget of many. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { runtime } from "../../dist/exec/runtime.js";
import { createSegments } from "../../dist/exec/spill/beyond.js";
import * as cw from "../../dist/index.js";
import { itemSize } from "../../dist/ir/dtype.js";
import { elementCount } from "../../dist/ir/index-map.js";
import { dtypeOf, knownShape } from "../../dist/ir/node.js";
import { outsideBytes, type Plan } from "../../dist/ir/stage.js";
import { type PlanResult, plan } from "../../dist/planner/plan.js";

const MIB = 2 ** 20;
let directory = "";
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "chunkwise-test-"));
});
afterAll(async () => {
  await cw.shutdown();
  rmSync(directory, { recursive: true, force: true });
});

/** Slabs to pencils of 8 MiB for every 256 rows: every pencil needs all slabs. */
function turned(rows: number, shift = 0.5): cw.LazyArray<"float64"> {
  const x = cw.arange(rows * 64 * 64).reshape([rows, 64, 64]);
  const slabs = cw.mapBlocks((b) => b.data.map((v) => v + 0.5), x.rechunk([4, 64, 64]));
  const pencils = cw.mapBlocks((b) => b.data.map((v) => v * 2), slabs.rechunk([rows, 8, 8]));
  return pencils.add(shift);
}

const planned = (arrays: readonly cw.LazyArray[], memory: number, arena: number): PlanResult =>
  plan(
    arrays.map((a) => ({ node: a.node })),
    { memory, arena, workers: 2 },
  );

/** What lies where. */
const media = ({ arrays }: Plan): string[] =>
  arrays.flatMap((a) => (a.outside === undefined ? [] : [a.outside.medium])).sort();

async function outcome(result: PlanResult, inline: boolean): Promise<Uint8Array[]> {
  const { plan: made, bindings } = result;
  const { roots, stats } = await runtime.run(made, bindings, {
    inlineBytes: inline ? Number.POSITIVE_INFINITY : 0,
    spillDirectory: directory,
  });
  expect(made.peakBytes).toBeLessThanOrEqual(made.memory);
  expect(stats.peakBytes).toBeLessThanOrEqual(made.peakBytes);
  // What lies outside is charged from beginning to end, so the rest is what the arena held.
  expect(stats.peakBytes - outsideBytes(made)).toBeLessThanOrEqual(made.arena);
  expect(stats.spilledBytes > 0).toBe(made.spill.bytes > 0);
  expect(runtime.account().used).toBe(0);
  expect(readdirSync(directory)).toEqual([]);
  return roots.map((root) => new Uint8Array(root as ArrayBuffer));
}

const sameBytes = (a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean =>
  a.length === b.length && a.every((x, i) => Buffer.compare(x, b[i] as Uint8Array) === 0);

const rows = 1024;
const y = turned(512);
const cases: Readonly<Record<string, readonly cw.LazyArray[]>> = {
  "pencils, reduced": [turned(rows).sum({ axis: 0 })],
  "pencils, returned": [y],
  reshape: [y.reshape([512 * 8, 512]).sum({ axis: 0 })],
  gather: [cw.take(y, [5, 500, 3, 3, 77], { axis: 0 }).sum({ axis: 2 })],
  concat: [cw.concat([y, y.at("::-1")], { axis: 1 }).max({ axis: 0 })],
  steps: [y.at("3:400:7, ::-2, 5").sum({ axis: 0 })],
  scan: [cw.cumulativeSum(y.at(":, 0, :"), { axis: 0 }).at("-1")],
  anomaly: [
    y
      .subtract(y.mean({ axis: 0 }))
      .abs()
      .max({ axis: 0 }),
  ],
  float32: [y.astype("float32").sum({ axis: [0, 2] })],
};
const resultBytes = (arrays: readonly cw.LazyArray[]): number =>
  arrays.reduce((n, { node }) => n + elementCount(knownShape(node)) * itemSize(dtypeOf(node)), 0);

describe("a budget larger than the arena", () => {
  it.each(Object.keys(cases))(
    "has the same bits in the arena, beyond it and on disk: %s",
    async (name) => {
      const arrays = cases[name] as readonly cw.LazyArray[];
      const results = resultBytes(arrays);
      const ample = planned(arrays, 2048 * MIB, 2048 * MIB);
      const beyond = planned(arrays, results + 128 * MIB, 12 * MIB);
      const onDisk = planned(arrays, results + 12 * MIB, 12 * MIB);
      expect(media(ample.plan)).toEqual([]);
      expect(new Set(media(beyond.plan))).toEqual(new Set(["memory"]));
      expect(media(onDisk.plan)).toContain("file");
      expect(beyond.plan.spill.bytes).toBe(0);
      expect(beyond.plan.estimate.spilledBytes).toBe(0);
      const want = await outcome(ample, true);
      expect(sameBytes(await outcome(beyond, false), want)).toBe(true);
      expect(sameBytes(await outcome(beyond, true), want)).toBe(true);
      expect(sameBytes(await outcome(onDisk, false), want)).toBe(true);
    },
  );

  it("keeps in memory what would go to disk", () => {
    const x = turned(rows).sum({ axis: 0 });
    expect(media(planned([x], 24 * MIB, 24 * MIB).plan)).toEqual(["file"]);
    const { plan: made } = planned([x], 72 * MIB, 24 * MIB);
    expect(media(made)).toEqual(["memory"]);
    expect(made.beyondBytes).toBeGreaterThanOrEqual(32 * MIB);
    expect(made.serialBytes).toBeGreaterThan(made.beyondBytes);
  });

  it("fills memory first, and the disk gets the rest", async () => {
    const two = [turned(1024).sum({ axis: 0 }), turned(768, 7).max({ axis: 0 })];
    const made = planned(two, 48 * MIB, 12 * MIB);
    expect(media(made.plan)).toEqual(["file", "memory"]);
    const [inMemory] = made.plan.arrays.filter((a) => a.outside?.medium === "memory");
    expect(inMemory?.shape[0]).toBe(1024);
    const want = await outcome(planned(two, 512 * MIB, 512 * MIB), true);
    expect(sameBytes(await outcome(made, false), want)).toBe(true);
  });

  it("uses nothing beyond the arena for what fits it", () => {
    expect(planned([turned(rows).sum({ axis: 0 })], 512 * MIB, 128 * MIB).plan.beyondBytes).toBe(0);
  });

  it("holds results beside the arena", async () => {
    // 32 MiB of results do not fit an arena of 8 MiB, and need not.
    const { plan: made } = planned([cw.arange(4 * MIB).multiply(3)], 64 * MIB, 8 * MIB);
    expect(made.resultBytes).toBe(32 * MIB);
    expect(made.peakBytes - made.resultBytes).toBeLessThanOrEqual(8 * MIB);
    expect(media(made)).toEqual([]);
  });

  it("says so where the arena is what is too small", () => {
    const big = cw.mapBlocks((b) => b.data, cw.arange(4 * MIB).rechunk([4 * MIB])).sum();
    expect(() => planned([big], 1024 * MIB, 16 * MIB)).toThrow(
      /does not fit 16 MiB, which is what one WebAssembly memory has/,
    );
  });

  it("shares budget and arena among runs", async () => {
    const list = [1, 2, 3].map((shift) =>
      planned([turned(512, shift).sum({ axis: 0 })], 40 * MIB, 12 * MIB),
    );
    const ran = await Promise.all(
      list.map(({ plan: made, bindings }) => runtime.run(made, bindings, { inlineBytes: 0 })),
    );
    const alone = await Promise.all(
      list.map(({ plan: made, bindings }) =>
        runtime.run(made, bindings, { inlineBytes: Number.POSITIVE_INFINITY }),
      ),
    );
    expect(list.every(({ plan: made }) => made.beyondBytes > 0)).toBe(true);
    ran.forEach(({ roots }, i) => {
      const [a, b] = [roots[0], alone[i]?.roots[0]] as [ArrayBuffer, ArrayBuffer];
      expect(Buffer.compare(new Uint8Array(a), new Uint8Array(b))).toBe(0);
    });
    expect(runtime.account().used).toBe(0);
  });
});

describe("memory beyond the arena", () => {
  it("is given up after an error and after an abort", async () => {
    const failing = cw.mapBlocks(() => {
      throw new Error("no");
    }, turned(rows));
    const bad = planned([failing.sum()], 512 * MIB, 24 * MIB);
    expect(media(bad.plan)).toContain("memory");
    for (const inlineBytes of [0, Number.POSITIVE_INFINITY]) {
      await expect(runtime.run(bad.plan, bad.bindings, { inlineBytes })).rejects.toThrow("no");
      expect(runtime.account().used).toBe(0);
    }
    const good = planned([turned(rows).sum({ axis: 0 })], 128 * MIB, 24 * MIB);
    const abort = new AbortController();
    const run = runtime.run(good.plan, good.bindings, {
      inlineBytes: 0,
      signal: abort.signal,
      onProgress: ({ tasksDone }) => {
        if (tasksDone > 0) abort.abort();
      },
    });
    await expect(run).rejects.toThrow(cw.AbortError);
    expect(runtime.account().used).toBe(0);
  });

  it("or a result that the system does not give is a MemoryLimitError, and the engine goes on", async () => {
    const { plan: made, bindings } = planned([turned(rows).sum({ axis: 0 })], 128 * MIB, 24 * MIB);
    const absurd = 2 ** 52;
    const greedy = {
      ...made,
      memory: 2 * absurd,
      peakBytes: 2 * absurd,
      resultBytes: absurd,
      roots: made.roots.map((root) => ({ ...root, bytes: absurd })),
    };
    for (const inlineBytes of [0, Number.POSITIVE_INFINITY]) {
      await expect(runtime.run(greedy, bindings, { inlineBytes })).rejects.toThrow(
        cw.MemoryLimitError,
      );
      expect(runtime.account().used).toBe(0);
    }
    const { stats } = await runtime.run(made, bindings, { inlineBytes: 0 });
    expect(stats.tasks).toBeGreaterThan(0);
    vi.stubGlobal("SharedArrayBuffer", function none(): never {
      throw new RangeError("Array buffer allocation failed");
    });
    try {
      expect(() => createSegments(1)).toThrow(cw.MemoryLimitError);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it("comes in segments", () => {
    expect(createSegments(0)).toEqual([]);
    const sizes = createSegments(2 ** 31 + 5).map((s) => s.byteLength);
    expect(sizes).toEqual([2 ** 30, 2 ** 30, 5]);
  });
});
