/**
 * Prefixes along an axis: the totals of all leaves, what comes before each leaf, and then every leaf by itself. Three
 * steps of which two are parallel (Blelloch, "Prefix sums and their applications", 1990, with the middle step done
 * serially: it handles one element per leaf).
 */
import { builtInFunction, callNode } from "../../ir/build.js";
import { cutsCount, uniformCuts, wholeCuts } from "../../ir/cuts.js";
import { type DType, itemSize } from "../../ir/dtype.js";
import { advertisedGrid } from "../../ir/grid.js";
import { type CallParams, dtypeOf, knownShape, type Node, type NodeOf } from "../../ir/node.js";
import { boundedCuts, followAll, onePerPiece, wholeAxis } from "./blocks.js";

export function expandScan(node: NodeOf<"scan">): Node {
  const { axis, leaves, monoid, state } = node.params;
  const x = node.inputs[0] as Node;
  const shape = knownShape(node);
  const pieces = cutsCount(leaves);
  const perElement = itemSize(dtypeOf(x)) + itemSize(dtypeOf(node));
  const fixed = shape.map((_, a) => (a === axis ? leaves : undefined));
  const loop = boundedCuts(advertisedGrid(x), perElement, fixed);
  const params = { monoid, axis, state };
  const scan = (
    name: string,
    inputs: readonly Node[],
    call: Pick<CallParams, "loop" | "args" | "results">,
    out: { readonly shape: readonly number[]; readonly dtype: DType },
  ): Node =>
    callNode(
      inputs,
      {
        ...call,
        fn: builtInFunction(name, params),
        observes: "index",
        inputs: "view",
        scratchBytes: 0,
      },
      [out],
    );
  const follow = followAll(loop);
  const out = { shape, dtype: dtypeOf(node) };
  if (pieces === 1)
    return scan("scanBlocks", [x], { loop, args: [follow], results: [follow] }, out);
  const perLeaf = onePerPiece(loop, axis, pieces);
  const middle = { shape: shape.map((n, a) => (a === axis ? pieces : n)), dtype: state };
  const totals = scan("scanTotals", [x], { loop, args: [follow], results: [perLeaf] }, middle);
  const along = boundedCuts(
    perLeaf.map((a) => a.cuts),
    2 * itemSize(state),
    shape.map((_, a) => (a === axis ? wholeCuts(pieces) : undefined)),
  );
  const whole = wholeAxis(along, axis, pieces);
  const carries = scan(
    "scanCarries",
    [totals],
    {
      loop: along.map((c, a) => (a === axis ? uniformCuts(1, 1) : c)),
      args: [whole],
      results: [whole],
    },
    middle,
  );
  return scan(
    "scanBlocks",
    [x, carries],
    { loop, args: [follow, perLeaf], results: [follow] },
    out,
  );
}
