/**
 * Scalar functions and casts as WebAssembly, one element at a time. The meaning of each is in the header of
 * `ir/scalar.ts`.
 *
 * An element is i32 (bool as 0 or 1; 8- and 16-bit integers sign- or zero-extended), i64, f32 or f64.
 */
import { InternalError } from "../errors.js";
import { type DType, type FloatDType, isFloat, itemSize, kindOf } from "../ir/dtype.js";
import type { ScalarFunction } from "../ir/scalar.js";
import type { Code, ValueType } from "./assembler.js";
import { COMPLEX_PARTS } from "./complex-math.js";
import { FLOAT_IMPORTS, FLOAT32_IMPORTS } from "./floats.js";
import { emitScalarFormula, emitScalarParts, partOfName } from "./formula-code.js";
import { formulaOf } from "./formulas/index.js";
import { emitMultiplyHigh, emitRandomBits } from "./random-code.js";

/** The WebAssembly type of one element. */
export function typeOf(dtype: DType): ValueType {
  if (dtype === "float32") return "f32";
  if (dtype === "float64") return "f64";
  return dtype === "int64" || dtype === "uint64" ? "i64" : "i32";
}

const signOf = (dtype: DType): "s" | "u" => (kindOf(dtype) === "int" ? "s" : "u");

/** Address on the stack -> element. */
export function emitLoad(c: Code, dtype: DType, offset: number): void {
  const type = typeOf(dtype);
  const size = itemSize(dtype);
  if (type !== "i32" || size === 4) c.memory(`${type}.load`, offset);
  else c.memory(`i32.load${size * 8}_${signOf(dtype)}`, offset);
  // Bytes of a foreign bool array may hold more than 0 and 1.
  if (dtype === "bool") c.i32(0).op("i32.ne");
}

/** Address and element on the stack. */
export function emitStore(c: Code, dtype: DType, offset: number): void {
  const type = typeOf(dtype);
  const size = itemSize(dtype);
  c.memory(type !== "i32" || size === 4 ? `${type}.store` : `i32.store${size * 8}`, offset);
}

export function emitNumber(c: Code, type: ValueType, value: number): void {
  if (type === "i32") c.i32(value);
  else if (type === "i64") c.i64(BigInt(value));
  else if (type === "f32") c.f32(value);
  else c.f64(value);
}

/** Brings an i32 back into the range of a narrow dtype: integers wrap around. */
function emitWrap(c: Code, dtype: DType): void {
  switch (dtype) {
    case "int8":
      c.op("i32.extend8_s");
      break;
    case "int16":
      c.op("i32.extend16_s");
      break;
    case "uint8":
      c.i32(0xff).op("i32.and");
      break;
    case "uint16":
      c.i32(0xffff).op("i32.and");
      break;
    default:
  }
}

// ------------------------------------------------------------------------------------------------ casts

/** The element in local `x`, cast, is left on the stack. */
export function emitCast(c: Code, from: DType, to: DType, x: number): void {
  c.get(x);
  if (from === to) return;
  const source = typeOf(from);
  const target = typeOf(to);
  if (to === "bool") {
    emitNumber(c, source, 0);
    c.op(`${source}.ne`);
  } else if (isFloat(to)) {
    if (!isFloat(from)) c.op(`${target}.convert_${source}_${signOf(from)}`);
    else c.op(to === "float32" ? "f32.demote_f64" : "f64.promote_f32");
  } else if (isFloat(from)) {
    c.op(`i64.trunc_sat_${source}_${to === "uint64" ? "u" : "s"}`);
    if (target === "i32") c.op("i32.wrap_i64");
    emitWrap(c, to);
  } else {
    if (source === "i64" && target === "i32") c.op("i32.wrap_i64");
    if (source === "i32" && target === "i64") c.op(`i64.extend_i32_${signOf(from)}`);
    emitWrap(c, to);
  }
}

// ---------------------------------------------------------------------------------------------- functions

const COMPARE: Partial<Record<ScalarFunction, string>> = {
  equal: "eq",
  notEqual: "ne",
  less: "lt",
  lessEqual: "le",
  greater: "gt",
  greaterEqual: "ge",
};

