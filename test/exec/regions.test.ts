/** Arrays in the arena beside the blocks of runs: who may have which bytes, and for how long. */
import { describe, expect, it } from "vitest";
import { AddressAllocator } from "../../dist/exec/memory/allocator.js";
import { FIRST_BLOCK, PAGE } from "../../dist/exec/memory/arena.js";
import {
  BlockBorder,
  LEAST_REGION,
  leaveArena,
  SharedArena,
  sharedArena,
  takeRegion,
} from "../../dist/exec/memory/regions.js";
import * as cw from "../../dist/index.js";

const MIB = 1024 * 1024;
const THREADS = { executor: "threads", workers: 2 } as const;

describe("the border between blocks and regions", () => {
  it("regions come from the top, blocks from the bottom, and neither reaches into the other", () => {
    const arena = new SharedArena();
    const end = arena.memory.buffer.byteLength;
    const blocks = new AddressAllocator(FIRST_BLOCK, end, new BlockBorder(arena.border));
    const a = arena.take(100 * MIB);
    expect(a?.address).toBeGreaterThan(end - 101 * MIB);
    expect(arena.regionBytes).toBeGreaterThanOrEqual(100 * MIB);
    // All that is left below the region, but not one page more.
    const room = (a?.address as number) - FIRST_BLOCK;
    expect(blocks.allocate(room + PAGE)).toBe(-1);
    const block = blocks.allocate(room - 4 * PAGE);
    expect(block).toBe(FIRST_BLOCK);
    expect(arena.take(MIB)).toBeUndefined();
    blocks.free(block);
  });

  it("blocks stay out of what a region took after they had looked", () => {
    const arena = new SharedArena();
    const border = new BlockBorder(arena.border);
    expect(border.claim(FIRST_BLOCK + PAGE)).toBe(true);
    const region = arena.take(64 * MIB);
    expect(border.claim((region?.address as number) + PAGE)).toBe(false);
    expect(border.claim((region?.address as number) - PAGE)).toBe(true);
  });

  it("the floor rises again when regions go", () => {
    const arena = new SharedArena();
    const regions = [1, 2, 3].map((n) => arena.take(n * MIB));
    const bases = regions.map((r) => r?.address as number);
    expect([...bases].sort((x, y) => y - x)).toEqual(bases);
    for (const base of bases) expect(base % 64).toBe(0);
    regions[2]?.dispose();
    expect(arena.regionBytes).toBeLessThan(4 * MIB);
    regions[0]?.dispose();
    regions[1]?.dispose();
    expect(arena.regionBytes).toBe(0);
    expect(arena.empty).toBe(true);
  });

  it("a region that is disposed of stays until nobody holds it", () => {
    const arena = new SharedArena();
    const region = arena.take(MIB);
    region?.hold();
    region?.dispose();
    region?.dispose();
    expect(arena.empty).toBe(false);
    region?.release();
    expect(arena.empty).toBe(true);
  });

  it("more than regions may have is refused", () => {
    const arena = new SharedArena();
    expect(arena.take(3 * 1024 * MIB)).toBeUndefined();
    expect(arena.take(2 * 1024 * MIB)).toBeDefined();
    expect(arena.take(1024 * MIB)).toBeUndefined();
  });

  it("small arrays have none, and a broken arena is left", () => {
    expect(takeRegion(LEAST_REGION - 1)).toBeUndefined();
    const arena = sharedArena();
    arena.engines++;
    leaveArena(arena, true);
    expect(sharedArena()).not.toBe(arena);
  });
});

