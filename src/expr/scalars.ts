/**
 * Arithmetic of Python's scalars, which constants of an expression are: `x[2 * 3:]`, `u ** (1 / 2)`, `-1`. Integers are
 * bigints, floats are {@link Real}: `2.0` is a float although JavaScript's 2 would not say so. Plain numbers come from
 * interpolated values; they are floats or integers by their value, as everywhere in the API, and stay plain.
 *
 * Integers are exact within 64 bits and refused beyond, so that no literal can take the time that `9**9**9` would.
 */
import type { BinaryOperator, Comparison, UnaryOperator } from "./ast.js";

/** A Python float. */
export interface Real {
  readonly kind: "real";
  readonly value: number;
}
export type Scalar = bigint | boolean | number | Real;

export const real = (value: number): Real => Object.freeze({ kind: "real", value });
export const isReal = (value: unknown): value is Real =>
  typeof value === "object" && value !== null && "kind" in value && value.kind === "real";
export const isScalar = (value: unknown): value is Scalar =>
  typeof value === "bigint" ||
  typeof value === "boolean" ||
  typeof value === "number" ||
  isReal(value);

/** The value as a JavaScript number. */
export const numberOf = (value: Scalar): number => Number(isReal(value) ? value.value : value);

/** What is wrong with the operands; the caller knows where they stand. */
export class ScalarError extends Error {}

const integer = (value: bigint): bigint => {
  if (value >= 2n ** 64n || value < -(2n ** 63n)) {
    throw new ScalarError("the integer does not fit 64 bits");
  }
  return value;
};

/** Both as integers, if Python would compute with integers. */
function integers(a: Scalar, b: Scalar): readonly [bigint, bigint] | undefined {
  if (isReal(a) || isReal(b) || typeof a === "number" || typeof b === "number") return undefined;
  return [BigInt(a), BigInt(b)];
}

export function unaryScalar(operator: UnaryOperator, value: Scalar): Scalar {
  if (typeof value === "boolean") return unaryScalar(operator, BigInt(value));
  if (operator === "+") return value;
  if (operator === "-") {
    if (typeof value === "bigint") return integer(-value);
    return isReal(value) ? real(-value.value) : -value;
  }
  if (typeof value === "bigint") return integer(~value);
  if (typeof value === "number" && Number.isSafeInteger(value)) return -value - 1;
  throw new ScalarError("~ takes an integer or a bool, not a float");
}

export function binaryScalar(operator: BinaryOperator, a: Scalar, b: Scalar): Scalar {
  if (operator === "@") throw new ScalarError("@ takes arrays, not scalars");
  const whole = integers(a, b);
  if (BITS.has(operator)) return bits(operator, a, b);
  if (operator === "/") return real(quotient(numberOf(a), numberOf(b)));
  if (whole !== undefined && !(operator === "**" && whole[1] < 0n)) {
    return integer(ofIntegers(operator, ...whole));
  }
  const value = ofFloats(operator, numberOf(a), numberOf(b));
  // Plain numbers stay plain: their dtype is decided by the array that they meet.
  const plain = whole === undefined && !isReal(a) && !isReal(b);
  return plain ? value : real(value);
}

export function compareScalars(operator: Comparison, a: Scalar, b: Scalar): boolean {
  const x = isReal(a) ? a.value : a;
  const y = isReal(b) ? b.value : b;
  // JavaScript compares bigints, numbers and booleans with each other by value.
  switch (operator) {
    case "<":
      return x < y;
    case "<=":
      return x <= y;
    case ">":
      return x > y;
    case ">=":
      return x >= y;
    case "==":
      // biome-ignore lint/suspicious/noDoubleEquals: 1n == 1 == true, as in Python
      return x == y;
    case "!=":
      // biome-ignore lint/suspicious/noDoubleEquals: as above
      return x != y;
  }
}

const BITS: ReadonlySet<BinaryOperator> = new Set<BinaryOperator>(["&", "|", "^", "<<", ">>"]);

function bits(operator: BinaryOperator, a: Scalar, b: Scalar): Scalar {
  const [x, y] = [a, b].map((v) => {
    if (isReal(v) || (typeof v === "number" && !Number.isSafeInteger(v))) {
      throw new ScalarError(`${operator} takes integers or bools, not floats`);
    }
    return BigInt(v);
  }) as [bigint, bigint];
  if (operator === "<<" || operator === ">>") {
    if (y < 0n) throw new ScalarError("a shift by a negative number");
    const by = y > 64n ? 64n : y;
    return integer(operator === ">>" ? x >> by : x << by);
  }
  const value = operator === "&" ? x & y : operator === "|" ? x | y : x ^ y;
  return typeof a === "boolean" && typeof b === "boolean" ? value !== 0n : value;
}

function ofIntegers(operator: BinaryOperator, a: bigint, b: bigint): bigint {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "**":
      // Beyond these bounds every result but -1, 0 and 1 has more than 64 bits.
      if (b > 64n && (a > 1n || a < -1n)) return 2n ** 64n;
      return a ** (b > 64n ? 64n + (b % 2n) : b);
    default: {
      if (b === 0n) throw divisionByZero();
      const rest = a % b;
      const adjust = rest !== 0n && rest < 0n !== b < 0n;
      if (operator === "%") return adjust ? rest + b : rest;
      return a / b - (adjust ? 1n : 0n);
    }
  }
}

function ofFloats(operator: BinaryOperator, a: number, b: number): number {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "**":
      if (a === 0 && b < 0) throw new ScalarError("0 to a negative power");
      if (a < 0 && Number.isFinite(a) && Number.isFinite(b) && !Number.isInteger(b)) {
        throw new ScalarError("a negative number to a fractional power is complex");
      }
      // IEEE 754 and C: 1 to any power is 1; JavaScript says NaN where the power is infinite or NaN.
      return a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b;
    case "%":
      return floorDivide(a, b)[1];
    default:
      return floorDivide(a, b)[0];
  }
}

/** Quotient rounded down and remainder with the sign of the divisor, as CPython's float_divmod computes them. */
function floorDivide(a: number, b: number): readonly [quotient: number, remainder: number] {
  if (b === 0) throw divisionByZero();
  let rest = a % b;
  let exact = (a - rest) / b;
  if (rest === 0) rest = b < 0 ? -0 : 0;
  else if (rest < 0 !== b < 0) {
    rest += b;
    exact -= 1;
  }
  if (exact === 0) return [a / b < 0 ? -0 : 0, rest];
  const floor = Math.floor(exact);
  return [exact - floor > 0.5 ? floor + 1 : floor, rest];
}

function quotient(a: number, b: number): number {
  if (b === 0) throw divisionByZero();
  return a / b;
}
const divisionByZero = (): ScalarError => new ScalarError("division by zero");
