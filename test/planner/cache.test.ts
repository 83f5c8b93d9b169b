/** The plan cache gives the plan that planning anew gives, with the sources and numbers of whoever asks. */
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { collectNow } from "../../dist/exec/memory/trim.js";
import { runtime } from "../../dist/exec/runtime.js";
import { createNode, indexList, mapNode, sourceNode } from "../../dist/ir/build.js";
import { type DType, isBig, isComplex, isInteger } from "../../dist/ir/dtype.js";
import { freshId, knownShape, type Node, topologicalOrder } from "../../dist/ir/node.js";
import { constant, isSpecial, type Scalar } from "../../dist/ir/scalar.js";
import * as ops from "../../dist/ops/index.js";
import { PlanCache } from "../../dist/planner/cache.js";
import type { PlanConfig } from "../../dist/planner/context.js";
import { type PlanResult, plan } from "../../dist/planner/plan.js";
import { withInputs } from "../../dist/planner/rewrite.js";
import { Generator } from "../property/graphs.js";
import { store } from "./sources.js";

afterAll(() => runtime.shutdown());

const CONFIG: PlanConfig = { memory: 64 * 2 ** 20, workers: 2 };
const { add, multiply, subtract } = ops.binary;
const asked = (...roots: readonly Node[]) => roots.map((node) => ({ node }));

/** A plan without ids of nodes, which are new in every planning. */
function timeless({ plan: made, rootOf, bindings }: PlanResult) {
  const { stages, log, ...rest } = made;
  return {
    ...rest,
    rootOf,
    stages: stages.map((s) => ({ ...s, nodes: s.nodes.length })),
    log: log.map((event) => ({ ...event, node: 0 })),
    sources: bindings.sources.map((s) => s.id),
    functions: bindings.functions.map((f) => [f.id, f.params]),
    indices: bindings.indices.map((list) => Array.from(list.values)),
  };
}

/** A number of the dtype that is not special, another one for every n. */
function numberOf(n: number, dtype: DType): Scalar & { kind: "const" } {
  if (isComplex(dtype)) return constant([n + 5.25, n + 7.125], dtype);
  if (isBig(dtype)) return constant(BigInt(n + 5), dtype);
  return constant(isInteger(dtype) ? (n % 100) + 5 : n + 5.25, dtype);
}

/** The same expression over other sources, with other numbers where they are not special; equal ones stay equal. */
function variant(roots: readonly Node[], shift: number): Node[] {
  const numbers = new Map<string, Scalar>();
  const other = (tree: Scalar): Scalar => {
    switch (tree.kind) {
      case "const": {
        if (isSpecial(tree)) return tree;
        const key = `${tree.dtype}:${tree.bits}`;
        const known = numbers.get(key) ?? numberOf(shift + 3 * numbers.size, tree.dtype);
        numbers.set(key, known);
        return known;
      }
      case "cast":
        return { ...tree, arg: other(tree.arg) };
      case "call":
        return { ...tree, args: tree.args.map(other) };
      default:
        return tree;
    }
  };
  const made = new Map<Node, Node>();
  for (const node of topologicalOrder(roots)) {
    const inputs = node.inputs.map((input) => made.get(input) as Node);
    made.set(node, rebuilt(node, inputs, other));
  }
  return roots.map((root) => made.get(root) as Node);
}

function rebuilt(node: Node, inputs: readonly Node[], other: (tree: Scalar) => Scalar): Node {
  switch (node.op) {
    case "source":
      return sourceNode({ ...node.params.binding, id: freshId() });
    case "map":
      return mapNode(other(node.params.tree), inputs, knownShape(node));
    case "create":
      return createNode(other(node.params.tree), knownShape(node), node.params.chunks);
    default:
      return withInputs(node, inputs);
  }
}

/** The planner's answer, or that it had none. */
function attempt(make: () => PlanResult): unknown {
  try {
    return timeless(make());
  } catch (error) {
    return { refused: (error as Error).message };
  }
}

