/** Whether a write that was interrupted goes on at a place, and where. */
import { ZarrError } from "../../errors.js";
import { readNode } from "./documents.js";
import { checkResumable, type FinishedChunks, finishedChunks, isFinished } from "./finished.js";
import { compareDocuments, readJournal } from "./journal.js";
import type { Place } from "./locate.js";
import type { ArrayMetadata } from "./metadata.js";
import { type Document, missingGroups, publish } from "./publish.js";
import { removeStale } from "./stale.js";

/** A write to go on with. */
export interface Interrupted {
  readonly finished: FinishedChunks;
  create(): Promise<void>;
}

/**
 * The write of these elements that stopped at a place; undefined if a new one begins there. An array without a journal
 * whose chunks are all there is complete. ZarrError for what is there and is to stay.
 */
export async function interrupted(
  place: Place,
  metadata: ArrayMetadata,
  documents: readonly Document[],
  elements: string,
  mode: "create" | "overwrite",
): Promise<Interrupted | undefined> {
  checkResumable(place);
  const there = await readNode(place.store, place.path);
  if (there?.kind !== "array") return undefined;
  const replace = (why: string): undefined => {
    if (mode === "overwrite") return undefined;
    throw new ZarrError(`${place.name} cannot be resumed: ${why}`, {
      hint: 'choose another path, or mode: "overwrite" to replace it',
    });
  };
  let journal: string | undefined;
  try {
    journal = await readJournal(place);
  } catch (error) {
    if (mode === "overwrite" && error instanceof ZarrError) return undefined;
    throw error;
  }
  // Without a journal nothing says what the chunks are, so replacing means to write them all.
  if (journal === undefined && mode === "overwrite") return undefined;
  const { differing, attributes } = compareDocuments(there, documents);
  if (differing.length > 0) {
    return replace(`the array that is there has another ${differing.join(", ")}`);
  }
  if (journal !== undefined && journal !== elements) {
    return replace("another computation was being written there");
  }
  const finished = await finishedChunks(place, metadata);
  if (journal === undefined) {
    if (isFinished(finished)) return { finished, create: async () => undefined };
    return replace("it has no journal of an interrupted write, and not all of its chunks");
  }
  return {
    finished,
    create: async () => {
      // Although they are there: after a replacement, perhaps only in what metadata above consolidate.
      const groups = await missingGroups(place.store, place.path, metadata.version);
      const own = attributes ? withAttributes(place.path, documents) : documents;
      await publish(place.store, [...groups, ...own]);
      removeStale(place);
    },
  };
}

/** With a v2 document of attributes even where there are none now: there may have been some. */
function withAttributes(path: string, documents: readonly Document[]): readonly Document[] {
  const silent = documents.some((d) => d.name === ".zarray") && documents.length === 1;
  return silent ? [{ path, name: ".zattrs", content: {} }, ...documents] : documents;
}
