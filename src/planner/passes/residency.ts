/**
 * Pass 7, residency: what is kept in memory because reading or computing it again would cost more, and how long every
 * block lives.
 *
 * The order of tasks is known (depth first from the outputs, `exec/coordinator/order.ts`), so lifetimes are closed
 * forms over the grids: {@link liveBytes} bounds what is live at once of an array without looking at single blocks.
 */
import { sizeOf } from "../../ir/build.js";
import {
  type AffineMap,
  type Box,
  boxElements,
  boxOfShape,
  composeMaps,
  fixedAxis,
  hullOf,
  identityMap,
  imageOfBox,
} from "../../ir/index-map.js";
import { knownShape, mapKey, type Node, topologicalOrder } from "../../ir/node.js";
import type { PassContext } from "../context.js";
import { functionCost } from "../cost.js";
import type { BaseTest } from "../lower.js";
import type { FuseRequest, FuseResult } from "./fuse.js";

/** Simple operations per element above which computing twice costs more than keeping. */
const COSTLY = 8;
/** Index maps of one node that one stage is looked through for. */
const MOST_MAPS = 4;
/** Reads of several stages must overlap by this factor before keeping pays. */
const OVERLAP = 1.2;

/**
 * Nodes that would be read or computed several times (by several stages, or by one through several index maps) and
 * that are worth keeping: the topmost such node that has a store below it or costly functions in it.
 */
export function keepCandidates(
  requests: readonly FuseRequest[],
  fused: FuseResult,
  ctx: PassContext,
): readonly Node[] {
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
  const picked: Node[] = [];
  // Users have larger ids than what they use: topmost first.
  for (const node of shared.sort((a, b) => b.id - a.id)) {
    if (covered.has(node)) {
      for (const input of node.inputs) if (isShared.has(input)) covered.add(input);
      continue;
    }
    const boxes = uses.get(node) as Box[];
    const hull = boxes.reduce(hullOf);
    const total = boxes.reduce((n, b) => n + boxElements(b), 0);
    const worth = worthKeeping(node, baseOf);
    if (worth === undefined) continue;
    if (total < OVERLAP * boxElements(hull) || boxElements(hull) < 0.8 * sizeOf(node)) {
      ctx.declined("keep", node, "its consumers read different parts");
      continue;
    }
    ctx.fired("keep", node, worth);
    picked.push(node);
    for (const input of node.inputs) if (isShared.has(input)) covered.add(input);
  }
  return picked;
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

/** Nodes that the stage of `roots` inlines, once per index map, with the box of each that it reads. */
function inlined(
  roots: readonly Node[],
  baseOf: BaseTest,
): readonly { readonly node: Node; readonly box: Box }[] {
  const out: { node: Node; box: Box }[] = [];
  const seen = new Map<Node, string[]>();
  const stack: { node: Node; map: AffineMap; space: Box }[] = [];
  const push = (node: Node, map: AffineMap, space: Box): void => {
    if (baseOf(node) === "array") return;
    const known = seen.get(node);
    const key = mapKey(map);
    if (known === undefined) seen.set(node, [key]);
    // Many maps of one node: more would not change the verdict.
    else if (known.includes(key) || known.length >= MOST_MAPS) return;
    else known.push(key);
    out.push({ node, box: imageOfBox(map, space) });
    stack.push({ node, map, space });
  };
  for (const root of roots) {
    const whole = (n: Node): Box => boxOfShape(knownShape(n));
    if (root.op === "map" || root.op === "view" || root.op === "source" || root.op === "create") {
      if (baseOf(root) !== "array") push(root, identityMap(knownShape(root).length), whole(root));
      else
        stack.push({ node: root, map: identityMap(knownShape(root).length), space: whole(root) });
      if (root.op === "source" && baseOf(root) === "array")
        out.push({ node: root, box: whole(root) });
    } else {
      for (const input of root.inputs) {
        // Every part of a moved array is read by itself, even if it is the same array again.
        seen.clear();
        push(input, identityMap(knownShape(input).length), whole(input));
      }
    }
  }
  while (stack.length > 0) {
    const { node, map, space } = stack.pop() as (typeof stack)[number];
    const shape = knownShape(node);
    for (const input of node.inputs) {
      const own = knownShape(input);
      const inner =
        node.op === "view"
          ? composeMaps(map, node.params.map)
          : map.map((m, i) => (own[i] === shape[i] ? m : fixedAxis(0)));
      push(input, inner, space);
    }
  }
  return out;
}
