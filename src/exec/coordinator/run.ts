/** What the coordinator's thread has of a run beside its state: buffers, and who is told what. */
import type { PlanArray } from "../../ir/stage.js";
import type { RunData, ToWorker } from "../protocol.js";
import type { ResultBuffer } from "../results.js";
import type { RunTrace } from "../trace/index.js";
import type { WorkerName } from "./pool.js";

export interface Run {
  readonly data: RunData;
  readonly shared: boolean;
  readonly progress: boolean;
  readonly nested: boolean;
  readonly trace: RunTrace | undefined;
  readonly arrays: ReadonlyMap<number, PlanArray>;
  readonly table: SharedArrayBuffer;
  results: (ResultBuffer | undefined)[];
  /** Roots that workers put together outside the arena. */
  together: readonly (SharedArrayBuffer | undefined)[];
  /** Memory beyond the arena. */
  segments: readonly SharedArrayBuffer[];
  started: boolean;
  grace: NodeJS.Timeout | undefined;
}

/** What tells a worker of a run. */
export const beginning = (
  { data, table, segments, together, trace }: Run,
  worker: WorkerName,
): ToWorker => ({
  kind: "run",
  data,
  table,
  segments,
  results: together,
  trace: trace?.worker(worker),
});
