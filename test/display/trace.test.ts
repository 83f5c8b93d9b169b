/** Traces as pictures and for other programs: lanes that nest, bounded pages, nothing that a name could smuggle in. */
import { describe, expect, it } from "vitest";
import {
  boxesOf,
  busySeconds,
  chromeTrace,
  lanesOf,
  traceHtml,
  traceSummary,
} from "../../dist/display/trace/index.js";
import {
  SPAN,
  SPAN_KINDS,
  TOTAL_WIDTH,
  type TraceData,
  type TraceThread,
} from "../../dist/ir/trace.js";

type Row = [
  start: number,
  end: number,
  kind: number,
  stage?: number,
  task?: number,
  bytes?: number,
];

function thread(name: string, rows: readonly Row[], dropped = 0): TraceThread {
  const flat = rows.flatMap(([start, end, kind, stage = 0, task = 0, bytes = 0]) => [
    ...[start, end, kind, stage, task, bytes, 0],
  ]);
  const totals = new Float64Array(2 * SPAN_KINDS.length * TOTAL_WIDTH);
  for (const [start, end, kind, , , bytes = 0] of rows) {
    totals[kind * TOTAL_WIDTH] = (totals[kind * TOTAL_WIDTH] as number) + 1;
    totals[kind * TOTAL_WIDTH + 1] = (totals[kind * TOTAL_WIDTH + 1] as number) + end - start;
    totals[kind * TOTAL_WIDTH + 2] = (totals[kind * TOTAL_WIDTH + 2] as number) + bytes;
  }
  return { name, rows: Float64Array.from(flat), dropped, totals };
}

const data = (threads: readonly TraceThread[], more: Partial<TraceData> = {}): TraceData => ({
  origin: Date.UTC(2026, 0, 2, 3, 4, 5),
  wallMs: 100,
  stages: [{ id: 0, label: "sum", kind: "reduce", tasks: 2 }],
  sources: ["era5.zarr/u"],
  sinks: ["out.zarr/v"],
  threads,
  samples: Float64Array.from([0, 100, 0, 50, 400, 10]),
  peakBytes: 500,
  memory: 1000,
  ...more,
});

/** Two tasks at once on one thread, each waiting for its reads while the other computes. */
const CROSSING = thread("worker 1", [
  [0, 40, SPAN.task, 0, 0],
  [10, 60, SPAN.task, 0, 1],
  [1, 20, SPAN.read, 0, 0, 800],
  [2, 8, SPAN.fetch, 0, 0, 300],
  [3, 12, SPAN.fetch, 0, 0, 300],
  [13, 19, SPAN.decode, 0, 0, 800],
  [11, 45, SPAN.read, 0, 1, 800],
  [20, 39, SPAN.compute, 0, 0],
  [46, 59, SPAN.compute, 0, 1],
  [60, 90, SPAN.wait, -1, -1],
]);

describe("lanes", () => {
  it("have every span once, and none that cross", () => {
    const lanes = lanesOf(data([CROSSING, thread("worker 2", [])]));
    expect(lanes.map((l) => l.name)).toEqual(["worker 1", "worker 1, row 2", "worker 1, row 3"]);
    const seen = lanes.flatMap((l) => [...l.spans]).sort((a, b) => a - b);
    expect(seen).toEqual(Array.from({ length: 10 }, (_, i) => i));
    // The second task has a row of its own; so has the fetch that crosses another one of the same read.
    expect([...(lanes[0]?.spans ?? [])]).toEqual([0, 2, 3, 5, 7, 9]);
    expect([...(lanes[0]?.depths ?? [])]).toEqual([0, 1, 2, 2, 1, 0]);
    expect([...(lanes[2]?.spans ?? [])]).toEqual([1, 6, 8]);
    expect([...(lanes[1]?.spans ?? [])]).toEqual([4]);
  });
});

describe("figures", () => {
  it("are the times in which anybody was at it", () => {
    const two = data([
      thread("a", [
        [0, 10, SPAN.fetch],
        [10, 30, SPAN.compute],
        [40, 50, SPAN.move],
      ]),
      thread("b", [
        [5, 25, SPAN.fetch],
        [60, 61, SPAN.fetch],
        [20, 35, SPAN.compute],
        [70, 80, SPAN.encode],
        [80, 85, SPAN.store],
      ]),
    ]);
    expect(busySeconds(two, [SPAN.fetch])).toBeCloseTo(0.026, 12);
    const s = traceSummary(two);
    expect(s.read).toBeCloseTo(0.026, 12);
    expect(s.compute).toBeCloseTo(0.035, 12);
    expect(s.write).toBeCloseTo(0.015, 12);
    expect([s.decode, s.spill, s.wall]).toEqual([0, 0, 0.1]);
    expect(s.overlap).toBeCloseTo(0.1 / 0.035, 12);
    // Summed over the threads, by kind.
    expect(s.seconds.compute).toBeCloseTo(0.035, 12);
    expect(s.counts.fetch).toBe(3);
    expect(traceSummary(data([])).overlap).toBe(1);
  });
});

