/** Inverse sine, cosine and tangent, and the angle of a point. */
import { type Binary, binary, type FormulaTable, type Ops, type Unary, unary } from "./ops.js";
import { estrin } from "./polynomial.js";
import { quotient, sum, upper } from "./quotients.js";

const HALF_PI = Math.PI / 2;
/** What the doubles next to pi/4, pi/2 and pi lack, as a factor of them. */
const LACKING = 6.123233995736766e-17 / HALF_PI;
const SIGN = -(1n << 63n);

/** `asin(u) = u + u z A(z)`, z = u^2 <= 1/4: Remez, relative to the result, within 2^-55.9; 2^-31.8 in float32. */
const ASIN = [
  0.16666666666665408, 0.07500000000337012, 0.044642856828329025, 0.03038195913687933,
  0.022371758054722305, 0.017359704664459616, 0.013885236757921192, 0.012169201338562214,
  0.006528026369984013, 0.01952811113122329, -0.016223993883528125, 0.03191208361910433,
];
const SHORT_ASIN = [
  0.16666659991236313, 0.07500504192291144, 0.04451695378146563, 0.031807727556219134,
  0.014438579866141568, 0.03751647419019122,
];
/** `atan(u) = u + u z A(z)`, |u| <= tan(pi/8): Remez, relative to the result, within 2^-59.4; 2^-35.3 in float32. */
const ATAN = [
  -0.333333333333332, 0.19999999999953202, -0.14285714280161926, 0.11111110781915029,
  -0.09090897718134669, 0.07692059587278516, -0.06663097686779437, 0.058478479796219604,
  -0.0503913845388544, 0.038060793381204265, -0.01790353781512514,
];
const SHORT_ATAN = [
  -0.3333333249865072, 0.19999903863555385, -0.14282006429039787, 0.110446744681646,
  -0.08476169638400838, 0.04743834850335051,
];
const TAN_EIGHTH = 0.41421356237309503;

const signOf = <F, I, M>(o: Ops<F, I, M>, x: F): I => o.andInteger(o.bits(x), o.integer(SIGN));

/** `y >= 0` with the sign bit. */
const signed = <F, I, M>(o: Ops<F, I, M>, y: F, sign: I): F =>
  o.fromBits(o.xorInteger(o.bits(y), sign));

/** `u z A(z)` with z = u^2 */
const odd = <F, I, M>(o: Ops<F, I, M>, u: F, z: F, coefficients: readonly number[]): F =>
  o.multiply(o.multiply(u, z), estrin(o, z, coefficients));

interface Half<F, M> {
  readonly a: F;
  /** Whether |x| is above a half, where `asin |x| = pi/2 - 2 asin(sqrt((1 - |x|) / 2))`. */
  readonly large: M;
  /** What the arc sine is taken of, at most a half, and its square. */
  readonly u: F;
  readonly z: F;
}

function halved<F, I, M>(o: Ops<F, I, M>, x: F): Half<F, M> {
  const a = o.abs(x);
  const large = o.less(o.float(0.5), a);
  const rest = o.multiply(o.subtract(o.float(1), a), o.float(0.5));
  const z = o.select(large, rest, o.multiply(a, a));
  return { a, large, u: o.select(large, o.sqrt(rest), a), z };
}

/** `asin(u) - u`, where u may be a rounded square root. */
function aboveArgument<F, I, M>(o: Ops<F, I, M>, { large, u, z }: Half<F, M>): F {
  const high = upper(o, u);
  const lower = o.subtract(u, high);
  // z - u^2, exact but for its last term.
  const left = o.subtract(
    o.subtract(o.subtract(z, o.multiply(high, high)), o.multiply(o.add(high, high), lower)),
    o.multiply(lower, lower),
  );
  const correction = o.divide(left, o.greater(o.add(u, u), o.float(2 ** -500)));
  return o.add(odd(o, u, z, ASIN), o.select(large, correction, o.float(0)));
}

/** `base + factor (u + rest)` for a multiple of pi/2 as base, none smaller than the rest but 0. */
function from<F, I, M>(o: Ops<F, I, M>, base: F, factor: F, u: F, rest: F): F {
  const [first, error] = sum(o, base, o.multiply(factor, u));
  const low = o.add(error, o.multiply(base, o.float(LACKING)));
  return o.add(first, o.add(low, o.multiply(factor, rest)));
}

const asin: Unary = (o, x) => {
  const half = halved(o, x);
  const base = o.select(half.large, o.float(HALF_PI), o.float(0));
  const factor = o.select(half.large, o.float(-2), o.float(1));
  return signed(o, from(o, base, factor, half.u, aboveArgument(o, half)), signOf(o, x));
};

/** 0, pi/2 or pi, and the factor of the arc sine that the arc cosine adds to it. */
function baseOfAcos<F, I, M>(o: Ops<F, I, M>, x: F, large: M): readonly [F, F] {
  const far = o.select(o.less(x, o.float(0)), o.float(Math.PI), o.float(0));
  const factor = o.select(large, o.float(2), o.float(-1));
  return [o.select(large, far, o.float(HALF_PI)), signed(o, factor, signOf(o, x))];
}

const acos: Unary = (o, x) => {
  const half = halved(o, x);
  const [base, factor] = baseOfAcos(o, x, half.large);
  return from(o, base, factor, half.u, aboveArgument(o, half));
};

