/**
 * The logarithm of a sum of exponentials: the larger argument and `log(1 + u) = 2 atanh(u / (2 + u))`, u = exp(-distance),
 * in two parts each, since they cancel where the sum is near 1.
 */
import { lostOf, power, ROUNDER, upper } from "./double.js";
import { reduced, shortPower, tail } from "./exponentials.js";
import { type Binary, binary, type FormulaTable, type Ops } from "./ops.js";
import { estrin } from "./polynomial.js";

/**
 * `2 (atanh(s) / s - 1) / s^2` for |s| <= 1/3, interpolated in s^2 at the Chebyshev nodes in 60 digits: 2 atanh(s) to
 * 2^-57 of s.
 */
const SERIES = [
  0.6666666666666666, 0.39999999999999525, 0.285714285716001, 0.22222222198236766,
  0.18181819897962975, 0.15384543964852881, 0.13335178631591127, 0.11734279059646402,
  0.10845178406740272, 0.07492143748041363, 0.15630577882473326,
];
/** The same to 2^-46. */
const SHORT_SERIES = [
  0.6666666666665532, 0.40000000013063114, 0.2857142611241643, 0.22222397892040513,
  0.18175687569685103, 0.1549981933255702, 0.12153361802713565, 0.178082862615261,
];

interface Ordered<F> {
  readonly most: F;
  readonly distance: F;
  /** What rounding took from the distance; anything down to -1 where that is not finite. */
  readonly lost: F;
}

/** The larger argument and the distance to the other; that of equal infinities is 0. */
function ordered<F, I, M>(o: Ops<F, I, M>, a: F, b: F): Ordered<F> {
  const apart = o.subtract(a, b);
  // Either may be the larger one (Knuth 1969).
  const taken = o.subtract(apart, a);
  const lost = o.subtract(o.subtract(a, o.subtract(apart, taken)), o.add(b, taken));
  const sign = o.andInteger(o.bits(apart), o.integer(-(1n << 63n)));
  return {
    most: o.greater(a, b),
    distance: o.select(o.equal(a, b), o.float(0), o.abs(apart)),
    lost: o.greater(o.float(-1), o.fromBits(o.xorInteger(o.bits(lost), sign))),
  };
}

/** exp(-distance - lost) as a sum, for distance <= 708. */
function decayed<F, I, M>(o: Ops<F, I, M>, distance: F, lost: F): readonly [F, F] {
  const [one, rounder] = [o.float(1), o.float(ROUNDER + 1023)];
  const biased = o.subtract(rounder, o.multiply(distance, o.float(Math.LOG2E)));
  const parts = reduced(o, distance, o.subtract(rounder, biased));
  const [high, r] = [o.negate(parts.high), o.negate(parts.r)];
  const w = power(o, biased);
  const sum = o.add(one, high);
  const rest = o.add(lostOf(o, sum, one, high), o.add(tail(o, r), parts.low));
  return [o.multiply(w, sum), o.multiply(w, o.subtract(rest, o.multiply(lost, sum)))];
}

/** log(1 + u) as a sum, of which the first part has 26 bits, for 0 < u <= 1. */
function logOf<F, I, M>(o: Ops<F, I, M>, [u, uLow]: readonly [F, F]): readonly [F, F] {
  const two = o.float(2);
  const d = o.add(two, u);
  const dLow = o.add(lostOf(o, d, two, u), uLow);
  const reciprocal = o.divide(o.float(1), o.add(d, dLow));
  const rounded = o.multiply(o.add(u, uLow), reciprocal);
  const s = upper(o, rounded);
  const dHigh = upper(o, d);
  const left = o.subtract(o.subtract(u, o.multiply(s, dHigh)), o.multiply(s, o.subtract(d, dHigh)));
  const error = o.add(left, o.subtract(uLow, o.multiply(s, dLow)));
  const sLow = o.multiply(error, reciprocal);
  const z = o.multiply(rounded, rounded);
  const cubic = o.multiply(o.multiply(rounded, z), estrin(o, z, SERIES));
  return [o.add(s, s), o.add(o.add(sLow, sLow), cubic)];
}

/** Beyond, exp(-distance) counts beside almost nothing and is soon subnormal. */
const FAR = 708;

const logaddexp: Binary = (o, a, b) => {
  const { most, distance, lost: missing } = ordered(o, a, b);
  const [log, low] = logOf(o, decayed(o, o.lesser(distance, o.float(FAR)), missing));
  const sum = o.add(most, log);
  const taken = o.subtract(sum, most);
  const lost = o.add(o.subtract(most, o.subtract(sum, taken)), o.subtract(log, taken));
  const value = o.add(sum, o.add(lost, low));
  const size = o.abs(most);
  const result = o.select(o.equal(size, o.float(Infinity)), o.add(most, distance), value);
  const bare = o.and(o.less(o.float(FAR), distance), o.less(size, o.float(2 ** -900)));
  return o.rare(bare, "logaddexp", [most, distance], result);
};

const shortLogaddexp: Binary = (o, a, b) => {
  const { most, distance } = ordered(o, a, b);
  const t = o.multiply(o.lesser(distance, o.float(110)), o.float(-Math.LOG2E));
  const u = shortPower(o, t);
  const s = o.divide(u, o.add(u, o.float(2)));
  const z = o.multiply(s, s);
  const series = o.add(o.float(2), o.multiply(z, estrin(o, z, SHORT_SERIES)));
  return o.add(most, o.multiply(s, series));
};

export const SUMS: FormulaTable = { logaddexp: binary(logaddexp, shortLogaddexp) };
