/** What is tried, in this order, until a plan fits: from generous to frugal. */
import type { Sizing } from "./assemble.js";
import { arenaOf, type PlanConfig } from "./context.js";

/** Bytes that a task aims to handle: a few cache-sized tiles, little beside any sensible budget. */
const TASK_TARGET = 4 * 1024 * 1024;
/** Part of the arena that one task may take. */
const TASK_SHARE = 1 / 8;
/** Part of a worker's share of the arena that a task may take which reads bands; the rest is for codecs and what waits. */
const BANDS_SHARE = 0.8;

export interface Attempt {
  readonly keep: boolean;
  readonly copy: boolean;
  /** Only worth a look if what does not fit may lie elsewhere. */
  readonly spill?: boolean;
  /**
   * Only worth a look where parts of storage chunks can be read alone: tasks as large as all workers can have at once, if
   * each part is then read by one.
   */
  readonly bands?: boolean;
  /**
   * Only worth a look where every so many elements of a store are read: these are put together first, since a task that
   * must not be divided, as at the leaves of a sum, would hold all that lies between its elements.
   */
  readonly compact?: boolean;
  /** Target and limit of task sizes, as factors of their defaults. */
  readonly target: number;
  readonly limit: number;
}

export const ATTEMPTS: readonly Attempt[] = [
  { keep: true, copy: true, target: 1, limit: 1 },
  { keep: true, copy: true, target: 1 / 8, limit: 1 / 4 },
  { keep: true, copy: true, target: Number.POSITIVE_INFINITY, limit: 1, spill: true },
  { keep: true, copy: false, target: 1, limit: 1 },
  { keep: true, copy: false, target: Number.POSITIVE_INFINITY, limit: 2 },
  { keep: true, copy: false, target: Number.POSITIVE_INFINITY, limit: 4 },
  { keep: true, copy: false, target: 1, limit: 1, bands: true },
  { keep: true, copy: false, target: 1, limit: 1 / 2, compact: true },
  { keep: false, copy: false, target: 1, limit: 1 },
  { keep: false, copy: false, target: Number.POSITIVE_INFINITY, limit: 2 },
  { keep: false, copy: false, target: Number.POSITIVE_INFINITY, limit: 4 },
  { keep: false, copy: false, target: 1 / 8, limit: 6 },
  { keep: false, copy: false, target: 1 / 8, limit: 1 / 4 },
  { keep: true, copy: false, target: 1 / 8, limit: 1 / 8, compact: true },
  { keep: false, copy: false, target: 1 / 64, limit: 1 / 16 },
  { keep: false, copy: false, target: 1 / 512, limit: 1 / 64 },
];

/** How large tasks should be and may be. */
export function sizingOf(attempt: Attempt, config: PlanConfig): Sizing {
  const arena = arenaOf(config);
  if (attempt.bands === true) {
    const limit = (BANDS_SHARE * arena) / config.workers;
    // Blocks of both sides are counted where a write holds one: what does not fit is made smaller after.
    return { target: 2 * limit, limit };
  }
  const limit = Math.max(16 * 1024, arena * TASK_SHARE * attempt.limit);
  return { target: Math.min(TASK_TARGET * attempt.target, limit / 2), limit };
}
