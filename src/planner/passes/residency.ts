/**
 * Pass 8, residency: what is kept in memory because reading or computing it again would cost more, and how long every
 * block lives.
 *
 * The order of tasks is known (depth first from the outputs, `exec/coordinator/order.ts`), so lifetimes are closed
 * forms over the grids: {@link liveBytes} bounds what is live at once of an array without looking at single blocks.
 */
import { viewNode } from "../../ir/build.js";
import { type Cuts, pieceAt, pieceSize, pieceStart, piecesIn } from "../../ir/cuts.js";
import { itemSize } from "../../ir/dtype.js";
import {
  type AffineMap,
  type AxisMap,
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
  sameMap,
} from "../../ir/index-map.js";
import { dtypeOf, knownShape, type Node, topologicalOrder } from "../../ir/node.js";
import type { PassContext } from "../context.js";
import { functionCost } from "../cost.js";
import { type BaseTest, kernelPairs } from "../lower.js";
import { withInputs } from "../rewrite.js";
import type { FuseRequest, FuseResult } from "./fuse.js";

/** Simple operations per element above which computing twice costs more than keeping. */
const COSTLY = 8;
/** Kernel operations that are looked at to find out whether a node is costly. */
const MOST_PAIRS = 64;
/** Index maps of one node that one stage is looked through for, one by one. */
const MOST_MAPS = 4;
/** Reads of several stages must overlap by this factor before keeping pays. */
const OVERLAP = 1.2;
/** Any overlap of chunks is enough for what takes no more than this share of the budget. */
const SMALL = 1 / 64;

/** Positions along an axis that are looked at one by one to find the chunks that hold them. */
const MOST_LOOKS = 4096;

/** What is to be kept: nodes, each with the part of it that is read at all. */
export type Picks = ReadonlyMap<Node, Box>;

/**
 * Nodes that would be read or computed several times (by several stages, or by one through several index maps) and
 * that are worth keeping. One walk from the outputs picks the topmost such nodes, and below each goes on as if it were
 * kept already; one walk back drops those for which, with what is kept below them, the reason is gone. So a ladder of
 * shifted sums keeps one array every few rungs, and planning it stays linear. `last`: what is declined is so for good.
 */
export function keepPicks(
  requests: readonly FuseRequest[],
  fused: FuseResult,
  ctx: PassContext,
  last: boolean,
): Picks {
  const { baseOf } = fused;
  if (!hasSharing(requests, fused, ctx)) return new Map();
  const { nodes: order } = ctx.order(requests.map((r) => r.node));
  const stored = storesBelow(order, (node) => baseOf(node) === "array");
  const uses = new Map<Node, Uses>();
  let unit = 0;
  for (const group of fused.groups) unit = seed(uses, group, unit, baseOf);
  for (const { node, sink } of requests) {
    if (sink !== undefined) unit = seed(uses, [node], unit, baseOf);
  }
  const picks = new Map<Node, Box>();
  const declined: Node[] = [];
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i] as Node;
    let use = uses.get(node);
    if (use === undefined) continue;
    // A stretched view is larger than what it shows: what it shows may be worth keeping.
    if (isShared(use) && !isStretched(node) && isWorth(node, stored, baseOf)) {
      const hull = boxesOf(use).reduce(hullOf);
      if (overlap(node, use, hull, ctx.config.memory)) {
        picks.set(node, hull);
        use = onlyUse(node, hull, unit++);
      } else declined.push(node);
    }
    if (node.op !== "source") handDown(uses, node, use, baseOf);
  }
  const kept = raised(stillWorth(order, picks, baseOf), order, baseOf);
  for (const node of kept.keys()) ctx.fired("keep", node, reasonOf(node, stored));
  if (last && kept.size === 0) {
    for (const node of declined) ctx.declined("keep", node, "its consumers read different parts");
  }
  return kept;
}

/**
 * Sources that are seen only through elementwise functions, which make nothing larger of them, are kept as these make
 * them: reading and computing are then done once.
 */
