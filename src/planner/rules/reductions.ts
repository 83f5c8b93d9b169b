/**
 * Rules over reductions whose monoid is exact in any order (min, max, any, all, count, integer sums and products):
 * these may be regrouped without changing a bit. Float accumulations keep the order that was frozen when they were
 * built and are left alone.
 */
import { mapNode, reduceNode, viewNode } from "../../ir/build.js";
import { type DType, isComplex, isFloat, itemSize } from "../../ir/dtype.js";
import { advertisedGrid } from "../../ir/grid.js";
import { fixedAxis } from "../../ir/index-map.js";
import { leafCuts } from "../../ir/leaves.js";
import { leafMonoidOf, mergeTrees, stateDTypes } from "../../ir/monoid.js";
import { dtypeOf, knownShape, type Node, type NodeOf } from "../../ir/node.js";
import { arg, call, cast, constant } from "../../ir/scalar.js";
import { canonicalView } from "../passes/canonicalize.js";
import { type Rule, rule } from "./rule.js";

const ORDER_FREE: ReadonlySet<string> = new Set(["min", "max", "any", "all", "count"]);

const isOrderFree = (node: NodeOf<"reduce">): boolean =>
  ORDER_FREE.has(node.params.monoid) ||
  ((node.params.monoid === "sum" || node.params.monoid === "prod") &&
    !isFloat(node.params.on) &&
    !isComplex(node.params.on));

function reduceLike(node: NodeOf<"reduce">, input: Node, axes: readonly number[]): Node {
  const { monoid, on, correction } = node.params;
  const leaves = leafCuts(advertisedGrid(input), axes);
  return reduceNode(input, monoid, axes, leaves, on, dtypeOf(node), correction);
}

/** Monoids for which the only element is the result: a float sum begins at -0, which adds nothing. */
const ONE_IS_ALL: ReadonlySet<string> = new Set([
  "sum",
  "dot",
  "min",
  "max",
  "any",
  "all",
  "count",
  "mean",
]);

/** A product begins at 1, which changes no number; but 1 + 0i times what is infinite is not that, nor times a -0. */
const oneIsAll = (monoid: string, on: DType): boolean =>
  ONE_IS_ALL.has(monoid) || (monoid === "prod" && !isComplex(on));

const ofOne = rule({
  name: "reduce-of-one",
  kind: "reduce",
  exactness: "exact",
  decreases: "nodes",
  apply: (node) => {
    const input = node.inputs[0] as Node;
    const { axes, monoid, on } = node.params;
    const shape = knownShape(input);
    if (!oneIsAll(monoid, on) || axes.some((a) => shape[a] !== 1)) return undefined;
    const kept = shape.map((_, a) => a).filter((a) => !axes.includes(a));
    const view = canonicalView(
      input,
      shape.map((_, a) =>
        axes.includes(a) ? fixedAxis(0) : { axis: kept.indexOf(a), start: 0, step: 1 },
      ),
      knownShape(node),
    );
    const to = dtypeOf(node);
    // Bools enter as numbers where they are counted, and numbers as bools where they are asked for.
    const entering = dtypeOf(input) === on ? view : castOf(view, on);
    return dtypeOf(entering) === to ? entering : castOf(entering, to);
  },
});

const castOf = (x: Node, dtype: DType): Node =>
  mapNode(cast({ kind: "arg", index: 0, dtype: dtypeOf(x) }, dtype), [x], knownShape(x));

const withoutOne = (node: Node): Node =>
  node.op === "reduce" ? (ofOne.apply(node) ?? node) : node;

const throughConcat = rule({
  name: "reduce-of-concat",
  kind: "reduce",
  exactness: "exact",
  decreases: "elements",
  apply: (node) => {
    const input = node.inputs[0] as Node;
    if (input.op !== "concat" || !isOrderFree(node)) return undefined;
    const { axis } = input.params;
    if (!node.params.axes.includes(axis)) return undefined;
    // Nothing has no extremes.
    if (input.inputs.some((part) => knownShape(part)[axis] === 0)) return undefined;
    const { monoid, on, axes } = node.params;
    const state = stateDTypes(leafMonoidOf(monoid), on)[0];
    if (state !== dtypeOf(node)) return undefined;
    const [tree] = mergeTrees(leafMonoidOf(monoid), on);
    if (tree === undefined) return undefined;
    const shape = knownShape(node);
    return input.inputs
      .map((part) => withoutOne(reduceLike(node, part, axes)))
      .reduce((a, b) => mapNode(tree, [a, b], shape));
  },
});

