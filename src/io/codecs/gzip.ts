/** gzip (RFC 1952) and zlib (RFC 1950) streams, by the zlib that Node brings along. */
import * as zlib from "node:zlib";
import { type Codec, type CodecEntry, damaged, integerOption } from "./codec.js";
import { dropped } from "./garbage.js";

/** One chunk of output that never fills up, so that nothing is concatenated; the bound stops bombs. */
const exactly = (size: number): zlib.ZlibOptions => ({
  chunkSize: Math.max(64, size + 64),
  maxOutputLength: Math.max(1, size),
});

export function inflateInto(name: "gzip" | "zlib", src: Uint8Array, dst: Uint8Array): void {
  let out: Uint8Array;
  try {
    const options = exactly(dst.length);
    out = name === "gzip" ? zlib.gunzipSync(src, options) : zlib.inflateSync(src, options);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const what =
      code === "ERR_BUFFER_TOO_LARGE" ? `it holds more than ${dst.length} bytes` : message;
    throw damaged(name, what, error);
  }
  if (out.length !== dst.length) {
    throw damaged(name, `it holds ${out.length} bytes instead of ${dst.length}`);
  }
  dst.set(out);
  dropped(out.length);
}

const make = (name: "gzip" | "zlib", level: number): Codec => ({
  heapBytes: (decoded) => decoded + 65_536,
  decode: (src, dst) => inflateInto(name, src, dst),
  encode: (src) =>
    name === "gzip" ? zlib.gzipSync(src, { level }) : zlib.deflateSync(src, { level }),
  // The last four bytes of a gzip stream are its length (of its last member, modulo 2^32).
  ...(name === "gzip" && {
    sizeOf: (src: Uint8Array) =>
      src.length < 18
        ? undefined
        : new DataView(src.buffer, src.byteOffset, src.length).getUint32(src.length - 4, true),
  }),
});

export const gzip: CodecEntry = {
  make: (config) => make("gzip", integerOption("gzip", config, "level", 5, -1, 9)),
};
export const zlibStream: CodecEntry = {
  make: (config) => make("zlib", integerOption("zlib", config, "level", 1, -1, 9)),
};
