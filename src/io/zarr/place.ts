/** Which array of which store a source reads: so that nobody deletes what he is about to read. */
import { realpathSync } from "node:fs";
import { join } from "node:path";
import type { SourceBinding } from "../../ir/binding.js";
import { isDirectoryStore } from "../stores/store.js";
import type { Place } from "./locate.js";

const places = new WeakMap<SourceBinding, Place>();

export function rememberPlace(binding: SourceBinding, place: Place): void {
  places.set(binding, place);
}

/** Whether a source reads the array at a place; folders are compared as the file system sees them. */
export function readsFrom(source: SourceBinding, { store, path }: Place): boolean {
  const own = places.get(source);
  if (own === undefined) return false;
  if (isDirectoryStore(store) && isDirectoryStore(own.store)) {
    const [a, b] = [
      folderOf(store.description.root, path),
      folderOf(own.store.description.root, own.path),
    ];
    return a === b;
  }
  return own.store === store && own.path === path;
}

function folderOf(root: string, path: string): string {
  const folder = join(root, path);
  try {
    return realpathSync(folder);
  } catch {
    // It does not exist, or is out of reach: its name is all there is to compare.
    return folder;
  }
}