function raised(picks: Picks, order: readonly Node[], baseOf: BaseTest): Picks {
  if (![...picks.keys()].some((node) => node.op === "source")) return picks;
  const users = new Map<Node, Node | "several">();
  for (const node of order) {
    for (const input of node.inputs) users.set(input, users.has(input) ? "several" : node);
  }
  const out = new Map<Node, Box>();
  for (const [node, box] of picks) {
    let top = node;
    for (let next = users.get(node); node.op === "source"; next = users.get(top)) {
      const rises =
        next !== undefined &&
        next !== "several" &&
        next.op === "map" &&
        next.inputs.length === 1 &&
        baseOf(next) !== "array" &&
        knownShape(next).join() === knownShape(node).join() &&
        itemSize(dtypeOf(next)) <= itemSize(dtypeOf(node));
      if (!rises) break;
      top = next as Node;
    }
    out.set(top, box);
  }
  return out;
}

/** Picks that are worth it although others below them are kept. */
function stillWorth(order: readonly Node[], picks: Picks, baseOf: BaseTest): Picks {
  const kept = new Map<Node, Box>();
  const isBase: BaseTest = (node) => (kept.has(node) ? "array" : baseOf(node));
  const stored = new Set<Node>();
  for (const node of order) {
    if (baseOf(node) === "array") continue;
    const isStored = hasStore(node, stored);
    if (isStored) stored.add(node);
    if (!picks.has(node) || !(isStored || isCostly(node, isBase))) continue;
    kept.set(node, picks.get(node) as Box);
    stored.delete(node);
  }
  return kept;
}

const hasStore = (node: Node, stored: ReadonlySet<Node>): boolean =>
  node.op === "source"
    ? node.params.binding.residence === "store"
    : node.inputs.some((input) => stored.has(input));

/** Nodes for which a store has to be read. */
function storesBelow(order: readonly Node[], isBase: (node: Node) => boolean): ReadonlySet<Node> {
  const out = new Set<Node>();
  for (const node of order) if (!isBase(node) && hasStore(node, out)) out.add(node);
  return out;
}

const isWorth = (node: Node, stored: ReadonlySet<Node>, baseOf: BaseTest): boolean =>
  node.op !== "create" && (stored.has(node) || isCostly(node, baseOf));

const reasonOf = (node: Node, stored: ReadonlySet<Node>): string =>
  stored.has(node) ? "read once for several stages" : "computed once for several stages";

/**
 * Whether so much is read several times that keeping pays. Of a store whole chunks are read: those of the hull if it is
 * kept, and otherwise for every look those that hold a position, which a step or a list of positions may pass over.
 */
