/** From what a user names (a path, a URL, a store) to a store and a path in it. */
import { fileURLToPath } from "node:url";
import { ZarrError } from "../../errors.js";
import { directoryStore } from "../stores/directory.js";
import { httpStore, isHttpStore } from "../stores/http.js";
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
    : isHttpStore(store)
      ? (store.url.split("/").pop() ?? "")
      : "store";
  return { store, path: inner, name: inner === "" ? root : `${root}/${inner}` };
}

function storeOf(url: StoreLike): Store {
  if (typeof url === "string") {
    if (!/^(?:file:|[a-z][a-z0-9+.-]+:\/\/)/i.test(url)) return directoryStore(url);
    if (!URL.canParse(url)) throw unknownPlace(url.replace(/:.*$/s, "://…"));
    return storeOf(new URL(url));
  }
  if (url instanceof URL) {
    if (url.protocol === "http:" || url.protocol === "https:") return httpStore(url);
    if (url.protocol !== "file:") throw unknownPlace(`${url.protocol}//${url.host}${url.pathname}`);
    return directoryStore(fileURLToPath(url));
  }
  if (typeof (url as Store | null | undefined)?.get !== "function") {
    throw new ZarrError(
      "a Zarr store is a path, a file: or http: URL, or an object with a get method",
    );
  }
  return url;
}

const unknownPlace = (url: string): ZarrError =>
  new ZarrError(`${JSON.stringify(url)} is not a local path, nor a file:, http: or https: URL`, {
    hint: "for other places hand over a store object, such as one of zarrita's",
  });
