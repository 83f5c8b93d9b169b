/** A group with attributes: made where it is missing, its attributes added to where it is there. */
import { ZarrError } from "../../errors.js";
import { failing, writablePlace } from "./create.js";
import { type JsonObject, readNode } from "./documents.js";
import type { StoreLike } from "./locate.js";
import { checkParents, groupWith, missingGroups, publish } from "./publish.js";

/** A group that is checked; `write` makes it, with the groups above it, or changes its attributes. */
export interface PendingGroup {
  write(): Promise<void>;
}

/** Errors: ZarrError where an array, or a group of another Zarr version above it, is in the way. */
export async function pendingZarrGroup(
  url: StoreLike,
  path: string | undefined,
  attributes: JsonObject,
  zarrFormat: 2 | 3 | undefined,
): Promise<PendingGroup> {
  const place = writablePlace(url, path);
  const { store, name } = place;
  const node = await readNode(store, place.path);
  if (node?.kind === "array") {
    throw new ZarrError(`${name} is a Zarr array, not a group`, { hint: "choose another path" });
  }
  const version = node?.version ?? zarrFormat ?? 3;
  await checkParents(place, version);
  return {
    write: () =>
      failing(`group ${name}: could not be written`, async () => {
        const above = await missingGroups(store, place.path, version);
        const own = await groupWith(store, place.path, version, attributes);
        await publish(store, [...above, ...own]);
      }),
  };
}
