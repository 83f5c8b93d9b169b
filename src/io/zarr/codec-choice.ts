/** What users say about codecs, as the chain of codecs that is written. */
import { OptionError, ZarrError } from "../../errors.js";
import { type DType, itemSize } from "../../ir/dtype.js";
import { codecEntry } from "../codecs/registry.js";
import type { JsonObject } from "./documents.js";
import { isObject, type Json } from "./json.js";
import { type Layout, show } from "./metadata.js";

/** A codec by name, or with its options beside the name (or under `configuration`, as Zarr v3 has them). */
export type OneCodec =
  | string
  | {
      readonly name: string;
      readonly configuration?: Readonly<Record<string, unknown>> | undefined;
      readonly [option: string]: unknown;
    };

/** "zstd", "gzip", "blosc", "raw" …, one codec with options, or a list of codecs in the order in which they encode. */
export type CodecChoice = OneCodec | readonly OneCodec[];

export interface Codec {
  readonly name: string;
  readonly config: JsonObject;
}

interface Writable {
  readonly options: readonly string[];
  readonly defaults?: ((size: number) => JsonObject) | undefined;
}

/** zstd level 1: shuffled or smooth data shrink little more at higher levels, which are several times slower. */
const WRITABLE: Readonly<Record<string, Writable>> = {
  bytes: { options: ["endian"] },
  transpose: { options: ["order"] },
  zstd: { options: ["level", "checksum"], defaults: () => ({ level: 1, checksum: false }) },
  gzip: { options: ["level"], defaults: () => ({ level: 5 }) },
  zlib: { options: ["level"], defaults: () => ({ level: 1 }) },
  blosc: {
    options: ["cname", "clevel", "shuffle", "typesize", "blocksize"],
    defaults: (size) => ({
      cname: "zstd",
      clevel: 1,
      shuffle: size > 1 ? "shuffle" : "bitshuffle",
      typesize: size,
      blocksize: 0,
    }),
  },
  lz4: { options: ["acceleration"], defaults: () => ({ acceleration: 1 }) },
  shuffle: { options: ["elementsize"], defaults: (size) => ({ elementsize: size }) },
  crc32c: { options: [] },
};
const NAMES = Object.keys(WRITABLE);

/** The chain for elements of a dtype, without `bytes` where it was not given. */
function chainOf(choice: CodecChoice, dtype: DType, who: string): Codec[] {
  const list: unknown = typeof choice === "string" || isObject(choice) ? [choice] : choice;
  if (!Array.isArray(list)) {
    throw new OptionError(`${who}: codecs must be a name or a list, got ${show(choice)}`);
  }
  return list.filter((one) => one !== "raw").map((one) => codecOf(one as OneCodec, dtype, who));
}

function codecOf(choice: OneCodec, dtype: DType, who: string): Codec {
  const name: unknown = typeof choice === "string" ? choice : choice?.name;
  const known =
    typeof name === "string" && Object.hasOwn(WRITABLE, name) ? WRITABLE[name] : undefined;
  if (known === undefined) {
    throw new ZarrError(`${who}: codec ${show(name)} cannot be written`, {
      hint:
        name === "sharding_indexed"
          ? "give the shape of a shard as the option shards; codecs are those of the chunks in it"
          : `codecs are "raw", ${NAMES.slice(2, 6).map(show).join(", ")}, or a list of ${NAMES.join(", ")}`,
    });
  }
  const given = optionsOf(choice, who);
  for (const option of Object.keys(given)) {
    if (known.options.includes(option)) continue;
    throw new OptionError(`${who}: codec ${name} has no option ${show(option)}`, {
      hint:
        known.options.length === 0
          ? "it has none at all"
          : `its options are ${known.options.join(", ")}`,
    });
  }
  const size = itemSize(dtype);
  const config = {
    ...known.defaults?.(dtype === "complex64" || dtype === "complex128" ? size / 2 : size),
    ...given,
  };
  if (name !== "bytes" && name !== "transpose") {
    const entry = codecEntry(name as string);
    entry.check?.(config);
    entry.make(config);
  }
  return { name: name as string, config };
}

function optionsOf(choice: OneCodec, who: string): JsonObject {
  if (typeof choice === "string") return {};
  const { name: _, configuration = {}, ...options } = choice;
  if (!isObject(configuration)) {
    throw new OptionError(
      `${who}: the configuration of a codec must be an object, got ${show(configuration)}`,
    );
  }
  const all = { ...configuration, ...options } as Record<string, Json | undefined>;
  for (const [key, value] of Object.entries(all)) if (value === undefined) delete all[key];
  return all as JsonObject;
}

/** "C" and "F" were words of drafts; v3 has lists only. */
function permutation(order: Json | undefined, rank: number): Json {
  const axes = Array.from({ length: rank }, (_, i) => i);
  return order === "C" ? axes : order === "F" ? axes.reverse() : (order ?? null);
}

