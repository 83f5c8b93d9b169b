/**
 * The journal of a write that can be resumed: which elements are being written into an array, in a key of the array's
 * own folder, so that it moves and vanishes with the array and no other array can clash with it.
 *
 * It is written before the array's metadata and removed after its last chunk. So an array with a journal is
 * incomplete, and every chunk that it has is one of the elements that the journal names; an array without one was
 * completed, or was never meant to be resumed. Chunks themselves are not recorded: a chunk's key is there when it is
 * whole, and the writer stores every chunk, those that hold nothing but the fill value too.
 */
import { ZarrError } from "../../errors.js";
import { keyOf } from "../stores/store.js";
import type { NodeDocument } from "./documents.js";
import { formatJson, parseJson, parseObject } from "./json.js";
import type { Place } from "./locate.js";
import type { Document } from "./publish.js";

export const JOURNAL_NAME = ".chunkwise-journal";
/** Two short fields: whatever is longer was not written here. */
const MAX_BYTES = 4096;
const FINGERPRINT = /^[0-9a-f]{64}$/;

const journalKey = ({ path }: Place): `/${string}` => keyOf(path, JOURNAL_NAME);

/** The fingerprint of the elements that are being written, undefined without a journal. ZarrError if it is damaged. */
export async function readJournal(place: Place): Promise<string | undefined> {
  const bytes = await place.store.get(journalKey(place), { limit: MAX_BYTES });
  if (bytes === undefined || bytes === null) return undefined;
  const damaged = (why: string): ZarrError =>
    new ZarrError(`${place.name}: the journal of its interrupted write is damaged: ${why}`, {
      hint: 'write it anew with mode: "overwrite"',
    });
  if (!(bytes instanceof Uint8Array) || bytes.length > MAX_BYTES) {
    throw damaged(`it is longer than ${MAX_BYTES} bytes`);
  }
  let journal: { readonly [key: string]: unknown };
  try {
    journal = parseObject(bytes, JOURNAL_NAME);
  } catch (error) {
    throw damaged((error as Error).message);
  }
  const { version, elements } = journal;
  if (version !== 1) throw damaged("it has another version");
  if (typeof elements !== "string" || !FINGERPRINT.test(elements)) {
    throw damaged("it has no fingerprint");
  }
  return elements;
}

export async function writeJournal(place: Place, elements: string): Promise<void> {
  await place.store.set?.(journalKey(place), formatJson({ version: 1, elements }));
}

/** Without `delete` a store can hold none that was written through it. */
export async function removeJournal(place: Place): Promise<void> {
  const { store } = place;
  if (typeof store.delete !== "function") return;
  if ((await store.get(journalKey(place))) === undefined) return;
  await store.delete(journalKey(place));
}

/** What only describes an array: chunks are the same whatever it says. */
const DESCRIBING: ReadonlySet<string> = new Set(["attributes", "consolidated_metadata"]);

/**
 * How the metadata of an array that is there differ from those of one that is to be written: the names of the fields
 * that decide how chunks are stored, and whether the attributes differ.
 */
export function compareDocuments(
  there: NodeDocument & { readonly kind: "array" },
  documents: readonly Document[],
): { readonly differing: readonly string[]; readonly attributes: boolean } {
  const contentOf = (...names: readonly string[]): { readonly [key: string]: unknown } => {
    const found = documents.find((d) => names.includes(d.name));
    return found === undefined ? {} : parseObject(formatJson(found.content), found.name);
  };
  const own = contentOf("zarr.json", ".zarray");
  const fields = new Set([...Object.keys(own), ...Object.keys(there.document)]);
  const differing = [...fields].filter(
    (field) => !DESCRIBING.has(field) && canonical(own[field]) !== canonical(there.document[field]),
  );
  const [before, after] =
    there.version === 2
      ? [there.attributes, contentOf(".zattrs")]
      : [there.document["attributes"] ?? {}, own["attributes"] ?? {}];
  return { differing, attributes: canonical(before) !== canonical(after) };
}

/** Equal texts mean equal JSON, whatever the order of keys. */
function canonical(value: unknown): string {
  if (value === undefined) return "";
  const sorted = (v: unknown): unknown => {
    if (Array.isArray(v)) return v.map(sorted);
    if (typeof v !== "object" || v === null) return v;
    return Object.fromEntries(
      Object.entries(v)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, inner]) => [key, sorted(inner)]),
    );
  };
  return new TextDecoder().decode(formatJson(sorted(parseJson(formatJson(value), "metadata"))));
}
