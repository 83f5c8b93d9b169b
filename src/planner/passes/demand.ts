/**
 * Pass 4, demand: which region of every node does anyone need? One top-down walk collects what the consumers of a node
 * read (the least region that holds it: from one position to another, every so many), one bottom-up walk rebuilds what
 * is read in part as the smaller thing.
 *
 * Regions of sources and of what is fused into a kernel follow from the index maps alone; the pass matters for what
 * is materialised or moved: a reduction computes only the columns that are read, a concatenation drops the parts
 * that nobody looks at, a gather takes only the positions that are used. Block functions see whole
 * blocks, so nothing is pushed through them.
 */
import {
  concatNode,
  countedNode,
  createNode,
  gatherNode,
  indexList,
  lookupNode,
  mapNode,
  reduceNode,
  reshapeNode,
  scanNode,
  scatterNode,
  viewNode,
} from "../../ir/build.js";
import { sliceCuts } from "../../ir/cuts.js";
import { advertisedGrid } from "../../ir/grid.js";
import { boxIsEmpty } from "../../ir/index-map.js";
import { dtypeOf, type Kind, knownShape, type Node, type NodeOf } from "../../ir/node.js";
import { constant } from "../../ir/scalar.js";
import type { Order, PassContext } from "../context.js";
import { withInputs } from "../rewrite.js";
import { canonicalView } from "./canonicalize.js";
import {
  covers,
  hullOfRegions,
  inputRegion,
  type Region,
  regionOfShape,
  regionShape,
  reshaped,
  sameRegion,
  wholeAlong,
} from "./regions.js";
import { regroupApart, rowsApart } from "./rows-apart.js";

export function demand(roots: readonly Node[], ctx: PassContext): readonly Node[] {
  const order = ctx.order(roots);
  const { nodes, places } = order;
  const found = demandedRegions(order, roots);
  // What nobody reads in part is told without a look at lengths.
  if (found.every((region) => region === WHOLE)) return roots;
  const regions = found.map((region, i) =>
    region === undefined || region === WHOLE ? regionOfShape(knownShape(nodes[i] as Node)) : region,
  );
  const regionAt = (node: Node): Region => regions[places.get(node) as number] as Region;
  const partial = (node: Node): boolean => !covers(regionAt(node), knownShape(node));
  // What a gather, lookup or scatter looks at is materialised as well, below its views.
  const looks = (n: Node): boolean =>
    n.op === "gather" || n.op === "lookup" || n.op === "scatter"
      ? n.inputs.some((input) => partial(input) || partial(belowViews(input)))
      : false;
  const handedOver = blockInputs(nodes);
  const worth = (n: Node): boolean =>
    isMovable(n) ? partial(n) || looks(n) : handedOver.has(n) && partial(n);
  if (!found.includes(undefined) && !nodes.some(worth)) return roots;
  const made: Node[] = [];
  const part = (input: Node, want: Region): Node => {
    const place = places.get(input) as number;
    return window(made[place] as Node, regions[place] as Region, want);
  };
  nodes.forEach((node, i) => {
    if (found[i] === undefined) {
      made.push(node);
      return;
    }
    const region = regions[i] as Region;
    if (isMovable(node) && partial(node)) {
      ctx.fired(
        "demand",
        node,
        `${node.op} [${knownShape(node).join()}] -> [${regionShape(region).join()}]`,
      );
    }
    made.push(restrict(node, region, part));
  });
  return roots.map((root) => made[places.get(root) as number] as Node);
}

/** Kinds that would compute or move more than is asked for. */
const MOVABLE: ReadonlySet<Kind> = new Set<Kind>([
  "reduce",
  "concat",
  "gather",
  "lookup",
  "scatter",
  "reshape",
  "compress",
  "scan",
]);
function belowViews(node: Node): Node {
  let below = node;
  while (below.op === "view" || below.op === "layout") below = below.inputs[0] as Node;
  return below;
}
const isMovable = (node: Node): boolean => MOVABLE.has(node.op);

/** Kinds whose inputs are materialised. */
const TAKES_BLOCKS: ReadonlySet<string> = new Set([
  "call",
  "compress",
  "concat",
  "gather",
  "reshape",
  "scan",
]);

