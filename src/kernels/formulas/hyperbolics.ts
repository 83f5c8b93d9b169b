/**
 * Hyperbolic functions by their addition theorems: of `x = n ln2 + r`, those of `n ln2` are sums of two powers of two
 * and those of r short series, so that all that is large is exact.
 */
import { lostOf, power, ROUNDER, signed, upper } from "./double.js";
import { clamp, inverseFactorials, reduced, shortExpm1Of, shortPower } from "./exponentials.js";
import { type FormulaTable, type Ops, type Unary, unary } from "./ops.js";
import { estrin, pairs } from "./polynomial.js";
import { TANGENT_BITS, TANGENT_LEAST, TANGENT_MOST, TANGENTS } from "./tables.js";

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

/** (tanh(r) / r - 1) / r^2 in r^2, |r| <= 1/8, interpolated at the Chebyshev nodes in 60 digits: within 2^-62 of tanh. */
const TANGENT = [
  -0.3333333333333333, 0.13333333333328654, -0.053968253933298196, 0.021869478982864492,
  -0.00886205437542038, 0.003524681725945706,
];

/** The lower bits of exponent and mantissa that tell a row, which has 32 bytes, and how far up they are. */
const ROW_MASK = BigInt((2 ** TANGENT_BITS - 1) << 5);
const ROW_SHIFT = 52 - 4 - 5;

/** `tanh(c + r) = tanh(c) + (1 - tanh(c)^2) t / (1 + tanh(c) t)` with t = tanh(r). */
const tanh: Unary = (o, x) => {
  const a = o.lesser(o.abs(x), o.float(TANGENT_MOST));
  // What is below the first interval is in the last, which is that of 0.
  const place = o.bits(o.greater(a, o.float(TANGENT_LEAST * (1 - 2 ** -6))));
  const row = o.andInteger(o.shiftRight(place, ROW_SHIFT), o.integer(ROW_MASK));
  const [c, slope] = o.lookup(TANGENTS, row);
  const [high, low] = o.lookup(TANGENTS, row, 16);
  const r = o.subtract(a, c);
  const z = o.multiply(r, r);
  const cubic = o.multiply(o.multiply(r, z), pairs(o, z, o.multiply(z, z), TANGENT));
  const t = o.add(r, cubic);
  const more = o.divide(o.multiply(slope, t), o.add(o.float(1), o.multiply(high, t)));
  return signed(o, o.add(high, o.add(more, low)), x);
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
