/** Running totals, selections and products of arrays that are several times the memory budget. */
import { afterAll, describe, expect, it } from "vitest";
import { runtime } from "../../dist/exec/runtime.js";
import * as cw from "../../dist/index.js";
import { plan } from "../../dist/planner/plan.js";
import { ramp, triangle } from "./support.js";

afterAll(() => cw.shutdown());

const MEMORY = 16 << 20;
const OPTIONS = { memory: MEMORY, workers: 2, inlineBytes: 0 } as const;
const LONG = 1 << 23;
/** 61 MiB of float32. */
const SIDE = 4000;

/** The elements of a result, computed on two workers; the account keeps to its plan, and the plan to the budget. */
async function computed(x: cw.LazyArray): Promise<number[]> {
  const planned = plan([{ node: x.node }], { memory: MEMORY, workers: 2 });
  const { roots, stats } = await runtime.run(planned.plan, planned.bindings, { inlineBytes: 0 });
  expect(stats.peakBytes).toBeLessThanOrEqual(planned.plan.peakBytes);
  expect(planned.plan.peakBytes).toBeLessThanOrEqual(MEMORY);
  expect(runtime.account().used).toBe(0);
  const data = x.is("int64")
    ? new BigInt64Array(roots[0] as ArrayBuffer)
    : x.is("float32")
      ? new Float32Array(roots[0] as ArrayBuffer)
      : new Float64Array(roots[0] as ArrayBuffer);
  return Array.from(data as ArrayLike<number | bigint>, Number);
}

/** A square of float32, and how many of its chunks were read. */
function square(value: (row: number, column: number) => number): {
  readonly x: cw.LazyArray<"float32">;
  readonly reads: { chunks: number };
} {
  const reads = { chunks: 0 };
  const x = cw.fromSource({
    shape: [SIDE, SIDE],
    dtype: "float32",
    chunks: [500, 500],
    readInto([rows, columns], { data, offset, stride }) {
      const touched = (r: { start: number; stop: number }): number =>
        Math.ceil(r.stop / 500) - Math.floor(r.start / 500);
      reads.chunks += touched(rows) * touched(columns);
      for (let i = rows.start; i < rows.stop; i++) {
        let at = offset + (i - rows.start) * (stride[0] as number);
        for (let j = columns.start; j < columns.stop; j++, at += stride[1] as number) {
          data[at] = value(i, j);
        }
      }
    },
  });
  return { x: x as cw.LazyArray<"float32">, reads };
}

describe("running totals", () => {
  it("of what is read, computed or virtual", async () => {
    expect(
      await computed(
        ramp(LONG, 1 << 16)
          .cumulativeSum()
          .max(),
      ),
    ).toEqual([triangle(LONG)]);
    const virtual = cw.arange(LONG, { chunks: 1 << 16 }).cumulativeSum();
    expect(await computed(virtual.at(cw.slice(-2, null)))).toEqual([
      triangle(LONG - 1),
      triangle(LONG),
    ]);
    const { x, reads } = square((i) => i % 2);
    const doubled = x.multiply(2).cumulativeSum({ axis: 0 });
    expect(await computed(doubled.max())).toEqual([SIDE]);
    // Once for the totals of leaves, and once for the prefixes.
    expect(reads.chunks).toBeLessThanOrEqual(2 * 64);
  });

  it("read what comes before the part that is asked for, and nothing else", async () => {
    const { x, reads } = square(() => 1);
    const part = x.cumulativeSum({ axis: 0 }).at(cw.slice(990, 1010), cw.slice(1200, 1203));
    expect((await computed(part)).slice(0, 4)).toEqual([991, 991, 991, 992]);
    expect(reads.chunks).toBeLessThanOrEqual(2 * 3);
  });
});

describe("boolean selections", () => {
  it("of a line", async () => {
    const x = ramp(LONG, 1 << 16);
    const thirds = x.at(x.remainder(3).equal(0));
    const count = Math.ceil(LONG / 3);
    expect(await computed(thirds.sum())).toEqual([3 * triangle(count)]);
    const known = await thirds.measure(OPTIONS);
    expect(known.shape).toEqual([count]);
    expect(await computed(known.sum())).toEqual([3 * triangle(count)]);
    const last = [3 * (count - 2), 3 * (count - 1)];
    expect(await computed(known.at(cw.slice(-2, null)))).toEqual(last);
  });

  it("of rows, whose running totals are taken then", async () => {
    const { x } = square((i) => i);
    const odd = await x.at(x.max({ axis: 1 }).remainder(2).equal(1)).measure(OPTIONS);
    expect(odd.shape).toEqual([SIDE / 2, SIDE]);
    expect(await computed(odd.cumulativeSum({ axis: 0 }).max())).toEqual([(SIDE / 2) ** 2]);
  });

  it("of single elements, without making them", async () => {
    const { x, reads } = square((i, j) => (i - j) % 5);
    expect(await computed(x.at(x.greater(3)).mean())).toEqual([4]);
    expect(reads.chunks).toBeLessThanOrEqual(2 * 64);
  });
});

it("matrix products", async () => {
  const { x, reads } = square((i) => i % 3);
  const narrow = cw
    .arange(40)
    .add(cw.zeros([SIDE, 1]))
    .astype("float32");
  const product = x.matmul(narrow);
  const rows = (await computed(product)).slice(40, 45);
  expect(rows).toEqual([0, 1, 2, 3, 4].map((j) => SIDE * j));
  expect(reads.chunks).toBe(64);
});
