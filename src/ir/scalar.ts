/**
 * Scalar expression trees: what one element of a `map` node is, as a function of one element of each input.
 *
 * A tree is small (one per user call); fusion flattens trees into a {@link ScalarProgram}, a list in
 * single-assignment form with no depth. Constants are `{ dtype, bits }`, so that -0 and 0, and NaN, survive
 * hashing and JSON.
 *
 * Meaning of every function, shared by kernels and reference (NumPy and the array-API standard's special
 * cases; integers wrap around):
 *  - `on` is the dtype of the (already cast) arguments; the result has dtype `on`, except for predicates,
 *    which give bool, `abs` and `imag` of complex numbers, which give the dtype of their parts, and `complex`,
 *    which makes a complex number of two parts.
 *  - float32 arithmetic rounds after every function. Transcendentals are formulas (`kernels/formulas`), with a form
 *    of their own for float32 that is within 0.51 units in the last place.
 *  - floorDivide and remainder follow Python (result has the divisor's sign); integer division by 0 gives 0.
 *  - shifts: a count that is negative or >= the width gives 0 (or -1 for `>>` of a negative number).
 *  - integer pow with a negative exponent gives 0, except 1**n = 1 and (-1)**n = +-1.
 *  - minimum/maximum propagate NaN; min(-0, 0) is -0 and max(-0, 0) is 0 in either order.
 *  - float floorDivide and remainder follow NumPy's npy_divmod step by step: fmod, then the quotient of what
 *    is left over, corrected to the divisor's sign; for float32 every step is a float32 one.
 *  - signbit and copysign take every NaN as positive: the sign of a NaN is not kept by arithmetic.
 *  - nextafter of equal arguments is the second one, which tells -0 from 0.
 *  - round is to nearest, ties to even.
 *  - randomBits(key, counter), on uint64 alone, is the first word of Threefry-2x64-20 (`ir/threefry.ts`);
 *    multiplyHigh, on uint64 alone, is the upper half of the product of 128 bits.
 *  - a float is cast to an integer by truncation, modulo 2^64 for in-range values; NaN and what lies
 *    outside the range of int64 (uint64 for uint64) saturates to the nearest end (NaN to 0), then wraps to the
 *    narrower dtype. To bool: x != 0. A complex number becomes real by dropping the imaginary part; to
 *    bool: either part != 0.
 *
 * On complex numbers:
 *  - a complex64 function is the complex128 one with each part rounded once; complex128 parts are computed in
 *    float64.
 *  - add, subtract, negative, conj, round and equality go part by part; isnan and isinf ask whether either part is,
 *    isfinite whether both are. multiply and square are `(ac - bd) + (ad + bc)j` as it stands, so that an
 *    infinite factor can give NaN, as in NumPy.
 *  - divide, reciprocal, sign, sqrt, pow and the transcendentals are those of `kernels/complex-math.ts`: the
 *    array-API standard's special cases (C99 Annex G), and NumPy's where it leaves them open.
 *  - functions that need an order (minimum, less, floor, remainder...) have no meaning.
 */
import { arrayClass, type DType, isBig, isComplex, itemSize, partOf } from "./dtype.js";

/** Functions from `on` to `on`. */
export const UNARY_FUNCTIONS = [
  "negative",
  "abs",
  "sign",
  "square",
  "sqrt",
  "floor",
  "ceil",
  "trunc",
  "round",
  "reciprocal",
  "bitwiseInvert",
  "exp",
  "expm1",
  "log",
  "log1p",
  "log2",
  "log10",
  "sin",
  "cos",
  "tan",
  "asin",
  "acos",
  "atan",
  "sinh",
  "cosh",
  "tanh",
  "asinh",
  "acosh",
  "atanh",
  "conj",
  "imag",
] as const;

/** Functions from (`on`, `on`) to `on`. */
export const BINARY_FUNCTIONS = [
  "add",
  "subtract",
  "multiply",
  "divide",
  "floorDivide",
  "remainder",
  "pow",
  "minimum",
  "maximum",
  "atan2",
  "hypot",
  "logaddexp",
  "copysign",
  "nextafter",
  "bitwiseAnd",
  "bitwiseOr",
  "bitwiseXor",
  "bitwiseLeftShift",
  "bitwiseRightShift",
  "complex",
  "randomBits",
  "multiplyHigh",
] as const;

/** Functions from `on` (twice, or once) to bool. For `on = "bool"` the bitwise functions are the logical ones. */
export const COMPARISONS = [
  "equal",
  "notEqual",
  "less",
  "lessEqual",
  "greater",
  "greaterEqual",
] as const;
export const PREDICATES = ["isnan", "isinf", "isfinite", "signbit"] as const;

export type UnaryFunction = (typeof UNARY_FUNCTIONS)[number];
export type BinaryFunction = (typeof BINARY_FUNCTIONS)[number];
export type Comparison = (typeof COMPARISONS)[number];
export type Predicate = (typeof PREDICATES)[number];
/**
 * One part of a complex function as a function of float64 parts (real, imaginary; of both arguments for two). Complex
 * programs are lowered to these; trees do not have them.
 */
