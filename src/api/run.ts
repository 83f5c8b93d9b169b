/** Running expressions: one plan for all that is asked for together, answered in the shape it was asked in. */

import { AbortError, MemoryLimitError, OptionError } from "../errors.js";
import { MOST_ELEMENTS } from "../exec/config.js";
import { arenaRoom, isLarge, type Region, takeRegion } from "../exec/memory/regions.js";
import { type ArrayFor, type DType, isComplex, itemSize, viewOf } from "../ir/dtype.js";
import { elementCount } from "../ir/index-map.js";
import { dtypeOf, knownShape, type Node } from "../ir/node.js";
import { type Plan, totalStages } from "../ir/stage.js";
import type { Trace } from "../ir/trace.js";
import { isSelection, measurementOf, valueText } from "../ops/index.js";
import { LazyArray, nodeOf } from "./array.js";
import {
  COMPUTE_CHECKS,
  type ComputeOptions,
  inlineLimit,
  planConfig,
  RUN_CHECKS,
  type RunOptions,
  withDefaults,
} from "./config.js";
import {
  besideArena,
  displays,
  type PlanConfig,
  type PlanRequest,
  type PlanResult,
  type ProgressEvent,
  planner,
  plannerNow,
  type RunResult,
  type RunStats,
  runtime,
  type TraceOption,
  traces,
} from "./engine.js";
import { NDArray, withTimeline } from "./nd-array.js";
import { isPlainObject, readOptions } from "./options.js";
import { progressBar } from "./progress.js";
import { resultCache } from "./result-cache.js";
import { settle } from "./settle.js";

/** What `compute` takes: an array, or arrays in a list or by name. */
export type Computable = LazyArray | readonly LazyArray[] | { readonly [name: string]: LazyArray };
/** And what it answers: results in the same places. */
export type Computed<T> =
  T extends LazyArray<infer D>
    ? NDArray<D>
    : { -readonly [K in keyof T]: T[K] extends LazyArray<infer D> ? NDArray<D> : never };

interface Ran {
  /** One per request; equal requests have one buffer. */
  readonly roots: readonly (ArrayBuffer | SharedArrayBuffer | undefined)[];
  /** Where roots are that stay; one per request too. */
  readonly regions: readonly (Region | undefined)[];
  readonly stats: RunStats;
}

/** What must happen between planning and running. */
interface Preparation {
  readonly planned?: (() => Promise<void>) | undefined;
  /** What runs instead of the plan: a part of it. */
  readonly change?: ((result: PlanResult) => PlanResult) | undefined;
  /** Results are to stay where threads compute, if there is room. */
  readonly stay?: boolean | undefined;
}

/** Plans and runs requests with options that were checked; `planned` is awaited between the two. */
export async function run(
  requests: readonly PlanRequest[],
  options: ComputeOptions,
  { planned: between, change, stay = false }: Preparation = {},
): Promise<Ran> {
  const { signal } = options;
  if (signal?.aborted === true) throw new AbortError(undefined, { cause: signal.reason });
  inlineLimit(options);
  resultCache.running++;
  try {
    const result = await planned(requests, options);
    await between?.();
    return await runPlan(change === undefined ? result : change(result), options, stay);
  } finally {
    resultCache.running--;
  }
}

/** The plan; what is kept is read, unless that leaves too little memory. */
async function planned(
  requests: readonly PlanRequest[],
  options: ComputeOptions,
): Promise<PlanResult> {
  const { planCache, substitute } = await planner();
  const config = planConfig(options);
  if (resultCache.isEmpty) return planCache.plan(requests, config);
  const nodes = substitute(
    requests.map((r) => r.node),
    resultCache,
  );
  const known = requests.map((request, i) => ({ ...request, node: nodes[i] as Node }));
  try {
    return planCache.plan(known, { ...config, memory: config.memory - resultCache.used });
  } catch (error) {
    if (!(error instanceof MemoryLimitError)) throw error;
    resultCache.clear();
    return planCache.plan(requests, config);
  }
}

