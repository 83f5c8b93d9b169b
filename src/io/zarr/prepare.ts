/** What the codecs of an array need of a thread before they can be used in it. */
import { codecEntry, isBuiltIn } from "../codecs/registry.js";
import type { ArrayMetadata, CodecSpec, Layout } from "./metadata.js";

export async function prepareMetadata(
  { layout }: ArrayMetadata,
  use: "decode" | "encode",
): Promise<void> {
  for (const { name, config } of codecsOf(layout)) await codecEntry(name).prepare?.(config, use);
}

/** All codecs of bytes: around shards and within them. */
export const codecsOf = (layout: Layout): readonly CodecSpec[] => [
  ...layout.codecs,
  ...(layout.shard?.inner.codecs ?? []),
];

/** True when every thread has the codecs of an array. */
export const hasBuiltInCodecs = ({ layout }: ArrayMetadata): boolean =>
  codecsOf(layout).every(({ name }) => isBuiltIn(name));
