/**
 * Complex functions as formulas for ordinary numbers: finite, and of a magnitude whose square neither overflows nor
 * vanishes. All others are those of `complex-math.ts`, which knows the special cases of C99's Annex G.
 */
import { EXPONENTIALS } from "./exponentials.js";
import { HYPERBOLICS } from "./hyperbolics.js";
import { HYPOT } from "./hypot.js";
import { INVERSE_HYPERBOLICS } from "./inverse-hyperbolics.js";
import { INVERSE_TRIGONOMETRY } from "./inverse-trigonometry.js";
import { LOGARITHMS } from "./logarithms.js";
import type { Binary, ComplexFormula, Formula, Ops, Pair, Unary } from "./ops.js";
import { POWERS } from "./pow.js";
import { upper } from "./quotients.js";
import { TRIGONOMETRY } from "./trigonometry.js";

const one = (formula: Formula | undefined): Unary => (formula as Formula<Unary>).float64;
const two = (formula: Formula | undefined): Binary => (formula as Formula<Binary>).float64;
const exp = one(EXPONENTIALS["exp"]);
const expm1 = one(EXPONENTIALS["expm1"]);
const sinh = one(HYPERBOLICS["sinh"]);
const cosh = one(HYPERBOLICS["cosh"]);
const log = one(LOGARITHMS["log"]);
const log1p = one(LOGARITHMS["log1p"]);
const sin = one(TRIGONOMETRY["sin"]);
const cos = one(TRIGONOMETRY["cos"]);
const tan = one(TRIGONOMETRY["tan"]);
const asinh = one(INVERSE_HYPERBOLICS["asinh"]);
const atan2 = two(INVERSE_TRIGONOMETRY["atan2"]);
const hypot = two(HYPOT["hypot"]);
const power = two(POWERS["pow"]);

const SIGN = -(2n ** 63n);

/** `x` with the sign of `y`. */
function withSign<F, I, M>(o: Ops<F, I, M>, x: F, y: F): F {
  const sign = o.andInteger(o.bits(y), o.integer(SIGN));
  return o.fromBits(o.orInteger(o.bits(o.abs(x)), sign));
}

const half = <F, I, M>(o: Ops<F, I, M>, x: F): F => o.multiply(x, o.float(0.5));
const within = <F, I, M>(o: Ops<F, I, M>, x: F, bound: number): M =>
  o.less(o.abs(x), o.float(bound));

/** Whether the larger part is neither so large nor so small that its square would be lost. */
function ordinary<F, I, M>(o: Ops<F, I, M>, a: F, b: F): M {
  const bounded = o.and(within(o, a, 2 ** 400), within(o, b, 2 ** 400));
  const least = o.float(2 ** -400);
  return o.and(bounded, o.or(o.less(least, o.abs(a)), o.less(least, o.abs(b))));
}

/** The formula's value where it is valid, elsewhere that of `complex-math.ts`. */
function guarded<F, I, M>(
  o: Ops<F, I, M>,
  name: string,
  args: readonly F[],
  valid: M,
  [re, im]: Pair<F>,
): Pair<F> {
  const other = o.not(valid);
  return [o.rare(other, `${name}.re`, args, re), o.rare(other, `${name}.im`, args, im)];
}

type ComplexUnary = <F, I, M>(o: Ops<F, I, M>, a: F, b: F) => Pair<F>;

const complexExp: ComplexUnary = (o, a, b) => {
  const size = exp(o, a);
  const value = [o.multiply(size, cos(o, b)), o.multiply(size, sin(o, b))] as const;
  return guarded(o, "exp", [a, b], o.and(within(o, a, 700), within(o, b, Infinity)), value);
};

const complexExpm1: ComplexUnary = (o, a, b) => {
  const turn = sin(o, half(o, b));
  const rest = o.multiply(o.float(2), o.multiply(turn, turn));
  const re = o.subtract(o.multiply(expm1(o, a), cos(o, b)), rest);
  const im = o.multiply(exp(o, a), sin(o, b));
  return guarded(o, "expm1", [a, b], o.and(within(o, a, 40), within(o, b, Infinity)), [re, im]);
};

