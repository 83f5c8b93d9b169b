/** Finds and reads metadata documents: v3 before v2, then what consolidated metadata at the root says. */
import { ChunkwiseError, SourceError, ZarrError } from "../../errors.js";
import { keyOf, type Store } from "../stores/store.js";
import { isObject, type Json, parseObject } from "./json.js";
import { show } from "./metadata.js";

export type JsonObject = { readonly [key: string]: Json };

export type NodeDocument =
  | { readonly kind: "array"; readonly version: 3; readonly document: JsonObject }
  | {
      readonly kind: "array";
      readonly version: 2;
      readonly document: JsonObject;
      readonly attributes: JsonObject;
    }
  | {
      readonly kind: "group";
      readonly version: 2 | 3;
      readonly attributes: JsonObject;
      /** Documents of all nodes below by path relative to this group, where the group holds them. */
      readonly consolidated: ReadonlyMap<string, NodeDocument> | undefined;
    };

const EMPTY: JsonObject = {};
/** No honest metadata document is larger; consolidated ones of thousands of arrays have some MiB. */
const MAX_DOCUMENT_BYTES = 256 << 20;

async function read(
  store: Store,
  key: `/${string}`,
  signal?: AbortSignal,
): Promise<JsonObject | undefined> {
  let bytes: Uint8Array | undefined;
  try {
    const limit = MAX_DOCUMENT_BYTES;
    bytes = await store.get(key, signal === undefined ? { limit } : { signal, limit });
  } catch (error) {
    if (error instanceof ChunkwiseError || signal?.aborted === true) throw error;
    throw new SourceError(
      `the store failed to read ${key}: ${String((error as Error)?.message ?? error)}`,
      {
        cause: error,
      },
    );
  }
  if (bytes === undefined || bytes === null) return undefined;
  if (!(bytes instanceof Uint8Array)) {
    throw new SourceError(`the store answered ${key} with ${typeof bytes} instead of bytes`, {
      hint: "get must give a Uint8Array, or undefined for what is not there",
    });
  }
  if (bytes.length > MAX_DOCUMENT_BYTES)
    throw new ZarrError(`${key} is too large for a metadata document`);
  return parseObject(bytes, key);
}

/** The node at a path; undefined where there is none. */
export async function readNode(
  store: Store,
  path: string,
  signal?: AbortSignal,
): Promise<NodeDocument | undefined> {
  const own = await readOwn(store, path, signal);
  if (own !== undefined || path === "") return own;
  const root = await readOwn(store, "", signal);
  return root?.kind === "group" ? root.consolidated?.get(path) : undefined;
}

async function readOwn(
  store: Store,
  path: string,
  signal?: AbortSignal,
): Promise<NodeDocument | undefined> {
  const v3 = await read(store, keyOf(path, "zarr.json"), signal);
  if (v3 !== undefined) return nodeFromV3(v3, keyOf(path, "zarr.json"));
  const array = await read(store, keyOf(path, ".zarray"), signal);
  if (array !== undefined) {
    const attributes = (await read(store, keyOf(path, ".zattrs"), signal)) ?? EMPTY;
    return { kind: "array", version: 2, document: array, attributes };
  }
  const all = await read(store, keyOf(path, ".zmetadata"), signal);
  const group = all === undefined ? await read(store, keyOf(path, ".zgroup"), signal) : undefined;
  if (all === undefined && group === undefined) return undefined;
  if (all !== undefined) {
    const nodes = consolidatedV2(all, keyOf(path, ".zmetadata"));
    const self = nodes.get("");
    return {
      kind: "group",
      version: 2,
      attributes: self?.kind === "group" ? self.attributes : EMPTY,
      consolidated: nodes,
    };
  }
  const attributes = (await read(store, keyOf(path, ".zattrs"), signal)) ?? EMPTY;
  return { kind: "group", version: 2, attributes, consolidated: undefined };
}

function nodeFromV3(document: JsonObject, where: string): NodeDocument {
  if (document["zarr_format"] !== 3) {
    throw new ZarrError(`${where} has zarr_format ${show(document["zarr_format"])} instead of 3`);
  }
  const type = document["node_type"];
  if (type === "array") return { kind: "array", version: 3, document };
  if (type !== "group") {
    throw new ZarrError(`${where} has node_type ${show(type)} instead of "array" or "group"`);
  }
  const attributes = document["attributes"] ?? EMPTY;
  if (!isObject(attributes)) throw new ZarrError(`${where}: attributes must be an object`);
  const inline = document["consolidated_metadata"];
  const nodes = isObject(inline) ? inline["metadata"] : undefined;
  if (!isObject(nodes)) return { kind: "group", version: 3, attributes, consolidated: undefined };
  const consolidated = new Map<string, NodeDocument>();
  for (const [path, node] of Object.entries(nodes)) {
    if (!isObject(node))
      throw new ZarrError(`${where}: consolidated metadata of ${path} is no object`);
    consolidated.set(path, nodeFromV3(node, `${where}: ${path}`));
  }
  return { kind: "group", version: 3, attributes, consolidated };
}

function consolidatedV2(document: JsonObject, where: string): ReadonlyMap<string, NodeDocument> {
  const metadata = document["metadata"];
  if (!isObject(metadata)) throw new ZarrError(`${where} has no metadata object`);
  const nodes = new Map<string, NodeDocument>();
  for (const [key, value] of Object.entries(metadata)) {
    const slash = key.lastIndexOf("/");
    const path = slash < 0 ? "" : key.slice(0, slash);
    const name = key.slice(slash + 1);
    if (!isObject(value)) throw new ZarrError(`${where}: ${key} is no object`);
    const beside = metadata[path === "" ? ".zattrs" : `${path}/.zattrs`];
    const attributes = isObject(beside) ? beside : EMPTY;
    if (name === ".zarray")
      nodes.set(path, { kind: "array", version: 2, document: value, attributes });
    if (name === ".zgroup") {
      nodes.set(path, { kind: "group", version: 2, attributes, consolidated: undefined });
    }
  }
  return nodes;
}
