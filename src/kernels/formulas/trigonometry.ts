/** Sine, cosine and tangent: reduction to an angle around zero, and polynomials there. */
import { type FormulaTable, type Ops, type Unary, unary } from "./ops.js";
import { estrin, horner } from "./polynomial.js";
import { quotient, sum, upper } from "./quotients.js";
import { ANGLES, CIRCLE } from "./tables.js";

/** pi/2 in three parts (Cody and Waite 1980); the first two have 33 bits, so that 2^20 times them is exact. */
const HALF_PI = [1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21] as const;
/** All but the first of them as one. */
const HALF_PI_REST = 6.077100506506192e-11;
const TWO_OVER_PI = 0.6366197723675814;
/** pi in two parts, of which the first has 33 bits. */
const PI = [3.1415926534682512, 1.2154201013012384e-10] as const;
const ONE_OVER_PI = 0.3183098861837907;
/** Angles beyond are reduced one at a time, with as many bits of pi as they need. */
const LARGE = 2 ** 20;
/** What is nearer to a multiple of pi/2 than this times itself needs more than three parts of it. */
const NEAR = 2 ** -66;
/** Added to a float of at most 51 bits, it rounds to an integer that stands in the low bits of the sum. */
const ROUNDER = 6755399441055744;
const SIGN = -(1n << 63n);

/**
 * `sin(r) = r + r z S(z)` and `cos(r) = 1 - z/2 + z^2 C(z)` with z = r^2 and |r| <= pi/4: Remez, relative to the
 * result, within 2^-57.8 (with the first coefficient rounded before the others are fitted) and 2^-64.2.
 */
export const SINE = [
  -0.16666666666666632, 0.00833333333332249, -0.0001984126982985826, 2.7557313707200413e-6,
  -2.505076027610123e-8, 1.5896911357305415e-10,
] as const;
export const COSINE = [
  0.0416666666666666, -0.0013888888888874138, 2.4801587289491827e-5, -2.755731435524207e-7,
  2.087572368444471e-9, -1.135966986597045e-11,
] as const;
/** S as above, for |r| <= pi/2: within 2^-35.3. */
const SHORT_SINE = [
  -0.1666666662615006, 0.008333331108590752, -0.00019840868208015255, 2.752538434549429e-6,
  -2.3888908179354442e-8,
] as const;

/** `cos(r) = 1 + z C(z)`, |r| <= pi/4: within 2^-34.1. */
const SHORT_COSINE = [
  -0.49999999725108096, 0.0416666233241701, -0.0013886763787689367, 2.439045004369294e-5,
] as const;

interface Reduced<F, I> {
  /** The angle without a multiple of pi/2, in two parts. */
  readonly r: F;
  readonly low: F;
  /** Its low bits are the multiple, plus `turn`. */
  readonly quadrant: I;
}

function reduced<F, I, M>(o: Ops<F, I, M>, x: F, turn: number): Reduced<F, I> {
  const rounder = o.float(ROUNDER + turn);
  const shifted = o.add(o.multiply(x, o.float(TWO_OVER_PI)), rounder);
  const n = o.subtract(shifted, rounder);
  const first = o.subtract(x, o.multiply(n, o.float(HALF_PI[0])));
  const second = o.multiply(n, o.float(HALF_PI[1]));
  const r = o.subtract(first, second);
  const error = o.subtract(o.subtract(first, r), second);
  const low = o.subtract(error, o.multiply(n, o.float(HALF_PI[2])));
  return { r, low, quadrant: o.bits(shifted) };
}

/** Where {@link reduced} falls short. */
const isHard = <F, I, M>(o: Ops<F, I, M>, x: F, r: F): M =>
  o.or(o.less(o.float(LARGE), x), o.less(o.abs(r), o.multiply(x, o.float(NEAR))));

/** `r^2 - z`, where z is the rounded square. */
function squareError<F, I, M>(o: Ops<F, I, M>, r: F, z: F): F {
  const high = upper(o, r);
  const rest = o.multiply(o.add(r, high), o.subtract(r, high));
  return o.add(o.subtract(o.multiply(high, high), z), rest);
}

type Pair<F> = readonly [F, F];