describe("memory beside the arena", () => {
  const SIZE = 2 ** 24;
  const bufferOf = (x: cw.PersistedArray): ArrayBufferLike => {
    const { node } = x;
    if (node.op !== "source") throw new Error(`a persisted array is a ${node.op}`);
    return node.params.binding.region?.buffer as ArrayBufferLike;
  };
  /** Takes all that regions may have. */
  function fillArena(): () => void {
    const taken: { dispose(): void }[] = [];
    for (let bytes = 2048 * MIB; bytes >= MIB; bytes /= 2) {
      for (;;) {
        const region = sharedArena().take(bytes);
        if (region === undefined) break;
        taken.push(region);
      }
    }
    return () => {
      for (const region of taken) region.dispose();
    };
  }

  it("workers put results there themselves, of blocks in one piece and in many", async () => {
    const giveBack = fillArena();
    const x = cw.arange(SIZE, { dtype: "float32" }).reshape([16, 1024, 1024]);
    for (const chunks of [
      [5, -1, -1],
      [-1, 100, 36],
    ]) {
      const kept = await x.rechunk(chunks).persist(THREADS);
      expect(bufferOf(kept)).not.toBe(sharedArena().memory.buffer);
      expect((await kept.notEqual(x).any().compute(THREADS)).item()).toBe(false);
      const [first] = (await kept.at("15, 1023, 1020:").compute(THREADS)).data;
      expect(first).toBe(Math.fround(SIZE - 4));
      kept.dispose();
    }
    giveBack();
  });

  it("a buffer that was given back is the next one's, unless something else ran between", async () => {
    const giveBack = fillArena();
    const x = cw.arange(SIZE, { dtype: "float32" });
    const a = await x.add(1).persist(THREADS);
    const before = bufferOf(a);
    a.dispose();
    const b = await x.add(2).persist(THREADS);
    expect(bufferOf(b)).toBe(before);
    expect((await b.min().compute(THREADS)).item()).toBe(2);
    b.dispose();
    await x.sum().compute(THREADS);
    const c = await x.add(3).persist(THREADS);
    expect(bufferOf(c)).not.toBe(before);
    c.dispose();
    giveBack();
  });

  it("one that a run reads is nobody else's before the run has ended", async () => {
    const giveBack = fillArena();
    const x = cw.arange(SIZE, { dtype: "float32" });
    const a = await x.add(1).persist(THREADS);
    const before = bufferOf(a);
    // At the first word of progress the run has begun and not ended: its hold is on the buffer.
    let other: Promise<cw.PersistedArray> | undefined;
    const onProgress = (): void => {
      if (other !== undefined) return;
      a.dispose();
      other = x.add(2).persist(THREADS);
    };
    const highest = await a
      .sin()
      .max()
      .compute({ ...THREADS, onProgress });
    expect(highest.item()).toBeGreaterThan(0.9999);
    const b = await (other as unknown as Promise<cw.PersistedArray>);
    expect(bufferOf(b)).not.toBe(before);
    b.dispose();
    giveBack();
  });
});

