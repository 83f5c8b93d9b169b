/**
 * Powers: `exp(y log |x|)` with the logarithm in two parts, since its error is multiplied by up to 745, and the special
 * cases of C99.
 */
import { inverseFactorials, SCALED_BIAS, scaled } from "./exponentials.js";
import { type Binary, binary, type FormulaTable, type Ops } from "./ops.js";
import { estrin } from "./polynomial.js";
import { quotient, sum, upper } from "./quotients.js";

/** log(2) in two parts; the first has 33 bits, so that its multiples by exponents are exact. */
const LN2 = [0.6931471803691238, 1.9082149292705877e-10] as const;
/** 2/3 in two parts; the first has 26 bits. */
const TWO_THIRDS = [0.6666666567325592, 9.934107462565104e-9] as const;
/** The bits of sqrt(1/2). */
const ROOT_HALF = 0x3fe6a09e667f3bcdn;
const BIAS = 1023n << 52n;
const WHOLE = 2 ** 52;

/** What comes after `2s + 2/3 s^3` in the series of `log((1 + s) / (1 - s))`, |s| < 0.172, over s^5. */
const series = (terms: number): number[] =>
  Array.from({ length: terms }, (_, i) => 2 / (2 * i + 5));
const LONG_SERIES = series(11);
const SHORT_SERIES = series(5);

/** `(exp(r) - 1 - r) / r^2`, |r| < 0.35. */
const LONG_TAYLOR = inverseFactorials(2, 1, 12);
const SHORT_TAYLOR = inverseFactorials(2, 1, 7);

/** `a = m 2^k`, m between sqrt(1/2) and sqrt(2). */
function split<F, I, M>(o: Ops<F, I, M>, a: F): { readonly m: F; readonly k: F } {
  const small = o.less(a, o.float(2 ** -1022));
  const bits = o.bits(o.select(small, o.multiply(a, o.float(2 ** 54)), a));
  const above = o.addInteger(o.subtractInteger(bits, o.integer(ROOT_HALF)), o.integer(BIAS));
  const exponent = o.shiftRight(above, 52);
  const m = o.fromBits(
    o.addInteger(o.subtractInteger(bits, o.shiftLeft(exponent, 52)), o.integer(BIAS)),
  );
  const whole = o.fromBits(o.orInteger(exponent, o.bits(o.float(WHOLE))));
  const k = o.subtract(whole, o.select(small, o.float(WHOLE + 1023 + 54), o.float(WHOLE + 1023)));
  return { m, k };
}

/** log(a) as a sum, within 2^-66 of itself. */
function longLog<F, I, M>(o: Ops<F, I, M>, a: F): readonly [F, F] {
  const { m, k } = split(o, a);
  const one = o.float(1);
  const [s, sLow] = quotient(o, [o.subtract(m, one), o.float(0)], sum(o, one, m));
  // s has 26 bits, so its square is exact.
  const z = o.multiply(s, s);
  const zLow = o.multiply(sLow, o.add(o.add(s, s), sLow));
  const square = o.add(z, zLow);
  const zHigh = upper(o, z);
  const zRest = o.add(o.subtract(z, zHigh), zLow);
  const cube = o.multiply(s, zHigh);
  const cubeLow = o.add(o.multiply(s, zRest), o.multiply(sLow, square));
  const cubeHigh = upper(o, cube);
  const cubeRest = o.add(o.subtract(cube, cubeHigh), cubeLow);
  const third = o.multiply(cubeHigh, o.float(TWO_THIRDS[0]));
  const thirdLow = o.add(
    o.multiply(cubeHigh, o.float(TWO_THIRDS[1])),
    o.multiply(cubeRest, o.float(2 / 3)),
  );
  const rest = o.multiply(o.multiply(o.add(cube, cubeLow), square), estrin(o, square, LONG_SERIES));
  const [high, lost] = sum(o, o.multiply(k, o.float(LN2[0])), o.add(s, s));
  const [higher, lostToo] = sum(o, high, third);
  const tail = o.add(o.add(lost, lostToo), o.add(thirdLow, rest));
  const low = o.add(o.add(o.add(sLow, sLow), tail), o.multiply(k, o.float(LN2[1])));
  return sum(o, higher, low);
}

