/**
 * Pass 7, residency: what is kept in memory because reading or computing it again would cost more, and how long every
 * block lives.
 *
 * The order of tasks is known (depth first from the outputs, `exec/coordinator/order.ts`), so lifetimes are closed
 * forms over the grids: {@link liveBytes} bounds what is live at once of an array without looking at single blocks.
 */
import { viewNode } from "../../ir/build.js";
import { type Cuts, pieceStart, piecesIn } from "../../ir/cuts.js";
import { itemSize } from "../../ir/dtype.js";
import {
  type AffineMap,
  type Box,
  boxElements,
  boxIsEmpty,
  boxOfShape,
  boxShape,
  composeMaps,
  fixedAxis,
  hullOf,
  identityMap,
  imageOfBox,
} from "../../ir/index-map.js";
import { dtypeOf, knownShape, mapKey, type Node, topologicalOrder } from "../../ir/node.js";
import type { PassContext } from "../context.js";
import { functionCost } from "../cost.js";
import type { BaseTest } from "../lower.js";
import { rewriteBottomUp } from "../rewrite.js";
import type { FuseRequest, FuseResult } from "./fuse.js";

/** Simple operations per element above which computing twice costs more than keeping. */
const COSTLY = 8;
/** Index maps of one node that one stage is looked through for, one by one. */
const MOST_MAPS = 4;
/** Reads of several stages must overlap by this factor before keeping pays. */
const OVERLAP = 1.2;
/** Any overlap of chunks is enough for what takes no more than this share of the budget. */
const SMALL = 1 / 64;

export interface KeepCandidate {
  readonly node: Node;
  /** The part of it that is read at all. */
  readonly hull: Box;
}

/**
 * Nodes that would be read or computed several times (by several stages, or by one through several index maps) and
 * that are worth keeping: the topmost such node that has a store below it or costly functions in it.
 */
export function keepCandidates(
  requests: readonly FuseRequest[],
  fused: FuseResult,
  ctx: PassContext,
): readonly KeepCandidate[] {
  const baseOf: BaseTest = (node) =>
    fused.materialised.has(node) ? "array" : node.op === "source" ? "source" : undefined;
  if (!hasSharing(requests, fused)) return [];
  const uses = new Map<Node, Box[]>();
  for (const draft of fused.drafts) {
    const roots =
      draft.kind === "write"
        ? requests.filter((r) => r.sink === draft.sink).map((r) => r.node)
        : draft.outputs;
    for (const { node, box } of inlined(roots, baseOf)) {
      const boxes = uses.get(node);
      if (boxes === undefined) uses.set(node, [box]);
      else boxes.push(box);
    }
  }
  const shared = [...uses.keys()].filter((n) => (uses.get(n) as Box[]).length > 1);
  const isShared = new Set(shared);
  const covered = new Set<Node>();
  const picked: KeepCandidate[] = [];
  // Users have larger ids than what they use: topmost first.
  for (const node of shared.sort((a, b) => b.id - a.id)) {
    if (covered.has(node)) {
      for (const input of node.inputs) if (isShared.has(input)) covered.add(input);
      continue;
    }
    const boxes = uses.get(node) as Box[];
    const hull = boxes.reduce(hullOf);
    const worth = worthKeeping(node, baseOf);
    // A stretched view is larger than what it shows: what it shows may be worth keeping.
    if (worth === undefined || isStretched(node)) continue;
    if (!overlap(node, boxes, hull, ctx.config.memory)) {
      ctx.declined("keep", node, "its consumers read different parts");
      continue;
    }
    ctx.fired("keep", node, worth);
    picked.push({ node, hull });
    for (const input of node.inputs) if (isShared.has(input)) covered.add(input);
  }
  return picked;
}

/** Whether so much is read several times that keeping pays. Of a store whole chunks are read. */
function overlap(node: Node, boxes: readonly Box[], hull: Box, memory: number): boolean {
  const source = node.op === "source" ? node.params.binding : undefined;
  const read = (box: Box): number =>
    boxElements(source === undefined ? box : chunksOf(source.chunks, box));
  const total = boxes.reduce((n, b) => n + read(b), 0);
  if (total >= OVERLAP * read(hull)) return true;
  const bytes = boxElements(hull) * itemSize(dtypeOf(node));
  return source !== undefined && total > read(hull) && bytes <= memory * SMALL;
}

/** The box of the chunks that a box touches. */
function chunksOf(chunks: readonly Cuts[], box: Box): Box {
  if (boxIsEmpty(box)) return box;
  const pieces = chunks.map((c, a) => piecesIn(c, box.lo[a] as number, box.hi[a] as number));
  return {
    lo: pieces.map(([first], a) => pieceStart(chunks[a] as Cuts, first)),
    hi: pieces.map(([, last], a) => pieceStart(chunks[a] as Cuts, last + 1)),
  };
}

const isStretched = (node: Node): boolean =>
  node.op === "view" &&
  knownShape(node).some((n, axis) => n > 1 && node.params.map.every((m) => m.axis !== axis));

/**
 * Makes the hull of a candidate a node of its own, to be kept, and lets all users look at it: positions outside the
 * hull, which nobody reads, have no place in it. Answers with the rewritten nodes and the node to keep.
 */
