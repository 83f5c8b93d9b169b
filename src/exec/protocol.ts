/**
 * What coordinator, workers and calling thread share: the control block and the messages.
 *
 * The control block is one SharedArrayBuffer in rows of 64 bytes. A ticket is a slot of two rows whose state word is changed by
 * compare-and-swap only:
 *
 *     FREE -coordinator: memory placed, fields written-> READY -worker-> CLAIMED(worker) -> OK | FAILED | CANCELLED
 *     -coordinator-> FREE          CLAIMED(worker that died) -coordinator-> DEAD -> READY (next attempt) | FREE
 *
 * Workers read the WORK bell before they look for tickets and wait with the value read, so no ring is lost; DONE
 * works the same way for the coordinator.
 */
import type { ErrorData } from "../errors.js";
import type {
  Findings,
  FunctionBinding,
  SinkDescription,
  SourceDescription,
} from "../ir/binding.js";
import type { Cuts } from "../ir/cuts.js";
import type { DType } from "../ir/dtype.js";
import type { Box } from "../ir/index-map.js";
import type { IndexList } from "../ir/node.js";
import type { Plan } from "../ir/stage.js";
import { NO_REPORT, SLOTS, type StageCounters, type TaskReport } from "./coordinator/state.js";
import { MAX_THREADS } from "./memory/arena.js";
import type { ProgressData } from "./progress.js";
import type { FileData } from "./spill/file-channel.js";
import type { TraceBuffer } from "./trace/index.js";

const ROW = 16;
/** Words of a ticket: two rows, since its report does not fit one. */
const TICKET = 2 * ROW;
export const WORK = 0;
export const DONE: number = ROW;
const STOP = 2 * ROW;
/** Float64: bytes on the account now, and at the most so far. */
const BALANCE = 3 * ROW;
const MAIL = 4 * ROW;
const TICKETS = MAIL + MAX_THREADS * ROW;
const WORDS = TICKETS + SLOTS * TICKET;

export const FREE = 0;
export const READY = 1;
export const CLAIMED = 2;
export const OK = 3;
export const FAILED = 4;
export const CANCELLED = 5;
export const DEAD = 6;

const RUN = 1;
const STAGE = 2;
const TASK = 3;
const ATTEMPT = 4;
const SCRATCH = 5;
/** Tickets are claimed in the order in which they were issued. */
const SEQUENCE = 6;
/** Which workers may claim it: the first one, and in the upper half the one behind the last. */
const WORKERS = 7;
/** Float64 fields, in units of 8 bytes. */
const READ = 4;
const WRITTEN = 5;
const SECONDS = 6;
const BYTES_DONE = 7;
const MOVED = 8;
const CHUNKS = 9;
const CHUNK_BYTES = 10;
const MISSING = 11;
const SKIPPED = 12;
const UNIFORM = 13;

/** What a worker needs to know. */
export interface ClaimedTicket {
  readonly run: number;
  readonly stage: number;
  readonly task: number;
  readonly attempt: number;
  readonly scratch: number;
}

export interface TicketFields extends ClaimedTicket {
  /** Workers `[from, to)` may claim it. */
  readonly workers: readonly [number, number];
}

/** Slot state and the worker in it. */
export const kindOf = (state: number): number => state & 0xff;
export const workerOf = (state: number): number => state >> 8;

