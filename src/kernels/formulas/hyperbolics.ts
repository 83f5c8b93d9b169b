/**
 * Hyperbolic functions: sine and cosine from the exponential and its reciprocal, the sine near zero from a series, the
 * tangent by its addition theorem.
 */
import { lostOf, signed } from "./double.js";
import { clamp, exponential, shortExpm1Of, shortPower } from "./exponentials.js";
import { type FormulaTable, type Ops, type Unary, unary } from "./ops.js";
import { pairs } from "./polynomial.js";
import { TANGENT_BITS, TANGENT_LEAST, TANGENT_MOST, TANGENTS } from "./tables.js";

/** (sinh(x) / x - 1) / x^2 in x^2 for |x| <= 0.9, interpolated at the Chebyshev nodes in 60 digits: within 2^-57 of sinh. */
const SINE = [
  0.16666666666666666, 0.008333333333333325, 0.00019841269841288874, 2.755731920990743e-6,
  2.5052113343113682e-8, 1.605814796248752e-10, 7.727370387854432e-13,
];
/** Beyond it, the sine is above 1 and the reciprocal of the exponential little of it. */
const NEAR = 0.9;
/** Beyond this all is infinite. */
const MOST = 710.6;

/** A quarter of exp(x) as a sum, and of exp(-x), 0 <= x <= MOST: a half may be all that a float can hold. */
function quarters<F, I, M>(
  o: Ops<F, I, M>,
  x: F,
): { readonly main: F; readonly rest: F; readonly inverse: F } {
  const { root, more, power } = exponential(o, x, -1);
  const main = o.multiply(o.multiply(root, power), power);
  const rest = o.multiply(main, more);
  return { main, rest, inverse: o.divide(o.float(1 / 16), o.add(main, rest)) };
}

const sinh: Unary = (o, x) => {
  const a = o.lesser(o.abs(x), o.float(MOST));
  const { main, rest, inverse } = quarters(o, a);
  const sum = o.subtract(main, inverse);
  const lost = o.subtract(o.subtract(main, sum), inverse);
  const far = o.multiply(o.add(sum, o.add(lost, rest)), o.float(2));
  const z = o.multiply(a, a);
  const near = o.add(a, o.multiply(o.multiply(a, z), pairs(o, z, o.multiply(z, z), SINE)));
  return signed(o, o.select(o.less(a, o.float(NEAR)), near, far), x);
};

const cosh: Unary = (o, x) => {
  const { main, rest, inverse } = quarters(o, o.lesser(o.abs(x), o.float(MOST)));
  const sum = o.add(main, inverse);
  return o.multiply(o.add(sum, o.add(lostOf(o, sum, main, inverse), rest)), o.float(2));
};

/** (tanh(r) / r - 1) / r^2 in r^2, |r| <= 1/8, interpolated at the Chebyshev nodes in 60 digits: within 2^-62 of tanh. */
const TANGENT = [
  -0.3333333333333333, 0.13333333333328654, -0.053968253933298196, 0.021869478982864492,
  -0.00886205437542038, 0.003524681725945706,
];

/** The lower bits of exponent and mantissa that tell a row, which has 32 bytes, and how far up they are. */
const ROW_MASK = BigInt((2 ** TANGENT_BITS - 1) << 5);
const ROW_SHIFT = 52 - 4 - 5;

/** `tanh(c + r) = tanh(c) + (1 - tanh(c)^2) t / (1 + tanh(c) t)` with t = tanh(r). */
const tanh: Unary = (o, x) => {
  const a = o.lesser(o.abs(x), o.float(TANGENT_MOST));
  // What is below the first interval is in the last, which is that of 0.
  const place = o.bits(o.greater(a, o.float(TANGENT_LEAST * (1 - 2 ** -6))));
  const row = o.andInteger(o.shiftRight(place, ROW_SHIFT), o.integer(ROW_MASK));
  const [c, slope] = o.lookup(TANGENTS, row);
  const [high, low] = o.lookup(TANGENTS, row, 16);
  const r = o.subtract(a, c);
  const z = o.multiply(r, r);
  const cubic = o.multiply(o.multiply(r, z), pairs(o, z, o.multiply(z, z), TANGENT));
  const t = o.add(r, cubic);
  const more = o.divide(o.multiply(slope, t), o.add(o.float(1), o.multiply(high, t)));
  return signed(o, o.add(high, o.add(more, low)), x);
};

const shortSinh: Unary = (o, x) => {
  const a = o.abs(x);
  const e = shortExpm1Of(o, a);
  const twice = o.add(e, o.divide(e, o.add(e, o.float(1))));
  return signed(o, o.multiply(twice, o.float(0.5)), x);
};

const shortCosh: Unary = (o, x) => {
  const a = clamp(o, o.abs(x), 0, 100);
  const e = shortPower(o, o.multiply(a, o.float(Math.LOG2E)));
  return o.multiply(o.add(e, o.divide(o.float(1), e)), o.float(0.5));
};

const shortTanh: Unary = (o, x) => {
  const a = o.lesser(o.abs(x), o.float(20));
  const e = shortExpm1Of(o, o.add(a, a));
  return signed(o, o.divide(e, o.add(e, o.float(2))), x);
};

export const HYPERBOLICS: FormulaTable = {
  sinh: unary(sinh, shortSinh),
  cosh: unary(cosh, shortCosh),
  tanh: unary(tanh, shortTanh),
};
