/** Opens one Zarr array: reads its metadata and binds it. No chunk is read. */
import { ZarrError } from "../../errors.js";
import type { SourceBinding } from "../../ir/binding.js";
import { uniformCuts } from "../../ir/cuts.js";
import type { DType } from "../../ir/dtype.js";
import { freshId } from "../../ir/node.js";
import { descriptionOf, isRemoteStore } from "../stores/described.js";
import { isDirectoryStore } from "../stores/store.js";
import { bandsOf } from "./bands.js";
import { type CodecChoice, carriedCodecs } from "./codec-choice.js";
import { type NodeDocument, readNode } from "./documents.js";
import type { StoredDType } from "./dtypes.js";
import type { Json } from "./json.js";
import { locate, type Place, type StoreLike } from "./locate.js";
import type { ArrayDocument } from "./metadata.js";
import { parseV2 } from "./metadata-v2.js";
import { parseV3 } from "./metadata-v3.js";
import { type Packing, packingOf } from "./packing.js";
import { rememberPlace } from "./place.js";
import { hasBuiltInCodecs, prepareMetadata } from "./prepare.js";
import { readScratchBytes, zarrReader } from "./reader.js";

export interface ZarrArrayInfo {
  readonly version: 2 | 3;
  readonly shape: readonly number[];
  /** Unit of reading: inner chunks of a sharded array, chunks otherwise. */
  readonly chunks: readonly number[];
  /** Shape of a shard, for a sharded array. */
  readonly shards: readonly number[] | undefined;
  readonly storedDType: StoredDType;
  readonly dtype: DType;
  readonly fillValue: Json;
  readonly codecs: readonly string[];
  /** The option `codecs` that stores a copy as this array is stored; undefined if one of them cannot be written. */
  readonly codecChoice: CodecChoice | undefined;
  readonly attributes: Readonly<Record<string, Json>>;
  readonly dimensionNames: readonly (string | null)[] | undefined;
  readonly packing: Packing | undefined;
}

export type OpenedArray = ZarrArrayInfo & { readonly binding: SourceBinding };

export interface OpenOptions {
  /** Path of the array in the store; default: the store's root. */
  readonly path?: string | undefined;
  /** Report CF packing; default true. */
  readonly decode?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a Zarr v3 or v2 array.
 *
 * Errors: {@link ZarrError} when there is no array, or its metadata are malformed or use what is not supported
 * (named); SourceError when the store fails.
 *
 * @example const { binding, attributes } = await openZarrArray("era5.zarr", { path: "u" });
 */
export async function openZarrArray(
  url: StoreLike,
  options: OpenOptions = {},
): Promise<OpenedArray> {
  const place = locate(url, options.path);
  const node = await readNode(place.store, place.path, options.signal);
  if (node === undefined) throw notFound(place);
  if (node.kind === "group") throw isGroup(place, node);
  return openDocument(place, node, options.decode !== false);
}

/** Opens an array whose metadata are at hand. */
export async function openDocument(
  place: Place,
  node: NodeDocument & { kind: "array" },
  decode: boolean,
): Promise<OpenedArray> {
  const document = named(place.name, () => parseArray(node));
  await prepareMetadata(document.metadata, "decode");
  const info = named(place.name, () => arrayInfo(document, decode));
  return { ...info, binding: bindSource(place, document) };
}

export const parseArray = (node: NodeDocument & { kind: "array" }): ArrayDocument =>
  node.version === 3 ? parseV3(node.document) : parseV2(node.document, node.attributes);

/** Puts the name of the array in front of what is wrong with it. */
export function named<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ZarrError)) throw error;
    throw new ZarrError(`${name}: ${error.message}`, { cause: error.cause });
  }
}

export function arrayInfo(document: ArrayDocument, decode: boolean): ZarrArrayInfo {
  const { metadata } = document;
  const { layout } = metadata;
  return {
    version: metadata.version,
    shape: metadata.shape,
    chunks: layout.shard?.inner.shape ?? layout.shape,
    shards: layout.shard === undefined ? undefined : layout.shape,
    storedDType: metadata.stored,
    dtype: metadata.dtype,
    fillValue: document.fillValue,
    codecs: document.codecs,
    codecChoice: carriedCodecs(layout, metadata.dtype),
    attributes: document.attributes,
    dimensionNames: document.dimensionNames,
    packing: decode ? packingOf(document) : undefined,
  };
}

export function bindSource(place: Place, { metadata }: ArrayDocument): SourceBinding {
  const { store, path, name } = place;
  const described = hasBuiltInCodecs(metadata) ? descriptionOf(store) : undefined;
  const grid = metadata.layout.shard?.inner.shape ?? metadata.layout.shape;
  const binding = Object.freeze({
    kind: "source",
    id: freshId(),
    name,
    shape: metadata.shape,
    dtype: metadata.dtype,
    chunks: metadata.shape.map((n, i) => uniformCuts(n, grid[i] as number)),
    bands: bandsOf(store, metadata),
    residence: "store",
    thread: described === undefined ? "caller" : "any",
    scratchBytes: readScratchBytes(store, metadata),
    description:
      described === undefined
        ? undefined
        : { type: "zarr", store: described, path, name, metadata },
    reader: zarrReader(store, path, name, metadata),
  } satisfies SourceBinding);
  rememberPlace(binding, place, metadata);
  return binding;
}

function notFound({ store, path, name }: Place): ZarrError {
  const root = isDirectoryStore(store)
    ? store.description.root
    : isRemoteStore(store)
      ? store.url
      : undefined;
  const where = root === undefined ? "" : ` in ${root}`;
  return new ZarrError(
    path === ""
      ? `${name} holds no Zarr array or group${where}`
      : `there is no Zarr array at ${JSON.stringify(path)}${where}`,
    { hint: "an array has a zarr.json (v3) or a .zarray (v2) document" },
  );
}

function isGroup({ name }: Place, node: NodeDocument & { kind: "group" }): ZarrError {
  const arrays = [...(node.consolidated ?? [])]
    .filter(([, n]) => n.kind === "array")
    .map(([p]) => p);
  return new ZarrError(`${name} is a Zarr group, not an array`, {
    hint:
      arrays.length === 0
        ? "name an array in it with the option path"
        : `name an array in it with the option path: ${arrays.slice(0, 20).join(", ")}`,
  });
}
