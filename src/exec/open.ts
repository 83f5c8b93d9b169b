/** Opens described sources and sinks in the thread that runs their tasks. `io` is loaded when the first one is. */
import type { ChunkWriter, RegionReader, SinkDescription, SourceDescription } from "../ir/binding.js";

type Maybe<T> = T | Promise<T>;

interface Io {
  openReader(description: SourceDescription): Maybe<RegionReader>;
  openWriter(description: SinkDescription): Maybe<ChunkWriter>;
}

let io: Promise<Io> | undefined;

function loadIo(): Promise<Io> {
  io ??= import(new URL("../io/index.js", import.meta.url).href) as Promise<Io>;
  return io;
}

export const openSource = async (description: SourceDescription): Promise<RegionReader> =>
  (await loadIo()).openReader(description);

export const openSink = async (description: SinkDescription): Promise<ChunkWriter> =>
  (await loadIo()).openWriter(description);
