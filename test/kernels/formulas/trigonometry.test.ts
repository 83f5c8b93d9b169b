import { describe, expect, it } from "vitest";
import { random } from "../support.js";
import { byKernel, differences, type Form, floats, largestError } from "./accuracy.js";

const FORMS: readonly Form[] = ["float64", "float32"];
const CIRCULAR = ["sin", "cos", "tan"] as const;
const INVERSE = ["asin", "acos", "atan"] as const;
const { PI } = Math;

/** Random arguments of every size, and those that have cases of their own. */
function mixed(form: Form, seed: number): Float64Array | Float32Array {
  const next = random(seed);
  const values = Array.from({ length: 3000 }, (_, i) => {
    const x = (next() - 0.5) * 2;
    if (i % 4 === 0) return x;
    if (i % 4 === 1) return x * 30;
    if (i % 4 === 2) return (Math.round(x * 1e5) * PI) / 4;
    return x * 2 ** Math.round((next() - 0.5) * (form === "float64" ? 2090 : 290));
  });
  const specials = [0, 1, 0.5, Infinity, 5e-324, 2 ** -1022, 2 ** -149, 2 ** 20, 1e300];
  return floats(form, [...values, ...specials, ...specials.map((x) => -x), Number.NaN]);
}

describe.each(FORMS)("on %s", (form) => {
  it.each([
    ["sin", 0.76, 0.51],
    ["cos", 0.76, 0.51],
    ["tan", 0.96, 0.51],
    ["asin", 0.8, 0.51],
    ["acos", 0.8, 0.51],
    ["atan", 0.8, 0.51],
    ["atan2", 1.25, 0.51],
  ] as const)("%s is as near to the truth as was measured", (fn, float64, float32) => {
    expect(largestError(fn, form)).toBeLessThan(form === "float64" ? float64 : float32);
  });

  it.each([...CIRCULAR, ...INVERSE])("%s has the same bits in kernels and the reference", (fn) => {
    expect(differences(fn, form, mixed(form, 1))).toEqual([]);
  });

  it("atan2 has the same bits in kernels and the reference", () => {
    expect(differences("atan2", form, mixed(form, 2), mixed(form, 3).reverse())).toEqual([]);
  });

  it.each(["sin", "tan", "asin", "atan"] as const)("%s is odd", (fn) => {
    const x = mixed(form, 4);
    const minus = byKernel(
      fn,
      form,
      x.map((v) => -v),
    ).map((v) => -v);
    expect(minus).toEqual(byKernel(fn, form, x));
  });

  it("cos is even", () => {
    const x = mixed(form, 5);
    expect(
      byKernel(
        "cos",
        form,
        x.map((v) => -v),
      ),
    ).toEqual(byKernel("cos", form, x));
  });

  it.each([
    ["sin", [0, -0, Infinity, -Infinity, Number.NaN], [0, -0, Number.NaN, Number.NaN, Number.NaN]],
    ["cos", [0, -0, Infinity, -Infinity, Number.NaN], [1, 1, Number.NaN, Number.NaN, Number.NaN]],
    ["tan", [0, -0, Infinity, -Infinity, Number.NaN], [0, -0, Number.NaN, Number.NaN, Number.NaN]],
    ["sin", [2 ** -149, -(2 ** -140)], [2 ** -149, -(2 ** -140)]],
    ["tan", [2 ** -149, -(2 ** -140)], [2 ** -149, -(2 ** -140)]],
    ["asin", [0, -0, 1, -1, 2 ** -149], [0, -0, PI / 2, -PI / 2, 2 ** -149]],
    ["acos", [1, -1, 0, -0], [0, PI, PI / 2, PI / 2]],
    ["acos", [1.5, -1.5, Infinity, Number.NaN], new Array(4).fill(Number.NaN)],
    ["asin", [1.5, -1.5, -Infinity, Number.NaN], new Array(4).fill(Number.NaN)],
    ["atan", [0, -0, 1, -1, 2 ** -149], [0, -0, PI / 4, -PI / 4, 2 ** -149]],
    ["atan", [Infinity, -Infinity, Number.NaN], [PI / 2, -PI / 2, Number.NaN]],
  ] as const)("%s of %j", (fn, x, expected) => {
    expect(byKernel(fn, form, floats(form, x))).toEqual(floats(form, expected));
  });

  it("atan2 has the special cases of C99", () => {
    const n = Number.NaN;
    const cases = [
      [0, 0, 0],
      [-0, 0, -0],
      [0, -0, PI],
      [-0, -0, -PI],
      [0, 3, 0],
      [-0, 3, -0],
      [0, -3, PI],
      [-0, -3, -PI],
      [2, 0, PI / 2],
      [2, -0, PI / 2],
      [-2, 0, -PI / 2],
      [2 ** -149, 0, PI / 2],
      [-(2 ** -149), -0, -PI / 2],
      [1, 1, PI / 4],
      [1, -1, (3 * PI) / 4],
      [-1, -1, (-3 * PI) / 4],
      [3, Infinity, 0],
      [-3, Infinity, -0],
      [3, -Infinity, PI],
      [-3, -Infinity, -PI],
      [2 ** 127, Infinity, 0],
      [Infinity, 2 ** 127, PI / 2],
      [-Infinity, -7, -PI / 2],
      [Infinity, Infinity, PI / 4],
      [Infinity, -Infinity, (3 * PI) / 4],
      [-Infinity, Infinity, -PI / 4],
      [-Infinity, -Infinity, (-3 * PI) / 4],
      [n, 1, n],
      [1, n, n],
      [n, Infinity, n],
      [0, n, n],
      [n, 0, n],
    ];
    const column = (k: number) =>
      floats(
        form,
        cases.map((each) => each[k] as number),
      );
    expect(byKernel("atan2", form, column(0), column(1))).toEqual(column(2));
  });

  it.each([
    ["sin", -PI / 2, PI / 2, [PI / 4, PI / 6]],
    ["tan", -PI / 2, PI / 2, [PI / 4]],
    ["asin", -1, 1, [0.5]],
    ["acos", 1, -1, [0.5]],
    ["atan", -5, 5, [Math.SQRT2 - 1, Math.SQRT2 + 1, 1]],
  ] as const)("%s is monotone around its breakpoints", (fn, from, to, points) => {
    const direction = Math.sign(to - from);
    const ulp = form === "float64" ? 2 ** -52 : 2 ** -23;
    for (const point of [...points, ...points.map((p) => -p)]) {
      // Steps of several units: errors below one unit may undo a step of one.
      const x = floats(
        form,
        Array.from({ length: 201 }, (_, i) => point + direction * (i - 100) * 4 * ulp * 4),
      );
      const y = byKernel(fn, form, x);
      for (let i = 1; i < y.length; i++) expect(y[i]).toBeGreaterThanOrEqual(y[i - 1] as number);
    }
  });
});

it("angles of any size are reduced exactly", () => {
  // 6381956970095103 * 2^797 is the double nearest to a multiple of pi/2; values by mpmath.
  const hard = 6381956970095103 * 2 ** 797;
  const x = Float64Array.of(hard, -hard, 1e300, 2 ** 1023, Math.PI, 1e5 * Math.PI);
  expect([...byKernel("cos", "float64", x)].slice(0, 2)).toEqual([
    -4.687165924254628e-19, -4.687165924254628e-19,
  ]);
  expect([...byKernel("sin", "float64", x)]).toEqual([
    1, -1, -0.8178819121159085, 0.563127779850884, 1.2246467991473532e-16, -3.3960653996302193e-11,
  ]);
});
