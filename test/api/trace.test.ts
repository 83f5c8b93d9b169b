/** Traces of real runs: what is in them agrees with what the run says of itself, and recording changes nothing. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runtime } from "../../dist/exec/runtime.js";
import * as cw from "../../dist/index.js";
import {
  ROW_BYTES,
  ROW_END,
  ROW_KIND,
  ROW_STAGE,
  ROW_START,
  ROW_TASK,
  ROW_WIDTH,
  SAMPLE_WIDTH,
  SPAN_KINDS,
} from "../../dist/ir/trace.js";

let folder = "";
let u: cw.LazyArray<"float64">;
beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "chunkwise-trace-"));
  const x = cw.random.normal([60, 40, 30], { seed: 1, chunks: [10, 20, 30] });
  await x.toZarr(path.join(folder, "u.zarr"), { path: "u" });
  u = await cw.openZarr(path.join(folder, "u.zarr"), { path: "u", dtype: "float64" });
});
afterAll(async () => {
  await cw.shutdown();
  fs.rmSync(folder, { recursive: true, force: true });
});
const place = (name: string): string => path.join(folder, name);

interface Span {
  readonly start: number;
  readonly end: number;
  readonly kind: cw.SpanKind;
  readonly stage: number;
  readonly task: number;
  readonly bytes: number;
}
function spansOf({ rows }: cw.TraceThread): Span[] {
  return Array.from({ length: rows.length / ROW_WIDTH }, (_, i) => {
    const at = (column: number): number => rows[i * ROW_WIDTH + column] as number;
    return {
      start: at(ROW_START),
      end: at(ROW_END),
      kind: SPAN_KINDS[at(ROW_KIND)] as cw.SpanKind,
      stage: at(ROW_STAGE),
      task: at(ROW_TASK),
      bytes: at(ROW_BYTES),
    };
  });
}

/** What a thread does by itself, so that two of them cannot be at once. The first use of a codec waits for the codec. */
const BY_ITSELF: readonly cw.SpanKind[] = ["compute", "move", "spill", "unspill", "wait"];

/** Holds for the trace of every run whose codecs and functions answer at once. */
function checkTrace(trace: cw.Trace, stats: cw.RunStats): void {
  const { data } = trace;
  const summary = trace.summary();
  expect(summary.dropped).toBe(0);
  const tasks = stats.stages.reduce((n, s) => n + s.tasks, 0);
  expect(summary.counts.task).toBe(tasks);
  expect(summary.bytes.read).toBe(stats.bytesRead);
  expect(summary.bytes.write).toBe(stats.bytesWritten);
  expect(summary.bytes.spill).toBe(stats.spilledBytes);
  expect(data.stages.reduce((n, s) => n + s.tasks, 0)).toBe(tasks - stats.repeatedTasks);
  expect(summary.wall).toBeCloseTo(stats.seconds, 9);
  const longest = Math.max(
    ...[summary.read, summary.decode, summary.compute, summary.write, summary.spill],
  );
  expect(summary.overlap).toBeCloseTo(longest === 0 ? 1 : summary.wall / longest, 9);
  for (const thread of data.threads) {
    const spans = spansOf(thread);
    for (const { start, end } of spans) {
      expect(start).toBeGreaterThanOrEqual(0);
      expect(end).toBeGreaterThanOrEqual(start);
      expect(end).toBeLessThanOrEqual(data.wallMs + 1);
    }
    const alone = spans.filter((s) => BY_ITSELF.includes(s.kind));
    alone.sort((a, b) => a.start - b.start || a.end - b.end);
    alone.forEach((span, i) => {
      if (i > 0) expect(span.start).toBeGreaterThanOrEqual(alone[i - 1]?.end as number);
    });
    // Whatever is done for a task lies in it.
    if (!thread.name.startsWith("worker")) continue;
    const outer = new Map(
      spans.filter((s) => s.kind === "task").map((s) => [`${s.stage}/${s.task}`, s]),
    );
    for (const span of spans) {
      if (span.kind === "task" || span.kind === "wait") continue;
      const task = outer.get(`${span.stage}/${span.task}`);
      expect(task).toBeDefined();
      expect(span.start).toBeGreaterThanOrEqual(task?.start as number);
      expect(span.end).toBeLessThanOrEqual(task?.end as number);
    }
  }
  checkMemory(data, stats);
  checkChrome(trace.chrome());
}

