/** Stores: results into Zarr, one array, or several by name in one plan; and stores over HTTP and in S3. */
import type { HttpOptions, HttpStore } from "../io/stores/http.js";
import type { S3Store } from "../io/stores/s3.js";
import type { S3Options } from "../io/stores/s3-settings.js";
import type { PlanReport } from "../ir/report.js";
import type { LazyArray } from "./array.js";
import type {
  GroupOptions,
  RunOptions,
  StoreOptions,
  StoreTarget,
  ToZarrOptions,
} from "./config.js";
import { httpStores, type RunStats, type StoreLike, s3Stores } from "./engine.js";
import { writing } from "./later.js";
import {
  anything,
  isBoolean,
  isCount,
  isCredentials,
  isRecord,
  isText,
  isWhole,
  readOptions,
} from "./options.js";

/**
 * Computes an array into a Zarr array, chunk by chunk: it may be far larger than memory. Every chunk appears whole or
 * not at all. Resolves to what the run did.
 *
 * Modes: "create" (default) refuses an array that is there, "overwrite" replaces it; "append" adds to an existing one
 * along `axis`, whose new shape appears after all its chunks; "region" writes into the part that `region` selects.
 * Existing arrays keep their chunks, codecs and dtype, to which the array must agree; of packed ones the stored values are
 * written.
 *
 * With `shards` the array is sharded (Zarr v3): a shard is computed and written as a whole, and readers still read single
 * chunks. Chunks of nothing but the fill value are left out of their shard.
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
 * await toZarr(speed, "shards.zarr", { chunks: [24, 32, 32], shards: [240, -1, -1] });
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

/** Of all stores on servers. */
const PATIENCE = { timeout: isCount, attemptTimeout: isCount, retries: isWhole } as const;

/**
 * A Zarr store at an `http:` or `https:` URL, for reading; `openZarr` makes one itself of a URL. A user name and password in
 * the URL are sent as basic authentication, a query goes with every request; neither appears in errors. Requests are
 * repeated when the network or the server fails for the moment: `retries` times, after pauses that grow; a server may be
 * silent for `timeout` milliseconds, one try may take `attemptTimeout`. Worker threads read it themselves.
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
    ...PATIENCE,
  });
  return httpStores().httpStore(url, checked);
}

/**
 * A Zarr store in a bucket of Amazon S3 or of a server that speaks its language, for reading and writing: `s3://bucket/path`.
 * `openZarr`, `toZarr` and the others make one themselves of such a URL, with credentials from the environment.
 *
 * Credentials are those of the options, else of `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`;
 * with `anonymous: true` requests are not signed. The region is that of the options, of `AWS_REGION` or
 * `AWS_DEFAULT_REGION`, else "us-east-1"; the server is `endpoint`, `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, else
 * Amazon's. Credentials appear neither in errors nor in anything that is printed; worker threads get them in memory.
 *
 * Requests are repeated as those of {@link httpStore}. A value appears whole or not at all; large ones are sent in parts
 * of `partSize` bytes. Of several writers that create one array at once, in whatever processes, one succeeds.
 *
 * Throws ZarrError for a URL that names no bucket and where there are no credentials, OptionError for wrong options.
 *
 * @example
 * const bucket = s3Store("s3://climate/era5.zarr", { region: "eu-central-1" });
 * const u = await openZarr(bucket, { path: "u" });
 * const minio = { endpoint: "http://127.0.0.1:9000", credentials: { accessKeyId, secretAccessKey } };
 * await toZarr(u.mean({ axis: 0 }), s3Store("s3://results/mean.zarr", minio), { path: "u" });
 */
export function s3Store(url: string | URL, options?: S3Options): S3Store {
  const checked = readOptions<S3Options>("s3Store", options, {
    endpoint: anything,
    region: isText,
    credentials: isCredentials,
    anonymous: isBoolean,
    pathStyle: isBoolean,
    forbiddenIsMissing: isBoolean,
    partSize: isCount,
    ...PATIENCE,
  });
  return s3Stores().s3Store(url, checked);
}
