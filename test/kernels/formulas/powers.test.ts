import { describe, expect, it } from "vitest";
import type { ScalarFunction } from "../../../dist/ir/scalar.js";
import { random } from "../support.js";
import { byKernel, differences, type Form, floats, largestError } from "./accuracy.js";

const FORMS: readonly Form[] = ["float64", "float32"];
const { NaN: none, POSITIVE_INFINITY: inf } = Number;

/** Arguments, then the value; of C99's Annex F. */
const POWERS: readonly (readonly [number, number, number])[] = [
  [1, none, 1],
  [none, 0, 1],
  [none, -0, 1],
  [none, 1, none],
  [2, none, none],
  [-1, inf, 1],
  [-1, -inf, 1],
  [0.5, inf, 0],
  [0.5, -inf, inf],
  [-2, inf, inf],
  [2, -inf, 0],
  [0, -1, inf],
  [-0, -1, -inf],
  [-0, -3, -inf],
  [-0, -2, inf],
  [-0, 3, -0],
  [-0, 2, 0],
  [0, 0.5, 0],
  [-inf, 3, -inf],
  [-inf, -3, -0],
  [-inf, 2.5, inf],
  [-inf, -2, 0],
  [inf, -1, 0],
  [inf, 0.5, inf],
  [-2, 3, -8],
  [-2, 2, 4],
  [-2, 0.5, none],
  [-8, 1 / 3, none],
  [10, 2, 100],
  [4, 0.5, 2],
  [3, 1, 3],
  [2, 1024, inf],
  [2, -1100, 0],
  [2, -140, 2 ** -140],
];
const LENGTHS: readonly (readonly [number, number, number])[] = [
  [3, 4, 5],
  [-3, 4, 5],
  [0, -0, 0],
  [0, -7, 7],
  [inf, none, inf],
  [none, -inf, inf],
  [none, 1, none],
  [0, none, none],
];
const SUMS: readonly (readonly [number, number, number])[] = [
  [inf, inf, inf],
  [-inf, -inf, -inf],
  [inf, -inf, inf],
  [-inf, 3, 3],
  [none, 1, none],
  [inf, none, none],
  [1000, 0, 1000],
];

describe.each(FORMS)("on %s", (form) => {
  it.each([
    ["pow", 0.87, 0.51],
    ["hypot", 0.85, 0.51],
    // The larger argument and the logarithm cancel where the sum is near zero.
    ["logaddexp", 0.6, 0.51],
  ] as const)("%s is as near to the truth as was measured", (fn, float64, float32) => {
    expect(largestError(fn, form)).toBeLessThan(form === "float64" ? float64 : float32);
  });

  it.each([
    ["pow", POWERS],
    ["hypot", LENGTHS],
    ["logaddexp", SUMS],
  ] as const)("%s of special numbers", (fn, cases) => {
    const column = (n: number): Float64Array | Float32Array =>
      floats(
        form,
        cases.map((each) => each[n] as number),
      );
    expect([...byKernel(fn, form, column(0), column(1))]).toEqual([...column(2)]);
  });

  it.each(["pow", "hypot", "logaddexp"] as const)("%s has the reference's bits", (fn) => {
    const next = random(7);
    const any = (): number => {
      const x = (next() - 0.5) * 2;
      const kind = Math.floor(next() * 4);
      if (kind === 0) return x * 10;
      if (kind === 1) return Math.round(x * 10);
      if (kind === 2)
        return [0, -0, 1, -1, inf, -inf, none, 5e-324, 2 ** -149][Math.floor(next() * 9)] as number;
      return x * 2 ** Math.round((next() - 0.5) * (form === "float64" ? 2090 : 290));
    };
    const column = (): Float64Array | Float32Array =>
      floats(form, Array.from({ length: 3000 }, any));
    expect(differences(fn as ScalarFunction, form, column(), column())).toEqual([]);
  });
});

it.each(FORMS)("squares on %s are products", (form) => {
  const next = random(8);
  const x = floats(
    form,
    Array.from({ length: 2000 }, () => (next() - 0.5) * 2 ** Math.round(next() * 100)),
  );
  expect(byKernel("pow", form, x, floats(form, x).fill(2))).toEqual(x.map((v) => v * v));
});

it("logaddexp takes the whole distance where the larger argument is next to nothing", () => {
  const larger = floats("float64", [4.092291955167101e-15, 0, 0, 1e-290]);
  const smaller = floats("float64", [-32.4214256508842, -745, -800, -709]);
  const sums = byKernel("logaddexp", "float64", larger, smaller);
  expect([...sums]).toEqual([1.2401387337580785e-14, 5e-324, 0, 1e-290]);
});
