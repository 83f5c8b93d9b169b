/**
 * Casts on vectors. Integers of 64 bits and floats are converted through the mantissa of float64 numbers near 2^52
 * and 2^84, whose low bits are the integer.
 */
import { type DType, isFloat, itemSize } from "../ir/dtype.js";
import type { Code } from "./assembler.js";
import {
  emitMask,
  emitOnes,
  emitResize,
  emitZeros,
  integerShape,
  isSigned,
  shapeOf,
  splatConstant,
  splatInteger,
  type Vector,
} from "./vector-lanes.js";

/** Leaves `x` cast to `to` on the stack; answers with the mask width of the result. */
export function emitVectorCast(c: Code, x: Vector, to: DType, lanes: number): number {
  const from = x.dtype;
  if (from === to) {
    c.get(x.local);
    return x.width;
  }
  if (from === "bool") {
    emitFromBool(c, x, to, lanes);
    return 0;
  }
  if (to === "bool") {
    c.get(x.local);
    splatConstant(c, from, 0);
    c.op(`${shapeOf(from)}.ne`);
    return itemSize(from);
  }
  if (isFloat(from) && isFloat(to))
    c.get(x.local).op(to === "float32" ? "f32x4.demote_f64x2_zero" : "f64x2.promote_low_f32x4");
  else if (isFloat(from)) emitTruncation(c, x.local, from, to, lanes);
  else if (isFloat(to)) emitToFloat(c, x.local, from, to, lanes);
  else {
    c.get(x.local);
    emitResize(c, itemSize(from), itemSize(to), lanes, isSigned(from));
  }
  return 0;
}

function emitFromBool(c: Code, x: Vector, to: DType, lanes: number): void {
  const size = itemSize(to);
  emitMask(c, x, size, lanes);
  if (isFloat(to)) {
    splatConstant(c, to, 1);
    c.op("v128.and");
  } else c.op(`${integerShape(size)}.neg`);
}

// ---------------------------------------------------------------------------------------- integer to float

function emitToFloat(c: Code, x: number, from: DType, to: DType, lanes: number): void {
  const size = itemSize(from);
  if (size < 8) {
    c.get(x);
    emitResize(c, size, 4, lanes, isSigned(from));
    const sign = from === "uint32" ? "u" : "s";
    c.op(to === "float32" ? `f32x4.convert_i32x4_${sign}` : `f64x2.convert_low_i32x4_${sign}`);
    return;
  }
  if (to === "float64") {
    emitBigToFloat64(c, x, isSigned(from));
    return;
  }
  emitBigToFloat32(c, x, isSigned(from));
}

/** Small integers, as most are, are the mantissa of a float64 as they are. */
function emitBigToFloat32(c: Code, x: number, signed: boolean): void {
  c.get(x);
  if (signed) {
    splatInteger(c, 8, 2n ** 51n);
    c.op("i64x2.add");
  }
  splatInteger(c, 8, -(2n ** 52n));
  c.op("v128.and", "v128.any_true");
  c.if(
    "v128",
    () => {
      const folded = emitFolded(c, x, signed);
      emitBigToFloat64(c, folded, signed);
      c.free(folded);
    },
    () => {
      c.get(x);
      splatInteger(c, 8, signed ? 0x4338000000000000n : 0x4330000000000000n);
      c.op("i64x2.add");
      splatConstant(c, "float64", signed ? 1.5 * 2 ** 52 : 2 ** 52);
      c.op("f64x2.sub");
    },
  );
  c.op("f32x4.demote_f64x2_zero");
}

/** The magnitude, or one less where the number is negative. */
function emitMagnitude(c: Code, x: number, signed: boolean): void {
  c.get(x);
  if (!signed) return;
  c.get(x);
  emitZeros(c);
  c.op("i64x2.lt_s", "v128.xor");
}

/**
 * The halves of the integer are put into the mantissas of 2^84 and 2^52. Taking these off is exact, so that the
 * last addition alone rounds.
 */
function emitBigToFloat64(c: Code, x: number, signed: boolean): void {
  const bias = signed ? 2 ** 63 : 0;
  c.get(x).i32(32).op("i64x2.shr_u");
  splatInteger(c, 8, signed ? 0x4530000080000000n : 0x4530000000000000n);
  c.op("v128.xor");
  splatConstant(c, "float64", 2 ** 84 + bias + 2 ** 52);
  c.op("f64x2.sub").get(x);
  splatInteger(c, 8, 0xffffffffn);
  c.op("v128.and");
  splatInteger(c, 8, 0x4330000000000000n);
  c.op("v128.or", "f64x2.add");
}

/**
 * What float64 would round off becomes one sticky bit, so that the float64 is exact and only float32 rounds. Below
 * 2^53 float64 is exact as it is, and float32 may need the low bits.
 */
