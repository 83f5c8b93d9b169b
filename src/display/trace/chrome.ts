/**
 * Traces in Chrome's format, which chrome://tracing and Perfetto open.
 *
 * "Trace Event Format", https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU: complete events
 * (`ph: "X"`) with `ts` and `dur` in microseconds, counters (`"C"`), and metadata (`"M"`) that names threads.
 */
import {
  type ChromeEvent,
  type ChromeTrace,
  ROW_BYTES,
  ROW_END,
  ROW_KIND,
  ROW_STAGE,
  ROW_START,
  ROW_TASK,
  ROW_WHAT,
  ROW_WIDTH,
  SAMPLE_WIDTH,
  SPAN_KINDS,
  type SpanKind,
  type TraceData,
} from "../../ir/trace.js";
import { lanesOf } from "./lanes.js";
import { whatOf } from "./words.js";

const PID = 1;

export function chromeTrace(data: TraceData): ChromeTrace {
  const traceEvents: ChromeEvent[] = [named("process_name", 0, { name: "chunkwise" })];
  lanesOf(data).forEach((lane, i) => {
    const tid = i + 1;
    traceEvents.push(named("thread_name", tid, { name: lane.name }));
    traceEvents.push(named("thread_sort_index", tid, { sort_index: tid }));
    for (const span of lane.spans) traceEvents.push(eventOf(data, lane.thread.rows, span, tid));
  });
  for (let i = 0; i < data.samples.length; i += SAMPLE_WIDTH) {
    const ts = micro(data.samples[i] as number);
    const counter = { ph: "C", pid: PID, tid: 0, ts } as const;
    traceEvents.push(
      { name: "memory", ...counter, args: { bytes: data.samples[i + 1] as number } },
      { name: "spilled", ...counter, args: { bytes: data.samples[i + 2] as number } },
    );
  }
  const dropped = data.threads.reduce((n, t) => n + t.dropped, 0);
  return {
    traceEvents,
    displayTimeUnit: "ms",
    otherData: {
      started: new Date(data.origin).toISOString(),
      wallSeconds: data.wallMs / 1000,
      peakBytes: data.peakBytes,
      memory: data.memory,
      dropped,
    },
  };
}

/** Nanoseconds are as exact as the clock is. */
const micro = (ms: number): number => Math.round(ms * 1e6) / 1e3;

const named = (name: string, tid: number, args: ChromeEvent["args"]): ChromeEvent => ({
  name,
  ph: "M",
  pid: PID,
  tid,
  ts: 0,
  args,
});

function eventOf(data: TraceData, rows: Float64Array, span: number, tid: number): ChromeEvent {
  const at = (column: number): number => rows[span * ROW_WIDTH + column] as number;
  const kind = SPAN_KINDS[at(ROW_KIND)] as SpanKind;
  const stage = data.stages[at(ROW_STAGE)];
  const what = whatOf(data, kind, at(ROW_WHAT));
  const args: Record<string, string | number> = {};
  if (stage !== undefined) args["stage"] = `${stage.id}: ${stage.label}`;
  if (at(ROW_TASK) >= 0) args["task"] = at(ROW_TASK);
  if (at(ROW_BYTES) > 0) args["bytes"] = at(ROW_BYTES);
  if (what !== undefined) args["of"] = what;
  // Ends are rounded, not lengths: so what lies in another span still does.
  const ts = micro(at(ROW_START));
  const dur = Math.round((micro(at(ROW_END)) - ts) * 1e3) / 1e3;
  const name = kind === "task" && stage !== undefined ? stage.label : kind;
  return { name, cat: kind, ph: "X", pid: PID, tid, ts, dur, args };
}
