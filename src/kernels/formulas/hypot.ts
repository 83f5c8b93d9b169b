/** The length of a vector, and the logarithm of a sum of exponentials. */
import { EXPONENTIALS } from "./exponentials.js";
import { LOGARITHMS } from "./logarithms.js";
import {
  type Binary,
  binary,
  type Formula,
  type FormulaTable,
  type Ops,
  type Unary,
} from "./ops.js";
import { sum, upper } from "./quotients.js";

/** The square of `x` and what its rounding left (Dekker 1971). */
export function square<F, I, M>(o: Ops<F, I, M>, x: F): readonly [F, F] {
  const product = o.multiply(x, x);
  const high = upper(o, x);
  const low = o.subtract(x, high);
  const cross = o.multiply(o.add(high, high), low);
  const rest = o.add(o.subtract(o.multiply(high, high), product), cross);
  return [product, o.add(rest, o.multiply(low, low))];
}

/** Lengths beyond the first are scaled down, those below the second up, so that their squares are normal numbers. */
const LARGE = 2 ** 500;
const SMALL = 2 ** -400;
const SCALE = 2 ** 600;

/** Infinite if either argument is, even beside a NaN. */
function endless<F, I, M>(o: Ops<F, I, M>, x: F, y: F, otherwise: F): F {
  const infinity = o.float(Infinity);
  const either = o.or(o.equal(o.abs(x), infinity), o.equal(o.abs(y), infinity));
  return o.select(either, infinity, otherwise);
}

const hypot: Binary = (o, x, y) => {
  const [a, b] = [o.abs(x), o.abs(y)];
  const swapped = o.less(a, b);
  const [most, least] = [o.select(swapped, b, a), o.select(swapped, a, b)];
  const [large, small] = [o.less(o.float(LARGE), most), o.less(most, o.float(SMALL))];
  const pick = (up: number): typeof most =>
    o.select(large, o.float(1 / up), o.select(small, o.float(up), o.float(1)));
  const scale = pick(SCALE);
  const [p, pLow] = square(o, o.multiply(most, scale));
  const [q, qLow] = square(o, o.multiply(least, scale));
  const [s, lost] = sum(o, p, q);
  const low = o.add(lost, o.add(pLow, qLow));
  const root = o.sqrt(s);
  // One step of Newton's method, with the residual to twice the precision.
  const [r, rLow] = square(o, root);
  const rest = o.add(o.subtract(o.subtract(s, r), rLow), low);
  const zero = o.equal(most, o.float(0));
  const twice = o.select(zero, o.float(1), o.add(root, root));
  const length = o.multiply(o.add(root, o.divide(rest, twice)), pick(1 / SCALE));
  return endless(o, x, y, length);
};

const shortHypot: Binary = (o, x, y) =>
  endless(o, x, y, o.sqrt(o.add(o.multiply(x, x), o.multiply(y, y))));

const form = (table: FormulaTable, name: string, which: "float64" | "float32"): Unary =>
  (table[name] as Formula<Unary>)[which];

const logaddexpIn =
  (which: "float64" | "float32"): Binary =>
  (o, x, y) => {
    const exp = form(EXPONENTIALS, "exp", which);
    const log1p = form(LOGARITHMS, "log1p", which);
    const distance = o.negate(o.abs(o.subtract(x, y)));
    const sumOf = o.add(o.greater(x, y), log1p(o, exp(o, distance)));
    // Of equal infinities the difference is not a number.
    return o.select(o.equal(x, y), o.add(x, o.float(Math.LN2)), sumOf);
  };

export const LENGTHS: FormulaTable = {
  hypot: binary(hypot, shortHypot),
  logaddexp: binary(logaddexpIn("float64"), logaddexpIn("float32")),
};
