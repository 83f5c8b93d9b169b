/** The bytes of one stored value, from a file, a store or a part of another value. */
import { ChunkwiseError, SourceError, ZarrError } from "../../errors.js";
import { type Probe, SPAN } from "../../ir/trace.js";
import { type Maybe, mapError, then } from "../maybe.js";
import type { Scratch } from "../scratch.js";
import { type DirectoryStore, isDirectoryStore, type Store } from "../stores/store.js";

export interface Blob {
  /** Undefined where the store tells only with the bytes themselves. */
  readonly size: number | undefined;
  /** Whether reading a part costs less than reading all. */
  readonly ranged: boolean;
  /** All bytes, in memory that may be changed; undefined when there is no value. At most `limit`. */
  whole(limit: number, scratch: Scratch): Maybe<Uint8Array | undefined>;
  /** Fills `into`; answers false when there is no value. Negative offsets count from the end. */
  read(into: Uint8Array, offset: number): Maybe<boolean>;
  close(): void;
}

/** The value of a key; undefined when it is known already that there is none. What is fetched is told to `probe`. */
export function openBlob(
  store: Store,
  key: `/${string}`,
  signal: AbortSignal,
  probe?: Probe,
): Blob | undefined {
  const from = probe?.now();
  const blob = isDirectoryStore(store) ? fileBlob(store, key) : storeBlob(store, key, signal);
  return probe === undefined || blob === undefined ? blob : recordedBlob(blob, probe, from);
}

/** A blob whose reads are spans of a trace, the first of them from when it began to be opened. */
function recordedBlob(blob: Blob, probe: Probe, opened: number | undefined): Blob {
  const { size, ranged } = blob;
  let first = opened;
  const start = (): number => {
    const from = first ?? probe.now();
    first = undefined;
    return from;
  };
  return {
    size,
    ranged,
    whole: (limit, scratch) => {
      const from = start();
      return then(blob.whole(limit, scratch), (bytes) => {
        probe.span(SPAN.fetch, from, bytes?.length ?? 0);
        return bytes;
      });
    },
    read: (into, offset) => {
      const from = start();
      return then(blob.read(into, offset), (found) => {
        probe.span(SPAN.fetch, from, found ? into.length : 0);
        return found;
      });
    },
    close: () => blob.close(),
  };
}

function fileBlob(store: DirectoryStore, key: `/${string}`): Blob | undefined {
  const file = store.open(key);
  if (file === undefined) return undefined;
  return {
    size: file.size,
    ranged: true,
    whole: (limit, scratch) => {
      checkLimit(file.size, limit);
      const bytes = scratch.take(file.size);
      file.read(bytes, 0);
      return bytes;
    },
    read: (into, offset) => {
      const from = offset < 0 ? file.size + offset : offset;
      if (from < 0 || from + into.length > file.size) throw tooShort(file.size, from + into.length);
      file.read(into, from);
      return true;
    },
    close: () => file.close(),
  };
}

const tooShort = (size: number, needed: number): ZarrError =>
  new ZarrError(`damaged chunk: it has ${size} bytes, at least ${Math.abs(needed)} are needed`);

function checkLimit(size: number, limit: number): void {
  if (size > limit) {
    throw new ZarrError(`damaged chunk: it has ${size} bytes, more than the ${limit} it can have`);
  }
}

function storeBlob(store: Store, key: `/${string}`, signal: AbortSignal): Blob {
  const failed = (error: unknown): unknown =>
    signal.aborted || error instanceof ChunkwiseError
      ? error
      : new SourceError(
          `the store failed to read ${key}: ${String((error as Error)?.message ?? error)}`,
          {
            cause: error,
          },
        );
  const asked = <T>(work: () => Maybe<T>): Maybe<T> => mapError(work, failed);
  let all: Maybe<Uint8Array | undefined> | undefined;
  const wholeOnce = (): Maybe<Uint8Array | undefined> => {
    all ??= asked(() => store.get(key, { signal }));
    return all;
  };
  return {
    size: undefined,
    ranged: store.getRange !== undefined,
    whole: (limit, scratch) =>
      then(
        asked(() => store.get(key, { signal, limit })),
        (bytes) => {
          if (bytes === undefined) return undefined;
          checkBytes(bytes, key);
          checkLimit(bytes.length, limit);
          const own = scratch.take(bytes.length);
          own.set(bytes);
          return own;
        },
      ),
    read: (into, offset) => {
      const range = { length: into.length, offset };
      const got =
        store.getRange === undefined
          ? then(wholeOnce(), (bytes) => slice(bytes, into, offset))
          : asked(() =>
              store.getRange?.(key, offset < 0 ? { suffixLength: -offset } : range, { signal }),
            );
      return then(got, (bytes) => {
        if (bytes === undefined) return false;
        checkBytes(bytes, key);
        // A suffix query answers with all there is: an index is at its beginning.
        if (bytes.length < into.length) throw tooShort(bytes.length, into.length);
        into.set(bytes.subarray(0, into.length));
        return true;
      });
    },
    close: () => undefined,
  };
}

const slice = (
  bytes: Uint8Array | undefined,
  into: Uint8Array,
  offset: number,
): Uint8Array | undefined => {
  if (bytes === undefined) return undefined;
  const from = offset < 0 ? Math.max(0, bytes.length + offset) : offset;
  return bytes.subarray(from, from + into.length);
};

function checkBytes(bytes: unknown, key: string): void {
  if (ArrayBuffer.isView(bytes) && (bytes as Uint8Array).BYTES_PER_ELEMENT === 1) return;
  throw new SourceError(`the store gave no Uint8Array for ${key}`);
}

/** A part of another value, such as an inner chunk of a shard. */
export const partOf = (blob: Blob, offset: number, length: number): Blob => ({
  size: length,
  ranged: true,
  whole: (limit, scratch) => {
    checkLimit(length, limit);
    const bytes = scratch.take(length);
    return then(blob.read(bytes, offset), (found) => (found ? bytes : undefined));
  },
  read: (into, from) => {
    if (from < 0 || from + into.length > length) throw tooShort(length, from + into.length);
    return blob.read(into, offset + from);
  },
  close: () => undefined,
});

/** A value that has been decoded into memory. */
export const memoryBlob = (bytes: Uint8Array): Blob => ({
  size: bytes.length,
  ranged: true,
  whole: (limit) => {
    checkLimit(bytes.length, limit);
    return bytes;
  },
  read: (into, offset) => {
    const from = offset < 0 ? bytes.length + offset : offset;
    if (from < 0 || from + into.length > bytes.length)
      throw tooShort(bytes.length, from + into.length);
    into.set(bytes.subarray(from, from + into.length));
    return true;
  },
  close: () => undefined,
});
