/** Mistakes in indexing: selectors, slices, take. */
import type { Row } from "./row.js";

export const indexing: readonly Row[] = [
  ["x.at(10)", "IndexError", "at: index 10 is out of bounds for axis 0; allowed are -10 to 9"],
  ["x.at(null, -7)", "IndexError", "at: index -7 is out of bounds for axis 1; allowed are -6 to 5"],
  ["x.at(0, 0, 0)", "IndexError", "at: 3 selectors for an array with 2 axes"],
  ["x.at(1.5)", "IndexError", "at: 1.5 is not an integer, on axis 0"],
  ["x.at(Number.NaN)", "IndexError", "at: NaN is not an integer, on axis 0"],
  ["x.at(cw.ellipsis, cw.ellipsis)", "IndexError", "at: there can be only one ellipsis"],
  ["x.at([0, 10])", "IndexError", "at: index 10 is out of bounds for axis 0; allowed are -10 to 9"],
  [
    "x.at(null, [[0, 1], [2, -7]])",
    "IndexError",
    "at: index -7 is out of bounds for axis 1; allowed are -6 to 5",
  ],
  [
    "x.at([0, 1], [0, 1, 2])",
    "ShapeError",
    "at: shapes [2] and [3] do not broadcast; lengths of axis -1 must be equal or 1, got 2 and 3",
  ],
  ["x.at([0, 0.5])", "IndexError", "at: indices must be integers, got 0.5 at position 1"],
  [
    "x.at([[0, 1], [2]])",
    "IndexError",
    "at: the lists of indices [[0, 1], [2]] differ in length; all lists at one depth must be equally long",
  ],
  [
    "x.at(new Float32Array(2))",
    "IndexError",
    "at: indices must be integers, got a Float32Array; give a list, an integer typed array or an array of integers",
  ],
  [
    "x.at(x)",
    "IndexError",
    'at: an array of positions must be of integers, got float64 on axis 0; convert it with astype("int64")',
  ],
  ["x.at([0], [0], [0])", "IndexError", "at: 3 selectors for an array with 2 axes"],
  [
    'x.at("1:3", 0)',
    "IndexError",
    'at: "1:3" on axis 0 is not a selector; give all selectors in one text, as at("0, 1:3"), or none',
  ],
  [
    'x.at("1:3, a")',
    "ExpressionError",
    "unknown name 'a'; selectors are made of constants\n\n  1:3, a\n       ^",
  ],
  [
    "x.at(undefined)",
    "IndexError",
    "at: undefined on axis 0 is not a selector; use null for the whole axis",
  ],
  [
    "x.at(true)",
    "IndexError",
    "at: true on axis 0 is not a selector; use an integer, null, slice(start, stop, step), an array of integers, newaxis or ellipsis",
  ],
  [
    "x.at({})",
    "IndexError",
    "at: an object on axis 0 is not a selector; use an integer, null, slice(start, stop, step), an array of integers, newaxis or ellipsis",
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
    "take: indices must be integers, got a Float64Array; give a list, an integer typed array or an array of integers",
  ],
  [
    "x.take(2, { axis: 0 })",
    "IndexError",
    "take: indices must be integers, got 2; give a list, an integer typed array or an array of integers",
  ],
  ["cw.zeros([]).take([0])", "ShapeError", "take: a 0-d array has no axis to take from"],
  [
    "x.take(x, { axis: 0 })",
    "IndexError",
    'take: an array of positions must be of integers, got float64 on axis 0; convert it with astype("int64")',
  ],
  [
    "x.takeAlongAxis([[0]], { axis: 2 })",
    "ShapeError",
    "takeAlongAxis: axis 2 does not exist; the array has 2 axes: -2 to 1",
  ],
  [
    "x.takeAlongAxis([0], { axis: 0 })",
    "ShapeError",
    "takeAlongAxis: indices have 1 axis, the array has 2; both need the same number of axes; take() takes any",
  ],
  [
    "x.takeAlongAxis([[0, 1], [1, 0]], { axis: 0 })",
    "ShapeError",
    "takeAlongAxis: shapes [1, 6] and [1, 2] do not broadcast; lengths of axis -1 must be equal or 1, got 6 and 2",
  ],
  [
    "x.takeAlongAxis([[6]])",
    "IndexError",
    "takeAlongAxis: index 6 is out of bounds for axis 1; allowed are -6 to 5",
  ],
  [
    "x.takeAlongAxis(1)",
    "IndexError",
    "takeAlongAxis: indices must be integers, got 1; give a list, an integer typed array or an array of integers",
  ],
  [
    "x.takeAlongAxis(x.astype('float32'))",
    "IndexError",
    'takeAlongAxis: indices must be integers, got float32; convert them with astype("int64")',
  ],
  [
    "x.setItem(10, 1)",
    "IndexError",
    "setItem: index 10 is out of bounds for axis 0; allowed are -10 to 9",
  ],
  ["x.setItem([0, 0, 0], 1)", "IndexError", "setItem: 3 selectors for an array with 2 axes"],
  [
    "x.setItem([cw.slice(0, 3)], [1, 2])",
    "ShapeError",
    "setItem: a value of shape [2] does not broadcast to the selection [3, 6]; aligned at the last axis, every length must be equal or 1",
  ],
  [
    "x.setItem(0, cw.zeros([2, 6]))",
    "ShapeError",
    "setItem: a value of shape [2, 6] does not broadcast to the selection [6]; aligned at the last axis, every length must be equal or 1",
  ],
  [
    "x.astype('int32').setItem(0, x.at(0))",
    "DTypeError",
    'setItem: values of float64 do not go into an array of int32; convert them with astype("int32"), or the array with astype("float64")',
  ],
  [
    "x.astype('int32').setItem(0, 0.5)",
    "DTypeError",
    'setItem: 0.5 in an int32 array is not an integer; give dtype "float64"',
  ],
  [
    "x.astype('int8').setItem(0, 128)",
    "DTypeError",
    'setItem: 128 does not fit int8 (-128 to 127); give dtype "int16"',
  ],
  [
    "x.setItem(0, 'a')",
    "DTypeError",
    'setItem: expected an array or a scalar, got "a"; wrap data with asarray(data)',
  ],
  [
    "x.at(x.greater(0).at(null, 0), [0])",
    "IndexError",
    "at: a boolean array does not go beside arrays of positions; select by one after the other",
  ],
  [
    "x.setItem([x.greater(0).at(null, 0), 0], 1)",
    "IndexError",
    "setItem: beside a boolean array only whole axes can be selected; make one mask for the whole array, or assign to a part and put it back",
  ],
  [
    "x.setItem(cw.zeros([10, 5], { dtype: 'bool' }), 1)",
    "IndexError",
    "setItem: a mask of shape [10, 5] does not fit the axes from 0 on of shape [10, 6]; a mask must have the lengths of the axes that it selects on",
  ],
  [
    "x.setItem(x.greater(0), [1, 2])",
    "ShapeError",
    "setItem: a value of shape [2] does not broadcast to the selection [1]; aligned at the last axis, every length must be equal or 1",
  ],
  [
    "x.at(x.greater(0)).takeAlongAxis([0])",
    "ShapeError",
    "takeAlongAxis: the length of a boolean selection is not known; use await x.measure() first: it answers with the same array and its length",
  ],
  ["x.blocks({ chunk: 2 })", "OptionError", 'blocks: unknown option "chunk"; did you mean chunks?'],
  [
    "x.blocks({ chunks: [0, 1] })",
    "ChunkError",
    "blocks: chunk length 0 on axis 0; lengths are integers from 1, or -1 for the whole axis",
  ],
  ["x.preview({ edge: 0 })", "OptionError", "preview: edge must be an integer from 1, got 0"],
];

