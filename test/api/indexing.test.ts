/** Selections and assignments: blocks, reads and combinations; their values are NumPy's in the golden table. */
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { runtime } from "../../dist/exec/runtime.js";
import * as cw from "../../dist/index.js";

const { slice, newaxis, ellipsis } = cw;
const all = null;
const PLACES = [{ executor: "inline" }, { executor: "threads", workers: 2 }] as const;

afterEach(() => expect(runtime.account().used).toBe(0));
afterAll(() => cw.shutdown());

const numbers = async (x: cw.LazyArray, options?: cw.ComputeOptions): Promise<number[]> =>
  Array.from((await x.compute(options)).data as Float64Array, Number);
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** A dense array and one-axis selections of it, written as plainly as can be. */
interface Plain {
  readonly shape: readonly number[];
  readonly at: (...position: number[]) => number;
}
type Indexer = number | null | typeof newaxis | { readonly picks: (n: number) => number[] };

function choose(x: Plain, axis: number, indexer: Indexer): Plain {
  if (indexer === null) return x;
  const head = x.shape.slice(0, axis);
  const tail = x.shape.slice(axis + 1);
  const n = x.shape[axis] as number;
  if (typeof indexer === "number") {
    const i = indexer < 0 ? indexer + n : indexer;
    return {
      shape: [...head, ...tail],
      at: (...p) => x.at(...p.slice(0, axis), i, ...p.slice(axis)),
    };
  }
  if ("kind" in indexer) {
    const shape = [...head, 1, n, ...tail];
    return { shape, at: (...p) => x.at(...p.slice(0, axis), ...p.slice(axis + 1)) };
  }
  const picks = indexer.picks(n);
  return {
    shape: [...head, picks.length, ...tail],
    at: (...p) =>
      x.at(...p.slice(0, axis), picks[p[axis] as number] as number, ...p.slice(axis + 1)),
  };
}

function flat({ shape, at }: Plain): number[] {
  const rows = (head: number[]): number[] =>
    head.length === shape.length
      ? [at(...head)]
      : range(shape[head.length] as number).flatMap((i) => rows([...head, i]));
  return rows([]);
}

describe("all combinations of three indexers, one after another", () => {
  const list = (...items: number[]): [cw.Selector, Indexer] => [items, { picks: () => items }];
  const INDEXERS: readonly [cw.Selector, Indexer][] = [
    [0, 0],
    [-2, -2],
    [all, all],
    [slice(null, 5), { picks: (n) => range(Math.min(5, n)) }],
    list(0, 1),
    list(0, 1, 2),
    list(4, 2),
    [slice(null, null, -1), { picks: (n) => range(n).reverse() }],
    [newaxis, newaxis],
    [slice(null, 0), { picks: () => [] }],
    list(),
  ];
  const plain: Plain = { shape: [6, 7, 8], at: (i = 0, j = 0, k = 0) => (i * 7 + j) * 8 + k };
  const x = cw
    .arange(6 * 7 * 8)
    .reshape([6, 7, 8])
    .rechunk(3);

  it.each(INDEXERS.map(([s], n) => [JSON.stringify(s), n]))("x[..., %s][:, j][k]", async (_, n) => {
    const [last, plainLast] = INDEXERS[n as number] as [cw.Selector, Indexer];
    const made: cw.LazyArray[] = [];
    const want: Plain[] = [];
    for (const [middle, plainMiddle] of INDEXERS) {
      for (const [first, plainFirst] of INDEXERS) {
        made.push(x.at(ellipsis, last).at(null, middle).at(first));
        // A new axis after the last one: in front of an axis that is then looked through.
        const one =
          plainLast === newaxis
            ? { shape: [6, 7, 8, 1], at: (...p: number[]) => plain.at(...p.slice(0, 3)) }
            : choose(plain, 2, plainLast);
        want.push(choose(choose(one, 1, plainMiddle), 0, plainFirst));
      }
    }
    const results = await cw.compute(made, { executor: "inline" });
    results.forEach((result, i) => {
      expect(result.shape).toEqual(want[i]?.shape);
      expect(Array.from(result.data as Float64Array)).toEqual(flat(want[i] as Plain));
    });
  });
});

