/**
 * Elementwise functions: each is one scalar tree over its operands. The array-API standard's names and special
 * cases; NumPy 2 where the standard is silent:
 *  - a function that only floats have computes integers and bools in float64;
 *  - `divide` of integers gives float64;
 *  - complex arrays have what `ir/scalar.ts` gives complex numbers; what needs an order is a DTypeError;
 *  - arithmetic on two bools: `add` is or, `multiply` is and, `subtract` and `negative` do not exist;
 *  - `floor`, `ceil`, `trunc`, `round` leave integers alone, `isnan`, `isinf`, `isfinite` know their answer.
 */
import { DTypeError } from "../errors.js";
import { type DType, isComplex, isFloat, isInteger, kindOf, partOf } from "../ir/dtype.js";
import { advertisedGrid } from "../ir/grid.js";
import { dtypeOf, knownShape, type Node } from "../ir/node.js";
import {
  arg,
  type BinaryFunction,
  type Comparison,
  call,
  cast,
  constant,
  type Scalar,
  type ScalarFunction,
  type UnaryFunction,
} from "../ir/scalar.js";
import { castNode, castTree, checkDType, createNode, mapNode, type Operand } from "./build.js";
import { sameSelection } from "./masks.js";
import { meet, type Terms } from "./operand.js";
import { listText } from "./words.js";

export type Unary = (x: Node) => Node;
export type Binary = (a: Operand, b: Operand) => Node;

/** Names of the elementwise functions by number of operands; the public face is built from these tables. */
export const UNARY_NAMES = [
  "abs",
  "acos",
  "acosh",
  "asin",
  "asinh",
  "atan",
  "atanh",
  "bitwiseInvert",
  "ceil",
  "conj",
  "cos",
  "cosh",
  "exp",
  "expm1",
  "floor",
  "imag",
  "isfinite",
  "isinf",
  "isnan",
  "log",
  "log10",
  "log1p",
  "log2",
  "logicalNot",
  "negative",
  "positive",
  "real",
  "reciprocal",
  "round",
  "sign",
  "signbit",
  "sin",
  "sinh",
  "sqrt",
  "square",
  "tan",
  "tanh",
  "trunc",
] as const;
export const BINARY_NAMES = [
  "add",
  "atan2",
  "bitwiseAnd",
  "bitwiseLeftShift",
  "bitwiseOr",
  "bitwiseRightShift",
  "bitwiseXor",
  "copysign",
  "divide",
  "equal",
  "floorDivide",
  "greater",
  "greaterEqual",
  "hypot",
  "less",
  "lessEqual",
  "logaddexp",
  "logicalAnd",
  "logicalOr",
  "logicalXor",
  "maximum",
  "minimum",
  "multiply",
  "nextafter",
  "notEqual",
  "pow",
  "remainder",
  "subtract",
] as const;
export type UnaryName = (typeof UNARY_NAMES)[number];
export type BinaryName = (typeof BINARY_NAMES)[number];

function refuse(fn: string, dtype: DType, allowed: readonly string[], hint?: string): DTypeError {
  return new DTypeError(`${fn}: ${dtype} is not allowed`, {
    hint: hint ?? `allowed are ${listText(allowed, "and")} dtypes`,
  });
}
const REAL = ["integer", "floating-point"] as const;

function realOnly(fn: string, dtype: DType): void {
  if (isComplex(dtype)) {
    throw refuse(fn, dtype, [], "complex numbers have no order: take real, imag or abs first");
  }
}

/** Floating-point and complex dtypes stay, everything else is computed in float64. */
const floating = (dtype: DType): DType => (isFloat(dtype) || isComplex(dtype) ? dtype : "float64");

// ---------------------------------------------------------------------------------------------- one operand

const over = (fn: string, x: Node, on: DType, name: ScalarFunction): Node =>
  mapNode(fn, [x], call(name, on, cast(arg(0, dtypeOf(x)), on)));

const floatUnary =
  (name: UnaryFunction): Unary =>
  (x) =>
    over(name, x, floating(dtypeOf(x)), name);

