/**
 * Guards: conditions in a scalar program on which it depends whether operands matter. Where a mask is false throughout
 * a block, `where(mask, x, 0)` is 0 whatever `x` is, and `x` need not be read.
 *
 * Only what holds bit for bit counts: the branch of a `where` that is not taken, the other side of a false `and`, of a
 * true `or`, of a product of integers with 0. A product of floats with 0 is NaN where the other side is infinite.
 */
import { type DType, isComplex, isFloat } from "./dtype.js";
import type { ScalarOp, ScalarProgram } from "./scalar.js";

/** A condition that is looked at before the operands that it can make superfluous are read. */
export interface Guard {
  /** Op of the program. */
  readonly op: number;
  /** Operands of the program below the condition. */
  readonly operands: readonly number[];
  /** Operands that nothing depends on if it is false (0) everywhere in a block, and if it is true everywhere. */
  readonly ifFalse: readonly number[];
  readonly ifTrue: readonly number[];
}

/** What is known of ops: true means that no element is 0, false that all are. */
export type Facts = ReadonlyMap<number, boolean>;

/** What the values of a program depend on. */
export interface Dependence {
  readonly operands: ReadonlySet<number>;
  /** Whether it looks at positions. */
  readonly indexed: boolean;
}

/** Guards that a stage looks at, and conditions that are tried to find them: a look costs a task some microseconds. */
const MOST_GUARDS = 8;
const MOST_TRIED = 32;

const NOTHING: Facts = new Map();
const isWhole = (dtype: DType): boolean => !isFloat(dtype) && !isComplex(dtype);

/** For ops with a side that can make the others superfluous: which sides, and whether by being true or false. */
function deciders(op: ScalarOp): { readonly args: readonly number[]; readonly when: boolean } {
  if (op.op === "call" && isWhole(op.on)) {
    if (op.fn === "bitwiseAnd" || op.fn === "multiply") return { args: op.args, when: false };
    if (op.fn === "bitwiseOr" && op.on === "bool") return { args: op.args, when: true };
  }
  return { args: [], when: false };
}

/** Facts with what follows from them. */
export function derived({ ops }: ScalarProgram, facts: Facts): Facts {
  const all = new Map(facts);
  ops.forEach((op, n) => {
    if (all.has(n)) return;
    const { args, when } = deciders(op);
    if (args.some((a) => all.get(a) === when)) all.set(n, when);
    if (op.op === "call" && op.fn === "bitwiseInvert" && op.on === "bool") {
      const of = all.get(op.args[0] as number);
      if (of !== undefined) all.set(n, !of);
    }
    // 0 is 0 in every dtype; other numbers may become 0.
    if (op.op === "cast" && isWhole(op.from) && isWhole(op.dtype)) {
      const of = all.get(op.args[0]);
      if (of === false || (of === true && op.from === "bool")) all.set(n, of);
    }
  });
  return all;
}

/** What ops `values` depend on where `facts` (with all that follows from them) hold. */
export function dependence(
  { ops }: ScalarProgram,
  values: readonly number[],
  facts: Facts = NOTHING,
): Dependence {
  const needed = new Uint8Array(ops.length);
  for (const v of values) needed[v] = 1;
  const operands = new Set<number>();
  let indexed = false;
  for (let n = ops.length - 1; n >= 0; n--) {
    if (needed[n] === 0) continue;
    const op = ops[n] as ScalarOp;
    if (op.op === "load") operands.add(op.operand);
    else if (op.op === "index") indexed = true;
    else if (op.op !== "const") for (const a of remaining(op, facts)) needed[a] = 1;
  }
  return { operands, indexed };
}

/** The arguments on which an op depends. */
function remaining(
  op: Extract<ScalarOp, { readonly args: unknown }>,
  facts: Facts,
): readonly number[] {
  if (op.op === "call" && op.fn === "where") {
    const [condition, a, b] = op.args as readonly [number, number, number];
    const known = facts.get(condition);
    return known === undefined ? op.args : [known ? a : b];
  }
  const { args, when } = deciders(op);
  return args.some((a) => facts.get(a) === when) ? [] : op.args;
}

/** The guards of a program of which `values` are wanted; `dear` says of which operands it is worth not to read them. */
export function guardsOf(
  program: ScalarProgram,
  values: readonly number[],
  dear: (operand: number) => boolean,
): readonly Guard[] {
  const conditions = new Set<number>();
  program.ops.forEach((op) => {
    if (op.op === "call" && op.fn === "where") conditions.add(op.args[0] as number);
    for (const a of deciders(op).args) conditions.add(a);
  });
  if (conditions.size === 0) return [];
  const all = [...dependence(program, values).operands].filter(dear);
  const guards: Guard[] = [];
  // Inner conditions come first: those around them may be decided with them.
  const tried = [...conditions]
    .filter((n) => program.ops[n]?.op !== "const")
    .sort((a, b) => a - b)
    .slice(0, MOST_TRIED);
  for (const op of all.length === 0 ? [] : tried) {
    const operands = [...dependence(program, [op]).operands];
    const without = (fact: boolean): readonly number[] => {
      const left = dependence(program, values, derived(program, new Map([[op, fact]])));
      return all.filter((n) => !left.operands.has(n) && !operands.includes(n));
    };
    const guard = { op, operands, ifFalse: without(false), ifTrue: without(true) };
    if (guard.ifFalse.length + guard.ifTrue.length > 0) guards.push(guard);
    if (guards.length === MOST_GUARDS) break;
  }
  return guards;
}

/** The part of a program that makes op `value`, its last op; `operands` are those of the whole program. */
export function programFor(
  { ops, constants }: ScalarProgram,
  value: number,
): { readonly program: ScalarProgram; readonly operands: readonly number[] } {
  const needed = new Uint8Array(ops.length);
  needed[value] = 1;
  for (let n = value; n >= 0; n--) {
    const op = ops[n] as ScalarOp;
    if (needed[n] === 1 && "args" in op) for (const a of op.args) needed[a] = 1;
  }
  const operands: number[] = [];
  const numbers = new Map<number, number>();
  const kept: ScalarOp[] = [];
  for (let n = 0; n <= value; n++) {
    if (needed[n] === 0) continue;
    const op = ops[n] as ScalarOp;
    numbers.set(n, kept.length);
    if (op.op === "load") {
      if (!operands.includes(op.operand)) operands.push(op.operand);
      kept.push({ ...op, operand: operands.indexOf(op.operand) });
    } else if ("args" in op) {
      kept.push({ ...op, args: op.args.map((a) => numbers.get(a)) } as ScalarOp);
    } else kept.push(op);
  }
  return { program: { ops: kept, constants }, operands };
}
