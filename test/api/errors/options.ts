/** Mistakes in chunk specifications and options. */
import type { Row } from "./row.js";

export const options: readonly Row[] = [
  [
    "x.rechunk([5])",
    "ChunkError",
    "rechunk: 1 chunk length for an array with 2 axes; give one entry per axis of shape [10, 6]",
  ],
  [
    "x.rechunk(0)",
    "ChunkError",
    "rechunk: chunk length 0 on axis 0; lengths are integers from 1, or -1 for the whole axis",
  ],
  [
    "x.rechunk([2.5, 1])",
    "ChunkError",
    "rechunk: chunk length 2.5 on axis 0; lengths are integers from 1, or -1 for the whole axis",
  ],
  [
    "x.rechunk([[5, 4], 6])",
    "ChunkError",
    "rechunk: the chunk lengths of axis 0 add up to 9; the axis has length 10",
  ],
  [
    "x.rechunk([[5, -5], 6])",
    "ChunkError",
    "rechunk: chunk length -5 on axis 0; lengths in a list are integers from 0",
  ],
  ["x.rechunk({ 2: 5 })", "ChunkError", 'rechunk: there is no axis "2"; the shape is [10, 6]'],
  [
    'x.rechunk("big")',
    "ChunkError",
    'rechunk: "big" is not a chunk size; use "auto" or a size like "64MiB" or "100kB"',
  ],
  [
    'x.rechunk("0MiB")',
    "ChunkError",
    'rechunk: "0MiB" is not a chunk size; use "auto" or a size like "64MiB" or "100kB"',
  ],
  [
    'x.rechunk("64 bananas")',
    "ChunkError",
    'rechunk: "64 bananas" is not a chunk size; use "auto" or a size like "64MiB" or "100kB"',
  ],
  [
    'x.rechunk(["1MiB", "2MiB"])',
    "ChunkError",
    "rechunk: the axes ask for blocks of different sizes; use one size, 1048576 and 2097152 bytes were given",
  ],
  [
    "x.rechunk(true)",
    "ChunkError",
    'rechunk: true is not a chunk specification; give a length, -1 for the whole axis, "auto", a size like "64MiB", a list of lengths, or null to keep it, or a list or object of these by axis',
  ],
  [
    "x.rechunk([true, 1])",
    "ChunkError",
    'rechunk: true on axis 0 is not a chunk specification; give a length, -1 for the whole axis, "auto", a size like "64MiB", a list of lengths, or null to keep it',
  ],
  [
    "cw.zeros([3], { chunks: [2, 2] })",
    "ChunkError",
    "zeros: 2 chunk lengths for an array with 1 axis; give one entry per axis of shape [3]",
  ],
  [
    "cw.zeros([3], { chunk: 2 })",
    "OptionError",
    'zeros: unknown option "chunk"; did you mean chunks?',
  ],
  [
    'cw.zeros([3], "float32")',
    "OptionError",
    'zeros: options must be an object, got "float32"; it may have dtype and chunks',
  ],
  [
    "x.sum({ keepDims: true })",
    "OptionError",
    'sum: unknown option "keepDims"; did you mean keepdims?',
  ],
  ["x.sum({ axes: 0 })", "OptionError", 'sum: unknown option "axes"; did you mean axis?'],
  ["x.sum({ keepdims: 1 })", "OptionError", "sum: keepdims must be true or false, got 1"],
  [
    "x.sum(0)",
    "OptionError",
    "sum: options must be an object, got 0; it may have axis, keepdims and dtype",
  ],
  [
    'x.sum({ dtype: "float" })',
    "DTypeError",
    'sum: unknown dtype "float"; dtypes are bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64, complex64 or complex128',
  ],
  ['x.std({ correction: "1" })', "OptionError", 'std: correction must be a finite number, got "1"'],
  [
    "x.std({ ddof: 1 })",
    "OptionError",
    'std: unknown option "ddof"; options are axis, keepdims and correction',
  ],
  [
    "x.squeeze(0, { axis: 0 })",
    "OptionError",
    "squeeze: axis is given twice; give it as an argument or as an option",
  ],
  [
    "x.clip(0, { min: 1 })",
    "OptionError",
    "clip: min is given twice; give it as an argument or as an option",
  ],
  ["x.clip(0, 1, 2)", "OptionError", "clip: options must be an object, got 2"],
  ["x.abs(1)", "OptionError", "abs: takes no more arguments, got 1"],
  [
    'cw.meshgrid(cw.zeros([2]), { indexing: "yx" })',
    "OptionError",
    'meshgrid: indexing must be "xy" or "ij", got "yx"',
  ],
  [
    'cw.configure({ memroy: "1GiB" })',
    "OptionError",
    'configure: unknown option "memroy"; did you mean memory?',
  ],
  [
    'cw.configure({ memory: "lots" })',
    "OptionError",
    'memory: "lots" is not a size in bytes; give a positive number of bytes or a text like "512MiB" or "2GB"',
  ],
  [
    "cw.configure({ memory: -1 })",
    "OptionError",
    'memory: -1 is not a size in bytes; give a positive number of bytes or a text like "512MiB" or "2GB"',
  ],
  [
    "cw.configure({ workers: 0 })",
    "OptionError",
    "configure: workers must be an integer from 1, got 0",
  ],
  [
    'cw.configure({ executor: "gpu" })',
    "OptionError",
    'configure: executor must be "threads" or "inline", got "gpu"',
  ],
  [
    'cw.configure({ inlineBytes: "1" })',
    "OptionError",
    'configure: inlineBytes must be a number of bytes, got "1"',
  ],
  ["x.compute({ signal: 1 })", "OptionError", "compute: signal must be an AbortSignal, got 1"],
  [
    'x.compute({ progress: "yes" })',
    "OptionError",
    'compute: progress must be true or false, got "yes"',
  ],
  [
    'x.compute({ executor: "inline", inlineBytes: 1 })',
    "OptionError",
    'inlineBytes and executor exclude each other, got 1 and "inline"',
  ],
  [
    "x.compute({ memory: 100 })",
    "MemoryLimitError",
    "compute: the results have 480 B, memory is 100 B; write them with toZarr, go through them with blocks(), reduce them first, or raise memory",
  ],
  [
    "cw.compute(3)",
    "OptionError",
    "compute: expected an array, or a list or object of arrays, got 3",
  ],
  [
    "cw.compute([x, 1])",
    "DTypeError",
    "compute: entry 1 must be a LazyArray, got 1; wrap data with asarray(data)",
  ],
  [
    "cw.compute({ a: 1 })",
    "DTypeError",
    'compute: entry "a" must be a LazyArray, got 1; wrap data with asarray(data)',
  ],
  [
    'x.toZarr("nowhere", { mode: "replace" })',
    "OptionError",
    'toZarr: mode must be "create", "overwrite", "append" or "region", got "replace"',
  ],
  [
    'x.toZarr("nowhere", { dimensionNames: ["x"] })',
    "OptionError",
    'toZarr: ["x"] names 1 dimensions, the array has 2',
  ],
  [
    'x.toZarr("nowhere", { chunks: [[3, 4, 3], 6] })',
    "ChunkError",
    "toZarr: the chunks of axis 0 are not all of one length; stored chunks are equally long, but for the last one: give one length",
  ],
  [
    'cw.openZarr("nowhere", { paht: "u" })',
    "OptionError",
    'openZarr: unknown option "paht"; did you mean path?',
  ],
  [
    'cw.openZarr("nowhere", { dtype: "f4" })',
    "DTypeError",
    'openZarr: unknown dtype "f4"; dtypes are bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64, complex64 or complex128',
  ],
];
