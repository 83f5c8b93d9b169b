/** Flattens the fusible part of an expression into one scalar program over operands, without recursion. */
import { InternalError } from "../errors.js";
import { type AffineMap, composeMaps, fixedAxis, identityMap } from "../ir/index-map.js";
import { ProgramBuilder } from "../ir/monoid.js";
import { knownShape, mapKey, type Node } from "../ir/node.js";
import type { DraftOperand } from "./draft.js";

/** What a node is to the stage that is being built. */
export type BaseTest = (node: Node) => "source" | "array" | undefined;

export class Lowering {
  readonly builder: ProgramBuilder = new ProgramBuilder();
  readonly operands: DraftOperand[] = [];
  /** Nodes whose work is part of the program. */
  readonly computes: Set<Node> = new Set();
  readonly #done = new Map<number, number>();
  readonly #baseOf: BaseTest;

  constructor(baseOf: BaseTest) {
    this.#baseOf = baseOf;
  }

  /**
   * The op that yields element `map(p)` of `root` at loop position p. `inline` makes the root itself part of the
   * program even if it is a base (it is being computed here).
   */
  value(root: Node, map: AffineMap, inline: boolean): number {
    const stack: { node: Node; map: AffineMap; key: number }[] = [];
    const push = (node: Node, m: AffineMap): number | undefined => {
      const key = keyOf(node, m);
      const op = this.#done.get(key);
      if (op === undefined) stack.push({ node, map: m, key });
      return op;
    };
    // The root computed here and the same node read as a base are two things.
    const rootKey = inline ? -keyOf(root, map) : keyOf(root, map);
    if (inline) stack.push({ node: root, map, key: rootKey });
    else push(root, map);
    while (stack.length > 0) {
      const top = stack.at(-1) as (typeof stack)[number];
      if (this.#done.has(top.key)) {
        stack.pop();
        continue;
      }
      const before = stack.length;
      const op = this.#emit(top.node, top.map, push, top.key < 0);
      if (op !== undefined && stack.length === before) {
        this.#done.set(top.key, op);
        stack.pop();
      }
    }
    return this.#done.get(rootKey) as number;
  }

  /**
   * Emits the op of a node whose inputs are there, or answers undefined: `push` gives the op of an input, or undefined for
   * one that comes first.
   */
  #emit(
    node: Node,
    map: AffineMap,
    push: (node: Node, map: AffineMap) => number | undefined,
    inline: boolean,
  ): number | undefined {
    const from = inline && node.op !== "source" ? undefined : this.#baseOf(node);
    // A source that is being materialised is read from its source here.
    if (from !== undefined || node.op === "source") {
      return this.#load({
        base: node,
        fromSource: node.op === "source" && (inline || from === "source"),
        map,
      });
    }
    if (node.op === "view") {
      return push(node.inputs[0] as Node, composeMaps(map, node.params.map));
    }
    if (node.op === "layout") return push(node.inputs[0] as Node, map);
    if (node.op === "create") {
      this.computes.add(node);
      return this.builder.add(node.params.tree, (leaf) =>
        this.#index(map[leaf.kind === "index" ? leaf.axis : 0]),
      );
    }
    if (node.op !== "map") throw new InternalError(`a ${node.op} node cannot be part of a kernel`);
    const shape = knownShape(node);
    const ops: number[] = [];
    for (const input of node.inputs) {
      const op = push(input, stretch(map, knownShape(input), shape));
      if (op !== undefined) ops.push(op);
    }
    if (ops.length < node.inputs.length) return undefined;
    this.computes.add(node);
    return this.builder.add(node.params.tree, (leaf) =>
      leaf.kind === "arg" ? (ops[leaf.index] as number) : 0,
    );
  }

  #load(operand: DraftOperand): number {
    const key = keyOf(operand.base, operand.map);
    let n = this.operands.findIndex((o) => o.base === operand.base && keyOf(o.base, o.map) === key);
    if (n < 0) n = this.operands.push(operand) - 1;
    return this.builder.emit({
      op: "load",
      operand: n,
      dtype: operand.base.outs[0].dtype,
    });
  }

  /** Global index along a virtual axis, as an affine function of a loop index. */
  #index(m: AffineMap[number] | undefined): number {
    const { builder } = this;
    const constant = (v: number): number =>
      builder.constant({
        dtype: "int64",
        bits: BigInt.asUintN(64, BigInt(v)).toString(16).padStart(16, "0"),
      });
    if (m === undefined || m.axis < 0) return constant(m?.start ?? 0);
    let op = builder.emit({ op: "index", axis: m.axis, dtype: "int64" });
    const int = { op: "call", on: "int64", dtype: "int64" } as const;
    if (m.step !== 1) op = builder.emit({ ...int, fn: "multiply", args: [op, constant(m.step)] });
    if (m.start !== 0) op = builder.emit({ ...int, fn: "add", args: [op, constant(m.start)] });
    return op;
  }
}

