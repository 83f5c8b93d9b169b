/**
 * Pass 8, residency: what is kept in memory because reading or computing it again would cost more, and how long every
 * block lives.
 *
 * The order of tasks is known (depth first from the outputs, `exec/coordinator/order.ts`), so lifetimes are closed
 * forms over the grids: {@link liveBytes} bounds what is live at once of an array without looking at single blocks.
 */
import type { Cuts } from "../../ir/cuts.js";
import { itemSize } from "../../ir/dtype.js";
import {
  type Box,
  boxElements,
  boxIsEmpty,
  boxOfShape,
  elementCount,
  hullOf,
  imageOfBox,
} from "../../ir/index-map.js";
import { dtypeOf, knownShape, type Node } from "../../ir/node.js";
import type { Order, PassContext } from "../context.js";
import { functionCost } from "../cost.js";
import { type BaseTest, kernelPairs } from "../lower.js";
import { composedNumber, identityNumber, mapOfNumber, stretchedNumber } from "../map-numbers.js";
import {
  chunksOfBox,
  chunksThrough,
  pieceBox,
  piecesSeen,
  type Space,
  type TouchedChunks,
} from "./chunks-seen.js";
import type { FuseRequest, FuseResult } from "./fuse.js";
import { hullOfRegions, type Region, regionShape } from "./regions.js";

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

/** What is to be kept: nodes, each with the part of it that is read at all; steps only where views alone look at it. */
export type Picks = ReadonlyMap<Node, Region>;

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
  const order = ctx.order(requests.map((r) => r.node));
  if (!hasSharing(order, requests, fused)) return new Map();
  const { nodes, inputs, starts } = order;
  const stored = storesBelow(order, baseOf);
  const uses = new UseTable(order, baseOf);
  let unit = 0;
  for (const group of fused.groups) unit = seed(uses, group, unit, baseOf);
  for (const { node, sink } of requests) {
    if (sink !== undefined) unit = seed(uses, [node], unit, baseOf);
  }
  const picks = new Map<Node, Region>();
  const declined: Node[] = [];
  let users: readonly (readonly Node[])[] | undefined;
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i] as Node;
    let use = uses.of(i);
    if (use === undefined) continue;
    // A stretched view is larger than what it shows: what it shows may be worth keeping.
    if (isShared(use) && !isStretched(node) && isWorth(node, stored[i] === 1, baseOf)) {
      const hull = boxesOf(use).reduce(hullOf);
      const apart = stored[i] === 1 ? apartIn(node, use, ctx.config.memory) : undefined;
      users ??= apart && usersIn(order);
      if (apart !== undefined && users?.[i]?.every((user) => looksWithin(user, apart))) {
        picks.set(node, apart);
        use = onlyUse(node, apart, unit++);
      } else if (overlap(node, use, hull, ctx.config.memory)) {
        picks.set(node, { ...hull, step: hull.lo.map(() => 1) });
        use = onlyUse(node, hull, unit++);
      } else declined.push(node);
    }
    for (let k = starts[i] as number; k < (starts[i + 1] as number); k++) {
      uses.handDown(node, use, inputs[k] as number);
    }
  }
  const kept = raised(stillWorth(order, picks, baseOf), order, baseOf);
  for (const node of kept.keys()) {
    ctx.fired("keep", node, reasonOf(stored[order.places.get(node) as number] === 1));
  }
  if (last && kept.size === 0) {
    for (const node of declined) ctx.declined("keep", node, "its consumers read different parts");
  }
  return kept;
}

/**
 * Sources that are seen only through elementwise functions, which make nothing larger of them, are kept as these make
 * them: reading and computing are then done once.
 */
