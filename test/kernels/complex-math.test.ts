/** Complex functions: symmetries that hold bit for bit everywhere, identities that hold to a few units. */
import { describe, expect, it } from "vitest";
import type { ScalarFunction } from "../../dist/ir/scalar.js";
import {
  COMPLEX_BINARY,
  COMPLEX_PARTS,
  COMPLEX_UNARY,
  type ComplexBinary,
  type ComplexUnary,
  type Pair,
} from "../../dist/kernels/complex-math.js";
import { type ComplexFunction, complexFunction } from "../../dist/kernels/reference/complex.js";
import { bits, random } from "./support.js";

const PARTS = [0, 1, 0.5, 2, 40, 1e-200, 5e-324, 750, 1e160, 1.7e308, Infinity, Number.NaN];
const SIGNED = [...PARTS, ...PARTS.filter((x) => !Number.isNaN(x)).map((x) => -x)];
const GRID = SIGNED.flatMap((a) => SIGNED.map((b): Pair => [a, b]));
const f = (name: string): ComplexUnary => COMPLEX_UNARY[name] as ComplexUnary;
const text = (z: Pair): string => z.map(bits).join();

describe("symmetries", () => {
  for (const name of Object.keys(COMPLEX_UNARY))
    it(`${name}(conj z) is conj ${name}(z)`, () => {
      for (const [a, b] of GRID) {
        // The sign of a NaN does not exist, and the standard gives 0 + 0j for every zero.
        if (Number.isNaN(b) || (name === "sign" && a === 0 && b === 0)) continue;
        const [re, im] = f(name)(a, b);
        expect(text(f(name)(a, -b)), `${a}, ${b}`).toBe(text([re, -im]));
      }
    });
  for (const name of ["sin", "tan", "sinh", "tanh", "asin", "atan", "asinh", "atanh"])
    it(`${name} is odd`, () => {
      for (const [a, b] of GRID) {
        if (Number.isNaN(a) || Number.isNaN(b)) continue;
        const [re, im] = f(name)(a, b);
        expect(text(f(name)(-a, -b)), `${a}, ${b}`).toBe(text([-re, -im]));
      }
    });
});

