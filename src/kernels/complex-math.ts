/**
 * Complex functions over float64 parts, shared by kernels and reference: one definition each, so that their bits agree.
 *
 * Special values follow the array-API standard (C99 Annex G): every function commutes with conj, and where the
 * standard leaves a sign open it is that of the argument. Away from them each part is accurate to a few units in the
 * last place of the magnitude. Formulas: Kahan, "Branch cuts for complex elementary functions" (1987); division:
 * Smith (1962) with the scaling of Baudin & Smith, "A robust complex division in Scilab" (2012).
 */
import { hypotF64, powF64 } from "./math.js";

/** Real and imaginary part. */
export type Pair = readonly [number, number];
export type ComplexUnary = (a: number, b: number) => Pair;
export type ComplexBinary = (a: number, b: number, c: number, d: number) => Pair;

const { abs, atan2, cos, cosh, exp, expm1, log, log1p, max, min, sin, sinh, sqrt, LN2, PI } = Math;
const NONE: Pair = [Number.NaN, Number.NaN];
const MOST = Number.MAX_VALUE;
const { isFinite: finite, isNaN: nan } = Number;

/** `|x|` with the sign of `y`; NaN counts as positive. */
const withSign = (x: number, y: number): number => (y < 0 || Object.is(y, -0) ? -abs(x) : abs(x));
const infinite = (x: number): boolean => abs(x) === Infinity;

// --------------------------------------------------------------------------------------- division and powers

const multiply: ComplexBinary = (a, b, c, d) => [a * c - b * d, a * d + b * c];

/** `y * (d / c)` in Smith's quotient, |c| >= |d|; in another order where `r = d / c` underflows. */
const share = (y: number, c: number, d: number, r: number): number =>
  r !== 0 ? y * r : d * (y / c);

function smith(a: number, b: number, c: number, d: number): Pair {
  if (abs(c) >= abs(d)) {
    const r = d / c;
    const whole = c + d * r;
    return [(a + share(b, c, d, r)) / whole, (b - share(a, c, d, r)) / whole];
  }
  const r = c / d;
  const whole = c * r + d;
  return [(share(a, d, c, r) + b) / whole, (share(b, d, c, r) - a) / whole];
}

/** What brings the larger of two finite parts away from overflow and underflow. */
function scaleOf(x: number, y: number): number {
  const most = max(abs(x), abs(y));
  if (most >= MOST / 2) return 0.5;
  return most > 0 && most <= 2 ** -968 ? 2 ** 105 : 1;
}

function divide(a: number, b: number, c: number, d: number): Pair {
  if (c === 0 && d === 0) return [a / abs(c), b / abs(d)];
  const s = scaleOf(a, b);
  const t = scaleOf(c, d);
  if (s === 1 && t === 1) return smith(a, b, c, d);
  const [re, im] = smith(a * s, b * s, c * t, d * t);
  return [(re / s) * t, (im / s) * t];
}

function reciprocal(a: number, b: number): Pair {
  const s = scaleOf(a, b);
  const [c, d] = [a * s, b * s];
  if (abs(c) >= abs(d)) {
    const r = d / c;
    const whole = c + d * r;
    return [(1 / whole) * s, (-r / whole) * s];
  }
  const r = c / d;
  const whole = c * r + d;
  return [(r / whole) * s, (-1 / whole) * s];
}

/** `z / |z|`; 0 of 0. An infinite part beside a finite one counts as the direction. */
function sign(a: number, b: number): Pair {
  if (nan(a) || nan(b)) return NONE;
  if (a === 0 && b === 0) return [0, 0];
  if (infinite(a)) return infinite(b) ? NONE : [withSign(1, a), withSign(0, b)];
  if (infinite(b)) return [withSign(0, a), withSign(1, b)];
  const s = scaleOf(a, b);
  const size = hypotF64(a * s, b * s);
  return [(a * s) / size, (b * s) / size];
}

