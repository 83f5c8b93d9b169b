/**
 * The advertised grid: how an array presents itself in blocks to `.chunks`, block functions, default sinks and the
 * leaves of float sums. A pure, memoised function of the expression alone (storage grids, `rechunk` contracts,
 * shapes); never of budget, workers or measured costs. The planner's own blocks may differ wherever nobody can
 * observe them.
 */
import {
  type Cuts,
  coalesceCuts,
  concatCuts,
  cutsCount,
  cutsFromSizes,
  cutsMax,
  pieceSizes,
  pieceStart,
  piecesIn,
  reverseCuts,
  sameCuts,
  sliceCuts,
  uniformCuts,
  wholeCuts,
} from "./cuts.js";
import { itemSize } from "./dtype.js";
import { type AxisMap, elementCount } from "./index-map.js";
import { knownShape, type LookupNode, type Node, type ReshapeNode } from "./node.js";
import { reshapeGroups } from "./reshape.js";

/** Bytes of a block that "auto" aims for: large enough that per-block cost vanishes, small beside any budget. */
export const AUTO_CHUNK_BYTES: number = 16 * 1024 * 1024;
/** Above this many pieces a strided view's cuts are approximated by equal ones. */
const EXACT_PIECES = 65536;

const memo = new WeakMap<Node, readonly (readonly Cuts[])[]>();

/** Cuts per axis of output `port` of a node. */
export function advertisedGrid(node: Node, port = 0): readonly Cuts[] {
  const ready = memo.get(node);
  if (ready !== undefined) return ready[port] as readonly Cuts[];
  // Depth-first with an explicit stack: a chain of 100,000 nodes is no deeper than one of ten.
  const stack: Node[] = [node];
  while (stack.length > 0) {
    const top = stack.at(-1) as Node;
    if (memo.has(top)) {
      stack.pop();
      continue;
    }
    const missing = top.inputs.filter((i) => !memo.has(i));
    if (missing.length > 0) stack.push(...missing);
    else {
      memo.set(top, compute(top));
      stack.pop();
    }
  }
  return (memo.get(node) as readonly (readonly Cuts[])[])[port] as readonly Cuts[];
}

const gridOfInput = (node: Node, i: number): readonly Cuts[] => {
  const input = node.inputs[i] as Node;
  return (memo.get(input) as readonly (readonly Cuts[])[])[0] as readonly Cuts[];
};

function compute(node: Node): readonly (readonly Cuts[])[] {
  switch (node.op) {
    case "source":
      return [node.params.binding.chunks];
    case "scan":
      return [gridOfInput(node, 0)];
    case "compress": {
      const { axis, counted } = node.params;
      if (counted === undefined) break;
      const size = Math.max(1, cutsMax(gridOfInput(node, 0)[axis] as Cuts));
      const cuts = coalesceCuts(counted.counts, size);
      return [gridOfInput(node, 0).map((c, i) => (i === axis ? cuts : c))];
    }
    case "create":
    case "layout":
      return [node.params.chunks];
    case "map":
      return [broadcastGrid(node, knownShape(node))];
    case "view": {
      const shape = knownShape(node);
      const grid = gridOfInput(node, 0);
      const map = node.params.map;
      return [
        shape.map((extent, axis) => {
          const from = map.findIndex((m) => m.axis === axis);
          return from < 0
            ? wholeCuts(extent)
            : viewCuts(grid[from] as Cuts, map[from] as AxisMap, extent);
        }),
      ];
    }
    case "gather": {
      const shape = knownShape(node);
      return [
        gridOfInput(node, 0).map((c, i) =>
          i === node.params.axis ? uniformCuts(shape[i] as number, Math.max(1, cutsMax(c))) : c,
        ),
      ];
    }
    case "lookup":
      return [lookupGrid(node)];
    case "scatter":
      return [gridOfInput(node, 0)];
    case "concat": {
      const { axis } = node.params;
      const heavy = heaviest(node.inputs, () => true);
      return [
        gridOfInput(node, heavy).map((c, i) =>
          i === axis
            ? concatCuts(node.inputs.map((_, k) => gridOfInput(node, k)[axis] as Cuts))
            : c,
        ),
      ];
    }
    case "reshape":
      return [reshapeGrid(node, gridOfInput(node, 0))];
    case "reduce": {
      const kept = gridOfInput(node, 0).filter((_, i) => !node.params.axes.includes(i));
      return node.outs.map(() => kept);
    }
    case "call":
      return node.params.results.map((result) => result.map((r) => r.cuts));
    case "pick": {
      const grids = memo.get(node.inputs[0] as Node) as readonly (readonly Cuts[])[];
      return [grids[node.params.port] as readonly Cuts[]];
    }
    default:
      break;
  }
  return node.outs.map((out) => out.shape.map((d) => wholeCuts(typeof d === "number" ? d : d.max)));
}

