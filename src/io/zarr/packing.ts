/**
 * CF packing (Climate and Forecast conventions, section 8): how raw values stand for physical ones. Only reported
 * here: decoding is an expression over the raw array, `where(raw == fill, nan, raw * scale + offset)`.
 */
import { ZarrError } from "../../errors.js";
import { type DType, isComplex, isFloat, isInteger } from "../../ir/dtype.js";
import type { Json } from "./json.js";
import { type ArrayDocument, show } from "./metadata.js";

export interface Packing {
  readonly scaleFactor: number | undefined;
  readonly addOffset: number | undefined;
  /** Raw values that mean "missing"; NaN is never among them. */
  readonly fillValues: readonly (number | bigint)[];
  /** The dtype as which the raw bits are to be read first (`_Unsigned`). */
  readonly reinterpret: DType | undefined;
}

/**
 * Packing of an array, or undefined where there is none. `_FillValue` and `missing_value` count; in v2 the
 * `fill_value` of a scaled array counts too, since that is where xarray keeps `_FillValue`.
 * Throws {@link ZarrError} for attributes that are not numbers.
 */
export function packingOf({ metadata, attributes, fillValue }: ArrayDocument): Packing | undefined {
  const { dtype } = metadata;
  if (dtype === "bool" || isComplex(dtype)) return undefined;
  const scaleFactor = numberOf(attributes["scale_factor"], "scale_factor");
  const addOffset = numberOf(attributes["add_offset"], "add_offset");
  const scaled = scaleFactor !== undefined || addOffset !== undefined;
  const fills = [
    ...valuesOf(attributes["_FillValue"], "_FillValue", dtype),
    ...valuesOf(attributes["missing_value"], "missing_value", dtype),
  ];
  if (metadata.version === 2 && scaled && fillValue !== null) {
    fills.push(...valuesOf(fillValue, "fill_value", dtype));
  }
  const fillValues = [...new Set(fills.filter((v) => typeof v === "bigint" || !Number.isNaN(v)))];
  const reinterpret = reinterpretOf(attributes["_Unsigned"], dtype);
  if (!scaled && fillValues.length === 0 && reinterpret === undefined) return undefined;
  return { scaleFactor, addOffset, fillValues, reinterpret };
}

const hint = "open the array with decode: false to get the raw values";

function numberOf(value: Json | undefined, name: string): number | undefined {
  // netCDF attributes are vectors; some writers keep one of length 1.
  const one = Array.isArray(value) && value.length === 1 ? (value[0] as Json) : value;
  if (one === undefined || one === null) return undefined;
  if (typeof one === "number" || typeof one === "bigint") return Number(one);
  throw new ZarrError(`attribute ${name} must be a number, got ${show(value)}`, { hint });
}

const SPECIAL: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
};

function valuesOf(value: Json | undefined, name: string, dtype: DType): (number | bigint)[] {
  if (value === undefined || value === null) return [];
  const list: readonly Json[] = Array.isArray(value) ? value : [value as Json];
  return list.map((v) => {
    const fault = new ZarrError(`attribute ${name} must be a ${dtype}, got ${show(value)}`, {
      hint,
    });
    if (typeof v === "string" && isFloat(dtype)) return fillFromText(v, fault);
    if (typeof v !== "number" && typeof v !== "bigint") throw fault;
    if (
      isInteger(dtype) &&
      (dtype === "int64" || dtype === "uint64") &&
      Number.isInteger(Number(v))
    ) {
      return BigInt(v);
    }
    return Number(v);
  });
}

/** xarray writes float fill values in v3 attributes as the base64 of a little-endian float64. */
function fillFromText(text: string, fault: ZarrError): number {
  const special = SPECIAL[text];
  if (special !== undefined) return special;
  const bytes = Buffer.from(text, "base64");
  if (bytes.length !== 8) throw fault;
  return bytes.readDoubleLE(0);
}

function reinterpretOf(value: Json | undefined, dtype: DType): DType | undefined {
  if (!isInteger(dtype) || (value !== "true" && value !== "false" && typeof value !== "boolean")) {
    return undefined;
  }
  const unsigned = value === "true" || value === true;
  if (unsigned === dtype.startsWith("uint")) return undefined;
  return (unsigned ? `u${dtype}` : dtype.slice(1)) as DType;
}
