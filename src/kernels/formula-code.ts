/**
 * Formulas as code on f64x2 vectors. A value that is used once stays on the stack until then; others live in locals
 * from their first use to their last.
 */
import { InternalError } from "../errors.js";
import { type DType, isFloat } from "../ir/dtype.js";
import type { Code } from "./assembler.js";
import { complexFormulaOf } from "./formulas/complex.js";
import type { Graph, GraphNode, Instruction } from "./formulas/graph.js";
import { graphOf, graphOfParts, graphOfUnary } from "./formulas/graph.js";
import { formulaOf } from "./formulas/index.js";
import type { ComplexFormula, Formula, Unary } from "./formulas/ops.js";
import { TABLE_BYTES, type Table, tableImport } from "./formulas/tables.js";

const NAMES: Partial<Record<Instruction, string>> = {
  add: "f64x2.add",
  subtract: "f64x2.sub",
  multiply: "f64x2.mul",
  divide: "f64x2.div",
  sqrt: "f64x2.sqrt",
  negate: "f64x2.neg",
  abs: "f64x2.abs",
  nearest: "f64x2.nearest",
  floor: "f64x2.floor",
  trunc: "f64x2.trunc",
  lesser: "f64x2.pmin",
  greater: "f64x2.pmax",
  less: "f64x2.lt",
  lessEqual: "f64x2.le",
  equal: "f64x2.eq",
  notEqual: "f64x2.ne",
  and: "v128.and",
  or: "v128.or",
  not: "v128.not",
  addInteger: "i64x2.add",
  subtractInteger: "i64x2.sub",
  andInteger: "v128.and",
  orInteger: "v128.or",
  xorInteger: "v128.xor",
  shiftLeft: "i64x2.shl",
  shiftRight: "i64x2.shr_u",
  equalInteger: "i64x2.eq",
  lessInteger: "i64x2.lt_s",
};

const HIGH_HALF = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15];
const BOTH_LOW = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
const BOTH_HIGH = [8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31];

/** The import of a rare function. */
export const rareImport = (name: string): string => `rare.${name}`;

/** Finds the tables of formulas, in front of the descriptor. */
export function findTables(c: Code): void {
  c.get(0).i32(TABLE_BYTES).op("i32.sub");
  c.tables = c.keep("i32");
}

class GraphEmitter {
  readonly #c: Code;
  readonly #graph: Graph;
  readonly #inputs: readonly number[];
  readonly #uses: Uint32Array;
  readonly #locals: (number | undefined)[] = [];

  constructor(c: Code, graph: Graph, inputs: readonly number[], wanted: readonly number[]) {
    this.#c = c;
    this.#graph = graph;
    this.#inputs = inputs;
    this.#uses = new Uint32Array(graph.nodes.length);
    for (const n of wanted) this.#count(n);
  }

  #count(n: number): void {
    const uses = (this.#uses[n] as number) + 1;
    this.#uses[n] = uses;
    if (uses > 1) return;
    const { op, args } = this.#node(n);
    const unused = op === "rare" && this.#c.rareFlag !== undefined;
    for (const arg of unused ? args.slice(0, 2) : args) this.#count(arg);
  }

