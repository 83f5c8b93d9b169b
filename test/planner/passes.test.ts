/** Every pass earns its place: switched off, reads, bytes, stages or peak get worse, and values stay the same. */
import { afterAll, describe, expect, test } from "vitest";
import { runtime } from "../../dist/exec/runtime.js";
import type { SinkBinding } from "../../dist/ir/binding.js";
import { uniformCuts } from "../../dist/ir/cuts.js";
import { freshId, type Node } from "../../dist/ir/node.js";
import { totalStages } from "../../dist/ir/stage.js";
import * as blockOps from "../../dist/ops/blocks/index.js";
import * as ops from "../../dist/ops/index.js";
import type { PassName } from "../../dist/planner/context.js";
import { type PlanResult, plan } from "../../dist/planner/plan.js";
import { type CountedSource, store } from "./sources.js";

const MEMORY = 64 * 2 ** 20;

interface Ran {
  readonly chunks: number;
  readonly elements: number;
  readonly stages: number;
  readonly tasks: number;
  readonly peak: number;
  readonly values: readonly (ArrayBufferLike | undefined)[];
}

async function measure(
  source: CountedSource,
  roots: readonly Node[],
  off?: PassName,
  memory = MEMORY,
): Promise<Ran> {
  const before = { ...source.reads };
  const passes = off === undefined ? {} : { [off]: false };
  const made: PlanResult = plan(
    roots.map((node) => ({ node })),
    { memory, workers: 2, passes },
  );
  const { roots: values, stats } = await runtime.run(made.plan, made.bindings);
  return {
    chunks: source.reads.chunks - before.chunks,
    elements: source.reads.elements - before.elements,
    stages: totalStages(made.plan),
    tasks: made.plan.estimate.tasks,
    peak: stats.peakBytes,
    values: made.rootOf.map((n) => values[n]),
  };
}

async function compare(
  source: CountedSource,
  roots: readonly Node[],
  pass: PassName,
  memory = MEMORY,
): Promise<{ readonly on: Ran; readonly off: Ran }> {
  const on = await measure(source, roots, undefined, memory);
  const off = await measure(source, roots, pass, memory);
  for (const [i, value] of on.values.entries()) {
    expect(Buffer.from(off.values[i] as ArrayBuffer)).toEqual(Buffer.from(value as ArrayBuffer));
  }
  return { on, off };
}

const { add, multiply, subtract } = ops.binary;

