/** From what a user names (a path, a URL, a store) to a store and a path in it. */
import { fileURLToPath } from "node:url";
import { ZarrError } from "../../errors.js";
import { isRemoteStore } from "../stores/described.js";
import { directoryStore } from "../stores/directory.js";
import { httpStore } from "../stores/http.js";
import { s3Store } from "../stores/s3.js";
import { isDirectoryStore, normalizePath, type Store } from "../stores/store.js";

export type StoreLike = string | URL | Store;

export interface Place {
  readonly store: Store;
  /** Normalised path of the node in the store. */
  readonly path: string;
  /** For messages: the store and the path, as short as they are clear. */
  readonly name: string;
}

export function locate(url: StoreLike, path = ""): Place {
  const store = storeOf(url);
  const inner = normalizePath(path);
  const root = isDirectoryStore(store)
    ? (store.description.root.split(/[\\/]/).pop() ?? "")
    : isRemoteStore(store)
      ? (store.url.split("/").pop() ?? "")
      : "store";
  return { store, path: inner, name: inner === "" ? root : `${root}/${inner}` };
}

function storeOf(url: StoreLike): Store {
  if (typeof url === "string") {
    // As it is written: in a key of S3 nothing is encoded.
    if (/^s3:/i.test(url)) return s3Store(url);
    if (!/^(?:file:|[a-z][a-z0-9+.-]+:\/\/)/i.test(url)) return directoryStore(url);
    if (!URL.canParse(url)) throw unknownPlace(url.replace(/:.*$/s, "://…"));
    return storeOf(new URL(url));
  }
  if (url instanceof URL) {
    if (url.protocol === "http:" || url.protocol === "https:") return httpStore(url);
    if (url.protocol === "s3:") return s3Store(url);
    if (url.protocol !== "file:") throw unknownPlace(`${url.protocol}//${url.host}${url.pathname}`);
    return directoryStore(fileURLToPath(url));
  }
  if (typeof (url as Store | null | undefined)?.get !== "function") {
    throw new ZarrError(
      "a Zarr store is a path, a file:, http: or s3: URL, or an object with a get method",
    );
  }
  return url;
}

const unknownPlace = (url: string): ZarrError =>
  new ZarrError(
    `${JSON.stringify(url)} is not a local path, nor a file:, http:, https: or s3: URL`,
    {
      hint: "for other places hand over a store object, such as one of zarrita's",
    },
  );
