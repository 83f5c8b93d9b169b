/** Mistakes with masks, and with selections whose length is not known. */
import type { Row } from "./row.js";

export const selections: readonly Row[] = [
  [
    "x.at(x.greater(0), x.greater(0))",
    "IndexError",
    "at: there can be only one boolean array; combine masks over the same axes with bitwiseAnd",
  ],
  [
    'x.at(cw.ones([5], { dtype: "bool" }))',
    "IndexError",
    "at: a mask of shape [5] does not fit the axes from 0 on of shape [10, 6]; a mask must have the lengths of the axes that it selects on",
  ],
  [
    'x.at(null, cw.ones([10], { dtype: "bool" }))',
    "IndexError",
    "at: a mask of shape [10] does not fit the axes from 1 on of shape [10, 6]; a mask must have the lengths of the axes that it selects on",
  ],
  [
    'x.at(cw.ones([], { dtype: "bool" }))',
    "IndexError",
    "at: a mask needs at least one axis; use where(mask, x, y) for a condition on the whole array",
  ],
  [
    "x.at(x.greater(0), 1)",
    "IndexError",
    "at: 2 selectors for an array with 2 axes; a mask of 2 axes stands for 2 selectors",
  ],
  [
    "x.at(null, x.greater(0))",
    "IndexError",
    "at: a mask of shape [10, 6] does not fit the axes from 1 on of shape [10, 6]; a mask must have the lengths of the axes that it selects on",
  ],
  [
    'x.at(null, null, cw.ones([6], { dtype: "bool" }))',
    "IndexError",
    "at: a mask of shape [6] does not fit the axes from 2 on of shape [10, 6]; a mask must have the lengths of the axes that it selects on",
  ],
  [
    "x.at(x.greater(0)).at(0)",
    "ShapeError",
    "at: axis 0 is a boolean selection, whose length is not known; use await x.measure() first: it answers with the same array and its length",
  ],
  [
    "x.at(x.greater(0)).at(cw.slice(1))",
    "ShapeError",
    "at: axis 0 is a boolean selection, whose length is not known; use await x.measure() first: it answers with the same array and its length",
  ],
  [
    "x.at(x.greater(0)).reshape([2, -1])",
    "ShapeError",
    "reshape: the length of a boolean selection is not known; use await x.measure() first: it answers with the same array and its length",
  ],
  [
    "x.at(x.greater(0)).flip()",
    "ShapeError",
    "flip: axis 0 is a boolean selection, whose length is not known; use await x.measure() first: it answers with the same array and its length",
  ],
  [
    "x.at(x.greater(0)).roll(1)",
    "ShapeError",
    "roll: the length of a boolean selection is not known; use await x.measure() first: it answers with the same array and its length",
  ],
  [
    "x.at(x.greater(0)).take([0])",
    "ShapeError",
    "take: the length of a boolean selection is not known; use await x.measure() first: it answers with the same array and its length",
  ],
  [
    "x.at(x.greater(0)).rechunk(2)",
    "ShapeError",
    "rechunk: the length of a boolean selection is not known; use await x.measure() first: it answers with the same array and its length",
  ],
  [
    "x.at(x.greater(0)).chunks",
    "ShapeError",
    "chunks: the length of a boolean selection is not known; use await x.measure() first: it answers with the same array and its length",
  ],
  [
    "x.at(x.greater(0)).T",
    "ShapeError",
    "T: the array must have 2 axes, got shape [?]; use mT or permuteDims",
  ],
  [
    "x.at(x.greater(0)).tile(2)",
    "ShapeError",
    "tile: the length of a boolean selection is not known; use await x.measure() first: it answers with the same array and its length",
  ],
  [
    "x.at(x.greater(0)).repeat(2)",
    "ShapeError",
    "repeat: the length of a boolean selection is not known; use await x.measure() first: it answers with the same array and its length",
  ],
  [
    "x.at(x.greater(0)).unstack()",
    "ShapeError",
    "unstack: the length of a boolean selection is not known; use await x.measure() first: it answers with the same array and its length",
  ],
  [
    "x.at(x.greater(0)).squeeze(0)",
    "ShapeError",
    "squeeze: axis 0 is a boolean selection, whose length is not known; use await x.measure() first: it answers with the same array and its length",
  ],
  [
    "x.at(x.greater(0)).broadcastTo([3, 60])",
    "ShapeError",
    "broadcastTo: the length of a boolean selection is not known; use await x.measure() first: it answers with the same array and its length",
  ],
  [
    "x.at(x.greater(0)).tril()",
    "ShapeError",
    "tril: the length of a boolean selection is not known; use await x.measure() first: it answers with the same array and its length",
  ],
  [
    "x.at(x.greater(0)).cumulativeSum()",
    "ShapeError",
    "cumulativeSum: the length of a boolean selection is not known; use await x.measure() first: it answers with the same array and its length",
  ],
  [
    "x.at(x.greater(0)).matmul(x)",
    "ShapeError",
    "matmul: the length of a boolean selection is not known; use await x.measure() first: it answers with the same array and its length",
  ],
  [
    "x.at(x.greater(0)).outer(cw.zeros([2]))",
    "ShapeError",
    "outer: the length of a boolean selection is not known; use await x.measure() first: it answers with the same array and its length",
  ],
  [
    'cw.einsum("i,i", x.at(x.greater(0)), x.at(x.greater(0)))',
    "ShapeError",
    "einsum: the length of a boolean selection is not known; use await x.measure() first: it answers with the same array and its length",
  ],
  [
    "x.at(x.greater(0)).vecdot(x.at(x.greater(0)))",
    "ShapeError",
    "vecdot: the length of a boolean selection is not known; use await x.measure() first: it answers with the same array and its length",
  ],
  [
    "cw.concat([x.at(x.greater(0)), cw.zeros([2])])",
    "ShapeError",
    "concat: the length of a boolean selection is not known; use await x.measure() first: it answers with the same array and its length",
  ],
  [
    "cw.stack([x.at(x.greater(0))])",
    "ShapeError",
    "stack: the length of a boolean selection is not known; use await x.measure() first: it answers with the same array and its length",
  ],
  [
    "cw.mapBlocks(double, x.at(x.greater(0)))",
    "ShapeError",
    "mapBlocks: the length of a boolean selection is not known; use await x.measure() first: it answers with the same array and its length",
  ],
  [
    "cw.broadcastArrays(x.at(x.greater(0)), cw.zeros([2]))",
    "ShapeError",
    "broadcastArrays: the length of a boolean selection is not known; use await x.measure() first: it answers with the same array and its length",
  ],
  [
    "x.at(x.greater(0)).add(cw.zeros([3]))",
    "ShapeError",
    "add: an array with 3 elements along axis 0 beside a boolean selection, whose length is not known; select from both arrays with the same mask, or await x.measure() first",
  ],
  [
    "x.at(x.greater(0)).add(x.at(x.less(0)))",
    "ShapeError",
    "add: boolean selections by different masks have no common length; use the same mask, or await x.measure() first",
  ],
  [
    "x.at(x.greater(0)).add(x)",
    "ShapeError",
    "add: an array with 6 elements along axis 1 beside a boolean selection, whose length is not known; select from both arrays with the same mask, or await x.measure() first",
  ],
  [
    "x.at(x.greater(0)).at(x.greater(0))",
    "ShapeError",
    "at: the mask and the array are not the same selection; make the mask from the selection itself (y = x[m]; y[y > 0]), or use await x.measure() first",
  ],
  [
    "x.at(x.at(x.greater(0)).greater(0))",
    "ShapeError",
    "at: the mask and the array are not the same selection; make the mask from the selection itself (y = x[m]; y[y > 0]), or use await x.measure() first",
  ],
  [
    "x.at(x.greater(0)).nonzero()",
    "ShapeError",
    "nonzero: the length of a boolean selection is not known; use await x.measure() first: it answers with the same array and its length",
  ],
  [
    "cw.zeros([]).nonzero()",
    "IndexError",
    "nonzero: a 0-d array has no positions; reshape it to [1]",
  ],
  [
    "x.at(x.greater(0)).sum({ axis: 1 })",
    "ShapeError",
    "sum: axis 1 does not exist; the array has 1 axis: -1 to 0",
  ],
  [
    "x.at(x.greater(0)).argmax().compute()",
    "ShapeError",
    "argmax: no value for an axis of length 0; the boolean selection is empty",
  ],
  [
    "x.at(x.greater(0)).min().compute()",
    "ShapeError",
    "min: no value for an axis of length 0; the boolean selection is empty",
  ],
  [
    "x.at(x.greater(0)).max({ axis: 0, keepdims: true }).compute()",
    "ShapeError",
    "max: no value for an axis of length 0; the boolean selection is empty",
  ],
  [
    "x.at(x.sum({ axis: 1 }).greater(0)).argmin().compute()",
    "ShapeError",
    "argmin: over several axes of a boolean selection; name the axis of the selection, or use await x.measure() first",
  ],
  [
    "cw.measure(3)",
    "DTypeError",
    "measure: the first argument must be a LazyArray, got 3; wrap data with asarray(data)",
  ],
  ["x.measure({ workers: 0 })", "OptionError", "measure: workers must be an integer from 1, got 0"],
  [
    "cw.random.permutation(x.at(x.greaterEqual(0)))",
    "ShapeError",
    "random.permutation: the length of a boolean selection is not known; use await x.measure() first: it answers with the same array and its length",
  ],
  [
    "cw.random.choice(x.at(x.greaterEqual(0)), 3)",
    "ShapeError",
    "random.choice: the length of a boolean selection is not known; use await x.measure() first: it answers with the same array and its length",
  ],
  [
    "cw.where(x.greater(0), x, x.at(x.greater(0)))",
    "ShapeError",
    "where: an array with 6 elements along axis 1 beside a boolean selection, whose length is not known; select from both arrays with the same mask, or await x.measure() first",
  ],
  [
    "cw.meshgrid(x.at(x.greater(0)))",
    "ShapeError",
    "meshgrid: the length of a boolean selection is not known; use await x.measure() first: it answers with the same array and its length",
  ],
  ["x.at(x.greater(0)).mT", "ShapeError", "mT: the array must have at least 2 axes, got shape [?]"],
];
