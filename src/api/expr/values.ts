/** What the names and sub-expressions of an expression stand for, and how they become arguments of functions. */
import { isReal, isScalar, numberOf, type Scalar } from "../../expr/index.js";
import {
  DTYPES,
  type DType,
  isComplex,
  isFloat,
  promoteAll,
  type TypedArray,
} from "../../ir/dtype.js";
import { LazyArray } from "../array.js";
import { NDArray } from "../nd-array.js";
import { asarray } from "../sources.js";

/** A slice, `...` or newaxis between brackets, the same objects that `at` takes; or `np`, before a dot. */
export interface Selecting {
  readonly kind: "slice" | "ellipsis" | "newaxis" | "namespace";
}
export type UserFunction = (...args: unknown[]) => unknown;
export type Value =
  | LazyArray
  | Scalar
  | string
  | null
  | Selecting
  | UserFunction
  | readonly Value[];

export const isList = (value: unknown): value is readonly Value[] => Array.isArray(value);

/** A value from outside as the language has it; undefined if it has no such thing. */
export function fromOutside(value: unknown): Value | undefined {
  if (value instanceof LazyArray || value === null) return value;
  if (isList(value)) {
    const items = value.map((v: unknown) => fromOutside(v));
    return items.includes(undefined) ? undefined : Object.freeze(items as Value[]);
  }
  if (value instanceof NDArray) return asarray(value);
  if (ArrayBuffer.isView(value)) return asarray(value as TypedArray);
  switch (typeof value) {
    case "bigint":
    case "boolean":
    case "number":
    case "string":
      return value;
    case "function":
      return value as UserFunction;
    default:
      return undefined;
  }
}

/** What a user would call the value. */
export function nameOfValue(value: Value): string {
  if (value instanceof LazyArray) return "an array";
  if (value === null) return "None";
  if (typeof value === "bigint") return "an integer";
  if (typeof value === "boolean") return "a bool";
  if (typeof value === "string") return "a string";
  if (typeof value === "function") return "a function";
  if (typeof value === "number") return "a number";
  if (isReal(value)) return "a float";
  return isList(value) ? "a list" : value.kind === "ellipsis" ? "..." : `a ${value.kind}`;
}

/**
 * Values as plain data, for axes, shapes, options and selectors: integers and floats become numbers, integers that are
 * too large for that stay bigints.
 */
export function plain(value: Value): unknown {
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  if (isReal(value)) return value.value;
  return isList(value) ? value.map(plain) : value;
}

/** A literal where a function wants an element: integers stay integers, so that `full(3, 1)` is int64 as in NumPy. */
export const element = (value: Value): unknown => (isReal(value) ? value.value : value);

/** A value that can be an array: scalars and lists of them are made one, as `np.asarray` does. */
export function toArray(value: Value): LazyArray | undefined {
  if (value instanceof LazyArray) return value;
  if (!isList(value)) return isScalar(value) ? asarray(element(value) as number) : undefined;
  const flat = (value as readonly unknown[]).flat(Number.POSITIVE_INFINITY);
  if (!flat.every(isScalar)) return undefined;
  const whole = flat.every((v) => typeof v === "bigint" || typeof v === "boolean");
  const convert = (v: unknown): unknown =>
    Array.isArray(v) ? v.map(convert) : whole ? v : numberOf(v as Scalar);
  return asarray(convert(value) as number);
}

/**
 * Operands that meet in one dtype, as NumPy 2 lets Python's scalars meet arrays: the scalars are weak. An integer takes
 * the dtype of the arrays; so does a float beside floats, but beside integers it makes everything float64.
 */
export function meetOperands(values: readonly (Value | undefined)[]): unknown[] {
  const arrays = values.filter((v): v is LazyArray => v instanceof LazyArray);
  const dtype = promoteAll(...arrays.map((a): DType => a.dtype));
  const floating = isFloat(dtype) || isComplex(dtype);
  const lifted = !floating && dtype !== "bool" && values.some(isReal);
  return values.map((v) => {
    if (v instanceof LazyArray) return lifted ? v.astype("float64") : v;
    if (isReal(v)) return v.value;
    // A large integer is rounded beside floats, as Python rounds it.
    return typeof v === "bigint" && (floating || lifted) ? Number(v) : v;
  });
}

const DTYPE_NAMES: ReadonlyMap<string, DType> = new Map<string, DType>([
  ...DTYPES.map((d) => [d, d] as const),
  ["bool_", "bool"],
  ["int", "int64"],
  ["float", "float64"],
  ["complex", "complex128"],
  ["single", "float32"],
  ["double", "float64"],
  ["?", "bool"],
  ["b1", "bool"],
  ...(["i", "u", "f", "c"] as const).flatMap((letter) =>
    DTYPES.flatMap((d): (readonly [string, DType])[] => {
      const [, word, bits] = /^(int|uint|float|complex)(\d+)$/.exec(d) ?? [];
      return word?.charAt(0) === letter ? [[`${letter}${Number(bits) / 8}`, d]] : [];
    }),
  ),
]);

/** NumPy's spellings of a dtype (`float32`, `f4`, `<f4`, `float`); what is none is left to the function's own check. */
export const dtypeNamed = (name: string): DType | undefined =>
  DTYPE_NAMES.get(name.replace(/^[<=|]/, ""));
