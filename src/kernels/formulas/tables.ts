/**
 * Tables for formulas: rows of two floats. They are computed here, in integers of 128 bits, and copied to each memory
 * that kernels run in.
 */

/** Rows of a table, and where they stand among all tables. */
export interface Table {
  /** Two floats a row; a power of two of them. */
  readonly rows: Float64Array;
  /** In bytes. */
  readonly at: number;
}

/** Bytes of a row. */
export const ROW = 16;

const DIGITS = 128;

/** The integer square root (Newton's iteration from above). */
function root(n: bigint): bigint {
  let x = 1n << BigInt(n.toString(2).length / 2 + 1 | 0);
  for (;;) {
    const next = (x + n / x) >> 1n;
    if (next >= x) return x;
    x = next;
  }
}

/** `n / 2^DIGITS` as the nearest float, up to double rounding. */
function rounded(n: bigint): number {
  const negative = n < 0n;
  const size = negative ? -n : n;
  const excess = Math.max(size.toString(2).length - 62, 0);
  const value = Number(size >> BigInt(excess)) * 2 ** (excess - DIGITS);
  return negative ? -value : value;
}

/** Steps of an octave in {@link POWERS}. */
export const STEPS = 64;

/** Over two octaves, what 2^(j / STEPS) is above its float, relative to that, and the float. */
function powers(): Float64Array {
  let step = 2n << BigInt(DIGITS);
  for (let n = 1; n < STEPS; n *= 2) step = root(step << BigInt(DIGITS));
  const rows = new Float64Array(4 * STEPS);
  let power = 1n << BigInt(DIGITS);
  for (let j = 0; j < STEPS; j++) {
    const high = rounded(power);
    const rest = rounded(power - (BigInt(high * 2 ** 52) << BigInt(DIGITS - 52))) / high;
    rows.set([rest, high], 2 * j);
    rows.set([rest, 2 * high], 2 * (j + STEPS));
    power = (power * step) >> BigInt(DIGITS);
  }
  return rows;
}

export const POWERS: Table = { rows: powers(), at: 0 };

/** All tables, one after the other. */
export const TABLE_BYTES: number = POWERS.at + POWERS.rows.byteLength;

/** Writes all tables to `address`. */
export function writeTables(memory: WebAssembly.Memory, address: number): void {
  for (const { rows, at } of [POWERS])
    new Float64Array(memory.buffer, address + at, rows.length).set(rows);
}
