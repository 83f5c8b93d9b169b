/**
 * Node constructors: one per kind, each computing its key and its output, so that every layer builds equal nodes
 * for equal meanings. They check nothing that a user could get wrong; `ops/` does.
 */

import type { FunctionBinding, SourceBinding } from "./binding.js";
import { type Cuts, cutsExtent } from "./cuts.js";
import type { DType } from "./dtype.js";
import { type AffineMap, elementCount } from "./index-map.js";
import type { MonoidName } from "./monoid.js";
import {
  type CallNode,
  type CallParams,
  type CompressNode,
  type ConcatNode,
  type CreateNode,
  cutsKey,
  type Dim,
  dtypeOf,
  freshId,
  type GatherNode,
  type IndexList,
  intern,
  knownShape,
  type LayoutNode,
  type LookupAxis,
  type LookupNode,
  type MapNode,
  mapKey,
  type Node,
  type Out,
  type ReduceNode,
  type ReshapeNode,
  type ScanNode,
  type ScatterNode,
  type SourceNode,
  scalarKey,
  type ViewNode,
} from "./node.js";
import type { Scalar } from "./scalar.js";

export const sourceNode = (binding: SourceBinding): SourceNode =>
  intern(
    "source",
    [],
    { binding },
    [{ shape: binding.shape, dtype: binding.dtype }],
    String(binding.id),
  );

export const createNode = (
  tree: Scalar,
  shape: readonly number[],
  chunks: readonly Cuts[],
): CreateNode =>
  intern(
    "create",
    [],
    { tree, chunks },
    [{ shape, dtype: tree.dtype }],
    `${scalarKey(tree)}|${cutsKey(chunks)}`,
  );

/** `inputs` have the rank of `shape`; axes of length 1 are stretched. */
export const mapNode = (tree: Scalar, inputs: readonly Node[], shape: readonly number[]): MapNode =>
  intern("map", inputs, { tree }, [{ shape, dtype: tree.dtype }], scalarKey(tree));

export const viewNode = (input: Node, map: AffineMap, shape: readonly number[]): ViewNode =>
  intern("view", [input], { map }, [{ shape, dtype: dtypeOf(input) }], mapKey(map));

let smallLists = new Map<string, WeakRef<IndexList>>();

/** An index list; short ones are shared by content, so that equal selections are equal nodes. */
export function indexList(values: ArrayLike<number>): IndexList {
  const key = values.length <= 256 ? Array.from(values).join(",") : undefined;
  if (key !== undefined) {
    const found = smallLists.get(key)?.deref();
    if (found !== undefined) return found;
  }
  const list: IndexList = Object.freeze({ id: freshId(), values: Float64Array.from(values) });
  if (key !== undefined) {
    if (smallLists.size > 4096) {
      smallLists = new Map([...smallLists].filter(([, ref]) => ref.deref() !== undefined));
    }
    smallLists.set(key, new WeakRef(list));
  }
  return list;
}

export const gatherNode = (input: Node, axis: number, indices: IndexList): GatherNode =>
  intern(
    "gather",
    [input],
    { axis, indices },
    [
      {
        shape: knownShape(input).map((n, i) => (i === axis ? indices.values.length : n)),
        dtype: dtypeOf(input),
      },
    ],
    `${axis}:${indices.id}`,
  );

const lookupKey = (axes: readonly LookupAxis[]): string =>
  axes.map((a) => (a.from === "axis" ? `a${a.axis}` : `i${a.input}:${a.named}`)).join(";");

/** `shape`: that of the output, which the index inputs have or are stretched to. */
export const lookupNode = (
  input: Node,
  indices: readonly Node[],
  axes: readonly LookupAxis[],
  shape: readonly number[],
): LookupNode =>
  intern(
    "lookup",
    [input, ...indices],
    { axes },
    [{ shape, dtype: dtypeOf(input) }],
    lookupKey(axes),
  );

/** `value` has the dtype of `input`. */
export const scatterNode = (
  input: Node,
  value: Node,
  indices: readonly Node[],
  axes: readonly LookupAxis[],
): ScatterNode =>
  intern("scatter", [input, value, ...indices], { axes }, input.outs, lookupKey(axes));

export const concatNode = (inputs: readonly Node[], axis: number): ConcatNode => {
  const first = inputs[0] as Node;
  let extent = 0;
  for (const input of inputs) extent += knownShape(input)[axis] as number;
  return intern(
    "concat",
    inputs,
    { axis },
    [
      {
        shape: knownShape(first).map((n, i) => (i === axis ? extent : n)),
        dtype: dtypeOf(first),
      },
    ],
    String(axis),
  );
};

