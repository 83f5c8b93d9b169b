/** What is asked of an HTTP server, and what it answers. */
import type { RangeQuery } from "./store.js";

/** How long, and how often. */
export interface Patience {
  /** Milliseconds that a server may stay silent: before its first byte and between two; default 30,000. */
  readonly timeout?: number | undefined;
  /** Milliseconds that one try may take in all; default 600,000. */
  readonly attemptTimeout?: number | undefined;
  /** How often a request is repeated after a failure that may pass; default 4. */
  readonly retries?: number | undefined;
}

export interface Ask {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  readonly url: string;
  /** For messages: without credentials. */
  readonly place: string;
  /** Made anew for every try, because signatures hold the time. */
  readonly headers: () => Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
  readonly range?: RangeQuery | undefined;
  /** The most bytes that an answer can have. */
  readonly limit: number;
  /** Statuses beside 200, 204 and 206 that are answers rather than failures; of their bodies only the head is read. */
  readonly expected?: ReadonlySet<number> | undefined;
  /** Redirects would take signed requests to where the signature does not hold. */
  readonly redirect?: "manual" | undefined;
  /** What a failure means; `text` is the head of its body. */
  readonly explain?: ((status: number, headers: Headers, text: string) => Explained) | undefined;
}

export interface Explained {
  /** After the status, in brackets. */
  readonly words?: string | undefined;
  readonly hint?: string | undefined;
  /** True for a failure that may pass although its status does not tell. */
  readonly passes?: boolean | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
  /** Which try it was, from 1. */
  readonly tries: number;
}

/** A failure that may pass. */
export class Passing extends Error {
  /** Milliseconds after which the server wants to be asked again. */
  readonly after: number | undefined;

  constructor(message: string, detail: { readonly cause?: unknown; readonly after?: number } = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.after = detail.after;
  }
}