  #node(n: number): GraphNode {
    return this.#graph.nodes[n] as GraphNode;
  }

  /** Pushes the value of a node. */
  push(n: number): void {
    const c = this.#c;
    const node = this.#node(n);
    if (node.op === "input") {
      c.get(this.#inputs[Number(node.value)] as number);
      return;
    }
    if (node.op === "float" || node.op === "integer") {
      this.#constant(node);
      return;
    }
    const left = (this.#uses[n] as number) - 1;
    this.#uses[n] = left;
    const known = this.#locals[n];
    if (known !== undefined) {
      c.get(known);
      if (left === 0) c.free(known);
      return;
    }
    this.#compute(node);
    if (left === 0) return;
    const local = c.local("v128");
    this.#locals[n] = local;
    c.tee(local);
  }

  #constant(node: GraphNode): void {
    const bytes = new Uint8Array(16);
    if (node.op === "float") new Float64Array(bytes.buffer).fill(node.value as number);
    else new BigInt64Array(bytes.buffer).fill(node.value as bigint);
    this.#c.v128(bytes);
  }

  #compute(node: GraphNode): void {
    const c = this.#c;
    if (node.op === "rare") {
      this.#rare(node);
      return;
    }
    if (node.op === "select" || node.op === "selectInteger") {
      const [condition, a, b] = node.args as readonly [number, number, number];
      for (const n of [a, b, condition]) this.push(n);
      c.op("v128.bitselect");
      return;
    }
    if (node.op === "row") {
      this.#row(node);
      return;
    }
    for (const arg of node.args) this.push(arg);
    if (node.op === "firsts" || node.op === "seconds") {
      c.shuffle(node.op === "firsts" ? BOTH_LOW : BOTH_HIGH);
      return;
    }
    if (node.op === "shiftLeft" || node.op === "shiftRight") c.i32(node.value as number);
    const name = NAMES[node.op];
    if (name === undefined) throw new InternalError(`formulas have no ${node.op}`);
    c.op(name);
  }

  #row({ args, value, table, skipped = 0 }: GraphNode): void {
    const c = this.#c;
    if (c.tables === undefined || table === undefined) {
      throw new InternalError("a kernel without tables");
    }
    c.imports.index(tableImport(table), "f64", 0);
    this.push(args[0] as number);
    c.lane("i32x4.extract_lane", 2 * Number(value))
      .get(c.tables)
      .op("i32.add");
    c.memory("v128.load", (table as Table).at + skipped);
  }

  /** What holds where the condition does, behind a branch that is not taken if it does so nowhere. */
  #rare(node: GraphNode): void {
    const c = this.#c;
    if (c.rareFlag !== undefined) {
      const [condition, otherwise] = node.args as readonly [number, number];
      this.push(otherwise);
      this.push(condition);
      c.op("v128.any_true").get(c.rareFlag).op("i32.or").set(c.rareFlag);
      return;
    }
    const keep = (n: number): number => {
      this.push(n);
      return c.keep("v128");
    };
    const [condition, result, ...args] = node.args.map(keep) as [number, number, ...number[]];
    const special = node.special as string | Unary;
    c.get(condition).op("v128.any_true");
    c.if(undefined, () => {
      if (typeof special === "string") eachLane(c, special, condition, args, result);
      else {
        emitGraph(c, graphOfUnary(special), args);
        c.get(result, condition).op("v128.bitselect").set(result);
      }
    });
    c.get(result);
    c.free(condition, result, ...args);
  }
}

/** Calls a function for each lane in which a condition holds. */
function eachLane(
  c: Code,
  name: string,
  condition: number,
  args: readonly number[],
  result: number,
): void {
  for (const lane of [0, 1]) {
    c.get(condition).lane("i64x2.extract_lane", lane).op("i32.wrap_i64");
    c.if(undefined, () => {
      c.get(result);
      for (const arg of args) c.get(arg).lane("f64x2.extract_lane", lane);
      c.callImport(rareImport(name), "f64", args.length);
      c.lane("f64x2.replace_lane", lane).set(result);
    });
  }
}

/** Pushes values of a graph, by default its only one, on vectors of two float64. */
function emitGraph(
  c: Code,
  graph: Graph,
  inputs: readonly number[],
  wanted: readonly number[] = graph.results,
): void {
  const emitter = new GraphEmitter(c, graph, inputs, wanted);
  for (const n of wanted) emitter.push(n);
}

