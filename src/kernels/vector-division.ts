/**
 * Floor division and remainder of integer vectors by float division: exact, because a quotient that is no integer
 * is further from every integer than a division of floats with enough bits is from the quotient.
 *
 * For a, b below 2^n the distance is at least 1/b, and rounding moves a quotient by at most a/b * 2^-p, which is
 * less while n <= p: float32 (p = 24) serves 8 and 16 bits, float64 (p = 53) serves 32 bits, and 64-bit integers
 * while they are below 2^51.
 */
import { type DType, itemSize } from "../ir/dtype.js";
import type { Code } from "./assembler.js";
import {
  emitHalves,
  emitZeros,
  integerShape,
  isSigned,
  signOf,
  splatConstant,
  splatInteger,
} from "./vector-lanes.js";

type Division = "floorDivide" | "remainder";

/** Integers are the low bits of a float near this one; negative ones too. */
const MAGIC32 = 1.5 * 2 ** 23;
const MAGIC64 = 1.5 * 2 ** 52;

/** Division by 0 gives 0. `byLane` leaves the result too: for what is too large. */
export function emitIntegerDivision(
  c: Code,
  fn: Division,
  on: DType,
  a: number,
  b: number,
  lanes: number,
  byLane: () => void,
): void {
  const size = itemSize(on);
  const divide = (): void => {
    if (size === 8) emitDivision64(c, fn, on, a, b);
    else if (size === 4) emitDivision32(c, fn, on, a, b, lanes);
    else emitNarrowDivision(c, fn, size, signOf(on), a, b, lanes);
    c.get(b);
    emitZeros(c);
    c.op(`${integerShape(size)}.ne`, "v128.and");
  };
  if (size < 8) {
    divide();
    return;
  }
  emitTooLarge(c, isSigned(on), a, b);
  c.if("v128", byLane, divide);
}

/** Widens until lanes have 32 bits. */
function emitNarrowDivision(
  c: Code,
  fn: Division,
  size: number,
  sign: "s" | "u",
  a: number,
  b: number,
  lanes: number,
): void {
  const [shape, wide] = [integerShape(size), integerShape(2 * size)];
  emitHalves(c, size, lanes, (half, count) => {
    const widened = [a, b].map((x) => {
      c.get(x).op(`${wide}.extend_${half}_${shape}_${sign}`);
      if (size === 2) c.op("f32x4.convert_i32x4_s");
      return c.keep("v128");
    }) as [number, number];
    if (size === 1) emitNarrowDivision(c, fn, 2, sign, ...widened, count);
    else {
      emitFloorQuotient(c, "f32x4", fn, ...widened);
      splatConstant(c, "float32", MAGIC32);
      c.op("f32x4.add");
    }
    c.free(...widened);
  });
}

/** The quotient of floats, or what it leaves over, as a whole number. */
function emitFloorQuotient(
  c: Code,
  shape: "f32x4" | "f64x2",
  fn: Division,
  a: number,
  b: number,
): void {
  if (fn === "remainder") c.get(a);
  c.get(a, b).op(`${shape}.div`, `${shape}.floor`);
  if (fn === "remainder") c.get(b).op(`${shape}.mul`, `${shape}.sub`);
}

function emitDivision32(
  c: Code,
  fn: Division,
  on: DType,
  a: number,
  b: number,
  lanes: number,
): void {
  emitHalves(c, 4, lanes, (half) => {
    const floats = [a, b].map((x) => {
      c.get(x);
      if (half === "high") c.get(x).shuffle([8, 9, 10, 11, 12, 13, 14, 15]);
      c.op(`f64x2.convert_low_i32x4_${signOf(on)}`);
      return c.keep("v128");
    }) as [number, number];
    emitFloorQuotient(c, "f64x2", fn, ...floats);
    splatConstant(c, "float64", MAGIC64);
    c.op("f64x2.add");
    c.free(...floats);
  });
}

/** Whether any lane is outside -2^51..2^51, or above 2^51 if unsigned. */
function emitTooLarge(c: Code, signed: boolean, a: number, b: number): void {
  for (const x of [a, b]) {
    c.get(x);
    if (!signed) continue;
    splatInteger(c, 8, 2n ** 51n);
    c.op("i64x2.add");
  }
  c.op("v128.or");
  // Sums that are in range have at most 52 bits, and so has what they have in common.
  splatInteger(c, 8, signed ? -(2n ** 52n) : -(2n ** 51n));
  c.op("v128.and", "v128.any_true");
}

function emitDivision64(c: Code, fn: Division, on: DType, a: number, b: number): void {
  const magic = isSigned(on) ? MAGIC64 : 2 ** 52;
  const bits = isSigned(on) ? 0x4338000000000000n : 0x4330000000000000n;
  const floats = [a, b].map((x) => {
    c.get(x);
    splatInteger(c, 8, bits);
    c.op("i64x2.add");
    splatConstant(c, "float64", magic);
    c.op("f64x2.sub");
    return c.keep("v128");
  }) as [number, number];
  emitFloorQuotient(c, "f64x2", fn, ...floats);
  c.free(...floats);
  splatConstant(c, "float64", magic);
  c.op("f64x2.add");
  splatInteger(c, 8, bits);
  c.op("i64x2.sub");
}