/** exp(p + low), also of what overflows. */
function expOf<F, I, M>(o: Ops<F, I, M>, p: F, low: F, taylor: readonly number[]): F {
  const biased = o.add(o.multiply(p, o.float(Math.LOG2E)), o.float(SCALED_BIAS));
  const n = o.subtract(biased, o.float(SCALED_BIAS));
  const high = o.subtract(p, o.multiply(n, o.float(LN2[0])));
  const rest = o.subtract(low, o.multiply(n, o.float(LN2[1])));
  const r = o.add(high, rest);
  const error = o.add(o.subtract(high, r), rest);
  const square = o.multiply(r, r);
  const tail = o.add(o.multiply(square, estrin(o, r, taylor)), error);
  return scaled(o, o.add(o.float(1), o.add(r, tail)), biased);
}

/** Exponents beyond give 0 or infinity. */
const MOST = 790;

const bounded = <F, I, M>(o: Ops<F, I, M>, p: F): F =>
  o.lesser(o.greater(p, o.float(-MOST)), o.float(MOST));

/** |x| to the power y for ordinary x and y. */
function magnitude<F, I, M>(o: Ops<F, I, M>, a: F, y: F): F {
  const [log, logLow] = longLog(o, a);
  const logHigh = upper(o, log);
  const logRest = o.add(o.subtract(log, logHigh), logLow);
  const yHigh = upper(o, y);
  const yRest = o.subtract(y, yHigh);
  const product = o.multiply(yHigh, logHigh);
  const cross = o.add(o.multiply(yHigh, logRest), o.multiply(yRest, log));
  const [p, low] = sum(o, product, cross);
  const moderate = o.less(o.abs(p), o.float(MOST));
  return expOf(o, bounded(o, p), o.select(moderate, low, o.float(0)), LONG_TAYLOR);
}

function shortMagnitude<F, I, M>(o: Ops<F, I, M>, a: F, y: F): F {
  const { m, k } = split(o, a);
  const one = o.float(1);
  const s = o.divide(o.subtract(m, one), o.add(m, one));
  const z = o.multiply(s, s);
  const fifth = o.multiply(z, estrin(o, z, SHORT_SERIES));
  const tail = o.multiply(o.multiply(s, z), o.add(o.float(2 / 3), fifth));
  const log = o.add(o.multiply(k, o.float(Math.LN2)), o.add(o.add(s, s), tail));
  const p = bounded(o, o.multiply(y, log));
  return expOf(o, p, o.float(0), SHORT_TAYLOR);
}

/** The sign and the special cases around `magnitude`. */
function power<F, I, M>(o: Ops<F, I, M>, x: F, y: F, ordinary: (a: F, y: F) => F): F {
  const [zero, one, infinity] = [o.float(0), o.float(1), o.float(Infinity)];
  const a = o.abs(x);
  const endless = o.equal(o.abs(y), infinity);
  const special = o.or(o.or(o.equal(a, zero), o.equal(a, infinity)), endless);
  const grows = o.or(
    o.and(o.less(one, a), o.less(zero, y)),
    o.and(o.less(a, one), o.less(y, zero)),
  );
  const end = o.select(o.equal(a, one), one, o.select(grows, infinity, zero));
  const size = o.select(special, end, ordinary(a, y));
  const whole = o.equal(o.floor(y), y);
  const half = o.multiply(y, o.float(0.5));
  const odd = o.and(whole, o.notEqual(o.floor(half), half));
  const flipped = o.and(odd, o.lessInteger(o.bits(x), o.integer(0n)));
  const signed = o.select(flipped, o.negate(size), size);
  const negative = o.and(o.less(x, zero), o.less(a, infinity));
  const none = o.or(o.notEqual(x, x), o.notEqual(y, y));
  const undefinedHere = o.or(none, o.and(negative, o.not(whole)));
  const value = o.select(undefinedHere, o.float(Number.NaN), signed);
  return o.select(o.or(o.equal(y, zero), o.equal(x, one)), one, value);
}

const pow: Binary = (o, x, y) => power(o, x, y, (a, b) => magnitude(o, a, b));
const shortPow: Binary = (o, x, y) => power(o, x, y, (a, b) => shortMagnitude(o, a, b));

export const POWERS: FormulaTable = { pow: binary(pow, shortPow) };
