/**
 * Logarithms. All are `k ln 2 + log(1 + f)` with 1 + f from sqrt(1/2) to sqrt(2) or, where that lets f be found
 * without an error, from 3/4 to 3/2. With s = f / (2 + f), log(1 + f) = 2 atanh(s) is a short series in s^2.
 *
 * Ordinary arguments in float64 take a shorter way (Tang 1990): `k ln 2 + log(c) + log(1 + r)` with c from a table, which
 * leaves r so small that few terms of its series count, and no division.
 */
import { type FormulaTable, type Ops, type Unary, unary } from "./ops.js";
import { estrin, pairs } from "./polynomial.js";
import {
  INTERVALS,
  LN2,
  LOG10_2,
  LOGARITHM_ROW,
  LOGARITHMS as LOGARITHM_TABLE,
  OTHER_LOGARITHMS,
} from "./tables.js";

/** ln 2 in two parts; the first ends in 32 zeros, so that its product with an exponent is exact. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
/** The first ends in 27 zeros: 26 bits times 26 bits is exact. */
const LOG2E_HIGH = 1.4426950514316559;
const LOG2E_LOW = -1.0542692476429138e-8;
const LOG10E_HIGH = 0.4342944845557213;
const LOG10E_LOW = -2.6524694553078553e-9;

/**
 * (2 atanh(s) / s - 2) / s^2 as a polynomial in z = s^2, by Remez exchange with weight z / 2, which makes the bound
 * one of the error relative to the logarithm. For z up to 17 - 12 sqrt(2), 2^-59.5:
 */
const SERIES = [
  0.6666666666666734, 0.3999999999941468, 0.28571428742387384, 0.22222198573203078,
  0.18183564325365775, 0.1531405056723607, 0.14795949583777146,
];
/** For z up to 1/25, 2^-62.7. */
const WIDE_SERIES = [
  0.666666666666666, 0.4000000000005594, 0.2857142855600733, 0.22222224276187713,
  0.18181667089315676, 0.15391072403096073, 0.13174262272260592, 0.13838564005862308,
];
/** For z up to 1/25, 2^-35.4. */
const SHORT_SERIES = [
  0.6666666309814162, 0.40000860569716506, 0.28507133121367606, 0.24098505833466746,
];

/** The row of a mantissa in the table: its upper bits. */
const ROW_BITS: number = Math.log2(INTERVALS * LOGARITHM_ROW);
const ROW_MASK = BigInt((INTERVALS - 1) * LOGARITHM_ROW);
const SMALLEST_NORMAL = 2.2250738585072014e-308;
export const ONE_BITS = 0x3ff0000000000000n;
const MANTISSA = 0x000fffffffffffffn;
export const SIGN = -0x8000000000000000n;
/** What carries into the exponent, added to the bits of a float: from above sqrt(2), from above 3/2. */
export const ABOVE_SQRT2 = 0x00095f619980c432n;
const ABOVE_HALF = 0x0007ffffffffffffn;
/** The unit of {@link Split.k}. */
const UNIT = 2 ** 1012;
/** Where the exponent is put: into the top of the mantissa of 2^1023, of which the last bit is set. */
const FIELD = 0x7fe0000000000001n;
export const biasOf = (k: number): number => 2 ** 1023 + (1023 + k) * UNIT + 2 ** 971;

/** A positive number as `2^k (1 + f)`, with k in a unit of its own. */
interface Split<F> {
  readonly k: F;
  readonly f: F;
  /** 2 + f, known as early as f. */
  readonly sum: F;
}

/**
 * The exponent k of a positive, normal number, its bits, and the number over 2^k. Of what has a minus sign, k is NaN:
 * beside the field of the exponent, the sign is a carry that makes a NaN of 2^1023.
 */
export function parts<F, I, M>(
  o: Ops<F, I, M>,
  x: F,
  carry: bigint,
  bias: F = o.float(biasOf(0)),
): { readonly k: F; readonly exponent: I; readonly m: F } {
  const moved = o.addInteger(o.bits(x), o.integer(carry));
  const mantissa = o.andInteger(moved, o.integer(MANTISSA));
  const m = o.fromBits(o.addInteger(mantissa, o.integer(ONE_BITS - carry)));
  const exponent = o.xorInteger(moved, mantissa);
  const field = o.orInteger(o.shiftRight(exponent, 11), o.integer(FIELD));
  return { k: o.subtract(o.fromBits(field), bias), exponent, m };
}

