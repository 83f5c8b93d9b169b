/** Writes whole chunks of a Zarr array: pad, encode, and hand over in one piece. */
import { AbortError, ChunkwiseError, InternalError, SourceError } from "../../errors.js";
import type { ChunkWriter, ReadTarget } from "../../ir/binding.js";
import { type Box, boxShape } from "../../ir/index-map.js";
import { type Probe, SPAN } from "../../ir/trace.js";
import { newRoom, type TakeRoom } from "../codecs/codec.js";
import { andFinally, type Maybe, mapError, then } from "../maybe.js";
import { Scratch } from "../scratch.js";
import { isRemoteStore } from "../stores/described.js";
import { isDirectoryStore, keyOf, type Store } from "../stores/store.js";
import { type Chain, encodeChain, makeChain } from "./chain.js";
import { contextOf } from "./context.js";
import { type ArrayMetadata, chunkKey, show } from "./metadata.js";
import { readScratchBytes, zarrReader } from "./reader.js";
import { shardScratchBytes, writeShard } from "./shard-writer.js";
import { type Placement, storedBytes } from "./stored-bytes.js";

/** Bytes that writing one chunk takes beside the block; `part` says that the rest of a chunk may have to be read. */
export function writeScratchBytes(
  store: Store,
  metadata: ArrayMetadata,
  part: WrittenPart | undefined,
): number {
  if (metadata.layout.shard !== undefined) return shardScratchBytes(store, metadata, part);
  const chain = makeChain(metadata.layout, metadata.stored);
  const buffers = chain.bounds.reduce((sum, bytes) => sum + bytes, 0);
  const reading = part === undefined ? 0 : readScratchBytes(store, metadata);
  // Our own copy of bytes that are used again, and the one that sending makes.
  const copies = isRemoteStore(store) ? (chain.codecs.length === 0 ? 2 : 1) : 0;
  const sending = copies * (chain.bounds.at(-1) as number);
  return buffers + Math.max(chain.heapBytes, reading, sending);
}

/** A box of an array that is written, piece by piece along the chunks. */
export interface WrittenPart {
  readonly lo: readonly number[];
  readonly hi: readonly number[];
  /** What the array has had so far: the rest of a chunk that the box cuts is read from there. */
  readonly shape: readonly number[];
}

/**
 * The writer of one array, or of a part of it, from whose first chunk positions then count. Edge chunks are stored whole,
 * padded with the fill value. Of a chunk that the part cuts, the rest is read and written again as it was, by the one
 * task that writes the chunk; so it may be done twice, and whoever reads the rest meanwhile gets the same. Of a sharded
 * array what is written is a shard, and the rest of it is copied as it is stored where it can be.
 *
 * Errors of `writeChunk`: {@link SourceError} when the store fails, {@link AbortError} when the signal is aborted,
 * ZarrError when the rest of a chunk is damaged.
 */
export function zarrWriter(
  store: Store,
  path: string,
  name: string,
  metadata: ArrayMetadata,
  part: WrittenPart = { lo: metadata.shape.map(() => 0), hi: metadata.shape, shape: [] },
): ChunkWriter {
  const chain = makeChain(metadata.layout, metadata.stored);
  const chunk = metadata.layout.shape;
  const reader = zarrReader(store, path, name, metadata);
  const sharded = metadata.layout.shard !== undefined;
  const context = contextOf(store, metadata);
  return {
    writeChunk: (relative, elements, signal, probe) => {
      if (signal.aborted) throw new AbortError(undefined, { cause: signal.reason });
      const position = relative.map((p, i) => p + Math.floor(part.lo[i]! / chunk[i]!));
      const piece = pieceAt(position, chunk, part);
      checkElements(position, piece, elements);
      if (elements.shape.some((n) => n === 0)) return;
      const key = keyOf(path, chunkKey(metadata.keys, position));
      const origin = position.map((p, i) => p * chunk[i]!);
      const rest = restOf(origin, chunk, piece, part.shape);
      const before =
        rest === undefined
          ? undefined
          : (target: ReadTarget): Maybe<void> => reader.readInto(rest, target, signal, probe);
      const shard = { store, key, name, context, elements, origin, piece, rest, signal, probe };
      return mapError(
        () =>
          sharded
            ? writeShard(shard)
            : write(
                store,
                key,
                metadata,
                chain,
                elements,
                { origin, lo: piece.lo, before },
                signal,
                probe,
              ),
        (error) =>
          error instanceof ChunkwiseError
            ? error
            : new SourceError(
                `array ${name}: could not write chunk ${key}: ${String((error as Error)?.message ?? error)}`,
                { cause: error },
              ),
      );
    },
  };
}

/** What of a chunk is written. */
const pieceAt = (
  position: readonly number[],
  chunk: readonly number[],
  { lo, hi }: WrittenPart,
): Box => ({
  lo: position.map((p, i) => Math.max(lo[i]!, p * chunk[i]!)),
  hi: position.map((p, i) => Math.min(hi[i]!, (p + 1) * chunk[i]!)),
});

/** What a chunk has had so far, if any of it is not in the piece; undefined if all is new. */
function restOf(
  lo: readonly number[],
  chunk: readonly number[],
  piece: Box,
  shape: readonly number[],
): Box | undefined {
  const hi = shape.map((n, i) => Math.min(n, lo[i]! + chunk[i]!));
  if (hi.length === 0 || hi.some((h, i) => h <= lo[i]!)) return undefined;
  const covered = hi.every((h, i) => lo[i]! >= piece.lo[i]! && h <= piece.hi[i]!);
  return covered ? undefined : { lo, hi };
}

function checkElements(position: readonly number[], piece: Box, elements: ReadTarget): void {
  const expected = boxShape(piece);
  if (expected.some((n, i) => n < 0 || n !== elements.shape[i]!)) {
    throw new InternalError(
      `chunk ${show(position)} has shape ${show(expected)}, got elements of shape ${show(elements.shape)}`,
    );
  }
}

function write(
  store: Store,
  key: `/${string}`,
  metadata: ArrayMetadata,
  chain: Chain,
  elements: ReadTarget,
  placement: Placement,
  signal: AbortSignal,
  probe: Probe | undefined,
): Maybe<void> {
  const scratch = new Scratch();
  return andFinally(
    () => {
      const raw = storedBytes(metadata, metadata.layout, elements, placement, scratch);
      // A store may keep the array it is given; only of directories it is known that they do not.
      const inFiles = isDirectoryStore(store);
      const room: TakeRoom = inFiles ? (length) => scratch.take(length) : newRoom;
      const encoded = then(raw, (bytes) => encodeChain(chain, bytes, room, probe));
      return then(encoded, (bytes) => {
        const from = probe?.now();
        // Bytes that no codec has touched are used again.
        const kept = chain.codecs.length === 0 && !inFiles ? bytes.slice() : bytes;
        return then(store.set?.(key, kept, { signal }) as Maybe<unknown>, () => {
          if (from !== undefined) probe?.span(SPAN.store, from, kept.length);
        });
      });
    },
    () => scratch.release(),
  );
}
