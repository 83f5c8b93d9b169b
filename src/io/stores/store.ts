/**
 * What a store is: a flat map from keys to bytes. Any zarrita `AsyncReadable`/`AsyncMutable` has this shape, and
 * so has a `Map`. Keys begin with one slash and name a place inside the store.
 */
import { ZarrError } from "../../errors.js";
import type { Maybe } from "../maybe.js";

/** What a store is told. Without `undefined`, so that the stores of others, which may not expect it, have the type. */
export interface GetOptions {
  readonly signal?: AbortSignal;
  /** The most bytes that the value can have: a store may refuse a longer one before it takes memory for it. */
  readonly limit?: number;
}

/** What a store is told when it is given a value. */
export interface SetOptions {
  readonly signal?: AbortSignal;
}

export type RangeQuery =
  | { readonly offset: number; readonly length: number }
  | { readonly suffixLength: number };

/** Methods may answer at once or later. Only `get` is needed for reading and only `set` too for writing. */
export interface Store {
  get(key: `/${string}`, options?: GetOptions): Maybe<Uint8Array | undefined>;
  getRange?(
    key: `/${string}`,
    range: RangeQuery,
    options?: GetOptions,
  ): Maybe<Uint8Array | undefined>;
  /** The answer is waited for and otherwise ignored. */
  set?(key: `/${string}`, value: Uint8Array, options?: SetOptions): unknown;
  /**
   * Sets a value where there is none and answers true, or leaves what is there and answers false: of several writers, in
   * whatever processes, one is answered true.
   */
  setIfAbsent?(key: `/${string}`, value: Uint8Array): Maybe<boolean>;
  has?(key: `/${string}`): Maybe<boolean>;
  delete?(key: `/${string}`): unknown;
  /** Names of the folders directly inside a folder: faster than to list all that is in them. */
  folders?(prefix: `/${string}`): Maybe<readonly string[]>;
  /** Keys below a folder key, such as `/u` (all of them for `/`). */
  list?(prefix: `/${string}`): Maybe<Iterable<string>>;
  /** The groups and arrays of the store, where it knows them. */
  contents?(): Iterable<{ readonly path: string }>;
}

/** Plain data from which any thread can open a folder. */
export interface DirectoryDescription {
  readonly type: "directory";
  /** Absolute path of the root. */
  readonly root: string;
}

/** A store over local files that also answers without a copy, at once. */
export interface DirectoryStore extends Required<Omit<Store, "contents" | "setIfAbsent">> {
  readonly description: DirectoryDescription;
  get(key: `/${string}`): Uint8Array | undefined;
  getRange(key: `/${string}`, range: RangeQuery): Uint8Array | undefined;
  set(key: `/${string}`, value: Uint8Array): void;
  has(key: `/${string}`): boolean;
  delete(key: `/${string}`): void;
  list(prefix: `/${string}`): Iterable<string>;
  /** Names of the folders directly inside a folder. */
  folders(prefix: `/${string}`): readonly string[];
  /** An open file, or undefined where the key has no value. The caller closes it. */
  open(key: `/${string}`): OpenFile | undefined;
  /** A new value, written piece by piece. The caller finishes or discards it. */
  create(key: `/${string}`): NewFile;
  /** Removes what writers of dead processes left behind below a folder, or only directly inside it. */
  removeStale(prefix: `/${string}`, options?: { readonly deep?: boolean }): void;
}

export interface OpenFile {
  readonly size: number;
  /** Fills `into` from `position`; throws when the file ends before. */
  read(into: Uint8Array, position: number): void;
  close(): void;
}

/** A value in the making: it appears under its key, whole, when it is finished. */
export interface NewFile {
  write(bytes: Uint8Array, position: number): void;
  finish(): void;
  /** Leaves what the key had; also after a write or `finish` that failed. */
  discard(): void;
}

export const isDirectoryStore = (store: Store): store is DirectoryStore =>
  (store as Partial<DirectoryStore>).description?.type === "directory";

/**
 * The canonical form of a path inside a store: segments joined by slashes, without one at either end; "" is
 * the root. Throws {@link ZarrError} for whatever could leave the root or name two places.
 */
export function normalizePath(path: string, what = "path"): string {
  if (typeof path !== "string") {
    throw new ZarrError(`${what} must be a string, got ${typeof path}`);
  }
  let inner = path;
  if (inner.startsWith("/")) inner = inner.slice(1);
  if (inner.endsWith("/")) inner = inner.slice(0, -1);
  if (inner === "") return "";
  for (const segment of inner.split("/")) checkSegment(segment, path, what);
  return inner;
}

function checkSegment(segment: string, path: string, what: string): void {
  const fault =
    segment === ""
      ? "an empty segment"
      : segment === "." || segment === ".."
        ? `the segment "${segment}"`
        : segment.includes("\\")
          ? "a backslash"
          : segment.includes("\0")
            ? "a NUL character"
            : undefined;
  if (fault !== undefined) {
    throw new ZarrError(`${what} ${JSON.stringify(path)} has ${fault}`, {
      hint: "use names joined by single slashes, such as winds/u",
    });
  }
}

/** Key of `name` in the node at the normalised `path`. */
export const keyOf = (path: string, name: string): `/${string}` =>
  path === "" ? `/${name}` : `/${path}/${name}`;
