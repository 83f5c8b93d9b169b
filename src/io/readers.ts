/** Opens readers and writers from their descriptions, in any thread. A new kind of source is a line here. */
import { InternalError, ZarrError } from "../errors.js";
import type {
  ChunkWriter,
  RegionReader,
  SinkDescription,
  SourceDescription,
} from "../ir/binding.js";
import { type ArrayDescription, arrayReader } from "./sources/array.js";
import { type PermutationDescription, permutationReader } from "./sources/permutation.js";
import { type WeightedDescription, weightedReader } from "./sources/weighted.js";
import type { StoreDescription } from "./stores/described.js";
import { openStore } from "./stores/open-store.js";
import type { ArrayMetadata } from "./zarr/metadata.js";
import { prepareMetadata } from "./zarr/prepare.js";
import { zarrReader } from "./zarr/reader.js";
import { type WrittenPart, zarrWriter } from "./zarr/writer.js";

interface ZarrDescription {
  readonly type: "zarr";
  readonly store: StoreDescription;
  readonly path: string;
  readonly name: string;
  readonly metadata: ArrayMetadata;
}

interface ZarrSinkDescription extends ZarrDescription {
  readonly part: WrittenPart | undefined;
}

const READERS = new Map<string, (description: never) => RegionReader>([
  ["array", (d: ArrayDescription) => arrayReader(d)],
  ["permutation", (d: PermutationDescription) => permutationReader(d)],
  ["weighted", (d: WeightedDescription) => weightedReader(d)],
  [
    "zarr",
    ({ store, path, name, metadata }: ZarrDescription) =>
      zarrReader(openStore(store), path, name, metadata),
  ],
]);

/** Adds a kind of source description, in this thread. */
export function registerReader(
  type: string,
  open: (description: SourceDescription) => RegionReader,
): void {
  READERS.set(type, open);
}

/**
 * Opens the reader of a described source. Await {@link prepareCodecs} first, so that no module is loaded in the
 * middle of a read.
 */
export function openReader(description: SourceDescription): RegionReader {
  const open = READERS.get(description.type);
  if (open === undefined)
    throw new InternalError(`no reader for a source of type ${description.type}`);
  return open(description as never);
}

/** Opens the writer of a described sink. */
export function openWriter(description: SinkDescription): ChunkWriter {
  if (description.type !== "zarr") {
    throw new InternalError(`no writer for a sink of type ${description.type}`);
  }
  const { store, path, name, metadata, part } = description as unknown as ZarrSinkDescription;
  return zarrWriter(openStore(store), path, name, metadata, part);
}

/** Loads what the codecs of a source or sink need in this thread. */
export async function prepareCodecs(
  description: SourceDescription | SinkDescription | undefined,
): Promise<void> {
  if (description?.type !== "zarr") return;
  const { metadata } = description as unknown as ZarrDescription;
  if (metadata === undefined) throw new ZarrError("a zarr description has no metadata");
  await prepareMetadata(metadata, "decode");
}
