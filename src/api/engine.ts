/**
 * Where the public face meets planner, executor and I/O: loaded when first needed, never at import, because
 * together they take longer to load than a small computation takes.
 *
 * The planner is loaded with `require`, which loads ES modules at once (Node >= 20.19): `explain()` and
 * `plan()` answer at once.
 */
import { createRequire } from "node:module";
import type { Runtime } from "../exec/runtime.js";
import type { SinkBinding } from "../ir/binding.js";
import type { Node } from "../ir/node.js";
import type { Bindings, Plan } from "../ir/stage.js";

export type { ProgressEvent, RunStats } from "../exec/runtime.js";
export type { ChunkSource } from "../io/sources/user.js";
export type { Store } from "../io/stores/store.js";
export type { CodecChoice, FillValue } from "../io/zarr/document-v3.js";
export type { StoreLike } from "../io/zarr/locate.js";
export type { Packing } from "../io/zarr/packing.js";

export interface PlanConfig {
  readonly memory: number;
  readonly workers: number;
  /** Passes to switch off (false), by name. */
  readonly passes?: Readonly<Record<string, boolean>>;
}
export interface PlanRequest {
  readonly node: Node;
  readonly sink?: SinkBinding;
}
export interface Planned {
  readonly plan: Plan;
  readonly bindings: Bindings;
}
interface PlannerModule {
  plan(requests: readonly PlanRequest[], config: PlanConfig): Planned;
  /** Names of all passes that can be switched off. */
  readonly PASS_NAMES: readonly string[];
}
interface ExplainModule {
  explain(plan: Plan, bindings: Bindings): string;
}

const load = createRequire(import.meta.url);
export const planner = (): PlannerModule => load("../planner/plan.js") as PlannerModule;
export const explainer = (): ExplainModule => load("../planner/explain.js") as ExplainModule;

let started: Runtime | undefined;
export async function runtime(): Promise<Runtime> {
  started ??= (await import("../exec/runtime.js")).runtime;
  return started;
}
/** The runtime if anything has run yet: nothing else needs to be shut down. */
export const startedRuntime = (): Runtime | undefined => started;

export const zarr = (): Promise<typeof import("../io/index.js")> => import("../io/index.js");