export type PartFunction = `${UnaryFunction | BinaryFunction}.${"re" | "im"}`;
/** `where(condition: bool, a: on, b: on) -> on`. */
export type ScalarFunction =
  | UnaryFunction
  | BinaryFunction
  | Comparison
  | Predicate
  | PartFunction
  | "where";

const BOOL_RESULT: ReadonlySet<string> = new Set([...COMPARISONS, ...PREDICATES]);
const UNARY: ReadonlySet<string> = new Set([...UNARY_FUNCTIONS, ...PREDICATES]);
export const givesBool = (fn: ScalarFunction): boolean => BOOL_RESULT.has(fn);
/** Dtype of `fn` on arguments of dtype `on`. */
export function resultOf(fn: ScalarFunction, on: DType): DType {
  if (givesBool(fn)) return "bool";
  if (fn === "complex") return on === "float32" ? "complex64" : "complex128";
  return fn === "abs" || fn === "imag" ? partOf(on) : on;
}
export const arityOf = (fn: ScalarFunction): 1 | 2 | 3 =>
  fn === "where" ? 3 : UNARY.has(fn) ? 1 : 2;

/** The bits of one element, as lower-case hexadecimal without prefix, most significant digit first. */
export interface ScalarConstant {
  readonly dtype: DType;
  readonly bits: string;
}

export type Scalar =
  /** The element of input number `index`. */
  | { readonly kind: "arg"; readonly index: number; readonly dtype: DType }
  | { readonly kind: "const"; readonly dtype: DType; readonly bits: string }
  /** The global index along an axis of the node that owns the tree (only in `create` nodes); int64. */
  | { readonly kind: "index"; readonly axis: number; readonly dtype: "int64" }
  | { readonly kind: "cast"; readonly dtype: DType; readonly from: DType; readonly arg: Scalar }
  | {
      readonly kind: "call";
      readonly fn: ScalarFunction;
      readonly on: DType;
      readonly dtype: DType;
      readonly args: readonly Scalar[];
    };

/** One instruction of a flattened program; `args` are numbers of earlier instructions. */
export type ScalarOp =
  /** Load the element of operand `operand` (its dtype is the operand's). */
  | { readonly op: "load"; readonly operand: number; readonly dtype: DType }
  /** Constant number `param` of the program's `constants`; passed at run time so that kernels are shared. */
  | { readonly op: "const"; readonly param: number; readonly dtype: DType }
  /** The global index along loop axis `axis`; int64. */
  | { readonly op: "index"; readonly axis: number; readonly dtype: "int64" }
  | {
      readonly op: "cast";
      readonly dtype: DType;
      readonly from: DType;
      readonly args: readonly [number];
    }
  | {
      readonly op: "call";
      readonly fn: ScalarFunction;
      readonly on: DType;
      readonly dtype: DType;
      readonly args: readonly number[];
    };

export interface ScalarProgram {
  readonly ops: readonly ScalarOp[];
  readonly constants: readonly ScalarConstant[];
}

// ---------------------------------------------------------------------------------------------- builders

export const arg = (index: number, dtype: DType): Scalar => ({ kind: "arg", index, dtype });
export const indexOf = (axis: number): Scalar => ({ kind: "index", axis, dtype: "int64" });
export const cast = (value: Scalar, dtype: DType): Scalar =>
  value.dtype === dtype ? value : { kind: "cast", dtype, from: value.dtype, arg: value };
export const call = (fn: ScalarFunction, on: DType, ...args: readonly Scalar[]): Scalar => ({
  kind: "call",
  fn,
  on,
  dtype: resultOf(fn, on),
  args,
});

// -------------------------------------------------------------------------------------------- constants

const scratch = new DataView(new ArrayBuffer(16));

/**
 * The constant of `dtype` nearest to a JavaScript value. Integers wrap; callers check ranges first. Complex
 * values are `[re, im]`.
 */
export function constant(
  value: number | bigint | boolean | readonly [number, number],
  dtype: DType,
): Scalar & { kind: "const" } {
  return { kind: "const", dtype, bits: bitsOf(value, dtype) };
}

export function bitsOf(
  value: number | bigint | boolean | readonly [number, number],
  dtype: DType,
): string {
  if (isComplex(dtype)) {
    const [re, im] = typeof value === "object" ? value : [Number(value), 0];
    const part = dtype === "complex64" ? "float32" : "float64";
    return bitsOf(re, part) + bitsOf(im, part);
  }
  if (typeof value === "object") throw new TypeError("a pair is a complex value only");
  const size = itemSize(dtype);
  if (isBig(dtype)) {
    const big =
      typeof value === "number"
        ? BigInt(Number.isFinite(value) ? Math.trunc(value) : 0)
        : BigInt(value);
    return BigInt.asUintN(64, big).toString(16).padStart(16, "0");
  }
  switch (dtype) {
    case "bool":
      scratch.setUint8(0, Number(Boolean(value)));
      break;
    case "float32":
      scratch.setFloat32(0, Number(value));
      break;
    case "float64":
      scratch.setFloat64(0, Number(value));
      break;
    default: {
      const wrapped = BigInt.asUintN(size * 8, BigInt(Math.trunc(Number(value)) || 0));
      return wrapped.toString(16).padStart(size * 2, "0");
    }
  }
  let text = "";
  for (let i = 0; i < size; i++) text += scratch.getUint8(i).toString(16).padStart(2, "0");
  return text;
}

