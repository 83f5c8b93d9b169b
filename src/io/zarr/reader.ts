/**
 * Reads boxes of a Zarr array: for every chunk that meets the box, fetch, decode, and copy what is wanted to
 * the target; raw chunks are read in part, straight into the target where the layouts agree.
 */
import { AbortError, ChunkwiseError, SourceError, ZarrError } from "../../errors.js";
import type { ReadTarget, RegionReader } from "../../ir/binding.js";
import { itemSize } from "../../ir/dtype.js";
import type { Box } from "../../ir/index-map.js";
import { boxIsEmpty, boxShape, elementCount } from "../../ir/index-map.js";
import { type Probe, SPAN } from "../../ir/trace.js";
import { andFinally, type Maybe, mapError, runAll, then } from "../maybe.js";
import { Scratch } from "../scratch.js";
import { isDirectoryStore, keyOf, type Store } from "../stores/store.js";
import { Absences, deliverAbsent } from "./absences.js";
import { type Blob, memoryBlob, openBlob } from "./blob.js";
import { type Chain, decodeChain, makeChain, rawBytes } from "./chain.js";
import { contextOf, type ReaderContext } from "./context.js";
import {
  deliver,
  isDense,
  isVerbatim,
  type Part,
  storedStrides,
  subPart,
  widenedBytes,
} from "./elements.js";
import { type ArrayMetadata, chunkKey, type Layout, show } from "./metadata.js";
import { chunksIn } from "./pieces.js";
import { readRaw } from "./raw.js";
import { readIndex, shardIndexBytes } from "./shard.js";

/** Reads in flight of a store that answers later. */
const IN_FLIGHT = 16;
/** Scratch that reads in flight may take together, in bytes; beyond, fewer are in flight. */
const IN_FLIGHT_BYTES = 64 << 20;

/** Bytes that one read of one chunk takes beside the target. */
export function chunkScratch(store: Store, metadata: ArrayMetadata): number {
  const { layout, stored } = metadata;
  const of = (l: Layout): number => {
    const chain = makeChain(l, stored);
    const elements = elementCount(l.shape);
    const own =
      (chain.bounds.at(-1) as number) + chain.decoderBytes + widenedBytes(stored, elements);
    return l.codecs.length === 0 ? own : own + (chain.bounds[0] as number);
  };
  const { shard } = layout;
  let bytes: number;
  if (shard === undefined) bytes = of(layout);
  else {
    bytes = of(shard.inner) + 2 * shardIndexBytes(layout, shard);
    if (layout.codecs.length > 0) bytes += of(layout);
  }
  if (isDirectoryStore(store)) return bytes;
  // What the store hands over, beside our own copy of it: the whole value where it cannot read ranges.
  const whole = shard !== undefined && store.getRange === undefined;
  return (
    bytes +
    (whole
      ? rawBytes(layout, stored)
      : (makeChain(shard?.inner ?? layout, stored).bounds.at(-1) as number))
  );
}

/** Local files answer at once, so one chunk at a time is all there ever is. */
function inFlight(store: Store, metadata: ArrayMetadata): number {
  if (isDirectoryStore(store)) return 1;
  const each = chunkScratch(store, metadata);
  return Math.max(1, Math.min(IN_FLIGHT, Math.floor(IN_FLIGHT_BYTES / each)));
}

/** Bytes that {@link RegionReader.readInto} takes beside the target. */
export const readScratchBytes = (store: Store, metadata: ArrayMetadata): number =>
  chunkScratch(store, metadata) * inFlight(store, metadata);

/**
 * The reader of one array.
 *
 * Errors of `readInto`: {@link ZarrError} for chunks that are damaged, naming array and chunk key;
 * {@link SourceError} when the store fails; {@link AbortError} when the signal is aborted.
 */
export function zarrReader(
  store: Store,
  path: string,
  name: string,
  metadata: ArrayMetadata,
): RegionReader {
  const context = contextOf(store, metadata);
  const limit = inFlight(store, metadata);
  const read = (part: Part, region: Box, signal: AbortSignal, probe?: Probe): Maybe<void> =>
    runAll(tasks(store, path, name, context, region, part, signal, probe), limit);
  return {
    readInto: (region, target, signal, probe) => {
      if (boxIsEmpty(region)) return;
      return read(wholeOf(region, target), region, signal, probe);
    },
    readSparse: (region, target, lazily, signal, probe) => {
      if (boxIsEmpty(region)) return { missing: 0, uniform: false };
      const whole = wholeOf(region, target);
      const absences = new Absences(metadata, elementCount(whole.shape), lazily);
      return then(read({ ...whole, absences }, region, signal, probe), () => absences.end(whole));
    },
  };
}

/** A region of an array as a part of it, to be put to a target of the same shape. */
const wholeOf = (region: Box, target: ReadTarget): Part => ({
  lo: region.lo,
  shape: boxShape(region),
  target,
  offset: target.offset,
});

function* tasks(
  store: Store,
  path: string,
  name: string,
  context: ReaderContext,
  region: Box,
  all: Part,
  signal: AbortSignal,
  probe: Probe | undefined,
): Generator<() => Maybe<void>> {
  const { shape } = context.metadata.layout;
  for (const { position, lo, hi, origin } of chunksIn(shape, region.lo, region.hi)) {
    const part = subPart(all, lo, hi, origin);
    yield () => {
      if (signal.aborted) throw new AbortError(undefined, { cause: signal.reason });
      const key = keyOf(path, chunkKey(context.metadata.keys, position));
      return mapError(
        () => readChunk(store, key, context, part, signal, probe),
        (error) =>
          signal.aborted && !(error instanceof ChunkwiseError)
            ? new AbortError(undefined, { cause: error })
            : located(error, name, key),
      );
    };
  }
}

