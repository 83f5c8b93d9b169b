/**
 * Dtypes, their storage, and type promotion.
 *
 * Promotion follows the array-API standard, and NumPy 2 where the standard is silent: mixed signedness goes
 * to the next wider signed integer (`int32 + uint32 -> int64`, `int64 + uint64 -> float64`), an integer
 * beside a float goes to the smallest float that holds it (`int16 + float32 -> float32`,
 * `int32 + float32 -> float64`), and bool is the narrowest of all.
 *
 * float16 and bfloat16 are storage dtypes only: a source stored so is a float32 node.
 */

export type BoolDType = "bool";
export type SignedDType = "int8" | "int16" | "int32" | "int64";
export type UnsignedDType = "uint8" | "uint16" | "uint32" | "uint64";
export type IntegerDType = SignedDType | UnsignedDType;
export type FloatDType = "float32" | "float64";
export type ComplexDType = "complex64" | "complex128";
export type RealDType = BoolDType | IntegerDType | FloatDType;
export type DType = RealDType | ComplexDType;

export type DTypeKind = "bool" | "int" | "uint" | "float" | "complex";

export interface DTypeInfo {
  readonly kind: DTypeKind;
  /** Bytes per element. */
  readonly size: number;
}

const INFO: Readonly<Record<DType, DTypeInfo>> = {
  bool: { kind: "bool", size: 1 },
  int8: { kind: "int", size: 1 },
  int16: { kind: "int", size: 2 },
  int32: { kind: "int", size: 4 },
  int64: { kind: "int", size: 8 },
  uint8: { kind: "uint", size: 1 },
  uint16: { kind: "uint", size: 2 },
  uint32: { kind: "uint", size: 4 },
  uint64: { kind: "uint", size: 8 },
  float32: { kind: "float", size: 4 },
  float64: { kind: "float", size: 8 },
  complex64: { kind: "complex", size: 8 },
  complex128: { kind: "complex", size: 16 },
};

export const DTYPES: readonly DType[] = Object.keys(INFO) as DType[];
export const REAL_DTYPES: readonly RealDType[] = DTYPES.filter(
  (d): d is RealDType => INFO[d].kind !== "complex",
);

export const isDType = (value: unknown): value is DType =>
  typeof value === "string" && Object.hasOwn(INFO, value);
export const kindOf = (dtype: DType): DTypeKind => INFO[dtype].kind;
export const itemSize = (dtype: DType): number => INFO[dtype].size;
export const isInteger = (dtype: DType): dtype is IntegerDType =>
  INFO[dtype].kind === "int" || INFO[dtype].kind === "uint";
export const isFloat = (dtype: DType): dtype is FloatDType => INFO[dtype].kind === "float";
export const isComplex = (dtype: DType): dtype is ComplexDType => INFO[dtype].kind === "complex";
/** The dtype of the real and the imaginary part of a complex dtype; other dtypes are their own. */
export const partOf = (dtype: DType): DType =>
  dtype === "complex64" ? "float32" : dtype === "complex128" ? "float64" : dtype;
/** int64 and uint64: their elements are bigints in JavaScript. */
export const isBig = (dtype: DType): dtype is "int64" | "uint64" =>
  dtype === "int64" || dtype === "uint64";

/** The JavaScript array that holds elements of a dtype: bool as bytes, complex as interleaved pairs. */
export type ArrayFor<D extends DType> = D extends "bool" | "uint8"
  ? Uint8Array
  : D extends "int8"
    ? Int8Array
    : D extends "int16"
      ? Int16Array
      : D extends "uint16"
        ? Uint16Array
        : D extends "int32"
          ? Int32Array
          : D extends "uint32"
            ? Uint32Array
            : D extends "int64"
              ? BigInt64Array
              : D extends "uint64"
                ? BigUint64Array
                : D extends "float32" | "complex64"
                  ? Float32Array
                  : Float64Array;

export type TypedArray = ArrayFor<DType>;

/** A JavaScript value of one element. Complex elements are `[re, im]`. */
export type ElementFor<D extends DType> = D extends "bool"
  ? boolean
  : D extends "int64" | "uint64"
    ? bigint
    : D extends ComplexDType
      ? readonly [number, number]
      : number;