function checkMemory({ samples, peakBytes }: cw.TraceData, stats: cw.RunStats): void {
  expect(samples.length).toBeGreaterThan(0);
  let most = 0;
  for (let i = 0; i < samples.length; i += SAMPLE_WIDTH) {
    if (i > 0) expect(samples[i]).toBeGreaterThan(samples[i - SAMPLE_WIDTH] as number);
    most = Math.max(most, samples[i + 1] as number);
  }
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(stats.peakBytes);
  expect(most).toBeLessThanOrEqual(peakBytes);
}

/** On every row of Chrome's picture, a span lies in another or beside it. */
function checkChrome({ traceEvents }: cw.ChromeTrace): void {
  const rows = new Map<number, cw.ChromeEvent[]>();
  for (const event of traceEvents) {
    if (event.ph === "X") rows.set(event.tid, [...(rows.get(event.tid) ?? []), event]);
  }
  for (const events of rows.values()) {
    const open: number[] = [];
    for (const { ts, dur = 0 } of events) {
      while (open.length > 0 && (open.at(-1) as number) <= ts + 1e-6) open.pop();
      const outer = open.at(-1);
      if (outer !== undefined) expect(ts + dur).toBeLessThanOrEqual(outer + 1e-6);
      open.push(ts + dur);
    }
  }
}

const RUNS = [
  { executor: "inline" },
  { executor: "threads", workers: 1 },
  { executor: "threads", workers: 2 },
] as const;

describe.each(RUNS)("traces of runs, %o", (options) => {
  it("agree with what a write says of itself", async () => {
    const out = place(`out-${Object.values(options).join("-")}.zarr`);
    const turned = u.multiply(2).sin().rechunk([60, 10, 10]);
    const stats = await turned.toZarr(out, { path: "v", trace: true, ...options });
    const { trace } = stats;
    if (trace === undefined) throw new Error("there is no trace");
    checkTrace(trace, stats);
    const { seconds, counts, bytes } = trace.summary();
    expect(stats.bytesRead).toBe(60 * 40 * 30 * 8);
    for (const kind of ["fetch", "decode", "compute", "encode", "store"] as const) {
      expect([kind, counts[kind] > 0, seconds[kind] > 0]).toEqual([kind, true, true]);
    }
    // What was fetched and stored is what lies in the files.
    const size = (store: string): number =>
      fs
        .readdirSync(store, { recursive: true, withFileTypes: true })
        .filter((f) => f.isFile() && f.name !== "zarr.json")
        .reduce((n, f) => n + fs.statSync(path.join(f.parentPath, f.name)).size, 0);
    expect(bytes.fetch).toBe(size(place("u.zarr")));
    expect(bytes.store).toBe(size(out));
    const read = trace.data.threads.flatMap(spansOf).filter((s) => s.kind === "read");
    expect(read.every((s) => s.bytes > 0)).toBe(true);
    expect(trace.html()).toContain("u.zarr/u");
    expect(runtime.account().used).toBe(0);
  });

  it("change no bit of the values", async () => {
    const works = [
      u.mean({ axis: 0 }),
      u.std({ axis: [0, 2] }),
      cw.cumulativeSum(u, { axis: 1 }),
      u.argmax({ axis: 1 }),
      cw.matmul(u.at(0), u.at(1).T),
      cw.take(u, [5, 50, 3, 3], { axis: 0 }),
      cw
        .concat([u, u.at("::-1")], { axis: 0 })
        .reshape([-1, 30])
        .sum({ axis: 0 }),
    ];
    const plain = await cw.compute(works, options);
    const traced = await cw.compute(works, { ...options, trace: true });
    plain.forEach((result, i) => expect(traced[i]?.data).toEqual(result.data));
    expect(plain.every((r) => r.trace === undefined)).toBe(true);
    const [{ trace } = { trace: undefined }] = traced;
    expect(trace).toBeDefined();
    // One run, one trace.
    expect(traced.every((r) => r.trace === trace)).toBe(true);
    expect(runtime.account().used).toBe(0);
  });

  it("have blocks that go to the disk and come back", async () => {
    const n = 1024;
    const x = cw.arange(n * 64 * 64).reshape([n, 64, 64]);
    const slabs = cw.mapBlocks((b) => b.data.map((v) => v + 0.5), x.rechunk([4, 64, 64]));
    const y = cw.mapBlocks((b) => b.data.map((v) => v * 2), slabs.rechunk([n, 8, 8]));
    const spill = { memory: "24MiB", spillDirectory: folder, ...options };
    let given: cw.Trace | undefined;
    const stats = await y.sum({ axis: 0 }).toZarr(new Map<string, Uint8Array>(), {
      ...spill,
      trace: (t) => {
        given = t;
      },
    });
    if (given === undefined) throw new Error("there is no trace");
    expect(stats.trace).toBe(given);
    expect(stats.spilledBytes).toBeGreaterThan(0);
    checkTrace(given, stats);
    const { counts, bytes, spill: seconds } = given.summary();
    expect(counts.unspill).toBeGreaterThan(0);
    expect(bytes.unspill).toBeGreaterThanOrEqual(bytes.spill);
    expect(seconds).toBeGreaterThan(0);
    // Samples know it too.
    expect(given.data.samples.at(-1)).toBe(stats.spilledBytes);
  });
});