/** Arguments in locals; leaves `fn(args)` on the stack. */
export function emitCall(c: Code, fn: ScalarFunction, on: DType, args: readonly number[]): void {
  const [a, b] = args as readonly [number, number];
  if (fn === "where") {
    c.get(b, args[2] as number, a).op("select");
    return;
  }
  const part = partOfName(fn);
  if (part !== undefined) {
    emitScalarParts(c, part.formula, args, [part.part]);
    return;
  }
  if (Object.hasOwn(COMPLEX_PARTS, fn)) {
    c.get(...args).callImport(fn, "f64", args.length);
    return;
  }
  const known =
    on === "bool"
      ? emitBool(c, fn, a, b)
      : isFloat(on)
        ? emitFloat(c, fn, on, a, b)
        : kindOf(on) !== "complex" && emitInteger(c, fn, on, a, b);
  if (!known) throw new InternalError(`${fn} has no meaning on ${on}`);
}

const BOOL: Partial<Record<ScalarFunction, string>> = {
  add: "i32.or",
  multiply: "i32.and",
  minimum: "i32.and",
  maximum: "i32.or",
  bitwiseAnd: "i32.and",
  bitwiseOr: "i32.or",
  bitwiseXor: "i32.xor",
  equal: "i32.eq",
  notEqual: "i32.ne",
  less: "i32.lt_u",
  lessEqual: "i32.le_u",
  greater: "i32.gt_u",
  greaterEqual: "i32.ge_u",
};

const BOOL_IDENTITIES = new Set<ScalarFunction>(["abs", "floor", "ceil", "trunc", "round"]);

function emitBool(c: Code, fn: ScalarFunction, a: number, b: number): boolean {
  const name = BOOL[fn];
  if (name !== undefined) c.get(a, b).op(name);
  else if (fn === "bitwiseInvert") c.get(a).op("i32.eqz");
  else if (fn === "isnan" || fn === "isinf" || fn === "signbit") c.i32(0);
  else if (fn === "isfinite") c.i32(1);
  else if (BOOL_IDENTITIES.has(fn)) c.get(a);
  else return false;
  return true;
}

const FLOAT: Partial<Record<ScalarFunction, string>> = {
  negative: "neg",
  abs: "abs",
  sqrt: "sqrt",
  floor: "floor",
  ceil: "ceil",
  trunc: "trunc",
  round: "nearest",
  add: "add",
  subtract: "sub",
  multiply: "mul",
  divide: "div",
  minimum: "min",
  maximum: "max",
};
/** Whole names, which need not be put together every time. */
const floatNames = (type: string): ReadonlyMap<string, string> =>
  new Map(Object.entries(FLOAT).map(([fn, name]) => [fn, `${type}.${name}`]));
const FLOAT_NAMES = { f32: floatNames("f32"), f64: floatNames("f64") };
const FLOAT_UNARY = new Set(["negative", "abs", "sqrt", "floor", "ceil", "trunc", "round"]);

function emitFloat(c: Code, fn: ScalarFunction, on: DType, a: number, b: number): boolean {
  const type = typeOf(on);
  const name = FLOAT_NAMES[type === "f32" ? "f32" : "f64"].get(fn);
  const compare = COMPARE[fn];
  if (name !== undefined) {
    c.get(a);
    if (!FLOAT_UNARY.has(fn)) c.get(b);
    c.op(name);
    return true;
  }
  if (compare !== undefined) {
    c.get(a, b).op(`${type}.${compare}`);
    return true;
  }
  switch (fn) {
    case "square":
      c.get(a, a).op(`${type}.mul`);
      return true;
    case "reciprocal":
      emitNumber(c, type, 1);
      c.get(a).op(`${type}.div`);
      return true;
    case "isnan":
      c.get(a, a).op(`${type}.ne`);
      return true;
    case "isinf":
    case "isfinite":
      c.get(a).op(`${type}.abs`);
      emitNumber(c, type, Number.POSITIVE_INFINITY);
      c.op(`${type}.${fn === "isinf" ? "eq" : "lt"}`);
      return true;
    case "signbit":
      emitSignBit(c, on, a);
      return true;
    case "sign":
      emitFloatSign(c, type, a);
      return true;
    case "copysign":
      // The sign of a NaN differs between processors, so it counts as positive.
      c.get(a);
      c.get(b).op(`${type}.abs`);
      c.get(b).get(b, b).op(`${type}.ne`, "select", `${type}.copysign`);
      return true;
    default:
      return emitImported(c, fn, on, a, b);
  }
}

function emitSignBit(c: Code, on: DType, a: number): void {
  const type = typeOf(on);
  const integer = on === "float32" ? "i32" : "i64";
  c.get(a).op(`${integer}.reinterpret_${type}`);
  emitNumber(c, integer, 0);
  c.op(`${integer}.lt_s`);
  c.get(a, a).op(`${type}.eq`, "i32.and");
}