const IDEMPOTENT: ReadonlySet<string> = new Set(["min", "max", "any", "all"]);

const throughBroadcast = rule({
  name: "reduce-of-broadcast",
  kind: "reduce",
  exactness: "exact",
  decreases: "elements",
  apply: (node) => {
    const input = node.inputs[0] as Node;
    if (input.op !== "view" || !IDEMPOTENT.has(node.params.monoid)) return undefined;
    const shape = knownShape(input);
    const stretched = node.params.axes.filter(
      (a) => (shape[a] as number) > 1 && input.params.map.every((m) => m.axis !== a),
    );
    if (stretched.length === 0) return undefined;
    // Repeating an element changes none of these: read each stretched axis once.
    const narrow = shape.map((n, a) => (stretched.includes(a) ? 1 : n));
    return reduceLike(
      node,
      viewNode(input.inputs[0] as Node, input.params.map, narrow),
      node.params.axes,
    );
  },
});

/** Sums of integers and counts: adding an element again and again is a product, whatever wraps. */
const throughStretched = rule({
  name: "sum-of-broadcast",
  kind: "reduce",
  exactness: "exact",
  decreases: "elements",
  apply: (node) => {
    const input = node.inputs[0] as Node;
    const { monoid, axes } = node.params;
    if (input.op !== "view" || !isOrderFree(node)) return undefined;
    if (monoid !== "sum" && monoid !== "count") return undefined;
    const shape = knownShape(input);
    const times = axes
      .filter((a) => input.params.map.every((m) => m.axis !== a))
      .reduce((n, a) => n * (shape[a] as number), 1);
    // One product for every sum has to be worth it.
    if (times <= 2 || !Number.isSafeInteger(times)) return undefined;
    const narrow = shape.map((n, a) =>
      axes.includes(a) && input.params.map.every((m) => m.axis !== a) ? 1 : n,
    );
    const read = viewNode(input.inputs[0] as Node, input.params.map, narrow);
    const once = reduceLike(node, read, axes);
    const dtype = dtypeOf(node);
    const by = constant(BigInt(times), dtype);
    return mapNode(
      call("multiply", dtype, arg(0, dtype), by),
      [withoutOne(once)],
      knownShape(node),
    );
  },
});

const throughTranspose = rule({
  name: "reduce-of-transpose",
  kind: "reduce",
  exactness: "exact",
  decreases: "nodes",
  apply: (node) => {
    const input = node.inputs[0] as Node;
    if (input.op !== "view") return undefined;
    const shape = knownShape(input);
    const x = input.inputs[0] as Node;
    const { map } = input.params;
    const free = isOrderFree(node);
    // Every axis of x is one of the view, whole: only their order differs, or, where order is free, their direction.
    const rank = shape.length;
    const own = knownShape(x);
    const straight = map.every(
      (m, i) =>
        m.axis >= 0 &&
        shape[m.axis] === own[i] &&
        ((m.step === 1 && m.start === 0) ||
          (free && m.step === -1 && m.start === (own[i] as number) - 1)),
    );
    if (own.length !== rank || !straight) return undefined;
    const { axes, monoid, leaves, on, correction } = node.params;
    const turned = map.map((m) => m.axis);
    const reduced = axes.map((a) => turned.indexOf(a));
    // Float accumulations go along the reduced axes in their order.
    const long = reduced.filter((a) => (own[a] as number) > 1);
    if (!free && long.some((a, i) => i > 0 && a < (long[i - 1] as number))) return undefined;
    if (map.every((m, i) => m.axis === i && m.step === 1)) return undefined;
    if (map.some((m, i) => m.step < 0 && !reduced.includes(i))) return undefined;
    const sorted = [...reduced].sort((a, b) => a - b);
    const made = reduceNode(
      x,
      monoid,
      sorted,
      sorted.map((a) => leaves[reduced.indexOf(a)] as (typeof leaves)[number]),
      on,
      dtypeOf(node),
      correction,
    );
    // The kept axes in the order of the view.
    const left = turned.map((axis, i) => ({ axis, i })).filter(({ i }) => !reduced.includes(i));
    const kept = shape.map((_, a) => a).filter((a) => !axes.includes(a));
    return canonicalView(
      made,
      left.map(({ axis }) => ({ axis: kept.indexOf(axis), start: 0, step: 1 })),
      knownShape(node),
    );
  },
});

