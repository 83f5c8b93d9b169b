/** Creates Zarr v3 arrays: refuses or removes what is there, writes parent groups and the array's document. */
import { ChunkwiseError, OptionError, SourceError, ZarrError } from "../../errors.js";
import type { SinkBinding, SourceBinding } from "../../ir/binding.js";
import { uniformCuts } from "../../ir/cuts.js";
import { freshId } from "../../ir/node.js";
import { isDirectoryStore, keyOf, type Store } from "../stores/store.js";
import { type ArrayOptions, makeDocument } from "./document-v3.js";
import { type JsonObject, readNode } from "./documents.js";
import { formatJson, isObject, parseObject } from "./json.js";
import { locate, type Place, type StoreLike } from "./locate.js";
import type { ArrayMetadata } from "./metadata.js";
import { parseV3 } from "./metadata-v3.js";
import { claim, readsFrom } from "./place.js";
import { hasBuiltInCodecs, prepareMetadata } from "./prepare.js";
import { writeScratchBytes, zarrWriter } from "./writer.js";

export interface CreateOptions extends ArrayOptions {
  /** Path of the array in the store; default: the store's root. */
  readonly path?: string | undefined;
  /** "create" (default) refuses an existing node; "overwrite" replaces an existing array. */
  readonly mode?: "create" | "overwrite" | undefined;
}

/** An array that is checked and planned for, but of which nothing is written yet. */
export interface PendingArray {
  /** Writes its chunks, once it is created. */
  readonly sink: SinkBinding;
  /** Whether a source reads the very array that this one would replace. */
  replaces(source: SourceBinding): boolean;
  /** Takes the place for this writer; the answer gives it back. ZarrError while another one writes there. */
  claim(): () => void;
  /** Removes what it replaces, writes the groups above it and its metadata. */
  create(): Promise<void>;
}

/**
 * A Zarr v3 array to come: what can be wrong with its options is told at once, what is in the store is touched by
 * `create` only. Errors as {@link createZarrArray}.
 */
export async function pendingZarrArray(
  url: StoreLike,
  options: CreateOptions,
): Promise<PendingArray> {
  const { mode = "create" } = options;
  if (mode !== "create" && mode !== "overwrite") {
    throw new OptionError(`toZarr: mode must be "create" or "overwrite", got ${String(mode)}`);
  }
  const place = locate(url, options.path);
  const { store, path } = place;
  const { set } = store;
  if (typeof set !== "function") {
    throw new ZarrError(`${place.name}: the store cannot be written, it has no set method`);
  }
  const document = makeDocument(options);
  const { metadata } = parseV3(document);
  await prepareMetadata(metadata, "encode");
  return {
    sink: bind(place, metadata),
    replaces: (source) => readsFrom(source, place),
    claim: () => claim(place),
    create: async () => {
      try {
        await makeRoom(place, mode);
        await writeGroups(place, document);
        await set.call(store, keyOf(path, "zarr.json"), formatJson(document));
        if (isDirectoryStore(store)) store.removeStale(`/${path}`);
      } catch (cause) {
        if (cause instanceof ChunkwiseError) throw cause;
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new SourceError(`array ${place.name}: could not be created: ${reason}`, { cause });
      }
    },
  };
}

/**
 * Creates a Zarr v3 array, with the groups above it, and answers the sink that writes its chunks. Chunks never
 * written read as the fill value.
 *
 * Errors: {@link ZarrError} when something exists at the path and `mode` is "create", when the path lies inside
 * an array or a v2 group, or for codecs that cannot be written; ShapeError, ChunkError, DTypeError and
 * {@link OptionError} for wrong options; SourceError when the store fails.
 *
 * @example
 * const sink = await createZarrArray("out.zarr", { path: "speed", shape: [365, 100], dtype: "float32", chunks: [30, 100] });
 */
export async function createZarrArray(
  url: StoreLike,
  options: CreateOptions,
): Promise<SinkBinding> {
  const pending = await pendingZarrArray(url, options);
  await pending.create();
  return pending.sink;
}

