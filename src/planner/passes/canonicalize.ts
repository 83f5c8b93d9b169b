/**
 * Pass 1, canonicalize: one spelling for one meaning. Views compose into one view, contracts that nobody can
 * observe vanish, constants and virtual data fold into each other, and movement that moves nothing disappears.
 * Everything here is exact.
 */
import {
  concatNode,
  createNode,
  gatherNode,
  indexList,
  mapNode,
  reshapeNode,
  viewNode,
} from "../../ir/build.js";
import { itemSize } from "../../ir/dtype.js";
import { advertisedGrid } from "../../ir/grid.js";
import {
  type AffineMap,
  composeMaps,
  elementCount,
  fixedAxis,
  isIdentity,
} from "../../ir/index-map.js";
import { dtypeOf, knownShape, type Node, type NodeOf } from "../../ir/node.js";
import { reshapeGroups } from "../../ir/reshape.js";
import { call, constant, indexOf, type Scalar, valueOf } from "../../ir/scalar.js";
import type { Order, PassContext } from "../context.js";
import { rewriteBottomUp } from "../rewrite.js";

/** Largest scalar tree that folding may build; beyond it a create node stays an operand of its own. */
const FOLDED_TREE_SIZE = 64;
/** Share of the budget up to which what was gathered is looked into by several, instead of the store. */
const TAKEN_SHARE = 1 / 8;

export function canonicalize(roots: readonly Node[], ctx: PassContext): readonly Node[] {
  const order = ctx.order(roots);
  const formOf = canonicalIn(roots, order, ctx);
  return rewriteBottomUp(
    roots,
    (node, place) => {
      const result = formOf(node, place);
      if (result !== node) ctx.fired("canonical", node, `${node.op} -> ${result.op}`);
      return result;
    },
    order,
  );
}

/** The canonical form of what a node at a place of an expression has become, its inputs being canonical. */
export function canonicalIn(
  roots: readonly Node[],
  order: Order,
  ctx: PassContext,
): (node: Node, place: number) => Node {
  const apart = takesOfShared(roots, order, ctx.config.memory * TAKEN_SHARE);
  return (node, place) =>
    node.op === "gather" && apart.has(order.nodes[place] as Node)
      ? canonicalGather(node, false)
      : canonical(node);
}

/**
 * Gathers that look into gathers of stores and are not their only users. Those are made anyway, or for several: whoever
 * looks past them reads chunks again.
 */
function takesOfShared(
  roots: readonly Node[],
  { nodes, places, inputs, starts }: Order,
  mostBytes: number,
): ReadonlySet<Node> {
  const found = new Set<Node>();
  if (nodes.filter(({ op }) => op === "gather").length < 2) return found;
  // The place of every node without its layouts, which vanish.
  const bare = new Int32Array(nodes.length);
  const users = new Uint32Array(nodes.length);
  const stored = new Uint8Array(nodes.length);
  const use = (place: number): void => {
    const at = bare[place] as number;
    users[at] = (users[at] as number) + 1;
  };
  nodes.forEach((node, i) => {
    const first = starts[i] as number;
    const below = bare[inputs[first] as number] as number;
    bare[i] = node.op === "layout" ? below : i;
    if (node.op === "layout") return;
    for (let k = 0; k < node.inputs.length; k++) use(inputs[first + k] as number);
    const isStored =
      node.op === "source"
        ? node.params.binding.residence === "store"
        : (node.op === "view" || node.op === "gather") && stored[below] === 1;
    if (isStored) stored[i] = 1;
  });
  for (const root of roots) use(places.get(root) as number);
  nodes.forEach((node, i) => {
    if (node.op !== "gather") return;
    const below = bare[inputs[starts[i] as number] as number] as number;
    const inner = nodes[below] as Node;
    if (inner.op !== "gather" || stored[below] !== 1 || (users[below] as number) < 2) return;
    if (elementCount(knownShape(inner)) * itemSize(dtypeOf(inner)) <= mostBytes) found.add(node);
  });
  return found;
}

/** The canonical form of one node whose inputs are canonical. */
export function canonical(node: Node): Node {
  switch (node.op) {
    case "layout":
      // Whoever observes a grid (block functions, sinks) has frozen it in its own parameters.
      return node.inputs[0] as Node;
    case "view":
      return canonicalView(node.inputs[0] as Node, node.params.map, knownShape(node), node);
    case "map":
      return canonicalMap(node);
    case "concat":
      return canonicalConcat(node);
    case "reshape":
      return canonicalReshape(node);
    case "gather":
      return canonicalGather(node);
    default:
      return node;
  }
}

