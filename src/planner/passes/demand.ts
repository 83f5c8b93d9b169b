/**
 * Pass 4, demand: which region of every node does anyone need? One top-down walk collects the boxes that the
 * consumers of a node read (their hull), one bottom-up walk rebuilds what is read in part as the smaller thing.
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
import {
  type Box,
  boxIsEmpty,
  boxOfShape,
  boxShape,
  hullOf,
  imageOfBox,
} from "../../ir/index-map.js";
import {
  dtypeOf,
  type Kind,
  knownShape,
  type LookupAxis,
  type Node,
  type NodeOf,
} from "../../ir/node.js";
import { reshapeGroups } from "../../ir/reshape.js";
import { constant } from "../../ir/scalar.js";
import type { Order, PassContext } from "../context.js";
import { withInputs } from "../rewrite.js";
import { canonicalView } from "./canonicalize.js";

export function demand(roots: readonly Node[], ctx: PassContext): readonly Node[] {
  const order = ctx.order(roots);
  const { nodes, places } = order;
  const found = demandedBoxes(order, roots);
  // What nobody reads in part is told without a look at lengths.
  if (found.every((box) => box === WHOLE)) return roots;
  const boxes = found.map((box, i) =>
    box === WHOLE ? boxOfShape(knownShape(nodes[i] as Node)) : box,
  );
  const boxAt = (node: Node): Box => boxes[places.get(node) as number] as Box;
  const partial = (node: Node): boolean => !covers(boxAt(node), knownShape(node));
  // What a gather, lookup or scatter looks at is materialised as well, below its views.
  const looks = (n: Node): boolean =>
    n.op === "gather" || n.op === "lookup" || n.op === "scatter"
      ? n.inputs.some((input) => partial(input) || partial(belowViews(input)))
      : false;
  const handedOver = blockInputs(nodes);
  const worth = (n: Node): boolean =>
    isMovable(n) ? partial(n) || looks(n) : handedOver.has(n) && partial(n);
  if (!nodes.some(worth)) return roots;
  const made: Node[] = [];
  const part = (input: Node, want: Box): Node => {
    const place = places.get(input) as number;
    return window(made[place] as Node, boxes[place] as Box, want);
  };
  nodes.forEach((node, i) => {
    const box = boxes[i] as Box;
    if (isMovable(node) && partial(node)) {
      ctx.fired(
        "demand",
        node,
        `${node.op} [${knownShape(node).join()}] -> [${boxShape(box).join()}]`,
      );
    }
    made.push(restrict(node, box, part));
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

const covers = (box: Box, shape: readonly number[]): boolean =>
  shape.every((n, i) => box.lo[i] === 0 && box.hi[i] === n);

/** Stands for the box of all of an array that is not empty. */
const WHOLE: Box = { lo: [], hi: [] };

/** Kinds of which all is made of all of their inputs, whatever lies in between. */
const WHOLE_OF_WHOLE: ReadonlySet<Kind> = new Set<Kind>([
  "map",
  "layout",
  "reduce",
  "concat",
  "reshape",
  "scan",
]);

function demandedBoxes({ nodes, places, inputs, starts }: Order, roots: readonly Node[]): Box[] {
  const boxes: (Box | undefined)[] = new Array(nodes.length).fill(undefined);
  const need = (place: number, box: Box): void => {
    const known = boxes[place];
    if (known === WHOLE) return;
    const shape = knownShape(nodes[place] as Node);
    // An empty box says nothing of the other lengths, and of an empty array nothing can be left out.
    if (shape.includes(0)) boxes[place] = boxOfShape(shape);
    else if (box === WHOLE || covers(box, shape)) boxes[place] = WHOLE;
    else if (known === undefined) boxes[place] = box;
    else {
      const hull = hullOf(known, box);
      boxes[place] = covers(hull, shape) ? WHOLE : hull;
    }
  };
  for (const root of roots) need(places.get(root) as number, WHOLE);
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i] as Node;
    const box = boxes[i] as Box;
    const first = starts[i] as number;
    const all = box === WHOLE && WHOLE_OF_WHOLE.has(node.op);
    const own = box === WHOLE ? boxOfShape(knownShape(node)) : box;
    for (let k = 0; k < node.inputs.length; k++) {
      need(inputs[first + k] as number, all ? WHOLE : inputBox(node, k, own));
    }
  }
  return boxes as Box[];
}

