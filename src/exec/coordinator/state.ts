/**
 * What the coordinator knows, and the events and actions by which its pure part talks to the threads.
 */
import type { ErrorData } from "../../errors.js";
import type { IndexList } from "../../ir/node.js";
import type { Plan } from "../../ir/stage.js";
import { Account } from "../memory/account.js";
import type { AddressAllocator, Move } from "../memory/allocator.js";
import { Order, type Ordered } from "./order.js";

/** Tickets that can be out at once. */
export const SLOTS = 256;
/** Times that a task is given to a worker before its deaths count as the task's fault. */
export const MAX_ATTEMPTS = 3;
/** Why a worker died that exceeded its JavaScript heap: a function that did so once will do it again. */
export const HEAP_FULL = "the JavaScript heap of its thread is full";

export interface TaskReport {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Copied between blocks. */
  readonly bytesMoved: number;
  /** Storage chunks touched, each time one was, and their bytes. */
  readonly chunksRead: number;
  readonly chunkBytes: number;
  /** Of those, chunks that are not stored. */
  readonly chunksMissing: number;
  /** Storage chunks that were not read because nothing depended on them. */
  readonly chunksSkipped: number;
  /** Blocks and steps that were one value throughout, and were computed once. */
  readonly uniform: number;
  readonly seconds: number;
}

export const NO_REPORT: TaskReport = {
  bytesRead: 0,
  bytesWritten: 0,
  bytesMoved: 0,
  chunksRead: 0,
  chunkBytes: 0,
  chunksMissing: 0,
  chunksSkipped: 0,
  uniform: 0,
  seconds: 0,
};

/** The reports of a stage's tasks, summed; `tasks` counts those that ended well, repeated ones too. */
export type StageCounters = TaskReport & { readonly tasks: number };
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export type Event =
  | {
      readonly kind: "submit";
      readonly run: number;
      readonly plan: Plan;
      readonly indices: readonly IndexList[];
      /** Shared address table, `tableLayout(plan).words` words. */
      readonly table: Uint32Array;
      /** Where roots are put together in the arena; undefined: nowhere. */
      readonly rootAddresses?: readonly (number | undefined)[];
    }
  | {
      readonly kind: "done";
      readonly slot: number;
      readonly outcome: "ok" | "error" | "cancelled";
      readonly error?: ErrorData | undefined;
      readonly report: TaskReport;
    }
  /**
   * The worker that had claimed these slots is gone, and nobody writes to their memory any more. If it was killed (for
   * the sake of another run), that is no fault of theirs.
   */
  | {
      readonly kind: "died";
      readonly slots: readonly number[];
      readonly cause: string;
      readonly killed: boolean;
    }
  | { readonly kind: "abort"; readonly run: number }
  /** The system does not give the run what lies outside the arena. */
  | { readonly kind: "refused"; readonly run: number; readonly error: ErrorData }
  /** Nothing moves, and the run that waits first may be what the others wait for: it starts beyond the budget. */
  | { readonly kind: "stalled" }
  /** The grace period after a cancel is over. */
  | { readonly kind: "grace"; readonly run: number }
  | {
      readonly kind: "delivered";
      readonly run: number;
      readonly array: number;
      readonly block: number;
    };

export type Action =
  /** `attempt` is 1 for the first time. */
  | {
      readonly kind: "issue";
      readonly slot: number;
      readonly run: number;
      readonly stage: number;
      readonly task: number;
      readonly attempt: number;
      readonly scratch: number;
      /** Workers `[from, to)` may take it. */
      readonly workers: readonly [number, number];
    }
  | {
      readonly kind: "deliver";
      readonly run: number;
      readonly array: number;
      readonly roots: readonly number[];
      readonly block: number;
      readonly address: number;
    }
  /** Blocks lie elsewhere now; nothing runs while they are moved. */
  | { readonly kind: "move"; readonly moves: readonly Move[] }
  /** Raise the run's cancel flag and take back tickets that nobody has claimed. */
  | { readonly kind: "cancel"; readonly run: number }
  /** End the worker that holds this slot. */
  | { readonly kind: "kill"; readonly slot: number }
  /** The run has its lease: `slots` may follow. */
  | { readonly kind: "start"; readonly run: number }
  | { readonly kind: "finish"; readonly run: number; readonly stats: RunCounters }
  | { readonly kind: "fail"; readonly run: number; readonly failure: Failure };

