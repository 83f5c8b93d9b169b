/**
 * Expression -> plan. Pure and synchronous: the same requests and configuration give the same plan.
 *
 * The passes, and why they stand in this order:
 *  1. canonicalize  one spelling for one meaning, so that rules need not know spellings
 *  2. algebra       local exact rewrite rules
 *  3. sink          what only one user looks at, and in part, becomes that part, whatever its steps
 *  4. demand        what is read in part becomes smaller, whoever looks; then canonicalize again, for the new views,
 *                   and expand what has an algorithm over blocks of its own into calls of built-in block functions
 *  5. fuse          what is computed together
 *  6. grid          in which blocks, from the grids of what is read
 *  7. rechunk       which misaligned reads are worth a copy in memory (this changes 5 and 6, which run again)
 *  8. residency     what is kept because it is read twice, how long blocks live, and the planned peak
 *  9. statistics    which conditions tasks look at before they read the rest, so that what is one value throughout is
 *                   computed once and what nothing depends on is not read
 * 10. spill         what lies outside the arena, in further memory or on disk, where all that does not fit
 *
 * Choices that cost memory (keeping, copying, large blocks) are tried from the most generous to the most frugal; the
 * best plan that fits the budget is taken. Every pass can be switched off; the plan is then right, but worse.
 */
import { itemSize } from "../ir/dtype.js";
import { elementCount } from "../ir/index-map.js";
import { dtypeOf, knownShape, type Node } from "../ir/node.js";
import type {
  Bindings,
  CallStage,
  Operand,
  Plan,
  PlanArray,
  PlanRoot,
  Stage,
} from "../ir/stage.js";
import { type Assembly, assemble } from "./assemble.js";
import { ATTEMPTS, type Attempt, sizingOf } from "./attempts.js";
import {
  arenaOf,
  PassContext,
  type PassName,
  type PlanConfig,
  type PlanRequest,
} from "./context.js";
import { endToEnd, type Figures, figuresOf, fits, tooLarge } from "./figures.js";
import { trimMaps } from "./map-numbers.js";
import { algebra } from "./passes/algebra.js";
import { apart } from "./passes/apart.js";
import { canonicalize } from "./passes/canonicalize.js";
import { demand } from "./passes/demand.js";
import { expand } from "./passes/expand.js";
import { draftsOf, type FuseRequest, type FuseResult, fuse } from "./passes/fuse.js";
import { keepHulls } from "./passes/keep-hulls.js";
import { heldBytes } from "./passes/lifetimes.js";
import { copyCandidates } from "./passes/rechunk.js";
import { keepPicks } from "./passes/residency.js";
import { sink } from "./passes/sink.js";
import { mediaFor, spillCandidates, spillOf, withSpilled } from "./passes/spill.js";
import { statistics } from "./passes/statistics.js";
import { takes } from "./passes/takes.js";

export type { PassName, PlanConfig, PlanRequest } from "./context.js";

/** A plan that spills must be so many times faster than one that does not: disks are known least of all. */
const SPILL_MARGIN = 2;
export interface PlanResult {
  readonly plan: Plan;
  readonly bindings: Bindings;
  /** For every request, the number of its root in the plan (equal requests share one). */
  readonly rootOf: readonly number[];
}

/**
 * Plans the requested arrays together. `watch` is told which pass begins, as often as one does.
 *
 * @throws MemoryLimitError if no plan fits `config.memory`; it names the stage that needs most and what would fit.
 */
export function plan(
  requests: readonly PlanRequest[],
  config: PlanConfig,
  watch?: (pass: PassName) => void,
): PlanResult {
  trimMaps();
  const ctx = new PassContext(config, watch);
  const nodes = logical(
    requests.map((r) => r.node),
    ctx,
  );
  const unique: FuseRequest[] = [];
  const numbers = new Map<string, number>();
  const rootOf = nodes.map((node, i) => {
    const sink = requests[i]?.sink;
    const key = `${node.id}/${sink?.id}`;
    const known = numbers.get(key) ?? unique.push({ node, sink }) - 1;
    numbers.set(key, known);
    return known;
  });
  const { assembly, figures, requests: final } = physical(unique, ctx);
  const roots = final.map(({ node, sink }): PlanRoot => {
    const shape = knownShape(node);
    const dtype = dtypeOf(node);
    const bytes = elementCount(shape) * itemSize(dtype);
    return {
      shape,
      dtype,
      array: sink === undefined ? (assembly.arrayOf.get(node) as number) : -1,
      bytes,
    };
  });
  const estimate = assembly.stages.reduce(
    (sum, { estimate: e }) => ({
      tasks: sum.tasks + e.tasks,
      readBytes: sum.readBytes + e.readBytes,
      readChunks: sum.readChunks + e.readChunks,
      movedBytes: sum.movedBytes + e.movedBytes,
      spilledBytes: sum.spilledBytes + e.spilledBytes,
      seconds: sum.seconds + e.seconds,
    }),
    { tasks: 0, readBytes: 0, readChunks: 0, movedBytes: 0, spilledBytes: 0, seconds: 0 },
  );
  return {
    plan: {
      version: 1,
      memory: config.memory,
      arena: arenaOf(config),
      workers: config.workers,
      arrays: assembly.arrays,
      stages: assembly.stages,
      ...(assembly.runs === undefined ? {} : { runs: assembly.runs }),
      roots,
      ...figures,
      spill: spillOf(assembly.arrays).file,
      estimate,
      log: ctx.log,
    },
    bindings: assembly.bindings,
    rootOf,
  };
}

