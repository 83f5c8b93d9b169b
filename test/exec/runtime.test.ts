import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { AbortError, OptionError, SourceError, TaskError } from "../../dist/errors.js";
import {
  type ProgressEvent,
  type RunOptions,
  type RunResult,
  runtime,
} from "../../dist/exec/runtime.js";
import { arrayBinding, createZarrArray, openZarrArray } from "../../dist/io/index.js";
import { type Cuts, uniformCuts } from "../../dist/ir/cuts.js";
import { cast, indexOf } from "../../dist/ir/scalar.js";
import { below, randomOf } from "./random-plan.js";
import { counting, readBox, Work, type WorkOptions } from "./work.js";

afterAll(() => runtime.shutdown());
afterEach(() => expect(runtime.account().used).toBe(0));

const ON_WORKERS = { inlineBytes: 0 } as const;
const INLINE = { inlineBytes: Number.POSITIVE_INFINITY } as const;

const run = (work: Work, options: RunOptions, how: WorkOptions = {}): Promise<RunResult> => {
  const { plan, bindings } = work.plan(how);
  return runtime.run(plan, bindings, options);
};

const values = (result: RunResult, root = 0): number[] => [
  ...new Float64Array(result.roots[root] as ArrayBuffer),
];

/** (x * 3 + 1) in blocks, summed over the first axis in other blocks, beside the map itself. */
function scaleAndSum(
  rows = 60,
  columns = 40,
  delay?: number,
): { work: Work; scaled: number[]; sums: number[] } {
  const data = counting(rows * columns);
  const work = new Work();
  const source = work.source(data, [rows, columns], delay === undefined ? {} : { delay });
  const scaledId = work.scale(source, 3, [uniformCuts(rows, 7), uniformCuts(columns, 9)]);
  const sumId = work.sum(work.operand(scaledId), [uniformCuts(rows, 16), uniformCuts(columns, 11)]);
  work.root(scaledId);
  work.root(sumId);
  const scaled = [...data].map((v) => v * 3 + 1);
  const sums = Array<number>(columns).fill(0);
  scaled.forEach((v, i) => {
    sums[i % columns] = (sums[i % columns] as number) + v;
  });
  return { work, scaled, sums };
}

