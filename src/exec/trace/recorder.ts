/**
 * Records what a thread does for one run: rows of numbers in shared memory, which whoever gave it can read at any
 * time. So nothing has to be sent at the end of a run, and what a dead worker had recorded is still there.
 */
import {
  type Probe,
  ROW_BYTES,
  ROW_END,
  ROW_KIND,
  ROW_STAGE,
  ROW_START,
  ROW_TASK,
  ROW_WHAT,
  ROW_WIDTH,
  SPAN,
  SPAN_KINDS,
  TOTAL_BYTES,
  TOTAL_COUNT,
  TOTAL_MS,
  TOTAL_WIDTH,
  type TraceThread,
} from "../../ir/trace.js";

/** Rows that memory grows by: some 230 KB. */
const STEP = 4096;
/** Rows of one thread, of which no more are kept: 14 MiB, some fifty thousand tasks that read, compute and write. */
export const MOST_ROWS: number = 1 << 18;
/**
 * Kernels of one task that follow each other within so many milliseconds are one span: small leaves take microseconds
 * each.
 */
const JOIN_MS = 0.02;

/** Words before the totals: rows there are, rows dropped. */
const COUNT = 0;
const DROPPED = 1;
const HEADER = 2;
const WORD = 8;

/** What crosses to a thread that is to record. */
export interface TraceBuffer {
  readonly buffer: SharedArrayBuffer;
  /** Milliseconds of the machine's own clock at which the run began. */
  readonly origin: number;
  /** Stages of the plan. */
  readonly stages: number;
  /** Rows that there may be. */
  readonly most: number;
}

/** Growing is in ES2024, which the configured library does not have yet. */
type Growable = SharedArrayBuffer & { readonly maxByteLength: number; grow(bytes: number): void };
const GrowableBuffer = SharedArrayBuffer as unknown as new (
  bytes: number,
  options: { readonly maxByteLength: number },
) => Growable;

const headBytes = (stages: number): number =>
  (HEADER + (stages + 1) * SPAN_KINDS.length * TOTAL_WIDTH) * WORD;

/** Milliseconds of the machine's clock, which all threads share; `performance.now()` counts from a thread's start. */
const clock = (): number => Number(process.hrtime.bigint()) / 1e6;

/** When a run begins. */
export const traceOrigin: () => number = clock;

export function traceBuffer(origin: number, stages: number, most: number = MOST_ROWS): TraceBuffer {
  const head = headBytes(stages);
  const maxByteLength = head + most * ROW_WIDTH * WORD;
  return { buffer: new GrowableBuffer(head, { maxByteLength }), origin, stages, most };
}

export class Recorder {
  readonly #buffer: Growable;
  readonly #most: number;
  readonly #stages: number;
  /** Of the run's time over that of this thread. */
  readonly #offset: number;
  readonly #head: Float64Array;
  /** All rows that there is room for now. */
  #rows: Float64Array;
  #room = 0;
  #count = 0;

  constructor({ buffer, origin, stages, most }: TraceBuffer) {
    this.#buffer = buffer as Growable;
    this.#most = most;
    this.#stages = stages;
    this.#offset = clock() - performance.now() - origin;
    this.#head = new Float64Array(buffer, 0, headBytes(stages) / WORD);
    this.#rows = new Float64Array(buffer, headBytes(stages), 0);
  }

  /** Rows so far. */
  get count(): number {
    return this.#count;
  }

  /** Milliseconds since the run began. */
  now(): number {
    return performance.now() + this.#offset;
  }

  /** A span in milliseconds since the run began; -1 stands for no stage, no task, nothing in particular. */
  span(
    kind: number,
    start: number,
    end: number,
    stage: number,
    task: number,
    bytes: number,
    what: number,
  ): void {
    const line = (stage < 0 ? this.#stages : stage) * SPAN_KINDS.length + kind;
    const total = HEADER + line * TOTAL_WIDTH;
    this.#add(total + TOTAL_COUNT, 1);
    this.#add(total + TOTAL_MS, end - start);
    this.#add(total + TOTAL_BYTES, bytes);
    if (this.#joins(kind, start, stage, task)) {
      const last = (this.#count - 1) * ROW_WIDTH;
      this.#rows[last + ROW_END] = end;
      this.#rows[last + ROW_BYTES] = (this.#rows[last + ROW_BYTES] as number) + bytes;
      return;
    }
    if (this.#count === this.#room && !this.#grow()) {
      this.#add(DROPPED, 1);
      return;
    }
    const at = this.#count * ROW_WIDTH;
    const rows = this.#rows;
    rows[at + ROW_START] = start;
    rows[at + ROW_END] = end;
    rows[at + ROW_KIND] = kind;
    rows[at + ROW_STAGE] = stage;
    rows[at + ROW_TASK] = task;
    rows[at + ROW_BYTES] = bytes;
    rows[at + ROW_WHAT] = what;
    this.#count++;
    this.#head[COUNT] = this.#count;
  }

  /** What a task is given. */
  probe(stage: number, task: number): Probe {
    return new TaskProbe(this, stage, task);
  }

  #add(word: number, amount: number): void {
    this.#head[word] = (this.#head[word] as number) + amount;
  }

  #joins(kind: number, start: number, stage: number, task: number): boolean {
    if ((kind !== SPAN.compute && kind !== SPAN.move) || this.#count === 0) return false;
    const last = (this.#count - 1) * ROW_WIDTH;
    const rows = this.#rows;
    return (
      rows[last + ROW_KIND] === kind &&
      rows[last + ROW_TASK] === task &&
      rows[last + ROW_STAGE] === stage &&
      start - (rows[last + ROW_END] as number) < JOIN_MS
    );
  }

  #grow(): boolean {
    if (this.#room >= this.#most) return false;
    const room = Math.min(this.#most, this.#room + STEP);
    const head = headBytes(this.#stages);
    try {
      this.#buffer.grow(head + room * ROW_WIDTH * WORD);
    } catch {
      // There is no memory for more: as if this were the limit.
      return false;
    }
    this.#room = room;
    this.#rows = new Float64Array(this.#buffer, head, room * ROW_WIDTH);
    return true;
  }
}

class TaskProbe implements Probe {
  readonly stage: number;
  readonly task: number;
  readonly #recorder: Recorder;

  constructor(recorder: Recorder, stage: number, task: number) {
    this.#recorder = recorder;
    this.stage = stage;
    this.task = task;
  }

  get count(): number {
    return this.#recorder.count;
  }

  now(): number {
    return this.#recorder.now();
  }

  span(kind: number, from: number, bytes: number, what = -1): void {
    this.#recorder.span(kind, from, this.#recorder.now(), this.stage, this.task, bytes, what);
  }
}

/** What a thread has recorded so far, copied out of the shared memory. */
export function recorded({ buffer, stages }: TraceBuffer, name: string): TraceThread {
  const head = new Float64Array(buffer, 0, headBytes(stages) / WORD);
  const count = head[COUNT] as number;
  const rows = new Float64Array(buffer, headBytes(stages), count * ROW_WIDTH);
  return {
    name,
    rows: rows.slice(),
    dropped: head[DROPPED] as number,
    totals: head.slice(HEADER),
  };
}
