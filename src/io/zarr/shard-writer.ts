/**
 * Writes whole shards, inner chunk by inner chunk: into a file at growing offsets where the store is a folder, so that a
 * shard is never encoded in memory as a whole; for other stores, and where codecs stand around the shard, it is collected
 * and handed over in one piece.
 *
 * Inner chunks that hold nothing but the fill value are left out of a shard, as are those outside of the array. The shard
 * itself is always written: its key says that it is done.
 */
import { AbortError } from "../../errors.js";
import type { ReadTarget } from "../../ir/binding.js";
import { type Box, boxIsEmpty, boxShape } from "../../ir/index-map.js";
import { type Probe, SPAN } from "../../ir/trace.js";
import { newRoom } from "../codecs/codec.js";
import { andFinally, type Maybe, mapError, runAll, then } from "../maybe.js";
import { Scratch } from "../scratch.js";
import { isRemoteStore } from "../stores/described.js";
import { type DirectoryStore, isDirectoryStore, type Store } from "../stores/store.js";
import { type Blob, memoryBlob, openBlob } from "./blob.js";
import { type Chain, encodeChain, makeChain } from "./chain.js";
import type { ReaderContext } from "./context.js";
import type { Part } from "./elements.js";
import type { ArrayMetadata, Layout, ShardLayout } from "./metadata.js";
import { type ChunkPiece, chunksIn } from "./pieces.js";
import { chunkScratch, decodedShard, located, readPlain } from "./reader.js";
import { newIndex, readIndex, type ShardIndex, shardIndexBytes } from "./shard.js";
import { isFill, storedBytes } from "./stored-bytes.js";

/** Whether a shard goes to its store piece by piece. */
const isStreamed = (store: Store, layout: Layout): store is DirectoryStore =>
  isDirectoryStore(store) && layout.codecs.length === 0;

/** Bytes that writing one shard takes beside the block; `part` says that the rest of a shard may have to be read. */
export function shardScratchBytes(store: Store, metadata: ArrayMetadata, part: unknown): number {
  const { layout, stored } = metadata;
  const shard = layout.shard as ShardLayout;
  const sum = (list: readonly number[]): number => list.reduce((n, bytes) => n + bytes, 0);
  const inner = makeChain(shard.inner, stored);
  const outer = makeChain(layout, stored);
  const [raw, encoded] = [outer.bounds[0] as number, outer.bounds.at(-1) as number];
  const remote = isRemoteStore(store);
  let bytes = sum(inner.bounds) + inner.heapBytes + shardIndexBytes(layout, shard);
  if (part !== undefined) {
    bytes += chunkScratch(store, metadata);
    // All of what was there, and what the store hands over.
    if (!isDirectoryStore(store)) bytes += 2 * encoded;
  }
  if (isStreamed(store, layout)) return bytes;
  bytes += sum(outer.bounds) + outer.heapBytes;
  // What the store gets of the collected bytes, or the copy that sending makes.
  if (remote) bytes += encoded;
  else if (layout.codecs.length === 0) bytes += raw;
  return bytes;
}

/** One shard to write. */
export interface ShardJob {
  readonly store: Store;
  readonly key: `/${string}`;
  /** Of the array. */
  readonly name: string;
  readonly context: ReaderContext;
  readonly elements: ReadTarget;
  /** Of the shard, in the array. */
  readonly origin: readonly number[];
  /** Where the elements belong, in the array. */
  readonly piece: Box;
  /** What the shard has had so far, if the elements do not replace all of it. */
  readonly rest: Box | undefined;
  readonly signal: AbortSignal;
  readonly probe: Probe | undefined;
}

/** Takes the inner chunks as they come, and makes the shard of them. */
interface Output {
  /** The bytes are used again after. */
  append(bytes: Uint8Array): void;
  /** Where the next bytes will lie. */
  readonly offset: number;
  finish(index: Uint8Array): Maybe<void>;
  /** After whatever failed. */
  discard(): void;
}

