/** Our side, in a process of its own, so that its memory is its own: answers each line with a line. */
import { closeSync, openSync, readdirSync, readFileSync, readSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Worker, workerData } from "node:worker_threads";
import * as cw from "chunkwise";
import type { Codec, Job, Reply } from "./protocol.js";

const ROOMY = 12 * 2 ** 30;
const CODECS = {
  raw: "raw",
  zstd: { name: "zstd", level: 1 },
  blosc: { name: "blosc", cname: "lz4", clevel: 5, shuffle: "shuffle" },
} as const satisfies Record<Codec, cw.CodecChoice>;

type Of<R extends Job["run"]> = Extract<Job, { run: R }>;
const limits = ({
  memory = ROOMY,
  workers = 2,
}: {
  memory?: number | undefined;
  workers?: number;
}) => ({ memory, workers, executor: "threads" }) as const;

/** Of the last work that was timed, all threads together. */
let cpu = 0;
const clock = async <T>(work: () => Promise<T>): Promise<[number, T]> => {
  const before = process.cpuUsage();
  const start = performance.now();
  const result = await work();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(before);
  cpu = (user + system) / 1e6;
  return [seconds, result];
};

/** What the kernel counted for this process; nothing where there is no /proc. */
function counted(file: string, pattern: RegExp): number | undefined {
  try {
    const found = [...readFileSync(`/proc/self/${file}`, "latin1").matchAll(pattern)];
    return found.reduce((n, match) => n + Number(match[1]), 0);
  } catch {
    return undefined;
  }
}
const residentNow = (): number => (counted("status", /^VmHWM:\s*(\d+)/gm) ?? Number.NaN) * 1024;
const movedNow = (): number => counted("io", /^[rw]char: (\d+)/gm) ?? Number.NaN;

async function write(x: cw.LazyArray, to: string, options: cw.ToZarrOptions): Promise<Reply> {
  rmSync(to, { recursive: true, force: true });
  const { planned, stages } = await x.explainToZarr(to, options);
  // What is spilled goes where the stores are: all sides write to the same disk.
  const before = movedNow();
  const [seconds, stats] = await clock(() =>
    x.toZarr(to, { ...options, spillDirectory: dirname(to) }),
  );
  return {
    seconds,
    moved: movedNow() - before,
    peakBytes: stats.peakBytes,
    spilledBytes: stats.spilledBytes,
    readChunks: stats.stages.reduce((n, s) => n + s.chunksRead, 0),
    plannedReads: planned.readChunks,
    plannedPeak: planned.peakBytes,
    times: timesOf(stages),
  };
}

const timesOf = (stages: cw.PlanReport["stages"]): number[] =>
  stages.flatMap((s) => s.inputs.flatMap((i) => i.times ?? []));

async function copy(job: Of<"copy">): Promise<Reply> {
  const x = (await cw.openZarr(job.from)).rechunk([...job.chunks]);
  return write(x, job.to, { ...limits(job), codecs: CODECS[job.codec], zarrFormat: 2 });
}

async function anomaly(job: Of<"anomaly">): Promise<Reply> {
  const x = await cw.openZarr(job.from);
  const y = x.subtract(x.mean({ axis: 0 })).astype("float32");
  return write(y, job.to, { ...limits(job), codecs: "raw", zarrFormat: 2 });
}

/** With the counts of what was read, which a plain `compute` does not tell. */
async function analyzed(what: cw.Computable, job: Of<"products">): Promise<Reply> {
  const [seconds, report] = await clock(() => cw.analyze(what, { ...limits(job), format: "json" }));
  return {
    seconds,
    peakBytes: report.actual?.peakBytes ?? Number.NaN,
    spilledBytes: report.actual?.spilledBytes ?? Number.NaN,
    readChunks: report.actual?.readChunks ?? Number.NaN,
    plannedReads: report.planned.readChunks,
    plannedPeak: report.planned.peakBytes,
    times: timesOf(report.stages),
  };
}

async function products(job: Of<"products">): Promise<Reply> {
  const [u, v] = [await cw.openZarr(job.u), await cw.openZarr(job.v)];
  const mean = (x: cw.LazyArray): cw.LazyArray => x.mean({ axis: 0 });
  return analyzed([mean(u.multiply(u)), mean(v.multiply(v)), mean(u.multiply(v))], job);
}

async function timed(x: cw.LazyArray, job: { memory?: number | undefined; workers?: number }) {
  const [seconds, result] = await clock(() => x.compute(limits(job)));
  return { seconds, value: Number(result.data[0]) };
}

const meanOf = (x: cw.LazyArray, axis: number | undefined): cw.LazyArray =>
  axis === undefined ? x.mean() : x.mean({ axis });