function raised(picks: Picks, order: Order, baseOf: BaseTest): Picks {
  if (![...picks.keys()].some((node) => node.op === "source")) return picks;
  const users = usersIn(order);
  const userOf = (node: Node): Node | undefined => {
    const [only, ...others] = users[order.places.get(node) as number] as readonly Node[];
    return others.length === 0 ? only : undefined;
  };
  const out = new Map<Node, Region>();
  for (const [node, box] of picks) {
    let top = node;
    for (let next = userOf(node); node.op === "source"; next = userOf(top)) {
      const rises =
        next !== undefined &&
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

/** The users of every node. */
function usersIn({ nodes, inputs, starts }: Order): readonly (readonly Node[])[] {
  const users: Node[][] = nodes.map(() => []);
  nodes.forEach((node, i) => {
    const first = starts[i] as number;
    for (let k = 0; k < node.inputs.length; k++) users[inputs[first + k] as number]?.push(node);
  });
  return users;
}

/** Whether all that a node sees of its input lies at the positions of a region: it is a view of these steps. */
const looksWithin = (node: Node, { lo, step }: Region): boolean =>
  node.op === "view" &&
  node.params.map.every((m, a) => {
    const one = m.axis < 0 || knownShape(node)[m.axis] === 1;
    const every = step[a] as number;
    return (m.start - (lo[a] as number)) % every === 0 && (one || m.step % every === 0);
  });

/** Picks that are worth it although others below them are kept. */
function stillWorth(order: Order, picks: Picks, baseOf: BaseTest): Picks {
  const kept = new Map<Node, Region>();
  if (picks.size === 0) return kept;
  const isBase: BaseTest = (node) => (kept.has(node) ? "array" : baseOf(node));
  const stored = new Uint8Array(order.nodes.length);
  order.nodes.forEach((node, i) => {
    if (baseOf(node) === "array") return;
    const isStored = hasStore(order, i, stored);
    if (isStored) stored[i] = 1;
    if (!picks.has(node) || !(isStored || isCostly(node, isBase))) return;
    kept.set(node, picks.get(node) as Region);
    stored[i] = 0;
  });
  return kept;
}

function hasStore({ nodes, inputs, starts }: Order, place: number, stored: Uint8Array): boolean {
  const node = nodes[place] as Node;
  if (node.op === "source") return node.params.binding.residence === "store";
  for (let k = starts[place] as number; k < (starts[place + 1] as number); k++) {
    if (stored[inputs[k] as number] === 1) return true;
  }
  return false;
}

/** 1 for nodes for which a store has to be read. */
function storesBelow(order: Order, baseOf: BaseTest): Uint8Array {
  const out = new Uint8Array(order.nodes.length);
  order.nodes.forEach((node, i) => {
    if (baseOf(node) !== "array" && hasStore(order, i, out)) out[i] = 1;
  });
  return out;
}

const isWorth = (node: Node, isStored: boolean, baseOf: BaseTest): boolean =>
  node.op !== "create" && (isStored || isCostly(node, baseOf));

const reasonOf = (isStored: boolean): string =>
  isStored ? "read once for several stages" : "computed once for several stages";

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
  // Blocks of what is kept that nobody looks into are not made.
  const boxes = boxesOf(uses).filter((box) => !boxIsEmpty(box));
  if (boxes.length === 0) return false;
  const once = piecesSeen(
    chunks,
    boxes.map((box) => pieceBox(chunks, box)),
  );
  const { count, elements } = lookedAt(uses, chunks);
  // What lies between steps is read along: it may be small, but each chunk is a request.
  if (count < once.count) return false;
  if (elements >= OVERLAP * once.elements) return true;
  const bytes = boxElements(hull) * itemSize(dtypeOf(node));
  return elements > once.elements && bytes <= memory * SMALL;
}

/** Chunks of a store that hold a position which is looked at, counted for every look. */
function lookedAt(uses: Uses, chunks: readonly Cuts[]): TouchedChunks {
  let [count, elements] = [0, 0];
  const add = (touched: TouchedChunks): void => {
    count += touched.count;
    elements += touched.elements;
  };
  for (const { space, maps, rest } of uses.values()) {
    for (const map of maps) add(chunksThrough(chunks, mapOfNumber(map), space));
    if (rest !== undefined) add(chunksOfBox(chunks, rest));
  }
  return { count, elements };
}

/**
 * Positions of what a store is read for, every so many, that hold all that is looked at, if there are fewer of them than
 * in their hull and it pays to keep them.
 */
function apartIn(node: Node, uses: Uses, memory: number): Region | undefined {
  const looks: Region[] = [];
  for (const { space, maps, rest } of uses.values()) {
    if (rest !== undefined || boxIsEmpty(space.box)) return undefined;
    for (const map of maps) {
      const { lo, hi } = imageOfBox(mapOfNumber(map), space.box);
      const step = mapOfNumber(map).map((m, a) =>
        m.axis < 0 || (hi[a] as number) - (lo[a] as number) === 1 ? 1 : Math.abs(m.step),
      );
      looks.push({ lo, hi, step });
    }
  }
  const region = looks.reduce(hullOfRegions);
  if (region.step.every((s) => s === 1)) return undefined;
  const counts = regionShape(region);
  const kept = elementCount(counts);
  const pays = (looked: number, once: number): boolean =>
    looked >= OVERLAP * once || (looked > once && kept * itemSize(dtypeOf(node)) <= memory * SMALL);
  if (node.op !== "source") {
    const looked = looks.reduce((n, look) => n + elementCount(regionShape(look)), 0);
    return pays(looked, kept) ? region : undefined;
  }
  const { chunks } = node.params.binding;
  const map = counts.map((_, axis) => ({
    axis,
    start: region.lo[axis] as number,
    step: region.step[axis] as number,
  }));
  const once = chunksThrough(chunks, map, { box: boxOfShape(counts) });
  const { count, elements } = lookedAt(uses, chunks);
  const fewer = once.count < chunksOfBox(chunks, region).count && once.count < count;
  return fewer && pays(elements, once.elements) ? region : undefined;
}

const isStretched = (node: Node): boolean =>
  node.op === "view" &&
  knownShape(node).some((n, axis) => n > 1 && node.params.map.every((m) => m.axis !== axis));

/** Whether any node that is no base has two users: without one no two stages can inline the same thing. */
function hasSharing(
  { nodes, places, inputs }: Order,
  requests: readonly FuseRequest[],
  fused: FuseResult,
): boolean {
  const used = new Uint8Array(nodes.length);
  for (const { node } of requests) used[places.get(node) as number] = 1;
  for (const place of inputs) {
    if (used[place] === 1 && !fused.materialised.has(nodes[place] as Node)) return true;
    used[place] = 1;
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

/** How one node is looked at, by the kernel (or moved part) that looks: through which maps, from which space. */
type Uses = Map<number, UnitUse>;
interface UnitUse {
  readonly space: Space;
  /** Numbers of index maps. */
  readonly maps: number[];
  /** The hull of what is seen through the maps beyond MOST_MAPS, of which a ladder of slices has 2^depth. */
  rest: Box | undefined;
}

/** Together the boxes hold all that is read; every index map counts as a read of its own. */
const boxesOf = (uses: Uses): Box[] =>
  [...uses.values()].flatMap(({ space, maps, rest }) => {
    const boxes = maps.map((map) => imageOfBox(mapOfNumber(map), space.box));
    return rest === undefined ? boxes : [...boxes, rest];
  });

function isShared(uses: Uses): boolean {
  if (uses.size > 1) return true;
  for (const { maps } of uses.values()) return maps.length > 1;
  return false;
}

const unitUse = (shape: readonly number[], picked?: Space["picked"]): UnitUse => ({
  space: { box: boxOfShape(shape), picked },
  maps: [identityNumber(shape.length)],
  rest: undefined,
});

/** A node that is kept is looked at by what makes it, once. */
const onlyUse = (node: Node, hull: Box, unit: number): Uses =>
  new Map([[unit, { ...unitUse(knownShape(node)), space: { box: hull } }]]);

/** The uses of all nodes. What is seen of a node as of its only user, through the same maps, is the same object. */
class UseTable {
  readonly #order: Order;
  readonly #baseOf: BaseTest;
  readonly #uses: (Uses | undefined)[];
  /** 1 where the uses are those of another node. */
  readonly #lent: Uint8Array;

  constructor(order: Order, baseOf: BaseTest) {
    this.#order = order;
    this.#baseOf = baseOf;
    this.#uses = new Array(order.nodes.length).fill(undefined);
    this.#lent = new Uint8Array(order.nodes.length);
  }

  of(place: number): Uses | undefined {
    return this.#uses[place];
  }

  /** A look of a stage at a node itself. */
  look(node: Node, unit: number, picked?: Space["picked"]): void {
    this.#add(this.#order.places.get(node) as number, unit, unitUse(knownShape(node), picked));
  }

  /** A look of the stage that makes a node at the inputs of that node. */
  lookBelow(node: Node, unit: number): void {
    const own = new Map([[unit, unitUse(knownShape(node))]]);
    for (const input of node.inputs) {
      this.handDown(node, own, this.#order.places.get(input) as number);
    }
  }

  /** What is looked at through a node is looked at in its input at `place`. */
  handDown(node: Node, own: Uses, place: number): void {
    if (node.op === "source") return;
    const input = this.#order.nodes[place] as Node;
    if (this.#baseOf(input) === "array") return;
    const known = this.#uses[place];
    // Of the same lengths everything is seen as the node itself is.
    const same = node.op !== "view" && sameLengths(input, node);
    if (same && known === own) return;
    if (same && known === undefined) {
      this.#uses[place] = own;
      this.#lent[place] = 1;
      return;
    }
    for (const [unit, use] of own) {
      this.#add(place, unit, use, (map) => numberOfInput(node, input, map));
    }
  }

  #add(
    place: number,
    unit: number,
    { space, maps, rest }: UnitUse,
    through: (map: number) => number = (map) => map,
  ): void {
    const uses = this.#own(place);
    let use = uses.get(unit);
    if (use === undefined) {
      use = { space, maps: [], rest: undefined };
      uses.set(unit, use);
    }
    for (const map of maps) {
      const seen = through(map);
      if (use.maps.includes(seen)) continue;
      if (use.maps.length < MOST_MAPS) use.maps.push(seen);
      else addRest(use, imageOfBox(mapOfNumber(seen), space.box));
    }
    if (rest !== undefined) {
      const lens = through(identityNumber(rest.lo.length));
      addRest(use, imageOfBox(mapOfNumber(lens), rest));
    }
  }

  /** The uses of a node, to be added to. */
  #own(place: number): Uses {
    const known = this.#uses[place];
    if (known !== undefined && this.#lent[place] === 0) return known;
    const own: Uses = new Map();
    for (const [unit, use] of known ?? []) own.set(unit, { ...use, maps: [...use.maps] });
    this.#uses[place] = own;
    this.#lent[place] = 0;
    return own;
  }
}

const sameLengths = (a: Node, b: Node): boolean => {
  const [x, y] = [knownShape(a), knownShape(b)];
  return x === y || (x.length === y.length && x.every((n, i) => n === y[i]));
};

function addRest(use: UnitUse, box: Box): void {
  use.rest = use.rest === undefined ? box : hullOf(use.rest, box);
}

/** The number of the index map of an input of an elementwise node or view whose own map is number `map`. */
const numberOfInput = (node: Node, input: Node, map: number): number =>
  node.op === "view"
    ? composedNumber(map, node.params.map)
    : stretchedNumber(map, knownShape(input), knownShape(node));

/** Enters what the stage of `roots` looks at first; answers with the next free number of a unit. */
function seed(uses: UseTable, roots: readonly Node[], unit: number, baseOf: BaseTest): number {
  let next = unit;
  for (const node of roots) {
    if (!FUSED.has(node.op)) continue;
    // What is being materialised here reads its own inputs; a source reads itself.
    if (baseOf(node) !== "array" || node.op === "source") uses.look(node, next);
    else uses.lookBelow(node, next);
  }
  next++;
  // Sibling reductions share their loads.
  for (const node of roots) {
    const [input] = node.inputs;
    if (node.op === "reduce" && input !== undefined && baseOf(input) !== "array") {
      uses.look(input, next);
    }
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
    for (const input of inputs) if (baseOf(input) !== "array") uses.look(input, next++, picked);
  }
  return next;
}

/** Kinds whose stage is a kernel that works elementwise. */
const FUSED: ReadonlySet<string> = new Set(["map", "view", "source", "create", "layout"]);