/** Positions that are known only when it runs; `i` is a lazy int64 array of -11, 3 and 10. */
export const positions: readonly Row[] = [
  [
    "x.at(i)",
    "IndexError",
    "index -11 is out of bounds for axis 0 of length 10; allowed are -10 to 9",
  ],
  [
    "x.at(cw.slice(4), i.at(cw.slice(1)))",
    "IndexError",
    "index 10 is out of bounds for axis 1 of length 6; allowed are -6 to 5",
  ],
  [
    "x.take(i, { axis: 0 }).sum()",
    "IndexError",
    "index -11 is out of bounds for axis 0 of length 10; allowed are -10 to 9",
  ],
  [
    "x.takeAlongAxis(i.at(null, cw.newaxis), { axis: 0 })",
    "IndexError",
    "index -11 is out of bounds for axis 0 of length 10; allowed are -10 to 9",
  ],
  [
    "cw.zeros([0, 2]).at(i)",
    "IndexError",
    "index -11 is out of bounds for axis 0 of length 0; the axis is empty",
  ],
  [
    "x.setItem([i], 1)",
    "IndexError",
    "index -11 is out of bounds for axis 0 of length 10; allowed are -10 to 9",
  ],
  [
    "x.at(i.astype('uint64'))",
    "IndexError",
    "index 9223372036854776000 is out of bounds for axis 0 of length 10; allowed are -10 to 9",
  ],
];