describe("blocks of selections", () => {
  it("slices are cut where the blocks are", () => {
    const cut = (sizes: number[], s: cw.Selector): readonly number[] => {
      const n = sizes.reduce((a, b) => a + b, 0);
      return cw.zeros([n], { chunks: [sizes] }).at(s).chunks[0] as readonly number[];
    };
    expect(cut([25, 25, 25, 25], slice(10, 51))).toEqual([15, 25, 1]);
    expect(cut([20, 20, 20, 20, 20], slice(100, 12, -3))).toEqual([7, 7, 6, 7, 2]);
    expect(cut([20, 23, 27, 13, 21], slice(null, null, -3))).toEqual([7, 5, 9, 7, 7]);
    const months = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30];
    expect(cut(months, slice(240, 270))).toEqual([3, 27]);
    expect(cut(months, slice(180, 230))).toEqual([1, 31, 18]);
  });

  it("take keeps the length of the blocks", async () => {
    const x = cw.arange(10, { chunks: 5 });
    const order = range(15).map((i) => i % 10);
    expect(x.take(order).chunks).toEqual([[5, 5, 5]]);
    expect(await numbers(x.take(order))).toEqual(order);
    const slow = cw.zeros([4, 500, 500], { chunks: [1, 500, 500] });
    const long = slow.take([0, 1, ...new Array<number>(101).fill(2), 3], { axis: 0 });
    expect(long.chunks[0]).toEqual(new Array<number>(104).fill(1));
  });

  it("setItem keeps the blocks", () => {
    const x = cw.zeros([10, 10], { chunks: [[3, 7], 4] });
    for (const s of [
      [slice(1, 5)],
      [slice(1, 5, 2), 3],
      [[1, 2]],
      [0, [1, 5]],
    ] as cw.Selector[][]) {
      expect(x.setItem(s, 1).chunks).toEqual(x.chunks);
      expect(x.setItem(s, x.at(...s)).chunks).toEqual(x.chunks);
    }
  });
});

describe("values", () => {
  it("a shuffle in pieces", async () => {
    const x = cw
      .arange(24)
      .reshape([3, 8])
      .rechunk({ 0: [2, 1], 1: [4, 4] });
    for (const pieces of [
      [
        [1, 5, 6],
        [0, 3],
        [4, 2, 7],
      ],
      [[1], [0, 6, 5, 3, 2, 4], [7]],
    ]) {
      const order = pieces.flat();
      const want = range(3).flatMap((i) => order.map((j) => i * 8 + j));
      expect(await numbers(x.take(order, { axis: 1 }))).toEqual(want);
    }
  });

  it("the order that touches every block every time", async () => {
    const x = cw.arange(100, { chunks: 10 });
    const order = range(100).map((i) => (i % 10) * 10 + Math.floor(i / 10));
    expect(await numbers(x.take(order))).toEqual(order);
    expect(await numbers(x.at(cw.asarray(order, { dtype: "int64", chunks: 7 })))).toEqual(order);
  });

  it("slices of slices are one slice", async () => {
    const x = cw.arange(3000, { chunks: 100 });
    const first = async (y: cw.LazyArray): Promise<number[]> => numbers(y);
    expect(await first(x.at(slice(1000, 2000)).at(slice(10, 15)))).toEqual([
      1010, 1011, 1012, 1013, 1014,
    ]);
    const stepped = x.at(slice(1000, 2000, 5)).at(slice(10, 20, 2));
    expect(await first(stepped)).toEqual([1050, 1060, 1070, 1080, 1090]);
    const held = cw.asarray(new Float64Array(3000)).add(1);
    const { stages } = cw.plan(held.at(slice(1000, 2000, 5)).at(slice(10, 20, 2)));
    expect(stages).toHaveLength(1);
    expect(stages[0]).toMatchObject({ operands: [{ map: [{ axis: 0, start: 1050, step: 10 }] }] });
    const grid = cw
      .arange(300 * 300)
      .reshape([300, 300])
      .rechunk(64);
    const y = grid.at(slice(100, 200), slice(100, 200, 10)).at(slice(10, 15), [5, 2]);
    const want = range(5).flatMap((i) => [(110 + i) * 300 + 150, (110 + i) * 300 + 120]);
    expect(await numbers(y)).toEqual(want);
  });

  it.each(PLACES)("lookups and scatters in many blocks, $executor", async (place) => {
    const n = 1_500_000;
    const order = cw.arange(n, { dtype: "int64", chunks: 200_000 }).multiply(7).remainder(n);
    const x = cw.arange(n, { chunks: 100_000 });
    const looked = x.at(order);
    const back = cw.zeros([n], { chunks: 130_000 }).setItem([order], looked);
    // 7 has no factor in common with n: every position is met once.
    const { a, b, c } = await cw.compute(
      {
        a: looked.subtract(order).abs().max(),
        b: back.subtract(x).abs().max(),
        c: looked.take([0, 1, n - 1]),
      },
      { ...place, memory: "256MiB" },
    );
    expect([a.item(), b.item(), ...c.data]).toEqual([0, 0, 0, 7, n - 7]);
    expect(cw.plan(looked).stages.some((s) => s.estimate.tasks > 1 && s.kind === "call")).toBe(
      true,
    );
  });

  it("repeat of something computed by nothing", async () => {
    const x = cw.ones([3, 4], { chunks: 2 }).add(1).rechunk(1);
    expect((await x.repeat(0, { axis: 0 }).compute()).shape).toEqual([0, 4]);
    expect((await cw.asarray([true, false]).equal(true).repeat(0).compute()).shape).toEqual([0]);
  });

  it("equal selections are one expression", () => {
    const x = cw.zeros([5, 5]);
    expect(x.at([0, 3], [1, 2]).node).toBe(x.at(new Int8Array([0, 3]), [[1, 2]].flat()).node);
    expect(x.setItem([0, 1], 1).node).toBe(x.setItem([0, 1], 1).node);
  });

  it("assigned values come from lists, results and typed arrays", async () => {
    const x = cw.zeros([2, 3], { dtype: "int32" });
    const result = await cw.arange(3, { dtype: "int8" }).compute();
    expect(await numbers(x.setItem(0, [1, 2, 3]))).toEqual([1, 2, 3, 0, 0, 0]);
    expect(await numbers(x.setItem(1, result))).toEqual([0, 0, 0, 0, 1, 2]);
    expect(await numbers(x.setItem([all, 1], new Int16Array([7, 8])))).toEqual([0, 7, 0, 0, 8, 0]);
    expect(
      await numbers(
        x.setItem(
          [
            [1, 0],
            [2, 2],
          ],
          true,
        ),
      ),
    ).toEqual([0, 0, 1, 0, 0, 1]);
    expect(await numbers(x.at(all, result))).toHaveLength(6);
    expect((await x.at(await cw.asarray(1n).compute()).compute()).shape).toEqual([3]);
  });
});

