/** Bottom-up rewriting of an expression without recursion; unchanged parts keep their nodes. */
import {
  callNode,
  concatNode,
  countedNode,
  gatherNode,
  layoutNode,
  lookupNode,
  mapNode,
  pickNode,
  reduceNode,
  reshapeNode,
  scanNode,
  scatterNode,
  viewNode,
} from "../ir/build.js";
import { dtypeOf, knownShape, type Node, topologicalOrder } from "../ir/node.js";

/**
 * Rewrites every node once, inputs first. `rule` sees a node whose inputs are already rewritten and answers with
 * what takes its place (the node itself for no change).
 */
export function rewriteBottomUp(
  roots: readonly Node[],
  rule: (node: Node) => Node,
  order: readonly Node[] = topologicalOrder(roots),
): readonly Node[] {
  // Most nodes stay as they are: only what was replaced is entered.
  const forward = new Map<Node, Node>();
  for (const node of order) {
    let current = node;
    if (forward.size > 0 && node.inputs.some((input) => forward.has(input))) {
      const inputs = node.inputs.map((input) => forward.get(input) ?? input);
      current = withInputs(node, inputs);
    }
    const result = rule(current);
    if (result !== node) forward.set(node, result);
  }
  return forward.size === 0 ? roots : roots.map((root) => forward.get(root) ?? root);
}

/** The same operation over other inputs of equal shapes and dtypes. */
export function withInputs(node: Node, inputs: readonly Node[]): Node {
  const input = inputs[0] as Node;
  switch (node.op) {
    case "map":
      return mapNode(node.params.tree, inputs, knownShape(node));
    case "view":
      return viewNode(input, node.params.map, knownShape(node));
    case "gather":
      return gatherNode(input, node.params.axis, node.params.indices);
    case "lookup":
      return lookupNode(input, inputs.slice(1), node.params.axes, knownShape(node));
    case "scatter":
      return scatterNode(input, inputs[1] as Node, inputs.slice(2), node.params.axes);
    case "concat":
      return concatNode(inputs, node.params.axis);
    case "reshape":
      return reshapeNode(input, knownShape(node));
    case "layout":
      return layoutNode(input, node.params.chunks);
    case "reduce": {
      const { monoid, axes, leaves, on, correction } = node.params;
      return reduceNode(input, monoid, axes, leaves, on, dtypeOf(node), correction);
    }
    case "compress": {
      const { axis, counted } = node.params;
      if (counted === undefined) return node;
      return countedNode(input, inputs[1] as Node, axis, counted);
    }
    case "scan":
      return scanNode(input, node.params, dtypeOf(node));
    case "call":
      return callNode(inputs, node.params, node.outs);
    case "pick":
      return pickNode(input, node.params.port);
    default:
      return node;
  }
}
