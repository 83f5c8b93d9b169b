/** The golden table (golden/make.py tells its format): reading it, and comparing results with it. */
import { readdirSync, readFileSync } from "node:fs";
import {
  arrayClass,
  type DType,
  isComplex,
  isFloat,
  partOf,
  type TypedArray,
} from "../../dist/ir/dtype.js";

export interface GoldenArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

export type Tolerance =
  | { readonly ulps: number }
  | { readonly relative: number }
  | { readonly absolute: number }
  | { readonly normwise: number };

export interface GoldenRecord {
  readonly id: string;
  readonly fn: string;
  readonly args: readonly GoldenArray[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly output: number | undefined;
  readonly expected: GoldenArray;
  readonly tolerance: Tolerance | undefined;
}

interface EncodedArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: string;
}

interface EncodedRecord {
  readonly id: string;
  readonly fn: string;
  readonly args: readonly (string | EncodedArray)[];
  readonly options?: Record<string, unknown>;
  readonly output?: number;
  readonly expected: EncodedArray;
  readonly tolerance?: Tolerance;
}

function decode({ dtype, shape, data }: EncodedArray): GoldenArray {
  const bytes = Uint8Array.from(Buffer.from(data, "base64"));
  return { dtype, shape, data: new (arrayClass(dtype))(bytes.buffer) };
}

/** All records of all tables; arrays of a pool are shared objects, so that they can be told by identity. */
export function readTable(): readonly GoldenRecord[] {
  const folder = new URL("golden/", import.meta.url);
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .flatMap((name) => readRecords(readFileSync(new URL(name, folder), "utf8")));
}

function readRecords(text: string): readonly GoldenRecord[] {
  const table: { arrays: Record<string, EncodedArray>; records: EncodedRecord[] } =
    JSON.parse(text);
  const pool = new Map(Object.entries(table.arrays).map(([name, a]) => [name, decode(a)]));
  return table.records.map((r) => ({
    id: r.id,
    fn: r.fn,
    args: r.args.map((a) => {
      const array = typeof a === "string" ? pool.get(a) : decode(a);
      if (array === undefined) throw new Error(`${r.id}: no array ${a} in the pool`);
      return array;
    }),
    options: r.options ?? {},
    output: r.output,
    expected: decode(r.expected),
    tolerance: r.tolerance,
  }));
}

const scratch = new DataView(new ArrayBuffer(8));

/** Floats as integers in the same order; -0 and 0 are neighbours. */
function rank(x: number, dtype: DType): bigint {
  if (dtype === "float32") {
    scratch.setFloat32(0, x);
    const bits = scratch.getInt32(0);
    return BigInt(bits < 0 ? -1 - (bits & 0x7fffffff) : bits);
  }
  scratch.setFloat64(0, x);
  const bits = scratch.getBigInt64(0);
  return bits < 0n ? -1n - (bits & 0x7fffffffffffffffn) : bits;
}

const isNegative = (x: number): boolean => x < 0 || Object.is(x, -0);
const magnitude = (x: bigint): bigint => (x < 0n ? -x : x);

function agrees(
  actual: number | bigint,
  expected: number | bigint,
  dtype: DType,
  tolerance: Tolerance | undefined,
): boolean {
  if (Object.is(actual, expected)) return true;
  if (tolerance === undefined || typeof actual === "bigint" || typeof expected === "bigint") {
    return false;
  }
  if (!Number.isFinite(actual) || !Number.isFinite(expected)) return false;
  if ("normwise" in tolerance) return false;
  if ("ulps" in tolerance) {
    if (isNegative(actual) !== isNegative(expected)) return false;
    return magnitude(rank(actual, dtype) - rank(expected, dtype)) <= BigInt(tolerance.ulps);
  }
  const bound =
    "relative" in tolerance ? tolerance.relative * Math.abs(expected) : tolerance.absolute;
  return Math.abs(actual - expected) <= bound;
}

const EPSILON: Partial<Record<DType, number>> = {
  float32: 2 ** -23,
  complex64: 2 ** -23,
  float64: 2 ** -52,
  complex128: 2 ** -52,
};

/** A tolerance for the parts of one complex number, from one that counts its magnitude; zeros keep their sign. */
function ofParts(
  tolerance: Tolerance | undefined,
  expected: GoldenArray,
  i: number,
): Tolerance | undefined {
  if (tolerance === undefined || !("normwise" in tolerance)) return tolerance;
  const first = isComplex(expected.dtype) ? i - (i % 2) : i;
  const parts = [...expected.data.slice(first, first + (isComplex(expected.dtype) ? 2 : 1))].map(
    (x) => Math.abs(Number(x)),
  );
  if (expected.data[i] === 0) return undefined;
  const size = Math.max(...parts.filter(Number.isFinite));
  return { absolute: tolerance.normwise * (EPSILON[expected.dtype] ?? 0) * size };
}

/** Words for the first difference between a result and a record, or undefined when they agree. */
export function difference(actual: GoldenArray, record: GoldenRecord): string | undefined {
  const { expected, tolerance } = record;
  const words = (a: GoldenArray): string => `${a.dtype} [${a.shape.join(", ")}]`;
  if (words(actual) !== words(expected) || actual.data.length !== expected.data.length) {
    return `${record.id}: is ${words(actual)}, not ${words(expected)}`;
  }
  const inexact = isFloat(expected.dtype) || isComplex(expected.dtype);
  for (let i = 0; i < expected.data.length; i++) {
    const a = actual.data[i] as number | bigint;
    const e = expected.data[i] as number | bigint;
    const within = inexact ? ofParts(tolerance, expected, i) : undefined;
    if (!agrees(a, e, partOf(expected.dtype), within)) {
      const shown = (x: number | bigint): string => (Object.is(x, -0) ? "-0" : String(x));
      const inputs = record.args.map((x) =>
        x.data.length === expected.data.length ? shown(x.data[i] as number) : "...",
      );
      return `${record.id}: element ${i} is ${shown(a)}, not ${shown(e)} (from ${inputs.join(", ")})`;
    }
  }
  return undefined;
}
