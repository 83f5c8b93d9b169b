/**
 * A store over HTTP(S), for reading. Requests are repeated when the network or the server fails for the moment; what
 * arrives is counted before memory is taken for it, and a body that ends early is a failure like any other.
 */
import { AbortError, SourceError, ZarrError } from "../../errors.js";
import { type GetOptions, normalizePath, type RangeQuery, type Store } from "./store.js";

export interface HttpOptions {
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Milliseconds that a server may stay silent; default 30,000. */
  readonly timeout?: number | undefined;
  /** How often a request is repeated after a failure that may pass; default 4. */
  readonly retries?: number | undefined;
}

/** A store at a URL, which only answers what it is asked for. */
export interface HttpStore extends Required<Pick<Store, "get" | "getRange">> {
  readonly type: "http";
  /** The URL without credentials and query, for messages. */
  readonly url: string;
}

/** The first pause before a request is repeated; every next one is twice as long. */
const PAUSE_MS = 100;
/** Servers that are busy or broken for the moment, and proxies before them. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);
/** Missing: a chunk without a value. */
const MISSING: ReadonlySet<number> = new Set([404, 410]);

/** Failures of a connection that no repetition cures: unknown hosts and certificates that do not hold. */
const LASTING = /^(?:ENOTFOUND|ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_)/;

/** A failure that may pass. */
class Passing extends Error {}

/**
 * The store whose keys are the URLs below `url`. A user name and password in it are sent as basic authentication, a
 * query goes with every request; neither appears in errors. Missing keys are what the server answers with 404 or 410.
 *
 * Errors: {@link ZarrError} for a URL that is none, {@link SourceError} (naming URL and status) when the server fails.
 *
 * @example const u = await openZarr(httpStore("https://example.org/era5.zarr", { timeout: 5000 }), { path: "u" });
 */
export function httpStore(url: string | URL, options: HttpOptions = {}): HttpStore {
  const { timeout = 30_000, retries = 4 } = options;
  const base = baseOf(url);
  const { username, password, search } = base;
  const headers: Record<string, string> = { "accept-encoding": "identity", ...options.headers };
  if (username !== "" || password !== "") {
    const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    headers["authorization"] ??= `Basic ${Buffer.from(login).toString("base64")}`;
  }
  const root = `${base.origin}${base.pathname.replace(/\/+$/, "")}`;
  const ask = async (
    key: string,
    range: RangeQuery | undefined,
    { signal, limit = Number.POSITIVE_INFINITY }: GetOptions,
  ): Promise<Uint8Array | undefined> => {
    const path = normalizePath(key, "key").split("/").map(encodeURIComponent).join("/");
    const place = `${root}/${path}`;
    const request: Ask = { url: `${place}${search}`, place, headers, range, limit, timeout };
    for (let attempt = 0; ; attempt++) {
      try {
        return await once(request, signal);
      } catch (error) {
        if (signal?.aborted === true) throw new AbortError(undefined, { cause: signal.reason });
        if (!(error instanceof Passing)) throw error;
        if (attempt >= retries) {
          throw new SourceError(`${place}: ${error.message}`, {
            cause: error.cause,
            hint: `it was asked ${attempt + 1} times`,
          });
        }
      }
      await pause(PAUSE_MS * 2 ** attempt, signal);
    }
  };
  return {
    type: "http",
    url: root,
    get: (key, given = {}) => ask(key, undefined, given) as Promise<Uint8Array | undefined>,
    getRange: (key, range, given = {}) => ask(key, range, given),
  };
}

export const isHttpStore = (store: object): store is HttpStore =>
  (store as Partial<HttpStore>).type === "http";

function baseOf(url: string | URL): URL {
  const text = String(url);
  const base = URL.canParse(text) ? new URL(text) : undefined;
  if (base?.protocol !== "http:" && base?.protocol !== "https:") {
    throw new ZarrError("an HTTP store needs an http: or https: URL");
  }
  return base;
}

interface Ask {
  readonly url: string;
  /** For messages. */
  readonly place: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly range: RangeQuery | undefined;
  readonly limit: number;
  readonly timeout: number;
}

/** Ends a request that is silent for too long, or that nobody wants any more. */
class Watch {
  readonly #controller = new AbortController();
  readonly #timeout: number;
  readonly #outer: AbortSignal | undefined;
  readonly #stop = (): void => this.#controller.abort();
  #timer: NodeJS.Timeout | undefined;
  silent = false;

