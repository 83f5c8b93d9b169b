/**
 * Lookup and scatter as calls of built-in block functions. The loop is the grid of the result. A lookup needs x whole
 * along the axes that are indexed, since any position may be asked for; a scatter needs value and indices whole along
 * the axes that x does not share, since any write may fall into the block.
 */
import { builtInFunction, callNode } from "../../ir/build.js";
import {
  type Cuts,
  coalesceCuts,
  cutsCount,
  cutsMax,
  splitCuts,
  wholeCuts,
} from "../../ir/cuts.js";
import { itemSize } from "../../ir/dtype.js";
import { advertisedGrid } from "../../ir/grid.js";
import { elementCount } from "../../ir/index-map.js";
import { type CallParams, dtypeOf, knownShape, type Node, type NodeOf } from "../../ir/node.js";

/** Bytes that a task should handle, and those it should not exceed if cutting helps: as other stages do. */
const TARGET = 4 * 1024 * 1024;
const LIMIT = 16 * 1024 * 1024;

/** Per axis of an input, the loop axis that it follows; -1 for the whole axis. */
type Follows = readonly number[];

export function expandLookup(node: NodeOf<"lookup">): Node {
  const { axes } = node.params;
  const shape = knownShape(node);
  const follows = node.inputs.map((input, k): Follows => {
    if (k === 0) return axes.map((a) => (a.from === "axis" ? a.axis : -1));
    return knownShape(input).map((n, axis) => (n === shape[axis] ? axis : -1));
  });
  return callOver(node, "lookup", { axes }, follows);
}

export function expandScatter(node: NodeOf<"scatter">): Node {
  const { axes } = node.params;
  const [x, value] = node.inputs as [Node, Node];
  const positions = knownShape(value);
  const shared = positions.map((_, axis) =>
    axes.findIndex((a) => a.from === "axis" && a.axis === axis),
  );
  const follows = node.inputs.map((input, k): Follows => {
    if (k === 0) return axes.map((_, axis) => axis);
    return knownShape(input).map((n, axis) =>
      n === positions[axis] ? (shared[axis] as number) : -1,
    );
  });
  return callOver(node, "scatter", { axes, extents: knownShape(x) }, follows);
}

function callOver(
  node: Node,
  name: string,
  params: unknown,
  follows: readonly Follows[],
): NodeOf<"call"> {
  const loop = loopCuts(node, follows);
  const args = node.inputs.map((input, k) =>
    knownShape(input).map((n, axis) => {
      const along = (follows[k] as Follows)[axis] as number;
      return { loop: along, cuts: along < 0 ? wholeCuts(n) : (loop[along] as Cuts) };
    }),
  );
  const call: CallParams = {
    fn: builtInFunction(name, params),
    loop,
    args,
    results: [loop.map((cuts, axis) => ({ loop: axis, cuts }))],
    observes: "values",
    inputs: "view",
    scratchBytes: 0,
  };
  return callNode(node.inputs, call, node.outs);
}

/** The advertised grid; huge blocks are cut, first where that makes inputs smaller, tiny ones coalesced. */
function loopCuts(node: Node, follows: readonly Follows[]): readonly Cuts[] {
  const cuts = [...advertisedGrid(node)];
  const item = itemSize(dtypeOf(node));
  const bytesOf = (sizes: readonly number[]): number =>
    node.inputs.reduce((sum, input, k) => {
      const shape = knownShape(input).map((n, axis) => {
        const along = (follows[k] as Follows)[axis] as number;
        return along < 0 ? n : (sizes[along] as number);
      });
      return sum + elementCount(shape) * itemSize(dtypeOf(input));
    }, elementCount(sizes) * item);
  const sizes = cuts.map((c) => Math.max(1, cutsMax(c)));
  const withSize = (axis: number, size: number): readonly number[] =>
    sizes.map((s, a) => (a === axis ? size : s));
  // What every task reads whole stays the same however blocks are cut; it is the rest that has a size to choose.
  const fixed = bytesOf(cuts.map(() => 1));
  const helps = cuts.map((_, axis) => bytesOf(withSize(axis, 1)));
  const byHelp = cuts
    .map((_, axis) => axis)
    .sort((a, b) => (helps[a] as number) - (helps[b] as number));
  for (const axis of byHelp) {
    if (bytesOf(sizes) - fixed <= LIMIT) break;
    const fits = (n: number): boolean => bytesOf(withSize(axis, n)) - fixed <= LIMIT;
    const room = largest(1, sizes[axis] as number, fits);
    cuts[axis] = splitCuts(cuts[axis] as Cuts, room);
    sizes[axis] = room;
  }
  // It is read by each of them: such tasks may be as large as what they read.
  const target = Math.max(TARGET, Math.min(fixed, LIMIT));
  for (let axis = cuts.length - 1; axis >= 0; axis--) {
    if (cutsCount(cuts[axis] as Cuts) === 1) continue;
    const extent = knownShape(node)[axis] as number;
    const own = sizes[axis] as number;
    const room = largest(own, extent, (n) => bytesOf(withSize(axis, n)) - fixed <= target);
    if (room > own) cuts[axis] = coalesceCuts(cuts[axis] as Cuts, room);
    sizes[axis] = cutsMax(cuts[axis] as Cuts);
  }
  return cuts;
}

/** The largest n in [low, high] that fits, by bisection; low if none does. */
function largest(low: number, high: number, fits: (n: number) => boolean): number {
  let [lo, hi] = [low, high];
  while (lo < hi) {
    const mid = Math.ceil((lo + hi) / 2);
    if (fits(mid)) lo = mid;
    else hi = mid - 1;
  }
  return lo;
}
