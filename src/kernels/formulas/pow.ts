/**
 * Powers: `2^(y log2 |x|)` with the logarithm in two parts, since its error is multiplied by up to 1075, and the special
 * cases of C99.
 */
import { onePlus, SCALED_BIAS, scaled, shortPower, tail } from "./exponentials.js";
import { type Binary, binary, type FormulaTable, type Ops } from "./ops.js";
import { estrin } from "./polynomial.js";
import { upper } from "./quotients.js";

/** 2 / ln2, 2 / (3 ln2) and ln2, each in two parts, of which the first has 26 bits. */
const TWICE = [2.885390043258667, 3.851925982253235e-8] as const;
const THIRD = [0.9617966860532761, 7.872699542894897e-9] as const;
const LN2 = [0.693147175014019, 5.5459262969660605e-9] as const;
/** The bits of sqrt(1/2). */
const ROOT_HALF = 0x3fe6a09e667f3bcdn;
const ONE = 1023n << 52n;
const EXPONENT = 0x7ffn << 52n;
const WHOLE = 2 ** 52;

/**
 * What `3/2 log((1 + s) / (1 - s)) / s` is above `3 + s^2`, over s^4, for |s| < 0.172: interpolated in s^2 at the
 * Chebyshev nodes in 60 digits, to 2^-67 of the logarithm.
 */
const LONG_SERIES = [
  0.6, 0.4285714285714405, 0.33333333332484244, 0.27272727502995203, 0.2307689245382336,
  0.20002206494325978, 0.17559369144024423, 0.1758461488500838,
];
/** `(log2((1 + s) / (1 - s)) - 2 s / ln2) / s^3` likewise, to 2^-41. */
const SHORT_SERIES = [
  0.961796693936197, 0.5770779990034167, 0.4122032860734675, 0.32015422095882756,
  0.27934440077209016,
];

/** `a = m 2^k` for normal a, m between sqrt(1/2) and sqrt(2). */
function split<F, I, M>(o: Ops<F, I, M>, a: F): { readonly m: F; readonly k: F } {
  const bits = o.bits(a);
  const above = o.addInteger(bits, o.integer(ONE - ROOT_HALF));
  const power = o.andInteger(above, o.integer(EXPONENT));
  const m = o.fromBits(o.subtractInteger(o.addInteger(bits, o.integer(ONE)), power));
  const whole = o.fromBits(o.orInteger(o.shiftRight(above, 52), o.bits(o.float(WHOLE))));
  return { m, k: o.subtract(whole, o.float(WHOLE + 1023)) };
}

/**
 * log2(a) as a sum within 2^-65 of itself, of which the first part has 26 bits: `2/ln2 s + 2/(3 ln2) s w` with
 * `s = (m - 1) / (m + 1)` and `w = s^2 + 3/5 s^4 + ...`. All large products are of two floats of 26 bits; what is small
 * is computed from s as rounded, which is known long before its second part.
 */
function longLog<F, I, M>(o: Ops<F, I, M>, a: F): readonly [F, F] {
  const { m, k } = split(o, a);
  const one = o.float(1);
  const [n, d] = [o.subtract(m, one), o.add(m, one)];
  const reciprocal = o.divide(one, d);
  const rounded = o.multiply(n, reciprocal);
  const s = upper(o, rounded);
  const dHigh = upper(o, d);
  const left = o.subtract(n, o.multiply(s, dHigh));
  const dLow = o.subtract(m, o.subtract(dHigh, one));
  const sLow = o.multiply(o.subtract(left, o.multiply(s, dLow)), reciprocal);

  const z = o.multiply(rounded, rounded);
  const series = o.multiply(o.multiply(z, z), estrin(o, z, LONG_SERIES));
  const square = o.multiply(s, s);
  const w = o.add(z, series);
  const wHigh = upper(o, w);
  const squareLow = o.multiply(sLow, o.add(s, rounded));
  // What z lacks would count in the first term of the series.
  const lacking = o.add(o.subtract(square, z), squareLow);
  const missed = o.multiply(o.multiply(z, o.float(1.2)), lacking);
  const wLow = o.add(o.add(series, o.subtract(square, wHigh)), o.add(squareLow, missed));

  const third = o.multiply(rounded, o.float(THIRD[0] + THIRD[1]));
  const thirdHigh = upper(o, third);
  const thirdLow = o.add(
    o.subtract(o.multiply(s, o.float(THIRD[0])), thirdHigh),
    o.add(o.multiply(s, o.float(THIRD[1])), o.multiply(sLow, o.float(THIRD[0] + THIRD[1]))),
  );
  const main = o.multiply(s, o.float(TWICE[0]));
  const mainLow = o.add(
    o.multiply(s, o.float(TWICE[1])),
    o.multiply(sLow, o.float(TWICE[0] + TWICE[1])),
  );
  const product = o.multiply(thirdHigh, wHigh);
  const low = o.add(o.add(mainLow, o.multiply(thirdLow, w)), o.multiply(thirdHigh, wLow));
  const high = upper(o, o.add(k, o.add(main, product)));
  const lost = o.add(o.add(o.subtract(k, high), main), product);
  return [high, o.add(lost, low)];
}

