import { describe, expect, it } from "vitest";
import { widenBits } from "../../dist/io/zarr/dtypes.js";
import { kernels, memory, SCRATCH } from "./support.js";

const HALVES = ["float16", "bfloat16"] as const;
const [SOURCE, TARGET] = [SCRATCH, SCRATCH + (4 << 20)];
const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);

/** The value of every pattern, as a number. */
const values = (half: (typeof HALVES)[number]): number[] =>
  Array.from({ length: 65536 }, (_, pattern) => {
    bits[0] = widenBits(pattern, half === "bfloat16");
    return float[0] as number;
  });

/** float64 neighbours of a positive number. */
function step(x: number, by: bigint): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  view.setBigUint64(0, view.getBigUint64(0) + by);
  return view.getFloat64(0);
}

/** Numbers around every value and every midpoint, with the patterns that they round to. */
function cases(half: (typeof HALVES)[number]): { x: number; pattern: number }[] {
  const table = values(half);
  const infinite = half === "float16" ? 0x7c00 : 0x7f80;
  const out: { x: number; pattern: number }[] = [];
  for (let p = 0; p < infinite; p++) {
    const low = table[p] as number;
    // What would be the next finite value decides where infinity begins.
    const high = p + 1 < infinite ? (table[p + 1] as number) : 2 * low - (table[p - 1] as number);
    const middle = (low + high) / 2;
    out.push({ x: low, pattern: p }, { x: middle, pattern: p % 2 === 0 ? p : p + 1 });
    out.push({ x: step(middle, -1n), pattern: p }, { x: step(middle, 1n), pattern: p + 1 });
    if (p > 0) out.push({ x: step(low, 1n), pattern: p }, { x: step(low, -1n), pattern: p });
  }
  const most = Number.MAX_VALUE;
  out.push({ x: most, pattern: infinite }, { x: Number.POSITIVE_INFINITY, pattern: infinite });
  out.push({ x: 5e-324, pattern: 0 });
  return out.flatMap((one) => [one, { x: -one.x, pattern: one.pattern | 0x8000 }]);
}

describe("halves", () => {
  for (const half of HALVES) {
    it(`widens every ${half}`, () => {
      const from = new Uint16Array(memory.buffer, SOURCE, 65536).map((_, i) => i);
      new Uint16Array(memory.buffer, SOURCE, 65536).set(from);
      kernels.halves(`${half}>float32`, 65536, SOURCE, TARGET);
      const expected = Uint32Array.from(from, (p) => widenBits(p, half === "bfloat16"));
      const got = new Uint32Array(memory.buffer, TARGET, 65536).slice();
      expect(Buffer.compare(new Uint8Array(got.buffer), new Uint8Array(expected.buffer))).toBe(0);
    });

    for (const dtype of ["float32", "float64"] as const)
      it(`rounds ${dtype} to ${half} once`, () => {
        // Of float32 only what it holds.
        const all = cases(half).filter(({ x }) => dtype === "float64" || Math.fround(x) === x);
        expect(all.length * 8).toBeLessThan(4 << 20);
        const source =
          dtype === "float64"
            ? new Float64Array(memory.buffer, SOURCE, all.length)
            : new Float32Array(memory.buffer, SOURCE, all.length);
        source.set(all.map(({ x }) => x));
        kernels.halves(`${dtype}>${half}`, all.length, SOURCE, TARGET);
        const got = new Uint16Array(memory.buffer, TARGET, all.length);
        const wrong = all.filter(({ pattern }, i) => got[i] !== pattern);
        expect(wrong.slice(0, 3)).toEqual([]);
      });

    it(`keeps NaN in ${half}, and what lies behind the last element`, () => {
      const words = [0x7f800001, 0xff800001, 0x7fc00000, 0x7fffffff, 0xffc12345];
      new Uint32Array(memory.buffer, SOURCE, 5).set(words);
      const out = new Uint16Array(memory.buffer, TARGET, 6).fill(0xaaaa);
      kernels.halves(`float32>${half}`, 5, SOURCE, TARGET);
      const infinite = half === "float16" ? 0x7c00 : 0x7f80;
      words.forEach((word, i) => {
        expect((out[i] as number) & 0x7fff).toBeGreaterThan(infinite);
        expect((out[i] as number) >> 15).toBe(word >>> 31);
      });
      expect(out[5]).toBe(0xaaaa);
    });
  }
});
