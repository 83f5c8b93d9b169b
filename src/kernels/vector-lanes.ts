/**
 * What vector code of every kind is made of: vectors in locals, their lane shapes, constants in every lane, and
 * lanes that change their width.
 */
import { type DType, itemSize, kindOf } from "../ir/dtype.js";
import type { Code } from "./assembler.js";
import { emitNumber, typeOf } from "./scalar-code.js";

/** A vector in a local. `width` is the lane size of a mask, 0 for other dtypes. */
export interface Vector {
  readonly local: number;
  readonly dtype: DType;
  readonly width: number;
  /** Whether every lane is known to hold the same element. */
  readonly repeated?: boolean;
}

const INTEGER_SHAPES: Readonly<Record<number, string>> = {
  1: "i8x16",
  2: "i16x8",
  4: "i32x4",
  8: "i64x2",
};
export const integerShape = (size: number): string => INTEGER_SHAPES[size] as string;
export const shapeOf = (dtype: DType): string =>
  dtype === "float32" ? "f32x4" : dtype === "float64" ? "f64x2" : integerShape(itemSize(dtype));
export const isSigned = (dtype: DType): boolean => kindOf(dtype) === "int";
export const signOf = (dtype: DType): "s" | "u" => (isSigned(dtype) ? "s" : "u");

/** The instructions of a table for one shape, by function: whole names, which need not be put together every time. */
export const withShape = <K extends string>(
  shape: string,
  names: Partial<Record<K, string>>,
): Partial<Record<K, string>> =>
  Object.fromEntries(
    Object.entries(names).map(([fn, name]) => [fn, `${shape}.${name}`]),
  ) as Partial<Record<K, string>>;

/** `value` in every lane. */
export function splatConstant(c: Code, dtype: DType, value: number): void {
  emitNumber(c, typeOf(dtype), value);
  c.op(`${shapeOf(dtype)}.splat`);
}

/** An integer in every lane of `size` bytes. */
export function splatInteger(c: Code, size: number, value: number | bigint): void {
  if (size === 8) c.i64(BigInt(value));
  else c.i32(Number(value));
  c.op(`${integerShape(size)}.splat`);
}

/** All bits clear: 0 in every lane of any dtype, or a mask of nothing. */
export const emitZeros = (c: Code): void => void c.v128(new Uint8Array(16));

/** All bits set: a mask of everything. */
export const emitOnes = (c: Code): void => void c.v128(new Uint8Array(16).fill(0xff));

/** The sign bits of float lanes of `size` bytes. */
export function emitSignBits(c: Code, size: number): void {
  const bytes = new Uint8Array(16);
  for (let i = size - 1; i < 16; i += size) bytes[i] = 0x80;
  c.v128(bytes);
}

/** Vector on the stack, lanes of `from` bytes -> lanes of `to` bytes: extended, or their low bytes. */
export function emitResize(
  c: Code,
  from: number,
  to: number,
  lanes: number,
  signed: boolean,
): void {
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

/** Two vectors on the stack -> the low halves of their lanes of `size` bytes, those of the first one first. */
export function emitLowHalves(c: Code, size: number): void {
  const half = size / 2;
  c.shuffle(Array.from({ length: 16 }, (_, i) => Math.floor(i / half) * size + (i % half)));
}

/** A mask as one of lanes of `width` bytes. */
export function emitMask(c: Code, mask: Vector, width: number, lanes: number): void {
  c.get(mask.local);
  emitResize(c, mask.width, width, lanes, true);
}

/** Which half of two vectors an instruction takes. */
export type Half = "low" | "high";

/**
 * Runs `work`, which leaves lanes of `2 * size` bytes on the stack, for the low half of all lanes and, if lanes are
 * there, for the high half; keeps the low bytes of what it makes.
 */
export function emitHalves(
  c: Code,
  size: number,
  lanes: number,
  work: (half: Half, lanes: number) => void,
): void {
  const most = 8 / size;
  work("low", Math.min(lanes, most));
  if (lanes > most) {
    work("high", lanes - most);
    emitLowHalves(c, 2 * size);
  } else emitResize(c, 2 * size, size, lanes, true);
}
