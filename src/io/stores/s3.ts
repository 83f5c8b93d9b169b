/** A store over a bucket of Amazon S3, or of a server that speaks its language. */
import { SourceError } from "../../errors.js";
import { rangeText } from "./body.js";
import { describeAs, type S3Description } from "./described.js";
import { isEmptyRange } from "./http.js";
import { type ListPage, listPage } from "./s3-answers.js";
import { s3Client, textIn } from "./s3-client.js";
import { type S3Options, s3Settings } from "./s3-settings.js";
import { putValue } from "./s3-upload.js";
import { type GetOptions, normalizePath, type RangeQuery, type Store } from "./store.js";

/** A store in a bucket. */
export interface S3Store extends Required<Omit<Store, "contents">> {
  readonly type: "s3";
  /** `s3://bucket/prefix`, for messages. */
  readonly url: string;
  has(key: `/${string}`): Promise<boolean>;
  list(prefix: `/${string}`): Promise<readonly string[]>;
  folders(prefix: `/${string}`): Promise<readonly string[]>;
  setIfAbsent(key: `/${string}`, value: Uint8Array): Promise<boolean>;
}

/**
 * The store whose keys are the objects below `url`.
 *
 * Errors: ZarrError for a URL that names no bucket, a wrong option, or where there are no credentials;
 * {@link SourceError} (naming key and status) when the server fails.
 *
 * @example const u = await openZarr(s3Store("s3://public/era5.zarr", { anonymous: true }), { path: "u" });
 */
export const s3Store = (url: string | URL, options: S3Options = {}): S3Store =>
  openS3(s3Settings(url, options, process.env));

/** Opens a described store, in any thread. */
export function openS3(description: S3Description): S3Store {
  const { bucket, prefix, root, partSize, forbiddenIsMissing } = description;
  const client = s3Client(description);
  const url = prefix === "" ? `s3://${bucket}` : `s3://${bucket}/${prefix}`;
  const inside = (key: string): string => {
    const inner = normalizePath(key, "key");
    return prefix === "" ? inner : inner === "" ? prefix : `${prefix}/${inner}`;
  };
  const missing = forbiddenIsMissing ? [404, 403] : [404];
  const ask = async (
    key: string,
    range: RangeQuery | undefined,
    { signal, limit = Number.POSITIVE_INFINITY }: GetOptions,
  ): Promise<Uint8Array | undefined> => {
    if (range !== undefined && isEmptyRange(range)) return new Uint8Array(0);
    const { status, bytes } = await client({
      method: "GET",
      key: inside(key),
      headers: range === undefined ? {} : { range: rangeText(range) },
      range,
      limit,
      expected: range === undefined ? missing : [...missing, 416],
      signal,
    });
    if (missing.includes(status)) return undefined;
    return status === 416 ? new Uint8Array(0) : bytes;
  };
  const put = (
    key: string,
    value: Uint8Array,
    ifAbsent: boolean,
    signal?: AbortSignal,
  ): Promise<boolean> => {
    const place = `s3://${bucket}/${inside(key)}`;
    return putValue({ client, place, key: inside(key), value, signal }, partSize, ifAbsent);
  };

  /** All pages of a listing below a folder. */
  async function* pages(folder: string, delimiter?: "/"): AsyncGenerator<ListPage> {
    const below = inside(folder);
    const query: Record<string, string> = { "encoding-type": "url", "list-type": "2" };
    if (below !== "") query["prefix"] = `${below}/`;
    if (delimiter !== undefined) query["delimiter"] = delimiter;
    const seen = new Set<string>();
    for (;;) {
      const page = listPage(textIn(await client({ method: "GET", key: "", query })));
      yield page;
      if (page.next === undefined) return;
      // A server that tells the same page again would be asked for ever.
      if (seen.has(page.next)) throw new SourceError(`${url}: the listing goes round in circles`);
      seen.add(page.next);
      query["continuation-token"] = page.next;
    }
  }
  /** What follows a folder's own name in the keys that begin with it. */
  const rest = (key: string, start: string): string | undefined =>
    key.startsWith(start) && key.length > start.length ? key.slice(start.length) : undefined;
  const start = prefix === "" ? "" : `${prefix}/`;

  const store: S3Store = {
    type: "s3",
    url,
    get: (key, given = {}) => ask(key, undefined, given) as Promise<Uint8Array | undefined>,
    getRange: (key, range, given = {}) => ask(key, range, given),
    set: (key, value, given = {}) => put(key, value, false, given.signal),
    setIfAbsent: (key, value) => put(key, value, true),
    has: async (key) => {
      const { status } = await client({ method: "HEAD", key: inside(key), expected: missing });
      return status === 200;
    },
    delete: (key) => client({ method: "DELETE", key: inside(key), expected: [404] }),
    list: async (folder) => {
      const all: string[] = [];
      for await (const { keys } of pages(folder)) {
        for (const key of keys) {
          const inner = rest(key, start);
          // Some programs make objects of folders.
          if (inner !== undefined && !inner.endsWith("/")) all.push(`/${inner}`);
        }
      }
      return all;
    },
    folders: async (folder) => {
      const below = inside(folder);
      const names = new Set<string>();
      for await (const page of pages(folder, "/")) {
        for (const each of page.folders) {
          const name = rest(each, below === "" ? "" : `${below}/`)?.replace(/\/$/, "");
          if (name !== undefined && name !== "") names.add(name);
        }
      }
      return [...names].sort();
    },
  };
  return describeAs(store, description, prefix === "" ? root : `${root}/${prefix}`);
}
