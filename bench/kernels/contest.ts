/** One work and all who do it: set up once, then round by round, each in turn. */
import * as cw from "chunkwise";
import { median } from "../report.js";
import type { Peers } from "./children.js";
import { bytesOf, checkOf, compare, type Floats, fill, type InputName } from "./data.js";
import { Direct, type Program } from "./direct.js";
import { outputBytes, type Work } from "./works.js";

const { collectNow } = (await import(
  new URL("../../../dist/exec/memory/trim.js", import.meta.url).href
)) as typeof import("../../dist/exec/memory/trim.js");

/** Enough for any input and result here; most of it is never touched. */
const MEMORY = "3GiB";

interface Contestant {
  readonly name: string;
  /** One run; seconds. */
  readonly run: () => Promise<number>;
  readonly check: () => Promise<readonly number[] | undefined>;
}

/** Seconds of each contestant in each round. */
export type Times = ReadonlyMap<string, readonly number[]>;

const product = (shape: readonly number[]): number => shape.reduce((n, s) => n * s, 1);

function host(work: Work, name: InputName): Floats {
  const length = product(work.shape);
  // Shared memory is not copied again by asarray.
  const buffer = new SharedArrayBuffer(length * bytesOf(work.dtype));
  const data = work.dtype === "float32" ? new Float32Array(buffer) : new Float64Array(buffer);
  fill(data, name);
  return data;
}

/** What stays from one work to the next if it has the same inputs. */
export class Stage {
  #key = "";
  #arrays: cw.PersistedArray[] = [];
  #direct: Direct | undefined;

  async arrays(work: Work): Promise<readonly cw.PersistedArray[]> {
    const key = JSON.stringify([work.dtype, work.shape, work.inputs, work.step]);
    if (key === this.#key) return this.#arrays;
    this.clear();
    const chunks = [work.step, ...work.shape.slice(1)];
    for (const name of work.inputs) {
      const x = cw.asarray(host(work, name), { shape: work.shape, chunks });
      this.#arrays.push(await cw.persist(x, { memory: MEMORY }));
      collectNow();
    }
    this.#key = key;
    return this.#arrays;
  }

  direct(work: Work): Direct {
    const { shape, dtype, step, inputs } = work;
    this.#direct ??= new Direct(shape, dtype, step, inputs, outputBytes(work));
    this.#direct.reset();
    return this.#direct;
  }

  clear(): void {
    for (const x of this.#arrays) x.dispose();
    this.#arrays = [];
    this.#direct = undefined;
    this.#key = "";
    collectNow();
  }
}

/** Runs a work by everybody who is there. */
export async function contest(
  work: Work,
  stage: Stage,
  peers: Peers,
  rounds: number,
): Promise<Times> {
  const arrays = await stage.arrays(work);
  const contestants = [
    ...ours(work, arrays),
    ...direct(work, stage, arrays),
    ...theirs(work, peers),
  ];
  const checks: [string, readonly number[]][] = [];
  for (const { name, run, check } of contestants) {
    await run();
    const found = await check();
    if (found !== undefined) checks.push([name, found]);
  }
  const [first] = checks;
  for (const [name, found] of checks) {
    compare(`${work.name}, ${name} and ${first?.[0]}`, first?.[1] ?? [], found);
  }
  const times = new Map(contestants.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, run } of contestants) times.get(name)?.push(await run());
  }
  return times;
}

/** Through the engine, as a user would: the inputs are persisted, and so is the result, which is then let go. */
function ours(work: Work, arrays: readonly cw.LazyArray[]): Contestant[] {
  const two = work.scaling !== undefined || work.rivals.some((r) => r.threads === 2);
  const x = work.build(arrays);
  const contestant = (workers: number): Contestant => ({
    name: engineName(workers),
    run: async () => {
      const start = performance.now();
      const kept = await cw.persist(x, { workers, memory: MEMORY, executor: "threads" });
      const seconds = (performance.now() - start) / 1000;
      kept.dispose();
      // Shared memory that was let go does not press the collector; without this it would pile up.
      collectNow();
      return seconds;
    },
    check: async () => {
      const { data } = await x.compute({ workers, memory: MEMORY });
      return checkOf(data.length, (i) => Number(data[i]));
    },
  });
  return two ? [contestant(1), contestant(2)] : [contestant(1)];
}

export const engineName = (workers: number): string => `engine ${workers}`;
export const KERNEL = "kernel";

function direct(work: Work, stage: Stage, arrays: readonly cw.LazyArray[]): Contestant[] {
  if (work.direct === undefined) return [];
  const program: Program = work.direct(stage.direct(work), work.build(arrays));
  return [{ name: KERNEL, run: timed(program.run), check: async () => program.check() }];
}

const timed = (run: () => void) => async (): Promise<number> => {
  const start = performance.now();
  run();
  return (performance.now() - start) / 1000;
};

/** The name of a peer with its threads. */
export const peerName = (peer: string, threads: number): string => `${peer} ${threads}`;

/** Undefined where this machine lacks it. */
function theirs(work: Work, peers: Peers): Contestant[] {
  return work.rivals.flatMap(({ peer, threads }): Contestant[] => {
    const name = peerName(peer, threads);
    if (peer === "JS") return [{ name, ...loop(work) }];
    if (peer === "memcpy" && !peers.has("C")) return [{ name, ...wasmCopy(work) }];
    const who = peer === "memcpy" ? "C" : peer;
    if (!peers.has(who)) return [];
    const { run, dtype, shape, inputs } = work;
    const ask = (check: boolean) => peers.ask(who, { run, dtype, shape, inputs, threads, check });
    return [
      {
        name,
        run: async () => (await ask(false)).seconds,
        check: async () => (await ask(true)).check,
      },
    ];
  });
}

type Loop = (from: Floats, to: Floats) => void;
/** Each a function of its own, so that each is compiled for itself. */
const LOOPS: Readonly<Record<string, Loop>> = {
  exp: (from, to) => {
    for (let i = 0; i < from.length; i += 1) to[i] = Math.exp(from[i] as number);
  },
  log: (from, to) => {
    for (let i = 0; i < from.length; i += 1) to[i] = Math.log(from[i] as number);
  },
  sin: (from, to) => {
    for (let i = 0; i < from.length; i += 1) to[i] = Math.sin(from[i] as number);
  },
  tanh: (from, to) => {
    for (let i = 0; i < from.length; i += 1) to[i] = Math.tanh(from[i] as number);
  },
};

function loop(work: Work): Omit<Contestant, "name"> {
  const from = new Float64Array(product(work.shape));
  fill(from, work.inputs[0] as InputName);
  const to = new Float64Array(from.length);
  const apply = LOOPS[work.run] as Loop;
  return {
    run: timed(() => apply(from, to)),
    check: async () => checkOf(to.length, (i) => to[i] as number),
  };
}

/** Where there is no C: `memory.copy`, which is what TypedArray.set is on plain buffers. */
function wasmCopy(work: Work): Omit<Contestant, "name"> {
  const from = new Uint8Array(work.bytes / 2).fill(1);
  const to = new Uint8Array(from.length).fill(2);
  return { run: timed(() => to.set(from)), check: async () => undefined };
}

/** The median of the ratios of each round: how many times `ours` is as fast as `other`. */
export function speed(times: Times, ours: string, other: string): number | undefined {
  const [mine, others] = [times.get(ours), times.get(other)];
  if (mine === undefined || others === undefined) return undefined;
  return median(mine.map((t, i) => (others[i] as number) / t));
}

export const middle = (times: Times, name: string): number | undefined => {
  const found = times.get(name);
  return found === undefined ? undefined : median(found);
};
