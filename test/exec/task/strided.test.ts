/** Strided reads leave chunks out that nobody looks at, but not where another operand looks at them. */
import { expect, test } from "vitest";
import * as cw from "../../../dist/index.js";

const values = Float64Array.from({ length: 120 }, (_, i) => i * i);

function counted(): { x: cw.LazyArray<"float64">; reads: number[] } {
  const reads: number[] = [];
  const x = cw.fromSource({
    shape: [120],
    dtype: "float64",
    chunks: [4],
    readInto: ([part = { start: 0, stop: 0 }], { data, offset, stride: [step = 1] }) => {
      for (let c = Math.floor(part.start / 4); 4 * c < part.stop; c++) reads.push(c);
      for (let i = part.start; i < part.stop; i++) {
        data[offset + (i - part.start) * step] = values[i] as number;
      }
    },
  });
  return { x, reads };
}

test("only the chunks that hold a position are read", async () => {
  const { x, reads } = counted();
  const every = await x.at(cw.slice(1, null, 13)).compute();
  expect([...every.data]).toEqual([...values].filter((_, i) => i % 13 === 1));
  const held = new Set(
    [...values.keys()].filter((i) => i % 13 === 1).map((i) => Math.floor(i / 4)),
  );
  expect(new Set(reads)).toEqual(held);
  expect(reads.length).toBe(held.size);
});

test("backwards as well", async () => {
  const { x, reads } = counted();
  const every = await x.at(cw.slice(-2, null, -17)).compute();
  const want: number[] = [];
  for (let i = 118; i >= 0; i -= 17) want.push(values[i] as number);
  expect([...every.data]).toEqual(want);
  expect(reads.length).toBe(want.length);
});

test("two operands that look at one region with different steps both see it", async () => {
  const { x } = counted();
  // Positions 0, 9 and 0 to 9: one hull.
  const far = x.at(cw.slice(0, 10, 9)).sum();
  const near = x.at(cw.slice(0, 10)).sum();
  expect((await far.add(near).compute()).item()).toBe(81 + 285);
  const a = x.at(cw.slice(0, 55, 18));
  const b = x.at(cw.slice(0, 55, 6)).at(cw.slice(0, 4));
  const both = await a.add(b).compute();
  expect([...both.data]).toEqual([0, 1, 2, 3].map((k) => (18 * k) ** 2 + (6 * k) ** 2));
});
