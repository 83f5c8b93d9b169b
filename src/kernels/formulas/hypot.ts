/** The hypotenuse: a square root of a sum of squares that is rounded once. */
import { type Binary, binary, type FormulaTable, type Ops } from "./ops.js";

const EXPONENT = 0x7ff0000000000000n;
/** The upper 26 bits of a float. */
const TOP = -0x8000000n;

/** The square as a part without an error and a small rest. */
function square<F, I, M>(o: Ops<F, I, M>, x: F): readonly [high: F, low: F] {
  const top = o.fromBits(o.andInteger(o.bits(x), o.integer(TOP)));
  return [o.multiply(top, top), o.multiply(o.subtract(x, top), o.add(x, top))];
}

/** sqrt(x^2 + y^2) for 0 <= y <= x, both scaled to where no square overflows or loses bits that matter. */
function ofScaled<F, I, M>(o: Ops<F, I, M>, x: F, y: F): F {
  const [xHigh, xLow] = square(o, x);
  const [yHigh, yLow] = square(o, y);
  const sum = o.add(xHigh, yHigh);
  const error = o.add(o.subtract(xHigh, sum), yHigh);
  return o.sqrt(o.add(sum, o.add(error, o.add(xLow, yLow))));
}

const infiniteIfEither = <F, I, M>(o: Ops<F, I, M>, x: F, y: F, value: F): F => {
  const infinity = o.float(Infinity);
  return o.select(o.or(o.equal(x, infinity), o.equal(y, infinity)), infinity, value);
};

const hypot: Binary = (o, givenX, givenY) => {
  const [x, y] = [o.abs(givenX), o.abs(givenY)];
  // In this order of arguments, both are NaN or one of them is if either argument is.
  const [longer, shorter] = [o.greater(x, y), o.lesser(y, x)];
  const clamped = o.lesser(o.greater(longer, o.float(2 ** -1022)), o.float(2 ** 1022));
  const exponent = o.andInteger(o.bits(clamped), o.integer(EXPONENT));
  // 2^-k, where the longer is 2^k at least and 4 times that at most, unless it is subnormal.
  const scale = o.fromBits(o.subtractInteger(o.integer(0x7fe0000000000000n), exponent));
  const scaled = ofScaled(o, o.multiply(longer, scale), o.multiply(shorter, scale));
  return infiniteIfEither(o, x, y, o.multiply(scaled, o.fromBits(exponent)));
};

/** The squares of float32 are exact and in range. */
const shortHypot: Binary = (o, x, y) =>
  infiniteIfEither(o, o.abs(x), o.abs(y), o.sqrt(o.add(o.multiply(x, x), o.multiply(y, y))));

export const HYPOT: FormulaTable = { hypot: binary(hypot, shortHypot) };