const complexSinh: ComplexUnary = (o, a, b) => {
  const value = [o.multiply(sinh(o, a), cos(o, b)), o.multiply(cosh(o, a), sin(o, b))] as const;
  return guarded(o, "sinh", [a, b], o.and(within(o, a, 700), within(o, b, Infinity)), value);
};

const complexCosh: ComplexUnary = (o, a, b) => {
  const value = [o.multiply(cosh(o, a), cos(o, b)), o.multiply(sinh(o, a), sin(o, b))] as const;
  return guarded(o, "cosh", [a, b], o.and(within(o, a, 700), within(o, b, Infinity)), value);
};

/** Kahan 1987. */
const complexTanh: ComplexUnary = (o, a, b) => {
  const t = tan(o, b);
  const s = sinh(o, a);
  const beta = o.add(o.float(1), o.multiply(t, t));
  const squared = o.multiply(s, s);
  const whole = o.add(o.float(1), o.multiply(beta, squared));
  const root = o.sqrt(o.add(o.float(1), squared));
  const re = o.divide(o.multiply(o.multiply(beta, root), s), whole);
  const valid = o.and(within(o, a, 20), within(o, b, Infinity));
  return guarded(o, "tanh", [a, b], valid, [re, o.divide(t, whole)]);
};

/** The square of `x` and what its rounding left (Dekker 1971). */
function square<F, I, M>(o: Ops<F, I, M>, x: F): Pair<F> {
  const product = o.multiply(x, x);
  const high = upper(o, x);
  const low = o.subtract(x, high);
  const cross = o.multiply(o.multiply(o.float(2), high), low);
  const rest = o.add(o.subtract(o.multiply(high, high), product), cross);
  return [product, o.add(rest, o.multiply(low, low))];
}

/** `a + b` and what its rounding left, whichever is larger (Knuth 1969). */
function sumOf<F, I, M>(o: Ops<F, I, M>, a: F, b: F): Pair<F> {
  const sum = o.add(a, b);
  const from = o.subtract(sum, a);
  return [sum, o.add(o.subtract(a, o.subtract(sum, from)), o.subtract(b, from))];
}

/** `first + a*a + b*b` to about twice the precision. */
function squares<F, I, M>(o: Ops<F, I, M>, first: F, a: F, b: F): Pair<F> {
  const [p, pRest] = square(o, a);
  const [q, qRest] = square(o, b);
  const [some, someRest] = sumOf(o, first, p);
  const [sum, sumRest] = sumOf(o, some, q);
  return [sum, o.add(o.add(someRest, sumRest), o.add(pRest, qRest))];
}

/**
 * `log |a + bi|`: half the logarithm of the square, which is computed to twice the precision, since near 1 its
 * distance from 1 counts.
 */
function logSize<F, I, M>(o: Ops<F, I, M>, a: F, b: F): F {
  const [sum, rest] = squares(o, o.float(0), a, b);
  return half(o, o.add(log(o, sum), o.divide(rest, sum)));
}

const logarithm =
  (name: string, unit: number): ComplexUnary =>
  (o, a, b) => {
    const parts = [logSize(o, a, b), atan2(o, b, a)] as const;
    const value =
      unit === 1
        ? parts
        : ([o.divide(parts[0], o.float(unit)), o.divide(parts[1], o.float(unit))] as const);
    return guarded(o, name, [a, b], ordinary(o, a, b), value);
  };

const complexLog1p: ComplexUnary = (o, a, b) => {
  const [sum, rest] = squares(o, o.multiply(o.float(2), a), a, b);
  const whole = o.add(o.float(1), sum);
  const re = half(o, o.add(log1p(o, sum), o.divide(rest, whole)));
  const im = atan2(o, b, o.add(o.float(1), a));
  const valid = o.and(ordinary(o, a, b), o.less(o.float(-0.9), sum));
  return guarded(o, "log1p", [a, b], valid, [re, im]);
};