/** Sine and cosine of `r + low`, |r| <= pi/4, as sums; `closer` makes good the rounding of r^2. */
function sineAndCosine<F, I, M>(
  o: Ops<F, I, M>,
  r: F,
  low: F,
  closer = false,
): readonly [Pair<F>, Pair<F>] {
  const z = o.multiply(r, r);
  const half = o.multiply(z, o.float(0.5));
  const one = o.subtract(o.float(1), half);
  const cubic = o.multiply(o.multiply(z, r), estrin(o, z, SINE));
  const quartic = o.multiply(o.multiply(z, z), estrin(o, z, COSINE));
  // For far angles, the lower part is many units in the last place.
  let sine = o.add(cubic, o.multiply(low, o.add(one, quartic)));
  // What the rounding of 1 - z/2 left over.
  let rest = o.subtract(o.subtract(o.float(1), one), half);
  if (closer) {
    const error = squareError(o, r, z);
    rest = o.subtract(rest, o.multiply(error, o.float(0.5)));
    sine = o.subtract(sine, o.multiply(o.multiply(r, error), o.float(1 / 6)));
  }
  const correction = o.subtract(rest, o.multiply(low, o.add(r, cubic)));
  return [
    [r, sine],
    [one, o.add(quartic, correction)],
  ];
}

const isEven = <F, I, M>(o: Ops<F, I, M>, n: I): M =>
  o.equalInteger(o.andInteger(n, o.integer(1n)), o.integer(0n));

/** Of the sine and the cosine, the one that an angle has in its quadrant, with its sign; `sign` is xor-ed to that. */
function inQuadrant<F, I, M>(o: Ops<F, I, M>, angle: Reduced<F, I>, sign?: I): F {
  const [sine, cosine] = sineAndCosine(o, angle.r, angle.low);
  const { quadrant } = angle;
  const lower = o.shiftLeft(quadrant, 62);
  const negative = sign === undefined ? lower : o.xorInteger(lower, sign);
  const value = o.select(isEven(o, quadrant), o.add(...sine), o.add(...cosine));
  return withSign(o, value, negative);
}

/** `y`, negated where the highest bit is set. */
const withSign = <F, I, M>(o: Ops<F, I, M>, y: F, sign: I): F =>
  o.fromBits(o.xorInteger(o.bits(y), o.andInteger(sign, o.integer(SIGN))));

const sinOfFar: Unary = (o, given) => {
  const x = o.abs(given);
  const angle = reduced(o, x, 0);
  return o.rare(isHard(o, x, angle.r), "sin", [given], inQuadrant(o, angle, o.bits(given)));
};

const cosOfFar: Unary = (o, given) => {
  const x = o.abs(given);
  const angle = reduced(o, x, 1);
  return o.rare(isHard(o, x, angle.r), "cos", [given], inQuadrant(o, angle));
};

/** pi/64 in three parts: 18 bits times one of the first two are exact. */
const STEP = [0.049087385212260415, 8.010450478001201e-14, -4.268329813191408e-23] as const;
const PER_STEP = 20.371832715762604;
/** Angles up to it are no more than 18 bits of steps, and no nearer to a multiple of pi/2 than 2^-66 of themselves. */
const FAR = 2 ** 13;
/** `(sin(r) / r - 1) / z` and `(cos(r) - 1) / z` in z = r^2, |r| <= pi/128, interpolated at the Chebyshev nodes: to 2^-58. */
const STEP_SINE = [-0.16666666666666666, 0.008333333332769716, -0.00019841020588822364] as const;
const STEP_COSINE = [-0.49999999999999983, 0.041666666661594125, -0.0013888664561993586] as const;

/**
 * The sine of x and `turn` steps: `sin(c + r) = sin(c) cos(r) + cos(c) sin(r)`, where sin(c) and plus or minus r, which
 * is the main part of cos(c) sin(r) where sin(c) is small, are added without an error.
 */
function sineByTable<F, I, M>(o: Ops<F, I, M>, x: F, turn: number): F {
  const rounder = o.float(ROUNDER + turn);
  const shifted = o.add(o.multiply(x, o.float(PER_STEP)), rounder);
  const n = o.subtract(shifted, rounder);
  const first = o.subtract(x, o.multiply(n, o.float(STEP[0])));
  const second = o.multiply(n, o.float(STEP[1]));
  const r = o.subtract(first, second);
  const error = o.subtract(o.subtract(first, r), second);
  const rLow = o.subtract(error, o.multiply(n, o.float(STEP[2])));
  const row = o.shiftLeft(o.andInteger(o.bits(shifted), o.integer(BigInt(ANGLES - 1))), 5);
  const [high, low] = o.lookup(CIRCLE, row);
  const [slope, beyond] = o.lookup(CIRCLE, row, 16);
  const z = o.multiply(r, r);
  const cubic = o.multiply(o.multiply(r, z), horner(o, z, STEP_SINE));
  const main = withSign(o, r, o.bits(slope));
  const sum = o.add(high, main);
  const excess = o.subtract(o.subtract(sum, high), main);
  const more = o.add(o.multiply(slope, o.add(cubic, rLow)), o.multiply(beyond, r));
  const cosine = o.add(o.multiply(high, o.multiply(z, horner(o, z, STEP_COSINE))), low);
  return o.subtract(sum, o.subtract(excess, o.add(more, cosine)));
}

