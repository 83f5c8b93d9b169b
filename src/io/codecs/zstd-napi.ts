/**
 * Zstandard by the package zstd-napi, if somebody has installed it: machine code that decodes straight into the memory
 * of the engine. For Node 20, whose zlib has no zstd.
 */
import { createRequire } from "node:module";
import { Scratch } from "../scratch.js";
import { encoderState, frameBound, STATE_BYTES, type ZstdTier } from "./zstd-tier.js";

/** As much of `zstd-napi/binding` as is used here. */
export interface ZstdBinding {
  readonly CCtx: new () => {
    setParameter(parameter: number, value: number): void;
    compress2(dst: Uint8Array, src: Uint8Array): number;
  };
  readonly DCtx: new () => { decompress(dst: Uint8Array, src: Uint8Array): number };
  readonly CParameter: { readonly compressionLevel: number; readonly checksumFlag: number };
}

/** Undefined where the package is not there, or its machine code is not for this machine. */
export function installedZstd(): ZstdTier | undefined {
  try {
    const require = createRequire(import.meta.url);
    return zstdOf(require("zstd-napi/binding.js") as ZstdBinding);
  } catch {
    return undefined;
  }
}

export function zstdOf({ CCtx, DCtx, CParameter }: ZstdBinding): ZstdTier {
  const [encoder, decoder] = [new CCtx(), new DCtx()];
  const nothing = new Uint8Array(1);
  return {
    name: "zstd-napi",
    // It refuses a destination without bytes.
    decode: (src, dst) => decoder.decompress(dst.length === 0 ? nothing : dst, src),
    encode: (src, level, checksum, take) => {
      encoder.setParameter(CParameter.compressionLevel, level);
      encoder.setParameter(CParameter.checksumFlag, Number(checksum));
      const scratch = new Scratch();
      try {
        const room = scratch.take(frameBound(src.length));
        const length = encoder.compress2(room, src);
        const out = take(length);
        out.set(room.subarray(0, length));
        return out;
      } finally {
        scratch.release();
      }
    },
    encoderBytes: (decoded, level) => frameBound(decoded) + encoderState(decoded, level),
    decoderBytes: () => STATE_BYTES,
  };
}
