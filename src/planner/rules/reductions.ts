/**
 * Rules over reductions whose monoid is exact in any order (min, max, any, all, count, integer sums and products):
 * these may be regrouped without changing a bit. Float accumulations keep the order that was frozen when they were
 * built and are left alone.
 */
import { mapNode, reduceNode, viewNode } from "../../ir/build.js";
import { isComplex, isFloat } from "../../ir/dtype.js";
import { advertisedGrid } from "../../ir/grid.js";
import { leafCuts } from "../../ir/leaves.js";
import { leafMonoidOf, mergeTrees, stateDTypes } from "../../ir/monoid.js";
import { dtypeOf, knownShape, type Node, type NodeOf } from "../../ir/node.js";
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

const throughConcat = rule({
  name: "reduce-of-concat",
  kind: "reduce",
  exactness: "exact",
  decreases: "elements",
  apply: (node) => {
    const input = node.inputs[0] as Node;
    if (input.op !== "concat" || !isOrderFree(node)) return undefined;
    if (!node.params.axes.includes(input.params.axis)) return undefined;
    const { monoid, on, axes } = node.params;
    const state = stateDTypes(leafMonoidOf(monoid), on)[0];
    if (state !== dtypeOf(node)) return undefined;
    const [tree] = mergeTrees(leafMonoidOf(monoid), on);
    if (tree === undefined) return undefined;
    const shape = knownShape(node);
    return input.inputs
      .map((part) => reduceLike(node, part, axes))
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

export const REDUCE_RULES: readonly Rule<"reduce">[] = [throughConcat, throughBroadcast];
