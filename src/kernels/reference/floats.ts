/**
 * Scalar functions on float32 and float64. A float32 function is the float64 one rounded once: for + - * / and
 * sqrt that is the correctly rounded float32 result. Transcendentals are formulas, with a form of their own for
 * float32; floor division, remainder and nextafter have float32 steps of their own.
 */
import type { FloatDType } from "../../ir/dtype.js";
import type { ScalarFunction } from "../../ir/scalar.js";
import { formulaOf } from "../formulas/index.js";
import { hypotF64, logaddexp, nextafterF32, nextafterF64, powF64 } from "../math.js";
import { PLAIN, roundToEven } from "./formulas.js";

type Rounding = (x: number) => number;
export type NumberFunction = (a: number, b: number) => number;

const isNegative = (x: number): boolean => x < 0 || Object.is(x, -0);
// NaN counts as positive: the sign of a computed NaN differs between processors.
const copysign = (a: number, b: number): number => (isNegative(b) ? -Math.abs(a) : Math.abs(a));

/**
 * Quotient and remainder as Python and NumPy have them (`npy_divmod`): the remainder is exact and has the
 * divisor's sign, the quotient is `(a - remainder) / b` snapped to the nearest integer.
 */
function divmod(a: number, b: number, round: Rounding): readonly [number, number] {
  let remainder = a % b;
  if (b === 0) return [round(a / b), remainder];
  let quotient = round(round(a - remainder) / b);
  if (remainder === 0) remainder = copysign(0, b);
  else if (b < 0 !== remainder < 0) {
    remainder = round(remainder + b);
    quotient = round(quotient - 1);
  }
  if (quotient === 0) return [copysign(0, round(a / b)), remainder];
  let snapped = Math.floor(quotient);
  if (round(quotient - snapped) > 0.5) snapped = round(snapped + 1);
  return [snapped, remainder];
}

const FLOAT64: Partial<Record<ScalarFunction, NumberFunction>> = {
  negative: (a) => -a,
  abs: (a) => Math.abs(a),
  sign: (a) => (a === 0 ? 0 : Math.sign(a)),
  square: (a) => a * a,
  sqrt: (a) => Math.sqrt(a),
  floor: (a) => Math.floor(a),
  ceil: (a) => Math.ceil(a),
  trunc: (a) => Math.trunc(a),
  round: roundToEven,
  reciprocal: (a) => 1 / a,
  exp: (a) => Math.exp(a),
  expm1: (a) => Math.expm1(a),
  log: (a) => Math.log(a),
  log1p: (a) => Math.log1p(a),
  log2: (a) => Math.log2(a),
  log10: (a) => Math.log10(a),
  sin: (a) => Math.sin(a),
  cos: (a) => Math.cos(a),
  tan: (a) => Math.tan(a),
  asin: (a) => Math.asin(a),
  acos: (a) => Math.acos(a),
  atan: (a) => Math.atan(a),
  sinh: (a) => Math.sinh(a),
  cosh: (a) => Math.cosh(a),
  tanh: (a) => Math.tanh(a),
  asinh: (a) => Math.asinh(a),
  acosh: (a) => Math.acosh(a),
  atanh: (a) => Math.atanh(a),
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  pow: powF64,
  minimum: (a, b) => Math.min(a, b),
  maximum: (a, b) => Math.max(a, b),
  atan2: (a, b) => Math.atan2(a, b),
  hypot: hypotF64,
  logaddexp,
  copysign,
};

const PREDICATES: Partial<Record<ScalarFunction, NumberFunction>> = {
  equal: (a, b) => Number(a === b),
  notEqual: (a, b) => Number(a !== b),
  less: (a, b) => Number(a < b),
  lessEqual: (a, b) => Number(a <= b),
  greater: (a, b) => Number(a > b),
  greaterEqual: (a, b) => Number(a >= b),
  isnan: (a) => Number(Number.isNaN(a)),
  isinf: (a) => Number(Math.abs(a) === Infinity),
  isfinite: (a) => Number(Number.isFinite(a)),
  signbit: (a) => Number(isNegative(a)),
};

/** The function of this name on this dtype, or undefined if floats have none (bitwise functions). */
export function floatFunction(fn: ScalarFunction, on: FloatDType): NumberFunction | undefined {
  const round: Rounding = on === "float32" ? Math.fround : (x) => x;
  switch (fn) {
    case "floorDivide":
      return (a, b) => divmod(a, b, round)[0];
    case "remainder":
      return (a, b) => divmod(a, b, round)[1];
    case "nextafter":
      return on === "float32" ? nextafterF32 : nextafterF64;
    default: {
      const formula = formulaOf(fn);
      if (formula !== undefined) return (a, b) => round(formula[on](PLAIN, a, b));
      const predicate = PREDICATES[fn];
      if (predicate !== undefined) return predicate;
      const exact = FLOAT64[fn];
      return exact === undefined ? undefined : (a, b) => round(exact(a, b));
    }
  }
}