export class ControlBlock {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly #floats: Float64Array;
  #sequence = 0;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(WORDS * 4)) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer);
    this.#floats = new Float64Array(buffer);
  }

  bell(which: number): number {
    return Atomics.load(this.words, which);
  }

  ring(which: number): void {
    Atomics.add(this.words, which, 1);
    Atomics.notify(this.words, which);
  }

  /** Blocks the thread until the WORK bell differs from `bell`. */
  sleep(bell: number): void {
    Atomics.wait(this.words, WORK, bell);
  }

  get stopped(): boolean {
    return Atomics.load(this.words, STOP) !== 0;
  }

  stop(): void {
    Atomics.store(this.words, STOP, 1);
    this.ring(WORK);
  }

  mail(worker: number): number {
    return Atomics.load(this.words, MAIL + worker * ROW);
  }

  mailed(worker: number): void {
    Atomics.add(this.words, MAIL + worker * ROW, 1);
  }

  setBalance(used: number, peak: number): void {
    this.#floats[BALANCE / 2] = used;
    this.#floats[BALANCE / 2 + 1] = peak;
  }

  get balance(): { used: number; peak: number } {
    return {
      used: this.#floats[BALANCE / 2] as number,
      peak: this.#floats[BALANCE / 2 + 1] as number,
    };
  }

  state(slot: number): number {
    return Atomics.load(this.words, TICKETS + slot * TICKET);
  }

  setState(slot: number, state: number): void {
    Atomics.store(this.words, TICKETS + slot * TICKET, state);
  }

  swapState(slot: number, from: number, to: number): boolean {
    return Atomics.compareExchange(this.words, TICKETS + slot * TICKET, from, to) === from;
  }

  /** Writes the fields of a free (or dead) slot and makes it READY. */
  issue(slot: number, fields: TicketFields): void {
    const at = TICKETS + slot * TICKET;
    this.words[at + RUN] = fields.run;
    this.words[at + STAGE] = fields.stage;
    this.words[at + TASK] = fields.task;
    this.words[at + ATTEMPT] = fields.attempt;
    this.words[at + SCRATCH] = fields.scratch | 0;
    this.words[at + WORKERS] = fields.workers[0] | (fields.workers[1] << 16);
    this.words[at + SEQUENCE] = this.#sequence++ | 0;
    this.report(slot, NO_REPORT);
    this.progress(slot, 0);
    this.setState(slot, READY);
  }

  fields(slot: number): ClaimedTicket {
    const at = TICKETS + slot * TICKET;
    return {
      run: this.words[at + RUN] as number,
      stage: this.words[at + STAGE] as number,
      task: this.words[at + TASK] as number,
      attempt: this.words[at + ATTEMPT] as number,
      scratch: (this.words[at + SCRATCH] as number) >>> 0,
    };
  }

  /** Claims the oldest READY ticket that a worker may have; -1 if there is none. */
  claim(worker: number): number {
    for (;;) {
      let oldest = -1;
      let sequence = 0;
      for (let slot = 0; slot < SLOTS; slot++) {
        const at = TICKETS + slot * TICKET;
        if (Atomics.load(this.words, at) !== READY) continue;
        const workers = this.words[at + WORKERS] as number;
        if (worker < (workers & 0xffff) || worker >= workers >>> 16) continue;
        const s = this.words[at + SEQUENCE] as number;
        // The difference is taken in int32, so that the counter may wrap.
        if (oldest < 0 || ((s - sequence) | 0) < 0) {
          oldest = slot;
          sequence = s;
        }
      }
      if (oldest < 0) return -1;
      if (this.swapState(oldest, READY, CLAIMED | (worker << 8))) return oldest;
    }
  }

  report(slot: number, report: TaskReport): void {
    const at = (TICKETS + slot * TICKET) / 2;
    this.#floats[at + READ] = report.bytesRead;
    this.#floats[at + WRITTEN] = report.bytesWritten;
    this.#floats[at + MOVED] = report.bytesMoved;
    this.#floats[at + CHUNKS] = report.chunksRead;
    this.#floats[at + CHUNK_BYTES] = report.chunkBytes;
    this.#floats[at + MISSING] = report.chunksMissing;
    this.#floats[at + SKIPPED] = report.chunksSkipped;
    this.#floats[at + UNIFORM] = report.uniform;
    this.#floats[at + SECONDS] = report.seconds;
  }

  reported(slot: number): TaskReport {
    const at = (TICKETS + slot * TICKET) / 2;
    return {
      bytesRead: this.#floats[at + READ] as number,
      bytesWritten: this.#floats[at + WRITTEN] as number,
      bytesMoved: this.#floats[at + MOVED] as number,
      chunksRead: this.#floats[at + CHUNKS] as number,
      chunkBytes: this.#floats[at + CHUNK_BYTES] as number,
      chunksMissing: this.#floats[at + MISSING] as number,
      chunksSkipped: this.#floats[at + SKIPPED] as number,
      uniform: this.#floats[at + UNIFORM] as number,
      seconds: this.#floats[at + SECONDS] as number,
    };
  }

  /** Bytes that the running task has read or written so far. */
  progress(slot: number, bytes: number): void {
    this.#floats[(TICKETS + slot * TICKET) / 2 + BYTES_DONE] = bytes;
  }

  progressOf(slot: number): number {
    return this.#floats[(TICKETS + slot * TICKET) / 2 + BYTES_DONE] as number;
  }

  /** Hands a claimed ticket back. */
  finish(slot: number, kind: number, worker: number): void {
    this.setState(slot, kind | (worker << 8));
    this.ring(DONE);
  }
}

