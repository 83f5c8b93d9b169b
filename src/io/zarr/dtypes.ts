/**
 * Stored dtypes: how Zarr v2 and v3 spell them, what a read delivers for them, and their fill values as bytes.
 * float16 and bfloat16 exist in storage only; they are delivered as float32.
 */
import { ZarrError } from "../../errors.js";
import {
  type DType,
  integerRange,
  isComplex,
  isDType,
  isInteger,
  itemSize,
  type RealDType,
} from "../../ir/dtype.js";
import type { Json } from "./json.js";

export type StoredDType = DType | "float16" | "bfloat16";
export type Endian = "little" | "big";

export const storedSize = (dtype: StoredDType): number =>
  dtype === "float16" || dtype === "bfloat16" ? 2 : itemSize(dtype);
export const deliveredDType = (dtype: StoredDType): DType =>
  dtype === "float16" || dtype === "bfloat16" ? "float32" : dtype;
/** Bytes that are swapped together: half an element for complex. */
export const wordSize = (dtype: StoredDType): number =>
  dtype === "complex64" ? 4 : dtype === "complex128" ? 8 : storedSize(dtype);

const SUPPORTED =
  "supported are bool, int8 to int64, uint8 to uint64, float16, bfloat16, float32, float64, complex64 and complex128";
const unsupported = (what: string, value: unknown): ZarrError =>
  new ZarrError(`${what} ${JSON.stringify(value)} is not supported`, { hint: SUPPORTED });

/** `data_type` of v3. */
export function dtypeFromV3(value: Json | undefined): StoredDType {
  if (value === "float16" || value === "bfloat16" || isDType(value)) return value;
  throw unsupported("data_type", value ?? null);
}

const V2: Readonly<Record<string, StoredDType>> = {
  b1: "bool",
  i1: "int8",
  i2: "int16",
  i4: "int32",
  i8: "int64",
  u1: "uint8",
  u2: "uint16",
  u4: "uint32",
  u8: "uint64",
  f2: "float16",
  f4: "float32",
  f8: "float64",
  c8: "complex64",
  c16: "complex128",
};

/** `dtype` of v2, such as `<f4`. */
export function dtypeFromV2(value: Json | undefined): { dtype: StoredDType; endian: Endian } {
  if (value === "bfloat16") return { dtype: "bfloat16", endian: "little" };
  const match = typeof value === "string" ? /^([<>|=])([a-z]\d+)$/.exec(value) : null;
  const dtype = match === null ? undefined : V2[match[2] as string];
  if (dtype === undefined) throw unsupported("dtype", value ?? null);
  return { dtype, endian: match?.[1] === ">" ? "big" : "little" };
}

/** A real dtype in v2 spelling inside a filter's configuration; only little-endian ones. */
export function realFromV2(value: unknown, what: string): RealDType {
  const { dtype, endian } = dtypeFromV2(value as Json);
  if (endian === "big" || dtype === "float16" || dtype === "bfloat16" || isComplex(dtype)) {
    throw new ZarrError(`${what} ${JSON.stringify(value)} is not supported`);
  }
  return dtype;
}

const SPECIAL: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
};

/**
 * The little-endian bytes of one delivered element that stands for a missing chunk. Integers are exact at any
 * size; hexadecimal strings are raw bits of the stored dtype; v2 `null` is zero.
 */
export function fillBytes(value: Json | undefined, dtype: StoredDType, version: 2 | 3): number[] {
  const bytes = new Uint8Array(itemSize(deliveredDType(dtype)));
  if (version === 2 && (value === null || value === undefined)) return [...bytes];
  if (!putFill(value, dtype, new DataView(bytes.buffer))) {
    throw new ZarrError(`fill_value ${show(value)} is not a ${dtype}`);
  }
  return [...bytes];
}

const show = (value: Json | undefined): string =>
  typeof value === "bigint" ? `${value}` : (JSON.stringify(value) ?? "is missing, which");

