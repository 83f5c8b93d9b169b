/**
 * Reshapes of chunked arrays that others found hard: seams that do not meet, groups of axes cut in the middle, results
 * whose chunks would grow without bound. Values, what is read, and what is held.
 */
import { afterAll, expect, test } from "vitest";
import * as cw from "../../dist/index.js";

afterAll(() => cw.shutdown());

const PLACES = [{ workers: 1 }, { workers: 2, inlineBytes: 0 }] as const;

interface Counted {
  readonly x: cw.LazyArray;
  /** Storage chunks read, each time one is. */
  readonly reads: () => number;
}

/** `x[i] = i` in row-major order, in the given chunks, which count how often they are read. */
function counted(
  shape: readonly number[],
  chunks: readonly (number | readonly number[])[],
  dtype: "float64" | "complex128" = "float64",
): Counted {
  let reads = 0;
  const borders = chunks.map((c, axis) => {
    const extent = shape[axis] as number;
    const sizes =
      typeof c === "number"
        ? Array.from({ length: Math.ceil(extent / c) }, (_, k) => Math.min(c, extent - k * c))
        : c;
    let end = 0;
    return sizes.map((n) => (end += n));
  });
  const touched = (axis: number, start: number, stop: number): number => {
    const ends = borders[axis] as number[];
    return ends.findIndex((e) => e >= stop) - ends.findIndex((e) => e > start) + 1;
  };
  const slots = dtype === "complex128" ? 2 : 1;
  const x = cw.fromSource({
    shape,
    dtype,
    chunks,
    readInto: (region, { data, offset, stride }) => {
      reads += region.reduce((n, r, axis) => n * touched(axis, r.start, r.stop), 1);
      const fill = (axis: number, at: number, flat: number): void => {
        const { start, stop } = region[axis] as { start: number; stop: number };
        for (let i = start; i < stop; i++) {
          const place = at + (i - start) * (stride[axis] as number);
          const value = flat * (shape[axis] as number) + i;
          if (axis < shape.length - 1) fill(axis + 1, place, value);
          else data[place * slots] = value;
        }
      };
      fill(0, offset, 0);
    },
  });
  return { x, reads: () => reads };
}

test.each<[number[], (number | number[])[], number[]]>([
  [[64], [[20, 44]], [4, 4, 4]],
  [[64], [[16, 48]], [4, 4, 4]],
  [[64], [[16, 16, 32]], [4, 4, 4]],
  [[64], [8], [4, 4, 4]],
  [
    [2, 3, 4],
    [
      [1, 1],
      [1, 2],
      [2, 2],
    ],
    [6, 4],
  ],
  [
    [6, 4],
    [
      [1, 2, 1, 2],
      [2, 2],
    ],
    [2, 3, 4],
  ],
  [
    [4, 6, 5],
    [
      [1, 3],
      [4, 2],
      [2, 3],
    ],
    [12, 10],
  ],
  [
    [5, 1, 7],
    [2, 1, 3],
    [7, 5],
  ],
  [
    [0, 4],
    [1, 4],
    [2, 0, 2],
  ],
])("%j in chunks of %j as %j", async (shape, chunks, to) => {
  for (const place of PLACES) {
    const { x } = counted(shape, chunks);
    const result = await x.reshape(to).compute(place);
    expect(result.shape).toEqual(to);
    expect(Array.from(result.data as Float64Array)).toEqual([...result.data.keys()]);
  }
});

test("axes that stay apart are joined chunk by chunk: nothing is read twice", async () => {
  const { x, reads } = counted(
    [2, 3, 4],
    [
      [1, 1],
      [1, 2],
      [2, 2],
    ],
  );
  await x.reshape([6, 4]).compute({ memory: "64MiB" });
  expect(reads()).toBe(2 * 2 * 2);
});

test("chunks of a joined axis do not grow: 100 GB of float64, thin chunks", () => {
  const { x } = counted([300, 180, 4, 18483], [300, 180, 1, 183]);
  const joined = x.reshape([300, 180, -1]);
  const bytes = joined.chunks.reduce((n, sizes) => n * Math.max(...sizes), 8);
  expect(bytes).toBeLessThanOrEqual(80e6);
  const plan = joined.sum({ axis: 2 }).plan({ memory: "1GiB" });
  expect(plan.peakBytes).toBeLessThanOrEqual(2 ** 30);
});

test("330 MiB of complex128 are joined and summed in 32 MiB", async () => {
  const { x } = counted([36, 36, 36, 468], [9, 9, 36, 117], "complex128");
  const sums = await x.reshape([46656, 468]).real().sum({ axis: 1 }).compute({ memory: "32MiB" });
  expect(sums.shape).toEqual([46656]);
  const row = (i: number): number => 468 * 468 * i + (467 * 468) / 2;
  for (const i of [0, 1, 35, 36, 1295, 1296, 46655]) expect(sums.get(i)).toBe(row(i));
});

test("an array in memory is another source in another shape: nothing is moved for it", async () => {
  const data = Float64Array.from({ length: 6000 }, (_, i) => i);
  const x = cw.asarray(data, { shape: [60, 100], chunks: [7, 100] });
  const y = x.reshape([6, 10, 100]).sum({ axis: 1 });
  expect(y.plan().stages).toHaveLength(1);
  const want = Array.from({ length: 600 }, (_, k) => {
    const [i, j] = [Math.floor(k / 100), k % 100];
    return Array.from({ length: 10 }, (_, m) => data[(10 * i + m) * 100 + j] as number);
  }).map((values) => values.reduce((a, b) => a + b));
  for (const place of PLACES) expect(Array.from((await y.compute(place)).data)).toEqual(want);
  expect(x.reshape([6000]).node).toBe(x.reshape([6000]).node);
  expect(x.reshape([6000]).reshape([60, 100]).chunks).toEqual(
    cw.asarray(data).rechunk([700]).reshape([60, 100]).chunks,
  );
});

test("what was persisted keeps its end in every shape", async () => {
  const kept = await cw.arange(24).astype("complex64").reshape([4, 6]).persist();
  const other = kept.reshape([3, 8]).add(1);
  expect((await other.real().compute()).get(2, 7)).toBe(24);
  kept.dispose();
  await expect(other.compute()).rejects.toThrow("was disposed");
  expect(() => kept.reshape([2, 12])).toThrow("was disposed");
});