/** Passes 1 to 4: expression to expression, the last time with algorithms as calls. */
export const logical = (roots: readonly Node[], ctx: PassContext): readonly Node[] =>
  expand(rewritten(roots, ctx), ctx);

/**
 * The expressions as the planner would compute them together: equal parts are equal nodes. Shapes, dtypes and values
 * are the same bit for bit; advertised grids may differ.
 */
export function optimize(roots: readonly Node[], config: PlanConfig): readonly Node[] {
  trimMaps();
  return rewritten(roots, new PassContext(config));
}

function rewritten(roots: readonly Node[], ctx: PassContext): readonly Node[] {
  let nodes = roots;
  if (ctx.isOn("canonicalize")) {
    ctx.enter("canonicalize");
    nodes = canonicalize(nodes, ctx);
  }
  if (ctx.isOn("algebra")) {
    ctx.enter("algebra");
    nodes = algebra(nodes, ctx);
  }
  const before = nodes;
  if (ctx.isOn("sink")) {
    ctx.enter("sink");
    nodes = takes(sink(nodes, ctx), ctx);
  }
  if (ctx.isOn("demand")) {
    ctx.enter("demand");
    nodes = demand(nodes, ctx);
  }
  if (nodes !== before && ctx.isOn("canonicalize")) {
    ctx.enter("canonicalize");
    nodes = canonicalize(nodes, ctx);
  }
  return nodes;
}

/** The assembly with its stages run from end to end where more of them are, if that needs less memory. */
function oneByOne(
  assembly: Assembly,
  figures: Figures,
  requests: readonly FuseRequest[],
  ctx: PassContext,
): { readonly assembly: Assembly; readonly figures: Figures } {
  const made = {
    ...assembly,
    arrays: assembly.arrays.map((a) => ({ ...a })),
    runs: endToEnd(assembly),
  };
  const after = figuresOf(made, requests, ctx.config);
  return after.serialBytes < figures.serialBytes
    ? { assembly: made, figures: after }
    : { assembly, figures };
}

/**
 * Lets arrays leave the arena, largest first, until the rest fits it; everything as it was if it never does. As many of
 * them as the budget has room for, largest first, lie in memory beyond the arena, the others on disk.
 */
function spilled(
  assembly: Assembly,
  figures: Figures,
  requests: readonly FuseRequest[],
  ctx: PassContext,
): { readonly assembly: Assembly; readonly figures: Figures } {
  ctx.enter("spill");
  const { config } = ctx;
  const candidates = spillCandidates(assembly);
  // Twice as many each time, so that a plan of many small arrays is not looked at again for each of them.
  for (let count = 1; ; count *= 2) {
    const chosen = candidates.slice(0, count);
    // Tasks do not become smaller: what the chosen ones hold is the most that there is to gain.
    const gain = chosen.reduce((n, array) => n + heldBytes(array), 0);
    const least = { ...figures, serialBytes: figures.serialBytes - gain };
    if (chosen.length > 0 && fits(least, config)) {
      const onDisk = withSpilled(assembly, new Map(chosen.map((a) => [a.id, "file"])));
      const rest = figuresOf(onDisk, requests, config);
      if (fits(rest, config)) {
        const media = mediaFor(onDisk, chosen, config.memory - rest.serialBytes);
        const made = withSpilled(assembly, media);
        logSpilled(made, chosen, ctx);
        return { assembly: made, figures: figuresOf(made, requests, config) };
      }
    }
    if (count >= candidates.length) return { assembly, figures };
  }
}

