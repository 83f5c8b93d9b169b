/**
 * The logical language: frozen plain nodes, hash-consed so that equal expressions are one node.
 *
 * A node is `{ id, op, inputs, params, outs }`. Ids only grow, so inputs have smaller ids than the nodes that
 * use them. The intern table is weak: an abandoned expression can be collected. No node stores a grid; how an
 * array is cut into blocks is a function of the expression (`grid.ts`) or a decision of the planner.
 */

import { InternalError, ShapeError } from "../errors.js";
import type { FunctionBinding, SourceBinding } from "./binding.js";
import type { Cuts } from "./cuts.js";
import type { DType } from "./dtype.js";
import type { AffineMap } from "./index-map.js";
import type { MonoidName } from "./monoid.js";
import type { Scalar } from "./scalar.js";

/** A length known now, or named by the 0-d int64 node that measures it; `max` bounds memory before it is known. */
export type Dim = number | { readonly measure: Node; readonly max: number };

export interface Out {
  readonly shape: readonly Dim[];
  readonly dtype: DType;
}

interface Base<K extends string, P> {
  readonly id: number;
  readonly op: K;
  readonly inputs: readonly Node[];
  readonly params: P;
  /** One entry, except on `call`, `axiswise` and `reduce`; several are consumed through `pick` only. */
  readonly outs: readonly [Out, ...Out[]];
}

/** A region-readable array. */
export type SourceNode = Base<"source", { readonly binding: SourceBinding }>;
/** Virtual data: a scalar tree whose leaves are constants and global indices. */
export type CreateNode = Base<
  "create",
  {
    readonly tree: Scalar;
    /** Advertised chunks. */
    readonly chunks: readonly Cuts[];
  }
>;
/** One scalar tree over n inputs of the same rank; axes of length 1 are stretched. */
export type MapNode = Base<"map", { readonly tree: Scalar }>;
/** `out[p] = in[map(p)]`. */
export type ViewNode = Base<"view", { readonly map: AffineMap }>;
/** Selection along one axis by a constant list of positions (all in range, never negative). */
export type GatherNode = Base<"gather", { readonly axis: number; readonly indices: IndexList }>;
/**
 * inputs: [x, ...indices], `axes` with one entry per axis of x: `out[p] = x[c(p)]`. Index inputs are int64 and have
 * the rank of the output; axes of length 1 are stretched. Positions beyond x are an IndexError when it runs.
 */
export type LookupNode = Base<"lookup", { readonly axes: readonly LookupAxis[] }>;
/**
 * inputs: [x, value, ...indices], `axes` as for lookup with positions p of value: out is x, then
 * `out[c(p)] = value[p]` for every p in row-major order, so the last write wins.
 */
export type ScatterNode = Base<"scatter", { readonly axes: readonly LookupAxis[] }>;
/**
 * Selection where a mask is true. inputs: [x, mask]; the mask has the lengths of the axes `axis`, `axis + 1`, … of x,
 * which become one axis, in row-major order. Its length is an unknown until it was measured, and a node with an unknown
 * length is no node's input: what is done to a selection is done to what it selects from.
 */
export type CompressNode = Base<
  "compress",
  {
    readonly axis: number;
    /** Once measured (then the mask is 1-d): pieces of the axis, and how many elements each selects, none of them 0. */
    readonly counted: { readonly pieces: Cuts; readonly counts: Cuts } | undefined;
  }
>;
export type ConcatNode = Base<"concat", { readonly axis: number }>;
/** Row-major reshape to `outs[0].shape`. */
export type ReshapeNode = Base<"reshape", Record<string, never>>;
/** Reduction over `axes` (ascending; they vanish). */
export type ReduceNode = Base<
  "reduce",
  {
    readonly monoid: MonoidName;
    readonly axes: readonly number[];
    /** Dtype in which the elements enter the monoid. */
    readonly on: DType;
    /** Leaf cuts of the reduced axes, frozen when the expression is built. */
    readonly leaves: readonly Cuts[];
    /** Degrees-of-freedom correction of var and std; 0 elsewhere. */
    readonly correction: number;
  }
