/**
 * What users are told, word for word: the expression, the class and the message. `x` is a float64 array of shape
 * [10, 6] in blocks of [4, 6], `double` a block function. Rows are data: add one per mistake worth an answer.
 */
export type Row = readonly [expression: string, name: string, message: string];

export const indexing: readonly Row[] = [
  ["x.at(10)", "IndexError", "at: index 10 is out of bounds for axis 0; allowed are -10 to 9"],
  ["x.at(null, -7)", "IndexError", "at: index -7 is out of bounds for axis 1; allowed are -6 to 5"],
  ["x.at(0, 0, 0)", "IndexError", "at: 3 selectors for an array with 2 axes"],
  ["x.at(1.5)", "IndexError", "at: 1.5 is not an integer, on axis 0"],
  ["x.at(Number.NaN)", "IndexError", "at: NaN is not an integer, on axis 0"],
  ["x.at(cw.ellipsis, cw.ellipsis)", "IndexError", "at: there can be only one ellipsis"],
  [
    "x.at([0, 1])",
    "IndexError",
    "at: [0, 1] on axis 0 is not a selector; select by integer positions with take(x, indices, { axis })",
  ],
  [
    "x.at(new Int32Array(2))",
    "IndexError",
    "at: an Int32Array on axis 0 is not a selector; select by integer positions with take(x, indices, { axis })",
  ],
  [
    "x.at(x)",
    "IndexError",
    "at: a LazyArray on axis 0 is not a selector; select by integer positions with take(x, indices, { axis })",
  ],
  [
    'x.at("1:3")',
    "IndexError",
    'at: "1:3" on axis 0 is not a selector; use slice(start, stop, step)',
  ],
  [
    "x.at(undefined)",
    "IndexError",
    "at: undefined on axis 0 is not a selector; use null for the whole axis",
  ],
  [
    "x.at(true)",
    "IndexError",
    "at: true on axis 0 is not a selector; use an integer, null, slice(start, stop, step), newaxis or ellipsis",
  ],
  [
    "x.at({})",
    "IndexError",
    "at: an object on axis 0 is not a selector; use an integer, null, slice(start, stop, step), newaxis or ellipsis",
  ],
  [
    "cw.zeros([0]).at(0)",
    "IndexError",
    "at: index 0 is out of bounds for axis 0; the axis is empty",
  ],
  ["cw.zeros([]).at(0)", "IndexError", "at: 1 selector for an array with 0 axes"],
  ["cw.slice(0, 10, 0)", "IndexError", "slice: step must not be 0"],
  ["cw.slice(0.5)", "IndexError", "slice: start must be an integer or null, got 0.5"],
  ['cw.slice(0, "end")', "IndexError", 'slice: stop must be an integer or null, got "end"'],
  [
    "x.take([0, 10], { axis: 0 })",
    "IndexError",
    "take: index 10 is out of bounds for axis 0; allowed are -10 to 9",
  ],
  ["x.take([0])", "ShapeError", "take: axis is needed; the array has 2 axes"],
  [
    "x.take([0.5], { axis: 0 })",
    "IndexError",
    "take: indices must be integers, got 0.5 at position 0",
  ],
  [
    "x.take(new Float64Array(1), { axis: 0 })",
    "IndexError",
    "take: indices must be integers, got a Float64Array; give a list or an integer typed array; lazy indices are not known when the plan is made",
  ],
  [
    "x.take(2, { axis: 0 })",
    "IndexError",
    "take: indices must be integers, got 2; give a list or an integer typed array; lazy indices are not known when the plan is made",
  ],
  ["cw.zeros([]).take([0])", "ShapeError", "take: a 0-d array has no axis to take from"],
];

