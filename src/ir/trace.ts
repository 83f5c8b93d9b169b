/**
 * Traces: what the threads of a run did, and when. Every thread writes spans as rows of numbers into shared memory of
 * its own; this file says what is in them, for those who write (exec, io) and those who show (display, api).
 */

/**
 * What a span is. `read` and `write` are what a task asks for, in bytes of elements; `fetch`, `decode`, `encode` and
 * `store` are what that comes to, in bytes as they are stored (`decode` and `encode`: as elements).
 */
export const SPAN_KINDS = [
  "task",
  "read",
  "fetch",
  "decode",
  "compute",
  "move",
  "write",
  "encode",
  "store",
  "spill",
  "unspill",
  "deliver",
  "serve",
  "wait",
] as const;
export type SpanKind = (typeof SPAN_KINDS)[number];

/** Numbers of the kinds. */
export const SPAN: Readonly<Record<SpanKind, number>> = Object.freeze({
  task: 0,
  read: 1,
  fetch: 2,
  decode: 3,
  compute: 4,
  move: 5,
  write: 6,
  encode: 7,
  store: 8,
  spill: 9,
  unspill: 10,
  deliver: 11,
  serve: 12,
  wait: 13,
});

/** Columns of a row: milliseconds since the run began, numbers, and -1 for what there is not. */
export const ROW_START = 0;
export const ROW_END = 1;
export const ROW_KIND = 2;
/** Number of the stage in the plan. */
export const ROW_STAGE = 3;
export const ROW_TASK = 4;
export const ROW_BYTES = 5;
/** Of reads the number of the source, of writes that of the sink, of spills that of the array. */
export const ROW_WHAT = 6;
export const ROW_WIDTH = 7;

/** Columns of the totals, which are exact also where rows were dropped: one row per stage and kind. */
export const TOTAL_COUNT = 0;
export const TOTAL_MS = 1;
export const TOTAL_BYTES = 2;
export const TOTAL_WIDTH = 3;

/** Columns of the samples: milliseconds since the run began, bytes on its account, bytes spilled so far. */
export const SAMPLE_WIDTH = 3;

/** Whoever does a part of a task says here when and how much. Times are those of `now`. */
export interface Probe {
  /** Number in the plan, or -1. */
  readonly stage: number;
  readonly task: number;
  /** Spans so far. */
  readonly count: number;
  now(): number;
  /** From `from` until now. */
  span(kind: number, from: number, bytes: number, what?: number): void;
}

export interface TraceThread {
  /** "worker 1", "coordinator", "calling thread". */
  readonly name: string;
  /** `ROW_WIDTH` numbers for every span, in the order in which spans ended. */
  readonly rows: Float64Array;
  /** Spans for which there was no room. */
  readonly dropped: number;
  /** `TOTAL_WIDTH` numbers for every kind of every stage; last come those of no stage. */
  readonly totals: Float64Array;
}

export interface TraceStage {
  readonly id: number;
  readonly label: string;
  readonly kind: string;
  /** Tasks of the plan. */
  readonly tasks: number;
}

/** All that is known of a run, as plain data. */
export interface TraceData {
  /** Milliseconds since 1970 at which the run began. */
  readonly origin: number;
  readonly wallMs: number;
  readonly stages: readonly TraceStage[];
  /** Names by number. */
  readonly sources: readonly string[];
  readonly sinks: readonly string[];
  readonly threads: readonly TraceThread[];
  /** `SAMPLE_WIDTH` numbers each. */
  readonly samples: Float64Array;
  /** Bytes that the plan may hold, and those that the user allows. */
  readonly peakBytes: number;
  readonly memory: number;
}

/** Seconds of a run by what was done in them. */
export interface TraceSummary {
  /** From the start of the run to its end. */
  readonly wall: number;
  /** During so many seconds at least one thread waited for stored bytes or for a source ... */
  readonly read: number;
  /** ... or decoded, */
  readonly decode: number;
  /** ran kernels, functions and copies, */
  readonly compute: number;
  /** encoded or stored, */
  readonly write: number;
  /** moved blocks to the disk or back. */
  readonly spill: number;
  /**
   * `wall` over the longest of these: at best 1, when all the rest went on beside what takes longest; near the number
   * of kinds if they come one after another.
   */
  readonly overlap: number;
  /** Seconds per kind of span, summed over the threads. */
  readonly seconds: Readonly<Record<SpanKind, number>>;
  /** Spans per kind. */
  readonly counts: Readonly<Record<SpanKind, number>>;
  readonly bytes: Readonly<Record<SpanKind, number>>;
  /** Spans for which there was no room; the sums above have them, drawings and the figures of wall time have not. */
  readonly dropped: number;
}

/** One event of Chrome's trace format; times in microseconds. */
export interface ChromeEvent {
  readonly name: string;
  /** "X" a span, "C" a counter, "M" a name. */
  readonly ph: "X" | "C" | "M";
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly cat?: string;
  readonly args: Readonly<Record<string, string | number>>;
}
export interface ChromeTrace {
  readonly traceEvents: readonly ChromeEvent[];
  readonly displayTimeUnit: "ms";
  readonly otherData: Readonly<Record<string, string | number>>;
}

/** The timeline of one run: reads, decoding, kernels, writes, spills and waiting of every thread, and memory. */
export interface Trace {
  /** Everything that was recorded. */
  readonly data: TraceData;
  /** Seconds by what was done, and how well it overlapped. */
  summary(): TraceSummary;
  /** A page that stands alone: lanes of the threads, memory, and a table of seconds per stage. */
  html(): string;
  /** For chrome://tracing and https://ui.perfetto.dev. */
  chrome(): ChromeTrace;
  /** Writes the page (`.html`) or Chrome's trace (`.json`). */
  save(path: string | URL): Promise<void>;
}