>;
/** Prefix sums or products along an axis, in the order that `leaves` fixes. */
export type ScanNode = Base<
  "scan",
  {
    readonly monoid: "sum" | "prod";
    readonly axis: number;
    /** Dtype of the running state. */
    readonly state: DType;
    /** Cuts of the axis: elements of a leaf are taken one after another, then the leaves. */
    readonly leaves: Cuts;
  }
>;
export type WindowNode = Base<
  "window",
  { readonly halo: readonly (readonly [number, number])[]; readonly boundary: string }
>;
export type GroupNode = Base<
  "group",
  { readonly monoid: MonoidName; readonly axes: readonly number[]; readonly groups: number }
>;
export type ContractNode = Base<"contract", { readonly labels: readonly string[] }>;
/** An opaque user function over blocks. */
export type CallNode = Base<"call", CallParams>;
export type AxiswiseNode = Base<
  "axiswise",
  { readonly fn: string; readonly axes: readonly number[] }
>;
/** A contract: here the blocks are these. Values pass unchanged. */
export type LayoutNode = Base<"layout", { readonly chunks: readonly Cuts[] }>;
export type PickNode = Base<"pick", { readonly port: number }>;

export interface CallParams {
  readonly fn: FunctionBinding;
  /** The loop grid: one entry per loop axis, frozen from the advertised grid when the expression is built. */
  readonly loop: readonly Cuts[];
  /** Per input, per axis: the loop axis it follows block by block (-1: the whole axis), and its cuts. */
  readonly args: readonly (readonly { readonly loop: number; readonly cuts: Cuts }[])[];
  /** Per output, per axis: the loop axis it follows, and the cuts of the result. */
  readonly results: readonly (readonly { readonly loop: number; readonly cuts: Cuts }[])[];
  /** What the function may look at: only then may views and rechunks not pass. */
  readonly observes: "values" | "index" | "grid";
  readonly inputs: "copy" | "view";
  /** Bytes that one call may need beyond its blocks. */
  readonly scratchBytes: number;
  /** How the function is called on the blocks; once, with all of them, if there is no form. */
  readonly form?: CallForm;
  /** What the function is told in its info beside its place: JSON data. */
  readonly info?: Readonly<Record<string, unknown>>;
}

/** Where the coordinate c(p) along one axis comes from. */
export type LookupAxis =
  /** Position p[axis] itself. */
  | { readonly from: "axis"; readonly axis: number }
  /** The value of `inputs[input]` at p; `named` is the axis as the user knows it, for errors. */
  | { readonly from: "index"; readonly input: number; readonly named: number };
export type CallForm =
  /**
   * Once per position of the loop axes inside the block. The last `inputs[i]` axes of argument i and `outputs[k]`
   * of value k are the function's own; values of rank 0 are elements.
   */
  | {
      readonly kind: "each";
      readonly inputs: readonly number[];
      readonly outputs: readonly number[];
    }
  /** The function returns a block of its first argument's shape; its last slice along `axis` is the value. */
  | { readonly kind: "last"; readonly axis: number }
  /**
   * `f(state, slice)` folds the slices of the one argument along `axis`, first to last. The state after slice k is
   * entry k + 1 of the result; its first entry means nothing.
   */
  | { readonly kind: "fold"; readonly axis: number }
  /** Arguments are a carry and a block; the first block along `axis` has no carry, and is the result as it is. */
  | { readonly kind: "carry"; readonly axis: number };

/** A constant list of positions, interned by identity. */
export interface IndexList {
  readonly id: number;
  readonly values: Float64Array;
}

export type Node =
  | SourceNode
  | CreateNode
  | MapNode
  | ViewNode
  | GatherNode
  | LookupNode
  | ScatterNode
  | CompressNode
  | ConcatNode
  | ReshapeNode
  | ReduceNode
  | ScanNode
  | WindowNode
  | GroupNode
  | ContractNode
  | CallNode
  | AxiswiseNode
  | LayoutNode
  | PickNode;

export type Kind = Node["op"];
export type NodeOf<K extends Kind> = Extract<Node, { op: K }>;