/** The box of input `k` that `box` of the node reads. */
export function inputBox(node: Node, k: number, box: Box): Box {
  const input = node.inputs[k] as Node;
  const shape = knownShape(input);
  const whole = boxOfShape(shape);
  if (boxIsEmpty(box) && node.op !== "call" && node.op !== "pick") {
    return { lo: shape.map(() => 0), hi: shape.map(() => 0) };
  }
  switch (node.op) {
    case "map":
      return stretchedBox(shape, knownShape(node), box);
    case "view":
      return imageOfBox(node.params.map, box);
    case "layout":
      return box;
    case "reduce": {
      const kept = shape.map((_, a) => a).filter((a) => !node.params.axes.includes(a));
      const at = (a: number, side: readonly number[], otherwise: number): number => {
        const n = kept.indexOf(a);
        return n < 0 ? otherwise : (side[n] as number);
      };
      return {
        lo: shape.map((_, a) => at(a, box.lo, 0)),
        hi: shape.map((n, a) => at(a, box.hi, n)),
      };
    }
    case "concat": {
      const { axis } = node.params;
      const start = partStarts(node)[k] as number;
      const lo = Math.max(0, (box.lo[axis] as number) - start);
      const hi = Math.min(shape[axis] as number, (box.hi[axis] as number) - start);
      if (lo >= hi) return { lo: shape.map(() => 0), hi: shape.map(() => 0) };
      return {
        lo: box.lo.map((v, a) => (a === axis ? lo : v)),
        hi: box.hi.map((v, a) => (a === axis ? hi : v)),
      };
    }
    case "gather": {
      const { axis, indices } = node.params;
      let lo = Number.POSITIVE_INFINITY;
      let hi = 0;
      for (let i = box.lo[axis] as number; i < (box.hi[axis] as number); i++) {
        const v = indices.values[i] as number;
        lo = Math.min(lo, v);
        hi = Math.max(hi, v + 1);
      }
      return {
        lo: box.lo.map((v, a) => (a === axis ? lo : v)),
        hi: box.hi.map((v, a) => (a === axis ? hi : v)),
      };
    }
    case "lookup":
      return k === 0
        ? lookedUpBox(node.params.axes, shape, box)
        : stretchedBox(shape, knownShape(node), box);
    case "scatter":
      return scatterBox(node, k, box);
    case "reshape":
      return reshapeBox(node, box);
    case "compress": {
      // Along the axis of the mask everything is looked at; the others are the same.
      const { axis } = node.params;
      if (k === 1) return whole;
      return {
        lo: box.lo.map((v, a) => (a === axis ? 0 : v)),
        hi: box.hi.map((v, a) => (a === axis ? (shape[axis] as number) : v)),
      };
    }
    case "scan":
      // What comes after is not looked at; all that comes before is.
      return { lo: box.lo.map((v, a) => (a === node.params.axis ? 0 : v)), hi: box.hi };
    default:
      return whole;
  }
}

/** Where the parts of a concatenation begin, once per node: a wide one is asked part by part. */
const knownStarts = new WeakMap<Node, readonly number[]>();
export function partStarts(node: NodeOf<"concat">): readonly number[] {
  let starts = knownStarts.get(node);
  if (starts === undefined) {
    let next = 0;
    starts = node.inputs.map((input) => {
      const start = next;
      next += knownShape(input)[node.params.axis] as number;
      return start;
    });
    knownStarts.set(node, starts);
  }
  return starts;
}

