/** A measured selection: every piece of the mask makes one block, whose length is known by now. */
import { builtInFunction, callNode, createNode } from "../../ir/build.js";
import { cutsMax } from "../../ir/cuts.js";
import { itemSize } from "../../ir/dtype.js";
import { advertisedGrid } from "../../ir/grid.js";
import { dtypeOf, knownShape, type Node, type NodeOf } from "../../ir/node.js";
import { constant } from "../../ir/scalar.js";
import { boundedCuts, followAll } from "./blocks.js";

export function expandCompress(node: NodeOf<"compress">): Node {
  const { axis, counted } = node.params;
  if (counted === undefined) return node;
  const shape = knownShape(node);
  // Nothing along another axis: there is nothing to select, whatever the mask says.
  if (shape.includes(0)) {
    return createNode(constant(0, dtypeOf(node)), shape, advertisedGrid(node));
  }
  const [x, mask] = node.inputs as [Node, Node];
  const { pieces, counts } = counted;
  // A block holds what it selects from as well.
  const share = cutsMax(pieces) / Math.max(1, cutsMax(counts));
  const perElement = itemSize(dtypeOf(x)) * (1 + share);
  const fixed = shape.map((_, a) => (a === axis ? counts : undefined));
  const loop = boundedCuts(advertisedGrid(node), perElement, fixed);
  const source = followAll(loop).map((a, i) => (i === axis ? { loop: axis, cuts: pieces } : a));
  return callNode(
    [x, mask],
    {
      fn: builtInFunction("compress", { axis }),
      loop,
      args: [source, [{ loop: axis, cuts: pieces }]],
      results: [followAll(loop)],
      observes: "index",
      inputs: "view",
      scratchBytes: 0,
    },
    [{ shape, dtype: dtypeOf(node) }],
  );
}
