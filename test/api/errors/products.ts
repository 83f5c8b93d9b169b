/** Mistakes in products, contractions and running totals. */
import type { Row } from "./row.js";

export const products: readonly Row[] = [
  ["x.cumulativeSum()", "ShapeError", "cumulativeSum: axis is needed; the array has 2 axes"],
  ["cw.cumulativeSum(cw.zeros([]))", "ShapeError", "cumulativeSum: a 0-d array has no axis"],
  [
    "x.cumulativeSum({ axis: 2 })",
    "ShapeError",
    "cumulativeSum: axis 2 does not exist; the array has 2 axes: -2 to 1",
  ],
  [
    "x.cumulativeSum({ axis: [0, 1] })",
    "ShapeError",
    "cumulativeSum: axis must be an integer, got [0, 1]",
  ],
  [
    "x.cumulativeSum({ axis: null })",
    "ShapeError",
    "cumulativeSum: axis is needed; the array has 2 axes",
  ],
  [
    'x.cumulativeProd({ axis: "time" })',
    "ShapeError",
    'cumulativeProd: axis must be an integer, got "time"',
  ],
  [
    'x.cumulativeSum({ axis: 0, dtype: "bool" })',
    "DTypeError",
    "cumulativeSum: dtype bool is not allowed for float64 elements; give an integer, floating-point or complex dtype",
  ],
  [
    'x.cumulativeSum({ axis: 0, dtype: "float16" })',
    "DTypeError",
    'cumulativeSum: unknown dtype "float16"; float16 is a storage dtype only; compute in float32',
  ],
  [
    'x.astype("complex64").cumulativeSum({ axis: 0, dtype: "float32" })',
    "DTypeError",
    "cumulativeSum: dtype float32 is not allowed for complex64 elements; give an integer, floating-point or complex dtype",
  ],
  [
    "x.cumulativeSum({ axis: 0, includeInitial: 1 })",
    "OptionError",
    "cumulativeSum: includeInitial must be true or false, got 1",
  ],
  [
    "x.cumulativeSum({ axes: 0 })",
    "OptionError",
    'cumulativeSum: unknown option "axes"; did you mean axis?',
  ],
  [
    "cw.cumulativeSum([1, 2])",
    "DTypeError",
    "cumulativeSum: the first argument must be a LazyArray, got [1, 2]; wrap data with asarray(data)",
  ],
  [
    "x.matmul(x)",
    "ShapeError",
    "matmul: shapes [10, 6] and [10, 6] do not fit; the inner lengths must be equal, got 6 and 10",
  ],
  [
    "x.matmul(cw.zeros([5]))",
    "ShapeError",
    "matmul: shapes [10, 6] and [5] do not fit; the inner lengths must be equal, got 6 and 5",
  ],
  ["cw.zeros([]).matmul(x)", "ShapeError", "matmul: 0-d arrays are not allowed; use multiply"],
  [
    "x.matmul(2)",
    "DTypeError",
    "matmul: the second argument must be a LazyArray, got 2; wrap data with asarray(data)",
  ],
  [
    "cw.matmul(x)",
    "DTypeError",
    "matmul: the second argument must be a LazyArray, got undefined; wrap data with asarray(data)",
  ],
  [
    "cw.zeros([2, 3, 4]).matmul(cw.zeros([5, 4, 3]))",
    "ShapeError",
    "matmul: shapes [2, 3, 4] and [5, 4, 3] do not fit; the leading axes must broadcast, got lengths 2 and 5",
  ],
  ["x.outer(cw.zeros([3]))", "ShapeError", "outer: arrays must have 1 axis, got shape [10, 6]"],
  [
    "cw.outer(cw.zeros([3]), 2)",
    "DTypeError",
    "outer: the second argument must be a LazyArray, got 2; wrap data with asarray(data)",
  ],
  [
    "x.vecdot(cw.zeros([5]))",
    "ShapeError",
    "vecdot: shapes [10, 6] and [5] do not fit; the lengths of axis -1 are 6 and 5",
  ],
  [
    "x.vecdot(x, { axis: 0 })",
    "ShapeError",
    "vecdot: axis must be from -2 to -1, got 0; axes are counted from the end, since the arrays broadcast",
  ],
  [
    "x.vecdot(cw.zeros([3, 6]))",
    "ShapeError",
    "vecdot: shapes [10, 6] and [3, 6] do not broadcast; lengths of axis -2 must be equal or 1, got 10 and 3",
  ],
  [
    "x.vecdot(cw.zeros([6]), { axis: -2 })",
    "ShapeError",
    "vecdot: axis must be -1, got -2; axes are counted from the end, since the arrays broadcast",
  ],
  ["x.vecdot(x, { axis: 0.5 })", "ShapeError", "vecdot: axis must be an integer, got 0.5"],
  ["cw.zeros([]).vecdot(x)", "ShapeError", "vecdot: 0-d arrays are not allowed; use multiply"],
  [
    "x.tensordot(x, { axes: 3 })",
    "ShapeError",
    "tensordot: 3 axes cannot be contracted; the arrays have 2 and 2",
  ],
  [
    "x.tensordot(x, { axes: -1 })",
    "ShapeError",
    "tensordot: -1 axes cannot be contracted; the arrays have 2 and 2",
  ],
  [
    "x.tensordot(x, { axes: [[0], [1]] })",
    "ShapeError",
    "tensordot: shapes [10, 6] and [10, 6] do not fit; axis 0 has length 10, axis 1 has 6",
  ],
  [
    "x.tensordot(x, { axes: [[0, 0], [0, 0]] })",
    "ShapeError",
    "tensordot: axes [[0, 0], [0, 0]] names an axis twice",
  ],
  [
    "x.tensordot(x, { axes: [[0], [0, 1]] })",
    "ShapeError",
    "tensordot: axes must be a number or two lists of equal length, got [[0], [0, 1]]",
  ],
  [
    "x.tensordot(x, { axes: [[2], [0]] })",
    "ShapeError",
    "tensordot: axis 2 does not exist; the array has 2 axes: -2 to 1",
  ],
  [
    'x.tensordot(x, { axes: "ij" })',
    "ShapeError",
    'tensordot: axes must be a number or two lists of equal length, got "ij"',
  ],
  ["x.tensordot(x, { axes: 1.5 })", "ShapeError", "tensordot: axes must be an integer, got 1.5"],
  [
    "x.tensordot(x, { axes: [0, 1] })",
    "ShapeError",
    "tensordot: axes must be a number or two lists of equal length, got [0, 1]",
  ],
  ['cw.einsum("ij,jk->ik", x)', "ShapeError", 'einsum: "ij,jk->ik" has 2 terms for 1 array'],
  ['cw.einsum("ij")', "ShapeError", "einsum: at least one array is needed"],
  ['cw.einsum("ij->k", x)', "ShapeError", 'einsum: the result names "k", which no array has'],
  ['cw.einsum("ij->ii", x)', "ShapeError", 'einsum: the result names "i" twice'],
  ['cw.einsum("ijk", x)', "ShapeError", 'einsum: the term "ijk" does not fit an array with 2 axes'],
  ['cw.einsum("i", x)', "ShapeError", 'einsum: the term "i" does not fit an array with 2 axes'],
  ['cw.einsum("ii", x)', "ShapeError", 'einsum: axes of "i" have lengths 10 and 6'],
  [
    'cw.einsum("i1", x)',
    "ShapeError",
    "einsum: \"1\" is not allowed in subscripts; use letters, '...', ',' and '->'",
  ],
  [
    'cw.einsum("i-j", x)',
    "ShapeError",
    "einsum: \"-\" is not allowed in subscripts; use letters, '...', ',' and '->'",
  ],
  ['cw.einsum("ij->i->j", x)', "ShapeError", 'einsum: "ij->i->j" has more than one "->"'],
  [
    'cw.einsum("ij,jk", x, x)',
    "ShapeError",
    'einsum: axis "j" has lengths 6 and 10; the arrays have shapes [10, 6], [10, 6]',
  ],
  ['cw.einsum("......", x)', "ShapeError", 'einsum: the term "......" has more than one ellipsis'],
  [
    'cw.einsum("...->......", x)',
    "ShapeError",
    'einsum: the term "......" has more than one ellipsis',
  ],
  [
    'cw.einsum("...i->i", x)',
    "ShapeError",
    'einsum: the result "i" has no ellipsis, the arrays have 1 axis in theirs; name axes with letters to sum over them',
  ],
  [
    'cw.einsum("i..->i", x)',
    "ShapeError",
    "einsum: \".\" is not allowed in subscripts; use letters, '...', ',' and '->'",
  ],
  [
    'cw.einsum("i.j->i", x)',
    "ShapeError",
    "einsum: \".\" is not allowed in subscripts; use letters, '...', ',' and '->'",
  ],
  [
    'cw.einsum("ij->i.", x)',
    "ShapeError",
    "einsum: \".\" is not allowed in subscripts; use letters, '...', ',' and '->'",
  ],
  [
    'cw.einsum(x, "ij")',
    "ShapeError",
    'einsum: subscripts must be a string, got a LazyArray; for example "ij,jk->ik"',
  ],
  [
    'cw.einsum("ij", [x])',
    "DTypeError",
    "einsum: array 0 of 1 array must be a LazyArray, got [a LazyArray]; wrap data with asarray(data)",
  ],
  [
    'cw.einsum("ij", 3)',
    "DTypeError",
    "einsum: array 0 of 1 array must be a LazyArray, got 3; wrap data with asarray(data)",
  ],
  ['cw.einsum("", x)', "ShapeError", 'einsum: the term "" does not fit an array with 2 axes'],
  [
    'cw.einsum("...i,...j", cw.zeros([2, 3]), cw.zeros([4, 3]))',
    "ShapeError",
    "einsum: an axis of the ellipses has lengths 2 and 4; the arrays have shapes [2, 3], [4, 3]",
  ],
];
