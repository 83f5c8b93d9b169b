/**
 * Second half of pass 3, sink: a selection by a list of positions moves below what is computed or joined for it alone.
 *
 * It assumes canonical gathers, and promises the same values from nodes that make no more than is selected: what a
 * gather looks at has to exist, from the first position to the last, with all that lies between. A few positions that
 * lie far apart are cheaper to find in what is read than in what is computed from it. Where positions are many, or what
 * they are selected from has other users, everything stays as it is.
 *
 * One walk down finds the maps that are to be computed at the positions only, one walk up builds them.
 */
import { concatNode, gatherNode, indexList, mapNode } from "../../ir/build.js";
import { type IndexList, knownShape, type Node, type NodeOf } from "../../ir/node.js";
import type { PassContext } from "../context.js";
import { withInputs } from "../rewrite.js";
import { canonical } from "./canonicalize.js";

/** Positions that are gathered for every one that need not exist: below that the order of stages is left alone. */
const WORTH = 2;
/** Most pieces that a selection from joined parts is put together from. */
const MOST_RUNS = 8;

interface Take {
  readonly axis: number;
  readonly indices: IndexList;
  /** Positions from the first to the last. */
  readonly extent: number;
}

export function takes(roots: readonly Node[], ctx: PassContext): readonly Node[] {
  const order = ctx.order(roots).nodes;
  if (order.every((n) => n.op !== "gather")) return roots;
  const users = new Map<Node, number>();
  for (const root of roots) users.set(root, 1);
  for (const node of order) {
    for (const input of node.inputs) users.set(input, (users.get(input) ?? 0) + 1);
  }
  const isOwn = (node: Node): boolean => users.get(node) === 1;
  const taken = new Map<Node, Take>();
  const parts = new Map<Node, readonly Run[]>();
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i] as Node;
    const take = node.op === "gather" ? takeOf(node) : taken.get(node);
    if (take === undefined) continue;
    for (const input of node.inputs) {
      if (!isOwn(input) || !spans(input, node, take)) continue;
      if (input.op === "map" && isWorth(take, input.inputs.length)) taken.set(input, take);
      const runs = input.op === "concat" && isWorth(take, 1) ? runsOf(input, take) : undefined;
      if (runs !== undefined) parts.set(input, runs);
    }
  }
  if (taken.size === 0 && parts.size === 0) return roots;
  const made = new Map<Node, Node>();
  /** Whether nothing but what is taken of a node is made. */
  const isMade = (input: Node): boolean => taken.has(input) || parts.has(input);
  const part = (input: Node, take: Take): Node => {
    const done = made.get(input) as Node;
    if (isMade(input)) return done;
    return canonical(gatherNode(done, take.axis, take.indices));
  };
  for (const node of order) {
    const inputs = node.inputs.map((input) => made.get(input) as Node);
    const take = taken.get(node);
    const runs = parts.get(node);
    if (take !== undefined && node.op === "map") {
      ctx.fired("take", node, `${node.op} at ${take.indices.values.length} of ${take.extent}`);
      const below = node.inputs.map((input, k) =>
        spans(input, node, take) ? part(input, take) : (inputs[k] as Node),
      );
      const shape = knownShape(node).map((n, a) =>
        a === take.axis ? take.indices.values.length : n,
      );
      made.set(node, mapNode(node.params.tree, below, shape));
    } else if (runs !== undefined && node.op === "concat") {
      ctx.fired("take", node, `${runs.length} pieces of ${node.inputs.length} parts`);
      const { axis } = node.params;
      const pieces = runs.map(({ part: k, positions }) =>
        canonical(gatherNode(inputs[k] as Node, axis, indexList(positions))),
      );
      made.set(node, pieces.length === 1 ? (pieces[0] as Node) : concatNode(pieces, axis));
    } else if (node.op === "gather" && isMade(node.inputs[0] as Node)) {
      made.set(node, inputs[0] as Node);
    } else {
      const same = inputs.every((x, k) => x === node.inputs[k]);
      made.set(node, same ? node : withInputs(node, inputs));
    }
  }
  return roots.map((root) => made.get(root) as Node);
}

function takeOf({ params: { axis, indices } }: NodeOf<"gather">): Take {
  let first = Number.POSITIVE_INFINITY;
  let last = -1;
  for (const v of indices.values) {
    first = Math.min(first, v);
    last = Math.max(last, v);
  }
  return { axis, indices, extent: Math.max(0, last - first + 1) };
}

const isWorth = ({ indices: { values }, extent }: Take, inputs: number): boolean =>
  values.length > 0 && WORTH * values.length * inputs <= extent;

/** Whether an input has the axis of the selection in its whole length. */
const spans = (input: Node, node: Node, { axis }: Take): boolean =>
  node.op === "gather" || knownShape(input)[axis] === knownShape(node)[axis];

/** Positions within one part of a concatenation that stand side by side in the selection. */
interface Run {
  readonly part: number;
  readonly positions: readonly number[];
}

function runsOf(node: NodeOf<"concat">, { axis, indices }: Take): readonly Run[] | undefined {
  if (node.params.axis !== axis) return undefined;
  const ends: number[] = [];
  for (const p of node.inputs) ends.push((ends.at(-1) ?? 0) + (knownShape(p)[axis] as number));
  const runs: { part: number; start: number; end: number; positions: number[] }[] = [];
  for (const v of indices.values) {
    const last = runs.at(-1);
    if (last !== undefined && v >= last.start && v < last.end) last.positions.push(v - last.start);
    else if (runs.length === MOST_RUNS) return undefined;
    else {
      const part = ends.findIndex((end) => v < end);
      const start = part === 0 ? 0 : (ends[part - 1] as number);
      runs.push({ part, start, end: ends[part] as number, positions: [v - start] });
    }
  }
  return runs;
}
