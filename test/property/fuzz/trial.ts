/**
 * One trial of the fuzzer: a random graph, its reference, and the ways in which it is planned and run. All of it is a
 * function of `{ seed, size }`, so a failure is repeated by its two numbers.
 */
import { LazyArray } from "../../../dist/api/array.js";
import { MemoryLimitError } from "../../../dist/errors.js";
import * as cw from "../../../dist/index.js";
import type { Kind, Node } from "../../../dist/ir/node.js";
import { evaluate, type ReferenceArray } from "../../../dist/kernels/reference/index.js";
import { planCache } from "../../../dist/planner/cache.js";
import { PASSES, type PassName, type PlanConfig } from "../../../dist/planner/context.js";
import { type PlanResult, plan } from "../../../dist/planner/plan.js";
import { expectSame, mostReads, type Outcome, RAW, runPlanned } from "../agree.js";
import { Generator, type Graph, graphOf } from "../graphs.js";
import { random } from "../random.js";
import { fromTypedArray } from "./arena.js";
import { checkLate } from "./late.js";
import { MOTIFS } from "./motifs.js";
import { checkSink } from "./sink.js";

export interface Trial {
  readonly seed: number;
  /** Steps that the graph is built in. */
  readonly size: number;
}

/** Trial `n` of a run: each has a seed of its own, so that it is repeated without those before it. */
export function trialOf(seed: number, n: number): Trial {
  const next = random((seed ^ Math.imul(n + 1, 0x9e3779b1)) >>> 0);
  return { seed: Math.floor(next() * 2 ** 31), size: 1 + Math.floor(14 * next()) };
}

/** What the trials have met. */
export interface Tally {
  readonly kinds: Map<Kind, number>;
  readonly ways: Map<string, number>;
}
export const noTally = (): Tally => ({ kinds: new Map(), ways: new Map() });
const count = <T>(map: Map<T, number>, key: T): void => void map.set(key, (map.get(key) ?? 0) + 1);

const AMPLE = 2 ** 26;
const INLINE = Number.POSITIVE_INFINITY;
/** Shares of what an ample plan takes; where one is too little, the last is tried. */
const TIGHT = [0.05, 0.15, 0.3, 0.5, 0.7];
const EASY = 0.85;
/** Plans of small arrays can do with less if they hold so much of it in arrays: their tasks do not become smaller. */
const HELD = 0.5;
/** Some trials have larger arrays, whose blocks fill small budgets. */
const LARGE_SHARE = 0.12;
const LARGE = { extents: [1, 2, 5, 16, 31, 40, 64, 100, 257], most: 40_000 } as const;
/** One trial of so many has an array that lies in the arena of the threads, or runs on threads. */
const ARENA_EVERY = 151;
const THREADS_EVERY = 67;

/** How a graph is made and run, drawn from its seed. */
export interface Setting {
  readonly workers: number;
  readonly tightness: number;
  readonly threads: boolean;
  readonly sink: boolean;
  readonly cached: boolean;
  readonly arena: boolean;
  readonly large: boolean;
  readonly late: boolean;
  /** The pass that one more plan is made without. */
  readonly without: PassName | undefined;
}

/** For a graph that is not drawn: everything that is asked of some. */
export const EVERYTHING: Setting = {
  workers: 2,
  tightness: 2,
  threads: false,
  sink: true,
  cached: false,
  arena: false,
  large: false,
  late: false,
  without: "demand",
};

function settingOf(seed: number): Setting {
  const next = random(seed ^ 0x5bd1e995);
  return {
    workers: 1 + Math.floor(next() * 2),
    tightness: Math.floor(next() * TIGHT.length),
    threads: seed % THREADS_EVERY === 0,
    sink: next() < 0.2,
    cached: next() < 0.15,
    arena: seed % ARENA_EVERY === 0,
    large: next() < LARGE_SHARE,
    late: next() < 0.15,
    without: next() < 0.15 ? PASSES[Math.floor(next() * PASSES.length)] : undefined,
  };
}

function generatorOf(seed: number, { arena, large }: Setting, data?: number): Generator {
  const next = random(seed ^ 0x2545f491);
  return new Generator(seed, {
    recency: [2, 2, 5, 12][Math.floor(next() * 4)] as number,
    distinct: next() < 0.6,
    makers: next() < 0.7 ? MOTIFS : [],
    ...(large ? LARGE : {}),
    ...(arena ? { most: 120_000 } : {}),
    ...(data === undefined ? {} : { data }),
  });
}

export interface Built {
  readonly graph: Graph;
  readonly setting: Setting;
}

