/** Reductions over Zarr in little memory, and computations that need their sources twice. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { writeField } from "./field.js";
import type { Job, Reply } from "./protocol.js";
import { storeOf } from "./rechunk.js";
import { type Contestant, contest, last, type Replies, type Rivals, seconds } from "./rivals.js";
import { beside, mebibytes, note, printIo, type Row, within } from "./rows.js";
import { bytesOf, PROCESS, type Scale } from "./scale.js";

export async function reductions(rivals: Rivals, scale: Scale, folder: string): Promise<void> {
  const { long: shape, longBudget: memory, rounds } = scale;
  const bytes = bytesOf(shape);
  const raw = join(folder, "long");
  writeField(raw, shape);
  for (const codec of ["raw", "zstd", "blosc"] as const) {
    const from = await storeOf(rivals, raw, codec, shape);
    for (const axis of [undefined, 0]) {
      const of = axis === undefined ? {} : { axis };
      const mean: Job = { run: "mean", from, ...of };
      const contestants: Contestant[] = [
        { name: "tight", run: () => rivals.ours("tight", { ...mean, memory }) },
        { name: "roomy", run: () => rivals.ours("roomy", mean) },
        { name: "read", run: () => rivals.ours("reader", { run: "read", from }) },
        { name: "decode", run: () => rivals.ours("decoder", { run: "decode", from }) },
        {
          name: "compute",
          run: () => rivals.ours("computer", { run: "mean of memory", from, ...of }),
        },
      ];
      for (const peer of ["tensorstore", "dask"]) {
        if (rivals.has(peer) && rivals.has("tensorstore")) {
          contestants.push({ name: peer, run: () => rivals.theirs(peer, mean) });
        }
      }
      const replies = await contest(contestants, rounds);
      agree(replies);
      const what = axis === undefined ? "mean of all" : "mean over time";
      printIo(
        `${what}, ${codec} Zarr of ${mebibytes(bytes)}`,
        meanRows(replies, bytes, memory, codec),
      );
      await rivals.end("tight");
    }
    if (from !== raw) rmSync(from, { recursive: true, force: true });
  }
  await rivals.rest();
  rmSync(raw, { recursive: true, force: true });
}

/** A wrong result is not a fast result. */
function agree(replies: Replies): void {
  const expected = last(replies, "tight").value ?? Number.NaN;
  for (const name of ["roomy", "compute", "tensorstore", "dask"]) {
    if (!replies.has(name)) continue;
    const { value = Number.NaN } = last(replies, name);
    if (!(Math.abs(value - expected) <= 1e-4 * Math.abs(expected))) {
      throw new Error(`the mean by ${name} is ${value}, not ${expected}`);
    }
  }
}

function meanRows(replies: Replies, bytes: number, budget: number, codec: string): Row[] {
  const small = `memory ${mebibytes(budget)}`;
  const tight = last(replies, "tight");
  // Raw chunks are not decoded, and elements that nobody looks at are not read.
  const parts = (codec === "raw" ? ["read", "compute"] : ["read", "decode", "compute"]).map(
    (name) => [name, seconds(replies, name) ?? Number.NaN] as const,
  );
  const [slowest, alone] = parts.reduce((a, b) => (b[1] > a[1] ? b : a));
  const own = seconds(replies, "tight") ?? Number.NaN;
  const text = (n: number): string => `${n.toFixed(2)} s`;
  return [
    beside(small, replies, "tight", "roomy", 0.8, bytes),
    ...parts.map(([name, value]) => note(`${name} alone`, text(value))),
    within(small, own, 1.2 * alone, text, `1.2 x ${slowest} alone`),
    within(`${small}: resident`, tight.resident, budget + PROCESS, mebibytes, "budget + 150 MiB"),
    beside(small, replies, "tight", "tensorstore", 1, bytes),
    beside(small, replies, "tight", "dask", 1, bytes),
  ];
}

export async function twice(rivals: Rivals, scale: Scale, folder: string): Promise<void> {
  const { shape, rounds } = scale;
  const bytes = bytesOf(shape);
  const [u, v, to] = ["u", "v", "anomaly"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeField(u, shape, 1);
  writeField(v, shape, 2);
  const few = (data: number): number => Math.max(8 * 2 ** 20, Math.floor(data / 20));
  const works: readonly (readonly [string, Job, number, number])[] = [
    ["x - mean over time", { run: "anomaly", from: u, to, memory: few(bytes) }, bytes, 1],
    [
      "means of u2, v2 and uv over time",
      { run: "products", u, v, memory: few(2 * bytes) },
      2 * bytes,
      2,
    ],
  ];
  for (const [name, job, data, sources] of works) {
    const budget = few(data);
    const { memory: _, ...unlimited } = job as Job & { memory: number };
    const replies = await contest(
      [
        { name: "tight", run: () => rivals.ours("tight", job) },
        { name: "roomy", run: () => rivals.ours("roomy", unlimited as Job) },
      ],
      rounds,
    );
    printIo(
      `${name}, raw Zarr of ${mebibytes(data)} in ${mebibytes(budget)}`,
      readRows(replies, shape[0] * sources, budget, data),
    );
    rmSync(to, { recursive: true, force: true });
    await rivals.rest();
  }
  rmSync(u, { recursive: true, force: true });
  rmSync(v, { recursive: true, force: true });
}

function readRows(replies: Replies, chunks: number, budget: number, bytes: number): Row[] {
  const tight: Reply = last(replies, "tight");
  const { readChunks = Number.NaN, plannedReads = Number.NaN } = tight;
  const each = (n: number): string => `${(n / chunks).toFixed(2)} x`;
  return [
    beside("5 % of the data as memory", replies, "tight", "roomy", 0.8, bytes),
    within("reads of each chunk", readChunks, plannedReads, each, "as planned"),
    note(
      "as the plan says, input by input",
      (tight.times ?? []).map((n) => n.toFixed(2)).join(", "),
    ),
    within("account", tight.peakBytes, budget, mebibytes, "budget"),
    within("resident", tight.resident, budget + PROCESS, mebibytes, "budget + 150 MiB"),
    note("spilled", mebibytes(tight.spilledBytes)),
  ];
}
