/**
 * The oracle: evaluates an expression node by node, whole arrays at a time, with plain loops. It shares the meaning
 * of scalars (`ir/scalar.ts`), leaves and monoids with the engine, and none of its loops, memory or compiled code.
 * Slow and obvious on purpose.
 */
import ops from "ndarray-ops";
import { AbortError, InternalError } from "../../errors.js";
import { type DType, isFloat, type TypedArray } from "../../ir/dtype.js";
import { boxOfShape, elementCount, rowMajorStrides } from "../../ir/index-map.js";
import {
  type CompressNode,
  type ConcatNode,
  type CreateNode,
  type GatherNode,
  type MapNode,
  type Node,
  type SourceNode,
  topologicalOrder,
} from "../../ir/node.js";
import {
  allocate,
  compact,
  copy,
  dataOf,
  type Elements,
  getElement,
  part,
  positions,
  setElement,
  stretch,
  type View,
  viewThrough,
  wrap,
} from "./arrays.js";
import { type CallFunction, callArrays, callFunctionText } from "./call.js";
import { lookupArray, scatterArray } from "./lookup.js";
import { reduceArray } from "./reduce.js";
import { treeFunction } from "./scalar.js";
import { scanArray } from "./scan.js";

/** A finished array: row-major, complex elements interleaved. */
export interface ReferenceArray {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: TypedArray;
}

export interface EvaluateOptions {
  readonly signal?: AbortSignal | undefined;
  /** How user functions are run; by default their text is evaluated in this thread. */
  readonly callFunction?: CallFunction | undefined;
}

interface Context {
  readonly signal: AbortSignal;
  readonly callFunction: CallFunction;
}

/**
 * The arrays of `roots`. Arrays in between are dropped when their last user is done.
 *
 * @throws AbortError when the signal fires; TaskError when a user function throws or returns a wrong block.
 */
export async function evaluate(
  roots: readonly Node[],
  options: EvaluateOptions = {},
): Promise<ReferenceArray[]> {
  const context: Context = {
    signal: options.signal ?? new AbortController().signal,
    callFunction: options.callFunction ?? callFunctionText,
  };
  const order = topologicalOrder(roots);
  const users = new Map<Node, number>();
  const count = (node: Node): unknown => users.set(node, (users.get(node) ?? 0) + 1);
  roots.forEach(count);
  for (const node of order) node.inputs.forEach(count);

  const arrays = new Map<Node, readonly Elements[]>();
  for (const node of order) {
    if (context.signal.aborted) throw new AbortError(undefined, { cause: context.signal.reason });
    const inputs = node.inputs.map((input) => arrays.get(input) as readonly Elements[]);
    arrays.set(node, await evaluateNode(node, inputs, context));
    for (const input of node.inputs) {
      const left = (users.get(input) as number) - 1;
      users.set(input, left);
      if (left === 0) arrays.delete(input);
    }
  }
  return roots.map((root) => {
    const [array] = arrays.get(root) as readonly [Elements];
    // A copy even of a row-major array: results belong to the caller, and roots may share data.
    const { shape, dtype } = array;
    return { shape, dtype, data: dataOf(compact(array)) };
  });
}

/** All outputs of one node. Each input comes with all its outputs; only `pick` looks beyond the first. */
async function evaluateNode(
  node: Node,
  inputs: readonly (readonly Elements[])[],
  context: Context,
): Promise<readonly Elements[]> {
  const firsts = inputs.map((outputs) => outputs[0] as Elements);
  const [first] = firsts as [Elements];
  switch (node.op) {
    case "source":
      return [await readSource(node, context.signal)];
    case "create":
      return [create(node)];
    case "map":
      return [map(node, firsts)];
    case "view":
      return [viewThrough(first, node.params.map, shapeOf(node))];
    case "gather":
      return [gather(node, first)];
    case "lookup":
      return [lookupArray(node, firsts, shapeOf(node))];
    case "scatter":
      return [scatterArray(node, firsts)];
    case "concat":
      return [concat(node, firsts)];
    case "reshape":
      return [wrap(first.dtype, dataOf(compact(first)), shapeOf(node))];
    case "reduce":
      return [reduceArray(node, first)];
    case "layout":
      return [first];
    case "pick":
      return [(inputs[0] as readonly Elements[])[node.params.port] as Elements];
    case "call":
      return callArrays(node, firsts, context.callFunction, context.signal);
    case "scan":
      return [scanArray(node, first)];
    case "compress":
      return [compress(node, first, firsts[1] as Elements)];
    case "window":
    case "group":
    case "contract":
    case "axiswise":
      throw new InternalError(`the reference interpreter has no rule for ${node.op} nodes`);
  }
}

