/** A store over HTTP(S), for reading. */
import { ZarrError } from "../../errors.js";
import type { Patience } from "./ask.js";
import { rangeText } from "./body.js";
import { describeAs, type HttpDescription } from "./described.js";
import { send } from "./request.js";
import { type GetOptions, normalizePath, type RangeQuery, type Store } from "./store.js";

export interface HttpOptions extends Patience {
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A store at a URL, which only answers what it is asked for. */
export interface HttpStore extends Required<Pick<Store, "get" | "getRange">> {
  readonly type: "http";
  /** The URL without credentials and query, for messages. */
  readonly url: string;
}

/** Missing: a chunk without a value. 416: nothing of the range exists, the value is shorter. */
const MISSING: ReadonlySet<number> = new Set([404, 410]);
const MISSING_OR_SHORT: ReadonlySet<number> = new Set([...MISSING, 416]);

/**
 * The store whose keys are the URLs below `url`. A user name and password in it are sent as basic authentication, a
 * query goes with every request; neither appears in errors. Missing keys are what the server answers with 404 or 410.
 *
 * Errors: {@link ZarrError} for a URL that is none, SourceError (naming URL and status) when the server fails.
 *
 * @example const u = await openZarr(httpStore("https://example.org/era5.zarr", { timeout: 5000 }), { path: "u" });
 */
export function httpStore(url: string | URL, options: HttpOptions = {}): HttpStore {
  const { origin, pathname, username, password, search } = baseOf(url);
  const headers: Record<string, string> = { "accept-encoding": "identity", ...options.headers };
  if (username !== "" || password !== "") {
    const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    headers["authorization"] ??= `Basic ${Buffer.from(login).toString("base64")}`;
  }
  const { timeout, attemptTimeout, retries } = options;
  return openHttp({
    type: "http",
    root: `${origin}${pathname.replace(/\/+$/, "")}`,
    search,
    headers,
    patience: { timeout, attemptTimeout, retries },
  });
}

/** Opens a described store, in any thread. */
export function openHttp(description: HttpDescription): HttpStore {
  const { root, search, patience } = description;
  const ask = async (
    key: string,
    range: RangeQuery | undefined,
    { signal, limit = Number.POSITIVE_INFINITY }: GetOptions,
  ): Promise<Uint8Array | undefined> => {
    const path = normalizePath(key, "key").split("/").map(encodeURIComponent).join("/");
    if (range !== undefined && isEmptyRange(range)) return new Uint8Array(0);
    const place = `${root}/${path}`;
    const headers =
      range === undefined
        ? description.headers
        : { ...description.headers, range: rangeText(range) };
    const { status, bytes } = await send(
      {
        method: "GET",
        url: `${place}${search}`,
        place,
        headers: () => headers,
        range,
        limit,
        expected: range === undefined ? MISSING : MISSING_OR_SHORT,
      },
      patience,
      signal,
    );
    if (MISSING.has(status)) return undefined;
    return status === 416 ? new Uint8Array(0) : bytes;
  };
  const store: HttpStore = {
    type: "http",
    url: root,
    get: (key, given = {}) => ask(key, undefined, given) as Promise<Uint8Array | undefined>,
    getRange: (key, range, given = {}) => ask(key, range, given),
  };
  return describeAs(store, description, `${root}${search}`);
}

export const isEmptyRange = (range: RangeQuery): boolean => "length" in range && range.length === 0;

function baseOf(url: string | URL): URL {
  const text = String(url);
  const base = URL.canParse(text) ? new URL(text) : undefined;
  if (base?.protocol !== "http:" && base?.protocol !== "https:") {
    throw new ZarrError("an HTTP store needs an http: or https: URL");
  }
  return base;
}