/** Maps that these look at through views: they should be no larger than what is seen of them. */
function blockInputs(order: readonly Node[]): ReadonlySet<Node> {
  const out = new Set<Node>();
  const seen = new Set<Node>();
  const stack = order.flatMap((n) => (TAKES_BLOCKS.has(n.op) ? n.inputs : []));
  while (stack.length > 0) {
    const node = stack.pop() as Node;
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.op === "view") stack.push(node.inputs[0] as Node);
    else if (node.op === "map") out.add(node);
  }
  return out;
}

/** Stands for all of an array that is not empty. */
const WHOLE: Region = { lo: [], hi: [], step: [] };

/** Kinds of which all is made of all of their inputs, whatever lies in between. */
const WHOLE_OF_WHOLE: ReadonlySet<Kind> = new Set<Kind>([
  "map",
  "layout",
  "reduce",
  "concat",
  "reshape",
  "scan",
]);

/** No region where nobody looks at all. */
function demandedRegions(
  { nodes, places, inputs, starts }: Order,
  roots: readonly Node[],
): (Region | undefined)[] {
  const regions: (Region | undefined)[] = new Array(nodes.length).fill(undefined);
  const need = (place: number, region: Region): void => {
    const known = regions[place];
    if (known === WHOLE) return;
    const shape = knownShape(nodes[place] as Node);
    // An empty region says nothing of the other lengths, and of an empty array nothing can be left out.
    if (shape.includes(0)) regions[place] = regionOfShape(shape);
    else if (region === WHOLE || covers(region, shape)) regions[place] = WHOLE;
    // Who needs nothing adds nothing to what others need.
    else if (known === undefined || boxIsEmpty(known)) regions[place] = region;
    else if (!boxIsEmpty(region)) {
      const hull = hullOfRegions(known, region);
      regions[place] = covers(hull, shape) ? WHOLE : hull;
    }
  };
  for (const root of roots) need(places.get(root) as number, WHOLE);
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i] as Node;
    const region = regions[i];
    if (region === undefined || isNothing(node, region)) continue;
    const first = starts[i] as number;
    const all = region === WHOLE && WHOLE_OF_WHOLE.has(node.op);
    const own = region === WHOLE ? regionOfShape(knownShape(node)) : region;
    for (let k = 0; k < node.inputs.length; k++) {
      need(inputs[first + k] as number, all ? WHOLE : inputRegion(node, k, own));
    }
  }
  return regions;
}

/** Nothing is read for no elements, even of what is one element. */
const isNothing = (node: Node, region: Region): boolean =>
  boxIsEmpty(region) && node.op !== "call" && node.outs.length === 1;

/** `want` of a node, given what was made of it: the part `have`. */
function window(made: Node, have: Region, want: Region): Node {
  if (sameRegion(have, want)) return made;
  const shape = regionShape(want);
  const map = shape.map((n, axis) => {
    const every = have.step[axis] as number;
    const start = n === 0 ? 0 : ((want.lo[axis] as number) - (have.lo[axis] as number)) / every;
    return { axis, start, step: n > 1 ? (want.step[axis] as number) / every : 1 };
  });
  return canonicalView(made, map, shape);
}

