/** Encoders written here: read back by our decoders, and by those of numcodecs, which are c-blosc's and lz4's own. */
import NumBlosc from "numcodecs/blosc";
import NumLz4 from "numcodecs/lz4";
import { describe, expect, test } from "vitest";
import { codecEntry } from "../../dist/io/codecs/registry.js";
import { shuffleBits, unshuffleBits } from "../../dist/io/codecs/shuffles.js";

/** Bytes of every kind: what compresses, what does not, and lengths around the limits of the formats. */
function samples(): [string, Uint8Array][] {
  const random = (n: number, seed: number): Uint8Array => {
    let state = seed;
    return Uint8Array.from({ length: n }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state >>> 24;
    });
  };
  const ramp = new Uint8Array(
    Float32Array.from({ length: 50_000 }, (_, i) => Math.sin(i / 900)).buffer,
  );
  const text = new TextEncoder().encode("the quick brown fox, the quicker fox; ".repeat(3000));
  const far = new Uint8Array(200_000);
  far.set(random(1000, 5), 0);
  far.set(random(1000, 5), 65_535);
  far.set(random(1000, 5), 140_000);
  return [
    ["random", random(100_001, 7)],
    ["ramp", ramp],
    ["text", text],
    ["zeros", new Uint8Array(300_000)],
    ["far matches", far],
    ...[1, 4, 12, 13, 16, 17, 31, 128, 255, 270, 271].map((n): [string, Uint8Array] => [
      `${n} bytes`,
      new Uint8Array(n).fill(3),
    ]),
    ...[5, 15, 16, 300].map((n): [string, Uint8Array] => [`${n} random bytes`, random(n, n)]),
  ];
}

async function roundTrip(name: string, config: object, bytes: Uint8Array): Promise<Uint8Array> {
  const entry = codecEntry(name);
  await entry.prepare?.(config as never, "encode");
  const codec = entry.make(config as never);
  const encoded = (await codec.encode?.(bytes)) as Uint8Array;
  const out = new Uint8Array(bytes.length);
  await codec.decode(encoded, out);
  expect(Buffer.from(out).equals(Buffer.from(bytes))).toBe(true);
  return encoded;
}

describe.each(["zstd", "lz4", "lz4hc", "zlib"])("blosc, cname %s", (cname) => {
  test.each([
    ["noshuffle", 4],
    ["shuffle", 4],
    ["shuffle", 1],
    ["shuffle", 16],
    ["bitshuffle", 1],
    ["bitshuffle", 8],
  ] as const)("%s of %i bytes", async (shuffle, typesize) => {
    for (const [what, bytes] of samples()) {
      for (const blocksize of [0, 1000]) {
        const config = { cname, clevel: 5, shuffle, typesize, blocksize };
        const encoded = await roundTrip("blosc", config, bytes);
        expect(encoded.length, what).toBeLessThanOrEqual(bytes.length + 16);
        const theirs = await new NumBlosc().decode(encoded);
        expect(Buffer.from(theirs).equals(Buffer.from(bytes)), what).toBe(true);
      }
    }
  });

  test("compresses, the more the higher the level, and not at level 0", async () => {
    const [, ramp] = samples()[1] as [string, Uint8Array];
    const sizes: number[] = [];
    for (const clevel of [0, 1, 7]) {
      const config = { cname, clevel, shuffle: "shuffle", typesize: 4 };
      sizes.push((await roundTrip("blosc", config, ramp)).length);
    }
    expect(sizes[0]).toBe(ramp.length + 16);
    expect(sizes[1]).toBeLessThan(0.9 * ramp.length);
    expect(sizes[2]).toBeLessThanOrEqual(sizes[1] as number);
  });
});

test("the header says what is in the container", async () => {
  const codec = codecEntry("blosc").make({ cname: "lz4", shuffle: 1, typesize: 4, clevel: 5 });
  const encoded = (await codec.encode?.(new Uint8Array(4096))) as Uint8Array;
  // Version 2, lz4 version 1, shuffled in one stream with lz4, elements of 4 bytes.
  expect([...encoded.subarray(0, 4)]).toEqual([2, 1, 1 | 16 | (1 << 5), 4]);
  expect(codec.sizeOf?.(encoded)).toBe(4096);
});

test("lz4 as numcodecs frames it", async () => {
  for (const [what, bytes] of samples()) {
    const encoded = await roundTrip("lz4", {}, bytes);
    const theirs = await new NumLz4().decode(encoded);
    expect(Buffer.from(theirs).equals(Buffer.from(bytes)), what).toBe(true);
  }
});

test("bit shuffles are each other's inverse", () => {
  for (const size of [1, 2, 3, 4, 8, 16]) {
    const bytes = Uint8Array.from({ length: 8 * size * 5 + size - 1 }, (_, i) => (i * 151) & 255);
    const there = new Uint8Array(bytes.length);
    const back = new Uint8Array(bytes.length);
    shuffleBits(bytes, there, size);
    unshuffleBits(there, back, size);
    expect([...back]).toEqual([...bytes]);
  }
});

test("what cannot be written is refused by name, and still read", () => {
  const { check, make } = codecEntry("blosc");
  const table: [object, RegExp][] = [
    [
      { cname: "snappy" },
      /cname "snappy" cannot be written; compressors are lz4, lz4hc, zlib, zstd/,
    ],
    [{ cname: "lz4", clevel: 10 }, /clevel must be an integer from 0 to 9, got 10/],
    [
      { cname: "lz4", shuffle: "bits" },
      /shuffle must be noshuffle, shuffle, bitshuffle, got "bits"/,
    ],
    [{ cname: "lz4", typesize: 0 }, /typesize must be an integer from 1 to 255, got 0/],
  ];
  for (const [config, message] of table) {
    expect(() => check?.(config as never)).toThrow(message);
    expect(make(config as never).encode).toBeUndefined();
  }
});
