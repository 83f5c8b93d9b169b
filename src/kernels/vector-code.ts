/**
 * Scalar functions and casts on vectors: one v128 holds `lanes` elements in its low bytes, whatever their dtype,
 * so that mixed widths need no second register; what lies above is arbitrary.
 *
 * A bool vector is a mask (all bits of a lane set or clear) as wide as the elements that it came from; `width` is
 * its lane size in bytes. Masks are converted where they meet lanes of another width.
 */
import { InternalError } from "../errors.js";
import { type DType, isFloat, itemSize, kindOf } from "../ir/dtype.js";
import type { ScalarFunction, ScalarOp } from "../ir/scalar.js";
import type { Code } from "./assembler.js";
import { emitVectorFormula } from "./formula-code.js";
import { formulaOf } from "./formulas/index.js";
import { emitRandomLanes } from "./random-code.js";
import { emitCall, emitCast, emitNumber, typeOf } from "./scalar-code.js";

/** A vector in a local. `width` is the lane size of a mask, 0 for other dtypes. */
export interface Vector {
  readonly local: number;
  readonly dtype: DType;
  readonly width: number;
}

const INTEGER_SHAPES: Readonly<Record<number, string>> = {
  1: "i8x16",
  2: "i16x8",
  4: "i32x4",
  8: "i64x2",
};
const integerShape = (size: number): string => INTEGER_SHAPES[size] as string;
const shapeOf = (dtype: DType): string =>
  dtype === "float32" ? "f32x4" : dtype === "float64" ? "f64x2" : integerShape(itemSize(dtype));
const isSigned = (dtype: DType): boolean => kindOf(dtype) === "int";

// ------------------------------------------------------------------------------------- loads and stores

const LOADS: Readonly<Record<number, string>> = {
  16: "v128.load",
  8: "v128.load64_zero",
  4: "v128.load32_zero",
  2: "v128.load16_splat",
};

/** Address on the stack -> vector of `lanes` consecutive elements, or of one element repeated. */
export function emitVectorLoad(
  c: Code,
  dtype: DType,
  lanes: number,
  offset: number,
  repeated: boolean,
): void {
  const size = itemSize(dtype);
  c.memory(repeated ? `v128.load${size * 8}_splat` : (LOADS[size * lanes] as string), offset);
  if (dtype === "bool") c.v128(new Uint8Array(16)).op("i8x16.ne");
}

/** Stores the low `lanes` elements at the address in local `address` plus `offset`. */
export function emitVectorStore(
  c: Code,
  value: Vector,
  lanes: number,
  address: number,
  offset: number,
): void {
  c.get(address);
  if (value.dtype === "bool") {
    emitMask(c, value, 1, lanes);
    c.v128(new Uint8Array(16).fill(1)).op("v128.and");
  } else c.get(value.local);
  const bytes = itemSize(value.dtype) * lanes;
  if (bytes === 16) c.memory("v128.store", offset);
  else c.memoryLane(`v128.store${bytes * 8}_lane`, offset, 0);
}

/** Leaves lane `lane` on the stack as a scalar element. */
export function emitExtract(c: Code, value: Vector, lane: number): void {
  c.get(value.local);
  const { dtype } = value;
  const size = dtype === "bool" ? value.width : itemSize(dtype);
  const shape = dtype === "bool" ? integerShape(size) : shapeOf(dtype);
  const suffix = size >= 4 ? "" : isSigned(dtype) ? "_s" : "_u";
  c.lane(`${shape}.extract_lane${suffix}`, lane);
  if (dtype !== "bool") return;
  if (size === 8) c.op("i32.wrap_i64");
  c.i32(1).op("i32.and");
}

/** Scalar in a local -> vector of copies on the stack; bools as masks of width 1. */
export function emitSplat(c: Code, dtype: DType, scalar: number): void {
  c.get(scalar).op(`${shapeOf(dtype)}.splat`);
  if (dtype === "bool") c.op("i8x16.neg");
}

// ------------------------------------------------------------------------------------------ lane widths

/** Vector on the stack, lanes of `from` bytes -> lanes of `to` bytes: extended, or their low bytes. */
function emitResize(c: Code, from: number, to: number, lanes: number, signed: boolean): void {
  for (let size = from; size < to; size *= 2)
    c.op(`${integerShape(size * 2)}.extend_low_${integerShape(size)}_${signed ? "s" : "u"}`);
  if (to >= from) return;
  const vector = c.keep("v128");
  const bytes = Array.from({ length: 16 }, (_, i) => {
    const lane = Math.floor(i / to);
    return lane < lanes ? lane * from + (i % to) : 0;
  });
  c.get(vector, vector).shuffle(bytes);
  c.free(vector);
}

