/** Every record of the golden table through the public API, at three chunkings, inline and on two workers. */
import { afterAll, describe, expect, test } from "vitest";
import { CHUNKINGS, callOf, computeAll, PLACES, shutdown } from "./adapter.js";
import { difference, readTable } from "./table.js";

const records = readTable();
/** Records per plan: enough to be quick, few enough to name the culprit when a plan fails. */
const BATCH = 250;

async function replay(chunking: string, place: keyof typeof PLACES): Promise<string[]> {
  const failures: string[] = [];
  for (let from = 0; from < records.length; from += BATCH) {
    const built = records.slice(from, from + BATCH).flatMap((record) => {
      try {
        return [{ record, array: callOf(record, chunking) }];
      } catch (error) {
        failures.push(`${record.id}: ${String(error)}`);
        return [];
      }
    });
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
