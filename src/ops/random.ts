/**
 * Random arrays: virtual data whose elements depend on the seed and on their own row-major index in the array alone,
 * so that chunks, slices, plans and workers cannot change a value.
 *
 * Element i of a stream is `randomBits(key, i)` (Threefry-2x64-20, see `ir/threefry.ts`); the key comes from the seed
 * and the number of the stream. What the functions make of these 64 bits is written at each of them.
 */
import { DTypeError, OptionError } from "../errors.js";
import { type DType, isFloat, isInteger, itemSize, kindOf } from "../ir/dtype.js";
import type { Node } from "../ir/node.js";
import { call, cast, constant, indexOf, type Scalar } from "../ir/scalar.js";
import { STREAMS, streamKey, type Threefry } from "../ir/threefry.js";
import { normalShape } from "./axes.js";
import { checkDType, createNode } from "./build.js";
import { type CreateOptions, newGrid } from "./creation.js";
import { valueText, withArticle } from "./words.js";

export interface UniformOptions extends CreateOptions {
  readonly low?: number | undefined;
  readonly high?: number | undefined;
}
export interface NormalOptions extends CreateOptions {
  readonly mean?: number | undefined;
  readonly std?: number | undefined;
}
export interface IntegersOptions extends CreateOptions {
  readonly endpoint?: boolean | undefined;
}

const U = "uint64";
const F = "float64";

/** The seed as 64 bits: an integer from 0. */
export function seedOf(fn: string, seed: unknown): bigint {
  const whole =
    typeof seed === "bigint" || (typeof seed === "number" && Number.isSafeInteger(seed));
  if (whole) {
    const big = BigInt(seed as number | bigint);
    if (big >= 0n && big < 2n ** 64n) return big;
  }
  throw new OptionError(`${fn}: seed must be an integer from 0, got ${valueText(seed)}`, {
    hint: "give a number up to 2**53 - 1 or a bigint below 2n ** 64n",
  });
}

/** Row-major index of an element, from its indices along the axes. */
function flatIndex(shape: readonly number[]): Scalar {
  let flat: Scalar | undefined;
  shape.forEach((n, axis) => {
    if (n === 1) return;
    const scaled = flat && call("multiply", "int64", flat, constant(n, "int64"));
    flat = scaled === undefined ? indexOf(axis) : call("add", "int64", scaled, indexOf(axis));
  });
  return cast(flat ?? constant(0, "int64"), U);
}

/** 64 random bits per element. */
const bitsOf = (shape: readonly number[], key: bigint): Scalar =>
  call("randomBits", U, constant(key, U), flatIndex(shape));

/** The upper `count` (at most 53) bits as an integer in a float dtype, exact. */
function upperBits(bits: Scalar, count: number, dtype: DType): Scalar {
  const shifted = call("bitwiseRightShift", U, bits, constant(64 - count, U));
  // Signed integers convert faster, and these are not negative.
  return cast(cast(shifted, "int64"), dtype);
}

const scaled = (x: Scalar, by: number): Scalar =>
  by === 1 ? x : call("multiply", x.dtype, x, constant(by, x.dtype));
const shifted = (x: Scalar, by: number): Scalar =>
  by === 0 ? x : call("add", x.dtype, x, constant(by, x.dtype));

function floatDType(fn: string, dtype: DType | undefined): "float32" | "float64" {
  const checked = dtype === undefined ? F : checkDType(fn, dtype);
  if (isFloat(checked)) return checked;
  throw new DTypeError(`${fn}: ${checked} is not allowed`, {
    hint: "allowed are float32 and float64",
  });
}

function finite(fn: string, value: unknown, name: string, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new OptionError(`${fn}: ${name} must be a finite number, got ${valueText(value)}`);
}

const created = (
  fn: string,
  tree: Scalar,
  shape: readonly number[],
  chunks: CreateOptions["chunks"],
): Node => createNode(tree, shape, newGrid(fn, shape, tree.dtype, chunks));

/**
 * `low + (high - low) * u`, u being the upper 53 (float32: 24) bits as a fraction in [0, 1), every step rounded to the
 * dtype. u is below 1, but the sum may be rounded to `high` itself.
 */
