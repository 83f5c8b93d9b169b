/** Polynomials in two orders of evaluation, coefficients from the constant term up. */
import type { Ops } from "./ops.js";

/** One step after the other: fewest operations, smallest error. */
export function horner<F, I, M>(o: Ops<F, I, M>, x: F, coefficients: readonly number[]): F {
  let sum = o.float(coefficients.at(-1) as number);
  for (let i = coefficients.length - 2; i >= 0; i--)
    sum = o.add(o.multiply(sum, x), o.float(coefficients[i] as number));
  return sum;
}

/** Pairs, one after the other, given `x` and its square: fewer operations than {@link estrin}, nearly as many at once. */
export function pairs<F, I, M>(
  o: Ops<F, I, M>,
  x: F,
  square: F,
  coefficients: readonly number[],
): F {
  let sum: F | undefined;
  for (let i = (coefficients.length - 1) & ~1; i >= 0; i -= 2) {
    let pair = o.float(coefficients[i] as number);
    const odd = coefficients[i + 1];
    if (odd !== undefined) pair = o.add(pair, o.multiply(o.float(odd), x));
    sum = sum === undefined ? pair : o.add(pair, o.multiply(sum, square));
  }
  return sum as F;
}

/** Pairs, then pairs of pairs (Estrin 1960): the same count of operations and a few squares, but many at once. */
export function estrin<F, I, M>(o: Ops<F, I, M>, x: F, coefficients: readonly number[]): F {
  let terms = coefficients.map((c) => o.float(c));
  for (let power = x; terms.length > 1; power = o.multiply(power, power)) {
    const next: F[] = [];
    for (let i = 0; i < terms.length; i += 2) {
      const [low, high] = [terms[i] as F, terms[i + 1]];
      next.push(high === undefined ? low : o.add(low, o.multiply(high, power)));
    }
    terms = next;
  }
  return terms[0] as F;
}
