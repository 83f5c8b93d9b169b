/**
 * Tables for formulas: rows of floats. They are computed here, in integers of 128 bits, when a formula first needs one
 * (that takes some ten milliseconds), and copied to each memory that kernels with tables run in.
 */

/** Rows of a table, and where they stand among all tables. */
export interface Table {
  /** Computed when first asked for. */
  readonly rows: Float64Array;
  /** In bytes. */
  readonly at: number;
  readonly bytes: number;
}

/** A table of `floats` floats behind `before`. */
function table(before: Table | undefined, floats: number, compute: () => Float64Array): Table {
  let rows: Float64Array | undefined;
  return {
    at: before === undefined ? 0 : before.at + before.bytes,
    bytes: 8 * floats,
    get rows() {
      rows ??= compute();
      return rows;
    },
  };
}

const DIGITS = 128;
const UNIT = 1n << BigInt(DIGITS);

/** The integer square root (Newton's iteration from above). */
function root(n: bigint): bigint {
  let x = 1n << BigInt(Math.ceil(n.toString(2).length / 2));
  for (;;) {
    const next = (x + n / x) >> 1n;
    if (next >= x) return x;
    x = next;
  }
}

/** `n / 2^DIGITS` as the nearest float. */
const float = (n: bigint): number => Number(n) * 2 ** -DIGITS;

/** A float that is a multiple of 2^-60, times 2^DIGITS. */
const exactly = (x: number): bigint => BigInt(x * 2 ** 60) << BigInt(DIGITS - 60);

/** Steps of an octave in {@link POWERS}. */
export const STEPS = 64;

/** Over two octaves, what 2^(j / STEPS) is above its float, relative to that, and the float. */
function powers(): Float64Array {
  let step = 2n * UNIT;
  for (let n = 1; n < STEPS; n *= 2) step = root(step * UNIT);
  const rows = new Float64Array(4 * STEPS);
  let power = UNIT;
  for (let j = 0; j < STEPS; j++) {
    const high = float(power);
    const rest = float(power - exactly(high)) / high;
    rows.set([rest, high], 2 * j);
    rows.set([rest, 2 * high], 2 * (j + STEPS));
    power = (power * step) / UNIT;
  }
  return rows;
}

export const POWERS: Table = table(undefined, 4 * STEPS, powers);

/** Intervals of [1, 2) in {@link LOGARITHMS}. */
export const INTERVALS = 256;
/** The first parts of logarithms are multiples of it: sums of them and of those of ln2 times an exponent are exact. */
const GRID = 2 ** -42;

/** log(n / d) for n >= d, by the series of 2 atanh((n - d) / (n + d)). */
function logarithm(n: number, d: number): bigint {
  const [up, down] = [BigInt(n - d), BigInt(n + d)];
  let power = (2n * UNIT * up) / down;
  let log = 0n;
  for (let k = 1n; power !== 0n; k += 2n) {
    log += power / k;
    power = (power * up * up) / (down * down);
  }
  return log;
}

/** What the rounding of `1 / m` comes to, times m of 21 bits: all products are exact. */
function reciprocalError(m: number): number {
  const inverse = 1 / m;
  const upper = Math.fround(inverse);
  return Math.abs(m * upper - 1 + m * (inverse - upper));
}

/** Of the numbers of 21 bits near `middle`, that of which the reciprocal is rounded least. */
function roundest(middle: number): number {
  let best = middle;
  for (let m = middle - 16; m <= middle + 16; m++)
    if (reciprocalError(m) < reciprocalError(best)) best = m;
  return best;
}

/** A logarithm in two parts. */
function parts(log: bigint): readonly [high: number, low: number] {
  const high = Math.round(float(log) / GRID) * GRID;
  return [high, float(log - exactly(high))];
}

const LOG_2 = logarithm(2, 1);
const LOG_10 = logarithm(10, 1);
const per = (log: bigint, base: bigint): bigint => (log * UNIT) / base;

/** ln2 and log10(2) as those in {@link LOGARITHMS}. */
export const LN2: readonly [high: number, low: number] = parts(LOG_2);
export const LOG10_2: readonly [high: number, low: number] = parts(per(LOG_2, LOG_10));
/** Bytes of a row there. */
export const LOGARITHM_ROW = 32;

/**
 * For each interval a number c in it, `1 / c`, and two parts of `-log(c)`; and two of `log2(c)` and of `log10(c)`. Around 1,
 * c is 1 further than it need be, and 2 where the interval is doubled: so a logarithm that is small has no other part, and others are not so small that
 * the rounding of the rest would count. Zeros are positive.
 */
function logarithms(): readonly [natural: Float64Array, others: Float64Array] {
  const rows = new Float64Array(4 * INTERVALS);
  const others = new Float64Array(4 * INTERVALS);
  const one = 2 ** 20;
  let [last, log] = [one, 0n];
  for (let j = 0; j < INTERVALS; j++) {
    let n = roundest(one + ((2 * j + 1) * one) / (2 * INTERVALS));
    if (j < INTERVALS / 128) n = one;
    if (j >= INTERVALS - INTERVALS / 64) n = 2 * one;
    log = n === 2 * one ? LOG_2 : log + logarithm(n, last);
    last = n;
    const natural = parts(log).map((part) => 0 - part);
    rows.set([n / one, one / n, ...natural], 4 * j);
    others.set([...parts(per(log, LOG_2)), ...parts(per(log, LOG_10))], 4 * j);
  }
  return [rows, others];
}

