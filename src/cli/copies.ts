/** What `chunkwise rechunk` copies: the arrays and groups of a store, each with the options of its copy. */
import * as cw from "../index.js";
import { type Chunks, chunksFor } from "./chunks.js";
import { UsageError } from "./command.js";

type StoreNode = Awaited<ReturnType<typeof cw.describeStore>>;
type GroupNode = Extract<StoreNode, { readonly kind: "group" }>;
type ArrayNode = Extract<StoreNode, { readonly kind: "array" }>;
type KnownArray = Exclude<ArrayNode, { readonly error: string }>;

export interface ArrayCopy {
  /** In both stores. */
  readonly path: string;
  /** False where the chunks stay as they are. */
  readonly rechunked: boolean;
  /** Chunks of what is read. */
  readonly from: readonly number[];
  readonly array: cw.LazyArray;
  readonly options: cw.ToZarrOptions;
  /** What is not as it was, for the user. */
  readonly notes: readonly string[];
}
export interface GroupCopy {
  readonly path: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}
export interface Copies {
  /** True if a single array was asked for. */
  readonly single: boolean;
  readonly groups: readonly GroupCopy[];
  readonly arrays: readonly ArrayCopy[];
}

export interface CopyOptions {
  readonly path: string | undefined;
  readonly exclude: readonly string[];
  readonly chunks: Chunks;
  /** Undefined: those of the array that is copied. */
  readonly codecs: cw.CodecChoice | undefined;
  readonly zarrFormat: 2 | 3;
}

/** Finds what is to be copied; metadata only. */
export async function copiesOf(store: string, options: CopyOptions): Promise<Copies> {
  const { path, exclude, chunks } = options;
  const root = await cw.describeStore(store, { path });
  const groups: GroupCopy[] = [];
  const found: ArrayNode[] = [];
  const open: StoreNode[] = [root];
  const left = new Set(exclude.map((p) => p.replace(/^\/|\/$/g, "")));
  for (let node = open.shift(); node !== undefined; node = open.shift()) {
    if (left.delete(node.path)) continue;
    if (node.kind === "array") found.push(node);
    else {
      groups.push({ path: node.path, attributes: attributesOf(node, options.zarrFormat) });
      open.unshift(...node.children);
    }
  }
  for (const one of left) {
    throw new UsageError(
      `--exclude ${one}: there is nothing at this path`,
      `see chunkwise info ${store}`,
    );
  }
  const single = root.kind === "array";
  const arrays: ArrayCopy[] = [];
  for (const node of found) {
    if (node.error !== undefined) {
      // The library says what is wrong with it.
      if (single) await cw.openZarr(store, { path: node.path });
      throw new UsageError(
        `${node.path} cannot be read: ${node.error}`,
        `leave it out with --exclude ${node.path}`,
      );
    }
    arrays.push(await copyOf(store, node, options, single));
  }
  if (!arrays.some((a) => a.rechunked)) {
    throw new UsageError(
      single
        ? `--chunks names no axis of the array in ${store}`
        : `--chunks fits no array in ${store}`,
      typeof chunks === "string" || Array.isArray(chunks)
        ? "give as many lengths as the array has axes"
        : `dimensions are ${[...new Set(found.flatMap(namesOf))].join(", ") || "not named"}`,
    );
  }
  return { single, groups, arrays };
}

const namesOf = (node: ArrayNode): string[] =>
  node.error === undefined ? (node.dimensionNames ?? []).filter((n) => n !== null) : [];

async function copyOf(
  store: string,
  node: KnownArray,
  { chunks, codecs, zarrFormat }: CopyOptions,
  single: boolean,
): Promise<ArrayCopy> {
  const source = await cw.openZarr(store, { path: node.path, decode: false });
  const axes = { shape: node.shape, chunks: node.chunks, names: node.dimensionNames };
  // A list that does not fit the one array is an error that the library words.
  const own = single && Array.isArray(chunks) ? chunks : chunksFor(chunks, axes);
  const notes: string[] = [];
  if (node.shards !== undefined) notes.push("its shards become chunks");
  const carried = codecs ?? node.codecChoice;
  if (carried === undefined)
    notes.push(`${node.codecs.join(", ")} cannot be written: zstd instead`);
  const nameless = zarrFormat === 2 && node.dimensionNames?.includes(null) === true;
  if (nameless) notes.push("Zarr v2 names all dimensions or none: none");
  return {
    path: node.path,
    rechunked: own !== undefined,
    from: node.chunks,
    array: own === undefined ? source : source.rechunk(own),
    options: {
      path: node.path,
      codecs: carried,
      zarrFormat,
      attributes: attributesOf(node, zarrFormat),
      dimensionNames: nameless ? undefined : node.dimensionNames,
      fillValue: fillValueOf(node, zarrFormat),
    },
    notes,
  };
}

const isPacked = (attributes: Readonly<Record<string, unknown>>): boolean =>
  "scale_factor" in attributes || "add_offset" in attributes;

/**
 * In v2 the fill value of a packed array also says which values are missing. So one that said nothing of the kind in v3
 * is not written: zeros would be missing.
 */
function fillValueOf(node: KnownArray, zarrFormat: 2 | 3): cw.ToZarrOptions["fillValue"] {
  const silent =
    zarrFormat === 2 &&
    (node.fillValue === null || (node.version === 3 && isPacked(node.attributes)));
  if (silent) return null;
  return (node.fillValue ?? undefined) as cw.ToZarrOptions["fillValue"];
}

/**
 * The attributes of a node for the other format. In v2 `_ARRAY_DIMENSIONS` names the axes, and the fill value of a packed
 * array says which values are missing; v3 keeps the first in the metadata, and the second in `_FillValue`, without
 * which missing values would become numbers.
 */
function attributesOf(node: GroupNode | KnownArray, zarrFormat: 2 | 3): Record<string, unknown> {
  if (node.kind === "group" || node.version === 3) return { ...node.attributes };
  const { _ARRAY_DIMENSIONS: _names, ...others } = node.attributes;
  const attributes = node.dimensionNames === undefined ? node.attributes : others;
  const told = "_FillValue" in attributes || "missing_value" in attributes;
  const silent = zarrFormat === 3 && isPacked(attributes) && !told && node.fillValue !== null;
  return silent ? { ...attributes, _FillValue: node.fillValue } : { ...attributes };
}