/** Resolves when the bell differs from `bell`. It does not keep a thread alive. */
export function waitForBell(
  control: ControlBlock,
  which: number,
  bell: number,
): Promise<unknown> | undefined {
  const { waitAsync } = Atomics as unknown as {
    waitAsync(
      words: Int32Array,
      index: number,
      value: number,
    ): { readonly async: boolean; readonly value: Promise<string> | string };
  };
  const result = waitAsync(control.words, which, bell);
  return result.async ? (result.value as Promise<string>) : undefined;
}

// ------------------------------------------------------------------------------------------------ messages

/** What other threads need of the bindings. */
export interface SourceData {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly chunks: readonly Cuts[];
  /** Where all of it lies in the arena, row-major. */
  readonly address: number | undefined;
  /** Undefined without an address: only the calling thread can read it. */
  readonly description: SourceDescription | undefined;
}

export interface SinkData {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly chunks: readonly Cuts[];
  readonly description: SinkDescription | undefined;
}

export type FunctionData = Pick<FunctionBinding, "name" | "code" | "params">;

/** Everything that a thread must know to run tasks of a run. */
export interface RunData {
  readonly run: number;
  readonly plan: Plan;
  readonly indices: readonly IndexList[];
  readonly sources: readonly SourceData[];
  /** Where roots are put in the arena, row-major; undefined: into buffers of their own. */
  readonly rootAddresses: readonly (number | undefined)[];
  /** Where roots are put that have a place of their own outside the arena. */
  readonly rootBuffers: readonly (SharedArrayBuffer | undefined)[];
  readonly sinks: readonly SinkData[];
  readonly functions: readonly FunctionData[];
  /** There if the plan has arrays on disk. */
  readonly file: FileData | undefined;
}

export interface RunStatsData {
  readonly tasks: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly bytesSpilled: number;
  readonly peakBytes: number;
  readonly repeated: number;
  readonly stages: readonly StageCounters[];
}

/** Calling thread -> coordinator. */
export type ToCoordinator =
  | {
      readonly kind: "submit";
      readonly data: RunData;
      readonly shared: boolean;
      readonly progress: boolean;
      /** Readers of other runs are at work on the calling thread: one of them may have asked for this run. */
      readonly nested: boolean;
      /** When the run began (`traceOrigin`), if it is to be recorded. */
      readonly trace: number | undefined;
    }
  | { readonly kind: "abort"; readonly run: number }
  /** All reads and writes that this worker had asked for are over. */
  | { readonly kind: "quiet"; readonly worker: number; readonly generation: number }
  | { readonly kind: "stop" };

