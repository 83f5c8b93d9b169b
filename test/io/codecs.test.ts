/** Codecs alone, against numcodecs' WebAssembly builds and published check values. */
import * as fs from "node:fs";
import * as path from "node:path";
import NumcodecsBlosc from "numcodecs/blosc";
import NumcodecsLz4 from "numcodecs/lz4";
import NumcodecsZstd from "numcodecs/zstd";
import { describe, expect, test } from "vitest";
import { crc32cOf } from "../../dist/io/codecs/crc32c.js";
import { codecEntry, registerCodec } from "../../dist/io/codecs/registry.js";
import { shuffleBytes, unshuffleBytes } from "../../dist/io/codecs/shuffles.js";
import { xxh64 } from "../../dist/io/codecs/xxh64.js";
import { zstdContentSize } from "../../dist/io/codecs/zstd.js";
import { openZarrArray } from "../../dist/io/index.js";
import { readAll, temporaryFolder } from "./helpers.js";

const folder = temporaryFolder();

interface Theirs {
  encode(data: Uint8Array): Promise<Uint8Array>;
  decode(data: Uint8Array): Promise<Uint8Array>;
}
const make = (codec: unknown, config: object): Theirs =>
  (codec as { fromConfig(c: object): Theirs }).fromConfig(config);
const text = (s: string): Uint8Array => new TextEncoder().encode(s);

/** Floats of a wave with noise in the low bits: compresses a little. */
const wave = (n: number): Uint8Array =>
  new Uint8Array(
    Float32Array.from({ length: n }, (_, i) => Math.round(500 * Math.sin(i / 50)) / 10 + (i % 3))
      .buffer,
  );
const noise = (n: number): Uint8Array => {
  let s = 1;
  return Uint8Array.from({ length: n }, () => {
    s = (s * 48271) % 2147483647;
    return s & 255;
  });
};

