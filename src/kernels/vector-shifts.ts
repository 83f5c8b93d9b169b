/**
 * Shifts on vectors. WebAssembly shifts all lanes by one count; counts that differ are made powers of two, by which
 * the lanes are multiplied: a shift to the right is the upper half of a product.
 */
import { type DType, itemSize } from "../ir/dtype.js";
import type { Code } from "./assembler.js";
import {
  emitHalves,
  emitZeros,
  integerShape,
  isSigned,
  splatInteger,
  type Vector,
} from "./vector-lanes.js";

/** Counts that are negative or >= the width shift everything out. */
export function emitShiftLanes(
  c: Code,
  fn: "bitwiseLeftShift" | "bitwiseRightShift",
  on: DType,
  a: number,
  b: Vector,
  lanes: number,
): void {
  const size = itemSize(on);
  const left = fn === "bitwiseLeftShift";
  const shift = (x: number): void => {
    if (b.repeated) emitByOneCount(c, size, left, x, b.local);
    else if (size === 8) emitShift64(c, left, x, b.local);
    else if (left) emitLeftShift(c, size, x, b.local, lanes);
    else emitRightShift(c, size, x, b.local, lanes);
  };
  if (left || !isSigned(on)) {
    shift(a);
    return;
  }
  // A negative number is turned around, shifted as the unsigned number that it is then, and turned back.
  c.get(a);
  emitZeros(c);
  c.op(`${integerShape(size)}.lt_s`);
  const sign = c.keep("v128");
  c.get(a, sign).op("v128.xor");
  const magnitude = c.keep("v128");
  shift(magnitude);
  c.get(sign).op("v128.xor");
  c.free(sign, magnitude);
}

function emitByOneCount(c: Code, size: number, left: boolean, a: number, b: number): void {
  const shape = integerShape(size);
  const type = size === 8 ? "i64" : "i32";
  c.get(b).lane(`${shape}.extract_lane${size < 4 ? "_s" : ""}`, 0);
  const count = c.keep(type);
  c.get(a, count);
  if (size === 8) c.op("i32.wrap_i64");
  c.op(`${shape}.${left ? "shl" : "shr_u"}`);
  c.i32(0).get(count);
  if (size === 8) c.i64(64n);
  else c.i32(8 * size);
  // All bits are kept, or none.
  c.op(`${type}.lt_u`, "i32.sub", "i32x4.splat", "v128.and");
  c.free(count);
}

/** Two lanes: each is shifted by its own count, with its neighbour, which is left out. */
function emitShift64(c: Code, left: boolean, a: number, b: number): void {
  for (const lane of [0, 1])
    c.get(a, b)
      .lane("i64x2.extract_lane", lane)
      .op("i32.wrap_i64", `i64x2.${left ? "shl" : "shr_u"}`);
  c.shuffle([0, 1, 2, 3, 4, 5, 6, 7, 24, 25, 26, 27, 28, 29, 30, 31]).get(b);
  splatInteger(c, 8, ~63n);
  c.op("v128.and");
  emitZeros(c);
  c.op("i64x2.eq", "v128.and");
}

/** By byte: the powers of two that a byte can hold; beyond them 0. */
const POWERS = Uint8Array.from({ length: 16 }, (_, i) => (i < 8 ? 1 << i : 0));

/**
 * Counts on the stack -> 2^count in every lane. Only the low byte of a lane is looked at; counts from the width to
 * the width + 8, and 255, give 0.
 */
function emitPowersOfTwo(c: Code, size: number): void {
  const counts = c.keep("v128");
  c.get(counts);
  if (size > 1) {
    // Every byte of a lane asks for its own eight bits of the power.
    c.get(counts).shuffle(Array.from({ length: 16 }, (_, i) => i - (i % size)));
    c.v128(Uint8Array.from({ length: 16 }, (_, i) => -8 * (i % size))).op("i8x16.add");
  }
  c.set(counts).v128(POWERS).get(counts).op("i8x16.swizzle");
  c.free(counts);
}

/** The counts, those beyond the width as the width. */
function getCounts(c: Code, size: number, b: number): void {
  c.get(b);
  splatInteger(c, size, 8 * size);
  c.op(`${integerShape(size)}.min_u`);
}

function emitLeftShift(c: Code, size: number, a: number, b: number, lanes: number): void {
  getCounts(c, size, b);
  emitPowersOfTwo(c, size);
  const powers = c.keep("v128");
  if (size > 1) c.get(a, powers).op(`${integerShape(size)}.mul`);
  else emitHalves(c, 1, lanes, (half) => c.get(a, powers).op(`i16x8.extmul_${half}_i8x16_u`));
  c.free(powers);
}

/** `a * 2^(width - 1 - count)`, of which `width - 1` bits are shifted out. */
function emitRightShift(c: Code, size: number, a: number, b: number, lanes: number): void {
  const [shape, wide] = [integerShape(size), integerShape(2 * size)];
  const most = 8 * size - 1;
  splatInteger(c, size, most);
  getCounts(c, size, b);
  c.op(`${shape}.sub`);
  emitPowersOfTwo(c, size);
  const powers = c.keep("v128");
  emitHalves(c, size, lanes, (half) => {
    c.get(a, powers).op(`${wide}.extmul_${half}_${shape}_u`).i32(most).op(`${wide}.shr_u`);
  });
  c.free(powers);
}
