/** What tasks find out about values: results keep their bits, and what nothing depends on is not read. */
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { runtime } from "../../dist/exec/runtime.js";
import { reduceNode, sourceNode } from "../../dist/ir/build.js";
import { cutsFromSizes, uniformCuts } from "../../dist/ir/cuts.js";
import { arrayClass, type DType, isBig, slotsPerElement } from "../../dist/ir/dtype.js";
import type { Node } from "../../dist/ir/node.js";
import { evaluate } from "../../dist/kernels/reference/index.js";
import * as ops from "../../dist/ops/index.js";
import { plan } from "../../dist/planner/plan.js";
import { expectSame, type Outcome, runPlanned } from "../property/agree.js";
import { graphOf } from "../property/graphs.js";
import { random } from "../property/random.js";
import { punch, storeBinding } from "../property/stores.js";

afterAll(() => runtime.shutdown());

const MEMORY = 2 ** 24;

interface Source {
  readonly node: Node;
  readonly reads: { chunks: number };
}

interface Making {
  readonly shape?: readonly number[];
  readonly chunks?: readonly number[];
  readonly fill?: number | bigint;
  readonly value?: (i: number) => number | bigint;
  /** Which chunks, by number, are missing. */
  readonly holes?: (n: number) => boolean;
  readonly residence?: "store" | "memory";
  readonly later?: boolean;
}

/** 8 x 8 chunks of 32 x 64 unless said otherwise; element i is what `value` says. */
function source(dtype: DType, made: Making = {}): Source {
  const { shape = [256, 512], chunks = [32, 64], fill = 0, holes = () => false } = made;
  const { value = (i) => (i % 23) + 1, residence = "store", later = false } = made;
  const slots = slotsPerElement(dtype);
  const data = new (arrayClass(dtype))(shape.reduce((a, b) => a * b, slots)) as Float64Array;
  const as = (v: number | bigint): number =>
    (isBig(dtype) ? BigInt(v) : dtype === "bool" ? Number(v !== 0) : v) as number;
  for (let i = 0; i < data.length; i++) data[i] = as(value(i));
  const grid = shape.map((n, i) => uniformCuts(n, chunks[i] as number));
  const given = { shape, dtype, chunks: grid, residence, later };
  let n = 0;
  const missing = punch(data, given, [as(fill), as(fill)], () => holes(n++));
  const reads = { chunks: 0 };
  return { node: sourceNode(storeBinding(data, reads, { ...given, holes: missing })), reads };
}

/** Runs with the pass on and off: the reference's bits, and what the stages counted with it. */
async function both(roots: readonly Node[], inlineBytes?: number) {
  const graph = graphOf(roots, { chunks: 0 });
  const want = await evaluate(roots);
  const ways: Outcome[] = [];
  for (const statistics of [true, false]) {
    const requests = roots.map((node) => ({ node }));
    const made = plan(requests, { memory: MEMORY, workers: 2, passes: { statistics } });
    const got = await runPlanned(graph, made, inlineBytes ?? Number.POSITIVE_INFINITY);
    expectSame(roots, want, got, statistics ? "on" : "off");
    ways.push(got);
  }
  return ways[0] as Outcome;
}

/** Chunks of some sources that a plan reads, with the pass and without it. */
async function reads(roots: readonly Node[], sources: readonly Source[], inlineBytes?: number) {
  const requests = roots.map((node) => ({ node }));
  const out: { on: number[]; off: number[] } = { on: [], off: [] };
  await both(roots, inlineBytes);
  for (const way of ["on", "off"] as const) {
    for (const s of sources) s.reads.chunks = 0;
    const passes = { statistics: way === "on" };
    const made = plan(requests, { memory: MEMORY, workers: 2, passes });
    await runtime.run(made.plan, made.bindings, { inlineBytes: inlineBytes ?? Infinity });
    out[way].push(...sources.map((s) => s.reads.chunks));
  }
  return out;
}

const { add, multiply, subtract, greater, bitwiseAnd, bitwiseOr } = ops.binary;
const { sqrt } = ops.unary;
const FLOATS = [0, -0, Number.NaN, Number.POSITIVE_INFINITY, 0.1, -3.5e300];
const INTEGERS = [0, 1, -1, 127, -(2 ** 31), 2 ** 31 - 1];

/** Reductions of one array whose order or count could show. */
const reductions = (x: Node, axis: number | readonly number[] | undefined): readonly Node[] => [
  ops.sum(x, { axis }),
  ops.prod(x, { axis }),
  ops.mean(ops.astype(x, "float64"), { axis }),
  ops.std(ops.astype(x, "float64"), { axis }),
  ops.min(x, { axis }),
  ops.max(x, { axis }),
  ops.any(x, { axis }),
  ops.all(x, { axis }),
];

