/** Manipulation functions: views where an affine map says it, else concat, gather and reshape. */
import { ShapeError } from "../errors.js";
import * as ir from "../ir/build.js";
import { promoteAll } from "../ir/dtype.js";
import { advertisedGrid } from "../ir/grid.js";
import { type AxisMap, elementCount } from "../ir/index-map.js";
import { dtypeOf, knownShape, type Node } from "../ir/node.js";
import {
  broadcastShapes,
  integerOf,
  lengthOf,
  normalAxes,
  normalAxis,
  normalShape,
} from "./axes.js";
import { axesView, broadcastNode, castNode, viewNode } from "./build.js";
import { at, takeAxis } from "./indexing.js";
import { countText, shapeText, valueText } from "./words.js";

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

export const broadcastTo = (x: Node, shape: unknown): Node =>
  broadcastNode("broadcastTo", x, normalShape("broadcastTo", shape));

/** All arrays stretched to the one shape that they broadcast to. */
export function broadcastArrays(arrays: readonly Node[]): Node[] {
  const shape = broadcastShapes("broadcastArrays", arrays.map(knownShape));
  return arrays.map((a) => broadcastNode("broadcastArrays", a, shape));
}

/** A new axis of length 1 at every place named in `axis` (places in the result). */
export function expandDims(x: Node, axis: unknown = 0): Node {
  const list = Array.isArray(axis) ? axis : [axis];
  const ndim = knownShape(x).length + list.length;
  const places = list.map((a) => normalAxis("expandDims", a, ndim));
  if (new Set(places).size !== places.length) {
    throw new ShapeError(`expandDims: axis ${valueText(list)} names an axis twice`);
  }
  let next = 0;
  return axesView(
    x,
    range(ndim).map((i) => (places.includes(i) ? -1 : next++)),
  );
}

/** Drops axes of length 1: those named, or all of them. */
export function squeeze(x: Node, axis?: unknown): Node {
  const shape = knownShape(x);
  const all = axis === undefined || axis === null;
  const drop = all
    ? range(shape.length).filter((i) => shape[i] === 1)
    : normalAxes("squeeze", axis, shape.length);
  for (const i of drop) {
    if (shape[i] !== 1) {
      throw new ShapeError(`squeeze: axis ${i} has length ${shape[i]}`, {
        hint: "only axes of length 1 can be dropped",
      });
    }
  }
  return axesView(
    x,
    range(shape.length).filter((i) => !drop.includes(i)),
  );
}

/** Reverses the order of elements along the axes named, or along all. */
export function flip(x: Node, axis?: unknown): Node {
  const shape = knownShape(x);
  const flipped = normalAxes("flip", axis, shape.length);
  const map = shape.map(
    (n, i): AxisMap =>
      flipped.includes(i) && n > 1
        ? { axis: i, start: n - 1, step: -1 }
        : { axis: i, start: 0, step: 1 },
  );
  return viewNode(x, map, shape);
}

export function permuteDims(x: Node, axes: unknown): Node {
  const ndim = knownShape(x).length;
  if (!Array.isArray(axes)) {
    throw new ShapeError(`permuteDims: axes must be a list, got ${valueText(axes)}`);
  }
  const order = axes.map((a) => normalAxis("permuteDims", a, ndim));
  if (order.length !== ndim || new Set(order).size !== ndim) {
    throw new ShapeError(
      `permuteDims: ${valueText(axes)} does not name every axis of ${shapeText(knownShape(x))} once`,
      { hint: `give ${countText(ndim, "axis", "axes")} in their new order` },
    );
  }
  return axesView(x, order);
}

/** Exchanges the last two axes. */
export function matrixTranspose(x: Node, fn = "matrixTranspose"): Node {
  const { shape } = x.outs[0];
  const ndim = shape.length;
  if (ndim < 2) {
    throw new ShapeError(
      `${fn}: the array must have at least 2 axes, got shape ${shapeText(shape)}`,
    );
  }
  return axesView(x, [...range(ndim - 2), ndim - 1, ndim - 2]);
}

export function moveaxis(x: Node, source: unknown, destination: unknown): Node {
  const ndim = knownShape(x).length;
  const list = (v: unknown, what: string): number[] =>
    (Array.isArray(v) ? v : [v]).map((a) => normalAxis("moveaxis", a, ndim, what));
  const from = list(source, "source");
  const to = list(destination, "destination");
  if (from.length !== to.length) {
    throw new ShapeError(
      `moveaxis: ${countText(from.length, "source")} but ${countText(to.length, "destination")}`,
    );
  }
  if (new Set(from).size !== from.length || new Set(to).size !== to.length) {
    throw new ShapeError("moveaxis: source and destination must not name an axis twice");
  }
  const rest = range(ndim).filter((i) => !from.includes(i));
  const order = range(ndim).map((i) => {
    const k = to.indexOf(i);
    return k < 0 ? (rest.shift() as number) : (from[k] as number);
  });
  return axesView(x, order);
}

