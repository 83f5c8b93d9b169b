/**
 * Exponentials: exp(n ln2 + r) = 2^n exp(r), |r| <= ln2 / 2 (Cody and Waite 1980), or, with steps of ln2 / 64 and their
 * powers from a table, with a shorter polynomial (Tang 1989); and the parts of which others are made.
 */
import { lostOf, power, ROUNDER, upper } from "./double.js";
import { type FormulaTable, type Ops, type Unary, unary } from "./ops.js";
import { estrin, pairs } from "./polynomial.js";
import { POWERS, STEPS } from "./tables.js";

/** ln2 in two parts; an integer of 11 bits times the first is exact. */
const LN2_HIGH = 0.6931471804855391;
const LN2_LOW = 7.440617110012397e-11;

/**
 * (exp(r) - 1 - r) / r^2 for |r| < 0.34661, interpolated at the Chebyshev nodes in 60 digits; with rounded
 * coefficients it gives exp(r) to 2^-61.
 */
const TAIL = [
  0.5, 0.1666666666666667, 0.04166666666666667, 0.008333333333326134, 0.0013888888888883748,
  0.00019841269874821643, 2.4801587325548468e-5, 2.7557255398914854e-6, 2.7557273642187974e-7,
  2.5105217542266557e-8, 2.09146873519521e-9,
];

/** `1 / first!`, `1 / (first + step)!` and so on. */
export function inverseFactorials(first: number, step: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    let product = 1;
    for (let k = 2; k <= first + step * i; k++) product *= k;
    return 1 / product;
  });
}

/** exp(r) - 1 - r */
export const tail = <F, I, M>(o: Ops<F, I, M>, r: F): F =>
  o.multiply(o.multiply(r, r), estrin(o, r, TAIL));

/** `x - n ln2` in two parts, of which the first is exact: `high - low`. */
export function reduced<F, I, M>(
  o: Ops<F, I, M>,
  x: F,
  n: F,
): { readonly high: F; readonly low: F; readonly r: F } {
  const high = o.subtract(x, o.multiply(n, o.float(LN2_HIGH)));
  const low = o.multiply(n, o.float(LN2_LOW));
  return { high, low, r: o.subtract(high, low) };
}

/** What `n` is biased by in the low bits of the argument of {@link scaled}. */
export const SCALED_BIAS: number = ROUNDER + 2046;

/**
 * `y * 2^n` for |n| < 1150, from `n + SCALED_BIAS`, rounded once: by a power of half of `n`, which is exact, then by
 * that of what is left.
 */
export function scaled<F, I, M>(o: Ops<F, I, M>, y: F, biased: F): F {
  const first = o.shiftRight(o.bits(biased), 1);
  const second = o.subtractInteger(o.bits(biased), first);
  const [p, q] = [first, second].map((k) => o.fromBits(o.shiftLeft(k, 52))) as [F, F];
  return o.multiply(o.multiply(y, p), q);
}

/** `1 + high + rest`, where high is exact and rest small. */
export function onePlus<F, I, M>(o: Ops<F, I, M>, high: F, rest: F): F {
  const sum = o.add(o.float(1), high);
  return o.add(sum, o.add(lostOf(o, sum, o.float(1), high), rest));
}

export const clamp = <F, I, M>(o: Ops<F, I, M>, x: F, least: number, most: number): F =>
  o.lesser(o.greater(x, o.float(least)), o.float(most));

/** ln2 / STEPS in two parts; an integer of 18 bits times the first is exact. */
const STEP_HIGH = 0.6931471805437468 / STEPS;
const STEP_LOW = 1.619851018665656e-11 / STEPS;

/** (exp(r) - 1 - r) / r^2 for |r| < 0.00542, as above to 2^-57.6. */
const STEP_TAIL = [
  0.4999999999998506, 0.16666666666664534, 0.041666707403338075, 0.008333339152857227,
];

