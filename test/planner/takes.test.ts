/** Selections move below what is computed or joined for them alone, and select the same. */
import { expect, test } from "vitest";
import { dtypeOf, knownShape, type Node } from "../../dist/ir/node.js";
import { evaluate } from "../../dist/kernels/reference/index.js";
import * as ops from "../../dist/ops/index.js";
import { PassContext } from "../../dist/planner/context.js";
import { canonicalize } from "../../dist/planner/passes/canonicalize.js";
import { takes } from "../../dist/planner/passes/takes.js";
import { sameBits } from "../property/bits.js";
import { ALL, Draw } from "./draw.js";

const EXPRESSIONS = 400;

/** Some positions along an axis of a few maps, concatenations and other selections over arrays of one dtype. */
function selected(draw: Draw): Node {
  const dtype = draw.pick(ALL);
  const rank = 1 + draw.int(3);
  const shape = draw.shape(rank).map((n) => n + 1);
  const axis = draw.int(rank);
  shape[axis] = 12 + draw.int(20);
  let x = draw.array(shape, dtype);
  for (let step = draw.int(4); step >= 0; step--) {
    switch (draw.int(4)) {
      case 0:
        x = ops.where(
          ops.binary.notEqual(x, draw.stretched(x, dtype)),
          x,
          draw.stretched(x, dtype),
        );
        break;
      case 1:
        x = ops.binary.notEqual(x, draw.array(knownShape(x), dtype));
        x = ops.astype(x, dtype);
        break;
      case 2: {
        const other = draw.array(knownShape(x), dtype);
        x = ops.concat(
          draw.chance(0.5) ? [x, other] : [other, other, x],
          draw.chance(0.8) ? axis : 0,
        );
        break;
      }
      default:
        x = ops.flip(x, axis);
    }
  }
  const n = knownShape(x)[axis] as number;
  return ops.take(
    x,
    Array.from({ length: 1 + draw.int(4) }, () => draw.int(n)),
    axis,
  );
}

test("the selected elements are the same", async () => {
  let fired = 0;
  for (let seed = 0; seed < EXPRESSIONS; seed++) {
    const draw = new Draw(seed);
    const ctx = new PassContext({ memory: 2 ** 26, workers: 1 });
    const first = selected(draw);
    // Now and then something else looks at what is selected from.
    const asked = draw.chance(0.2) ? [first, first.inputs[0] as Node] : [first];
    const roots = canonicalize(asked, ctx);
    const after = takes(roots, ctx);
    fired += Number(ctx.log.some((e) => e.rule === "take"));
    const values = await evaluate([...asked, ...after]);
    asked.forEach((root, k) => {
      const [want, got] = [values[k], values[asked.length + k]];
      expect(got?.shape, `seed ${seed}`).toEqual(knownShape(root));
      expect(got?.dtype, `seed ${seed}`).toBe(dtypeOf(root));
      if (want === undefined || got === undefined) throw new Error("every root has a value");
      if (!sameBits(want.dtype, want.data.buffer, got.data.buffer)) {
        throw new Error(`seed ${seed}: [${want.data}] became [${got.data}]`);
      }
    });
  }
  expect(fired).toBeGreaterThan(EXPRESSIONS / 8);
});

test("a long chain is no deeper than a short one", () => {
  let x = new Draw(1).array([100], "float64");
  for (let k = 0; k < 20_000; k++) x = ops.binary.add(x, 1);
  const ctx = new PassContext({ memory: 2 ** 26, workers: 1 });
  const [root] = takes([ops.take(x, [3, 99, 4], 0)], ctx) as [Node];
  expect(root.op).toBe("map");
  expect(knownShape(root.inputs[0] as Node)).toEqual([3]);
});
