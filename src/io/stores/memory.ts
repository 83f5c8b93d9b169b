/** A store in memory: a `Map`, with listing and ranges. */
import type { RangeQuery, Store } from "./store.js";
import { normalizePath } from "./store.js";

/**
 * An empty store that lives in memory and belongs to the calling thread.
 *
 * @example
 * const store = memoryStore();
 * const sink = await createZarrArray(store, { path: "u", shape: [4], dtype: "int16", chunks: [2], mode: "create" });
 */
export function memoryStore(): Required<Omit<Store, "contents" | "setIfAbsent" | "folders">> {
  const values = new Map<string, Uint8Array>();
  const canonical = (key: string): string => `/${normalizePath(key, "key")}`;
  return {
    get: (key) => values.get(canonical(key)),
    getRange: (key, range) => {
      const value = values.get(canonical(key));
      return value === undefined ? undefined : cut(value, range);
    },
    // A copy: callers reuse their buffers.
    set: (key, value) => void values.set(canonical(key), value.slice()),
    has: (key) => values.has(canonical(key)),
    delete: (key) => void values.delete(canonical(key)),
    list: (prefix) => {
      const folder = canonical(prefix);
      const start = folder === "/" ? "/" : `${folder}/`;
      return [...values.keys()].filter((key) => key.startsWith(start));
    },
  };
}

/** The bytes of a range query, clamped to what is there. */
export function cut(value: Uint8Array, range: RangeQuery): Uint8Array {
  return "suffixLength" in range
    ? value.subarray(Math.max(0, value.length - range.suffixLength))
    : value.subarray(range.offset, range.offset + range.length);
}
