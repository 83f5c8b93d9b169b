/**
 * Traced kernels: a function of elements is run once on placeholders, and what it did to them becomes one scalar tree
 * over the real arrays, to be fused like everything else.
 */
import { DTypeError, ShapeError } from "../../errors.js";
import { mapNode as irMapNode, sourceNode } from "../../ir/build.js";
import { advertisedGrid } from "../../ir/grid.js";
import { dtypeOf, freshId, knownShape, type Node, topologicalOrder } from "../../ir/node.js";
import { arg, type Scalar } from "../../ir/scalar.js";
import { broadcastShapes } from "../axes.js";
import { broadcastNode, createNode, isNode, mapNode, type Operand, toRank } from "../build.js";
import { isJsScalar } from "../operand.js";
import { valueText } from "../words.js";

const FN = "kernel";
/** Functions in one tree at the most; longer kernels stay a chain of maps, which fuses as well. */
const MOST_FUNCTIONS = 128;

/** An element of an argument while a kernel is traced. */
function placeholder(index: number, like: Node): Node {
  return sourceNode({
    kind: "source",
    id: freshId(),
    name: `argument ${index} of a kernel`,
    shape: [],
    dtype: dtypeOf(like),
    chunks: [],
    residence: "memory",
    thread: "caller",
    scratchBytes: 0,
    description: undefined,
    reader: {
      readInto: () => {
        throw new DTypeError(`${FN}: an argument has no value while the kernel is traced`, {
          hint: "compute what the kernel gives, not what is inside it",
        });
      },
    },
  });
}

/** A value that a kernel returned, over its placeholders. */
interface Traced {
  readonly result: Node;
  readonly places: ReadonlyMap<Node, number>;
  readonly operands: readonly Operand[];
  /** Undefined where a length is not measured: elementwise functions know what to do then. */
  readonly shape: readonly number[] | undefined;
}

/**
 * What `trace` makes of the elements of arrays that broadcast. Scalars are handed on as they are; a list of results
 * gives a list of arrays.
 */
export function traceKernel(
  operands: readonly Operand[],
  trace: (args: readonly Operand[]) => unknown,
): Node | Node[] {
  const arrays = operands.filter(isNode);
  if (arrays.length === 0) throw new ShapeError(`${FN}: at least one argument must be an array`);
  const measured = arrays.every((a) => a.outs[0].shape.every((d) => typeof d === "number"));
  const shape = measured ? broadcastShapes(FN, arrays.map(knownShape)) : undefined;
  const places = new Map<Node, number>();
  const args = operands.map((operand, i) => {
    if (isJsScalar(operand)) return operand;
    const node = placeholder(i, operand);
    places.set(node, i);
    return node;
  });
  const returned = trace(args);
  const finish = (value: unknown): Node => {
    if (!isNode(value)) {
      throw new DTypeError(`${FN}: the function returned ${valueText(value)}`, {
        hint: "it must return what it computed from its arguments, or a list of that",
      });
    }
    return rebuilt({ result: value, places, operands, shape });
  };
  return Array.isArray(returned) ? returned.map(finish) : finish(returned);
}

function rebuilt(traced: Traced): Node {
  const order = topologicalOrder([traced.result]);
  // A reduction looks at an element through views of its own: it is what the user wrote.
  const written = order.find((node) => node.op === "reduce");
  for (const node of order) checkElementwise(node, written ?? node, traced);
  const { shape } = traced;
  if (shape === undefined) return chained(order, traced);
  const node = composed(order, traced, shape) ?? chained(order, traced);
  const same = knownShape(node).join() === shape.join();
  return same ? node : broadcastNode(FN, node, shape);
}

/** Nodes come inputs first, so what is met first is the mistake and not what follows from it. */
function checkElementwise(node: Node, written: Node, { places }: Traced): void {
  const alone = node.outs[0].shape.length === 0;
  if (places.has(node) || (alone && (node.op === "map" || node.op === "create"))) return;
  if (node.op === "source" || node.op === "create") {
    throw new DTypeError(`${FN}: the function uses an array that is not one of its arguments`, {
      hint: "give it as an argument: arguments broadcast",
    });
  }
  const name = written.op === "reduce" ? written.params.monoid : written.op;
  throw new DTypeError(`${FN}: ${name} is not elementwise`, {
    hint: "a kernel sees single elements: it may use elementwise functions, where and astype",
  });
}

interface Composed {
  readonly tree: Scalar;
  readonly functions: number;
}

/** One map node, unless the tree would become too large. */
function composed(
  order: readonly Node[],
  { places, operands }: Traced,
  shape: readonly number[],
): Node | undefined {
  const inputs = [...new Set(operands.filter(isNode))];
  const made = new Map<Node, Composed>();
  for (const node of order) {
    const place = places.get(node);
    if (place !== undefined) {
      const input = operands[place] as Node;
      made.set(node, { tree: arg(inputs.indexOf(input), dtypeOf(input)), functions: 0 });
      continue;
    }
    if (node.op !== "map" && node.op !== "create") return undefined;
    const { tree } = node.params;
    const one = substituted(
      tree,
      node.inputs.map((i) => made.get(i) as Composed),
    );
    if (one.functions > MOST_FUNCTIONS) return undefined;
    made.set(node, one);
  }
  const { tree } = made.get(order.at(-1) as Node) as Composed;
  const used = new Set<number>();
  visitArgs(tree, (index) => used.add(index));
  if (used.size === 0) {
    const aligned = inputs.map((input) => toRank(input, shape.length));
    const grid = advertisedGrid(irMapNode(tree, aligned, shape));
    return createNode(tree, shape, grid);
  }
  const kept = inputs.filter((_, i) => used.has(i));
  const renamed = kept.map(
    (input, i): Composed => ({
      tree: arg(i, dtypeOf(input)),
      functions: 0,
    }),
  );
  const byInput = inputs.map((input) => renamed[kept.indexOf(input)] as Composed);
  return mapNode(FN, kept, substituted(tree, byInput).tree);
}

function substituted(tree: Scalar, leaves: readonly Composed[]): Composed {
  switch (tree.kind) {
    case "arg":
      return leaves[tree.index] as Composed;
    case "cast": {
      const inner = substituted(tree.arg, leaves);
      return { tree: { ...tree, arg: inner.tree }, functions: inner.functions + 1 };
    }
    case "call": {
      const args = tree.args.map((a) => substituted(a, leaves));
      const functions = args.reduce((n, a) => n + a.functions, 1);
      return { tree: { ...tree, args: args.map((a) => a.tree) }, functions };
    }
    default:
      return { tree, functions: 0 };
  }
}

function visitArgs(tree: Scalar, visit: (index: number) => void): void {
  if (tree.kind === "arg") visit(tree.index);
  else if (tree.kind === "cast") visitArgs(tree.arg, visit);
  else if (tree.kind === "call") for (const a of tree.args) visitArgs(a, visit);
}

/** The same maps over the real arrays. */
function chained(order: readonly Node[], { places, operands, result }: Traced): Node {
  const made = new Map<Node, Node>();
  for (const node of order) {
    const place = places.get(node);
    if (place !== undefined) made.set(node, operands[place] as Node);
    else if (node.op === "map") {
      const inputs = node.inputs.map((i) => made.get(i) as Node);
      made.set(node, mapNode(FN, inputs, node.params.tree));
    } else made.set(node, node);
  }
  return made.get(result) as Node;
}