export function uniform(shape: unknown, seed: bigint, options: UniformOptions = {}): Node {
  const fn = "random.uniform";
  const lengths = normalShape(fn, shape);
  const dtype = floatDType(fn, options.dtype);
  const round = dtype === "float32" ? Math.fround : (v: number): number => v;
  const low = round(finite(fn, options.low, "low", 0));
  const high = round(finite(fn, options.high, "high", 1));
  const span = round(high - low);
  if (!(span >= 0 && Number.isFinite(span))) {
    throw new OptionError(
      `${fn}: ${valueText(low)} to ${valueText(high)} is not a range of ${dtype}`,
      { hint: "low must not be above high, and high - low must be finite" },
    );
  }
  const count = dtype === "float32" ? 24 : 53;
  const whole = upperBits(bitsOf(lengths, streamKey(seed, STREAMS.uniform)), count, dtype);
  const fraction = scaled(whole, 2 ** -count);
  return created(fn, shifted(scaled(fraction, span), low), lengths, options.chunks);
}

/**
 * Box-Muller: `mean + std * sqrt(-2 ln u) * cos(2 pi v)` with u in (0, 1] and v in [0, 1), of 53 bits from two streams
 * (G. Box, M. Muller, "A note on the generation of random normal deviates", 1958). No element needs a second try,
 * and |z| reaches sqrt(106 ln 2) = 8.57, beyond which lies 1e-17 of the distribution. float32 is the float64 value
 * rounded once.
 */
export function normal(shape: unknown, seed: bigint, options: NormalOptions = {}): Node {
  const fn = "random.normal";
  const lengths = normalShape(fn, shape);
  const dtype = floatDType(fn, options.dtype);
  const mean = finite(fn, options.mean, "mean", 0);
  const std = finite(fn, options.std, "std", 1);
  if (std < 0) {
    throw new OptionError(`${fn}: std must not be negative, got ${valueText(options.std)}`);
  }
  const part = (stream: number, by: number): Scalar =>
    scaled(upperBits(bitsOf(lengths, streamKey(seed, stream)), 53, F), by * 2 ** -53);
  const u = shifted(part(STREAMS.normalRadius, 1), 2 ** -53);
  const radius = call("sqrt", F, scaled(call("log", F, u), -2));
  const direction = call("cos", F, part(STREAMS.normalAngle, 2 * Math.PI));
  const z = call("multiply", F, radius, direction);
  return created(fn, cast(shifted(scaled(z, std), mean), dtype), lengths, options.chunks);
}

/**
 * Integers of [low, high), or [low, high] with `endpoint`: `low` plus the upper half of bits * (high - low), the
 * bits taken as a fraction (D. Lemire, "Fast random integer generation in an interval", 2019, without the second try
 * that a counter cannot have). The probability of a value differs from 1 / (high - low) by at most 2^-32 of it: up to
 * 2^32 values have 64 bits, more than that 128; 2^k values are exactly even.
 */
export function integers(
  low: unknown,
  high: unknown,
  shape: unknown,
  seed: bigint,
  options: IntegersOptions = {},
): Node {
  const fn = "random.integers";
  const lengths = normalShape(fn, shape);
  const dtype = options.dtype === undefined ? "int64" : checkDType(fn, options.dtype);
  if (!isInteger(dtype)) {
    throw new DTypeError(`${fn}: ${dtype} is not allowed`, { hint: "allowed are integer dtypes" });
  }
  const first = bound(fn, low, "low");
  const last = bound(fn, high, "high") - (options.endpoint === true ? 0n : 1n);
  const [least, most] = rangeOf(dtype);
  if (last < first) {
    const relation = options.endpoint === true ? "not be above" : "be below";
    throw new OptionError(`${fn}: low must ${relation} high, got ${low} and ${high}`);
  }
  if (first < least || last > most) {
    throw new DTypeError(`${fn}: ${first} to ${last} does not fit ${dtype}`, {
      hint: `${withArticle(dtype)} is ${least} to ${most}`,
    });
  }
  const [bits, rest] = [STREAMS.integers, STREAMS.integersLow].map((s) => streamKey(seed, s));
  const value = below(lengths, bits as bigint, rest as bigint, last - first + 1n);
  const offset = BigInt.asUintN(64, first);
  const sum = offset === 0n ? value : call("add", U, value, constant(offset, U));
  return created(fn, cast(sum, dtype), lengths, options.chunks);
}

