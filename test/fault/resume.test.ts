/** Writes that are killed at any moment, and go on: the result is that of a write that nothing disturbed. */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import * as cw from "../../dist/index.js";
import { filesIn, program, ramp, rejection, seeded, temporaryFolder, wait } from "./support.js";

afterAll(() => cw.shutdown());

const JOURNAL = ".chunkwise-journal";

interface Argument {
  readonly folder: string;
  readonly log: string;
  readonly [option: string]: unknown;
}

const isChunk = (file: string): boolean => /(?:^|\/)(?:c\/)?\d+(?:[./]\d+)*$/.test(file);
const chunksIn = (folder: string): string[] =>
  fs.existsSync(folder) ? filesIn(folder).filter(isChunk) : [];

/** Every file of a store with its bytes. */
const contentOf = (folder: string): Record<string, string> =>
  Object.fromEntries(
    filesIn(folder)
      .sort()
      .map((file) => [file, fs.readFileSync(path.join(folder, file)).toString("base64")]),
  );

/** Runs the program and kills it so many milliseconds after it has written `least` chunks; true if it was still at work. */
async function killed(argument: Argument, after: number, least = 1): Promise<boolean> {
  const file = fileURLToPath(new URL("./programs/resume.mjs", import.meta.url));
  const before = chunksIn(argument.folder).length;
  const child = spawn(process.execPath, [file, JSON.stringify(argument)], { stdio: "ignore" });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => {
    child.once("close", (_, signal) => resolve(signal));
  });
  const until = Date.now() + 20_000;
  while (child.exitCode === null && chunksIn(argument.folder).length < before + least) {
    if (Date.now() > until) break;
    await wait(2);
  }
  await wait(after);
  child.kill("SIGKILL");
  return (await ended) === "SIGKILL";
}

/** Runs the program to its end. */
async function completed(argument: Argument): Promise<{
  tasks: number;
  bytesWritten: number;
  spilled: number;
  message?: string;
  reads: string[];
}> {
  fs.writeFileSync(argument.log, "");
  const { code, output } = await program("resume", argument);
  expect(code, output).toBe(0);
  const reads = fs.readFileSync(argument.log, "utf8").split("\n").slice(0, -1);
  return {
    ...(JSON.parse(output) as { tasks: number; bytesWritten: number; spilled: number }),
    reads,
  };
}

/**
 * Killed up to `within` milliseconds after `least` chunks. A rechunk in memory writes all of its chunks in one go, four in
 * a task: with nine of them one of two workers has done a task. Of two arrays in one plan six chunks are a task at least.
 */
const CASES = [
  { what: "array", executor: "threads", seed: 1, least: 1, within: 120, times: 3 },
  {
    what: "array",
    executor: "inline",
    zarrFormat: 2,
    codecs: "raw",
    seed: 2,
    least: 1,
    within: 120,
    times: 3,
  },
  {
    what: "array",
    executor: "threads",
    shards: [16, 16_384],
    seed: 6,
    least: 1,
    within: 120,
    times: 3,
  },
  { what: "both", executor: "threads", codecs: "gzip", seed: 3, least: 6, within: 120, times: 3 },
  { what: "rechunk", executor: "threads", memory: "64MiB", seed: 4, least: 9, within: 5, times: 2 },
  // Over the disk.
  { what: "rechunk", executor: "threads", memory: "12MiB", seed: 5, least: 9, within: 5, times: 2 },
] as const;

