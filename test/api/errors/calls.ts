/** Calls by labels and signatures, reductions, scans and kernels that are refused when they are built. */
import type { Row } from "./row.js";

const ALONE =
  "it runs in worker threads, without the scope it was written in: pass values in params, or give { module, export }";
const LOOKS = 'signatures look like "(i,j),(j)->(i)", "(3),(n)->(),(n)" or "->(n)"';
const ELEMENTS =
  "a kernel sees single elements: it may use elementwise functions, where and astype";
const METHODS =
  "use its methods, as in x.add(1), x.less(y) and where(condition, a, b), or await x.compute()";

export const calls: readonly Row[] = [
  [
    'cw.blockwise(double, 3, [x, "ij"])',
    "ShapeError",
    'blockwise: the labels of the result must be text or a list, got 3; one per axis, as in "ij" or ["time", "x"]',
  ],
  [
    'cw.blockwise(double, "ij", x)',
    "OptionError",
    "blockwise: options must be an object, got a LazyArray; it may have dtype, params, name, inputs, scratchBytes, newAxes and adjustChunks",
  ],
  [
    'cw.blockwise(double, "ij", [x])',
    "OptionError",
    'blockwise: argument 0 must be a pair, got [a LazyArray]; an array and its labels: [x, "ij"]',
  ],
  [
    'cw.blockwise(double, "ij", [3, "ij"])',
    "DTypeError",
    "blockwise: array 0 must be a LazyArray, got 3; wrap data with asarray(data)",
  ],
  [
    'cw.blockwise(double, "i", [x, "i"])',
    "ShapeError",
    "blockwise: array 0 has 2 axes and 1 label; give one label per axis",
  ],
  [
    'cw.blockwise(double, "i", [x, "ii"])',
    "ShapeError",
    'blockwise: the labels of array 0 name "i" twice',
  ],
  [
    'cw.blockwise(double, "ik", [x, "ij"])',
    "ShapeError",
    'blockwise: label "k" of the result is in no array; give its length in newAxes',
  ],
  [
    'cw.blockwise(double, "ij", [x, "ij"], [x.T, "ij"])',
    "ShapeError",
    'blockwise: axes "i" have lengths 10 and 6; axes of one label must be equally long, or of length 1',
  ],
  [
    'cw.blockwise(double, "ij", [x, "ij"], { newAxes: { j: 2 } })',
    "ShapeError",
    'blockwise: label "j" of newAxes is an axis of an array; lengths of blocks change with adjustChunks',
  ],
  [
    'cw.blockwise(double, "ij", [x, "ij"], { newAxes: { k: 2 } })',
    "ShapeError",
    'blockwise: label "k" of newAxes is not in the result',
  ],
  [
    'cw.blockwise(double, "ijk", [x, "ij"], { newAxes: { k: -2 } })',
    "ChunkError",
    'blockwise: the new axis "k" cannot be -2; give a length, or a list with one length per block',
  ],
  [
    'cw.blockwise(double, "ij", [x, "ij"], { adjustChunks: { i: (n) => n - 4 } })',
    "ChunkError",
    'blockwise: label "i" cannot have blocks of length 0; lengths of blocks are integers from 1',
  ],
  [
    "cw.applyGufunc(double, 3, x)",
    "OptionError",
    'applyGufunc: the signature must be text, got 3; as in "(i,j),(j)->(i)"',
  ],
  [
    'cw.applyGufunc(double, "(x)(y)->()", x)',
    "OptionError",
    `applyGufunc: the signature "(x)(y)->()" is malformed at "(y)->()", where "->" is expected; ${LOOKS}`,
  ],
  [
    'cw.applyGufunc(double, "(x),(y)->", x)',
    "OptionError",
    `applyGufunc: the signature "(x),(y)->" is malformed at its end, where "(" is expected; ${LOOKS}`,
  ],
  [
    'cw.applyGufunc(double, "((x))->(x)", x)',
    "OptionError",
    `applyGufunc: the signature "((x))->(x)" is malformed at "(x))->(x", where the name or size of a dimension is expected; ${LOOKS}`,
  ],
  [
    'cw.applyGufunc(double, "(x)->(x),", x)',
    "OptionError",
    `applyGufunc: the signature "(x)->(x)," is malformed at its end, where "(" is expected; ${LOOKS}`,
  ],
  [
    'cw.applyGufunc(double, "(x?)->(x)", x)',
    "OptionError",
    `applyGufunc: the signature "(x?)->(x)" is malformed at "x)", where x, with a "?" as before, is expected; ${LOOKS}`,
  ],
  [
    'cw.applyGufunc(double, "(x),(x)->()", x)',
    "ShapeError",
    'applyGufunc: the signature "(x),(x)->()" is for 2 arrays, got 1',
  ],
  [
    'cw.applyGufunc(double, "(i,j,k)->()", x)',
    "ShapeError",
    "applyGufunc: array 0 has 2 axes, its signature (i,j,k) needs 3",
  ],
  [
    'cw.applyGufunc(double, "(7)->()", x)',
    "ShapeError",
    "applyGufunc: core dimension 0 of array 0 must have length 7, got 6",
  ],
  [
    'cw.applyGufunc(double, "(i),(i)->()", x, cw.zeros([5]))',
    "ShapeError",
    "applyGufunc: core dimension i has lengths 6 and 5",
  ],
  [
    'cw.applyGufunc(double, "(i)->(k)", x)',
    "ShapeError",
    "applyGufunc: core dimension k is in results only; give its length: outputSizes: { k: … }",
  ],
  [
    'cw.applyGufunc(double, "(i)->()", x, { outputSizes: { k: 3 } })',
    "OptionError",
    "applyGufunc: outputSizes has k, which is no core dimension of a result",
  ],
  [
    'cw.applyGufunc(double, "(i)->(i)", x, { outputSizes: { i: 3 } })',
    "ShapeError",
    "applyGufunc: core dimension i has lengths 6 and 3",
  ],
  [
    'cw.applyGufunc(double, "(i,j)->()", x)',
    "ChunkError",
    "applyGufunc: core dimension i of array 0 is cut into 3 blocks; rechunk that axis to one block, or give allowRechunk: true, which makes blocks of the loop axes smaller",
  ],
  [
    'cw.applyGufunc(double, "(i),(i)->()", x, x.rechunk([5, -1]))',
    "ChunkError",
    "applyGufunc: loop axis 0 of array 1 has other blocks than the others; rechunk the arrays to the same blocks, or give allowRechunk: true",
  ],
  [
    'cw.applyGufunc(double, "(i)->()", x, { axis: 0, axes: [0] })',
    "OptionError",
    "applyGufunc: axes and axis are both given; give one of them",
  ],
  [
    'cw.applyGufunc(double, "(i)->()", x, { axes: 0 })',
    "OptionError",
    "applyGufunc: axes must be a list, got 0; one entry per array and result: a list of axes, one per core dimension",
  ],
  [
    'cw.applyGufunc(double, "(i)->()", x, { axes: [[0, 1]] })',
    "OptionError",
    "applyGufunc: axes names 2 axes of array 0, which has 1 core dimension",
  ],
  [
    'cw.applyGufunc(double, "(i)->()", x, { axes: [0, 0] })',
    "OptionError",
    "applyGufunc: axes names 1 axis of result 0, which has 0 core dimensions",
  ],
  [
    'cw.applyGufunc(double, "(i)->(i)", x, { axes: [0] })',
    "OptionError",
    "applyGufunc: axes has 1 entry for 1 array and 1 result",
  ],
  [
    'cw.applyGufunc(double, "(i,j)->()", x, { axis: 0 })',
    "OptionError",
    "applyGufunc: axis is for one core dimension that all share; use axes",
  ],
  [
    'cw.applyGufunc(double, "(i)->(i)", x, { keepdims: true })',
    "OptionError",
    "applyGufunc: keepdims is for results without core dimensions",
  ],
  [
    'cw.applyGufunc(double, "(i)->()", x, { axis: 3 })',
    "ShapeError",
    "applyGufunc: array 0 has no axis 3; it has 2 axes",
  ],
  [
    'cw.applyGufunc(double, "(i)->()", x, { vectorize: 1 })',
    "OptionError",
    "applyGufunc: vectorize must be true or false, got 1",
  ],
  [
    'cw.applyGufunc(double, "(i)->()", x, { outputDtypes: ["int8", "int8"] })',
    "OptionError",
    "applyGufunc: outputDtypes has 2 entries for 1 result",
  ],
  [
    "x.reduction({ chunk: double })",
    "TaskError",
    "reduction: aggregate must be a function, got undefined",
  ],
  [
    "x.reduction({ chunk: double, aggregate: double, splitEvery: 1 })",
    "OptionError",
    "reduction: splitEvery must be an integer from 2, got 1",
  ],
  [
    "x.reduction({ chunk: double, aggregate: (p) => other(p) })",
    "TaskError",
    `reduction: the function aggregate uses other, which is not defined inside it; ${ALONE}`,
  ],
  [
    "x.reduction({ chunk: double, aggregate: double, axis: 2 })",
    "ShapeError",
    "reduction: axis 2 does not exist; the array has 2 axes: -2 to 1",
  ],
  [
    "x.scan({ block: double, combine: double })",
    "ShapeError",
    "scan: axis is needed for an array with several axes",
  ],
  [
    "x.scan({ block: double, combine: 1, axis: 0 })",
    "TaskError",
    "scan: combine must be a function, got 1",
  ],
  [
    "x.scan({ block: double, combine: double, axes: 0 })",
    "OptionError",
    'scan: unknown option "axes"; did you mean axis?',
  ],
  ["cw.kernel(3)", "OptionError", "kernel: the argument must be a function, got 3"],
  ["cw.kernel((a) => a.sum())(x)", "DTypeError", `kernel: sum is not elementwise; ${ELEMENTS}`],
  ["cw.kernel((a) => cw.prod(a))(x)", "DTypeError", `kernel: prod is not elementwise; ${ELEMENTS}`],
  [
    "cw.kernel((a) => a.expandDims(0))(x)",
    "DTypeError",
    `kernel: view is not elementwise; ${ELEMENTS}`,
  ],
  [
    "cw.kernel((a) => a.add(x))(x)",
    "DTypeError",
    "kernel: the function uses an array that is not one of its arguments; give it as an argument: arguments broadcast",
  ],
  [
    "cw.kernel((a) => (a > 1 ? a : a.negative()))(x)",
    "DTypeError",
    `a lazy array has no value that operators could use; ${METHODS}`,
  ],
  [
    "cw.kernel((a) => a + 1)(x)",
    "DTypeError",
    `a lazy array has no value that operators could use; ${METHODS}`,
  ],
  [
    "cw.kernel((a) => 3)(x)",
    "DTypeError",
    "kernel: the function returned 3; it must return what it computed from its arguments, or a list of that",
  ],
  ["cw.kernel((a) => a)(2)", "ShapeError", "kernel: at least one argument must be an array"],
  [
    "cw.kernel((a, b) => a.add(b))(x, cw.zeros([7]))",
    "ShapeError",
    "kernel: shapes [10, 6] and [7] do not broadcast; lengths of axis -1 must be equal or 1, got 6 and 7",
  ],
];
