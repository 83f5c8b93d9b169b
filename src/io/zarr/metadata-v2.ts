/** Zarr v2: `.zarray` and `.zattrs` (zarr-specs v2), with the dimension names that xarray keeps in attributes. */
import { ZarrError } from "../../errors.js";
import { codecEntry } from "../codecs/registry.js";
import { dtypeFromV2, storedSize } from "./dtypes.js";
import { isObject, type Json } from "./json.js";
import {
  type ArrayDocument,
  type CodecSpec,
  checkChunkSize,
  checkShape,
  lengths,
  makeMetadata,
  separatorOf,
  show,
} from "./metadata.js";

function codecSpec(value: Json | undefined, what: string, itemSize: number): CodecSpec {
  const id = isObject(value) ? value["id"] : undefined;
  if (!isObject(value) || typeof id !== "string") {
    throw new ZarrError(`${what} must be an object with an id, got ${show(value)}`);
  }
  const { id: _id, ...given } = value;
  // v2 leaves the size of elements to whoever writes.
  const config = id === "blosc" ? { typesize: itemSize, ...given } : given;
  codecEntry(id).make(config);
  return { name: id, config };
}

/** Reads `.zarray` (and `.zattrs`, if there is one). Throws {@link ZarrError} for what is not understood. */
export function parseV2(
  document: { readonly [key: string]: Json },
  attributes: { readonly [key: string]: Json },
): ArrayDocument {
  if (document["zarr_format"] !== 2) {
    throw new ZarrError(`.zarray has zarr_format ${show(document["zarr_format"])} instead of 2`);
  }
  const shape = lengths(document["shape"], "shape", 0);
  checkShape(shape);
  const chunks = lengths(document["chunks"], "chunks", 1, shape.length);
  const { dtype, endian } = dtypeFromV2(document["dtype"]);
  checkChunkSize(chunks, dtype);
  const order = document["order"] ?? "C";
  if (order !== "C" && order !== "F")
    throw new ZarrError(`order must be "C" or "F", got ${show(order)}`);
  const filters = document["filters"] ?? [];
  if (!Array.isArray(filters)) throw new ZarrError(`filters must be a list, got ${show(filters)}`);
  const size = storedSize(dtype);
  const codecs = (filters as readonly Json[]).map((f) => codecSpec(f, "a filter", size));
  const compressor = document["compressor"] ?? null;
  if (compressor !== null) codecs.push(codecSpec(compressor, "compressor", size));
  const axes = shape.map((_, i) => i);
  const names = attributes["_ARRAY_DIMENSIONS"];
  return {
    metadata: makeMetadata(
      2,
      shape,
      dtype,
      document["fill_value"],
      {
        encoding: "v2",
        separator: separatorOf(document["dimension_separator"], ".", "dimension_separator"),
      },
      {
        shape: chunks,
        order: order === "F" ? axes.reverse() : axes,
        endian,
        codecs,
        shard: undefined,
      },
    ),
    fillValue: document["fill_value"] ?? null,
    codecs: [
      ...(order === "F" ? ["transpose(F)"] : []),
      size > 1 ? `bytes(${endian})` : "bytes",
      ...codecs.map((c) => c.name),
    ],
    attributes,
    dimensionNames:
      Array.isArray(names) &&
      names.length === shape.length &&
      names.every((n) => typeof n === "string")
        ? (names as readonly string[])
        : undefined,
  };
}
