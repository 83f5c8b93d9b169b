/**
 * Inverse hyperbolic functions: logarithms of some w = 2^k m whose s = (m - 1) / (m + 1) can be had without first
 * rounding w where w is near 1, so that `k ln 2 + 2 atanh(s)` needs one division.
 */
import { ABOVE_SQRT2, biasOf, limit, ONE_BITS, parts, SIGN, timesLn2 } from "./logarithms.js";
import { type FormulaTable, type Ops, type Unary, unary } from "./ops.js";
import { estrin } from "./polynomial.js";

/**
 * (2 atanh(s) / s - 2) / s^2 as a polynomial in s^2 in [0, 1/9], by Remez exchange with weight s^2 / 2, which makes it
 * the error relative to atanh: 2^-59.4 and 2^-38.4.
 */
const SERIES = [
  0.6666666666666631, 0.40000000000157243, 0.2857142854785376, 0.22222223969741658,
  0.1818174392449576, 0.15386559933021957, 0.13300973449160589, 0.12106087364883028,
  0.08340096596960035, 0.17018584448935456,
];
const SHORT_SERIES = [
  0.6666666635959706, 0.40000052942867625, 0.2856839825388007, 0.2230146622270466,
  0.17148085370481309, 0.21791805963106867,
];
const halved = (series: readonly number[]): number[] => series.map((c) => c / 2);

/** With the sign of `x`, which also is the one of zero. */
const signed = <F, I, M>(o: Ops<F, I, M>, x: F, value: F): F =>
  o.fromBits(o.orInteger(o.bits(value), o.andInteger(o.bits(x), o.integer(SIGN))));

/**
 * log(w) + more for w = x + root, x >= 0 and finite. While w < 2, s is `lead` / `divisor`, and 2s = lead (1 - s^2)
 * does not have the error of the quotient; from there on, w = 2^k (1 + f), s = f / (2 + f) and 2s = f (1 - s).
 */
function logOfSum<F, I, M>(
  o: Ops<F, I, M>,
  [x, root]: readonly [F, F],
  [lead, divisor]: readonly [F, F],
  more: F,
  series: readonly number[],
): F {
  // An eighth, since w and its exponent may be too large.
  const [eighth, rootEighth] = [o.multiply(x, o.float(0.125)), o.multiply(root, o.float(0.125))];
  const w = o.add(eighth, rootEighth);
  const near = o.less(w, o.float(0.25));
  const { k, exponent } = parts(o, w, ABOVE_SQRT2, o.float(biasOf(-3)));
  // The error of w is kept out of f.
  const power = o.fromBits(o.subtractInteger(o.integer(2046n << 52n), exponent));
  const far = o.subtract(o.multiply(rootEighth, power), o.float(1));
  const first = o.select(near, lead, o.add(o.multiply(eighth, power), far));
  const s = o.divide(first, o.select(near, divisor, o.add(first, o.float(2))));
  const z = o.multiply(s, s);
  const [high, low] = timesLn2(o, o.select(near, o.float(0), k));
  const cubic = o.multiply(o.multiply(s, z), estrin(o, z, series));
  const rest = o.add(cubic, o.add(low, more));
  const less = o.subtract(o.multiply(first, o.select(near, z, s)), rest);
  return o.add(high, o.subtract(first, less));
}

/** The square root, but `x` where `x` is so large that the square overflows. */
const rootOf = <F, I, M>(o: Ops<F, I, M>, x: F, square: F): F =>
  o.select(o.less(x, o.float(2 ** 500)), o.sqrt(square), x);

/** For w = x + sqrt(1 + x^2), s is x / (1 + sqrt(1 + x^2)). */
const asinh =
  (series: readonly number[]): Unary =>
  (o, given) => {
    const size = o.abs(given);
    const x = o.lesser(size, o.float(Number.MAX_VALUE));
    const root = rootOf(o, x, o.add(o.multiply(x, x), o.float(1)));
    const near = [x, o.add(root, o.float(1))] as const;
    return signed(o, given, logOfSum(o, [x, root], near, limit(o, size), series));
  };

/** For w = x + sqrt(x^2 - 1), s is sqrt(x^2 - 1) / (x + 1). */
const acosh =
  (series: readonly number[], correct: boolean): Unary =>
  (o, given) => {
    const x = o.lesser(given, o.float(Number.MAX_VALUE));
    const t = o.subtract(x, o.float(1));
    const [square, twice] = [o.multiply(t, t), o.add(t, t)];
    const sum = o.add(twice, square);
    const root = rootOf(o, x, sum);
    let more = limit(o, given);
    if (correct) {
      // Near 1, what the error of the sum makes of the root, which may be 0 but for 2^-600.
      const error = o.add(o.subtract(twice, sum), square);
      const effect = o.divide(error, o.add(o.add(root, root), o.float(2 ** -600)));
      more = o.select(o.less(x, o.float(1.25)), effect, more);
    }
    const value = logOfSum(o, [x, root], [root, o.add(x, o.float(1))], more, series);
    return o.select(o.lessEqual(o.float(1), x), value, o.float(Number.NaN));
  };

/**
 * Half the logarithm of w = (1 + x) / (1 - x) = 2^k m. k is found without the quotient, as a difference of bits, for m
 * from 0.88 to 2; s = (x + 2^k x - (2^k - 1)) / (2 + (2^k - 1) (1 - x)) is x for k = 0. Beyond 1, k is NaN.
 */
const atanh =
  (series: readonly number[]): Unary =>
  (o, given) => {
    const x = o.abs(given);
    const below = o.subtract(o.float(1), x);
    const ratio = o.subtractInteger(o.bits(o.add(o.float(1), x)), o.bits(below));
    // Below 2^54, which is the quotient for the largest x: 2^k - 1 is to be exact.
    const quotient = o.lesser(
      o.fromBits(o.addInteger(ratio, o.integer(ONE_BITS))),
      o.float(2 ** 54 - 2),
    );
    const { k, exponent } = parts(o, quotient, 0n);
    const power = o.fromBits(exponent);
    const lessOne = o.subtract(power, o.float(1));
    const dividend = o.add(x, o.subtract(o.multiply(x, power), lessOne));
    const s = o.divide(dividend, o.add(o.float(2), o.multiply(lessOne, below)));
    const z = o.multiply(s, s);
    const cubic = o.multiply(o.multiply(s, z), estrin(o, z, series));
    const [high, low] = timesLn2(o, k, 0.5);
    const value = o.add(high, o.add(s, o.add(cubic, low)));
    return signed(o, given, o.select(o.equal(x, o.float(1)), o.float(Infinity), value));
  };

export const INVERSE_HYPERBOLICS: FormulaTable = {
  asinh: unary(asinh(SERIES), asinh(SHORT_SERIES)),
  acosh: unary(acosh(SERIES, true), acosh(SHORT_SERIES, false)),
  atanh: unary(atanh(halved(SERIES)), atanh(halved(SHORT_SERIES))),
};