export const shapes: readonly Row[] = [
  [
    "x.add(cw.zeros([4]))",
    "ShapeError",
    "add: shapes [10, 6] and [4] do not broadcast; lengths of axis -1 must be equal or 1, got 6 and 4",
  ],
  [
    "cw.broadcastArrays(x, cw.zeros([2]))",
    "ShapeError",
    "broadcastArrays: shapes [10, 6] and [2] do not broadcast; lengths of axis -1 must be equal or 1, got 6 and 2",
  ],
  [
    "x.reshape([7, -1])",
    "ShapeError",
    "reshape: shape [10, 6] does not fit into [7, -1]; the array has 60 elements",
  ],
  ["x.reshape([-1, -1])", "ShapeError", "reshape: only one length can be -1"],
  [
    "x.reshape([61])",
    "ShapeError",
    "reshape: shape [10, 6] does not fit into [61]; the array has 60 elements",
  ],
  [
    "x.reshape([-2, 30])",
    "ShapeError",
    "reshape: [-2, 30] has a negative length; -1 stands for a length to be computed",
  ],
  ["x.reshape([2.5])", "ShapeError", "reshape: a length must be an integer, got 2.5"],
  ['x.reshape("60")', "ShapeError", 'reshape: shape must be a list of lengths, got "60"'],
  ["x.sum({ axis: 2 })", "ShapeError", "sum: axis 2 does not exist; the array has 2 axes: -2 to 1"],
  ["x.sum({ axis: [0, 0] })", "ShapeError", "sum: axis [0, 0] names an axis twice"],
  ['x.sum({ axis: "time" })', "ShapeError", 'sum: axis must be an integer, got "time"'],
  [
    "x.argmax({ axis: [0, 1] })",
    "ShapeError",
    "argmax: axis must be one integer or null, got [0, 1]",
  ],
  [
    "x.squeeze(0)",
    "ShapeError",
    "squeeze: axis 0 has length 10; only axes of length 1 can be dropped",
  ],
  [
    "x.permuteDims([0, 0])",
    "ShapeError",
    "permuteDims: [0, 0] does not name every axis of [10, 6] once; give 2 axes in their new order",
  ],
  [
    "x.permuteDims([0])",
    "ShapeError",
    "permuteDims: [0] does not name every axis of [10, 6] once; give 2 axes in their new order",
  ],
  ["x.moveaxis([0, 1], [0])", "ShapeError", "moveaxis: 2 sources but 1 destination"],
  ["x.T.tile(-1)", "ShapeError", "tile: a length must not be negative, got -1"],
  [
    "cw.zeros([3]).T",
    "ShapeError",
    "T: the array must have 2 axes, got shape [3]; use mT or permuteDims",
  ],
  ["cw.zeros([3]).mT", "ShapeError", "mT: the array must have at least 2 axes, got shape [3]"],
  [
    "cw.zeros([3]).tril()",
    "ShapeError",
    "tril: the array must have at least 2 axes, got shape [3]",
  ],
  [
    "cw.concat([x, cw.zeros([9, 5])])",
    "ShapeError",
    "concat: array 1 has shape [9, 5], array 0 has [10, 6]; all lengths but that of axis 0 must be equal",
  ],
  ["cw.concat([])", "ShapeError", "concat: at least one array is needed"],
  [
    "cw.stack([x, x.T])",
    "ShapeError",
    "stack: array 1 has shape [6, 10], array 0 has [10, 6]; all shapes must be equal",
  ],
  [
    "x.repeat([1, 2], { axis: 0 })",
    "ShapeError",
    "repeat: 2 entries of repeats; axis 0 has length 10",
  ],
  ["x.roll([1, 2], { axis: 0 })", "ShapeError", "roll: 2 shifts for 1 axis"],
  [
    "x.broadcastTo([10, 7])",
    "ShapeError",
    "broadcastTo: shape [10, 6] does not broadcast to [10, 7]; aligned at the last axis, every length must be equal or 1",
  ],
  ["cw.zeros([-1])", "ShapeError", "zeros: a length must not be negative, got -1"],
  ["cw.arange(0, 1, 0)", "ShapeError", "arange: step must not be 0"],
  [
    "cw.arange(Infinity)",
    "ShapeError",
    "arange: start, stop and step must be finite numbers, got Infinity",
  ],
  ["cw.linspace(0, 1, 2.5)", "ShapeError", "linspace: num must be an integer, got 2.5"],
  ["cw.meshgrid(x)", "ShapeError", "meshgrid: argument 0 must be 1-d, got shape [10, 6]"],
  [
    "cw.zeros([0, 2]).max({ axis: 0 })",
    "ShapeError",
    "max: no value for an axis of length 0; max of nothing does not exist; the shape is [0, 2]",
  ],
  [
    "cw.asarray([[1, 2], [3]])",
    "ShapeError",
    "asarray: the lists at depth 1 have different lengths; all lists at one depth must be equally long",
  ],
  [
    'x.add(0.5).astype("int8").add(0.5)',
    "DTypeError",
    'add: 0.5 beside an int8 array is not an integer; cast the array first: astype("float64")',
  ],
  [
    'x.astype("int8").add(200)',
    "DTypeError",
    'add: 200 does not fit int8 (-128 to 127); cast the array first: astype("int16")',
  ],
  [
    'x.astype("uint8").subtract(-1)',
    "DTypeError",
    'subtract: -1 does not fit uint8 (0 to 255); cast the array first: astype("int16")',
  ],
  [
    'x.astype("float32").add(16777217n)',
    "DTypeError",
    "add: 16777217n is not exact in float32; give a number to round it: Number(value)",
  ],
  [
    'x.astype("bool").subtract(x.astype("bool"))',
    "DTypeError",
    "subtract: bool is not allowed; use logicalXor, or cast one side first",
  ],
  ['x.astype("bool").negative()', "DTypeError", "negative: bool is not allowed; use logicalNot"],
  [
    "x.bitwiseAnd(1)",
    "DTypeError",
    "bitwiseAnd: float64 is not allowed; allowed are bool and integer dtypes",
  ],
  [
    'x.astype("complex64").exp()',
    "DTypeError",
    "exp: complex64 is not allowed; complex arrays have equality, real, casts and all movement of data only",
  ],
  [
    'x.astype("complex64").sum()',
    "DTypeError",
    "sum: complex64 is not allowed; complex arrays are not reduced; take real(x) first",
  ],
  [
    'x.astype("complex128").astype("float64")',
    "DTypeError",
    "astype: complex128 cannot become float64; drop the imaginary part with real(x) first",
  ],
  [
    'x.astype("float16")',
    "DTypeError",
    'astype: unknown dtype "float16"; float16 is a storage dtype only; compute in float32',
  ],
  [
    'x.astype("double")',
    "DTypeError",
    'astype: unknown dtype "double"; dtypes are bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64, complex64 or complex128',
  ],
  ['x.sum({ dtype: "bool" })', "DTypeError", "sum: dtype bool is not allowed; use any or all"],
  [
    "cw.add(1, 2)",
    "DTypeError",
    "add: at least one argument must be an array; make one with asarray(value)",
  ],
  [
    'cw.add(x, "1")',
    "DTypeError",
    'add: an operand must be a LazyArray, got "1"; wrap data with asarray(data)',
  ],
  [
    "cw.sin(1)",
    "DTypeError",
    "sin: the first argument must be a LazyArray, got 1; wrap data with asarray(data)",
  ],
  [
    'cw.full([2], "0")',
    "DTypeError",
    'full: fillValue must be a number, bigint or boolean, got "0"',
  ],
  [
    'cw.full([2], 0.5, { dtype: "int8" })',
    "DTypeError",
    'full: 0.5 in an int8 array is not an integer; give dtype "float64"',
  ],
  [
    "cw.asarray([1, 2n])",
    "DTypeError",
    'asarray: the list mixes numbers and bigints; give a dtype, such as { dtype: "int64" }',
  ],
  [
    'cw.asarray(["a"])',
    "DTypeError",
    'asarray: "a" is not an element; elements are numbers, bigints or booleans',
  ],
  [
    "cw.asarray({})",
    "DTypeError",
    "asarray: cannot make an array of an object; give a typed array, nested lists of numbers, bigints or booleans, an ndarray, or a LazyArray",
  ],
  [
    'cw.arange(3, { dtype: "bool" })',
    "DTypeError",
    "arange: bool is not allowed; allowed are integer and floating-point dtypes",
  ],
];

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
    "compute: the results have 480 B, memory is 100 B; write them with toZarr, reduce them first, or raise memory",
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
    'x.toZarr("nowhere", { mode: "append" })',
    "OptionError",
    'toZarr: mode must be "create" or "overwrite", got "append"',
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