test("random expressions: as planned anew, with the first numbers, placeholders and filled in", async () => {
  let hits = 0;
  const cases = fc.record({
    seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    size: fc.integer({ min: 1, max: 16 }),
  });
  await fc.assert(
    fc.asyncProperty(cases, async ({ seed, size }) => {
      const { roots } = await new Generator(seed).graph(size);
      const cache = new PlanCache();
      const versions = [roots, variant(roots, 0), variant(roots, 31), variant(roots, 57)];
      for (const version of [roots, ...versions]) {
        const requests = asked(...version);
        expect(attempt(() => cache.plan(requests, CONFIG))).toEqual(
          attempt(() => plan(requests, CONFIG)),
        );
      }
      hits += cache.stats.hits;
    }),
    { seed: 20261126, numRuns: 300 },
  );
  // Five times each: the second, fourth and fifth come from the cache, with few exceptions.
  expect(hits).toBeGreaterThan(600);
});

const elements = (buffer: ArrayBufferLike | undefined): number[] => [
  ...new Float64Array(buffer as ArrayBuffer),
];
async function valuesOf({ plan: made, bindings, rootOf }: PlanResult): Promise<number[][]> {
  const { roots } = await runtime.run(made, bindings);
  return rootOf.map((n) => elements(roots[n]));
}

describe("the same expression again", () => {
  const expression = (x: Node, a: number, b: number): Node =>
    ops.sum(add(multiply(x, a), subtract(x, b)), { axis: 0 });

  test("over other sources and with other numbers, computes with these", async () => {
    const cache = new PlanCache();
    for (const [a, b] of [
      [10, 20],
      [30, 50],
      [7.5, 1000],
      [10, 20],
    ] as const) {
      const x = store([4, 3], [2, 3]);
      const found = cache.plan(asked(expression(x.node, a, b)), CONFIG);
      // Columns 0, 3, 6, 9 and so on: sum(x) is 18, 22, 26; times a + 1, less 4 b.
      expect(await valuesOf(found)).toEqual([[18, 22, 26].map((s) => s * (a + 1) - 4 * b)]);
      expect(x.reads.elements).toBe(12);
    }
    expect(cache.stats).toMatchObject({ plans: 1, hits: 2, misses: 2 });
  });

  test("numbers that rules look for make another plan", async () => {
    const cache = new PlanCache();
    const x = store([4, 3], [2, 3]).node;
    const general = cache.plan(asked(multiply(x, 10)), CONFIG);
    const neutral = cache.plan(asked(multiply(x, 1)), CONFIG);
    expect(general.plan.stages[0]?.label).toBe("multiply");
    expect(neutral.plan.stages[0]?.label).toBe("read");
    expect(cache.stats).toMatchObject({ plans: 2, hits: 0 });
  });

  test("numbers that are equal in one and differ in another make another plan", () => {
    const cache = new PlanCache();
    const x = store([4, 3], [2, 3]).node;
    const both = (a: number, b: number) => asked(multiply(add(x, a), add(x, b)));
    const equal = cache.plan(both(10, 10), CONFIG);
    const other = cache.plan(both(10, 11), CONFIG);
    const constants = (r: PlanResult): number =>
      r.plan.stages[0]?.kind === "map" ? r.plan.stages[0].program.constants.length : 0;
    expect([constants(equal), constants(other)]).toEqual([1, 2]);
  });

  test.each<[string, Partial<PlanConfig>]>([
    ["memory", { memory: 2 ** 24 }],
    ["workers", { workers: 3 }],
    ["passes", { passes: { fuse: false } }],
  ])("with other %s is planned by itself", (_what, change) => {
    const cache = new PlanCache();
    const requests = asked(expression(store([4, 3], [2, 3]).node, 10, 20));
    cache.plan(requests, CONFIG);
    const other = { ...CONFIG, ...change };
    expect(timeless(cache.plan(requests, other))).toEqual(timeless(plan(requests, other)));
    expect(cache.stats).toMatchObject({ plans: 2, hits: 0 });
  });

  test.each<[string, (x: Node) => Node, (x: Node) => Node]>([
    ["chunks", () => store([8], [2]).node, () => store([8], [4]).node],
    ["dtype", () => store([8], [2]).node, () => store([8], [2], "float32").node],
    ["positions", (x) => ops.take(x, [1, 5, 7], 0), (x) => ops.take(x, [1, 5, 6], 0)],
    ["regions", (x) => ops.at(x, [ops.slice(0, 3)]), (x) => ops.at(x, [ops.slice(1, 4)])],
  ])("with other %s is planned by itself", (_what, one, other) => {
    const cache = new PlanCache();
    const x = store([8], [2]).node;
    cache.plan(asked(one(x)), CONFIG);
    const requests = asked(other(x));
    const found = cache.plan(requests, CONFIG);
    expect(timeless(found)).toEqual(timeless(plan(requests, CONFIG)));
    expect(cache.stats.hits).toBe(0);
  });

  test("which of its sources are the same matters", () => {
    const cache = new PlanCache();
    const [x, y] = [store([8], [2]).node, store([8], [2]).node];
    cache.plan(asked(add(x, y)), CONFIG);
    const found = cache.plan(asked(add(x, x)), CONFIG);
    expect(found.bindings.sources).toHaveLength(1);
  });

  test("a selection that was cut out of a longer list is right every time", async () => {
    const cache = new PlanCache();
    const list = indexList(Array.from({ length: 1000 }, (_, i) => (i * 7) % 1000));
    const { node } = store([1000], [100]);
    for (let round = 0; round < 3; round++) {
      const picked = ops.at(ops.take(node, Array.from(list.values), 0), [ops.slice(100, 103)]);
      const found = cache.plan(asked(picked), CONFIG);
      expect(await valuesOf(found)).toEqual([[700, 707, 714]]);
    }
  });
});

