/** Views that sections are made of: the node itself where a view changes nothing. */
import { ShapeError } from "../errors.js";
import * as ir from "../ir/build.js";
import { type AffineMap, type AxisMap, isIdentity } from "../ir/index-map.js";
import { knownShape, type Node } from "../ir/node.js";
import { shapeText } from "./words.js";

/** A view; the node itself if the view changes nothing. */
export function viewNode(x: Node, map: AffineMap, shape: readonly number[]): Node {
  if (isIdentity(map, knownShape(x), shape)) return x;
  return ir.viewNode(x, map, shape);
}

/** A view whose axis k shows axis `axes[k]` of x, or is new and of length 1 where that is -1. */
export function axesView(x: Node, axes: readonly number[]): Node {
  const shape = knownShape(x);
  const map = shape.map((_, a): AxisMap => {
    const axis = axes.indexOf(a);
    return axis < 0 ? { axis: -1, start: 0, step: 0 } : { axis, start: 0, step: 1 };
  });
  return viewNode(
    x,
    map,
    axes.map((a) => (a < 0 ? 1 : (shape[a] as number))),
  );
}

/** Leading axes of length 1 up to rank `ndim`. */
export function toRank(x: Node, ndim: number): Node {
  const rank = knownShape(x).length;
  return axesView(
    x,
    Array.from({ length: ndim }, (_, i) => i - (ndim - rank)).map((a) => Math.max(a, -1)),
  );
}

/** `x` stretched to `shape`. */
export function broadcastNode(fn: string, x: Node, shape: readonly number[]): Node {
  const from = knownShape(x);
  const offset = shape.length - from.length;
  const fits = from.every((n, i) => n === 1 || n === shape[i + offset]);
  if (offset < 0 || !fits) {
    throw new ShapeError(
      `${fn}: shape ${shapeText(from)} does not broadcast to ${shapeText(shape)}`,
      {
        hint: "aligned at the last axis, every length must be equal or 1",
      },
    );
  }
  const map = from.map(
    (n, i): AxisMap =>
      n === 1 && shape[i + offset] !== 1
        ? { axis: -1, start: 0, step: 0 }
        : { axis: i + offset, start: 0, step: 1 },
  );
  return viewNode(x, map, shape);
}
