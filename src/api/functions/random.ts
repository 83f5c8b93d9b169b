/**
 * Random arrays, exported as `random`. A value depends on the seed, on its own row-major index in the array and on the
 * dtype alone: chunks, slices, plans and workers cannot change it. Without a seed a fresh one is drawn when the
 * expression is built; from then on its values are fixed. Streams of different functions are independent.
 */
import { OptionError } from "../../errors.js";
import type { DType, FloatDType, IntegerDType } from "../../ir/dtype.js";
import type {
  CreateOptions,
  IntegersOptions,
  NormalOptions,
  UniformOptions,
} from "../../ops/index.js";
import * as ops from "../../ops/index.js";
import { knownNodeOf, LazyArray, wrap } from "../array.js";
import { samples } from "../later.js";
import { anything, type Checks, isBoolean, readOptions, trailing } from "../options.js";
import type { Sample } from "../samples.js";

type Shape = number | readonly number[];
type Typed<O, E extends DType> = O & { readonly dtype: E };

export interface Seeded {
  /** An integer from 0, below 2^64; two calls with the same seed are the same array. */
  readonly seed?: number | bigint | undefined;
}
type Settings<O, E extends DType> = Omit<O, "dtype"> & Seeded & { readonly dtype?: E | undefined };
export type UniformSettings = Settings<UniformOptions, FloatDType>;
export type NormalSettings = Settings<NormalOptions, FloatDType>;
export type IntegersSettings = Settings<IntegersOptions, IntegerDType>;
export interface PermutationSettings extends Seeded {
  /** For arrays: the axis whose order changes; default 0. */
  readonly axis?: number | undefined;
  /** For a number of elements: the blocks. */
  readonly chunks?: CreateOptions["chunks"];
}
export interface ChoiceSettings extends PermutationSettings {
  /** Whether an element can be chosen again; default true. */
  readonly replace?: boolean | undefined;
  /** The probability of each element; default: all are alike. */
  readonly p?: readonly number[] | Float64Array | Float32Array | undefined;
}

const CREATE: Checks<CreateOptions & Seeded> = {
  dtype: anything,
  seed: anything,
  chunks: anything,
};
const PERMUTATION: Checks<PermutationSettings> = {
  seed: anything,
  axis: anything,
  chunks: anything,
};

/** The seed that was given, or 64 bits from the system. */
function seedOf(fn: string, { seed }: Seeded): bigint {
  if (seed !== undefined) return ops.seedOf(fn, seed);
  return globalThis.crypto.getRandomValues(new BigUint64Array(1))[0] as bigint;
}

interface Uniform {
  <E extends FloatDType>(shape: Shape, options: Typed<UniformSettings, E>): LazyArray<E>;
  (shape: Shape, options?: UniformSettings): LazyArray<"float64">;
}
/**
 * Numbers spread evenly over [low, high), by default [0, 1): `low + (high - low) * u` with u a multiple of 2^-53
 * (float32: 2^-24). u is below 1, but where the interval is not [0, 1) the sum may be rounded to `high` itself.
 * float64 or float32.
 *
 * Errors: DTypeError for other dtypes, OptionError for a range that is not finite or upside down.
 *
 * @example random.uniform([1000, 1000], { low: -1, high: 1, seed: 42 })
 */
export const uniform: Uniform = ((shape: unknown, given?: unknown) => {
  const fn = "random.uniform";
  const checks = { low: anything, high: anything, ...CREATE };
  const options = readOptions<UniformSettings>(fn, given, checks);
  return wrap(ops.uniform(shape, seedOf(fn, options), options));
}) as Uniform;

interface Normal {
  <E extends FloatDType>(shape: Shape, options: Typed<NormalSettings, E>): LazyArray<E>;
  (shape: Shape, options?: NormalSettings): LazyArray<"float64">;
}
/**
 * Normally distributed numbers with this `mean` (0) and standard deviation `std` (1), by Box and Muller's method. float64,
 * or float32: the same numbers rounded once.
 *
 * Errors: DTypeError for other dtypes, OptionError for a negative `std`.
 *
 * @example random.normal([365, 90, 180], { mean: 15, std: 4, seed: 42, dtype: "float32" })
 */
export const normal: Normal = ((shape: unknown, given?: unknown) => {
  const fn = "random.normal";
  const checks = { mean: anything, std: anything, ...CREATE };
  const options = readOptions<NormalSettings>(fn, given, checks);
  return wrap(ops.normal(shape, seedOf(fn, options), options));
}) as Normal;

interface Integers {
  <E extends IntegerDType>(
    low: number | bigint,
    high: number | bigint,
    shape: Shape,
    options: Typed<IntegersSettings, E>,
  ): LazyArray<E>;
  (
    low: number | bigint,
    high: number | bigint,
    shape: Shape,
    options?: IntegersSettings,
  ): LazyArray<"int64">;
}
/**
 * Integers of [low, high), or of [low, high] with `endpoint: true`, all alike: the probability of a value is off by at
 * most 2^-32 of itself. Any integer dtype over its whole range; int64 by default.
 *
 * Errors: DTypeError where the dtype does not hold the range, OptionError where the range is empty.
 *
 * @example random.integers(1, 6, [100], { endpoint: true, dtype: "uint8", seed: 42 }) // throws of a die
 */
