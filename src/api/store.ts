/** Stores: results into Zarr, one array, or several by name in one plan; and stores over HTTP. */
import type { HttpOptions, HttpStore } from "../io/stores/http.js";
import type { PlanReport } from "../ir/report.js";
import type { LazyArray } from "./array.js";
import type {
  GroupOptions,
  RunOptions,
  StoreOptions,
  StoreTarget,
  ToZarrOptions,
} from "./config.js";
import { httpStores, type RunStats, type StoreLike } from "./engine.js";
import { writing } from "./later.js";
import { isCount, isRecord, isWhole, readOptions } from "./options.js";

/**
 * Computes an array into a Zarr array, chunk by chunk: it may be far larger than memory. Every chunk appears whole or
 * not at all. Resolves to what the run did.
 *
 * Modes: "create" (default) refuses an array that is there, "overwrite" replaces it; "append" adds to an existing one
 * along `axis`, whose new shape appears after all its chunks; "region" writes into the part that `region` selects.
 * Existing arrays keep their chunks, codecs and dtype, to which the array must agree; of packed ones the stored values are
 * written.
 *
 * With `resume: true` a write that was interrupted, by an error, an abort or the end of the process, goes on: chunks that
 * are there are neither computed again nor what only they need (those of tasks that were under way are). While the array
 * is incomplete it holds a journal, `.chunkwise-journal`, with a fingerprint of the expression: sources by address and
 * metadata, arrays in memory by their elements, functions by text and parameters. Another computation, or other
 * chunks, codecs or fill value, are refused; with mode "overwrite" they replace what is there. A complete array of the
 * same description is left as it is: it has no journal that could tell what was computed.
 *
 * Rejects with ZarrError when the array cannot be put there, OptionError, ShapeError, DTypeError, ChunkError or
 * IndexError for what does not fit, SourceError when the store fails; and as {@link compute} does. Errors before the run
 * leave the store as it was.
 *
 * @example
 * await toZarr(speed.rechunk([-1, 32, 32]), "speed.zarr", { path: "speed", codecs: "zstd" });
 * await toZarr(speed, "speed.zarr", { path: "speed", resume: true }); // run again after a crash, it goes on
 * await toZarr(today, "speed.zarr", { path: "speed", mode: "append" });
 * await toZarr(patch, "speed.zarr", { path: "speed", mode: "region", region: [slice(0, 10), null, 5] });
 */
export const toZarr = async (
  x: LazyArray,
  url: StoreLike,
  options?: ToZarrOptions,
): Promise<RunStats> => (await writing()).toZarr(x, url, options);

/**
 * Computes several arrays into a Zarr store as one plan: what they share is read and computed once. Names are paths
 * below `path`; groups are made as needed. Options that describe arrays hold for all of them, those in `arrays` for one;
 * `attributes` are those of the group. All targets are checked before anything is written.
 *
 * Rejects as {@link toZarr} does.
 *
 * @example
 * await store({ mean: x.mean({ axis: 0 }), "daily/max": daily.max({ axis: 1 }) }, "out.zarr", {
 *   codecs: "blosc",
 *   attributes: { title: "a climatology" },
 *   arrays: { mean: { attributes: { units: "K" }, dimensionNames: ["lat", "lon"] } },
 * });
 */
export const store = async (
  arrays: { readonly [path: string]: LazyArray },
  url: StoreLike,
  options?: StoreOptions,
): Promise<RunStats> => (await writing()).store(arrays, url, options);

/**
 * Makes a group of a Zarr store, and those above it; one that is there gets the attributes beside those that it has.
 *
 * Rejects with ZarrError when an array, or a group of another Zarr version above it, is in the way, OptionError for wrong
 * options, SourceError when the store fails.
 *
 * @example await createGroup("out.zarr", { path: "winds", attributes: { title: "hourly winds" } });
 */
export const createGroup = async (url: StoreLike, options?: GroupOptions): Promise<void> =>
  (await writing()).createGroup(url, options);

/**
 * The plan that `toZarr` would run with the same arguments, as a {@link PlanReport}. Nothing is written, and nothing is
 * read but metadata; all that `toZarr` refuses before it begins is refused here too.
 *
 * Rejects as {@link toZarr} does, and with ShapeError for a boolean selection whose length is not known.
 *
 * @example
 * const { planned } = await explainToZarr(x.rechunk([-1, 32, 32]), "series.zarr", { memory: "2GiB" });
 * console.log(planned.readBytes, planned.spilledBytes, planned.peakBytes, planned.seconds);
 */
export const explainToZarr = async (
  x: LazyArray,
  url: StoreLike,
  options?: ToZarrOptions,
): Promise<PlanReport> => (await writing()).explainToZarr(x, url, options);

/** Each array into its own target, in one plan; as {@link store}, where all targets are in one store. */
export const storeEach = async (
  arrays: readonly LazyArray[],
  targets: readonly StoreTarget[],
  options?: RunOptions,
): Promise<RunStats> => (await writing()).storeEach(arrays, targets, options);

/**
 * A Zarr store at an `http:` or `https:` URL, for reading; `openZarr` makes one itself of a URL. A user name and password in
 * the URL are sent as basic authentication, a query goes with every request; neither appears in errors. Requests are
 * repeated when the network or the server fails for the moment.
 *
 * Throws ZarrError for another URL, OptionError for wrong options.
 *
 * @example
 * const era5 = httpStore("https://example.org/era5.zarr", { headers: { authorization: `Bearer ${token}` } });
 * const u = await openZarr(era5, { path: "u" });
 */
export function httpStore(url: string | URL, options?: HttpOptions): HttpStore {
  const checked = readOptions<HttpOptions>("httpStore", options, {
    headers: isRecord,
    timeout: isCount,
    retries: isWhole,
  });
  return httpStores().httpStore(url, checked);
}
