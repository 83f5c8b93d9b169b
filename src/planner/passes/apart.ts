/**
 * What block functions take is materialised, and lives until the last of them has looked at it. Where two of them look
 * at different times (a running total reads its input twice: for the totals of leaves, and for the prefixes) that is the
 * whole array. When that does not fit, every block function gets an input of its own, computed once more.
 */
import { type CallNode, freshId, type Node, topologicalOrder } from "../../ir/node.js";
import { rewriteBottomUp, withInputs } from "../rewrite.js";

/** A node that is told from its original: hash-consing would make them one again. */
const another = (node: Node): Node => Object.freeze({ ...node, id: freshId() });

const isCompress = ({ params: { fn } }: CallNode): boolean =>
  fn.code.type === "built-in" && fn.code.name === "compress";

/** What is cheap to make again, below the views of an input: the result of a kernel, or a selection. */
function kernelBelow(node: Node): Node | undefined {
  let at = node;
  while (at.op === "view") at = at.inputs[0] as Node;
  const again = at.op === "map" || at.op === "create" || (at.op === "call" && isCompress(at));
  return again ? at : undefined;
}

/** The input with its kernel replaced. */
function over(node: Node, kernel: Node): Node {
  const views: Node[] = [];
  for (let at = node; at.op === "view"; at = at.inputs[0] as Node) views.push(at);
  return views.reduceRight((inner, view) => withInputs(view, [inner]), kernel);
}

/** The same expressions, in which no kernel's result is handed to two block functions. */
export function apart(roots: readonly Node[]): readonly Node[] {
  const users = new Map<Node, Set<Node>>();
  for (const node of topologicalOrder(roots)) {
    if (node.op !== "call") continue;
    for (const input of node.inputs) {
      const kernel = kernelBelow(input);
      if (kernel !== undefined) users.set(kernel, (users.get(kernel) ?? new Set()).add(node));
    }
  }
  if (![...users.values()].some((calls) => calls.size > 1)) return roots;
  return rewriteBottomUp(roots, (node) => {
    if (node.op !== "call") return node;
    const copies = new Map<Node, Node>();
    const inputs = node.inputs.map((input) => {
      const kernel = kernelBelow(input);
      if (kernel === undefined) return input;
      const copy = copies.get(kernel) ?? another(kernel);
      copies.set(kernel, copy);
      return over(input, copy);
    });
    return withInputs(node, inputs);
  });
}
