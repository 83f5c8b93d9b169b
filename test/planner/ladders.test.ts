/**
 * Ladders: every step looks twice at the one before, so that it has to be held. The planned peak is what is held at once,
 * not the sum of all steps, and a run keeps to it.
 *
 *     x0 -+-> mean -> x1 = f(x0 - mean) -+-> mean -> x2 = f(x1 - mean) ...
 *         +-----------^                  +-----------^
 */
import { afterAll, describe, expect, test } from "vitest";
import { runtime } from "../../dist/exec/runtime.js";
import type { Node } from "../../dist/ir/node.js";
import { evaluate } from "../../dist/kernels/reference/index.js";
import * as ops from "../../dist/ops/index.js";
import { plan } from "../../dist/planner/plan.js";
import { sameBits } from "../property/bits.js";
import { store } from "./sources.js";

const SIDE = 64;
const BYTES = SIDE * SIDE * 8;
const source = (): Node => store([SIDE, SIDE], [16, 16]).node;

/** Costly enough to be worth keeping. */
const centred = (x: Node, axis: number | undefined): Node =>
  ops.unary.tanh(
    ops.binary.subtract(
      x,
      ops.mean(x, axis === undefined ? { keepdims: true } : { axis, keepdims: true }),
    ),
  );

function ladder(steps: number, axisOf: (i: number) => number | undefined, from = source()): Node {
  let x = from;
  for (let i = 0; i < steps; i++) x = centred(x, axisOf(i));
  return x;
}

const shifted = (x: Node): Node => {
  const n = x.outs[0].shape[0] as number;
  const part = (at: number): Node => ops.at(x, [ops.slice(at, n - 1 + at)]);
  return ops.unary.exp(ops.unary.sin(ops.binary.add(part(0), part(1))));
};

const CASES: readonly (readonly [string, number, () => Node[]])[] = [
  ["down the columns", 12 * BYTES, () => [ladder(60, () => 0)]],
  ["over all", 12 * BYTES, () => [ladder(60, () => undefined)]],
  ["columns and rows in turn", 12 * BYTES, () => [ladder(60, (i) => i % 2)]],
  [
    "several ladders, one after another",
    16 * BYTES,
    () => {
      const x = source();
      const ends = Array.from({ length: 6 }, (_, i) =>
        ops.sum(ladder(10, () => 0, ops.binary.multiply(x, i + 1.5))),
      );
      return [ops.stack(ends)];
    },
  ],
  [
    "a result of every other step",
    40 * BYTES,
    () => {
      const roots: Node[] = [];
      let x = source();
      for (let i = 0; i < 60; i++) {
        x = centred(x, 0);
        if (i % 2 === 1) roots.push(ops.mean(x));
      }
      return roots;
    },
  ],
  [
    "a ladder of costly shifted sums",
    2 ** 20,
    () => {
      let x: Node = ops.binary.multiply(store([2 ** 16], [2 ** 10]).node, 2 ** -20);
      for (let i = 0; i < 12; i++) x = shifted(x);
      return [x];
    },
  ],
];

describe("steps that have to be held follow one another", () => {
  afterAll(() => runtime.shutdown());

  test.each(CASES)("%s", async (_name, memory, make) => {
    const roots = make();
    const {
      plan: made,
      bindings,
      rootOf,
    } = plan(
      roots.map((node) => ({ node })),
      { memory, workers: 2 },
    );
    expect(made.peakBytes).toBeLessThanOrEqual(memory);
    expect(made.spill.bytes).toBe(0);
    // All of them together are more than there is.
    const sum = made.arrays.reduce((n, a) => n + a.shape.reduce((x, y) => x * y, 8), 0);
    expect(sum).toBeGreaterThan(memory);
    const want = await evaluate(roots);
    for (const inlineBytes of [0, 2 ** 30]) {
      const { roots: got, stats } = await runtime.run(made, bindings, { inlineBytes });
      expect(stats.peakBytes).toBeLessThanOrEqual(made.peakBytes);
      // Nothing had to be made again: the figure is no smaller than what is held.
      expect(stats.repeatedTasks).toBe(0);
      roots.forEach((root, i) => {
        const data = got[rootOf[i] as number] as ArrayBufferLike;
        expect(
          sameBits(root.outs[0].dtype, (want[i] as (typeof want)[number]).data.buffer, data),
        ).toBe(true);
      });
    }
  });

  test("longer ladders hold no more, and are planned with as many looks at them", () => {
    const peakOf = (steps: number): readonly [number, number] => {
      let entered = 0;
      const { plan: made } = plan(
        [{ node: ladder(steps, () => 0) }],
        { memory: 12 * BYTES, workers: 2 },
        () => {
          entered++;
        },
      );
      return [made.serialBytes, entered];
    };
    const [few, many] = [peakOf(100), peakOf(1000)];
    expect(many[0]).toBeLessThan(1.1 * few[0]);
    expect(many[1]).toBe(few[1]);
  });
});
