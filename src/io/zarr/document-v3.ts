/** Makes the `zarr.json` of a new array: everything that v3 demands is there, nothing is null or empty. */
import { ChunkError, DTypeError, OptionError, ShapeError } from "../../errors.js";
import { type DType, isComplex, isDType, isInteger, itemSize } from "../../ir/dtype.js";
import { bitsOf } from "../../ir/scalar.js";
import { type CodecChoice, codecsV3 } from "./codec-choice.js";
import type { JsonObject } from "./documents.js";
import { isObject, type Json } from "./json.js";
import { show } from "./metadata.js";
import { type ShardChoice, shardingCodec, shardsOf } from "./shard-choice.js";

export type FillValue =
  | number
  | bigint
  | boolean
  | string
  | readonly [number | string, number | string];

export interface ArrayOptions {
  /** Who is asked, for messages; default: toZarr. */
  readonly who?: string | undefined;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly chunks: readonly number[];
  /** Chunks are put together to shards, each under one key; `codecs` are those of the chunks. v3 only. */
  readonly shards?: ShardChoice | undefined;
  readonly codecs?: CodecChoice | undefined;
  /** null: none, which only v2 knows. */
  readonly fillValue?: FillValue | null | undefined;
  readonly attributes?: Readonly<Record<string, unknown>> | undefined;
  readonly dimensionNames?: readonly (string | null)[] | undefined;
  /** Between the numbers of a chunk's key; default "/" in v3 and "." in v2. */
  readonly separator?: "." | "/" | undefined;
}

/** The document of an array. Throws for options that do not fit together. */
export function makeDocument(options: ArrayOptions): JsonObject {
  const { shape, dtype, chunks, attributes = {}, dimensionNames, who = "toZarr" } = options;
  checkOptions(options);
  const codecs = codecsV3(options.codecs ?? "zstd", dtype, shape.length, who);
  const shards = shardsOf(options);
  return {
    zarr_format: 3,
    node_type: "array",
    shape: [...shape],
    data_type: dtype,
    chunk_grid: { name: "regular", configuration: { chunk_shape: [...(shards?.shape ?? chunks)] } },
    chunk_key_encoding: { name: "default", configuration: { separator: options.separator ?? "/" } },
    fill_value: fillJson(someFill(options.fillValue, who), dtype, who),
    codecs: shards === undefined ? codecs : [shardingCodec(chunks, codecs, shards)],
    attributes: attributes as JsonObject,
    ...(dimensionNames !== undefined && { dimension_names: [...dimensionNames] }),
  };
}

function someFill(value: ArrayOptions["fillValue"], who: string): FillValue | undefined {
  if (value !== null) return value;
  throw new OptionError(`${who}: Zarr v3 has no arrays without a fill value`, {
    hint: "leave fillValue out, or give zarrFormat: 2",
  });
}

/** What v2 and v3 have in common. */
export function checkOptions({
  shape,
  dtype,
  chunks,
  attributes = {},
  dimensionNames,
  who = "toZarr",
}: ArrayOptions): void {
  checkExtents(shape, chunks, who);
  if (!isDType(dtype)) throw new DTypeError(`${who}: dtype ${show(dtype)} cannot be stored`);
  if (!isObject(attributes)) throw new OptionError(`${who}: attributes must be an object`);
  if (dimensionNames !== undefined && dimensionNames.length !== shape.length) {
    throw new OptionError(
      `${who}: ${dimensionNames.length} dimensionNames for ${shape.length} axes`,
    );
  }
}

function checkExtents(shape: readonly number[], chunks: readonly number[], who: string): void {
  const isList = (list: unknown, low: number): boolean =>
    Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && (n as number) >= low);
  if (!isList(shape, 0)) {
    throw new ShapeError(`${who}: shape must hold integers >= 0, got ${show(shape)}`);
  }
  if (!isList(chunks, 1) || chunks.length !== shape.length) {
    throw new ChunkError(
      `${who}: chunks must hold ${shape.length} integers >= 1, got ${show(chunks)}`,
    );
  }
}

/** `fill_value` so that every v3 reader gets the same bits. */
export function fillJson(value: FillValue | undefined, dtype: DType, who: string): Json {
  if (isComplex(dtype)) {
    const part = dtype === "complex64" ? "float32" : "float64";
    const pair = Array.isArray(value) ? (value as readonly FillValue[]) : [value ?? 0, 0];
    if (pair.length !== 2) throw notA(value, dtype, who);
    return [floatJson(pair[0], part, who), floatJson(pair[1], part, who)];
  }
  if (dtype === "bool") {
    if (value === undefined) return false;
    if (typeof value !== "boolean" && value !== 0 && value !== 1) throw notA(value, dtype, who);
    return Boolean(value);
  }
  if (isInteger(dtype)) {
    const exact = value ?? 0;
    if (typeof exact !== "bigint" && !Number.isInteger(exact)) throw notA(value, dtype, who);
    const big = BigInt(exact as number | bigint);
    return Number.isSafeInteger(Number(big)) ? Number(big) : big;
  }
  return floatJson(value ?? 0, dtype, who);
}

const notA = (value: unknown, dtype: string, who: string): DTypeError =>
  new DTypeError(`${who}: fillValue ${show(value)} is not a ${dtype}`);

function floatJson(value: FillValue | undefined, dtype: "float32" | "float64", who: string): Json {
  if (typeof value === "string") {
    const hex = new RegExp(`^0x[0-9a-f]{${2 * itemSize(dtype)}}$`, "i");
    if (["NaN", "Infinity", "-Infinity"].includes(value) || hex.test(value)) return value;
    throw notA(value, dtype, who);
  }
  if (typeof value !== "number" && typeof value !== "bigint") throw notA(value, dtype, who);
  const number = dtype === "float32" ? Math.fround(Number(value)) : Number(value);
  if (Number.isNaN(number)) return "NaN";
  if (!Number.isFinite(number)) return number > 0 ? "Infinity" : "-Infinity";
  // JSON writers lose the sign of -0.
  return Object.is(number, -0) ? `0x${bitsOf(-0, dtype)}` : number;
}