describe("switching a pass off makes the plan worse", () => {
  test("canonicalize: a take of consecutive rows is a slice, rechunks vanish", async () => {
    const x = store([100, 100], [10, 10]);
    const rows = ops.take(ops.rechunk(ops.rechunk(x.node, 20), 50), [20, 21, 22, 23], 0);
    const { on, off } = await compare(x, [add(rows, 1)], "canonicalize");
    expect(on.stages).toBe(1);
    expect(off.stages).toBeGreaterThan(on.stages);
    expect(on.elements).toBe(400);
    expect(off.elements).toBeGreaterThan(on.elements);
  });

  test("algebra: a maximum over joined arrays joins nothing", async () => {
    const x = store([100, 100], [10, 100]);
    const joined = ops.concat([x.node, add(x.node, 1)], 0);
    const { on, off } = await compare(x, [ops.max(joined)], "algebra");
    expect(on.peak).toBeLessThan(off.peak);
  });

  test("statistics: where the condition is false in a block, the rest of it is not read", async () => {
    const x = store([512, 512], [64, 64]);
    const upper = ops.expandDims(ops.binary.less(ops.arange(0, 512, 1), 128), 1);
    const { on, off } = await compare(x, [ops.sum(ops.where(upper, x.node, 0))], "statistics");
    expect(off.chunks).toBe(64);
    expect(on.chunks).toBeLessThan(off.chunks);
  });

  test("sink: rows that a regrouped axis needs here and there are regrouped alone", async () => {
    const x = store([100, 24], [1, 24]);
    const hours = ops.at(ops.reshape(multiply(x.node, 2), [2400]), [ops.slice(5, null, 100)]);
    const { on, off } = await compare(x, [hours], "sink");
    expect(on.chunks).toBe(24);
    expect(off.chunks).toBe(97);
    const back = ops.at(ops.reshape(x.node, [2400]), [ops.slice(2390, null, -150)]);
    expect((await compare(x, [back], "sink")).on.chunks).toBe(16);
    // Two rows of three.
    const most = ops.at(ops.reshape(x.node, [2400]), [ops.slice(null, null, 36)]);
    expect((await measure(x, [most])).chunks).toBe(67);
    const pairs = store([4, 2], [1, 2]);
    const two = ops.at(ops.reshape(multiply(pairs.node, 2), [8]), [ops.slice(3, null, 3)]);
    expect((await compare(pairs, [two], "sink")).on.chunks).toBe(2);
  });

  test("sink: a turn of what is reduced is one of its input", async () => {
    const x = store([100, 100], [10, 10]);
    // A turn along a kept axis is one of what is reduced: no second stage only turns.
    const turned = ops.flip(ops.max(x.node, { axis: 0 }), 0);
    const maxima = await compare(x, [turned], "sink");
    expect(maxima.on.stages).toBeLessThan(maxima.off.stages);
  });

  test("sink: what is computed for a few rows is computed at them, what is joined for them is not joined", async () => {
    const x = store([100, 100], [10, 10]);
    const rows = ops.take(add(x.node, ops.sum(x.node, { axis: 0 })), [2, 95, 3], 0);
    const few = ops.take(multiply(add(x.node, 1), 2), [2, 95, 3], 0);
    const computed = await compare(x, [few], "sink");
    expect(computed.on.chunks).toBe(20);
    expect(computed.off.chunks).toBe(100);
    await compare(x, [rows, few], "sink");
    const y = store([100, 100], [10, 10]);
    const joined = await compare(
      y,
      [ops.take(ops.concat([y.node, y.node]), [150, 3, 4], 0)],
      "sink",
    );
    expect(joined.on.chunks).toBe(20);
    expect(joined.off.chunks).toBeGreaterThan(20);
  });

  test("sink: what others look at is made once, and selected from", async () => {
    const x = store([100, 100], [10, 10]);
    const doubled = multiply(x.node, 2);
    const { on } = await compare(x, [ops.take(doubled, [2, 95, 3], 0), doubled], "sink");
    expect(on.chunks).toBe(100);
    // Half of the rows in another order: moved as they were computed.
    const many = Array.from({ length: 60 }, (_, k) => (k * 37) % 100);
    const most = await measure(x, [ops.take(doubled, many, 0)]);
    expect(most.stages).toBe(2);
    expect(most.chunks).toBe(100);
  });

  test("demand: what two look at every few positions is made at these", async () => {
    const x = store([100, 120], [10, 1]);
    const sum = ops.sum(x.node, { axis: 0 });
    const parts = [ops.at(sum, [ops.slice(1, null, 6)]), ops.at(sum, [ops.slice(113, null, -4)])];
    const { on, off } = await compare(x, parts, "demand");
    expect(on.elements).toBe(100 * 58);
    expect(on.chunks).toBe(10 * 58);
    expect(off.elements).toBeGreaterThan(on.elements);
    // A selection that two look into names no more positions than they do together.
    const rows = ops.take(x.node, [95, 3, 44, 3, 71], 0);
    const twice = [ops.at(rows, [ops.slice(null, null, 2)]), ops.at(rows, [ops.slice(0, 3, 2)])];
    expect((await compare(x, twice, "demand")).on.chunks).toBe(3 * 120);
  });

  test("demand: who looks at nothing widens nothing", async () => {
    const x = store([12, 12], [12, 1]);
    const most = ops.argmax(x.node, { axis: 0 });
    const two = ops.at(most, [ops.slice(3, 1, -1)]);
    const none = ops.at(most, [ops.slice(9, 9)]);
    for (const roots of [
      [two, none],
      [none, two],
    ]) {
      expect((await compare(x, roots, "demand")).on.chunks).toBe(2);
    }
  });

  test("demand: slices of a sum read the columns of both", async () => {
    const x = store([100, 100], [10, 10]);
    const sum = ops.sum(x.node, { axis: 0 });
    const parts = [ops.at(sum, [ops.slice(0, 5)]), ops.at(sum, [ops.slice(3, 8)])];
    const { on, off } = await compare(x, parts, "demand");
    expect(on.chunks).toBe(10);
    expect(on.elements).toBe(800);
    expect(off.elements).toBeGreaterThan(on.elements);
  });

  test("grid: tiny chunks are coalesced", async () => {
    const x = store([10_000], [10]);
    const { on, off } = await compare(x, [add(x.node, 1)], "grid");
    expect(on.tasks).toBeLessThan(20);
    expect(off.tasks).toBe(1000);
  });

  test("rechunk: slabs to pencils read every chunk once", async () => {
    const x = store([64, 64], [2, 64]);
    const shape = [64, 64];
    const written: number[][] = [];
    const sink: SinkBinding = {
      kind: "sink",
      id: freshId(),
      name: "pencils",
      shape,
      dtype: "float64",
      chunks: [uniformCuts(64, 64), uniformCuts(64, 2)],
      thread: "caller",
      scratchBytes: 0,
      description: undefined,
      writer: { writeChunk: (position) => void written.push([...position]) },
    };
    const reads = async (passes: Partial<Record<PassName, boolean>>): Promise<number> => {
      const before = x.reads.chunks;
      const made = plan([{ node: x.node, sink }], { memory: 2 ** 18, workers: 2, passes });
      await runtime.run(made.plan, made.bindings);
      return x.reads.chunks - before;
    };
    const off = await reads({ rechunk: false });
    written.length = 0;
    const on = await reads({});
    expect(on).toBe(32);
    expect(off).toBeGreaterThanOrEqual(on);
    // Every storage object has exactly one writer.
    expect(new Set(written.map(String)).size).toBe(32);
    expect(written.length).toBe(32);
  });

  test("fuse: elementwise and reduction are one stage", async () => {
    const x = store([100, 100], [10, 100]);
    const total = ops.sum(multiply(add(x.node, 1), 2));
    const { on, off } = await compare(x, [total], "fuse");
    expect(on.stages).toBe(1);
    expect(off.stages).toBe(3);
    expect(on.peak).toBeLessThan(off.peak);
  });

  test("spill: slabs to pencils of what block functions make fits no memory, but memory and a disk", async () => {
    const memory = 2 ** 21;
    const x = store([128, 64, 64], [4, 64, 64]);
    const scaled = ((b: { data: Float64Array }) => b.data.map((v) => v * 2)) as never;
    const slabs = blockOps.mapBlocks(scaled, [x.node], {});
    const pencils = blockOps.mapBlocks(scaled, [ops.rechunk(slabs, [128, 8, 8])], {});
    const total = ops.max(pencils, { axis: 0 });
    const config = { memory, workers: 2 } as const;
    expect(() => plan([{ node: total }], { ...config, passes: { spill: false } })).toThrow(
      /does not fit memory = 2.00 MiB/,
    );
    const on = await measure(x, [total], undefined, memory);
    expect(on.chunks).toBe(32);
    expect(on.peak).toBeLessThanOrEqual(memory);
    const large = await measure(x, [total]);
    expect(on.values).toEqual(large.values);
  });

  test("residency: x - mean(x) reads x once", async () => {
    const x = store([100, 100], [10, 10]);
    const anomaly = subtract(x.node, ops.mean(x.node, { axis: 0 }));
    const { on, off } = await compare(x, [anomaly], "residency");
    expect(on.chunks).toBe(100);
    expect(off.chunks).toBe(200);
  });
});

