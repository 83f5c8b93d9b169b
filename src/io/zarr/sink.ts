/** Binds an array, or a part of it, as a place to write blocks to. */
import { ZarrError } from "../../errors.js";
import type { SinkBinding } from "../../ir/binding.js";
import { sliceCuts, uniformCuts } from "../../ir/cuts.js";
import { freshId } from "../../ir/node.js";
import { codecEntry } from "../codecs/registry.js";
import { descriptionOf } from "../stores/described.js";
import type { Place } from "./locate.js";
import { type ArrayMetadata, isPlain } from "./metadata.js";
import { codecsOf, hasBuiltInCodecs } from "./prepare.js";
import { type WrittenPart, writeScratchBytes, zarrWriter } from "./writer.js";

/** The whole array, or a part of it: then the pieces into which the chunks, or the shards, cut that. */
export function bindSink(
  { store, path, name }: Place,
  metadata: ArrayMetadata,
  part?: WrittenPart,
): SinkBinding {
  const { lo, hi } = part ?? { lo: metadata.shape.map(() => 0), hi: metadata.shape };
  const described = hasBuiltInCodecs(metadata) ? descriptionOf(store) : undefined;
  return Object.freeze({
    kind: "sink",
    id: freshId(),
    name,
    shape: hi.map((v, i) => v - (lo[i] as number)),
    dtype: metadata.dtype,
    chunks: metadata.shape.map((n, i) =>
      sliceCuts(
        uniformCuts(n, metadata.layout.shape[i] as number),
        lo[i] as number,
        hi[i] as number,
      ),
    ),
    thread: described === undefined ? "caller" : "any",
    scratchBytes: writeScratchBytes(store, metadata, part),
    description:
      described === undefined
        ? undefined
        : { type: "zarr", store: described, path, name, metadata, part },
    writer: zarrWriter(store, path, name, metadata, part),
  } satisfies SinkBinding);
}

/** Refuses an existing array whose chunks cannot be encoded as they are stored. */
export function checkWritable({ layout, stored }: ArrayMetadata, name: string): void {
  if (!isPlain(stored)) {
    throw new ZarrError(`${name} stores ${stored} elements, which cannot be written`, {
      hint: "write a new array of another dtype",
    });
  }
  for (const { name: codec, config } of codecsOf(layout)) {
    const entry = codecEntry(codec);
    if (entry.make(config).encode !== undefined) continue;
    throw new ZarrError(`${name} is stored with codec ${codec}, which cannot be written`, {
      hint: "write a new array with another codec",
    });
  }
}
