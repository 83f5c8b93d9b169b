/**
 * Faults at random: a plan, a fault and its moment follow from a seed. Afterwards the output is complete, or the error is
 * clear; every chunk that is there is right, nothing else is left, and the same write, resumed, completes it.
 *
 * `CHUNKWISE_FAULTS=200 npx vitest run test/fault/seeded` runs more of them, killed processes among them.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runtime } from "../../dist/exec/runtime.js";
import * as cw from "../../dist/index.js";
import { expectHealthy, filesIn, program, seeded, temporaryFolder, wait } from "./support.js";

const RUNS = Number(process.env["CHUNKWISE_FAULTS"] ?? 28);
const SEED = Number(process.env["CHUNKWISE_SEED"] ?? 61);
const ROWS = 192;
const COLUMNS = 8192;
/** Six pieces of x along its rows. */
const PIECE = ROWS / 6;
/** Rows of the chunks of x. */
const STEP = 8;

const base = temporaryFolder();
const input = path.join(base, "in.zarr");
afterAll(() => cw.shutdown());

interface Work {
  readonly of: (x: cw.LazyArray) => cw.LazyArray;
  readonly memory: string;
  readonly chunks: readonly number[];
}
const turned = (x: cw.LazyArray): cw.LazyArray => x.add(1).rechunk([ROWS, 256]);
/** A block function with one result. */
const blockwise = cw.mapBlocks as unknown as (
  fn: unknown,
  x: cw.LazyArray,
  options: object,
) => cw.LazyArray;
function negated(block: { data: Float64Array }): unknown {
  for (let i = 0; i < block.data.length; i++) block.data[i] = -(block.data[i] as number);
  return block;
}

/** What is computed of x, and how much memory it gets; `spill` goes over the disk. */
const PLANS = {
  anomaly: {
    of: (x) => x.subtract(x.mean({ axis: 0 })),
    memory: "32MiB",
    chunks: [PIECE, 1024],
  },
  rechunk: { of: turned, memory: "64MiB", chunks: [ROWS, 256] },
  spill: { of: turned, memory: "10MiB", chunks: [ROWS, 256] },
  function: {
    of: (x) => blockwise(negated, x, { dtype: "float64" }),
    memory: "32MiB",
    chunks: [PIECE, 1024],
  },
} as const satisfies Record<string, Work>;
type PlanName = keyof typeof PLANS;
const PLAN_NAMES = Object.keys(PLANS) as PlanName[];

const FAULTS = ["read", "damage", "write", "abort", "worker", "spill", "kill"] as const;
type Fault = (typeof FAULTS)[number];

/** x, whose n-th read fails. */
function failing(n: number): cw.LazyArray {
  let reads = 0;
  return cw.fromSource({
    shape: [ROWS, COLUMNS],
    dtype: "float64",
    chunks: [STEP, COLUMNS],
    name: "x",
    readInto([rows, columns], { data, offset, stride }) {
      if (reads++ === n) throw new Error("the read was made to fail");
      for (let i = rows.start; i < rows.stop; i++)
        for (let j = columns.start; j < columns.stop; j++)
          data[offset + (i - rows.start) * stride[0] + (j - columns.start) * stride[1]] =
            i * COLUMNS + j;
    },
  } as Parameters<typeof cw.fromSource>[0]);
}

/** A folder whose n-th write fails, as a store of the user. */
function fullFolder(folder: string, n: number): cw.Store {
  const store = cw.directoryStore(folder);
  let writes = 0;
  return {
    get: (key) => store.get(key),
    set: (key, value) => {
      if (writes++ === n)
        throw Object.assign(new Error("ENOSPC: made to fail"), { code: "ENOSPC" });
      return store.set?.(key, value);
    },
    delete: (key) => store.delete?.(key),
  } as cw.Store;
}

/** x through a function that ends its thread once, at block `n`. */
const deadly = (x: cw.LazyArray, n: number, marker: string): cw.LazyArray =>
  blockwise(
    (
      block: unknown,
      info: { blockId: readonly number[]; params: { n: number; marker: string } },
    ) => {
      const { existsSync, writeFileSync } = process.getBuiltinModule("node:fs");
      const { n, marker } = info.params;
      if (info.blockId[0] === n && !existsSync(marker)) {
        writeFileSync(marker, "");
        process.exit(7);
      }
      return block as never;
    },
    x,
    { dtype: "float64", params: { n, marker } },
  );

