/** Zarr v3: `zarr.json` of an array (zarr-specs v3.0 and 3.1, with sharding and transposition). */
import { ZarrError } from "../../errors.js";
import { codecEntry } from "../codecs/registry.js";
import { dtypeFromV3, type Endian, type StoredDType, storedSize } from "./dtypes.js";
import { isObject, type Json } from "./json.js";
import {
  type ArrayDocument,
  type ArrayMetadata,
  type CodecSpec,
  checkChunkSize,
  checkShape,
  type Layout,
  lengths,
  makeMetadata,
  type ShardLayout,
  separatorOf,
  show,
} from "./metadata.js";

type JsonObject = { readonly [key: string]: Json };

const KNOWN: ReadonlySet<string> = new Set([
  "zarr_format",
  "node_type",
  "shape",
  "data_type",
  "chunk_grid",
  "chunk_key_encoding",
  "fill_value",
  "codecs",
  "attributes",
  "storage_transformers",
  "dimension_names",
]);

interface Named {
  readonly name: string;
  readonly config: JsonObject;
}

/** An extension point: a name, or an object with name and configuration. */
function named(value: Json | undefined, what: string): Named {
  if (typeof value === "string") return { name: value, config: {} };
  const name = isObject(value) ? value["name"] : undefined;
  const config = isObject(value) ? (value["configuration"] ?? {}) : undefined;
  if (typeof name !== "string" || !isObject(config)) {
    throw new ZarrError(`${what} must be an object with a name, got ${show(value)}`);
  }
  return { name, config };
}

/** Reads `zarr.json` of an array. Throws {@link ZarrError} for what is not understood. */
export function parseV3(document: JsonObject): ArrayDocument {
  if (document["zarr_format"] !== 3) {
    throw new ZarrError(`zarr.json has zarr_format ${show(document["zarr_format"])} instead of 3`);
  }
  refuseExtensions(document);
  const shape = lengths(document["shape"], "shape", 0);
  checkShape(shape);
  const dtype = dtypeFromV3(document["data_type"]);
  const grid = named(document["chunk_grid"], "chunk_grid");
  if (grid.name !== "regular") {
    throw new ZarrError(`chunk_grid ${show(grid.name)} is not supported`, {
      hint: "supported is regular",
    });
  }
  const chunks = lengths(grid.config["chunk_shape"], "chunk_shape", 1, shape.length);
  const names: string[] = [];
  const axes = shape.map((_, i) => i);
  const layout = layoutOf(document["codecs"], "codecs", chunks, axes, dtype, names);
  checkSizes(layout, dtype);
  if (document["fill_value"] === undefined) throw new ZarrError("zarr.json has no fill_value");
  const attributes = document["attributes"] ?? {};
  if (!isObject(attributes)) throw new ZarrError("attributes must be an object");
  return {
    metadata: makeMetadata(3, shape, dtype, document["fill_value"], keysOf(document), layout),
    fillValue: document["fill_value"],
    codecs: names,
    attributes,
    dimensionNames: dimensionNames(document["dimension_names"], shape.length),
  };
}

/** Inner chunks of a shard at most, a power of two: their index alone then takes a gigabyte. */
const MAX_INNER_CHUNKS = 2 ** 26;

/** A shard may be larger than memory, unless a codec needs it as a whole. */
function checkSizes({ shape, shard, codecs }: Layout, dtype: StoredDType): void {
  if (shard === undefined || codecs.length > 0) checkChunkSize(shape, dtype);
  if (shard === undefined) return;
  checkChunkSize(shard.inner.shape, dtype);
  const count = shape.reduce((n, extent, i) => (n * extent) / (shard.inner.shape[i] as number), 1);
  if (count > MAX_INNER_CHUNKS) {
    throw new ZarrError(`a shard of ${show(shape)} has more than ${MAX_INNER_CHUNKS} inner chunks`);
  }
}

