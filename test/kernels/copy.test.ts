import { describe, expect, it } from "vitest";
import { type DType, itemSize } from "../../dist/ir/dtype.js";
import type { ItemSize } from "../../dist/kernels/index.js";
import { allocate, kernels, type Laid, lay, memory, positions, random, reset } from "./support.js";

const DTYPE: Record<ItemSize, DType> = {
  1: "uint8",
  2: "uint16",
  4: "uint32",
  8: "uint64",
  16: "complex128",
};
const SIZES: readonly ItemSize[] = [1, 2, 4, 8, 16];

/** Places an array with its axes in any order, reversed or spaced at random. */
function anyhow(dtype: DType, shape: readonly number[], rand: () => number): Laid {
  const order = shape.map((_, axis) => ({ axis, key: rand() })).sort((a, b) => a.key - b.key);
  if (rand() < 0.3) order.sort((a, b) => b.axis - a.axis);
  const size = itemSize(dtype);
  const strides = shape.map(() => 0);
  let step = rand() < 0.7 ? size : 2 * size;
  for (const { axis } of order) {
    strides[axis] = step;
    step *= Math.max(1, (shape[axis] as number) + (rand() < 0.2 ? 1 : 0));
  }
  let address = allocate(step) + (rand() < 0.3 ? 1 : 0);
  strides.forEach((stride, axis) => {
    if (rand() > 0.25) return;
    address += stride * Math.max(0, (shape[axis] as number) - 1);
    strides[axis] = -stride;
  });
  return { dtype, shape, place: { address, strides } };
}

const offsetOf = (a: Laid, at: readonly number[]): number =>
  a.place.strides.reduce((sum, s, i) => sum + s * (at[i] as number), a.place.address);

/** Copies byte by byte what the kernel should, on a copy of the memory. */
function expectCopy(size: ItemSize, source: Laid, target: Laid): void {
  const before = new Uint8Array(memory.buffer);
  for (const at of positions(source.shape)) {
    const offset = offsetOf(source, at);
    for (let i = 0; i < size; i++)
      before[offset + i] = (offset * 31 + i * 7 + (offset >> 8)) & 0xff;
  }
  const expected = new Uint8Array(before);
  for (const at of positions(source.shape)) {
    const [from, to] = [offsetOf(source, at), offsetOf(target, at)];
    for (let i = 0; i < size; i++) expected[to + i] = expected[from + i] as number;
  }
  kernels.copy(size, source.shape, source.place, target.place);
  // Kernels write their descriptors below 64 KiB.
  const after = new Uint8Array(memory.buffer, 65536);
  const wrong = Buffer.compare(
    after.slice(0, 1 << 22),
    expected.subarray(65536, 65536 + (1 << 22)),
  );
  expect(
    wrong,
    `${size} bytes, [${source.shape}], ${source.place.strides} -> ${target.place.strides}`,
  ).toBe(0);
}

describe("copy", () => {
  for (const size of SIZES)
    it(`copies any strides of ${size}-byte items`, () => {
      const rand = random(size);
      for (let trial = 0; trial < 60; trial++) {
        reset();
        const rank = Math.floor(rand() * 5);
        const shape = Array.from({ length: rank }, () => Math.floor(rand() * 9));
        if (trial % 3 === 0 && rank > 1)
          shape[Math.floor(rand() * rank)] = 40 + Math.floor(rand() * 30);
        expectCopy(size, anyhow(DTYPE[size], shape, rand), anyhow(DTYPE[size], shape, rand));
      }
    });

  for (const size of SIZES)
    it(`transposes ${size}-byte items`, () => {
      for (const shape of [
        [64, 64],
        [37, 53],
        [3, 70],
        [70, 3],
        [300, 40],
        [4, 33, 18],
        [520, 9],
      ]) {
        reset();
        const source = lay(DTYPE[size], shape);
        expectCopy(size, source, lay(DTYPE[size], shape, "transposed"));
        reset();
        expectCopy(size, lay(DTYPE[size], shape, "transposed"), lay(DTYPE[size], shape));
      }
    });

  it("copies long runs, and repeats", () => {
    for (const shape of [[5, 600], [70000], [2, 3, 4096]])
      for (const layout of ["contiguous", "strided", "repeated"] as const) {
        reset();
        expectCopy(4, lay("uint32", shape, layout), lay("uint32", shape));
      }
  });
});

describe("runs and tiles", () => {
  it("copies many runs of any length", () => {
    const rand = random(9);
    for (const length of [1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, 100, 127, 128, 129, 192, 1023])
      for (const size of [1, 4] as const) {
        reset();
        const shape = [3, 30, length];
        const gap = (): Laid => {
          const step = length * size + Math.floor(rand() * 9);
          const strides = [30 * step + 5, step, size];
          const address = allocate(3 * (strides[0] as number)) + Math.floor(rand() * 4);
          return { dtype: DTYPE[size], shape, place: { address, strides } };
        };
        expectCopy(size, gap(), gap());
      }
  });

  for (const size of [1, 2, 4, 8] as const)
    it(`transposes whole tiles of ${size}-byte items, and what is left of them`, () => {
      for (const shape of [
        [2, 256, 128],
        [2, 150, 1, 291],
      ]) {
        reset();
        expectCopy(size, lay(DTYPE[size], shape), lay(DTYPE[size], shape, "transposed"));
      }
    });
});

describe("fill", () => {
  it("fills any strides with any bits", () => {
    const rand = random(1);
    for (const size of SIZES)
      for (let trial = 0; trial < 20; trial++) {
        reset();
        const shape = Array.from({ length: Math.floor(rand() * 4) }, () => Math.floor(rand() * 12));
        const target = anyhow(DTYPE[size], shape, rand);
        const digits = Array.from({ length: size }, () => Math.floor(rand() * 256));
        const text = digits.map((d) => d.toString(16).padStart(2, "0")).join("");
        kernels.fill(size, shape, target.place, text);
        const bytes = new Uint8Array(memory.buffer);
        for (const at of positions(shape)) {
          const offset = offsetOf(target, at);
          expect([...bytes.slice(offset, offset + size)]).toEqual([...digits].reverse());
        }
      }
  });
});