describe("a write that is killed", () => {
  it.each(CASES)(
    "and resumed, $what $executor $memory $shards",
    async ({ seed, least, within, times, ...write }) => {
      const base = temporaryFolder();
      const whole = path.join(base, "whole.zarr");
      const folder = path.join(base, "out.zarr");
      const log = path.join(base, "log");
      const undisturbed = await completed({ ...write, folder: whole, log, delay: 0 });
      if (write.what === "rechunk") expect(undisturbed.spilled > 0).toBe(write.memory === "12MiB");
      const random = seeded(seed);
      const argument = { ...write, folder, log, resume: true };
      let kills = 0;
      for (let n = 0; n < 12 && kills < times; n++) {
        const inside = await killed(
          { ...argument, delay: 25 },
          Math.floor(random() * within),
          least,
        );
        // On a machine that is busy with other things the write may have ended first: then once more from the start.
        if (inside && chunksIn(folder).length < chunksIn(whole).length) kills++;
        else fs.rmSync(folder, { recursive: true, force: true });
      }
      expect(kills).toBe(times);
      const done = chunksIn(folder);
      expect(done.length).toBeGreaterThan(0);
      const resumed = await completed({ ...argument, delay: 0 });
      expect(resumed.message).toBeUndefined();
      expect(contentOf(folder)).toEqual(contentOf(whole));
      expect(resumed.tasks).toBeLessThan(undisturbed.tasks);
      expect(resumed.bytesWritten).toBeLessThan(undisturbed.bytesWritten);
      if (write.what === "array") {
        expect(undisturbed.reads).toHaveLength(24);
        // A shard has two of the chunks, and is done or not.
        const chunks = "shards" in write ? 2 : 1;
        expect(new Set(resumed.reads).size).toBe(24 - chunks * done.length);
      }
      const again = await completed({ ...argument, delay: 0 });
      expect(again).toEqual({ tasks: 0, bytesWritten: 0, spilled: 0, reads: [] });
      expect(contentOf(folder)).toEqual(contentOf(whole));
    },
    60_000,
  );

  it("is not taken up by another computation", async () => {
    const base = temporaryFolder();
    const argument = {
      what: "array",
      folder: path.join(base, "out.zarr"),
      log: path.join(base, "log"),
      resume: true,
    };
    expect(await killed({ ...argument, delay: 25 }, 30)).toBe(true);
    const before = contentOf(argument.folder);
    const other = await completed({ ...argument, plus: 2, delay: 0 });
    expect(other.message).toMatch(
      /^out\.zarr cannot be resumed: another computation was being written there; .*mode: "overwrite"/,
    );
    expect(other.reads).toEqual([]);
    const chunks = await completed({ ...argument, chunks: [8, 8192], delay: 0 });
    expect(chunks.message).toMatch(
      /cannot be resumed: the array that is there has another chunk_grid/,
    );
    const plain = await completed({ ...argument, resume: false, delay: 0 });
    expect(plain.message).toMatch(
      /out\.zarr is an existing Zarr array; it is incomplete: finish it with resume: true/,
    );
    expect(contentOf(argument.folder)).toEqual(before);
    const replaced = await completed({ ...argument, plus: 2, mode: "overwrite", delay: 0 });
    expect(replaced.reads).toHaveLength(24);
    const values = await (await cw.openZarr(argument.folder)).at("0, 0:3").compute();
    expect(values.toNested()).toEqual([2, 3, 4]);
    expect(filesIn(argument.folder)).not.toContain(JOURNAL);
  }, 60_000);
});

/** A write of ten tasks that fails in the middle. */
async function interruptedStore(
  store: cw.StoreLike,
  options: cw.ToZarrOptions = {},
): Promise<(more?: cw.ToZarrOptions) => Promise<{ stats: cw.RunStats; reads: number }>> {
  let failing = true;
  let reads = 0;
  const x = ramp(2_000_000, 200_000, ([r]) => {
    reads++;
    if (failing && r?.start === 1_000_000) throw new Error("torn cable");
  }).add(1);
  const run = { executor: "inline", memory: "32MiB", workers: 1, resume: true } as const;
  const error = await rejection(x.toZarr(store, { ...run, ...options }));
  expect(error.message).toContain("torn cable");
  failing = false;
  return async (more = {}) => {
    reads = 0;
    const stats = await x.toZarr(store, { ...run, ...options, ...more });
    return { stats, reads };
  };
}

const sumOf = async (store: cw.StoreLike): Promise<unknown> =>
  (await (await cw.openZarr(store)).sum().compute()).item();
const TOTAL = 2_000_001_000_000;

describe("a store in memory", () => {
  it.each([
    ["that lists its keys", () => cw.memoryStore()],
    [
      "that only knows which keys it has",
      () => {
        const { list: _, getRange: __, ...others } = cw.memoryStore();
        return others;
      },
    ],
    ["that is a Map", () => new Map<string, Uint8Array>()],
  ])("%s: the write goes on, and leaves no journal", async (_, make) => {
    const store = make() as cw.Store & { readonly has: (key: string) => boolean };
    const resume = await interruptedStore(store);
    expect(store.has(`/${JOURNAL}`)).toBe(true);
    const { stats, reads } = await resume();
    expect([5, 6]).toContain(reads); // One more may have been on its way.
    expect(stats.bytesWritten).toBe(reads * 200_000 * 8);
    expect(store.has(`/${JOURNAL}`)).toBe(false);
    expect(await sumOf(store)).toBe(TOTAL);
    expect((await resume()).stats).toMatchObject({ tasks: 0, bytesWritten: 0 });
  });

  it("that can neither list nor say what it has cannot resume, and says so before it begins", async () => {
    const { get, set, delete: remove, has } = cw.memoryStore();
    const values = cw.ones([4]);
    for (const [store, lacks] of [
      [{ get, set, delete: remove }, /neither a list nor a has method/],
      [{ get, set, has }, /no delete method/],
    ] as const) {
      const error = await rejection(values.toZarr(store, { resume: true }));
      expect(error).toBeInstanceOf(cw.ZarrError);
      expect(error.message).toMatch(lacks);
      expect(get("/zarr.json")).toBeUndefined();
    }
  });
});

