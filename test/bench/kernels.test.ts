/** `npm run bench -- kernels`: every contestant that is there computes the same, and every row is printed. No times. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const program = fileURLToPath(new URL("../../build/bench/run.js", import.meta.url));

const run = (args: string[], env: NodeJS.ProcessEnv = {}) =>
  new Promise<{ code: number; out: string; err: string }>((done) => {
    const options = { env: { ...process.env, ...env } };
    execFile(process.execPath, [program, ...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code);
      done({ code, out: stdout, err: stderr });
    });
  });

/** No such programs. */
const ALONE = { CHUNKWISE_PYTHON: "no-such-python", CC: "no-such-compiler" };

/** Rows below a title, as their first and last words. */
const rows = (out: string, title: string): string[] => {
  const [, table = ""] = out.split(`\n${title}\n`);
  const [body = ""] = table.split("\n\n");
  return body.trimEnd().split("\n").slice(1);
};

test("a run without peers says which rows it skips, and measures the others", async () => {
  const groups = ["chain", "math", "rechunk", "workers"];
  const { code, out, err } = await run(["kernels", ...groups, "--size", "small"], ALONE);
  expect([code, err]).toEqual([0, ""]);
  expect(out).toContain("beside nobody else");
  const chain = rows(out, "chain");
  expect(chain).toHaveLength(14);
  for (const row of chain) expect(row).toMatch(/skipped: no (C|numexpr|dask|numba) [12]$/);
  for (const title of ["math", "rechunk", "workers"]) {
    for (const row of rows(out, title)) expect(row).toMatch(/>= [0-9.]+ +(met|missed)$/);
  }
  expect(rows(out, "math").map((row) => row.trim().split(" ")[0])).toEqual([
    "exp",
    "log",
    "sin",
    "tanh",
  ]);
});

test("engine and bare kernels agree, with each other and with the peers that are there", async () => {
  const groups = ["sum", "mean", "min", "max", "moments", "transpose", "matmul"];
  const { code, out, err } = await run(["kernels", ...groups, "--size", "small"]);
  expect([code, err]).toEqual([0, ""]);
  expect(groups.map((title) => rows(out, title).length)).toEqual([6, 4, 4, 4, 6, 1, 2]);
});

test("unknown groups and sizes are refused by name", async () => {
  const group = await run(["kernels", "nonsense"]);
  expect([group.code, group.err]).toEqual([
    2,
    "no kernels nonsense (there are chain, sum, mean, min, max, moments, math, rechunk, transpose, matmul, workers)\n",
  ]);
  const size = await run(["kernels", "--size", "huge"]);
  expect([size.code, size.err]).toEqual([2, "no size huge (there are full, small)\n"]);
  const name = await run(["nonsense"]);
  expect([name.code, name.err]).toEqual([
    2,
    "no benchmark nonsense (there are startup, chunks, planner, kernels, rechunk, zarr)\n",
  ]);
});
