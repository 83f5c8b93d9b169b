/** Process-wide defaults of runs, and what a run's options mean. */
import { OptionError } from "../errors.js";
import { defaultMemory, defaultWorkers, usableMemory } from "../exec/config.js";
import { MAX_THREADS } from "../exec/memory/arena.js";
import { arenaRoom } from "../exec/memory/regions.js";
import { type BasicSelector, type ChunkSpec, parseBytes, valueText } from "../ops/index.js";
import {
  type CodecChoice,
  type FillValue,
  forgetPlans,
  PASSES,
  type PlanConfig,
  type ProgressEvent,
  type ShardChoice,
  type StoreLike,
  startedRuntime,
  type TraceOption,
} from "./engine.js";
import {
  type Check,
  type Checks,
  isBoolean,
  isByteCount,
  isCount,
  isFunction,
  isSignal,
  isText,
  isTrace,
  oneOf,
  readOptions,
} from "./options.js";
import { resultCache } from "./result-cache.js";

/** Options of everything that runs a plan. */
export interface RunOptions {
  /** Bound on all chunk data held at once: bytes, or a text like "2GiB". Default: half of what the machine leaves. */
  readonly memory?: number | string | undefined;
  /** Compute threads; default: one per available core. */
  readonly workers?: number | undefined;
  /** Cancels the run, which then rejects with an AbortError. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((event: ProgressEvent) => void) | undefined;
  /** Draws progress: a line on stderr, in a tslab notebook a bar below the cell. */
  readonly progress?: boolean | undefined;
  /** false runs the expression as it was written: for comparing and for finding faults. */
  readonly optimize?: boolean | undefined;
  /** "inline" computes on the calling thread, "threads" always on workers; default: small plans inline. */
  readonly executor?: "threads" | "inline" | undefined;
  /**
   * Where arrays are put that do not fit `memory`; default: the folder for temporary files, or /var/tmp where that one
   * lies in memory. Nothing is left there, however the process ends.
   */
  readonly spillDirectory?: string | undefined;
  /** Advanced: plans that touch fewer bytes run on the calling thread, where a result is there sooner. */
  readonly inlineBytes?: number | undefined;
  /**
   * Records a timeline of what every thread does: reads, decoding, kernels, writes, spills, waiting, and memory. With
   * `true` the answer has it as `trace`; a function is given it when the run is over; a text names the file to write, a
   * page (`.html`) or Chrome's trace (`.json`). It takes up to 14 MiB for each thread beside `memory`. Where nothing has
   * to run (`resume` of a complete array) nothing is recorded.
   */
  readonly trace?: TraceOption | undefined;
}
export interface ComputeOptions extends RunOptions {
  /** Results over SharedArrayBuffers, handed over without a copy. */
  readonly shared?: boolean | undefined;
}
/** Options of one stored array. All but `mode`, `axis`, `region` and `resume` describe a new array. */
export interface StoredArrayOptions {
  /**
   * "create" (default) refuses an existing array, "overwrite" replaces it, "append" adds to an existing one along `axis`,
   * "region" writes into the part of it that `region` selects.
   */
  readonly mode?: "create" | "overwrite" | "append" | "region" | undefined;
  /** Axis along which "append" adds; default 0. */
  readonly axis?: number | undefined;
  /** Integers, null and slices with step 1, as `at` takes them, in a list or as one text such as `"0:10, ..., 5"`. */
  readonly region?: string | readonly BasicSelector[] | undefined;
  /**
   * Goes on with a write that was interrupted, however it ended: chunks that are there are not computed again. For this
   * the array has a journal while it is written (see `toZarr`). With no array there it begins, with a complete one it
   * does nothing.
   */
  readonly resume?: boolean | undefined;
  /** "zstd" (default), "gzip", "blosc", "raw", one codec with options, or a list of codecs. */
  readonly codecs?: CodecChoice | undefined;
  /** Chunks of the stored array; default: the array's own, made regular. */
  readonly chunks?: ChunkSpec | undefined;
  /**
   * Shape of a shard, several chunks under one key of the store (Zarr v3): in every axis a multiple of the chunks, or -1
   * for the whole axis. Readers still read single chunks; a shard is written at once, and held in memory for that.
   * `{ shape, indexLocation: "start" }` puts its index in front of the chunks rather than behind them.
   */
  readonly shards?: ShardChoice | undefined;
  readonly attributes?: Readonly<Record<string, unknown>> | undefined;
  readonly dimensionNames?: readonly (string | null)[] | undefined;
  /** Default 0; null writes none, which only Zarr v2 knows. */
  readonly fillValue?: FillValue | null | undefined;
  /** 3 (default) or 2. */
  readonly zarrFormat?: 2 | 3 | undefined;
  /** Between the numbers in the key of a chunk; default "/" in v3, "." in v2. */
  readonly separator?: "." | "/" | undefined;
}
/** Options of `toZarr`. */
export interface ToZarrOptions extends RunOptions, StoredArrayOptions {
  /** Path of the array in the store; groups above it are made. */
  readonly path?: string | undefined;
}
/** Options of `createGroup`. */
export interface GroupOptions {
  /** Path of the group in the store; default: the store's root. Groups above it are made. */
  readonly path?: string | undefined;
  readonly attributes?: Readonly<Record<string, unknown>> | undefined;
  /** 3 (default) or 2; a group that is there keeps its own. */
  readonly zarrFormat?: 2 | 3 | undefined;
}
/** Where and how one array is stored. */
export interface StoreTarget extends StoredArrayOptions {
  readonly url: StoreLike;
  /** Path of the array in the store; groups above it are made. */
  readonly path?: string | undefined;
}

