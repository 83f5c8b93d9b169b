/** Every record of the golden table through the public API, at three chunkings, inline and on two workers. */
import { afterAll, describe, expect, test } from "vitest";
import type { LazyArray } from "../../dist/index.js";
import { CHUNKINGS, callOf, computeAll, PLACES, shutdown } from "./adapter.js";
import { difference, type GoldenRecord, readTable } from "./table.js";

const records = readTable();
/** Records per plan: enough to be quick, few enough to name the culprit when a plan fails. */
const BATCH = 250;

async function replay(chunking: string, place: keyof typeof PLACES): Promise<string[]> {
  const failures: string[] = [];
  for (let from = 0; from < records.length; from += BATCH) {
    const built: { record: GoldenRecord; array: LazyArray }[] = [];
    for (const record of records.slice(from, from + BATCH)) {
      try {
        built.push({ record, array: await callOf(record, chunking) });
      } catch (error) {
        failures.push(`${record.id}: ${String(error)}`);
      }
    }
    const results = await computeAll(
      built.map(({ array }) => array),
      place,
    );
    built.forEach(({ record }, i) => {
      const found = difference(results[i] as (typeof results)[number], record);
      if (found !== undefined) failures.push(found);
    });
  }
  return failures;
}

afterAll(shutdown);

describe.each(Object.keys(PLACES) as (keyof typeof PLACES)[])("%s", (place) => {
  test.each(Object.keys(CHUNKINGS))("NumPy agrees: %s", async (chunking) => {
    expect(await replay(chunking, place)).toEqual([]);
  });
});
