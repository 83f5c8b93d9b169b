/** What is asked of every plan of a random graph: the values of the reference, and figures that keep to each other. */
import { MemoryLimitError } from "../../dist/errors.js";
import { runtime } from "../../dist/exec/runtime.js";
import { canDecide } from "../../dist/exec/task/verdict.js";
import { dtypeOf, type Kind, knownShape, type Node, topologicalOrder } from "../../dist/ir/node.js";
import { blockCount, type Plan } from "../../dist/ir/stage.js";
import type { ReferenceArray } from "../../dist/kernels/reference/index.js";
import { PASSES, type PassName, type PlanConfig } from "../../dist/planner/context.js";
import { type PlanResult, plan } from "../../dist/planner/plan.js";
import { sameBits } from "./bits.js";
import type { Graph } from "./graphs.js";

/** Every pass switched off: the expression as it was written. */
export const RAW = Object.fromEntries(PASSES.map((pass) => [pass, false])) as Partial<
  Record<PassName, boolean>
>;

export interface Outcome {
  readonly roots: readonly ArrayBufferLike[];
  /** Storage chunks touched. */
  readonly chunks: number;
  readonly plan: Plan;
  readonly spilledBytes: number;
}

/** Where the least budget is too small, the error says what would fit, and that must fit. */
export function planFor(graph: Graph, config: PlanConfig): PlanResult {
  const requests = graph.roots.map((node) => ({ node }));
  try {
    return plan(requests, config);
  } catch (error) {
    if (!(error instanceof MemoryLimitError) || config.memory > 2 ** 18) throw error;
    const mib = Number(/"(\d+)MiB" would fit/.exec(error.message)?.[1]);
    return plan(requests, { ...config, memory: mib * 2 ** 20 });
  }
}

function expectAtMost(what: string, value: number, limit: number): void {
  if (!(value <= limit)) throw new Error(`${what}: ${value} > ${limit}`);
}

/** Runs a plan; `inlineBytes` 0 means on workers. */
export async function runPlanned(
  graph: Graph,
  { plan: planned, bindings, rootOf }: PlanResult,
  inlineBytes?: number,
): Promise<Outcome> {
  const before = graph.reads.chunks;
  const options = inlineBytes === undefined ? {} : { inlineBytes };
  const { roots, stats } = await runtime.run(planned, bindings, options);
  expectAtMost("account peak <= planned peak", stats.peakBytes, planned.peakBytes);
  expectAtMost("planned peak <= memory", planned.peakBytes, planned.memory);
  expectAtMost("account after the run", runtime.account().used, 0);
  return {
    roots: rootOf.map((n) => roots[n] as ArrayBufferLike),
    chunks: graph.reads.chunks - before,
    plan: planned,
    spilledBytes: stats.spilledBytes,
  };
}

export const run = (graph: Graph, config: PlanConfig, inlineBytes?: number): Promise<Outcome> =>
  runPlanned(graph, planFor(graph, config), inlineBytes);

export function expectSame(
  roots: readonly Node[],
  want: readonly ReferenceArray[],
  got: Outcome,
  how: string,
): void {
  roots.forEach((root, i) => {
    const reference = want[i] as ReferenceArray;
    const type = `${reference.dtype}[${reference.shape.join()}]`;
    if (type !== `${dtypeOf(root)}[${knownShape(root).join()}]`) {
      throw new Error(`${how}: root ${i} of the reference is ${type}`);
    }
    if (!sameBits(dtypeOf(root), reference.data.buffer, got.roots[i] as ArrayBufferLike)) {
      throw new Error(`${how}: root ${i} differs from the reference`);
    }
  });
}

/** Block functions, and what becomes one when it is planned. */
const BLOCKWISE: readonly Kind[] = ["call", "lookup", "scatter", "compress", "scan"];

/**
 * Storage chunks that the optimised plan may touch: those that the raw one touched. Two things allow for more. A raw
 * plan of `any` or `all` that stopped early touched less than it may have to; and whoever needs a part of a call's
 * result makes whole blocks, and nothing is pushed through it: what is below may be read in larger pieces than were
 * needed, but every chunk once at the most.
 */
export function mostReads(graph: Graph, raw: Outcome): number {
  const early = raw.plan.stages.some((s) => s.kind === "reduce" && canDecide(s));
  const most = early ? Math.max(raw.chunks, raw.plan.estimate.readChunks) : raw.chunks;
  if (!BLOCKWISE.some((kind) => graph.kinds.has(kind))) return most;
  const sources = topologicalOrder(graph.roots).filter((n) => n.op === "source");
  const all = sources.reduce((n, s) => n + blockCount(s.params.binding.chunks), 0);
  return Math.max(most, all);
}