function sqrtOf(a: number, b: number): Pair {
  if (infinite(b)) return [Infinity, b];
  if (a === Infinity) return [a, nan(b) ? b : withSign(0, b)];
  if (a === -Infinity) return nan(b) ? [b, Infinity] : [0, withSign(Infinity, b)];
  if (nan(a) || nan(b)) return NONE;
  if (a === 0 && b === 0) return [0, b];
  const size = max(abs(a), abs(b));
  const power = size > 2 ** 1020 ? -1 : size < 2 ** -960 ? 54 : 0;
  const [x, y] = [a * 4 ** power, b * 4 ** power];
  const root = sqrt((abs(x) + hypotF64(x, y)) / 2);
  const other = abs(y) / (2 * root);
  const [re, im] = x >= 0 ? [root, other] : [other, root];
  return [re * 2 ** -power, withSign(im * 2 ** -power, b)];
}

/** Exponents of at most this size are done by multiplication, exact where the products are. */
const MOST_FACTORS = 100;

function integerPower(a: number, b: number, n: number): Pair {
  let result: Pair | undefined;
  let square: Pair = [a, b];
  for (let left = abs(n); ; ) {
    if (left % 2 === 1) result = result === undefined ? square : multiply(...result, ...square);
    left = Math.floor(left / 2);
    if (left === 0) break;
    square = multiply(...square, ...square);
  }
  return n < 0 ? reciprocal(...(result as Pair)) : (result as Pair);
}

/** 0 to a power with positive real part is 0, and NaN to others; anything to the power 0 is 1. */
function pow(a: number, b: number, c: number, d: number): Pair {
  if (c === 0 && d === 0) return [1, 0];
  if (a === 0 && b === 0) return c > 0 ? [0, 0] : NONE;
  if (d === 0 && Number.isInteger(c) && abs(c) <= MOST_FACTORS) return integerPower(a, b, c);
  const [size, angle] = logOf(a, b);
  if (![a, b, c, d].every(finite)) return expOf(...multiply(c, d, size, angle));
  // The power of the magnitude is more accurate than the exponential of its logarithm, if nothing overflows.
  const turn = c * angle + d * size;
  const radius = powF64(hypotF64(a, b), c) * exp(-d * angle);
  if (radius === 0 || !finite(radius)) return expOf(c * size - d * angle, turn);
  return [radius * cos(turn), radius * sin(turn)];
}

// ----------------------------------------------------------------------------------------------- exponentials

/** `exp(x) * y` where only the product need be representable. */
const expTimes = (x: number, y: number): number =>
  x > 709 ? exp(x - 709) * y * exp(709) : exp(x) * y;

function expOf(a: number, b: number): Pair {
  if (b === 0) return [exp(a), b];
  if (!finite(b) && infinite(a)) return a > 0 ? [a, Number.NaN] : [0, withSign(0, b)];
  return [expTimes(a, cos(b)), expTimes(a, sin(b))];
}

function expm1Of(a: number, b: number): Pair {
  if (b === 0) return [expm1(a), b];
  const [re, im] = expOf(a, b);
  if (a === -Infinity) return [-1, im];
  if (!finite(re) || a > 40) return [re, im];
  const half = sin(b / 2);
  return [expm1(a) * cos(b) - 2 * half * half, im];
}

function sinhOf(a: number, b: number): Pair {
  if (b === 0) return [sinh(a), b];
  if (!finite(b)) return [a === 0 || infinite(a) ? a : Number.NaN, Number.NaN];
  if (abs(a) <= 709) return [sinh(a) * cos(b), cosh(a) * sin(b)];
  return [withSign(1, a) * expTimes(abs(a), cos(b) / 2), expTimes(abs(a), sin(b) / 2)];
}

function coshOf(a: number, b: number): Pair {
  if (b === 0) return [cosh(a), nan(a) ? b : withSign(1, a) * b];
  if (!finite(b)) {
    return [infinite(a) ? Infinity : Number.NaN, a === 0 ? withSign(1, b) * a : Number.NaN];
  }
  if (abs(a) <= 709) return [cosh(a) * cos(b), sinh(a) * sin(b)];
  return [expTimes(abs(a), cos(b) / 2), withSign(1, a) * expTimes(abs(a), sin(b) / 2)];
}

