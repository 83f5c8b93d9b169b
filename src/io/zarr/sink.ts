/** Binds an array, or the part of it that whole chunks cover, as a place to write blocks to. */
import { ZarrError } from "../../errors.js";
import type { SinkBinding } from "../../ir/binding.js";
import { uniformCuts } from "../../ir/cuts.js";
import { freshId } from "../../ir/node.js";
import { codecEntry } from "../codecs/registry.js";
import { isDirectoryStore } from "../stores/store.js";
import type { Place } from "./locate.js";
import { type ArrayMetadata, isPlain } from "./metadata.js";
import { hasBuiltInCodecs } from "./prepare.js";
import { writeScratchBytes, zarrWriter } from "./writer.js";

/** The whole array, or the box `[lo, hi)`, where `lo` lies on chunk borders and `hi` on them or at the array's end. */
export function bindSink(
  { store, path, name }: Place,
  metadata: ArrayMetadata,
  lo: readonly number[] = metadata.shape.map(() => 0),
  hi: readonly number[] = metadata.shape,
): SinkBinding {
  const chunk = metadata.layout.shape;
  const local = isDirectoryStore(store) && hasBuiltInCodecs(metadata);
  const origin = lo.map((v, i) => Math.floor(v / (chunk[i] as number)));
  const shape = hi.map((v, i) => v - (lo[i] as number));
  return Object.freeze({
    kind: "sink",
    id: freshId(),
    name,
    shape,
    dtype: metadata.dtype,
    chunks: shape.map((n, i) => uniformCuts(n, chunk[i] as number)),
    thread: local ? "any" : "caller",
    scratchBytes: writeScratchBytes(metadata),
    description: local
      ? { type: "zarr", store: store.description, path, name, metadata, origin }
      : undefined,
    writer: zarrWriter(store, path, name, metadata, origin),
  } satisfies SinkBinding);
}

/** Refuses an existing array whose chunks cannot be encoded as they are stored. */
export function checkWritable({ layout, stored }: ArrayMetadata, name: string): void {
  if (layout.shard !== undefined) {
    throw new ZarrError(`${name} is a sharded array: parts of it cannot be written`, {
      hint: "write a new array with plain chunks",
    });
  }
  if (!isPlain(stored)) {
    throw new ZarrError(`${name} stores ${stored} elements, which cannot be written`, {
      hint: "write a new array of another dtype",
    });
  }
  for (const { name: codec, config } of layout.codecs) {
    const entry = codecEntry(codec);
    if (entry.make(config).encode !== undefined) continue;
    throw new ZarrError(`${name} is stored with codec ${codec}, which cannot be written`, {
      hint: "write a new array with another codec",
    });
  }
}
