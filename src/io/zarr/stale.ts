/** What writers of dead processes left behind. */
import { isDirectoryStore } from "../stores/store.js";
import type { Place } from "./locate.js";
import { above } from "./publish.js";

/** Removes temporary files in the folder of an array, and in those of the groups above it. */
export function removeStale({ store, path }: Place): void {
  if (!isDirectoryStore(store)) return;
  for (const parent of above(path)) store.removeStale(`/${parent}`, { deep: false });
  store.removeStale(`/${path}`);
}