export interface TypedArrayConstructor {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): TypedArray;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): TypedArray;
}

const ARRAYS: Readonly<Record<DType, unknown>> = {
  bool: Uint8Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  float32: Float32Array,
  float64: Float64Array,
  complex64: Float32Array,
  complex128: Float64Array,
};

/** The typed-array class of a dtype. */
export const arrayClass = (dtype: DType): TypedArrayConstructor =>
  ARRAYS[dtype] as TypedArrayConstructor;

/** Array slots per element: 2 for complex, 1 otherwise. */
export const slotsPerElement = (dtype: DType): 1 | 2 => (INFO[dtype].kind === "complex" ? 2 : 1);

/** A typed array of `elements` elements over `buffer` at `byteOffset`. */
export function viewOf(
  dtype: DType,
  buffer: ArrayBufferLike,
  byteOffset: number,
  elements: number,
): TypedArray {
  return new (arrayClass(dtype))(buffer, byteOffset, elements * slotsPerElement(dtype));
}

/** The dtype that a typed array holds by itself (Uint8Array is uint8; complex cannot be told from float). */
export function dtypeOfArray(array: ArrayBufferView): RealDType | undefined {
  switch (Object.prototype.toString.call(array).slice(8, -1)) {
    case "Int8Array":
      return "int8";
    case "Uint8Array":
    case "Uint8ClampedArray":
      return "uint8";
    case "Int16Array":
      return "int16";
    case "Uint16Array":
      return "uint16";
    case "Int32Array":
      return "int32";
    case "Uint32Array":
      return "uint32";
    case "BigInt64Array":
      return "int64";
    case "BigUint64Array":
      return "uint64";
    case "Float32Array":
      return "float32";
    case "Float64Array":
      return "float64";
    default:
      return undefined;
  }
}

const SIGNED_BY_BITS: Readonly<Record<number, SignedDType>> = {
  8: "int8",
  16: "int16",
  32: "int32",
  64: "int64",
};

/**
 * The dtype in which two operands meet. Total: every pair of dtypes promotes.
 *
 * @example promote("uint8", "int8") // "int16"
 */
export function promote(a: DType, b: DType): DType {
  if (a === b) return a;
  if (a === "bool") return b;
  if (b === "bool") return a;
  const ka = INFO[a].kind;
  const kb = INFO[b].kind;
  if (ka === "complex" || kb === "complex") {
    const parts = [a, b].map(
      (d): DType => (d === "complex64" ? "float32" : d === "complex128" ? "float64" : d),
    );
    return promote(parts[0] as DType, parts[1] as DType) === "float32" ? "complex64" : "complex128";
  }
  if (ka === "float" || kb === "float") {
    if (ka === "float" && kb === "float") return "float64";
    const float = (ka === "float" ? a : b) as FloatDType;
    const integer = ka === "float" ? b : a;
    return float === "float32" && INFO[integer].size <= 2 ? "float32" : "float64";
  }
  if (ka === kb) return INFO[a].size >= INFO[b].size ? a : b;
  const signed = ka === "int" ? a : b;
  const unsigned = ka === "int" ? b : a;
  if (INFO[signed].size > INFO[unsigned].size) return signed;
  const bits = INFO[unsigned].size * 16;
  return bits > 64 ? "float64" : (SIGNED_BY_BITS[bits] as SignedDType);
}

/**
 * The dtype in which any number of operands meet, in whatever order they come. Floating-point and complex dtypes meet
 * first and then every integer by itself: integers that would need float64 among themselves do not widen a float32
 * that holds each of them (NumPy 2's rule). Nothing at all is bool, the neutral element.
 *
 * @example promoteAll("int8", "uint16", "float32") // "float32"
 */
export function promoteAll(...dtypes: readonly DType[]): DType {
  const inexact = dtypes.filter((d) => isFloat(d) || isComplex(d));
  return [...inexact, ...dtypes].reduce<DType>(promote, "bool");
}

/** Inclusive range of an integer dtype. */
export function integerRange(dtype: IntegerDType): readonly [bigint, bigint] {
  const bits = BigInt(INFO[dtype].size * 8);
  return INFO[dtype].kind === "int"
    ? [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n]
    : [0n, (1n << bits) - 1n];
}