const wholes = new Map<PlanName, Map<string, Buffer>>();
const contentOf = (folder: string): Map<string, Buffer> =>
  new Map(filesIn(folder).map((file) => [file, fs.readFileSync(path.join(folder, file))]));

beforeAll(async () => {
  const x = cw.arange(ROWS * COLUMNS, { dtype: "float64" }).reshape([ROWS, COLUMNS]);
  await x.toZarr(input, { chunks: [STEP, COLUMNS], codecs: "zstd" });
  for (const name of PLAN_NAMES) {
    const folder = path.join(base, `whole-${name}`);
    const { of, memory, chunks } = PLANS[name];
    const stats = await of(await cw.openZarr(input)).toZarr(folder, {
      chunks,
      codecs: "raw",
      memory,
      workers: 2,
      executor: "threads",
    });
    expect(stats.spilledBytes > 0, name).toBe(name === "spill");
    wholes.set(name, contentOf(folder));
  }
}, 60_000);

/** Byte for byte; assertions would compare the buffers element by element. */
function expectEqual(got: Map<string, Buffer>, want: Map<string, Buffer>): void {
  expect([...got.keys()].sort()).toEqual([...want.keys()].sort());
  for (const [file, bytes] of got)
    if (!bytes.equals(want.get(file) as Buffer)) throw new Error(`${file} is wrong`);
}

/** What is there is right: chunks byte for byte, and beside them metadata and the journal only. */
function expectRight(folder: string, whole: Map<string, Buffer>): void {
  if (!fs.existsSync(folder)) return;
  for (const [file, bytes] of contentOf(folder)) {
    const want = whole.get(file);
    if (want === undefined) expect(file).toMatch(/^(?:.*\/)?\.chunkwise-journal$/);
    else if (file.startsWith("c/") && !bytes.equals(want)) throw new Error(`${file} is wrong`);
  }
}