const stretchedBox = (shape: readonly number[], outer: readonly number[], box: Box): Box => ({
  lo: shape.map((n, a) => (n === outer[a] ? (box.lo[a] as number) : 0)),
  hi: shape.map((n, a) => (n === outer[a] ? (box.hi[a] as number) : n)),
});

/** The box of x that a box of positions looks into: indexed axes are whole. */
const lookedUpBox = (axes: readonly LookupAxis[], shape: readonly number[], box: Box): Box => ({
  lo: axes.map((a) => (a.from === "axis" ? (box.lo[a.axis] as number) : 0)),
  hi: axes.map((a, i) => (a.from === "axis" ? (box.hi[a.axis] as number) : (shape[i] as number))),
});

/** Any write may fall into the box: the axes that all share are narrowed, the others whole. */
function scatterBox(node: NodeOf<"scatter">, k: number, box: Box): Box {
  const { axes } = node.params;
  const shape = knownShape(node.inputs[k] as Node);
  if (k === 0) {
    const own = axes.map((a, i): LookupAxis => (a.from === "axis" ? { ...a, axis: i } : a));
    return lookedUpBox(own, shape, box);
  }
  const lo = shape.map(() => 0);
  const hi = [...knownShape(node.inputs[1] as Node)];
  axes.forEach((a, i) => {
    if (a.from === "index") return;
    lo[a.axis] = box.lo[i] as number;
    hi[a.axis] = box.hi[i] as number;
  });
  return stretchedBox(shape, knownShape(node.inputs[1] as Node), { lo, hi });
}

/** Whole rows of each group's outermost long axis; the reshaped part stays a reshape of whole rows. */
function reshapeBox(node: NodeOf<"reshape">, box: Box): Box {
  const from = knownShape(node.inputs[0] as Node);
  const to = knownShape(node);
  const lo = from.map(() => 0);
  const hi = [...from];
  for (const group of reshapeGroups(from, to)) {
    const rows = narrowRows(group, from, to, box);
    if (rows !== undefined) {
      lo[rows.input] = rows.inputRange[0];
      hi[rows.input] = rows.inputRange[1];
    }
  }
  return { lo, hi };
}

/**
 * For one group, the input rows that the box needs, if only a part: ranges on the outermost long axis of input and
 * output such that the part is again a row-major reshape.
 */
function narrowRows(
  group: { readonly input: readonly number[]; readonly output: readonly number[] },
  from: readonly number[],
  to: readonly number[],
  box: Box,
):
  | {
      readonly input: number;
      readonly output: number;
      readonly inputRange: readonly [number, number];
      readonly outputRange: readonly [number, number];
    }
  | undefined {
  const input = group.input.find((a) => (from[a] as number) > 1);
  const output = group.output.find((a) => (to[a] as number) > 1);
  if (input === undefined || output === undefined) return undefined;
  const total = group.input.reduce((n, a) => n * (from[a] as number), 1);
  const inRow = total / (from[input] as number);
  const outRow = total / (to[output] as number);
  // Both ranges must cover the same flat interval: round out to a multiple of both row lengths.
  const unit = leastCommonMultiple(inRow, outRow);
  const lo = Math.floor(((box.lo[output] as number) * outRow) / unit) * unit;
  const hi = Math.min(total, Math.ceil(((box.hi[output] as number) * outRow) / unit) * unit);
  return {
    input,
    output,
    inputRange: [lo / inRow, hi / inRow],
    outputRange: [lo / outRow, hi / outRow],
  };
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return (a / x) * b;
}

/** `want` of a node, given what was made of it: the part `have`. */
function window(made: Node, have: Box, want: Box): Node {
  const shape = boxShape(want);
  if (have.lo.every((v, i) => v === want.lo[i]) && have.hi.every((v, i) => v === want.hi[i])) {
    return made;
  }
  const map = shape.map((_, axis) => ({
    axis,
    start: boxIsEmpty(want) ? 0 : (want.lo[axis] as number) - (have.lo[axis] as number),
    step: 1,
  }));
  return canonicalView(made, map, shape);
}