function splitNormal<F, I, M>(o: Ops<F, I, M>, x: F, bias?: F): Split<F> {
  const { k, m } = parts(o, x, ABOVE_SQRT2, bias);
  return { k, f: o.subtract(m, o.float(1)), sum: o.add(m, o.float(1)) };
}

/** Of a number that may be subnormal. */
function split<F, I, M>(o: Ops<F, I, M>, x: F): Split<F> {
  const tiny = o.less(x, o.float(SMALLEST_NORMAL));
  const normal = o.select(tiny, o.multiply(x, o.float(2 ** 54)), x);
  return splitNormal(o, normal, o.select(tiny, o.float(biasOf(54)), o.float(biasOf(0))));
}

/** 1 + x without an error in f, though 1 + x has one: f = (2^-k - 1) + 2^-k x. */
function splitNext<F, I, M>(o: Ops<F, I, M>, x: F): Split<F> {
  const { k, exponent } = parts(o, o.add(o.float(1), x), ABOVE_HALF);
  // 2^(2 - k), since 2^-k may be subnormal.
  const power = o.fromBits(o.subtractInteger(o.integer(SIGN), exponent));
  const quarter = o.float(0.25);
  const inverse = o.multiply(power, quarter);
  const part = o.multiply(o.multiply(x, power), quarter);
  const f = o.add(part, o.subtract(inverse, o.float(1)));
  return { k, f, sum: o.add(part, o.add(inverse, o.float(1))) };
}

/** log(1 + f) + more as f - (half - rest): f^2 / 2 and the sum of parts as they become known. */
function series<F, I, M>(
  o: Ops<F, I, M>,
  { f, sum }: Split<F>,
  coefficients: readonly number[],
  more?: F,
): readonly [half: F, rest: F] {
  const s = o.divide(f, sum);
  const z = o.multiply(s, s);
  const half = o.multiply(o.multiply(f, f), o.float(0.5));
  const early = o.multiply(s, half);
  const late = o.multiply(o.multiply(s, z), estrin(o, z, coefficients));
  return [half, o.add(late, more === undefined ? early : o.add(early, more))];
}

/** k ln 2 in two parts, of which the first is exact; times a power of two. */
export function timesLn2<F, I, M>(o: Ops<F, I, M>, k: F, power = 1): readonly [high: F, low: F] {
  const high = o.multiply(k, o.float((LN2_HIGH * power) / UNIT));
  return [high, o.multiply(high, o.float(LN2_LOW / LN2_HIGH))];
}

/** Natural logarithm of `2^k (1 + f)`, plus `more`, which is 0 or not finite. */
function logOf<F, I, M>(
  o: Ops<F, I, M>,
  given: Split<F>,
  coefficients: readonly number[],
  more: F,
): F {
  const [high, low] = timesLn2(o, given.k);
  const [half, rest] = series(o, given, coefficients, o.add(low, more));
  return o.add(high, o.subtract(given.f, o.subtract(half, rest)));
}

/** log((1 + s) / (1 - s)) + `more`, to some 35 bits. */
export function shortSeries<F, I, M>(o: Ops<F, I, M>, s: F, more: F): F {
  const z = o.multiply(s, s);
  const linear = o.add(o.add(s, s), more);
  return o.add(linear, o.multiply(o.multiply(s, z), estrin(o, z, SHORT_SERIES)));
}

/** The same of `2^k (1 + f)`. */
function shortLogOf<F, I, M>(o: Ops<F, I, M>, { k, f, sum }: Split<F>, more: F): F {
  const high = o.add(o.multiply(k, o.float(Math.LN2 / UNIT)), more);
  return shortSeries(o, o.divide(f, sum), high);
}

/** 0, or x if that is NaN or infinity. */
export function limit<F, I, M>(o: Ops<F, I, M>, x: F): F {
  return o.greater(o.subtract(x, o.float(Number.MAX_VALUE)), o.float(0));
}

/** `value`, but what the logarithm of 0 is where x is the given number. */
function withPole<F, I, M>(o: Ops<F, I, M>, x: F, pole: number, value: F): F {
  return o.select(o.equal(x, o.float(pole)), o.float(-Infinity), value);
}

