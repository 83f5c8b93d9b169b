/** Functions on integer vectors, but for division and shifts. The results wrap around in their lanes. */
import { InternalError } from "../errors.js";
import { type DType, itemSize } from "../ir/dtype.js";
import type { ScalarFunction } from "../ir/scalar.js";
import type { Code } from "./assembler.js";
import { emitMultiplyHighLanes, emitRandomLanes } from "./random-code.js";
import { emitIntegerDivision } from "./vector-division.js";
import {
  emitHalves,
  emitOnes,
  emitZeros,
  integerShape,
  isSigned,
  shapeOf,
  signOf,
  splatInteger,
  type Vector,
} from "./vector-lanes.js";
import { emitShiftLanes } from "./vector-shifts.js";

const UNARY = new Set<ScalarFunction>([
  "negative",
  "abs",
  "sign",
  "square",
  "floor",
  "ceil",
  "trunc",
  "round",
  "bitwiseInvert",
  "isnan",
  "isinf",
  "isfinite",
  "signbit",
]);
const BITS: Partial<Record<ScalarFunction, string>> = {
  bitwiseAnd: "v128.and",
  bitwiseOr: "v128.or",
  bitwiseXor: "v128.xor",
};
const BINARY = new Set<ScalarFunction>([
  "add",
  "subtract",
  "multiply",
  "minimum",
  "maximum",
  "pow",
  "floorDivide",
  "remainder",
  "bitwiseAnd",
  "bitwiseOr",
  "bitwiseXor",
  "bitwiseLeftShift",
  "bitwiseRightShift",
]);

export const integerHasLanes = (fn: ScalarFunction, on: DType): boolean =>
  UNARY.has(fn) ||
  BINARY.has(fn) ||
  (on === "uint64" && (fn === "randomBits" || fn === "multiplyHigh"));

/** Leaves the result on the stack; `byLane` leaves it too, however slowly. Answers with the mask width. */
export function emitInteger(
  c: Code,
  fn: ScalarFunction,
  on: DType,
  a: Vector,
  b: Vector | undefined,
  lanes: number,
  byLane: () => void,
): number {
  if (b === undefined) return emitUnary(c, fn, on, a.local, lanes);
  const name = BITS[fn];
  if (name !== undefined) c.get(a.local, b.local).op(name);
  else emitBinary(c, fn, on, a, b, lanes, byLane);
  return 0;
}

function emitBinary(
  c: Code,
  fn: ScalarFunction,
  on: DType,
  a: Vector,
  b: Vector,
  lanes: number,
  byLane: () => void,
): void {
  switch (fn) {
    case "add":
      c.get(a.local, b.local).op(`${shapeOf(on)}.add`);
      break;
    case "subtract":
      c.get(a.local, b.local).op(`${shapeOf(on)}.sub`);
      break;
    case "multiply":
      emitMultiply(c, itemSize(on), a.local, b.local, lanes);
      break;
    case "minimum":
    case "maximum":
      emitExtremum(c, fn, on, a.local, b.local);
      break;
    case "pow":
      emitPower(c, on, a.local, b.local, lanes);
      break;
    case "floorDivide":
    case "remainder":
      emitIntegerDivision(c, fn, on, a.local, b.local, lanes, byLane);
      break;
    case "bitwiseLeftShift":
    case "bitwiseRightShift":
      emitShiftLanes(c, fn, on, a.local, b, lanes);
      break;
    case "randomBits":
      emitRandomLanes(c, a.local, b.local);
      break;
    case "multiplyHigh":
      emitMultiplyHighLanes(c, a.local, b.local);
      break;
    default:
      throw new InternalError(`${fn} on ${on} has no vector form`);
  }
}

function emitUnary(c: Code, fn: ScalarFunction, on: DType, a: number, lanes: number): number {
  const size = itemSize(on);
  const shape = integerShape(size);
  switch (fn) {
    case "square":
      emitMultiply(c, size, a, a, lanes);
      return 0;
    case "sign":
      emitSign(c, on, a);
      return 0;
    case "isnan":
    case "isinf":
      emitZeros(c);
      return size;
    case "isfinite":
      emitOnes(c);
      return size;
    case "signbit":
      if (isSigned(on)) emitNegativeLanes(c, size, a);
      else emitZeros(c);
      return size;
    default:
  }
  c.get(a);
  if (fn === "negative") c.op(`${shape}.neg`);
  else if (fn === "bitwiseInvert") c.op("v128.not");
  else if (fn === "abs" && isSigned(on)) c.op(`${shape}.abs`);
  return 0;
}