function refuseExtensions(document: JsonObject): void {
  for (const [key, value] of Object.entries(document)) {
    if (KNOWN.has(key) || (isObject(value) && value["must_understand"] === false)) continue;
    // zarr-python writes this beside every group, and an array may carry an empty one.
    if (key === "consolidated_metadata" && value === null) continue;
    throw new ZarrError(
      `zarr.json has an extension ${show(key)} that must be understood and is not`,
    );
  }
  const transformers = document["storage_transformers"] ?? [];
  if (!Array.isArray(transformers)) throw new ZarrError("storage_transformers must be a list");
  for (const transformer of transformers as readonly Json[]) {
    throw new ZarrError(
      `storage transformer ${show(named(transformer, "a storage transformer").name)} is not supported`,
    );
  }
}

function keysOf(document: JsonObject): ArrayMetadata["keys"] {
  const { name, config } = named(document["chunk_key_encoding"], "chunk_key_encoding");
  if (name !== "default" && name !== "v2") {
    throw new ZarrError(`chunk_key_encoding ${show(name)} is not supported`, {
      hint: "supported are default and v2",
    });
  }
  const fallback = name === "default" ? "/" : ".";
  return { encoding: name, separator: separatorOf(config["separator"], fallback, "separator") };
}

function dimensionNames(
  value: Json | undefined,
  rank: number,
): readonly (string | null)[] | undefined {
  if (value === undefined || value === null) return undefined;
  const valid =
    Array.isArray(value) &&
    value.length === rank &&
    value.every((n) => n === null || typeof n === "string");
  if (!valid)
    throw new ZarrError(`dimension_names must be ${rank} strings or nulls, got ${show(value)}`);
  return value as readonly (string | null)[];
}

/**
 * A codec chain over boxes of `shape` (in array axes) whose axes come in `order`. Descriptions of the codecs
 * are appended to `names`.
 */
function layoutOf(
  value: Json | undefined,
  what: string,
  shape: readonly number[],
  order: readonly number[],
  dtype: StoredDType,
  names: string[],
): Layout {
  if (!Array.isArray(value) || value.length === 0) {
    throw new ZarrError(
      `${what} must be a list that holds an array-to-bytes codec, got ${show(value)}`,
    );
  }
  const chain = (value as readonly Json[]).map((entry) => named(entry, "a codec"));
  // Unknown names first: an array-to-bytes codec may be among them.
  for (const { name } of chain) if (name !== "transpose" && !TO_BYTES.has(name)) codecEntry(name);
  if (!chain.some(({ name }) => TO_BYTES.has(name))) {
    throw new ZarrError(`${what} has no array-to-bytes codec such as bytes`);
  }
  let current = order;
  let endian: Endian | undefined;
  let shard: ShardLayout | undefined;
  const codecs: CodecSpec[] = [];
  for (const { name, config } of chain) {
    const toBytes = TO_BYTES.has(name);
    if (toBytes && endian !== undefined)
      throw new ZarrError(`${what} has two array-to-bytes codecs`);
    if (name === "transpose") {
      if (endian !== undefined || codecs.length > 0) {
        throw new ZarrError(`${what} has transpose behind a codec that it cannot follow`);
      }
      const permutation = permutationOf(config["order"], shape.length);
      current = permutation.map((axis) => current[axis] as number);
      names.push(`transpose(${permutation.join(", ")})`);
    } else if (name === "sharding_indexed") {
      shard = shardOf(config, shape, current, dtype, names);
      endian = shard.inner.endian;
    } else if (toBytes) {
      endian = endianOf(config["endian"], dtype);
      names.push(storedSize(dtype) > 1 ? `bytes(${endian})` : "bytes");
    } else {
      codecEntry(name).make(config);
      checkPlace(name, endian !== undefined);
      codecs.push({ name, config });
      names.push(name);
    }
  }
  endian ??= "little";
  if (endian === "big" && codecs.some((c) => ARRAY_CODECS.test(c.name))) {
    throw new ZarrError(`${what} filters big-endian elements, which is not supported`);
  }
  return { shape, order: current, endian, codecs, shard };
}