function emitMask(c: Code, mask: Vector, width: number, lanes: number): void {
  c.get(mask.local);
  emitResize(c, mask.width, width, lanes, true);
}

function splatConstant(c: Code, dtype: DType, value: number): void {
  emitNumber(c, typeOf(dtype), value);
  c.op(`${shapeOf(dtype)}.splat`);
}

// ------------------------------------------------------------------------------------------------ casts

/** Whether a cast has vector instructions. */
function castHasLanes(from: DType, to: DType): boolean {
  if (kindOf(from) === "complex" || kindOf(to) === "complex") return false;
  if (isFloat(to) && !isFloat(from)) return itemSize(from) <= 4;
  return !(isFloat(from) && !isFloat(to) && to !== "bool");
}

/** Leaves `x` cast to `to` on the stack; answers with the mask width of the result. */
function emitVectorCast(c: Code, x: Vector, to: DType, lanes: number): number {
  const from = x.dtype;
  if (from === "bool") {
    const size = itemSize(to);
    emitMask(c, x, size, lanes);
    if (isFloat(to)) {
      splatConstant(c, to, 1);
      c.op("v128.and");
    } else c.op(`${integerShape(size)}.neg`);
    return 0;
  }
  c.get(x.local);
  if (to === "bool") {
    splatConstant(c, from, 0);
    c.op(`${shapeOf(from)}.ne`);
    return itemSize(from);
  }
  if (isFloat(from)) {
    if (from !== to) c.op(to === "float32" ? "f32x4.demote_f64x2_zero" : "f64x2.promote_low_f32x4");
  } else if (isFloat(to)) {
    emitResize(c, itemSize(from), 4, lanes, isSigned(from));
    const sign = from === "uint32" ? "u" : "s";
    c.op(to === "float32" ? `f32x4.convert_i32x4_${sign}` : `f64x2.convert_low_i32x4_${sign}`);
  } else emitResize(c, itemSize(from), itemSize(to), lanes, isSigned(from));
  return 0;
}

// -------------------------------------------------------------------------------------------- functions

const FLOAT: Partial<Record<ScalarFunction, string>> = {
  add: "add",
  subtract: "sub",
  multiply: "mul",
  divide: "div",
  minimum: "min",
  maximum: "max",
  negative: "neg",
  abs: "abs",
  sqrt: "sqrt",
  floor: "floor",
  ceil: "ceil",
  trunc: "trunc",
  round: "nearest",
};
const COMPARE: Partial<Record<ScalarFunction, string>> = {
  equal: "eq",
  notEqual: "ne",
  less: "lt",
  lessEqual: "le",
  greater: "gt",
  greaterEqual: "ge",
};
const OTHER_FLOAT = new Set<ScalarFunction>([
  "square",
  "reciprocal",
  "isnan",
  "isinf",
  "isfinite",
  "signbit",
  "copysign",
  "sign",
]);
const INTEGER: Partial<Record<ScalarFunction, string>> = {
  add: "add",
  subtract: "sub",
  multiply: "mul",
  negative: "neg",
};
const OTHER_INTEGER = new Set<ScalarFunction>([
  "square",
  "abs",
  "minimum",
  "maximum",
  "bitwiseInvert",
  "bitwiseAnd",
  "bitwiseOr",
  "bitwiseXor",
  "randomBits",
]);
const BOOL = new Set<ScalarFunction>([
  "add",
  "multiply",
  "minimum",
  "maximum",
  "bitwiseAnd",
  "bitwiseOr",
  "bitwiseXor",
  "bitwiseInvert",
  "equal",
  "notEqual",
  "less",
  "lessEqual",
  "greater",
  "greaterEqual",
]);

/** Whether an instruction of a program has vector instructions; others go lane by lane. */
export function hasLanes(op: ScalarOp, dtypeOf: (op: number) => DType): boolean {
  if (op.op === "cast") return castHasLanes(dtypeOf(op.args[0]), op.dtype);
  if (op.op !== "call" || op.fn === "where") return true;
  if (op.on === "bool") return BOOL.has(op.fn);
  if (COMPARE[op.fn] !== undefined) return true;
  return isFloat(op.on)
    ? FLOAT[op.fn] !== undefined || OTHER_FLOAT.has(op.fn) || formulaOf(op.fn) !== undefined
    : INTEGER[op.fn] !== undefined || OTHER_INTEGER.has(op.fn);
}

