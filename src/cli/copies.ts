/** What `chunkwise rechunk` copies: the arrays and groups of a store, each with the options of its copy. */
import * as cw from "../index.js";
import { type Chunks, carriedShards, chunksFor, type Shards, shardsFor } from "./chunks.js";
import { UsageError } from "./command.js";
import { formatTuple } from "./text.js";

type StoreNode = Awaited<ReturnType<typeof cw.describeStore>>;
type GroupNode = Extract<StoreNode, { readonly kind: "group" }>;
type ArrayNode = Extract<StoreNode, { readonly kind: "array" }>;
type KnownArray = Exclude<ArrayNode, { readonly error: string }>;

export interface ArrayCopy {
  /** In both stores. */
  readonly path: string;
  /** Whether the chunks that were asked for are its. */
  readonly rechunked: boolean;
  /** Whether the shards that were asked for are its. */
  readonly resharded: boolean;
  /** Chunks of what is read, and its shards. */
  readonly from: readonly number[];
  readonly fromShards: readonly number[] | undefined;
  readonly array: cw.LazyArray;
  /** Of what is written, as long as they are stored. */
  readonly shards: readonly number[] | undefined;
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
  /** Undefined: those of the array that is copied. */
  readonly chunks: Chunks | undefined;
  /** Undefined: about those of the array that is copied. */
  readonly shards: Shards | undefined;
  /** Undefined: those of the array that is copied. */
  readonly codecs: cw.CodecChoice | undefined;
  readonly zarrFormat: 2 | 3;
}

/** Finds what is to be copied; metadata only. */
export async function copiesOf(store: string, options: CopyOptions): Promise<Copies> {
  const { path, exclude } = options;
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
  for (const option of ["chunks", "shards"] as const) {
    const given = options[option];
    if (given === undefined || given === "none") continue;
    if (arrays.some((a) => (option === "chunks" ? a.rechunked : a.resharded))) continue;
    throw new UsageError(
      single && !Array.isArray(given)
        ? `--${option} names no axis of the array in ${store}`
        : `--${option} fits no array in ${store}`,
      typeof given === "string" || Array.isArray(given)
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
  { chunks, shards, codecs, zarrFormat }: CopyOptions,
  single: boolean,
): Promise<ArrayCopy> {
  const source = await cw.openZarr(store, { path: node.path, decode: false });
  const axes = { shape: node.shape, chunks: node.chunks, names: node.dimensionNames };
  // A list that does not fit the one array is an error that the library words.
  const own =
    chunks === undefined || (single && Array.isArray(chunks)) ? chunks : chunksFor(chunks, axes);
  const array = own === undefined ? source : source.rechunk(own);
  const notes: string[] = [];
  const sharding = shardsOf(node, array, shards, zarrFormat);
  if (sharding.note !== undefined) notes.push(sharding.note);
  const carried = codecs ?? node.codecChoice;
  if (carried === undefined)
    notes.push(`${node.codecs.join(", ")} cannot be written: zstd instead`);
  const nameless = zarrFormat === 2 && node.dimensionNames?.includes(null) === true;
  if (nameless) notes.push("Zarr v2 names all dimensions or none: none");
  return {
    path: node.path,
    rechunked: own !== undefined,
    resharded: sharding.asked,
    from: node.chunks,
    fromShards: node.shards,
    array,
    shards: sharding.shards,
    options: {
      path: node.path,
      shards: sharding.shards,
      codecs: carried,
      zarrFormat,
      attributes: attributesOf(node, zarrFormat),
      dimensionNames: nameless ? undefined : node.dimensionNames,
      fillValue: fillValueOf(node, zarrFormat),
    },
    notes,
  };
}

interface Sharding {
  readonly shards: readonly number[] | undefined;
  /** Whether they are those that were asked for. */
  readonly asked: boolean;
  readonly note?: string | undefined;
}

/** The shards of a copy: those that were asked for where they fit its axes, else about those of the array. */
function shardsOf(
  { shape, shards, dimensionNames }: KnownArray,
  array: cw.LazyArray,
  wanted: Shards | undefined,
  zarrFormat: 2 | 3,
): Sharding {
  if (wanted === "none") return { shards: undefined, asked: false };
  const chunks = chunksOf(array);
  const carried = shards === undefined ? undefined : carriedShards({ shape, chunks, shards });
  if (wanted !== undefined) {
    const axes = { shape, chunks, names: dimensionNames };
    const given = shardsFor(wanted, axes, carried ?? chunks);
    if (given !== undefined) return { shards: wholeAxes(given, chunks, shape), asked: true };
  }
  if (shards === undefined || carried === undefined) return { shards: undefined, asked: false };
  // A shard of one chunk is a chunk with an index.
  const single = carried.every((n, i) => n === chunks[i]);
  if (zarrFormat === 2 || (single && chunks.some((n, i) => n !== shards[i]))) {
    return { shards: undefined, asked: false, note: "its shards become chunks" };
  }
  const ends = (n: number, i: number): number => Math.min(n, shape[i] as number);
  const same = carried.every((n, i) => ends(n, i) === ends(shards[i] as number, i));
  const note = `its shards ${formatTuple(shards)} become ${formatTuple(carried)}`;
  return { shards: carried, asked: false, note: same ? undefined : note };
}

/** -1 is the whole axis, in whole chunks; what holds no whole chunks is told in the words of the command line. */
const wholeAxes = (
  shards: readonly number[],
  chunks: readonly number[],
  shape: readonly number[],
): number[] =>
  shards.map((n, i) => {
    const [chunk, extent] = [chunks[i] as number, shape[i] as number];
    if (n === -1) return chunk * Math.max(1, Math.ceil(extent / chunk));
    if (n % chunk === 0) return n;
    if (n > extent && chunk >= extent) return chunk;
    const below = n - (n % chunk);
    throw new UsageError(
      `--shards: ${n} is no multiple of the chunks of ${chunk} (axis ${i})`,
      `right would be ${below === 0 ? chunk : `${below} or ${below + chunk}`}`,
    );
  });

/** The chunk length of a regular axis is that of its first chunk. */
export const chunksOf = (array: cw.LazyArray): number[] =>
  array.chunks.map((sizes) => Math.max(1, sizes[0] ?? 0));

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
