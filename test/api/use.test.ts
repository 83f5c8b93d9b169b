/** The public face as its users meet it: results, runs and their options. */
import ops from "ndarray-ops";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { runtime } from "../../dist/exec/runtime.js";
import * as cw from "../../dist/index.js";

const PLACES = ["inline", "threads"] as const;
const x = cw.arange(12, { dtype: "float32", chunks: 5 }).reshape([3, 4]);
const rows = [
  [0, 1, 2, 3],
  [4, 5, 6, 7],
  [8, 9, 10, 11],
];

afterEach(() => expect(runtime.account().used).toBe(0));
afterAll(() => cw.shutdown());

describe.each(PLACES)("%s", (executor) => {
  const value = async (array: cw.LazyArray): Promise<unknown> =>
    (await array.compute({ executor })).toNested();

  it("reduces over no axes: every element is its own group", async () => {
    expect(await value(x.sum({ axis: [] }))).toEqual(rows);
    expect(await value(x.mean({ axis: [], keepdims: true }))).toEqual(rows);
    expect(await value(x.greater(5).any({ axis: [] }))).toEqual(
      rows.map((r) => r.map((v) => v > 5)),
    );
    expect(await value(x.var({ axis: [] }))).toEqual(rows.map((r) => r.map(() => 0)));
  });

  it("reduces 0-d arrays", async () => {
    const five = cw.asarray(5);
    const all = { sum: 5, mean: 5, prod: 5, min: 5, max: 5, std: 0, any: true, argmax: 0n };
    for (const [fn, expected] of Object.entries(all)) {
      const reduced = five[fn as "sum"]();
      expect(reduced.shape).toEqual([]);
      expect((await reduced.compute({ executor })).item(), fn).toBe(expected);
    }
  });

  it("answers in the shape in which it was asked", async () => {
    const [low, high] = await cw.compute([x.min(), x.max()], { executor });
    expect([low.item(), high.item()]).toEqual([0, 11]);
    const { sum, first } = await cw.compute({ sum: x.sum(), first: x.at(0) }, { executor });
    expect([sum.item(), first.toNested()]).toEqual([66, rows[0]]);
    expect(await cw.compute([], { executor })).toEqual([]);
    expect(await cw.compute({}, { executor })).toEqual({});
  });

  it("gives every result a buffer of its own, also of equal arrays", async () => {
    for (const shared of [false, true]) {
      const [a, b] = await cw.compute([x, x], { executor, shared });
      a.set(0, 0, 99);
      expect([a.get(0, 0), b.get(0, 0)]).toEqual([99, 0]);
      const kind = shared ? SharedArrayBuffer : ArrayBuffer;
      expect([a.data.buffer, b.data.buffer].every((buffer) => buffer instanceof kind)).toBe(true);
    }
  });

  it("neither sees later changes of its data nor hands it out", async () => {
    const data = new Float64Array([1, 2, 3]);
    const array = cw.asarray(data);
    data[0] = 50;
    const first = await array.compute({ executor });
    first.set(1, 50);
    expect(await value(array)).toEqual([1, 2, 3]);
  });

  it("keeps persisted arrays until they are disposed of", async () => {
    const kept = await x.add(1).persist({ executor });
    expect(kept.chunks).toEqual(x.add(1).chunks);
    expect((await kept.sum().compute({ executor })).item()).toBe(78);
    kept.dispose();
    kept.dispose();
    await expect(kept.sum().compute({ executor })).rejects.toThrow(
      "persisted add was disposed; persist it again",
    );
  });

  it("computes the same as written and optimised", async () => {
    const array = x
      .add(1)
      .multiply(2)
      .at(cw.slice(null, null, -1), 1)
      .sqrt();
    const raw = await array.compute({ executor, optimize: false });
    expect((await array.compute({ executor })).data).toEqual(raw.data);
  });

  it("tells progress to the end, and fails with its listener", async () => {
    const events: { tasksDone: number; tasksTotal: number }[] = [];
    const onProgress = (event: (typeof events)[number]): unknown => events.push(event);
    await cw.ones([64, 64], { chunks: 16 }).sin().compute({ executor, onProgress });
    const last = events.at(-1);
    expect(last?.tasksDone).toBeGreaterThan(0);
    expect(last?.tasksDone).toBe(last?.tasksTotal);
    const broken = (): void => {
      throw new Error("no terminal");
    };
    await expect(x.compute({ executor, onProgress: broken })).rejects.toThrow("no terminal");
  });

  it("stops for its signal", async () => {
    const reason = new Error("enough");
    const signal = AbortSignal.abort(reason);
    const error: unknown = await x.compute({ executor, signal }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(cw.AbortError);
    expect((error as Error).cause).toBe(reason);
  });
});

it.each(["64MiB", "1GB", "0.5 GiB", "64 mib", 67_108_864])("takes memory: %s", async (memory) => {
  expect((await x.sum().compute({ memory })).item()).toBe(66);
});

describe("results", () => {
  it("have the layout of ndarray, over the same data", async () => {
    const result = await x.compute();
    expect(String(result)).toBe("NDArray<float32>[3, 4]");
    expect([result.index(1, 2), result.get(1, 2), result.dimension]).toEqual([6, 6, 2]);
    const view = result.toNdarray();
    ops.addseq(view as never, 1);
    expect(result.get(0, 0)).toBe(1);
    expect(ops.sup(result as never)).toBe(12);
    const turned = view.lo(1, 1).step(1, -1).transpose(1, 0);
    expect((await cw.asarray(turned).compute()).toNested()).toEqual([
      [8, 12],
      [7, 11],
      [6, 10],
    ]);
  });

  it("of 64 bits are bigints, or numbers where that is exact", async () => {
    const count = await x.greater(5).sum().compute();
    expect(count.item()).toBe(6n);
    expect(count.item({ bigint: "number" })).toBe(6);
    const long = await cw.asarray(2n ** 60n + 1n).compute();
    expect(() => long.item({ bigint: "number" })).toThrow(cw.DTypeError);
  });
});

describe("typed arrays of a shape", () => {
  it("are read in row-major order", async () => {
    const array = cw.asarray(new Int16Array([1, 2, 3, 4, 5, 6]), { shape: [2, 3], chunks: [1, 2] });
    expect([array.dtype, array.chunks]).toEqual([
      "int16",
      [
        [1, 1],
        [2, 1],
      ],
    ]);
    expect((await array.compute()).toNested()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
  });
  it("may be 0-d, empty, or cast", async () => {
    expect((await cw.asarray(new Float64Array([7]), { shape: [] }).compute()).item()).toBe(7);
    expect(cw.asarray(new Uint8Array(0), { shape: [0, 4] }).shape).toEqual([0, 4]);
    const cast = cw.asarray(new Uint8Array([0, 2]), { shape: 2, dtype: "bool" });
    expect((await cast.compute()).toNested()).toEqual([false, true]);
  });
});
