/** What does the work of zstd: each of them writes frames that the others and numcodecs read, in the memory it states. */
import { createRequire } from "node:module";
import NumZstd from "numcodecs/zstd";
import { describe, expect, test } from "vitest";
import { zstdTier } from "../../dist/io/codecs/zstd.js";
import { installedZstd, type ZstdBinding, zstdOf } from "../../dist/io/codecs/zstd-napi.js";
import { nodeZstd } from "../../dist/io/codecs/zstd-node.js";
import type { ZstdTier } from "../../dist/io/codecs/zstd-tier.js";
import { wasmZstd } from "../../dist/io/codecs/zstd-wasm.js";

const room = (bytes: number): Uint8Array => new Uint8Array(bytes);

/** zstd-napi as far as it is used, on top of the WebAssembly build: the package itself may not be installed. */
function bindingLikeNapi(): ZstdBinding {
  class CCtx {
    #level = 3;
    #checksum = false;
    setParameter(parameter: number, value: number): void {
      if (parameter === 100) this.#level = value;
      else this.#checksum = value === 1;
    }
    compress2(dst: Uint8Array, src: Uint8Array): number {
      const frame = wasmZstd.encode(src, this.#level, this.#checksum, room);
      dst.set(frame);
      return frame.length;
    }
  }
  class DCtx {
    decompress(dst: Uint8Array, src: Uint8Array): number {
      if (dst.length === 0) throw new Error("no room");
      return wasmZstd.decode(src, dst);
    }
  }
  return { CCtx, DCtx, CParameter: { compressionLevel: 100, checksumFlag: 201 } };
}

const installed = installedZstd();
const node = nodeZstd();
const tiers: ZstdTier[] = [
  wasmZstd,
  zstdOf(bindingLikeNapi()),
  ...(node === undefined ? [] : [node]),
  ...(installed === undefined ? [] : [installed]),
];

const noise = (n: number): Uint8Array => {
  let state = 7;
  return Uint8Array.from({ length: n }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
};
const wave = (n: number): Uint8Array =>
  new Uint8Array(
    Float32Array.from({ length: n }, (_, i) => Math.round(99 * Math.sin(i / 50))).buffer,
  );
const samples = [new Uint8Array(0), noise(1), noise(70_001), wave(60_000), new Uint8Array(500_000)];

describe.each(tiers.map((tier) => [tier.name, tier] as const))("%s", (_, tier) => {
  test.each([
    [1, false],
    [3, true],
    [19, false],
    [-5, false],
  ])("level %i, checksum %s", async (level, checksum) => {
    for (const bytes of samples) {
      const frame = tier.encode(bytes, level, checksum, room);
      // Content size is stated, and the checksum if it was asked for (RFC 8878, 3.1.1.1.1).
      expect(((frame[4] as number) >> 2) & 1).toBe(Number(checksum));
      expect(Buffer.compare(await new NumZstd().decode(frame), bytes)).toBe(0);
      for (const other of tiers) {
        const out = new Uint8Array(bytes.length);
        expect(other.decode(frame, out)).toBe(bytes.length);
        expect(Buffer.compare(out, bytes)).toBe(0);
      }
    }
  });

  test("room is taken once, as much as the frame has", () => {
    const taken: number[] = [];
    const frame = tier.encode(wave(9000), 1, false, (bytes) => {
      taken.push(bytes);
      return room(bytes);
    });
    if (tier !== node) expect(taken).toEqual([frame.length]);
  });

  test("decodes several frames, and refuses what is damaged or too long", () => {
    const [a, b] = [wave(100), wave(200)];
    const frames = Buffer.concat([a, b].map((bytes) => tier.encode(bytes, 1, true, room)));
    const out = new Uint8Array(a.length + b.length);
    expect(tier.decode(frames, out)).toBe(out.length);
    expect(Buffer.compare(out, Buffer.concat([a, b]))).toBe(0);
    expect(() => tier.decode(frames, new Uint8Array(out.length - 1))).toThrow();
    expect(() => tier.decode(frames.subarray(0, -3), out)).toThrow();
    expect(() => tier.decode(noise(50), out)).toThrow();
    const flipped = Uint8Array.from(frames);
    flipped[flipped.length - 1] = (flipped.at(-1) as number) ^ 1;
    expect(() => tier.decode(flipped, out)).toThrow();
  });
});

test("the heap of the WebAssembly build stays within what is charged, at every level", async () => {
  // A module of its own for each level, since a heap only grows.
  const require = createRequire(import.meta.url);
  const make = require("@foxglove/wasm-zstd/dist/wasm-zstd.js") as () => Promise<{
    HEAPU8: Uint8Array;
    _malloc(n: number): number;
    _compress(dst: number, n: number, src: number, m: number, level: number): number;
    _decompress(dst: number, n: number, src: number, m: number): number;
  }>;
  const bytes = wave(250_000);
  for (const level of [1, 2, 3, 4, 6, 8, 9, 11, 12, 15, 17, 18, 19, 20, 22]) {
    const zstd = await make();
    const bound = bytes.length + (bytes.length >> 8) + 1024;
    const [from, to] = [zstd._malloc(bytes.length), zstd._malloc(bound)];
    zstd.HEAPU8.set(bytes, from);
    expect(zstd._compress(to, bound, from, bytes.length, level)).toBeGreaterThan(0);
    const decoder = await make();
    const [there, back] = [decoder._malloc(bound), decoder._malloc(bytes.length)];
    const frame = wasmZstd.encode(bytes, level, false, room);
    decoder.HEAPU8.set(frame, there);
    expect(decoder._decompress(back, bytes.length, there, frame.length)).toBe(bytes.length);
    expect(decoder.HEAPU8.length).toBeLessThanOrEqual(wasmZstd.decoderBytes(bytes.length));
    expect(zstd.HEAPU8.length, `level ${level}`).toBeLessThanOrEqual(
      wasmZstd.encoderBytes(bytes.length, level),
    );
  }
});

test("the first that is there does the work", () => {
  const expected = (node ?? installed ?? wasmZstd).name;
  expect(zstdTier().name).toBe(expected);
});
