/** What residency picks becomes nodes of their own, which are kept, and all users look at these. */
import { viewNode } from "../../ir/build.js";
import type { AffineMap } from "../../ir/index-map.js";
import { knownShape, type Node } from "../../ir/node.js";
import { orderOf } from "../context.js";
import { withInputs } from "../rewrite.js";
import { covers, type Region, regionShape } from "./regions.js";
import type { Picks } from "./residency.js";

/**
 * Makes the part of every pick that is read a node of its own, to be kept, and lets all users look at it: positions
 * outside, which nobody reads, have no place in it. Answers with the rewritten nodes and the nodes to keep.
 */
export function keepHulls(
  nodes: readonly Node[],
  picks: Picks,
): { readonly nodes: readonly Node[]; readonly kept: readonly Node[] } {
  const isWhole = (node: Node, part: Region): boolean => covers(part, knownShape(node));
  if ([...picks].every(([node, part]) => isWhole(node, part))) {
    return { nodes, kept: [...picks.keys()] };
  }
  const order = orderOf(nodes);
  const forward: Node[] = [];
  const kept: Node[] = [];
  /** Nodes of which every so many positions are kept: views, and nothing else, look at these. */
  const sparse = new Map<Node, Node>();
  order.nodes.forEach((node, place) => {
    const first = order.starts[place] as number;
    const at = (k: number): Node => forward[order.inputs[first + k] as number] as Node;
    const [input] = node.inputs;
    const below = input && sparse.get(input);
    const same = node.inputs.every((x, k) => x === at(k));
    const made =
      node.op === "view" && below !== undefined
        ? viewNode(
            below,
            within(node.params.map, picks.get(input as Node) as Region),
            knownShape(node),
          )
        : same
          ? node
          : withInputs(
              node,
              node.inputs.map((_, k) => at(k)),
            );
    const part = picks.get(node);
    const shape = knownShape(node);
    if (part === undefined) forward.push(made);
    else if (isWhole(node, part)) {
      kept.push(made);
      forward.push(made);
    } else {
      const { lo, step } = part;
      const seen = shape.map((_, axis) => ({
        axis,
        start: lo[axis] as number,
        step: step[axis] as number,
      }));
      const own = viewNode(made, seen, regionShape(part));
      kept.push(own);
      if (step.every((s) => s === 1)) {
        const back = shape.map((_, axis) => ({ axis, start: -(lo[axis] as number), step: 1 }));
        forward.push(viewNode(own, back, shape));
      } else {
        sparse.set(node, own);
        forward.push(made);
      }
    }
  });
  return { nodes: nodes.map((n) => forward[order.places.get(n) as number] as Node), kept };
}

/** The map of a view of an array, over a part of it that holds all that the view shows. */
const within = (map: AffineMap, { lo, step }: Region): AffineMap =>
  map.map(({ axis, start, step: own }, a) => ({
    axis,
    start: (start - (lo[a] as number)) / (step[a] as number),
    // Of a single position the step says nothing.
    step: Number.isInteger(own / (step[a] as number)) ? own / (step[a] as number) : 1,
  }));
