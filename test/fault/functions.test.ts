/**
 * What user functions may get wrong, and what becomes of it: inputs that are written to or kept, errors, wrong shapes
 * and dtypes, endless loops, exhausted heaps, captured variables, unloadable modules. The engine goes on after all.
 */
import { afterAll, afterEach, describe, expect, it } from "vitest";
import * as cw from "../../dist/index.js";
import { expectHealthy, rejection, THREADS } from "./support.js";

const PLACES = [{ executor: "inline" }, THREADS] as const;
const values = Array.from({ length: 400 }, (_, i) => i);
const x = cw.arange(400, { dtype: "float64", chunks: 100 });
afterEach(expectHealthy);
afterAll(() => cw.shutdown());

describe.each(PLACES)("a block function (%j)", (place) => {
  it("that writes to its input changes its own copy only", async () => {
    const scribbles = cw.mapBlocks((block) => {
      const out = block.data.slice();
      block.data.fill(-1);
      block.set(0, -2);
      return out;
    }, x);
    const [a, b, c] = await cw.compute([scribbles, x.add(0), scribbles.add(x)], place);
    expect(a.toNested()).toEqual(values);
    expect(b.toNested()).toEqual(values);
    expect(c.toNested()).toEqual(values.map((v) => 2 * v));
  });

  it("that keeps its input finds it empty in the next call, never with other data", async () => {
    const kept = cw.mapBlocks(
      (block) => {
        const store = globalThis as { keptBlocks?: { data: Float64Array }[] };
        store.keptBlocks ??= [];
        const list = store.keptBlocks;
        const seen = list.map((old) => old.data.length);
        list.push(block);
        return new Float64Array(block.data.length).fill(Math.max(0, ...seen));
      },
      x,
      { name: "keeper" },
    );
    expect((await kept.compute(place)).toNested()).toEqual(values.map(() => 0));
  });

  it("that returns its input, or a part of it, has it copied in time", async () => {
    const same = cw.mapBlocks((block) => block, x);
    const back = cw.mapBlocks(
      (block) => ({ data: block.data, shape: block.shape, stride: [-1], offset: block.size - 1 }),
      x,
    );
    expect((await same.compute(place)).toNested()).toEqual(values);
    const turned = values.map((v) => 100 * Math.floor(v / 100) + 99 - (v % 100));
    expect((await back.compute(place)).toNested()).toEqual(turned);
  });

  it("that goes on after it answered disturbs nobody", async () => {
    const late = cw.mapBlocks((block) => {
      const { data } = block;
      setTimeout(() => {
        for (let i = 0; i < 100; i++) data[i] = -7;
      }, 1);
      return data.map((v) => 2 * v);
    }, x);
    for (let i = 0; i < 3; i++) {
      expect((await late.compute(place)).toNested()).toEqual(values.map((v) => 2 * v));
    }
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      "throws",
      () => {
        throw new RangeError("too far");
      },
      /failed on block \(\d\): too far/,
    ],
    [
      "rejects with no error",
      () => {
        return Promise.reject("text");
      },
      /failed on block \(\d\): text/,
    ],
    [
      "rejects",
      async () => {
        await Promise.reject(new Error("later"));
      },
      /: later/,
    ],
    ["returns nothing", () => undefined, /returned nothing/],
    [
      "returns the wrong shape",
      () => ({ data: new Float64Array(100), shape: [10, 10] }),
      /of shape \(10, 10\)/,
    ],
    ["returns the wrong length", () => new Float64Array(99), /length 99/],
    ["returns the wrong dtype", () => new Float32Array(100), /a Float32Array of length 100/],
    [
      "recurses for ever",
      () => {
        const f = (): number => f() + 1;
        return f();
      },
      /call stack/,
    ],
    [
      "asks for an absurd array",
      () => new Float64Array(2 ** 44),
      /Invalid typed array length|Array buffer allocation/,
    ],
  ])("that %s is a TaskError with its name and block", async (_, fn, message) => {
    const error = (await rejection(
      cw.mapBlocks(fn, x, { name: "faulty" }).compute(place),
    )) as cw.TaskError;
    expect(error).toBeInstanceOf(cw.TaskError);
    expect(error.functionName).toBe("faulty");
    expect(error.blockIndex).toHaveLength(1);
    expect(error.message).toMatch(message);
  });

  it("of a reduction, a scan or a vectorized call is named as well", async () => {
    const wrong = [
      x.reduction({ chunk: () => new Float64Array(2), aggregate: (p) => p }),
      x.reduction({ chunk: () => new Float64Array(1), aggregate: () => new Float32Array(1) }),
      x.scan({
        block: (b) => b.data,
        combine: () => {
          throw new Error("no carry");
        },
      }),
      cw.applyGufunc(() => "text", "()->()", x, { vectorize: true }),
    ];
    const names = ["chunk", "aggregate", "combine", "block function"];
    for (const [i, array] of wrong.entries()) {
      const error = (await rejection(array.compute(place))) as cw.TaskError;
      expect(error).toBeInstanceOf(cw.TaskError);
      expect(error.functionName).toBe(names[i]);
    }
  });

  it("whose module throws while it loads is a TaskError", async () => {
    const missing = cw.mapBlocks({ module: "/nowhere/at-all.mjs", export: "f" }, x);
    const error = (await rejection(missing.compute(place))) as cw.TaskError;
    expect(error).toBeInstanceOf(cw.TaskError);
    expect(error.message).toMatch(/could not be loaded/);
  });
});

