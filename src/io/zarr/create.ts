/** Creates Zarr arrays, v3 or v2: refuses or removes what is there, writes parent groups and the array's documents. */
import { ChunkwiseError, OptionError, SourceError, ZarrError } from "../../errors.js";
import type { SinkBinding, SourceBinding } from "../../ir/binding.js";
import { type Maybe, runAll, then } from "../maybe.js";
import { keyOf, type Store } from "../stores/store.js";
import { makeDocumentV2 } from "./document-v2.js";
import { type ArrayOptions, makeDocument } from "./document-v3.js";
import { type NodeDocument, readNode } from "./documents.js";
import { checkResumable, type FinishedChunks, removeChunks } from "./finished.js";
import { JOURNAL_NAME, removeJournal, writeJournal } from "./journal.js";
import { locate, type Place, type StoreLike } from "./locate.js";
import type { ArrayMetadata } from "./metadata.js";
import { parseV2 } from "./metadata-v2.js";
import { parseV3 } from "./metadata-v3.js";
import { claim, readsFrom } from "./place.js";
import { prepareMetadata } from "./prepare.js";
import { checkParents, type Document, missingGroups, publishNew } from "./publish.js";
import { interrupted } from "./resume.js";
import { bindSink } from "./sink.js";
import { removeStale } from "./stale.js";

export interface CreateOptions extends ArrayOptions {
  /** Path of the array in the store; default: the store's root. */
  readonly path?: string | undefined;
  /** "create" (default) refuses an existing node; "overwrite" replaces an existing array. */
  readonly mode?: "create" | "overwrite" | undefined;
  readonly zarrFormat?: 2 | 3 | undefined;
  /**
   * A fingerprint of the elements (64 hexadecimal digits): the write keeps a journal, and one that was interrupted while
   * it wrote the same elements goes on.
   */
  readonly resume?: string | undefined;
}

/** An array that is checked and planned for, but of which nothing is written yet. Its place is taken until `release`. */
export interface PendingArray {
  readonly name: string;
  /** Writes its chunks, once it is created. */
  readonly sink: SinkBinding;
  /** The chunks that need not be written again; undefined if all are to be written. */
  readonly finished: FinishedChunks | undefined;
  /** Whether a source reads the very array that this one would replace. */
  replaces(source: SourceBinding): boolean;
  /** Removes what it replaces, writes the groups above it and its metadata. */
  create(): Promise<void>;
  /** All chunks are written: nothing is left to resume. */
  complete(): Promise<void>;
  /** Gives its place back to other writers. */
  release(): void;
}

/**
 * An array to come: what can be wrong with its options and its place is told at once, the store is changed by `create`
 * only. Errors as {@link createZarrArray}.
 */
export async function pendingZarrArray(
  url: StoreLike,
  options: CreateOptions,
): Promise<PendingArray> {
  const { mode = "create", who = "toZarr" } = options;
  if (mode !== "create" && mode !== "overwrite") {
    throw new OptionError(`${who}: mode must be "create" or "overwrite", got ${String(mode)}`);
  }
  const place = writablePlace(url, options.path);
  const { documents, metadata, version } = documentsOf(place.path, options);
  await prepareMetadata(metadata, "encode");
  const release = claim(place);
  try {
    const going =
      options.resume === undefined
        ? undefined
        : await interrupted(place, metadata, documents, options.resume, mode);
    if (going === undefined) await checkRoom(place, mode);
    await checkParents(place, version);
    const create = going?.create ?? (() => createNew(place, metadata, documents, options));
    return {
      name: place.name,
      sink: bindSink(place, metadata),
      finished: going?.finished,
      replaces: (source) => readsFrom(source, place),
      create: () => failing(`array ${place.name}: could not be created`, create),
      complete: () =>
        failing(`array ${place.name}: its journal could not be removed`, async () => {
          if (options.resume !== undefined) await removeJournal(place);
        }),
      release,
    };
  } catch (error) {
    release();
    throw error;
  }
}

async function createNew(
  place: Place,
  metadata: ArrayMetadata,
  documents: readonly Document[],
  { mode = "create", resume }: CreateOptions,
): Promise<void> {
  const { store, path } = place;
  await makeRoom(place, mode);
  if (resume === undefined) {
    // One without its array; chunks of other elements, which are written now, must never pass for those it names.
    await removeJournal(place);
  } else {
    checkResumable(place);
    await removeChunks(place, metadata);
    await writeJournal(place, resume);
  }
  const groups = await missingGroups(store, path, metadata.version);
  await publishNew(place, groups, documents);
  removeStale(place);
}

/** A place in a store that has a `set` method. */
export function writablePlace(url: StoreLike, path: string | undefined): Place {
  const place = locate(url, path);
  if (typeof place.store.set !== "function") {
    throw new ZarrError(`${place.name}: the store cannot be written, it has no set method`);
  }
  return place;
}

