/** Functions on float vectors, but for division with a remainder. */
import { InternalError } from "../errors.js";
import { type DType, itemSize } from "../ir/dtype.js";
import type { ScalarFunction } from "../ir/scalar.js";
import type { Code } from "./assembler.js";
import {
  emitSignBits,
  emitZeros,
  integerShape,
  shapeOf,
  splatConstant,
  splatInteger,
  withShape,
} from "./vector-lanes.js";
import { emitFloatDivision } from "./vector-remainder.js";

const UNARY: Partial<Record<ScalarFunction, string>> = {
  negative: "neg",
  abs: "abs",
  sqrt: "sqrt",
  floor: "floor",
  ceil: "ceil",
  trunc: "trunc",
  round: "nearest",
};
const BINARY: Partial<Record<ScalarFunction, string>> = {
  add: "add",
  subtract: "sub",
  multiply: "mul",
  divide: "div",
  minimum: "min",
  maximum: "max",
};
const NAMES = {
  float32: withShape("f32x4", { ...UNARY, ...BINARY }),
  float64: withShape("f64x2", { ...UNARY, ...BINARY }),
};
const nameOf = (fn: ScalarFunction, on: DType): string | undefined =>
  NAMES[on === "float32" ? "float32" : "float64"][fn];
const OTHERS = new Set<ScalarFunction>([
  "square",
  "reciprocal",
  "isnan",
  "isinf",
  "isfinite",
  "signbit",
  "sign",
  "copysign",
  "nextafter",
  "floorDivide",
  "remainder",
]);

export const floatHasLanes = (fn: ScalarFunction): boolean =>
  UNARY[fn] !== undefined || BINARY[fn] !== undefined || OTHERS.has(fn);

/** Leaves the result on the stack; `byLane` leaves it too, however slowly. Answers with the mask width. */
export function emitFloat(
  c: Code,
  fn: ScalarFunction,
  on: DType,
  a: number,
  b: number | undefined,
  lanes: number,
  byLane: () => void,
): number {
  if (b === undefined) return emitUnary(c, fn, on, a);
  const name = nameOf(fn, on);
  if (name !== undefined) c.get(a, b).op(name);
  else if (fn === "copysign") emitCopysign(c, on, a, b);
  else if (fn === "nextafter") emitNextafter(c, on, a, b);
  else if (fn === "floorDivide" || fn === "remainder")
    emitFloatDivision(c, fn, on, a, b, lanes, byLane);
  else throw new InternalError(`${fn} on ${on} has no vector form`);
  return 0;
}

function emitUnary(c: Code, fn: ScalarFunction, on: DType, a: number): number {
  const shape = shapeOf(on);
  const size = itemSize(on);
  const name = nameOf(fn, on);
  if (name !== undefined) {
    c.get(a).op(name);
    return 0;
  }
  switch (fn) {
    case "square":
      c.get(a, a).op(`${shape}.mul`);
      return 0;
    case "reciprocal":
      splatConstant(c, on, 1);
      c.get(a).op(`${shape}.div`);
      return 0;
    case "sign":
      emitSign(c, on, a);
      return 0;
    case "isnan":
      c.get(a, a).op(`${shape}.ne`);
      return size;
    case "isinf":
    case "isfinite":
      c.get(a).op(`${shape}.abs`);
      splatConstant(c, on, Number.POSITIVE_INFINITY);
      c.op(`${shape}.${fn === "isinf" ? "eq" : "lt"}`);
      return size;
    case "signbit":
      c.get(a);
      emitZeros(c);
      c.op(`${integerShape(size)}.lt_s`);
      c.get(a, a).op(`${shape}.eq`, "v128.and");
      return size;
    default:
      throw new InternalError(`${fn} on ${on} has no vector form`);
  }
}

/** The sign of a NaN differs between processors, so it counts as positive. */
function emitCopysign(c: Code, on: DType, a: number, b: number): void {
  const shape = shapeOf(on);
  c.get(b, a);
  emitSignBits(c, itemSize(on));
  c.op("v128.bitselect").get(a).op(`${shape}.abs`);
  c.get(b, b).op(`${shape}.eq`, "v128.bitselect");
}

function emitSign(c: Code, on: DType, a: number): void {
  const shape = shapeOf(on);
  const side = (value: number, compare: string): void => {
    splatConstant(c, on, value);
    c.get(a);
    emitZeros(c);
    c.op(`${shape}.${compare}`, "v128.and");
  };
  side(1, "gt");
  side(-1, "lt");
  c.op("v128.or").get(a).get(a, a).op(`${shape}.eq`, "v128.bitselect");
}

/** Of equal sign, floats are ordered as their bits: one more is further from zero. */
function emitNextafter(c: Code, on: DType, a: number, b: number): void {
  const shape = shapeOf(on);
  const size = itemSize(on);
  const integers = integerShape(size);
  c.get(a);
  // Away from zero if both masks agree: 1, and else -1.
  c.get(b, a).op(`${shape}.gt`).get(a);
  emitZeros(c);
  c.op(`${shape}.gt`, "v128.xor");
  splatInteger(c, size, 1);
  c.op("v128.or", `${integers}.add`);
  const moved = c.keep("v128");
  // From zero: the least number with the sign of b.
  c.get(b);
  emitSignBits(c, size);
  c.op("v128.and");
  splatInteger(c, size, 1);
  c.op("v128.or").get(moved, a);
  emitZeros(c);
  c.op(`${shape}.eq`, "v128.bitselect").set(moved);
  c.get(b, moved).get(a, b).op(`${shape}.eq`, "v128.bitselect").set(moved);
  // A NaN of either is the sum's.
  c.get(a, b).op(`${shape}.add`).get(moved);
  c.get(a, a).op(`${shape}.ne`).get(b, b).op(`${shape}.ne`, "v128.or", "v128.bitselect");
  c.free(moved);
}
