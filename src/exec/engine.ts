/**
 * The threads as the calling thread sees them: one coordinator and its workers over one arena, started with the first
 * run that needs them. The coordinator is ref'd while a run goes on and only then, so an idle engine never keeps the
 * process alive.
 */
import { setMaxListeners } from "node:events";
import { type MessagePort, Worker } from "node:worker_threads";
import {
  AbortError,
  type ErrorData,
  errorFromData,
  InternalError,
  OptionError,
} from "../errors.js";
import type { Bindings, Plan } from "../ir/stage.js";
import type { TraceThread } from "../ir/trace.js";
import { fileOf } from "../load.js";
import { type CallerRun, CallerService } from "./caller.js";
import type { CoordinatorInit } from "./coordinator/thread.js";
import {
  type Held,
  heldRegions,
  leaveArena,
  type Region,
  type SharedArena,
  sharedArena,
} from "./memory/regions.js";
import type { ProgressData } from "./progress.js";
import {
  ControlBlock,
  type FromCoordinator,
  type RunData,
  type RunStatsData,
  type ToCoordinator,
} from "./protocol.js";
import type { ResultBuffer } from "./results.js";
import { openSpill } from "./spill/file.js";
import type { FileData } from "./spill/file-channel.js";
import { Recorder, recorded, type TraceBuffer, traceBuffer } from "./trace/index.js";

export interface EngineResult {
  readonly roots: readonly (ResultBuffer | undefined)[];
  readonly stats: RunStatsData;
  /** There if the run was recorded. */
  readonly trace: TraceRecord | undefined;
}

export interface TraceRecord {
  readonly threads: readonly TraceThread[];
  readonly samples: Float64Array;
}

export interface EngineOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ProgressData) => void) | undefined;
  readonly shared?: boolean | undefined;
  /** Where roots are put instead of into buffers of their own, by their numbers in the plan. */
  readonly regions?: readonly (Region | undefined)[] | undefined;
  readonly spillDirectory?: string | undefined;
  /** When the run began, if it is to be recorded. */
  readonly trace?: number | undefined;
}

interface Pending {
  readonly bindings: Bindings;
  /** Told to readers and writers on this thread. */
  readonly abort: AbortController;
  readonly options: EngineOptions;
  /** What tasks read and write outside of the run's own blocks. */
  readonly held: readonly Held[];
  settled: boolean;
  /** Of what this thread does for the run, if that is recorded. */
  readonly trace: { readonly buffer: TraceBuffer; readonly recorder: Recorder } | undefined;
  /** What a listener threw: the run fails with it once its memory is free. */
  thrown?: Error;
  resolve(result: EngineResult): void;
  reject(error: Error): void;
}

export class Engine {
  readonly #arena: SharedArena = sharedArena();
  readonly #memory: WebAssembly.Memory;
  readonly #control = new ControlBlock();
  readonly #thread: Worker;
  readonly #runs = new Map<number, Pending>();
  readonly #lines = new Map<string, CallerService>();
  /** Settles when the coordinator is gone. */
  readonly ended: Promise<void>;
  #next = 1;
  #dead = false;
  #stopping = false;

