import { expect, it } from "vitest";
import {
  CIRCLE,
  LN2,
  LOG10_2,
  LOGARITHMS,
  OTHER_LOGARITHMS,
  POWERS,
  TABLE_BYTES,
  TANGENTS,
} from "../../../dist/kernels/formulas/tables.js";
import { byKernel, floats } from "./accuracy.js";

/** Rows of a table of `columns` floats. */
const rowsOf = (rows: Float64Array, columns: number): number[][] =>
  Array.from({ length: rows.length / columns }, (_, i) => [
    ...rows.subarray(columns * i, columns * (i + 1)),
  ]);
const UNIT = 2 ** -52;
/** Nearer than a few units in the last place of 1 or, if that is more, of the value. */
const near = (a: number, b: number): void =>
  expect(Math.abs(a - b)).toBeLessThanOrEqual(4 * UNIT * Math.max(1, Math.abs(b)));

it("tables lie one after the other", () => {
  let at = 0;
  for (const table of [POWERS, LOGARITHMS, OTHER_LOGARITHMS, TANGENTS, CIRCLE]) {
    expect(table.at).toBe(at);
    expect(at % 64).toBe(0);
    at += table.rows.byteLength;
  }
  expect(TABLE_BYTES).toBe(at);
});

it("powers of two lack little", () => {
  rowsOf(POWERS.rows, 2).forEach(([rest = 0, power = 0], j) => {
    near(power, 2 ** (j / 64));
    expect(Math.abs(rest)).toBeLessThanOrEqual(2 ** -53);
  });
});

it("first parts of logarithms are so short that their sums are exact", () => {
  const { LN2: two, LN10: ten } = Math;
  const others = rowsOf(OTHER_LOGARITHMS.rows, 4);
  rowsOf(LOGARITHMS.rows, 4).forEach(([c = 0, inverse = 0, high = 0, low = 0], j) => {
    near(c * inverse, 1);
    near(high + low, -Math.log(c));
    const [high2 = 0, low2 = 0, high10 = 0, low10 = 0] = others[j] as number[];
    near(high2 + low2, Math.log(c) / two);
    near(high10 + low10, Math.log(c) / ten);
    for (const part of [high, high2, high10, LN2[0], LOG10_2[0]])
      expect(part * 2 ** 42).toBe(Math.round(part * 2 ** 42));
    for (const part of [low, low2, low10]) expect(Math.abs(part)).toBeLessThanOrEqual(2 ** -43);
  });
});

it("tangents have the slopes of their places", () => {
  for (const [c = 0, slope = 0, high = 0, low = 0] of rowsOf(TANGENTS.rows, 4)) {
    near(high, Math.tanh(c));
    expect(slope * Math.cosh(c) ** 2).toBeCloseTo(1, 12);
    expect(Math.abs(low)).toBeLessThanOrEqual(2 ** -54);
  }
});

it("the circle is symmetric", () => {
  const rows = rowsOf(CIRCLE.rows, 4);
  rows.forEach(([sine = 0, low = 0, cosine = 0, beyond = 0], j) => {
    near(sine, Math.sin((j * Math.PI) / 64));
    near(cosine, Math.cos((j * Math.PI) / 64));
    near(beyond, cosine < 0 ? cosine + 1 : cosine - 1);
    const [other = 0, otherLow = 0, ...more] = rows[(128 - j) % 128] as number[];
    expect(other + 0).toBe(0 - sine);
    expect(otherLow + 0).toBe(0 - low);
    expect(more).toEqual([cosine, beyond]);
  });
  expect(rows[0]).toEqual([-0, 0, 1, 0]);
});

/** Where one formula takes over from another, the last argument of the one and the first of the other. */
it.each([
  ["sin", 2 ** 13, 2 ** 13 * (1 + UNIT)],
  ["cos", 2 ** 13, 2 ** 13 * (1 + UNIT)],
  ["log", 2 ** -1022 * (1 - UNIT), 2 ** -1022],
  ["log2", 2 ** -1022 * (1 - UNIT), 2 ** -1022],
  ["log10", 2 ** -1022 * (1 - UNIT), 2 ** -1022],
  ["log1p", 2 ** -30 - 1 - UNIT / 2, 2 ** -30 - 1],
  ["log1p", 2 ** 1023 * (1 - UNIT), 2 ** 1023],
  ["expm1", 700, 700 * (1 + UNIT)],
  ["sinh", 0.9 * (1 - UNIT), 0.9],
  ["tanh", 0.125 * (1 - UNIT), 0.125],
  ["tanh", 20, 20 * (1 + UNIT)],
] as const)("%s is the same function on both sides of %d", (fn, last, first) => {
  // Each beside ordinary arguments, and both in one vector.
  const x = floats("float64", [last, 3, 3, first, last, first]);
  const y = byKernel(fn, "float64", x);
  y.forEach((value, i) => {
    const expected = Math[fn](x[i] as number);
    expect(Math.abs(value / expected - 1)).toBeLessThan(8 * UNIT);
  });
  expect([y[4], y[5]]).toEqual([y[0], y[3]]);
});
