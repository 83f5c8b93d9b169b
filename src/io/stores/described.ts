/**
 * Described stores: what any thread needs to know to open them, and where they are.
 *
 * Some descriptions hold credentials. They are handed to threads, in memory, and shown nowhere.
 */
import type { Patience } from "./ask.js";
import type { S3Credentials } from "./sigv4.js";
import { type DirectoryDescription, isDirectoryStore, type Store } from "./store.js";

export type StoreDescription = DirectoryDescription | HttpDescription | S3Description;

export interface HttpDescription {
  readonly type: "http";
  /** The URL without credentials and query. */
  readonly root: string;
  readonly search: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly patience: Patience;
}

export interface S3Description {
  readonly type: "s3";
  readonly bucket: string;
  /** Of all keys, normalised; "" for the whole bucket. */
  readonly prefix: string;
  /** URL of the bucket, without a slash at its end. */
  readonly root: string;
  readonly region: string;
  /** Undefined: requests are not signed. */
  readonly credentials: S3Credentials | undefined;
  /** Whether a value that may not be read counts as missing. */
  readonly forbiddenIsMissing: boolean;
  /** Bytes of the parts of a large value. */
  readonly partSize: number;
  readonly patience: Patience;
}

/** A store on a server that any thread can open. */
export interface RemoteStore extends Store {
  readonly type: "http" | "s3";
  /** Where it is, without credentials, for messages. */
  readonly url: string;
}

/**
 * What is known of the stores that were opened here. Beside them rather than in them: a store that a user makes of
 * another one, by spreading it, say, is not the described one, and credentials appear in no dump of an object.
 */
const remotes = new WeakMap<
  Store,
  { readonly description: StoreDescription; readonly address: string }
>();

/** Says from what a store can be opened again, and which address it has: one place has one address. */
export function describeAs<T extends Store>(
  store: T,
  description: HttpDescription | S3Description,
  address: string,
): T {
  remotes.set(store, { description: concealed(description), address });
  return store;
}

/** Plain data that threads get whole, and that is not shown where it is printed. */
function concealed<T extends { readonly type: string }>(data: T): T {
  const words = (): string => `(a ${data.type} store)`;
  // Not enumerable, so not copied.
  return Object.defineProperties(
    { ...data },
    {
      toJSON: { value: words },
      [Symbol.for("nodejs.util.inspect.custom")]: { value: words },
    },
  );
}

export const isRemoteStore = (store: Store): store is RemoteStore => remotes.has(store);

/** From what any thread can open a store; undefined for one that belongs to the calling thread. */
export const descriptionOf = (store: Store): StoreDescription | undefined =>
  isDirectoryStore(store) ? store.description : remotes.get(store)?.description;

/** The address of a store on a server. */
export const addressOf = (store: Store): string | undefined => remotes.get(store)?.address;