function emitFloatSign(c: Code, type: ValueType, a: number): void {
  c.get(a);
  c.get(a);
  emitNumber(c, type, 0);
  c.op(`${type}.gt`);
  c.get(a);
  emitNumber(c, type, 0);
  c.op(`${type}.lt`, "i32.sub", `${type}.convert_i32_s`);
  c.get(a, a).op(`${type}.ne`, "select");
}

const BINARY_IMPORTS = new Set<ScalarFunction>([
  "atan2",
  "pow",
  "hypot",
  "logaddexp",
  "nextafter",
  "remainder",
  "floorDivide",
]);

function emitImported(c: Code, fn: ScalarFunction, on: DType, a: number, b: number): boolean {
  const formula = formulaOf(fn);
  if (formula !== undefined) {
    const args = formula.arity === 2 ? [a, b] : [a];
    emitScalarFormula(c, formula, on as FloatDType, args);
    return true;
  }
  if (!Object.hasOwn(FLOAT_IMPORTS, fn)) return false;
  const args = BINARY_IMPORTS.has(fn) ? [a, b] : [a];
  if (on === "float64") c.get(...args).callImport(fn, "f64", args.length);
  else if (Object.hasOwn(FLOAT32_IMPORTS, fn))
    c.get(...args).callImport(`${fn}32`, "f32", args.length);
  else {
    for (const x of args) c.get(x).op("f64.promote_f32");
    c.callImport(fn, "f64", args.length).op("f32.demote_f64");
  }
  return true;
}

const INTEGER: Partial<Record<ScalarFunction, string>> = {
  add: "add",
  subtract: "sub",
  multiply: "mul",
  bitwiseAnd: "and",
  bitwiseOr: "or",
  bitwiseXor: "xor",
};

function emitInteger(c: Code, fn: ScalarFunction, on: DType, a: number, b: number): boolean {
  const type = typeOf(on);
  const sign = signOf(on);
  const name = INTEGER[fn];
  const compare = COMPARE[fn];
  if (name !== undefined) {
    c.get(a, b).op(`${type}.${name}`);
    emitWrap(c, on);
    return true;
  }
  if (compare !== undefined) {
    c.get(a, b).op(`${type}.${compare}${compare === "eq" || compare === "ne" ? "" : `_${sign}`}`);
    return true;
  }
  switch (fn) {
    case "minimum":
    case "maximum":
      c.get(a, b, a, b).op(`${type}.${fn === "minimum" ? "lt" : "gt"}_${sign}`, "select");
      return true;
    case "floorDivide":
      emitFloorDivide(c, on, a, b);
      return true;
    case "remainder":
      emitRemainder(c, on, a, b);
      return true;
    case "pow":
      emitPower(c, on, a, b);
      return true;
    case "bitwiseLeftShift":
    case "bitwiseRightShift":
      emitShift(c, fn, on, a, b);
      return true;
    case "randomBits":
    case "multiplyHigh":
      if (on !== "uint64") return false;
      (fn === "randomBits" ? emitRandomBits : emitMultiplyHigh)(c, a, b);
      return true;
    default:
      return emitIntegerUnary(c, fn, on, a);
  }
}

function emitIntegerUnary(c: Code, fn: ScalarFunction, on: DType, a: number): boolean {
  const type = typeOf(on);
  const isSigned = signOf(on) === "s";
  const zero = (): void => emitNumber(c, type, 0);
  const extend = (): void => {
    if (type === "i64") c.op("i64.extend_i32_s");
  };
  switch (fn) {
    case "negative":
      zero();
      c.get(a).op(`${type}.sub`);
      break;
    case "abs":
      if (isSigned) {
        zero();
        c.get(a).op(`${type}.sub`).get(a, a);
        zero();
        c.op(`${type}.lt_s`, "select");
      } else c.get(a);
      break;
    case "sign":
      c.get(a);
      zero();
      c.op(`${type}.${isSigned ? "gt_s" : "ne"}`);
      if (isSigned) {
        c.get(a);
        zero();
        c.op(`${type}.lt_s`, "i32.sub");
      }
      extend();
      return true;
    case "square":
      c.get(a, a).op(`${type}.mul`);
      break;
    case "bitwiseInvert":
      c.get(a);
      emitNumber(c, type, -1);
      c.op(`${type}.xor`);
      break;
    case "floor":
    case "ceil":
    case "trunc":
    case "round":
      c.get(a);
      return true;
    case "isnan":
    case "isinf":
      c.i32(0);
      return true;
    case "isfinite":
      c.i32(1);
      return true;
    case "signbit":
      c.get(a);
      zero();
      c.op(`${type}.lt_${signOf(on)}`);
      return true;
    default:
      return false;
  }
  emitWrap(c, on);
  return true;
}

