/** Loads what the codecs of an array need before they can be used in a thread. */
import { codecEntry } from "../codecs/registry.js";
import type { ArrayMetadata, Layout } from "./metadata.js";

export async function prepareMetadata(
  { layout }: ArrayMetadata,
  use: "decode" | "encode",
): Promise<void> {
  const layouts: Layout[] = [layout];
  if (layout.shard !== undefined) layouts.push(layout.shard.inner);
  for (const { codecs } of layouts) {
    for (const { name, config } of codecs) await codecEntry(name).prepare?.(config, use);
  }
}