describe("an interrupted array", () => {
  it("takes new attributes, which change no chunk", async () => {
    const store = cw.memoryStore();
    const resume = await interruptedStore(store, { attributes: { run: 1 } });
    expect([5, 6]).toContain((await resume({ attributes: { run: 2 } })).reads);
    expect((await cw.openZarr(store)).attributes).toEqual({ run: 2 });
    expect(await sumOf(store)).toBe(TOTAL);
  });

  it("is not appended to, nor written into", async () => {
    const store = cw.memoryStore();
    await interruptedStore(store);
    for (const options of [{ mode: "append" }, { mode: "region", region: "0:10" }] as const) {
      const error = await rejection(cw.ones([10]).toZarr(store, options));
      expect(error).toBeInstanceOf(cw.ZarrError);
      expect(error.message).toContain(
        "is incomplete: the computation that writes it was interrupted",
      );
    }
  });

  it("can be replaced, and then nothing is taken from it", async () => {
    const store = cw.memoryStore();
    await interruptedStore(store);
    await cw.full([2_000_000], 7, { chunks: 200_000 }).toZarr(store, { mode: "overwrite" });
    expect(store.has(`/${JOURNAL}`)).toBe(false);
    expect(await sumOf(store)).toBe(14_000_000);
  });

  it("whose metadata went first does not pass its chunks on", async () => {
    // What a replacement leaves that was killed after it had removed the metadata.
    const store = cw.memoryStore();
    const resume = await interruptedStore(store);
    store.set("/c/9", new Uint8Array(5));
    store.delete("/zarr.json");
    expect((await resume()).reads).toBe(10);
    expect(await sumOf(store)).toBe(TOTAL);
  });

  it("whose journal was left alone by a write without one cannot pass for it", async () => {
    const store = cw.memoryStore();
    await interruptedStore(store);
    store.delete("/zarr.json");
    await cw.full([2_000_000], 7, { chunks: 200_000 }).toZarr(store, { codecs: "raw" });
    expect(store.has(`/${JOURNAL}`)).toBe(false);
  });
});

describe("a process that ends before any one of its writes", () => {
  /** A store whose process is gone after so many changes. */
  function mortal(store: ReturnType<typeof cw.memoryStore>, changes: number): cw.Store {
    let left = changes;
    const alive = (): void => {
      if (left-- <= 0) throw new Error("gone");
    };
    return {
      ...store,
      set: (key, value) => {
        alive();
        store.set(key, value);
      },
      delete: (key) => {
        alive();
        store.delete(key);
      },
    };
  }
  const keysOf = (store: ReturnType<typeof cw.memoryStore>): string[] =>
    [...(store.list("/") as Iterable<string>)].sort();
  const options = { path: "g/x", attributes: { units: "m" }, executor: "inline" } as const;
  const write = (store: cw.Store, more: cw.ToZarrOptions): Promise<cw.RunStats> =>
    cw.arange(100, { chunks: 30 }).toZarr(store, { ...options, ...more });

  it.each([
    ["create", 3, "plain"],
    ["create", 2, "plain"],
    ["overwrite", 3, "plain"],
    ["overwrite", 2, "plain"],
    ["overwrite", 3, "consolidated"],
  ] as const)("mode %s, v%i %s: the next one completes it", async (mode, zarrFormat, root) => {
    // Metadata of the root that tell of an array whose own are gone.
    const fresh = (): ReturnType<typeof cw.memoryStore> => {
      const store = cw.memoryStore();
      const inline = { kind: "inline", must_understand: false, metadata: {} };
      const group = { zarr_format: 3, node_type: "group", consolidated_metadata: inline };
      if (root === "consolidated")
        store.set("/zarr.json", new TextEncoder().encode(JSON.stringify(group)));
      return store;
    };
    const whole = fresh();
    await write(whole, { zarrFormat });
    let died = 0;
    for (let changes = 0; ; changes++) {
      const store = fresh();
      // Other elements, of which no chunk may stay.
      if (mode === "overwrite") {
        await cw.full([100], 7, { chunks: 30 }).toZarr(store, { ...options, zarrFormat });
      }
      const more = { mode, zarrFormat, resume: true } as const;
      const first = await write(mortal(store, changes), more).catch((e: unknown) => e);
      if (!(first instanceof Error)) break;
      died++;
      await write(store, more);
      expect(keysOf(store)).toEqual(keysOf(whole));
      for (const key of keysOf(whole) as `/${string}`[])
        expect(store.get(key)).toEqual(whole.get(key));
    }
    // Group or groups, journal, metadata, four chunks, and the journal again.
    expect(died).toBeGreaterThanOrEqual(8);
  });
});

