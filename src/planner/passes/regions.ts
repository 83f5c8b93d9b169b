/**
 * What of its inputs a node reads, for one region of its result: per axis every so many positions from one to another.
 * Pass 4, demand, works with these; here is what they are for every kind of node.
 */
import { type AffineMap, type Box, boxIsEmpty } from "../../ir/index-map.js";
import { knownShape, type LookupAxis, type Node, type NodeOf } from "../../ir/node.js";
import { reshapeGroups } from "../../ir/reshape.js";

/** The positions `lo`, `lo + step` and so on below `hi` of every axis; `hi` is one past the last of them. */
export interface Region extends Box {
  /** At least 1; 1 where there is one position only. */
  readonly step: readonly number[];
}

/** Positions along one axis. */
interface Span {
  readonly lo: number;
  readonly hi: number;
  readonly step: number;
}

const span = ({ lo, hi, step }: Region, axis: number): Span => ({
  lo: lo[axis] as number,
  hi: hi[axis] as number,
  step: step[axis] as number,
});

const regionOf = (spans: readonly Span[]): Region => ({
  lo: spans.map((s) => s.lo),
  hi: spans.map((s) => s.hi),
  step: spans.map((s) => s.step),
});

const all = (n: number): Span => ({ lo: 0, hi: n, step: 1 });

export const regionOfShape = (shape: readonly number[]): Region => regionOf(shape.map(all));

const countOf = ({ lo, hi, step }: Span): number => Math.max(0, Math.ceil((hi - lo) / step));

export const regionShape = (region: Region): number[] =>
  region.lo.map((_, axis) => countOf(span(region, axis)));

/** Whether it is all of an array. */
export const covers = ({ lo, hi, step }: Region, shape: readonly number[]): boolean =>
  shape.every((n, i) => lo[i] === 0 && hi[i] === n && step[i] === 1);

export const sameRegion = (a: Region, b: Region): boolean =>
  a.lo.every((v, i) => v === b.lo[i] && a.hi[i] === b.hi[i] && a.step[i] === b.step[i]);

/** The least region that holds two that are not empty. */
export function hullOfRegions(a: Region, b: Region): Region {
  return regionOf(
    a.lo.map((_, axis) => {
      const [x, y] = [span(a, axis), span(b, axis)];
      const apart = Math.abs(x.lo - y.lo);
      const steps = [x, y].map((s) => (countOf(s) > 1 ? s.step : 0)) as [number, number];
      const step = greatestCommonDivisor(greatestCommonDivisor(...steps), apart);
      return { lo: Math.min(x.lo, y.lo), hi: Math.max(x.hi, y.hi), step: Math.max(1, step) };
    }),
  );
}

/** The least region that holds all that `region` of the mapping space reads. */
function imageOf(map: AffineMap, region: Region): Region {
  return regionOf(
    map.map((m) => {
      if (m.axis < 0) return { lo: m.start, hi: m.start + 1, step: 1 };
      const from = span(region, m.axis);
      const last = from.lo + (countOf(from) - 1) * from.step;
      const ends = [from.lo, last].map((p) => m.start + m.step * p) as [number, number];
      const [lo, hi] = [Math.min(...ends), Math.max(...ends) + 1];
      return { lo, hi, step: hi - lo > 1 ? Math.abs(m.step) * from.step : 1 };
    }),
  );
}

/** The region of input `k` that `region` of the node reads. */
export function inputRegion(node: Node, k: number, region: Region): Region {
  const input = node.inputs[k] as Node;
  const shape = knownShape(input);
  if (boxIsEmpty(region) && node.op !== "call" && node.op !== "pick") {
    return regionOf(shape.map(() => all(0)));
  }
  switch (node.op) {
    case "map":
      return stretched(shape, knownShape(node), region);
    case "view":
      return imageOf(node.params.map, region);
    case "layout":
      return region;
    case "reduce": {
      const { axes } = node.params;
      let next = 0;
      return regionOf(shape.map((n, a) => (axes.includes(a) ? all(n) : span(region, next++))));
    }
    case "concat": {
      const { axis } = node.params;
      const start = partStarts(node)[k] as number;
      const part = within(span(region, axis), start, shape[axis] as number);
      if (part === undefined) return regionOf(shape.map(() => all(0)));
      return along(region, axis, part);
    }
    case "gather": {
      const { axis, indices } = node.params;
      const { lo, hi, step } = span(region, axis);
      let first = Number.POSITIVE_INFINITY;
      let last = -1;
      for (let i = lo; i < hi; i += step) {
        const v = indices.values[i] as number;
        first = Math.min(first, v);
        last = Math.max(last, v);
      }
      return along(region, axis, { lo: first, hi: last + 1, step: 1 });
    }
    case "lookup":
      return k === 0
        ? lookedUp(node.params.axes, shape, region)
        : stretched(shape, knownShape(node), region);
    case "scatter":
      return scattered(node, k, region);
    case "reshape":
      return reshaped(node, region).input;
    case "compress": {
      // Along the axis of the mask everything is looked at; the others are the same.
      const { axis } = node.params;
      return k === 1 ? regionOfShape(shape) : wholeAlong(region, axis, shape[axis] as number);
    }
    case "scan": {
      // What comes after is not looked at; all that comes before is.
      const { axis } = node.params;
      return wholeAlong(region, axis, region.hi[axis] as number);
    }
    default:
      return regionOfShape(shape);
  }
}