let both: ReturnType<typeof logarithms> | undefined;
const oneOf = (which: 0 | 1): Float64Array => {
  both ??= logarithms();
  return both[which];
};

export const LOGARITHMS: Table = table(POWERS, 4 * INTERVALS, () => oneOf(0));

/** Logarithms to the bases 2 and 10, in the rows of {@link LOGARITHMS}. */
export const OTHER_LOGARITHMS: Table = table(LOGARITHMS, 4 * INTERVALS, () => oneOf(1));

/** Bits of a number that tell its interval in {@link TANGENTS}: three of the exponent, four of the mantissa. */
export const TANGENT_BITS = 7;
/** Below it, tangents have no part from the table. */
export const TANGENT_LEAST: number = 2 ** -3;
/** Beyond it, they are 1. */
export const TANGENT_MOST = 20;

/** exp(2^-7) */
function exponential(): bigint {
  let term = UNIT;
  let sum = 0n;
  for (let k = 1n; term !== 0n; k++) {
    sum += term;
    term /= k << 7n;
  }
  return sum;
}

/**
 * For each interval of the numbers from {@link TANGENT_LEAST} to {@link TANGENT_MOST} its middle c, `1 - tanh(c)^2`, and
 * tanh(c) in two parts, where the lower bits of exponent and mantissa say. What is left of 16 to 32 is that of 0.
 */
function tangents(): Float64Array {
  const count = 2 ** TANGENT_BITS;
  const rows = new Float64Array(4 * count);
  for (let j = 0; j < count; j++) rows[4 * j + 1] = 1;
  // exp(2 middle) is the power of `base` of which the exponent is 33 + 2j.
  let base = exponential();
  for (let exponent = -3; exponent <= 4; exponent++) {
    const square = (base * base) / UNIT;
    let power = base ** 33n / UNIT ** 32n;
    base = square;
    for (let j = 0; j < 16; j++, power = (power * square) / UNIT) {
      const middle = 2 ** exponent * (1 + (2 * j + 1) / 32);
      if (middle > TANGENT_MOST + 1) break;
      const above = power + UNIT;
      const tangent = ((power - UNIT) * UNIT) / above;
      const high = float(tangent);
      const slope = (((4n * power * UNIT) / above) * UNIT) / above;
      const row = ((1023 + exponent) % 8) * 16 + j;
      rows.set([middle, float(slope), high, float(tangent - exactly(high))], 4 * row);
    }
  }
  return rows;
}

export const TANGENTS: Table = table(OTHER_LOGARITHMS, 4 * 2 ** TANGENT_BITS, tangents);

/** Rows of {@link CIRCLE}. */
export const ANGLES = 128;

/** pi, by the formula of Machin (1706). */
function pi(): bigint {
  const arctangent = (inverse: bigint): bigint => {
    let [power, sum] = [UNIT / inverse, 0n];
    for (let k = 1n; power !== 0n; k += 2n) {
      sum += k % 4n === 1n ? power / k : -power / k;
      power /= inverse * inverse;
    }
    return sum;
  };
  return 4n * (4n * arctangent(5n) - arctangent(239n));
}

/**
 * For each of the angles the sine in two parts, the cosine, and what that is above 1 or, where it is negative, -1. The
 * zeros of sines are negative: that is what leaves the sign of -0 alone.
 */
function circle(): Float64Array {
  const angle = (2n * pi()) / BigInt(ANGLES);
  const times = (a: bigint, b: bigint): bigint => (a * b) / UNIT;
  const sines = [0n];
  const cosines = [UNIT];
  let [sine, cosine, term] = [0n, 0n, UNIT];
  for (let k = 0n; term !== 0n; k++) {
    const signed = k % 4n < 2n ? term : -term;
    if (k % 2n === 0n) cosine += signed;
    else sine += signed;
    term = times(term, angle) / (k + 1n);
  }
  const quarter = ANGLES / 4;
  for (let j = 1; j < quarter / 2; j++) {
    const [s, c] = [sines[j - 1] as bigint, cosines[j - 1] as bigint];
    sines.push(times(s, cosine) + times(c, sine));
    cosines.push(times(c, cosine) - times(s, sine));
  }
  const diagonal = root((UNIT * UNIT) / 2n);
  const rows = new Float64Array(4 * ANGLES);
  /** The sine of `j` angles, of up to a quarter. */
  const sineOf = (j: number): bigint => {
    if (j === quarter / 2) return diagonal;
    return (j < quarter / 2 ? sines[j] : cosines[quarter - j]) as bigint;
  };
  for (let j = 0; j < ANGLES; j++) {
    const part = j % quarter;
    const turned = Math.floor(j / quarter) % 2 === 1;
    const s = sineOf(turned ? quarter - part : part) * (j < 2 * quarter ? 1n : -1n);
    const positive = j <= quarter || j >= 3 * quarter;
    const c = sineOf(turned ? part : quarter - part) * (positive ? 1n : -1n);
    const high = float(s);
    const low = float(s - exactly(high));
    rows.set([s === 0n ? -0 : high, low, float(c), float(positive ? c - UNIT : c + UNIT)], 4 * j);
  }
  return rows;
}

export const CIRCLE: Table = table(TANGENTS, 4 * ANGLES, circle);

/** Bytes of all tables, one after the other. */
export const TABLE_BYTES: number = CIRCLE.at + CIRCLE.bytes;

export const TABLES: readonly Table[] = [POWERS, LOGARITHMS, OTHER_LOGARITHMS, TANGENTS, CIRCLE];

/** What a module imports, and never calls, if it reads a table. */
export const tableImport = ({ at }: Table): string => `table.${at}`;