for (const [name, options] of [
  ["inline", INLINE],
  ["on workers", ON_WORKERS],
] as const) {
  describe(`runtime, ${name}`, () => {
    it("delivers roots of maps and sums, in ordinary and in shared buffers", async () => {
      const { work, scaled, sums } = scaleAndSum();
      const result = await run(work, options);
      expect(result.roots[0]).toBeInstanceOf(ArrayBuffer);
      expect(values(result, 0)).toEqual(scaled);
      expect(values(result, 1)).toEqual(sums);
      const { plan } = work.plan();
      expect(result.stats.inline).toBe(name === "inline");
      expect(result.stats.peakBytes).toBeLessThanOrEqual(plan.peakBytes);
      expect(result.stats.peakBytes).toBeGreaterThan(plan.resultBytes);
      expect(result.stats.bytesRead).toBe(60 * 40 * 8);
      const shared = await run(work, { ...options, shared: true });
      expect(shared.roots[0]).toBeInstanceOf(SharedArrayBuffer);
      expect(values(shared, 0)).toEqual(scaled);
    });

    it("runs with no room but for one task after another", async () => {
      const { work, scaled, sums } = scaleAndSum();
      const result = await run(work, options, { room: 0 });
      expect(values(result, 0)).toEqual(scaled);
      expect(values(result, 1)).toEqual(sums);
    });

    it("reads sources and writes sinks that answer later", async () => {
      const { work, scaled, sums } = scaleAndSum(20, 30, 2);
      const kept = work.write(work.operand(0), [uniformCuts(20, 5), uniformCuts(30, 10)], 2);
      const result = await run(work, options);
      expect(values(result, 1)).toEqual(sums);
      expect([...kept]).toEqual(scaled);
      expect(result.stats.bytesWritten).toBe(20 * 30 * 8);
    });

    it("runs user functions, synchronous and asynchronous", async () => {
      const work = new Work();
      const cuts = [uniformCuts(100, 8)];
      const source = work.source(counting(100), [100]);
      const a = work.call(
        "plus",
        "(b, { params }) => b.data.map((v) => v + params)",
        source,
        cuts,
        5,
      );
      const later =
        "async (b) => { await new Promise((r) => setTimeout(r, 1)); return b.data.map((v) => v * 2); }";
      work.root(work.call("later", later, work.operand(a), cuts));
      const result = await run(work, options);
      expect(values(result)).toEqual([...counting(100)].map((v) => (v + 5) * 2));
    });

    it("runs many at once", async () => {
      const works = Array.from({ length: 8 }, (_, i) =>
        scaleAndSum(10 + i, 20 + i, i % 3 === 0 ? 1 : undefined),
      );
      const results = await Promise.all(works.map(({ work }) => run(work, options)));
      results.forEach((result, i) => {
        expect(values(result, 0)).toEqual(works[i]?.scaled);
        expect(values(result, 1)).toEqual(works[i]?.sums);
      });
    });

    it("rejects with a user function's error, its name and block", async () => {
      const work = new Work();
      const text =
        "(b) => { if (b.data[0] === 24) throw new RangeError('not this one'); return b.data; }";
      work.root(work.call("picky", text, work.source(counting(100), [100]), [uniformCuts(100, 8)]));
      const error = await run(work, options).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(TaskError);
      expect(error).toMatchObject({ functionName: "picky", blockIndex: [3] });
      expect((error as Error).message).toContain("not this one");
      expect((error as Error).cause).toMatchObject({ name: "RangeError" });
    });

    it("rejects with a source's error", async () => {
      const work = new Work();
      const reader = {
        readInto(): void {
          throw new SourceError("the disk is gone");
        },
      };
      const source = work.source(counting(10), [10], { reader });
      work.root(work.scale(source, 2, [uniformCuts(10, 4)]));
      const error = await run(work, options).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(SourceError);
      expect((error as Error).message).toContain("the disk is gone");
    });

    it("aborts before and while it runs, with the reason as cause", async () => {
      const { work } = scaleAndSum(60, 40, 20);
      const early = await run(work, { ...options, signal: AbortSignal.abort("no") }).catch(
        (e: unknown) => e,
      );
      expect(early).toBeInstanceOf(AbortError);
      expect((early as Error).cause).toBe("no");
      const controller = new AbortController();
      setTimeout(() => controller.abort("changed my mind"), 50);
      const error = await run(work, { ...options, signal: controller.signal }).catch(
        (e: unknown) => e,
      );
      expect(error).toBeInstanceOf(AbortError);
      expect((error as Error).cause).toBe("changed my mind");
    });

    it("fails with what a progress listener throws", async () => {
      const { work } = scaleAndSum(60, 40, 5);
      const onProgress = (): void => {
        throw new RangeError("not interested");
      };
      const error = await run(work, { ...options, onProgress }).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(RangeError);
      await settled();
    });

    it("tells progress", async () => {
      const { work } = scaleAndSum(60, 40, 5);
      const events: ProgressEvent[] = [];
      const result = await run(work, { ...options, onProgress: (e) => events.push(e) });
      const last = events.at(-1) as ProgressEvent;
      expect(last.tasksDone).toBe(result.stats.tasks);
      expect(last.tasksTotal).toBe(result.stats.tasks);
      expect(last.bytesDone).toBe(result.stats.bytesRead);
      expect(events.some((e) => e.tasksDone < e.tasksTotal && e.memoryUsed > 0)).toBe(true);
      const done = events.map((e) => e.tasksDone);
      expect(done).toEqual([...done].sort((a, b) => a - b));
    });
  });
}