/** What was kept for the last request, and its key. */
let kept: { key: string; array: cw.PersistedArray } | undefined;
async function keep(key: string, make: () => Promise<cw.LazyArray>): Promise<cw.LazyArray> {
  if (kept?.key !== key) {
    kept?.array.dispose();
    kept = { key, array: await cw.persist(await make(), limits({})) };
  }
  return kept.array;
}

async function rechunk(job: Of<"rechunk">): Promise<Reply> {
  const [t, y, x] = job.shape;
  const slabs = await keep(`slabs ${job.shape}`, async () => {
    const steps = cw.arange(t, { dtype: "float32" }).reshape([t, 1, 1]);
    return cw
      .broadcastTo(steps, [t, y, x])
      .add(cw.arange(x, { dtype: "float32" }))
      .rechunk([1, -1, -1]);
  });
  const [, cy, cx] = job.chunks;
  const pencils = job.apart
    ? slabs.reshape([t, y / cy, cy, x / cx, cx]).permuteDims([1, 3, 0, 2, 4])
    : slabs.rechunk([...job.chunks]);
  const [seconds, result] = await clock(() => cw.persist(pencils, limits(job)));
  result.dispose();
  return { seconds };
}

let buffers: [Uint8Array, Uint8Array] | undefined;
async function memcpy({ bytes }: Of<"memcpy">): Promise<Reply> {
  const size = Math.min(bytes, 2 ** 28);
  buffers ??= [new Uint8Array(size).fill(1), new Uint8Array(size).fill(2)];
  const [from, to] = buffers;
  const [seconds] = await clock(async () => {
    for (let done = 0; done < bytes; done += size) to.set(from);
  });
  return { seconds };
}

/** A thread reads its files into one buffer, again and again. */
function readFiles(files: readonly string[]): number {
  let buffer = new Uint8Array(0);
  let total = 0;
  for (const file of files) {
    const handle = openSync(file, "r");
    if (buffer.length === 0) buffer = new Uint8Array(32 * 2 ** 20);
    for (let got = 1; got > 0; total += got) got = readSync(handle, buffer);
    closeSync(handle);
  }
  return total;
}

async function read(job: Of<"read">): Promise<Reply> {
  const files = readdirSync(job.from)
    .filter((name) => !name.startsWith("."))
    .map((name) => join(job.from, name));
  const half = Math.ceil(files.length / 2);
  const readers = [files.slice(0, half), files.slice(half)].map(
    (part) => new Worker(fileURLToPath(import.meta.url), { workerData: { files: part } }),
  );
  const next = (event: string): Promise<unknown> =>
    Promise.all(readers.map((r) => new Promise((resolve) => r.once(event, resolve))));
  await next("message");
  const [seconds] = await clock(async () => {
    const done = next("message");
    for (const r of readers) r.postMessage("go");
    await done;
  });
  await Promise.all(readers.map((r) => r.terminate()));
  return { seconds };
}

async function compare(job: Of<"compare">): Promise<Reply> {
  const [a, b] = [await cw.openZarr(job.from), await cw.openZarr(job.to)];
  const some = (x: cw.LazyArray): cw.LazyArray => x.at("3::37, 5::53, 7::71");
  const result = await some(a).equal(some(b)).all().compute(limits({}));
  return { seconds: 0, equal: Boolean(result.item()) };
}

async function decode(job: Of<"decode">): Promise<Reply> {
  const x = await cw.openZarr(job.from);
  return timed(x.max(), job);
}

async function answer(job: Job): Promise<Reply> {
  switch (job.run) {
    case "copy":
      return copy(job);
    case "anomaly":
      return anomaly(job);
    case "products":
      return products(job);
    case "mean":
      return timed(meanOf(await cw.openZarr(job.from), job.axis), job);
    case "mean of memory":
      return timed(meanOf(await keep(job.from, () => cw.openZarr(job.from)), job.axis), job);
    case "decode":
      return decode(job);
    case "read":
      return read(job);
    case "rechunk":
      return rechunk(job);
    case "memcpy":
      return memcpy(job);
    case "compare":
      return compare(job);
  }
}

async function serve(): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const reply = await answer(JSON.parse(line) as Job);
    console.log(JSON.stringify({ resident: residentNow(), cpu, ...reply }));
  }
  kept?.array.dispose();
  await cw.shutdown();
}

async function serveFiles({ files }: { files: readonly string[] }): Promise<void> {
  const { parentPort } = await import("node:worker_threads");
  parentPort?.on("message", () => parentPort.postMessage(readFiles(files)));
  parentPort?.postMessage("ready");
}

const given = workerData as { files: readonly string[] } | null;
if (given === null) await serve();
else await serveFiles(given);
