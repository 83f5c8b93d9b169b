/**
 * Rewrite rules: both sides are equal bit for bit wherever a rule fires, it does not fire where they would not be, and
 * what it says that it makes smaller becomes smaller.
 */
import { describe, expect, test } from "vitest";
import { dtypeOf, knownShape, type Node } from "../../dist/ir/node.js";
import { evaluate } from "../../dist/kernels/reference/index.js";
import { PassContext } from "../../dist/planner/context.js";
import { algebra } from "../../dist/planner/passes/algebra.js";
import { RULES } from "../../dist/planner/rules/index.js";
import { sameBits } from "../property/bits.js";
import { Draw } from "./draw.js";
import { GENERATORS } from "./rule-cases.js";

const EXPRESSIONS = 300;
const MEMORY = 2 ** 26;

/** What one rule alone makes of an expression, and how often it fired. */
function rewritten(root: Node, name: string): { readonly node: Node; readonly fired: number } {
  const rules = Object.fromEntries(RULES.map((r) => [r.name, r.name === name]));
  const ctx = new PassContext({ memory: MEMORY, workers: 1, rules, checkRules: true });
  const [node] = algebra([root], ctx) as [Node];
  return { node, fired: ctx.log.filter((e) => e.rule === name).length };
}

describe("both sides of a rule are equal", () => {
  test("every rule has a generator", () => {
    expect(RULES.map((r) => r.name).sort()).toEqual(Object.keys(GENERATORS).sort());
  });

  test.each(RULES.map((r) => [r.name, r] as const))("%s", async (name, { exactness }) => {
    // What changes rounding is not done without being asked.
    expect(exactness).toBe("exact");
    let fired = 0;
    let compared = 0;
    for (let seed = 0; seed < EXPRESSIONS; seed++) {
      const root = GENERATORS[name]?.(new Draw(seed)) as Node;
      const after = rewritten(root, name);
      if (after.fired === 0) continue;
      fired++;
      expect(knownShape(after.node), `seed ${seed}`).toEqual(knownShape(root));
      expect(dtypeOf(after.node), `seed ${seed}`).toBe(dtypeOf(root));
      const [want, got] = await evaluate([root, after.node]);
      if (want === undefined || got === undefined) throw new Error("two roots have two values");
      compared += want.data.length;
      if (!sameBits(want.dtype, want.data.buffer, got.data.buffer)) {
        throw new Error(`seed ${seed}: [${want.data}] became [${got.data}]`);
      }
    }
    expect(fired).toBeGreaterThan(EXPRESSIONS / 10);
    expect(compared).toBeGreaterThan(EXPRESSIONS / 10);
  });
});