/** The node that computes exactly `region` of `node`; `part` gives the parts of its inputs. */
function restrict(node: Node, region: Region, part: (input: Node, want: Region) => Node): Node {
  const shape = regionShape(region);
  if (isNothing(node, region)) {
    return emptyNode(node, shape);
  }
  const inputs = node.inputs.map((input, k) => part(input, inputRegion(node, k, region)));
  switch (node.op) {
    case "source":
    case "create":
      return window(node, regionOfShape(knownShape(node)), region);
    case "map":
      return mapNode(node.params.tree, inputs, shape);
    case "view": {
      // The input is exactly the image of the region: shift the map into its frame.
      const image = inputRegion(node, 0, region);
      const map = node.params.map.map((m, a) => {
        const [low, every] = [image.lo[a] as number, image.step[a] as number];
        if (m.axis < 0) return { ...m, start: (m.start - low) / every };
        const start = (m.start + m.step * (region.lo[m.axis] as number) - low) / every;
        // Of a single position the step says nothing.
        const step = shape[m.axis] === 1 ? 1 : (m.step * (region.step[m.axis] as number)) / every;
        return { ...m, start, step };
      });
      return canonicalView(inputs[0] as Node, map, shape);
    }
    case "layout":
      return inputs[0] as Node;
    case "reduce": {
      const { monoid, axes, leaves, on, correction } = node.params;
      return reduceNode(inputs[0] as Node, monoid, axes, leaves, on, dtypeOf(node), correction);
    }
    case "concat": {
      const parts = inputs.filter((p) => !knownShape(p).includes(0));
      if (parts.length === 0) return emptyNode(node, shape);
      return parts.length === 1 ? (parts[0] as Node) : concatNode(parts, node.params.axis);
    }
    case "gather": {
      const { axis, indices } = node.params;
      const low = inputRegion(node, 0, region).lo[axis] as number;
      if (low === 0 && shape[axis] === indices.values.length) {
        return gatherNode(inputs[0] as Node, axis, indices);
      }
      const [from, every] = [region.lo[axis] as number, region.step[axis] as number];
      const values = Array.from(
        { length: shape[axis] as number },
        (_, k) => (indices.values[from + every * k] as number) - low,
      );
      return gatherNode(inputs[0] as Node, axis, indexList(values));
    }
    case "lookup":
      return lookupNode(inputs[0] as Node, inputs.slice(1), node.params.axes, shape);
    case "scatter": {
      const [x, value, ...indices] = inputs as [Node, Node, ...Node[]];
      const made = scatterNode(x, value, indices, node.params.axes);
      return window(made, inputRegion(node, 0, region), region);
    }
    case "reshape":
      return restrictReshape(node, region, inputs[0] as Node);
    case "compress": {
      const { axis, counted } = node.params;
      if (counted === undefined) return emptyNode(node, shape);
      const [x, mask] = inputs as [Node, Node];
      const made = countedNode(x, mask, axis, counted);
      return window(made, wholeAlong(region, axis, knownShape(node)[axis] as number), region);
    }
    case "scan": {
      const { axis, leaves } = node.params;
      const have = inputRegion(node, 0, region);
      const part = sliceCuts(leaves, 0, have.hi[axis] as number);
      const scanned = scanNode(inputs[0] as Node, { ...node.params, leaves: part }, dtypeOf(node));
      return window(scanned, have, region);
    }
    default:
      return rebuildWhole(node, inputs, region);
  }
}

function restrictReshape(node: NodeOf<"reshape">, region: Region, input: Node): Node {
  const { output } = reshaped(node, region);
  const made = reshapeNode(input, regionShape(output));
  return (readsStore(input) && restrictRows(made, output, region)) || window(made, output, region);
}

/** Where rows that nobody needs lie between those of a store that somebody does, they are not read. */
function restrictRows(made: Node, have: Region, want: Region): Node | undefined {
  if (made.op !== "reshape") return undefined;
  const counts = regionShape(want);
  const selection = counts.map((count, a) => ({
    start: ((want.lo[a] as number) - (have.lo[a] as number)) / (have.step[a] as number),
    step: count > 1 ? (want.step[a] as number) / (have.step[a] as number) : 1,
    count,
  }));
  const apart = rowsApart(made, selection);
  if (apart.length === 0) return undefined;
  const lengths = new Map(apart.map(({ to, made: length }) => [to, length]));
  const shape = knownShape(made).map((n, a) => lengths.get(a) ?? n);
  const seen = selection.map(({ start, step }, axis) =>
    lengths.has(axis) ? { axis, start: 0, step: 1 } : { axis, start, step },
  );
  const lookedAt = counts.map((n, a) => lengths.get(a) ?? n);
  return regroupApart(made.inputs[0] as Node, apart, (below) =>
    canonicalView(reshapeNode(below, shape), seen, lookedAt),
  );
}

const readsStore = (node: Node): boolean => {
  const base = node.op === "view" ? (node.inputs[0] as Node) : node;
  return base.op === "source" && base.params.binding.residence === "store";
};

/** Nothing is demanded: nothing needs to be read or computed. */
function emptyNode(node: Node, shape: readonly number[]): Node {
  const view = viewNode(
    node,
    shape.map((_, axis) => ({ axis, start: 0, step: 1 })),
    shape,
  );
  return createNode(constant(0, dtypeOf(node)), shape, advertisedGrid(view));
}

/** Opaque nodes are computed as they are; only the window on them is smaller. */
function rebuildWhole(node: Node, inputs: readonly Node[], region: Region): Node {
  const same = inputs.every((input, i) => input === node.inputs[i]);
  const whole = same ? node : withInputs(node, inputs);
  return window(whole, regionOfShape(knownShape(node)), region);
}
