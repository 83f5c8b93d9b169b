/** `npm run bench -- rechunk` and `zarr`: what comes from disk and goes there, beside others, everybody in turn. */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { inMemory, zarrToZarr } from "./rechunk.js";
import { Rivals } from "./rivals.js";
import { scaleOf } from "./scale.js";
import { reductions, twice } from "./zarr.js";

export interface IoOptions {
  readonly size: "full" | "small";
  readonly gib: number;
  /** Where stores are made; they are removed at the end. */
  readonly dir: string | undefined;
}

/** What each benchmark consists of, by the words that choose parts of it. */
export const IO_PARTS = {
  rechunk: { memory: inMemory, copy: zarrToZarr },
  zarr: { reductions, twice },
} as const;

export async function io(
  benchmark: keyof typeof IO_PARTS,
  parts: readonly string[],
  { size, gib, dir }: IoOptions,
): Promise<void> {
  const folder = mkdtempSync(join(dir ?? tmpdir(), "chunkwise-bench-"));
  const rivals = await Rivals.open();
  try {
    const there = [...rivals.versions].map(([name, version]) => `${name} ${version}`);
    const load = loadavg()[0]?.toFixed(1);
    console.log(`beside ${there.join(", ") || "nobody else"}; Dask reads through TensorStore`);
    console.log(
      "stores are warm: all that is read lies in the page cache, and what is written goes there " +
        `(${dir ?? tmpdir()}, ${availableParallelism()} cores, load ${load})`,
    );
    const scale = scaleOf(size, gib);
    for (const [name, part] of Object.entries(IO_PARTS[benchmark])) {
      if (parts.length === 0 || parts.includes(name)) await part(rivals, scale, folder);
    }
  } finally {
    await rivals.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