const along = (region: Region, axis: number, other: Span): Region =>
  regionOf(region.lo.map((_, a) => (a === axis ? other : span(region, a))));

/** The region with `n` positions from the first on along one axis. */
export const wholeAlong = (region: Region, axis: number, n: number): Region =>
  along(region, axis, all(n));

/** The positions that lie in `[start, start + size)`, counted from there. */
function within({ lo, hi, step }: Span, start: number, size: number): Span | undefined {
  const first = lo + Math.max(0, Math.ceil((start - lo) / step)) * step;
  const end = Math.min(hi, start + size);
  if (first >= end) return undefined;
  const last = first + Math.floor((end - 1 - first) / step) * step;
  return { lo: first - start, hi: last + 1 - start, step: last > first ? step : 1 };
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

/** Of an input that is stretched along some axes to `outer`. */
const stretched = (shape: readonly number[], outer: readonly number[], region: Region): Region =>
  regionOf(shape.map((n, a) => (n === outer[a] ? span(region, a) : all(n))));

/** The region of x that a region of positions looks into: indexed axes are whole. */
const lookedUp = (axes: readonly LookupAxis[], shape: readonly number[], region: Region): Region =>
  regionOf(
    axes.map((a, i) => (a.from === "axis" ? span(region, a.axis) : all(shape[i] as number))),
  );

/** Any write may fall into the region: the axes that all share are narrowed, the others whole. */
function scattered(node: NodeOf<"scatter">, k: number, region: Region): Region {
  const { axes } = node.params;
  const shape = knownShape(node.inputs[k] as Node);
  if (k === 0) {
    const own = axes.map((a, i): LookupAxis => (a.from === "axis" ? { ...a, axis: i } : a));
    return lookedUp(own, shape, region);
  }
  const outer = knownShape(node.inputs[1] as Node);
  const spans = outer.map(all);
  axes.forEach((a, i) => {
    if (a.from === "axis") spans[a.axis] = span(region, i);
  });
  return stretched(shape, outer, regionOf(spans));
}

/**
 * The rows of a reshape's input that a region needs, and what is a reshape of just these. An axis that is there before
 * and after is narrowed like any other; of axes that are regrouped, the outermost long one is, to whole rows.
 */
export function reshaped(
  node: NodeOf<"reshape">,
  region: Region,
): { readonly input: Region; readonly output: Region } {
  const from = knownShape(node.inputs[0] as Node);
  const to = knownShape(node);
  const [ins, outs] = [from.map(all), to.map(all)];
  for (const { input, output, inRow, outRow } of outermostAxes(node)) {
    const wanted = span(region, output);
    if (inRow === 1 && outRow === 1) {
      ins[input] = wanted;
      outs[output] = wanted;
      continue;
    }
    // Both ranges must cover the same flat interval: round out to a multiple of both row lengths.
    const unit = leastCommonMultiple(inRow, outRow);
    const total = inRow * (from[input] as number);
    const lo = Math.floor((wanted.lo * outRow) / unit) * unit;
    const hi = Math.min(total, Math.ceil((wanted.hi * outRow) / unit) * unit);
    ins[input] = { lo: lo / inRow, hi: hi / inRow, step: 1 };
    outs[output] = { lo: lo / outRow, hi: hi / outRow, step: 1 };
  }
  return { input: regionOf(ins), output: regionOf(outs) };
}

/** Of each group of axes that a reshape regroups, the outermost long ones, and the elements of one row of them. */
export function outermostAxes(node: NodeOf<"reshape">): {
  readonly input: number;
  readonly output: number;
  readonly inRow: number;
  readonly outRow: number;
}[] {
  const from = knownShape(node.inputs[0] as Node);
  const to = knownShape(node);
  return reshapeGroups(from, to).flatMap((group) => {
    const input = group.input.find((a) => (from[a] as number) > 1);
    const output = group.output.find((a) => (to[a] as number) > 1);
    if (input === undefined || output === undefined) return [];
    const total = group.input.reduce((n, a) => n * (from[a] as number), 1);
    const [inRow, outRow] = [total / (from[input] as number), total / (to[output] as number)];
    return [{ input, output, inRow, outRow }];
  });
}

export const leastCommonMultiple = (a: number, b: number): number =>
  (a / greatestCommonDivisor(a, b)) * b;

function greatestCommonDivisor(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}