/** A view in canonical form; the node `keep` is returned if it already is. */
export function canonicalView(
  input: Node,
  map: AffineMap,
  shape: readonly number[],
  keep?: Node,
): Node {
  if (isIdentity(map, shape, knownShape(input))) return input;
  if (input.op === "view") {
    return canonicalView(input.inputs[0] as Node, composeMaps(map, input.params.map), shape);
  }
  if (input.op === "create") {
    const tree = substituteIndices(input.params.tree, map);
    const view = keep ?? viewNode(input, map, shape);
    return createNode(tree, shape, advertisedGrid(view));
  }
  const steady = map.map((m) => (m.axis >= 0 && shape[m.axis] === 1 ? fixedAxis(m.start) : m));
  return keep !== undefined && steady.every((m, i) => m === map[i])
    ? keep
    : viewNode(input, steady, shape);
}

const substituteIndices = (tree: Scalar, map: AffineMap): Scalar =>
  substituteLeaves(tree, (axis) => {
    const m = map[axis] as AffineMap[number];
    if (m.axis < 0) return constant(m.start, "int64");
    let index = indexOf(m.axis);
    if (m.step !== 1) index = call("multiply", "int64", index, constant(m.step, "int64"));
    return m.start === 0 ? index : call("add", "int64", index, constant(m.start, "int64"));
  });

const treeSize = (tree: Scalar): number =>
  tree.kind === "cast"
    ? 1 + treeSize(tree.arg)
    : tree.kind === "call"
      ? tree.args.reduce((n, a) => n + treeSize(a), 1)
      : 1;

function canonicalMap(node: NodeOf<"map">): Node {
  const shape = knownShape(node);
  const { tree } = node.params;
  if (tree.kind === "arg") {
    const input = node.inputs[tree.index] as Node;
    const same = knownShape(input).every((n, i) => n === shape[i]);
    if (same && dtypeOf(input) === dtypeOf(node)) return input;
  }
  if (node.inputs.every((input) => input.op !== "create")) return node;
  const folded = node.inputs.map((input) => foldable(input, shape));
  const total = folded.reduce((n, t) => n + (t === undefined ? 0 : treeSize(t)), treeSize(tree));
  if (total > FOLDED_TREE_SIZE) return node;
  if (folded.every((t) => t !== undefined)) {
    const merged = substituteArgs(tree, (i) => folded[i] as Scalar);
    return createNode(merged, shape, advertisedGrid(node));
  }
  // A constant operand becomes part of the tree, unless it alone gives an axis its length.
  const kept = node.inputs.map((_, i) => i).filter((i) => folded[i]?.kind !== "const");
  const spans = shape.every(
    (n, axis) => n === 1 || kept.some((i) => knownShape(node.inputs[i] as Node)[axis] === n),
  );
  if (kept.length === node.inputs.length || !spans) return node;
  const merged = substituteArgs(tree, (i, dtype) => {
    const t = folded[i];
    return t?.kind === "const" ? t : { kind: "arg", index: kept.indexOf(i), dtype };
  });
  return mapNode(
    merged,
    kept.map((i) => node.inputs[i] as Node),
    shape,
  );
}

/** The tree of a virtual input, written in the indices of `shape`. */
function foldable(input: Node, shape: readonly number[]): Scalar | undefined {
  if (input.op !== "create") return undefined;
  const own = knownShape(input);
  const map = own.map((n, axis) =>
    n === shape[axis] ? { axis, start: 0, step: 1 } : fixedAxis(0),
  );
  return substituteIndices(input.params.tree, map);
}

function substituteArgs(
  tree: Scalar,
  leaf: (index: number, dtype: Scalar["dtype"]) => Scalar,
): Scalar {
  switch (tree.kind) {
    case "arg":
      return leaf(tree.index, tree.dtype);
    case "cast":
      return { ...tree, arg: substituteArgs(tree.arg, leaf) };
    case "call":
      return { ...tree, args: tree.args.map((a) => substituteArgs(a, leaf)) };
    default:
      return tree;
  }
}

function canonicalConcat(node: NodeOf<"concat">): Node {
  const { axis } = node.params;
  const parts = node.inputs
    .flatMap((p) => (p.op === "concat" && p.params.axis === axis ? p.inputs : [p]))
    .filter((p) => knownShape(p)[axis] !== 0);
  if (parts.length === 0) return node.inputs[0] as Node;
  if (parts.length === 1) return parts[0] as Node;
  const same = parts.length === node.inputs.length && parts.every((p, i) => p === node.inputs[i]);
  return same ? node : concatNode(parts, axis);
}

