/**
 * Zstandard (RFC 8878): by Node's zlib where it has zstd (22.15 and later), otherwise by the WebAssembly build
 * in numcodecs, which is imported when first needed. Its functions answer with promises, so on Node 20 decoding
 * zstd is asynchronous; nothing but microtasks lies between.
 */
import * as zlib from "node:zlib";
import type { Maybe } from "../maybe.js";
import { then } from "../maybe.js";
import { type Codec, type CodecEntry, compressedBound, damaged, integerOption } from "./codec.js";
import { dropped } from "./garbage.js";
import { xxh64 } from "./xxh64.js";

interface NativeZstd {
  zstdDecompressSync(src: Uint8Array, options: object): Uint8Array;
  zstdCompressSync(src: Uint8Array, options: object): Uint8Array;
  readonly constants: Readonly<Record<string, number>>;
}
const native: NativeZstd | undefined =
  "zstdDecompressSync" in zlib ? (zlib as unknown as NativeZstd) : undefined;

/** True where decoding zstd needs no promise. */
export const zstdIsSync: boolean = native !== undefined;

interface Numcodecs {
  encode(data: Uint8Array): Promise<Uint8Array>;
  decode(data: Uint8Array): Promise<Uint8Array>;
}
let loading: Promise<(level: number) => Numcodecs> | undefined;

/** Loads the WebAssembly build where it is needed; decoding would do so too, but later. */
export function loadZstd(): Promise<(level: number) => Numcodecs> {
  loading ??= import("numcodecs/zstd").then((module) => {
    const Zstd = module.default as unknown as { fromConfig(config: { level: number }): Numcodecs };
    return (level) => Zstd.fromConfig({ level });
  });
  return loading;
}

export const MAGIC = 0xfd2fb528;

/**
 * Content size as the frame header states it; undefined where it does not, or where the data is not one frame
 * with a header (a skippable frame first).
 */
export function zstdContentSize(src: Uint8Array): number | undefined {
  if (src.length < 6) return undefined;
  const view = new DataView(src.buffer, src.byteOffset, src.length);
  if (view.getUint32(0, true) !== MAGIC) return undefined;
  const descriptor = view.getUint8(4);
  const single = (descriptor >> 5) & 1;
  const flag = descriptor >> 6;
  const width = flag === 0 ? single : 1 << flag;
  const at = 5 + (1 - single) + ([0, 1, 2, 4][descriptor & 3] as number);
  if (width === 0 || src.length < at + width) return undefined;
  if (width === 1) return view.getUint8(at);
  if (width === 2) return view.getUint16(at, true) + 256;
  if (width === 4) return view.getUint32(at, true);
  return Number(view.getBigUint64(at, true));
}

/** Decodes one or more frames; `dst` has the exact size. */
export function zstdInto(src: Uint8Array, dst: Uint8Array): Maybe<void> {
  const stated = zstdContentSize(src);
  // Checked before decoding, since the WebAssembly build believes the header and takes that much memory.
  if (stated !== undefined && stated > dst.length) {
    throw damaged("zstd", `it holds ${stated} bytes instead of ${dst.length}`);
  }
  return native === undefined ? portable(src, dst) : place(src, dst, native);
}

function place(src: Uint8Array, dst: Uint8Array, zstd: NativeZstd): void {
  let out: Uint8Array;
  try {
    out = zstd.zstdDecompressSync(src, {
      chunkSize: Math.max(64, dst.length + 64),
      maxOutputLength: Math.max(1, dst.length),
    });
  } catch (error) {
    throw damaged("zstd", (error as Error).message, error);
  }
  finish(out, dst);
}

async function portable(src: Uint8Array, dst: Uint8Array): Promise<void> {
  const make = await loadZstd();
  let out: Uint8Array;
  try {
    out = await make(1).decode(src);
  } catch (error) {
    const message = (error as Error).message.replace(/^.*error: /, "");
    throw damaged("zstd", message, error);
  }
  finish(out, dst);
}

function finish(out: Uint8Array, dst: Uint8Array): void {
  if (out.length !== dst.length) {
    throw damaged("zstd", `it holds ${out.length} bytes instead of ${dst.length}`);
  }
  dst.set(out);
  dropped(out.length);
}

/** One frame that states its content size. */
export function zstdEncode(src: Uint8Array, level: number, checksum: boolean): Maybe<Uint8Array> {
  if (native !== undefined) {
    const {
      ZSTD_c_compressionLevel: c,
      ZSTD_c_checksumFlag: k,
      ZSTD_c_contentSizeFlag: s,
    } = native.constants;
    return native.zstdCompressSync(src, {
      params: { [c as number]: level, [k as number]: Number(checksum), [s as number]: 1 },
      pledgedSrcSize: src.length,
    });
  }
  const encoded = loadZstd().then((make) => make(level).encode(src));
  return checksum ? then(encoded, (frame) => withChecksum(frame, src)) : encoded;
}

/** Sets the checksum flag of a frame and appends the checksum (RFC 8878, 3.1.1). */
function withChecksum(frame: Uint8Array, content: Uint8Array): Uint8Array {
  const out = new Uint8Array(frame.length + 4);
  out.set(frame);
  out[4] = (out[4] as number) | 4;
  new DataView(out.buffer).setUint32(frame.length, Number(xxh64(content) & 0xffffffffn), true);
  return out;
}

export const zstd: CodecEntry = {
  make: (config): Codec => {
    const level = integerOption("zstd", config, "level", 1, -131_072, 22);
    return {
      // Native: the output buffer. WebAssembly: both sides in its heap, and the copy that it returns.
      heapBytes: (decoded) =>
        native === undefined
          ? 2 * decoded + compressedBound(decoded) + (4 << 20)
          : decoded + (1 << 20),
      decode: zstdInto,
      sizeOf: zstdContentSize,
      encode: (src) => zstdEncode(src, level, config["checksum"] === true),
    };
  },
  prepare: async () => {
    if (native === undefined) await loadZstd();
  },
};