/** Runs a plan with its fault; the error, if there was one. */
async function disturbed(
  fault: Fault,
  plan: PlanName,
  random: () => number,
  folder: string,
  spills: string,
): Promise<unknown> {
  const { of, memory, chunks } = PLANS[plan];
  const controller = new AbortController();
  const options = {
    chunks,
    codecs: "raw",
    memory,
    workers: 1 + Math.floor(2 * random()),
    executor: "threads",
    spillDirectory: spills,
    signal: controller.signal,
    mode: "create",
  } as const;
  const stored = await cw.openZarr(input);
  const run = async (): Promise<unknown> => {
    switch (fault) {
      case "read":
        return of(failing(Math.floor((ROWS / STEP) * random()))).toZarr(folder, options);
      case "damage": {
        const copy = path.join(folder, "..", "damaged.zarr");
        fs.cpSync(input, copy, { recursive: true });
        const chunk = path.join(copy, "c", String(Math.floor((ROWS / STEP) * random())), "0");
        fs.truncateSync(chunk, Math.floor(random() * fs.statSync(chunk).size));
        return of(await cw.openZarr(copy)).toZarr(folder, options);
      }
      case "write":
        return of(stored).toZarr(fullFolder(folder, Math.floor(32 * random())), options);
      case "abort":
        setTimeout(() => controller.abort(), 60 * random());
        return of(stored).toZarr(folder, options);
      case "worker":
        return of(
          deadly(stored, Math.floor((ROWS / STEP) * random()), path.join(folder, "..", "died")),
        ).toZarr(folder, options);
      case "spill":
        // No directory to spill to.
        return of(stored).toZarr(folder, {
          ...options,
          spillDirectory: path.join(input, "zarr.json"),
        });
      case "kill":
        return undefined;
    }
  };
  return run().then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** What may be said of each fault; undefined: nothing, because the output is complete all the same. */
const SAID: Readonly<Record<Exclude<Fault, "kill">, RegExp>> = {
  read: /^SourceError: .*the read was made to fail/s,
  damage: /^ZarrError: .*damaged\.zarr.*chunk/s,
  write: /^SourceError: .*ENOSPC: made to fail/s,
  abort: /^AbortError/,
  worker: /^$/,
  spill: /spill/i,
};

async function inProcess(
  fault: Exclude<Fault, "kill">,
  plan: PlanName,
  seed: number,
): Promise<boolean> {
  const home = path.join(base, `run-${seed}`);
  const folder = path.join(home, "out.zarr");
  const spills = path.join(home, "spills");
  fs.mkdirSync(spills, { recursive: true });
  const random = seeded(seed);
  const whole = wholes.get(plan) as Map<string, Buffer>;
  const error = await disturbed(fault, plan, random, folder, spills);
  if (error !== undefined) expect(String(error)).toMatch(SAID[fault]);
  expect(runtime.account().used).toBe(0);
  expectRight(folder, whole);
  if (error === undefined) expect(contentOf(folder).size).toBe(whole.size);
  expect(fs.readdirSync(spills)).toEqual([]);
  // Once more, without a fault.
  const { of, memory, chunks } = PLANS[plan];
  const again = {
    chunks,
    codecs: "raw",
    memory,
    workers: 2,
    executor: "threads",
    mode: "overwrite",
  } as const;
  await of(await cw.openZarr(input)).toZarr(folder, again);
  expectEqual(contentOf(folder), whole);
  fs.rmSync(home, { recursive: true, force: true });
  return error !== undefined;
}

/** The process is killed at some time after it started, and its write is resumed. */
async function killed(seed: number): Promise<void> {
  const random = seeded(seed);
  const home = path.join(base, `kill-${seed}`);
  fs.mkdirSync(home);
  const what = ["array", "both", "rechunk"][Math.floor(3 * random())];
  const write = {
    what,
    executor: random() < 0.7 ? "threads" : "inline",
    memory: random() < 0.5 ? "64MiB" : "16MiB",
  };
  const run = (folder: string, more: object) =>
    program("resume", { ...write, folder, log: path.join(home, "log"), ...more });
  const whole = path.join(home, "whole.zarr");
  const undisturbed = await run(whole, { delay: 0 });
  expect(undisturbed.code, undisturbed.output).toBe(0);
  const folder = path.join(home, "out.zarr");
  const dying = run(folder, { delay: 15, resume: true, dieAfter: 150 + 900 * random() });
  expect((await dying).code).toMatch(/SIGKILL|^0$/);
  const want = contentOf(whole);
  if (fs.existsSync(folder)) {
    for (const [file, bytes] of contentOf(folder)) {
      if (/(?:^|\/)c\//.test(file) && !/\.tmp|~/.test(file))
        expect(bytes.equals(want.get(file) as Buffer), file).toBe(true);
    }
  }
  const { code, output } = await run(folder, { delay: 0, resume: true });
  expect(code, output).toBe(0);
  expectEqual(contentOf(folder), want);
  fs.rmSync(home, { recursive: true, force: true });
}

describe("faults at random", () => {
  it(
    `${RUNS} of them, seed ${SEED}`,
    async () => {
      const random = seeded(SEED);
      const seen = new Map<string, number>();
      let failed = 0;
      for (let n = 0; n < RUNS; n++) {
        const fault = FAULTS[n % FAULTS.length] as Fault;
        const seed = Math.floor(random() * 2 ** 31);
        const plan =
          fault === "spill"
            ? "spill"
            : (PLAN_NAMES[Math.floor(random() * PLAN_NAMES.length)] as PlanName);
        try {
          if (fault === "kill") await killed(seed);
          else if (await inProcess(fault, plan, seed)) failed++;
        } catch (cause) {
          throw new Error(`fault ${n} of seed ${SEED}: ${fault} in ${plan} (${seed})`, { cause });
        }
        seen.set(fault, (seen.get(fault) ?? 0) + 1);
      }
      await wait(0);
      await expectHealthy();
      console.log(
        `${RUNS} faults, ${failed} ended in an error: ${[...seen].map(([f, k]) => `${f} ${k}`).join(", ")}`,
      );
      expect(failed).toBeGreaterThan(RUNS / 4);
    },
    20_000 * RUNS,
  );
});