export function writeShard(job: ShardJob): Maybe<void> {
  const { store, context } = job;
  const scratch = new Scratch();
  return andFinally(
    () =>
      withOld(job, scratch, (old) => {
        const output = isStreamed(store, context.metadata.layout)
          ? fileOutput(job, store)
          : collected(job);
        return mapError(
          () => fill(job, old, output),
          (error) => {
            output.discard();
            return error;
          },
        );
      }),
    () => scratch.release(),
  );
}

/** Runs `work` with the index of the shard that is there, if anything of it stays. */
function withOld(
  job: ShardJob,
  scratch: Scratch,
  work: (old: ShardIndex | undefined) => Maybe<void>,
): Maybe<void> {
  const { store, key, context, rest, signal } = job;
  const { layout } = context.metadata;
  const shard = layout.shard as ShardLayout;
  const there = rest === undefined ? undefined : openBlob(store, key, signal);
  if (there === undefined) return work(undefined);
  return andFinally(
    () => {
      const index = reading(job, () =>
        then(oldBlob(there, job, scratch), (blob) =>
          blob === undefined ? undefined : readIndex(blob, layout, shard),
        ),
      );
      return then(index, work);
    },
    () => there.close(),
  );
}

/** One request for all of it where every request takes its time. */
function oldBlob(blob: Blob, job: ShardJob, scratch: Scratch): Maybe<Blob | undefined> {
  const { store, context } = job;
  const { chain } = context;
  if (chain.codecs.length > 0 || isDirectoryStore(store))
    return decodedShard(blob, chain, scratch, job.probe);
  return then(blob.whole(chain.bounds[0] as number, scratch), (bytes) =>
    bytes === undefined ? undefined : memoryBlob(bytes),
  );
}

/** What is wrong with what is there is told as when it is read. */
const reading = <T>({ name, key }: ShardJob, work: () => Maybe<T>): Maybe<T> =>
  mapError(work, (error) => located(error, name, key));

function fill(job: ShardJob, old: ShardIndex | undefined, output: Output): Maybe<void> {
  const { context, origin, signal } = job;
  const { layout, shape } = context.metadata;
  const shard = layout.shard as ShardLayout;
  const index = newIndex(layout, shard);
  const hi = shape.map((n, i) => Math.min(n, origin[i]! + layout.shape[i]!));
  const work = function* (): Generator<() => Maybe<void>> {
    for (const chunk of chunksIn(shard.inner.shape, origin, hi)) {
      yield () => {
        if (signal.aborted) throw new AbortError(undefined, { cause: signal.reason });
        const position = chunk.position.map((p, i) => p - origin[i]! / shard.inner.shape[i]!);
        const scratch = new Scratch();
        return andFinally(
          () =>
            then(innerBytes(job, old, chunk, position, scratch), (bytes) => {
              if (bytes === undefined) return;
              index.set(position, output.offset, bytes.length);
              storing(job, bytes.length, () => output.append(bytes));
            }),
          () => scratch.release(),
        );
      };
    }
  };
  return then(runAll(work(), 1), () => {
    const end = index.bytes();
    return storing(job, end.length, () => output.finish(end));
  });
}

/** Tells how long the store took. */
function storing<T>({ probe }: ShardJob, bytes: number, work: () => Maybe<T>): Maybe<T> {
  const from = probe?.now();
  return then(work(), (done) => {
    if (from !== undefined) probe?.span(SPAN.store, from, bytes);
    return done;
  });
}