function bind({ store, path, name }: Place, metadata: ArrayMetadata): SinkBinding {
  const local = isDirectoryStore(store) && hasBuiltInCodecs(metadata);
  return Object.freeze({
    kind: "sink",
    id: freshId(),
    name,
    shape: metadata.shape,
    dtype: metadata.dtype,
    chunks: metadata.shape.map((n, i) => uniformCuts(n, metadata.layout.shape[i] as number)),
    thread: local ? "any" : "caller",
    scratchBytes: writeScratchBytes(metadata),
    description: local
      ? { type: "zarr", store: store.description, path, name, metadata }
      : undefined,
    writer: zarrWriter(store, path, name, metadata),
  } satisfies SinkBinding);
}

/** What belongs to an array below its own path: its documents and the chunks of any key encoding. */
const OWN_KEY = /^(?:zarr\.json|\.zarray|\.zattrs|c(?:[/.]\d+)*|\d+(?:[/.]\d+)*)$/;

async function makeRoom({ store, path, name }: Place, mode: "create" | "overwrite"): Promise<void> {
  const existing = await readNode(store, path);
  if (existing === undefined) return;
  if (existing.kind === "group") {
    // A root group without anything in it is what an earlier, interrupted creation leaves behind.
    throw new ZarrError(`${name} is a Zarr group`, { hint: "choose another path for the array" });
  }
  if (mode === "create") {
    throw new ZarrError(`${name} is an existing Zarr array`, {
      hint: 'choose another path, or mode: "overwrite" to replace it',
    });
  }
  if (typeof store.delete !== "function") {
    throw new ZarrError(`${name}: the store cannot overwrite an array, it has no delete method`);
  }
  const own = await ownKeys(store, path, name);
  // Documents first: what is left after a crash is no array, rather than one with missing chunks.
  own.sort((a, b) => Number(isChunk(a)) - Number(isChunk(b)));
  for (const key of own) await store.delete(key);
}

const isChunk = (key: string): boolean => !/(?:zarr\.json|\.zarray|\.zattrs)$/.test(key);

async function ownKeys(store: Store, path: string, name: string): Promise<`/${string}`[]> {
  const listed =
    store instanceof Map
      ? (store as Map<string, Uint8Array>).keys()
      : await store.list?.(`/${path}`);
  if (listed === undefined) {
    throw new ZarrError(`${name}: the store cannot overwrite an array, it has no list method`);
  }
  const start = path === "" ? "/" : `/${path}/`;
  return [...listed].filter(
    (key): key is `/${string}` => key.startsWith(start) && OWN_KEY.test(key.slice(start.length)),
  );
}

/** Writes missing group documents above the array; consolidated ones on the way learn of the new array. */
async function writeGroups({ store, path, name }: Place, document: JsonObject): Promise<void> {
  if (path === "") return;
  const segments = path.split("/");
  for (let depth = 0; depth < segments.length; depth++) {
    const parent = segments.slice(0, depth).join("/");
    const node = await readNode(store, parent);
    const key = keyOf(parent, "zarr.json");
    if (node === undefined) {
      const group = { zarr_format: 3, node_type: "group", attributes: {} };
      await store.set?.(key, formatJson(group));
    } else if (node.kind === "array") {
      throw new ZarrError(`${name} would lie inside the array at "${parent}"`, {
        hint: "choose another path",
      });
    } else if (node.version === 2) {
      throw new ZarrError(`${name} would lie inside the Zarr v2 group at "${parent}"`, {
        hint: "v3 arrays need a store of their own",
      });
    } else if (node.consolidated !== undefined) {
      await consolidate(store, key, segments.slice(depth).join("/"), document);
    }
  }
}

async function consolidate(
  store: Store,
  key: `/${string}`,
  relative: string,
  document: JsonObject,
): Promise<void> {
  const bytes = await store.get(key);
  if (bytes === undefined) return;
  const group = parseObject(bytes, key);
  const inline = group["consolidated_metadata"];
  const nodes = isObject(inline) ? inline["metadata"] : undefined;
  if (!isObject(inline) || !isObject(nodes)) return;
  const metadata = { ...nodes, [relative]: document };
  await store.set?.(key, formatJson({ ...group, consolidated_metadata: { ...inline, metadata } }));
}
