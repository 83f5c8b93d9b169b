/**
 * Floor division and remainder of float vectors, by the steps of NumPy's `npy_divmod` (header of `ir/scalar.ts`).
 * These begin with the exact remainder of the truncated quotient, which is `a - trunc(a / b) * b` wherever every
 * step of that is exact; elsewhere lanes are taken one by one.
 *
 * For float32 the steps are float64 ones, and |a / b| < 2^29. Let u be the last place of b, of which a is a multiple
 * if |a| >= |b|. The quotient has at most 29 bits and b has 24: their product is exact. The difference is a multiple
 * of u below |b|: exact. The truncation is right: a quotient that is no integer is at least u / |b| > 2^-24 away
 * from every integer, and rounding moves it by at most 2^-53 * 2^29.
 *
 * For float64, |a / b| < 2^26, and b is split into upper 27 bits and a rest of at most 26, whose products with the
 * truncated quotient t are exact. `a - t * upper` is exact: for t >= 2 its terms are within a factor of two of each
 * other; for t = 1 it is below 2^53 u, or below 2^54 u and a multiple of 2 u because a and `upper` are. The
 * difference from that is the remainder, a multiple of u of at most |b|: exact. A quotient just below an integer may
 * have been rounded to it; then the remainder has the wrong sign and lacks one |b|, and adding that is exact.
 *
 * |a| < |b| leaves a, whatever the steps make of infinite b.
 */
import type { DType } from "../ir/dtype.js";
import { itemSize } from "../ir/dtype.js";
import type { Code } from "./assembler.js";
import { emitSignBits, emitZeros, shapeOf, splatConstant, splatInteger } from "./vector-lanes.js";

type Division = "floorDivide" | "remainder";

/** `byLane` leaves the result too, for quotients that are too large (or infinite). */
export function emitFloatDivision(
  c: Code,
  fn: Division,
  on: DType,
  a: number,
  b: number,
  lanes: number,
  byLane: () => void,
): void {
  const finish = (rest: number, quotient: () => void): void => {
    if (fn === "remainder") emitRemainder(c, on, b, rest);
    else emitFloorQuotient(c, on, a, b, rest, quotient);
    c.free(rest);
  };
  if (on === "float64") {
    c.get(a, b).op("f64x2.div");
    const quotient = c.keep("v128");
    emitReaches(c, quotient, 2 ** 26);
    c.op("v128.any_true");
    c.if("v128", byLane, () => finish(emitRest64(c, a, b, quotient), () => c.get(quotient)));
    c.free(quotient);
    return;
  }
  const halves = emitWideQuotients(c, a, b, lanes);
  halves.forEach(({ quotient }, i) => {
    emitReaches(c, quotient, 2 ** 29);
    if (i > 0) c.op("v128.or");
  });
  c.op("v128.any_true");
  c.if("v128", byLane, () =>
    finish(emitRest32(c, a, b, halves), () => c.get(a, b).op("f32x4.div")),
  );
  for (const half of halves) c.free(half.a, half.b, half.quotient);
}

/** Mask of float64 lanes that are `limit` or more; not of NaN, with which the steps give NaN as they should. */
function emitReaches(c: Code, x: number, limit: number): void {
  c.get(x).op("f64x2.abs");
  splatConstant(c, "float64", limit);
  c.op("f64x2.ge");
}

/** Where |a| < |b|, the stack's vector becomes a. */
function emitSmaller(c: Code, shape: string, a: number, b: number): void {
  const rest = c.keep("v128");
  c.get(a, rest, a).op(`${shape}.abs`).get(b).op(`${shape}.abs`, `${shape}.lt`, "v128.bitselect");
  c.free(rest);
}

interface Half {
  readonly a: number;
  readonly b: number;
  readonly quotient: number;
}