test("crc32c check values (RFC 3720, B.4)", () => {
  expect(crc32cOf(text("123456789"))).toBe(0xe3069283);
  expect(crc32cOf(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32cOf(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
  expect(crc32cOf(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
});

test("xxh64 check values (xxHash specification and its sanity checks)", () => {
  expect(xxh64(text(""))).toBe(0xef46db3751d8e999n);
  expect(xxh64(text("a"))).toBe(0xd24ec4f1a98c6e5bn);
  expect(xxh64(text("abc"))).toBe(0x44bc2cf5ad770999n);
  expect(xxh64(text("Nobody inspects the spammish repetition"))).toBe(0xfbcea83c8a378bf1n);
});

describe("blosc containers of numcodecs", () => {
  for (const cname of ["blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd"]) {
    for (const shuffle of [0, 1, 2]) {
      test(`${cname}, shuffle ${shuffle}`, async () => {
        const ours = codecEntry("blosc").make({ cname });
        for (const src of [
          wave(100_000),
          wave(12_345),
          noise(70_000),
          new Uint8Array(300_000),
          wave(3),
        ]) {
          for (const blocksize of [0, 4096]) {
            const encoded = await make(NumcodecsBlosc, {
              id: "blosc",
              cname,
              clevel: 5,
              shuffle,
              blocksize,
            }).encode(src);
            const out = new Uint8Array(new SharedArrayBuffer(src.length));
            await ours.decode(encoded, out);
            expect(
              Buffer.compare(
                Buffer.from(out.buffer),
                Buffer.from(src.buffer, src.byteOffset, src.length),
              ),
            ).toBe(0);
          }
        }
      });
    }
  }
});

describe("lz4 and zstd of numcodecs", () => {
  for (const [name, codec] of [
    ["lz4", NumcodecsLz4],
    ["zstd", NumcodecsZstd],
  ] as const) {
    test(name, async () => {
      const ours = codecEntry(name).make({});
      for (const src of [
        wave(100_000),
        noise(70_000),
        new Uint8Array(300_000),
        new Uint8Array(0),
        text("abcabcabcabcabcabcabc"),
      ]) {
        const encoded = await make(codec, { id: name, level: 3 }).encode(src);
        expect(ours.sizeOf?.(encoded)).toBe(src.length);
        const out = new Uint8Array(src.length);
        await ours.decode(encoded, out);
        expect(Buffer.from(out).equals(Buffer.from(src))).toBe(true);
      }
    });
  }
});

describe("what we encode", () => {
  for (const [name, config] of [
    ["gzip", { level: 5 }],
    ["zlib", { level: 1 }],
    ["zstd", { level: 1 }],
    ["zstd", { level: 3, checksum: true }],
    ["crc32c", {}],
    ["shuffle", { elementsize: 4 }],
  ] as const) {
    test(`${name} ${JSON.stringify(config)} comes back, from shared memory too`, async () => {
      const codec = codecEntry(name).make(config);
      for (const plain of [wave(5000), noise(1003), new Uint8Array(0)]) {
        const src = new Uint8Array(new SharedArrayBuffer(plain.length));
        src.set(plain);
        const encoded = (await codec.encode?.(src)) as Uint8Array;
        const out = new Uint8Array(new SharedArrayBuffer(src.length));
        await codec.decode(encoded, out);
        expect(Buffer.from(out).equals(Buffer.from(plain))).toBe(true);
        const fixed = codec.fixedSize?.(src.length);
        if (fixed !== undefined) expect(encoded.length).toBe(fixed);
        // A destination of the wrong size is a damaged chunk, never a silent cut.
        for (const wrong of [src.length + 1, src.length - 1].filter((n) => n >= 0)) {
          const decode = async (): Promise<void> => codec.decode(encoded, new Uint8Array(wrong));
          await expect(decode()).rejects.toMatchObject({ code: "ZARR" });
        }
      }
    });
  }

  test("the checksum of a zstd frame is checked by its reader", async () => {
    const src = wave(1000);
    const encoded = (await codecEntry("zstd")
      .make({ level: 1, checksum: true })
      .encode?.(src)) as Uint8Array;
    const theirs = make(NumcodecsZstd, { id: "zstd", level: 1 });
    expect((await theirs.decode(encoded)).length).toBe(4000);
    const wrong = encoded.slice();
    wrong[wrong.length - 1] = (wrong[wrong.length - 1] as number) ^ 1;
    await expect(theirs.decode(wrong)).rejects.toThrow();
    const ours = async (): Promise<void> =>
      codecEntry("zstd").make({}).decode(wrong, new Uint8Array(4000));
    await expect(ours()).rejects.toThrow(/damaged zstd data/);
  });

  test("a zstd frame that claims too much is refused by its header", async () => {
    // Magic, single segment with an 8-byte content size of 2^40.
    const bomb = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0);
    expect(zstdContentSize(bomb)).toBe(2 ** 40);
    const decode = async (): Promise<void> =>
      codecEntry("zstd").make({}).decode(bomb, new Uint8Array(8));
    await expect(decode()).rejects.toThrow(/1099511627776 bytes instead of 8/);
  });
});

test("byte shuffles of every size, aligned or not", () => {
  for (const size of [1, 2, 3, 4, 7, 8, 16]) {
    for (const length of [0, 5, 64, 1000, 1003]) {
      const src = noise(length + 1).subarray(1);
      const shuffled = new Uint8Array(length);
      shuffleBytes(src, shuffled, size);
      for (const shift of [0, 1, 4]) {
        const out = new Uint8Array(length + shift).subarray(shift);
        unshuffleBytes(shuffled, out, size);
        expect(Buffer.from(out).equals(Buffer.from(src))).toBe(true);
      }
    }
  }
});

test("a codec of one's own is a registry entry", async () => {
  registerCodec("test.invert", {
    make: () => ({
      fixedSize: (n) => n,
      heapBytes: () => 0,
      decode: (src, dst) => dst.set(src.map((b) => 255 - b)),
    }),
  });
  const document = {
    zarr_format: 3,
    node_type: "array",
    shape: [3],
    data_type: "uint8",
    chunk_grid: { name: "regular", configuration: { chunk_shape: [3] } },
    chunk_key_encoding: { name: "default" },
    fill_value: 0,
    codecs: ["bytes", "test.invert"],
  };
  const store = new Map([
    ["/zarr.json", text(JSON.stringify(document))],
    ["/c/0", Uint8Array.of(255, 254, 253)],
  ]);
  expect([...(await readAll((await openZarrArray(store)).binding))]).toEqual([0, 1, 2]);
  // Other threads do not have it, so a local array that uses it stays on this one.
  fs.writeFileSync(path.join(folder, "zarr.json"), store.get("/zarr.json") as Uint8Array);
  const { binding } = await openZarrArray(folder);
  expect([binding.thread, binding.description]).toEqual(["caller", undefined]);
});
