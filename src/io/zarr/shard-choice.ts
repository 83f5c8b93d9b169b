/** What users say about shards, as the codec that makes them. */
import { OptionError } from "../../errors.js";
import type { ArrayOptions } from "./document-v3.js";
import type { JsonObject } from "./documents.js";
import { isObject, type Json } from "./json.js";
import { show } from "./metadata.js";

/** Lengths of a shard, -1 for a whole axis; or these and the place of the index, which is "end" by default. */
export type ShardChoice =
  | readonly number[]
  | { readonly shape: readonly number[]; readonly indexLocation?: "start" | "end" | undefined };

export interface Shards {
  readonly shape: readonly number[];
  readonly indexLocation: "start" | "end";
}

/** Undefined where none are asked for. OptionError for what does not fit the chunks, which are checked already. */
export function shardsOf(options: ArrayOptions): Shards | undefined {
  const { shards, shape, chunks, who = "toZarr" } = options;
  if (shards === undefined) return undefined;
  const { lengths, indexLocation } = partsOf(shards, who);
  const isLength = (n: unknown): boolean => n === -1 || (Number.isSafeInteger(n) && Number(n) >= 1);
  if (!Array.isArray(lengths) || lengths.length !== shape.length || !lengths.every(isLength)) {
    throw new OptionError(
      `${who}: shards must hold ${shape.length} integers >= 1, got ${show(lengths)}`,
      { hint: "one length for each axis, or -1 for the whole axis" },
    );
  }
  const whole = (lengths as readonly number[]).map((n, axis) => {
    const [chunk, extent] = [chunks[axis] as number, shape[axis] as number];
    if (n === -1) return chunk * Math.max(1, Math.ceil(extent / chunk));
    // A chunk is no longer than its axis, whatever was asked for; then a longer shard holds that one.
    return n % chunk !== 0 && n > extent && chunk >= extent ? chunk : n;
  });
  whole.forEach((n, axis) => {
    const chunk = chunks[axis] as number;
    if (n % chunk === 0) return;
    const below = n - (n % chunk);
    const near = below === 0 ? `${chunk}` : `${below} or ${below + chunk}`;
    throw new OptionError(
      `${who}: shards of ${show(whole)} do not hold whole chunks of ${show(chunks)}: ${n} is no multiple of ${chunk} (axis ${axis})`,
      { hint: `right would be ${near}` },
    );
  });
  return { shape: whole, indexLocation };
}

function partsOf(
  shards: unknown,
  who: string,
): { readonly lengths: unknown; readonly indexLocation: "start" | "end" } {
  if (Array.isArray(shards)) return { lengths: shards, indexLocation: "end" };
  if (!isObject(shards)) {
    throw new OptionError(`${who}: shards must be a list of lengths, got ${show(shards)}`, {
      hint: "as in shards: [100, 200]",
    });
  }
  const { shape, indexLocation = "end", ...others } = shards as Readonly<Record<string, unknown>>;
  for (const option of Object.keys(others)) {
    throw new OptionError(`${who}: shards has no option ${show(option)}`, {
      hint: "its options are shape and indexLocation",
    });
  }
  if (indexLocation !== "start" && indexLocation !== "end") {
    throw new OptionError(
      `${who}: shards: indexLocation must be "start" or "end", got ${show(indexLocation)}`,
    );
  }
  return { lengths: shape, indexLocation };
}

/** The one codec of a sharded array; its index is little-endian with a checksum, as the specification recommends. */
export const shardingCodec = (
  chunks: readonly number[],
  codecs: Json,
  { indexLocation }: Shards,
): JsonObject => ({
  name: "sharding_indexed",
  configuration: {
    chunk_shape: [...chunks],
    codecs,
    index_codecs: [{ name: "bytes", configuration: { endian: "little" } }, { name: "crc32c" }],
    index_location: indexLocation,
  },
});
