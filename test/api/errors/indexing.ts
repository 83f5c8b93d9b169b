/** Mistakes in indexing: selectors, slices, take. */
import type { Row } from "./row.js";

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
