import { describe, expect, it } from "vitest";
import { random } from "../support.js";
import { byKernel, differences, type Form, floats, largestError } from "./accuracy.js";

const FORMS: readonly Form[] = ["float64", "float32"];
const LOGARITHMS = ["log", "log2", "log10"] as const;
const INVERSE = ["asinh", "acosh", "atanh"] as const;
const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const ends = (form: Form): readonly [least: number, normal: number, most: number] =>
  form === "float64"
    ? [2 ** -1074, 2 ** -1022, Number.MAX_VALUE]
    : [2 ** -149, 2 ** -126, Math.fround(3.4028234663852886e38)];

/** Random arguments of every size, and those that have cases of their own. */
function mixed(form: Form, seed: number): Float64Array | Float32Array {
  const next = random(seed);
  const values = Array.from({ length: 4000 }, (_, i) => {
    const x = (next() - 0.5) * 2;
    if (i % 4 === 0) return x;
    if (i % 4 === 1) return x * 4;
    if (i % 4 === 2) return Math.sign(x) + x ** 9;
    return x * 2 ** Math.round((next() - 0.5) * (form === "float64" ? 2090 : 290));
  });
  const specials = [0, 1, 0.5, 0.75, 1.25, 1.5, 2, Math.SQRT2, Math.SQRT1_2, inf, ...ends(form)];
  return floats(form, [...values, ...specials, ...specials.map((x) => -x), nan]);
}