describe("runtime", () => {
  it("takes small plans inline, but nothing with files or user functions", async () => {
    const { work } = scaleAndSum(8, 8);
    expect((await run(work, {})).stats.inline).toBe(true);
    expect((await run(work, { inlineBytes: 100 })).stats.inline).toBe(false);
    work.root(
      work.call("same", "(b) => b.data", work.operand(0), [uniformCuts(8, 4), uniformCuts(8, 8)]),
    );
    expect((await run(work, {})).stats.inline).toBe(false);
  });

  it("goes on when the calling thread does not", async () => {
    const work = new Work();
    const cuts = [uniformCuts(200, 4)];
    const index = work.map([], cast(indexOf(0), "float64"), cuts);
    const text = "(b, { params }) => { Atomics.add(new Int32Array(params), 0, 1); return b.data; }";
    const count = new SharedArrayBuffer(4);
    work.root(work.call("counted", text, work.operand(index), cuts, count));
    const promise = run(work, ON_WORKERS);
    const seen = new Int32Array(count);
    // The first block may need this thread to start the others; from then on it is blocked.
    while (Atomics.load(seen, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    const until = Date.now() + 10_000;
    while (Atomics.load(seen, 0) < 50 && Date.now() < until);
    expect(Atomics.load(seen, 0)).toBe(50);
    expect(values(await promise)).toEqual([...counting(200)]);
  });

  it("opens described sources and sinks in the workers", async () => {
    const folder = await mkdtemp(join(tmpdir(), "chunkwise-exec-"));
    try {
      const shape = [30, 20];
      const data = counting(600);
      const sink = await createZarrArray(folder, {
        path: "a",
        shape,
        dtype: "float64",
        chunks: [7, 20],
      });
      const array = arrayBinding(data, shape, "float64");
      const first = new Work();
      const copied = first.scale(first.bound(array), 2, [uniformCuts(30, 7), uniformCuts(20, 20)]);
      first.writeTo(sink, first.operand(copied), [uniformCuts(30, 14), uniformCuts(20, 20)]);
      const written = await run(first, {});
      expect(written.stats.inline).toBe(false);
      expect(written.stats.bytesWritten).toBe(4800);
      const { binding } = await openZarrArray(folder, { path: "a" });
      const second = new Work();
      second.root(
        second.scale(second.bound(binding), 10, [uniformCuts(30, 10), uniformCuts(20, 6)]),
      );
      const read = await run(second, {});
      expect(read.stats.inline).toBe(false);
      expect(values(read)).toEqual([...data].map((v) => (v * 2 + 1) * 10 + 1));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("computes for a reader that itself computes", async () => {
    const inner = scaleAndSum(6, 5);
    const innerPlan = inner.work.plan();
    const outer = new Work();
    const reader = {
      async readInto(
        region: { lo: readonly number[] },
        target: Parameters<typeof readBox>[3],
      ): Promise<void> {
        const result = await runtime.run(innerPlan.plan, innerPlan.bindings, ON_WORKERS);
        readBox(new Float64Array(result.roots[1] as ArrayBuffer), [5], region.lo, target);
      },
    };
    outer.root(outer.scale(outer.source(counting(5), [5], { reader }), 2, [uniformCuts(5, 5)]));
    // A budget that the outer run has all for itself.
    const result = await run(outer, ON_WORKERS, { memory: 0, room: 1 << 24 });
    expect(values(result)).toEqual(inner.sums.map((v) => v * 2 + 1));
  });

  it("gives the same bits inline and on workers, whatever the plan, the room and the neighbours", async () => {
    const random = randomOf(99);
    const drawn = Array.from({ length: 30 }, () => randomWork(random));
    const alone: RunResult[] = [];
    for (const { work } of drawn) alone.push(await run(work, INLINE, { room: 1 << 20 }));
    const together = await Promise.all(
      drawn.map(({ work }) =>
        run(work, ON_WORKERS, { room: below(random, 3) * 4000, workers: 1 + below(random, 3) }),
      ),
    );
    together.forEach((result, i) => {
      expect(result.roots).toEqual(alone[i]?.roots);
      expect(result.stats.tasks).toBe(alone[i]?.stats.tasks);
      expect(result.stats.repeatedTasks).toBe(0);
    });
  });

  it("gives aborted runs that wait for their turn up at once", async () => {
    const { work } = scaleAndSum(60, 40, 5);
    const first = work.plan({ memory: 0 });
    const controller = new AbortController();
    const running = runtime.run(first.plan, first.bindings, ON_WORKERS);
    const waiting = runtime.run(first.plan, first.bindings, {
      ...ON_WORKERS,
      signal: controller.signal,
    });
    controller.abort("no more");
    const error = await waiting.catch((e: unknown) => e);
    expect(error).toBeInstanceOf(AbortError);
    expect((error as Error).cause).toBe("no more");
    await running;
  });

  it("rejects what runs when it is shut down, and params that cannot be sent", async () => {
    const { work, sums } = scaleAndSum(60, 40, 40);
    const running = run(work, ON_WORKERS).catch((e: unknown) => e);
    await new Promise((resolve) => setTimeout(resolve, 60));
    await runtime.shutdown();
    expect(await running).toBeInstanceOf(AbortError);
    const bad = new Work();
    const params = { fn: () => 1 };
    bad.root(
      bad.call("bad", "(b) => b.data", bad.source(counting(4), [4]), [uniformCuts(4, 2)], params),
    );
    expect(await run(bad, ON_WORKERS).catch((e: unknown) => e)).toBeInstanceOf(OptionError);
    expect(values(await run(work, ON_WORKERS), 1)).toEqual(sums);
  });

  it("gives the blocks of a worker that exits to another one", async () => {
    const work = new Work();
    const cuts = [uniformCuts(400, 4)];
    // What was seen is kept in memory that outlives the thread: every 30th block ends its first thread.
    const text = `(b, { params }) => {
      const seen = new Int32Array(params);
      const i = b.data[0] / 4;
      if (i % 30 === 7 && Atomics.add(seen, i, 1) === 0) process.exit(3);
      return b.data.map((v) => v + 1);
    }`;
    const source = work.source(counting(400), [400]);
    work.root(work.call("leaving", text, source, cuts, new SharedArrayBuffer(400)));
    expect(values(await run(work, ON_WORKERS))).toEqual([...counting(400)].map((v) => v + 1));
  });

  it("fails with a TaskError when a function ends its thread every time", async () => {
    const work = new Work();
    work.root(
      work.call("suicidal", "() => process.exit(1)", work.source(counting(8), [8]), [
        uniformCuts(8, 8),
      ]),
    );
    const error = await run(work, ON_WORKERS).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(TaskError);
    expect((error as Error).message).toMatch(/died 3 times in block 0 of suicidal/);
  });

  it("ends an endless function when it is aborted, and runs on", async () => {
    const work = new Work();
    const text = "(b) => { for (;;) b.data[0] += 1; }";
    work.root(work.call("endless", text, work.source(counting(80), [80]), [uniformCuts(80, 8)]));
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("enough")), 300);
    const error = await run(work, { ...ON_WORKERS, signal: controller.signal }).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(AbortError);
    await settled();
    const { work: next, sums } = scaleAndSum();
    expect(values(await run(next, ON_WORKERS), 1)).toEqual(sums);
  });

  it("keeps memory while a reader that ignores the abort still writes into it, and frees it after", async () => {
    const work = new Work();
    let release: (() => void) | undefined;
    const data = counting(10);
    const reader = {
      readInto: (region: { lo: readonly number[] }, target: Parameters<typeof readBox>[3]) =>
        new Promise<void>((resolve) => {
          release = () => {
            readBox(data, [10], region.lo, target);
            resolve();
          };
        }),
    };
    work.root(work.scale(work.source(data, [10], { reader }), 2, [uniformCuts(10, 10)]));
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 200);
    const error = await run(work, { ...ON_WORKERS, signal: controller.signal }).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(AbortError);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(runtime.account().used).toBeGreaterThan(0);
    release?.();
    await settled();
  });

  it("starts again after shutdown", async () => {
    const { work, sums } = scaleAndSum();
    expect(values(await run(work, ON_WORKERS), 1)).toEqual(sums);
    await runtime.shutdown();
    expect(values(await run(work, ON_WORKERS), 1)).toEqual(sums);
  });
});

/** A chain of stages over blocks that seldom fit each other. */
function randomWork(random: () => number): { work: Work } {
  const work = new Work();
  const [rows, columns] = [1 + below(random, 40), 1 + below(random, 40)];
  const cuts = (): [Cuts, Cuts] => [
    uniformCuts(rows, 1 + below(random, rows)),
    uniformCuts(columns, 1 + below(random, columns)),
  ];
  const source = work.source(
    counting(rows * columns),
    [rows, columns],
    random() < 0.3 ? { delay: 1 } : {},
  );
  const ids = [work.scale(source, 1.5, cuts())];
  for (let n = 1 + below(random, 4); n > 0; n--) {
    const from = work.operand(ids[below(random, ids.length)] as number);
    if (random() < 0.25) {
      ids.push(work.call("grow", "(b) => b.data.map((v) => v * 1.25 + 3)", from, cuts()));
    } else ids.push(work.scale(from, random(), cuts()));
    if (random() < 0.4) work.root(work.sum(from, cuts()));
  }
  work.root(ids.at(-1) as number);
  return { work };
}

/** Waits until the account is empty again. */
async function settled(): Promise<void> {
  while (runtime.account().used > 0) await new Promise((resolve) => setTimeout(resolve, 10));
}
