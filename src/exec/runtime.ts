/**
 * The runtime: runs plans, on the calling thread if they are small, else on workers. One per process; threads start
 * with the first run that needs them and are given back, with their memory, when nothing has run for a while.
 */
import { AbortError, OptionError } from "../errors.js";
import { type Bindings, type Plan, taskCount } from "../ir/stage.js";
import type { Trace, TraceData } from "../ir/trace.js";
import { NO_REPORT } from "./coordinator/state.js";
import type { Engine, EngineOptions, EngineResult } from "./engine.js";
import { INLINE_BYTES, InlineEngine, runsInline } from "./inline.js";
import type { Region } from "./memory/regions.js";
import type { ProgressData } from "./progress.js";

/** Threads and arena are dropped after this many milliseconds without a run. */
const IDLE_MS = 30_000;

/** What a running computation tells about itself, at most every 50 ms and once at the end. */
export type ProgressEvent = ProgressData;

export interface RunOptions {
  /** Cancels the run: it rejects with an AbortError whose `cause` is the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ProgressEvent) => void) | undefined;
  /** Results in SharedArrayBuffers instead of ordinary ones. */
  readonly shared?: boolean | undefined;
  /** Plans that move at most so many bytes run on the calling thread: 0 none, `Infinity` all. Default 16 MiB. */
  readonly inlineBytes?: number | undefined;
  /** Where roots are put, by their numbers in the plan; what runs inline is answered in a buffer all the same. */
  readonly regions?: readonly (Region | undefined)[] | undefined;
  /** Where arrays that do not fit are put; default: the folder for temporary files, if that is on a disk. */
  readonly spillDirectory?: string | undefined;
  /** Records what every thread does, and when. */
  readonly trace?: boolean | undefined;
}

export interface StageStats {
  readonly id: number;
  readonly label: string;
  /** Tasks that were run, repeated ones too. */
  readonly tasks: number;
  /** Bytes of elements read from sources and written to sinks. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Bytes copied between blocks whose borders differ. */
  readonly bytesMoved: number;
  /** Storage chunks touched, each time one was, and their bytes as elements. */
  readonly chunksRead: number;
  readonly chunkBytes: number;
  /** Of those, chunks that are not stored: they are the fill value, and nothing was decoded for them. */
  readonly chunksMissing: number;
  /** Storage chunks that were not read because nothing depended on them. */
  readonly chunksSkipped: number;
  /** Blocks, and steps of reductions, that were one value throughout: they were computed once. */
  readonly uniform: number;
  /** Worker seconds, summed over its tasks. */
  readonly seconds: number;
}

export interface RunStats {
  readonly tasks: number;
  /** Bytes of elements read from sources and written to sinks. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Highest balance of the run's account; at most `plan.peakBytes`. */
  readonly peakBytes: number;
  /** Bytes of blocks that were put on disk. */
  readonly spilledBytes: number;
  /** Tasks that were done again because their blocks had to be dropped. */
  readonly repeatedTasks: number;
  readonly seconds: number;
  readonly inline: boolean;
  readonly stages: readonly StageStats[];
  /** The timeline, if it was asked for with `trace: true`. */
  readonly trace?: Trace | undefined;
}

export interface RunResult {
  /** Row-major bytes per root; undefined for what went to a sink or a region. */
  readonly roots: readonly (ArrayBuffer | SharedArrayBuffer | undefined)[];
  readonly stats: RunStats;
  /** There if the run was recorded. */
  readonly trace: TraceData | undefined;
}

export interface Runtime {
  /**
   * Runs a plan. Rejects with the first error of a task (TaskError, SourceError, ZarrError ...), with AbortError when
   * cancelled, and with MemoryLimitError if the plan's own figures were too small to go on.
   */
  run(plan: Plan, bindings: Bindings, options?: RunOptions): Promise<RunResult>;
  /** Bytes charged now, and at the most so far, over all runs. 0 when nothing runs. */
  account(): { used: number; peak: number };
  /** Ends all threads; what runs on them is rejected. The next run starts them again. */
  shutdown(): Promise<void>;
}

class ProcessRuntime implements Runtime {
  readonly #inline = new InlineEngine();
  #engine: Promise<Engine> | undefined;
  #started: Engine | undefined;
  #running = 0;
  #idle: NodeJS.Timeout | undefined;
  #peak = 0;