export function keepHull(
  nodes: readonly Node[],
  { node, hull }: KeepCandidate,
): { readonly nodes: readonly Node[]; readonly kept: Node } {
  const shape = knownShape(node);
  if (shape.every((n, i) => hull.lo[i] === 0 && hull.hi[i] === n)) return { nodes, kept: node };
  const along = (sign: number): AffineMap =>
    shape.map((_, axis) => ({ axis, start: sign * (hull.lo[axis] as number), step: 1 }));
  const kept = viewNode(node, along(1), boxShape(hull));
  const seen = viewNode(kept, along(-1), shape);
  return { nodes: rewriteBottomUp(nodes, (n) => (n === node ? seen : n)), kept };
}

/** Whether any node has two users: without one no two stages can inline the same thing. */
function hasSharing(requests: readonly FuseRequest[], fused: FuseResult): boolean {
  const used = new Set<Node>(requests.map((r) => r.node));
  for (const node of topologicalOrder(requests.map((r) => r.node))) {
    for (const input of node.inputs) {
      if (used.has(input) && !(fused.materialised.has(input) && input.op !== "source")) return true;
      used.add(input);
    }
  }
  return false;
}

/** Why keeping pays, or undefined. */
function worthKeeping(node: Node, baseOf: BaseTest): string | undefined {
  if (node.op === "create") return undefined;
  const seen = new Set<Node>();
  const stack: Node[] = [node];
  let cost = 0;
  while (stack.length > 0) {
    const top = stack.pop() as Node;
    if (seen.has(top)) continue;
    seen.add(top);
    const base = baseOf(top);
    if (base === "array") continue;
    if (top.op === "source") {
      if (top.params.binding.residence === "store") return "read once for several stages";
      continue;
    }
    if (top.op === "map") cost += treeCost(top.params.tree);
    stack.push(...top.inputs);
  }
  return cost >= COSTLY ? "computed once for several stages" : undefined;
}

type Tree = Extract<Node, { op: "map" }>["params"]["tree"];
const treeCost = (tree: Tree): number =>
  tree.kind === "call"
    ? tree.args.reduce((n, a) => n + treeCost(a), functionCost(tree.fn))
    : tree.kind === "cast"
      ? treeCost(tree.arg)
      : 0;

interface Inlined {
  readonly node: Node;
  readonly box: Box;
}

/**
 * Nodes that the stage of `roots` inlines, once per index map, with the box of each that it reads. Together the boxes of
 * a node hold all that is read of it: the maps beyond MOST_MAPS, of which a ladder of slices has 2^depth, count as one.
 */
function inlined(roots: readonly Node[], baseOf: BaseTest): readonly Inlined[] {
  const out: Inlined[] = [];
  const whole = (n: Node): Box => boxOfShape(knownShape(n));
  const walk = (start: readonly Node[]): void => {
    const seen = new Map<Node, string[]>();
    const stack: { node: Node; map: AffineMap; space: Box }[] = [];
    const rest = new Map<Node, Box>();
    const addRest = (node: Node, box: Box): void => {
      const known = rest.get(node);
      rest.set(node, known === undefined ? box : hullOf(known, box));
    };
    const push = (node: Node, map: AffineMap, space: Box): void => {
      if (baseOf(node) === "array") return;
      const known = seen.get(node);
      const key = mapKey(map);
      if (known === undefined) seen.set(node, [key]);
      else if (known.includes(key)) return;
      else if (known.length >= MOST_MAPS) return addRest(node, imageOfBox(map, space));
      else known.push(key);
      out.push({ node, box: imageOfBox(map, space) });
      stack.push({ node, map, space });
    };
    for (const node of start) {
      const map = identityMap(knownShape(node).length);
      if (baseOf(node) !== "array") push(node, map, whole(node));
      // What is being materialised here reads its own inputs; a source reads itself.
      else if (node.op === "source") out.push({ node, box: whole(node) });
      else stack.push({ node, map, space: whole(node) });
    }
    while (stack.length > 0) {
      const { node, map, space } = stack.pop() as (typeof stack)[number];
      for (const input of node.inputs) push(input, mapOfInput(node, input, map), space);
    }
    if (rest.size === 0) return;
    for (const node of [...topologicalOrder(start)].reverse()) {
      const box = rest.get(node);
      if (box === undefined) continue;
      out.push({ node, box });
      const map = identityMap(knownShape(node).length);
      for (const input of node.inputs) {
        if (baseOf(input) !== "array")
          addRest(input, imageOfBox(mapOfInput(node, input, map), box));
      }
    }
  };
  const fused = roots.filter((r) => FUSED.has(r.op));
  walk(fused);
  // Sibling reductions share their loads.
  const reduced = roots.filter((r) => r.op === "reduce").flatMap((r) => r.inputs);
  walk([...new Set(reduced)].filter((n) => baseOf(n) !== "array"));
  for (const root of roots) {
    if (FUSED.has(root.op) || root.op === "reduce") continue;
    // Every part of a moved array is read by itself, even if it is the same array again.
    const inputs = root.op === "pick" ? (root.inputs[0] as Node).inputs : root.inputs;
    for (const input of inputs) if (baseOf(input) !== "array") walk([input]);
  }
  return out;
}

/** The index map of an input of an elementwise node or view whose own map is `map`. */
function mapOfInput(node: Node, input: Node, map: AffineMap): AffineMap {
  if (node.op === "view") return composeMaps(map, node.params.map);
  const shape = knownShape(node);
  const own = knownShape(input);
  return map.map((m, i) => (own[i] === shape[i] ? m : fixedAxis(0)));
}

/** Kinds whose stage is a kernel that works elementwise. */
const FUSED: ReadonlySet<string> = new Set(["map", "view", "source", "create", "layout"]);
