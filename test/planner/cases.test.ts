/**
 * Planner cases: what is read, copied and computed for an expression, against what is needed, and the values of every
 * plan against the expression as written. `npm run planner-cases` prints the same figures.
 */
import { fileURLToPath } from "node:url";
import { shutdown } from "chunkwise";
import { afterAll, describe, expect, test } from "vitest";
import { type Case, readCases } from "../../build/bench/planner-cases/cases.js";
import { check } from "../../build/bench/planner-cases/check.js";

const file = (name: string): Promise<readonly Case[]> =>
  readCases(fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url)));

/** The cases that were set, and variants of them: other ranks, axes, dtypes, steps and consumers. */
const FILES = [
  { name: "planner_cases.json", cases: await file("planner_cases.json"), least: 121 },
  { name: "planner_variants.json", cases: await file("planner_variants.json"), least: 216 },
];

describe.each(FILES)("$name", ({ cases, least }) => {
  test("holds its cases once", () => {
    expect(cases.length).toBeGreaterThanOrEqual(least);
    expect(new Set(cases.map((c) => c.id)).size).toBe(cases.length);
    expect(new Set(cases.map((c) => JSON.stringify([c.expr, c.sources]))).size).toBe(cases.length);
  });

  test.each(cases.map((c) => [c.id, c.expr, c] as const))("%s %s", async (_, __, planned) => {
    const { met, text } = await check(planned);
    expect(met, text).toBe(true);
  });
});

afterAll(() => shutdown());