/** Functions of numbers that keep the dtype; `bool` says what becomes of bools. */
const numericUnary =
  (name: UnaryFunction, bool: "same" | "int8" | "refused"): Unary =>
  (x) => {
    const dtype = dtypeOf(x);
    if (dtype !== "bool") return over(name, x, dtype, name);
    if (bool === "refused") {
      throw refuse(name, dtype, REAL, name === "negative" ? "use logicalNot" : undefined);
    }
    return bool === "same" ? x : over(name, x, "int8", name);
  };

const rounding =
  (name: UnaryFunction): Unary =>
  (x) => {
    const dtype = dtypeOf(x);
    if (name !== "round") realOnly(name, dtype);
    return isFloat(dtype) || isComplex(dtype) ? over(name, x, dtype, name) : x;
  };

/** An array like `x` of one value. */
const filled = (x: Node, value: Scalar): Node =>
  sameSelection(x, (base) => createNode(value, knownShape(base), advertisedGrid(base)));

const known =
  (name: "isnan" | "isinf" | "isfinite", ofIntegers: boolean): Unary =>
  (x) => {
    const dtype = dtypeOf(x);
    if (isFloat(dtype) || isComplex(dtype)) return over(name, x, dtype, name);
    return filled(x, constant(ofIntegers, "bool"));
  };

/** The elements themselves; complex: their real part. */
const real: Unary = (x) => {
  const dtype = dtypeOf(x);
  return isComplex(dtype) ? castNode(x, partOf(dtype)) : x;
};

const conj: Unary = (x) => (isComplex(dtypeOf(x)) ? over("conj", x, dtypeOf(x), "conj") : x);

const imag: Unary = (x) => {
  const dtype = dtypeOf(x);
  if (isComplex(dtype)) return over("imag", x, dtype, "imag");
  return filled(x, constant(0, dtype));
};

const bitwiseInvert: Unary = (x) => {
  const dtype = dtypeOf(x);
  if (dtype !== "bool" && !isInteger(dtype)) {
    throw refuse("bitwiseInvert", dtype, ["bool", "integer"]);
  }
  return over("bitwiseInvert", x, dtype, "bitwiseInvert");
};

const positive: Unary = (x) => {
  if (dtypeOf(x) === "bool") throw refuse("positive", "bool", [...REAL, "complex"]);
  return x;
};

export const unary: Readonly<Record<UnaryName, Unary>> = {
  abs: (x) => (kindOf(dtypeOf(x)) === "uint" ? x : numericUnary("abs", "same")(x)),
  acos: floatUnary("acos"),
  acosh: floatUnary("acosh"),
  asin: floatUnary("asin"),
  asinh: floatUnary("asinh"),
  atan: floatUnary("atan"),
  atanh: floatUnary("atanh"),
  bitwiseInvert,
  ceil: rounding("ceil"),
  conj,
  cos: floatUnary("cos"),
  cosh: floatUnary("cosh"),
  exp: floatUnary("exp"),
  expm1: floatUnary("expm1"),
  floor: rounding("floor"),
  imag,
  isfinite: known("isfinite", true),
  isinf: known("isinf", false),
  isnan: known("isnan", false),
  log: floatUnary("log"),
  log10: floatUnary("log10"),
  log1p: floatUnary("log1p"),
  log2: floatUnary("log2"),
  logicalNot: (x) => over("logicalNot", x, "bool", "bitwiseInvert"),
  negative: numericUnary("negative", "refused"),
  positive,
  real,
  reciprocal: floatUnary("reciprocal"),
  round: rounding("round"),
  sign: numericUnary("sign", "refused"),
  signbit: (x) => {
    realOnly("signbit", dtypeOf(x));
    return over("signbit", x, floating(dtypeOf(x)), "signbit");
  },
  sin: floatUnary("sin"),
  sinh: floatUnary("sinh"),
  sqrt: floatUnary("sqrt"),
  square: numericUnary("square", "int8"),
  tan: floatUnary("tan"),
  tanh: floatUnary("tanh"),
  trunc: rounding("trunc"),
};

// --------------------------------------------------------------------------------------------- two operands