describe("identities", () => {
  const rand = random(5);
  const some = Array.from({ length: 300 }, (): Pair => [(rand() - 0.5) * 3, (rand() - 0.5) * 3]);
  const near = ([a, b]: Pair, [c, d]: Pair, units: number): void => {
    const bound = units * 2 ** -52 * Math.hypot(c, d);
    expect(Math.abs(a - c), `${a}, ${b} is not ${c}, ${d}`).toBeLessThanOrEqual(bound);
    expect(Math.abs(b - d), `${a}, ${b} is not ${c}, ${d}`).toBeLessThanOrEqual(bound);
  };
  const divide = COMPLEX_BINARY["divide"] as ComplexBinary;
  const pow = COMPLEX_BINARY["pow"] as ComplexBinary;

  it.each([
    ["exp", "log"],
    ["sin", "asin"],
    ["cos", "acos"],
    ["tan", "atan"],
    ["sinh", "asinh"],
    ["cosh", "acosh"],
    ["tanh", "atanh"],
    ["expm1", "log1p"],
  ])("%s undoes %s", (outer, inner) => {
    for (const z of some) {
      const w = f(inner)(...z);
      // What rounding w by half a unit does to the result, and the functions' own few units.
      const size = Math.hypot(...w) * Math.max(1, 1 / Math.hypot(...z)) + 1;
      near(f(outer)(...w), z, 8 * size * Math.max(1, Math.hypot(...z)));
    }
  });
  it("sqrt squared", () => {
    for (const z of some) {
      const [a, b] = f("sqrt")(...z);
      expect(a).toBeGreaterThanOrEqual(0);
      near([a * a - b * b, 2 * a * b], z, 4);
    }
  });
  it("quotients times their divisors", () => {
    some.forEach((z, i) => {
      const w = some[(i + 7) % some.length] as Pair;
      const [a, b] = divide(...z, ...w);
      near([a * w[0] - b * w[1], a * w[1] + b * w[0]], z, 8);
      near(divide(1, 0, ...w), f("reciprocal")(...w), 4);
    });
  });
  it("divides where squares overflow, vanish or both", () => {
    near(divide(1e308, 1e308, 1e308, -1e308), [0, 1], 4);
    near(divide(1e-308, 2e-308, 3e-308, 1e-308), [0.5, 0.5], 8);
    near(divide(1e300, 1e-300, 1e-5, 1e-305), [1e305, 0], 4);
    near(divide(4e-320, 0, 2e-320, 0), [2, 0], 4);
  });
  it("logarithms near the unit circle keep their real part", () => {
    // |3/5 + 4/5 i| is 1 but for the rounding of the parts: log |z| = (|z|^2 - 1) / 2 exactly enough.
    const [a, b] = [0.6, 0.8];
    const exact = (x: number): bigint => BigInt(x * 2 ** 54);
    const excess = Number(exact(a) ** 2n + exact(b) ** 2n - 2n ** 108n) / 2 ** 108;
    expect(excess).not.toBe(0);
    expect(f("log")(a, b)[0]).toBeCloseTo(excess / 2, 30);
    expect(f("log1p")(a - 1, b)[0] / f("log")(1 + (a - 1), b)[0]).toBeCloseTo(1, 12);
  });
  it("whole powers of whole numbers are exact", () => {
    expect(pow(1, 2, 3, 0)).toEqual([-11, -2]);
    expect(pow(2, -1, 7, 0)).toEqual([-278, 29]);
    expect(pow(0, 1, -2, 0)[0]).toBe(-1);
    near(pow(1.5, 0.5, 0.5, -2), f("exp")(...timesLog(1.5, 0.5, 0.5, -2)), 16);
    expect(pow(0, 0, 1, 1)).toEqual([0, 0]);
    expect(pow(0, 0, -1, 0)).toEqual([Number.NaN, Number.NaN]);
    expect(pow(Number.NaN, 0, 0, 0)).toEqual([1, 0]);
  });
  it.each(Object.keys(COMPLEX_UNARY))("the formula of %s is near its definition", (name) => {
    const formula = complexFunction(name as ScalarFunction, "complex128") as ComplexFunction;
    for (const z of some) near(formula(z, z) as Pair, f(name)(...z), 8);
  });
  it("the formula of pow is near the exponential of a logarithm", () => {
    const formula = complexFunction("pow", "complex128") as ComplexFunction;
    some.forEach(([a, b], i) => {
      const [c, d] = some[(i + 3) % some.length] as Pair;
      const w = timesLog(a, b, 3 * c, 3 * d);
      // The larger the logarithm, the more its last place counts.
      near(formula([a, b], [3 * c, 3 * d]) as Pair, f("exp")(...w), 8 * (1 + Math.hypot(...w)));
    });
  });
  const timesLog = (a: number, b: number, c: number, d: number): Pair => {
    const [x, y] = f("log")(a, b);
    return [c * x - d * y, c * y + d * x];
  };
});

it("parts are the parts, in whatever order they are asked for", () => {
  const re = COMPLEX_PARTS["exp.re"] as ComplexPart;
  const im = COMPLEX_PARTS["exp.im"] as ComplexPart;
  for (const [a, b] of GRID) {
    const [x, y] = f("exp")(a, b);
    expect(bits(im(a, b, 0, 0))).toBe(bits(y));
    expect(bits(re(-a, b, 0, 0))).toBe(bits(f("exp")(-a, b)[0]));
    expect(bits(re(a, b, 0, 0))).toBe(bits(x));
  }
});
type ComplexPart = (a: number, b: number, c: number, d: number) => number;
