/** The scalar language once more, in plain JavaScript: what kernels are compared with. */
import {
  type DType,
  type FloatDType,
  type IntegerDType,
  isFloat,
  itemSize,
  type RealDType,
} from "../../dist/ir/dtype.js";
import type { ScalarFunction } from "../../dist/ir/scalar.js";
import { Threefry } from "../../dist/ir/threefry.js";
import { nextafterF32, nextafterF64 } from "../../dist/kernels/math.js";
import { floatFunction as referenceFunction } from "../../dist/kernels/reference/floats.js";
import type { Element } from "./support.js";

type F = (a: number, b: number) => number;
const nonNegative = (b: number): boolean => b > 0 || Object.is(b, 0) || Number.isNaN(b);
const floorMod: F = (a, b) => {
  const r = a % b;
  if (Number.isNaN(r) || b === 0) return r;
  if (r === 0) return b < 0 ? -0 : 0;
  return r < 0 !== b < 0 ? r + b : r;
};

const ties = (a: number): number => {
  if (!Number.isFinite(a) || Math.abs(a) >= 2 ** 52) return a;
  const low = Math.floor(a);
  const rest = a - low;
  const near = rest < 0.5 || (rest === 0.5 && low % 2 === 0) ? low : low + 1;
  return near === 0 ? (a < 0 || Object.is(a, -0) ? -0 : 0) : near;
};

const FLOATS: Partial<Record<ScalarFunction, F>> = {
  negative: (a) => -a,
  abs: Math.abs,
  sign: (a) => (Number.isNaN(a) ? a : a > 0 ? 1 : a < 0 ? -1 : 0),
  square: (a) => a * a,
  sqrt: Math.sqrt,
  floor: Math.floor,
  ceil: Math.ceil,
  trunc: Math.trunc,
  round: ties,
  reciprocal: (a) => 1 / a,
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  minimum: (a, b) => Math.min(a, b),
  maximum: (a, b) => Math.max(a, b),
  copysign: (a, b) => (nonNegative(b) ? Math.abs(a) : -Math.abs(a)),
};
const TRANSCENDENTAL = new Set<ScalarFunction>([
  "exp",
  "expm1",
  "log",
  "log1p",
  "log2",
  "log10",
  "sin",
  "cos",
  "tan",
  "asin",
  "acos",
  "atan",
  "sinh",
  "cosh",
  "tanh",
  "asinh",
  "acosh",
  "atanh",
  "pow",
  "hypot",
  "logaddexp",
  "atan2",
]);

const PREDICATES: Partial<Record<ScalarFunction, F>> = {
  equal: (a, b) => +(a === b),
  notEqual: (a, b) => +(a !== b),
  less: (a, b) => +(a < b),
  lessEqual: (a, b) => +(a <= b),
  greater: (a, b) => +(a > b),
  greaterEqual: (a, b) => +(a >= b),
  isnan: (a) => +Number.isNaN(a),
  isinf: (a) => +(a === Number.POSITIVE_INFINITY || a === Number.NEGATIVE_INFINITY),
  isfinite: (a) => +Number.isFinite(a),
  signbit: (a) => +!nonNegative(a),
};

function floatFunction(fn: ScalarFunction, on: DType): F | undefined {
  const round = on === "float32" ? Math.fround : (x: number): number => x;
  if (PREDICATES[fn]) return PREDICATES[fn];
  if (fn === "nextafter") return on === "float32" ? nextafterF32 : nextafterF64;
  if (fn === "remainder") return (a, b) => round(floorMod(a, b));
  if (fn === "floorDivide")
    return (a, b) => {
      if (b === 0) return round(a / b);
      const r = a % b;
      let q = round(round(a - r) / b);
      if (r !== 0 && r < 0 !== b < 0) q = round(q - 1);
      if (q === 0) return nonNegative(round(a / b)) ? 0 : -0;
      const whole = Math.floor(q);
      return round(q - whole) > 0.5 ? round(whole + 1) : whole;
    };
  // Formulas are judged by correctly rounded values (test/kernels/formulas); here only how they are run counts.
  if (TRANSCENDENTAL.has(fn)) return referenceFunction(fn, on as FloatDType) as F;
  const f = FLOATS[fn];
  return f && ((a, b) => round(f(a, b)));
}