test("residency: what is kept holds all that is read, through however many maps", async () => {
  // A sum over a window: eight slices of one source; and a ladder of slices, with 2^6 maps of the source below it.
  const sums = (x: Node, width: number): Node => {
    const count = 40 - width + 1;
    const part = (k: number): Node => ops.at(x, [ops.slice(k, k + count)]);
    return Array.from({ length: width - 1 }, (_, k) => part(k + 1)).reduce(
      (sum, p) => ops.binary.add(sum, p),
      part(0),
    );
  };
  const ladder = (x: Node): Node =>
    [1, 2, 3, 4, 5, 6].reduce(
      (y, s) => ops.binary.add(ops.at(y, [ops.slice(s)]), ops.at(y, [ops.slice(null, -s)])),
      x,
    );
  for (const build of [(x: Node) => sums(x, 8), (x: Node) => sums(x, 20), ladder]) {
    const x = store([40], [10]);
    const { on } = await compare(x, [build(x.node)], "residency");
    expect(on.elements).toBeLessThanOrEqual(40);
  }
});

test("residency: chunks that two parts of a moved array touch are read once", async () => {
  // The parts share no element, but the chunk in which the array is cut.
  const x = store([5, 9], [3, 4]);
  const { on, off } = await compare(x, [ops.roll(x.node, -1, 0)], "residency");
  expect(on.chunks).toBe(6);
  expect(off.chunks).toBe(9);
});

