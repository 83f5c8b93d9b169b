/** The codecs by name: a new one is a file beside this one and a line here. */
import { ZarrError } from "../../errors.js";
import { blosc } from "./blosc.js";
import type { CodecEntry } from "./codec.js";
import { crc32c } from "./crc32c.js";
import { delta, fixedscaleoffset, shuffle } from "./filters.js";
import { gzip, zlibStream } from "./gzip.js";
import { lz4 } from "./lz4.js";
import { zstd } from "./zstd.js";

/** Names of v3 and numcodecs ids of v2 are the same words; v3 also spells numcodecs' as `numcodecs.<id>`. */
const CODECS = new Map<string, CodecEntry>([
  ["blosc", blosc],
  ["crc32c", crc32c],
  ["delta", delta],
  ["fixedscaleoffset", fixedscaleoffset],
  ["gzip", gzip],
  ["lz4", lz4],
  ["shuffle", shuffle],
  ["zlib", zlibStream],
  ["zstd", zstd],
]);

const registered = new Set<string>();

/**
 * Adds a codec under a name, or replaces one, in this thread; arrays that use it are read and written here only.
 */
export function registerCodec(name: string, entry: CodecEntry): void {
  CODECS.set(name, entry);
  registered.add(name);
}

/** True for codecs that every thread has. */
export const isBuiltIn = (name: string): boolean =>
  !registered.has(name) && !registered.has(name.replace(/^numcodecs\./, ""));

/** The codec of a name. Throws {@link ZarrError} naming it when there is none. */
export function codecEntry(name: string): CodecEntry {
  const entry = CODECS.get(name) ?? CODECS.get(name.replace(/^numcodecs\./, ""));
  if (entry === undefined) {
    throw new ZarrError(`codec ${JSON.stringify(name)} is not supported`, {
      hint: `supported are ${[...CODECS.keys()].sort().join(", ")}`,
    });
  }
  return entry;
}