function emitFolded(c: Code, x: number, signed: boolean): number {
  c.get(x);
  splatInteger(c, 8, 0xfff);
  c.op("v128.and");
  const low = c.keep("v128");
  c.get(x);
  splatInteger(c, 8, ~0xfffn);
  c.op("v128.and");
  c.get(low);
  emitZeros(c);
  c.op("i64x2.ne");
  splatInteger(c, 8, 0x800);
  c.op("v128.and", "v128.or").get(x);
  emitMagnitude(c, x, signed);
  c.i32(53).op("i64x2.shr_u");
  emitZeros(c);
  c.op("i64x2.ne", "v128.bitselect");
  c.free(low);
  return c.keep("v128");
}

// ---------------------------------------------------------------------------------------- float to integer

/** Truncates to an integer of 64 bits, which saturates, and keeps the low bits. */
function emitTruncation(c: Code, x: number, from: DType, to: DType, lanes: number): void {
  const size = itemSize(to);
  if (size < 8) {
    emitTruncationTo32(c, x, from, to === "uint32", lanes);
    emitResize(c, 4, size, lanes, true);
    return;
  }
  c.get(x);
  if (from === "float32") c.op("f64x2.promote_low_f32x4");
  const wide = c.keep("v128");
  const signed = to === "int64";
  c.get(wide);
  if (signed) c.op("f64x2.abs");
  splatConstant(c, "float64", 2 ** 51);
  c.op("f64x2.lt");
  if (!signed) {
    c.get(wide);
    splatConstant(c, "float64", -1);
    c.op("f64x2.gt", "v128.and");
  }
  c.op("i64x2.all_true");
  c.if(
    "v128",
    () => {
      // The integer is the difference from the bits of a number in whose last place is 1.
      c.get(wide).op("f64x2.trunc");
      splatConstant(c, "float64", 1.5 * 2 ** 52);
      c.op("f64x2.add");
      splatInteger(c, 8, 0x4338000000000000n);
      c.op("i64x2.sub");
    },
    () => {
      c.get(wide);
      emitTruncationTo64(c, signed);
    },
  );
  c.free(wide);
}

/** Lanes of 32 bits. What lies within their range, and NaN, takes one instruction; all else goes by 64 bits. */
function emitTruncationTo32(
  c: Code,
  x: number,
  from: DType,
  unsigned: boolean,
  lanes: number,
): void {
  const shape = shapeOf(from);
  const wide = from === "float32" && lanes > 2;
  if (unsigned) {
    c.get(x);
    splatConstant(c, from, -1);
    c.op(`${shape}.le`).get(x);
    splatConstant(c, from, 2 ** 32);
    c.op(`${shape}.ge`, "v128.or");
  } else {
    c.get(x).op(`${shape}.abs`);
    splatConstant(c, from, 2 ** 31);
    c.op(`${shape}.ge`);
  }
  c.op("v128.any_true");
  c.if(
    "v128",
    () => {
      c.get(x);
      if (from === "float32") c.op("f64x2.promote_low_f32x4");
      emitTruncationTo64(c, true);
      if (wide) {
        c.get(x, x).shuffle([8, 9, 10, 11, 12, 13, 14, 15]).op("f64x2.promote_low_f32x4");
        emitTruncationTo64(c, true);
      } else emitOnes(c);
      c.shuffle([0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27]);
    },
    () => {
      const source = from === "float32" ? "f32x4" : "f64x2";
      const end = from === "float32" ? "" : "_zero";
      c.get(x).op(`i32x4.trunc_sat_${source}_${unsigned ? "u" : "s"}${end}`);
    },
  );
}

/**
 * Float64 lanes on the stack -> 64-bit integers. The upper 32 bits saturate as those of the result would, the
 * lower ones are what remains, exactly; only beyond the upper end they have to be set.
 */
function emitTruncationTo64(c: Code, signed: boolean): void {
  // Of two numbers pmax takes the first unless the second is greater: NaN stays, and becomes 0 in the end.
  c.op("f64x2.trunc");
  splatConstant(c, "float64", signed ? -(2 ** 63) : 0);
  c.op("f64x2.pmax");
  const whole = c.keep("v128");
  c.get(whole);
  splatConstant(c, "float64", 2 ** -32);
  c.op("f64x2.mul", "f64x2.floor");
  const upper = c.keep("v128");
  c.get(upper).op(`i32x4.trunc_sat_f64x2_${signed ? "s" : "u"}_zero`);
  c.get(whole, upper);
  splatConstant(c, "float64", 2 ** 32);
  c.op("f64x2.mul", "f64x2.sub", "i32x4.trunc_sat_f64x2_u_zero");
  // Lower and upper words take turns.
  c.shuffle([16, 17, 18, 19, 0, 1, 2, 3, 20, 21, 22, 23, 4, 5, 6, 7]);
  c.get(whole);
  splatConstant(c, "float64", signed ? 2 ** 63 : 2 ** 64);
  c.op("f64x2.ge");
  if (signed) c.i32(1).op("i64x2.shr_u");
  c.op("v128.or");
  c.free(whole, upper);
}
