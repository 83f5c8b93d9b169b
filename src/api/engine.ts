/**
 * Where the public face meets planner, executor and I/O: loaded when first needed, never at import, because together
 * they take longer to load than a small computation takes.
 *
 * `plan()` and `explain()` answer at once, so they load the planner with `require`, which takes ES modules
 * (Node >= 20.19); it is the same module that `import()` gives.
 */
import { createRequire } from "node:module";
import type { Runtime } from "../exec/runtime.js";

export type { ProgressEvent, RunStats } from "../exec/runtime.js";
export type { ChunkSource } from "../io/sources/user.js";
export type { Store } from "../io/stores/store.js";
export type { CodecChoice, OneCodec } from "../io/zarr/codec-choice.js";
export type { PendingArray } from "../io/zarr/create.js";
export type { NodeDescription } from "../io/zarr/describe.js";
export type { FillValue } from "../io/zarr/document-v3.js";
export type { ExistingArray } from "../io/zarr/existing.js";
export type { StoreLike } from "../io/zarr/locate.js";
export type { OpenedGroup } from "../io/zarr/open-group.js";
export type { Packing } from "../io/zarr/packing.js";
export { PASSES } from "../planner/context.js";
export type { PlanConfig, PlanRequest, PlanResult } from "../planner/index.js";

type Planner = typeof import("../planner/index.js");
let loaded: Planner | undefined;

export async function planner(): Promise<Planner> {
  loaded ??= await import("../planner/index.js");
  return loaded;
}

export function plannerNow(): Planner {
  loaded ??= createRequire(import.meta.url)("../planner/index.js") as Planner;
  return loaded;
}

let started: Runtime | undefined;
export async function runtime(): Promise<Runtime> {
  started ??= (await import("../exec/runtime.js")).runtime;
  return started;
}
/** The runtime if anything has run yet: nothing else needs to be shut down. */
export const startedRuntime = (): Runtime | undefined => started;

export const zarr = (): Promise<typeof import("../io/index.js")> => import("../io/index.js");