/** Quotient toward minus infinity; 0 for a zero divisor. The divisor -1 is apart because min / -1 traps. */
function emitFloorDivide(c: Code, on: DType, a: number, b: number): void {
  const type = typeOf(on);
  const zero = (): void => emitNumber(c, type, 0);
  c.get(b).op(`${type}.eqz`);
  c.if(type, zero, () => {
    if (signOf(on) === "u") {
      c.get(a, b).op(`${type}.div_u`);
      return;
    }
    c.get(b);
    emitNumber(c, type, -1);
    c.op(`${type}.eq`);
    c.if(
      type,
      () => {
        zero();
        c.get(a).op(`${type}.sub`);
        emitWrap(c, on);
      },
      () => {
        const rest = c.local(type);
        c.get(a, b).op(`${type}.div_s`);
        c.get(a, b).op(`${type}.rem_s`).set(rest);
        c.get(rest);
        zero();
        c.op(`${type}.ne`).get(rest, b).op(`${type}.xor`);
        zero();
        c.op(`${type}.lt_s`, "i32.and");
        if (type === "i64") c.op("i64.extend_i32_u");
        c.op(`${type}.sub`);
        c.free(rest);
      },
    );
  });
}

function emitRemainder(c: Code, on: DType, a: number, b: number): void {
  const type = typeOf(on);
  const zero = (): void => emitNumber(c, type, 0);
  c.get(b).op(`${type}.eqz`);
  c.if(type, zero, () => {
    if (signOf(on) === "u") {
      c.get(a, b).op(`${type}.rem_u`);
      return;
    }
    const rest = c.local(type);
    c.get(a, b).op(`${type}.rem_s`).set(rest);
    c.get(rest, b).op(`${type}.add`).get(rest, rest);
    zero();
    c.op(`${type}.ne`).get(rest, b).op(`${type}.xor`);
    zero();
    c.op(`${type}.lt_s`, "i32.and", "select");
    c.free(rest);
  });
}

/** Counts that are negative or >= the width shift everything out. */
function emitShift(c: Code, fn: ScalarFunction, on: DType, a: number, b: number): void {
  const type = typeOf(on);
  const width = itemSize(on) * 8;
  const inside = (): void => {
    c.get(b);
    emitNumber(c, type, width);
    c.op(`${type}.lt_u`);
  };
  if (fn === "bitwiseRightShift" && signOf(on) === "s") {
    c.get(a, b);
    emitNumber(c, type, width - 1);
    inside();
    c.op("select", `${type}.shr_s`);
    return;
  }
  c.get(a, b).op(`${type}.${fn === "bitwiseLeftShift" ? "shl" : "shr_u"}`);
  emitWrap(c, on);
  emitNumber(c, type, 0);
  inside();
  c.op("select");
}

/** Square and multiply modulo 2^64, which is right modulo every narrower width too. */
function emitPower(c: Code, on: DType, a: number, b: number): void {
  const sign = signOf(on);
  const [base, exponent, result] = [c.local("i64"), c.local("i64"), c.local("i64")];
  const narrow = typeOf(on) === "i32";
  c.get(a);
  if (narrow) c.op(`i64.extend_i32_${sign}`);
  c.set(base).get(b);
  if (narrow) c.op(`i64.extend_i32_${sign}`);
  c.set(exponent).i64(1n).set(result);
  if (sign === "s") {
    // A negative exponent: 0, except for the bases 1 and -1, where only its parity matters.
    c.get(exponent).i64(0n).op("i64.lt_s");
    c.if(undefined, () => {
      c.i64(0n).get(base, base).i64(1n).op("i64.add").i64(2n).op("i64.gt_u", "select");
      c.set(base);
      c.get(exponent).i64(1n).op("i64.and").get(base).i64(0n).op("i64.eq", "i64.extend_i32_u");
      c.op("i64.or").set(exponent);
    });
  }
  c.block((done) => {
    c.loop((next) => {
      c.get(exponent).op("i64.eqz").brIf(done);
      c.get(result).get(base).i64(1n).get(exponent).i64(1n);
      c.op("i64.and", "i32.wrap_i64", "select", "i64.mul").set(result);
      c.get(base, base).op("i64.mul").set(base);
      c.get(exponent).i64(1n).op("i64.shr_u").set(exponent).br(next);
    });
  });
  c.get(result);
  if (narrow) c.op("i32.wrap_i64");
  emitWrap(c, on);
  c.free(base, exponent, result);
}