const PLACEHOLDER = "#";

/**
 * Thrown by {@link valueOf} of a placeholder: a plan that is to serve several constants depends on which it is.
 */
export class LiteralNeeded extends Error {
  constructor() {
    super("a placeholder has no value");
    this.name = "LiteralNeeded";
  }
}

/** Stands for a constant that is not known yet, and is not special. */
export const placeholder = (n: number, dtype: DType): Scalar & { kind: "const" } => ({
  kind: "const",
  dtype,
  bits: `${PLACEHOLDER}${n}`,
});

/** The number of a placeholder; undefined for constants. */
export const placeholderOf = ({ bits }: ScalarConstant): number | undefined =>
  bits.startsWith(PLACEHOLDER) ? Number(bits.slice(1)) : undefined;

/** Whether a number is 2 to some whole exponent, or less that: a single bit of its significand is set. */
export function isPowerOfTwo(v: number): boolean {
  scratch.setFloat64(0, v);
  const high = scratch.getUint32(0) & 0x7fffffff;
  const low = scratch.getUint32(4);
  if (high >= 0x7ff00000) return false;
  if (high >= 0x00100000) return low === 0 && (high & 0x000fffff) === 0;
  // Below the smallest normal number every bit is one.
  const single = (bits: number): boolean => bits !== 0 && (bits & (bits - 1)) === 0;
  return (high === 0 && single(low)) || (low === 0 && single(high));
}

/**
 * Values that rules may look for: bools, what is not finite, small whole numbers and their halves (0, 1, -1, 2, 0.5 ...),
 * powers of two. A placeholder stands for none of them.
 */
export function isSpecial(c: ScalarConstant): boolean {
  if (placeholderOf(c) !== undefined) return false;
  if (c.dtype === "bool") return true;
  const value = valueOf(c);
  if (typeof value === "bigint") return value >= -4n && value <= 4n;
  const parts = typeof value === "object" ? value : [Number(value)];
  return parts.every(
    (v) => !Number.isFinite(v) || (Math.abs(v) <= 4 && Number.isInteger(2 * v)) || isPowerOfTwo(v),
  );
}

/** The JavaScript value of a constant: bigint for 64-bit integers, boolean for bool, a pair for complex. */
export function valueOf({
  dtype,
  bits,
}: ScalarConstant): number | bigint | boolean | readonly [number, number] {
  if (bits.startsWith(PLACEHOLDER)) throw new LiteralNeeded();
  if (isComplex(dtype)) {
    const part = dtype === "complex64" ? "float32" : "float64";
    const half = bits.length / 2;
    return [
      valueOf({ dtype: part, bits: bits.slice(0, half) }) as number,
      valueOf({ dtype: part, bits: bits.slice(half) }) as number,
    ];
  }
  if (dtype === "bool") return Number.parseInt(bits, 16) !== 0;
  if (dtype === "float64" && bits.length === 16) {
    scratch.setUint32(0, Number.parseInt(bits.slice(0, 8), 16));
    scratch.setUint32(4, Number.parseInt(bits.slice(8), 16));
    return scratch.getFloat64(0);
  }
  const raw = BigInt(`0x${bits}`);
  if (dtype === "int64") return BigInt.asIntN(64, raw);
  if (dtype === "uint64") return raw;
  scratch.setBigUint64(0, raw << BigInt(64 - itemSize(dtype) * 8));
  switch (dtype) {
    case "float32":
      return scratch.getFloat32(0);
    case "float64":
      return scratch.getFloat64(0);
    case "int8":
      return scratch.getInt8(0);
    case "int16":
      return scratch.getInt16(0);
    case "int32":
      return scratch.getInt32(0);
    case "uint8":
      return scratch.getUint8(0);
    case "uint16":
      return scratch.getUint16(0);
    default:
      return scratch.getUint32(0);
  }
}

/** Writes a constant as element `index` of a typed array of its dtype. */
export function storeConstant(
  target: ReturnType<typeof arrayOf>,
  index: number,
  c: ScalarConstant,
): void {
  const value = valueOf(c);
  if (typeof value === "object") {
    (target as Float64Array)[2 * index] = value[0];
    (target as Float64Array)[2 * index + 1] = value[1];
  } else if (typeof value === "bigint") (target as BigInt64Array)[index] = value;
  else (target as Float64Array)[index] = Number(value);
}
const arrayOf = (dtype: DType, length: number): InstanceType<ReturnType<typeof arrayClass>> =>
  new (arrayClass(dtype))(length);