describe("traces", () => {
  const source = (name: string): cw.LazyArray<"float64"> =>
    cw.fromSource({
      shape: [40],
      dtype: "float64",
      chunks: [10],
      name,
      readInto: async ([x], { data, offset, stride }) => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        const { start = 0, stop = 0 } = x ?? {};
        for (let i = start; i < stop; i++) data[offset + (i - start) * (stride[0] ?? 1)] = i;
      },
    });

  it("have what the calling thread does for workers", async () => {
    const result = await source("ramp").add(1).compute({ executor: "threads", trace: true });
    expect([...result.data]).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    const { threads } = result.trace?.data ?? { threads: [] };
    const caller = threads.find((t) => t.name === "calling thread");
    if (caller === undefined) throw new Error("the calling thread is not there");
    const kinds = spansOf(caller).map((s) => s.kind);
    expect(kinds.filter((k) => k === "fetch")).toHaveLength(4);
    expect(kinds).toContain("serve");
    expect(result.trace?.summary().bytes.fetch).toBe(320);
  });

  it("show hostile names as they are", async () => {
    const name = `<img src=x onerror=alert(1)>`;
    const { trace } = await source(name).add(1).compute({ executor: "inline", trace: true });
    expect(trace?.data.sources).toContain(name);
    expect(trace?.html()).toContain("&lt;img src=x");
    expect(trace?.html()).not.toMatch(/<img|<script/);
  });

  it("are of what is left when a worker dies, and the run ends right", async () => {
    const mark = place("died");
    const dies = cw.mapBlocks(
      (block: { readonly data: Float64Array }, { params, blockId }) => {
        const files = process.getBuiltinModule("node:fs");
        if (blockId[0] === 3 && !files.existsSync(params as string)) {
          files.writeFileSync(params as string, "");
          process.exit(3);
        }
        return block.data.map((v) => 2 * v);
      },
      cw.arange(400, { dtype: "float64", chunks: 100 }),
      { params: mark },
    );
    const result = await dies.compute({ executor: "threads", workers: 1, trace: true });
    expect([...result.data]).toEqual(Array.from({ length: 400 }, (_, i) => 2 * i));
    const names = result.trace?.data.threads.map((t) => t.name) ?? [];
    expect(names.some((n) => /^worker \d+ \(\d+\)$/.test(n))).toBe(true);
    const calls = result.trace?.data.stages.findIndex((s) => s.kind === "call");
    const done = result.trace?.data.threads
      .flatMap(spansOf)
      .filter((s) => s.kind === "task" && s.stage === calls);
    expect(done?.map((s) => s.task).sort()).toEqual([0, 1, 2, 3]);
    expect(runtime.account().used).toBe(0);
  });

  it("are written by the names of files, before and after", async () => {
    const [page, chrome] = [place("run.html"), place("run.json")];
    const { trace } = await u.sum().compute({ trace: page });
    expect(fs.readFileSync(page, "utf8")).toBe(trace?.html());
    await trace?.save(chrome);
    const events = (JSON.parse(fs.readFileSync(chrome, "utf8")) as cw.ChromeTrace).traceEvents;
    expect(events).toEqual(trace?.chrome().traceEvents);
    await expect(trace?.save(place("run.txt"))).rejects.toThrow("must end in .html or .json");
    await expect(trace?.save(place("none/run.json"))).rejects.toBeInstanceOf(cw.OptionError);
    let reads = 0;
    const counting = cw.fromSource({
      shape: [4],
      dtype: "float64",
      chunks: [4],
      readInto: () => {
        reads++;
      },
    });
    await expect(counting.compute({ trace: place("none/run.html") })).rejects.toThrow(
      /run\.html" cannot be written/,
    );
    expect(reads).toBe(0);
  });

  it("come with every function that runs something", async () => {
    using kept = await u.add(1).persist({ trace: true });
    expect(kept.trace?.summary().counts.task).toBeGreaterThan(0);
    const [record] = await cw.backend.computeMany([{ mean: u.mean() }], { trace: true });
    expect(record.mean.trace?.summary().counts.task).toBeGreaterThan(0);
    const stored = await cw.store({ a: u.sum() }, new Map<string, Uint8Array>(), { trace: true });
    expect(stored.trace?.summary().counts.write).toBe(1);
    let runs = 0;
    for await (const { block } of cw.blocks(u, { trace: true, chunks: [30, 40, 30] })) {
      expect(block.trace?.summary().counts.task).toBeGreaterThan(0);
      runs++;
    }
    expect(runs).toBe(2);
    const given: cw.Trace[] = [];
    const trace = (t: cw.Trace): unknown => given.push(t);
    await cw.preview(u.at(0, 0), { trace });
    await u.at(u.greater(0)).measure({ trace });
    await u.sum().analyze({ trace });
    expect(given.length).toBeGreaterThanOrEqual(3);
    expect(given.every((t) => t.summary().counts.task > 0)).toBe(true);
    // A selection is counted first; its own run is what the trace is of.
    const selected = await u.at(u.greater(2)).compute({ trace: true });
    expect(selected.trace?.data.stages.reduce((n, s) => n + s.tasks, 0)).toBe(
      selected.trace?.summary().counts.task,
    );
  });

  it("refuse what cannot be", async () => {
    const wrong = 3 as unknown as string;
    const words = "must be true, the name of a file or a function";
    await expect(u.compute({ trace: wrong })).rejects.toThrow(words);
    await expect(u.compute({ trace: "run.txt" })).rejects.toThrow("must end in .html or .json");
    await expect(u.measure({ trace: true })).rejects.toThrow(
      "must be the name of a file or a function",
    );
    await expect(cw.preview(u, { trace: "a.html" })).rejects.toThrow("must be a function");
    expect(() => cw.blocks(u, { trace: "a.html" })).toThrow("must be true or a function");
    await expect(
      u.sum().compute({
        trace: () => {
          throw new Error("no place");
        },
      }),
    ).rejects.toThrow("no place");
    expect((await u.sum().compute({ trace: false })).trace).toBeUndefined();
    expect(runtime.account().used).toBe(0);
  });
});
