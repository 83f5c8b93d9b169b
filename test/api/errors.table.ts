/**
 * What users are told, word for word: the expression, the class and the message. `x` is a float64 array of shape
 * [10, 6] in blocks of [4, 6], `double` a block function. Rows are data: add one per mistake worth an answer.
 */
export { blocks, options } from "./errors-options.table.js";

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
