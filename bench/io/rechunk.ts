/** Slabs to pencils: in memory, and from Zarr to Zarr. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { type Shape, writeField } from "./field.js";
import type { Codec, Job } from "./protocol.js";
import { type Contestant, contest, last, type Replies, type Rivals } from "./rivals.js";
import {
  beside,
  besideRecorded,
  mebibytes,
  note,
  printIo,
  type Row,
  skipped,
  within,
} from "./rows.js";
import { bytesOf, PROCESS, type Scale } from "./scale.js";

/** Seconds for 2 GiB, raw Zarr to Zarr, on two cores of this class. */
const CUBED = 49;
const CUBED_BYTES = 2 * 2 ** 30;

type Pencils = readonly [number, number, number];

export async function inMemory(rivals: Rivals, scale: Scale): Promise<void> {
  const { shape } = scale;
  const bytes = bytesOf(shape);
  const chunks: Pencils = [shape[0], scale.pencil, scale.pencil];
  const job = (apart: boolean): Job => ({ run: "rechunk", shape, chunks, apart });
  const copy: Job = { run: "memcpy", bytes };
  const contestants: Contestant[] = [
    { name: "whole", run: () => rivals.ours("slabs", job(false)) },
    { name: "apart", run: () => rivals.ours("slabs", job(true)) },
    { name: "memcpy", run: () => rivals.ours("slabs", copy) },
  ];
  if (rivals.has("numpy")) {
    const run = () => rivals.theirs("numpy", copy);
    contestants.push({ name: "numpy's memcpy 2", run });
  }
  if (rivals.has("dask")) {
    contestants.push({ name: "dask 2", run: () => rivals.theirs("dask", job(true)) });
  }
  const replies = await contest(contestants, scale.rounds);
  const rows = (name: string, ours: string): Row[] => [
    beside(name, replies, ours, "memcpy", 0.5, 2 * bytes),
    beside(name, replies, ours, "numpy's memcpy 2", 0.5, 2 * bytes),
    beside(name, replies, ours, "dask 2", 5, 2 * bytes),
    besideRecorded(name, replies, ours, "cubed", (CUBED * bytes) / CUBED_BYTES, 10),
  ];
  printIo(`rechunk in memory, ${mebibytes(bytes)} in slabs to pencils of ${chunks.join(" x ")}`, [
    ...rows("pencils in one row-major array", "whole"),
    ...rows("each pencil by itself", "apart"),
  ]);
  await rivals.rest();
}

/** Makes the store with this codec from the raw one; answers its folder. */
export async function storeOf(
  rivals: Rivals,
  raw: string,
  codec: Codec,
  shape: Shape,
): Promise<string> {
  if (codec === "raw") return raw;
  const to = `${raw}.${codec}`;
  await rivals.ours("maker", {
    run: "copy",
    from: raw,
    to,
    chunks: [1, shape[1], shape[2]],
    codec,
  });
  return to;
}

export async function zarrToZarr(rivals: Rivals, scale: Scale, folder: string): Promise<void> {
  const { shape, budget } = scale;
  const bytes = bytesOf(shape);
  const raw = join(folder, "field");
  writeField(raw, shape);
  for (const codec of ["raw", "zstd", "blosc"] as const) {
    const from = await storeOf(rivals, raw, codec, shape);
    const replies = await copies(rivals, scale, folder, from, codec);
    printIo(
      `rechunk Zarr to Zarr, ${codec}, ${mebibytes(bytes)}`,
      copyRows(replies, rivals, bytes, budget, codec),
    );
    if (from !== raw) rmSync(from, { recursive: true, force: true });
    await rivals.rest();
  }
  rmSync(raw, { recursive: true, force: true });
}

async function copies(
  rivals: Rivals,
  { shape, pencil, budget, rounds }: Scale,
  folder: string,
  from: string,
  codec: Codec,
): Promise<Replies> {
  const chunks = [shape[0], pencil, pencil];
  const job = (name: string, memory?: number): Job => ({
    run: "copy",
    from,
    to: join(folder, `to-${name}`),
    chunks,
    codec,
    ...(memory === undefined ? {} : { memory }),
  });
  const contestants: Contestant[] = [
    { name: "roomy", run: () => rivals.ours("roomy", job("roomy")) },
    { name: "tight", run: () => rivals.ours("tight", job("tight", budget)) },
  ];
  for (const peer of ["tensorstore", "dask"]) {
    // Dask reads and writes through TensorStore here.
    if (rivals.has(peer) && rivals.has("tensorstore")) {
      contestants.push({ name: peer, run: () => rivals.theirs(peer, job(peer)) });
    }
  }
  const judged = new Set<string>();
  const checked = contestants.map(({ name, run }) => ({
    name,
    run: async () => {
      const reply = await run();
      const to = join(folder, `to-${name}`);
      if (!judged.has(name)) {
        judged.add(name);
        const { equal } = await rivals.ours("judge", { run: "compare", from, to });
        if (equal !== true) throw new Error(`${name} wrote something else than it read`);
      }
      // Not there any more when the next one writes: nobody pays for the pages of another.
      rmSync(to, { recursive: true, force: true });
      return reply;
    },
  }));
  return contest(checked, rounds);
}

function copyRows(
  replies: Replies,
  rivals: Rivals,
  bytes: number,
  budget: number,
  codec: Codec,
): Row[] {
  const tight = last(replies, "tight");
  const small = `memory ${mebibytes(budget)}`;
  const cubed = (CUBED * bytes) / CUBED_BYTES;
  // Metadata are not data.
  const moved = Math.round((100 * (tight.moved ?? Number.NaN)) / bytes) / 100;
  return [
    beside("memory unlimited", replies, "roomy", "tensorstore", 1, 2 * bytes),
    beside("memory unlimited", replies, "roomy", "dask", 1, 2 * bytes),
    beside(small, replies, "tight", "tensorstore", 1, 2 * bytes),
    beside(small, replies, "tight", "dask", 1, 2 * bytes),
    ...(codec === "raw" ? [besideRecorded(small, replies, "tight", "cubed", cubed, 1)] : []),
    rivals.has("rechunker")
      ? note(small, "rechunker is there, and not asked")
      : skipped(small, "rechunker"),
    within(`${small}: resident`, tight.resident, budget + PROCESS, mebibytes, "budget + 150 MiB"),
    within(`${small}: account`, tight.peakBytes, budget, mebibytes, "budget"),
    within(`${small}: read and written`, moved, 4, (n) => `${n.toFixed(2)} x`, "of the data"),
    note(`${small}: spilled`, mebibytes(tight.spilledBytes)),
    note("memory unlimited: resident", mebibytes(last(replies, "roomy").resident)),
  ];
}
