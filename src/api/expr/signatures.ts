/**
 * The functions that an expression may call: a table of names and parameters in NumPy's order, over the public
 * functions of the API. Nothing else can be reached from an expression.
 *
 * A parameter is written
 *
 *     name      an argument of the API function, in its place
 *     name?     one that may be left out
 *     name=     one that NumPy takes by place too, and the API in its options
 *     *         what follows is given by name only, and goes into the options
 *     ...name   all arguments that are left
 */

const REDUCE = "x, axis=, *, keepdims=";
const SUM = "x, axis=, dtype=, *, keepdims=";
const MOMENT = "x, axis=, *, correction=, keepdims=";
const NEW = "shape, dtype=, *, chunks=";
const CUMULATIVE = "x, axis=, dtype=, *, includeInitial=";

/** By the name of the API. Elementwise functions of one and two operands are not listed: they are all alike. */
export const SIGNATURES: Readonly<Record<string, string>> = {
  all: REDUCE,
  any: REDUCE,
  arange: "start, stop?, step?, dtype=, *, chunks=",
  argmax: REDUCE,
  argmin: REDUCE,
  astype: "x, dtype",
  broadcastArrays: "...arrays",
  broadcastTo: "x, shape",
  clip: "x, min?, max?",
  concat: "arrays, axis=",
  countNonzero: REDUCE,
  cumulativeProd: CUMULATIVE,
  cumulativeSum: CUMULATIVE,
  einsum: "subscripts, ...operands",
  empty: NEW,
  emptyLike: "x, dtype=",
  expandDims: "x, axis?",
  eye: "nRows, nCols?, k=, dtype=, *, chunks=",
  flip: "x, axis=",
  full: "shape, fillValue, dtype=, *, chunks=",
  fullLike: "x, fillValue, dtype=",
  linspace: "start, stop, num, endpoint=, *, dtype=, chunks=",
  matmul: "a, b",
  matrixTranspose: "x",
  max: REDUCE,
  mean: REDUCE,
  meshgrid: "...arrays, *, indexing=",
  min: REDUCE,
  moveaxis: "x, source, destination",
  nonzero: "x",
  ones: NEW,
  onesLike: "x, dtype=",
  outer: "a, b",
  permuteDims: "x, axes",
  prod: SUM,
  ravel: "x",
  rechunk: "x, chunks",
  repeat: "x, repeats, axis=",
  reshape: "x, shape",
  roll: "x, shift, axis=",
  squeeze: "x, axis?",
  stack: "arrays, axis=",
  std: MOMENT,
  sum: SUM,
  swapaxes: "x, axis1, axis2",
  take: "x, indices, axis=",
  takeAlongAxis: "x, positions, axis=",
  tensordot: "a, b, axes=",
  tile: "x, repetitions",
  transpose: "x, axes?",
  tril: "x, k=",
  triu: "x, k=",
  unstack: "x, *, axis=",
  var: MOMENT,
  vecdot: "a, b, *, axis=",
  where: "condition, a, b",
  zeros: NEW,
  zerosLike: "x, dtype=",
};

/** NumPy's other names -> the API's. Names in snake_case are found without being listed. */
export const ALIASES: Readonly<Record<string, string>> = {
  absolute: "abs",
  amax: "max",
  amin: "min",
  arccos: "acos",
  arccosh: "acosh",
  arcsin: "asin",
  arcsinh: "asinh",
  arctan: "atan",
  arctan2: "atan2",
  arctanh: "atanh",
  around: "round",
  bitwise_not: "bitwiseInvert",
  concatenate: "concat",
  conjugate: "conj",
  cumprod: "cumulativeProd",
  cumsum: "cumulativeSum",
  fabs: "abs",
  fix: "trunc",
  flatten: "ravel",
  invert: "bitwiseInvert",
  left_shift: "bitwiseLeftShift",
  mod: "remainder",
  power: "pow",
  right_shift: "bitwiseRightShift",
  rint: "round",
  true_divide: "divide",
};

/** NumPy's other names of parameters -> the API's. */
export const KEYWORD_ALIASES: Readonly<Record<string, string>> = {
  N: "nRows",
  M: "nCols",
  a_max: "max",
  a_min: "min",
  ddof: "correction",
  include_initial: "includeInitial",
  newshape: "shape",
  reps: "repetitions",
};

export interface Parameter {
  readonly name: string;
  /** Whether it is left out of a call that does not give it. */
  readonly optional: boolean;
  /** Whether the API takes it in its options. */
  readonly option: boolean;
  /** Whether it has no place among positional arguments. */
  readonly named: boolean;
  /** Whether it takes all positional arguments that are left. */
  readonly rest: boolean;
}

/** The parameters that a signature's text describes. */
export function parametersOf(signature: string): readonly Parameter[] {
  const parameters: Parameter[] = [];
  let named = false;
  for (const word of signature.split(", ")) {
    if (word === "*") {
      named = true;
      continue;
    }
    const rest = word.startsWith("...");
    const option = word.endsWith("=");
    const optional = option || word.endsWith("?");
    const name = word.replace(/^\.\.\.|[=?]$/g, "");
    parameters.push(Object.freeze({ name, optional, option, named, rest }));
  }
  return Object.freeze(parameters);
}

/** `expandDims` -> `expand_dims`. */
export const snakeCase = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
