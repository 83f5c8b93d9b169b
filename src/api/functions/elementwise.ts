/** Elementwise functions; what each computes is said in `ops/elementwise.ts`. */
import { OptionError } from "../../errors.js";
import type { DType } from "../../ir/dtype.js";
import * as ops from "../../ops/index.js";
import { type BinaryName, type JsScalar, type UnaryName, valueText } from "../../ops/index.js";
import { type ArrayOrScalar, type LazyArray, nodeOf, operandOf, wrap } from "../array.js";
import { readOptions, trailing } from "../options.js";
import type { Floating, NumberOf, Promote, RealOf, ScalarDType, WithScalar } from "../types.js";

type Same = <D extends DType>(x: LazyArray<D>) => LazyArray<D>;
type Floats = <D extends DType>(x: LazyArray<D>) => LazyArray<Floating<D>>;
type Truth = (x: LazyArray) => LazyArray<"bool">;
type Comparing = (a: ArrayOrScalar, b: ArrayOrScalar) => LazyArray<"bool">;
interface Promoting {
  <A extends DType, B extends DType>(a: LazyArray<A>, b: LazyArray<B>): LazyArray<Promote<A, B>>;
  <A extends DType>(a: LazyArray<A>, b: JsScalar): LazyArray<WithScalar<A>>;
  <B extends DType>(a: JsScalar, b: LazyArray<B>): LazyArray<WithScalar<B>>;
  (a: ArrayOrScalar, b: ArrayOrScalar): LazyArray;
}
interface Numeric {
  <A extends DType, B extends DType>(
    a: LazyArray<A>,
    b: LazyArray<B>,
  ): LazyArray<NumberOf<Promote<A, B>>>;
  <A extends DType>(a: LazyArray<A>, b: JsScalar): LazyArray<NumberOf<WithScalar<A>>>;
  <B extends DType>(a: JsScalar, b: LazyArray<B>): LazyArray<NumberOf<WithScalar<B>>>;
  (a: ArrayOrScalar, b: ArrayOrScalar): LazyArray;
}
interface FloatPromoting {
  <A extends DType, B extends DType>(
    a: LazyArray<A>,
    b: LazyArray<B>,
  ): LazyArray<Floating<Promote<A, B>>>;
  <A extends DType>(a: LazyArray<A>, b: JsScalar): LazyArray<Floating<A>>;
  <B extends DType>(a: JsScalar, b: LazyArray<B>): LazyArray<Floating<B>>;
  (a: ArrayOrScalar, b: ArrayOrScalar): LazyArray;
}

function noMore(fn: string, rest: readonly unknown[]): void {
  const surplus = rest.find((v) => v !== undefined);
  if (surplus !== undefined) {
    throw new OptionError(`${fn}: takes no more arguments, got ${valueText(surplus)}`);
  }
}
// The overloads of the interfaces say what the one implementation gives.
const of1 = <F>(name: UnaryName): F =>
  ((x: unknown, ...rest: readonly unknown[]) => {
    noMore(name, rest);
    return wrap(ops.unary[name](nodeOf(name, x)));
  }) as F;
const of2 = <F>(name: BinaryName): F =>
  ((a: unknown, b: unknown, ...rest: readonly unknown[]) => {
    noMore(name, rest);
    return wrap(ops.binary[name](operandOf(name, a), operandOf(name, b)));
  }) as F;

