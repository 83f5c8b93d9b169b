/**
 * The index of a shard (sharding_indexed, zarr-specs v3): offset and length of every inner chunk, in the stored
 * order of the axes. It is read anew for every read of a region, so a shard that is rewritten is never read with
 * an old index.
 */
import { ZarrError } from "../../errors.js";
import { elementCount } from "../../ir/index-map.js";
import { crc32cOf } from "../codecs/crc32c.js";
import { type Maybe, then } from "../maybe.js";
import { type Blob, partOf } from "./blob.js";
import type { Layout, ShardLayout } from "./metadata.js";

const ABSENT = 0xffffffffffffffffn;

const innerCount = (layout: Layout, shard: ShardLayout): number =>
  elementCount(layout.shape) / elementCount(shard.inner.shape);

export const shardIndexBytes = (layout: Layout, shard: ShardLayout): number =>
  16 * innerCount(layout, shard) + (shard.indexChecksum ? 4 : 0);

/** The number of an inner chunk in the index. */
function entryAt(position: readonly number[], layout: Layout, { inner }: ShardLayout): number {
  let n = 0;
  for (const axis of layout.order) {
    n = n * (layout.shape[axis]! / inner.shape[axis]!) + position[axis]!;
  }
  return n;
}

/** Finds an inner chunk by its position in the shard (in array axes); undefined where it is absent. */
export type ShardIndex = (position: readonly number[]) => Blob | undefined;

/** Reads and checks the index; undefined when the shard itself is absent. */
export function readIndex(
  blob: Blob,
  layout: Layout,
  shard: ShardLayout,
): Maybe<ShardIndex | undefined> {
  const bytes = new Uint8Array(shardIndexBytes(layout, shard));
  if (blob.size !== undefined && blob.size < bytes.length) {
    throw new ZarrError(
      `damaged shard: it has ${blob.size} bytes, its index alone needs ${bytes.length}`,
    );
  }
  const found = blob.read(bytes, shard.indexAtEnd ? -bytes.length : 0);
  return then(found, (there) => (there ? indexOf(bytes, blob, layout, shard) : undefined));
}

function indexOf(bytes: Uint8Array, blob: Blob, layout: Layout, shard: ShardLayout): ShardIndex {
  const view = new DataView(bytes.buffer);
  const entries = 16 * innerCount(layout, shard);
  if (
    shard.indexChecksum &&
    crc32cOf(bytes.subarray(0, entries)) !== view.getUint32(entries, true)
  ) {
    throw new ZarrError("damaged shard: the checksum of its index is wrong");
  }
  const little = shard.indexEndian === "little";
  return (position) => {
    const n = entryAt(position, layout, shard);
    const offset = view.getBigUint64(16 * n, little);
    const length = view.getBigUint64(16 * n + 8, little);
    if (offset === ABSENT && length === ABSENT) return undefined;
    const end = offset + length;
    if (end > BigInt(blob.size ?? Number.MAX_SAFE_INTEGER)) {
      throw new ZarrError(
        `damaged shard: inner chunk ${position.join(", ")} would end at byte ${end} of ${blob.size ?? "the shard"}`,
      );
    }
    return partOf(blob, Number(offset), Number(length));
  };
}

/** The index of a shard that is being written. */
export interface NewIndex {
  /** Says where an inner chunk lies; those of which nothing is said are absent. */
  set(position: readonly number[], offset: number, length: number): void;
  /** The index as it is stored. */
  bytes(): Uint8Array;
}

export function newIndex(layout: Layout, shard: ShardLayout): NewIndex {
  // All ones is absent.
  const bytes = new Uint8Array(shardIndexBytes(layout, shard)).fill(0xff);
  const view = new DataView(bytes.buffer);
  const little = shard.indexEndian === "little";
  return {
    set: (position, offset, length) => {
      const n = entryAt(position, layout, shard);
      view.setBigUint64(16 * n, BigInt(offset), little);
      view.setBigUint64(16 * n + 8, BigInt(length), little);
    },
    bytes: () => {
      if (!shard.indexChecksum) return bytes;
      const entries = bytes.length - 4;
      view.setUint32(entries, crc32cOf(bytes.subarray(0, entries)), true);
      return bytes;
    },
  };
}
