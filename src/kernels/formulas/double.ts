/** Sums and products in two floats, for what must be known to more than 53 bits. */
import type { Ops } from "./ops.js";

/** Added to a float of at most 51 bits, it rounds to an integer that stands in the low bits of the sum. */
export const ROUNDER = 6755399441055744;

const HIGH_HALF = -(1n << 27n);
const SIGN = -(1n << 63n);

/** The upper 26 bits of a float: the product of two such is exact. */
export const upper = <F, I, M>(o: Ops<F, I, M>, x: F): F =>
  o.fromBits(o.andInteger(o.bits(x), o.integer(HIGH_HALF)));

/** What rounding took from `sum = a + b`, exactly, where |a| >= |b| or a = 0 (Dekker 1971). */
export const lostOf = <F, I, M>(o: Ops<F, I, M>, sum: F, a: F, b: F): F =>
  o.subtract(b, o.subtract(sum, a));

/** `magnitude`, which has no sign, with that of `x`. */
export const signed = <F, I, M>(o: Ops<F, I, M>, magnitude: F, x: F): F =>
  o.fromBits(o.orInteger(o.bits(magnitude), o.andInteger(o.bits(x), o.integer(SIGN))));

/** A power of two, from a float with its biased exponent in the low bits. */
export const power = <F, I, M>(o: Ops<F, I, M>, biased: F): F =>
  o.fromBits(o.shiftLeft(o.bits(biased), 52));