/** Magnitude; of complex arrays float32 or float64. */
export const abs: <D extends DType>(x: LazyArray<D>) => LazyArray<RealOf<D>> = of1("abs");
/** Arc cosine, radians. */
export const acos: Floats = of1("acos");
/** Inverse hyperbolic cosine. */
export const acosh: Floats = of1("acosh");
/** Sum; of bools: or. @example add(x, 1) */
export const add: Promoting = of2("add");
/** Arc sine, radians. */
export const asin: Floats = of1("asin");
/** Inverse hyperbolic sine. */
export const asinh: Floats = of1("asinh");
/** Arc tangent, radians. */
export const atan: Floats = of1("atan");
/** Angle of the point `(b, a)` in radians: the arc tangent of `a / b` in the right quadrant. */
export const atan2: FloatPromoting = of2("atan2");
/** Inverse hyperbolic tangent. */
export const atanh: Floats = of1("atanh");
/** Bits in both; bool and integer dtypes. */
export const bitwiseAnd: Promoting = of2("bitwiseAnd");
/** All bits turned over; bool and integer dtypes. */
export const bitwiseInvert: Same = of1("bitwiseInvert");
/** `a * 2**b`, bits that leave are lost; integer dtypes. */
export const bitwiseLeftShift: Numeric = of2("bitwiseLeftShift");
/** Bits in either; bool and integer dtypes. */
export const bitwiseOr: Promoting = of2("bitwiseOr");
/** `floor(a / 2**b)`; integer dtypes. */
export const bitwiseRightShift: Numeric = of2("bitwiseRightShift");
/** Bits in exactly one; bool and integer dtypes. */
export const bitwiseXor: Promoting = of2("bitwiseXor");
/** Least integer that is not less; integers are unchanged. */
export const ceil: Same = of1("ceil");
/** Complex conjugate; real arrays are unchanged. */
export const conj: Same = of1("conj");
/** Magnitude of `a` with the sign of `b`. */
export const copysign: FloatPromoting = of2("copysign");
/** Cosine of radians. */
export const cos: Floats = of1("cos");
/** Hyperbolic cosine. */
export const cosh: Floats = of1("cosh");
/** Quotient; of integers: float64. */
export const divide: FloatPromoting = of2("divide");
/** Whether elements are equal; NaN equals nothing. int64 and uint64 compare exactly. */
export const equal: Comparing = of2("equal");
/** e to the power x. */
export const exp: Floats = of1("exp");
/** `exp(x) - 1`, accurate near 0. */
export const expm1: Floats = of1("expm1");
/** Greatest integer that is not greater; integers are unchanged. */
export const floor: Same = of1("floor");
/** Quotient rounded down, as Python's `//`; integers divided by 0 give 0. */
export const floorDivide: Numeric = of2("floorDivide");
/** Whether a > b. */
export const greater: Comparing = of2("greater");
/** Whether a >= b. */
export const greaterEqual: Comparing = of2("greaterEqual");
/** `sqrt(a**2 + b**2)` without overflow in between. */
export const hypot: FloatPromoting = of2("hypot");
/** Imaginary part: float32 for complex64, float64 for complex128; zeros of the dtype for real arrays. */
export const imag: <D extends DType>(x: LazyArray<D>) => LazyArray<RealOf<D>> = of1("imag");
/** Whether neither infinite nor NaN; of complex arrays in both parts. */
export const isfinite: Truth = of1("isfinite");
/** Whether infinite; of complex arrays in either part. */
export const isinf: Truth = of1("isinf");
/** Whether NaN; of complex arrays in either part. */
export const isnan: Truth = of1("isnan");
/** Whether a < b. */
export const less: Comparing = of2("less");
/** Whether a <= b. */
export const lessEqual: Comparing = of2("lessEqual");
/** Natural logarithm. */
export const log: Floats = of1("log");
/** Logarithm to base 10. */
export const log10: Floats = of1("log10");
/** `log(1 + x)`, accurate near 0. */
export const log1p: Floats = of1("log1p");
/** Logarithm to base 2. */
export const log2: Floats = of1("log2");
/** `log(exp(a) + exp(b))` without overflow in between. */
export const logaddexp: FloatPromoting = of2("logaddexp");
/** Whether both are true, or not 0. */
export const logicalAnd: Comparing = of2("logicalAnd");
/** Whether false, or 0. */
export const logicalNot: Truth = of1("logicalNot");
/** Whether either is true, or not 0. */
export const logicalOr: Comparing = of2("logicalOr");
/** Whether exactly one is true, or not 0. */
export const logicalXor: Comparing = of2("logicalXor");
/** Greater of the two; NaN if either is. */
export const maximum: Promoting = of2("maximum");
/** Lesser of the two; NaN if either is. */
export const minimum: Promoting = of2("minimum");
/** Product; of bools: and. */
export const multiply: Promoting = of2("multiply");
/** `-x`; not for bools. */
export const negative: Same = of1("negative");
/** The next representable number after `a` in the direction of `b`. */
export const nextafter: FloatPromoting = of2("nextafter");
/** Whether elements differ. */
export const notEqual: Comparing = of2("notEqual");
/** The array itself; not for bools. */
export const positive: Same = of1("positive");
/**
 * `a` to the power `b`; integers stay integers. The number 2 as `b` squares, correctly rounded. Complex:
 * `exp(b * log(a))`, by multiplication for small whole `b`.
 */