export const blocks: readonly Row[] = [
  ["cw.mapBlocks(3, x)", "TaskError", "mapBlocks: the first argument must be a function, got 3"],
  [
    'cw.mapBlocks("(b) => b", x)',
    "TaskError",
    'mapBlocks: the first argument must be a function, got "(b) => b"',
  ],
  [
    "cw.mapBlocks(Math.sqrt, x)",
    "TaskError",
    "mapBlocks: the function sqrt is native or bound and has no source text; wrap it: (block) => ..., and pass values in params",
  ],
  [
    "cw.mapBlocks(function f() {}.bind(null), x)",
    "TaskError",
    "mapBlocks: the function bound f is native or bound and has no source text; wrap it: (block) => ..., and pass values in params",
  ],
  [
    "cw.mapBlocks(class Doubler {}, x)",
    "TaskError",
    "mapBlocks: the function Doubler is a class; give an arrow function or function expression",
  ],
  [
    "cw.mapBlocks({ double(b) { return b.data; } }.double, x)",
    "TaskError",
    "mapBlocks: the function double is a method or accessor; give an arrow function or function expression, methods have no text of their own",
  ],
  [
    'cw.mapBlocks(Object.getOwnPropertyDescriptor({ get size() { return 1; } }, "size").get, x)',
    "TaskError",
    "mapBlocks: the function get size is a method or accessor; give an arrow function or function expression, methods have no text of their own",
  ],
  [
    "cw.mapBlocks(function* blocks(b) { yield b; }, x)",
    "TaskError",
    "mapBlocks: the function blocks is a generator; block functions return one block",
  ],
  [
    "cw.mapBlocks(async function* blocks(b) { yield b; }, x)",
    "TaskError",
    "mapBlocks: the function blocks is a generator; block functions return one block",
  ],
  ["cw.mapBlocks(double)", "ShapeError", "mapBlocks: at least one array is needed"],
  ["cw.mapBlocks(double, {})", "ShapeError", "mapBlocks: at least one array is needed"],
  [
    "cw.mapBlocks(double, [1, 2])",
    "OptionError",
    "mapBlocks: options must be an object, got [1, 2]; it may have dtype, params, name, inputs and scratchBytes",
  ],
  [
    "cw.mapBlocks(double, x, 3)",
    "OptionError",
    "mapBlocks: options must be an object, got 3; it may have dtype, params, name, inputs and scratchBytes",
  ],
  [
    "cw.mapBlocks(double, x, cw.zeros([7]))",
    "ShapeError",
    "mapBlocks: shapes [10, 6] and [7] do not broadcast; lengths of axis -1 must be equal or 1, got 6 and 7",
  ],
  [
    'cw.mapBlocks(double, x, { dtype: "f8" })',
    "DTypeError",
    'mapBlocks: unknown dtype "f8"; dtypes are bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64, complex64 or complex128',
  ],
  [
    'cw.mapBlocks(double, x, { dytpe: "int8" })',
    "OptionError",
    'mapBlocks: unknown option "dytpe"; did you mean dtype?',
  ],
  [
    "cw.mapBlocks(double, x, { params: { f: () => 1 } })",
    "OptionError",
    "mapBlocks: params cannot be sent to workers, got an object; give plain data: objects, arrays, typed arrays, maps, numbers, strings",
  ],
  [
    'cw.mapBlocks(double, x, { params: Symbol("s") })',
    "OptionError",
    "mapBlocks: params cannot be sent to workers, got Symbol(s); give plain data: objects, arrays, typed arrays, maps, numbers, strings",
  ],
  [
    'cw.mapBlocks(double, x, { inputs: "move" })',
    "OptionError",
    'mapBlocks: inputs must be "copy" or "view", got "move"',
  ],
  [
    "cw.mapBlocks(double, x, { scratchBytes: -1 })",
    "OptionError",
    "mapBlocks: scratchBytes must be a number of bytes, got -1",
  ],
  [
    'cw.mapBlocks(double, x, { scratchBytes: "1MiB" })',
    "OptionError",
    'mapBlocks: scratchBytes must be a number of bytes, got "1MiB"',
  ],
  [
    "cw.mapBlocks(double, x, { name: 3 })",
    "OptionError",
    "mapBlocks: name must be a string, got 3",
  ],
];
