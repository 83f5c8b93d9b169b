/** A formula as data: a graph of instructions in single-assignment form, equal ones shared. */
import type { Binary, Formula, Ops, Unary } from "./ops.js";

/** Instructions on float64, int64 and mask lanes; see {@link Ops}. */
export type Instruction = Exclude<keyof Ops<never, never, never>, "rare"> | "rare" | "input";

export interface GraphNode {
  readonly op: Instruction;
  /** Numbers of earlier nodes. */
  readonly args: readonly number[];
  /** The value of a constant, the count of a shift, the number of an input. */
  readonly value?: number | bigint;
  /** Of `rare`, whose args are its condition, what holds otherwise, and the arguments. */
  readonly name?: string;
}

export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly result: number;
}

/** Values are numbers of nodes; which kind a value is, is known to the types of `Ops` alone. */
class Recorder {
  readonly nodes: GraphNode[] = [];
  readonly #known = new Map<string, number>();

  node(op: Instruction, args: readonly number[], value?: number | bigint, name?: string): number {
    const bits = Object.is(value, -0) ? "-0" : String(value);
    const key = `${op}|${args.join()}|${typeof value}${bits}|${name}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const node: GraphNode = {
      op,
      args,
      ...(value === undefined ? {} : { value }),
      ...(name === undefined ? {} : { name }),
    };
    this.#known.set(key, this.nodes.push(node) - 1);
    return this.nodes.length - 1;
  }
}

function opsOf(recorder: Recorder): Ops<number, number, number> {
  const one =
    (op: Instruction) =>
    (a: number): number =>
      recorder.node(op, [a]);
  const two =
    (op: Instruction) =>
    (a: number, b: number): number =>
      recorder.node(op, [a, b]);
  const three =
    (op: Instruction) =>
    (a: number, b: number, c: number): number =>
      recorder.node(op, [a, b, c]);
  const shift =
    (op: Instruction) =>
    (a: number, count: number): number =>
      recorder.node(op, [a], count);
  return {
    float: (value) => recorder.node("float", [], value),
    integer: (value) => recorder.node("integer", [], value),
    add: two("add"),
    subtract: two("subtract"),
    multiply: two("multiply"),
    divide: two("divide"),
    sqrt: one("sqrt"),
    negate: one("negate"),
    abs: one("abs"),
    nearest: one("nearest"),
    floor: one("floor"),
    trunc: one("trunc"),
    lesser: two("lesser"),
    greater: two("greater"),
    less: two("less"),
    lessEqual: two("lessEqual"),
    equal: two("equal"),
    notEqual: two("notEqual"),
    and: two("and"),
    or: two("or"),
    not: one("not"),
    select: three("select"),
    selectInteger: three("selectInteger"),
    // Lanes have no type in registers.
    bits: (a) => a,
    fromBits: (a) => a,
    addInteger: two("addInteger"),
    subtractInteger: two("subtractInteger"),
    andInteger: two("andInteger"),
    orInteger: two("orInteger"),
    xorInteger: two("xorInteger"),
    shiftLeft: shift("shiftLeft"),
    shiftRight: shift("shiftRight"),
    equalInteger: two("equalInteger"),
    lessInteger: two("lessInteger"),
    rare: (condition, name, args, otherwise) =>
      recorder.node("rare", [condition, otherwise, ...args], undefined, name),
  };
}

const graphs = new WeakMap<Unary | Binary, Graph>();

/** The graph of one form of a formula, made once. */
export function graphOf(formula: Formula, form: "float64" | "float32"): Graph {
  const build = formula[form];
  let graph = graphs.get(build);
  if (graph === undefined) {
    const recorder = new Recorder();
    const inputs = Array.from({ length: formula.arity }, (_, i) => recorder.node("input", [], i));
    const result = build(opsOf(recorder), inputs[0] as number, inputs[1] as number);
    graph = { nodes: recorder.nodes, result };
    graphs.set(build, graph);
  }
  return graph;
}