  constructor() {
    this.#arena.engines++;
    this.#memory = this.#arena.memory;
    const init: CoordinatorInit = {
      memory: this.#memory,
      control: this.#control.buffer,
      border: this.#arena.border,
    };
    this.#thread = new Worker(fileOf("exec/coordinator/thread.js"), {
      workerData: init,
      execArgv: [],
      name: "chunkwise coordinator",
    });
    this.#thread.on("message", (message: FromCoordinator) => this.#take(message));
    this.#thread.on("error", (error) => this.#die(error));
    this.ended = new Promise((resolve) => {
      this.#thread.once("exit", () => {
        this.#die(new Error("the coordinator thread ended"));
        resolve();
      });
    });
    // A listener for messages keeps the process alive, so this comes after it.
    this.#thread.unref();
  }

  /** False when the threads are gone and a new engine must be made. */
  get alive(): boolean {
    return !this.#dead;
  }

  get idle(): boolean {
    return this.#runs.size === 0;
  }

  account(): { used: number; peak: number } {
    return this.#control.balance;
  }

  run(plan: Plan, bindings: Bindings, options: EngineOptions): Promise<EngineResult> {
    const run = this.#next++;
    const { signal } = options;
    const spill = openSpill(plan, options.spillDirectory);
    const data = runData(run, plan, bindings, options, this.#memory, spill?.data);
    return new Promise<EngineResult>((resolve, reject) => {
      const abort = new AbortController();
      setMaxListeners(0, abort.signal);
      const onAbort = (): void => {
        abort.abort(signal?.reason);
        this.#send({ kind: "abort", run });
      };
      const pending: Pending = {
        bindings,
        abort,
        options,
        trace: options.trace === undefined ? undefined : recording(options.trace, plan),
        held: [...heldRegions(bindings, options.regions), ...(spill === undefined ? [] : [spill])],
        settled: false,
        resolve: (result) => {
          signal?.removeEventListener("abort", onAbort);
          resolve(result);
        },
        reject: (error) => {
          signal?.removeEventListener("abort", onAbort);
          if (!abort.signal.aborted) abort.abort(error);
          reject(error);
        },
      };
      for (const what of pending.held) what.hold();
      try {
        this.#submit(data, options);
      } catch (error) {
        for (const what of pending.held) what.release();
        throw error;
      }
      this.#runs.set(run, pending);
      this.#thread.ref();
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** Ends all threads; runs that go on are rejected. */
  async stop(): Promise<void> {
    if (this.#dead) return this.ended;
    this.#stopping = true;
    this.#thread.ref();
    this.#send({ kind: "stop" });
    await this.ended;
  }

  #submit(data: RunData, options: EngineOptions): void {
    const { shared = false, onProgress, trace } = options;
    const progress = onProgress !== undefined;
    try {
      const nested = [...this.#lines.values()].some((line) => line.busy);
      this.#send({ kind: "submit", data, shared, progress, nested, trace });
    } catch (cause) {
      throw new OptionError("a plan cannot be sent to the workers", {
        hint: "`params` of user functions must be structured-cloneable: no functions, no class instances",
        cause,
      });
    }
  }

  #send(message: ToCoordinator): void {
    if (!this.#dead) this.#thread.postMessage(message);
  }

  #take(message: FromCoordinator): void {
    switch (message.kind) {
      case "finish":
        this.#settle(message.run, (p) =>
          p.thrown === undefined
            ? p.resolve({
                roots: message.roots,
                stats: message.stats,
                trace: recordOf(p, message.trace),
              })
            : p.reject(p.thrown),
        );
        this.#forget(message.run);
        break;
      case "fail":
        this.#settle(message.run, (p) => p.reject(p.thrown ?? failureOf(p, message.error)));
        this.#forget(message.run);
        break;
      case "overdue":
        // Its memory is still in use, but whoever aborted it need not wait for that.
        this.#overdue(message.run);
        break;
      case "progress":
        this.#progress(message.run, message.progress);
        break;
      case "line":
        this.#addLine(message.worker, message.generation, message.port);
        break;
      case "quieten":
        void this.#quieten(message.worker, message.generation);
        break;
      case "stopped":
        void this.#thread.terminate();
        break;
    }
  }

  /** A listener that throws fails its run, like anything else that is given to it. */
  #progress(run: number, progress: ProgressData): void {
    const pending = this.#runs.get(run);
    if (pending === undefined || pending.thrown !== undefined) return;
    try {
      pending.options.onProgress?.(progress);
    } catch (error) {
      pending.thrown = error instanceof Error ? error : new Error(String(error));
      if (!pending.abort.signal.aborted) pending.abort.abort(pending.thrown);
      this.#send({ kind: "abort", run });
    }
  }

  #settle(run: number, how: (pending: Pending) => void): void {
    const pending = this.#runs.get(run);
    if (pending === undefined || pending.settled) return;
    pending.settled = true;
    how(pending);
  }

  #overdue(run: number): void {
    const pending = this.#runs.get(run);
    if (pending?.options.signal?.aborted !== true && pending?.thrown === undefined) return;
    this.#settle(run, (p) => p.reject(p.thrown ?? failureOf(p, undefined)));
    this.#unrefIfDone();
  }

  #forget(run: number): void {
    for (const what of this.#runs.get(run)?.held ?? []) what.release();
    this.#runs.delete(run);
    this.#unrefIfDone();
  }

  #unrefIfDone(): void {
    if (![...this.#runs.values()].some((p) => !p.settled)) this.#thread.unref();
  }

  #addLine(worker: number, generation: number, port: MessagePort): void {
    const runs = (run: number): CallerRun | undefined => {
      const pending = this.#runs.get(run);
      if (pending === undefined) return undefined;
      const { bindings, abort, trace } = pending;
      return { bindings, signal: abort.signal, recorder: trace?.recorder };
    };
    this.#lines.set(`${worker}/${generation}`, new CallerService(port, this.#memory, runs));
  }

  async #quieten(worker: number, generation: number): Promise<void> {
    const key = `${worker}/${generation}`;
    await this.#lines.get(key)?.whenQuiet();
    this.#lines.delete(key);
    this.#send({ kind: "quiet", worker, generation });
  }

  #die(cause: Error): void {
    if (this.#dead) return;
    this.#dead = true;
    leaveArena(this.#arena, !this.#stopping);
    for (const run of [...this.#runs.keys()]) {
      const error = this.#stopping
        ? new AbortError("the engine was shut down while it computed")
        : new InternalError("the threads of the engine ended while they computed", { cause });
      this.#settle(run, (p) => p.reject(error));
      this.#forget(run);
    }
    for (const line of this.#lines.values()) line.close();
    this.#lines.clear();
  }
}

function recording(origin: number, plan: Plan): Pending["trace"] {
  const buffer = traceBuffer(origin, plan.stages.length);
  return { buffer, recorder: new Recorder(buffer) };
}

/** What the threads have recorded, and this one. */
function recordOf(
  { trace }: Pending,
  others: Extract<FromCoordinator, { kind: "finish" }>["trace"],
): TraceRecord | undefined {
  if (trace === undefined || others === undefined) return undefined;
  const threads = others.threads.map((t) => recorded(t.trace, t.name));
  const own = recorded(trace.buffer, "calling thread");
  return { threads: [own, ...threads], samples: others.samples };
}

function failureOf(pending: Pending, error: ErrorData | undefined): Error {
  if (error !== undefined) return errorFromData(error);
  return new AbortError(undefined, { cause: pending.options.signal?.reason });
}

/** The part of plan and bindings that crosses the thread border: plain data. */
function runData(
  run: number,
  plan: Plan,
  bindings: Bindings,
  { regions = [] }: EngineOptions,
  { buffer }: WebAssembly.Memory,
  file: FileData | undefined,
): RunData {
  const addressIn = (region: { buffer: SharedArrayBuffer; address: number } | undefined) =>
    region !== undefined && (region.buffer as unknown) === buffer ? region.address : undefined;
  return {
    run,
    plan: { ...plan, log: [] },
    indices: bindings.indices,
    sources: bindings.sources.map((s) => {
      const address = addressIn(s.region);
      return {
        name: s.name,
        shape: s.shape,
        dtype: s.dtype,
        chunks: s.chunks,
        address,
        // The arena is there already; sent again it would count twice wherever memory is counted.
        description: s.thread === "any" && address === undefined ? s.description : undefined,
      };
    }),
    rootAddresses: plan.roots.map((_, i) => addressIn(regions[i])),
    rootBuffers: plan.roots.map((_, i) =>
      addressIn(regions[i]) === undefined ? regions[i]?.buffer : undefined,
    ),
    sinks: bindings.sinks.map((s) => ({
      name: s.name,
      shape: s.shape,
      dtype: s.dtype,
      chunks: s.chunks,
      description: s.thread === "any" ? s.description : undefined,
    })),
    functions: bindings.functions.map(({ name, code, params }) => ({ name, code, params })),
    file,
  };
}