export function progressData(
  counters: RunStatsData & { readonly tasksTotal: number },
  underWay: number,
  blocksHeld: number,
  memoryUsed: number,
  memoryLimit: number,
): ProgressData {
  const { tasks, tasksTotal, bytesRead, bytesWritten, bytesSpilled } = counters;
  const bytesDone = bytesRead + bytesWritten + underWay;
  return {
    tasksDone: tasks,
    tasksTotal,
    bytesRead,
    bytesWritten,
    bytesDone,
    bytesSpilled,
    blocksHeld,
    memoryUsed,
    memoryLimit,
  };
}

/** What was recorded of a run, where threads can still see it. */
export interface RecordedData {
  readonly threads: readonly { readonly name: string; readonly trace: TraceBuffer }[];
  readonly samples: Float64Array;
}

/** Coordinator -> calling thread. */
export type FromCoordinator =
  | {
      readonly kind: "finish";
      readonly run: number;
      readonly roots: readonly (ArrayBuffer | SharedArrayBuffer | undefined)[];
      readonly stats: RunStatsData;
      readonly trace: RecordedData | undefined;
    }
  | { readonly kind: "fail"; readonly run: number; readonly error: ErrorData | undefined }
  /** The run was aborted and its tasks had their time to stop. */
  | { readonly kind: "overdue"; readonly run: number }
  | { readonly kind: "progress"; readonly run: number; readonly progress: ProgressData }
  /** A worker's line for asking the calling thread; `MessagePort` beside it. */
  | {
      readonly kind: "line";
      readonly worker: number;
      readonly generation: number;
      readonly port: MessagePortLike;
    }
  /** The worker is gone: answer `quiet` when nothing that it asked for goes on. */
  | { readonly kind: "quieten"; readonly worker: number; readonly generation: number }
  | { readonly kind: "stopped" };

/** The port type of `node:worker_threads`, without importing it here. */
export type MessagePortLike = import("node:worker_threads").MessagePort;

/** Coordinator -> worker, drained when the worker's MAIL word changes. */
export type ToWorker =
  | {
      readonly kind: "run";
      readonly data: RunData;
      readonly table: SharedArrayBuffer;
      /** Memory beyond the arena; none if the plan needs none. */
      readonly segments: readonly SharedArrayBuffer[];
      /** Roots that workers put together outside the arena, by their numbers in the plan. */
      readonly results: readonly (SharedArrayBuffer | undefined)[];
      /** There if the worker is to record what it does. */
      readonly trace: TraceBuffer | undefined;
    }
  | { readonly kind: "end"; readonly run: number };

/** Worker -> coordinator: sent before the slot becomes FAILED. */
export interface FromWorker {
  readonly slot: number;
  readonly error: ErrorData;
}

/** Given to the endless task of a worker. */
export interface WorkerInit {
  readonly worker: number;
  readonly control: SharedArrayBuffer;
  readonly memory: WebAssembly.Memory;
  readonly port: MessagePortLike;
  readonly line: MessagePortLike;
}

/** A target or elements in the arena, told in numbers: views of shared memory must not be cloned. */
export interface ArenaPlace {
  readonly type: string;
  readonly byteOffset: number;
  readonly length: number;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
  readonly offset: number;
}

/** Worker -> calling thread. */
export type CallerRequest =
  | {
      readonly kind: "read";
      readonly id: number;
      readonly run: number;
      readonly source: number;
      readonly region: Box;
      readonly target: ArenaPlace;
      /** Whether a region of one value may be left alone but for its first element. */
      readonly lazily: boolean;
      readonly of?: Traced | undefined;
    }
  | {
      readonly kind: "write";
      readonly id: number;
      readonly run: number;
      readonly sink: number;
      readonly position: readonly number[];
      readonly elements: ArenaPlace;
      readonly of?: Traced | undefined;
    };

/** The task that asks, in traced runs: number of the stage, and of the task. */
export interface Traced {
  readonly stage: number;
  readonly task: number;
}

export interface CallerAnswer {
  readonly id: number;
  /** Of a read by a reader that has something to tell. */
  readonly found?: Findings | undefined;
  readonly error?: ErrorData | undefined;
}