test("demand: what a block function takes is computed as far as it is looked at", async () => {
  const x = store([7, 12], [1, 12]);
  const rows = ops.at(ops.binary.multiply(x.node, 2), [ops.slice(5, 7)]);
  const { on, off } = await compare(x, [ops.cumulativeSum(rows, { axis: 0 })], "demand");
  expect(on.chunks).toBe(2);
  expect(off.chunks).toBeGreaterThanOrEqual(on.chunks);
});

test("elements that lie far apart are put together where one leaf holds all between them", async () => {
  const x = store([2048, 2048], [64, 64]);
  const some = ops.at(x.node, [ops.slice(5, null, 256), ops.slice(null, null, -256)]);
  const roomy = await measure(x, [ops.sum(some)]);
  const tight = await measure(x, [ops.sum(some)], undefined, 2 ** 21);
  expect([roomy.chunks, tight.chunks]).toEqual([64, 64]);
  expect(tight.stages).toBeGreaterThan(roomy.stages);
  expect(tight.values).toEqual(roomy.values);
});

test("what is gathered out of an array that was gathered anyway reads the store no more", async () => {
  const x = store([12, 3], [2, 3]);
  const inner = ops.take(x.node, [4, 4, 1, 4, 11], 0);
  const parts = [
    [0, 2, 3, 1, 1],
    [2, 4, 4],
  ].map((some) => ops.take(inner, some, 0));
  expect((await measure(x, [...parts, inner])).chunks).toBe(3);
  expect((await measure(x, parts)).chunks).toBe(3);
  // Where nothing else looks at it, it is not made.
  const alone = await measure(x, [parts[1] as Node]);
  expect([alone.chunks, alone.stages]).toEqual([2, 1]);
});

test("what is kept is made where somebody looks, and nowhere else", async () => {
  const x = store([9, 7], [7, 3]);
  const corner = ops.at(x.node, [ops.slice(5), ops.slice(0, 2)]);
  const top = ops.at(x.node, [ops.slice(0, 5)]);
  const ran = await measure(x, [ops.concat([corner, ops.ones([4, 5])], 1), top]);
  expect(ran.chunks).toBe(4);
});

test("of a reshape that several look at, rows that nobody needs are not read", async () => {
  const x = store([4, 30, 2], [4, 1, 2]);
  const some = ops.at(ops.reshape(x.node, [4, 60]), [ops.slice(), ops.slice(7, 60, 6)]);
  // Positions 7, 13 and so on to 55: rows 3, 6 and so on to 27.
  const ran = await measure(x, [some, ops.sum(some, { axis: 1 })]);
  expect(ran.chunks).toBe(9);
});

test("nothing is read for no elements, even of what is one element", async () => {
  const x = store([7, 12], [7, 3]);
  const none = ops.at(ops.binary.add(ops.min(x.node), store([12], [4]).node), [ops.slice(0, 0)]);
  const ran = await measure(x, [none, ops.at(x.node, [ops.slice(), 7])]);
  expect(ran.chunks).toBe(1);
});

test("of a shared result, blocks that nobody looks into are not made, however small they are", async () => {
  const x = store([8, 64], [8, 1]);
  const sums = ops.sum(x.node, { axis: 0 });
  const [some, other] = [ops.at(sums, [3]), ops.at(sums, [ops.slice(60, 62)])];
  expect((await measure(x, [some, ops.sum(other)])).chunks).toBe(3);
  // Asked for whole, it is made in one block.
  expect((await measure(x, [some, other, sums])).chunks).toBe(64);
});

