/** Cumulative sums and products: `scan` nodes, whose order of operations is frozen here. */
import { DTypeError, ShapeError } from "../errors.js";
import { scanNode } from "../ir/build.js";
import { type Cuts, coalesceCuts, cutsMax, splitCuts, wholeCuts } from "../ir/cuts.js";
import { type DType, isComplex, isFloat, isInteger, kindOf } from "../ir/dtype.js";
import { advertisedGrid } from "../ir/grid.js";
import { dtypeOf, knownShape, type Node } from "../ir/node.js";
import { constant } from "../ir/scalar.js";
import { normalAxis } from "./axes.js";
import { castNode, checkDType, createNode } from "./build.js";
import { concat } from "./manipulation.js";
import { countText } from "./words.js";

export interface CumulativeOptions {
  readonly axis?: number | undefined;
  readonly dtype?: DType | undefined;
  readonly includeInitial?: boolean | undefined;
}

/** Elements of a block of one leaf and the chunks beside it: 2 MiB of float64. */
const BLOCK = 262144;
/** Leaves are about this long where blocks allow it, so that carries are few. */
const USUAL_LEAF = 4096;
/** And never much shorter than this. */
const SHORTEST_LEAF = 16;

const wide = (dtype: DType): DType =>
  isFloat(dtype) || isComplex(dtype) ? dtype : kindOf(dtype) === "uint" ? "uint64" : "int64";

const stateOf = (dtype: DType): DType =>
  isComplex(dtype)
    ? "complex128"
    : isFloat(dtype)
      ? "float64"
      : kindOf(dtype) === "uint"
        ? "uint64"
        : "int64";

function cumulative(fn: string, monoid: "sum" | "prod", x: Node, options: CumulativeOptions): Node {
  const shape = knownShape(x);
  const { axis: given } = options;
  if (shape.length === 0) throw new ShapeError(`${fn}: a 0-d array has no axis`);
  if ((given === undefined || given === null) && shape.length > 1) {
    throw new ShapeError(`${fn}: axis is needed`, {
      hint: `the array has ${countText(shape.length, "axis", "axes")}`,
    });
  }
  const axis = normalAxis(fn, given ?? 0, shape.length);
  const from = dtypeOf(x);
  const dtype = options.dtype === undefined ? wide(from) : checkDType(fn, options.dtype);
  if (dtype === "bool" || (isComplex(from) && !isComplex(dtype))) {
    throw new DTypeError(`${fn}: dtype ${dtype} is not allowed for ${from} elements`, {
      hint: "give an integer, floating-point or complex dtype",
    });
  }
  const scanned = scan(monoid, entering(x, dtype), axis, dtype);
  if (options.includeInitial !== true) return scanned;
  const first = shape.map((n, a) => (a === axis ? 1 : n));
  const grid = advertisedGrid(scanned).map((c, a) => (a === axis ? wholeCuts(1) : c));
  const value = constant(monoid === "sum" ? 0 : 1, dtype);
  return concat([createNode(value, first, grid), scanned], axis);
}

/** The elements in a dtype from which the running state takes them as `dtype` would. */
function entering(x: Node, dtype: DType): Node {
  const from = dtypeOf(x);
  const whole = !isFloat(from) && !isComplex(from);
  // Casting integers to the state is part of the scan; any other change of dtype comes first.
  const asIs = whole && (isInteger(dtype) || dtype === "float64");
  return asIs || from === dtype ? x : castNode(x, dtype);
}

function scan(monoid: "sum" | "prod", x: Node, axis: number, dtype: DType): Node {
  const shape = knownShape(x);
  if (shape.includes(0)) return createNode(constant(0, dtype), shape, advertisedGrid(x));
  const grid = advertisedGrid(x);
  const chunks = grid[axis] as Cuts;
  const beside = grid.reduce((n, cuts, a) => (a === axis ? n : n * cutsMax(cuts)), 1);
  const longest = Math.max(SHORTEST_LEAF, Math.floor(BLOCK / Math.max(1, beside)));
  const usual = Math.min(USUAL_LEAF, longest);
  const longer = cutsMax(chunks) < usual ? coalesceCuts(chunks, usual) : chunks;
  const leaves = splitCuts(longer, longest);
  return scanNode(x, { monoid, axis, state: stateOf(dtype), leaves }, dtype);
}

/**
 * Running sum along `axis` (needed unless the array is 1-d). Integers and bools give int64 (unsigned: uint64) and
 * wrap, floats keep their dtype and run in float64; `includeInitial` puts a 0 in front.
 */
export const cumulativeSum = (x: Node, options: CumulativeOptions = {}): Node =>
  cumulative("cumulativeSum", "sum", x, options);
/** Running product; as {@link cumulativeSum}, with a 1 in front. */
export const cumulativeProd = (x: Node, options: CumulativeOptions = {}): Node =>
  cumulative("cumulativeProd", "prod", x, options);