describe("results have the bits of the reference, with the pass and without", () => {
  test("reductions of what is missing, in part and altogether", async () => {
    const dtypes: readonly DType[] = ["float32", "float64", "int8", "int32", "int64", "uint16"];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...dtypes),
        fc.nat(5),
        fc.constantFrom(0.3, 0.8, 1),
        fc.constantFrom(undefined, 0, 1, [0, 1]),
        // Chunks that leaves divide, that divide leaves, and that are neither.
        fc.constantFrom(
          [
            [40, 2100],
            [8, 1030],
          ],
          [
            [700, 30],
            [97, 30],
          ],
          [[3000], [250]],
          [[9000], [4096]],
        ),
        fc.nat(),
        async (dtype, which, share, axis, [shape, chunks], seed) => {
          const fill = (dtype.startsWith("float") ? FLOATS : INTEGERS)[which] as number;
          const next = random(seed);
          const { node } = source(dtype, { shape, chunks, fill, holes: () => next() < share });
          const over = shape?.length === 1 && axis !== undefined ? 0 : axis;
          await both(reductions(node, over));
          if (typeof over !== "object") {
            await both([ops.argmin(node, { axis: over }), ops.argmax(node, { axis: over })]);
          }
        },
      ),
      { seed: 5, numRuns: 12 },
    );
  });

  test("leaves of equal elements that differ in the axes before those of a batch", async () => {
    const shape = [40, 31, 31];
    const { node } = source("float64", { shape, chunks: [3, 3, 3], fill: 3, holes: () => true });
    const leaves = [
      [3, 1, 4, 3, 6, 9, 2, 2, 4, 1, 3, 2],
      [30, 1],
      [6, 4, 3, 1, 2, 3, 1, 4, 3, 4],
    ].map((sizes) => cutsFromSizes(sizes));
    const sum = reduceNode(node, "sum", [0, 1, 2], leaves, "float64", "float64", 0);
    for (const memory of [MEMORY, 300_000, 200_000, 160_000, 90_000, 60_000]) {
      const { plan: made, bindings } = plan([{ node: sum }], { memory, workers: 2 });
      const { roots } = await runtime.run(made, bindings, { inlineBytes: Infinity });
      expect(new Float64Array(roots[0] as ArrayBuffer), `${memory} bytes`).toEqual(
        Float64Array.of(3 * 40 * 31 * 31),
      );
    }
  });

  test("maps, masks and products of what is missing", async () => {
    for (const fill of FLOATS) {
      const next = random(7);
      const small = { shape: [96, 160], chunks: [16, 32] };
      const holes = (): boolean => next() < 0.7;
      const x = source("float64", { ...small, fill, holes }).node;
      const y = source("float32", { ...small, fill: -0, holes }).node;
      const m = source("bool", { ...small, holes }).node;
      const z = source("complex64", { ...small, fill, holes }).node;
      const i = source("int32", { ...small, fill: 2 ** 31 - 1, holes }).node;
      await both([
        add(multiply(sqrt(x), 2), 1),
        ops.where(m, x, y),
        ops.sum(ops.where(m, multiply(x, y), 0)),
        ops.sum(multiply(z, z), { axis: 1 }),
        add(i, i),
        multiply(i, ops.astype(m, "int32")),
        ops.binary.floorDivide(i, ops.astype(m, "int32")),
        ops.std(x, { axis: 0 }),
        ops.sum(ops.where(bitwiseOr(m, greater(x, y)), x, y)),
        subtract(x, ops.mean(x)),
        ops.matmul(x, ops.permuteDims(y, [1, 0])),
        ops.cumulativeSum(x, { axis: 1 }),
      ]);
    }
  });

  test("conditions that are decided in some blocks, within others, whatever the unread branch would be", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.boolean(),
        fc.constantFrom("store", "memory"),
        async (seed, later, residence) => {
          const next = random(seed);
          const holes = (): boolean => next() < 0.75;
          const made = { residence: residence as "store", holes, later };
          const a = source("bool", { ...made, fill: Number(next() < 0.3) }).node;
          const b = source("bool", { later, holes, fill: Number(next() < 0.5) }).node;
          const heavy = source("float64", {
            value: (k) => (k % 5 === 0 ? Number.NaN : k),
            later,
          }).node;
          const other = source("float64", { fill: -0, holes, later }).node;
          const n = source("int16", { ...made, fill: 0 }).node;
          await both([
            ops.where(a, ops.where(b, heavy, other), -1),
            ops.sum(ops.where(bitwiseAnd(a, b), heavy, other)),
            ops.where(ops.unary.logicalNot(bitwiseOr(a, b)), heavy, 0.5),
            ops.max(multiply(n, ops.astype(b, "int16")), { axis: 0 }),
            ops.any(bitwiseAnd(a, greater(heavy, other)), { axis: 1 }),
            ops.sum(ops.tril(heavy)),
          ]);
        },
      ),
      { seed: 11, numRuns: 8 },
    );
  });
});

