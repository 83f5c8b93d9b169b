/**
 * Scalar functions on complex64 and complex128, as pairs of float64 parts. A complex64 function is the complex128 one
 * with each part rounded once; what is more than arithmetic is defined in `complex-math.ts`.
 */
import type { ComplexDType } from "../../ir/dtype.js";
import type { ScalarFunction } from "../../ir/scalar.js";
import { COMPLEX_BINARY, COMPLEX_UNARY, type Pair } from "../complex-math.js";
import { complexFormulaOf } from "../formulas/complex.js";
import { floatFunction } from "./floats.js";
import { PLAIN } from "./formulas.js";

export type ComplexFunction = (x: Pair, y: Pair) => number | Pair;

const hypot = floatFunction("hypot", "float64") as (x: number, y: number) => number;
const roundPart = floatFunction("round", "float64") as (x: number, y: number) => number;
const isNan = ([a, b]: Pair): boolean => Number.isNaN(a) || Number.isNaN(b);
const isInfinite = ([a, b]: Pair): boolean => Math.abs(a) === Infinity || Math.abs(b) === Infinity;

const multiply = ([a, b]: Pair, [c, d]: Pair): Pair => [a * c - b * d, a * d + b * c];

const FUNCTIONS: Partial<Record<ScalarFunction, ComplexFunction>> = {
  add: ([a, b], [c, d]) => [a + c, b + d],
  subtract: ([a, b], [c, d]) => [a - c, b - d],
  multiply,
  square: (x) => multiply(x, x),
  negative: ([a, b]) => [-a, -b],
  conj: ([a, b]) => [a, -b],
  imag: ([, b]) => b,
  abs: ([a, b]) => hypot(a, b),
  round: ([a, b]) => [roundPart(a, 0), roundPart(b, 0)],
  equal: ([a, b], [c, d]) => Number(a === c && b === d),
  notEqual: ([a, b], [c, d]) => Number(a !== c || b !== d),
  isnan: (x) => Number(isNan(x)),
  isinf: (x) => Number(isInfinite(x)),
  isfinite: (x) => Number(!isNan(x) && !isInfinite(x)),
};

/** The function of this name on this dtype, or undefined if complex numbers have none. */
export function complexFunction(fn: ScalarFunction, on: ComplexDType): ComplexFunction | undefined {
  const unary = Object.hasOwn(COMPLEX_UNARY, fn) ? COMPLEX_UNARY[fn] : undefined;
  const binary = Object.hasOwn(COMPLEX_BINARY, fn) ? COMPLEX_BINARY[fn] : undefined;
  const formula = complexFormulaOf(fn);
  const exact: ComplexFunction | undefined =
    formula !== undefined
      ? ([a, b], [c, d] = [0, 0]) => formula.parts(PLAIN, a, b, c, d)
      : unary !== undefined
        ? ([a, b]) => unary(a, b)
        : binary !== undefined
          ? ([a, b], [c, d]) => binary(a, b, c, d)
          : FUNCTIONS[fn];
  if (exact === undefined || on === "complex128") return exact;
  return (x, y) => {
    const z = exact(x, y);
    return typeof z === "number" ? Math.fround(z) : [Math.fround(z[0]), Math.fround(z[1])];
  };
}