function bound(fn: string, value: unknown, name: string): bigint {
  if (typeof value === "bigint") return value;
  if (typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
  throw new OptionError(`${fn}: ${name} must be an integer, got ${valueText(value)}`, {
    hint: typeof value === "number" && Number.isInteger(value) ? "give a bigint" : undefined,
  });
}

function rangeOf(dtype: DType): readonly [bigint, bigint] {
  const bits = BigInt(itemSize(dtype) * 8);
  return kindOf(dtype) === "uint"
    ? [0n, 2n ** bits - 1n]
    : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n];
}

/** Whether 64 bits make the numbers below `count` even enough, or exactly even. */
const fewBits = (count: bigint): boolean => count <= 2n ** 32n || (count & (count - 1n)) === 0n;

/** Integers of [0, count) as uint64, from the stream of one key, or of two. */
function below(shape: readonly number[], key: bigint, lowKey: bigint, count: bigint): Scalar {
  const bits = bitsOf(shape, key);
  if (count === 2n ** 64n) return bits;
  const by = constant(count, U);
  const upper = call("multiplyHigh", U, bits, by);
  if (fewBits(count)) return upper;
  // (bits + low / 2^64) * count: the lower product may carry into the upper one.
  const low = call("multiplyHigh", U, bitsOf(shape, lowKey), by);
  const room = call("bitwiseInvert", U, call("multiply", U, bits, by));
  return call("add", U, upper, cast(call("greater", U, low, room), U));
}

/** Positions below `count`, as int64. */
export function positions(
  fn: string,
  count: number,
  shape: readonly number[],
  seed: bigint,
  chunks: CreateOptions["chunks"],
): Node {
  const [key, lowKey] = [streamKey(seed, STREAMS.choice), streamKey(seed, STREAMS.choiceLow)];
  const tree = below(shape, key, lowKey, BigInt(count));
  return created(fn, cast(tree, "int64"), shape, chunks);
}

/** Element `i` of {@link positions}, from the streams of its keys. */
export function positionAt(i: number, count: number, stream: Threefry, rest: Threefry): number {
  const drawn = (from: Threefry): bigint => {
    from.draw(i);
    return (BigInt(from.high) << 32n) | BigInt(from.low);
  };
  const by = BigInt(count);
  const bits = drawn(stream);
  if (fewBits(by)) return Number((bits * by) >> 64n);
  return Number((((bits << 64n) | drawn(rest)) * by) >> 128n);
}

/** A number of elements to choose from, at most 2^52. */
export function populationOf(fn: string, value: unknown): number {
  const n = typeof value === "bigint" ? Number(value) : value;
  if (typeof n === "number" && Number.isSafeInteger(n) && n >= 0 && n <= 2 ** 52) return n;
  throw new OptionError(
    `${fn}: expected an array or a number of elements, got ${valueText(value)}`,
    {
      hint:
        typeof value === "object"
          ? "wrap data with asarray(data)"
          : "a number is an integer from 0 to 2**52",
    },
  );
}

/** Probabilities as their running sums, the last one 1. `count` is the number of elements to choose from. */
export function cumulative(fn: string, p: unknown, count: number): Float64Array {
  const list =
    Array.isArray(p) || (ArrayBuffer.isView(p) && !(p instanceof DataView))
      ? (p as ArrayLike<unknown>)
      : undefined;
  if (list === undefined) {
    throw new OptionError(`${fn}: p must be a list of probabilities, got ${valueText(p)}`);
  }
  if (list.length !== count) {
    throw new OptionError(`${fn}: p has ${list.length} probabilities for ${count} elements`);
  }
  const sums = new Float64Array(count);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const value = list[i];
    if (!(typeof value === "number" && value >= 0 && value <= 1 + 1e-8)) {
      throw new OptionError(`${fn}: p holds ${valueText(value)} at position ${i}`, {
        hint: "probabilities are numbers from 0 to 1",
      });
    }
    sum += value;
    sums[i] = sum;
  }
  if (!(Math.abs(sum - 1) <= 1e-8)) {
    throw new OptionError(`${fn}: the probabilities add up to ${sum}, not to 1`, {
      hint: "divide them by their sum",
    });
  }
  for (let i = 0; i < count; i++) sums[i] = (sums[i] as number) / sum;
  return sums;
}
