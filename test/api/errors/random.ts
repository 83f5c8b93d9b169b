/** Mistakes in random arrays. */
import type { Row } from "./row.js";

export const random: readonly Row[] = [
  [
    "cw.random.uniform([3], { sede: 1 })",
    "OptionError",
    'random.uniform: unknown option "sede"; did you mean seed?',
  ],
  [
    "cw.random.uniform([3], { variance: 1 })",
    "OptionError",
    'random.uniform: unknown option "variance"; options are low, high, dtype, seed and chunks',
  ],
  [
    "cw.random.uniform([3], 1)",
    "OptionError",
    "random.uniform: options must be an object, got 1; it may have low, high, dtype, seed and chunks",
  ],
  [
    "cw.random.uniform([3], { seed: -1 })",
    "OptionError",
    "random.uniform: seed must be an integer from 0, got -1; give a number up to 2**53 - 1 or a bigint below 2n ** 64n",
  ],
  [
    "cw.random.normal([3], { seed: 0.5 })",
    "OptionError",
    "random.normal: seed must be an integer from 0, got 0.5; give a number up to 2**53 - 1 or a bigint below 2n ** 64n",
  ],
  [
    "cw.random.permutation(3, { seed: 2n ** 64n })",
    "OptionError",
    "random.permutation: seed must be an integer from 0, got 18446744073709551616n; give a number up to 2**53 - 1 or a bigint below 2n ** 64n",
  ],
  [
    'cw.random.uniform("3")',
    "ShapeError",
    'random.uniform: shape must be a list of lengths, got "3"',
  ],
  [
    "cw.random.normal([3, -1])",
    "ShapeError",
    "random.normal: a length must not be negative, got -1",
  ],
  [
    "cw.random.uniform([3], { chunks: [2, 2] })",
    "ChunkError",
    "random.uniform: 2 chunk lengths for an array with 1 axis; give one entry per axis of shape [3]",
  ],
  [
    'cw.random.uniform([3], { dtype: "int32" })',
    "DTypeError",
    "random.uniform: int32 is not allowed; allowed are float32 and float64",
  ],
  [
    'cw.random.normal([3], { dtype: "float16" })',
    "DTypeError",
    'random.normal: unknown dtype "float16"; float16 is a storage dtype only; compute in float32',
  ],
  [
    "cw.random.uniform([3], { low: 2, high: 1 })",
    "OptionError",
    "random.uniform: 2 to 1 is not a range of float64; low must not be above high, and high - low must be finite",
  ],
  [
    "cw.random.uniform([3], { low: -1e308, high: 1e308 })",
    "OptionError",
    "random.uniform: -1e+308 to 1e+308 is not a range of float64; low must not be above high, and high - low must be finite",
  ],
  [
    "cw.random.uniform([3], { high: Infinity })",
    "OptionError",
    "random.uniform: high must be a finite number, got Infinity",
  ],
  [
    "cw.random.uniform([3], { low: 1n })",
    "OptionError",
    "random.uniform: low must be a finite number, got 1n",
  ],
  [
    "cw.random.normal([3], { std: -1 })",
    "OptionError",
    "random.normal: std must not be negative, got -1",
  ],
  [
    'cw.random.normal([3], { mean: "0" })',
    "OptionError",
    'random.normal: mean must be a finite number, got "0"',
  ],
  [
    "cw.random.integers(0, 0, [3])",
    "OptionError",
    "random.integers: low must be below high, got 0 and 0",
  ],
  [
    "cw.random.integers(1, 0, [3], { endpoint: true })",
    "OptionError",
    "random.integers: low must not be above high, got 1 and 0",
  ],
  [
    "cw.random.integers(0, 2.5, [3])",
    "OptionError",
    "random.integers: high must be an integer, got 2.5",
  ],
  [
    "cw.random.integers(0, 2 ** 60, [3])",
    "OptionError",
    "random.integers: high must be an integer, got 1152921504606847000; give a bigint",
  ],
  [
    'cw.random.integers(0, 257, [3], { dtype: "uint8" })',
    "DTypeError",
    "random.integers: 0 to 256 does not fit uint8; a uint8 is 0 to 255",
  ],
  [
    'cw.random.integers(-129, 0, [3], { dtype: "int8" })',
    "DTypeError",
    "random.integers: -129 to -1 does not fit int8; an int8 is -128 to 127",
  ],
  [
    'cw.random.integers(0, 2, [3], { dtype: "float64" })',
    "DTypeError",
    "random.integers: float64 is not allowed; allowed are integer dtypes",
  ],
  [
    "cw.random.integers(0, 2, [3], { endpoint: 1 })",
    "OptionError",
    "random.integers: endpoint must be true or false, got 1",
  ],
  [
    "cw.random.permutation(2.5)",
    "OptionError",
    "random.permutation: expected an array or a number of elements, got 2.5; a number is an integer from 0 to 2**52",
  ],
  [
    "cw.random.permutation(2 ** 52 + 1)",
    "OptionError",
    "random.permutation: expected an array or a number of elements, got 4503599627370497; a number is an integer from 0 to 2**52",
  ],
  [
    "cw.random.permutation([1, 2, 3])",
    "OptionError",
    "random.permutation: expected an array or a number of elements, got [1, 2, 3]; wrap data with asarray(data)",
  ],
  [
    "cw.random.permutation(5, { axis: 0 })",
    "OptionError",
    "random.permutation: axis is for arrays, got 5",
  ],
  [
    "cw.random.permutation(x, { axis: 2 })",
    "ShapeError",
    "random.permutation: axis 2 does not exist; the array has 2 axes: -2 to 1",
  ],
  [
    "cw.random.permutation(x, { chunks: 2 })",
    "OptionError",
    "random.permutation: chunks are for a number of elements; use rechunk on the array",
  ],
  [
    "cw.random.permutation(cw.asarray(1))",
    "ShapeError",
    "random.permutation: axis 0 does not exist; the array has no axes",
  ],
  [
    "cw.random.permutation(cw.zeros([2 ** 24 + 1]))",
    "ShapeError",
    "random.permutation: 16777217 positions are too many for a list in memory; it holds at most 2**24 = 16777216; work on parts of the axis",
  ],
  [
    "cw.random.choice(0, [2])",
    "OptionError",
    "random.choice: there are no elements to choose from",
  ],
  [
    "cw.random.choice(3, [2, 2], { replace: false })",
    "OptionError",
    "random.choice: 4 elements without replacement from 3; choose with replace: true, or fewer elements",
  ],
  [
    "cw.random.choice(3, [2], { p: [0.5, 0.5] })",
    "OptionError",
    "random.choice: p has 2 probabilities for 3 elements",
  ],
  [
    "cw.random.choice(2, [2], { p: [0.5, 0.4] })",
    "OptionError",
    "random.choice: the probabilities add up to 0.9, not to 1; divide them by their sum",
  ],
  [
    "cw.random.choice(2, [2], { p: [1.5, -0.5] })",
    "OptionError",
    "random.choice: p holds 1.5 at position 0; probabilities are numbers from 0 to 1",
  ],
  [
    "cw.random.choice(2, [2], { p: 0.5 })",
    "OptionError",
    "random.choice: p must be a list of probabilities, got 0.5",
  ],
  [
    "cw.random.choice(3, [2], { p: [1, 0, 0], replace: false })",
    "OptionError",
    "random.choice: p allows 1 different element, 2 are wanted; choose with replace: true, or give more elements a probability above 0",
  ],
  [
    "cw.random.choice(3, [2], { replcae: false })",
    "OptionError",
    'random.choice: unknown option "replcae"; did you mean replace?',
  ],
  [
    "cw.random.choice(3, [2], { shape: [2] })",
    "OptionError",
    "random.choice: shape is given twice; give it as an argument or as an option",
  ],
  [
    "cw.random.choice(x, [2 ** 13, 2 ** 13])",
    "ShapeError",
    "random.choice: 67108864 positions are too many for a list in memory; it holds at most 2**24 = 16777216; work on parts of the axis",
  ],
];