function tanhOf(a: number, b: number): Pair {
  if (nan(a)) return [a, b === 0 ? b : Number.NaN];
  if (infinite(a)) return [withSign(1, a), withSign(0, b)];
  if (!finite(b)) return [a === 0 ? a : Number.NaN, Number.NaN];
  if (abs(a) > 22) {
    const small = exp(-abs(a));
    return [withSign(1, a), 4 * sin(b) * cos(b) * small * small];
  }
  const t = Math.tan(b);
  const s = sinh(a);
  const beta = 1 + t * t;
  const whole = 1 + beta * s * s;
  return [(beta * sqrt(1 + s * s) * s) / whole, t / whole];
}

// ------------------------------------------------------------------------------------------------- logarithms

/** The product of two numbers as what rounds to it and the exact rest (Dekker 1971). */
function exactSquare(x: number): Pair {
  const split = x * 134217729;
  const high = split - (split - x);
  const low = x - high;
  const square = x * x;
  return [square, low * low - (square - high * high - 2 * high * low)];
}

/** The sum of numbers, small beside its terms, with the error of every step added at the end. */
function carefulSum(...terms: readonly number[]): number {
  let sum = 0;
  let rest = 0;
  for (const x of terms) {
    const next = sum + x;
    const from = next - sum;
    rest += sum - (next - from) + (x - from);
    sum = next;
  }
  return sum + rest;
}

/** Logarithm of `|x + yi|`: `far` of the magnitude; near 1, where that would cancel, from the square less 1. */
function logSize(x: number, y: number, far: (size: number) => number, unit: number): number {
  const size = hypotF64(x, y);
  if (size > 0.7 && size < 1.42) {
    const [[p, pRest], [q, qRest]] = [exactSquare(x), exactSquare(y)];
    return log1p(carefulSum(-1, max(p, q), min(p, q), pRest, qRest)) / 2 / unit;
  }
  // Where the magnitude overflows or is subnormal, that of another multiple is taken.
  if (size === Infinity && finite(x) && finite(y)) return far(hypotF64(x / 2, y / 2)) + LN2 / unit;
  if (size > 0 && size < 2 ** -1000) {
    return far(hypotF64(x * 2 ** 60, y * 2 ** 60)) - (60 * LN2) / unit;
  }
  return far(size);
}

const logIn =
  (far: (size: number) => number, unit: number): ComplexUnary =>
  (a, b) => [
    b === 0 ? far(abs(a)) : logSize(a, b, far, unit),
    unit === 1 ? atan2(b, a) : atan2(b, a) / unit,
  ];
const logOf = logIn(log, 1);

function log1pOf(a: number, b: number): Pair {
  if (b === 0 && a >= -1) return [log1p(a), b];
  const x = 1 + a;
  const size = hypotF64(x, b);
  const angle = atan2(b, x);
  if (!(size > 0.5 && size < 2)) return [logSize(x, b, log, 1), angle];
  const [[p, pRest], [q, qRest]] = [exactSquare(a), exactSquare(b)];
  const above = carefulSum(2 * a, max(p, q), min(p, q), pRest, qRest);
  return [log1p(above) / 2, angle];
}

// --------------------------------------------------------------------------------------- inverse trigonometry

/** Beyond this `sqrt(1 - z*z)` is `z` turned by a quarter. */
const LARGE = MOST / 4;
/** Below this `z*z` is nothing beside 1. */
const TINY = 2 ** -28;

const logOfDouble = (a: number, b: number): number => log(hypotF64(a / 2, b / 2)) + 2 * LN2;

function acosOf(a: number, b: number): Pair {
  if (infinite(a) || infinite(b)) {
    return [nan(a) || nan(b) ? Number.NaN : atan2(abs(b), a), -withSign(Infinity, b)];
  }
  if (nan(a) || nan(b)) return a === 0 ? [PI / 2, b] : NONE;
  const size = max(abs(a), abs(b));
  if (size < TINY) return [PI / 2 - a, -b];
  if (size > LARGE) return [atan2(abs(b), a), -withSign(logOfDouble(a, b), b)];
  const [p, q] = sqrtOf(1 - a, -b);
  const [r, s] = sqrtOf(1 + a, b);
  return [2 * atan2(p, r), Math.asinh(r * q - s * p)];
}

