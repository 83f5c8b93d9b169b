/**
 * One trial of the fuzzer: a random graph, its reference, and the ways in which it is planned and run. All of it is a
 * function of `{ seed, size }`, so a failure is repeated by its two numbers.
 */
import { MemoryLimitError } from "../../../dist/errors.js";
import type { SinkBinding } from "../../../dist/ir/binding.js";
import { type Cuts, pieceSize, pieceStart } from "../../../dist/ir/cuts.js";
import { arrayClass, slotsPerElement, type TypedArray } from "../../../dist/ir/dtype.js";
import { advertisedGrid } from "../../../dist/ir/grid.js";
import { elementCount } from "../../../dist/ir/index-map.js";
import { dtypeOf, freshId, type Kind, knownShape, type Node } from "../../../dist/ir/node.js";
import { blockCount } from "../../../dist/ir/stage.js";
import { evaluate, type ReferenceArray } from "../../../dist/kernels/reference/index.js";
import * as ops from "../../../dist/ops/index.js";
import { planCache } from "../../../dist/planner/cache.js";
import type { PlanConfig } from "../../../dist/planner/context.js";
import { type PlanResult, plan } from "../../../dist/planner/plan.js";
import { expectSame, type Outcome, RAW, roundedOut, runPlanned } from "../agree.js";
import { sameBits } from "../bits.js";
import { Generator, type Graph } from "../graphs.js";
import { random } from "../random.js";
import { fromTypedArray } from "./arena.js";
import { MOTIFS } from "./motifs.js";

