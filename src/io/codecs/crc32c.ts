/** CRC-32C (Castagnoli, RFC 3720) after the data, four bytes little-endian; checked at every read. */
import { ZarrError } from "../../errors.js";
import { type Codec, type CodecEntry, damaged } from "./codec.js";

/** Tables for eight bytes a step ("slicing by 8", Kounavis and Berry 2005); made at the first use. */
let tables: Uint32Array | undefined;

function makeTables(): Uint32Array {
  const t = new Uint32Array(8 * 256);
  for (let n = 0; n < 256; n++) {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1;
    t[n] = c;
  }
  for (let n = 0; n < 256; n++) {
    for (let k = 1; k < 8; k++) {
      const c = t[(k - 1) * 256 + n] as number;
      t[k * 256 + n] = (c >>> 8) ^ (t[c & 255] as number);
    }
  }
  return t;
}

/** @example crc32cOf(new TextEncoder().encode("123456789")) // 0xe3069283 */
export function crc32cOf(bytes: Uint8Array): number {
  tables ??= makeTables();
  const t = tables as Readonly<Record<number, number>> & Uint32Array;
  const b = bytes as Readonly<Record<number, number>> & Uint8Array;
  const whole = bytes.length - (bytes.length % 8);
  let crc = -1;
  let i = 0;
  for (; i < whole; i += 8) {
    crc ^= b[i]! | (b[i + 1]! << 8) | (b[i + 2]! << 16) | (b[i + 3]! << 24);
    crc =
      t[1792 + (crc & 255)]! ^
      t[1536 + ((crc >>> 8) & 255)]! ^
      t[1280 + ((crc >>> 16) & 255)]! ^
      t[1024 + (crc >>> 24)]! ^
      t[768 + b[i + 4]!]! ^
      t[512 + b[i + 5]!]! ^
      t[256 + b[i + 6]!]! ^
      t[b[i + 7]!]!;
  }
  for (; i < bytes.length; i++) crc = (crc >>> 8) ^ t[(crc ^ b[i]!) & 255]!;
  return ~crc >>> 0;
}

export const crc32c: CodecEntry = {
  make: (config) => {
    if (config["location"] !== undefined && config["location"] !== "end") {
      throw new ZarrError("codec crc32c: only checksums at the end are supported");
    }
    return CODEC;
  },
};

const CODEC: Codec = {
  fixedSize: (decoded) => decoded + 4,
  heapBytes: (decoded) => decoded + 4,
  decode: (src, dst) => {
    if (src.length !== dst.length + 4) {
      throw damaged("crc32c", `${src.length} bytes instead of ${dst.length + 4}`);
    }
    const data = src.subarray(0, dst.length);
    const stored = new DataView(src.buffer, src.byteOffset, src.length).getUint32(dst.length, true);
    const actual = crc32cOf(data);
    if (stored !== actual) {
      const hex = (n: number): string => `0x${n.toString(16).padStart(8, "0")}`;
      throw damaged("crc32c", `the checksum is ${hex(actual)}, stored is ${hex(stored)}`);
    }
    dst.set(data);
  },
  sizeOf: (src) => (src.length < 4 ? undefined : src.length - 4),
  encode: (src) => {
    const out = new Uint8Array(src.length + 4);
    out.set(src);
    new DataView(out.buffer).setUint32(src.length, crc32cOf(src), true);
    return out;
  },
};
