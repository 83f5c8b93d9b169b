/** Opens described sources and sinks in the thread that runs their tasks. `io` is loaded when the first one is. */
import type {
  ChunkWriter,
  RegionReader,
  SinkDescription,
  SourceDescription,
} from "../ir/binding.js";

export async function openSource(description: SourceDescription): Promise<RegionReader> {
  const io = await import("../io/index.js");
  await io.prepareCodecs(description);
  return io.openReader(description);
}

export async function openSink(description: SinkDescription): Promise<ChunkWriter> {
  const io = await import("../io/index.js");
  await io.prepareCodecs(description);
  return io.openWriter(description);
}
