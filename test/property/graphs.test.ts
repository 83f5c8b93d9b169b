/**
 * Random expression graphs: the optimised plan, the raw plan and the reference interpreter agree bit for bit, inline
 * and on 1, 2 and 3 workers, in any budget; the account keeps to its plan and comes back to zero.
 */
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { MemoryLimitError } from "../../dist/errors.js";
import { runtime } from "../../dist/exec/runtime.js";
import { dtypeOf, type Kind, topologicalOrder } from "../../dist/ir/node.js";
import { blockCount } from "../../dist/ir/stage.js";
import { evaluate, type ReferenceArray } from "../../dist/kernels/reference/index.js";
import { PASSES, type PlanConfig } from "../../dist/planner/context.js";
import { type PlanResult, plan } from "../../dist/planner/plan.js";
import { sameBits } from "./bits.js";
import { Generator, type Graph } from "./graphs.js";

/** Graphs per run; the seed is fixed so that a run can be repeated, and printed so that it can be changed. */
const GRAPHS = Number(process.env["CHUNKWISE_GRAPHS"] ?? 2000);
const SEED = Number(process.env["CHUNKWISE_SEED"] ?? 20261122);
const BATCH = 250;

const RAW = Object.fromEntries(PASSES.map((pass) => [pass, false]));
const BUDGETS = [2 ** 18, 2 ** 22, 2 ** 26];

interface Outcome {
  readonly roots: readonly ArrayBufferLike[];
  readonly chunks: number;
}

/** Where the least budget is too small, the error says what would fit, and that must fit. */
function planFor(graph: Graph, config: PlanConfig): PlanResult {
  const requests = graph.roots.map((node) => ({ node }));
  try {
    return plan(requests, config);
  } catch (error) {
    if (!(error instanceof MemoryLimitError) || config.memory > 2 ** 18) throw error;
    const mib = Number(/"(\d+)MiB" would fit/.exec(error.message)?.[1]);
    return plan(requests, { ...config, memory: mib * 2 ** 20 });
  }
}

async function run(graph: Graph, config: PlanConfig, inlineBytes?: number): Promise<Outcome> {
  const before = graph.reads.chunks;
  const { plan: planned, bindings, rootOf } = planFor(graph, config);
  const { roots, stats } = await runtime.run(
    planned,
    bindings,
    inlineBytes === undefined ? {} : { inlineBytes },
  );
  expect(stats.peakBytes, "account peak <= planned peak").toBeLessThanOrEqual(planned.peakBytes);
  expect(planned.peakBytes, "planned peak <= memory").toBeLessThanOrEqual(planned.memory);
  expect(runtime.account().used, "account after the run").toBe(0);
  return {
    roots: rootOf.map((n) => roots[n] as ArrayBufferLike),
    chunks: graph.reads.chunks - before,
  };
}

function expectSame(
  graph: Graph,
  want: readonly ReferenceArray[],
  got: Outcome,
  how: string,
): void {
  graph.roots.forEach((root, i) => {
    const reference = (want[i] as ReferenceArray).data.buffer;
    if (!sameBits(dtypeOf(root), reference, got.roots[i] as ArrayBufferLike)) {
      throw new Error(`${how}: root ${i} differs from the reference`);
    }
  });
}

const histogram = new Map<Kind, number>();
let graphs = 0;

/** Block functions, and what becomes one when it is planned. */
const BLOCKWISE: readonly Kind[] = ["call", "lookup", "scatter", "compress", "scan"];

/**
 * Whoever needs a part of a call's result makes whole blocks, and nothing is pushed through it: what is below may be
 * read in larger pieces than were needed, but every chunk once at the most.
 */
function roundedOut(graph: Graph): number {
  if (!BLOCKWISE.some((kind) => graph.kinds.has(kind))) return 0;
  const sources = topologicalOrder(graph.roots).filter((n) => n.op === "source");
  return sources.reduce((n, s) => n + blockCount(s.params.binding.chunks), 0);
}

async function check(seed: number, size: number): Promise<void> {
  const graph = await new Generator(seed).graph(size);
  graphs++;
  for (const kind of graph.kinds.keys()) histogram.set(kind, (histogram.get(kind) ?? 0) + 1);
  const want = await evaluate(graph.roots);
  const memory = BUDGETS[seed % BUDGETS.length] as number;
  const best = await run(graph, { memory, workers: 2, checkRules: true });
  expectSame(graph, want, best, "inline");
  const raw = await run(graph, { memory: 2 ** 26, workers: 2, passes: RAW });
  expectSame(graph, want, raw, "raw plan");
  expect(best.chunks, "reads(optimised) <= reads(raw)").toBeLessThanOrEqual(
    memory === 2 ** 26 ? Math.max(raw.chunks, roundedOut(graph)) : Number.POSITIVE_INFINITY,
  );
  // One more way in each of three dimensions per graph keeps the suite short; over the run all are met.
  const off = PASSES[seed % PASSES.length] as string;
  const without = await run(graph, {
    memory: 2 ** 26,
    workers: 1 + (seed % 3),
    passes: { [off]: false },
  });
  expectSame(graph, want, without, `without ${off}`);
}

async function checkOnWorkers(seed: number, size: number, workers: number): Promise<void> {
  const graph = await new Generator(seed).graph(size);
  const want = await evaluate(graph.roots);
  const memory = BUDGETS[(seed + workers) % BUDGETS.length] as number;
  expectSame(graph, want, await run(graph, { memory, workers }, 0), `${workers} workers`);
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