function overlap(node: Node, uses: Uses, hull: Box, memory: number): boolean {
  const source = node.op === "source" ? node.params.binding : undefined;
  if (source === undefined) {
    const total = boxesOf(uses).reduce((n, b) => n + boxElements(b), 0);
    return total >= OVERLAP * boxElements(hull);
  }
  const { chunks } = source;
  const once = boxElements(chunksOf(chunks, hull));
  let total = 0;
  for (const { space, maps, rest } of uses.values()) {
    for (const map of maps) total += elementsOfChunks(chunks, map, space);
    if (rest !== undefined) total += boxElements(chunksOf(chunks, rest));
  }
  if (total >= OVERLAP * once) return true;
  const bytes = boxElements(hull) * itemSize(dtypeOf(node));
  return total > once && bytes <= memory * SMALL;
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

/** Elements of the chunks that hold a position which is looked at. */
function elementsOfChunks(chunks: readonly Cuts[], map: AffineMap, space: Space): number {
  if (boxIsEmpty(space.box)) return 0;
  return map.reduce((n, m, a) => n * lengthOfChunks(chunks[a] as Cuts, m, space), 1);
}

function lengthOfChunks(cuts: Cuts, m: AxisMap, { box, picked }: Space): number {
  const count = m.axis < 0 ? 1 : (box.hi[m.axis] as number) - (box.lo[m.axis] as number);
  const listed = m.axis >= 0 && m.axis === picked?.axis ? picked.values : undefined;
  const first = m.axis < 0 ? m.start : m.start + m.step * (box.lo[m.axis] as number);
  const last = first + (m.axis < 0 ? 0 : m.step * (count - 1));
  const [from, to] = piecesIn(cuts, Math.min(first, last), Math.max(first, last) + 1);
  const looks = listed?.length ?? count;
  // Every piece is touched, or it would take too long to find out.
  if (to === from || looks > MOST_LOOKS || (listed === undefined && Math.abs(m.step) <= 1)) {
    return pieceStart(cuts, to + 1) - pieceStart(cuts, from);
  }
  const touched = new Set<number>();
  for (let k = 0; k < looks; k++) {
    const at = listed === undefined ? first + m.step * k : m.start + m.step * (listed[k] as number);
    touched.add(pieceAt(cuts, at));
  }
  let length = 0;
  for (const piece of touched) length += pieceSize(cuts, piece);
  return length;
}

const isStretched = (node: Node): boolean =>
  node.op === "view" &&
  knownShape(node).some((n, axis) => n > 1 && node.params.map.every((m) => m.axis !== axis));

/**
 * Makes the hull of every pick a node of its own, to be kept, and lets all users look at it: positions outside the
 * hull, which nobody reads, have no place in it. Answers with the rewritten nodes and the nodes to keep.
 */
export function keepHulls(
  nodes: readonly Node[],
  picks: Picks,
): { readonly nodes: readonly Node[]; readonly kept: readonly Node[] } {
  const forward = new Map<Node, Node>();
  const kept: Node[] = [];
  for (const node of topologicalOrder(nodes)) {
    const inputs = node.inputs.map((input) => forward.get(input) as Node);
    const same = inputs.every((input, i) => input === node.inputs[i]);
    const made = same ? node : withInputs(node, inputs);
    const hull = picks.get(node);
    const shape = knownShape(node);
    if (hull === undefined) forward.set(node, made);
    else if (shape.every((n, i) => hull.lo[i] === 0 && hull.hi[i] === n)) {
      kept.push(made);
      forward.set(node, made);
    } else {
      const along = (sign: number): AffineMap =>
        shape.map((_, axis) => ({ axis, start: sign * (hull.lo[axis] as number), step: 1 }));
      const part = viewNode(made, along(1), boxShape(hull));
      kept.push(part);
      forward.set(node, viewNode(part, along(-1), shape));
    }
  }
  return { nodes: nodes.map((node) => forward.get(node) as Node), kept };
}

/** Whether any node has two users: without one no two stages can inline the same thing. */
function hasSharing(
  requests: readonly FuseRequest[],
  fused: FuseResult,
  ctx: PassContext,
): boolean {
  const roots = requests.map((r) => r.node);
  const used = new Set<Node>(roots);
  for (const node of ctx.order(roots).nodes) {
    for (const input of node.inputs) {
      if (used.has(input) && !(fused.materialised.has(input) && input.op !== "source")) return true;
      used.add(input);
    }
  }
  return false;
}

/** Whether a kernel computes COSTLY simple operations or more for an element of the node. */
function isCostly(node: Node, baseOf: BaseTest): boolean {
  let cost = 0;
  const { pairs } = kernelPairs(node, baseOf, MOST_PAIRS, (n) => {
    if (n.op === "map") cost += treeCost(n.params.tree);
    return cost < COSTLY;
  });
  return cost >= COSTLY || pairs >= MOST_PAIRS;
}

type Tree = Extract<Node, { op: "map" }>["params"]["tree"];
const treeCost = (tree: Tree): number =>
  tree.kind === "call"
    ? tree.args.reduce((n, a) => n + treeCost(a), functionCost(tree.fn))
    : tree.kind === "cast"
      ? treeCost(tree.arg)
      : 0;

/** The space that maps start from; of `picked.axis` only the positions `picked.values` are looked at. */
interface Space {
  readonly box: Box;
  readonly picked?: { readonly axis: number; readonly values: ArrayLike<number> } | undefined;
}

/** How one node is looked at, by the kernel (or moved part) that looks: through which maps, from which space. */
type Uses = Map<number, UnitUse>;
interface UnitUse {
  readonly space: Space;
  readonly maps: AffineMap[];
  /** The hull of what is seen through the maps beyond MOST_MAPS, of which a ladder of slices has 2^depth. */
  rest: Box | undefined;
}

/** Together the boxes hold all that is read; every index map counts as a read of its own. */
const boxesOf = (uses: Uses): Box[] =>
  [...uses.values()].flatMap(({ space, maps, rest }) => {
    const boxes = maps.map((map) => imageOfBox(map, space.box));
    return rest === undefined ? boxes : [...boxes, rest];
  });

function isShared(uses: Uses): boolean {
  if (uses.size > 1) return true;
  for (const { maps } of uses.values()) return maps.length > 1;
  return false;
}

/** A node that is kept is looked at by what makes it, once. */
const onlyUse = (node: Node, hull: Box, unit: number): Uses =>
  new Map([
    [unit, { space: { box: hull }, maps: [identityMap(knownShape(node).length)], rest: undefined }],
  ]);

/** Enters what the stage of `roots` looks at first; answers with the next free number of a unit. */
function seed(
  uses: Map<Node, Uses>,
  roots: readonly Node[],
  unit: number,
  baseOf: BaseTest,
): number {
  let next = unit;
  const look = (node: Node, inUnit: number, picked?: Space["picked"]): void => {
    const shape = knownShape(node);
    addUse(uses, node, inUnit, identityMap(shape.length), { box: boxOfShape(shape), picked });
  };
  const fused = roots.filter((r) => FUSED.has(r.op));
  for (const node of fused) {
    // What is being materialised here reads its own inputs; a source reads itself.
    if (baseOf(node) !== "array" || node.op === "source") look(node, next);
    else {
      const shape = knownShape(node);
      const space = { box: boxOfShape(shape) };
      const own = { space, maps: [identityMap(shape.length)], rest: undefined };
      handDown(uses, node, new Map([[next, own]]), baseOf);
    }
  }
  next++;
  // Sibling reductions share their loads.
  for (const node of roots) {
    const [input] = node.inputs;
    if (node.op === "reduce" && input !== undefined && baseOf(input) !== "array") look(input, next);
  }
  next++;
  for (const root of roots) {
    if (FUSED.has(root.op) || root.op === "reduce") continue;
    // Every part of a moved array is read by itself, even if it is the same array again.
    const inputs = root.op === "pick" ? (root.inputs[0] as Node).inputs : root.inputs;
    const picked =
      root.op === "gather"
        ? { axis: root.params.axis, values: root.params.indices.values }
        : undefined;
    for (const input of inputs) if (baseOf(input) !== "array") look(input, next++, picked);
  }
  return next;
}

function addUse(
  uses: Map<Node, Uses>,
  node: Node,
  unit: number,
  map: AffineMap,
  space: Space,
): void {
  let use = uses.get(node);
  if (use === undefined) {
    use = new Map();
    uses.set(node, use);
  }
  const known = use.get(unit);
  if (known === undefined) use.set(unit, { space, maps: [map], rest: undefined });
  else if (known.maps.some((m) => sameMap(m, map))) return;
  else if (known.maps.length < MOST_MAPS) known.maps.push(map);
  else addRest(known, imageOfBox(map, space.box));
}

function addRest(use: UnitUse, box: Box): void {
  use.rest = use.rest === undefined ? box : hullOf(use.rest, box);
}

/** What is looked at through a node is looked at in its inputs. */
function handDown(uses: Map<Node, Uses>, node: Node, own: Uses, baseOf: BaseTest): void {
  for (const input of node.inputs) {
    if (baseOf(input) === "array") continue;
    for (const [unit, { space, maps, rest }] of own) {
      for (const map of maps) addUse(uses, input, unit, mapOfInput(node, input, map), space);
      if (rest === undefined) continue;
      const through = mapOfInput(node, input, identityMap(knownShape(node).length));
      const known = uses.get(input)?.get(unit);
      if (known !== undefined) addRest(known, imageOfBox(through, rest));
    }
  }
}

/** The index map of an input of an elementwise node or view whose own map is `map`. */
function mapOfInput(node: Node, input: Node, map: AffineMap): AffineMap {
  if (node.op === "view") return composeMaps(map, node.params.map);
  const shape = knownShape(node);
  const own = knownShape(input);
  if (own.every((n, i) => n === shape[i])) return map;
  return map.map((m, i) => (own[i] === shape[i] ? m : fixedAxis(0)));
}

/** Kinds whose stage is a kernel that works elementwise. */
const FUSED: ReadonlySet<string> = new Set(["map", "view", "source", "create", "layout"]);