function canonicalReshape(node: NodeOf<"reshape">): Node {
  const input = node.inputs[0] as Node;
  const from = knownShape(input);
  const to = knownShape(node);
  if (from.length === to.length && from.every((n, i) => n === to[i])) return input;
  if (input.op === "reshape") {
    const merged = reshapeNode(input.inputs[0] as Node, to);
    return canonicalReshape(merged);
  }
  const fromLong = from.map((_, i) => i).filter((i) => from[i] !== 1);
  const toLong = to.map((_, i) => i).filter((i) => to[i] !== 1);
  if (
    fromLong.length === toLong.length &&
    fromLong.every((a, k) => from[a] === to[toLong[k] as number])
  ) {
    const map = from.map((n, a) =>
      n === 1 ? fixedAxis(0) : { axis: toLong[fromLong.indexOf(a)] as number, start: 0, step: 1 },
    );
    return canonicalView(input, map, to);
  }
  if (input.op === "create") {
    const tree = regroupIndices(input.params.tree, from, to);
    if (treeSize(tree) <= FOLDED_TREE_SIZE) return createNode(tree, to, advertisedGrid(node));
  }
  return node;
}

/** A virtual array seen through a reshape: each old index is a quotient and remainder of its group's flat index. */
function regroupIndices(tree: Scalar, from: readonly number[], to: readonly number[]): Scalar {
  const int = (v: number): Scalar => constant(v, "int64");
  const indices = new Map<number, Scalar>();
  for (const group of reshapeGroups(from, to)) {
    let flat = int(0);
    for (const axis of group.output) {
      const n = to[axis] as number;
      const scaled = n === 1 ? flat : call("multiply", "int64", flat, int(n));
      if (n !== 1) flat = call("add", "int64", scaled, indexOf(axis));
    }
    let inner = 1;
    for (const axis of [...group.input].reverse()) {
      const n = from[axis] as number;
      const quotient = inner === 1 ? flat : call("floorDivide", "int64", flat, int(inner));
      const outermost = axis === group.input[0];
      indices.set(axis, outermost ? quotient : call("remainder", "int64", quotient, int(n)));
      inner *= n;
    }
  }
  return substituteLeaves(tree, (axis) => indices.get(axis) as Scalar);
}

function substituteLeaves(tree: Scalar, index: (axis: number) => Scalar): Scalar {
  switch (tree.kind) {
    case "index":
      return index(tree.axis);
    case "cast":
      return { ...tree, arg: substituteLeaves(tree.arg, index) };
    case "call":
      return joinSteps({ ...tree, args: tree.args.map((a) => substituteLeaves(a, index)) });
    default:
      return tree;
  }
}

/** The steps of one view after the other are one: x * a + b, whose constants wrap as the index does. */
function joinSteps(tree: Scalar & { kind: "call" }): Scalar {
  const [inner, by] = tree.args;
  if (tree.on !== "int64" || by?.kind !== "const") return tree;
  if (inner?.kind !== "call" || inner.on !== "int64") return tree;
  const [x, had] = inner.args as readonly [Scalar, Scalar?];
  if (had?.kind !== "const") return tree;
  const a = valueOf(had) as bigint;
  const b = valueOf(by) as bigint;
  const sum = (of: Scalar, n: bigint): Scalar =>
    n === 0n ? of : call("add", "int64", of, constant(n, "int64"));
  const product = (of: Scalar, n: bigint): Scalar & { kind: "call" } =>
    call("multiply", "int64", of, constant(n, "int64")) as Scalar & { kind: "call" };
  if (tree.fn === "add" && inner.fn === "add") return sum(x, a + b);
  if (tree.fn === "multiply" && inner.fn === "multiply") return product(x, a * b);
  if (tree.fn === "multiply" && inner.fn === "add") return sum(joinSteps(product(x, b)), a * b);
  return tree;
}

/** `through`: whether it may look past a gather that it looks into. */
function canonicalGather(node: NodeOf<"gather">, through = true): Node {
  const input = node.inputs[0] as Node;
  const { axis, indices } = node.params;
  const { values } = indices;
  const shape = knownShape(node);
  if (input.op === "create" && input.params.tree.kind === "const") {
    return createNode(input.params.tree, shape, advertisedGrid(node));
  }
  if (through && input.op === "gather" && input.params.axis === axis) {
    const inner = input.params.indices.values;
    const merged = indexList(Array.from(values, (v) => inner[v] as number));
    return canonicalGather(gatherNode(input.inputs[0] as Node, axis, merged));
  }
  const first = values[0] ?? 0;
  const step = values.length > 1 ? (values[1] as number) - first : 1;
  for (let i = 1; i < values.length; i++) if (values[i] !== first + step * i) return node;
  if (step === 0) {
    // The same position again and again: a stretched axis.
    const map = shape.map((_, a) =>
      a === axis ? fixedAxis(first) : { axis: a, start: 0, step: 1 },
    );
    return canonicalView(input, map, shape);
  }
  const map = shape.map((_, a) => ({
    axis: a,
    start: a === axis ? first : 0,
    step: a === axis ? step : 1,
  }));
  return canonicalView(input, map, shape);
}