const complexSqrt: ComplexUnary = (o, a, b) => {
  const root = o.sqrt(half(o, o.add(o.abs(a), hypot(o, a, b))));
  const other = o.divide(half(o, o.abs(b)), root);
  const right = o.lessEqual(o.float(0), a);
  const value = [
    o.select(right, root, other),
    withSign(o, o.select(right, other, root), b),
  ] as const;
  return guarded(o, "sqrt", [a, b], ordinary(o, a, b), value);
};

/** Smith 1962: neither product of the usual formula can overflow. */
function quotient<F, I, M>(o: Ops<F, I, M>, a: F, b: F, c: F, d: F): Pair<F> {
  const wide = o.lessEqual(o.abs(d), o.abs(c));
  const large = o.select(wide, c, d);
  const small = o.select(wide, d, c);
  const r = o.divide(small, large);
  const whole = o.add(large, o.multiply(small, r));
  const share = (y: F): F => o.multiply(y, r);
  const re = o.select(wide, o.add(a, share(b)), o.add(share(a), b));
  const im = o.select(wide, o.subtract(b, share(a)), o.subtract(share(b), a));
  return [o.divide(re, whole), o.divide(im, whole)];
}

const complexSign: ComplexUnary = (o, a, b) => {
  const size = hypot(o, a, b);
  const value = [o.divide(a, size), o.divide(b, size)] as const;
  return guarded(o, "sign", [a, b], ordinary(o, a, b), value);
};

const complexReciprocal: ComplexUnary = (o, a, b) => {
  const wide = o.lessEqual(o.abs(b), o.abs(a));
  const large = o.select(wide, a, b);
  const small = o.select(wide, b, a);
  const r = o.divide(small, large);
  const whole = o.add(large, o.multiply(small, r));
  const one = o.float(1);
  const re = o.divide(o.select(wide, one, r), whole);
  const im = o.divide(o.negate(o.select(wide, r, one)), whole);
  return guarded(o, "reciprocal", [a, b], ordinary(o, a, b), [re, im]);
};

/** Not so small that its square is nothing beside 1, nor so large that 1 is nothing beside it. */
function moderate<F, I, M>(o: Ops<F, I, M>, a: F, b: F): M {
  const most = o.and(within(o, a, 2 ** 400), within(o, b, 2 ** 400));
  const least = o.float(2 ** -28);
  return o.and(most, o.or(o.less(least, o.abs(a)), o.less(least, o.abs(b))));
}

/** Kahan 1987, as the two after it. */
const complexAcos: ComplexUnary = (o, a, b) => {
  const [p, q] = complexSqrt(o, o.subtract(o.float(1), a), o.negate(b));
  const [r, s] = complexSqrt(o, o.add(o.float(1), a), b);
  const re = o.multiply(o.float(2), atan2(o, p, r));
  const im = asinh(o, o.subtract(o.multiply(r, q), o.multiply(s, p)));
  return guarded(o, "acos", [a, b], moderate(o, a, b), [re, im]);
};

const complexAsin: ComplexUnary = (o, a, b) => {
  const [p, q] = complexSqrt(o, o.subtract(o.float(1), a), o.negate(b));
  const [r, s] = complexSqrt(o, o.add(o.float(1), a), b);
  const re = atan2(o, a, o.subtract(o.multiply(p, r), o.multiply(q, s)));
  const im = asinh(o, o.subtract(o.multiply(s, p), o.multiply(r, q)));
  return guarded(o, "asin", [a, b], moderate(o, a, b), [re, im]);
};

const complexAcosh: ComplexUnary = (o, a, b) => {
  const [re, im] = complexAcos(o, a, b);
  const value = [o.abs(im), withSign(o, re, b)] as const;
  return guarded(o, "acosh", [a, b], moderate(o, a, b), value);
};