test("a store rolled along both axes at once is kept, all but the corner that falls out", async () => {
  const x = store([7, 9], [3, 3]);
  const below = ops.at(x.node, [ops.slice(4), ops.slice(0, 6)]);
  const joined = ops.concat([below, ops.ones([3, 3])], 1);
  const ran = await measure(x, [ops.concat([ops.at(x.node, [ops.slice(0, 4)]), joined], 0)]);
  expect(ran.chunks).toBe(8);
});

test("every so many rows that several look at are kept without those between them", async () => {
  const x = store([64, 4], [2, 4]);
  const rows = ops.at(x.node, [ops.slice(null, null, -4)]);
  const turned = ops.permuteDims(ops.binary.multiply(rows, 2), [1, 0]);
  const ran = await measure(x, [rows, ops.max(turned, { axis: 1 })]);
  expect(ran.chunks).toBe(16);
  // What looks between them reads them too.
  const some = ops.at(x.node, [ops.slice(null, null, 2)]);
  expect((await measure(x, [rows, ops.max(some, { axis: 0 })])).chunks).toBe(32);
});

test("what two block functions take is computed twice where it cannot be held", async () => {
  const n = 2 ** 20;
  const x = store([n], [2 ** 14]);
  const running = ops.sum(ops.cumulativeSum(ops.binary.multiply(x.node, 2)));
  const held = await measure(x, [running]);
  const again = await measure(x, [running], undefined, 2 ** 22);
  expect([held.chunks, again.chunks]).toEqual([64, 128]);
  expect(again.values).toEqual(held.values);
});

