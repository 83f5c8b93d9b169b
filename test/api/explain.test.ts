/** `explain` and `analyze` as users call them: levels, formats, mistakes, and estimates beside what happened. */
import { afterAll, describe, expect, expectTypeOf, it } from "vitest";
import * as cw from "../../dist/index.js";

afterAll(() => cw.shutdown());

/** A source in chunks whose reads are counted: elements, and chunks touched. */
function counted(shape: readonly number[], chunks: readonly number[], name = "x") {
  const reads = { elements: 0, chunks: 0 };
  const array = cw.fromSource({
    shape,
    dtype: "float64" as const,
    chunks,
    name,
    readInto(region, target): void {
      const lo = region.map(({ start }) => start);
      const hi = region.map(({ stop }) => stop);
      reads.elements += hi.reduce((n, h, i) => n * (h - (lo[i] as number)), 1);
      reads.chunks += hi.reduce((n, h, i) => {
        const c = chunks[i] as number;
        return n * (Math.floor((h - 1) / c) - Math.floor((lo[i] as number) / c) + 1);
      }, 1);
      (target.data as Float64Array).fill(1);
    },
  });
  return { array, reads };
}

describe("explain", () => {
  const { array: x } = counted([1000, 400], [100, 100]);
  const z = x.add(1).sum({ axis: 0 }).at(cw.slice(0, 50));

  it("says in its default what is read, moved, live, what it costs and why", () => {
    const text = z.explain({ memory: "64MiB", workers: 2 });
    // 10 of 40 chunks hold columns 0 to 49, 100 x 100 x 8 bytes each.
    expect(text).toContain("float64[50]  400 B  <- #");
    expect(text).toMatch(/^raw +4 nodes .*reads 3\.05 MiB in 40 chunks/m);
    expect(text).toMatch(/^planned +1 stage .*reads 781 KiB in 10 chunks +moves 0 B/m);
    expect(text).toMatch(/peak .* of 64\.0 MiB {2}about .* on 2 workers/);
    expect(text).toContain("[:, 0:50] of float64[1000, 400]");
    expect(text).toContain("10 of 40 chunks");
    expect(text).toContain("sink: sink (reduce [400] -> [50])");
  });

  it("answers data, whose figures are those of the plan", () => {
    const report = z.explain({ format: "json", memory: "64MiB", workers: 2 });
    expectTypeOf(report).toEqualTypeOf<cw.PlanReport>();
    const plan = z.plan({ memory: "64MiB", workers: 2 });
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    expect(report).toMatchObject({
      version: 1,
      level: "plan",
      memory: 64 * 2 ** 20,
      workers: 2,
      roots: [{ dtype: "float64", shape: [50], bytes: 400 }],
      raw: { nodes: 4, figures: { readChunks: 40, readBytes: 40 * 80000 } },
      planned: { ...plan.estimate, peakBytes: plan.peakBytes, spilledBytes: 0 },
    });
    const [reduce] = report.stages;
    expect(reduce).toMatchObject({
      id: 0,
      kind: "reduce",
      ops: [
        { name: "add", count: 1 },
        { name: "sum", count: 1 },
      ],
      space: [1000, 50],
      reduced: [0],
      bytesIn: 1000 * 50 * 8,
    });
    expect(reduce?.inputs[0]).toMatchObject({
      from: "source",
      source: 0,
      region: [
        [0, 1000, 1],
        [0, 50, 1],
      ],
      chunks: [100, 100],
      touched: 10,
      total: 40,
      times: 1,
    });
  });

  it("lists rules that fired and were declined", () => {
    const rules = z.explain("rules");
    expect(rules).toContain("rules that fired\n");
    expect(rules).toMatch(/^ {2}sink +sink +x1 +reduce \[400\] -> \[50\]/m);
    expect(rules).toContain("declined: none");
    // Two corners of x: together they have less than half of what lies between them.
    const corners = [x.at(cw.slice(0, 20)).sum(), x.at(cw.slice(980, 1000)).sum()];
    const declined = cw.explain(corners, { level: "rules" });
    expect(declined).toMatch(/^declined\n {2}residency +keep +x1 +its consumers read/m);
    const { rules: data } = cw.explain(corners, { level: "rules", format: "json" });
    expect(data).toContainEqual({
      pass: "residency",
      rule: "keep",
      outcome: "declined",
      detail: "its consumers read different parts",
      count: 1,
    });
  });

  it("draws", () => {
    const { array: evil } = counted([4], [2], `<b>"&'`);
    const svg = evil.add(1).explain({ format: "svg" });
    expectTypeOf(svg).toEqualTypeOf<string>();
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(svg).not.toContain("<b>");
    const mermaid = evil.add(1).explain({ format: "mermaid" });
    expect(mermaid).toMatch(/^flowchart LR\n/);
    expect(mermaid).toContain('source_0 -->|"32 B"| stage_0');
    expect(mermaid).not.toContain("<b>");
  });

  it.each<[string, () => unknown, string]>([
    [
      "a level",
      () => z.explain("rule" as "rules"),
      'must be "plan" or "rules" (did you mean "rules"?)',
    ],
    ["a format", () => z.explain({ format: "jsn" as "json" }), '(did you mean "json"?), got "jsn"'],
    [
      "an option",
      () => z.explain({ formt: "json" } as object),
      'unknown option "formt"; did you mean format?',
    ],
    ["no options", () => z.explain(3 as never), "expected options or a level, got 3"],
  ])("names what was meant by %s", (_what, act, message) => {
    expect(act).toThrow(message);
  });

  it("says where the expression as written would not fit", () => {
    // As it is written, all of x + 1 (3 MiB) has to be there before its transpose is in order.
    const first = x.add(1).T.reshape([1000, 400]).at(0);
    const { raw, planned } = first.explain({ format: "json", memory: "1MiB" });
    expect(raw).toEqual({ nodes: 5 });
    expect(planned.readChunks).toBe(10);
    expect(first.explain({ memory: "1MiB" })).toContain("too large as it is written");
  });
});

