/** NumPy's expression syntax: text to a syntax tree, and what can be said of it without any array. */
export * from "./ast.js";
export { parse } from "./parser.js";
export { errorAt, pointAt, type Span } from "./point.js";
export {
  binaryScalar,
  compareScalars,
  isReal,
  isScalar,
  numberOf,
  type Real,
  real,
  type Scalar,
  ScalarError,
  unaryScalar,
} from "./scalars.js";
export { type PlainSelector, parseSelector } from "./selector.js";
export { plainSource, type Source, templateSource } from "./tokens.js";
