/** Which parts of stored chunks can be read alone, for the planner. */
import { type Cuts, uniformCuts } from "../../ir/cuts.js";
import { elementCount } from "../../ir/index-map.js";
import { isDirectoryStore, type Store } from "../stores/store.js";
import { storedSize } from "./dtypes.js";
import type { ArrayMetadata } from "./metadata.js";

/** A read of a band takes at least as long as the call for it. */
const BAND_BYTES = 64 << 10;

/** Chunks in files without codecs can be read in part: runs along the outermost axis on which they are long. */
export function bandsOf(
  store: Store,
  { shape, layout, stored }: ArrayMetadata,
): Cuts[] | undefined {
  if (!isDirectoryStore(store) || layout.shard !== undefined || layout.codecs.length > 0) return;
  const chunk = layout.shape;
  const axis = layout.order.find((a) => chunk[a]! > 1);
  if (axis === undefined) return;
  const extent = chunk[axis]!;
  const row = (elementCount(chunk) / extent) * storedSize(stored);
  // Borders of bands are borders of chunks too.
  let length = Math.ceil(BAND_BYTES / row);
  while (length < extent && extent % length !== 0) length++;
  if (length >= extent) return;
  return shape.map((n, i) => uniformCuts(n, i === axis ? length : chunk[i]!));
}
