/**
 * Writes Blosc 1 containers (README_CHUNK_FORMAT.rst of c-blosc): shuffled blocks, each one compressed stream. Any
 * reader of Blosc takes them; the inner formats are those for which there is an encoder here.
 */
import * as zlib from "node:zlib";
import { ZarrError } from "../../errors.js";
import { isPromise, type Maybe, then } from "../maybe.js";
import { type CodecConfig, integerOption } from "./codec.js";
import { lz4Block } from "./lz4-encode.js";
import { shuffleBits, shuffleBytes } from "./shuffles.js";
import { zstdEncode } from "./zstd.js";

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

/** The stream of one block; undefined where it would not be shorter than the block. */
function compress(block: Uint8Array, { cname, clevel }: Options): Maybe<Uint8Array | undefined> {
  if (cname === "zstd")
    return zstdEncode(block, clevel === 9 ? 22 : Math.max(1, 2 * clevel - 1), false);
  if (cname === "zlib") return zlib.deflateSync(block, { level: clevel });
  const out = new Uint8Array(block.length);
  const length = lz4Block(block, out, cname === "lz4" ? 1 : 1 << clevel);
  return length === 0 ? undefined : out.subarray(0, length);
}

/** Where the next block goes, and the container so far. */
interface Job {
  readonly src: Uint8Array;
  readonly out: Uint8Array;
  readonly view: DataView;
  readonly options: Options;
  readonly blockSize: number;
  readonly shuffled: Uint8Array;
  at: number;
}

/** A function that encodes whole chunks. */
export function bloscEncoder(config: CodecConfig): (src: Uint8Array) => Maybe<Uint8Array> {
  const options = bloscOptions(config);
  return (src) => {
    const { typeSize } = options;
    const unit = 8 * typeSize;
    const wanted = Math.max(unit, Math.floor((options.blockSize || BLOCK) / unit) * unit);
    const blockSize = Math.max(1, Math.min(wanted, src.length));
    const blocks = Math.ceil(src.length / blockSize);
    const out = new Uint8Array(HEADER + 8 * blocks + src.length);
    const job: Job = {
      src,
      out,
      view: new DataView(out.buffer),
      options,
      blockSize,
      shuffled: new Uint8Array(options.shuffle === "noshuffle" ? 0 : blockSize),
      at: HEADER + 4 * blocks,
    };
    if (options.clevel === 0) return stored(job);
    return then(blocksFrom(0, blocks, job), () => finished(job));
  };
}

function blocksFrom(first: number, blocks: number, job: Job): Maybe<void> {
  for (let n = first; n < blocks; n++) {
    const result = oneBlock(n, job);
    if (isPromise(result)) return result.then(() => blocksFrom(n + 1, blocks, job));
  }
}

function oneBlock(n: number, job: Job): Maybe<void> {
  const { src, out, view, options, blockSize } = job;
  const block = shuffled(src.subarray(n * blockSize, (n + 1) * blockSize), job);
  return then(compress(block, options), (stream) => {
    // A stream as long as the block is the block itself.
    const bytes = stream === undefined || stream.length >= block.length ? block : stream;
    view.setUint32(HEADER + 4 * n, job.at, true);
    view.setInt32(job.at, bytes.length, true);
    out.set(bytes, job.at + 4);
    job.at += 4 + bytes.length;
  });
}

function shuffled(block: Uint8Array, job: Job): Uint8Array {
  const { shuffle, typeSize } = job.options;
  const into = job.shuffled.subarray(0, block.length);
  if (shuffle === "shuffle" && typeSize > 1) shuffleBytes(block, into, typeSize);
  else if (shuffle === "bitshuffle" && isWholeBits(block.length, typeSize)) {
    shuffleBits(block, into, typeSize);
  } else return block;
  return into;
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

function finished(job: Job): Uint8Array {
  const { options, src, at } = job;
  if (at >= HEADER + src.length) return stored(job);
  const byte = options.shuffle === "shuffle" && options.typeSize > 1 ? SHUFFLE : 0;
  const bit = options.shuffle === "bitshuffle" ? BITSHUFFLE : 0;
  header(job, byte | bit | WHOLE, at);
  return job.out.slice(0, at);
}

function stored(job: Job): Uint8Array {
  const length = HEADER + job.src.length;
  header(job, STORED | WHOLE, length);
  job.out.set(job.src, HEADER);
  return job.out.slice(0, length);
}
