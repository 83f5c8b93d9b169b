/**
 * Small plans run on the calling thread: same order, same decisions, same task code as in workers, but no thread to
 * start and nothing to send, so a first result takes milliseconds and a warm one less.
 */
import { setMaxListeners } from "node:events";
import {
  AbortError,
  type ErrorData,
  errorFromData,
  errorToData,
  InternalError,
} from "../errors.js";
import { itemSize } from "../ir/dtype.js";
import { elementCount } from "../ir/index-map.js";
import { type Bindings, outsideBytes, type Plan, type PlanArray, type Stage } from "../ir/stage.js";
import { SPAN } from "../ir/trace.js";
import { Kernels } from "../kernels/index.js";
import {
  type Action,
  countersOf,
  createState,
  type Event,
  NO_REPORT,
  type RunCounters,
  type State,
} from "./coordinator/state.js";
import { step } from "./coordinator/step.js";
import { type TableLayout, tableLayout, verdictsOf } from "./coordinator/tables.js";
import type { EngineOptions, EngineResult } from "./engine.js";
import { AddressAllocator } from "./memory/allocator.js";
import { createArena, PAGE, THREAD_SCRATCH } from "./memory/arena.js";
import { heldRegions } from "./memory/regions.js";
import { progressData } from "./protocol.js";
import { copyBlock, createResults, type ResultBuffer } from "./results.js";
import { SpillAccess, type SpillData } from "./spill/access.js";
import { createSegments } from "./spill/beyond.js";
import { openSpill } from "./spill/file.js";
import { FunctionTable, runTask, type TaskContext } from "./task/index.js";
import type { RunTrace } from "./trace/index.js";
import { type Meter, meteredWriter, newMeter, reportOf, sourcesOf, tracing } from "./worker-run.js";

/** Plans that move at most this many bytes run inline by default: some ten milliseconds of one thread. */
export const INLINE_BYTES: number = 16 * 1024 * 1024;
/** Address space of the arena of small plans. */
const SMALL_ARENA: number = 256 * 1024 * 1024;
/** One page that nobody has (address 0 means "none"), one of kernel scratch. */
const FIRST: number = PAGE + THREAD_SCRATCH;
/** The event loop gets its turn at least this often. */
const YIELD_MS = 10;
const PROGRESS_MS = 50;
/** As in the coordinator: how long a cancelled task may take to stop. */
const GRACE_MS = 200;

/**
 * True if the plan is small and needs nothing that could hold the calling thread up: no files or network, no user
 * function (an endless loop could not be ended). `Infinity` takes everything, 0 nothing.
 */
export function runsInline(plan: Plan, bindings: Bindings, inlineBytes: number): boolean {
  if (inlineBytes === Number.POSITIVE_INFINITY) return true;
  if (inlineBytes <= 0 || plan.peakBytes > SMALL_ARENA / 2) return false;
  let bytes = 0;
  for (const stage of plan.stages) {
    if (stage.kind === "call" && isUserCode(bindings, stage.fn)) return false;
    if (stage.kind === "write" && bindings.sinks[stage.sink]?.thread !== "caller") return false;
    for (const id of sourcesOf(stage)) {
      const source = bindings.sources[id];
      if (source?.residence === "store" && source.thread === "any") return false;
    }
    // Virtual data is never read, but it is computed, element by element.
    bytes += Math.max(stage.estimate.readBytes, 8 * elementCount(stage.space));
  }
  for (const array of plan.arrays) bytes += elementCount(array.shape) * itemSize(array.dtype);
  return bytes <= inlineBytes;
}

const isUserCode = (bindings: Bindings, fn: number): boolean =>
  bindings.functions[fn]?.code.type !== "built-in";

/** An arena on this thread, used by one run at a time. */
class InlineArena {
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  readonly bytes: number;

  constructor(bytes: number) {
    this.memory = createArena(bytes);
    this.kernels = new Kernels(this.memory, { address: PAGE, bytes: THREAD_SCRATCH });
    this.bytes = this.memory.buffer.byteLength;
  }
}