/** An inner chunk as it is stored; undefined for one that is left out. */
function innerBytes(
  job: ShardJob,
  old: ShardIndex | undefined,
  { lo, hi, origin }: ChunkPiece,
  position: readonly number[],
  scratch: Scratch,
): Maybe<Uint8Array | undefined> {
  const { context, piece, rest } = job;
  const { metadata } = context;
  const chain = context.innerChain as Chain;
  const { inner } = metadata.layout.shard as ShardLayout;
  const own = meet(piece, { lo, hi });
  const before = rest === undefined ? undefined : meet(rest, { lo, hi });
  if (boxIsEmpty(own)) {
    // Untouched: neither decoded nor encoded.
    if (before === undefined || boxIsEmpty(before)) return undefined;
    return reading(job, () => old?.(position)?.whole(chain.bounds.at(-1) as number, scratch));
  }
  const stays = before !== undefined && !boxIsEmpty(before) && !covers(own, before);
  const read = (target: ReadTarget): Maybe<void> =>
    reading(job, () => {
      const entry = old?.(position);
      // What is absent is the fill value, which the target holds already.
      if (entry === undefined) return;
      return readPlain(
        entry,
        inner,
        chain,
        context,
        partAt(before as Box, origin, target),
        job.probe,
      );
    });
  const placement = { origin, lo: own.lo, before: stays ? read : undefined };
  const raw = storedBytes(metadata, inner, elementsAt(job, own), placement, scratch);
  return then(raw, (bytes) =>
    isFill(metadata, inner, bytes)
      ? undefined
      : encodeChain(chain, bytes, (length) => scratch.take(length), job.probe),
  );
}

const meet = (a: Box, b: Box): Box => ({
  lo: a.lo.map((v, i) => Math.max(v, b.lo[i]!)),
  hi: a.hi.map((v, i) => Math.min(v, b.hi[i]!)),
});

const covers = (outer: Box, inner: Box): boolean =>
  inner.lo.every((v, i) => v >= outer.lo[i]! && inner.hi[i]! <= outer.hi[i]!);

/** The elements of a box of the array. */
function elementsAt({ elements, piece }: ShardJob, box: Box): ReadTarget {
  const { data, stride, offset } = elements;
  const first = box.lo.reduce((n, v, i) => n + (v - piece.lo[i]!) * stride[i]!, offset);
  return { data, shape: boxShape(box), stride, offset: first };
}

/** A box of the array as a part of the inner chunk at `origin`, whose target is the inner chunk. */
const partAt = (box: Box, origin: readonly number[], target: ReadTarget): Part => {
  const lo = box.lo.map((v, i) => v - origin[i]!);
  const offset = lo.reduce((n, v, i) => n + v * target.stride[i]!, target.offset);
  return { lo, shape: boxShape(box), target, offset };
};

function fileOutput({ key, context }: ShardJob, store: DirectoryStore): Output {
  const { layout } = context.metadata;
  const shard = layout.shard as ShardLayout;
  const file = store.create(key);
  let offset = shard.indexAtEnd ? 0 : shardIndexBytes(layout, shard);
  return {
    get offset() {
      return offset;
    },
    append: (bytes) => {
      file.write(bytes, offset);
      offset += bytes.length;
    },
    finish: (index) => {
      file.write(index, shard.indexAtEnd ? offset : 0);
      file.finish();
    },
    discard: () => file.discard(),
  };
}

function collected({ store, key, context, signal }: ShardJob): Output {
  const { metadata, chain } = context;
  const { layout } = metadata;
  const shard = layout.shard as ShardLayout;
  const all = new Uint8Array(chain.bounds[0] as number);
  let offset = shard.indexAtEnd ? 0 : shardIndexBytes(layout, shard);
  return {
    get offset() {
      return offset;
    },
    append: (bytes) => {
      all.set(bytes, offset);
      offset += bytes.length;
    },
    finish: (index) => {
      all.set(index, shard.indexAtEnd ? offset : 0);
      const bytes = all.subarray(0, shard.indexAtEnd ? offset + index.length : offset);
      const encoded = encodeChain(chain, bytes, newRoom);
      return then(encoded, (value) => {
        // A store that keeps what it is given keeps no more than the shard.
        const kept = value === bytes && !isRemoteStore(store) ? bytes.slice() : value;
        return then(store.set?.(key, kept, { signal }) as Maybe<unknown>, () => undefined);
      });
    },
    discard: () => undefined,
  };
}