/** Leaves the result of an instruction on the stack; answers with its mask width (0 if it is no mask). */
export function emitVectorOp(
  c: Code,
  op: ScalarOp & { op: "cast" | "call" },
  args: readonly Vector[],
  lanes: number,
): number {
  if (!hasLanes(op, (n) => (args[op.args.indexOf(n)] as Vector).dtype))
    return emitByLane(c, op, args, lanes);
  const [a, b] = args as readonly [Vector, Vector];
  if (op.op === "cast") return emitVectorCast(c, a, op.dtype, lanes);
  if (op.fn === "where") return emitWhere(c, op.on, args, lanes);
  if (op.on === "bool") return emitBool(c, op.fn, a, b, lanes);
  const compare = COMPARE[op.fn];
  if (isFloat(op.on)) {
    if (compare !== undefined) {
      c.get(a.local, b.local).op(`${shapeOf(op.on)}.${compare}`);
      return itemSize(op.on);
    }
    const locals = args.map((x) => x.local);
    if (emitVectorFormula(c, op.fn, op.on, locals, lanes)) return 0;
    return emitFloat(c, op.fn, op.on, a.local, b?.local ?? a.local, args.length);
  }
  if (compare !== undefined) return emitIntegerCompare(c, compare, op.on, a.local, b.local);
  emitInteger(c, op.fn, op.on, a.local, b?.local ?? a.local, args.length, lanes);
  return 0;
}

function emitByLane(
  c: Code,
  op: ScalarOp & { op: "cast" | "call" },
  args: readonly Vector[],
  lanes: number,
): number {
  const result = c.local("v128");
  const scalars = args.map((x) => c.local(typeOf(x.dtype)));
  c.v128(new Uint8Array(16)).set(result);
  for (let lane = 0; lane < lanes; lane++) {
    args.forEach((x, i) => {
      emitExtract(c, x, lane);
      c.set(scalars[i] as number);
    });
    c.get(result);
    if (op.op === "cast") emitCast(c, (args[0] as Vector).dtype, op.dtype, scalars[0] as number);
    else emitCall(c, op.fn, op.on, scalars);
    c.lane(`${shapeOf(op.dtype)}.replace_lane`, lane).set(result);
  }
  c.free(...scalars);
  c.get(result);
  c.free(result);
  if (op.dtype !== "bool") return 0;
  c.op("i8x16.neg");
  return 1;
}

function emitWhere(c: Code, on: DType, args: readonly Vector[], lanes: number): number {
  const [condition, a, b] = args as readonly [Vector, Vector, Vector];
  const width = on === "bool" ? a.width : itemSize(on);
  c.get(a.local);
  if (on === "bool") emitMask(c, b, width, lanes);
  else c.get(b.local);
  emitMask(c, condition, width, lanes);
  c.op("v128.bitselect");
  return on === "bool" ? width : 0;
}

function emitBool(
  c: Code,
  fn: ScalarFunction,
  a: Vector,
  b: Vector | undefined,
  lanes: number,
): number {
  const width = a.width;
  const left = (): void => void c.get(a.local);
  const right = (): void => emitMask(c, b as Vector, width, lanes);
  // less is b and not a; v128.andnot(x, y) is x and not y.
  const order = (first: () => void, second: () => void, negate: boolean): void => {
    first();
    second();
    c.op("v128.andnot");
    if (negate) c.op("v128.not");
  };
  switch (fn) {
    case "bitwiseInvert":
      left();
      c.op("v128.not");
      return width;
    case "less":
      order(right, left, false);
      return width;
    case "greaterEqual":
      order(right, left, true);
      return width;
    case "greater":
      order(left, right, false);
      return width;
    case "lessEqual":
      order(left, right, true);
      return width;
    default:
  }
  left();
  right();
  if (fn === "equal") c.op("v128.xor", "v128.not");
  else if (fn === "notEqual" || fn === "bitwiseXor") c.op("v128.xor");
  else c.op(fn === "add" || fn === "maximum" || fn === "bitwiseOr" ? "v128.or" : "v128.and");
  return width;
}