describe("arrays in the arena", () => {
  const numbers = Float64Array.from({ length: 600 * 700 }, (_, i) => Math.sin(i) * 1000);
  const expected = (f: (v: number, i: number) => number): number[] => Array.from(numbers, f);

  it("are read in place by every kind of stage", async () => {
    const x = cw.asarray(numbers, { shape: [600, 700], chunks: [128, 100] });
    const inPlace = { ...THREADS, memory: "64MiB" };
    const [sum, turned, picked, cut, mapped] = await cw.compute(
      [
        x.sum({ axis: 0 }),
        x.T.add(0),
        x.take([599, 3, 3, 0], { axis: 0 }),
        x.at("::-2, 5:600:7"),
        cw.mapBlocks((block) => block, x),
      ],
      inPlace,
    );
    const inline = await cw.compute(
      [x.sum({ axis: 0 }), x.T.add(0), x.take([599, 3, 3, 0], { axis: 0 }), x.at("::-2, 5:600:7")],
      { executor: "inline" },
    );
    [sum, turned, picked, cut].forEach((result, i) => {
      expect(result?.data).toEqual(inline[i]?.data);
    });
    expect(Array.from(mapped?.data ?? [])).toEqual(expected((v) => v));
  });

  it("persisted arrays are disposed of while a run reads them, and the run ends right", async () => {
    const kept = await cw.full([20_000_000], 0.5).persist(THREADS);
    let other: Promise<cw.PersistedArray> | undefined;
    const onProgress = (): void => {
      if (other !== undefined) return;
      kept.dispose();
      other = cw.ones([20_000_000]).persist(THREADS);
    };
    const sum = await kept
      .exp()
      .log()
      .sum()
      .compute({ ...THREADS, onProgress });
    expect(sum.item()).toBeCloseTo(1e7, 3);
    (await other)?.dispose();
    await expect(kept.sum().compute()).rejects.toThrow("was disposed");
  });

  it("persisted arrays outlive their threads", async () => {
    const kept = await cw
      .asarray(numbers, { shape: [600, 700] })
      .add(1)
      .persist(THREADS);
    await cw.shutdown();
    expect(Array.from((await kept.subtract(1).compute(THREADS)).data)).toEqual(
      expected((v) => v + 1 - 1),
    );
    kept.dispose();
  });

  it("blocks of several persisted arrays are read where they stay, and take nothing of the account", async () => {
    const { persistAll } = await import("../../dist/api/persist.js");
    const x = cw.asarray(numbers, { shape: [600, 700], chunks: [64, 700] });
    const y = x.multiply(2).add(1);
    const turned = cw.matrixTranspose(y).rechunk([50, 77]);
    const [a, b, c] = (await persistAll([y, y.sum({ axis: 1 }), turned], THREADS)) as [
      cw.PersistedArray,
      cw.PersistedArray,
      cw.PersistedArray,
    ];
    const want = expected((v) => 2 * v + 1);
    expect(Array.from((await a.compute(THREADS)).data as Float64Array)).toEqual(want);
    const sums = (
      await cw
        .asarray(Float64Array.from(want), { shape: [600, 700] })
        .sum({ axis: 1 })
        .compute()
    ).data;
    expect((await b.compute(THREADS)).data).toEqual(sums);
    const back = await cw.matrixTranspose(c).compute(THREADS);
    expect(back.shape).toEqual([600, 700]);
    expect(
      Array.from(
        await cw
          .equal(c, cw.matrixTranspose(a))
          .all()
          .compute()
          .then((r) => [r.item()]),
      ),
    ).toEqual([true]);
    for (const kept of [a, b, c]) kept.dispose();
  });
  it("one array persisted twice in a plan stays until both are disposed of", async () => {
    const x = cw.asarray(numbers, { shape: [600, 700] }).multiply(3);
    const { persistAll } = await import("../../dist/api/persist.js");
    const [a, b] = await persistAll([x, x], THREADS);
    a?.dispose();
    a?.dispose();
    expect(Array.from((await b?.compute(THREADS))?.data as Float64Array)).toEqual(
      expected((v) => v * 3),
    );
    b?.dispose();
  });

  it("what no longer fits beside others lies elsewhere, with the same values", async () => {
    const before = sharedArena().take(2 * 1024 * MIB);
    expect(before).toBeDefined();
    const full = sharedArena().take(250 * MIB);
    const x = cw.asarray(new Float32Array(32 * MIB).fill(0.5));
    const y = await x.at("::64").multiply(2).persist(THREADS);
    expect((await y.sum().compute(THREADS)).item()).toBe(MIB / 2);
    y.dispose();
    before?.dispose();
    full?.dispose();
  });

  it("an abort while results are put there leaves others untouched", async () => {
    const kept = await cw
      .asarray(numbers, { shape: [600, 700] })
      .add(0)
      .persist(THREADS);
    const abort = new AbortController();
    const run = cw
      .arange(40_000_000)
      .sin()
      .persist({ ...THREADS, signal: abort.signal });
    setTimeout(() => abort.abort(), 30);
    await expect(run).rejects.toThrow();
    const next = await cw.full([600, 700], 7).persist(THREADS);
    expect(Array.from((await kept.compute(THREADS)).data)).toEqual(expected((v) => v));
    expect((await next.max().compute(THREADS)).item()).toBe(7);
    kept.dispose();
    next.dispose();
  });
});
