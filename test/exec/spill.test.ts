/** Arrays outside the arena: where their elements lie, what comes back, and what is left behind. */
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SpillAccess } from "../../dist/exec/spill/access.js";
import { defaultSpillDirectory, SpillFile } from "../../dist/exec/spill/file.js";
import { denseAt } from "../../dist/exec/task/operands.js";
import * as cw from "../../dist/index.js";
import { type Cuts, cutsFromSizes } from "../../dist/ir/cuts.js";
import { viewOf } from "../../dist/ir/dtype.js";
import { type Box, boxElements, boxShape } from "../../dist/ir/index-map.js";
import {
  innerCuts,
  type Medium,
  type OutsidePlace,
  partsOf,
  placeBytes,
  slotBytesOf,
  sumCount,
  wantedCuts,
} from "../../dist/ir/spill.js";
import { blockBox, blockCount, maxBlockBytes, type PlanArray } from "../../dist/ir/stage.js";
import { Kernels } from "../../dist/kernels/index.js";

const SEED = 20261126;
let directory = "";
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "chunkwise-test-"));
});
afterAll(async () => {
  await cw.shutdown();
  rmSync(directory, { recursive: true, force: true });
});

const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 });
/** Blocks, and the cuts that a reader would like, along each axis. */
const layouts = fc
  .array(fc.tuple(sizes, sizes), { minLength: 1, maxLength: 3 })
  .map((axes) => axes.map(([blocks, wish]) => ({ blocks, wish: fitted(wish, total(blocks)) })));

const total = (list: readonly number[]): number => list.reduce((n, s) => n + s, 0);

/** The sizes repeated and cut so that they make up `extent`. */
function fitted(list: readonly number[], extent: number): number[] {
  const out: number[] = [];
  for (let i = 0, left = extent; left > 0; i++) {
    const size = Math.min(left, list[i % list.length] as number);
    out.push(size);
    left -= size;
  }
  return out;
}

interface Laid {
  readonly array: PlanArray;
  readonly outside: OutsidePlace;
}

function laid(
  axes: readonly { blocks: readonly number[]; wish: readonly number[] }[],
  medium: Medium = "file",
  dtype: "float64" | "float32" = "float64",
): Laid {
  const cuts: Cuts[] = axes.map(({ blocks }) => cutsFromSizes(blocks));
  const base: PlanArray = {
    id: 0,
    stage: 0,
    shape: axes.map(({ blocks }) => total(blocks)),
    dtype,
    cuts,
    liveBytes: 0,
  };
  const map = axes.map((_, axis) => ({ axis, start: 0, step: 1 }));
  const wish = wantedCuts(
    base,
    map,
    axes.map((a) => cutsFromSizes(a.wish)),
  );
  const outside: OutsidePlace = {
    medium,
    inner: innerCuts(base, wish),
    offset: 8192,
    slotBytes: slotBytesOf(maxBlockBytes(base)),
    firstSum: 3,
  };
  return { array: { ...base, outside }, outside };
}

describe("the layout of arrays outside the arena", () => {
  it("parts make up their block, one after another, and never leave a reader's piece", () => {
    fc.assert(
      fc.property(layouts, (axes) => {
        const { array, outside } = laid(axes);
        const sums = new Set<number>();
        for (let n = 0; n < blockCount(array.cuts); n++) {
          let next = outside.offset + n * outside.slotBytes;
          for (const part of partsOf(array, outside, n)) {
            expect(part.offset).toBe(next);
            next += 8 * boxElements(part.box);
            sums.add(part.sum);
            axes.forEach(({ wish }, axis) => {
              let start = 0;
              for (const size of wish) {
                const inside =
                  (part.box.lo[axis] as number) >= start &&
                  (part.box.hi[axis] as number) <= start + size;
                const outside =
                  (part.box.hi[axis] as number) <= start ||
                  (part.box.lo[axis] as number) >= start + size;
                expect(inside || outside).toBe(true);
                start += size;
              }
            });
          }
          const end = outside.offset + n * outside.slotBytes;
          expect(next - end).toBe(8 * boxElements(blockBox(array.cuts, n)));
          expect(next - end).toBeLessThanOrEqual(outside.slotBytes);
        }
        expect(sums.size).toBe(sumCount(outside));
        expect(Math.min(...sums)).toBe(outside.firstSum);
      }),
      { seed: SEED, numRuns: 300 },
    );
  });
});

/** An arena with a block at `BLOCK`, a buffer and a target. */
const memory = new WebAssembly.Memory({ initial: 256, maximum: 256, shared: true });
const kernels = new Kernels(memory, { address: 65536, bytes: 65536 });
const [BLOCK, BUFFER, TARGET] = [2 ** 20, 2 ** 21, 2 ** 23];