describe("analyze", () => {
  it.each<cw.AnalyzeOptions>([{ executor: "inline" }, { executor: "threads", workers: 2 }])(
    "puts what happened beside what was expected, with %j",
    async (options) => {
      const { array: x, reads } = counted([1000, 400], [100, 100]);
      const y = x.rechunk([1000, 10]);
      const report = await cw.analyze([y.T, y.mean({ axis: 0 })], { ...options, format: "json" });
      const { actual, planned, stages } = report;
      expect(report.level).toBe("analyze");
      expect(actual).toMatchObject({ tasks: planned.tasks, spilledBytes: 0, repeatedTasks: 0 });
      expect(actual?.elementBytes).toBe(reads.elements * 8);
      expect(actual?.readChunks).toBe(reads.chunks);
      expect(actual?.readChunks).toBe(planned.readChunks);
      expect(actual?.readBytes).toBe(planned.readBytes);
      expect(actual?.movedBytes).toBe(planned.movedBytes);
      expect(actual?.peakBytes).toBeGreaterThan(0);
      expect(actual?.peakBytes).toBeLessThanOrEqual(planned.peakBytes);
      for (const stage of stages) expect(stage.actual?.tasks).toBe(stage.tasks);
      const total = stages.reduce((n, s) => n + (s.actual?.seconds ?? 0), 0);
      expect(actual?.seconds).toBeCloseTo(total);
    },
  );

  it("tells what was missing in a store", async () => {
    const store = new Map<string, Uint8Array>();
    await cw.ones([256, 512], { chunks: [32, 512] }).toZarr(store, { path: "x" });
    for (const key of [...store.keys()]) if (/\/c\/[0-5]\//.test(key)) store.delete(key);
    const x = await cw.openZarr(store, { path: "x" });
    expect((await x.sum().compute()).item()).toBe(2 * 32 * 512);
    const { actual } = await x.sum().analyze({ format: "json" });
    expect(actual).toMatchObject({ readChunks: 8, missingChunks: 6, skippedChunks: 0 });
    expect(actual?.uniformBlocks).toBeGreaterThan(0);
    const text = await x.sum().analyze();
    expect(text).toMatch(/reads 8 \| 8 chunks, .* \(6 missing, \d+ blocks? of one value\)/);
    const { actual: off } = await x.sum().analyze({ format: "json", optimize: false });
    expect(off).toMatchObject({ readChunks: 8, missingChunks: 6, uniformBlocks: 0 });
  });

  it("says so as text and in the drawing", async () => {
    const { array: x } = counted([1000, 400], [100, 100]);
    const text = await x.sum().analyze({ memory: "64MiB" });
    expect(text).toMatch(/tasks \d+ \| \d+ {2}reads 40 \| 40 chunks, 3\.05 MiB \| 3\.05 MiB/);
    expect(text).toMatch(/peak .* \| .* spilled 0 B \| 0 B {2}work .* \| .* wall /);
    const svg = await x.sum().analyze({ format: "svg" });
    expect(svg).toMatch(/\d (?:us|ms|s) \| [\d.]+ (?:us|ms|s)</);
  });

  it("counts what is moved in and out of concatenations and reads only the parts", async () => {
    const { array: x, reads } = counted([1000, 400], [100, 100]);
    const { array: y } = counted([400, 900], [50, 50], "y");
    const joined = cw.concat([x.T, y.at(null, cw.slice(0, 100))], { axis: 1 });
    const { actual, planned } = await joined.analyze({ format: "json", executor: "inline" });
    expect(reads.elements).toBe(400000);
    expect([actual?.readChunks, actual?.readBytes]).toEqual([
      planned.readChunks,
      planned.readBytes,
    ]);
  });

  it("rejects as compute does", async () => {
    const { array: x } = counted([1000, 400], [100, 100]);
    await expect(x.analyze({ memory: "1MiB" })).rejects.toMatchObject({ code: "MEMORY_LIMIT" });
    await expect(x.analyze({ level: "rules" } as object)).rejects.toThrow('unknown option "level"');
    const signal = AbortSignal.abort();
    await expect(x.sum().analyze({ signal })).rejects.toMatchObject({ name: "AbortError" });
  });
});