const logOfAny: Unary = (o, x) => withPole(o, x, 0, logOf(o, split(o, x), SERIES, limit(o, x)));

/** (log(1 + r) - r) / r^2 for |r| <= 2^-7, interpolated at the Chebyshev nodes: within 2^-58 of the logarithm. */
const TAIL = [
  -0.5000000000000009, 0.33333333333333415, -0.24999999973804704, 0.19999999976715255,
  -0.16667811138713884, 0.14286731595470797,
];

interface Part<F> {
  readonly r: F;
  /** log(1 + r) - r */
  readonly tail: F;
}

/** What `c` leaves of a mantissa, of which the row is given: log(1 + d / c), where `d` is how far it is from c. */
function leftOf<F, I, M>(o: Ops<F, I, M>, row: I, d: (c: F) => F): Part<F> {
  const [c, inverse] = o.lookup(LOGARITHM_TABLE, row);
  const r = o.multiply(d(c), inverse);
  const z = o.multiply(r, r);
  return { r, tail: o.multiply(z, pairs(o, r, z, TAIL)) };
}

/** Written with the opposites of all but r, so that -0 stays -0. */
function natural<F, I, M>(o: Ops<F, I, M>, k: F, row: I, { r, tail }: Part<F>): F {
  const [minusHigh, minusLow] = o.lookup(LOGARITHM_TABLE, row, 16);
  const high = o.add(o.multiply(k, o.float(-LN2[0])), minusHigh);
  const low = o.add(o.multiply(k, o.float(-LN2[1])), minusLow);
  return o.subtract(o.subtract(r, o.subtract(low, tail)), high);
}

/** The exponent of a normal number, and the row of its mantissa. */
function located<F, I, M>(o: Ops<F, I, M>, x: F): { readonly k: F; readonly row: I } {
  const bits = o.bits(x);
  const whole = o.orInteger(o.shiftRight(bits, 52), o.bits(o.float(2 ** 52)));
  const row = o.andInteger(o.shiftRight(bits, 52 - ROW_BITS), o.integer(ROW_MASK));
  return { k: o.subtract(o.fromBits(whole), o.float(2 ** 52 + 1023)), row };
}

/** Where a number is not from 2^least to what is below 2^most. */
function isBeyond<F, I, M>(o: Ops<F, I, M>, x: F, least: number, most: number): M {
  const [low, high] = [least, most].map((k) => BigInt(k + 1023) << 52n) as [bigint, bigint];
  // Unsigned numbers less 2^63 are in the order of signed ones.
  const above = o.addInteger(o.bits(x), o.integer(SIGN - low));
  return o.lessInteger(o.integer(SIGN + high - low - 1n), above);
}

const isOdd = <F, I, M>(o: Ops<F, I, M>, x: F): M => isBeyond(o, x, -1022, 1024);

/** How far the mantissa of x is from c. */
const beyond =
  <F, I, M>(o: Ops<F, I, M>, x: F) =>
  (c: F): F => {
    const mantissa = o.andInteger(o.bits(x), o.integer(MANTISSA));
    return o.subtract(o.fromBits(o.orInteger(mantissa, o.integer(ONE_BITS))), c);
  };

const log: Unary = (o, x) => {
  const { k, row } = located(o, x);
  const value = natural(o, k, row, leftOf(o, row, beyond(o, x)));
  return o.rare(isOdd(o, x), logOfAny, [x], value);
};

/** To a base, of which the factor from natural logarithms tells. The subnormal numbers of float32 are normal here. */
const shortLog =
  (factor: number): Unary =>
  (o, x) => {
    const natural = shortLogOf(o, splitNormal(o, x), limit(o, x));
    return withPole(o, x, 0, factor === 1 ? natural : o.multiply(natural, o.float(factor)));
  };

/** Both forms of log(1 + x), which has the sign of x, also at 0. */
function next<F, I, M>(o: Ops<F, I, M>, x: F, of: (x: Split<F>, more: F) => F): F {
  const finite = o.lesser(x, o.float(Number.MAX_VALUE));
  const value = of(splitNext(o, finite), limit(o, x));
  const sign = o.andInteger(o.bits(x), o.integer(SIGN));
  return withPole(o, x, -1, o.fromBits(o.orInteger(o.bits(value), sign)));
}

const log1pOfAny: Unary = (o, x) => next(o, x, (parts, more) => logOf(o, parts, WIDE_SERIES, more));

