/**
 * How plans grow, in counts: work in proportion to the operations of an expression, whatever its shape, and none at all
 * in proportion to its chunks. Times are for `npm run bench -- planner`.
 */
import { describe, expect, test } from "vitest";
import { knownShape, type Node } from "../../dist/ir/node.js";
import * as ops from "../../dist/ops/index.js";
import { PlanCache } from "../../dist/planner/cache.js";
import type { PlanConfig } from "../../dist/planner/context.js";
import { type PlanResult, plan } from "../../dist/planner/plan.js";
import { store } from "./sources.js";

const CONFIG: PlanConfig = { memory: 2 ** 30, workers: 2 };
const { add, multiply } = ops.binary;
const asked = (...roots: readonly Node[]) => roots.map((node) => ({ node }));
const planned = (...roots: readonly Node[]): PlanResult => plan(asked(...roots), CONFIG);

const times = (n: number, step: (x: Node, i: number) => Node, from: Node): Node => {
  let x = from;
  for (let i = 0; i < n; i++) x = step(x, i);
  return x;
};
const shifted = (x: Node, by: number): Node => {
  const [n] = knownShape(x) as [number];
  return add(ops.at(x, [ops.slice(0, n - by)]), ops.at(x, [ops.slice(by, n)]));
};

/** Operations in the kernels of a plan, and what they load. */
function size({ plan: made }: PlanResult): number {
  let n = 0;
  for (const stage of made.stages) {
    if (stage.kind === "map" || stage.kind === "reduce") {
      n += stage.program.ops.length + stage.operands.length;
    } else n += stage.kind === "concat" ? stage.parts.length : 1;
  }
  return n;
}

describe("plans are linear in operations", () => {
  const side = () => store([64, 64], [16, 16]).node;
  const shapes: readonly (readonly [string, (n: number) => Node[]])[] = [
    ["a chain", (n) => [times(n, (x, i) => add(x, i + 0.75), side())]],
    ["a chain of diamonds", (n) => [times(n, (x, i) => multiply(add(x, i + 0.75), x), side())]],
    [
      "a wide sum",
      (n) => {
        const x = side();
        return [times(n, (sum, i) => add(sum, multiply(x, i + 0.75)), x)];
      },
    ],
    ["shifted sums", (n) => [times(n, (x) => shifted(x, 1), store([4096], [512]).node)]],
    [
      "power-of-two shifted sums",
      (n) => [times(n, (x, i) => shifted(x, 2 ** (i % 8)), store([2 ** 15], [2 ** 12]).node)],
    ],
    [
      "a stack of sums",
      (n) => {
        const x = side();
        const sums = Array.from({ length: n }, (_, i) => ops.sum(multiply(x, i + 0.75)));
        return [ops.stack(sums)];
      },
    ],
    [
      "transposes and additions, in part",
      (n) => {
        const x = times(n, (y, i) => add(ops.matrixTranspose(y, "T"), i + 0.75), side());
        return [ops.at(x, [ops.slice(0, 5)])];
      },
    ],
    [
      "many results",
      (n) => {
        const x = side();
        return Array.from({ length: n }, (_, i) => ops.mean(multiply(x, i + 0.75), { axis: 0 }));
      },
    ],
  ];

  test.each(shapes)("%s", (_name, make) => {
    const small = size(planned(...make(40)));
    const large = size(planned(...make(400)));
    expect(large / small).toBeGreaterThan(2);
    expect(large / small).toBeLessThan(20);
  });

  test("a ladder of doubling shifts: neither 2^depth operations nor a stage for every rung", () => {
    const ladder = times(20, (x, i) => shifted(x, 2 ** i), store([2 ** 22], [2 ** 14]).node);
    const made = planned(ladder);
    expect(size(made)).toBeLessThan(20 * 20);
    expect(made.plan.stages.length).toBeLessThan(10);
    expect(made.plan.estimate.readChunks).toBeLessThanOrEqual(2 ** 8);
  });

  test("every pass is entered a few times, however deep", () => {
    const entered = (n: number): number => {
      let count = 0;
      plan(asked(times(n, (x) => shifted(x, 1), store([4096], [512]).node)), CONFIG, () => {
        count++;
      });
      return count;
    };
    expect(entered(1000)).toBe(entered(100));
  });
});

describe("deep", () => {
  const DEPTH = 100_000;
  test("a chain of 100,000 operations", () => {
    const x = store([64, 64], [16, 16]).node;
    const chain = times(DEPTH, (y, i) => add(y, i + 0.75), x);
    const cache = new PlanCache();
    const made = cache.plan(asked(chain), CONFIG);
    expect(made.plan.estimate.readChunks).toBe(16);
    const ops = made.plan.stages.flatMap((s) => (s.kind === "map" ? s.program.ops : []));
    expect(ops.filter((op) => op.op === "call")).toHaveLength(DEPTH);
    cache.plan(asked(chain), CONFIG);
    expect(cache.stats.hits).toBe(1);
  });

  test("10,000 operations of shifted sums", () => {
    // Three operations for every rung: two views and a sum.
    const rungs = Math.round(DEPTH / 30);
    const ladder = times(rungs, (x) => shifted(x, 1), store([rungs + 100], [1000]).node);
    const made = planned(ladder);
    expect(knownShape(ladder)).toEqual([100]);
    expect(size(made)).toBeLessThan(8 * rungs);
  });
});

describe("chunks do not count", () => {
  const over = (chunks: number): Node => {
    const side = Math.sqrt(chunks) * 10;
    const { node } = store([side, side], [10, 10]);
    const scaled = ops.binary.subtract(node, ops.at(node, [ops.slice(0, 1)]));
    return ops.sum(ops.rechunk(scaled, [side, 10]), { axis: 1 });
  };

  test("10^12 chunks have the plan of 10^8, but for lengths", () => {
    const few = planned(over(1e8)).plan;
    const many = planned(over(1e12)).plan;
    expect(many.stages.map((s) => [s.kind, s.label])).toEqual(
      few.stages.map((s) => [s.kind, s.label]),
    );
    expect(many.estimate.readChunks).toBeGreaterThanOrEqual(1e12);
    // Cuts are runs: text of a plan that named chunks one by one would have terabytes.
    expect(JSON.stringify(many).length).toBeLessThan(2 * JSON.stringify(few).length);
  });
});