export const pow: Numeric = of2("pow");
/** Real part: float32 for complex64, float64 for complex128; real arrays are unchanged. */
export const real: <D extends DType>(x: LazyArray<D>) => LazyArray<RealOf<D>> = of1("real");
/** `1 / x`. */
export const reciprocal: Floats = of1("reciprocal");
/** Remainder with the sign of the divisor, as Python's `%`; of integers by 0: 0. */
export const remainder: Numeric = of2("remainder");
/** Nearest integer, ties to even; integers are unchanged, complex arrays are rounded part by part. */
export const round: Same = of1("round");
/** -1, 0 or 1, NaN stays; of complex arrays `z / abs(z)`, 0 of 0. */
export const sign: Same = of1("sign");
/** Whether the sign bit is set (so for -0 as well). */
export const signbit: Truth = of1("signbit");
/** Sine of radians. */
export const sin: Floats = of1("sin");
/** Hyperbolic sine. */
export const sinh: Floats = of1("sinh");
/** Square root. */
export const sqrt: Floats = of1("sqrt");
/** `x * x`. */
export const square: <D extends DType>(x: LazyArray<D>) => LazyArray<NumberOf<D>> = of1("square");
/** Difference; not of bools. */
export const subtract: Promoting = of2("subtract");
/** Tangent of radians. */
export const tan: Floats = of1("tan");
/** Hyperbolic tangent. */
export const tanh: Floats = of1("tanh");
/** Nearest integer towards 0; integers are unchanged. */
export const trunc: Same = of1("trunc");

interface Where {
  <A extends DType, B extends DType>(
    condition: ArrayOrScalar,
    a: LazyArray<A>,
    b: LazyArray<B>,
  ): LazyArray<Promote<A, B>>;
  <A extends DType>(
    condition: ArrayOrScalar,
    a: LazyArray<A>,
    b: JsScalar,
  ): LazyArray<WithScalar<A>>;
  <B extends DType>(
    condition: ArrayOrScalar,
    a: JsScalar,
    b: LazyArray<B>,
  ): LazyArray<WithScalar<B>>;
  <A extends JsScalar>(condition: LazyArray, a: A, b: A): LazyArray<ScalarDType<A>>;
  (condition: ArrayOrScalar, a: ArrayOrScalar, b: ArrayOrScalar): LazyArray;
}
/**
 * `a` where the condition holds, `b` elsewhere. All three broadcast; conditions that are not bool hold where they are
 * not 0.
 *
 * @example where(x.less(0), 0, x)
 */
export const where: Where = ((condition: unknown, a: unknown, b: unknown, ...rest: unknown[]) => {
  noMore("where", rest);
  const [c, p, q] = [condition, a, b].map((v) => operandOf("where", v));
  return wrap(ops.where(c as ops.Operand, p as ops.Operand, q as ops.Operand));
}) as Where;

type Bound = ArrayOrScalar | null | undefined;
interface Clip {
  <D extends DType>(x: LazyArray<D>, min?: JsScalar | null, max?: JsScalar | null): LazyArray<D>;
  (x: LazyArray, options: { readonly min?: Bound; readonly max?: Bound }): LazyArray;
  (x: LazyArray, min?: Bound, max?: Bound): LazyArray;
}
/**
 * Elements below `min` become `min`, those above `max` become `max`; a bound that is null or left out does not
 * exist. Bounds may be arrays and are promoted with `x`.
 *
 * @example clip(x, 0, 1)
 */
export const clip: Clip = ((x: unknown, ...args: unknown[]) => {
  const { values, options } = trailing("clip", ["min", "max"], args);
  readOptions("clip", options, {});
  const bound = (v: unknown): ops.Operand | null | undefined =>
    v === null || v === undefined ? null : operandOf("clip", v);
  return wrap(ops.clip(nodeOf("clip", x), bound(values[0]), bound(values[1])));
}) as Clip;

/** The array in another dtype; floats are cut towards 0, integers wrap around, anything but 0 is true. */
export function astype<E extends DType>(x: LazyArray, dtype: E): LazyArray<E> {
  return wrap<E>(ops.astype(nodeOf("astype", x), dtype));
}