  constructor(timeout: number, outer: AbortSignal | undefined) {
    this.#timeout = timeout;
    this.#outer = outer;
    if (outer?.aborted === true) this.#controller.abort();
    outer?.addEventListener("abort", this.#stop);
    this.heard();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Something arrived: the time begins anew. */
  heard(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.silent = true;
      this.#controller.abort();
    }, this.#timeout);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener("abort", this.#stop);
    this.#controller.abort();
  }
}

async function once(ask: Ask, signal: AbortSignal | undefined): Promise<Uint8Array | undefined> {
  const { range, place } = ask;
  if (range !== undefined && "length" in range && range.length === 0) return new Uint8Array(0);
  const watch = new Watch(ask.timeout, signal);
  try {
    const response = await fetch(ask.url, {
      headers: range === undefined ? ask.headers : { ...ask.headers, range: rangeText(range) },
      signal: watch.signal,
    });
    watch.heard();
    const { status } = response;
    if (MISSING.has(status)) return undefined;
    // Nothing of the range exists: the value is shorter.
    if (status === 416 && range !== undefined) return new Uint8Array(0);
    if (PASSING.has(status)) throw new Passing(`the server answered ${statusText(response)}`);
    if (status !== 200 && (status !== 206 || range === undefined)) {
      throw new SourceError(`${place}: the server answered ${statusText(response)}`, {
        hint: status === 401 || status === 403 ? "check the credentials" : undefined,
      });
    }
    return await bodyOf(response, ask, watch);
  } catch (error) {
    if (error instanceof Passing || error instanceof SourceError || error instanceof ZarrError) {
      throw error;
    }
    if (watch.silent) throw new Passing(`the server was silent for ${ask.timeout} ms`);
    const reason = reasonOf(error);
    const words = `the connection failed: ${reason}`;
    if (LASTING.test(reason)) throw new SourceError(`${place}: ${words}`, { cause: error });
    throw new Passing(words, { cause: error });
  } finally {
    watch.end();
  }
}

const rangeText = (range: RangeQuery): string =>
  "suffixLength" in range
    ? `bytes=-${range.suffixLength}`
    : `bytes=${range.offset}-${range.offset + range.length - 1}`;

const statusText = ({ status, statusText: text }: Response): string =>
  text === "" ? String(status) : `${status} ${text}`;

/** `fetch` says only that it failed; why is in the cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const { code, message } = cause as NodeJS.ErrnoException;
  return code ?? message ?? String(cause);
}

/** Where in the body the wanted bytes are. */
interface Window {
  readonly skip: number;
  /** Undefined: all that comes. */
  readonly length: number | undefined;
}

async function bodyOf(response: Response, ask: Ask, watch: Watch): Promise<Uint8Array> {
  const declared = declaredLength(response);
  const { skip, length } = windowOf(response, ask, declared);
  const wanted = length ?? (declared === undefined ? undefined : declared - skip);
  if (wanted !== undefined && wanted > ask.limit) throw tooLong(ask, wanted);
  const into = new Collected(ask, wanted);
  let position = 0;
  // An empty body is none.
  const reader = response.body?.getReader();
  while (reader !== undefined) {
    const { done, value } = await reader.read();
    if (done) break;
    watch.heard();
    const from = Math.max(0, skip - position);
    position += value.length;
    if (from < value.length && into.take(value.subarray(from))) {
      // A server that ignores ranges goes on with what nobody asked for.
      await reader.cancel().catch(() => undefined);
      return into.bytes();
    }
  }
  if (declared !== undefined && position !== declared) {
    throw new Passing(`the body ended after ${position} of ${declared} bytes`);
  }
  return into.bytes();
}

/** Bytes of the body; undefined where they are not told, or are those of a compressed body. */
function declaredLength({ headers }: Response): number | undefined {
  const text = headers.get("content-length");
  if (text === null || headers.get("content-encoding") !== null) return undefined;
  const length = Number(text);
  return Number.isSafeInteger(length) && length >= 0 ? length : undefined;
}

function windowOf(response: Response, { range, place }: Ask, declared: number | undefined): Window {
  if (range === undefined) return { skip: 0, length: undefined };
  if (response.status === 206) {
    const start = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "")?.[1];
    if ("offset" in range && start !== undefined && Number(start) !== range.offset) {
      throw new SourceError(
        `${place}: the server sent bytes from ${start}, ${range.offset} was asked for`,
      );
    }
    return { skip: 0, length: lengthOf(range, declared) };
  }
  // The whole value: the server knows no ranges.
  if ("offset" in range) {
    const there = declared === undefined ? range.length : Math.max(0, declared - range.offset);
    return { skip: range.offset, length: Math.min(range.length, there) };
  }
  if (declared === undefined) {
    throw new SourceError(`${place}: the server can send neither ranges nor the length`, {
      hint: "sharded arrays need a server that answers range requests",
    });
  }
  const skip = Math.max(0, declared - range.suffixLength);
  return { skip, length: declared - skip };
}

const lengthOf = (range: RangeQuery, declared: number | undefined): number => {
  const asked = "offset" in range ? range.length : range.suffixLength;
  return declared === undefined ? asked : Math.min(asked, declared);
};

const tooLong = ({ place, limit }: Ask, bytes: number): ZarrError =>
  new ZarrError(`${place} has ${bytes} bytes, more than the ${limit} that it can have`);

/** A buffer of the largest possible length is made for a body of unknown length up to here: untouched pages are free. */
const MOST_ROOM = 64 << 20;

/** What arrived: in one buffer where a bound is known beforehand. */
class Collected {
  readonly #ask: Ask;
  /** Whether more than the buffer holds is just not wanted, or an error. */
  readonly #exact: boolean;
  readonly #whole: Uint8Array | undefined;
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  constructor(ask: Ask, wanted: number | undefined) {
    this.#ask = ask;
    this.#exact = wanted !== undefined;
    const room = wanted ?? (ask.limit <= MOST_ROOM ? ask.limit : undefined);
    this.#whole = room === undefined ? undefined : new Uint8Array(room);
  }

  /** True when there is more than is wanted. */
  take(bytes: Uint8Array): boolean {
    const room = (this.#whole?.length ?? this.#ask.limit) - this.#length;
    const isMore = bytes.length > room;
    if (isMore && !this.#exact) throw tooLong(this.#ask, this.#length + bytes.length);
    const part = isMore ? bytes.subarray(0, room) : bytes;
    if (this.#whole === undefined) this.#parts.push(part);
    else this.#whole.set(part, this.#length);
    this.#length += part.length;
    return isMore;
  }

  bytes(): Uint8Array {
    if (this.#whole !== undefined) return this.#whole.subarray(0, this.#length);
    const all = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
}

async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done(): void {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    }
    signal?.addEventListener("abort", done);
  });
  if (signal?.aborted === true) throw new AbortError(undefined, { cause: signal.reason });
}