describe("boxes", () => {
  const many = thread(
    "worker 1",
    Array.from({ length: 100_000 }, (_, i): Row => [i / 1000, i / 1000 + 0.0008, SPAN.task, 0, i]),
  );

  it("join what is too narrow to see, and count it", () => {
    const [lane] = lanesOf(data([many]));
    if (lane === undefined) throw new Error("there is no lane");
    const boxes = boxesOf(lane, 0.1);
    expect(boxes.length).toBeLessThan(1100);
    expect(boxes.reduce((n, b) => n + b.count, 0)).toBe(100_000);
    boxes.forEach((box, i) => {
      expect(box.end - box.start).toBeLessThanOrEqual(0.2);
      if (i > 0) expect(box.start).toBeGreaterThanOrEqual(boxes[i - 1]?.end as number);
    });
    expect(boxesOf(lane, 0).length).toBe(100_000);
  });

  it("keep wide ones apart, and name those that take most time", () => {
    const [lane] = lanesOf(
      data([
        thread("a", [
          [0, 10, SPAN.wait, -1, -1],
          [10, 10.2, SPAN.wait, -1, -1],
          [10.2, 10.9, SPAN.task, 0, 1],
          [11, 20, SPAN.task, 0, 2],
        ]),
      ]),
    );
    if (lane === undefined) throw new Error("there is no lane");
    expect(boxesOf(lane, 1).map((b) => [b.start, b.end, b.kind, b.count])).toEqual([
      [0, 10, SPAN.wait, 1],
      [10, 10.9, SPAN.task, 2],
      [11, 20, SPAN.task, 1],
    ]);
  });

  it("make pages of bounded size of any number of spans", () => {
    const page = traceHtml(data([many, { ...many, name: "worker 2" }]));
    const rects = page.match(/<rect /g)?.length ?? 0;
    expect(rects).toBeGreaterThan(1000);
    expect(rects).toBeLessThanOrEqual(24_000);
    expect(page.length).toBeLessThan(6e6);
    expect(page).toContain("spans in");
  });
});

describe("pages", () => {
  it("say what was done, where and for how long", () => {
    const page = traceHtml(data([CROSSING]));
    expect(page).toContain("<title>chunkwise trace</title>");
    expect(page.match(/<rect /g)).toHaveLength(10);
    const titles = [...page.matchAll(/<title>([^<]*)<\/title>/g)].map((m) => m[1]);
    expect(titles).toContain("read  19 ms\nstage 0: sum\ntask 0\nera5.zarr/u\n800 B\nat 1 ms");
    expect(page).toContain("planned peak 500 B");
    expect(page).toContain("budget 1000 B");
    expect(page).toMatch(/<th>0: sum <small>reduce<\/small><\/th><td>2<\/td>/);
    expect(page).not.toContain("were dropped");
    expect(traceHtml(data([{ ...CROSSING, dropped: 1234 }]))).toContain("1,234 spans were dropped");
  });

  it("load nothing, run nothing, and show names as they are", () => {
    const evil = `"><script>alert(1)</script><img src=x onerror='x'>\u0007`;
    const stages = [{ id: 0, label: evil, kind: evil, tasks: 1 }];
    const page = traceHtml(
      data([{ ...CROSSING, name: evil }], { stages, sources: [evil], sinks: [evil] }),
    );
    expect(/<script|<img|<link|<iframe|javascript:|\son\w+=['"]/i.test(page)).toBe(false);
    expect(page).not.toContain("\u0007");
    // Outside of the names there is nothing that could load anything.
    expect(/(src|href|url)[=(]/i.test(page.replaceAll("img src=x", ""))).toBe(false);
    expect(
      page.match(/&quot;&gt;&lt;script&gt;alert\(1\)&lt;\/script&gt;/g)?.length,
    ).toBeGreaterThan(5);
    expect(page).toContain("default-src 'none'");
  });

  it("are as good of runs in which nothing happened", () => {
    const page = traceHtml(data([], { samples: new Float64Array(0), wallMs: 0, stages: [] }));
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
  });
});

describe("Chrome's format", () => {
  const { traceEvents, displayTimeUnit, otherData } = chromeTrace(data([CROSSING]));

  it("has the fields that its description asks for", () => {
    expect(JSON.parse(JSON.stringify({ traceEvents, displayTimeUnit, otherData }))).toEqual({
      traceEvents,
      displayTimeUnit: "ms",
      otherData,
    });
    for (const event of traceEvents) {
      expect(["X", "C", "M"]).toContain(event.ph);
      expect([event.pid, event.tid, event.ts].every(Number.isFinite)).toBe(true);
      expect(typeof event.name).toBe("string");
      if (event.ph === "X") expect(event.dur).toBeGreaterThanOrEqual(0);
      else expect(event).not.toHaveProperty("dur");
    }
    const names = traceEvents.filter((e) => e.name === "thread_name").map((e) => e.args["name"]);
    expect(names).toEqual(["worker 1", "worker 1, row 2", "worker 1, row 3"]);
    const memory = traceEvents.filter((e) => e.ph === "C" && e.name === "memory");
    expect(memory.map((e) => [e.ts, e.args["bytes"]])).toEqual([
      [0, 100],
      [50_000, 400],
    ]);
  });

  it("has spans in microseconds, with what they are about", () => {
    const spans = traceEvents.filter((e) => e.ph === "X");
    expect(spans).toHaveLength(10);
    expect(spans.find((e) => e.cat === "read")).toEqual({
      name: "read",
      cat: "read",
      ph: "X",
      pid: 1,
      tid: 1,
      ts: 1000,
      dur: 19_000,
      args: { stage: "0: sum", task: 0, bytes: 800, of: "era5.zarr/u" },
    });
    expect(spans.find((e) => e.cat === "wait")?.args).toEqual({});
  });
});
