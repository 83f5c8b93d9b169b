/**
 * Where the public face meets planner, executor and I/O: loaded when first needed, never at import, because together
 * they take longer to load than a small computation takes.
 *
 * What must answer at once is loaded with `require`, which takes ES modules (Node >= 20.19); it is the same module that
 * `import()` gives.
 */
import type { Runtime } from "../exec/runtime.js";
import type { Trace } from "../ir/trace.js";
import { load } from "../load.js";

export type { ProgressEvent, RunResult, RunStats } from "../exec/runtime.js";
export type { ChunkSource } from "../io/sources/user.js";
export type { Store } from "../io/stores/store.js";
export type { CodecChoice, OneCodec } from "../io/zarr/codec-choice.js";
export type { PendingArray } from "../io/zarr/create.js";
export type { NodeDescription } from "../io/zarr/describe.js";
export type { FillValue } from "../io/zarr/document-v3.js";
export type { ExistingArray } from "../io/zarr/existing.js";
export type { FinishedChunks } from "../io/zarr/finished.js";
export type { StoreLike } from "../io/zarr/locate.js";
export type { OpenedGroup } from "../io/zarr/open-group.js";
export type { Packing } from "../io/zarr/packing.js";
export type { ShardChoice } from "../io/zarr/shard-choice.js";
export { PASSES } from "../planner/context.js";
export type { PlanConfig, PlanRequest, PlanResult } from "../planner/index.js";

type Planner = typeof import("../planner/index.js");
let loaded: Planner | undefined;

export async function planner(): Promise<Planner> {
  loaded ??= await import("../planner/index.js");
  return loaded;
}

export function plannerNow(): Planner {
  loaded ??= load("planner/index.js") as Planner;
  return loaded;
}

/** Plans in words and drawings. */
export const explaining = (): typeof import("../planner/explain/index.js") =>
  load("planner/explain/index.js") as typeof import("../planner/explain/index.js");

/** Forgets plans, if any were made. */
export const forgetPlans = (): void => loaded?.planCache.clear();

let started: Runtime | undefined;
export async function runtime(): Promise<Runtime> {
  started ??= (await import("../exec/runtime.js")).runtime;
  return started;
}
/** The runtime if anything has run yet: nothing else needs to be shut down. */
export const startedRuntime = (): Runtime | undefined => started;

/** Block functions, as nodes. */
export const blockOps = (): typeof import("../ops/blocks/index.js") =>
  load("ops/blocks/index.js") as typeof import("../ops/blocks/index.js");
/** Cards, progress, numbers as text. */
export const displays = (): typeof import("../display/index.js") =>
  load("display/index.js") as typeof import("../display/index.js");
/** Selectors as text. */
export const selectorTexts = (): typeof import("../expr/selector.js") =>
  load("expr/selector.js") as typeof import("../expr/selector.js");
/** Stores over HTTP. */
export const httpStores = (): typeof import("../io/stores/http.js") =>
  load("io/stores/http.js") as typeof import("../io/stores/http.js");

/** Stores in buckets of S3. */
export const s3Stores = (): typeof import("../io/stores/s3.js") =>
  load("io/stores/s3.js") as typeof import("../io/stores/s3.js");

/** Timelines of runs. */
export const traces = (): Promise<typeof import("./trace.js")> => import("./trace.js");
/** Where the timeline of a run goes. */
export type TraceOption = boolean | string | ((trace: Trace) => void);

export const zarr = (): Promise<typeof import("../io/index.js")> => import("../io/index.js");

type Beside = typeof import("../exec/memory/beside.js");
let beside: Beside | undefined;
/** Memory beside the arena; if it is not `wanted`, only where somebody has had some. */
export function besideArena(wanted: true): Beside;
export function besideArena(wanted: boolean): Beside | undefined;
export function besideArena(wanted: boolean): Beside | undefined {
  if (wanted) beside ??= load("exec/memory/beside.js") as Beside;
  return beside;
}