/** Exponents beyond give 0 or infinity. */
const MOST = 1100;

const bounded = <F, I, M>(o: Ops<F, I, M>, x: F, most: number): F =>
  o.lesser(o.greater(x, o.float(-most)), o.float(most));

/** 2^(p + low), also of what overflows. */
function longPower<F, I, M>(o: Ops<F, I, M>, p: F, low: F): F {
  const biased = o.add(p, o.float(SCALED_BIAS));
  const f = o.subtract(p, o.subtract(biased, o.float(SCALED_BIAS)));
  const top = upper(o, f);
  const high = o.multiply(top, o.float(LN2[0]));
  const r = o.multiply(o.add(f, low), o.float(Math.LN2));
  const rest = o.add(
    o.multiply(o.add(o.subtract(f, top), low), o.float(Math.LN2)),
    o.multiply(top, o.float(LN2[1])),
  );
  return scaled(o, onePlus(o, high, o.add(tail(o, r), rest)), biased);
}

/** |x| to the power y, for normal x and |y| < 2^66. */
function magnitude<F, I, M>(o: Ops<F, I, M>, a: F, y: F): F {
  const [log, logLow] = longLog(o, a);
  const top = upper(o, y);
  const product = o.multiply(top, log);
  const cross = o.add(o.multiply(o.subtract(y, top), log), o.multiply(y, logLow));
  const p = bounded(o, o.add(product, cross), MOST);
  // Where p was bounded, this is anything.
  const low = bounded(o, o.subtract(cross, o.subtract(p, product)), 1);
  return longPower(o, p, low);
}

function shortMagnitude<F, I, M>(o: Ops<F, I, M>, a: F, y: F): F {
  const { m, k } = split(o, a);
  const one = o.float(1);
  const s = o.divide(o.subtract(m, one), o.add(m, one));
  const z = o.multiply(s, s);
  const series = o.multiply(z, estrin(o, z, SHORT_SERIES));
  const log = o.add(k, o.multiply(s, o.add(o.float(2 * Math.LOG2E), series)));
  return shortPower(o, bounded(o, o.multiply(y, log), 200));
}

/** Beyond, powers of all but 1 are 0 or infinite, and whole numbers are even. */
const LARGE = 2 ** 65;

/** The sign, zeros and squares around `magnitude`. Infinite and subnormal x are rare, and y that is NaN. */
function power<F, I, M>(o: Ops<F, I, M>, x: F, given: F, ordinary: (a: F, y: F) => F): F {
  const [zero, infinity] = [o.float(0), o.float(Infinity)];
  const a = o.abs(x);
  const y = bounded(o, given, LARGE);
  const half = o.multiply(y, o.float(0.5));
  const odd = o.equal(o.subtract(half, o.floor(half)), o.float(0.5));
  const sign = o.andInteger(o.bits(o.select(odd, x, zero)), o.integer(-(1n << 63n)));
  const withSign = (size: F): F => o.fromBits(o.xorInteger(o.bits(size), sign));

  const none = o.equal(a, zero);
  const end = withSign(o.select(o.less(y, zero), infinity, zero));
  const some = o.notEqual(y, zero);
  const negative = o.and(o.less(x, zero), o.notEqual(o.floor(y), y));
  const undefinedHere = o.or(negative, o.and(o.notEqual(x, x), some));
  const squared = o.equal(y, o.float(2));
  const other = o.select(undefinedHere, o.float(Number.NaN), end);
  const special = o.or(o.or(undefinedHere, squared), o.and(none, some));
  const exception = o.select(squared, o.multiply(x, x), other);
  const result = o.select(special, exception, withSign(ordinary(a, y)));
  const tiny = o.and(o.less(a, o.float(2 ** -1022)), o.not(none));
  const endless = o.or(o.equal(a, infinity), o.notEqual(y, y));
  return o.rare(o.or(tiny, endless), "pow", [x, given], result);
}

const pow: Binary = (o, x, y) => power(o, x, y, (a, b) => magnitude(o, a, b));
const shortPow: Binary = (o, x, y) => power(o, x, y, (a, b) => shortMagnitude(o, a, b));

export const POWERS: FormulaTable = { pow: binary(pow, shortPow) };
