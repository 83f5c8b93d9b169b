/** Who reads and writes which array of which store: what is read is not deleted, and nothing has two writers. */
import { realpathSync } from "node:fs";
import { join } from "node:path";
import { ZarrError } from "../../errors.js";
import type { SourceBinding } from "../../ir/binding.js";
import { addressOf } from "../stores/described.js";
import { isDirectoryStore } from "../stores/store.js";
import type { Place } from "./locate.js";
import type { ArrayMetadata } from "./metadata.js";

interface Origin {
  readonly place: Place;
  readonly metadata: ArrayMetadata;
}
const origins = new WeakMap<SourceBinding, Origin>();

export function rememberPlace(binding: SourceBinding, place: Place, metadata: ArrayMetadata): void {
  origins.set(binding, { place, metadata });
}

/** Whether a source reads the array at a place. */
export function readsFrom(source: SourceBinding, place: Place): boolean {
  const own = origins.get(source);
  return own !== undefined && isSame(own.place, place);
}

/**
 * Which array a source reads, as data that are the same in another process: the address of its store, its path and its
 * metadata. A store that is an object of the user has no address. Undefined for sources that are no Zarr arrays.
 */
export function originOf(
  source: SourceBinding,
):
  | { readonly url: string | undefined; readonly path: string; readonly metadata: ArrayMetadata }
  | undefined {
  const own = origins.get(source);
  if (own === undefined) return undefined;
  const { store, path } = own.place;
  const url = isDirectoryStore(store) ? store.description.root : addressOf(store);
  return { url, path, metadata: own.metadata };
}

const written = new Set<Place>();

/**
 * Takes a place for one writer of this process; the answer gives it back. ZarrError while another one has it: two
 * would each find nothing there, and mix their chunks.
 */
export function claim(place: Place): () => void {
  for (const other of written) {
    if (!isSame(other, place)) continue;
    throw new ZarrError(`${place.name} is being written by another computation`, {
      hint: "wait for it, or choose another path",
    });
  }
  written.add(place);
  return () => written.delete(place);
}

/** Folders are compared as the file system sees them, places on servers by address, other stores by identity. */
function isSame(a: Place, b: Place): boolean {
  if (isDirectoryStore(a.store) && isDirectoryStore(b.store)) {
    return (
      folderOf(a.store.description.root, a.path) === folderOf(b.store.description.root, b.path)
    );
  }
  const [own, other] = [addressOf(a.store), addressOf(b.store)];
  if (own !== undefined && other !== undefined) {
    return addressIn(own, a.path) === addressIn(other, b.path);
  }
  return a.store === b.store && a.path === b.path;
}

const addressIn = (root: string, path: string): string => `${root}/${path}`.replace(/\/+$/, "");

function folderOf(root: string, path: string): string {
  const folder = join(root, path);
  try {
    return realpathSync(folder);
  } catch {
    // It does not exist, or is out of reach: its name is all there is to compare.
    return folder;
  }
}
