/**
 * Blosc 1 containers (README_CHUNK_FORMAT.rst of c-blosc): a header, the start of every block, and in every
 * block one or several compressed streams of shuffled bytes. Parsed here, block by block into the destination,
 * since every length can then be checked; the inner formats are those of c-blosc.
 */
import {
  bloscEncoder,
  bloscEncoderBytes,
  bloscOptions,
  HEADER,
  isWritable,
} from "./blosc-encode.js";
import { blosclzInto, snappyInto } from "./blosclz.js";
import { type Codec, type CodecConfig, type CodecEntry, damaged } from "./codec.js";
import { CODEC_HEAP_BYTES, type CodecHeap, inCodecHeap } from "./codec-heap.js";
import { inflateInto } from "./gzip.js";
import { shuffleInHeap } from "./heap-shuffles.js";
import { lz4InHeap } from "./lz4.js";
import { zstdInto, zstdTier } from "./zstd.js";

/** c-blosc splits a block into one stream per byte of an element only above this many bytes a stream. */
const MIN_STREAM = 128;

/** Decodes one stream; `dst` lies in the heap. */
type Inner = (heap: CodecHeap, src: Uint8Array, dst: Uint8Array) => void;
/** By the compressor format in the header's flags. */
const INNER: readonly Inner[] = [
  (_, src, dst) => blosclzInto(src, dst),
  lz4InHeap,
  (_, src, dst) => snappyInto(src, dst),
  (_, src, dst) => inflateInto("zlib", src, dst),
  (_, src, dst) => zstdInto(src, dst),
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

function decode(src: Uint8Array, dst: Uint8Array): void {
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
  const job: Job = { src, dst, view, header, inner };
  for (let n = 0; n < header.blocks; n++) inCodecHeap((heap) => oneBlock(n, job, heap));
}

interface Job {
  readonly src: Uint8Array;
  readonly dst: Uint8Array;
  readonly view: DataView;
  readonly header: Header;
  readonly inner: Inner;
}

function oneBlock(n: number, job: Job, heap: CodecHeap): void {
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
  const block = heap.take(out.length);
  streams(job, heap, block, start, split ? Math.max(1, header.typeSize) : 1);
  out.set(unshuffled(heap, block, header));
}

function streams(
  { src, view, inner }: Job,
  heap: CodecHeap,
  into: Uint8Array,
  start: number,
  count: number,
): void {
  const length = Math.floor(into.length / count);
  let at = start;
  for (let k = 0; k < count; k++) {
    if (at + 4 > src.length) throw bad("a block lies outside the data");
    const encoded = view.getInt32(at, true);
    at += 4;
    if (encoded < 0 || at + encoded > src.length) throw bad("a block lies outside the data");
    const stream = src.subarray(at, at + encoded);
    const part = into.subarray(k * length, (k + 1) * length);
    at += encoded;
    if (encoded === length) part.set(stream);
    else inner(heap, stream, part);
  }
}

function unshuffled(heap: CodecHeap, block: Uint8Array, { flags, typeSize }: Header): Uint8Array {
  const elements = Math.floor(block.length / Math.max(1, typeSize));
  if ((flags & 1) !== 0 && typeSize > 1) return shuffleInHeap(heap, block, typeSize, "bytes", true);
  if ((flags & 4) !== 0 && elements > 0 && elements % 8 === 0) {
    return shuffleInHeap(heap, block, typeSize, "bits", true);
  }
  return block;
}

/** c-blosc makes no larger blocks of its own accord. */
const MOST_BLOCK = 4 << 20;

/**
 * One stream, the block, and the block before the shuffle; and what the inner decoder takes. What is in a container only
 * itself can tell: where it has larger blocks or another format than the configuration, reading takes more.
 */
function decoderBytes({ cname, blocksize }: CodecConfig, decoded: number): number {
  const most = typeof blocksize === "number" && blocksize > 0 ? blocksize : MOST_BLOCK;
  const block = Math.min(decoded, most);
  const inner = cname === "zstd" ? zstdTier().decoderBytes(block) : cname === "zlib" ? block : 0;
  return 3 * block + inner + CODEC_HEAP_BYTES;
}

export const blosc: CodecEntry = {
  make: (config): Codec => ({
    heapBytes: (decoded) => {
      const writing = isWritable(config) ? bloscEncoderBytes(config, decoded) : 0;
      return Math.max(decoderBytes(config, decoded), writing);
    },
    decoderBytes: (decoded) => decoderBytes(config, decoded),
    decode,
    sizeOf: (src) =>
      src.length < HEADER
        ? undefined
        : new DataView(src.buffer, src.byteOffset, src.length).getUint32(4, true),
    // Containers tell all that reading needs, so an odd configuration stands in the way of writing only.
    ...(isWritable(config) && { encode: bloscEncoder(config) }),
  }),
  check: bloscOptions,
};