const asinFloat32: Unary = (o, x) => {
  const { large, u, z } = halved(o, x);
  const y = o.add(u, odd(o, u, z, SHORT_ASIN));
  const far = o.subtract(o.float(HALF_PI), o.add(y, y));
  return signed(o, o.select(large, far, y), signOf(o, x));
};

const acosFloat32: Unary = (o, x) => {
  const { large, u, z } = halved(o, x);
  const y = o.add(u, odd(o, u, z, SHORT_ASIN));
  const [base, factor] = baseOfAcos(o, x, large);
  return o.add(base, o.multiply(factor, y));
};

interface Octant<F> {
  /** An angle, 0, pi/4 or pi/2, and the tangent of what remains, as a fraction of two-part numbers. */
  readonly base: F;
  readonly n: readonly [F, F];
  readonly d: readonly [F, F];
}

/** Of the point (b, a), neither coordinate negative: what remains is within pi/8. */
function octant<F, I, M>(o: Ops<F, I, M>, a: F, b: F): Octant<F> {
  const zero = o.float(0);
  const low = o.lessEqual(a, o.multiply(b, o.float(TAN_EIGHTH)));
  // Equal where a factor has underflowed.
  const high = o.lessEqual(b, o.multiply(a, o.float(TAN_EIGHTH)));
  const outside = o.or(low, high);
  const [n, d] = [o.subtract(a, b), o.add(a, b)];
  // Both are within a factor of tan(3 pi/8) of each other, for which these are exact.
  const nLow = o.subtract(a, o.add(n, b));
  const dLow = o.subtract(a, o.subtract(d, b));
  const outer = (ifLow: F, ifHigh: F): F => o.select(low, ifLow, ifHigh);
  const pick = (ifLow: F, ifHigh: F, between: F): F =>
    o.select(outside, outer(ifLow, ifHigh), between);
  return {
    base: pick(zero, o.float(HALF_PI), o.float(HALF_PI / 2)),
    n: [pick(a, o.negate(b), n), o.select(outside, zero, nLow)],
    d: [pick(b, a, d), o.select(outside, zero, dLow)],
  };
}

/** The angle of an octant's point, in two parts. */
function angle<F, I, M>(o: Ops<F, I, M>, { base, n, d }: Octant<F>): readonly [F, F] {
  const [high, low] = quotient(o, n, d);
  const u = o.add(high, low);
  const rest = o.add(low, odd(o, u, o.multiply(u, u), ATAN));
  const [first, error] = sum(o, base, high);
  return [first, o.add(o.add(error, o.multiply(base, o.float(LACKING))), rest)];
}

function angleFloat32<F, I, M>(o: Ops<F, I, M>, a: F, b: F): F {
  const { base, n, d } = octant(o, a, b);
  const u = o.divide(n[0], d[0]);
  return o.add(base, o.add(u, odd(o, u, o.multiply(u, u), SHORT_ATAN)));
}

const atan: Unary = (o, x) => {
  const [first, rest] = angle(o, octant(o, o.lesser(o.abs(x), o.float(2 ** 200)), o.float(1)));
  return signed(o, o.add(first, rest), signOf(o, x));
};

const atanFloat32: Unary = (o, x) =>
  signed(o, angleFloat32(o, o.lesser(o.abs(x), o.float(2 ** 200)), o.float(1)), signOf(o, x));

/** Whether the sign bit is set. */
const isNegative = <F, I, M>(o: Ops<F, I, M>, x: F): M => o.lessInteger(o.bits(x), o.integer(0n));

const atan2: Binary = (o, y, x) => {
  const [a, b] = [o.abs(y), o.abs(x)];
  const [least, most] = [o.lesser(a, b), o.greater(a, b)];
  // Reciprocals and products of what is left are normal numbers.
  const tiny = o.and(o.less(least, o.float(2 ** -900)), o.less(o.float(0), least));
  const extreme = o.or(tiny, o.lessEqual(o.float(2 ** 900), most));
  const eighth = octant(o, a, b);
  const d = [o.greater(eighth.d[0], o.float(2 ** -1000)), eighth.d[1]] as const;
  const [first, rest] = angle(o, { ...eighth, d });
  const [far, error] = sum(o, o.float(Math.PI), o.negate(first));
  const low = o.subtract(o.add(error, o.float(2 * 6.123233995736766e-17)), rest);
  const left = isNegative(o, x);
  const result = o.select(left, o.add(far, low), o.add(first, rest));
  return o.rare(extreme, "atan2", [y, x], signed(o, result, signOf(o, y)));
};

const atan2Float32: Binary = (o, y, x) => {
  // Infinite coordinates are beyond all float32 ones, and zeros have a quotient.
  const a = o.lesser(o.abs(y), o.float(2 ** 500));
  const b = o.greater(o.lesser(o.abs(x), o.float(2 ** 500)), o.float(2 ** -500));
  const first = angleFloat32(o, a, b);
  const result = o.select(isNegative(o, x), o.subtract(o.float(Math.PI), first), first);
  return signed(o, result, signOf(o, y));
};

export const INVERSE_TRIGONOMETRY: FormulaTable = {
  asin: unary(asin, asinFloat32),
  acos: unary(acos, acosFloat32),
  atan: unary(atan, atanFloat32),
  atan2: binary(atan2, atan2Float32),
};
