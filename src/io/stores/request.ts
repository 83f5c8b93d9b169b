/**
 * One request to an HTTP server, repeated when the network or the server fails for the moment: what stores over HTTP
 * and over S3 have in common. Only requests that may be sent twice are sent through here.
 *
 * The pauses between the tries grow by two and are spread by chance, so that many workers that one failure has hit do
 * not come back together ("full jitter" with a floor of one half: M. Brooker, "Exponential Backoff And Jitter", AWS
 * Architecture Blog, 2015).
 */
import { AbortError, SourceError, ZarrError } from "../../errors.js";
import { type Answer, type Ask, Passing, type Patience } from "./ask.js";
import { bodyOf, headOf } from "./body.js";

/** The first pause before a request is repeated, in milliseconds; every next one is twice as long, up to the longest. */
const PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 20_000;
/** The longest pause that a server is granted which asks for one. */
const LONGEST_GRANTED_MS = 60_000;
/** Bytes per millisecond that a body is sent with at least: nothing is heard while it is. */
const SLOWEST_SENDING = 100;
/** Servers that are busy or broken for the moment, and proxies before them. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);
/** Failures of a connection that no repetition cures: unknown hosts and certificates that do not hold. */
const LASTING = /^(?:ENOTFOUND|ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_)/;

/**
 * Asks until there is an answer, a failure that lasts, or no try left.
 *
 * Errors: SourceError with the place and what went wrong; ZarrError for an answer that is longer than it can be;
 * AbortError, at once, when the signal is aborted.
 */
export async function send(
  ask: Ask,
  { timeout = 30_000, attemptTimeout = 600_000, retries = 4 }: Patience,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  for (let attempt = 0; ; attempt++) {
    let after: number | undefined;
    try {
      return { ...(await once(ask, timeout, attemptTimeout, signal)), tries: attempt + 1 };
    } catch (error) {
      if (signal?.aborted === true) throw new AbortError(undefined, { cause: signal.reason });
      if (!(error instanceof Passing)) throw error;
      if (attempt >= retries) {
        throw new SourceError(`${ask.place}: ${error.message}`, {
          cause: error.cause,
          hint: `it was asked ${attempt + 1} times`,
        });
      }
      after = error.after;
    }
    await pause(pauseBefore(attempt, after, Math.random()), signal);
  }
}

/** Milliseconds before the try that follows `attempt` (from 0); `chance` is in [0, 1). */
export function pauseBefore(attempt: number, after: number | undefined, chance: number): number {
  const longest = Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** attempt);
  const own = (longest * (1 + chance)) / 2;
  return Math.max(own, Math.min(after ?? 0, LONGEST_GRANTED_MS));
}

/** Milliseconds that a `Retry-After` header tells: seconds, or a date. */
export function retryAfter(text: string | null, now: number): number | undefined {
  if (text === null) return undefined;
  if (/^\d+$/.test(text.trim())) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** Ends a request that is silent or takes too long, or that nobody wants any more. */
class Watch {
  readonly #controller = new AbortController();
  readonly #timeout: number;
  readonly #outer: AbortSignal | undefined;
  readonly #stop = (): void => this.#controller.abort();
  readonly #whole: NodeJS.Timeout;
  #timer: NodeJS.Timeout | undefined;
  /** Why it was ended. */
  late: string | undefined;

  constructor(timeout: number, first: number, whole: number, outer: AbortSignal | undefined) {
    this.#timeout = timeout;
    this.#outer = outer;
    if (outer?.aborted === true) this.#controller.abort();
    outer?.addEventListener("abort", this.#stop);
    this.#whole = setTimeout(() => this.#end(`it took more than ${whole} ms`), whole);
    this.#wait(first);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Something arrived: the time begins anew. */
  heard(): void {
    clearTimeout(this.#timer);
    this.#wait(this.#timeout);
  }

  #wait(milliseconds: number): void {
    const words = `the server was silent for ${milliseconds} ms`;
    this.#timer = setTimeout(() => this.#end(words), milliseconds);
  }

  #end(words: string): void {
    this.late = words;
    this.#controller.abort();
  }

  end(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#whole);
    this.#outer?.removeEventListener("abort", this.#stop);
    this.#controller.abort();
  }
}

async function once(
  ask: Ask,
  timeout: number,
  whole: number,
  signal: AbortSignal | undefined,
): Promise<Omit<Answer, "tries">> {
  const { place, body } = ask;
  const sending = Math.ceil((body?.length ?? 0) / SLOWEST_SENDING);
  const watch = new Watch(timeout, timeout + sending, whole, signal);
  try {
    const response = await fetch(ask.url, {
      method: ask.method,
      headers: ask.headers(),
      redirect: ask.redirect ?? "follow",
      signal: watch.signal,
      ...(body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> }),
    });
    watch.heard();
    const { status, headers } = response;
    if (status === 200 || status === 204 || (status === 206 && ask.range !== undefined)) {
      const bytes =
        ask.method === "HEAD"
          ? new Uint8Array(0)
          : await bodyOf(response, ask, () => watch.heard());
      return { status, headers, bytes };
    }
    const head = await headOf(response);
    if (ask.expected?.has(status) === true) return { status, headers, bytes: head };
    throw failure(response, ask, new TextDecoder().decode(head));
  } catch (error) {
    if (error instanceof Passing || error instanceof SourceError || error instanceof ZarrError) {
      throw error;
    }
    if (watch.late !== undefined) throw new Passing(watch.late);
    const reason = reasonOf(error);
    const words = `the connection failed: ${reason}`;
    if (LASTING.test(reason)) throw new SourceError(`${place}: ${words}`, { cause: error });
    throw new Passing(words, { cause: error });
  } finally {
    watch.end();
  }
}

function failure(response: Response, ask: Ask, text: string): Error {
  const { status, headers, statusText } = response;
  const { words, hint, passes } = ask.explain?.(status, headers, text) ?? {};
  const named = statusText === "" ? String(status) : `${status} ${statusText}`;
  const told = `the server answered ${named}${words === undefined ? "" : ` (${words})`}`;
  if (PASSING.has(status) || passes === true) {
    const after = retryAfter(headers.get("retry-after"), Date.now());
    return new Passing(told, after === undefined ? {} : { after });
  }
  const denied = status === 401 || status === 403 ? "check the credentials" : undefined;
  return new SourceError(`${ask.place}: ${told}`, { hint: hint ?? denied });
}

/** `fetch` says only that it failed; why is in the cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const { code, message } = cause as NodeJS.ErrnoException;
  return code ?? message ?? String(cause);
}

async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal?.aborted === true) return resolve();
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
