/**
 * Damaged chunks of the stored fixtures: which byte is changed or how much is cut off, and what the reader of the
 * array is told. A message that ends in an ellipsis goes on in words of a compression library.
 */
export type Damage =
  | { readonly cut: number }
  | { readonly add: number }
  | { readonly flip: number; readonly mask?: number };
export type DamageRow = readonly [store: string, key: string, damage: Damage, message: string];

const all = { cut: 1e9 };

export const damage: readonly DamageRow[] = [
  ["v3_dot", "c.0.0", { cut: 1 }, "damaged chunk: it has 191 bytes instead of 192"],
  ["v3_dot", "c.0.0", { add: 100 }, "damaged chunk: it has 292 bytes instead of 192"],
  ["v3_dot", "c.0.0", all, "damaged chunk: it has 0 bytes instead of 192"],
  ["v3_gzip", "c/0/0", { cut: 9 }, "damaged gzip data: unexpected end of file"],
  ["v3_gzip", "c/0/0", { flip: 0 }, "damaged gzip data: incorrect header check"],
  ["v3_gzip", "c/0/0", { flip: -6 }, "damaged gzip data: incorrect data check"],
  ["v2_zlib_f_order", "0.0", { flip: -1 }, "damaged zlib data: incorrect data check"],
  ["v2_zlib_f_order", "0.0", { cut: 5 }, "damaged zlib data: unexpected end of file"],
  ["v2_zstd_slash", "0/0", { cut: 3 }, "damaged zstd data: …"],
  ["v2_zstd_slash", "0/0", { flip: 0 }, "damaged zstd data: …"],
  [
    "v3_zstd_crc",
    "c/0/0",
    { flip: 10 },
    "damaged crc32c data: the checksum is 0x19e05839, stored is 0x67f2769a",
  ],
  [
    "v3_crc_only",
    "c/1/1",
    { flip: 5, mask: 1 },
    "damaged crc32c data: the checksum is 0x06895eb7, stored is 0x296a9176",
  ],
  ["v3_crc_only", "c/1/1", { cut: 1 }, "damaged crc32c data: 195 bytes instead of 196"],
  ["v2_lz4", "0.0", { flip: 0, mask: 4 }, "damaged lz4 data: it holds 8204 bytes instead of 8200"],
  ["v2_lz4", "0.0", { cut: 40 }, "damaged lz4 data: it holds 7498 bytes instead of 8200"],
  [
    "v3_blosc_lz4_shuffle",
    "c/0/0",
    { cut: 1 },
    "damaged blosc data: 1356 bytes instead of the stated 1357",
  ],
  ["v3_blosc_lz4_shuffle", "c/0/0", all, "damaged blosc data: 0 bytes are less than a header"],
  [
    "v3_blosc_lz4_shuffle",
    "c/0/0",
    { flip: 0 },
    "damaged blosc data: container version 253 is not 1 or 2",
  ],
  [
    "v3_blosc_lz4_shuffle",
    "c/0/0",
    { flip: 18 },
    "damaged blosc data: a block lies outside the data",
  ],
  ["v3_shard_start", "c/0/0", { flip: 3 }, "damaged shard: the checksum of its index is wrong"],
  ["v3_shard_missing", "c/0/0", { cut: 1 }, "damaged shard: the checksum of its index is wrong"],
  ["v3_shard_missing", "c/0/0", all, "damaged shard: it has 0 bytes, its index alone needs 68"],
];

/** The bytes with the damage done. */
export function damaged(bytes: Uint8Array, how: Damage): Uint8Array {
  if ("cut" in how) return bytes.subarray(0, Math.max(0, bytes.length - how.cut));
  if ("add" in how) return Uint8Array.from([...bytes, ...new Uint8Array(how.add)]);
  const copy = bytes.slice();
  const at = how.flip < 0 ? copy.length + how.flip : how.flip;
  copy[at] = (copy[at] as number) ^ (how.mask ?? 0xff);
  return copy;
}