export const integers: Integers = ((
  low: unknown,
  high: unknown,
  shape: unknown,
  given?: unknown,
) => {
  const fn = "random.integers";
  const checks = { endpoint: isBoolean, ...CREATE };
  const options = readOptions<IntegersSettings>(fn, given, checks);
  return wrap(ops.integers(low, high, shape, seedOf(fn, options), options));
}) as Integers;

interface PermutationFunction {
  <D extends DType>(x: LazyArray<D>, options?: PermutationSettings): LazyArray<D>;
  (n: number | bigint, options?: PermutationSettings): LazyArray<"int64">;
}
/**
 * The integers 0 to n - 1 in random order, as int64: a slice of them costs what it shows, whatever n (up to 2^52).
 * Or an array with one axis in random order: `take(x, permutation(length), { axis })`; the order is a list in memory, so
 * the axis has at most 2^24 elements.
 *
 * Errors: OptionError for what is neither, or an option of the other form; ShapeError for an axis that does not exist or
 * is too long.
 *
 * @example random.permutation(10, { seed: 42 })
 */
export const permutation: PermutationFunction = ((population: unknown, given?: unknown) => {
  const fn = "random.permutation";
  const options = readOptions(fn, given, PERMUTATION);
  const seed = seedOf(fn, options);
  if (population instanceof LazyArray) {
    const axis = axisOf(fn, population, options);
    const length = population.shape[axis] as number;
    return wrap(ops.takeList(population.node, samples().permutedPositions(fn, length, seed), axis));
  }
  return wrap(samples().permuted(fn, countOf(fn, population, options), seed, options.chunks));
}) as PermutationFunction;

interface Choice {
  <D extends DType>(x: LazyArray<D>, options?: ShapedChoice): LazyArray<D>;
  <D extends DType>(x: LazyArray<D>, shape: Shape, options?: ChoiceSettings): LazyArray<D>;
  (n: number | bigint, options?: ShapedChoice): LazyArray<"int64">;
  (n: number | bigint, shape: Shape, options?: ChoiceSettings): LazyArray<"int64">;
}
interface ShapedChoice extends ChoiceSettings {
  readonly shape?: Shape | undefined;
}
/**
 * Elements chosen at random, one (a 0-d array) or a `shape` of them: of the integers 0 to n - 1, as int64, or of an
 * array along `axis`, which `shape` then replaces. With `p` every element has a probability of its own. With
 * `replace: false` no element is chosen twice: the first ones of a permutation, or with `p` one after the other among
 * those left over.
 *
 * Positions in an array, and weighted ones without replacement, are a list in memory of at most 2^24.
 *
 * Errors: OptionError where there are not enough elements, p does not fit or does not add up to 1, or for an option of
 * the other form; ShapeError for an axis that does not exist or too many positions.
 *
 * @example random.choice(3, [1000], { p: [0.5, 0.3, 0.2], seed: 42 })
 */
export const choice: Choice = ((population: unknown, ...args: unknown[]) => {
  const fn = "random.choice";
  const { values, options: given } = trailing(fn, ["shape"], args);
  const checks = { replace: isBoolean, p: anything, ...PERMUTATION };
  const options = readOptions<ChoiceSettings>(fn, given, checks);
  const seed = seedOf(fn, options);
  const shape = ops.normalShape(fn, values[0] ?? []);
  const sampleOf = (count: number): Sample => ({
    count,
    shape,
    seed,
    replace: options.replace ?? true,
    sums: options.p === undefined ? undefined : ops.cumulative(fn, options.p, count),
  });
  if (population instanceof LazyArray) {
    const axis = axisOf(fn, population, options);
    const from = population.shape;
    const list = samples().sampledPositions(fn, sampleOf(from[axis] as number));
    const taken = ops.takeList(population.node, list, axis);
    return wrap(ops.reshape(taken, [...from.slice(0, axis), ...shape, ...from.slice(axis + 1)]));
  }
  return wrap(samples().sampled(fn, sampleOf(countOf(fn, population, options)), options.chunks));
}) as Choice;

/** The axis of an array; its blocks are those of the array. */
function axisOf(fn: string, x: LazyArray, { axis, chunks }: PermutationSettings): number {
  if (chunks !== undefined) {
    throw new OptionError(`${fn}: chunks are for a number of elements`, {
      hint: "use rechunk on the array",
    });
  }
  const shape = knownNodeOf(fn, x).outs[0].shape;
  return ops.normalAxis(fn, axis ?? 0, shape.length);
}

function countOf(fn: string, n: unknown, { axis }: PermutationSettings): number {
  if (axis !== undefined) throw new OptionError(`${fn}: axis is for arrays, got ${String(n)}`);
  return ops.populationOf(fn, n);
}