const isFar = <F, I, M>(o: Ops<F, I, M>, size: F): M => o.less(o.float(FAR), size);

const sin: Unary = (o, x) => o.rare(isFar(o, o.abs(x)), sinOfFar, [x], sineByTable(o, x, 0));

const cos: Unary = (o, given) => {
  const x = o.abs(given);
  return o.rare(isFar(o, x), cosOfFar, [given], sineByTable(o, x, ANGLES / 4));
};

/** The sine of `x - n pi`, |x| <= 2^20, if that is within pi/2. */
function shortSine<F, I, M>(o: Ops<F, I, M>, x: F, n: F): F {
  const first = o.subtract(x, o.multiply(n, o.float(PI[0])));
  const r = o.subtract(first, o.multiply(n, o.float(PI[1])));
  const z = o.multiply(r, r);
  return o.add(r, o.multiply(o.multiply(z, r), estrin(o, z, SHORT_SINE)));
}

const sinFloat32: Unary = (o, given) => {
  const x = o.abs(given);
  const shifted = o.add(o.multiply(x, o.float(ONE_OVER_PI)), o.float(ROUNDER));
  const sine = shortSine(o, x, o.subtract(shifted, o.float(ROUNDER)));
  const sign = o.xorInteger(o.shiftLeft(o.bits(shifted), 63), o.bits(given));
  return o.rare(o.less(o.float(LARGE), x), "sin", [given], withSign(o, sine, sign));
};

const cosFloat32: Unary = (o, given) => {
  const x = o.abs(given);
  const turns = o.subtract(o.multiply(x, o.float(ONE_OVER_PI)), o.float(0.5));
  const shifted = o.add(turns, o.float(ROUNDER + 1));
  const n = o.add(o.subtract(shifted, o.float(ROUNDER + 1)), o.float(0.5));
  const cosine = withSign(o, shortSine(o, x, n), o.shiftLeft(o.bits(shifted), 63));
  return o.rare(o.less(o.float(LARGE), x), "cos", [given], cosine);
};

const pick = <F, I, M>(o: Ops<F, I, M>, condition: M, a: Pair<F>, b: Pair<F>): Pair<F> => [
  o.select(condition, a[0], b[0]),
  o.select(condition, a[1], b[1]),
];

/** Sine by cosine, or minus cosine by sine. */
const tan: Unary = (o, given) => {
  const x = o.abs(given);
  const { r, low, quadrant } = reduced(o, x, 0);
  const even = isEven(o, quadrant);
  const [sine, cosine] = sineAndCosine(o, r, low, true);
  const [a, b] = [sum(o, ...sine), sum(o, ...cosine)];
  const ratio = o.add(...quotient(o, pick(o, even, a, b), pick(o, even, b, a)));
  const sign = o.xorInteger(o.shiftLeft(quadrant, 63), o.bits(given));
  return o.rare(isHard(o, x, r), "tan", [given], withSign(o, ratio, sign));
};

const tanFloat32: Unary = (o, given) => {
  const x = o.abs(given);
  const shifted = o.add(o.multiply(x, o.float(TWO_OVER_PI)), o.float(ROUNDER));
  const n = o.subtract(shifted, o.float(ROUNDER));
  const first = o.subtract(x, o.multiply(n, o.float(HALF_PI[0])));
  const r = o.subtract(first, o.multiply(n, o.float(HALF_PI_REST)));
  const z = o.multiply(r, r);
  const sine = o.add(r, o.multiply(o.multiply(z, r), estrin(o, z, SHORT_SINE)));
  const cosine = o.add(o.float(1), o.multiply(z, estrin(o, z, SHORT_COSINE)));
  const even = isEven(o, o.bits(shifted));
  const ratio = o.divide(o.select(even, sine, cosine), o.select(even, cosine, sine));
  const sign = o.xorInteger(o.shiftLeft(o.bits(shifted), 63), o.bits(given));
  return o.rare(o.less(o.float(LARGE), x), "tan", [given], withSign(o, ratio, sign));
};

export const TRIGONOMETRY: FormulaTable = {
  sin: unary(sin, sinFloat32),
  cos: unary(cos, cosFloat32),
  tan: unary(tan, tanFloat32),
};
