/**
 * Writes Blosc 1 containers (README_CHUNK_FORMAT.rst of c-blosc): shuffled blocks, each one compressed stream. Any
 * reader of Blosc takes them; the inner formats are those for which there is an encoder here.
 */
import * as zlib from "node:zlib";
import { ZarrError } from "../../errors.js";
import { Scratch } from "../scratch.js";
import { type CodecConfig, integerOption, newRoom, type TakeRoom } from "./codec.js";
import { CODEC_HEAP_BYTES, type CodecHeap, inCodecHeap } from "./codec-heap.js";
import { shuffleInHeap } from "./heap-shuffles.js";
import { lz4OfHeap } from "./lz4.js";
import { lz4hcBlock } from "./lz4hc.js";
import { zstdEncode, zstdTier } from "./zstd.js";

export const HEADER = 16;
/**
 * Bytes of a block unless the configuration says otherwise: c-blosc's own size for the middle levels of zstd. Two of
 * them fit a second-level cache.
 */
const BLOCK = 256 << 10;
/** Flags of the header: bytes shuffled, bits shuffled, one stream a block, stored as they are. */
const [SHUFFLE, STORED, BITSHUFFLE, WHOLE] = [1, 2, 4, 16] as const;
const FORMATS: Readonly<Record<string, number>> = { lz4: 1, lz4hc: 1, zlib: 3, zstd: 4 };
const SHUFFLES = ["noshuffle", "shuffle", "bitshuffle"] as const;

interface Options {
  readonly cname: string;
  readonly clevel: number;
  readonly shuffle: (typeof SHUFFLES)[number];
  readonly typeSize: number;
  readonly blockSize: number;
}

/** The configuration of v3 or v2. Throws {@link ZarrError} for what cannot be written. */
export function bloscOptions(config: CodecConfig): Options {
  const cname = config["cname"] ?? "zstd";
  if (typeof cname !== "string" || FORMATS[cname] === undefined) {
    throw new ZarrError(`codec blosc: cname ${JSON.stringify(cname)} cannot be written`, {
      hint: `compressors are ${Object.keys(FORMATS).join(", ")}`,
    });
  }
  const typeSize = integerOption("blosc", config, "typesize", 1, 1, 255);
  const blockSize = integerOption("blosc", config, "blocksize", 0, 0, 2 ** 30);
  const clevel = integerOption("blosc", config, "clevel", 1, 0, 9);
  return { cname, clevel, shuffle: shuffleOf(config["shuffle"], typeSize), typeSize, blockSize };
}

/** v3 has words; v2 has numbers, of which -1 stands for what suits the elements. */
function shuffleOf(value: unknown, typeSize: number): Options["shuffle"] {
  const automatic = typeSize === 1 ? "bitshuffle" : "shuffle";
  if (value === undefined || value === -1) return automatic;
  const found = typeof value === "number" ? SHUFFLES[value] : SHUFFLES.find((s) => s === value);
  if (found !== undefined) return found;
  throw new ZarrError(
    `codec blosc: shuffle must be ${SHUFFLES.join(", ")}, got ${JSON.stringify(value)}`,
  );
}

export function isWritable(config: CodecConfig): boolean {
  try {
    bloscOptions(config);
    return true;
  } catch {
    return false;
  }
}

/** The stream of one block, which lies in the heap. */
function compress(heap: CodecHeap, block: Uint8Array, { cname, clevel }: Options): Uint8Array {
  if (cname === "zstd") return zstdEncode(block, zstdLevel(clevel), false, newRoom);
  if (cname === "zlib") return zlib.deflateSync(block, { level: clevel });
  if (cname === "lz4") return lz4OfHeap(heap, block, acceleration(clevel));
  const out = heap.take(block.length);
  const length = lz4hcBlock(block, out, 1 << clevel);
  return length === 0 ? block : out.subarray(0, length);
}

/** The container so far, and where the next block goes. */
interface Job {
  readonly src: Uint8Array;
  readonly out: Uint8Array;
  readonly view: DataView;
  readonly options: Options;
  readonly blockSize: number;
  at: number;
}

