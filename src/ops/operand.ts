/**
 * Operands: arrays and JavaScript scalars side by side.
 *
 * Dtypes never depend on values: a scalar takes the dtype of the arrays beside it and must fit, or it is an error. A
 * number beside integers must be an integer; a bigint beside floats must be exact. Beside bool arrays, which hold
 * neither, a number counts as float64 and a bigint as int64, as they do everywhere else.
 */
import { DTypeError } from "../errors.js";
import { type DType, integerRange, isComplex, isInteger, promoteAll } from "../ir/dtype.js";
import { dtypeOf, type Node } from "../ir/node.js";
import { arg, constant, type Scalar, type ScalarConstant } from "../ir/scalar.js";
import { castTree, isNode, type JsScalar, type Operand } from "./build.js";
import { valueText, withArticle } from "./words.js";

export interface Terms {
  /** The arrays, each once. */
  readonly nodes: readonly Node[];
  /** The dtype in which all operands meet. */
  readonly dtype: DType;
  /** Operand i as a tree over `nodes`, in its own dtype (scalars: in `dtype`). */
  readonly trees: readonly Scalar[];
  /** Operand i in a dtype. */
  as(i: number, dtype: DType): Scalar;
}

/** The dtype that a scalar has by itself. */
export const scalarDType = (value: JsScalar): DType =>
  typeof value === "number" ? "float64" : typeof value === "bigint" ? "int64" : "bool";

export const isJsScalar = (value: unknown): value is JsScalar =>
  typeof value === "number" || typeof value === "bigint" || typeof value === "boolean";

/** Brings operands together. At least one must be an array unless `scalarsOnly` says otherwise. */
export function meet(fn: string, operands: readonly Operand[], scalarsOnly = false): Terms {
  const nodes: Node[] = [];
  for (const o of operands) {
    if (isNode(o)) {
      if (!nodes.includes(o)) nodes.push(o);
    } else if (!isJsScalar(o)) throw notAnOperand(fn, o);
  }
  const scalars = operands.filter((o): o is JsScalar => !isNode(o));
  if (nodes.length === 0 && !scalarsOnly) {
    throw new DTypeError(`${fn}: at least one argument must be an array`, {
      hint: "make one with asarray(value)",
    });
  }
  let dtype = promoteAll(...nodes.map(dtypeOf));
  // Only bool arrays (or none): the scalars bring their own kind.
  if (dtype === "bool") {
    if (scalars.some((s) => typeof s === "number")) dtype = "float64";
    else if (scalars.some((s) => typeof s === "bigint")) dtype = "int64";
  }
  const trees = operands.map((o) =>
    isNode(o) ? arg(nodes.indexOf(o), dtypeOf(o)) : scalarTree(fn, o, dtype),
  );
  return { nodes, dtype, trees, as: (i, to) => castTree(trees[i] as Scalar, to) };
}

export const notAnOperand = (fn: string, value: unknown): DTypeError =>
  new DTypeError(`${fn}: expected an array or a scalar, got ${valueText(value)}`, {
    hint: "wrap data with asarray(data)",
  });

/** A scalar as a constant of `dtype`, refused if it does not fit. */
export function scalarTree(
  fn: string,
  value: JsScalar,
  dtype: DType,
  place: "beside" | "in" = "beside",
): Scalar & { kind: "const" } {
  const where = `${place} ${withArticle(dtype)} array`;
  const change = (to: DType): string =>
    place === "in" ? `give dtype "${to}"` : `cast the array first: astype("${to}")`;
  if (typeof value === "boolean") return constant(value, dtype);
  if (isInteger(dtype)) {
    if (typeof value === "number" && !Number.isInteger(value)) {
      throw new DTypeError(`${fn}: ${value} ${where} is not an integer`, {
        hint: change("float64"),
      });
    }
    const [low, high] = integerRange(dtype);
    const big = BigInt(value);
    if (big < low || big > high) {
      throw new DTypeError(`${fn}: ${valueText(value)} does not fit ${dtype} (${low} to ${high})`, {
        hint: change(roomFor(big)),
      });
    }
    return constant(big, dtype);
  }
  if (dtype === "bool") {
    throw new DTypeError(`${fn}: ${valueText(value)} ${where} is not a boolean`, {
      hint: "use true or false",
    });
  }
  if (typeof value === "bigint") {
    const near = Number(value);
    const single = dtype === "float32" || dtype === "complex64";
    const stored = single ? Math.fround(near) : near;
    if (!Number.isFinite(stored) || BigInt(stored) !== value) {
      throw new DTypeError(`${fn}: ${value}n is not exact in ${dtype}`, {
        hint: "give a number to round it: Number(value)",
      });
    }
    return constant(isComplex(dtype) ? [stored, 0] : stored, dtype);
  }
  return constant(isComplex(dtype) ? [value, 0] : value, dtype);
}

const roomFor = (value: bigint): DType =>
  (["int16", "int32", "int64", "uint64"] as const).find((d) => {
    const [low, high] = integerRange(d);
    return value >= low && value <= high;
  }) ?? "float64";

/** A scalar as one element of an array of `dtype`, refused if it does not fit. */
export const scalarConstant = (fn: string, value: JsScalar, dtype: DType): ScalarConstant =>
  scalarTree(fn, value, dtype, "in");
