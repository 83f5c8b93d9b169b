/** Exponentials. */
import { type FormulaTable, type Ops, type Unary, unary } from "./ops.js";
import { horner } from "./polynomial.js";

const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
/** Added to a float of at most 51 bits, it rounds to an integer that stands in the low bits of the sum. */
const ROUNDER = 6755399441055744;

/** `y * 2^n` for |n| < 2100, rounded once: in two steps, of which the first is exact. */
export function scaled<F, I, M>(o: Ops<F, I, M>, y: F, n: F): F {
  const first = o.floor(o.multiply(n, o.float(0.5)));
  const power = (k: F): F => o.fromBits(o.shiftLeft(o.bits(o.add(k, o.float(ROUNDER + 1023))), 52));
  return o.multiply(o.multiply(y, power(first)), power(o.subtract(n, first)));
}

const TAYLOR = Array.from({ length: 12 }, (_, i) => {
  let factorial = 1;
  for (let k = 2; k <= i + 2; k++) factorial *= k;
  return 1 / factorial;
});

const exp: Unary = (o, given) => {
  // What lies beyond is 0 or infinite all the same; NaN stays.
  const x = o.lesser(o.greater(given, o.float(-800)), o.float(800));
  const n = o.nearest(o.multiply(x, o.float(Math.LOG2E)));
  const high = o.subtract(x, o.multiply(n, o.float(LN2_HIGH)));
  const low = o.multiply(n, o.float(LN2_LOW));
  const r = o.subtract(high, low);
  const square = o.multiply(r, r);
  // The rounding error of r is made good to first order.
  const error = o.subtract(o.subtract(high, r), low);
  const rest = o.add(o.multiply(square, horner(o, r, TAYLOR)), error);
  return scaled(o, o.add(o.float(1), o.add(r, rest)), n);
};

export const EXPONENTIALS: FormulaTable = {
  exp: unary(exp, exp),
};