export const reshapeNode = (input: Node, shape: readonly number[]): ReshapeNode =>
  intern("reshape", [input], {}, [{ shape, dtype: dtypeOf(input) }], "");

export const layoutNode = (input: Node, chunks: readonly Cuts[]): LayoutNode =>
  intern(
    "layout",
    [input],
    { chunks },
    [{ shape: knownShape(input), dtype: dtypeOf(input) }],
    cutsKey(chunks),
  );

export const reduceNode = (
  input: Node,
  monoid: MonoidName,
  axes: readonly number[],
  leaves: readonly Cuts[],
  on: DType,
  dtype: DType,
  correction = 0,
): ReduceNode =>
  intern(
    "reduce",
    [input],
    { monoid, axes, on, leaves, correction },
    [{ shape: knownShape(input).filter((_, i) => !axes.includes(i)), dtype }],
    `${monoid}|${axes.join(",")}|${on}|${correction}|${cutsKey(leaves)}`,
  );

/** A selection whose length `measure` (0-d, int64) tells. */
export const compressNode = (x: Node, mask: Node, axis: number, measure: Node): CompressNode => {
  const rank = knownShape(mask).length;
  const shape: Dim[] = [...knownShape(x)];
  shape.splice(axis, rank, { measure, max: elementCount(knownShape(mask)) });
  const params = { axis, counted: undefined };
  return intern("compress", [x, mask], params, [{ shape, dtype: dtypeOf(x) }], String(axis));
};

/** A selection along one axis by a 1-d mask of which `counts` are known, piece by piece. */
export const countedNode = (
  x: Node,
  mask: Node,
  axis: number,
  counted: NonNullable<CompressNode["params"]["counted"]>,
): CompressNode => {
  const { pieces, counts } = counted;
  const shape = knownShape(x).map((n, i) => (i === axis ? cutsExtent(counts) : n));
  const key = `${axis}|${cutsKey([pieces, counts])}`;
  return intern("compress", [x, mask], { axis, counted }, [{ shape, dtype: dtypeOf(x) }], key);
};

export const scanNode = (input: Node, params: ScanNode["params"], dtype: DType): ScanNode => {
  const { monoid, axis, state, leaves } = params;
  const key = `${monoid}|${axis}|${state}|${cutsKey([leaves])}`;
  return intern("scan", [input], params, [{ shape: knownShape(input), dtype }], key);
};

/** A block function. Everything that `params` says is part of the key. */
export const callNode = (
  inputs: readonly Node[],
  params: CallParams,
  outs: readonly [Out, ...Out[]],
): CallNode => {
  const { fn, loop, args, results, observes, scratchBytes } = params;
  const axes = (list: CallParams["args"]): string =>
    list.map((a) => a.map((x) => `${x.loop}:${cutsKey([x.cuts])}`).join(";")).join("/");
  const how = JSON.stringify([params.form ?? null, params.info ?? null]);
  const key = `${fn.id}|${cutsKey(loop)}|${axes(args)}|${axes(results)}|${how}`;
  return intern(
    "call",
    inputs,
    params,
    outs,
    `${key}|${observes}|${params.inputs}|${scratchBytes}`,
  );
};

let builtIns = new Map<string, WeakRef<FunctionBinding>>();

/** The binding of a built-in block function; equal names and params are one binding. `params` is JSON data. */
export function builtInFunction(name: string, params: unknown = null): FunctionBinding {
  const key = `${name}|${JSON.stringify(params)}`;
  const known = builtIns.get(key)?.deref();
  if (known !== undefined) return known;
  if (builtIns.size > 4096) {
    // Params name shapes: a long-lived process meets ever new ones.
    builtIns = new Map([...builtIns].filter(([, ref]) => ref.deref() !== undefined));
  }
  const code = { type: "built-in", name } as const;
  const binding: FunctionBinding = Object.freeze({
    kind: "function",
    id: freshId(),
    name,
    code,
    params,
  });
  builtIns.set(key, new WeakRef(binding));
  return binding;
}

/** Output `port` of a node; the node itself if it has only one. */
export const pickNode = (node: Node, port: number): Node =>
  node.outs.length === 1
    ? node
    : intern("pick", [node], { port }, [node.outs[port] as Out], String(port));

/** Elements of a node. */
export const sizeOf = (node: Node): number => elementCount(knownShape(node));
