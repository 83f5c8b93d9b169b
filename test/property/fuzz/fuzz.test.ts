/** A short run of the fuzzer, and what failed in long ones; `npm run fuzz` goes on for as long as it is let. */
import { afterAll, describe, expect, test } from "vitest";
import { runtime } from "../../../dist/exec/runtime.js";
import { REGRESSIONS, SEEDS } from "./regressions.js";
import { check, checkGraph, EVERYTHING, noTally, trialOf } from "./trial.js";

/** Fixed, so that a run can be repeated, and printed, so that it can be changed. */
const SEED = Number(process.env["CHUNKWISE_SEED"] ?? 20261127);
const GRAPHS = Number(process.env["CHUNKWISE_FUZZ"] ?? 120);

describe("the fuzzer", () => {
  for (const { name, graph } of REGRESSIONS) {
    test(`what failed once: ${name}`, () => checkGraph(graph(), EVERYTHING));
  }
  for (const trial of SEEDS) test(`seed ${trial.seed}/${trial.size}`, () => check(trial));

  test(`${GRAPHS} random graphs`, { timeout: 180_000 }, async () => {
    const tally = noTally();
    for (let n = 0; n < GRAPHS; n++) {
      const trial = trialOf(SEED, n);
      try {
        await check(trial, tally);
      } catch (error) {
        const again = `npm run fuzz -- --only ${trial.seed}/${trial.size}`;
        throw new Error(`${again}: ${error instanceof Error ? error.message : error}`, {
          cause: error,
        });
      }
    }
    const ways = [...tally.ways].map(([name, count]) => `${name} ${count}`).join(", ");
    console.log(`${GRAPHS} graphs, seed ${SEED}: ${ways}`);
    for (const way of ["ample", "raw", "written"]) {
      expect(tally.ways.get(way) ?? 0, way).toBeGreaterThan(0);
    }
  });
  afterAll(() => runtime.shutdown());
});