/** Runs plans on the calling thread; several may be under way, each in an arena of its own. */
export class InlineEngine {
  #spare: InlineArena | undefined;
  readonly #states = new Set<State>();
  #peak = 0;

  account(): { used: number; peak: number } {
    let used = 0;
    let now = 0;
    for (const state of this.#states) {
      used += state.used;
      now += state.peak;
    }
    return { used, peak: Math.max(this.#peak, now) };
  }

  /** Drops the arena that waits for the next run. */
  trim(): void {
    this.#spare = undefined;
  }

  async run(plan: Plan, bindings: Bindings, options: EngineOptions): Promise<EngineResult> {
    const inside = plan.peakBytes - outsideBytes(plan);
    const wanted = FIRST + Math.ceil((inside * 9) / 8) + 16 * PAGE;
    const arena =
      this.#spare !== undefined && this.#spare.bytes >= wanted
        ? this.#spare
        : new InlineArena(Math.max(SMALL_ARENA, wanted));
    if (this.#spare === arena) this.#spare = undefined;
    const spill = openSpill(plan, options.spillDirectory);
    const segments = createSegments(plan.beyondBytes);
    const run = new InlineRun(arena, plan, bindings, options, { file: spill?.data, segments });
    this.#states.add(run.state);
    const held = [
      ...heldRegions(bindings, options.regions),
      ...(spill === undefined ? [] : [spill]),
    ];
    for (const what of held) what.hold();
    try {
      const result = await run.execute();
      if (arena.bytes <= SMALL_ARENA) this.#spare = arena;
      return result;
    } catch (error) {
      // A task that did not stop in time may still write into the arena: nobody else gets it.
      if (!run.abandoned && arena.bytes <= SMALL_ARENA) this.#spare = arena;
      throw error;
    } finally {
      this.#peak = this.account().peak;
      this.#states.delete(run.state);
      // A task that goes on may use them still.
      if (!run.abandoned) for (const what of held) what.release();
    }
  }
}

type Ticket = Extract<Action, { kind: "issue" }>;

class InlineRun {
  readonly state: State;
  /** True if a task of it is still running although the run is over. */
  abandoned = false;
  readonly #arena: InlineArena;
  readonly #plan: Plan;
  readonly #bindings: Bindings;
  readonly #options: EngineOptions;
  readonly #table: Uint32Array;
  readonly #outside: SpillAccess | undefined;
  readonly #layout: TableLayout;
  readonly #arrays: ReadonlyMap<number, PlanArray>;
  readonly #functions: FunctionTable;
  readonly #abort = new AbortController();
  readonly #tickets: Ticket[] = [];
  readonly #trace: RunTrace | undefined;
  #results: (ResultBuffer | undefined)[] = [];
  #counters: RunCounters | undefined;
  #failure: { readonly error: ErrorData | undefined; readonly original: unknown } | undefined;
  /** The error as it was thrown: on one thread there is no need to flatten it. */
  #thrown: unknown;
  #yielded: number = performance.now();
  #told = 0;

  constructor(
    arena: InlineArena,
    plan: Plan,
    bindings: Bindings,
    options: EngineOptions,
    spill: SpillData,
  ) {
    if (spill.file !== undefined || spill.segments.length > 0) {
      this.#outside = new SpillAccess(spill, arena.memory, arena.kernels);
    }
    this.#arena = arena;
    this.#plan = plan;
    this.#bindings = bindings;
    this.#options = options;
    this.#functions = new FunctionTable(bindings.functions);
    this.#layout = tableLayout(plan);
    this.#table = new Uint32Array(this.#layout.words);
    this.#arrays = new Map(plan.arrays.map((a) => [a.id, a]));
    setMaxListeners(0, this.#abort.signal);
    const { trace } = options;
    this.#trace =
      trace === undefined ? undefined : new (tracing().RunTrace)(trace, plan, "calling thread");
    this.state = createState(new AddressAllocator(FIRST, arena.bytes), 1);
  }

  async execute(): Promise<EngineResult> {
    const { signal } = this.#options;
    const onAbort = (): void => this.#abort.abort(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      const indices = this.#bindings.indices;
      this.#send({ kind: "submit", run: 0, plan: this.#plan, indices, table: this.#table });
      while (this.#counters === undefined && this.#failure === undefined) {
        if (performance.now() - this.#yielded > YIELD_MS) await this.#pause();
        if (this.#abort.signal.aborted) this.#send({ kind: "abort", run: 0 });
        const ticket = this.#tickets.shift();
        if (ticket !== undefined) await this.#run(ticket);
        else if (!this.#over())
          throw new InternalError("an inline run has nothing to do and is not over");
      }
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
    if (this.#counters !== undefined) {
      return { roots: this.#results, stats: this.#counters, trace: this.#recorded() };
    }
    throw this.#error();
  }

  #recorded(): EngineResult["trace"] {
    const data = this.#trace?.data();
    if (data === undefined) return undefined;
    const { recorded } = tracing();
    return {
      threads: data.threads.map((t) => recorded(t.trace, t.name)),
      samples: data.samples,
    };
  }

  #over(): boolean {
    return this.#counters !== undefined || this.#failure !== undefined;
  }

  #error(): Error {
    const failure = this.#failure;
    if (failure?.error === undefined) {
      return new AbortError(undefined, { cause: this.#options.signal?.reason });
    }
    return failure.original instanceof Error ? failure.original : errorFromData(failure.error);
  }

  /** Runs a task; awaits only what answers later, so that a run of synchronous tasks is one turn. */
  #run(ticket: Ticket): void | Promise<void> {
    const { slot } = ticket;
    const stage = this.#plan.stages[ticket.stage] as Stage;
    const meter = newMeter(() => undefined);
    const started = performance.now();
    const recorder = this.#trace?.recorder;
    const from = recorder?.now() ?? 0;
    const end = (error: unknown): void => {
      if (error === undefined) {
        const bytes = meter.read + meter.written;
        recorder?.span(SPAN.task, from, recorder.now(), ticket.stage, ticket.task, bytes, -1);
      }
      const report = reportOf(meter, (performance.now() - started) / 1000);
      if (error === undefined) this.#send({ kind: "done", slot, outcome: "ok", report });
      else if (this.#abort.signal.aborted) {
        // Nothing happens if the run is failing already.
        this.#send({ kind: "abort", run: 0 });
        this.#send({ kind: "done", slot, outcome: "cancelled", report });
      } else {
        this.#thrown = error;
        this.#send({ kind: "done", slot, outcome: "error", error: errorToData(error), report });
      }
    };
    if (this.#abort.signal.aborted) return end(new AbortError());
    try {
      const outputs = stage.outputs.map((id) => this.#address(id, ticket.task));
      const scratch = { address: ticket.scratch, bytes: stage.scratchBytes };
      const result = runTask(
        this.#context(stage, meter, ticket),
        stage,
        ticket.task,
        outputs,
        scratch,
      );
      if (result !== undefined) return this.#wait(result, end);
    } catch (error) {
      return end(error ?? new Error("thrown without a reason"));
    }
    end(undefined);
  }

  async #wait(result: Promise<void>, end: (error: unknown) => void): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    let late: (why: "overdue") => void = () => undefined;
    const overdue = new Promise<"overdue">((resolve) => {
      late = resolve;
    });
    const start = (): void => {
      timer = setTimeout(() => late("overdue"), GRACE_MS);
    };
    const { signal } = this.#abort;
    if (signal.aborted) start();
    else signal.addEventListener("abort", start, { once: true });
    const settled = result.then(
      () => undefined,
      (error: unknown) => error ?? new Error("rejected without a reason"),
    );
    const first = await Promise.race([settled, overdue]);
    clearTimeout(timer);
    signal.removeEventListener("abort", start);
    if (first === "overdue") {
      this.abandoned = true;
      end(new AbortError());
    } else end(first);
  }

  #send(event: Event): void {
    const events: Event[] = [event];
    for (let next = events.shift(); next !== undefined; next = events.shift()) {
      const actions = step(this.state, next);
      const [run] = this.state.active;
      if (run !== undefined) this.#trace?.sample(run.account.used, run.bytesSpilled);
      for (const action of actions) this.#perform(action, events);
    }
    this.#tellProgress(false);
  }

  #perform(action: Action, events: Event[]): void {
    switch (action.kind) {
      case "start":
        this.#results = createResults(this.#plan, this.#options.shared === true);
        break;
      case "issue":
        this.#tickets.push(action);
        break;
      case "deliver": {
        const array = this.#arrays.get(action.array) as PlanArray;
        for (const root of action.roots) {
          const result = this.#results[root] as ResultBuffer;
          const from = this.#trace?.recorder.now();
          copyBlock(this.#arena.memory.buffer, action.address, array, action.block, result);
          if (from !== undefined) this.#trace?.delivered(from, array, action.block);
        }
        events.push({ kind: "delivered", run: 0, array: action.array, block: action.block });
        break;
      }
      case "move": {
        const bytes = new Uint8Array(this.#arena.memory.buffer);
        for (const move of action.moves)
          bytes.copyWithin(move.to, move.from, move.from + move.bytes);
        break;
      }
      case "cancel": {
        // What has not begun is taken back; what runs sees the signal.
        if (!this.#abort.signal.aborted) this.#abort.abort(new AbortError());
        const report = NO_REPORT;
        for (const { slot } of this.#tickets.splice(0)) {
          events.push({ kind: "done", slot, outcome: "cancelled", report });
        }
        break;
      }
      case "finish":
        this.#counters = action.stats;
        this.#tellProgress(true);
        break;
      case "fail": {
        const error = action.failure.kind === "error" ? action.failure.error : undefined;
        this.#failure = { error, original: this.#thrown };
        break;
      }
      case "kill":
        break;
    }
  }

  #context(stage: Stage, meter: Meter, of: Ticket): TaskContext {
    const { sources, sinks, indices } = this.#bindings;
    const { kernels, memory } = this.#arena;
    const probe = this.#trace?.recorder.probe(of.stage, of.task);
    return {
      memory,
      kernels: probe === undefined ? kernels : new (tracing().TracedKernels)(kernels, probe),
      probe,
      plan: this.#plan,
      indices,
      reader: (id) => found(sources[id], "source", id).reader,
      sourceChunks: (id) => found(sources[id], "source", id).chunks,
      writer: (id) => {
        const sink = found(sinks[id], "sink", id);
        return meteredWriter(sink.writer, itemSize(sink.dtype), meter);
      },
      outside: this.#outside,
      sinkInfo: (id) => found(sinks[id], "sink", id),
      fn: (index) => this.#functions.get(index),
      blockAddress: (array, block) => this.#address(array, block),
      verdicts: verdictsOf(this.#layout, this.#table, stage),
      signal: this.#abort.signal,
      cancelled: () => this.#abort.signal.aborted,
      progress: (bytes) => {
        if (stage.kind !== "write") meter.read += bytes;
        meter.changed(bytes);
      },
      meter,
    };
  }

  #address(array: number, block: number): number {
    return this.#table[(this.#layout.starts.get(array) as number) + block] as number;
  }

  async #pause(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#yielded = performance.now();
  }

  #tellProgress(last: boolean): void {
    const { onProgress } = this.#options;
    const run = this.state.active[0];
    const now = performance.now();
    if (
      onProgress === undefined ||
      (!last && (run === undefined || now - this.#told < PROGRESS_MS))
    )
      return;
    this.#told = now;
    const counters = run === undefined ? this.#counters : countersOf(run);
    if (counters === undefined) return;
    const blocks = run?.blocks ?? 0;
    onProgress(progressData(counters, 0, blocks, this.state.used, this.#plan.peakBytes));
  }
}

function found<T>(value: T | undefined, what: string, id: number): T {
  if (value === undefined) throw new InternalError(`the bindings have no ${what} ${id}`);
  return value;
}
