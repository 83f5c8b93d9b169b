/** Damaged chunks: every kind of damage ends in a ZarrError that names array, chunk and what is wrong. */
import * as fs from "node:fs";
import * as path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { openZarrArray } from "../../dist/io/index.js";
import { signal } from "./helpers.js";

const STORES = fileURLToPath(new URL("../fixtures/zarr/stores", import.meta.url));

function load(name: string): Map<string, Uint8Array> {
  const root = path.join(STORES, name);
  const store = new Map<string, Uint8Array>();
  for (const file of fs.readdirSync(root, { recursive: true }).map(String)) {
    const full = path.join(root, file);
    if (fs.statSync(full).isFile())
      store.set(`/${file.split(path.sep).join("/")}`, new Uint8Array(fs.readFileSync(full)));
  }
  return store;
}

async function readDamaged(
  name: string,
  key: string,
  damage: (bytes: Uint8Array) => Uint8Array,
): Promise<unknown> {
  const store = load(name);
  store.set(key, damage(store.get(key) as Uint8Array));
  const { binding } = await openZarrArray(store);
  const shape = binding.shape;
  const data = new Float32Array((shape[0] as number) * (shape[1] as number));
  try {
    await binding.reader.readInto(
      { lo: [0, 0], hi: shape },
      { data, shape, stride: [shape[1] as number, 1], offset: 0 },
      signal,
    );
  } catch (error) {
    return error;
  }
  return undefined;
}

const truncate =
  (n: number) =>
  (bytes: Uint8Array): Uint8Array =>
    bytes.subarray(0, Math.max(0, bytes.length + n));
const extend =
  (n: number) =>
  (bytes: Uint8Array): Uint8Array =>
    Uint8Array.from([...bytes, ...new Array<number>(n).fill(0)]);
const flip =
  (at: number, mask = 0xff) =>
  (bytes: Uint8Array): Uint8Array => {
    const copy = bytes.slice();
    const i = at < 0 ? copy.length + at : at;
    copy[i] = (copy[i] as number) ^ mask;
    return copy;
  };

const TABLE: [string, string, (b: Uint8Array) => Uint8Array, RegExp][] = [
  ["v3_dot", "/c.0.0", truncate(-1), /\d+ bytes/],
  ["v3_dot", "/c.0.0", extend(100_000), /bytes/],
  ["v3_dot", "/c.0.0", truncate(-1e9), /0 bytes/],
  ["v3_gzip", "/c/0/0", truncate(-9), /gzip/],
  ["v3_gzip", "/c/0/0", flip(0), /gzip/],
  ["v3_gzip", "/c/0/0", flip(-6), /gzip/],
  ["v2_zlib_f_order", "/0.0", flip(-1), /zlib/],
  ["v2_zlib_f_order", "/0.0", truncate(-5), /zlib/],
  ["v2_zlib_f_order", "/0.0", extend(1_000_000), /more than the \d+ it can have/],
  ["v2_zstd_slash", "/0/0", truncate(-3), /zstd/],
  ["v2_zstd_slash", "/0/0", flip(0), /zstd/],
  ["v3_zstd_crc", "/c/0/0", flip(10), /crc32c data: the checksum is 0x[0-9a-f]{8}, stored is/],
  ["v3_zstd_crc", "/c/0/0", flip(-1), /crc32c/],
  ["v3_crc_only", "/c/1/1", flip(5, 1), /crc32c/],
  ["v3_crc_only", "/c/1/1", truncate(-1), /crc32c data: \d+ bytes instead of/],
  ["v2_lz4", "/0.0", flip(0, 4), /lz4 data: it holds \d+ bytes instead of 8200/],
  ["v2_lz4", "/0.0", truncate(-40), /lz4/],
  ["v2_lz4", "/0.0", truncate(-1e9), /lz4 data: it has no header/],
  ["v2_delta_f4_raw", "/0.0", truncate(-4), /delta/],
  ["v2_two_compressors", "/0.0", truncate(-4), /zstd/],
  ["v3_blosc_lz4_shuffle", "/c/0/0", truncate(-1), /blosc data: \d+ bytes instead of the stated/],
  ["v3_blosc_lz4_shuffle", "/c/0/0", truncate(-1e9), /less than a header/],
  ["v3_blosc_lz4_shuffle", "/c/0/0", flip(0), /container version/],
  ["v3_blosc_lz4_shuffle", "/c/0/0", flip(4), /holds \d+ bytes instead of 8200/],
  ["v3_blosc_lz4_shuffle", "/c/0/0", flip(18), /block lies outside/],
  ["v3_blosc_lz4_shuffle", "/c/0/0", (b) => b.fill(0, 8, 12), /block size is 0/],
  ["v3_blosc_zlib_noshuffle", "/c/0/0", flip(60), /damaged/],
  ["v3_shard_start", "/c/0/0", flip(3), /checksum of its index is wrong/],
  ["v3_shard_missing", "/c/0/0", truncate(-1), /checksum of its index is wrong/],
  ["v3_shard_missing", "/c/0/0", truncate(-1e9), /0 bytes/],
];

describe("damaged chunks", () => {
  TABLE.forEach(([name, key, damage, message], n) => {
    test(`${n}: ${name} ${message}`, async () => {
      const error = await readDamaged(name, key, damage);
      expect(error).toMatchObject({ name: "ZarrError", code: "ZARR" });
      expect((error as Error).message).toMatch(message);
      expect((error as Error).message).toContain(key);
      expect((error as Error).message).toContain("array store");
    });
  });

  test("any single byte of a compressed block may be wrong without harm", async () => {
    for (const [name, key] of [
      ["v2_lz4", "/0.0"],
      ["v3_blosc_blosclz_shuffle", "/c/0/0"],
      ["v3_blosc_snappy_noshuffle", "/c/0/0"],
      ["v3_blosc_lz4hc_bitshuffle", "/c/0/0"],
      ["v3_shard_big_index", "/c/0/0"],
    ] as const) {
      const length = (load(name).get(key) as Uint8Array).length;
      for (let at = 0; at < length; at += Math.max(1, Math.floor(length / 60))) {
        const error = await readDamaged(name, key, flip(at));
        if (error !== undefined)
          expect(error, `${name} byte ${at}`).toMatchObject({ code: "ZARR" });
      }
    }
  });

  test("a shard index that points outside is refused", async () => {
    const error = await readDamaged("v3_shard_big_index", "/c/0/0", (bytes) => {
      const copy = bytes.slice();
      new DataView(copy.buffer).setBigUint64(copy.length - 16 * 16, 2n ** 40n);
      return copy;
    });
    expect(error).toMatchObject({ code: "ZARR" });
  });

  test("in a folder, sizes are checked before anything is read", async () => {
    const root = fs.mkdtempSync(path.join(STORES, "..", "damage-"));
    try {
      for (const [key, bytes] of load("v3_gzip")) {
        fs.mkdirSync(path.dirname(path.join(root, key)), { recursive: true });
        fs.writeFileSync(path.join(root, key), bytes);
      }
      const { binding } = await openZarrArray(root);
      fs.truncateSync(path.join(root, "c/0/1"), 2 ** 33);
      const target = { data: new Float32Array(4), shape: [2, 2], stride: [2, 1], offset: 0 };
      expect(() => binding.reader.readInto({ lo: [0, 6], hi: [2, 8] }, target, signal)).toThrow(
        /8589934592 bytes, more than/,
      );
    } finally {
      fs.rmSync(root, { recursive: true });
    }
  });
});
