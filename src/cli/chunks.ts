/** Chunk specifications on the command line. */
import { UsageError } from "./command.js";

/** Lengths for the axes in order, or one size in bytes. */
export type PlainChunks = string | (number | "auto")[];
/** Or lengths for axes by their names; the other axes keep theirs. */
export type Chunks = PlainChunks | ReadonlyMap<string, number | "auto">;

/** `100,-1,auto` -> [100, -1, "auto"]; anything with a unit, as `64MiB`, is left to the library. */
export function parseChunks(text: string): PlainChunks {
  if (/^\s*\d+(\.\d+)?\s*[a-z]+\s*$/i.test(text) || text.trim() === "auto") return text.trim();
  return text.split(",").map((part) => parseLength(text, part));
}

/** As {@link parseChunks}, and `time:100,lat:-1` -> Map { time -> 100, lat -> -1 }. */
export function parseNamedChunks(text: string): Chunks {
  if (!text.includes(":")) return parseChunks(text);
  const lengths = new Map<string, number | "auto">();
  for (const part of text.split(",")) {
    const cut = part.lastIndexOf(":");
    const name = part.slice(0, Math.max(0, cut)).trim();
    if (name === "") {
      throw new UsageError(
        `--chunks=${text} is not a chunk shape: '${part.trim()}' names no dimension`,
        "give NAME:LENGTH for each of them, as in --chunks=time:100,lat:-1",
      );
    }
    if (lengths.has(name))
      throw new UsageError(`--chunks=${text} names ${name} twice`, "give it once");
    lengths.set(name, parseLength(text, part.slice(cut + 1)));
  }
  return lengths;
}

function parseLength(text: string, part: string): number | "auto" {
  const word = part.trim();
  if (word === "auto") return "auto";
  const length = /^(?:-1|\d+)$/.test(word) ? Number(word) : 0;
  if (length === 0) {
    throw new UsageError(
      `--chunks=${text} is not a chunk shape: '${word}'`,
      "give a number > 0, -1 or auto for each axis, or one size as 64MiB",
    );
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