/** Pushes the value of a formula on the low `lanes` elements of vectors in locals; false if `fn` has none. */
export function emitVectorFormula(
  c: Code,
  fn: string,
  on: "float32" | "float64",
  args: readonly number[],
  lanes: number,
): boolean {
  const part = partOfName(fn);
  if (part !== undefined) {
    emitVectorParts(c, part.formula, args, [part.part]);
    return true;
  }
  const formula = formulaOf(fn);
  if (formula === undefined) return false;
  if (on === "float64") {
    emitGraph(c, graphOf(formula, "float64"), args);
    return true;
  }
  const half = (high: boolean): void => {
    const wide = args.map((arg) => {
      c.get(arg);
      if (high) c.get(arg).shuffle(HIGH_HALF);
      c.op("f64x2.promote_low_f32x4");
      return c.keep("v128");
    });
    emitGraph(c, graphOf(formula, "float32"), wide);
    c.op("f32x4.demote_f64x2_zero");
    c.free(...wide);
  };
  half(false);
  if (lanes <= 2) return true;
  half(true);
  c.shuffle(BOTH_LOW);
  return true;
}

/** Pushes the value of a formula on single elements in locals, by the same instructions. */
export function emitScalarFormula(
  c: Code,
  formula: Formula,
  on: "float32" | "float64",
  args: readonly number[],
): void {
  const vectors = args.map((arg) => {
    c.get(arg);
    if (on === "float32") c.op("f64.promote_f32");
    c.op("f64x2.splat");
    return c.keep("v128");
  });
  emitGraph(c, graphOf(formula, on), vectors);
  c.lane("f64x2.extract_lane", 0);
  if (on === "float32") c.op("f32.demote_f64");
  c.free(...vectors);
}

/** Pushes the named parts (0 real, 1 imaginary) of a complex formula on vectors of two float64. */
export function emitVectorParts(
  c: Code,
  formula: ComplexFormula,
  args: readonly number[],
  parts: readonly number[],
): void {
  const graph = graphOfParts(formula);
  emitGraph(
    c,
    graph,
    args,
    parts.map((part) => graph.results[part] as number),
  );
}

/** The same on single float64 elements. */
export function emitScalarParts(
  c: Code,
  formula: ComplexFormula,
  args: readonly number[],
  parts: readonly number[],
): void {
  const vectors = args.map((arg) => {
    c.get(arg).op("f64x2.splat");
    return c.keep("v128");
  });
  emitVectorParts(c, formula, vectors, parts);
  const last = parts.length > 1 ? c.keep("v128") : undefined;
  c.lane("f64x2.extract_lane", 0);
  if (last !== undefined) {
    c.get(last).lane("f64x2.extract_lane", 0);
    c.free(last);
  }
  c.free(...vectors);
}

/** A name such as `exp.im` as the formula and the number of the part; undefined for other names. */
export function partOfName(
  fn: string,
): { readonly formula: ComplexFormula; readonly part: 0 | 1 } | undefined {
  if (!fn.endsWith(".re") && !fn.endsWith(".im")) return undefined;
  const formula = complexFormulaOf(fn.slice(0, -3));
  return formula && { formula, part: fn.endsWith(".re") ? 0 : 1 };
}

/** Pushes the part that `fn` names, then the other one. */
export function emitBothParts(c: Code, fn: string, args: readonly number[], vector: boolean): void {
  const { formula, part } = partOfName(fn) as NonNullable<ReturnType<typeof partOfName>>;
  (vector ? emitVectorParts : emitScalarParts)(c, formula, args, [part, 1 - part]);
}

export const hasFormula = (fn: string): boolean =>
  formulaOf(fn) !== undefined || partOfName(fn) !== undefined;

/** Instructions of a function that is a formula, and whether it has a rare case; 0 for other functions. */
export function weightOf(
  fn: string,
  on: DType,
): { readonly instructions: number; readonly rare: boolean } {
  if (!isFloat(on)) return { instructions: 0, rare: false };
  const part = partOfName(fn);
  const formula = formulaOf(fn);
  const { nodes } =
    part !== undefined
      ? graphOfParts(part.formula)
      : formula === undefined
        ? { nodes: [] }
        : graphOf(formula, on);
  return { instructions: nodes.length, rare: nodes.some(({ op }) => op === "rare") };
}