const apply = (fn: string, terms: Terms, name: ScalarFunction, on: DType): Node =>
  mapNode(fn, terms.nodes, call(name, on, terms.as(0, on), terms.as(1, on)));

/** Functions of two numbers that complex numbers have as well. */
const OF_COMPLEX: ReadonlySet<BinaryFunction> = new Set([
  "add",
  "divide",
  "multiply",
  "pow",
  "subtract",
] as const);

/** `onBool` is the function that two bools mean, "int8" to compute them as int8, or undefined: refused. */
const arithmetic =
  (name: BinaryFunction, onBool: BinaryFunction | "int8" | undefined): Binary =>
  (a, b) => {
    const terms = meet(name, [a, b]);
    const { dtype } = terms;
    if (!OF_COMPLEX.has(name)) realOnly(name, dtype);
    if (dtype !== "bool") return apply(name, terms, name, dtype);
    if (onBool === undefined) {
      throw refuse(name, dtype, REAL, "use logicalXor, or cast one side first");
    }
    return onBool === "int8"
      ? apply(name, terms, name, "int8")
      : apply(name, terms, onBool, "bool");
  };

const floatBinary =
  (name: BinaryFunction): Binary =>
  (a, b) => {
    const terms = meet(name, [a, b]);
    if (!OF_COMPLEX.has(name)) realOnly(name, terms.dtype);
    return apply(name, terms, name, floating(terms.dtype));
  };

const bitwise =
  (name: BinaryFunction): Binary =>
  (a, b) => {
    const terms = meet(name, [a, b]);
    const shift = name === "bitwiseLeftShift" || name === "bitwiseRightShift";
    const { dtype } = terms;
    if (dtype !== "bool" && !isInteger(dtype)) {
      throw refuse(name, dtype, shift ? ["integer"] : ["bool", "integer"]);
    }
    return apply(name, terms, name, shift && dtype === "bool" ? "int8" : dtype);
  };

const logical =
  (fn: string, name: BinaryFunction): Binary =>
  (a, b) =>
    apply(fn, meet(fn, [a, b]), name, "bool");

const comparison =
  (name: Comparison): Binary =>
  (a, b) => {
    const terms = meet(name, [a, b]);
    if (name !== "equal" && name !== "notEqual") realOnly(name, terms.dtype);
    const [left, right] = terms.trees as [Scalar, Scalar];
    if (left.dtype === "int64" && right.dtype === "uint64") {
      return mapNode(name, terms.nodes, signedAgainstUnsigned(name, left, right));
    }
    if (left.dtype === "uint64" && right.dtype === "int64") {
      return mapNode(name, terms.nodes, signedAgainstUnsigned(MIRRORED[name], right, left));
    }
    return apply(name, terms, name, terms.dtype);
  };

const MIRRORED: Readonly<Record<Comparison, Comparison>> = {
  equal: "equal",
  notEqual: "notEqual",
  less: "greater",
  lessEqual: "greaterEqual",
  greater: "less",
  greaterEqual: "lessEqual",
};

/** int64 against uint64 exactly: float64, where they would meet, cannot tell 2^53 from 2^53 + 1. */
function signedAgainstUnsigned(name: Comparison, signed: Scalar, unsigned: Scalar): Scalar {
  const belowZero = call("less", "int64", signed, constant(0, "int64"));
  const above = call(name, "uint64", cast(signed, "uint64"), unsigned);
  // A negative number is less than every uint64.
  return name === "less" || name === "lessEqual" || name === "notEqual"
    ? call("bitwiseOr", "bool", belowZero, above)
    : call("bitwiseAnd", "bool", call("bitwiseInvert", "bool", belowZero), above);
}

const anyPower = arithmetic("pow", "int8");

/** A square is one multiplication: correctly rounded, and a hundredth of the work of a power. */
function power(a: Operand, b: Operand): Node {
  if (b !== 2 && b !== 2n) return anyPower(a, b);
  const terms = meet("pow", [a, b]);
  const { dtype } = terms;
  if (dtype === "bool") return anyPower(a, b);
  return mapNode("pow", [terms.nodes[0] as Node], call("square", dtype, terms.as(0, dtype)));
}