/** The node that computes exactly `box` of `node`; `part` gives the parts of its inputs. */
function restrict(node: Node, box: Box, part: (input: Node, want: Box) => Node): Node {
  const shape = boxShape(box);
  if (boxIsEmpty(box) && node.op !== "call" && node.outs.length === 1) {
    return emptyNode(node, shape);
  }
  const inputs = node.inputs.map((input, k) => part(input, inputBox(node, k, box)));
  switch (node.op) {
    case "source":
    case "create": {
      const identity = { lo: shape.map(() => 0), hi: knownShape(node) };
      return window(node, identity, box);
    }
    case "map":
      return mapNode(node.params.tree, inputs, shape);
    case "view": {
      // The input is exactly the image of the box: shift the map into its frame.
      const image = inputBox(node, 0, box);
      const map = node.params.map.map((m, a) => {
        const low = m.axis < 0 ? 0 : (box.lo[m.axis] as number);
        return { ...m, start: m.start + m.step * low - (image.lo[a] as number) };
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
      const low = inputBox(node, 0, box).lo[axis] as number;
      const from = box.lo[axis] as number;
      const to = box.hi[axis] as number;
      if (low === 0 && from === 0 && to === indices.values.length) {
        return gatherNode(inputs[0] as Node, axis, indices);
      }
      const values = Array.from(indices.values.subarray(from, to), (v) => v - low);
      return gatherNode(inputs[0] as Node, axis, indexList(values));
    }
    case "lookup":
      return lookupNode(inputs[0] as Node, inputs.slice(1), node.params.axes, shape);
    case "scatter": {
      const [x, value, ...indices] = inputs as [Node, Node, ...Node[]];
      const made = scatterNode(x, value, indices, node.params.axes);
      return window(made, scatterBox(node, 0, box), box);
    }
    case "reshape":
      return restrictReshape(node, box, inputs[0] as Node);
    case "compress": {
      const { axis, counted } = node.params;
      if (counted === undefined) return emptyNode(node, shape);
      const [x, mask] = inputs as [Node, Node];
      const have = {
        lo: box.lo.map((v, a) => (a === axis ? 0 : v)),
        hi: box.hi.map((v, a) => (a === axis ? (knownShape(node)[axis] as number) : v)),
      };
      return window(countedNode(x, mask, axis, counted), have, box);
    }
    case "scan": {
      const { axis, leaves } = node.params;
      const have = inputBox(node, 0, box);
      const part = sliceCuts(leaves, 0, have.hi[axis] as number);
      const scanned = scanNode(inputs[0] as Node, { ...node.params, leaves: part }, dtypeOf(node));
      return window(scanned, have, box);
    }
    default:
      return rebuildWhole(node, inputs, box);
  }
}

function restrictReshape(node: NodeOf<"reshape">, box: Box, input: Node): Node {
  const from = knownShape(node.inputs[0] as Node);
  const to = knownShape(node);
  const lo = to.map(() => 0);
  const hi = [...to];
  for (const group of reshapeGroups(from, to)) {
    const rows = narrowRows(group, from, to, box);
    if (rows !== undefined) {
      lo[rows.output] = rows.outputRange[0];
      hi[rows.output] = rows.outputRange[1];
    }
  }
  return window(reshapeNode(input, boxShape({ lo, hi })), { lo, hi }, box);
}

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
function rebuildWhole(node: Node, inputs: readonly Node[], box: Box): Node {
  const same = inputs.every((input, i) => input === node.inputs[i]);
  const whole = same ? node : withInputs(node, inputs);
  return window(whole, boxOfShape(knownShape(node)), box);
}