/** A reduction of a reduction of the same kind is one over the axes of both. */
const nested = rule({
  name: "reduce-of-reduce",
  kind: "reduce",
  exactness: "exact",
  decreases: "nodes",
  apply: (node) => {
    const inner = node.inputs[0] as Node;
    if (inner.op !== "reduce" || inner.params.monoid !== node.params.monoid) return undefined;
    if (node.params.monoid === "count" || !isOrderFree(node) || !isOrderFree(inner)) {
      return undefined;
    }
    // What comes out of the inner one enters the outer one as it is...
    if (dtypeOf(inner) !== node.params.on) return undefined;
    // ...and where it has wrapped on its way, the result has no bits that would show it.
    if (itemSize(dtypeOf(inner)) < itemSize(dtypeOf(node))) return undefined;
    const x = inner.inputs[0] as Node;
    const kept = knownShape(x)
      .map((_, a) => a)
      .filter((a) => !inner.params.axes.includes(a));
    const axes = [...inner.params.axes, ...node.params.axes.map((a) => kept[a] as number)].sort(
      (a, b) => a - b,
    );
    const leaves = leafCuts(advertisedGrid(x), axes);
    const { monoid, on, correction } = inner.params;
    return reduceNode(x, monoid, axes, leaves, on, dtypeOf(node), correction);
  },
});

/** Axes of length 1 beside others add nothing to what has no order. */
const alongOnes = rule({
  name: "reduce-along-ones",
  kind: "reduce",
  exactness: "exact",
  decreases: "axes",
  apply: (node) => {
    const x = node.inputs[0] as Node;
    const shape = knownShape(x);
    const { axes, monoid, leaves, on, correction } = node.params;
    const long = axes.filter((a) => shape[a] !== 1);
    if (!isOrderFree(node) || long.length === 0 || long.length === axes.length) return undefined;
    const rest = shape.map((_, a) => a).filter((a) => long.includes(a) || !axes.includes(a));
    const to = long.map((a) => rest.indexOf(a));
    const cuts = long.map((a) => leaves[axes.indexOf(a)] as (typeof leaves)[number]);
    return reduceNode(alone(x, rest), monoid, to, cuts, on, dtypeOf(node), correction);
  },
});

/** The axes `rest` of an array whose other axes have length 1. */
function alone(x: Node, rest: readonly number[]): Node {
  const shape = knownShape(x);
  return canonicalView(
    x,
    shape.map((_, a) =>
      rest.includes(a) ? { axis: rest.indexOf(a), start: 0, step: 1 } : fixedAxis(0),
    ),
    rest.map((a) => shape[a] as number),
  );
}

/** Axes of length 1 that a view adds, and the reduction keeps, are added after it: what is below them may meet it then. */
const ofExpanded = rule({
  name: "reduce-of-expand",
  kind: "reduce",
  exactness: "exact",
  decreases: "axes",
  apply: (node) => {
    const input = node.inputs[0] as Node;
    if (input.op !== "view") return undefined;
    const shape = knownShape(input);
    const { axes, monoid, leaves, on, correction } = node.params;
    const { map } = input.params;
    const added = (a: number): boolean =>
      shape[a] === 1 && !axes.includes(a) && map.every((m) => m.axis !== a);
    const rest = shape.map((_, a) => a).filter((a) => !added(a));
    // A single position that is picked out may be what the axis stands for.
    if (rest.length === shape.length || map.some((m) => m.axis < 0)) return undefined;
    const below = canonicalView(
      input.inputs[0] as Node,
      map.map((m) => ({ ...m, axis: rest.indexOf(m.axis) })),
      rest.map((a) => shape[a] as number),
    );
    const to = axes.map((a) => rest.indexOf(a));
    const made = reduceNode(below, monoid, to, leaves, on, dtypeOf(node), correction);
    const kept = shape.map((_, a) => a).filter((a) => !axes.includes(a));
    return canonicalView(
      nested.apply(made) ?? made,
      kept.filter((a) => !added(a)).map((a) => ({ axis: kept.indexOf(a), start: 0, step: 1 })),
      knownShape(node),
    );
  },
});

export const REDUCE_RULES: readonly Rule<"reduce">[] = [
  ofOne,
  nested,
  throughConcat,
  throughBroadcast,
  throughStretched,
  throughTranspose,
  alongOnes,
  ofExpanded,
];