/** Runs `work`; what a store throws becomes a SourceError that begins with `what`. */
export async function failing<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof ChunkwiseError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SourceError(`${what}: ${reason}`, { cause });
  }
}

function documentsOf(
  path: string,
  options: CreateOptions,
): { documents: Document[]; metadata: ArrayMetadata; version: 2 | 3 } {
  const { zarrFormat: version = 3, who = "toZarr" } = options;
  if (version !== 2 && version !== 3) {
    throw new OptionError(`${who}: zarrFormat must be 2 or 3, got ${String(version)}`);
  }
  if (version === 3) {
    const content = makeDocument(options);
    const { metadata } = parseV3(content);
    return { documents: [{ path, name: "zarr.json", content }], metadata, version };
  }
  const { array, attributes } = makeDocumentV2(options);
  const { metadata } = parseV2(array, attributes);
  // Attributes first: with its `.zarray` the array is there, and whole.
  const documents: Document[] = [{ path, name: ".zarray", content: array }];
  if (Object.keys(attributes).length > 0) {
    documents.unshift({ path, name: ".zattrs", content: attributes });
  }
  return { documents, metadata, version };
}

/**
 * Creates a Zarr array, with the groups above it, and answers the sink that writes its chunks. Chunks never written
 * read as the fill value.
 *
 * Errors: {@link ZarrError} when something exists at the path and `mode` is "create", when the path lies inside
 * an array or a group of another Zarr version, or for codecs that cannot be written; ShapeError, ChunkError,
 * DTypeError and {@link OptionError} for wrong options; SourceError when the store fails.
 *
 * @example
 * const sink = await createZarrArray("out.zarr", { path: "speed", shape: [365, 100], dtype: "float32", chunks: [30, 100] });
 */
export async function createZarrArray(
  url: StoreLike,
  options: CreateOptions,
): Promise<SinkBinding> {
  const pending = await pendingZarrArray(url, options);
  try {
    await pending.create();
  } finally {
    pending.release();
  }
  return pending.sink;
}

/** What belongs to an array below its own path: its documents and the chunks of any key encoding. */
const OWN_KEY =
  /^(?:zarr\.json|\.zarray|\.zattrs|\.chunkwise-journal|c(?:[/.]\d+)*|\d+(?:[/.]\d+)*)$/;

/** What stands at a place, if a new array may take it. */
async function checkRoom(
  { store, path, name }: Place,
  mode: "create" | "overwrite",
): Promise<NodeDocument | undefined> {
  const existing = await readNode(store, path);
  if (existing === undefined) return undefined;
  if (existing.kind === "group") {
    // A root group without anything in it is what an earlier, interrupted creation leaves behind.
    throw new ZarrError(`${name} is a Zarr group`, { hint: "choose another path for the array" });
  }
  if (mode === "create") {
    const incomplete = (await store.get(keyOf(path, JOURNAL_NAME))) !== undefined;
    throw new ZarrError(`${name} is an existing Zarr array`, {
      hint: incomplete
        ? 'it is incomplete: finish it with resume: true, or replace it with mode: "overwrite"'
        : 'choose another path, or mode: "overwrite" to replace it',
    });
  }
  if (typeof store.delete !== "function") {
    throw new ZarrError(`${name}: the store cannot overwrite an array, it has no delete method`);
  }
  if (typeof store.list !== "function" && !(store instanceof Map)) {
    throw new ZarrError(`${name}: the store cannot overwrite an array, it has no list method`);
  }
  return existing;
}

/** Deletes in flight where a store answers later: a request takes as long for one key as for many at once. */
const DELETES_IN_FLIGHT = 16;

async function makeRoom(place: Place, mode: "create" | "overwrite"): Promise<void> {
  if ((await checkRoom(place, mode)) === undefined) return;
  const { store, path } = place;
  const own = await ownKeys(store, path);
  // Documents first: what is left after a crash is no array, rather than one with missing chunks.
  own.sort((a, b) => Number(isChunk(a)) - Number(isChunk(b)));
  const chunks = own.findIndex(isChunk);
  for (const key of own.slice(0, chunks < 0 ? own.length : chunks)) await store.delete?.(key);
  const rest = chunks < 0 ? [] : own.slice(chunks);
  await runAll(
    rest.map((key) => () => then(store.delete?.(key) as Maybe<unknown>, () => undefined)).values(),
    DELETES_IN_FLIGHT,
  );
}

const isChunk = (key: string): boolean => !/(?:zarr\.json|\.zarray|\.zattrs)$/.test(key);

async function ownKeys(store: Store, path: string): Promise<`/${string}`[]> {
  const listed =
    store instanceof Map
      ? (store as Map<string, Uint8Array>).keys()
      : await store.list?.(path === "" ? "/" : keyOf("", path));
  const start = path === "" ? "/" : `/${path}/`;
  return [...(listed ?? [])].filter(
    (key): key is `/${string}` => key.startsWith(start) && OWN_KEY.test(key.slice(start.length)),
  );
}
