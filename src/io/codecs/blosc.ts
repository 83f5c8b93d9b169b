/**
 * Blosc 1 containers (README_CHUNK_FORMAT.rst of c-blosc): a header, the start of every block, and in every
 * block one or several compressed streams of shuffled bytes. Parsed here, block by block into the destination,
 * since every length can then be checked; the inner formats are those of c-blosc.
 */
import type { Maybe } from "../maybe.js";
import { isPromise, then } from "../maybe.js";
import { bloscEncoder, bloscOptions, HEADER, isWritable } from "./blosc-encode.js";
import { blosclzInto, snappyInto } from "./blosclz.js";
import { type Codec, type CodecEntry, damaged } from "./codec.js";
import { inflateInto } from "./gzip.js";
import { lz4BlockInto } from "./lz4.js";
import { unshuffleBits, unshuffleBytes } from "./shuffles.js";
import { loadZstd, zstdInto, zstdIsSync } from "./zstd.js";

/** c-blosc splits a block into one stream per byte of an element only above this many bytes a stream. */
const MIN_STREAM = 128;

type Inner = (src: Uint8Array, dst: Uint8Array) => Maybe<void>;
/** By the compressor format in the header's flags. */
const INNER: readonly Inner[] = [
  blosclzInto,
  lz4BlockInto,
  snappyInto,
  (src, dst) => inflateInto("zlib", src, dst),
  zstdInto,
];

interface Header {
  readonly flags: number;
  readonly typeSize: number;
  readonly size: number;
  readonly blockSize: number;
  readonly blocks: number;
}

const bad = (what: string): Error => damaged("blosc", what);

function headerOf(src: Uint8Array, view: DataView): Header {
  if (src.length < HEADER) throw bad(`${src.length} bytes are less than a header`);
  const [version, , flags, typeSize] = src.subarray(0, 4) as unknown as number[] & [0, 0, 0, 0];
  if ((version as number) !== 1 && (version as number) !== 2) {
    throw bad(`container version ${version} is not 1 or 2`);
  }
  const size = view.getUint32(4, true);
  const blockSize = view.getUint32(8, true);
  const encoded = view.getUint32(12, true);
  if (encoded !== src.length) throw bad(`${src.length} bytes instead of the stated ${encoded}`);
  if (size > 0 && blockSize === 0) throw bad("the block size is 0");
  return { flags, typeSize, size, blockSize, blocks: size === 0 ? 0 : Math.ceil(size / blockSize) };
}

function decode(src: Uint8Array, dst: Uint8Array): Maybe<void> {
  const view = new DataView(src.buffer, src.byteOffset, src.length);
  const header = headerOf(src, view);
  if (header.size !== dst.length) {
    throw bad(`it holds ${header.size} bytes instead of ${dst.length}`);
  }
  if ((header.flags & 2) !== 0) {
    if (src.length !== HEADER + dst.length) throw bad("the length of the stored bytes is wrong");
    dst.set(src.subarray(HEADER));
    return;
  }
  if (src.length < HEADER + 4 * header.blocks) throw bad("it ends inside the table of blocks");
  const inner = INNER[header.flags >> 5];
  if (inner === undefined) throw bad(`compressor format ${header.flags >> 5} is unknown`);
  const shuffled = (header.flags & 5) !== 0;
  const block = shuffled ? new Uint8Array(Math.min(header.blockSize, header.size)) : undefined;
  return blocksFrom(0, { src, dst, view, header, inner, block });
}

interface Job {
  readonly src: Uint8Array;
  readonly dst: Uint8Array;
  readonly view: DataView;
  readonly header: Header;
  readonly inner: Inner;
  /** Room for one block before it is unshuffled. */
  readonly block: Uint8Array | undefined;
}

function blocksFrom(first: number, job: Job): Maybe<void> {
  for (let n = first; n < job.header.blocks; n++) {
    const result = oneBlock(n, job);
    if (isPromise(result)) return result.then(() => blocksFrom(n + 1, job));
  }
}

function oneBlock(n: number, job: Job): Maybe<void> {
  const { header, view } = job;
  const from = n * header.blockSize;
  const out = job.dst.subarray(from, Math.min(from + header.blockSize, header.size));
  const start = view.getUint32(HEADER + 4 * n, true);
  const whole = out.length === header.blockSize;
  const split =
    (header.flags & 16) === 0 &&
    whole &&
    header.typeSize <= 16 &&
    header.blockSize / header.typeSize >= MIN_STREAM;
  const into = job.block === undefined ? out : job.block.subarray(0, out.length);
  const done = streams(job, into, start, split ? Math.max(1, header.typeSize) : 1);
  return job.block === undefined ? done : then(done, () => unshuffle(into, out, header));
}

function streams(job: Job, into: Uint8Array, start: number, count: number): Maybe<void> {
  const { src, view, inner } = job;
  const length = Math.floor(into.length / count);
  const step = (first: number, position: number): Maybe<void> => {
    let at = position;
    for (let k = first; k < count; k++) {
      if (at + 4 > src.length) throw bad("a block lies outside the data");
      const encoded = view.getInt32(at, true);
      at += 4;
      if (encoded < 0 || at + encoded > src.length) throw bad("a block lies outside the data");
      const stream = src.subarray(at, at + encoded);
      const part = into.subarray(k * length, (k + 1) * length);
      at += encoded;
      if (encoded === length) part.set(stream);
      else {
        const result = inner(stream, part);
        const next = at;
        if (isPromise(result)) return result.then(() => step(k + 1, next));
      }
    }
  };
  return step(0, start);
}

function unshuffle(from: Uint8Array, to: Uint8Array, { flags, typeSize }: Header): void {
  const elements = Math.floor(from.length / Math.max(1, typeSize));
  if ((flags & 1) !== 0 && typeSize > 1) unshuffleBytes(from, to, typeSize);
  else if ((flags & 4) !== 0 && elements > 0 && elements % 8 === 0) {
    unshuffleBits(from, to, typeSize);
  } else to.set(from);
}

export const blosc: CodecEntry = {
  make: (config): Codec => ({
    // One block before the shuffle; the inner decoder's output and, for the WebAssembly zstd, its heap.
    heapBytes: (decoded) => (zstdIsSync ? 2 * decoded : 4 * decoded) + (1 << 20),
    decode,
    sizeOf: (src) =>
      src.length < HEADER
        ? undefined
        : new DataView(src.buffer, src.byteOffset, src.length).getUint32(4, true),
    // Containers tell all that reading needs, so an odd configuration stands in the way of writing only.
    ...(isWritable(config) && { encode: bloscEncoder(config) }),
  }),
  check: bloscOptions,
  prepare: async (config) => {
    if (!zstdIsSync && (config["cname"] === "zstd" || config["cname"] === undefined))
      await loadZstd();
  },
};