export const binary: Readonly<Record<BinaryName, Binary>> = {
  add: arithmetic("add", "bitwiseOr"),
  atan2: floatBinary("atan2"),
  bitwiseAnd: bitwise("bitwiseAnd"),
  bitwiseLeftShift: bitwise("bitwiseLeftShift"),
  bitwiseOr: bitwise("bitwiseOr"),
  bitwiseRightShift: bitwise("bitwiseRightShift"),
  bitwiseXor: bitwise("bitwiseXor"),
  copysign: floatBinary("copysign"),
  divide: floatBinary("divide"),
  equal: comparison("equal"),
  floorDivide: arithmetic("floorDivide", "int8"),
  greater: comparison("greater"),
  greaterEqual: comparison("greaterEqual"),
  hypot: floatBinary("hypot"),
  less: comparison("less"),
  lessEqual: comparison("lessEqual"),
  logaddexp: floatBinary("logaddexp"),
  logicalAnd: logical("logicalAnd", "bitwiseAnd"),
  logicalOr: logical("logicalOr", "bitwiseOr"),
  logicalXor: logical("logicalXor", "bitwiseXor"),
  maximum: arithmetic("maximum", "bitwiseOr"),
  minimum: arithmetic("minimum", "bitwiseAnd"),
  multiply: arithmetic("multiply", "bitwiseAnd"),
  nextafter: floatBinary("nextafter"),
  notEqual: comparison("notEqual"),
  pow: power,
  remainder: arithmetic("remainder", "int8"),
  subtract: arithmetic("subtract", undefined),
};

// ------------------------------------------------------------------------------------------- three operands

/** `a` where `condition` holds (is true, or not 0), `b` elsewhere. Two scalars have the dtypes they have alone. */
export function where(condition: Operand, a: Operand, b: Operand): Node {
  const test = meet("where", [condition], true);
  const terms = meet("where", [a, b], true);
  const nodes = [...new Set([...test.nodes, ...terms.nodes])];
  const place = (tree: Scalar, from: readonly Node[]): Scalar =>
    tree.kind === "arg" ? arg(nodes.indexOf(from[tree.index] as Node), tree.dtype) : tree;
  if (nodes.length === 0) {
    throw new DTypeError("where: at least one argument must be an array", {
      hint: "make one with asarray(value)",
    });
  }
  const holds = cast(place(test.trees[0] as Scalar, test.nodes), "bool");
  const branch = (i: number): Scalar =>
    castTree(place(terms.trees[i] as Scalar, terms.nodes), terms.dtype);
  return mapNode("where", nodes, call("where", terms.dtype, holds, branch(0), branch(1)));
}

/** `minimum(maximum(x, min), max)`; a bound that is null or undefined does not exist. NaN bounds give NaN. */
export function clip(x: Node, min?: Operand | null, max?: Operand | null): Node {
  const low = min ?? undefined;
  const high = max ?? undefined;
  const operands: Operand[] = [x];
  if (low !== undefined) operands.push(low);
  if (high !== undefined) operands.push(high);
  const terms = meet("clip", operands);
  const { dtype } = terms;
  realOnly("clip", dtype);
  const bool = dtype === "bool";
  let tree = terms.as(0, dtype);
  if (low !== undefined)
    tree = call(bool ? "bitwiseOr" : "maximum", dtype, tree, terms.as(1, dtype));
  if (high !== undefined) {
    tree = call(bool ? "bitwiseAnd" : "minimum", dtype, tree, terms.as(operands.length - 1, dtype));
  }
  return mapNode("clip", terms.nodes, tree);
}

/** A copy in another dtype. Complex arrays keep their kind: take `real` first. */
export function astype(x: Node, dtype: DType): Node {
  const from = dtypeOf(x);
  checkDType("astype", dtype);
  if (isComplex(from) && !isComplex(dtype)) {
    throw new DTypeError(`astype: ${from} cannot become ${dtype}`, {
      hint: "drop the imaginary part with real(x) first",
    });
  }
  return castNode(x, dtype);
}