/** The bits of a number of steps that are the row of {@link POWERS}: two octaves. */
const WITHIN = 2 * STEPS - 1;

/** As above, but to 2^-61 of exp(r) - 1. */
const LONG_STEP_TAIL = [
  0.5, 0.16666666666661334, 0.041666666666659996, 0.008333340607738571, 0.0013888897981894695,
];

interface Steps<F> {
  /** `r + lost` is what is left of x. */
  readonly r: F;
  readonly lost: F;
  /** 2^(j / STEPS), and what it lacks, relative to it. */
  readonly root: F;
  readonly rest: F;
  /** 2^(m + shift) */
  readonly power: F;
}

/**
 * exp(x) = 4^m 2^(j / STEPS) exp(r) for |x| <= 790. Two octaves are in the table, so that 2^m is normal where the result
 * is not.
 */
function inSteps<F, I, M>(o: Ops<F, I, M>, x: F, shift: number): Steps<F> {
  const bias = o.float(ROUNDER + (1023 + shift) * 2 * STEPS);
  const biased = o.add(o.multiply(x, o.float(STEPS * Math.LOG2E)), bias);
  const n = o.subtract(biased, bias);
  const high = o.subtract(x, o.multiply(n, o.float(STEP_HIGH)));
  const low = o.multiply(n, o.float(STEP_LOW));
  const r = o.subtract(high, low);
  const bits = o.bits(biased);
  const row = o.shiftLeft(o.andInteger(bits, o.integer(BigInt(WITHIN))), 4);
  const [rest, root] = o.lookup(POWERS, row);
  const power = o.fromBits(o.shiftLeft(o.shiftRight(bits, Math.log2(2 * STEPS)), 52));
  return { r, lost: o.subtract(o.subtract(high, r), low), root, rest, power };
}

/** exp(r) - 1 - r for small r. */
function stepTail<F, I, M>(o: Ops<F, I, M>, r: F, coefficients: readonly number[]): F {
  const z = o.multiply(r, r);
  return o.multiply(z, pairs(o, r, z, coefficients));
}

export interface Exponential<F> {
  /** The exponential is `4^m root (1 + more)`. */
  readonly root: F;
  readonly more: F;
  /** 2^m; with a `shift`, that many powers more. */
  readonly power: F;
}

/** exp(x) for |x| <= 790. */
export function exponential<F, I, M>(o: Ops<F, I, M>, x: F, shift = 0): Exponential<F> {
  const { r, root, rest, power } = inSteps(o, x, shift);
  return { root, more: o.add(rest, o.add(r, stepTail(o, r, STEP_TAIL))), power };
}

const exp: Unary = (o, given) => {
  // What lies beyond is 0 or infinite all the same; NaN stays.
  const { root, more, power } = exponential(o, clamp(o, given, -790, 790));
  // Times the power twice is rounded once.
  return o.multiply(o.multiply(o.add(root, o.multiply(root, more)), power), power);
};

/**
 * With w = 4^m 2^(j / STEPS), `(w - 1) + r + (w - 1) r + w (exp(r) - 1 - r)`, where the first two are added without an
 * error. All is written with the opposite of `w - 1`, so that -0 stays -0.
 */
const expm1: Unary = (o, given) => {
  const one = o.float(1);
  const x = o.greater(given, o.float(-40));
  const { r, lost, root, rest, power } = inSteps(o, x, 0);
  const w = o.multiply(o.multiply(root, power), power);
  const taken = o.subtract(one, w);
  // Either may be the larger one (Knuth 1969).
  const back = o.subtract(one, taken);
  const takenLost = o.add(o.subtract(one, o.add(taken, back)), o.subtract(back, w));
  const sum = o.subtract(r, taken);
  const sumLost = o.subtract(r, o.add(sum, taken));
  const more = o.multiply(w, o.add(rest, o.add(lost, stepTail(o, r, LONG_STEP_TAIL))));
  const less = o.subtract(o.add(o.subtract(o.multiply(taken, r), more), takenLost), sumLost);
  return o.rare(o.less(o.float(700), x), expm1OfLarge, [given], o.subtract(sum, less));
};

