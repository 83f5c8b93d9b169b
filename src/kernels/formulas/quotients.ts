/** Quotients to more than 53 bits with one division. */
import type { Ops } from "./ops.js";

const UPPER = -(1n << 27n);

/** The upper 26 bits of a significand: products of two such floats are exact. */
export const upper = <F, I, M>(o: Ops<F, I, M>, a: F): F =>
  o.fromBits(o.andInteger(o.bits(a), o.integer(UPPER)));

/**
 * `(n + nLow) / (d + dLow)` as a sum of which the first part has 26 bits: the second is some 2^-26 of it, so that its
 * rounding errors do not count. The reciprocal of `d` must be a normal number.
 */
export function quotient<F, I, M>(
  o: Ops<F, I, M>,
  [n, nLow]: readonly [F, F],
  [d, dLow]: readonly [F, F],
): readonly [F, F] {
  const reciprocal = o.divide(o.float(1), d);
  const high = upper(o, o.multiply(n, reciprocal));
  const dHigh = upper(o, d);
  const dRest = o.add(o.subtract(d, dHigh), dLow);
  const rest = o.subtract(o.subtract(n, o.multiply(high, dHigh)), o.multiply(high, dRest));
  return [high, o.multiply(o.add(rest, nLow), reciprocal)];
}

/** `a + b` as its rounded value and what that leaves, if `a` is 0 or not the smaller one (Dekker 1971). */
export function sum<F, I, M>(o: Ops<F, I, M>, a: F, b: F): readonly [F, F] {
  const s = o.add(a, b);
  return [s, o.subtract(b, o.subtract(s, a))];
}
