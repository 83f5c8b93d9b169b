import { describe, expect, it } from "vitest";
import {
  shuffleBits,
  shuffleBytes,
  unshuffleBits,
  unshuffleBytes,
} from "../../dist/io/codecs/shuffles.js";

const data = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 151 + (i >> 3) * 37 + (i >> 11)) & 0xff);

/** Short data takes loops, long data kernels, in pieces of 64 KiB. */
const COUNTS = [8, 72, 4096, 4104, 70_000];

describe("shuffles of codecs", () => {
  for (const size of [1, 2, 3, 4, 8, 16])
    it(`bytes and bits of ${size}-byte elements, and back`, () => {
      for (const count of COUNTS)
        for (const extra of size > 1 ? [0, 1] : [0]) {
          const src = data(count * size + extra);
          const [bytes, bits] = [src.slice(), src.slice()];
          bits.fill(0, 0, count * size);
          for (let i = 0; i < count; i++)
            for (let b = 0; b < size; b++) {
              const byte = src[i * size + b] as number;
              bytes[b * count + i] = byte;
              for (let k = 0; k < 8; k++) {
                const at = ((8 * b + k) * count) / 8 + (i >> 3);
                bits[at] = (bits[at] as number) | (((byte >> k) & 1) << (i & 7));
              }
            }
          const out = new Uint8Array(src.length);
          const is = (expected: Uint8Array): void =>
            expect(Buffer.compare(out, expected), `${count} elements`).toBe(0);
          shuffleBytes(src, out, size);
          is(bytes);
          unshuffleBytes(bytes, out, size);
          is(src);
          shuffleBits(src, out, size);
          is(bits);
          unshuffleBits(bits, out, size);
          is(src);
        }
    });
});
