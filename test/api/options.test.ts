/** Options, budgets and defaults. */
import { afterEach, describe, expect, it } from "vitest";
import { inlineLimit, planConfig, withDefaults } from "../../dist/api/config.js";
import { editDistance, nearest, readOptions, trailing } from "../../dist/api/options.js";
import { drawProgress } from "../../dist/api/progress.js";
import { storedChunks } from "../../dist/api/targets.js";
import { unpacked } from "../../dist/api/zarr.js";
import * as cw from "../../dist/index.js";
import { evaluate, type ReferenceArray } from "../../dist/kernels/reference/index.js";

describe("options", () => {
  it("measures words", () => {
    expect(editDistance("kitten", "sitting")).toBe(3);
    expect(editDistance("", "abc")).toBe(3);
    expect(nearest("keepDims", ["axis", "keepdims"])).toBe("keepdims");
    expect(nearest("zzz", ["axis", "keepdims"])).toBeUndefined();
  });

  it("lets undefined be given", () => {
    expect(readOptions("f", { a: undefined }, { a: () => "must be anything" })).toEqual({
      a: undefined,
    });
    expect(() => readOptions("f", { toString: 1 }, {})).toThrow('f: unknown option "toString"');
  });

  it("finds optional arguments in the options", () => {
    expect(trailing("f", ["a", "b"], [1, { b: 2, c: 3 }])).toEqual({
      values: [1, 2],
      options: { c: 3 },
    });
    expect(trailing("f", ["a"], [])).toEqual({ values: [], options: undefined });
  });
});

describe("configure", () => {
  afterEach(() => {
    cw.configure({ memory: undefined, workers: undefined, executor: undefined });
  });

  it("sets defaults that a run's own options override", () => {
    cw.configure({ memory: "1MiB", workers: 3 });
    expect(planConfig(withDefaults({}))).toMatchObject({ memory: 1048576, workers: 3 });
    expect(planConfig(withDefaults({ memory: 5, workers: undefined }))).toMatchObject({
      memory: 5,
      workers: 3,
    });
  });

  it("bounds memory to something by default", () => {
    const { memory, workers } = planConfig(withDefaults({}));
    expect(memory).toBeGreaterThanOrEqual(256 * 1024 ** 2);
    expect(workers).toBeGreaterThanOrEqual(1);
  });

  it("maps executors to inline limits", () => {
    expect(inlineLimit({ executor: "inline" })).toBe(Number.POSITIVE_INFINITY);
    expect(inlineLimit({ executor: "threads" })).toBe(0);
    expect(inlineLimit({ inlineBytes: 7 })).toBe(7);
    expect(inlineLimit({})).toBeUndefined();
  });
});

describe("progress", () => {
  const event = {
    tasksDone: 1,
    tasksTotal: 4,
    bytesRead: 0,
    bytesWritten: 0,
    memoryUsed: 0,
    memoryLimit: 1,
    bytesDone: 0,
    bytesSpilled: 0,
    blocksHeld: 0,
  };
  const line = "[######                  ]  25 %  1/4 tasks  100 ms";

  it("redraws a line on a terminal", () => {
    const out: string[] = [];
    let now = 0;
    const bar = drawProgress(
      { isTTY: true, columns: 40, write: (t: string) => out.push(t) },
      () => now,
    );
    now = 100;
    bar.show(event);
    bar.end(true);
    expect(out).toEqual([`\r\u001b[K${line.slice(0, 39)}`, "\n"]);
  });

  it("writes few lines elsewhere, the last one always", () => {
    const out: string[] = [];
    let now = 0;
    const bar = drawProgress({ write: (t: string) => out.push(t) }, () => now);
    for (now = 100; now <= 2000; now += 100) bar.show(event);
    bar.end(true);
    expect(out).toEqual([
      `${line}\n`,
      "[######                  ]  25 %  1/4 tasks  2.0 s, 6.0 s left\n",
    ]);
  });
});

describe("rates of progress", () => {
  const event = {
    tasksDone: 1,
    tasksTotal: 4,
    bytesRead: 0,
    bytesWritten: 0,
    bytesSpilled: 0,
    memoryUsed: 0,
    memoryLimit: 1,
    blocksHeld: 0,
  };

  it("are of the last seconds while it runs, and of all of it at the end", () => {
    const out: string[] = [];
    let now = 0;
    const sink = { isTTY: true, columns: 200, write: (t: string) => out.push(t) };
    const bar = drawProgress(sink, () => now);
    // 1 KiB a second at first, then 4.
    for (now = 1000; now <= 20_000; now += 1000) {
      const seconds = now / 1000;
      const bytesDone = 1024 * (seconds <= 10 ? seconds : 10 + 4 * (seconds - 10));
      bar.show({ ...event, bytesDone });
      if (now === 10_000) expect(out.at(-1)).toContain("  1 KiB/s");
    }
    expect(out.at(-1)).toContain("  4 KiB/s");
    now = 25_000;
    bar.show({ ...event, tasksDone: 4, bytesDone: 50 * 1024 });
    expect(out.at(-1)).toContain("  2 KiB/s");
  });
});

describe("Zarr", () => {
  it("stores the array's own chunks made regular, or what is asked for", () => {
    const x = cw.zeros([10, 6], { chunks: [[3, 4, 3], 6] });
    expect(storedChunks(x.node, undefined)).toEqual([4, 6]);
    expect(storedChunks(x.node, { 0: 5 })).toEqual([5, 6]);
    expect(storedChunks(x.node, [3, -1])).toEqual([3, 6]);
    expect(storedChunks(cw.zeros([0]).node, undefined)).toEqual([1]);
    expect(() => storedChunks(x.node, { 1: 2 })).toThrow(
      "the chunks of axis 0 are not all of one length",
    );
  });

  const decoded = async (
    x: cw.LazyArray,
    packing: Partial<Parameters<typeof unpacked>[1]>,
  ): Promise<unknown> => {
    const node = unpacked(x.node, {
      scaleFactor: undefined,
      addOffset: undefined,
      fillValues: [],
      reinterpret: undefined,
      ...packing,
    });
    return [
      node.outs[0].dtype,
      [...(((await evaluate([node]))[0] as ReferenceArray).data as Iterable<number>)],
    ];
  };

  it("decodes CF packing", async () => {
    const raw = cw.asarray(new Int16Array([0, 10, -1]));
    expect(await decoded(raw, { scaleFactor: 0.5, addOffset: 3, fillValues: [-1] })).toEqual([
      "float64",
      [3, 8, Number.NaN],
    ]);
    expect(await decoded(raw, { fillValues: [10, 0] })).toEqual([
      "float64",
      [Number.NaN, Number.NaN, -1],
    ]);
    expect(await decoded(raw, { reinterpret: "uint16" })).toEqual(["uint16", [0, 10, 65535]]);
    expect(await decoded(raw, { reinterpret: "uint16", fillValues: [-1], scaleFactor: 2 })).toEqual(
      ["float64", [0, 20, Number.NaN]],
    );
    const floats = cw.asarray(new Float32Array([1e20, 2]));
    expect(await decoded(floats, { fillValues: [1e20] })).toEqual(["float32", [Number.NaN, 2]]);
    expect(await decoded(floats, { fillValues: [7], addOffset: 1 })).toEqual([
      "float64",
      [Math.fround(1e20) + 1, 3],
    ]);
  });
});