type I = (a: bigint, b: bigint, width: bigint) => bigint;
const outside = (b: bigint, width: bigint): boolean => b < 0n || b >= width;
const INTEGERS: Partial<Record<ScalarFunction, I>> = {
  negative: (a) => -a,
  abs: (a) => (a < 0n ? -a : a),
  sign: (a) => (a > 0n ? 1n : a < 0n ? -1n : 0n),
  square: (a) => a * a,
  floor: (a) => a,
  ceil: (a) => a,
  trunc: (a) => a,
  round: (a) => a,
  bitwiseInvert: (a) => ~a,
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  floorDivide: (a, b) => (b === 0n ? 0n : (a - (((a % b) + b) % b)) / b),
  remainder: (a, b) => (b === 0n ? 0n : ((a % b) + b) % b),
  // biome-ignore lint/complexity/useMathMinMax: bigints
  minimum: (a, b) => (a < b ? a : b),
  // biome-ignore lint/complexity/useMathMinMax: bigints
  maximum: (a, b) => (a > b ? a : b),
  bitwiseAnd: (a, b) => a & b,
  bitwiseOr: (a, b) => a | b,
  bitwiseXor: (a, b) => a ^ b,
  bitwiseLeftShift: (a, b, width) => (outside(b, width) ? 0n : a << b),
  bitwiseRightShift: (a, b, width) => (outside(b, width) ? (a < 0n ? -1n : 0n) : a >> b),
  pow: (a, b) => {
    if (b < 0n) return a === 1n ? 1n : a === -1n ? (b % 2n === 0n ? 1n : -1n) : 0n;
    let [x, e, r] = [a, b, 1n];
    for (; e > 0n; e /= 2n, x = BigInt.asIntN(64, x * x))
      if (e % 2n === 1n) r = BigInt.asIntN(64, r * x);
    return r;
  },
};

const wrap = (x: bigint, dtype: IntegerDType): Element => {
  const width = itemSize(dtype) * 8;
  const wrapped = dtype.startsWith("u") ? BigInt.asUintN(width, x) : BigInt.asIntN(width, x);
  return width === 64 ? wrapped : Number(wrapped);
};

const BOOLS: Partial<Record<ScalarFunction, F>> = {
  bitwiseInvert: (a) => 1 - a,
  add: (a, b) => a | b,
  multiply: (a, b) => a & b,
  minimum: (a, b) => Math.min(a, b),
  maximum: (a, b) => Math.max(a, b),
  bitwiseAnd: (a, b) => a & b,
  bitwiseOr: (a, b) => a | b,
  bitwiseXor: (a, b) => a ^ b,
  abs: (a) => a,
  floor: (a) => a,
  ...PREDICATES,
  signbit: () => 0,
};

/** The plain function of a pair, or undefined where the pair has no meaning. */
export function expectedFunction(
  fn: ScalarFunction,
  on: RealDType,
): ((...args: Element[]) => Element) | undefined {
  if (fn === "where") return (condition, a, b) => (condition ? a : b) as Element;
  if (on === "bool" || isFloat(on)) {
    const f = on === "bool" ? BOOLS[fn] : floatFunction(fn, on);
    return f && ((a, b) => f(a as number, b as number));
  }
  if (fn === "randomBits") {
    if (on !== "uint64") return undefined;
    return (key, counter) => new Threefry(key as bigint).words(counter as bigint)[0];
  }
  if (fn === "multiplyHigh") {
    if (on !== "uint64") return undefined;
    return (a, b) => ((a as bigint) * (b as bigint)) >> 64n;
  }
  const width = BigInt(itemSize(on) * 8);
  const f = INTEGERS[fn];
  if (f) return (a, b) => wrap(f(BigInt(a as number), BigInt(b ?? 0), width), on);
  if (fn === "isnan" || fn === "isinf") return () => 0;
  if (fn === "isfinite") return () => 1;
  if (fn === "signbit") return (a) => +((a as number) < 0);
  const p = PREDICATES[fn];
  return p && ((a, b) => p(a as number, b as number));
}

/** float64 nearest to an integer, then float32: rounded once by way of exact comparison of neighbours. */
function toFloat32(x: bigint): number {
  const near = Math.fround(Number(x));
  if (!Number.isFinite(near)) return near;
  const distance = (y: number): bigint => {
    const d = BigInt(y) - x;
    return d < 0n ? -d : d;
  };
  const even = (y: number): boolean =>
    (new Uint32Array(Float32Array.of(y).buffer)[0] as number) % 2 === 0;
  let best = near;
  for (const y of [nextafterF32(near, Infinity), nextafterF32(near, -Infinity)]) {
    if (!Number.isInteger(y)) continue;
    const [a, b] = [distance(y), distance(best)];
    if (a < b || (a === b && even(y))) best = y;
  }
  return best;
}

export function expectedCast(x: Element, from: RealDType, to: RealDType): Element {
  if (to === "bool") return +(Number(x) !== 0);
  if (to === "float64") return Number(x);
  if (to === "float32") return typeof x === "bigint" ? toFloat32(x) : Math.fround(x);
  if (!isFloat(from)) return wrap(BigInt(x), to);
  const [low, high] = to === "uint64" ? [0n, 2n ** 64n - 1n] : [-(2n ** 63n), 2n ** 63n - 1n];
  if (Number.isNaN(x)) return wrap(0n, to);
  if (x === Infinity) return wrap(high, to);
  if (x === -Infinity) return wrap(low, to);
  const whole = BigInt(Math.trunc(x as number));
  return wrap(whole < low ? low : whole > high ? high : whole, to);
}