export async function build({ seed, size }: Trial, data?: number): Promise<Built> {
  const setting = settingOf(seed);
  const g = generatorOf(seed, setting, data);
  const graph = await g.graph(size, setting.arena ? [fromTypedArray(seed)] : []);
  const late = setting.late ? await checkLate(g) : undefined;
  return {
    graph: late === undefined ? graph : graphOf([...graph.roots, late], graph.reads),
    setting,
  };
}

/** Builds and checks a trial; throws an error that says what is wrong. */
export async function check(trial: Trial, tally?: Tally): Promise<void> {
  const { graph, setting } = await build(trial);
  await checkGraph(graph, setting, tally);
  if (!setting.cached) return;
  // The same structure over other data: the plan is that of the first, its bindings are not.
  const { graph: other } = await build(trial, 1);
  const config: PlanConfig = { memory: AMPLE, workers: setting.workers };
  for (const each of [graph, other, graph]) {
    const made = planCache.plan(
      each.roots.map((node) => ({ node })),
      config,
    );
    expectSame(
      each.roots,
      await evaluate(each.roots),
      await runPlanned(each, made, INLINE),
      "cached",
    );
  }
}

export async function checkGraph(graph: Graph, setting: Setting, tally = noTally()): Promise<void> {
  const { roots } = graph;
  for (const kind of graph.kinds.keys()) count(tally.kinds, kind);
  const way = async (how: string, made: PlanResult, inlineBytes = INLINE): Promise<Outcome> => {
    count(tally.ways, how);
    const got = await runPlanned(graph, made, inlineBytes);
    expectSame(roots, want, got, how);
    return got;
  };
  const want = await evaluate(roots);
  const { workers } = setting;
  const requests = roots.map((node) => ({ node }));
  const ample = plan(requests, { memory: AMPLE, workers, checkRules: true });
  const best = await way(
    setting.threads ? "threads" : "ample",
    ample,
    setting.threads ? 0 : INLINE,
  );
  const raw = await way("raw", plan(requests, { memory: AMPLE, workers, passes: RAW }));
  checkOptimized(roots, want);
  const most = mostReads(graph, raw);
  if (best.chunks > most) throw new Error(`reads of chunks: ${best.chunks} > ${most}`);

  const tight = tightest(requests, ample, setting);
  if (tight !== undefined) {
    const got = await way("tight", tight, setting.threads ? 0 : INLINE);
    if (got.plan.spill !== undefined && spills(got.plan)) count(tally.ways, "spill planned");
    if (got.spilledBytes > 0) count(tally.ways, "spilled");
  }
  const { without } = setting;
  if (without !== undefined) {
    await way(
      "one pass off",
      plan(requests, { memory: AMPLE, workers, passes: { [without]: false } }),
    );
  }
  if (setting.sink) {
    count(tally.ways, "written");
    await checkSink(graph, want, workers);
  }
}

/** What the passes make of the roots says of itself what they say: dtype, shape and chunks. */
function checkOptimized(roots: readonly Node[], want: readonly ReferenceArray[]): void {
  const arrays = roots.map((root) => new LazyArray(root));
  const text = (x: LazyArray): string =>
    `${x.dtype}[${x.shape.join()}] in ${x.chunks.map((c) => c.join("+")).join(" x ")}`;
  const optimized = cw.backend.optimizeMany(arrays);
  arrays.forEach((x, i) => {
    const made = optimized[i] as LazyArray;
    if (text(x) !== text(made)) throw new Error(`root ${i}, ${text(x)}, becomes ${text(made)}`);
    const type = `${made.dtype}[${made.shape.join()}]`;
    const { dtype, shape } = want[i] as ReferenceArray;
    if (type !== `${dtype}[${shape.join()}]`) throw new Error(`root ${i} becomes ${type}`);
  });
}

const spills = (p: PlanResult["plan"]): boolean => p.arrays.some((a) => a.outside !== undefined);

/** The plan in the budget of the setting, or in most of what an ample plan takes; none where tasks take it all. */
function tightest(
  requests: readonly { readonly node: Node }[],
  { plan: ample }: PlanResult,
  { workers, tightness, large }: Setting,
): PlanResult | undefined {
  const beyond = ample.serialBytes - ample.resultBytes;
  const held = ample.arrays.reduce((n, a) => (a.root === undefined ? n + a.liveBytes : n), 0);
  if (!large && held < HELD * beyond) return undefined;
  for (const share of [TIGHT[tightness] as number, EASY]) {
    const memory = Math.ceil(ample.resultBytes + share * beyond);
    try {
      return plan(requests, { memory, workers });
    } catch (error) {
      if (!(error instanceof MemoryLimitError)) throw error;
    }
  }
  return undefined;
}
