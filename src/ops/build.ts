/** What all sections add to the plain constructors of `ir/build.ts`: alignment, and views that change nothing. */
import { DTypeError, ShapeError } from "../errors.js";
import * as ir from "../ir/build.js";
import { DTYPES, type DType, isComplex, isDType } from "../ir/dtype.js";
import { type AffineMap, type AxisMap, isIdentity } from "../ir/index-map.js";
import { dtypeOf, knownShape, type Node } from "../ir/node.js";
import { arg, cast, constant, valueOf as constantValue, type Scalar } from "../ir/scalar.js";
import { broadcastShapes } from "./axes.js";
import { listText, shapeText, valueText } from "./words.js";

export type JsScalar = number | bigint | boolean;
export type Operand = Node | JsScalar;

export const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "op" in value && "outs" in value;

export function checkDType(fn: string, dtype: unknown): DType {
  if (isDType(dtype)) return dtype;
  const hint =
    dtype === "float16" || dtype === "bfloat16"
      ? `${dtype} is a storage dtype only; compute in float32`
      : `dtypes are ${listText(DTYPES)}`;
  throw new DTypeError(`${fn}: unknown dtype ${valueText(dtype)}`, { hint });
}

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

/** One scalar tree over inputs that broadcast; argument i of the tree is input i. */
export function mapNode(fn: string, inputs: readonly Node[], tree: Scalar): Node {
  const shape = broadcastShapes(fn, inputs.map(knownShape));
  const aligned = inputs.map((x) => toRank(x, shape.length));
  if (tree.kind === "arg" && aligned.length === 1) return aligned[0] as Node;
  return ir.mapNode(tree, aligned, shape);
}

/** A tree in another dtype; constants change at once where that is exact in meaning. */
export function castTree(tree: Scalar, dtype: DType): Scalar {
  if (tree.kind !== "const" || tree.dtype === dtype || dtype === "bool") return cast(tree, dtype);
  const value = constantValue(tree);
  const whole = typeof value !== "object" && (typeof value !== "number" || Number.isInteger(value));
  return whole && !isComplex(dtype) ? constant(value, dtype) : cast(tree, dtype);
}

export function castNode(x: Node, dtype: DType): Node {
  return mapNode("astype", [x], cast(arg(0, dtypeOf(x)), dtype));
}

/** Virtual data from a tree of constants and global indices. */
export const createNode: typeof ir.createNode = ir.createNode;