/** Row-major reshape; one length may be -1 and is then computed. */
export function reshape(x: Node, shape: unknown): Node {
  const from = knownShape(x);
  const list = typeof shape === "number" || typeof shape === "bigint" ? [shape] : shape;
  if (!Array.isArray(list)) {
    throw new ShapeError(`reshape: shape must be a list of lengths, got ${valueText(shape)}`);
  }
  const to = list.map((n: unknown) => integerOf("reshape", n, "a length"));
  const open = to.flatMap((n, i) => (n === -1 ? [i] : []));
  const size = elementCount(from);
  if (open.length > 1) throw new ShapeError("reshape: only one length can be -1");
  if (to.some((n) => n < -1)) {
    throw new ShapeError(`reshape: ${shapeText(to)} has a negative length`, {
      hint: "-1 stands for a length to be computed",
    });
  }
  if (open.length === 1) {
    const known = to.reduce((n, s) => (s === -1 ? n : n * s), 1);
    if (known === 0 || size % known !== 0) throw doesNotFit(from, to);
    to[open[0] as number] = size / known;
  }
  if (elementCount(to) !== size) throw doesNotFit(from, to);
  return reshapeNode(x, to);
}

const doesNotFit = (from: readonly number[], to: readonly number[]): ShapeError =>
  new ShapeError(`reshape: shape ${shapeText(from)} does not fit into ${shapeText(to)}`, {
    hint: `the array has ${countText(elementCount(from), "element")}`,
  });

function reshapeNode(x: Node, to: readonly number[]): Node {
  const from = knownShape(x);
  const long = range(from.length).filter((i) => from[i] !== 1);
  const longTo = to.filter((n) => n !== 1);
  if (long.length === longTo.length && long.every((a, i) => from[a] === longTo[i])) {
    // Only axes of length 1 come and go: a view, which moves nothing.
    let next = 0;
    return axesView(
      x,
      to.map((n) => (n === 1 ? -1 : (long[next++] as number))),
    );
  }
  const made = ir.reshapeNode(x, to);
  if (x.op !== "source") return made;
  // In memory the elements stay where they are.
  const source = x.params.binding.reshaped?.(to, advertisedGrid(made));
  return source === undefined ? made : ir.sourceNode(source);
}

const flatten = (x: Node): Node => reshapeNode(x, [elementCount(knownShape(x))]);

/** `start, start + 1, ...` of an axis. */
function rangeView(x: Node, axis: number, start: number, count: number): Node {
  const shape = knownShape(x).map((n, i) => (i === axis ? count : n));
  const map = shape.map(
    (_, i): AxisMap => ({ axis: i, start: i === axis && count > 0 ? start : 0, step: 1 }),
  );
  return viewNode(x, map, shape);
}

/** Moves elements `shift` places on, those that leave at the end come in at the beginning. */
export function roll(x: Node, shift: unknown, axis?: unknown): Node {
  if (axis === undefined || axis === null) {
    return reshapeNode(roll(flatten(x), shift, 0), knownShape(x));
  }
  const axes = (Array.isArray(axis) ? axis : [axis]).map((a) =>
    normalAxis("roll", a, knownShape(x).length),
  );
  const given = (Array.isArray(shift) ? shift : [shift]).map((s: unknown) =>
    integerOf("roll", s, "shift"),
  );
  const shifts = given.length === 1 ? axes.map(() => given[0] as number) : given;
  if (shifts.length !== axes.length) {
    throw new ShapeError(
      `roll: ${countText(shifts.length, "shift")} for ${countText(axes.length, "axis", "axes")}`,
    );
  }
  return axes.reduce((node, a, k) => rollAxis(node, shifts[k] as number, a), x);
}

function rollAxis(x: Node, shift: number, axis: number): Node {
  const n = knownShape(x)[axis] as number;
  const by = n === 0 ? 0 : ((shift % n) + n) % n;
  if (by === 0) return x;
  return concatNodes([rangeView(x, axis, n - by, by), rangeView(x, axis, 0, n - by)], axis);
}

function concatNodes(parts: readonly Node[], axis: number): Node {
  const kept = parts.filter((p) => knownShape(p)[axis] !== 0);
  if (kept.length <= 1) return (kept[0] ?? parts[0]) as Node;
  return ir.concatNode(kept, axis);
}

