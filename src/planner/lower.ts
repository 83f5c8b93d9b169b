/** Flattens the fusible part of an expression into one scalar program over operands, without recursion. */
import { InternalError } from "../errors.js";
import { type AffineMap, composeMaps } from "../ir/index-map.js";
import { ProgramBuilder } from "../ir/monoid.js";
import { knownShape, type Node } from "../ir/node.js";
import type { Scalar } from "../ir/scalar.js";
import type { DraftOperand } from "./draft.js";
import {
  composedNumber,
  identityNumber,
  mapOfNumber,
  numberOfMap,
  stretchedNumber,
} from "./map-numbers.js";

/** What a node is to the stage that is being built. */
export type BaseTest = (node: Node) => "source" | "array" | undefined;

/** Tables by the number of an index map; the one that was asked for last is at hand. */
class ByMap<T> {
  readonly #tables = new Map<number, T>();
  readonly #fresh: () => T;
  #last = -1;
  #table: T | undefined;

  constructor(fresh: () => T) {
    this.#fresh = fresh;
  }

  of(map: number): T {
    if (map === this.#last) return this.#table as T;
    let table = this.#tables.get(map);
    if (table === undefined) {
      table = this.#fresh();
      this.#tables.set(map, table);
    }
    this.#last = map;
    this.#table = table;
    return table;
  }
}

export class Lowering {
  readonly builder: ProgramBuilder = new ProgramBuilder();
  readonly operands: DraftOperand[] = [];
  /** Nodes whose work is part of the program. */
  readonly computes: Set<Node> = new Set();
  /** Ops by the number of the map through which a node is seen, and its id. */
  readonly #done = new ByMap<Map<number, number>>(() => new Map());
  /** Ops of nodes that are computed here although they are bases: the same node read as a base is another thing. */
  readonly #inlined = new Map<number, number>();
  readonly #loads = new ByMap<Map<Node, number>>(() => new Map());
  readonly #baseOf: BaseTest;
  /** What is to be emitted: nodes, and the numbers of their maps. */
  readonly #nodes: Node[] = [];
  readonly #maps: number[] = [];
  /** Ops of the inputs of the node that is emitted. */
  #args: number[] = [];
  readonly #argument = (leaf: Scalar & { kind: "arg" | "index" }): number =>
    leaf.kind === "arg" ? (this.#args[leaf.index] as number) : 0;

  constructor(baseOf: BaseTest) {
    this.#baseOf = baseOf;
  }

  /**
   * The op that yields element `map(p)` of `root` at loop position p. `inline` makes the root itself part of the
   * program even if it is a base (it is being computed here).
   */
  value(root: Node, map: AffineMap, inline: boolean): number {
    const [nodes, maps] = [this.#nodes, this.#maps];
    const rootMap = numberOfMap(map);
    nodes.push(root);
    maps.push(rootMap);
    while (nodes.length > 0) {
      const at = nodes.length - 1;
      const node = nodes[at] as Node;
      const m = maps[at] as number;
      const isRoot = inline && at === 0;
      const table = isRoot ? this.#inlined : this.#done.of(m);
      if (!table.has(node.id)) {
        const op = this.#emit(node, m, isRoot);
        if (op === undefined) continue;
        table.set(node.id, op);
      }
      nodes.pop();
      maps.pop();
    }
    return (inline ? this.#inlined : this.#done.of(rootMap)).get(root.id) as number;
  }

  /** The op of an input; undefined if it has to come first, which is then the next in turn. */
  #push(node: Node, map: number): number | undefined {
    const op = this.#done.of(map).get(node.id);
    if (op !== undefined) return op;
    this.#nodes.push(node);
    this.#maps.push(map);
    return undefined;
  }

  /** Emits the op of a node whose inputs are there, or answers undefined: then these come first. */
  #emit(node: Node, map: number, inline: boolean): number | undefined {
    const from = inline && node.op !== "source" ? undefined : this.#baseOf(node);
    // A source that is being materialised is read from its source here.
    if (from !== undefined || node.op === "source") {
      return this.#load(node, node.op === "source" && (inline || from === "source"), map);
    }
    if (node.op === "view") {
      return this.#push(node.inputs[0] as Node, composedNumber(map, node.params.map));
    }
    if (node.op === "layout") return this.#push(node.inputs[0] as Node, map);
    if (node.op === "create") {
      const axes = mapOfNumber(map);
      this.computes.add(node);
      return this.builder.add(node.params.tree, (leaf) =>
        this.#index(axes[leaf.kind === "index" ? leaf.axis : 0]),
      );
    }
    if (node.op !== "map") throw new InternalError(`a ${node.op} node cannot be part of a kernel`);
    const shape = knownShape(node);
    const args: number[] = [];
    for (const input of node.inputs) {
      const op = this.#push(input, stretchedNumber(map, knownShape(input), shape));
      if (op !== undefined) args.push(op);
    }
    if (args.length < node.inputs.length) return undefined;
    this.computes.add(node);
    this.#args = args;
    return this.builder.add(node.params.tree, this.#argument);
  }

  #load(base: Node, fromSource: boolean, map: number): number {
    const table = this.#loads.of(map);
    let n = table.get(base);
    if (n === undefined) {
      n = this.operands.push({ base, fromSource, map: mapOfNumber(map) }) - 1;
      table.set(base, n);
    }
    return this.builder.emit({ op: "load", operand: n, dtype: base.outs[0].dtype });
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
  const seen = new ByMap<Set<Node>>(() => new Set());
  const nodes: Node[] = [node];
  const maps: number[] = [identityNumber(knownShape(node).length)];
  let pairs = 0;
  for (let top = nodes.pop(); top !== undefined && pairs < most; top = nodes.pop()) {
    const map = maps.pop() as number;
    const table = seen.of(map);
    if (table.has(top)) continue;
    table.add(top);
    if (top !== node && baseOf(top) !== undefined) continue;
    if (top.op === "map" || top.op === "create") pairs++;
    if (!visit(top)) break;
    for (const input of top.inputs) {
      nodes.push(input);
      maps.push(inputNumber(top, input, map));
    }
  }
  return { pairs };
}

/** The number of the map through which an input is seen where `node` is seen through number `map`. */
export function inputNumber(node: Node, input: Node, map: number): number {
  if (node.op === "view") return composedNumber(map, node.params.map);
  if (node.op === "map") return stretchedNumber(map, knownShape(input), knownShape(node));
  return node.op === "layout" ? map : identityNumber(knownShape(input).length);
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
