/**
 * Random expression graphs: the optimised plan, the raw plan and the reference interpreter agree bit for bit, inline
 * and on 1, 2 and 3 workers, in any budget; the account keeps to its plan and comes back to zero.
 */
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { runtime } from "../../dist/exec/runtime.js";
import type { Kind } from "../../dist/ir/node.js";
import { evaluate } from "../../dist/kernels/reference/index.js";
import { PASSES } from "../../dist/planner/context.js";
import { expectSame, mostReads, RAW, run } from "./agree.js";
import { Generator } from "./graphs.js";

/**
 * Graphs per run: enough to meet every kind in every way; `npm run fuzz` runs as many as it is let. The seed is fixed so
 * that a run can be repeated, and printed so that it can be changed.
 */
const GRAPHS = Number(process.env["CHUNKWISE_GRAPHS"] ?? 600);
const SEED = Number(process.env["CHUNKWISE_SEED"] ?? 20261122);
const BATCH = 200;

const BUDGETS = [2 ** 18, 2 ** 22, 2 ** 26];

const histogram = new Map<Kind, number>();
let graphs = 0;

async function check(seed: number, size: number): Promise<void> {
  const graph = await new Generator(seed).graph(size);
  graphs++;
  for (const kind of graph.kinds.keys()) histogram.set(kind, (histogram.get(kind) ?? 0) + 1);
  const want = await evaluate(graph.roots);
  const memory = BUDGETS[seed % BUDGETS.length] as number;
  const best = await run(graph, { memory, workers: 2, checkRules: true });
  expectSame(graph.roots, want, best, "inline");
  const raw = await run(graph, { memory: 2 ** 26, workers: 2, passes: RAW });
  expectSame(graph.roots, want, raw, "raw plan");
  expect(best.chunks, "reads(optimised) <= reads(raw)").toBeLessThanOrEqual(
    memory === 2 ** 26 ? mostReads(graph, raw) : Number.POSITIVE_INFINITY,
  );
  // One more way in each of three dimensions per graph keeps the suite short; over the run all are met.
  const off = PASSES[seed % PASSES.length] as string;
  const without = await run(graph, {
    memory: 2 ** 26,
    workers: 1 + (seed % 3),
    passes: { [off]: false },
  });
  expectSame(graph.roots, want, without, `without ${off}`);
}

async function checkOnWorkers(seed: number, size: number, workers: number): Promise<void> {
  const graph = await new Generator(seed).graph(size);
  const want = await evaluate(graph.roots);
  const memory = BUDGETS[(seed + workers) % BUDGETS.length] as number;
  expectSame(graph.roots, want, await run(graph, { memory, workers }, 0), `${workers} workers`);
}

const cases = fc.record({
  seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  size: fc.integer({ min: 1, max: 16 }),
});

describe("random graphs", () => {
  for (let batch = 0; batch * BATCH < GRAPHS; batch++) {
    test(`inline, batch ${batch}`, async () => {
      await fc.assert(
        fc.asyncProperty(cases, ({ seed, size }) => check(seed, size)),
        { seed: SEED + batch, numRuns: BATCH },
      );
    });
  }
  for (const workers of [1, 2, 3]) {
    test(`on ${workers} workers`, async () => {
      await fc.assert(
        fc.asyncProperty(cases, ({ seed, size }) => checkOnWorkers(seed, size, workers)),
        { seed: SEED, numRuns: GRAPHS },
      );
    });
  }
  test("every kind occurs in at least 2 % of the graphs", () => {
    const lines = [...histogram].sort((a, b) => b[1] - a[1]);
    console.log(
      `${graphs} graphs, seed ${SEED}: ${lines.map(([k, n]) => `${k} ${((100 * n) / graphs).toFixed(0)} %`).join(", ")}`,
    );
    const kinds: readonly Kind[] = [
      "source",
      "create",
      "map",
      "view",
      "gather",
      "lookup",
      "scatter",
      "concat",
      "reshape",
      "reduce",
      "call",
      "scan",
      "compress",
      "layout",
    ];
    for (const kind of kinds)
      expect((histogram.get(kind) ?? 0) / graphs, kind).toBeGreaterThan(0.02);
  });
  afterAll(() => runtime.shutdown());
});