describe("plain cases", () => {
  test("nested slices become one region read", async () => {
    const x = store([10, 10], [2, 2]);
    const part = ops.at(ops.at(x.node, [ops.slice(1, 8), ops.slice(2, 9)]), [
      ops.slice(1, 4),
      ops.slice(1, 4),
    ]);
    const ran = await measure(x, [part]);
    expect(ran.elements).toBe(9);
    expect(ran.stages).toBe(1);
  });

  test("several roots share one read", async () => {
    const x = store([100, 100], [10, 10]);
    const roots = [ops.mean(x.node), ops.std(x.node), ops.min(x.node), ops.max(x.node)];
    const ran = await measure(x, roots);
    expect(ran.chunks).toBe(100);
    expect(ran.stages).toBe(1);
  });

  test("sibling reductions of one state have one accumulator", () => {
    const x = store([100, 100], [10, 10]).node;
    const states = (roots: readonly Node[]): number[] => {
      const made = plan(
        roots.map((node) => ({ node })),
        { memory: MEMORY, workers: 2 },
      );
      return made.plan.stages.flatMap((s) => (s.kind === "reduce" ? [s.accumulators.length] : []));
    };
    const { mean, variance, std, sum } = ops;
    expect(states([variance(x), std(x), variance(x, { correction: 1 })])).toEqual([1]);
    const i = store([100, 100], [10, 10], "int32").node;
    expect(states([sum(i), sum(i, { dtype: "int64" })])).toEqual([1]);
    // A mean is a sum that is divided once: the mean that a variance is taken from has other bits.
    expect(states([mean(x), variance(x), std(x)])).toEqual([2]);
  });

  test("x + x and x + x.T read x once", async () => {
    const x = store([100, 100], [10, 10]);
    expect((await measure(x, [add(x.node, x.node)])).chunks).toBe(100);
    expect((await measure(x, [add(x.node, ops.matrixTranspose(x.node))])).chunks).toBe(100);
  });

  test("x - mean(x) within a budget that x does not fit reads it twice, and says so when nothing fits", async () => {
    const x = store([1000, 100], [10, 100]);
    const deviation = ops.mean(ops.unary.square(subtract(x.node, ops.mean(x.node, { axis: 0 }))));
    const small = await measure(x, [deviation], undefined, 512 * 1024);
    expect(small.chunks).toBe(200);
    expect(small.peak).toBeLessThanOrEqual(512 * 1024);
    const large = await measure(x, [deviation]);
    expect(large.chunks).toBe(100);
    expect(Buffer.from(large.values[0] as ArrayBuffer)).toEqual(
      Buffer.from(small.values[0] as ArrayBuffer),
    );
    expect(() => plan([{ node: deviation }], { memory: 2048, workers: 1 })).toThrow(
      /does not fit memory = 2.00 KiB.*would fit/,
    );
  });

  test("a part nobody looks at is not read", async () => {
    const x = store([10, 10], [5, 10]);
    const y = store([10, 10], [5, 10]);
    const part = ops.at(ops.concat([x.node, y.node], 0), [ops.slice(0, 5)]);
    const ran = await measure(x, [part]);
    expect(ran.chunks).toBe(1);
    expect(y.reads.chunks).toBe(0);
  });

  test("what a block function contracts is copied once instead of read for every block", async () => {
    const x = store([40, 40], [10, 10]);
    const sums = blockOps.blockwise(
      (a: { data: Float64Array }, b: { data: Float64Array }, info: { shape: number[] }) => {
        const sum = [...a.data, ...b.data].reduce((s, v) => s + v, 0);
        return new Float64Array((info.shape[0] as number) * (info.shape[1] as number)).fill(sum);
      },
      "ik",
      [
        { node: x.node, labels: "ij" },
        { node: ops.rechunk(ops.ones([40, 40], {}), 10), labels: "jk" },
      ],
    );
    const { on, off } = await compare(x, [sums], "rechunk");
    expect([on.chunks, off.chunks]).toEqual([16, 64]);
  });

  test("reductions and scans of the user's own run in any budget", () => {
    const huge = ops.rechunk(ops.zeros([10 ** 9], { dtype: "float64" }), 10 ** 6);
    const same = (b: { data: Float64Array }): Float64Array => b.data;
    const memory = 256 * 2 ** 20;
    const scanned = ops.sum(blockOps.scan(huge, { block: same, combine: same }));
    const reduced = blockOps.reduction(huge, { chunk: same, combine: same, aggregate: same });
    for (const node of [scanned, reduced]) {
      expect(plan([{ node }], { memory, workers: 2 }).plan.peakBytes).toBeLessThanOrEqual(memory);
    }
  });

  test("opaque block functions keep their blocks (slices and takes stay above them)", async () => {
    const x = store([12], [4]);
    const centred = blockOps.mapBlocks(
      ((b: { data: Float64Array }) => {
        const mean = b.data.reduce((s, v) => s + v, 0) / b.data.length;
        return b.data.map((v) => v - mean);
      }) as never,
      [x.node],
      {},
    );
    const values = async (node: Node): Promise<number[]> => {
      const ran = await measure(x, [node]);
      return [...new Float64Array(ran.values[0] as ArrayBuffer)];
    };
    expect(await values(ops.at(centred, [ops.slice(0, 2)]))).toEqual([-1.5, -0.5]);
    expect(await values(ops.take(centred, [3, 0, 5], 0))).toEqual([1.5, -1.5, -0.5]);
    const before = x.reads.chunks;
    await values(ops.at(centred, [ops.slice(0, 2)]));
    expect(x.reads.chunks - before).toBe(1);
  });

  test("a plan has no objects per chunk, and planning does not grow with their number", () => {
    const sizes = [1e4, 1e6].map((chunks) => {
      const x = store([chunks * 100], [100]);
      const made = plan([{ node: ops.sum(add(x.node, 1)) }], { memory: MEMORY, workers: 2 });
      expect(made.plan.estimate.readChunks).toBe(chunks);
      return JSON.stringify(made.plan).length;
    });
    expect(sizes[1]).toBeLessThan(2 * (sizes[0] as number));
  });

  test("a chain of 20,000 operations plans without recursion and runs", async () => {
    const x = store([100], [10]);
    let node: Node = x.node;
    for (let i = 0; i < 20_000; i++) node = add(node, 1);
    const ran = await measure(x, [node]);
    expect([...new Float64Array(ran.values[0] as ArrayBuffer)].slice(0, 3)).toEqual([
      20_000, 20_001, 20_002,
    ]);
  });

  test("plans are plain JSON data", () => {
    const x = store([100, 100], [10, 10]);
    const made = plan(
      [{ node: ops.sum(add(x.node, Number.NaN)) }, { node: ops.take(x.node, [5, 1, 99], 1) }],
      {
        memory: MEMORY,
        workers: 2,
      },
    );
    expect(JSON.parse(JSON.stringify(made.plan))).toEqual(made.plan);
  });
});

afterAll(() => runtime.shutdown());
