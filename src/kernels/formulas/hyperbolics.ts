/**
 * Hyperbolic functions by their addition theorems: of `x = n ln2 + r`, those of `n ln2` are sums of two powers of two
 * and those of r short series, so that all that is large is exact.
 */
import { lostOf, power, ROUNDER, signed, upper } from "./double.js";
import { clamp, inverseFactorials, reduced, shortExpm1Of, shortPower } from "./exponentials.js";
import { type FormulaTable, type Ops, type Unary, unary } from "./ops.js";
import { estrin } from "./polynomial.js";

/** `(sinh(r) - r) / r^3` and `(cosh(r) - 1) / r^2` for |r| < 0.3466, over r^2: within 2^-61 of sinh and cosh. */
const SINE = inverseFactorials(3, 2, 6);
const COSINE = inverseFactorials(2, 2, 7);

type Pair<F> = readonly [F, F];

interface Small<F> {
  readonly high: F;
  readonly rest: F;
  readonly more: F;
}

/**
 * `main * (1 + more) + factor * (high + rest)` as a sum, where main and factor are sums themselves; the product of the
 * first part of factor with 26 bits is exact.
 */
function combined<F, I, M>(
  o: Ops<F, I, M>,
  [main, mainLow]: Pair<F>,
  [factor, factorLow]: Pair<F>,
  { high, rest, more }: Small<F>,
): Pair<F> {
  const top = upper(o, high);
  const product = o.multiply(factor, top);
  const total = o.add(main, product);
  const lost = lostOf(o, total, main, product);
  const low = o.add(o.multiply(factor, o.add(o.subtract(high, top), rest)), o.multiply(main, more));
  const least = o.add(
    mainLow,
    o.add(o.multiply(factorLow, o.add(high, rest)), o.multiply(mainLow, more)),
  );
  return [total, o.add(lost, o.add(low, least))];
}

/** Half of sinh(x) and of cosh(x), 0 <= x < 711, as sums: halves, since the whole may be all that a float can hold. */
function halves<F, I, M>(
  o: Ops<F, I, M>,
  x: F,
): { readonly sinh: Pair<F>; readonly cosh: Pair<F> } {
  const rounder = o.float(ROUNDER + 1021);
  const biased = o.add(o.multiply(x, o.float(Math.LOG2E)), rounder);
  const n = o.subtract(biased, rounder);
  const { high, low, r } = reduced(o, x, n);
  const up = power(o, biased);
  // 2^-n beside 2^n is nothing long before it is no normal number.
  const down = power(o, o.subtract(rounder, o.lesser(n, o.float(60))));
  // From here on, the sum of both has more bits than leave a product exact.
  const far = o.less(o.float(12), n);
  const [near, apart] = [o.select(far, o.float(0), down), o.select(far, down, o.float(0))];
  const s = [o.subtract(up, near), o.negate(apart)] as const;
  const c = [o.add(up, near), apart] as const;
  const z = o.multiply(r, r);
  const rest = o.subtract(o.multiply(o.multiply(z, r), estrin(o, z, SINE)), low);
  const more = o.multiply(z, estrin(o, z, COSINE));
  return {
    sinh: combined(o, s, c, { high, rest, more }),
    cosh: combined(o, c, s, { high, rest, more }),
  };
}

/** Below this, sinh and tanh are their argument. */
const TINY = 2 ** -28;
/** Beyond this all is infinite; it is below what would take 2^1024. */
const MOST = 710.6;

const twice = <F, I, M>(o: Ops<F, I, M>, [high, low]: Pair<F>): F => {
  const value = o.add(high, low);
  return o.add(value, value);
};

const sinh: Unary = (o, x) => {
  const a = o.abs(x);
  const value = twice(o, halves(o, o.lesser(a, o.float(MOST))).sinh);
  return signed(o, o.select(o.less(a, o.float(TINY)), a, value), x);
};

const cosh: Unary = (o, x) => twice(o, halves(o, o.lesser(o.abs(x), o.float(MOST))).cosh);

/**
 * (exp(r) - 1 - r - r^2 / 2) / r^3 for -0.2427 < r < 0.4507, interpolated at the Chebyshev nodes in 60 digits; with
 * rounded coefficients it gives exp(r) to 2^-59.
 */
const TAIL = [
  0.16666666666666663, 0.04166666666666652, 0.008333333333342272, 0.0013888888888920203,
  0.00019841269795131358, 2.4801587847258398e-5, 2.7557407457355736e-6, 2.755522171212833e-7,
  2.5004515082151776e-8, 2.2839290655924965e-9,
];

/**
 * `(1 - z + s) / (1 + z + s)` with `exp(2|x|) = (1 + s) / z` and z = 2^-n, both sides as sums. Where n is 0 the main
 * part of the numerator is 2|x| itself, so that tiny arguments need no care; where it is 1, r is not so far below zero
 that the numerator cancels.
 */
const tanh: Unary = (o, x) => {
  const a = o.abs(x);
  const y = o.lesser(o.add(a, a), o.float(44));
  const rounder = o.float(ROUNDER + 1023);
  const steps = o.subtract(o.multiply(y, o.float(Math.LOG2E)), o.float(0.15));
  const biased = o.subtract(rounder, steps);
  const { high, low, r } = reduced(o, y, o.subtract(rounder, biased));
  const [one, z] = [o.float(1), power(o, biased)];
  const [under, over] = [o.subtract(one, z), o.add(one, z)];
  const [n, d] = [o.add(under, high), o.add(over, high)];
  const square = o.multiply(r, r);
  const cubic = o.multiply(o.multiply(square, r), estrin(o, r, TAIL));
  const rest = o.add(o.multiply(square, o.float(0.5)), o.subtract(cubic, low));
  const nLost = o.add(lostOf(o, n, under, high), o.subtract(o.subtract(one, under), z));
  const dLost = o.add(lostOf(o, d, over, high), o.add(o.subtract(one, over), z));
  const [nLow, dLow] = [o.add(nLost, rest), o.add(dLost, rest)];
  // The low parts are up to a sixth of the high ones: the quotient is taken of the sums, its error of the parts.
  const reciprocal = o.divide(one, o.add(d, dLow));
  const q = upper(o, o.multiply(o.add(n, nLow), reciprocal));
  const dHigh = upper(o, d);
  const left = o.subtract(o.subtract(n, o.multiply(q, dHigh)), o.multiply(q, o.subtract(d, dHigh)));
  const error = o.add(left, o.subtract(nLow, o.multiply(q, dLow)));
  return signed(o, o.add(q, o.multiply(error, reciprocal)), x);
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
