/**
 * The reference interpreter against NumPy: elementwise functions and reductions of the golden table, with nodes
 * built here, so that this judge does not depend on the layers above.
 */
import { expect, test } from "vitest";
import { uniformCuts } from "../../../dist/ir/cuts.js";
import {
  type DType,
  isComplex,
  isFloat,
  isInteger,
  kindOf,
  partOf,
  promote,
} from "../../../dist/ir/dtype.js";
import { type LeafMonoid, leafMonoidOf, type MonoidName } from "../../../dist/ir/monoid.js";
import { intern, type Node } from "../../../dist/ir/node.js";
import {
  arg,
  BINARY_FUNCTIONS,
  COMPARISONS,
  call,
  cast,
  constant,
  PREDICATES,
  type Scalar,
  type ScalarFunction,
  UNARY_FUNCTIONS,
} from "../../../dist/ir/scalar.js";
import { evaluate } from "../../../dist/kernels/reference/index.js";
import { difference, type GoldenRecord, readTable } from "../../conformance/table.js";
import { map, reduce, source } from "./build.js";

const records = readTable();
const names = (list: readonly string[]): ReadonlySet<string> => new Set(list);
const UNARY = names([...UNARY_FUNCTIONS, ...PREDICATES]);
const BINARY = names([...BINARY_FUNCTIONS, ...COMPARISONS]);
const COMPARES = names(COMPARISONS);
/** Functions that only complex numbers have. */
const COMPLEX_ONLY = names(["conj", "imag"]);
/** Functions that integers do not have. */
const FLOAT_ONLY = names(["divide", "sqrt", "exp", "sin", "log1p"]);
/** Functions that bools have as int8. */
const AS_INT8 = names(["floorDivide", "remainder", "pow", "bitwiseLeftShift", "bitwiseRightShift"]);
const LOGICAL: Readonly<Record<string, ScalarFunction>> = {
  logicalAnd: "bitwiseAnd",
  logicalOr: "bitwiseOr",
  logicalXor: "bitwiseXor",
  logicalNot: "bitwiseInvert",
};
const REDUCTIONS: Readonly<Record<string, MonoidName>> = {
  sum: "sum",
  prod: "prod",
  min: "min",
  max: "max",
  mean: "mean",
  var: "var",
  std: "std",
  any: "any",
  all: "all",
  argmin: "argmin",
  argmax: "argmax",
  countNonzero: "count",
};

const computedIn = (fn: string, dtype: DType): DType =>
  FLOAT_ONLY.has(fn) && !isFloat(dtype) && !isComplex(dtype)
    ? "float64"
    : AS_INT8.has(fn) && dtype === "bool"
      ? "int8"
      : dtype;

/** The tree that an elementwise record means, or undefined for functions that are no single tree. */
function treeOf({ fn: name, args, options }: GoldenRecord): Scalar | undefined {
  const fn = LOGICAL[name] ?? name;
  const operands = args.map((a, i) => arg(i, a.dtype));
  const [x, y, z] = operands as [Scalar, Scalar, Scalar];
  if (COMPLEX_ONLY.has(fn) && !isComplex(x.dtype)) return undefined;
  if (UNARY.has(fn)) {
    const on = name === "logicalNot" ? "bool" : computedIn(fn, x.dtype);
    return call(fn as ScalarFunction, on, cast(x, on));
  }
  if (BINARY.has(fn)) {
    const meet = promote(x.dtype, y.dtype);
    // Exact comparison of int64 with uint64 takes more than one function: the layer above has it.
    if (meet === "float64" && isInteger(x.dtype) && isInteger(y.dtype) && COMPARES.has(fn)) {
      return undefined;
    }
    const on = Object.hasOwn(LOGICAL, name) ? "bool" : computedIn(fn, meet);
    return call(fn as ScalarFunction, on, cast(x, on), cast(y, on));
  }
  switch (fn as string) {
    case "where": {
      const on = promote(y.dtype, z.dtype);
      return call("where", on, x, cast(y, on), cast(z, on));
    }
    case "astype":
      return cast(x, options["dtype"] as DType);
    case "clip": {
      const { min, max } = options as { min?: number; max?: number };
      const low = min === undefined ? x : call("maximum", x.dtype, x, constant(min, x.dtype));
      return max === undefined ? low : call("minimum", x.dtype, low, constant(max, x.dtype));
    }
    default:
      return undefined;
  }
}