/** Of u = 1 + x the row is taken alone: its mantissa is `2^-k + 2^-k x`, from which c is taken with one rounding. */
const log1p: Unary = (o, x) => {
  const u = o.add(o.float(1), x);
  const { k, row } = located(o, u);
  const exponent = o.andInteger(o.bits(u), o.integer(0x7ffn << 52n));
  const power = o.fromBits(o.subtractInteger(o.integer(2046n << 52n), exponent));
  const left = leftOf(o, row, (c) => o.subtract(o.multiply(x, power), o.subtract(c, power)));
  // Near -1, what is below the sum of c and a power has too many bits; far out, the power is no normal number.
  return o.rare(isBeyond(o, u, -30, 1023), log1pOfAny, [x], natural(o, k, row, left));
};

const shortLog1p: Unary = (o, x) => next(o, x, (parts, more) => shortLogOf(o, parts, more));

interface Base {
  /** Where the table has logarithms to this base. */
  readonly at: number;
  /** The logarithm of 2; the product of the first part with an exponent is exact. */
  readonly ofTwo: readonly [high: number, low: number];
  /** The logarithm of e; the first part has 26 bits. */
  readonly ofE: readonly [high: number, low: number];
}
const BINARY: Base = { at: 0, ofTwo: [1, 0], ofE: [LOG2E_HIGH, LOG2E_LOW] };
const DECIMAL: Base = {
  at: 16,
  ofTwo: LOG10_2,
  ofE: [LOG10E_HIGH, LOG10E_LOW],
};

/** log(1 + f) as the sum of 26 bits and a rest, times a constant in two parts: rounded at the end alone. */
const logOfAnyTo =
  ({ ofTwo, ofE }: Base): Unary =>
  (o, x) => {
    const given = split(o, x);
    const [half, end] = series(o, given, SERIES);
    const natural = o.subtract(given.f, o.subtract(half, end));
    const top = o.fromBits(o.andInteger(o.bits(natural), o.integer(-0x8000000n)));
    const rest = o.add(o.subtract(o.subtract(given.f, top), half), end);
    const part = o.multiply(top, o.float(ofE[0]));
    const whole = o.multiply(given.k, o.float(ofTwo[0] / UNIT));
    let low = o.multiply(natural, o.float(ofE[1]));
    if (ofTwo[1] !== 0) low = o.add(low, o.multiply(whole, o.float(ofTwo[1] / ofTwo[0])));
    low = o.add(low, limit(o, x));
    low = o.add(o.multiply(rest, o.float(ofE[0])), low);
    const sum = o.add(whole, part);
    const error = o.add(o.subtract(whole, sum), part);
    return withPole(o, x, 0, o.add(sum, o.add(error, low)));
  };

/** The main part of r has 26 bits, so that its product with the logarithm of e is exact. */
const logTo = (base: Base): Unary => {
  const { at, ofTwo, ofE } = base;
  const ofAny = logOfAnyTo(base);
  return (o, x) => {
    const { k, row } = located(o, x);
    const { r, tail } = leftOf(o, row, beyond(o, x));
    const [cHigh, cLow] = o.lookup(OTHER_LOGARITHMS, row, at);
    const top = o.fromBits(o.andInteger(o.bits(r), o.integer(-0x8000000n)));
    const rest = o.multiply(o.add(o.subtract(r, top), tail), o.float(ofE[0] + ofE[1]));
    // Just below 1, the parts of c and of the exponent cancel: they come first.
    const whole = ofTwo[1] === 0 ? cLow : o.add(o.multiply(k, o.float(ofTwo[1])), cLow);
    const low = o.add(whole, o.multiply(top, o.float(ofE[1])));
    const part = o.add(o.multiply(top, o.float(ofE[0])), o.add(rest, low));
    const high = o.add(ofTwo[0] === 1 ? k : o.multiply(k, o.float(ofTwo[0])), cHigh);
    return o.rare(isOdd(o, x), ofAny, [x], o.add(high, part));
  };
};

export const LOGARITHMS: FormulaTable = {
  log: unary(log, shortLog(1)),
  log1p: unary(log1p, shortLog1p),
  log2: unary(logTo(BINARY), shortLog(Math.LOG2E)),
  log10: unary(logTo(DECIMAL), shortLog(Math.LOG10E)),
};