function asinOf(a: number, b: number): Pair {
  if (infinite(a) || infinite(b)) {
    const angle = nan(a) || nan(b) ? Number.NaN : withSign(atan2(abs(a), abs(b)), a);
    return [angle, withSign(Infinity, b)];
  }
  if (nan(a) || nan(b)) return a === 0 ? [a, b] : NONE;
  const size = max(abs(a), abs(b));
  if (size < TINY) return [a, b];
  if (size > LARGE) return [atan2(a, abs(b)), withSign(logOfDouble(a, b), b)];
  const [p, q] = sqrtOf(1 - a, -b);
  const [r, s] = sqrtOf(1 + a, b);
  return [atan2(a, p * r - q * s), Math.asinh(s * p - r * q)];
}

function acoshOf(a: number, b: number): Pair {
  const [re, im] = acosOf(a, b);
  return [abs(im), withSign(re, b)];
}

function atanhOf(a: number, b: number): Pair {
  if (nan(a)) return [infinite(b) ? 0 : a, infinite(b) ? withSign(PI / 2, b) : Number.NaN];
  if (nan(b)) return [a === 0 || infinite(a) ? withSign(0, a) : b, b];
  const [x, y] = [abs(a), abs(b)];
  const size = hypotF64(x, y);
  if (size > 2 ** 54) {
    return [withSign(size === Infinity ? 0 : x / size / size, a), withSign(PI / 2, b)];
  }
  // Beside 1 the square of a small part would vanish.
  const re =
    x === 1 && y < 2 ** -500 ? (LN2 - log(y)) / 2 : log1p((4 * x) / ((1 - x) ** 2 + y * y)) / 4;
  return [withSign(re, a), withSign(atan2(2 * y, (1 - x) * (1 + x) - y * y) / 2, b)];
}

/** `-i f(iz)` for a function that is odd in each part. */
const turned =
  (f: ComplexUnary): ComplexUnary =>
  (a, b) => {
    const [re, im] = f(b, a);
    return [im, re];
  };

export const COMPLEX_UNARY: Readonly<Record<string, ComplexUnary>> = {
  reciprocal,
  sign,
  sqrt: sqrtOf,
  exp: expOf,
  expm1: expm1Of,
  log: logOf,
  log1p: log1pOf,
  log2: logIn(Math.log2, LN2),
  log10: logIn(Math.log10, Math.LN10),
  sin: turned(sinhOf),
  cos: (a, b) => coshOf(-b, a),
  tan: turned(tanhOf),
  asin: asinOf,
  acos: acosOf,
  atan: turned(atanhOf),
  sinh: sinhOf,
  cosh: coshOf,
  tanh: tanhOf,
  asinh: turned(asinOf),
  acosh: acoshOf,
  atanh: atanhOf,
};
export const COMPLEX_BINARY: Readonly<Record<string, ComplexBinary>> = { divide, pow };

/**
 * One part of each as a function of its own, by names such as `exp.re`: what kernels import. The parts of one element
 * are asked for one after the other, so the last result is kept.
 */
export const COMPLEX_PARTS: Readonly<
  Record<string, (a: number, b: number, c: number, d: number) => number>
> = Object.fromEntries(
  [...Object.entries(COMPLEX_UNARY), ...Object.entries(COMPLEX_BINARY)].flatMap(([name, f]) => {
    const last = lastOf(f as ComplexBinary);
    return [
      [`${name}.re`, (a: number, b: number, c: number, d: number) => last(a, b, c, d)[0]],
      [`${name}.im`, (a: number, b: number, c: number, d: number) => last(a, b, c, d)[1]],
    ];
  }),
);

function lastOf(f: ComplexBinary): ComplexBinary {
  // Numbers in a typed array are not boxed.
  const last = new Float64Array(4);
  let result = f(0, 0, 0, 0);
  return (a, b, c = 0, d = 0) => {
    const same =
      Object.is(a, last[0]) &&
      Object.is(b, last[1]) &&
      Object.is(c, last[2]) &&
      Object.is(d, last[3]);
    if (!same) {
      last[0] = a;
      last[1] = b;
      last[2] = c;
      last[3] = d;
      result = f(a, b, c, d);
    }
    return result;
  };
}