test("a cache keeps the plans that were used last, within its limits", () => {
  const cache = new PlanCache({ plans: 3, bytes: 1e6 });
  const x = store([64], [8]).node;
  const nth = (n: number) => asked(ops.at(x, [ops.slice(0, n)]));
  for (const n of [10, 11, 12]) cache.plan(nth(n), CONFIG);
  cache.plan(nth(10), CONFIG);
  cache.plan(nth(13), CONFIG);
  expect(cache.stats).toMatchObject({ plans: 3, hits: 1, misses: 4 });
  cache.plan(nth(10), CONFIG);
  expect(cache.stats.hits).toBe(2);
  cache.plan(nth(11), CONFIG);
  expect(cache.stats.hits).toBe(2);
  const small = new PlanCache({ plans: 100, bytes: 10_000 });
  for (let n = 10; n < 40; n++) small.plan(nth(n), CONFIG);
  expect(small.stats.bytes).toBeLessThanOrEqual(10_000);
  expect(small.stats.plans).toBeLessThan(10);
  expect(small.stats.plans).toBeGreaterThan(0);
  cache.clear();
  expect(cache.stats).toMatchObject({ plans: 0, bytes: 0 });
});

test("a cache keeps nothing of the user's alive", async () => {
  const cache = new PlanCache();
  const planned = (): WeakRef<object>[] => {
    const x = store([4, 3], [2, 3]).node;
    const list = Array.from({ length: 300 }, (_, i) => i % 4);
    const rows = ops.at(ops.take(multiply(x, 10), list, 0), [ops.slice(0, 290)]);
    const { bindings } = cache.plan(asked(ops.sum(rows)), CONFIG);
    cache.plan(asked(ops.sum(rows)), CONFIG);
    return [...bindings.sources, ...bindings.indices, x].map((held) => new WeakRef(held));
  };
  const refs = planned();
  expect(refs).toHaveLength(3);
  // References that were followed live until the next turn of the event loop.
  await new Promise((resolve) => setImmediate(resolve));
  collectNow();
  expect(refs.filter((ref) => ref.deref() !== undefined)).toEqual([]);
  expect(cache.stats.plans).toBe(1);
});
