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
import { dtypeOf, knownShape, type Node } from "../ir/node.js";
import { type Order, orderOf } from "./context.js";

/**
 * Rewrites every node once, inputs first. `rule` sees a node whose inputs are already rewritten, and its place in the
 * order, and answers with what takes its place (the node itself for no change).
 */
export function rewriteBottomUp(
  roots: readonly Node[],
  rule: (node: Node, place: number) => Node,
  order: Order = orderOf(roots),
): readonly Node[] {
  const { nodes, places, inputs, starts } = order;
  // Most nodes stay as they are: nothing is entered before the first is replaced.
  let made: Node[] | undefined;
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[i] as Node;
    let current = node;
    if (made !== undefined) {
      const first = starts[i] as number;
      for (let k = 0; k < node.inputs.length; k++) {
        if (made[inputs[first + k] as number] === node.inputs[k]) continue;
        const changed = made;
        current = withInputs(
          node,
          node.inputs.map((_, n) => changed[inputs[first + n] as number] as Node),
        );
        break;
      }
    }
    const result = rule(current, i);
    if (made !== undefined) made.push(result);
    else if (result !== node) made = [...nodes.slice(0, i), result];
  }
  const done = made;
  return done === undefined ? roots : roots.map((r) => done[places.get(r) as number] as Node);
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