  async run(plan: Plan, bindings: Bindings, options: RunOptions = {}): Promise<RunResult> {
    const { signal, inlineBytes = INLINE_BYTES } = options;
    if (Number.isNaN(inlineBytes))
      throw new OptionError("inlineBytes is NaN", { hint: "give a number of bytes" });
    if (signal?.aborted === true) throw new AbortError(undefined, { cause: signal.reason });
    const started = performance.now();
    const trace =
      options.trace === true ? (await import("./trace/index.js")).traceOrigin() : undefined;
    const inline = runsInline(plan, bindings, inlineBytes);
    clearTimeout(this.#idle);
    this.#running++;
    try {
      const result = inline
        ? await this.#inline.run(plan, bindings, { ...options, trace })
        : await this.#onThreads(plan, bindings, { ...options, trace });
      const seconds = (performance.now() - started) / 1000;
      const stats = statsOf(plan, result, inline, seconds);
      return { roots: result.roots, stats, trace: traceData(plan, bindings, result, seconds) };
    } finally {
      this.#running--;
      if (this.#running === 0) this.#sleepLater();
    }
  }

  account(): { used: number; peak: number } {
    const inline = this.#inline.account();
    const threads = this.#started?.alive === true ? this.#started.account() : { used: 0, peak: 0 };
    this.#peak = Math.max(this.#peak, inline.peak, threads.peak);
    return { used: inline.used + threads.used, peak: this.#peak };
  }

  async shutdown(): Promise<void> {
    clearTimeout(this.#idle);
    this.#inline.trim();
    if (this.#engine === undefined) return;
    await this.#stop(this.#engine);
    // Not before the frames are gone that have known the engine: what they hold is collected with them only.
    await new Promise<void>((resolve) => setImmediate(resolve));
    const [{ dropSpares }, { collectNow }] = await Promise.all([
      import("./memory/beside.js"),
      import("./memory/trim.js"),
    ]);
    dropSpares();
    collectNow();
  }

  async #stop(starting: Promise<Engine>): Promise<void> {
    const engine = await starting.catch(() => undefined);
    if (this.#engine === starting) this.#forget();
    await engine?.stop();
  }

  async #onThreads(plan: Plan, bindings: Bindings, options: EngineOptions): Promise<EngineResult> {
    const engine = await this.#alive();
    if (options.signal?.aborted === true)
      throw new AbortError(undefined, { cause: options.signal.reason });
    return engine.run(plan, bindings, options);
  }

  async #alive(): Promise<Engine> {
    if (this.#started?.alive === false) this.#forget();
    this.#engine ??= import("./engine.js").then((module) => {
      this.#started = new module.Engine();
      return this.#started;
    });
    let engine: Engine;
    try {
      engine = await this.#engine;
    } catch (error) {
      this.#forget();
      throw error;
    }
    return engine.alive ? engine : this.#alive();
  }

  #forget(): void {
    this.account();
    this.#engine = undefined;
    this.#started = undefined;
  }

  /** Touched pages of an arena are given back only when every thread has dropped it. */
  #sleepLater(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      // A run that was aborted may still be waiting for a reader that does not stop.
      if (this.#running === 0 && this.#started?.idle !== false) void this.shutdown();
    }, IDLE_MS);
    this.#idle.unref();
  }
}

function statsOf(plan: Plan, { stats }: EngineResult, inline: boolean, seconds: number): RunStats {
  return {
    tasks: stats.tasks,
    bytesRead: stats.bytesRead,
    bytesWritten: stats.bytesWritten,
    peakBytes: stats.peakBytes,
    spilledBytes: stats.bytesSpilled,
    repeatedTasks: stats.repeated,
    seconds,
    inline,
    stages: plan.stages.map(({ id, label }, i) => ({
      id,
      label,
      ...(stats.stages[i] ?? { ...NO_REPORT, tasks: 0 }),
    })),
  };
}

function traceData(
  { stages, peakBytes, memory }: Plan,
  { sources, sinks }: Bindings,
  { trace }: EngineResult,
  seconds: number,
): TraceData | undefined {
  if (trace === undefined) return undefined;
  return {
    origin: Date.now() - seconds * 1000,
    wallMs: seconds * 1000,
    stages: stages.map((s) => ({ id: s.id, label: s.label, kind: s.kind, tasks: taskCount(s) })),
    sources: sources.map((s) => s.name),
    sinks: sinks.map((s) => s.name),
    ...trace,
    peakBytes,
    memory,
  };
}

/** The one runtime of the process. */
export const runtime: Runtime = new ProcessRuntime();
