/** Nodes for the tests of the reference interpreter, made directly with `intern`. */
import type { FunctionBinding, SourceBinding } from "../../../dist/ir/binding.js";
import { type Cuts, wholeCuts } from "../../../dist/ir/cuts.js";
import { type DType, slotsPerElement, type TypedArray } from "../../../dist/ir/dtype.js";
import { type AffineMap, elementCount, unravel } from "../../../dist/ir/index-map.js";
import type { MonoidName } from "../../../dist/ir/monoid.js";
import {
  cutsKey,
  dtypeOf,
  freshId,
  intern,
  knownShape,
  mapKey,
  type Node,
  scalarKey,
} from "../../../dist/ir/node.js";
import type { Scalar } from "../../../dist/ir/scalar.js";

/** A source over a row-major typed array. */
export function source(data: TypedArray, shape: readonly number[], dtype: DType): Node {
  const slots = slotsPerElement(dtype);
  const binding: SourceBinding = {
    kind: "source",
    id: freshId(),
    name: "array",
    shape,
    dtype,
    chunks: shape.map(wholeCuts),
    residence: "memory",
    thread: "caller",
    scratchBytes: 0,
    description: undefined,
    reader: {
      readInto(_region, target) {
        for (let i = 0; i < elementCount(shape); i++) {
          const at = unravel(i, shape).reduce(
            (sum, p, axis) => sum + p * (target.stride[axis] as number),
            target.offset,
          );
          for (let slot = 0; slot < slots; slot++) {
            (target.data as Float64Array)[at * slots + slot] = data[i * slots + slot] as number;
          }
        }
      },
    },
  };
  return intern("source", [], { binding }, [{ shape, dtype }], `${binding.id}`);
}

export const create = (tree: Scalar, shape: readonly number[]): Node =>
  intern(
    "create",
    [],
    { tree, chunks: shape.map(wholeCuts) },
    [{ shape, dtype: tree.dtype }],
    scalarKey(tree),
  );

export const map = (tree: Scalar, shape: readonly number[], ...inputs: Node[]): Node =>
  intern("map", inputs, { tree }, [{ shape, dtype: tree.dtype }], scalarKey(tree));

export const view = (input: Node, through: AffineMap, shape: readonly number[]): Node =>
  intern("view", [input], { map: through }, [{ shape, dtype: dtypeOf(input) }], mapKey(through));

export interface Reduction {
  readonly monoid: MonoidName;
  readonly axes: readonly number[];
  readonly on: DType;
  readonly dtype: DType;
  /** Leaf cuts of the reduced axes; whole axes by default. */
  readonly leaves?: readonly Cuts[];
  readonly correction?: number;
}

export function reduce(input: Node, reduction: Reduction): Node {
  const { monoid, axes, on, dtype, correction = 0 } = reduction;
  const shape = knownShape(input);
  const leaves = reduction.leaves ?? axes.map((axis) => wholeCuts(shape[axis] as number));
  const key = `${monoid}/${axes.join()}/${on}/${correction}/${cutsKey(leaves)}`;
  const out = { shape: shape.filter((_, axis) => !axes.includes(axis)), dtype };
  return intern("reduce", [input], { monoid, axes, on, leaves, correction }, [out], key);
}

export const userFunction = (name: string, text: string, params?: unknown): FunctionBinding => ({
  kind: "function",
  id: freshId(),
  name,
  code: { type: "text", text },
  params,
});
