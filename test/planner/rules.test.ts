/**
 * Rewrite rules: both sides are equal bit for bit wherever a rule fires, it does not fire where they would not be, and
 * what it says that it makes smaller becomes smaller.
 */
import { describe, expect, test } from "vitest";
import { InternalError } from "../../dist/errors.js";
import type { DType } from "../../dist/ir/dtype.js";
import { elementCount } from "../../dist/ir/index-map.js";
import { dtypeOf, knownShape, type Node } from "../../dist/ir/node.js";
import { totalStages } from "../../dist/ir/stage.js";
import { evaluate } from "../../dist/kernels/reference/index.js";
import * as ops from "../../dist/ops/index.js";
import { PassContext } from "../../dist/planner/context.js";
import { programCost } from "../../dist/planner/cost.js";
import { algebra } from "../../dist/planner/passes/algebra.js";
import { plan } from "../../dist/planner/plan.js";
import { RULES } from "../../dist/planner/rules/index.js";
import { measureOf } from "../../dist/planner/rules/measure.js";
import type { Rule } from "../../dist/planner/rules/rule.js";
import { sameBits } from "../property/bits.js";
import { Draw } from "./draw.js";
import { type Figure, GENERATORS, WORTH } from "./rule-cases.js";
import { store } from "./sources.js";

const EXPRESSIONS = 300;
const MEMORY = 2 ** 26;