/** Runs a plan with options that were checked. */
export async function runPlan(
  { plan, bindings, rootOf }: PlanResult,
  options: ComputeOptions,
  stay = false,
): Promise<Ran> {
  const { signal, onProgress, progress, shared, spillDirectory, trace = false } = options;
  if (trace !== false) await (await traces()).checkPlace(trace);
  const inlineBytes = inlineLimit(options);
  const places = placesFor(plan, stay);
  const bar = progress === true ? progressBar(totalStages(plan)) : undefined;
  let done = false;
  resultCache.running++;
  const tell = (event: ProgressEvent): void => {
    bar?.show(event);
    onProgress?.(event);
  };
  try {
    const result = await (await runtime()).run(plan, bindings, {
      signal,
      shared,
      inlineBytes,
      regions: places,
      spillDirectory,
      onProgress: bar === undefined && onProgress === undefined ? undefined : tell,
      trace: trace !== false,
    });
    done = true;
    const { roots } = result;
    const stats = await withTrace(result, trace);
    places.forEach((region, i) => fill(region, roots[i]));
    return {
      roots: rootOf.map((n) => roots[n]),
      regions: rootOf.map((n) => places[n]),
      stats,
    };
  } catch (error) {
    for (const region of places) region?.dispose();
    throw error;
  } finally {
    resultCache.running--;
    bar?.end(done);
  }
}

/** Where results are put that are to stay. */
function placesFor(plan: Plan, stay: boolean): (Region | undefined)[] {
  // Beside what the plan itself has in the arena.
  const fits = plan.peakBytes - plan.beyondBytes <= arenaRoom();
  const places: (Region | undefined)[] = [];
  try {
    for (const { array, bytes } of plan.roots) {
      const stays = stay && array >= 0;
      const region = stays && fits ? takeRegion(bytes) : undefined;
      const beside = stays && region === undefined && isLarge(bytes);
      places.push(beside ? besideArena(true).takeBeside(bytes) : region);
    }
  } catch (error) {
    for (const place of places) place?.dispose();
    throw error;
  }
  // What was kept for another array like the last one is not charged to anybody.
  besideArena(false)?.dropSpares();
  return places;
}

async function withTrace({ stats, trace: data }: RunResult, trace: TraceOption): Promise<RunStats> {
  if (data === undefined) return stats;
  const { handOver, Timeline } = await traces();
  const made = new Timeline(data);
  await handOver(trace, made);
  return { ...stats, trace: made };
}

/** What ran on the calling thread came in a buffer all the same. */
function fill(
  region: Region | undefined,
  buffer: ArrayBuffer | SharedArrayBuffer | undefined,
): void {
  if (region === undefined || buffer === undefined) return;
  new Uint8Array(region.buffer, region.address, buffer.byteLength).set(new Uint8Array(buffer));
}

/** Results are refused before anything is planned if they alone are more than the budget, or no typed array holds one. */
function checkResults(nodes: readonly Node[], config: PlanConfig): void {
  for (const node of nodes) {
    const dtype = dtypeOf(node);
    const elements = elementCount(knownShape(node)) * (isComplex(dtype) ? 2 : 1);
    if (elements <= MOST_ELEMENTS) continue;
    throw new MemoryLimitError(
      `compute: a result has ${elements} elements, and a typed array of Node.js ${process.version} at most ${MOST_ELEMENTS}`,
      { hint: "write it with toZarr, go through it with blocks(), or reduce it first" },
    );
  }
  const bytes = nodes.reduce((n, x) => n + elementCount(knownShape(x)) * itemSize(dtypeOf(x)), 0);
  if (bytes > config.memory) {
    const { bytesText } = displays();
    throw new MemoryLimitError(
      `compute: the results have ${bytesText(bytes)}, memory is ${bytesText(config.memory)}`,
      {
        hint: "write them with toZarr, go through them with blocks(), reduce them first, or raise memory",
      },
    );
  }
}

/** The arrays of `what`, in order. */
export function arraysOf(fn: string, what: unknown): Node[] {
  if (what instanceof LazyArray) return [what.node];
  if (Array.isArray(what)) return what.map((v, i) => nodeOf(fn, v, `entry ${i}`));
  if (isPlainObject(what)) {
    return Object.entries(what).map(([name, v]) => nodeOf(fn, v, `entry ${JSON.stringify(name)}`));
  }
  throw new OptionError(
    `${fn}: expected an array, or a list or object of arrays, got ${valueText(what)}`,
  );
}