/** What Zarr v3 calls the codecs that only numcodecs defines. */
const V3_NAMES: Readonly<Record<string, string>> = {
  lz4: "numcodecs.lz4",
  shuffle: "numcodecs.shuffle",
  zlib: "numcodecs.zlib",
};

/** `codecs` of `zarr.json`: with `bytes`, which v3 demands. */
export function codecsV3(choice: CodecChoice, dtype: DType, rank: number, who: string): Json {
  const chain = chainOf(choice, dtype, who);
  if (!chain.some((c) => c.name === "bytes")) {
    const at = chain.findIndex((c) => c.name !== "transpose");
    chain.splice(at < 0 ? chain.length : at, 0, { name: "bytes", config: {} });
  }
  const endian = itemSize(dtype) > 1 ? { endian: "little" } : {};
  return chain.map(({ name, config }) => {
    const configuration =
      name === "bytes"
        ? { ...endian, ...config }
        : name === "transpose"
          ? { ...config, order: permutation(config["order"], rank) }
          : config;
    const own = V3_NAMES[name] ?? name;
    return Object.keys(configuration).length === 0 ? { name: own } : { name: own, configuration };
  });
}

/** Filters keep the size of the data, so that none of them is the compressor of v2. */
const FILTERS: ReadonlySet<string> = new Set(["shuffle", "crc32c"]);
const SHUFFLES = ["noshuffle", "shuffle", "bitshuffle"];

/** `order`, byte order, `filters` and `compressor` of `.zarray`. */
export function codecsV2(
  choice: CodecChoice,
  dtype: DType,
  rank: number,
  who: string,
): { order: "C" | "F"; big: boolean; filters: Json; compressor: Json } {
  const chain = chainOf(choice, dtype, who);
  const order = orderOf(chain, rank, who);
  const big = chain.some((c) => c.name === "bytes" && c.config["endian"] === "big");
  const rest = chain.filter((c) => c.name !== "transpose" && c.name !== "bytes").map(idOf);
  const last = rest.at(-1);
  const compressor = last === undefined || FILTERS.has(last.id) ? undefined : rest.pop();
  return { order, big, filters: rest.length === 0 ? null : rest, compressor: compressor ?? null };
}

function orderOf(chain: readonly Codec[], rank: number, who: string): "C" | "F" {
  const transposes = chain.filter((c) => c.name === "transpose");
  if (transposes.length === 0) return "C";
  const order = transposes[0]?.config["order"];
  const axes = Array.from({ length: rank }, (_, i) => i);
  if (transposes.length === 1 && (order === "C" || show(order) === show(axes))) return "C";
  if (transposes.length === 1 && (order === "F" || show(order) === show(axes.reverse())))
    return "F";
  throw new ZarrError(`${who}: Zarr v2 cannot store axes in the order ${show(order)}`, {
    hint: 'its orders are "C" and "F"',
  });
}

function idOf({ name, config }: Codec): { id: string; [option: string]: Json } {
  if (name === "blosc") {
    // The size of elements is that of the dtype, and the shuffle is a number.
    const { typesize: _, shuffle, ...others } = config;
    const number = typeof shuffle === "string" ? SHUFFLES.indexOf(shuffle) : (shuffle ?? -1);
    return { id: name, ...others, shuffle: number };
  }
  if (name !== "zstd") return { id: name, ...config };
  const { checksum, ...others } = config;
  return { id: name, ...others, ...(checksum === true && { checksum }) };
}

/**
 * The choice that stores elements of `dtype` as a layout does, for a copy of its array; undefined if a codec of it cannot
 * be written. Of a sharded array it is that of the inner chunks.
 */
export function carriedCodecs(layout: Layout, dtype: DType): CodecChoice | undefined {
  const { order, endian, codecs } = layout.shard?.inner ?? layout;
  const chain: OneCodec[] = [];
  if (order.some((axis, i) => axis !== i)) chain.push({ name: "transpose", order: [...order] });
  if (endian === "big" && itemSize(dtype) > 1) chain.push({ name: "bytes", endian });
  for (const { name: own, config } of codecs) {
    const name = own.replace(/^numcodecs\./, "");
    const known = Object.hasOwn(WRITABLE, name) ? WRITABLE[name] : undefined;
    if (known === undefined) return undefined;
    const options = Object.entries(config).filter(
      // The size of an element is that of the dtype as it is written; v2 writes -1 for a default.
      ([key, value]) => known.options.includes(key) && key !== "typesize" && value !== -1,
    );
    const number = name === "blosc" ? config["shuffle"] : undefined;
    const shuffle = typeof number === "number" ? SHUFFLES[number] : undefined;
    chain.push({ name, ...Object.fromEntries(options), ...(shuffle !== undefined && { shuffle }) });
  }
  try {
    chainOf(chain, dtype, "copy");
  } catch {
    return undefined;
  }
  return chain.length === 0 ? "raw" : chain;
}