describe("a journal from outside", () => {
  const hex = "a".repeat(64);
  it.each([
    ["is no JSON", "process.exit(1)", /not valid JSON/],
    ["is a list", "[]", /not a JSON object/],
    ["is of another version", JSON.stringify({ version: 2, elements: hex }), /another version/],
    ["holds no fingerprint", JSON.stringify({ version: 1, elements: "../x" }), /no fingerprint/],
    ["is huge", JSON.stringify({ version: 1, elements: hex, more: hex.repeat(99) }), /longer than/],
    ["names other elements", JSON.stringify({ version: 1, elements: hex }), /another computation/],
  ])("that %s is refused, and replaced when told", async (_, text, message) => {
    const store = cw.memoryStore();
    const resume = await interruptedStore(store);
    store.set(`/${JOURNAL}`, new TextEncoder().encode(text));
    const error = await rejection(resume());
    expect(error).toBeInstanceOf(cw.ZarrError);
    expect(error.message).toMatch(message);
    expect((await resume({ mode: "overwrite" })).reads).toBe(10);
    expect(await sumOf(store)).toBe(TOTAL);
  });
});

describe("resume", () => {
  it("begins where nothing is, and does nothing where all is there", async () => {
    const store = cw.memoryStore();
    const x = cw.arange(1000, { chunks: 100 });
    expect((await x.toZarr(store, { resume: true })).bytesWritten).toBe(8000);
    expect((await x.toZarr(store, { resume: true })).bytesWritten).toBe(0);
    const more = await cw
      .store({ a: x, b: x.add(1) }, store, { path: "g", resume: true })
      .catch((e: unknown) => e);
    // The root is an array.
    expect(more).toBeInstanceOf(cw.ZarrError);
  });

  it("is refused for a part of an array, and for an array that lacks chunks and has no journal", async () => {
    const store = cw.memoryStore();
    const x = cw.arange(1000, { chunks: 100 });
    await x.toZarr(store);
    for (const options of [{ mode: "append" }, { mode: "region", region: "0:1000" }] as const) {
      const error = await rejection(x.toZarr(store, { ...options, resume: true }));
      expect(error).toBeInstanceOf(cw.OptionError);
    }
    store.delete("/c/3");
    const error = await rejection(x.toZarr(store, { resume: true }));
    expect(error).toBeInstanceOf(cw.ZarrError);
    expect(error.message).toMatch(/no journal of an interrupted write, and not all of its chunks/);
  });

  it("compares arrays in memory by their elements, functions by their text and parameters", async () => {
    const make = (last: number): cw.LazyArray => cw.asarray(Float64Array.of(1, 2, last)).add(0);
    const call = (text: "one" | "two", params: unknown): cw.LazyArray =>
      cw.mapBlocks(
        text === "one"
          ? (b: { data: Float64Array }) => b.data.map((v) => v + 1)
          : (b: { data: Float64Array }) => b.data.map((v) => v + 2),
        cw.asarray([1, 2, 3]),
        { params, name: "f" },
      );
    const fingerprint = async (x: cw.LazyArray): Promise<string> => {
      const store = cw.memoryStore();
      let seen = "";
      const watching = {
        ...store,
        set: (key: `/${string}`, value: Uint8Array) => {
          if (key.endsWith(JOURNAL)) seen = new TextDecoder().decode(value);
          return store.set(key, value);
        },
      };
      await x.toZarr(watching, { resume: true });
      return (JSON.parse(seen) as { elements: string }).elements;
    };
    expect(await fingerprint(make(3))).toBe(await fingerprint(make(3)));
    expect(await fingerprint(call("one", { a: [1, 2n] }))).toBe(
      await fingerprint(call("one", { a: [1, 2n] })),
    );
    const all = await Promise.all([
      fingerprint(make(3)),
      fingerprint(make(4)),
      fingerprint(make(3).at("::-1")),
      fingerprint(call("one", { a: [1, 2n] })),
      fingerprint(call("two", { a: [1, 2n] })),
      fingerprint(call("one", { a: [1, 2] })),
      fingerprint(call("one", { a: [1, new Date(0)] })),
      fingerprint(call("one", new Map([[1, 2]]))),
    ]);
    expect(new Set(all).size).toBe(all.length);
    const endless: { self?: unknown } = {};
    endless.self = endless;
    for (const params of [endless, new Error("no")]) {
      const error = await rejection(call("one", params).toZarr(cw.memoryStore(), { resume: true }));
      expect(error).toBeInstanceOf(cw.OptionError);
      expect(error.message).toContain("params of f");
    }
  });
});