/** A source that notes which of its chunks are read. */
function counted(
  shape: number[],
  chunks: number[],
): { x: cw.LazyArray<"float64">; read: string[] } {
  const read: string[] = [];
  const x = cw.fromSource({
    shape,
    dtype: "float64",
    chunks,
    readInto: (region, { data, offset, stride }) => {
      read.push(
        region.map((r) => Math.floor(r.start / (chunks[region.indexOf(r)] as number))).join(),
      );
      const [a, b] = region as [{ start: number; stop: number }, { start: number; stop: number }];
      for (let i = a.start; i < a.stop; i++) {
        for (let j = b.start; j < b.stop; j++) {
          const to =
            offset + (i - a.start) * (stride[0] as number) + (j - b.start) * (stride[1] as number);
          (data as Float64Array)[to] = i * (shape[1] as number) + j;
        }
      }
    },
  });
  return { x, read };
}

describe("masks", () => {
  const x = cw.arange(12).reshape([3, 4]).rechunk([2, 3]);

  it("assigns where a mask is true", async () => {
    const big = x.greater(8);
    expect(await numbers(x.setItem(big, -1))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, -1, -1, -1]);
    const rows = await x.setItem([[true, false, true]], cw.arange(4).multiply(10)).compute();
    expect(rows.toNested()).toEqual([
      [0, 10, 20, 30],
      [4, 5, 6, 7],
      [0, 10, 20, 30],
    ]);
    const columns = await x.setItem([null, [false, true, true, false]], [[1], [2], [3]]).compute();
    expect(columns.toNested()).toEqual([
      [0, 1, 1, 3],
      [4, 2, 2, 7],
      [8, 3, 3, 11],
    ]);
    expect(x.setItem(big, -1).chunks).toEqual(x.chunks);
  });

  it("boolean lists and results select as lazy masks do", async () => {
    const list = await x.at([true, false, true]).compute();
    expect(list.toNested()).toEqual([
      [0, 1, 2, 3],
      [8, 9, 10, 11],
    ]);
    const result = await x.less(3).compute();
    expect(await numbers(x.at(result))).toEqual([0, 1, 2]);
  });

  it("text selects and assigns", async () => {
    expect(await numbers(x.at("1, ::-2"))).toEqual([7, 5]);
    expect(await numbers(x.setItem("1:, 1:3", 0))).toEqual([0, 1, 2, 3, 4, 0, 0, 7, 8, 0, 0, 11]);
  });
});

