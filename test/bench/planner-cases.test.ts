/** `npm run planner-cases`: it says met where a case is met, and why where it is not. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = new URL("../../", import.meta.url);
const path = (name: string): string => fileURLToPath(new URL(name, root));

const run = (...args: string[]): Promise<{ code: number; out: string[]; err: string }> =>
  new Promise((done) => {
    const program = path("build/bench/planner-cases/run.js");
    execFile(process.execPath, [program, ...args], (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code);
      done({ code, out: stdout.trimEnd().split("\n"), err: stderr });
    });
  });

test("every case is a line with its figures, and the last line counts", async () => {
  const { code, out, err } = await run(path("test/fixtures/planner_cases_small.json"));
  expect(err).toBe("");
  expect(out).toEqual([
    "met  met: values equal, source_reads 1 of 1, elements_read 4 of 4, the plan of equals",
    "too much  not met: values equal, source_reads 10 of 9 (!), elements_read_max 100 of 100, shape [] of [1] (!)",
    "other plan  not met: values equal, other stages and reads and values than equals (!)",
    "unknown word  not met: unknown function 'nonsense'",
    "storage grid  met: values equal, source_reads 6 of 6, out_chunks0 [2,2,2,2,2,2,2,2,2,2] of [2,2,2,2,2,2,2,2,2,2]",
    "2 passed, 3 failed",
  ]);
  expect(code).toBe(1);
});

test("cases can be chosen, and a run in which all are met succeeds", async () => {
  const { code, out } = await run(path("test/fixtures/planner_cases_small.json"), "met");
  expect([code, out.at(-1)]).toEqual([0, "1 passed, 0 failed"]);
});

test("a file that holds no cases is refused", async () => {
  const { code, err } = await run(path("package.json"));
  expect(code).not.toBe(0);
  expect(err).toContain("is not a list of cases");
});

test("the fixture holds the cases that the planner is to meet", async () => {
  const cases = JSON.parse(await readFile(path("test/fixtures/planner_cases.json"), "utf8"));
  expect(cases.length).toBeGreaterThan(100);
  expect(new Set(cases.map((c: { id: string }) => c.id)).size).toBe(cases.length);
});
