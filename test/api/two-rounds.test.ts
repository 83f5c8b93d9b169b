/** Selections are counted first and computed then: what the first round made is not made again. */
import { afterAll, describe, expect, test } from "vitest";
import { runtime } from "../../dist/exec/runtime.js";
import * as cw from "../../dist/index.js";

afterAll(() => cw.shutdown());

const PLACES = [{ workers: 1 }, { workers: 2, inlineBytes: 0 }] as const;
const N = 4096;
const CHUNK = 512;

/** `x[i] = (i * 37) % 1000`, and how many of its chunks were read. */
function counted(
  n = N,
  chunk = CHUNK,
): { readonly x: cw.LazyArray<"float64">; readonly reads: () => number } {
  let reads = 0;
  const x = cw.fromSource({
    shape: [n],
    dtype: "float64",
    chunks: [chunk],
    readInto([range], { data, offset, stride }) {
      const { start, stop } = range as { readonly start: number; readonly stop: number };
      reads += Math.ceil(stop / chunk) - Math.floor(start / chunk);
      for (let i = start; i < stop; i++) {
        data[offset + (i - start) * (stride[0] as number)] = (i * 37) % 1000;
      }
    },
  });
  return { x: x as cw.LazyArray<"float64">, reads: () => reads };
}
const valuesOf = (n: number): number[] => Array.from({ length: n }, (_, i) => (i * 37) % 1000);
const values = valuesOf(N);
const chunks = N / CHUNK;

describe.each(PLACES)("%o", (place) => {
  test("a mean that a mask compares with is computed once", async () => {
    const [n, chunk] = [2 ** 20, 2 ** 15];
    const { x, reads } = counted(n, chunk);
    const all = valuesOf(n);
    const limit = 1.9 * (all.reduce((a, b) => a + b) / n);
    const y = x.at(x.greater(x.mean().multiply(1.9)));
    // Not all of x can be held: it is read for the mean, to count, and to select.
    const selected = await y.compute({ ...place, memory: "8MiB" });
    expect(Array.from(selected.data)).toEqual(all.filter((v) => v > limit));
    expect(reads()).toBe(3 * (n / chunk));
  });

  test("so are masks, whatever they are made of", async () => {
    const [a, b, c] = [counted(), counted(), counted()];
    const running = cw.cumulativeSum(c.x).remainder(3).equal(0);
    const sums: number[] = [];
    for (const v of values) sums.push((sums.at(-1) ?? 0) + v);
    const [first, second] = await cw.compute([a.x.at(b.x.greater(500)), a.x.at(running)], place);
    expect(Array.from(first.data)).toEqual(values.filter((v) => v > 500));
    expect(Array.from(second.data)).toEqual(values.filter((_, i) => (sums[i] as number) % 3 === 0));
    expect([b.reads(), c.reads()]).toEqual([chunks, chunks]);
  });

  test("nothing of it stays, whether it is computed or persisted", async () => {
    const { x } = counted();
    const kept = await x.at(x.greater(x.mean())).persist(place);
    const mean = values.reduce((a, b) => a + b) / N;
    expect((await kept.sum().compute(place)).item()).toBe(
      values.filter((v) => v > mean).reduce((a, b) => a + b),
    );
    kept.dispose();
    expect(runtime.account().used).toBe(0);
  });

  test("where what is kept leaves too little, all is computed again", async () => {
    const { x } = counted();
    const y = x.at(cw.cumulativeSum(x).remainder(3).equal(0));
    const want = Array.from((await y.compute(place)).data);
    // Nothing is kept where the two rounds are asked for one by one: where these have enough, so has one call.
    const oneByOne = async (memory: number): Promise<boolean> => {
      try {
        await (await y.measure({ ...place, memory })).compute({ ...place, memory });
        return true;
      } catch (error) {
        if (error instanceof cw.MemoryLimitError) return false;
        throw error;
      }
    };
    let memory = 2 ** 14;
    while (!(await oneByOne(memory))) memory = Math.ceil(memory * 1.02);
    expect(memory).toBeLessThan(2 ** 20);
    expect(Array.from((await y.compute({ ...place, memory })).data)).toEqual(want);
  });
});
