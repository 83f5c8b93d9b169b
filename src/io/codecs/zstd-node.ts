/** Zstandard by Node's own zlib, which has it from 22.15 on. */
import * as zlib from "node:zlib";
import { dropped } from "./garbage.js";
import { encoderState, frameBound, type ZstdTier } from "./zstd-tier.js";

interface ZlibWithZstd {
  zstdDecompressSync(src: Uint8Array, options: object): Uint8Array;
  zstdCompressSync(src: Uint8Array, options: object): Uint8Array;
  readonly constants: Readonly<Record<string, number>>;
}

export function nodeZstd(): ZstdTier | undefined {
  if (!("zstdDecompressSync" in zlib)) return undefined;
  const { zstdDecompressSync, zstdCompressSync, constants } = zlib as unknown as ZlibWithZstd;
  const parameter = (name: string): number => constants[name] as number;
  return {
    name: "node:zlib",
    decode: (src, dst) => {
      // One chunk of output that never fills up, so that nothing is concatenated.
      const out = zstdDecompressSync(src, {
        chunkSize: Math.max(64, dst.length + 64),
        maxOutputLength: Math.max(1, dst.length),
      });
      if (out.length <= dst.length) dst.set(out);
      dropped(out.length);
      return out.length;
    },
    encode: (src, level, checksum) =>
      zstdCompressSync(src, {
        params: {
          [parameter("ZSTD_c_compressionLevel")]: level,
          [parameter("ZSTD_c_checksumFlag")]: Number(checksum),
          [parameter("ZSTD_c_contentSizeFlag")]: 1,
        },
        pledgedSrcSize: src.length,
      }),
    encoderBytes: (decoded, level) => frameBound(decoded) + encoderState(decoded, level),
    decoderBytes: (decoded) => decoded + (1 << 20),
  };
}