const media = fc.constantFrom<Medium>("file", "memory");
/** Elements of four bytes are out of step with eight. */
const dtypes = fc.constantFrom<"float64" | "float32">("float64", "float32");

describe("what leaves the arena", () => {
  it("comes back as it was, whatever box is asked for", () => {
    const boxed = layouts.chain((axes) =>
      fc.tuple(
        fc.constant(axes),
        fc.tuple(
          ...axes.map(({ blocks }) =>
            fc.tuple(fc.nat(total(blocks) - 1), fc.nat(total(blocks) - 1)),
          ),
        ),
        fc.boolean(),
      ),
    );
    fc.assert(
      fc.property(boxed, media, dtypes, ([axes, corners, turned], medium, dtype) => {
        const { array, outside } = laid(axes, medium, dtype);
        const bytes = outside.offset + placeBytes(array, outside);
        const file = new SpillFile(directory, bytes, 3 + sumCount(outside));
        file.hold();
        // Segments so short that pieces lie across their borders.
        const segments = Array.from(
          { length: Math.ceil(bytes / 40) },
          () => new SharedArrayBuffer(40),
        );
        const data =
          medium === "file" ? { file: file.data, segments: [] } : { file: undefined, segments };
        const access = new SpillAccess(data, memory, kernels);
        const item = dtype === "float64" ? 8 : 4;
        const words = viewOf(dtype, memory.buffer, 0, memory.buffer.byteLength / item);
        const value = (position: readonly number[]): number =>
          position.reduce((n, p) => n * 100 + p + 1, 0);
        for (let n = 0; n < blockCount(array.cuts); n++) {
          const { lo, hi } = blockBox(array.cuts, n);
          let at = BLOCK / item;
          each({ lo, hi }, (position) => {
            words[at++] = value(position);
          });
          access.write(array, n, BLOCK, BUFFER);
        }
        const box: Box = {
          lo: corners.map(([a, b]) => Math.min(a, b)),
          hi: corners.map(([a, b]) => Math.max(a, b) + 1),
        };
        // Also to a target whose axes run the other way round.
        const shape = boxShape(box);
        const dense = denseAt(TARGET, turned ? [...shape].reverse() : shape, item);
        const place = turned ? { ...dense, strides: [...dense.strides].reverse() } : dense;
        access.read(array, box, place, BUFFER);
        each(box, (position) => {
          const offset = position.reduce(
            (n, p, i) => n + (p - (box.lo[i] as number)) * (place.strides[i] as number),
            0,
          );
          expect(words[(TARGET + offset) / item]).toBe(value(position));
        });
        file.release();
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  it("is refused when it has changed on disk", () => {
    const { array, outside } = laid([{ blocks: [4], wish: [2, 2] }]);
    const file = new SpillFile(directory, 65536, 16);
    file.hold();
    const access = new SpillAccess({ file: file.data, segments: [] }, memory, kernels);
    new Float64Array(memory.buffer, BLOCK, 4).set([1, 2, 3, 4]);
    access.write(array, 0, BLOCK, BUFFER);
    access.read(array, { lo: [0], hi: [4] }, denseAt(TARGET, [4], 8), BUFFER);
    writeSync(file.fd, Uint8Array.of(7), 0, 1, outside.offset + 17);
    access.read(array, { lo: [0], hi: [2] }, denseAt(TARGET, [2], 8), BUFFER);
    expect(() => access.read(array, { lo: [2], hi: [4] }, denseAt(TARGET, [2], 8), BUFFER)).toThrow(
      /has changed/,
    );
    file.release();
  });

  it("is refused when the file ends too early, and a disk that cannot be written is an error", () => {
    const { array } = laid([{ blocks: [4], wish: [4] }]);
    const file = new SpillFile(directory, 65536, 16);
    file.hold();
    const access = new SpillAccess({ file: file.data, segments: [] }, memory, kernels);
    expect(() => access.read(array, { lo: [0], hi: [4] }, denseAt(TARGET, [4], 8), BUFFER)).toThrow(
      /ends too early/,
    );
    const reading = openSync(join(tmpdir(), "."), "r");
    const readOnly = new SpillAccess(
      { file: { ...file.data, fd: reading }, segments: [] },
      memory,
      kernels,
    );
    expect(() => readOnly.write(array, 0, BLOCK, BUFFER)).toThrow(/cannot be written/);
    closeSync(reading);
    file.release();
  });

  it("a full disk is a MemoryLimitError that names the directory", () => {
    const { array } = laid([{ blocks: [4], wish: [4] }]);
    const full = openSync("/dev/full", "w");
    const access = new SpillAccess(
      {
        file: { fd: full, sums: new SharedArrayBuffer(64), directory: "/dev/full" },
        segments: [],
      },
      memory,
      kernels,
    );
    expect(() => access.write(array, 0, BLOCK, BUFFER)).toThrow(/disk is full.*\/dev\/full/);
    closeSync(full);
  });
});

describe("the file of a run", () => {
  it("has no name, and files of processes that are gone are removed", () => {
    const dead = join(directory, "chunkwise-spill-4194303-x");
    const mine = join(directory, `chunkwise-spill-${process.pid}-y`);
    writeFileSync(dead, "x");
    writeFileSync(mine, "x");
    const file = new SpillFile(directory, 10, 1);
    file.hold();
    expect(readdirSync(directory)).toEqual([`chunkwise-spill-${process.pid}-y`]);
    file.release();
    rmSync(mine);
  });

  it("more than the disk has room for is refused before anything is written", () => {
    expect(() => new SpillFile(directory, 2 ** 60, 1)).toThrow(/has room for/);
  });

  it("a place that cannot be written to is an error that names it", () => {
    expect(() => new SpillFile("/proc/nowhere", 10, 1)).toThrow(/spillDirectory.*\/proc\/nowhere/);
  });

  it("lies on a disk by default", () => {
    expect(defaultSpillDirectory()).not.toBe("/dev/shm");
  });
});

/** Slabs to pencils: every pencil needs all slabs. */
const turned = (n: number): cw.LazyArray<"float64"> => {
  const x = cw.arange(n * 64 * 64).reshape([n, 64, 64]);
  const slabs = cw.mapBlocks((b) => b.data.map((v) => v + 0.5), x.rechunk([4, 64, 64]));
  return cw.mapBlocks((b) => b.data.map((v) => v * 2), slabs.rechunk([n, 8, 8]));
};

describe("plans that do not fit memory", () => {
  const cases = { memory: "24MiB", spillDirectory: "" };

  it.each(["inline", "threads"] as const)("spill, with the same bits: %s", async (executor) => {
    const x = turned(1024);
    const options = { ...cases, spillDirectory: directory, executor, workers: 2 };
    const { plan } = { plan: x.sum({ axis: 0 }).plan(options) };
    expect(plan.spill.bytes).toBeGreaterThan(0);
    expect(plan.peakBytes).toBeLessThanOrEqual(24 * 2 ** 20);
    const spilled = await x.sum({ axis: 0 }).compute(options);
    const kept = await x.sum({ axis: 0 }).compute({ memory: "512MiB", executor });
    expect(spilled.data).toEqual(kept.data);
    expect(readdirSync(directory)).toEqual([]);
  });

  it("do not spill where memory is enough", () => {
    expect(turned(1024).sum({ axis: 0 }).plan({ memory: "512MiB" }).spill.bytes).toBe(0);
  });

  it("spill in the middle of reductions, gathers, concatenations and reshapes", async () => {
    const n = 512;
    const y = turned(n);
    const expressions = [
      y.reshape([n * 8, 512]).sum({ axis: 0 }),
      cw.take(y, [5, 500, 3, 3, 77], { axis: 0 }).sum({ axis: 2 }),
      cw.concat([y, y.at("::-1")], { axis: 1 }).max({ axis: 0 }),
      y.at("3:400:7, ::-2, 5").sum({ axis: 0 }),
      cw.cumulativeSum(y.at(":, 0, :"), { axis: 0 }).at("-1"),
      y
        .subtract(y.mean({ axis: 0 }))
        .abs()
        .max({ axis: 0 }),
    ];
    for (const [i, z] of expressions.entries()) {
      const options = { memory: "12MiB", spillDirectory: directory, workers: 2 } as const;
      const small = await z.compute({ ...options, executor: "threads" });
      const large = await z.compute({ memory: "1GiB", executor: "inline" });
      expect(small.data, `expression ${i}`).toEqual(large.data);
    }
    expect(readdirSync(directory)).toEqual([]);
  });

  it("leave nothing after an abort or an error", async () => {
    const abort = new AbortController();
    const options = { memory: "24MiB", spillDirectory: directory, executor: "threads" } as const;
    const run = turned(1024)
      .sum({ axis: 0 })
      .compute({ ...options, signal: abort.signal });
    setTimeout(() => abort.abort(), 60);
    await expect(run).rejects.toThrow();
    const failing = cw.mapBlocks(() => {
      throw new Error("no");
    }, turned(1024));
    await expect(failing.compute({ ...options, memory: "64MiB" })).rejects.toThrow("no");
    expect(readdirSync(directory)).toEqual([]);
  });
});

function each({ lo, hi }: Box, visit: (position: readonly number[]) => void): void {
  const position = [...lo];
  for (;;) {
    visit(position);
    let axis = position.length - 1;
    for (; axis >= 0; axis--) {
      position[axis] = (position[axis] as number) + 1;
      if ((position[axis] as number) < (hi[axis] as number)) break;
      position[axis] = lo[axis] as number;
    }
    if (axis < 0) return;
  }
}
