/** `npm run bench -- rechunk` and `zarr`, small and without peers: every table is printed, nothing is left. No times. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const program = fileURLToPath(new URL("../../build/bench/run.js", import.meta.url));

const run = (...args: string[]) =>
  new Promise<{ code: number; out: string; err: string }>((done) => {
    const options = { env: { ...process.env, CHUNKWISE_PYTHON: "no-such-python" } };
    execFile(process.execPath, [program, ...args], options, (error, stdout, stderr) => {
      done({ code: error === null ? 0 : Number(error.code), out: stdout, err: stderr });
    });
  });

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "chunkwise-test-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** The tables by their titles; rows without the heading. */
const tables = (out: string): Map<string, string[]> =>
  new Map(
    out
      .trimEnd()
      .split("\n\n")
      .slice(1)
      .map((table) => {
        const [title = "", , ...rows] = table.split("\n");
        return [title, rows];
      }),
  );

/** Figures that explain others have no verdict. */
const unjudged = (rows: readonly string[]): string[] =>
  rows.filter(
    (row) => !/(met|missed|skipped: no \S+( \d)?|skipped: no numpy's memcpy 2)$/.test(row),
  );

test("rechunking, in memory and from Zarr to Zarr", async () => {
  const { code, out, err } = await run("rechunk", "--size", "small", "--dir", dir);
  expect([code, err]).toEqual([0, ""]);
  expect(out).toContain("beside nobody else");
  expect(out).toContain("stores are warm");
  const found = tables(out);
  expect([...found.keys()]).toEqual([
    "rechunk in memory, 4 MiB in slabs to pencils of 16 x 36 x 36",
    "rechunk Zarr to Zarr, raw, 4 MiB",
    "rechunk Zarr to Zarr, zstd, 4 MiB",
    "rechunk Zarr to Zarr, blosc, 4 MiB",
  ]);
  const [memory = [], ...copies] = [...found.values()];
  expect(unjudged(memory)).toEqual([]);
  for (const rows of copies) {
    expect(unjudged(rows)).toHaveLength(2);
    const skipped = rows.filter((row) => /skipped: no (tensorstore|dask|rechunker)$/.test(row));
    expect(skipped).toHaveLength(5);
  }
  expect(readdirSync(dir)).toEqual([]);
}, 240_000);

test("reductions in little memory, and sources that are needed twice", async () => {
  const { code, out, err } = await run("zarr", "--size", "small", "--dir", dir);
  expect([code, err]).toEqual([0, ""]);
  expect([...tables(out).keys()]).toEqual([
    "mean of all, raw Zarr of 12 MiB",
    "mean over time, raw Zarr of 12 MiB",
    "mean of all, zstd Zarr of 12 MiB",
    "mean over time, zstd Zarr of 12 MiB",
    "mean of all, blosc Zarr of 12 MiB",
    "mean over time, blosc Zarr of 12 MiB",
    "x - mean over time, raw Zarr of 4 MiB in 8 MiB",
    "means of u2, v2 and uv over time, raw Zarr of 8 MiB in 8 MiB",
  ]);
  for (const [title, rows] of tables(out)) {
    if (!title.includes(" in ")) continue;
    for (const what of ["reads of each chunk", "account"]) {
      expect(rows.find((row) => row.trim().startsWith(what))).toMatch(/met$/);
    }
  }
  expect(readdirSync(dir)).toEqual([]);
}, 240_000);

test("unknown parts and sizes are refused by name", async () => {
  const part = await run("zarr", "nonsense");
  expect([part.code, part.err]).toEqual([2, "no zarr nonsense (there are reductions, twice)\n"]);
  const size = await run("rechunk", "--gib", "much");
  expect([size.code, size.err]).toEqual([2, "--gib much is no number of GiB\n"]);
});
