/** What is recorded of runs: rows within a bound, exact totals, memory in as many samples as a picture has room for. */
import { afterAll, describe, expect, it } from "vitest";
import { Recorder, recorded, traceBuffer, traceOrigin } from "../../dist/exec/trace/index.js";
import { MOST_SAMPLES, Samples } from "../../dist/exec/trace/samples.js";
import * as cw from "../../dist/index.js";
import {
  ROW_BYTES,
  ROW_END,
  ROW_START,
  ROW_WIDTH,
  SAMPLE_WIDTH,
  SPAN,
  SPAN_KINDS,
  TOTAL_BYTES,
  TOTAL_COUNT,
  TOTAL_MS,
  TOTAL_WIDTH,
} from "../../dist/ir/trace.js";

afterAll(() => cw.shutdown());

const total = (totals: Float64Array, stage: number, kind: number, column: number): number =>
  totals[(stage * SPAN_KINDS.length + kind) * TOTAL_WIDTH + column] as number;

describe("a recorder", () => {
  it("keeps rows in order, and sums per stage and kind", () => {
    const buffer = traceBuffer(traceOrigin(), 2);
    const recorder = new Recorder(buffer);
    recorder.span(SPAN.read, 1, 3, 1, 7, 100, 4);
    recorder.span(SPAN.read, 4, 5, 1, 8, 50, 4);
    recorder.span(SPAN.wait, 5, 9, -1, -1, 0, -1);
    const { rows, dropped, totals, name } = recorded(buffer, "me");
    expect([...rows]).toEqual([
      ...[1, 3, SPAN.read, 1, 7, 100, 4],
      ...[4, 5, SPAN.read, 1, 8, 50, 4],
      ...[5, 9, SPAN.wait, -1, -1, 0, -1],
    ]);
    expect([name, dropped]).toEqual(["me", 0]);
    expect([TOTAL_COUNT, TOTAL_MS, TOTAL_BYTES].map((c) => total(totals, 1, SPAN.read, c))).toEqual(
      [2, 3, 150],
    );
    // What belongs to no stage stands behind the stages.
    expect(total(totals, 2, SPAN.wait, TOTAL_MS)).toBe(4);
    expect(totals.reduce((a, b) => a + b, 0)).toBe(2 + 3 + 150 + 1 + 4);
  });

  it("drops what is beyond the cap, but counts it", () => {
    const buffer = traceBuffer(0, 1, 5);
    const recorder = new Recorder(buffer);
    for (let i = 0; i < 12; i++) recorder.span(SPAN.task, i, i + 1, 0, i, 10, -1);
    const { rows, dropped, totals } = recorded(buffer, "me");
    expect(rows.length).toBe(5 * ROW_WIDTH);
    expect(dropped).toBe(7);
    expect(total(totals, 0, SPAN.task, TOTAL_COUNT)).toBe(12);
    expect(total(totals, 0, SPAN.task, TOTAL_BYTES)).toBe(120);
  });

  it("takes memory in steps, up to its bound", () => {
    const buffer = traceBuffer(0, 1);
    const recorder = new Recorder(buffer);
    const empty = buffer.buffer.byteLength;
    recorder.span(SPAN.task, 0, 1, 0, 0, 0, -1);
    const one = buffer.buffer.byteLength;
    expect(one - empty).toBe(4096 * ROW_WIDTH * 8);
    for (let i = 1; i < 4096; i++) recorder.span(SPAN.task, i, i + 1, 0, i, 0, -1);
    expect(buffer.buffer.byteLength).toBe(one);
    recorder.span(SPAN.task, 5000, 5001, 0, 5000, 0, -1);
    expect(buffer.buffer.byteLength - one).toBe(4096 * ROW_WIDTH * 8);
    expect(recorded(buffer, "").rows.length).toBe(4097 * ROW_WIDTH);
  });

  it("joins kernels of one task that follow each other at once, and no others", () => {
    const buffer = traceBuffer(0, 2);
    const recorder = new Recorder(buffer);
    recorder.span(SPAN.compute, 1, 2, 0, 1, 3, -1);
    recorder.span(SPAN.compute, 2.01, 3, 0, 1, 4, -1);
    recorder.span(SPAN.compute, 4, 5, 0, 1, 0, -1); // after a while
    recorder.span(SPAN.compute, 5, 6, 0, 2, 0, -1); // of another task
    recorder.span(SPAN.move, 6, 7, 0, 2, 0, -1); // of another kind
    recorder.span(SPAN.task, 7, 8, 0, 2, 0, -1);
    recorder.span(SPAN.task, 8, 9, 0, 2, 0, -1); // tasks are counted one by one
    const { rows, totals } = recorded(buffer, "");
    expect(rows.length / ROW_WIDTH).toBe(6);
    expect([rows[ROW_START], rows[ROW_END], rows[ROW_BYTES]]).toEqual([1, 3, 7]);
    expect(total(totals, 0, SPAN.compute, TOTAL_COUNT)).toBe(4);
    expect(total(totals, 0, SPAN.compute, TOTAL_MS)).toBeCloseTo(1 + 0.99 + 2, 10);
  });
});

describe("samples of memory", () => {
  it("are bounded, in order, and keep what was most", () => {
    const samples = new Samples();
    const n = 10 * MOST_SAMPLES;
    for (let i = 0; i < n; i++) samples.add(i, i === 12_345 ? 1e6 : 10, i);
    const rows = samples.rows();
    expect(rows.length / SAMPLE_WIDTH).toBeLessThanOrEqual(MOST_SAMPLES);
    expect(rows.length / SAMPLE_WIDTH).toBeGreaterThan(MOST_SAMPLES / 4);
    let most = 0;
    for (let i = 0; i < rows.length; i += SAMPLE_WIDTH) {
      if (i > 0) expect(rows[i]).toBeGreaterThan(rows[i - SAMPLE_WIDTH] as number);
      most = Math.max(most, rows[i + 1] as number);
    }
    expect(most).toBe(1e6);
    expect(rows.at(-1)).toBe(n - 1);
  });
});
