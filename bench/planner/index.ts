/**
 * `npm run bench -- planner [--size small]`: how planning grows with the number of operations and of chunks, pass by
 * pass, and what the same expression costs when it comes again. Fastest of a few rounds: others share the machine.
 */
import { setImmediate } from "node:timers/promises";
import type { PlanConfig, PlanRequest } from "../../dist/planner/index.js";
import { milliseconds, printRows } from "../report.js";
import { GROWING, overChunks } from "./shapes.js";

// The planner of the program that makes the expressions.
const { plan, PlanCache } = (await import(
  new URL("../../../lib/planner/index.js", import.meta.url).href
)) as typeof import("../../dist/planner/index.js");

/** So much that every plan fits at once: what is measured is one attempt. */
const CONFIG: PlanConfig = { memory: 2 ** 42, workers: 2 };
const SIZES = { full: [100, 1_000, 10_000, 100_000], small: [100, 1_000] } as const;
const CHUNKS = { full: [1e2, 1e4, 1e6, 1e8, 1e10, 1e12], small: [1e2, 1e12] } as const;
/** What a plan of this many operations may take, warm. */
const TARGET = { nodes: 10_000, ms: 50 } as const;
/** Rounds stop after this. */
const MOST_MS = 2_000;

interface Timing {
  readonly ms: number;
  readonly stages: number;
  readonly passes: ReadonlyMap<string, number>;
}

async function fastest(requests: readonly PlanRequest[], rounds: number): Promise<Timing> {
  let best: Timing | undefined;
  const start = performance.now();
  for (let round = 0; round < rounds && performance.now() - start < MOST_MS; round++) {
    const passes = new Map<string, number>();
    const begun = performance.now();
    let since = begun;
    let current = "prepare";
    const enter = (pass: string): void => {
      const now = performance.now();
      passes.set(current, (passes.get(current) ?? 0) + now - since);
      [since, current] = [now, pass];
    };
    const made = plan(requests, CONFIG, enter);
    enter("end");
    const ms = performance.now() - begun;
    if (best === undefined || ms < best.ms) best = { ms, stages: made.plan.stages.length, passes };
    // Expressions are known by weak references, whose targets are kept to the end of the turn.
    await setImmediate();
  }
  return best as Timing;
}

async function cached(
  make: (numbers: number) => readonly PlanRequest[],
  rounds: number,
): Promise<number> {
  const cache = new PlanCache({ plans: 4, bytes: 2 ** 31 });
  let best = Number.POSITIVE_INFINITY;
  // The second is planned with placeholders; from the third on they are filled in.
  for (let round = 0; round < rounds; round++) {
    const requests = make(1000.5 + round);
    const begun = performance.now();
    cache.plan(requests, CONFIG);
    if (round >= 2) best = Math.min(best, performance.now() - begun);
    await setImmediate();
  }
  return best;
}

const asked = (arrays: readonly { readonly node: PlanRequest["node"] }[]): PlanRequest[] =>
  arrays.map(({ node }) => ({ node }));
const short = (ms: number | undefined): string =>
  ms === undefined ? "" : ms.toFixed(ms < 10 ? 1 : 0);

export async function planner(size: "full" | "small"): Promise<void> {
  const passNames = ["canonicalize", "algebra", "demand", "fuse", "residency", "grid", "rechunk"];
  const head = ["nodes", "plan", "us/node", "again", "stages", ...passNames, "target", ""];
  // Case by case, since the large ones take their time.
  for (const { name, make } of GROWING) {
    const rows: string[][] = [head];
    for (const n of SIZES[size]) {
      const { ms, stages, passes } = await fastest(asked(make(n, 0.75)), n > 10_000 ? 3 : 10);
      const again = await cached((numbers) => asked(make(n, numbers)), n > 10_000 ? 3 : 5);
      const counts = n === TARGET.nodes;
      rows.push([
        String(n),
        milliseconds(ms),
        ((1000 * ms) / n).toFixed(1),
        milliseconds(again),
        String(stages),
        ...passNames.map((p) => short(passes.get(p))),
        counts ? `< ${TARGET.ms} ms` : "",
        counts ? (ms < TARGET.ms ? "met" : "missed") : "",
      ]);
    }
    printRows(`${name} (ms per pass)`, rows);
  }
  const byChunks: string[][] = [];
  for (const chunks of CHUNKS[size]) {
    const { ms, stages } = await fastest(asked([overChunks(chunks)]), 10);
    byChunks.push([chunks.toExponential(0), milliseconds(ms), String(stages), "", ""]);
  }
  printRows("by chunks", [["chunks", "plan", "stages", "", ""], ...byChunks]);
}