/**
 * Operations of the kernel that computes `node` from its bases, as pairs of node and index map: a node that is seen
 * through several maps is computed once for each. At most `most` are looked at; `visit` ends the walk with false.
 */
export function kernelPairs(
  node: Node,
  baseOf: BaseTest,
  most: number,
  visit: (node: Node) => boolean = () => true,
): { readonly pairs: number } {
  const seen = new Set<number>();
  const stack: { readonly node: Node; readonly map: AffineMap }[] = [
    { node, map: rankMap(knownShape(node).length) },
  ];
  let pairs = 0;
  for (let top = stack.pop(); top !== undefined && pairs < most; top = stack.pop()) {
    const key = keyOf(top.node, top.map);
    if (seen.has(key)) continue;
    seen.add(key);
    if (top.node !== node && baseOf(top.node) !== undefined) continue;
    if (top.node.op === "map" || top.node.op === "create") pairs++;
    if (!visit(top.node)) break;
    for (const input of top.node.inputs) {
      const map =
        top.node.op === "view"
          ? composeMaps(top.map, top.node.params.map)
          : top.node.op === "map"
            ? stretch(top.map, knownShape(input), knownShape(top.node))
            : rankMap(knownShape(input).length);
      stack.push({ node: input, map });
    }
  }
  return { pairs };
}

const rankMaps: AffineMap[] = [];
/** One identity map per rank, so that its number is looked up once. */
function rankMap(rank: number): AffineMap {
  rankMaps[rank] ??= identityMap(rank);
  return rankMaps[rank];
}

/** Most distinct index maps that are told apart by number; the table starts again beyond it. */
const MOST_MAPS = 2 ** 20;
let numbers = new Map<string, number>();
let numberOf = new WeakMap<AffineMap, number>();

/** A number for (node, map): equal for equal maps, never 0. */
function keyOf(node: Node, map: AffineMap): number {
  let n = numberOf.get(map);
  if (n === undefined) {
    const text = mapKey(map);
    n = numbers.get(text);
    if (n === undefined) {
      n = numbers.size + 1;
      numbers.set(text, n);
    }
    numberOf.set(map, n);
  }
  return node.id * MOST_MAPS + n;
}

/** Called between plans: keeps the table of maps from growing for ever. */
export function trimMaps(): void {
  if (numbers.size < MOST_MAPS / 16) return;
  numbers = new Map();
  numberOf = new WeakMap();
}

const stretchCache = new WeakMap<AffineMap, AffineMap>();

/** The map of an input whose axes of length 1 are stretched to the node's shape. */
function stretch(map: AffineMap, input: readonly number[], shape: readonly number[]): AffineMap {
  let axis = 0;
  while (axis < input.length && input[axis] === shape[axis]) axis++;
  if (axis === input.length) return map;
  const stretched = map.map((m, i) => (input[i] === shape[i] ? m : fixedAxis(0)));
  if (input.every((n) => n === 1)) {
    const known = stretchCache.get(map);
    if (known !== undefined && known.length === stretched.length) return known;
    stretchCache.set(map, stretched);
  }
  return stretched;
}

/** Composes the views below `node` down to a base; undefined if something else lies between. */
export function viewBase(
  node: Node,
  map: AffineMap,
  baseOf: BaseTest,
): DraftOperand | { readonly blocked: Node } {
  let current = node;
  let m = map;
  for (;;) {
    const from = baseOf(current);
    if (from !== undefined) return { base: current, fromSource: from === "source", map: m };
    if (current.op === "view") {
      m = composeMaps(m, current.params.map);
      current = current.inputs[0] as Node;
    } else if (current.op === "layout") current = current.inputs[0] as Node;
    else return { blocked: current };
  }
}