function common(fn: string, arrays: readonly Node[]): Node[] {
  if (arrays.length === 0) throw new ShapeError(`${fn}: at least one array is needed`);
  const dtype = promoteAll(...arrays.map(dtypeOf));
  return arrays.map((a) => castNode(a, dtype));
}

/** Arrays one after another along an axis; `null` flattens them first. Dtypes promote. */
export function concat(arrays: readonly Node[], axis: unknown = 0): Node {
  const parts = common("concat", arrays);
  if (axis === null) return concatNodes(parts.map(flatten), 0);
  const first = knownShape(parts[0] as Node);
  if (first.length === 0) {
    throw new ShapeError("concat: 0-d arrays have no axis to join along", {
      hint: "use stack, or axis: null",
    });
  }
  const along = normalAxis("concat", axis, first.length);
  parts.forEach((p, i) => {
    const shape = knownShape(p);
    if (shape.length !== first.length || shape.some((n, k) => k !== along && n !== first[k])) {
      throw new ShapeError(
        `concat: array ${i} has shape ${shapeText(shape)}, array 0 has ${shapeText(first)}`,
        { hint: `all lengths but that of axis ${along} must be equal` },
      );
    }
  });
  return concatNodes(parts, along);
}

/** Arrays of one shape along a new axis. */
export function stack(arrays: readonly Node[], axis: unknown = 0): Node {
  const parts = common("stack", arrays);
  const first = knownShape(parts[0] as Node);
  parts.forEach((p, i) => {
    const shape = knownShape(p);
    if (shape.length !== first.length || shape.some((n, k) => n !== first[k])) {
      throw new ShapeError(
        `stack: array ${i} has shape ${shapeText(shape)}, array 0 has ${shapeText(first)}`,
        { hint: "all shapes must be equal" },
      );
    }
  });
  const place = normalAxis("stack", axis, first.length + 1);
  return concatNodes(
    parts.map((p) => expandDims(p, place)),
    place,
  );
}

/** The arrays that `x` consists of along an axis, each without it. */
export function unstack(x: Node, axis: unknown = 0): Node[] {
  const shape = knownShape(x);
  const along = normalAxis("unstack", axis, shape.length);
  const before = new Array<null>(along).fill(null);
  return range(shape[along] as number).map((i) => at(x, [...before, i]));
}

/** Every element `repeats` times (or as often as its entry says) along an axis; without one, of the flat array. */
export function repeat(x: Node, repeats: unknown, axis?: unknown): Node {
  if (axis === undefined || axis === null) return repeat(flatten(x), repeats, 0);
  const shape = knownShape(x);
  const along = normalAxis("repeat", axis, shape.length);
  const length = shape[along] as number;
  const list = ArrayBuffer.isView(repeats)
    ? Array.from(repeats as Uint8Array)
    : (repeats as readonly unknown[]);
  if (!Array.isArray(list)) {
    const times = lengthOf("repeat", repeats, "repeats");
    const wide = [...shape.slice(0, along + 1), times, ...shape.slice(along + 1)];
    const target = shape.map((n, i) => (i === along ? n * times : n));
    return reshapeNode(broadcastNode("repeat", expandDims(x, along + 1), wide), target);
  }
  const times = list.map((n: unknown) => lengthOf("repeat", n, "an entry of repeats"));
  if (times.length === 1) return repeat(x, times[0], along);
  if (times.length !== length) {
    throw new ShapeError(`repeat: ${countText(times.length, "entry", "entries")} of repeats`, {
      hint: `axis ${along} has length ${length}`,
    });
  }
  const indices = new Float64Array(times.reduce((n, t) => n + t, 0));
  let at = 0;
  times.forEach((t, i) => {
    indices.fill(i, at, at + t);
    at += t;
  });
  return takeAxis(x, indices, along);
}

/** `x` laid out `repetitions[i]` times along axis i; both are aligned at the last axis. */
export function tile(x: Node, repetitions: unknown): Node {
  const times = normalShape("tile", repetitions, "repetitions");
  const rank = Math.max(times.length, knownShape(x).length);
  const shape = [...range(rank - knownShape(x).length).map(() => 1), ...knownShape(x)];
  const reps = [...range(rank - times.length).map(() => 1), ...times];
  const spread = reshapeNode(
    x,
    shape.flatMap((n) => [1, n]),
  );
  const wide = broadcastNode(
    "tile",
    spread,
    shape.flatMap((n, i) => [reps[i] as number, n]),
  );
  return reshapeNode(
    wide,
    shape.map((n, i) => n * (reps[i] as number)),
  );
}
