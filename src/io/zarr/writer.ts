/** Writes whole chunks of a Zarr array: pad, encode, and hand over in one piece. */
import { AbortError, ChunkwiseError, InternalError, SourceError } from "../../errors.js";
import type { ChunkWriter, ReadTarget } from "../../ir/binding.js";
import { itemSize, viewOf } from "../../ir/dtype.js";
import { type Box, boxShape, elementCount } from "../../ir/index-map.js";
import { type Probe, SPAN } from "../../ir/trace.js";
import { copyBox, wordsOf } from "../copy.js";
import { andFinally, type Maybe, mapError, then } from "../maybe.js";
import { Scratch } from "../scratch.js";
import { isRemoteStore } from "../stores/described.js";
import { isDirectoryStore, keyOf, type Store } from "../stores/store.js";
import { type Chain, encodeChain, makeChain } from "./chain.js";
import { wordSize } from "./dtypes.js";
import { isDense, isVerbatim, storedStrides, swapBytes } from "./elements.js";
import { type ArrayMetadata, chunkKey, show } from "./metadata.js";
import { readScratchBytes, zarrReader } from "./reader.js";

/** Bytes that writing one chunk takes beside the block; `part` says that the rest of a chunk may have to be read. */
export function writeScratchBytes(
  store: Store,
  metadata: ArrayMetadata,
  part: WrittenPart | undefined,
): number {
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
 * task that writes the chunk; so it may be done twice, and whoever reads the rest meanwhile gets the same.
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
  return {
    writeChunk: (relative, elements, signal, probe) => {
      if (signal.aborted) throw new AbortError(undefined, { cause: signal.reason });
      const position = relative.map((p, i) => p + Math.floor(part.lo[i]! / chunk[i]!));
      const piece = pieceAt(position, chunk, part);
      checkElements(position, piece, elements);
      if (elements.shape.some((n) => n === 0)) return;
      const key = keyOf(path, chunkKey(metadata.keys, position));
      const scratch = new Scratch();
      const rest = restOf(position, chunk, piece, part.shape);
      const read =
        rest === undefined
          ? undefined
          : (target: ReadTarget): Maybe<void> => reader.readInto(rest, target, signal, probe);
      return andFinally(
        () =>
          mapError(
            () =>
              write(
                store,
                key,
                metadata,
                chain,
                elements,
                { piece, position, read },
                scratch,
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
          ),
        () => scratch.release(),
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
  position: readonly number[],
  chunk: readonly number[],
  piece: Box,
  shape: readonly number[],
): Box | undefined {
  const lo = position.map((p, i) => p * chunk[i]!);
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

/** Where elements belong in their chunk, and how the rest of it is read. */
interface Placement {
  readonly piece: Box;
  readonly position: readonly number[];
  readonly read: ((target: ReadTarget) => Maybe<void>) | undefined;
}

function write(
  store: Store,
  key: `/${string}`,
  metadata: ArrayMetadata,
  chain: Chain,
  elements: ReadTarget,
  placement: Placement,
  scratch: Scratch,
  signal: AbortSignal,
  probe: Probe | undefined,
): Maybe<void> {
  const own = ownBytes(metadata, elements);
  const raw = own ?? layOut(metadata, elements, placement, scratch);
  const encoded = then(raw, (bytes) => {
    const from = probe?.now();
    return then(encodeChain(chain, bytes), (made) => {
      if (from !== undefined && chain.codecs.length > 0) {
        probe?.span(SPAN.encode, from, bytes.length);
      }
      return made;
    });
  });
  return then(encoded, (bytes) => {
    const from = probe?.now();
    // A store may keep the array it is given; these bytes are used again.
    const kept = chain.codecs.length === 0 && !isDirectoryStore(store) ? bytes.slice() : bytes;
    return then(store.set?.(key, kept, { signal }) as Maybe<unknown>, () => {
      if (from !== undefined) probe?.span(SPAN.store, from, kept.length);
    });
  });
}

/** The block's own bytes where they are the stored bytes. */
function ownBytes(
  { layout, stored, dtype }: ArrayMetadata,
  elements: ReadTarget,
): Uint8Array | undefined {
  const { data, shape, stride, offset } = elements;
  const whole = shape.every((n, i) => n === layout.shape[i]!);
  const verbatim = stored === "bool" || isVerbatim(layout, stored);
  if (!whole || !verbatim || !isDense(shape, stride, layout.order)) return undefined;
  const size = itemSize(dtype);
  return new Uint8Array(data.buffer, data.byteOffset + offset * size, elementCount(shape) * size);
}

function layOut(
  metadata: ArrayMetadata,
  elements: ReadTarget,
  { piece, position, read }: Placement,
  scratch: Scratch,
): Maybe<Uint8Array> {
  const { layout, stored, dtype, fill } = metadata;
  const size = itemSize(dtype);
  const count = elementCount(layout.shape);
  const bytes = scratch.take(count * size);
  const stride = storedStrides(layout);
  const words = wordsOf(bytes, size);
  if (elements.shape.some((n, i) => n < layout.shape[i]!)) {
    const one = {
      words: wordsOf(Uint8Array.from(fill), size),
      offset: 0,
      stride: stride.map(() => 0),
    };
    copyBox(layout.shape, size, one, { words, offset: 0, stride });
  }
  const data = viewOf(dtype, bytes.buffer, bytes.byteOffset, count);
  const before = read?.({ data, shape: layout.shape, stride, offset: 0 });
  return then(before as Maybe<void>, () => {
    const offset = piece.lo.reduce(
      (n, v, i) => n + (v - position[i]! * layout.shape[i]!) * stride[i]!,
      0,
    );
    copyBox(
      elements.shape,
      size,
      { words: wordsOf(elements.data, size), offset: elements.offset, stride: elements.stride },
      { words, offset, stride },
    );
    if (layout.endian === "big") swapBytes(bytes, wordSize(stored));
    return bytes;
  });
}