describe.each(FORMS)("on %s", (form) => {
  const [least, normal, most] = ends(form);

  it.each([
    ["log", 0.77, 0.501],
    ["log1p", 0.77, 0.501],
    ["log2", 0.74, 0.501],
    ["log10", 0.75, 0.501],
    ["asinh", 1.52, 0.501],
    ["acosh", 1.62, 0.501],
    ["atanh", 1.36, 0.501],
  ] as const)("%s is as near to the truth as was measured", (fn, float64, float32) => {
    expect(largestError(fn, form)).toBeLessThan(form === "float64" ? float64 : float32);
  });

  it.each([...LOGARITHMS, "log1p", ...INVERSE] as const)(
    "%s has the same bits in kernels and the reference",
    (fn) => {
      expect(differences(fn, form, mixed(form, 1))).toEqual([]);
    },
  );

  it("hypot has the same bits in kernels and the reference", () => {
    expect(differences("hypot", form, mixed(form, 2), mixed(form, 3).reverse())).toEqual([]);
    expect(differences("hypot", form, mixed(form, 4), mixed(form, 4).reverse())).toEqual([]);
  });

  it.each(["asinh", "atanh"] as const)("%s is odd", (fn) => {
    const x = mixed(form, 5);
    const negated = x.map((v) => -v);
    expect(byKernel(fn, form, negated).map((v) => -v)).toEqual(byKernel(fn, form, x));
  });

  it("hypot is even in both and symmetric", () => {
    const [x, y] = [mixed(form, 6), mixed(form, 7).reverse()];
    const expected = byKernel("hypot", form, x, y);
    const minus = (values: typeof x) => values.map((v) => -v);
    expect(byKernel("hypot", form, y, x)).toEqual(expected);
    expect(byKernel("hypot", form, minus(x), y)).toEqual(expected);
    expect(byKernel("hypot", form, x, minus(y))).toEqual(expected);
  });

  it.each(LOGARITHMS)("%s of what has no logarithm", (fn) => {
    const x = [0, -0, -1, -least, -normal, -most, -inf, inf, nan, 1];
    const expected = [-inf, -inf, nan, nan, nan, nan, nan, inf, nan, 0];
    expect(byKernel(fn, form, floats(form, x))).toEqual(floats(form, expected));
  });

  it.each([
    ["log1p", [0, -0, -1, -1.5, -inf, inf, nan], [0, -0, -inf, nan, nan, inf, nan]],
    ["asinh", [0, -0, inf, -inf, nan], [0, -0, inf, -inf, nan]],
    [
      "acosh",
      [1, 0.75, 0, -0, -1, -2, -inf, inf, nan],
      [0, nan, nan, nan, nan, nan, nan, inf, nan],
    ],
    [
      "atanh",
      [0, -0, 1, -1, 1.5, -1.5, 3, inf, -inf, nan],
      [0, -0, inf, -inf, nan, nan, nan, nan, nan, nan],
    ],
  ] as const)("%s of %j", (fn, x, expected) => {
    expect(byKernel(fn, form, floats(form, x))).toEqual(floats(form, expected));
  });

  it.each(["log1p", "asinh", "atanh"] as const)("%s of small numbers is they themselves", (fn) => {
    const x = floats(form, [least, 3 * least, -5 * least, normal - least, -normal, 2 ** -100]);
    expect(byKernel(fn, form, x)).toEqual(x);
  });

  it("acosh and atanh are nowhere finite beyond their ends", () => {
    const beyond = floats(form, [most, 2 ** 100, 1e10, 5, 1 + 2 ** -20]);
    expect([...byKernel("atanh", form, beyond)]).toEqual([nan, nan, nan, nan, nan]);
    const negative = beyond.map((v) => -v);
    expect([...byKernel("acosh", form, negative)]).toEqual([nan, nan, nan, nan, nan]);
  });

  it("powers have exact logarithms", () => {
    const [first, last] = form === "float64" ? [-1074, 1023] : [-149, 127];
    const twos = Array.from({ length: last - first + 1 }, (_, i) => first + i);
    const powers = floats(
      form,
      twos.map((n) => 2 ** n),
    );
    expect(byKernel("log2", form, powers)).toEqual(floats(form, twos));
    const tens = Array.from({ length: form === "float64" ? 23 : 11 }, (_, n) => n);
    const powersOfTen = floats(
      form,
      tens.map((n) => Number(`1e${n}`)),
    );
    expect(byKernel("log10", form, powersOfTen)).toEqual(floats(form, tens));
  });

  it("extreme arguments give ordinary values", () => {
    const x = floats(form, [least, most]);
    const expected = (fn: (x: number) => number) => floats(form, [...x].map(fn));
    expect(byKernel("log", form, x)).toEqual(expected(Math.log));
    expect(byKernel("log1p", form, floats(form, [most]))).toEqual(floats(form, [Math.log(most)]));
    const twice = Math.log(most) + Math.LN2;
    for (const fn of ["asinh", "acosh"] as const) {
      const [y] = byKernel(fn, form, floats(form, [most]));
      expect(Math.abs((y as number) / twice - 1)).toBeLessThan(form === "float64" ? 3e-16 : 1e-7);
    }
  });

  it("hypot has the special cases of C99 and neither overflows nor underflows", () => {
    const cases = [
      [inf, nan, inf],
      [nan, -inf, inf],
      [-inf, inf, inf],
      [inf, 0, inf],
      [nan, 0, nan],
      [1, nan, nan],
      [nan, nan, nan],
      [0, -0, 0],
      [-0, -0, 0],
      [-0, 3, 3],
      [least, 0, least],
      [3 * least, 4 * least, 5 * least],
      [least, least, least],
      [normal, least, normal],
      [3 * normal, 4 * normal, 5 * normal],
      [most, 0, most],
      [most, least, most],
      [most, most, inf],
      [most / 8, most / 16, (most / 16) * Math.sqrt(5)],
      [3, 4, 5],
      [5, -12, 13],
    ];
    const column = (k: number) =>
      floats(
        form,
        cases.map((each) => each[k] as number),
      );
    expect(byKernel("hypot", form, column(0), column(1))).toEqual(column(2));
  });

  it.each([
    ["log", [Math.SQRT1_2, 1, Math.SQRT2, 2]],
    ["log2", [Math.SQRT1_2, 1, Math.SQRT2, 2]],
    ["log10", [Math.SQRT1_2, 1, Math.SQRT2, 10]],
    ["log1p", [-0.25, -0.625, 0.5, 2]],
    ["asinh", [0.75, 1.2374368670764582, -0.75]],
    ["acosh", [1.25, 1.590990257669732]],
    ["atanh", [1 / 3, 0.6, -1 / 3]],
  ] as const)("%s is monotone around its breakpoints", (fn, points) => {
    const epsilon = form === "float64" ? 2 ** -52 : 2 ** -23;
    for (const point of points) {
      // Steps of several units: errors below one unit may undo a step of one.
      const x = Array.from({ length: 201 }, (_, i) => point + (i - 100) * 16 * epsilon);
      const y = byKernel(fn, form, floats(form, x));
      for (let i = 1; i < y.length; i++) expect(y[i]).toBeGreaterThanOrEqual(y[i - 1] as number);
    }
  });
});
