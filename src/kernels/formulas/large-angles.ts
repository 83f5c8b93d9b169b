/** Trigonometry of single angles of any size: pi/2 is taken off with as many bits as that needs. */
import { COSINE, SINE } from "./trigonometry.js";

/** The first 1224 bits of 2/pi, 24 to a word. */
const TWO_OVER_PI =
  "a2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe5163abdebbc561b7246e3a424dd2e006492eea09d1921c" +
  "fe1deb1cb129a73ee88235f52ebb4484e99c7026b45f7e413991d639835339f49c845f8bbdf9283b1ff897ffde05980f" +
  "ef2f118b5a0a6d1f6d367ecf27cb09b74f463f669e5fea2d7527bac7ebe5f17b3d0739f78a5292ea6bfb5fb11f8d5d08" +
  "56033046fc7b6babf0";
/** Zeros before and after, for what lies outside. */
const BEFORE = 4;
const WORDS = new Float64Array(64);
for (let i = 0; i < 51; i++)
  WORDS[BEFORE + i] = Number.parseInt(TWO_OVER_PI.slice(6 * i, 6 * i + 6), 16);
const WORD = 2 ** 24;
/** Words of the quotient: the integer part and 168 bits of fraction, of which an angle near zero cancels some 62. */
const KEPT = 8;
const HALF_PI_HIGH = Math.PI / 2;
const HALF_PI_LOW = 6.123233995736766e-17;

const number = new Float64Array(1);
const halves = new Uint32Array(number.buffer);
/** Powers of a word, from -8 to 4. */
const UNITS = Float64Array.from({ length: 13 }, (_, i) => WORD ** (i - 8));
const words = new Float64Array(KEPT);
const chunks = new Float64Array(4);

/** The parts of an angle, overwritten by each call: `r + low` and the multiple of pi/2 that was taken off. */
const reduced = { r: 0, low: 0, quadrant: 0 };

/** The quotient of `x >= 2^-20` by pi/2, modulo 4, into `words` (Payne and Hanek 1983). */
function divideByHalfPi(x: number): void {
  number[0] = x;
  const exponent = ((halves[1] as number) >>> 20) - 1075;
  const place = Math.floor(exponent / 24);
  // An integer below 2^76, in words of 24 bits; the powers of two are in range and exact.
  const root = 2 ** (-12 * place);
  let rest = x * root * root;
  for (let i = 3; i >= 0; i--) {
    const unit = UNITS[8 + i] as number;
    const chunk = Math.floor(rest * (UNITS[8 - i] as number));
    chunks[i] = chunk;
    rest -= chunk * unit;
  }
  // Products that are multiples of 4 are left out, and those below the last word that is kept.
  for (let k = 0; k < KEPT; k++) {
    let sum = 0;
    const at = BEFORE + place - 1 + k;
    for (let i = 0; i < 4; i++) sum += (chunks[i] as number) * (WORDS[at + i] as number);
    words[k] = sum;
  }
  for (let k = KEPT - 1; k > 0; k--) {
    const carry = Math.floor((words[k] as number) * 2 ** -24);
    words[k] = (words[k] as number) - carry * WORD;
    words[k - 1] = (words[k - 1] as number) + carry;
  }
}

/** `a b` is `p` plus this (Dekker 1971). */
function productError(a: number, b: number, p: number): number {
  const split = (v: number): number => {
    const c = 134217729 * v;
    return c - (c - v);
  };
  const ah = split(a);
  const bh = split(b);
  return ah * bh - p + ah * (b - bh) + (a - ah) * bh + (a - ah) * (b - bh);
}

/** Into `reduced`; `x` is positive and finite. */
function reduce(x: number): void {
  divideByHalfPi(x);
  // Below 2^53: its low bits are those of its remainder by 2^32.
  let quadrant = (words[0] as number) & 3;
  // A fraction of a half and more counts down from the next multiple: all ones less the fraction, words all positive.
  const down = (words[1] as number) >= WORD / 2;
  if (down) {
    quadrant = (quadrant + 1) & 3;
    for (let k = 1; k < KEPT; k++) words[k] = WORD - 1 - (words[k] as number);
  }
  const pair = (k: number): number =>
    ((words[k] as number) * WORD + (words[k + 1] as number)) * (UNITS[7 - k] as number);
  const a = pair(1);
  const b = pair(3);
  const high = a + b;
  const low = a - high + b + (pair(5) + (words[7] as number) * (UNITS[1] as number));
  const p = high * HALF_PI_HIGH;
  const tail = productError(high, HALF_PI_HIGH, p) + (high * HALF_PI_LOW + low * HALF_PI_HIGH);
  const r = p + tail;
  reduced.r = down ? -r : r;
  reduced.low = down ? r - p - tail : p - r + tail;
  reduced.quadrant = quadrant;
}

function polynomial(z: number, coefficients: readonly number[]): number {
  let sum = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) sum = sum * z + (coefficients[i] as number);
  return sum;
}

/** Sine and cosine of the angle in `reduced`, as sums. */
function sineAndCosine(): readonly [readonly [number, number], readonly [number, number]] {
  const { r, low } = reduced;
  const z = r * r;
  const one = 1 - z / 2;
  const upper = Math.fround(r);
  // What the rounding of the square left over.
  const error = upper * upper - z + (r + upper) * (r - upper);
  return [
    [r, z * r * polynomial(z, SINE) + low * one],
    [one, z * z * polynomial(z, COSINE) + (1 - one - z / 2 - (r * low + error / 2))],
  ];
}

/** The sine of the angle in `reduced` with `turn` quarters of a circle more. */
function sine(turn: number): number {
  const quadrant = reduced.quadrant + turn;
  const [high, low] = sineAndCosine()[(quadrant & 1) === 0 ? 0 : 1];
  return (quadrant & 2) === 0 ? high + low : -(high + low);
}

export function sinOfLarge(x: number): number {
  if (!Number.isFinite(x)) return Number.NaN;
  reduce(Math.abs(x));
  return x < 0 ? -sine(0) : sine(0);
}

export function cosOfLarge(x: number): number {
  if (!Number.isFinite(x)) return Number.NaN;
  reduce(Math.abs(x));
  return sine(1);
}

export function tanOfLarge(x: number): number {
  if (!Number.isFinite(x)) return Number.NaN;
  reduce(Math.abs(x));
  const parts = sineAndCosine();
  const even = (reduced.quadrant & 1) === 0;
  const [n, nLow] = parts[even ? 0 : 1];
  const [d, dLow] = parts[even ? 1 : 0];
  // The quotient in 24 bits, and what is missing.
  const high = Math.fround((n + nLow) / (d + dLow));
  const dHigh = Math.fround(d);
  const ratio = high + (n - high * dHigh + (nLow - high * (d - dHigh + dLow))) / (d + dLow);
  return x < 0 === even ? -ratio : ratio;
}