const complexAtanh: ComplexUnary = (o, a, b) => {
  const [x, y] = [o.abs(a), o.abs(b)];
  const squared = o.multiply(y, y);
  const below = o.subtract(o.float(1), x);
  const distance = o.add(o.multiply(below, below), squared);
  const re = o.multiply(log1p(o, o.divide(o.multiply(o.float(4), x), distance)), o.float(0.25));
  const real = o.subtract(o.multiply(below, o.add(o.float(1), x)), squared);
  const im = half(o, atan2(o, o.multiply(o.float(2), y), real));
  const finite = o.and(within(o, a, 2 ** 50), within(o, b, 2 ** 50));
  const valid = o.and(finite, o.less(o.float(2 ** -900), distance));
  return guarded(o, "atanh", [a, b], valid, [withSign(o, re, a), withSign(o, im, b)]);
};

/** `-i f(iz)` for a function that is odd in each part. */
const turned =
  (f: ComplexUnary): ComplexUnary =>
  (o, a, b) => {
    const [re, im] = f(o, b, a);
    return [im, re];
  };

const divide: ComplexFormula = {
  arity: 4,
  parts: (o, a, b, c, d) => {
    const valid = o.and(ordinary(o, a, b), ordinary(o, c, d));
    return guarded(o, "divide", [a, b, c, d], valid, quotient(o, a, b, c, d));
  },
};

/**
 * `|z|^c e^(-d angle)` in the direction `c angle + d log|z|`: more accurate than the exponential of `w log z`. Whole
 * exponents, which are done by multiplication, and whatever comes near overflow are left over.
 */
const pow: ComplexFormula = {
  arity: 4,
  parts: (o, a, b, c, d) => {
    const size = logSize(o, a, b);
    const angle = atan2(o, b, a);
    const [grown, shrunk] = [o.multiply(c, size), o.multiply(d, angle)];
    const turn = o.add(o.multiply(c, angle), o.multiply(d, size));
    const radius = o.multiply(power(o, hypot(o, a, b), c), exp(o, o.negate(shrunk)));
    const whole = o.and(o.equal(d, o.float(0)), o.equal(c, o.floor(c)));
    const bounded = o.and(within(o, grown, 300), within(o, shrunk, 300));
    const valid = o.and(o.and(ordinary(o, a, b), bounded), o.not(whole));
    const value = [o.multiply(radius, cos(o, turn)), o.multiply(radius, sin(o, turn))] as const;
    return guarded(o, "pow", [a, b, c, d], valid, value);
  },
};

const unary = (f: ComplexUnary): ComplexFormula => ({
  arity: 2,
  parts: (o, a, b) => f(o, a, b),
});

const COMPLEX: Readonly<Record<string, ComplexFormula>> = {
  divide,
  pow,
  reciprocal: unary(complexReciprocal),
  sign: unary(complexSign),
  sqrt: unary(complexSqrt),
  exp: unary(complexExp),
  expm1: unary(complexExpm1),
  log: unary(logarithm("log", 1)),
  log1p: unary(complexLog1p),
  log2: unary(logarithm("log2", Math.LN2)),
  log10: unary(logarithm("log10", Math.LN10)),
  sin: unary(turned(complexSinh)),
  cos: unary((o, a, b) => complexCosh(o, o.negate(b), a)),
  tan: unary(turned(complexTanh)),
  asin: unary(complexAsin),
  acos: unary(complexAcos),
  atan: unary(turned(complexAtanh)),
  sinh: unary(complexSinh),
  cosh: unary(complexCosh),
  tanh: unary(complexTanh),
  asinh: unary(turned(complexAsin)),
  acosh: unary(complexAcosh),
  atanh: unary(complexAtanh),
};

/** The formula of a complex function, if it has one. */
export const complexFormulaOf = (fn: string): ComplexFormula | undefined =>
  Object.hasOwn(COMPLEX, fn) ? COMPLEX[fn] : undefined;
