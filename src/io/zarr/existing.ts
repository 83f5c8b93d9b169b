/**
 * An existing array as a target: parts of it are written, or it grows.
 *
 * An array that grows gets its new shape after its new chunks: until then they lie outside of what anybody reads, and a
 * run that fails leaves the array as it was. (Its last chunks are written again with the elements that they had.)
 */
import { ZarrError } from "../../errors.js";
import type { SinkBinding, SourceBinding } from "../../ir/binding.js";
import type { DType } from "../../ir/dtype.js";
import { failing, writablePlace } from "./create.js";
import { readNode } from "./documents.js";
import { readJournal } from "./journal.js";
import type { Place, StoreLike } from "./locate.js";
import { type ArrayDocument, checkShape } from "./metadata.js";
import { bindSource, named, parseArray } from "./open.js";
import { claim, readsFrom } from "./place.js";
import { prepareMetadata } from "./prepare.js";
import { publish } from "./publish.js";
import { bindSink, checkWritable } from "./sink.js";

/** An array that is there. Its place is taken until `release`. */
export interface ExistingArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** Its elements as they are stored. */
  readonly source: SourceBinding;
  /** Whether a source reads this array. */
  isReadBy(source: SourceBinding): boolean;
  /** Writes the box `[lo, hi)` of the array when its shape will be `shape`; what its chunks have around it stays. */
  sink(shape: readonly number[], lo: readonly number[], hi: readonly number[]): SinkBinding;
  /** Writes its new shape. */
  resize(shape: readonly number[]): Promise<void>;
  /** Gives its place back to other writers. */
  release(): void;
}

/**
 * Takes an existing array for writing; nothing is written yet.
 *
 * Errors: {@link ZarrError} when there is no array, another computation writes it, or its chunks cannot be written as
 * they are stored (codecs without an encoder); SourceError when the store fails.
 */
export async function existingZarrArray(
  url: StoreLike,
  path: string | undefined,
): Promise<ExistingArray> {
  const place = writablePlace(url, path);
  // Before it is read: nobody may make it grow in the meantime.
  const release = claim(place);
  try {
    return await existing(place, release);
  } catch (error) {
    release();
    throw error;
  }
}

async function existing(place: Place, release: () => void): Promise<ExistingArray> {
  const { store, path, name } = place;
  const node = await readNode(store, path);
  if (node === undefined) {
    throw new ZarrError(`${name} does not exist`, { hint: 'create it with mode: "create"' });
  }
  if (node.kind === "group") {
    throw new ZarrError(`${name} is a Zarr group, not an array`, {
      hint: "name an array in it with the option path",
    });
  }
  if ((await readJournal(place)) !== undefined) {
    throw new ZarrError(`${name} is incomplete: the computation that writes it was interrupted`, {
      hint: "finish it with resume: true, or replace it",
    });
  }
  const parsed: ArrayDocument = named(name, () => parseArray(node));
  const { metadata } = parsed;
  checkWritable(metadata, name);
  await prepareMetadata(metadata, "decode");
  await prepareMetadata(metadata, "encode");
  const source = bindSource(place, parsed);
  return {
    name,
    shape: metadata.shape,
    dtype: metadata.dtype,
    source,
    isReadBy: (other) => readsFrom(other, place),
    sink: (shape, lo, hi) => {
      checkShape(shape);
      return bindSink(place, { ...metadata, shape }, { lo, hi, shape: metadata.shape });
    },
    resize: (shape) =>
      failing(`array ${name}: could not be resized`, () =>
        publish(store, [
          {
            path,
            name: node.version === 3 ? "zarr.json" : ".zarray",
            content: { ...node.document, shape: [...shape] },
          },
        ]),
      ),
    release,
  };
}