function emitFloat(
  c: Code,
  fn: ScalarFunction,
  on: DType,
  a: number,
  b: number,
  arity: number,
): number {
  const shape = shapeOf(on);
  const size = itemSize(on);
  const name = FLOAT[fn];
  if (name !== undefined) {
    c.get(a);
    if (arity === 2) c.get(b);
    c.op(`${shape}.${name}`);
    return 0;
  }
  const signs = (): void => {
    emitNumber(c, size === 4 ? "i32" : "i64", -1);
    c.op(`${integerShape(size)}.splat`);
    c.i32(size * 8 - 1).op(`${integerShape(size)}.shl`);
  };
  switch (fn) {
    case "square":
      c.get(a, a).op(`${shape}.mul`);
      return 0;
    case "reciprocal":
      splatConstant(c, on, 1);
      c.get(a).op(`${shape}.div`);
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
      c.get(a)
        .i32(size * 8 - 1)
        .op(`${integerShape(size)}.shr_s`);
      c.get(a, a).op(`${shape}.eq`, "v128.and");
      return size;
    case "copysign":
      c.get(b, a);
      signs();
      c.op("v128.bitselect").get(a).op(`${shape}.abs`);
      c.get(b, b).op(`${shape}.eq`, "v128.bitselect");
      return 0;
    default:
      emitFloatSign(c, on, a);
      return 0;
  }
}

function emitFloatSign(c: Code, on: DType, a: number): void {
  const shape = shapeOf(on);
  const side = (value: number, compare: string): void => {
    splatConstant(c, on, value);
    c.get(a);
    splatConstant(c, on, 0);
    c.op(`${shape}.${compare}`, "v128.and");
  };
  side(1, "gt");
  side(-1, "lt");
  c.op("v128.or").get(a).get(a, a).op(`${shape}.eq`, "v128.bitselect");
}

/** Flips sign bits, so that the signed order of 64-bit lanes is the unsigned one. */
function getBiased(c: Code, x: number): void {
  c.get(x)
    .i64(-(2n ** 63n))
    .op("i64x2.splat", "v128.xor");
}

function emitIntegerCompare(c: Code, compare: string, on: DType, a: number, b: number): number {
  const shape = shapeOf(on);
  if (compare === "eq" || compare === "ne") c.get(a, b).op(`${shape}.${compare}`);
  else if (on === "uint64") {
    getBiased(c, a);
    getBiased(c, b);
    c.op(`i64x2.${compare}_s`);
  } else c.get(a, b).op(`${shape}.${compare}_${isSigned(on) ? "s" : "u"}`);
  return itemSize(on);
}

function emitInteger(
  c: Code,
  fn: ScalarFunction,
  on: DType,
  a: number,
  b: number,
  arity: number,
  lanes: number,
): void {
  const shape = shapeOf(on);
  if ((fn === "multiply" || fn === "square") && itemSize(on) === 1) {
    emitMultiplyBytes(c, a, b, lanes);
    return;
  }
  const name = INTEGER[fn];
  if (name !== undefined) {
    c.get(a);
    if (arity === 2) c.get(b);
    c.op(`${shape}.${name}`);
    return;
  }
  switch (fn) {
    case "square":
      c.get(a, a).op(`${shape}.mul`);
      break;
    case "abs":
      c.get(a);
      if (isSigned(on)) c.op(`${shape}.abs`);
      break;
    case "minimum":
    case "maximum":
      if (itemSize(on) === 8) {
        c.get(a, b);
        emitIntegerCompare(c, fn === "minimum" ? "lt" : "gt", on, a, b);
        c.op("v128.bitselect");
      } else {
        const side = fn === "minimum" ? "min" : "max";
        c.get(a, b).op(`${shape}.${side}_${isSigned(on) ? "s" : "u"}`);
      }
      break;
    case "bitwiseInvert":
      c.get(a).op("v128.not");
      break;
    case "bitwiseAnd":
      c.get(a, b).op("v128.and");
      break;
    case "bitwiseOr":
      c.get(a, b).op("v128.or");
      break;
    case "bitwiseXor":
      c.get(a, b).op("v128.xor");
      break;
    case "randomBits":
      emitRandomLanes(c, a, b);
      break;
    default:
      throw new InternalError(`${fn} on ${on} has no vector form`);
  }
}

/** Bytes have no multiplication: 16-bit products of both halves, of which the low bytes are kept. */
function emitMultiplyBytes(c: Code, a: number, b: number, lanes: number): void {
  c.get(a, b).op("i16x8.extmul_low_i8x16_s");
  if (lanes <= 8) {
    emitResize(c, 2, 1, lanes, true);
    return;
  }
  c.get(a, b).op("i16x8.extmul_high_i8x16_s");
  c.shuffle(Array.from({ length: 16 }, (_, i) => 2 * i));
}
