/** Specifications of chunks and shards on the command line. */
import { UsageError } from "./command.js";

/** Lengths for the axes in order, or one size in bytes. */
export type PlainChunks = string | (number | "auto")[];
/** Or lengths for axes by their names; the other axes keep theirs. */
export type Chunks = PlainChunks | ReadonlyMap<string, number | "auto">;

/** `100,-1,auto` -> [100, -1, "auto"]; anything with a unit, as `64MiB`, is left to the library. */
export function parseChunks(text: string): PlainChunks {
  if (/^\s*\d+(\.\d+)?\s*[a-z]+\s*$/i.test(text) || text.trim() === "auto") return text.trim();
  return text.split(",").map((part) => parseLength(CHUNKS, text, part));
}

/** As {@link parseChunks}, and `time:100,lat:-1` -> Map { time -> 100, lat -> -1 }. */
export function parseNamedChunks(text: string): Chunks {
  return text.includes(":") ? parseNamed(CHUNKS, text) : parseChunks(text);
}

/** Lengths of shards for the axes in order, or for axes by their names; "none" where chunks are to stand alone. */
export type Shards = "none" | readonly number[] | ReadonlyMap<string, number>;

/** `200,-1` -> [200, -1], `time:200` -> Map { time -> 200 }, `none`. */
export function parseShards(text: string): Shards {
  if (text.trim() === "none") return "none";
  const shards = text.includes(":")
    ? parseNamed(SHARDS, text)
    : text.split(",").map((part) => parseLength(SHARDS, text, part));
  return shards as Exclude<Shards, "none">;
}

/** How an option is worded. */
interface Wording {
  readonly option: string;
  readonly noun: string;
  readonly auto: boolean;
  readonly allowed: string;
}
const CHUNKS: Wording = {
  option: "chunks",
  noun: "chunk",
  auto: true,
  allowed: "give a number > 0, -1 or auto for each axis, or one size as 64MiB",
};
const SHARDS: Wording = {
  option: "shards",
  noun: "shard",
  auto: false,
  allowed: "give a number > 0 or -1 for each axis, or none",
};

function parseNamed(wording: Wording, text: string): Map<string, number | "auto"> {
  const { option, noun } = wording;
  const lengths = new Map<string, number | "auto">();
  for (const part of text.split(",")) {
    const cut = part.lastIndexOf(":");
    const name = part.slice(0, Math.max(0, cut)).trim();
    if (name === "") {
      throw new UsageError(
        `--${option}=${text} is not a ${noun} shape: '${part.trim()}' names no dimension`,
        `give NAME:LENGTH for each of them, as in --${option}=time:100,lat:-1`,
      );
    }
    if (lengths.has(name))
      throw new UsageError(`--${option}=${text} names ${name} twice`, "give it once");
    lengths.set(name, parseLength(wording, text, part.slice(cut + 1)));
  }
  return lengths;
}

function parseLength(
  { option, noun, auto, allowed }: Wording,
  text: string,
  part: string,
): number | "auto" {
  const word = part.trim();
  if (auto && word === "auto") return "auto";
  const length = /^(?:-1|\d+)$/.test(word) ? Number(word) : 0;
  if (length === 0) {
    throw new UsageError(`--${option}=${text} is not a ${noun} shape: '${word}'`, allowed);
  }
  return length;
}

/** What belongs to an array of these axes; undefined if nothing of it does. */
export function chunksFor(
  chunks: Chunks,
  { shape, chunks: stored, names }: Axes,
): PlainChunks | undefined {
  if (typeof chunks === "string") return chunks;
  if (Array.isArray(chunks)) return chunks.length === shape.length ? chunks : undefined;
  const named = chunks as ReadonlyMap<string, number | "auto">;
  if (!names?.some((name) => name !== null && named.has(name))) return undefined;
  return names.map((name, i) => {
    const length = name === null ? undefined : named.get(name);
    return length ?? (stored[i] as number);
  });
}

export interface Axes {
  readonly shape: readonly number[];
  /** Chunks as they are stored. */
  readonly chunks: readonly number[];
  readonly names: readonly (string | null)[] | undefined;
}

/** As {@link chunksFor}, of shards: axes that are not named get the length that they would have. */
export function shardsFor(
  shards: Exclude<Shards, "none">,
  { names }: Axes,
  others: readonly number[],
): readonly number[] | undefined {
  if (Array.isArray(shards)) return shards.length === others.length ? shards : undefined;
  const named = shards as ReadonlyMap<string, number>;
  if (!names?.some((name) => name !== null && named.has(name))) return undefined;
  return others.map((length, i) => named.get(names[i] ?? "") ?? length);
}

/**
 * Shards of whole chunks that are as long as those of the array that is copied, or shorter where the new chunks do not
 * divide these; never with more elements, so that a copy takes no more memory, unless a single chunk has more.
 */
export function carriedShards({ shape, chunks, shards }: Extents): number[] {
  const counts = chunks.map((chunk, i) => {
    const most = Math.ceil((shape[i] as number) / chunk);
    return Math.max(1, Math.min(most, Math.floor((shards[i] as number) / chunk)));
  });
  const elements = (lengths: readonly number[]): number =>
    lengths.reduce((n, length, i) => n * Math.max(1, Math.min(length, shape[i] as number)), 1);
  const lengths = (): number[] => counts.map((n, i) => n * (chunks[i] as number));
  while (elements(lengths()) > elements(shards) && counts.some((n) => n > 1)) {
    const longest = counts.indexOf(Math.max(...counts));
    counts[longest] = Math.ceil((counts[longest] as number) / 2);
  }
  return lengths();
}

export interface Extents {
  readonly shape: readonly number[];
  /** Of the copy. */
  readonly chunks: readonly number[];
  /** Of the array that is copied. */
  readonly shards: readonly number[];
}
