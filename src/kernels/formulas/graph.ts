/** A formula as data: a graph of instructions in single-assignment form, equal ones shared. */
import type { ComplexFormula, Formula, Ops, Unary } from "./ops.js";
import type { Table } from "./tables.js";

/** Instructions on float64, int64 and mask lanes; see {@link Ops}. */
export type Instruction =
  | Exclude<keyof Ops<never, never, never>, "lookup">
  | "input"
  // A row of a table for one lane of the index; the first and the second floats of two rows.
  | "row"
  | "firsts"
  | "seconds";

export interface GraphNode {
  readonly op: Instruction;
  /** Numbers of earlier nodes. */
  readonly args: readonly number[];
  /** The value of a constant, the count of a shift, the number of an input, the lane of a row. */
  readonly value?: number | bigint;
  /** Of `rare`, whose args are its condition, what holds otherwise, and the arguments. */
  readonly special?: string | Unary;
  /** Of `row`, and how far from the start. */
  readonly table?: Table;
  readonly skipped?: number;
}

export interface Graph {
  readonly nodes: readonly GraphNode[];
  /** Numbers of the nodes that are its values: one, or real and imaginary part. */
  readonly results: readonly number[];
}

/** Values are numbers of nodes; which kind a value is, is known to the types of `Ops` alone. */
class Recorder {
  readonly nodes: GraphNode[] = [];
  readonly #known = new Map<string, number>();

  node(
    op: Instruction,
    args: readonly number[],
    value?: number | bigint,
    more: Pick<GraphNode, "special" | "table" | "skipped"> = {},
  ): number {
    const bits = Object.is(value, -0) ? "-0" : String(value);
    const { special, table, skipped } = more;
    // Of what is rare under a condition, there is one.
    const where = `${typeof special === "string" ? special : ""}|${table?.at}|${skipped}`;
    const key = `${op}|${args.join()}|${typeof value}${bits}|${where}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const node: GraphNode = { op, args, ...(value === undefined ? {} : { value }), ...more };
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
    lookup: (table, at, skipped = 0) => {
      const rows = [0, 1].map((lane) => recorder.node("row", [at], lane, { table, skipped }));
      return [recorder.node("firsts", rows), recorder.node("seconds", rows)];
    },
    rare: (condition, special, args, otherwise) =>
      recorder.node("rare", [condition, otherwise, ...args], undefined, { special }),
  };
}

const graphs = new WeakMap<object, Graph>();

/** Records once for each `key`. */
function record(
  key: object,
  arity: number,
  build: (o: Ops<number, number, number>, inputs: readonly number[]) => readonly number[],
): Graph {
  let graph = graphs.get(key);
  if (graph === undefined) {
    const recorder = new Recorder();
    const inputs = Array.from({ length: arity }, (_, i) => recorder.node("input", [], i));
    const results = build(opsOf(recorder), inputs);
    graph = { nodes: recorder.nodes, results };
    graphs.set(key, graph);
  }
  return graph;
}

/** The graph of one form of a formula. */
export const graphOf = (formula: Formula, form: "float64" | "float32"): Graph =>
  record(formula[form], formula.arity, (o, [x, y]) => [formula[form](o, x as number, y as number)]);

/** The graph of a formula by itself. */
export const graphOfUnary = (formula: Unary): Graph =>
  record(formula, 1, (o, [x]) => [formula(o, x as number)]);

/** The graph of both parts of a complex formula. */
export const graphOfParts = (formula: ComplexFormula): Graph =>
  record(formula, formula.arity, (o, [a, b, c, d]) =>
    formula.parts(o, a as number, b as number, c as number, d as number),
  );