/** Mask of the lanes that are negative. */
function emitNegativeLanes(c: Code, size: number, a: number): void {
  c.get(a);
  emitZeros(c);
  c.op(`${integerShape(size)}.lt_s`);
}

function emitSign(c: Code, on: DType, a: number): void {
  const size = itemSize(on);
  const shape = integerShape(size);
  if (isSigned(on)) {
    // Masks are -1: the one of what is negative, less the one of what is positive.
    emitNegativeLanes(c, size, a);
    c.get(a);
    emitZeros(c);
    c.op(`${shape}.gt_s`, `${shape}.sub`);
  } else {
    c.get(a);
    emitZeros(c);
    c.op(`${shape}.ne`, `${shape}.neg`);
  }
}

/** Flips sign bits, so that the signed order of 64-bit lanes is the unsigned one. */
function getBiased(c: Code, x: number): void {
  c.get(x);
  splatInteger(c, 8, -(2n ** 63n));
  c.op("v128.xor");
}

/** Leaves a mask; answers with its width. */
export function emitIntegerCompare(
  c: Code,
  compare: string,
  on: DType,
  a: number,
  b: number,
): number {
  const shape = shapeOf(on);
  if (compare === "eq" || compare === "ne") c.get(a, b).op(`${shape}.${compare}`);
  else if (on === "uint64") {
    getBiased(c, a);
    getBiased(c, b);
    c.op(`i64x2.${compare}_s`);
  } else c.get(a, b).op(`${shape}.${compare}_${signOf(on)}`);
  return itemSize(on);
}

function emitExtremum(c: Code, fn: "minimum" | "maximum", on: DType, a: number, b: number): void {
  c.get(a, b);
  if (itemSize(on) < 8) {
    c.op(`${shapeOf(on)}.${fn === "minimum" ? "min" : "max"}_${signOf(on)}`);
    return;
  }
  emitIntegerCompare(c, fn === "minimum" ? "lt" : "gt", on, a, b);
  c.op("v128.bitselect");
}

/** Bytes have no multiplication: they are products of 16 bits, of which the low bytes are kept. */
function emitMultiply(c: Code, size: number, a: number, b: number, lanes: number): void {
  if (size > 1) {
    c.get(a, b).op(`${integerShape(size)}.mul`);
    return;
  }
  emitHalves(c, 1, lanes, (half) => c.get(a, b).op(`i16x8.extmul_${half}_i8x16_s`));
}

/** Squares and multiplies in all lanes until no lane has exponent bits left. */
function emitPower(c: Code, on: DType, a: number, b: number, lanes: number): void {
  const size = itemSize(on);
  const shape = integerShape(size);
  const [base, exponent, result] = [c.local("v128"), c.local("v128"), c.local("v128")];
  if (isSigned(on)) emitNegativeExponents(c, size, a, b, base, exponent);
  else c.get(a).set(base).get(b).set(exponent);
  if (lanes * size < 16) {
    // Lanes that are not in use must not keep the loop running.
    c.get(exponent)
      .v128(new Uint8Array(16).fill(0xff, 0, lanes * size))
      .op("v128.and")
      .set(exponent);
  }
  splatInteger(c, size, 1);
  c.set(result);
  c.block((done) => {
    c.loop((next) => {
      c.get(exponent).op("v128.any_true", "i32.eqz").brIf(done);
      emitMultiply(c, size, result, base, lanes);
      c.get(result, exponent);
      splatInteger(c, size, 1);
      c.op("v128.and", `${shape}.neg`, "v128.bitselect").set(result);
      emitMultiply(c, size, base, base, lanes);
      c.set(base).get(exponent).i32(1).op(`${shape}.shr_u`).set(exponent).br(next);
    });
  });
  c.get(result);
  c.free(base, exponent, result);
}

/** A negative exponent: 0, except for the bases 1 and -1, where only its parity matters. */
function emitNegativeExponents(
  c: Code,
  size: number,
  a: number,
  b: number,
  base: number,
  exponent: number,
): void {
  const shape = integerShape(size);
  emitNegativeLanes(c, size, b);
  const negative = c.keep("v128");
  c.get(a).op(`${shape}.abs`);
  splatInteger(c, size, 1);
  c.op(`${shape}.eq`);
  const unit = c.keep("v128");
  c.get(a, negative, unit).op("v128.andnot", "v128.andnot").set(base);
  c.get(b);
  splatInteger(c, size, 1);
  c.op("v128.and");
  splatInteger(c, size, 1);
  c.get(unit).op("v128.andnot", "v128.or").get(b, negative).op("v128.bitselect").set(exponent);
  c.free(negative, unit);
}