function logSpilled(made: Assembly, chosen: readonly PlanArray[], ctx: PassContext): void {
  for (const array of chosen) {
    const stage = made.stages[array.stage] as Stage;
    const mib = Math.ceil(array.liveBytes / 1048576);
    const beyond = made.arrays[array.id]?.outside?.medium === "memory";
    ctx.log.push({
      pass: "spill",
      rule: beyond ? "beyond" : "spill",
      node: stage.nodes[0] ?? -1,
      outcome: "fired",
      detail: `${mib} MiB of ${stage.label} do not fit${beyond ? " one WebAssembly memory" : ""}`,
    });
  }
}

interface Physical {
  readonly assembly: Assembly;
  readonly figures: Figures;
  /** The requests as the passes left them: root by root the same values. */
  readonly requests: readonly FuseRequest[];
}

/** Passes 5 to 9: expression to stages, by trying. */
function physical(requests: readonly FuseRequest[], ctx: PassContext): Physical {
  let best: (Physical & { readonly seconds: number }) | undefined;
  let smallest: { assembly: Assembly; figures: Figures } | undefined;
  const start = ctx.log.length;
  let bestLog: typeof ctx.log = [];
  for (const attempt of ATTEMPTS) {
    if (attempt.spill === true && !ctx.isOn("spill")) continue;
    if (attempt.bands === true && !hasBands(smallest?.assembly)) continue;
    // Where a plan fits, elements are looked at where they are read.
    if (attempt.compact === true && (best !== undefined || !hasSparse(requests, ctx))) continue;
    ctx.log.length = start;
    const made = attemptPlan(requests, attempt, ctx);
    let { assembly } = made;
    if (attempt.bands === true && readsTwice(assembly)) continue;
    let figures = figuresOf(assembly, made.requests, ctx.config);
    if (!fits(figures, ctx.config)) {
      ({ assembly, figures } = oneByOne(assembly, figures, made.requests, ctx));
    }
    if (!fits(figures, ctx.config) && ctx.isOn("spill")) {
      ({ assembly, figures } = spilled(assembly, figures, made.requests, ctx));
    }
    if (smallest === undefined || figures.serialBytes < smallest.figures.serialBytes) {
      smallest = { assembly, figures };
    }
    if (!fits(figures, ctx.config)) continue;
    const predicted = assembly.stages.reduce((n, s) => n + s.estimate.seconds, 0);
    const spills = assembly.arrays.some((a) => a.outside?.medium === "file");
    const seconds = spills ? SPILL_MARGIN * predicted : predicted;
    if (best === undefined || seconds < best.seconds) {
      best = { assembly, figures, requests: made.requests, seconds };
      bestLog = ctx.log.slice(start);
    }
    // The most generous plan fits: nothing below it can be better.
    if (attempt === ATTEMPTS[0] && !assembly.arrays.some((a) => a.outside !== undefined)) break;
  }
  if (best === undefined) {
    throw tooLarge(smallest as { assembly: Assembly; figures: Figures }, ctx.config);
  }
  ctx.log.length = start;
  ctx.log.push(...bestLog);
  return best;
}

function attemptPlan(
  asked: readonly FuseRequest[],
  attempt: Attempt,
  ctx: PassContext,
): { readonly assembly: Assembly; readonly requests: readonly FuseRequest[] } {
  const sizing = sizingOf(attempt, ctx.config);
  let requests = attempt.keep || !ctx.isOn("residency") ? asked : recomputed(asked);
  let keep = new Set<Node>(attempt.compact === true ? sparseViews(requests, ctx) : []);
  const mayKeep = attempt.keep && ctx.isOn("residency");
  const settle = (bounded: boolean): FuseResult => {
    for (;;) {
      ctx.enter("fuse");
      const fused = fuse(requests, keep, ctx, bounded);
      if (!mayKeep) return fused;
      ctx.enter("residency");
      const picks = keepPicks(requests, fused, ctx, bounded);
      if (picks.size === 0) return fused;
      const { nodes, kept } = keepHulls([...requests.map((r) => r.node), ...keep], picks);
      requests = requests.map((r, i) => ({ ...r, node: nodes[i] as Node }));
      keep = new Set([...nodes.slice(requests.length), ...kept]);
    }
  };
  const round = (): Assembly => {
    // What is kept makes kernels small: whether they are still too large is asked afterwards.
    if (mayKeep) settle(false);
    const fused = settle(true);
    ctx.enter("fuse");
    const drafts = draftsOf(fused, requests, ctx);
    ctx.enter("grid");
    return assemble(drafts, requests, sizing, ctx);
  };
  const first = round();
  const finished = (assembly: Assembly): { assembly: Assembly; requests: typeof requests } => {
    if (!ctx.isOn("statistics")) return { assembly, requests };
    ctx.enter("statistics");
    return { assembly: statistics(assembly, ctx), requests };
  };
  if (!attempt.copy || !ctx.isOn("rechunk")) return finished(first);
  ctx.enter("rechunk");
  const { sources, sinks } = first.bindings;
  const candidates = copyCandidates(first.stages, sources, first.sourceNodes);
  if (candidates.length === 0) return finished(first);
  const before = keep.size;
  const written = new Map(requests.map((r) => [r.sink, r.node]));
  const calls = callsOf(requests, ctx);
  for (const candidate of candidates) {
    const { node, amplification, operand, stage } = candidate;
    const subject = copySubject(node, operand, stage, (n) => written.get(sinks[n]), calls);
    if (subject === undefined) {
      ctx.declined("in-memory", node, "only a part of the source is read");
      continue;
    }
    const times = amplification.toFixed(1);
    ctx.fired("in-memory", subject, `reads would touch its chunks ${times} times`);
    keep.add(subject);
  }
  return finished(keep.size > before ? round() : first);
}