/** Options of `store`: what describes arrays holds for all of them, but `attributes`, which are those of the group. */
export interface StoreOptions extends RunOptions, StoredArrayOptions {
  /** Path of the group in the store; default: the store's root. */
  readonly path?: string | undefined;
  /** Options of single arrays, by their names. */
  readonly arrays?: { readonly [path: string]: StoredArrayOptions | undefined } | undefined;
}

/** What {@link configure} sets for the process. */
export interface Defaults
  extends Pick<
    RunOptions,
    "memory" | "workers" | "progress" | "optimize" | "executor" | "inlineBytes" | "spillDirectory"
  > {
  /**
   * Bytes of results that `compute` keeps for the same expressions and for others that have them as parts; default 0. At
   * most a quarter of `memory`, and counted in it. For stores and functions whose data do not change by themselves: what
   * is written here is noticed, what others write is not. 0 forgets all that is kept.
   */
  readonly resultCache?: number | string | undefined;
}

const isMemory: Check = (v) => {
  parseBytes(v, "memory");
  return undefined;
};
const PROCESS_CHECKS: Checks<Omit<Defaults, "resultCache">> = {
  memory: isMemory,
  workers: isCount,
  progress: isBoolean,
  optimize: isBoolean,
  executor: oneOf("threads", "inline"),
  inlineBytes: isByteCount,
  spillDirectory: isText,
};
const DEFAULT_CHECKS: Checks<Defaults> = {
  ...PROCESS_CHECKS,
  resultCache: (v) => {
    if (v !== 0) parseBytes(v, "resultCache");
    return undefined;
  },
};
export const RUN_CHECKS: Checks<RunOptions> = {
  ...PROCESS_CHECKS,
  signal: isSignal,
  onProgress: isFunction,
  trace: isTrace("true", "file", "function"),
};
/** Of functions whose answer has no place for a timeline. */
export const ASIDE_CHECKS: Checks<RunOptions> = {
  ...RUN_CHECKS,
  trace: isTrace("file", "function"),
};
export const COMPUTE_CHECKS: Checks<ComputeOptions> = { ...RUN_CHECKS, shared: isBoolean };

let defaults: Defaults = {};
/** Those that are options of a run. */
let runDefaults: RunOptions = {};

/**
 * Sets defaults for all runs of this process; `undefined` takes one back. Returns the defaults now in force.
 *
 * @example configure({ memory: "4GiB", workers: 8 });
 */
export function configure(options: Defaults = {}): Defaults {
  readOptions<Defaults>("configure", options, DEFAULT_CHECKS);
  defaults = Object.freeze({ ...defaults, ...options });
  const { resultCache: kept, ...others } = defaults;
  runDefaults = others;
  resultCache.limit = kept === undefined || kept === 0 ? 0 : parseBytes(kept, "resultCache");
  return defaults;
}

/** Ends the threads, forgets plans and kept results, and gives memory back. The next run starts them again. */
export async function shutdown(): Promise<void> {
  forgetPlans();
  resultCache.clear();
  await startedRuntime()?.shutdown();
}

/** What a run's options say, over the defaults. */
export function withDefaults<T extends RunOptions>(options: T): T {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...runDefaults, ...Object.fromEntries(given) } as T;
}

/** The planner's arguments for a run. */
export function planConfig(options: RunOptions): PlanConfig {
  const arena = arenaRoom();
  const memory =
    options.memory === undefined
      ? defaultMemory()
      : usableMemory(parseBytes(options.memory, "memory"), arena);
  const workers =
    options.executor === "inline" ? 1 : Math.min(MAX_THREADS, options.workers ?? defaultWorkers());
  if (options.optimize !== false) return { memory, arena, workers };
  const passes = Object.fromEntries(PASSES.map((name) => [name, false]));
  return { memory, arena, workers, passes };
}

/** Bytes up to which a run stays on the calling thread; undefined leaves it to the runtime. */
export function inlineLimit(options: RunOptions): number | undefined {
  if (options.inlineBytes !== undefined && options.executor !== undefined) {
    throw new OptionError(
      `inlineBytes and executor exclude each other, got ${options.inlineBytes} and ${valueText(options.executor)}`,
    );
  }
  if (options.executor === "inline") return Number.POSITIVE_INFINITY;
  return options.executor === "threads" ? 0 : options.inlineBytes;
}