/** "endian" is what bytes was called in drafts. */
const TO_BYTES: ReadonlySet<string> = new Set(["bytes", "endian", "sharding_indexed"]);

/** numcodecs' array-to-array filters: on little-endian elements they are the same as bytes to bytes. */
const ARRAY_CODECS = /^(?:numcodecs\.)?(?:delta|fixedscaleoffset)$/;

function checkPlace(name: string, behindBytes: boolean): void {
  if (ARRAY_CODECS.test(name) === behindBytes) {
    throw new ZarrError(`codec ${name} must come ${behindBytes ? "before" : "behind"} bytes`);
  }
}

function permutationOf(value: Json | undefined, rank: number): number[] {
  const axes = Array.from({ length: rank }, (_, i) => i);
  if (value === "C") return axes;
  if (value === "F") return axes.reverse();
  const order = lengths(value, "codec transpose: order", 0, rank);
  if (order.some((_, i) => !order.includes(i))) {
    throw new ZarrError(`codec transpose: order ${show(value)} is not a permutation`);
  }
  return order;
}

function endianOf(value: Json | undefined, dtype: StoredDType): Endian {
  if (value === "little" || value === "big") return value;
  if (value !== undefined) throw new ZarrError(`codec bytes: endian ${show(value)} is unknown`);
  if (storedSize(dtype) > 1) throw new ZarrError(`codec bytes: ${dtype} needs endian`);
  return "little";
}

function shardOf(
  config: JsonObject,
  shape: readonly number[],
  order: readonly number[],
  dtype: StoredDType,
  names: string[],
): ShardLayout {
  const storedChunks = lengths(
    config["chunk_shape"],
    "sharding_indexed: chunk_shape",
    1,
    shape.length,
  );
  const inner = shape.slice();
  order.forEach((axis, i) => {
    inner[axis] = storedChunks[i] as number;
  });
  if (inner.some((n, i) => (shape[i] as number) % n !== 0)) {
    throw new ZarrError(`inner chunks ${show(inner)} do not divide the shard ${show(shape)}`);
  }
  const innerNames: string[] = [];
  const layout = layoutOf(
    config["codecs"],
    "sharding_indexed: codecs",
    inner,
    order,
    dtype,
    innerNames,
  );
  if (layout.shard !== undefined)
    throw new ZarrError("codec sharding_indexed inside sharding_indexed is not supported");
  names.push(`sharding_indexed(${inner.join(" x ")}: ${innerNames.join(", ")})`);
  const location = config["index_location"] ?? "end";
  if (location !== "end" && location !== "start") {
    throw new ZarrError(`sharding_indexed: index_location ${show(location)} is unknown`);
  }
  return { inner: layout, indexAtEnd: location === "end", ...indexCodecs(config["index_codecs"]) };
}

function indexCodecs(value: Json | undefined): { indexEndian: Endian; indexChecksum: boolean } {
  const list = Array.isArray(value)
    ? (value as readonly Json[]).map((c) => named(c, "an index codec"))
    : [];
  const [bytes, checksum] = list;
  const known =
    bytes?.name === "bytes" &&
    (checksum === undefined || checksum.name === "crc32c") &&
    list.length <= 2;
  if (!known) {
    const unknown = list.find((c) => c.name !== "bytes" && c.name !== "crc32c");
    throw new ZarrError(
      unknown === undefined
        ? `sharding_indexed: index_codecs must be bytes and perhaps crc32c, got ${show(value)}`
        : `sharding_indexed: index codec ${show(unknown.name)} is not supported`,
      { hint: "supported are bytes and crc32c" },
    );
  }
  return {
    indexEndian: endianOf(bytes.config["endian"], "uint64"),
    indexChecksum: checksum !== undefined,
  };
}
