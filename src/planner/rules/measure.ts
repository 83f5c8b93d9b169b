/**
 * What rules make smaller: the reason that rewriting ends. In production a rule is believed; tests have every
 * application measured (`PlanConfig.checkRules`).
 *
 * A measure is a sum over the tree of an expression (a part that is used twice counts twice, so that it never matters
 * what else uses it), as in a proof of termination by interpretation: every operation has a function of its inputs'
 * measures that grows with each of them, so what makes a part smaller makes all that stands above it smaller.
 */
import { InternalError } from "../../errors.js";
import { knownShape, type Node } from "../../ir/node.js";
import type { Scalar } from "../../ir/scalar.js";
import { functionCost } from "../cost.js";
import type { Rule } from "./rule.js";

type Measure = Rule["decreases"];

/** Elements of an array, an empty axis counting as one: rules do not become useless where there is nothing to do. */
const elements = (node: Node): number => knownShape(node).reduce((n, s) => n * Math.max(1, s), 1);

/** Calls and casts of a tree; a division takes four times as long as a product. */
function treeCost(tree: Scalar): number {
  if (tree.kind === "cast") return 1 + treeCost(tree.arg);
  if (tree.kind !== "call") return 0;
  const own = tree.fn === "divide" ? 4 : functionCost(tree.fn);
  return tree.args.reduce((n, a) => n + treeCost(a), own);
}

/** The measure of a node from the sum of those of its inputs. */
const OF: Readonly<Record<Measure, (node: Node, below: number) => number>> = {
  nodes: (node, below) => {
    switch (node.op) {
      case "map":
      case "view":
      case "create":
      case "source":
        return below + 1;
      case "reduce":
        // Twice what is below: a view above a reduction is less than one below it. Three: two casts and a view are less.
        return 2 * below + 3;
      default:
        return below + 4;
    }
  },
  cost: (node, below) =>
    node.op === "map" || node.op === "create"
      ? below + elements(node) * treeCost(node.params.tree)
      : below,
  elements: (node, below) => {
    switch (node.op) {
      case "source":
      case "view":
        return below;
      case "reduce":
        return below + elements(node.inputs[0] as Node) + elements(node);
      case "concat":
        // Written, and read again.
        return below + 2 * elements(node);
      default:
        return below + elements(node);
    }
  },
  // Of what is computed; views are free.
  axes: (node, below) =>
    node.op === "view" ? below : below + knownShape(node.inputs[0] ?? node).length,
};

const known: Readonly<Record<Measure, WeakMap<Node, number>>> = {
  nodes: new WeakMap(),
  cost: new WeakMap(),
  elements: new WeakMap(),
  axes: new WeakMap(),
};

/** The measure of an expression. Every node is looked at once in its life. */
export function measureOf(measure: Measure, root: Node): number {
  const values = known[measure];
  const stack: Node[] = [root];
  for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
    const open = values.has(node) ? [] : node.inputs.filter((input) => !values.has(input));
    if (open.length > 0) {
      for (const input of open) stack.push(input);
      continue;
    }
    stack.pop();
    if (values.has(node)) continue;
    const below = node.inputs.reduce((n, input) => n + (values.get(input) as number), 0);
    values.set(node, OF[measure](node, below));
  }
  return values.get(root) as number;
}

/**
 * @throws InternalError if a rule's replacement is not smaller than what it replaces. Expressions whose trees have more
 *   than 2^53 parts (ladders of shared ones) are beyond measure.
 */
export function checkDecrease(rule: Rule, before: Node, after: Node): void {
  const from = measureOf(rule.decreases, before);
  const to = measureOf(rule.decreases, after);
  if (to < from || from > Number.MAX_SAFE_INTEGER) return;
  throw new InternalError(
    `rule ${rule.name} says that it decreases ${rule.decreases}: ${from} became ${to}`,
  );
}