describe("a block function on workers", () => {
  it.each<[string, () => unknown]>([
    [
      "loops for ever",
      () => {
        for (;;);
      },
    ],
    ["waits for ever", () => new Promise(() => {})],
    [
      "ignores the signal",
      async () => {
        for (;;) await new Promise((done) => setTimeout(done, 5));
      },
    ],
  ])("that %s is ended by an abort", async (_, fn) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("enough")), 150);
    const run = cw.mapBlocks(fn, x).compute({ ...THREADS, signal: controller.signal });
    const error = await rejection(run);
    expect(error).toBeInstanceOf(cw.AbortError);
    // The thread is ended after a grace period; work goes on while that happens.
    for (let i = 0; i < 50; i++) {
      if ((await x.sum().compute(THREADS)).item() === 79_800) break;
    }
  });

  it("that hears the signal may stop by itself", async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    const listening = cw.mapBlocks(
      (block, { signal }) =>
        new Promise((resolve) => {
          signal.addEventListener("abort", () => resolve(block.data));
        }),
      x,
    );
    const error = await rejection(listening.compute({ ...THREADS, signal: controller.signal }));
    expect(error).toBeInstanceOf(cw.AbortError);
  });

  it("that exhausts its heap is a TaskError", async () => {
    const greedy = cw.mapBlocks(
      function hoarder(block) {
        const kept: number[][] = [];
        for (;;) kept.push(new Array<number>(500_000).fill(block.data.length + 0.5));
      },
      x.at(cw.slice(0, 100)),
    );
    const error = (await rejection(greedy.compute({ ...THREADS, workers: 1 }))) as cw.TaskError;
    expect(error).toBeInstanceOf(cw.TaskError);
    expect(error.functionName).toBe("hoarder");
    expect(error.message).toMatch(/memory|heap/i);
  });

  it("may allocate hundreds of megabytes at once", async () => {
    const large = cw.mapBlocks((block) => {
      const room = new Float64Array(25_000_000);
      room[room.length - 1] = block.data[0] ?? 0;
      return new Float64Array(block.data.length).fill(room[room.length - 1] ?? -1);
    }, x);
    const want = values.map((v) => 100 * Math.floor(v / 100));
    expect((await large.compute({ ...THREADS, workers: 1 })).toNested()).toEqual(want);
  });
});

describe("a function with captured variables", () => {
  const scale = 3;
  it("is refused before anything runs, wherever it is given", () => {
    const captured = (block: cw.Block<"float64">): Float64Array => block.data.map((v) => v * scale);
    const plain = (block: cw.Block<"float64">): Float64Array => block.data;
    const uses: (() => unknown)[] = [
      () => cw.mapBlocks(captured, x),
      () => cw.blockwise(captured, "i", [x, "i"]),
      () => cw.applyGufunc(captured, "()->()", x),
      () => x.reduction({ chunk: captured, aggregate: plain }),
      () => x.reduction({ chunk: plain, combine: captured, aggregate: plain }),
      () => x.scan({ block: plain, combine: plain, total: captured }),
    ];
    for (const use of uses) {
      expect(use).toThrow(cw.TaskError);
      expect(use).toThrow(/uses scale, which is not defined inside it; .*params.*module/);
    }
  });
});
