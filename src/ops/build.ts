/** What all sections add to the plain constructors of `ir/build.ts`: operands that align, and casts. */
import { DTypeError } from "../errors.js";
import * as ir from "../ir/build.js";
import { DTYPES, type DType, isComplex, isDType } from "../ir/dtype.js";
import { dtypeOf, knownShape, type Node } from "../ir/node.js";
import { arg, cast, constant, valueOf as constantValue, type Scalar } from "../ir/scalar.js";
import { broadcastShapes } from "./axes.js";
import { isSelection, mapSelections } from "./masks.js";
import { toRank } from "./views.js";
import { listText, valueText } from "./words.js";

export { axesView, broadcastNode, toRank, viewNode } from "./views.js";

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

/** One scalar tree over inputs that broadcast; argument i of the tree is input i. */
export function mapNode(fn: string, inputs: readonly Node[], tree: Scalar): Node {
  if (inputs.some(isSelection)) return mapSelections(fn, inputs, tree);
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
