import { describe, expect, it } from "vitest";
import { random } from "../support.js";
import { byKernel, differences, type Form, floats, largestError } from "./accuracy.js";

const FORMS: readonly Form[] = ["float64", "float32"];
const NAMES = ["exp", "expm1", "sinh", "cosh", "tanh"] as const;
const { NaN: none, POSITIVE_INFINITY: inf } = Number;

/** An argument, then exp, expm1, sinh, cosh and tanh of it. */
const SPECIAL: readonly (readonly number[])[] = [
  [none, none, none, none, none, none],
  [0, 1, 0, 0, 1, 0],
  [-0, 1, -0, -0, 1, -0],
  [inf, inf, inf, inf, inf, 1],
  [-inf, 0, -1, -inf, inf, -1],
  [800, inf, inf, inf, inf, 1],
  [-800, 0, -1, -inf, inf, -1],
  [2 ** -149, 1, 2 ** -149, 2 ** -149, 1, 2 ** -149],
  [-(2 ** -149), 1, -(2 ** -149), -(2 ** -149), 1, -(2 ** -149)],
];

/** In float64, the last arguments before what is 0 or infinite, and the first beyond. */
const ENDS = [
  ["exp", 709.782712893384, 709.7827128933841, inf],
  ["exp", -745.1332191019411, -745.1332191019412, 0],
  ["expm1", 709.782712893384, 709.7827128933841, inf],
  ["sinh", 710.4758600739439, 710.475860073944, inf],
  ["sinh", -710.4758600739439, -710.475860073944, -inf],
  ["cosh", 710.4758600739439, 710.475860073944, inf],
] as const;

function mixed(form: Form, seed: number): Float64Array | Float32Array {
  const next = random(seed);
  const values = Array.from({ length: 3000 }, (_, i) => {
    const x = (next() - 0.5) * 2;
    if (i % 4 === 0) return x;
    if (i % 4 === 1) return x * 40;
    if (i % 4 === 2) return x * (form === "float64" ? 760 : 110);
    return x * 2 ** Math.round((next() - 0.5) * (form === "float64" ? 2090 : 290));
  });
  return floats(form, [...values, ...SPECIAL.map((each) => each[0] as number)]);
}

describe.each(FORMS)("on %s", (form) => {
  it.each([
    ["exp", 0.76],
    ["expm1", 0.66],
    ["sinh", 0.79],
    ["cosh", 0.83],
    ["tanh", 0.56],
  ] as const)("%s is as near to the truth as was measured", (fn, float64) => {
    expect(largestError(fn, form)).toBeLessThan(form === "float64" ? float64 : 0.501);
  });

  it.each(NAMES.map((fn, i) => [fn, i + 1] as const))("%s of special numbers", (fn, column) => {
    const at = (n: number): Float64Array | Float32Array =>
      floats(
        form,
        SPECIAL.map((each) => each[n] as number),
      );
    expect([...byKernel(fn, form, at(0))]).toEqual([...at(column)]);
  });

  it.each(NAMES)("%s has the same bits in kernels and the reference", (fn) => {
    expect(differences(fn, form, mixed(form, 1))).toEqual([]);
  });

  it.each(["sinh", "tanh"] as const)("%s is odd", (fn) => {
    const x = mixed(form, 2);
    const minus = byKernel(
      fn,
      form,
      x.map((v) => -v),
    ).map((v) => -v);
    expect(minus).toEqual(byKernel(fn, form, x));
  });

  it("cosh is even", () => {
    const x = mixed(form, 3);
    const minus = x.map((v) => -v);
    expect(byKernel("cosh", form, minus)).toEqual(byKernel("cosh", form, x));
  });

  it.each(["exp", "expm1", "sinh", "tanh"] as const)(
    "%s does not fall where r starts anew",
    (fn) => {
      // Neighbours are further apart than the error is large.
      const step = form === "float64" ? 2 ** -48 : 2 ** -19;
      const around = Array.from({ length: 40 }, (_, k) => (k - 20 + 0.5) * (Math.LN2 / 2));
      const x = around.flatMap((at) => [-2, -1, 0, 1, 2].map((i) => at + i * step * Math.abs(at)));
      const y = byKernel(fn, form, floats(form, x));
      for (let i = 1; i < y.length; i++) expect(y[i]).toBeGreaterThanOrEqual(y[i - 1] as number);
    },
  );
});

it.each(ENDS)("%s ends at %d", (fn, last, first, beyond) => {
  const [inside, outside] = byKernel(fn, "float64", floats("float64", [last, first]));
  expect(Number.isFinite(inside) && inside !== 0).toBe(true);
  expect(outside).toBe(beyond);
});

it("exp(1) is e", () => {
  expect([...byKernel("exp", "float64", floats("float64", [1, 1]))]).toEqual([Math.E, Math.E]);
});