function shapeOf(node: Node): readonly number[] {
  const { shape } = node.outs[0];
  if (shape.some((d) => typeof d !== "number")) {
    throw new InternalError(`node ${node.id} has an unmeasured length`);
  }
  return shape as readonly number[];
}

async function readSource(node: SourceNode, signal: AbortSignal): Promise<Elements> {
  const { binding } = node.params;
  const out = allocate(binding.dtype, binding.shape);
  if (elementCount(binding.shape) > 0) {
    const target = {
      data: dataOf(out),
      shape: binding.shape,
      stride: rowMajorStrides(binding.shape),
      offset: 0,
    };
    await binding.reader.readInto(boxOfShape(binding.shape), target, signal);
  }
  return out;
}

function create(node: CreateNode): Elements {
  const out = allocate(node.outs[0].dtype, shapeOf(node));
  const run = treeFunction(node.params.tree);
  for (const position of positions(out.shape)) setElement(out, position, run([], position));
  return out;
}

type Arithmetic = (target: View, a: View, b: View) => unknown;
const ARITHMETIC: Readonly<Record<string, Arithmetic>> = {
  add: ops.add,
  subtract: ops.sub,
  multiply: ops.mul,
  divide: ops.div,
};

function map(node: MapNode, inputs: readonly Elements[]): Elements {
  const out = allocate(node.outs[0].dtype, shapeOf(node));
  const operands = inputs.map((input) => stretch(input, out.shape));
  const { tree } = node.params;
  if (tree.kind === "call" && isFloat(tree.on) && Object.hasOwn(ARITHMETIC, tree.fn)) {
    const [a, b] = tree.args.map((t) => (t.kind === "arg" ? operands[t.index] : undefined));
    if (a !== undefined && b !== undefined) {
      if (elementCount(out.shape) > 0) ARITHMETIC[tree.fn]?.(out.view, a.view, b.view);
      return out;
    }
  }
  const run = treeFunction(tree);
  for (const position of positions(out.shape)) {
    const elements = operands.map((operand) => getElement(operand, position));
    setElement(out, position, run(elements, position));
  }
  return out;
}

/** The slab of one index along an axis, or of several. */
function slab(a: Elements, axis: number, start: number, length: number): Elements {
  const shape = a.shape.map((s, i) => (i === axis ? length : s));
  return part(
    a,
    shape.map((_, i) => (i === axis ? start : 0)),
    shape,
  );
}

function gather(node: GatherNode, input: Elements): Elements {
  const { axis, indices } = node.params;
  const out = allocate(input.dtype, shapeOf(node));
  indices.values.forEach((from, to) => {
    copy(slab(out, axis, to, 1), slab(input, axis, from, 1));
  });
  return out;
}

function compress(node: CompressNode, x: Elements, mask: Elements): Elements {
  const { axis } = node.params;
  const out = allocate(x.dtype, shapeOf(node));
  let to = 0;
  for (const [from] of positions(mask.shape)) {
    if (getElement(mask, [from as number]) === 0) continue;
    copy(slab(out, axis, to++, 1), slab(x, axis, from as number, 1));
  }
  return out;
}

function concat(node: ConcatNode, inputs: readonly Elements[]): Elements {
  const { axis } = node.params;
  const out = allocate(node.outs[0].dtype, shapeOf(node));
  let start = 0;
  for (const input of inputs) {
    const length = input.shape[axis] as number;
    copy(slab(out, axis, start, length), input);
    start += length;
  }
  return out;
}
