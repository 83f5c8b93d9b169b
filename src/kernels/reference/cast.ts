/** Casts of one element, by the rules in the header of `ir/scalar.ts`. */
import {
  type DType,
  type FloatDType,
  type IntegerDType,
  isBig,
  isComplex,
  isFloat,
} from "../../ir/dtype.js";
import { wrapInteger } from "./integers.js";

/** One element: bool is 0 or 1, 64-bit integers are bigints, complex elements are pairs. */
export type Element = number | bigint | readonly [number, number];

/** Truncates; NaN is 0 and what lies beyond 64 bits saturates, before the value wraps to a narrower dtype. */
function floatToInteger(x: number, to: IntegerDType): bigint {
  const low = to === "uint64" ? 0n : -(2n ** 63n);
  const high = to === "uint64" ? 2n ** 64n - 1n : 2n ** 63n - 1n;
  if (Number.isNaN(x)) return 0n;
  if (x === Infinity) return high;
  if (x === -Infinity) return low;
  const whole = BigInt(Math.trunc(x));
  return whole < low ? low : whole > high ? high : whole;
}

/** The float nearest to an integer of at most 64 bits, rounded once. */
function integerToFloat(x: bigint, to: FloatDType): number {
  if (to === "float64") return Number(x);
  const magnitude = x < 0n ? -x : x;
  if (magnitude < 2n ** 53n) return Math.fround(Number(x));
  // Folding the low bits into a sticky bit makes the float64 exact, so that only fround rounds.
  const sticky = (magnitude & 0x7ffn) === 0n ? 0n : 1n;
  const exact = Number((magnitude >> 11n) | sticky) * 2048;
  return Math.fround(x < 0n ? -exact : exact);
}

/** Casts a real element to a real dtype. */
function castReal(x: number | bigint, from: DType, to: DType): number | bigint {
  if (to === "bool") return Number(x !== 0 && x !== 0n);
  if (isFloat(to)) {
    if (typeof x === "bigint") return integerToFloat(x, to);
    return to === "float32" ? Math.fround(x) : x;
  }
  const whole =
    typeof x === "bigint" ? x : isFloat(from) ? floatToInteger(x, to as IntegerDType) : BigInt(x);
  const wrapped = wrapInteger(whole, to as IntegerDType);
  return isBig(to) ? wrapped : Number(wrapped);
}

/** Casts an element; complex to real drops the imaginary part, complex to bool asks whether either part is not 0. */
export function castElement(x: Element, from: DType, to: DType): Element {
  if (from === to) return x;
  if (isComplex(to)) {
    const part: FloatDType = to === "complex64" ? "float32" : "float64";
    const fromPart = isComplex(from) ? "float64" : from;
    const [re, im] = typeof x === "object" ? x : [x, 0];
    return [castReal(re, fromPart, part) as number, castReal(im, "float64", part) as number];
  }
  if (typeof x === "object") {
    if (to === "bool") return Number(x[0] !== 0 || x[1] !== 0);
    return castReal(x[0], "float64", to);
  }
  return castReal(x, from, to);
}