function putFill(value: Json | undefined, dtype: StoredDType, view: DataView): boolean {
  if (isDType(dtype) && isComplex(dtype)) return putComplex(value, dtype, view);
  if (dtype === "bool") {
    if (![true, false, 0, 1].includes(value as boolean)) return false;
    view.setUint8(0, Number(value));
    return true;
  }
  if (isDType(dtype) && isInteger(dtype)) {
    if (typeof value !== "bigint" && !(typeof value === "number" && Number.isInteger(value))) {
      return false;
    }
    const exact = BigInt(value);
    const [low, high] = integerRange(dtype);
    if (exact < low || exact > high) return false;
    for (let i = 0; i < view.byteLength; i++) {
      view.setUint8(i, Number((exact >> BigInt(8 * i)) & 255n));
    }
    return true;
  }
  return putFloat(value, dtype, view, 0);
}

function putComplex(value: Json | undefined, dtype: DType, view: DataView): boolean {
  const part = dtype === "complex64" ? "float32" : "float64";
  const half = view.byteLength / 2;
  if (Array.isArray(value)) {
    return (
      value.length === 2 &&
      putFloat(value[0], part, view, 0) &&
      putFloat(value[1], part, view, half)
    );
  }
  if (typeof value === "string" && SPECIAL[value] === undefined) {
    const raw = Buffer.from(value, "base64");
    if (raw.length !== view.byteLength) return false;
    for (let i = 0; i < raw.length; i++) view.setUint8(i, raw[i] as number);
    return true;
  }
  return putFloat(value, part, view, 0);
}

function putFloat(
  value: Json | undefined,
  dtype: StoredDType,
  view: DataView,
  at: number,
): boolean {
  let number: number | undefined;
  if (typeof value === "number" || typeof value === "bigint") number = Number(value);
  else if (typeof value === "string") {
    const size = storedSize(dtype);
    if (new RegExp(`^0x[0-9a-fA-F]{${2 * size}}$`).test(value)) {
      return putBits(BigInt(value), dtype, view, at);
    }
    number = SPECIAL[value];
  }
  if (number === undefined) return false;
  if (dtype === "float64") view.setFloat64(at, number, true);
  else view.setFloat32(at, roundStored(number, dtype), true);
  return true;
}

function putBits(bits: bigint, dtype: StoredDType, view: DataView, at: number): boolean {
  if (dtype === "float64") view.setBigUint64(at, bits, true);
  else if (dtype === "float32") view.setUint32(at, Number(bits), true);
  else view.setUint32(at, widenBits(Number(bits), dtype === "bfloat16"), true);
  return true;
}

/** Bits of the float32 with the value of a float16 (or bfloat16) given by its bits. */
export function widenBits(half: number, brain: boolean): number {
  if (brain) return (half << 16) >>> 0;
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 31;
  let fraction = half & 1023;
  if (exponent === 31) return (sign | 0x7f800000 | (fraction << 13)) >>> 0;
  if (exponent > 0) return (sign | ((exponent + 112) << 23) | (fraction << 13)) >>> 0;
  if (fraction === 0) return sign >>> 0;
  const shift = Math.clz32(fraction) - 21;
  fraction = (fraction << shift) & 1023;
  return (sign | ((113 - shift) << 23) | (fraction << 13)) >>> 0;
}

/** A fill value is an element of the stored dtype, so it is rounded to it (to nearest, ties to even). */
function roundStored(value: number, dtype: StoredDType): number {
  if (dtype === "float32" || !Number.isFinite(value) || value === 0) return value;
  const [precision, lowest, largest] =
    dtype === "float16" ? [10, -14, 65_504] : [7, -126, 3.3895313892515355e38];
  const exponent = Math.max(lowest as number, Math.floor(Math.log2(Math.abs(value))));
  const unit = 2 ** (exponent - (precision as number));
  const scaled = Math.abs(value) / unit;
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const up = rest > 0.5 || (rest === 0.5 && floor % 2 === 1);
  const rounded = (floor + Number(up)) * unit;
  return Math.sign(value) * (rounded > (largest as number) ? Number.POSITIVE_INFINITY : rounded);
}
