/** Formulas on plain values: a float is a number, an integer a bigint modulo 2^64, a truth value a boolean. */
import { InternalError } from "../../errors.js";
import type { Ops } from "../formulas/ops.js";
import { RARE } from "../formulas/rare.js";

const buffer = new DataView(new ArrayBuffer(8));

function bits(a: number): bigint {
  buffer.setFloat64(0, a);
  return buffer.getBigInt64(0);
}

function fromBits(a: bigint): number {
  buffer.setBigInt64(0, a);
  return buffer.getFloat64(0);
}

/** To nearest, ties to even; keeps the sign of zero. */
export function roundToEven(x: number): number {
  const low = Math.floor(x);
  const above = x - low;
  if (!(above > 0)) return x;
  const rounded = above > 0.5 || (above === 0.5 && low % 2 !== 0) ? low + 1 : low;
  return rounded === 0 && x < 0 ? -0 : rounded;
}

const wrap = (a: bigint): bigint => BigInt.asIntN(64, a);

export const PLAIN: Ops<number, bigint, boolean> = {
  float: (value) => value,
  integer: (value) => value,
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  sqrt: Math.sqrt,
  negate: (a) => -a,
  abs: Math.abs,
  nearest: roundToEven,
  floor: Math.floor,
  trunc: Math.trunc,
  // biome-ignore lint/complexity/useMathMinMax: NaN and zeros go another way
  lesser: (a, b) => (b < a ? b : a),
  // biome-ignore lint/complexity/useMathMinMax: NaN and zeros go another way
  greater: (a, b) => (a < b ? b : a),
  less: (a, b) => a < b,
  lessEqual: (a, b) => a <= b,
  equal: (a, b) => a === b,
  notEqual: (a, b) => a !== b,
  and: (a, b) => a && b,
  or: (a, b) => a || b,
  not: (a) => !a,
  select: (condition, a, b) => (condition ? a : b),
  selectInteger: (condition, a, b) => (condition ? a : b),
  bits,
  fromBits,
  addInteger: (a, b) => wrap(a + b),
  subtractInteger: (a, b) => wrap(a - b),
  andInteger: (a, b) => a & b,
  orInteger: (a, b) => a | b,
  xorInteger: (a, b) => a ^ b,
  shiftLeft: (a, count) => wrap(a << BigInt(count)),
  shiftRight: (a, count) => wrap(BigInt.asUintN(64, a) >> BigInt(count)),
  equalInteger: (a, b) => a === b,
  lessInteger: (a, b) => a < b,
  lookup: ({ rows }, at, skipped = 0) => {
    const first = (Number(at) + skipped) / 8;
    return [rows[first] as number, rows[first + 1] as number];
  },
  rare: (condition, special, args, otherwise) => {
    if (!condition) return otherwise;
    if (typeof special !== "string") return special(PLAIN, args[0] as number);
    const run = RARE[special];
    if (run === undefined) throw new InternalError(`no rare function ${special}`);
    const [a = 0, b = 0, c = 0, d = 0] = args;
    return run(a, b, c, d);
  },
};