describe("what nothing depends on is not read", () => {
  const half = (n: number): boolean => n < 32;

  test.each([undefined, 0])("where a mask is false, on inline bytes %s", async (inlineBytes) => {
    // Blocks are as large as the upper half of the array at the most: it has no mask.
    const mask = source("bool", { holes: half });
    const heavy = source("float64");
    const total = ops.sum(ops.where(mask.node, heavy.node, 0));
    const { on, off } = await reads([total], [mask, heavy], inlineBytes);
    expect(off).toEqual([64, 64]);
    expect(on).toEqual([64, 32]);
    const map = await reads([ops.where(mask.node, heavy.node, -1)], [mask, heavy], inlineBytes);
    expect(map.on).toEqual([64, 32]);
  });

  test("where a mask in memory, or one that is computed, is false", async () => {
    const mask = source("bool", { residence: "memory", value: (i) => Number(i >= 256 * 256) });
    const heavy = source("float64");
    const { on } = await reads([ops.sum(ops.where(mask.node, heavy.node, 0))], [heavy]);
    expect(on).toEqual([32]);
    const field = source("float64", { holes: half });
    const where = ops.where(greater(field.node, 0.5), heavy.node, 7);
    expect((await reads([where], [field, heavy])).on).toEqual([64, 32]);
    const other = ops.where(greater(field.node, -1), 7, heavy.node);
    expect((await reads([other], [field, heavy])).on).toEqual([64, 0]);
  });

  test("on the other side of and, or, and a product of integers; not of floats", async () => {
    const none = source("bool", { holes: half });
    const all = source("bool", { holes: half, fill: 1 });
    const right = source("bool");
    const shown = (condition: Node): Node => ops.where(condition, 1.5, 2.5);
    const both = shown(bitwiseAnd(none.node, right.node));
    // Which of them is the one to look at first is found out in the first block, of eight.
    const [first, second] = (await reads([both], [none, right])).on as [number, number];
    expect([first === 64, second <= 40, second >= 32]).toEqual([true, true, true]);
    const either = shown(bitwiseOr(all.node, right.node));
    // Everything is true in the other half as well: one of the two is not needed anywhere.
    expect((await reads([either], [all, right])).on.reduce((a, b) => a + b)).toBe(64);
    const zeros = source("int32", { holes: half });
    const counts = source("int32");
    const product = multiply(zeros.node, counts.node);
    const of = (await reads([ops.sum(product)], [zeros, counts])).on as [number, number];
    expect([of[0], of[1] < 64]).toEqual([64, true]);
    const floats = [source("float64", { holes: half }), source("float64")] as const;
    const [f, g] = floats;
    expect((await reads([multiply(f.node, g.node)], floats)).on).toEqual([64, 64]);
  });

  test("where the position says so", async () => {
    const x = source("float64");
    const upper = ops.expandDims(ops.binary.less(ops.arange(0, 256, 1), 128), 1);
    const { on, off } = await reads([ops.sum(ops.where(upper, x.node, 0))], [x]);
    expect([off, on]).toEqual([[64], [32]]);
  });

  test("a mask that is true somewhere in a block changes nothing", async () => {
    const mask = source("bool", { value: (i) => Number(i % 4099 === 4098) });
    const heavy = source("float64");
    const { on, off } = await reads([ops.sum(ops.where(mask.node, heavy.node, 0))], [mask, heavy]);
    expect(on).toEqual(off);
  });
});

describe("stages count", () => {
  test.each([undefined, 0])(
    "what was missing, not needed and of one value, on inline bytes %s",
    async (inlineBytes) => {
      const mask = source("bool", { holes: (n) => n < 32 });
      const heavy = source("float64", { holes: (n) => n >= 56 });
      const requests = [{ node: ops.sum(ops.where(mask.node, heavy.node, 0)) }];
      for (const statistics of [true, false]) {
        const made = plan(requests, { memory: MEMORY, workers: 2, passes: { statistics } });
        const options = { inlineBytes: inlineBytes ?? Number.POSITIVE_INFINITY };
        const { stats } = await runtime.run(made.plan, made.bindings, options);
        const sum = (field: "chunksRead" | "chunksMissing" | "chunksSkipped" | "uniform"): number =>
          stats.stages.reduce((n, s) => n + s[field], 0);
        expect(sum("chunksMissing")).toBe(32 + 8);
        expect(sum("chunksRead")).toBe(statistics ? 96 : 128);
        expect(sum("chunksSkipped")).toBe(statistics ? 32 : 0);
        if (statistics) expect(sum("uniform")).toBeGreaterThan(0);
        else expect(sum("uniform")).toBe(0);
      }
    },
  );
});