/** 2^f for |f| <= 1/2 to 2^-34, interpolated as above. */
const SHORT_POWER = [
  0.9999999999595618, 0.6931471805568324, 0.24022651213498092, 0.055504109063258665,
  0.009618025613318034, 0.0013333478473685416, 0.00015469729214118296, 1.5303700711365693e-5,
];

/** `2^t` to 2^-33, for |t| < 1000. */
export function shortPower<F, I, M>(o: Ops<F, I, M>, t: F): F {
  const bias = o.float(ROUNDER + 1023);
  const biased = o.add(t, bias);
  const f = o.subtract(t, o.subtract(biased, bias));
  return o.multiply(estrin(o, f, SHORT_POWER), power(o, biased));
}

const shortExp: Unary = (o, x) =>
  shortPower(o, o.multiply(clamp(o, x, -110, 90), o.float(Math.LOG2E)));

/**
 * `2^n (exp(r) - 1) + (2^n - 1)`, where the first term's main part and the second are exact for small n. All is
 * written with the opposite of the second term, so that -0 stays -0.
 */
const expm1OfLarge: Unary = (o, given) => {
  const x = clamp(o, given, -40, 710);
  const bias = o.float(ROUNDER + 1023);
  const biased = o.add(o.multiply(x, o.float(Math.LOG2E)), bias);
  const { high, low, r } = reduced(o, x, o.subtract(biased, bias));
  // 2^1024 is no float: where n is 1024, the result is doubled instead.
  const within = o.lesser(biased, o.float(ROUNDER + 2046));
  const factor = o.add(o.float(1), o.subtract(biased, within));
  const w = power(o, within);
  const taken = o.subtract(o.float(1), w);
  const lost = o.subtract(o.float(1), o.add(w, taken));
  const main = o.multiply(w, high);
  const sum = o.subtract(main, taken);
  const error = o.subtract(main, o.add(sum, taken));
  // The rounding of r^2 would count: most of it is exact.
  const top = upper(o, r);
  const square = o.multiply(w, o.multiply(o.float(0.5), o.multiply(top, top)));
  const total = o.add(sum, square);
  const errors = o.add(error, lostOf(o, total, sum, square));
  const edge = o.multiply(o.multiply(o.subtract(r, top), o.add(r, top)), o.float(0.5));
  const cubic = o.multiply(o.multiply(o.multiply(r, r), r), estrin(o, r, TAIL.slice(1)));
  const rest = o.subtract(o.multiply(w, o.subtract(low, o.add(edge, cubic))), errors);
  const value = o.multiply(factor, o.subtract(total, o.add(rest, lost)));
  // The sign of zero.
  return o.select(o.equal(given, o.float(0)), given, value);
};

/** (exp(r) - 1) / r for |r| < 0.34661 to 2^-35: its Taylor series. */
const SHORT_EXPM1: readonly number[] = inverseFactorials(1, 1, 9);

/** exp(r) - 1, with the sign of r = -0. */
export const shortExpm1 = <F, I, M>(o: Ops<F, I, M>, r: F): F =>
  o.multiply(r, estrin(o, r, SHORT_EXPM1));

export const shortExpm1Of: Unary = (o, given) => {
  const x = clamp(o, given, -40, 90);
  const bias = o.float(ROUNDER + 1023);
  const biased = o.add(o.multiply(x, o.float(Math.LOG2E)), bias);
  const r = o.subtract(x, o.multiply(o.subtract(biased, bias), o.float(Math.LN2)));
  const w = power(o, biased);
  return o.subtract(o.multiply(w, shortExpm1(o, r)), o.subtract(o.float(1), w));
};

export const EXPONENTIALS: FormulaTable = {
  exp: unary(exp, shortExp),
  expm1: unary(expm1, shortExpm1Of),
};