/** Elements of a store that lie between two that are looked at, from which on these are put together first. */
const SPARSE = 4;

/** Views that look at every so many elements of a store. */
const sparseViews = (requests: readonly FuseRequest[], ctx: PassContext): Node[] =>
  ctx.order(requests.map((r) => r.node)).nodes.filter((node) => {
    if (node.op !== "view") return false;
    const [input] = node.inputs as [Node];
    if (input.op !== "source" || input.params.binding.residence !== "store") return false;
    const shape = knownShape(node);
    const apart = node.params.map.reduce(
      (n, m) => n * (m.axis >= 0 && (shape[m.axis] as number) > 1 ? Math.abs(m.step) : 1),
      1,
    );
    return apart >= SPARSE;
  });
const hasSparse = (requests: readonly FuseRequest[], ctx: PassContext): boolean =>
  sparseViews(requests, ctx).length > 0;

/** Whether a store's chunks, or their bands, are read by several tasks. */
const readsTwice = ({ stages, bindings, sourceNodes }: Assembly): boolean =>
  copyCandidates(stages, bindings.sources, sourceNodes).length > 0;

const hasBands = (assembly: Assembly | undefined): boolean =>
  assembly?.bindings.sources.some(({ bands }) => bands !== undefined) === true;

/** The requests with the inputs of block functions computed for each of them. */
function recomputed(requests: readonly FuseRequest[]): readonly FuseRequest[] {
  const nodes = apart(requests.map((r) => r.node));
  return requests.map((r, i) => ({ ...r, node: nodes[i] as Node }));
}

/**
 * What is copied into memory: what is written, if it is read straight; the source, if most of it is read; or the part
 * of it that a block function is given.
 */
function copySubject(
  source: Node,
  operand: Operand,
  stage: Stage,
  writtenTo: (sink: number) => Node | undefined,
  calls: ReadonlyMap<number, Node>,
): Node | undefined {
  if (stage.kind === "write") return writtenTo(stage.sink);
  const seen =
    stage.kind === "call" ? stage.args.find((a) => a.operand === operand)?.shape : stage.space;
  const read = operand.map.reduce(
    (n, m) => n * (m.axis < 0 ? 1 : ((seen?.[m.axis] ?? 1) - 1) * Math.abs(m.step) + 1),
    1,
  );
  if (read >= 0.8 * elementCount(knownShape(source))) return source;
  return stage.kind === "call" ? callInput(stage, operand, calls) : undefined;
}

/** Block functions by the ids of their nodes. */
const callsOf = (requests: readonly FuseRequest[], ctx: PassContext): ReadonlyMap<number, Node> =>
  new Map(
    ctx
      .order(requests.map((r) => r.node))
      .nodes.flatMap((node) => (node.op === "call" ? [[node.id, node] as const] : [])),
  );

/** What a block function is given: a view of a source, of which a copy holds no more than is seen. */
function callInput(
  stage: CallStage,
  operand: Operand,
  calls: ReadonlyMap<number, Node>,
): Node | undefined {
  const call = calls.get(stage.nodes[0] as number);
  const input = call?.inputs[stage.args.findIndex((a) => a.operand === operand)];
  return input?.op === "view" ? input : undefined;
}
