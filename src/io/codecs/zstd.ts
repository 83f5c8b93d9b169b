/**
 * Zstandard (RFC 8878): by Node's zlib where it has zstd, otherwise by machine code that somebody has installed, otherwise
 * by WebAssembly. What is chosen is loaded when a thread first needs it.
 */
import {
  type Codec,
  type CodecEntry,
  damaged,
  integerOption,
  newRoom,
  type TakeRoom,
} from "./codec.js";
import { installedZstd } from "./zstd-napi.js";
import { nodeZstd } from "./zstd-node.js";
import type { ZstdTier } from "./zstd-tier.js";
import { wasmZstd } from "./zstd-wasm.js";

let chosen: ZstdTier | undefined;

/** What does the work in this process. */
export function zstdTier(): ZstdTier {
  chosen ??= nodeZstd() ?? installedZstd() ?? wasmZstd;
  return chosen;
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
export function zstdInto(src: Uint8Array, dst: Uint8Array): void {
  const stated = zstdContentSize(src);
  if (stated !== undefined && stated > dst.length) {
    throw damaged("zstd", `it holds ${stated} bytes instead of ${dst.length}`);
  }
  let length: number;
  try {
    length = zstdTier().decode(src, dst);
  } catch (error) {
    throw damaged("zstd", (error as Error).message, error);
  }
  if (length !== dst.length) {
    throw damaged("zstd", `it holds ${length} bytes instead of ${dst.length}`);
  }
}

/** One frame that states its content size. */
export const zstdEncode = (
  src: Uint8Array,
  level: number,
  checksum: boolean,
  take: TakeRoom,
): Uint8Array => zstdTier().encode(src, level, checksum, take);

export const zstd: CodecEntry = {
  make: (config): Codec => {
    const level = integerOption("zstd", config, "level", 1, -131_072, 22);
    return {
      heapBytes: (decoded) => {
        const tier = zstdTier();
        return Math.max(tier.encoderBytes(decoded, level), tier.decoderBytes(decoded));
      },
      decoderBytes: (decoded) => zstdTier().decoderBytes(decoded),
      decode: zstdInto,
      sizeOf: zstdContentSize,
      encode: (src, take = newRoom) => zstdEncode(src, level, config["checksum"] === true, take),
    };
  },
};