export function located(error: unknown, name: string, key: string): unknown {
  if (error instanceof ZarrError) {
    return new ZarrError(`array ${name}, chunk ${key}: ${error.message}`, { cause: error.cause });
  }
  if (error instanceof ChunkwiseError) return error;
  return new SourceError(
    `array ${name}, chunk ${key}: ${String((error as Error)?.message ?? error)}`,
    {
      cause: error,
    },
  );
}

function readChunk(
  store: Store,
  key: `/${string}`,
  context: ReaderContext,
  part: Part,
  signal: AbortSignal,
  probe: Probe | undefined,
): Maybe<void> {
  const blob = openBlob(store, key, signal, probe);
  const { layout } = context.metadata;
  if (blob === undefined) return deliverAbsent(context.metadata, layout, part);
  const read = layout.shard === undefined ? readPlain : readShard;
  return andFinally(
    () => read(blob, layout, context.chain, context, part, probe),
    () => blob.close(),
  );
}

/** A chunk that is not a shard, or one inside a shard: whole and decoded, or in part when it is stored raw. */
export function readPlain(
  blob: Blob,
  layout: Layout,
  chain: Chain,
  context: ReaderContext,
  part: Part,
  probe: Probe | undefined,
): Maybe<void> {
  const { metadata } = context;
  const scratch = new Scratch();
  return andFinally(
    () => {
      if (chain.codecs.length === 0) return readRaw(blob, layout, context, part);
      const direct = directBytes(layout, metadata, part);
      return then(blob.whole(chain.bounds.at(-1) as number, scratch), (encoded) => {
        if (encoded === undefined) return deliverAbsent(metadata, layout, part);
        const from = probe?.now();
        return then(decodeChain(chain, encoded, direct, scratch), (bytes) => {
          if (direct === undefined) deliverChunk(bytes, layout, metadata, part, scratch);
          if (from !== undefined) probe?.span(SPAN.decode, from, bytes.length);
        });
      });
    },
    () => scratch.release(),
  );
}

/** The target's own bytes where a whole stored chunk belongs there as it is. */
function directBytes(layout: Layout, metadata: ArrayMetadata, part: Part): Uint8Array | undefined {
  const { data, stride } = part.target;
  const whole = part.shape.every((n, i) => n === layout.shape[i]!);
  if (!whole || !isVerbatim(layout, metadata.stored)) return undefined;
  if (!isDense(part.shape, stride, layout.order)) return undefined;
  const size = itemSize(metadata.dtype);
  const bytes = elementCount(part.shape) * size;
  return new Uint8Array(data.buffer, data.byteOffset + part.offset * size, bytes);
}

function deliverChunk(
  bytes: Uint8Array,
  layout: Layout,
  { stored }: ArrayMetadata,
  part: Part,
  scratch: Scratch,
): void {
  const stride = storedStrides(layout);
  const first = part.lo.reduce((n, v, i) => n + v * stride[i]!, 0);
  deliver(bytes, layout.endian, stored, first, stride, part, scratch);
}

/** A shard: its index, then each inner chunk that is wanted. */
function readShard(
  shardBlob: Blob,
  layout: Layout,
  chain: Chain,
  context: ReaderContext,
  part: Part,
  probe: Probe | undefined,
): Maybe<void> {
  const scratch = new Scratch();
  return andFinally(
    () =>
      then(decodedShard(shardBlob, chain, scratch, probe), (blob) =>
        blob === undefined
          ? deliverAbsent(context.metadata, layout, part)
          : readInner(blob, layout, context, part, probe),
      ),
    () => scratch.release(),
  );
}

/** A shard without the codecs around it; undefined when they tell that there is none. */
export function decodedShard(
  blob: Blob,
  chain: Chain,
  scratch: Scratch,
  probe?: Probe,
): Maybe<Blob | undefined> {
  if (chain.codecs.length === 0) return blob;
  return then(blob.whole(chain.bounds.at(-1) as number, scratch), (encoded) => {
    if (encoded === undefined) return undefined;
    const from = probe?.now();
    return then(decodeChain(chain, encoded, undefined, scratch), (bytes) => {
      if (from !== undefined) probe?.span(SPAN.decode, from, bytes.length);
      return memoryBlob(bytes);
    });
  });
}

function readInner(
  blob: Blob,
  layout: Layout,
  context: ReaderContext,
  part: Part,
  probe: Probe | undefined,
): Maybe<void> {
  const { shard } = layout;
  if (shard === undefined) throw new ZarrError(`a chunk of ${show(layout.shape)} is no shard`);
  return then(readIndex(blob, layout, shard), (index) => {
    if (index === undefined) return deliverAbsent(context.metadata, layout, part);
    const hi = part.lo.map((v, i) => v + part.shape[i]!);
    const pieces = chunksIn(shard.inner.shape, part.lo, hi);
    const work = function* (): Generator<() => Maybe<void>> {
      for (const piece of pieces) {
        const inner = subPart(part, piece.lo, piece.hi, piece.origin);
        yield () => {
          const entry = index(piece.position);
          if (entry === undefined) return deliverAbsent(context.metadata, shard.inner, inner);
          const innerChain = context.innerChain as Chain;
          return readPlain(entry, shard.inner, innerChain, context, inner, probe);
        };
      }
    };
    // One at a time: several shards are read at once where the store answers later.
    return runAll(work(), 1);
  });
}