export type Failure =
  | { readonly kind: "error"; readonly error: ErrorData }
  | { readonly kind: "abort" };

export interface RunCounters {
  readonly tasks: number;
  readonly tasksTotal: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Bytes of blocks put on disk. */
  readonly bytesSpilled: number;
  /** Highest balance of the run's account. */
  readonly peakBytes: number;
  /** Tasks done again because their blocks were dropped. */
  readonly repeated: number;
  /** In plan order. */
  readonly stages: readonly StageCounters[];
}

export interface Ticket {
  readonly run: RunState;
  readonly entry: Ordered;
  readonly scratch: number;
  attempt: number;
}

export interface RunState {
  readonly id: number;
  readonly plan: Plan;
  readonly order: Order;
  readonly account: Account;
  /** Ordered tasks that wait for their inputs or for room, in order. */
  readonly window: Ordered[];
  /** Workers `[from, to)` are for it. */
  workers: readonly [number, number];
  phase: "queued" | "running" | "failing";
  failure: Failure | undefined;
  issued: number;
  deliveries: number;
  done: number;
  repeated: number;
  bytesRead: number;
  bytesWritten: number;
  bytesSpilled: number;
  /** Blocks that have a place in memory. */
  blocks: number;
  readonly stages: readonly Mutable<StageCounters>[];
}

/** One arena, its threads and all runs on them. */
export interface State {
  readonly allocator: AddressAllocator;
  /** Threads that claim tickets. */
  workers: number;
  /** Oldest first. */
  readonly active: RunState[];
  readonly queue: RunState[];
  readonly tickets: (Ticket | undefined)[];
  issued: number;
  /** True while issuing rests until the arena can be compacted. */
  draining: boolean;
  used: number;
  peak: number;
}

export function createState(allocator: AddressAllocator, workers: number): State {
  return {
    allocator,
    workers,
    active: [],
    queue: [],
    tickets: new Array<Ticket | undefined>(SLOTS).fill(undefined),
    issued: 0,
    draining: false,
    used: 0,
    peak: 0,
  };
}

export function createRun(event: Extract<Event, { kind: "submit" }>): RunState {
  return {
    id: event.run,
    plan: event.plan,
    order: new Order(event.plan, event.indices, event.table, event.rootAddresses),
    account: new Account(0),
    window: [],
    workers: [0, 0],
    phase: "queued",
    failure: undefined,
    issued: 0,
    deliveries: 0,
    done: 0,
    repeated: 0,
    bytesRead: 0,
    bytesWritten: 0,
    bytesSpilled: 0,
    blocks: 0,
    stages: event.plan.stages.map(() => ({ ...NO_REPORT, tasks: 0 })),
  };
}

export function countersOf(run: RunState): RunCounters {
  return {
    tasks: run.done,
    tasksTotal: run.order.total,
    bytesRead: run.bytesRead,
    bytesWritten: run.bytesWritten,
    bytesSpilled: run.bytesSpilled,
    peakBytes: run.account.peak,
    repeated: run.repeated,
    stages: run.stages.map((counters) => ({ ...counters })),
  };
}

export function charge(state: State, run: RunState, bytes: number): void {
  run.account.charge(bytes);
  state.used += bytes;
  if (state.used > state.peak) state.peak = state.used;
}

export function release(state: State, run: RunState, bytes: number): void {
  run.account.release(bytes);
  state.used -= bytes;
}
