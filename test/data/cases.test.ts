/** Real climate data from real stores, against what NumPy and xarray computed from them. */
import { afterAll, describe, expect, test } from "vitest";
import * as cw from "../../dist/index.js";
import { NAMES, pipelineOf, WAITING } from "./pipelines.js";
import { DATA, difference, readCases } from "./support.js";

const cases = readCases();
const ready = cases.filter((c) => !WAITING.has(c.id));
let passed = 0;

const tell = (words: string): unknown => process.stdout.write(`real data: ${words}\n`);

afterAll(async () => {
  await cw.shutdown();
  const runs = ready.reduce((n, c) => n + c.stores.length, 0);
  const waiting = [...WAITING].join(", ");
  tell(`${passed} of ${runs} runs passed (${ready.length} cases); waiting: ${waiting}`);
});

if (cases.length === 0) {
  tell(`skipped, there is none at ${DATA} (set CHUNKWISE_DATA)`);
  test.skip.each([...NAMES, ...WAITING, "codecs"])("%s: no real data", () => {});
}

describe.skipIf(cases.length === 0)("real data", () => {
  test.skip.each([...WAITING])("%s waits for its operations", () => {});

  test.each(ready.flatMap((c) => c.stores.map((store) => ({ c, store }))))(
    "$c.id from $store",
    async ({ c, store }) => {
      const pipeline = pipelineOf(c.id);
      if (pipeline === undefined) throw new Error(`no pipeline for ${c.id}: ${c.op}`);
      const array = await pipeline(store, c);
      const inline = await array.compute({ executor: "inline" });
      expect(difference(inline, c)).toBeUndefined();
      const threads = await array.compute({ executor: "threads", workers: 2, memory: "64MiB" });
      expect(threads.data).toEqual(inline.data);
      passed++;
    },
  );
});