/** Dtype in which elements enter, and of the result. */
function reductionDTypes(
  monoid: LeafMonoid | "mean",
  dtype: DType,
  asked: DType | undefined,
): readonly [DType, DType] {
  const kind = kindOf(dtype);
  switch (monoid) {
    case "sum":
    case "dot":
    case "prod": {
      const inexact = kind === "float" || kind === "complex";
      const wide = inexact ? dtype : kind === "uint" ? "uint64" : "int64";
      return asked === undefined ? [dtype, wide] : [asked, asked];
    }
    case "min":
    case "max":
      return [dtype, dtype];
    case "any":
    case "all":
      return [dtype, "bool"];
    case "count":
    case "argmin":
    case "argmax":
      return [dtype, "int64"];
    case "mean":
    case "moments":
      if (kind === "complex") return [dtype, monoid === "mean" ? dtype : partOf(dtype)];
      return kind === "float" ? [dtype, dtype] : ["float64", "float64"];
  }
}

/** The node of a reduction record, with small leaves so that trees are used. */
function reductionOf(record: GoldenRecord, leaf: number): Node {
  const [x] = record.args as [GoldenRecord["args"][number]];
  const { axis, keepdims, dtype, correction } = record.options as {
    axis?: number | number[];
    keepdims?: boolean;
    dtype?: DType;
    correction?: number;
  };
  const rank = x.shape.length;
  const given = axis === undefined ? x.shape.map((_, i) => i) : [axis].flat();
  const axes = given.map((a) => (a < 0 ? a + rank : a)).sort((a, b) => a - b);
  const monoid = REDUCTIONS[record.fn] as MonoidName;
  const [on, result] = reductionDTypes(
    monoid === "mean" ? monoid : leafMonoidOf(monoid),
    x.dtype,
    dtype,
  );
  const node = reduce(source(x.data, x.shape, x.dtype), {
    monoid,
    axes,
    on,
    dtype: result,
    leaves: axes.map((a) => uniformCuts(x.shape[a] as number, leaf)),
    correction: correction ?? 0,
  });
  if (keepdims !== true) return node;
  const shape = x.shape.map((s, i) => (axes.includes(i) ? 1 : s));
  return intern("reshape", [node], {}, [{ shape, dtype: result }], "");
}

/** Evaluates all nodes at once and lists what differs from the table. */
async function differences(cases: readonly (readonly [GoldenRecord, Node])[]): Promise<string[]> {
  const results = await evaluate(cases.map(([, node]) => node));
  return cases.flatMap(([record], i) => {
    const found = difference(results[i] as (typeof results)[number], record);
    return found === undefined ? [] : [found];
  });
}

test("elementwise functions", async () => {
  const cases = records.flatMap((record) => {
    const tree = treeOf(record);
    if (tree === undefined) return [];
    const inputs = record.args.map((a) => source(a.data, a.shape, a.dtype));
    return [[record, map(tree, record.expected.shape, ...inputs)] as const];
  });
  expect(cases.length).toBeGreaterThan(800);
  expect(await differences(cases)).toEqual([]);
});

test.each([1000, 2, 1])("reductions in leaves of %d", async (leaf) => {
  const cases = records
    .filter((record) => Object.hasOwn(REDUCTIONS, record.fn))
    .map((record) => [record, reductionOf(record, leaf)] as const);
  expect(cases.length).toBeGreaterThan(1200);
  expect(await differences(cases)).toEqual([]);
});
