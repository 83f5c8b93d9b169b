/** Mistakes in shapes, axes and dtypes. */
import type { Row } from "./row.js";

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
    'x.astype("complex64").floor()',
    "DTypeError",
    "floor: complex64 is not allowed; complex numbers have no order: take real, imag or abs first",
  ],
  [
    'x.less(x.astype("complex64"))',
    "DTypeError",
    "less: complex128 is not allowed; complex numbers have no order: take real, imag or abs first",
  ],
  [
    'x.astype("complex64").clip(0, 1)',
    "DTypeError",
    "clip: complex64 is not allowed; complex numbers have no order: take real, imag or abs first",
  ],
  [
    'x.astype("complex64").atan2(x)',
    "DTypeError",
    "atan2: complex128 is not allowed; complex numbers have no order: take real, imag or abs first",
  ],
  [
    'x.astype("complex64").signbit()',
    "DTypeError",
    "signbit: complex64 is not allowed; complex numbers have no order: take real, imag or abs first",
  ],
  [
    'x.astype("complex64").max()',
    "DTypeError",
    "max: complex64 is not allowed; complex numbers have no order: take real, imag or abs first",
  ],
  [
    'x.astype("complex64").argmin()',
    "DTypeError",
    "argmin: complex64 is not allowed; complex numbers have no order: take real, imag or abs first",
  ],
  [
    'x.astype("complex64").sum({ dtype: "float32" })',
    "DTypeError",
    "sum: complex64 cannot become float32; drop the imaginary part with real(x) first",
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
  [
    "cw.asarray(new Float32Array(5), { shape: [2, 3] })",
    "ShapeError",
    "asarray: shape [2, 3] holds 6 elements, the array has 5",
  ],
  [
    "cw.asarray(new Float32Array(6), { shape: [2, -1] })",
    "ShapeError",
    "asarray: a length must not be negative, got -1",
  ],
  [
    "cw.asarray([1, 2], { shape: [2] })",
    "OptionError",
    "asarray: shape is for typed arrays, got [1, 2]; use reshape(x, shape)",
  ],
  [
    "cw.asarray(x, { shape: [60] })",
    "OptionError",
    "asarray: shape is for typed arrays, got a LazyArray; use reshape(x, shape)",
  ],
  ["cw.resultType()", "DTypeError", "resultType: at least one array or dtype is needed"],
  [
    'cw.resultType("int8", 3)',
    "DTypeError",
    "resultType: unknown dtype 3; dtypes are bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64, complex64 or complex128",
  ],
  [
    "cw.expandDims(x, 3)",
    "ShapeError",
    "expandDims: axis 3 does not exist; the array has 3 axes: -3 to 2",
  ],
  [
    "cw.expandDims(x, 0, { axis: 1 })",
    "OptionError",
    "expandDims: axis is given twice; give it as an argument or as an option",
  ],
];