// ---------------------------------------------------------------------------------------------- interning

let nextId = 1;
/** A fresh id for nodes, bindings and index lists. */
export const freshId = (): number => nextId++;

const table = new Map<string, WeakRef<Node>>();
const collected = new FinalizationRegistry<{ key: string; ref: WeakRef<Node> }>(({ key, ref }) => {
  // A new node may have taken the key since: delete only what we put there.
  if (table.get(key) === ref) table.delete(key);
});

/** Number of live entries of the intern table; for tests. */
export const internedNodes = (): number => table.size;

/**
 * The node of this kind, inputs, params and outs: the one that exists, or a new one. `key` must spell the
 * params so that equal keys mean equal params (scalars by dtype and bits, objects with identity by id).
 */
export function intern<K extends Kind>(
  op: K,
  inputs: readonly Node[],
  params: NodeOf<K>["params"],
  outs: readonly [Out, ...Out[]],
  key: string,
): NodeOf<K> {
  let full = `${op}(`;
  for (const input of inputs) full += `${input.id},`;
  for (const out of outs) {
    full += `|${out.dtype}`;
    for (const d of out.shape) full += typeof d === "number" ? `.${d}` : `.u${d.measure.id}`;
  }
  full += `|${key}`;
  const found = table.get(full)?.deref();
  if (found !== undefined) return found as NodeOf<K>;
  for (const o of outs) {
    for (const d of o.shape) {
      if (typeof d === "number" && !(Number.isSafeInteger(d) && d >= 0)) {
        throw new InternalError(`a ${op} node with an axis of length ${d}`);
      }
    }
  }
  const node = Object.freeze({ id: freshId(), op, inputs, params, outs }) as unknown as NodeOf<K>;
  const ref = new WeakRef<Node>(node);
  table.set(full, ref);
  collected.register(node, { key: full, ref });
  return node;
}

export const scalarKey = (tree: Scalar): string => {
  switch (tree.kind) {
    case "arg":
      return `a${tree.index}`;
    case "const":
      return `${tree.dtype}:${tree.bits}`;
    case "index":
      return `i${tree.axis}`;
    case "cast":
      return `${tree.dtype}<${tree.from}(${scalarKey(tree.arg)})`;
    case "call":
      return `${tree.fn}@${tree.on}(${tree.args.map(scalarKey).join(",")})`;
  }
};

export const mapKey = (map: AffineMap): string =>
  map.map((m) => `${m.axis}:${m.start}:${m.step}`).join(";");
export const cutsKey = (cuts: readonly Cuts[]): string =>
  cuts.map((c) => c.map((r) => `${r.size}x${r.repeat}`).join("+")).join(";");

// ------------------------------------------------------------------------------------------------ reading

export const shapeOf = (node: Node): readonly Dim[] => node.outs[0].shape;
export const dtypeOf = (node: Node): DType => node.outs[0].dtype;

/** The shape as numbers. @throws ShapeError if a length is not known yet. */
export function knownShape(node: Node): readonly number[] {
  const { shape } = node.outs[0];
  for (let axis = 0; axis < shape.length; axis++) {
    if (typeof shape[axis] !== "number") {
      throw new ShapeError(
        "a boolean selection has a length that is not known before it is measured",
        {
          hint: "use await x.measure(), which answers with the same array and its length",
        },
      );
    }
  }
  return shape as readonly number[];
}

/** Reachable nodes in topological order (inputs first), without recursion. */
export function topologicalOrder(roots: readonly Node[]): Node[] {
  const seen = new Map<number, Node>();
  const stack: Node[] = [];
  const visit = (node: Node): void => {
    if (seen.has(node.id)) return;
    seen.set(node.id, node);
    stack.push(node);
  };
  for (const root of roots) visit(root);
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    for (const input of node.inputs) visit(input);
    for (const d of node.outs[0].shape) if (typeof d !== "number") visit(d.measure);
  }
  // Ids grow from inputs to users, so sorting by id is a topological order; numbers sort fastest by themselves.
  return Array.from(Float64Array.from(seen.keys()).sort(), (id) => seen.get(id) as Node);
}