describe("what is read", () => {
  it("several constant arrays read the rows that they name", async () => {
    const { x, read } = counted([100, 40], [10, 40]);
    expect(await numbers(x.at([5, 95, 7], [1, 2, 3]))).toEqual([201, 3802, 283]);
    expect([...new Set(read)].sort()).toEqual(["0,0", "9,0"]);
  });

  it("what is replaced is not read", async () => {
    const { x, read } = counted([100, 40], [10, 40]);
    await x.setItem([slice(10, 100)], cw.arange(90).reshape([90, 1])).compute();
    expect(read).toEqual(["0,0"]);
  });

  it("a preview reads the corners", async () => {
    const { x, read } = counted([100, 4], [10, 4]);
    expect(await x.preview({ edge: 2 })).toBe(
      [
        "float64 100 x 4",
        "[[  0    1    2    3]",
        " [  4    5    6    7]",
        " ...",
        " [392  393  394  395]",
        " [396  397  398  399]]",
      ].join("\n"),
    );
    expect(read.sort()).toEqual(["0,0", "9,0"]);
  });
});

describe("blocks()", () => {
  it.each(PLACES)("every element once, every chunk read once, $executor", async (place) => {
    const { x, read } = counted([103, 40], [10, 9]);
    const ids: string[] = [];
    let wrong = 0;
    for await (const { blockId, offset, block } of x.blocks({ ...place, memory: "1MiB" })) {
      ids.push(blockId.join());
      for (let i = 0; i < (block.shape[0] as number); i++) {
        for (let j = 0; j < (block.shape[1] as number); j++) {
          const at = ((offset[0] as number) + i) * 40 + (offset[1] as number) + j;
          if (block.get(i, j) !== at) wrong++;
        }
      }
    }
    expect(wrong).toBe(0);
    expect(ids).toEqual(range(11).flatMap((i) => range(5).map((j) => `${i},${j}`)));
    expect(read.length).toBe(new Set(read).size);
  });

  it("goes through more than memory", async () => {
    const x = cw.ones([2000, 1000], { chunks: [100, 1000] }).add(1);
    await expect(x.compute({ memory: "4MiB" })).rejects.toThrow("go through them with blocks()");
    let sum = 0;
    for await (const { block } of x.blocks({ memory: "4MiB" })) {
      for (const v of block.data) sum += v;
    }
    expect(sum).toBe(4_000_000);
  });

  it("takes other chunks, and every shape and dtype", async () => {
    const shapes: unknown[] = [];
    const x = cw.arange(10).astype("complex64");
    for await (const { block, offset } of x.blocks({ chunks: [[3, 7]] })) {
      shapes.push([block.shape, offset, block.get(0)]);
    }
    expect(shapes).toEqual([
      [[3], [0], [0, 0]],
      [[7], [3], [3, 0]],
    ]);
    for await (const { block, blockId } of cw.zeros([]).blocks()) {
      expect([blockId, block.item()]).toEqual([[], 0]);
    }
    for await (const { block, blockId } of cw.zeros([0, 3]).blocks()) {
      expect([blockId, block.shape]).toEqual([
        [0, 0],
        [0, 3],
      ]);
    }
  });

  it("ends early, and what was begun ahead is cancelled", async () => {
    const x = cw.ones([400, 1000], { chunks: [50, 1000] }).add(1);
    let seen = 0;
    for await (const _ of x.blocks({ memory: "8MiB", executor: "threads", workers: 2 })) {
      if (++seen === 3) break;
    }
    expect(seen).toBe(3);
    expect(runtime.account().used).toBe(0);
  });

  it("rejects with what went wrong, after the blocks before it", async () => {
    const x = cw.fromSource({
      shape: [400_000],
      dtype: "float64",
      chunks: [100_000],
      readInto: ([r], { data, offset }) => {
        if (r?.start === 200_000) throw new Error("the disk is gone");
        (data as Float64Array).fill(1, offset, offset + 100_000);
      },
    });
    let seen = 0;
    await expect(async () => {
      for await (const { block } of x.blocks({ memory: "8MiB" })) seen += block.size;
    }).rejects.toThrow("the disk is gone");
    expect(seen).toBe(200_000);
  });

  it("rejects when its signal fires", async () => {
    const stop = new AbortController();
    const x = cw.ones([400, 1000], { chunks: [50, 1000] }).add(1);
    let seen = 0;
    await expect(async () => {
      for await (const _ of x.blocks({ signal: stop.signal, memory: "8MiB" })) {
        seen++;
        stop.abort();
      }
    }).rejects.toThrow(cw.AbortError);
    expect(seen).toBeLessThan(8);
  });
});
