/**
 * One evaluation of a scalar program as code: values live in locals from the instruction that makes them to their
 * last use, so that long programs need few locals.
 */
import type { DType } from "../ir/dtype.js";
import { itemSize } from "../ir/dtype.js";
import type { ScalarOp, ScalarProgram } from "../ir/scalar.js";
import type { Code } from "./assembler.js";
import { emitBothParts, partOfName } from "./formula-code.js";
import { emitCall, emitCast, emitLoad, typeOf } from "./scalar-code.js";
import { emitVectorLoad, emitVectorOp, hasLanes, type Vector } from "./vector-code.js";

/** How a walker moves from one lane to the next: not at all, by one element, or by any stride. */
export type Step = "repeated" | "next" | "any";

/** Where loads, indices and constants are found: locals of the kernel. */
export interface Environment {
  readonly operands: readonly number[];
  /** i64 local per index axis. */
  readonly indices: ReadonlyMap<number, number>;
  /** Per constant: its local, scalar or vector as the evaluation is. */
  readonly constants: readonly number[];
  readonly steps: readonly Step[];
  readonly indexSteps: ReadonlyMap<number, Step>;
}

/** A value of the program in a local. Scalars have width 0. */
export type Value = Vector;

/** Instructions that the wanted ones need, with the number of times that each is used. */
export function usesOf(program: ScalarProgram, wanted: readonly number[]): number[] {
  const uses = new Array<number>(program.ops.length).fill(0);
  for (const n of wanted) uses[n] = (uses[n] as number) + 1;
  for (let n = program.ops.length - 1; n >= 0; n--) {
    const op = program.ops[n];
    if (uses[n] === 0 || op === undefined || !("args" in op)) continue;
    for (const arg of op.args) uses[arg] = (uses[arg] as number) + 1;
  }
  return uses;
}

/** Elements per vector: as many as the widest value allows; 0 if vectors would not pay. */
export function lanesOf(program: ScalarProgram, wanted: readonly number[]): number {
  const uses = usesOf(program, wanted);
  let widest = 1;
  let total = 0;
  let byLane = 0;
  program.ops.forEach((op, n) => {
    if (uses[n] === 0) return;
    widest = Math.max(widest, itemSize(op.dtype));
    if (op.op !== "cast" && op.op !== "call") return;
    total++;
    if (!hasLanes(op, (arg) => program.ops[arg]?.dtype as DType)) byLane++;
  });
  const lanes = 16 / widest;
  if (lanes < 2) return 0;
  // Taking vectors apart for a few casts is cheaper than giving up vectors; for most of a program it is not.
  return byLane === 0 || (lanes <= 4 && byLane * 2 <= total) ? lanes : 0;
}

/**
 * Emits one evaluation and answers with the wanted values, in order. `lanes` 0 is scalar; `at` is the distance in
 * elements from where the walkers stand (vectors only). The caller frees what it gets with {@link release}.
 */
export function evaluate(
  c: Code,
  program: ScalarProgram,
  wanted: readonly number[],
  env: Environment,
  lanes: number,
  at: number,
): readonly Value[] {
  const uses = usesOf(program, wanted);
  const values: (Value | undefined)[] = [];
  const partners = partnersOf(program);
  const drop = (args: readonly number[]): void => {
    for (const arg of args) {
      uses[arg] = (uses[arg] as number) - 1;
      if (uses[arg] === 0 && program.ops[arg]?.op !== "const") c.free((values[arg] as Value).local);
    }
  };
  program.ops.forEach((op, n) => {
    if (uses[n] === 0) return;
    if (op.op === "const") {
      const local = env.constants[op.param] as number;
      const width = op.dtype === "bool" && lanes > 0 ? 1 : 0;
      values[n] = { local, dtype: op.dtype, width, repeated: true };
      return;
    }
    let width = 0;
    let repeated = false;
    if (values[n] !== undefined) {
      // The other part of a complex function has brought it along.
      drop("args" in op ? op.args : []);
      return;
    }
    if (op.op === "load") {
      c.get(env.operands[op.operand] as number);
      if (lanes === 0) emitLoad(c, op.dtype, 0);
      else {
        repeated = env.steps[op.operand] === "repeated";
        emitVectorLoad(c, op.dtype, lanes, repeated ? 0 : at * itemSize(op.dtype), repeated);
        width = op.dtype === "bool" ? 1 : 0;
      }
    } else if (op.op === "index") {
      c.get(env.indices.get(op.axis) as number);
      if (lanes > 0) emitIndexLanes(c, env.indexSteps.get(op.axis) === "next", at);
    } else {
      const args = op.args.map((arg) => values[arg] as Value);
      const other = partners.get(n);
      if (other !== undefined && uses[other] !== 0) {
        const locals = args.map((x) => x.local);
        emitBothParts(c, (op as ScalarOp & { op: "call" }).fn, locals, lanes > 0);
        const local = c.keep(lanes > 0 ? "v128" : "f64");
        values[other] = { local, dtype: "float64", width: 0, repeated: false };
      } else if (lanes > 0) width = emitVectorOp(c, op, args, lanes);
      else if (op.op === "cast") emitCast(c, op.from, op.dtype, (args[0] as Value).local);
      else
        emitCall(
          c,
          op.fn,
          op.on,
          args.map((x) => x.local),
        );
      drop(op.args);
    }
    const local = c.keep(lanes > 0 ? "v128" : typeOf(op.dtype));
    values[n] = { local, dtype: op.dtype, width, repeated };
  });
  return wanted.map((n) => values[n] as Value);
}

/**
 * Real and imaginary part of a complex function share most of their work: for the one that comes first, the number of
 * the other.
 */
function partnersOf(program: ScalarProgram): ReadonlyMap<number, number> {
  const partners = new Map<number, number>();
  const first = new Map<string, number>();
  program.ops.forEach((op, n) => {
    if (op.op !== "call" || partOfName(op.fn) === undefined) return;
    const key = `${op.fn.slice(0, -3)}(${op.args.join()})`;
    const known = first.get(key);
    if (known === undefined) first.set(key, n);
    else if (!partners.has(known)) partners.set(known, n);
  });
  return partners;
}

function emitIndexLanes(c: Code, moves: boolean, at: number): void {
  if (moves && at !== 0) c.i64(BigInt(at)).op("i64.add");
  c.op("i64x2.splat");
  if (moves) c.v128(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 1)).op("i64x2.add");
}

/** Frees the values of an evaluation, once each; constants stay. */
export function release(
  c: Code,
  program: ScalarProgram,
  wanted: readonly number[],
  values: readonly Value[],
): void {
  wanted.forEach((n, i) => {
    if (wanted.indexOf(n) === i && program.ops[n]?.op !== "const")
      c.free((values[i] as Value).local);
  });
}
