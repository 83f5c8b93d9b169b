/** Makes the `zarr.json` of a new array: everything that v3 demands is there, nothing is null or empty. */
import { ChunkError, DTypeError, OptionError, ShapeError, ZarrError } from "../../errors.js";
import { type DType, isComplex, isDType, isInteger, itemSize } from "../../ir/dtype.js";
import { bitsOf } from "../../ir/scalar.js";
import { codecEntry } from "../codecs/registry.js";
import type { JsonObject } from "./documents.js";
import { isObject, type Json } from "./json.js";
import { show } from "./metadata.js";

export type FillValue =
  | number
  | bigint
  | boolean
  | string
  | readonly [number | string, number | string];

export type CodecChoice =
  | "raw"
  | "zstd"
  | "gzip"
  | readonly (
      | string
      | {
          readonly name: string;
          readonly configuration?: Readonly<Record<string, unknown>> | undefined;
        }
    )[];

export interface ArrayOptions {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly chunks: readonly number[];
  readonly codecs?: CodecChoice | undefined;
  readonly fillValue?: FillValue | undefined;
  readonly attributes?: Readonly<Record<string, unknown>> | undefined;
  readonly dimensionNames?: readonly (string | null)[] | undefined;
}

/** zstd level 1: shuffled or smooth data shrink little more at higher levels, which are several times slower. */
const DEFAULTS: Readonly<Record<string, JsonObject>> = {
  zstd: { level: 1, checksum: false },
  gzip: { level: 5 },
};
const WRITABLE = ["bytes", "transpose", "zstd", "gzip", "crc32c"];

/** The document of an array. Throws for options that do not fit together. */
export function makeDocument(options: ArrayOptions): JsonObject {
  const { shape, dtype, chunks, attributes = {}, dimensionNames } = options;
  checkExtents(shape, chunks);
  if (!isDType(dtype)) throw new DTypeError(`toZarr: dtype ${show(dtype)} cannot be stored`);
  if (!isObject(attributes)) throw new OptionError("toZarr: attributes must be an object");
  if (dimensionNames !== undefined && dimensionNames.length !== shape.length) {
    throw new OptionError(
      `toZarr: ${dimensionNames.length} dimensionNames for ${shape.length} axes`,
    );
  }
  return {
    zarr_format: 3,
    node_type: "array",
    shape: [...shape],
    data_type: dtype,
    chunk_grid: { name: "regular", configuration: { chunk_shape: [...chunks] } },
    chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
    fill_value: fillJson(options.fillValue, dtype),
    codecs: codecsJson(options.codecs ?? "zstd", dtype),
    attributes: attributes as JsonObject,
    ...(dimensionNames !== undefined && { dimension_names: [...dimensionNames] }),
  };
}

function checkExtents(shape: readonly number[], chunks: readonly number[]): void {
  const isList = (list: unknown, low: number): boolean =>
    Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && (n as number) >= low);
  if (!isList(shape, 0)) {
    throw new ShapeError(`toZarr: shape must hold integers >= 0, got ${show(shape)}`);
  }
  if (!isList(chunks, 1) || chunks.length !== shape.length) {
    throw new ChunkError(
      `toZarr: chunks must hold ${shape.length} integers >= 1, got ${show(chunks)}`,
    );
  }
}

function codecsJson(choice: CodecChoice, dtype: DType): Json {
  const list = choice === "raw" ? [] : typeof choice === "string" ? [choice] : choice;
  if (!Array.isArray(list)) {
    throw new OptionError(`toZarr: codecs must be a name or a list, got ${show(choice)}`);
  }
  const out = (list as Exclude<CodecChoice, string>).map((c) => codecJson(c, dtype));
  if (!out.some((c) => c.name === "bytes")) {
    const at = out.findIndex((c) => c.name !== "transpose");
    out.splice(at < 0 ? out.length : at, 0, codecJson("bytes", dtype));
  }
  return out as unknown as Json;
}

function codecJson(
  choice: Exclude<CodecChoice, string>[number],
  dtype: DType,
): { name: string; configuration?: JsonObject } {
  const name = typeof choice === "string" ? choice : choice?.name;
  if (!WRITABLE.includes(name)) {
    throw new ZarrError(`toZarr: codec ${show(name)} cannot be written`, {
      hint: `codecs are "raw", "zstd", "gzip", or a list of ${WRITABLE.join(", ")}`,
    });
  }
  const given = (typeof choice === "string" ? undefined : choice.configuration) ?? {};
  const endian = name === "bytes" && itemSize(dtype) > 1 ? { endian: "little" } : {};
  const configuration = { ...DEFAULTS[name], ...endian, ...(given as JsonObject) };
  if (name !== "bytes" && name !== "transpose") codecEntry(name).make(configuration);
  return Object.keys(configuration).length === 0 ? { name } : { name, configuration };
}

/** `fill_value` so that every v3 reader gets the same bits. */
export function fillJson(value: FillValue | undefined, dtype: DType): Json {
  if (isComplex(dtype)) {
    const part = dtype === "complex64" ? "float32" : "float64";
    const pair = Array.isArray(value) ? (value as readonly FillValue[]) : [value ?? 0, 0];
    if (pair.length !== 2) throw notA(value, dtype);
    return [floatJson(pair[0], part), floatJson(pair[1], part)];
  }
  if (dtype === "bool") {
    if (value === undefined) return false;
    if (typeof value !== "boolean" && value !== 0 && value !== 1) throw notA(value, dtype);
    return Boolean(value);
  }
  if (isInteger(dtype)) {
    const exact = value ?? 0;
    if (typeof exact !== "bigint" && !Number.isInteger(exact)) throw notA(value, dtype);
    const big = BigInt(exact as number | bigint);
    return Number.isSafeInteger(Number(big)) ? Number(big) : big;
  }
  return floatJson(value ?? 0, dtype);
}

const notA = (value: unknown, dtype: string): DTypeError =>
  new DTypeError(`toZarr: fillValue ${show(value)} is not a ${dtype}`);

function floatJson(value: FillValue | undefined, dtype: "float32" | "float64"): Json {
  if (typeof value === "string") {
    const hex = new RegExp(`^0x[0-9a-f]{${2 * itemSize(dtype)}}$`, "i");
    if (["NaN", "Infinity", "-Infinity"].includes(value) || hex.test(value)) return value;
    throw notA(value, dtype);
  }
  if (typeof value !== "number" && typeof value !== "bigint") throw notA(value, dtype);
  const number = dtype === "float32" ? Math.fround(Number(value)) : Number(value);
  if (Number.isNaN(number)) return "NaN";
  if (!Number.isFinite(number)) return number > 0 ? "Infinity" : "-Infinity";
  // JSON writers lose the sign of -0.
  return Object.is(number, -0) ? `0x${bitsOf(-0, dtype)}` : number;
}
