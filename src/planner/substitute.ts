/** Expressions in which some nodes are read from elsewhere. */
import { type Node, topologicalOrder } from "../ir/node.js";
import { withInputs } from "./rewrite.js";

/** The nodes with those of `table` replaced, wherever they are used. What takes their place has their shape, dtype and grid. */
export function substitute(
  nodes: readonly Node[],
  table: { get(node: Node): Node | undefined },
): readonly Node[] {
  const made = new Map<Node, Node>();
  for (const node of topologicalOrder(nodes)) {
    const inputs = node.inputs.map((input) => made.get(input) as Node);
    const same = inputs.every((input, i) => input === node.inputs[i]);
    made.set(node, table.get(node) ?? (same ? node : withInputs(node, inputs)));
  }
  return nodes.map((node) => made.get(node) as Node);
}