function heaviest(inputs: readonly Node[], eligible: (input: Node, i: number) => boolean): number {
  let best = -1;
  let bytes = -1;
  inputs.forEach((input, i) => {
    const own = elementCount(knownShape(input)) * itemSize(input.outs[0].dtype);
    if (eligible(input, i) && own > bytes) {
      best = i;
      bytes = own;
    }
  });
  return best;
}

/** Inputs may move this many times the bytes that lie in a grid already to come into it. */
const MERGE_RATIO = 4;

interface Layout {
  readonly cuts: Cuts;
  /** Of the inputs that are cut so. */
  bytes: number;
}

/**
 * Per axis the grid of one of the inputs that are really cut there; inputs with one piece have no opinion. It is the
 * one of fewest pieces for which the others would not move more than `MERGE_RATIO` times the bytes that are in it
 * already; if every one is too dear, that of the heaviest input.
 */
function broadcastGrid(node: Node, shape: readonly number[]): readonly Cuts[] {
  return shape.map((extent, axis) => {
    const layouts: Layout[] = [];
    node.inputs.forEach((input, i) => {
      const cuts = gridOfInput(node, i)[axis] as Cuts;
      if (knownShape(input)[axis] !== extent || cutsCount(cuts) <= 1) return;
      const bytes = elementCount(knownShape(input)) * itemSize(input.outs[0].dtype);
      const known = layouts.find((l) => sameCuts(l.cuts, cuts));
      if (known === undefined) layouts.push({ cuts, bytes });
      else known.bytes += bytes;
    });
    return layouts.length === 0 ? wholeCuts(extent) : meeting(layouts).cuts;
  });
}

function meeting(layouts: readonly Layout[]): Layout {
  const [first] = layouts as readonly [Layout];
  if (layouts.length === 1) return first;
  const heaviest = layouts.reduce((a, b) => (b.bytes > a.bytes ? b : a), first);
  let best: Layout | undefined;
  let least: readonly number[] = [];
  for (const layout of layouts) {
    const moved = layouts.reduce(
      (n, l) => (l === layout ? n : n + l.bytes * movedFraction(l.cuts, layout.cuts)),
      0,
    );
    if (moved > MERGE_RATIO * layout.bytes) continue;
    const cost = [cutsCount(layout.cuts), moved, -layout.bytes];
    const at = cost.findIndex((v, i) => v !== least[i]);
    if (best === undefined || (at >= 0 && (cost[at] as number) < (least[at] as number))) {
      best = layout;
      least = cost;
    }
  }
  return best ?? heaviest;
}

/** The part of an axis that is copied when its pieces become others: of each new piece all but its longest old part. */
function movedFraction(from: Cuts, to: Cuts): number {
  const looked = Math.min(cutsCount(to), EXACT_PIECES);
  let moved = 0;
  for (let n = 0; n < looked; n++) {
    const lo = pieceStart(to, n);
    const hi = pieceStart(to, n + 1);
    const [a, b] = piecesIn(from, lo, hi);
    let longest = 0;
    // Beyond the first and last, pieces lie whole in the new one: the longest of all is no shorter.
    if (b - a > 64) longest = Math.min(hi - lo, cutsMax(from));
    else {
      for (let k = a; k <= b; k++) {
        const part = Math.min(hi, pieceStart(from, k + 1)) - Math.max(lo, pieceStart(from, k));
        longest = Math.max(longest, part);
      }
    }
    moved += hi - lo - longest;
  }
  return moved / Math.max(1, pieceStart(to, looked));
}

