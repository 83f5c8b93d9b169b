/** Dtypes at the type level: what two operands give, and the small dtype families of function results. */
import type { ComplexDType, DType, FloatDType, IntegerDType } from "../ir/dtype.js";

type F = "float32";
type G = "float64";
type C = "complex64";
type Z = "complex128";

/** `promote` of `ir/dtype.ts` as a table: one row per left dtype, one entry per right dtype. */
interface Promotions {
  bool: { [D in DType]: D };
  int8: Row<"int8", "int8", "int16", "int32", "int64", "int16", "int32", "int64", G, F, C>;
  int16: Row<"int16", "int16", "int16", "int32", "int64", "int16", "int32", "int64", G, F, C>;
  int32: Row<"int32", "int32", "int32", "int32", "int64", "int32", "int32", "int64", G, G, Z>;
  int64: Row<"int64", "int64", "int64", "int64", "int64", "int64", "int64", "int64", G, G, Z>;
  uint8: Row<
    "uint8",
    "int16",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    F,
    C
  >;
  uint16: Row<
    "uint16",
    "int32",
    "int32",
    "int32",
    "int64",
    "uint16",
    "uint16",
    "uint32",
    "uint64",
    F,
    C
  >;
  uint32: Row<
    "uint32",
    "int64",
    "int64",
    "int64",
    "int64",
    "uint32",
    "uint32",
    "uint32",
    "uint64",
    G,
    Z
  >;
  uint64: Row<"uint64", G, G, G, G, "uint64", "uint64", "uint64", "uint64", G, Z>;
  float32: FloatRow<F, F, G, F, G, C>;
  float64: FloatRow<G, G, G, G, G, Z>;
  complex64: FloatRow<C, C, Z, C, Z, C>;
  complex128: FloatRow<Z, Z, Z, Z, Z, Z>;
}

/** Row of an integer dtype: with itself or bool, the integers by width, float32 and complex64. */
interface Row<
  Self extends DType,
  I8 extends DType,
  I16 extends DType,
  I32 extends DType,
  I64 extends DType,
  U8 extends DType,
  U16 extends DType,
  U32 extends DType,
  U64 extends DType,
  F32 extends DType,
  C64 extends DType,
> {
  bool: Self;
  int8: I8;
  int16: I16;
  int32: I32;
  int64: I64;
  uint8: U8;
  uint16: U16;
  uint32: U32;
  uint64: U64;
  float32: F32;
  float64: G;
  complex64: C64;
  complex128: Z;
}

/** Row of a float or complex dtype: with narrow (<= 16 bits) and wide integers, the floats, and complex64. */
interface FloatRow<
  Self extends DType,
  Narrow extends DType,
  Wide extends DType,
  F32 extends DType,
  F64 extends DType,
  C64 extends DType,
> {
  bool: Self;
  int8: Narrow;
  int16: Narrow;
  int32: Wide;
  int64: Wide;
  uint8: Narrow;
  uint16: Narrow;
  uint32: Wide;
  uint64: Wide;
  float32: F32;
  float64: F64;
  complex64: C64;
  complex128: Z;
}

/**
 * The dtype in which `A` and `B` meet.
 *
 * @example type T = Promote<"float32", "int16">; // "float32"
 */
/** A shape as an argument: the `shape` of any array will do, as long as no length of it is unknown. */
export type ShapeLike = number | readonly (number | null)[];

export type Promote<A extends DType, B extends DType> = Promotions[A][B] & DType;

type Inexact = {
  [D in DType]: D extends "float32" | "complex64" | "complex128" ? D : G;
};
/** float32 and complex dtypes stay, every other dtype is computed in float64. */
export type Floating<D extends DType> = Inexact[D];

type Summed = {
  bool: "int64";
  int8: "int64";
  int16: "int64";
  int32: "int64";
  int64: "int64";
  uint8: "uint64";
  uint16: "uint64";
  uint32: "uint64";
  uint64: "uint64";
  float32: F;
  float64: G;
  complex64: C;
  complex128: Z;
};
/** Dtype of sums and products. */
export type SumOf<D extends DType> = Summed[D];

type Scalared = { [D in DType]: D extends "bool" ? "bool" | "int64" | "float64" : D };
/** An array beside a JavaScript scalar: the array's dtype, except that bools take the scalar's kind. */
export type WithScalar<D extends DType> = Scalared[D];

type Numbered = { [D in DType]: D extends "bool" ? "int8" : D };
/** Arithmetic that bools do not have is done in int8. */
export type NumberOf<D extends DType> = Numbered[D];

type Parts = {
  [D in DType]: D extends "complex64" ? F : D extends "complex128" ? G : D;
};
/** Dtype of the real part, and of magnitudes. */
export type RealOf<D extends DType> = Parts[D];

/** A JavaScript scalar by itself. */
export type ScalarDType<S> = S extends boolean ? "bool" : S extends bigint ? "int64" : "float64";

export type { ComplexDType, DType, FloatDType, IntegerDType };
