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