/** Axes that follow x are cut as x is, the others as the heaviest index is. */
function lookupGrid(node: LookupNode): readonly Cuts[] {
  const indices = node.inputs.map((_, i) => i).slice(1);
  return knownShape(node).map((extent, axis) => {
    const own = node.params.axes.findIndex((a) => a.from === "axis" && a.axis === axis);
    if (own >= 0) return gridOfInput(node, 0)[own] as Cuts;
    const cut = indices.filter(
      (i) =>
        knownShape(node.inputs[i] as Node)[axis] === extent &&
        cutsCount(gridOfInput(node, i)[axis] as Cuts) > 1,
    );
    const heavy = heaviest(node.inputs, (_, i) => cut.includes(i));
    return heavy < 0 ? wholeCuts(extent) : (gridOfInput(node, heavy)[axis] as Cuts);
  });
}

/** Cuts of `extent` positions `start + step * i` of an axis with the given cuts. */
export function viewCuts(cuts: Cuts, { start, step }: AxisMap, extent: number): Cuts {
  if (extent === 0) return wholeCuts(0);
  const last = start + step * (extent - 1);
  const lo = Math.min(start, last);
  const hi = Math.max(start, last) + 1;
  const stride = Math.abs(step);
  const inside = sliceCuts(cuts, lo, hi);
  let forward: Cuts;
  if (stride === 1) forward = inside;
  else if (cutsCount(inside) <= EXACT_PIECES) {
    const sizes: number[] = [];
    let position = 0;
    let next = 0;
    for (const size of pieceSizes(inside)) {
      const end = position + size;
      const held = end > next ? Math.ceil((end - next) / stride) : 0;
      sizes.push(held);
      next += held * stride;
      position = end;
    }
    forward = cutsFromSizes(sizes);
  } else forward = uniformCuts(extent, Math.max(1, Math.floor(cutsMax(inside) / stride)));
  return step < 0 ? reverseCuts(forward) : forward;
}

/** Chunks that keep about the input's elements per group, whole in the innermost axes. */
function reshapeGrid(node: ReshapeNode, grid: readonly Cuts[]): readonly Cuts[] {
  const shape = knownShape(node);
  const input = knownShape(node.inputs[0] as Node);
  const out = shape.map(wholeCuts);
  for (const group of reshapeGroups(input, shape)) {
    const only = group.input.filter((a) => input[a] !== 1);
    const outOnly = group.output.filter((a) => shape[a] !== 1);
    if (only.length === 1 && outOnly.length === 1) {
      out[outOnly[0] as number] = grid[only[0] as number] as Cuts;
      continue;
    }
    let target = group.input.reduce((n, a) => n * Math.max(1, cutsMax(grid[a] as Cuts)), 1);
    for (let i = group.output.length - 1; i >= 0; i--) {
      const axis = group.output[i] as number;
      out[axis] = uniformCuts(shape[axis] as number, Math.max(1, Math.floor(target)));
      target /= Math.max(1, shape[axis] as number);
    }
  }
  return out;
}

/**
 * Chunks for `bytes` per block: axes in `free` are cut as evenly as possible in the number of elements, the
 * others keep `fixed`.
 */
export function chunksForBytes(
  shape: readonly number[],
  bytesPerElement: number,
  bytes: number,
  fixed: readonly (Cuts | undefined)[] = shape.map(() => undefined),
): readonly Cuts[] {
  let budget = Math.max(1, bytes / bytesPerElement);
  for (const cuts of fixed) if (cuts !== undefined) budget /= Math.max(1, cutsMax(cuts));
  const free = shape.map((_, i) => i).filter((i) => fixed[i] === undefined);
  const sizes = new Map<number, number>();
  // Short axes become whole first; what they leave over goes to the longer ones.
  const byLength = [...free].sort((a, b) => (shape[a] as number) - (shape[b] as number));
  byLength.forEach((axis, done) => {
    const share = Math.max(1, budget) ** (1 / (byLength.length - done));
    const size = Math.max(1, Math.min(shape[axis] as number, Math.floor(share + 1e-9)));
    sizes.set(axis, size);
    budget /= size;
  });
  return shape.map((extent, i) => fixed[i] ?? uniformCuts(extent, sizes.get(i) ?? extent));
}

/** The chunks that a new virtual array gets when the user names none. */
export const autoChunks = (shape: readonly number[], bytesPerElement: number): readonly Cuts[] =>
  chunksForBytes(shape, bytesPerElement, AUTO_CHUNK_BYTES);

export const sameGrid = (a: readonly Cuts[], b: readonly Cuts[]): boolean =>
  a.length === b.length && a.every((c, i) => sameCuts(c, b[i] as Cuts));
