/** Writes whole chunks of a Zarr array: pad, encode, and hand over in one piece. */
import { AbortError, ChunkwiseError, InternalError, SourceError } from "../../errors.js";
import type { ChunkWriter, ReadTarget } from "../../ir/binding.js";
import { itemSize } from "../../ir/dtype.js";
import { elementCount } from "../../ir/index-map.js";
import { copyBox, wordsOf } from "../copy.js";
import { andFinally, type Maybe, mapError, then } from "../maybe.js";
import { Scratch } from "../scratch.js";
import { isDirectoryStore, keyOf, type Store } from "../stores/store.js";
import { type Chain, encodeChain, makeChain } from "./chain.js";
import { wordSize } from "./dtypes.js";
import { isDense, isVerbatim, storedStrides, swapBytes } from "./elements.js";
import { type ArrayMetadata, chunkKey, show } from "./metadata.js";

/** Bytes that writing one chunk takes beside the block. */
export function writeScratchBytes(metadata: ArrayMetadata): number {
  const chain = makeChain(metadata.layout, metadata.stored);
  const buffers = chain.bounds.reduce((sum, bytes) => sum + bytes, 0);
  return buffers + chain.heapBytes;
}

/**
 * The writer of one array, or of the part of it that begins at chunk `origin`, from which positions count. Edge chunks
 * are stored whole, padded with the fill value.
 *
 * Errors of `writeChunk`: {@link SourceError} when the store fails, {@link AbortError} when the signal is aborted.
 */
export function zarrWriter(
  store: Store,
  path: string,
  name: string,
  metadata: ArrayMetadata,
  origin?: readonly number[],
): ChunkWriter {
  const chain = makeChain(metadata.layout, metadata.stored);
  return {
    writeChunk: (relative, elements, signal) => {
      if (signal.aborted) throw new AbortError(undefined, { cause: signal.reason });
      const position = relative.map((p, i) => p + (origin?.[i] ?? 0));
      checkElements(metadata, position, elements);
      if (elements.shape.some((n) => n === 0)) return;
      const key = keyOf(path, chunkKey(metadata.keys, position));
      const scratch = new Scratch();
      return andFinally(
        () =>
          mapError(
            () => write(store, key, metadata, chain, elements, scratch),
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

function checkElements(
  { shape, layout }: ArrayMetadata,
  position: readonly number[],
  elements: ReadTarget,
): void {
  const expected = shape.map((n, i) => {
    const chunk = layout.shape[i]!;
    return Math.min(chunk, n - position[i]! * chunk);
  });
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
  scratch: Scratch,
): Maybe<void> {
  const raw = ownBytes(metadata, elements) ?? layOut(metadata, elements, scratch);
  return then(encodeChain(chain, raw), (encoded) => {
    // A store may keep the array it is given; these bytes are used again.
    const kept = chain.codecs.length === 0 && !isDirectoryStore(store) ? encoded.slice() : encoded;
    return then(store.set?.(key, kept) as Maybe<unknown>, () => undefined);
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

function layOut(metadata: ArrayMetadata, elements: ReadTarget, scratch: Scratch): Uint8Array {
  const { layout, stored, dtype, fill } = metadata;
  const size = itemSize(dtype);
  const bytes = scratch.take(elementCount(layout.shape) * size);
  const stride = storedStrides(layout);
  const to = { words: wordsOf(bytes, size), offset: 0, stride };
  if (elements.shape.some((n, i) => n < layout.shape[i]!)) {
    const one = {
      words: wordsOf(Uint8Array.from(fill), size),
      offset: 0,
      stride: stride.map(() => 0),
    };
    copyBox(layout.shape, size, one, to);
  }
  copyBox(
    elements.shape,
    size,
    { words: wordsOf(elements.data, size), offset: elements.offset, stride: elements.stride },
    to,
  );
  if (layout.endian === "big") swapBytes(bytes, wordSize(stored));
  return bytes;
}