/** What one rule alone makes of an expression, and how often it fired. */
function rewritten(
  root: Node,
  name: string,
  canonicalize: boolean,
): { readonly node: Node; readonly fired: number } {
  const rules = Object.fromEntries(RULES.map((r) => [r.name, r.name === name]));
  const passes = { canonicalize };
  const ctx = new PassContext({ memory: MEMORY, workers: 1, passes, rules, checkRules: true });
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
      // Rules are right whatever form their nodes have, though most wait for the canonical one.
      const after = rewritten(root, name, seed % 3 > 0);
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

function figureOf(name: Figure, roots: readonly Node[], rules: Record<string, boolean>): number {
  const requests = roots.map((node) => ({ node }));
  const made = plan(requests, { memory: MEMORY, workers: 2, rules }).plan;
  const kernels = made.stages.filter((s) => s.kind === "map" || s.kind === "reduce");
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  switch (name) {
    case "stages":
      return totalStages(made);
    case "chunks":
      return made.estimate.readChunks;
    case "peak":
      return made.peakBytes;
    case "operations":
      return sum(
        kernels.map((s) => {
          const each = s.kind === "reduce" ? s.accumulators.length : 0;
          return elementCount(s.space) * (programCost(s.program) + each);
        }),
      );
    case "divisions":
      return sum(
        kernels.map((s) => s.program.ops.filter((o) => "fn" in o && o.fn === "divide").length),
      );
  }
}

describe("switching a rule off makes the plan worse", () => {
  test("every rule has its case", () => {
    expect(RULES.map((r) => r.name).sort()).toEqual(Object.keys(WORTH).sort());
  });

  test.each(Object.entries(WORTH))("%s", (name, { figure, build }) => {
    const x = store([100, 100], [10, 10]).node;
    const i = store([100, 100], [10, 10], "int32").node;
    const roots = build(x, i);
    expect(figureOf(figure, roots, {})).toBeLessThan(figureOf(figure, roots, { [name]: false }));
  });
});

/** What every rule makes of an expression, by name. */
function firedOn(root: Node): readonly string[] {
  const ctx = new PassContext({ memory: MEMORY, workers: 1, checkRules: true });
  algebra([root], ctx);
  return ctx.log.map((e) => e.rule);
}

describe("no rule fires", () => {
  const { add, divide, multiply, subtract } = ops.binary;
  const { abs, negative, sign } = ops.unary;
  const of = (dtype: DType, ...shape: number[]): Node =>
    store(
      shape,
      shape.map(() => 2),
      dtype,
    ).node;
  const f = of("float64", 4, 6);
  const f32 = of("float32", 4, 6);
  const i32 = of("int32", 4, 6);
  const i64 = of("int64", 4, 6);
  const u8 = of("uint8", 4, 6);
  const z = of("complex128", 4, 6);
  const wide = ops.broadcastTo(f, [3, 4, 6]);
  const { astype } = ops;

  const CASES: Readonly<Record<string, Node>> = {
    "two functions": negative(abs(f)),
    "the sign of a complex number is rounded": sign(sign(z)),
    "the square root is no involution": ops.unary.sqrt(ops.unary.sqrt(f)),
    "the square of a conjugate": ops.unary.square(ops.unary.conj(z)),
    "the magnitude of a complex number is no sign": ops.unary.square(abs(z)),
    "a root of a square overflows": ops.unary.sqrt(ops.unary.square(f)),
    "the sign of a sign": sign(negative(f)),
    "NaN is neither less nor not less": ops.unary.logicalNot(ops.binary.less(f, 5)),
    "x + 0 is 0 where x is -0": add(f, 0),
    "x - (-0) is 0 where x is -0": subtract(f, -0),
    "0 - x": subtract(ops.zeros([], { dtype: "int32" }), i32),
    "1 / x": divide(ops.ones([], { dtype: "float64" }), f),
    "x * 0 of NaN": multiply(f, 0),
    "x * -1": multiply(f, -1),
    "x + 1": add(i32, 1),
    "1 * x of a longer shape": multiply(ops.ones([3, 4, 6], {}), of("float64", 1, 4, 6)),
    "float32 and back": astype(astype(f, "float32"), "float64"),
    "int64 has bits that float64 has not": astype(astype(i64, "float64"), "int64"),
    "int32 has bits that float32 has not": astype(astype(i32, "float32"), "int32"),
    "narrower integers forget": astype(astype(i32, "int8"), "int32"),
    "unsigned to signed of one width": astype(astype(u8, "int8"), "uint8"),
    "a float is cut off, not wrapped": astype(astype(i32, "float64"), "int8"),
    "bool is not 0, whatever the number": astype(astype(f, "bool"), "float64"),
    "complex numbers": astype(astype(f32, "complex64"), "complex128"),
    "x / 3": divide(f, 3),
    "x / a neighbour of 16": divide(f, 16 + 2 ** -48),
    "x / a neighbour of 2^60": divide(f, 2 ** 60 + 2 ** 8),
    "x / 0": divide(f, 0),
    "x / infinity": divide(f, Number.POSITIVE_INFINITY),
    "x / 2^-120 would need 2^120": divide(f32, 2 ** -120),
    "x / 2^1023, whose reciprocal is subnormal": divide(f, 2 ** 1023),
    "a condition that is not known": ops.where(ops.unary.isnan(f), f, 1),
    "and of what is not known": ops.binary.bitwiseAnd(of("bool", 4), of("bool", 4)),
    "the variance of one": ops.variance(of("float64", 1, 6), { axis: 0 }),
    "the place of the only one": ops.argmax(of("float64", 1, 6), { axis: 0 }),
    "a maximum of two": ops.max(of("float64", 2, 6), { axis: 0 }),
    "float sums have an order": ops.sum(ops.sum(f, { axis: 0 })),
    "a maximum of minima": ops.max(ops.min(f, { axis: 0 })),
    "counts of counts": ops.countNonzero(ops.countNonzero(f, { axis: 0 })),
    "narrow sums wrap before they are added": ops.sum(ops.sum(i32, { axis: 0, dtype: "int8" })),
    "means of means are rounded": ops.mean(ops.mean(f, { axis: 0 })),
    "a concatenation along a kept axis": ops.max(ops.concat([f, f], 0), { axis: 1 }),
    "products of joined floats": ops.prod(ops.concat([f, f], 0)),
    "the variance of joined parts": ops.variance(ops.concat([f, f], 0)),
    "places in joined parts": ops.argmax(ops.concat([f, f], 0), { axis: 0 }),
    "the stretched axis is kept": ops.max(wide, { axis: [1, 2] }),
    "products of what repeats": ops.prod(wide, { axis: 0 }),
    "the variance of what repeats": ops.variance(wide, { axis: 0 }),
    "two times is a sum": ops.sum(ops.broadcastTo(of("bool", 4), [2, 4]), { axis: 0 }),
    "a float sum along axes in another order": ops.sum(ops.matrixTranspose(f)),
    "a float sum from behind": ops.sum(ops.flip(f, 0)),
    "the first of equals from behind": ops.argmax(ops.flip(f, 0), { axis: 0 }),
    "a part": ops.max(ops.at(f, [ops.slice(1, 3)])),
    "float sums along an axis of one": ops.sum(of("float64", 1, 6), { axis: [0, 1] }),
    "a kept axis of more than one": ops.at(ops.max(f, { axis: 0 }), [2]),
    "a new axis of a reduction": ops.expandDims(ops.max(f, { axis: 0 }), 0),
    "a kept axis from behind": ops.max(ops.flip(f, 1), { axis: 0 }),
  };

  test.each(Object.entries(CASES))("%s", (_, root) => {
    expect(firedOn(root)).toEqual([]);
  });
});

describe("rules make something smaller", () => {
  const x = store([4, 6], [2, 3]).node;
  const twice = ops.unary.negative(ops.unary.abs(x));
  /** Turns -|x| into -(-(-|x|)), for a while. */
  const growing = (decreases: Rule["decreases"]): Rule => ({
    name: "growing",
    kind: "map",
    exactness: "exact",
    decreases,
    apply: (node) =>
      node === twice ? ops.unary.negative(ops.unary.negative(node)) : (undefined as never),
  });

  test.each(["nodes", "cost", "elements", "axes"] as const)(
    "one that does not is found: %s",
    (measure) => {
      const rules = new Map([["map", [growing(measure)]]] as const);
      const config = { memory: MEMORY, workers: 1 };
      const checked = new PassContext({ ...config, checkRules: true });
      expect(() => algebra([twice], checked, rules)).toThrow(InternalError);
      expect(() => algebra([twice], checked, rules)).toThrow(
        /rule growing says that it decreases (nodes|cost|elements|axes): \d+ became \d+/,
      );
      // In production rules are believed.
      expect(algebra([twice], new PassContext(config), rules)).not.toEqual([twice]);
    },
  );

  test("measures", () => {
    const { abs } = ops.unary;
    expect(measureOf("nodes", x)).toBe(1);
    expect(measureOf("nodes", abs(x))).toBe(2);
    // A part that is used twice counts twice.
    expect(measureOf("nodes", ops.binary.add(abs(x), ops.unary.negative(x)))).toBe(5);
    expect(measureOf("nodes", ops.max(ops.matrixTranspose(x)))).toBe(7);
    expect(measureOf("axes", ops.max(ops.matrixTranspose(x)))).toBe(2 + 2);
    expect(measureOf("cost", ops.binary.divide(abs(x), 3))).toBe(24 * 5);
    expect(measureOf("elements", ops.max(ops.concat([x, x]), { axis: 0 }))).toBe(2 * 48 + 48 + 6);
  });

  test("a ladder of shared parts is beyond measure, and no error", () => {
    let y: Node = x;
    for (let k = 0; k < 80; k++) y = ops.binary.add(y, ops.unary.abs(y));
    const root = ops.unary.negative(ops.unary.negative(y));
    const ctx = new PassContext({ memory: MEMORY, workers: 1, checkRules: true });
    expect(algebra([root], ctx)).toEqual([y]);
  });
});