/**
 * Computes arrays. A list or an object of arrays is one plan: what they share is read and computed once.
 *
 * Rejects with MemoryLimitError when results or plan do not fit `memory`, TaskError when a block function throws,
 * AbortError when the signal fires, ZarrError or SourceError when reading fails.
 *
 * @example
 * const [mean, std] = await compute([x.mean(), x.std()]);
 * const { low, high } = await compute({ low: x.min(), high: x.max() }, { memory: "1GiB" });
 */
export async function compute<const T extends Computable>(
  what: T,
  options?: ComputeOptions,
): Promise<Computed<T>> {
  const checked = withDefaults(readOptions<ComputeOptions>("compute", options, COMPUTE_CHECKS));
  const { epoch } = resultCache;
  const { memory } = planConfig(checked);
  const settled = await settle(arraysOf("compute", what), checked, computeToStay);
  const results = await settled.use(async (nodes, options) => {
    checkResults(nodes, planConfig(options));
    const requests = nodes.map((node) => ({ node }));
    const { roots, stats } =
      requests.length === 0 ? { roots: [], stats: undefined } : await run(requests, options);
    const taken = new Set<ArrayBuffer | SharedArrayBuffer>();
    return nodes.map((node, i) => {
      const buffer = roots[i] as ArrayBuffer | SharedArrayBuffer;
      // Every result is its user's own, also when one array was asked for twice.
      const own = taken.has(buffer) ? buffer.slice(0) : buffer;
      taken.add(buffer);
      resultCache.keep(settled.nodes[i] as Node, own, memory, epoch);
      return withTimeline(resultOf(node, own), stats?.trace);
    });
  });
  if (what instanceof LazyArray) return results[0] as Computed<T>;
  if (Array.isArray(what)) return results as unknown as Computed<T>;
  const names = Object.keys(what);
  return Object.fromEntries(names.map((name, i) => [name, results[i]])) as Computed<T>;
}

/** A result that stays in memory that all threads share. */
export interface Staying {
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  /** Where it lies in the arena of the threads, if it does. */
  readonly region: Region | undefined;
  readonly trace: Trace | undefined;
  /** Gives the memory back. */
  dispose(): void;
}

/** Computes arrays whose lengths are known, to stay; equal arrays are one. */
export async function computeToStay(
  nodes: readonly Node[],
  options: RunOptions,
): Promise<readonly Staying[]> {
  checkResults(nodes, planConfig(options));
  if (nodes.length === 0) return [];
  const requests = nodes.map((node) => ({ node }));
  const { roots, regions, stats } = await run(
    requests,
    { ...options, shared: true },
    { stay: true },
  );
  const { trace } = stats;
  const users = new Map<Region | undefined, number>();
  for (const region of regions) users.set(region, (users.get(region) ?? 0) + 1);
  return nodes.map((_, i) => {
    const region = regions[i];
    if (region === undefined) {
      const buffer = roots[i] as SharedArrayBuffer;
      return { buffer, byteOffset: 0, region, trace, dispose: () => undefined };
    }
    const dispose = (): void => {
      const left = (users.get(region) as number) - 1;
      users.set(region, left);
      if (left === 0) region.dispose();
    };
    return { buffer: region.buffer, byteOffset: region.address, region, trace, dispose };
  });
}

function resultOf(node: Node, buffer: ArrayBuffer | SharedArrayBuffer): NDArray {
  const shape = knownShape(node);
  const dtype = dtypeOf(node);
  const data = viewOf(dtype, buffer, 0, elementCount(shape)) as ArrayFor<DType>;
  return new NDArray(data, shape, dtype);
}

/** Requests for what can be planned now: of a boolean selection that is the count of its elements. */
export function requestsOf(fn: string, what: Computable): PlanRequest[] {
  const nodes = arraysOf(fn, what).map((node) =>
    isSelection(node) ? measurementOf(node).counts : node,
  );
  return [...new Set(nodes)].map((node) => ({ node }));
}

/**
 * The plan that `compute` would run, as plain data. Nothing runs. Of boolean selections it is the plan that counts their
 * elements; the selections are planned when that has run, or after `measure`.
 */
export function plan(what: Computable, options?: RunOptions): Plan {
  const checked = withDefaults(readOptions<RunOptions>("plan", options, RUN_CHECKS));
  return plannerNow().planCache.plan(requestsOf("plan", what), planConfig(checked)).plan;
}
