/**
 * Scalar functions on integers and bool. Up to 32 bits a value is a number, 64-bit values are bigints; every
 * result is wrapped to its dtype. Bool is 0 or 1.
 */
import { type IntegerDType, isBig, itemSize, kindOf } from "../../ir/dtype.js";
import type { ScalarFunction } from "../../ir/scalar.js";
import type { NumberFunction } from "./floats.js";
import { multiplyHigh, randomBits } from "./random.js";

export type BigFunction = (a: bigint, b: bigint) => bigint | number;

/** The value of `dtype` that is equal to `x` modulo 2^bits. */
export function wrapInteger(x: bigint, dtype: IntegerDType): bigint {
  const bits = itemSize(dtype) * 8;
  return kindOf(dtype) === "int" ? BigInt.asIntN(bits, x) : BigInt.asUintN(bits, x);
}

/** Integer power modulo 2^64; a negative exponent gives 0, except for bases 1 and -1. */
function integerPower(base: bigint, exponent: bigint): bigint {
  if (exponent < 0n) {
    if (base === 1n) return 1n;
    if (base === -1n) return exponent % 2n === 0n ? 1n : -1n;
    return 0n;
  }
  let result = 1n;
  let square = base;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = BigInt.asIntN(64, result * square);
    square = BigInt.asIntN(64, square * square);
  }
  return result;
}

function floorDivide(a: bigint, b: bigint): bigint {
  if (b === 0n) return 0n;
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}

function remainder(a: bigint, b: bigint): bigint {
  if (b === 0n) return 0n;
  const rest = a % b;
  return rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest;
}

function least(a: bigint, b: bigint): bigint {
  if (b < a) return b;
  return a;
}

function greatest(a: bigint, b: bigint): bigint {
  if (b > a) return b;
  return a;
}

const sign = (a: bigint): bigint => (a > 0n ? 1n : a < 0n ? -1n : 0n);
const identity = (a: bigint): bigint => a;

/** Integer functions before wrapping; `bits` is the width of the dtype. */
function exactFunction(
  fn: ScalarFunction,
  bits: bigint,
): ((a: bigint, b: bigint) => bigint) | undefined {
  const outside = (count: bigint): boolean => count < 0n || count >= bits;
  switch (fn) {
    case "negative":
      return (a) => -a;
    case "abs":
      return (a) => (a < 0n ? -a : a);
    case "sign":
      return sign;
    case "square":
      return (a) => a * a;
    case "floor":
    case "ceil":
    case "trunc":
    case "round":
      return identity;
    case "bitwiseInvert":
      return (a) => ~a;
    case "add":
      return (a, b) => a + b;
    case "subtract":
      return (a, b) => a - b;
    case "multiply":
      return (a, b) => a * b;
    case "floorDivide":
      return floorDivide;
    case "remainder":
      return remainder;
    case "pow":
      return integerPower;
    case "minimum":
      return least;
    case "maximum":
      return greatest;
    case "bitwiseAnd":
      return (a, b) => a & b;
    case "bitwiseOr":
      return (a, b) => a | b;
    case "bitwiseXor":
      return (a, b) => a ^ b;
    case "bitwiseLeftShift":
      return (a, b) => (outside(b) ? 0n : a << b);
    case "bitwiseRightShift":
      return (a, b) => (outside(b) ? (a < 0n ? -1n : 0n) : a >> b);
    default:
      return undefined;
  }
}

const PREDICATES: Partial<Record<ScalarFunction, (a: bigint, b: bigint) => number>> = {
  equal: (a, b) => Number(a === b),
  notEqual: (a, b) => Number(a !== b),
  less: (a, b) => Number(a < b),
  lessEqual: (a, b) => Number(a <= b),
  greater: (a, b) => Number(a > b),
  greaterEqual: (a, b) => Number(a >= b),
  isnan: () => 0,
  isinf: () => 0,
  isfinite: () => 1,
  signbit: (a) => Number(a < 0n),
};

/** The function of this name on this dtype, or undefined if integers have none (divide, exp, ...). */
export function integerFunction(
  fn: ScalarFunction,
  on: IntegerDType,
): BigFunction | NumberFunction | undefined {
  if (on === "uint64" && fn === "randomBits") return randomBits;
  if (on === "uint64" && fn === "multiplyHigh") return multiplyHigh;
  const predicate = PREDICATES[fn];
  const exact = exactFunction(fn, BigInt(itemSize(on) * 8));
  const big: BigFunction | undefined =
    predicate ?? (exact === undefined ? undefined : (a, b) => wrapInteger(exact(a, b), on));
  if (big === undefined || isBig(on)) return big;
  return (a: number, b?: number) => Number(big(BigInt(a), BigInt(b ?? 0)));
}

/** Functions on bool: the bitwise ones are the logical ones; + is or, * is and, as in NumPy. */
export const BOOL_FUNCTIONS: Partial<Record<ScalarFunction, NumberFunction>> = {
  abs: (a) => a,
  floor: (a) => a,
  ceil: (a) => a,
  trunc: (a) => a,
  round: (a) => a,
  bitwiseInvert: (a) => 1 - a,
  add: (a, b) => a | b,
  multiply: (a, b) => a & b,
  minimum: (a, b) => a & b,
  maximum: (a, b) => a | b,
  bitwiseAnd: (a, b) => a & b,
  bitwiseOr: (a, b) => a | b,
  bitwiseXor: (a, b) => a ^ b,
  equal: (a, b) => Number(a === b),
  notEqual: (a, b) => Number(a !== b),
  less: (a, b) => Number(a < b),
  lessEqual: (a, b) => Number(a <= b),
  greater: (a, b) => Number(a > b),
  greaterEqual: (a, b) => Number(a >= b),
  isnan: () => 0,
  isinf: () => 0,
  isfinite: () => 1,
  signbit: () => 0,
};