/** Float32 lanes as float64 ones, two by two, in locals. */
function emitWideQuotients(c: Code, a: number, b: number, lanes: number): Half[] {
  const starts = lanes > 2 ? [0, 8] : [0];
  return starts.map((start) => {
    const [wideA, wideB] = [a, b].map((x) => {
      c.get(x);
      if (start > 0) c.get(x).shuffle([8, 9, 10, 11, 12, 13, 14, 15]);
      c.op("f64x2.promote_low_f32x4");
      return c.keep("v128");
    }) as [number, number];
    c.get(wideA, wideB).op("f64x2.div");
    return { a: wideA, b: wideB, quotient: c.keep("v128") };
  });
}

function emitRest32(c: Code, a: number, b: number, halves: readonly Half[]): number {
  for (const half of halves) {
    c.get(half.a, half.quotient).op("f64x2.trunc").get(half.b);
    c.op("f64x2.mul", "f64x2.sub", "f32x4.demote_f64x2_zero");
  }
  if (halves.length > 1) c.shuffle([0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]);
  emitSmaller(c, "f32x4", a, b);
  return c.keep("v128");
}

function emitRest64(c: Code, a: number, b: number, quotient: number): number {
  c.get(quotient).op("f64x2.trunc");
  const t = c.keep("v128");
  c.get(b);
  splatInteger(c, 8, -(2n ** 26n));
  c.op("v128.and");
  const upper = c.keep("v128");
  c.get(a, t, upper).op("f64x2.mul", "f64x2.sub").get(t, b, upper);
  c.op("f64x2.sub", "f64x2.mul", "f64x2.sub");
  const rest = c.keep("v128");
  c.get(rest);
  // |b| with the sign of a, where the signs of the rest and a differ.
  c.get(a, b);
  emitSignBits(c, 8);
  c.op("v128.bitselect");
  emitDiffers(c, "float64", rest, a);
  c.op("v128.and", "f64x2.add");
  emitSmaller(c, "f64x2", a, b);
  c.free(t, upper, rest);
  return c.keep("v128");
}

/** Mask of the lanes where `rest` is not 0 and has another sign than `x`. */
function emitDiffers(c: Code, on: DType, rest: number, x: number): void {
  const shape = shapeOf(on);
  for (const local of [rest, x]) {
    c.get(local);
    emitZeros(c);
    c.op(`${shape}.lt`);
  }
  c.op("v128.xor").get(rest);
  emitZeros(c);
  c.op(`${shape}.ne`, "v128.and");
}

/** Python's remainder: with the sign of b. */
function emitRemainder(c: Code, on: DType, b: number, rest: number): void {
  const shape = shapeOf(on);
  c.get(b);
  emitSignBits(c, itemSize(on));
  c.op("v128.and").get(rest, b);
  emitDiffers(c, on, rest, b);
  c.op("v128.and", `${shape}.add`).get(rest);
  emitZeros(c);
  c.op(`${shape}.eq`, "v128.bitselect");
}

/** The quotient of what the rest leaves, one less if the signs differ, to the nearest integer. */
function emitFloorQuotient(
  c: Code,
  on: DType,
  a: number,
  b: number,
  rest: number,
  quotient: () => void,
): void {
  const shape = shapeOf(on);
  quotient();
  const plain = c.keep("v128");
  c.get(a, rest).op(`${shape}.sub`).get(b).op(`${shape}.div`);
  splatConstant(c, on, 1);
  emitDiffers(c, on, rest, b);
  c.op("v128.and", `${shape}.sub`);
  const whole = c.keep("v128");
  // The sign of a zero is that of a / b.
  c.get(plain);
  emitSignBits(c, itemSize(on));
  c.op("v128.and");
  c.get(whole).op(`${shape}.floor`);
  const floor = c.keep("v128");
  c.get(floor);
  splatConstant(c, on, 1);
  c.get(whole, floor).op(`${shape}.sub`);
  splatConstant(c, on, 0.5);
  c.op(`${shape}.gt`, "v128.and", `${shape}.add`);
  c.get(whole);
  emitZeros(c);
  c.op(`${shape}.eq`, "v128.bitselect").set(whole);
  c.get(plain, whole, b);
  emitZeros(c);
  c.op(`${shape}.eq`, "v128.bitselect");
  c.free(plain, whole, floor);
}
