import { describe, expect, it } from "vitest";
import { allocate, kernels, memory, reset } from "./support.js";

describe("byte shuffle", () => {
  for (const size of [1, 2, 3, 4, 8, 12, 16])
    it(`groups the bytes of ${size}-byte elements, and back`, () => {
      for (const count of [0, 1, 15, 16, 17, 160, 333]) {
        reset();
        const [source, target, back] = [0, 1, 2].map(() => allocate(size * count + 16)) as [
          number,
          number,
          number,
        ];
        const bytes = new Uint8Array(memory.buffer);
        for (let i = 0; i < size * count; i++) bytes[source + i] = (i * 37 + (i >> 7)) & 0xff;
        bytes.fill(0xaa, target + size * count, target + size * count + 16);
        const expected: number[] = [];
        for (let b = 0; b < size; b++)
          for (let i = 0; i < count; i++) expected.push(bytes[source + i * size + b] as number);
        kernels.shuffle(size, count, source, target);
        expect([...bytes.slice(target, target + size * count)]).toEqual(expected);
        expect(bytes[target + size * count]).toBe(0xaa);
        kernels.unshuffle(size, count, target, back);
        expect([...bytes.slice(back, back + size * count)]).toEqual([
          ...bytes.slice(source, source + size * count),
        ]);
      }
    });
});

describe("bit shuffle", () => {
  for (const size of [1, 2, 3, 4, 7, 8, 16, 24])
    it(`groups the bits of ${size}-byte elements, and back`, () => {
      for (const count of [0, 8, 16, 120, 128, 136, 1024, 4104]) {
        reset();
        const bytes = new Uint8Array(memory.buffer);
        const length = size * count;
        const [source, target, back] = [0, 1, 2].map(() => allocate(length + 16)) as [
          number,
          number,
          number,
        ];
        for (let i = 0; i < length; i++) bytes[source + i] = (i * 151 + (i >> 3) * 37) & 0xff;
        bytes.fill(0xaa, target + length, target + length + 16);
        bytes.fill(0xaa, back + length, back + length + 16);
        const expected = new Uint8Array(length);
        for (let bit = 0; bit < 8 * size; bit++)
          for (let i = 0; i < count; i++) {
            const byte = bytes[source + i * size + (bit >> 3)] as number;
            const at = (bit * count) / 8 + (i >> 3);
            expected[at] = (expected[at] as number) | (((byte >> (bit & 7)) & 1) << (i & 7));
          }
        kernels.bitShuffle(size, count, source, target);
        expect(Buffer.compare(bytes.slice(target, target + length), expected)).toBe(0);
        kernels.bitUnshuffle(size, count, target, back);
        const [was, is] = [source, back].map((at) => bytes.slice(at, at + length));
        expect(Buffer.compare(was as Uint8Array, is as Uint8Array)).toBe(0);
        expect(bytes[target + length]).toBe(0xaa);
        expect(bytes[back + length]).toBe(0xaa);
      }
    });
});