/** A function that encodes whole chunks. */
export function bloscEncoder(
  config: CodecConfig,
): (src: Uint8Array, take?: TakeRoom) => Uint8Array {
  const options = bloscOptions(config);
  return (src, take = newRoom) => {
    const [blockSize, blocks] = blocksOf(options, src.length);
    const scratch = new Scratch();
    try {
      const out = scratch.take(bloscRoom(src.length, blocks));
      const view = new DataView(out.buffer, out.byteOffset, out.length);
      const job: Job = { src, out, view, options, blockSize, at: HEADER + 4 * blocks };
      for (let n = 0; options.clevel > 0 && n < blocks; n++) oneBlock(n, job);
      const length = finish(job);
      const whole = take(length);
      whole.set(out.subarray(0, length));
      return whole;
    } finally {
      scratch.release();
    }
  };
}

/** Header, starts and lengths, and at most all bytes as they are. */
const bloscRoom = (length: number, blocks: number): number => HEADER + 8 * blocks + length;

/** How long the blocks of so many bytes are, and how many. */
function blocksOf({ typeSize, blockSize }: Options, length: number): readonly [number, number] {
  const unit = 8 * typeSize;
  const wanted = Math.max(unit, Math.floor((blockSize || BLOCK) / unit) * unit);
  const size = Math.max(1, Math.min(wanted, length));
  return [size, Math.ceil(length / size)];
}

/** Bytes that encoding takes beside source and destination: the container, and three times a block or with its frame. */
export function bloscEncoderBytes(config: CodecConfig, length: number): number {
  const options = bloscOptions(config);
  const [block, blocks] = blocksOf(options, length);
  const { cname, clevel } = options;
  const state = cname === "zstd" ? block + zstdTier().encoderBytes(block, zstdLevel(clevel)) : 0;
  return bloscRoom(length, blocks) + 3 * block + state + CODEC_HEAP_BYTES;
}

/** As c-blosc has them. */
const acceleration = (clevel: number): number => 10 - clevel;
const zstdLevel = (clevel: number): number => (clevel === 9 ? 22 : Math.max(1, 2 * clevel - 1));

function oneBlock(n: number, job: Job): void {
  const { src, out, view, options, blockSize } = job;
  inCodecHeap((heap) => {
    const raw = heap.take(Math.min(blockSize, src.length - n * blockSize));
    raw.set(src.subarray(n * blockSize, n * blockSize + raw.length));
    const block = shuffled(heap, raw, options);
    const stream = compress(heap, block, options);
    // A stream as long as the block is the block itself.
    const bytes = stream.length === 0 || stream.length >= block.length ? block : stream;
    view.setUint32(HEADER + 4 * n, job.at, true);
    view.setInt32(job.at, bytes.length, true);
    out.set(bytes, job.at + 4);
    job.at += 4 + bytes.length;
  });
}

function shuffled(heap: CodecHeap, block: Uint8Array, { shuffle, typeSize }: Options): Uint8Array {
  if (shuffle === "shuffle" && typeSize > 1) {
    return shuffleInHeap(heap, block, typeSize, "bytes", false);
  }
  if (shuffle === "bitshuffle" && isWholeBits(block.length, typeSize)) {
    return shuffleInHeap(heap, block, typeSize, "bits", false);
  }
  return block;
}

/** c-blosc shuffles the bits of a block only if its elements are a multiple of eight. */
const isWholeBits = (bytes: number, typeSize: number): boolean => {
  const elements = Math.floor(bytes / typeSize);
  return elements > 0 && elements % 8 === 0;
};

function header(job: Job, flags: number, length: number): void {
  const { out, view, options, src, blockSize } = job;
  const format = FORMATS[options.cname] as number;
  out.set([2, 1, flags | (format << 5), options.typeSize]);
  view.setUint32(4, src.length, true);
  view.setUint32(8, blockSize, true);
  view.setUint32(12, length, true);
}

/** Writes the header and answers how long the container is. */
function finish(job: Job): number {
  const { options, src, at } = job;
  if (options.clevel === 0 || at >= HEADER + src.length) return stored(job);
  const byte = options.shuffle === "shuffle" && options.typeSize > 1 ? SHUFFLE : 0;
  const bit = options.shuffle === "bitshuffle" ? BITSHUFFLE : 0;
  header(job, byte | bit | WHOLE, at);
  return at;
}

function stored(job: Job): number {
  const length = HEADER + job.src.length;
  header(job, STORED | WHOLE, length);
  job.out.set(job.src, HEADER);
  return length;
}
