/** LZ4 blocks by the kernels: what is encoded comes back, and nothing that a block holds reaches beyond it. */
import NumLz4 from "numcodecs/lz4";
import { expect, test } from "vitest";
import { CodecHeap } from "../../dist/io/codecs/codec-heap.js";
import { lz4BlockInto, lz4InHeap, lz4OfHeap } from "../../dist/io/codecs/lz4.js";
import { lz4hcBlock } from "../../dist/io/codecs/lz4hc.js";
import { lz4Bound } from "../../dist/kernels/index.js";

/** A generator of words from a seed. */
function words(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Runs, copies of what was there at all distances, and noise, in all lengths. */
function mixture(length: number, seed: number): Uint8Array {
  const word = words(seed);
  const out = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const n = Math.min(length - at, 1 + word(word(2) === 0 ? 20 : 700));
    const kind = word(3);
    const back = 1 + word(Math.min(at, word(2) === 0 ? 24 : 70_000));
    for (let i = 0; i < n; i++) {
      out[at + i] = kind === 0 || at === 0 ? word(256) : (out[at + i - back] as number);
    }
    at += n;
  }
  return out;
}

function encoded(bytes: Uint8Array, acceleration = 1): Uint8Array {
  const heap = new CodecHeap();
  const raw = heap.take(bytes.length);
  raw.set(bytes);
  return Uint8Array.from(lz4OfHeap(heap, raw, acceleration));
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
const framed = (block: Uint8Array, length: number): Uint8Array => {
  const out = new Uint8Array(4 + block.length);
  new DataView(out.buffer).setUint32(0, length, true);
  out.set(block, 4);
  return out;
};

test("blocks of all lengths come back, by the reference decoder too", async () => {
  const lengths = [
    ...Array.from({ length: 40 }, (_, n) => n),
    255,
    270,
    4096,
    65_535,
    65_600,
    200_003,
  ];
  for (const [seed, length] of lengths.entries()) {
    const bytes = mixture(length, seed + 1);
    for (const acceleration of [1, 5, 9]) {
      const block = encoded(bytes, acceleration);
      expect(block.length).toBeGreaterThan(0);
      expect(block.length).toBeLessThanOrEqual(lz4Bound(length));
      const out = new Uint8Array(length);
      lz4BlockInto(block, out);
      expect(same(out, bytes), `${length} bytes, acceleration ${acceleration}`).toBe(true);
      if (length === 0) continue;
      const theirs = await new NumLz4().decode(framed(block, length));
      expect(same(theirs, bytes), `${length} bytes by the reference`).toBe(true);
    }
  }
});

test("blocks of the reference encoder and of our patient one come back", async () => {
  for (const [seed, length] of [13, 100, 5000, 131_073].entries()) {
    const bytes = mixture(length, seed + 77);
    const theirs = (await new NumLz4().encode(bytes)).subarray(4);
    const room = new Uint8Array(lz4Bound(length));
    const ours = room.subarray(0, lz4hcBlock(bytes, room, 16));
    for (const block of [theirs, ours]) {
      const out = new Uint8Array(length);
      lz4BlockInto(block, out);
      expect(same(out, bytes)).toBe(true);
    }
  }
});

test("the same bytes make the same block, whatever was encoded before", () => {
  const heap = new CodecHeap();
  const bytes = mixture(30_000, 5);
  const blocks = [mixture(30_000, 6), bytes].map((content) => {
    const mark = heap.mark();
    const raw = heap.take(content.length);
    raw.set(content);
    const block = Uint8Array.from(lz4OfHeap(heap, raw, 1));
    heap.release(mark);
    return block;
  });
  expect(same(blocks[1] as Uint8Array, encoded(bytes))).toBe(true);
});

test("acceleration makes longer blocks of what compresses badly", () => {
  const bytes = mixture(100_000, 9);
  expect(encoded(bytes, 60).length).toBeGreaterThan(encoded(bytes, 1).length);
});

/** Blocks by hand, against the format. */
test("distances below sixteen repeat what is there", () => {
  for (let distance = 1; distance <= 17; distance++) {
    const start = Array.from({ length: distance }, (_, i) => i + 1);
    const head = distance < 15 ? [(distance << 4) | 15] : [0xff, distance - 15];
    // A match of 19 + 30 bytes, and five literals.
    const block = [...head, ...start, distance, 0, 30, 0x50, 9, 9, 9, 9, 9];
    const out = new Uint8Array(distance + 49 + 5);
    lz4BlockInto(Uint8Array.from(block), out);
    const expected = Array.from({ length: out.length }, (_, i) =>
      i < distance + 49 ? (i % distance) + 1 : 9,
    );
    expect([...out]).toEqual(expected);
  }
});

test.each([
  ["literals that are not there", [0x50, 1, 2], 5, /ends inside literals/],
  ["more literals than there is room", [0x50, 1, 2, 3, 4, 5], 4, /holds more than 4 bytes/],
  ["fewer bytes than expected", [0x20, 1, 2], 4, /holds 2 bytes instead of 4/],
  ["half a distance", [0x10, 1, 1], 30, /ends inside a match/],
  ["no distance", [0x10, 1, 0, 0], 30, /points before the start/],
  ["a match before the start", [0x10, 1, 2, 0], 30, /points before the start/],
  ["a match beyond the end", [0x1f, 1, 1, 0, 200], 30, /holds more than 30 bytes/],
  ["a length without end", [0xf0, ...new Array<number>(5000).fill(255)], 30, /more than 30 bytes/],
] as const)("refuses %s", (_, block, room, message) => {
  expect(() => lz4BlockInto(Uint8Array.from(block), new Uint8Array(room))).toThrow(message);
});

test("lengths that would overflow 32 bits are refused", () => {
  // 17 million bytes of 255 are more than 2^32.
  const block = new Uint8Array(17_000_000).fill(255);
  block[0] = 0xf0;
  expect(() => lz4BlockInto(block, new Uint8Array(1000))).toThrow(/holds more than 1000 bytes/);
});

test("damaged and truncated blocks touch nothing but their own room, and say what is wrong", () => {
  const word = words(2024);
  const heap = new CodecHeap();
  let refused = 0;
  let silent = 0;
  for (let round = 0; round < 3000; round++) {
    const bytes = mixture(1 + word(3000), round);
    const block = encoded(bytes, 1 + word(9));
    const kind = word(3);
    const damaged = kind === 0 ? block.slice(0, word(block.length)) : Uint8Array.from(block);
    if (kind > 0) {
      for (let n = kind === 1 ? 1 : 10; n > 0; n--) damaged[word(damaged.length)] = word(256);
    }
    const mark = heap.mark();
    const before = heap.take(256).fill(0xa5);
    const out = heap.take(bytes.length);
    // Behind the margin that copies of sixteen bytes may write to.
    const after = heap.take(256).fill(0xa5);
    try {
      lz4InHeap(heap, damaged, out);
      silent++;
    } catch (error) {
      expect(error).toMatchObject({ code: "ZARR" });
      expect((error as Error).message).toMatch(/^damaged lz4 data: /);
      refused++;
    }
    expect(before.every((b) => b === 0xa5) && after.every((b) => b === 0xa5)).toBe(true);
    heap.release(mark);
  }
  // Literals may be changed unnoticed; lengths and distances mostly are not.
  expect(refused).toBeGreaterThan(500);
  expect(silent).toBeGreaterThan(100);
});