export interface Trial {
  readonly seed: number;
  /** Steps that the graph is built in. */
  readonly size: number;
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
/** Shares of what an ample plan takes, from the tightest on. */
const TIGHT = [0.05, 0.15, 0.3, 0.5, 0.7, 0.85];
/** One trial of so many has an array that lies in the arena of the threads, or runs on threads. */
const ARENA_EVERY = 151;
const THREADS_EVERY = 67;

/** How a graph is made and run, drawn from its seed. */
interface Setting {
  readonly workers: number;
  readonly tightness: number;
  readonly threads: boolean;
  readonly sink: boolean;
  readonly cached: boolean;
  readonly arena: boolean;
}

function settingOf(seed: number): Setting {
  const next = random(seed ^ 0x5bd1e995);
  return {
    workers: 1 + Math.floor(next() * 2),
    tightness: Math.floor(next() * TIGHT.length),
    threads: seed % THREADS_EVERY === 0,
    sink: next() < 0.2,
    cached: next() < 0.15,
    arena: seed % ARENA_EVERY === 0,
  };
}

function generatorOf(seed: number, arena: boolean, data?: number): Generator {
  const next = random(seed ^ 0x2545f491);
  return new Generator(seed, {
    recency: [2, 2, 5, 12][Math.floor(next() * 4)] as number,
    distinct: next() < 0.6,
    makers: next() < 0.7 ? MOTIFS : [],
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
  const g = generatorOf(seed, setting.arena, data);
  const graph = await g.graph(size, setting.arena ? [fromTypedArray(seed)] : []);
  const late = g.chance(0.15) ? await selected(g) : undefined;
  return {
    graph: late === undefined ? graph : { ...graph, roots: [...graph.roots, late] },
    setting,
  };
}

/** A selection whose length the engine has to measure before the rest is planned. */
async function selected(g: Generator): Promise<Node | undefined> {
  const x = g.any((n) => knownShape(n).length > 0);
  if (x === undefined || dtypeOf(x).startsWith("complex")) return undefined;
  const selection = ops.at(x, [ops.binary.greater(x, 0)]);
  if (!ops.isSelection(selection)) return undefined;
  const { counts, known } = ops.measurementOf(selection);
  const graph: Graph = { roots: [counts], kinds: new Map(), reads: g.reads };
  const got = await runPlanned(
    graph,
    plan([{ node: counts }], { memory: AMPLE, workers: 1 }),
    INLINE,
  );
  expectSame([counts], await evaluate([counts]), got, "lengths of a selection");
  return known(Array.from(new BigInt64Array(got.roots[0] as ArrayBuffer), Number));
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
  const ample = plan(requests, { memory: AMPLE, workers });
  const best = await way(
    setting.threads ? "threads" : "ample",
    ample,
    setting.threads ? 0 : INLINE,
  );
  const raw = await way("raw", plan(requests, { memory: AMPLE, workers, passes: RAW }));
  const most = Math.max(raw.chunks, roundedOut(graph));
  if (best.chunks > most) throw new Error(`reads of chunks: ${best.chunks} > ${most}`);

  const tight = tightest(requests, ample, setting);
  if (tight !== undefined) {
    const got = await way("tight", tight, setting.threads ? 0 : INLINE);
    if (got.plan.spill !== undefined && spills(got.plan)) count(tally.ways, "spill planned");
    if (got.spilledBytes > 0) count(tally.ways, "spilled");
  }
  if (setting.sink) await checkSink(graph, want, setting, tally);
}

const spills = (p: PlanResult["plan"]): boolean => p.arrays.some((a) => a.disk !== undefined);

/** The plan in the least budget, from that of the setting on, that holds it. */
function tightest(
  requests: readonly { readonly node: Node }[],
  { plan: ample }: PlanResult,
  { workers, tightness }: Setting,
): PlanResult | undefined {
  for (const share of TIGHT.slice(tightness)) {
    const memory = Math.ceil(ample.resultBytes + share * (ample.serialBytes - ample.resultBytes));
    try {
      return plan(requests, { memory, workers });
    } catch (error) {
      if (!(error instanceof MemoryLimitError)) throw error;
    }
  }
  return undefined;
}

/** Writes the first root: every chunk of its advertised grid once, as it is without the passes. */
async function checkSink(
  graph: Graph,
  want: readonly ReferenceArray[],
  { workers }: Setting,
  tally: Tally,
): Promise<void> {
  const [node] = graph.roots as [Node];
  for (const passes of [{}, RAW]) {
    count(tally.ways, "written");
    const { sink, data, written } = sinkFor(node);
    const { plan: planned, bindings } = plan([{ node, sink }], { memory: AMPLE, workers, passes });
    await runPlanned({ ...graph, roots: [] }, { plan: planned, bindings, rootOf: [] }, INLINE);
    const chunks = elementCount(sink.shape) === 0 ? written.length : blockCount(sink.chunks);
    if (written.length !== chunks || new Set(written).size !== chunks) {
      throw new Error(`sink: chunks ${written.join(" ")} of ${blockCount(sink.chunks)}`);
    }
    if (!sameBits(sink.dtype, data.buffer, (want[0] as ReferenceArray).data.buffer)) {
      throw new Error("sink: what was written differs from the reference");
    }
  }
}

/** A sink with the advertised grid of a node, that puts what is written in one array. */
function sinkFor(node: Node): {
  readonly sink: SinkBinding;
  readonly data: TypedArray;
  readonly written: string[];
} {
  const shape = knownShape(node);
  const dtype = dtypeOf(node);
  const chunks = advertisedGrid(node);
  const slots = slotsPerElement(dtype);
  const data = new (arrayClass(dtype))(elementCount(shape) * slots);
  const written: string[] = [];
  const writeChunk: SinkBinding["writer"]["writeChunk"] = (position, elements) => {
    written.push(position.join());
    const lo = position.map((k, a) => pieceStart(chunks[a] as Cuts, k));
    const size = position.map((k, a) => pieceSize(chunks[a] as Cuts, k));
    const total = elementCount(size);
    for (let n = 0; n < total; n++) {
      let to = 0;
      let from = elements.offset;
      for (let a = 0, rest = n, block = total; a < size.length; a++) {
        block /= size[a] as number;
        const at = Math.floor(rest / block);
        rest %= block;
        to = to * (shape[a] as number) + (lo[a] as number) + at;
        from += at * (elements.stride[a] as number);
      }
      for (let s = 0; s < slots; s++) {
        (data as Float64Array)[to * slots + s] = elements.data[from * slots + s] as number;
      }
    }
  };
  const sink: SinkBinding = {
    kind: "sink",
    id: freshId(),
    name: "fuzzed",
    shape,
    dtype,
    chunks,
    thread: "caller",
    scratchBytes: 0,
    description: undefined,
    writer: { writeChunk },
  };
  return { sink, data, written };
}
