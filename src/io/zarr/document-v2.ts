/** Makes the `.zarray` and `.zattrs` of a new Zarr v2 array. */
import { OptionError } from "../../errors.js";
import { type DType, isComplex, isFloat, itemSize } from "../../ir/dtype.js";
import { codecsV2 } from "./codec-choice.js";
import { type ArrayOptions, checkOptions, type FillValue, fillJson } from "./document-v3.js";
import type { JsonObject } from "./documents.js";
import type { Json } from "./json.js";
import { show } from "./metadata.js";

export interface V2Documents {
  readonly array: JsonObject;
  readonly attributes: JsonObject;
}

/** The documents of an array. Throws for options that do not fit together. */
export function makeDocumentV2(options: ArrayOptions): V2Documents {
  checkOptions(options);
  if (options.shards !== undefined) {
    throw new OptionError(`${options.who ?? "toZarr"}: Zarr v2 has no shards`, {
      hint: "leave shards out, or give zarrFormat: 3",
    });
  }
  const { shape, dtype, chunks, attributes = {}, separator = ".", who = "toZarr" } = options;
  const { order, big, filters, compressor } = codecsV2(
    options.codecs ?? "zstd",
    dtype,
    shape.length,
    who,
  );
  return {
    array: {
      zarr_format: 2,
      shape: [...shape],
      chunks: [...chunks],
      dtype: typeText(dtype, big),
      fill_value: options.fillValue === null ? null : fillV2(options.fillValue, dtype, who),
      order,
      filters,
      compressor,
      dimension_separator: separator,
    },
    attributes: { ...(attributes as JsonObject), ...namesV2(options.dimensionNames, who) },
  };
}

/** `<f4`; one byte has no order. */
function typeText(dtype: DType, big: boolean): string {
  const size = itemSize(dtype);
  const letter = isComplex(dtype)
    ? "c"
    : isFloat(dtype)
      ? "f"
      : dtype === "bool"
        ? "b"
        : dtype.startsWith("u")
          ? "u"
          : "i";
  return `${size === 1 ? "|" : big ? ">" : "<"}${letter}${size}`;
}

/** v2 has no hexadecimal bits: numbers, and words for what JSON lacks. */
function fillV2(value: FillValue | undefined, dtype: DType, who: string): Json {
  const plain = (part: Json): Json => {
    if (typeof part !== "string" || !part.startsWith("0x")) return part;
    const bits = new DataView(new ArrayBuffer(8));
    bits.setBigUint64(0, BigInt(part));
    const number = part.length === 10 ? bits.getFloat32(4) : bits.getFloat64(0);
    if (Number.isNaN(number)) return "NaN";
    return Number.isFinite(number) ? number : String(number);
  };
  const json = fillJson(value, dtype, who);
  return Array.isArray(json) ? json.map(plain) : plain(json);
}

/** xarray's convention for the names of dimensions. */
function namesV2(names: ArrayOptions["dimensionNames"], who: string): JsonObject {
  if (names === undefined) return {};
  if (names.some((n) => n === null)) {
    throw new OptionError(`${who}: Zarr v2 names all dimensions or none, got ${show(names)}`);
  }
  return { _ARRAY_DIMENSIONS: names as readonly string[] };
}
