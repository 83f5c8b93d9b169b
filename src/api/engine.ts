/**
 * What the public face needs of the planner, the executor and I/O, as interfaces, and the one place that loads
 * them: when first needed, never at import. `require` loads ES modules at once (Node >= 20.19), which
 * `explain()` and `asarray()` need because they answer at once.
 */
import { createRequire } from "node:module";
import type { SinkBinding, SourceBinding } from "../ir/binding.js";
import type { DType, TypedArray } from "../ir/dtype.js";
import type { Box } from "../ir/index-map.js";
import type { Node } from "../ir/node.js";
import type { ReadTarget } from "../ir/binding.js";
import type { Bindings, Plan } from "../ir/stage.js";

export interface PlanConfig {
  readonly memory: number;
  readonly workers: number;
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
  /** Names of all passes, in order. */
  readonly PASS_NAMES: readonly string[];
}
interface ExplainModule {
  explain(plan: Plan, bindings: Bindings): string;
}

/** How far a computation is. */
export interface ProgressEvent {
  readonly tasksDone: number;
  readonly tasks: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly seconds: number;
}
export interface EngineRunOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: ProgressEvent) => void;
  readonly shared?: boolean;
  readonly inlineBytes?: number;
  readonly spillDirectory?: string;
}
/** What a run did. */
export interface RunStats {
  readonly tasks: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Peak of the memory account. */
  readonly peakBytes: number;
  readonly spilledBytes: number;
  readonly seconds: number;
  /** Whether it ran on the calling thread. */
  readonly inline: boolean;
}
export interface RunResult {
  readonly roots: readonly (ArrayBuffer | SharedArrayBuffer | undefined)[];
  readonly stats: RunStats;
}
export interface Runtime {
  run(plan: Plan, bindings: Bindings, options?: EngineRunOptions): Promise<RunResult>;
  shutdown(): Promise<void>;
}

/** CF packing of a stored array: value = raw * scaleFactor + addOffset; raw values in `fillValues` are missing. */
export interface Packing {
  readonly scaleFactor?: number | undefined;
  readonly addOffset?: number | undefined;
  readonly fillValues: readonly (number | bigint)[];
}
export interface OpenedZarr {
  readonly binding: SourceBinding;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly dimensionNames: readonly (string | null)[] | undefined;
  readonly fillValue: number | bigint | boolean | readonly [number, number] | null | undefined;
  readonly codecs: unknown;
  readonly packing?: Packing | undefined;
}
export interface CreateZarrRequest {
  readonly path?: string | undefined;
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** Regular chunk lengths, one per axis. */
  readonly chunks: readonly number[];
  readonly codecs?: unknown;
  readonly fillValue?: number | bigint | boolean | undefined;
  readonly attributes?: Readonly<Record<string, unknown>> | undefined;
  readonly dimensionNames?: readonly (string | null)[] | undefined;
  readonly mode: "create" | "overwrite";
}

type Maybe<T> = T | Promise<T>;
/** A flat map from keys to bytes; zarrita's stores and `Map` have this shape. `set` is needed for writing. */
export interface Store {
  get(
    key: `/${string}`,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Maybe<Uint8Array | undefined>;
  set?(key: `/${string}`, value: Uint8Array): unknown;
}
/** The five-line interface for every other kind of data: anything that can fill a box of an array. */
export interface ChunkSource {
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** Regular chunk lengths, one per axis. */
  readonly chunks: readonly number[];
  readonly name?: string;
  readInto(region: Box, target: ReadTarget, signal: AbortSignal): void | Promise<void>;
}
interface ZarrModule {
  openZarrArray(
    url: string | Store,
    options: { path?: string | undefined; decode?: boolean | undefined },
  ): Promise<OpenedZarr>;
  createZarrArray(url: string | Store, request: CreateZarrRequest): Promise<SinkBinding>;
}
interface SourcesModule {
  arrayBinding(data: TypedArray, shape: readonly number[], dtype: DType): SourceBinding;
  userSource(source: ChunkSource): SourceBinding;
}
interface StoresModule {
  directoryStore(root: string): Store;
  memoryStore(entries?: Iterable<readonly [string, Uint8Array]>): Store;
}

const load = createRequire(import.meta.url);

export const planner = (): PlannerModule => load("../planner/plan.js") as PlannerModule;
export const explainer = (): ExplainModule => load("../planner/explain.js") as ExplainModule;
export const sources = (): SourcesModule => load("../io/index.js") as SourcesModule;
export const stores = (): StoresModule => load("../io/index.js") as StoresModule;
export const zarr = (): ZarrModule => load("../io/index.js") as ZarrModule;

let started: Runtime | undefined;
export function runtime(): Runtime {
  started ??= (load("../exec/runtime.js") as { readonly runtime: Runtime }).runtime;
  return started;
}
/** The runtime if anything has run yet: nothing else needs to be shut down. */
export const startedRuntime = (): Runtime | undefined => started;
