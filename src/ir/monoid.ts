/**
 * The monoids of `reduce`: their state, how two states merge, and how a state becomes the result. Merging and
 * finishing are scalar programs, so kernels and reference share them.
 *
 * Moments follow Chan, Golub & LeVeque (1983): a state is (mean, M2); the counts are known from geometry.
 *
 * A dot is a sum of real float products: the same state, filled in another order inside a leaf (`leaves.ts`).
 *
 * Complex sums and moments are those of the real and of the imaginary parts: their states stand one after the other,
 * and the variance, the mean of |x - mean|^2, is the sum of both. Complex products have a state of two parts and are
 * multiplied as complex128, in the order of sums. All parts are float64.
 */
import { InternalError } from "../errors.js";
import { type DType, isComplex, isFloat, kindOf } from "./dtype.js";
import {
  arg,
  call,
  cast,
  constant,
  type Scalar,
  type ScalarConstant,
  type ScalarOp,
  type ScalarProgram,
} from "./scalar.js";

export type MonoidName =
  | "sum"
  | "dot"
  | "prod"
  | "min"
  | "max"
  | "any"
  | "all"
  | "count"
  | "argmin"
  | "argmax"
  | "mean"
  | "var"
  | "std";

/** What a leaf kernel accumulates; mean shares the state of sum, var and std that of moments. */
export type LeafMonoid =
  | "sum"
  | "dot"
  | "prod"
  | "min"
  | "max"
  | "any"
  | "all"
  | "count"
  | "argmin"
  | "argmax"
  | "moments";

export const leafMonoidOf = (name: MonoidName): LeafMonoid =>
  name === "mean" ? "sum" : name === "var" || name === "std" ? "moments" : name;

/** Whether the state is that of the two parts of complex elements. */
const hasParts = (monoid: LeafMonoid, on: DType): boolean =>
  isComplex(on) && (monoid === "sum" || monoid === "prod" || monoid === "moments");

/** Dtypes of the state arrays. `on` is the dtype of the elements that enter. */
export function stateDTypes(monoid: LeafMonoid, on: DType): readonly DType[] {
  if (hasParts(monoid, on)) {
    return new Array<DType>(monoid === "moments" ? 4 : 2).fill("float64");
  }
  switch (monoid) {
    case "dot":
      return ["float64"];
    case "sum":
    case "prod":
      return [isFloat(on) ? "float64" : kindOf(on) === "uint" ? "uint64" : "int64"];
    case "min":
    case "max":
      return [on];
    case "any":
    case "all":
      return ["bool"];
    case "count":
      return ["int64"];
    case "argmin":
    case "argmax":
      return [on, "int64"];
    case "moments":
      return ["float64", "float64"];
  }
}

/** True when a reduction over no elements has a value. */
export const hasIdentity = (name: MonoidName): boolean =>
  name !== "min" && name !== "max" && name !== "argmin" && name !== "argmax";

/**
 * `merge(a, b)` as trees over the states of `a` (args 0..k-1) and `b` (args k..2k-1). For moments, args 2k and
 * 2k+1 are the counts of `a` and `b` as float64.
 */
export function mergeTrees(monoid: LeafMonoid, on: DType): readonly Scalar[] {
  const state = stateDTypes(monoid, on);
  if (hasParts(monoid, on)) return mergeComplex(monoid, state.length);
  const d0 = state[0] as DType;
  const a = arg(0, d0);
  const b = arg(state.length, d0);
  switch (monoid) {
    case "sum":
    case "dot":
    case "count":
      return [call("add", d0, a, b)];
    case "prod":
      return [call("multiply", d0, a, b)];
    case "min":
      return [call("minimum", d0, a, b)];
    case "max":
      return [call("maximum", d0, a, b)];
    case "any":
      return [call("bitwiseOr", "bool", a, b)];
    case "all":
      return [call("bitwiseAnd", "bool", a, b)];
    case "argmin":
    case "argmax": {
      const ia = arg(1, "int64");
      const ib = arg(3, "int64");
      const or = (x: Scalar, y: Scalar): Scalar => call("bitwiseOr", "bool", x, y);
      const and = (x: Scalar, y: Scalar): Scalar => call("bitwiseAnd", "bool", x, y);
      const better = call(monoid === "argmax" ? "greater" : "less", d0, b, a);
      const earlier = call("less", "int64", ib, ia);
      let takeB = or(better, and(call("equal", d0, a, b), earlier));
      if (isFloat(on)) {
        const nanA = call("isnan", d0, a);
        const nanB = call("isnan", d0, b);
        const notNanA = call("bitwiseInvert", "bool", nanA);
        takeB = or(and(takeB, notNanA), and(nanB, or(notNanA, earlier)));
      }
      return [call("where", d0, takeB, b, a), call("where", "int64", takeB, ib, ia)];
    }
    case "moments": {
      return mergeMoments(0, 2);
    }
  }
}

/** Moments whose states begin at arg `first` of states of `size` components. */
function mergeMoments(first: number, size: number): readonly Scalar[] {
  const f = "float64";
  const [ma, qa] = [arg(first, f), arg(first + 1, f)];
  const [mb, qb] = [arg(size + first, f), arg(size + first + 1, f)];
  const [na, nb] = [arg(2 * size, f), arg(2 * size + 1, f)];
  const n = call("add", f, na, nb);
  const delta = call("subtract", f, mb, ma);
  const mean = call("add", f, ma, call("multiply", f, delta, call("divide", f, nb, n)));
  const weight = call("divide", f, call("multiply", f, na, nb), n);
  const square = call("multiply", f, delta, delta);
  const m2 = call("add", f, call("add", f, qa, qb), call("multiply", f, square, weight));
  return [mean, m2];
}

function mergeComplex(monoid: LeafMonoid, size: number): readonly Scalar[] {
  if (monoid === "moments") return [...mergeMoments(0, size), ...mergeMoments(2, size)];
  const f = "float64";
  const [a, b, c, d] = [arg(0, f), arg(1, f), arg(2, f), arg(3, f)];
  if (monoid === "sum") return [call("add", f, a, c), call("add", f, b, d)];
  const times = (x: Scalar, y: Scalar): Scalar => call("multiply", f, x, y);
  return [call("subtract", f, times(a, c), times(b, d)), call("add", f, times(a, d), times(b, c))];
}

/**
 * The result as a tree over the states. `count` is the number of elements reduced, `dtype` the dtype of the
 * result.
 */
export function finishTree(
  name: MonoidName,
  on: DType,
  dtype: DType,
  count: number,
  correction: number,
): Scalar {
  const f = "float64";
  const state = stateDTypes(leafMonoidOf(name), on);
  const over = (i: number): Scalar => call("divide", f, arg(i, f), constant(count, f));
  const pair = (re: Scalar, im: Scalar): Scalar => cast(call("complex", f, re, im), dtype);
  switch (name) {
    case "argmin":
    case "argmax":
      return cast(arg(1, "int64"), dtype);
    case "mean":
      return isComplex(on) ? pair(over(0), over(1)) : cast(over(0), dtype);
    case "var":
    case "std": {
      // NumPy: a correction >= n divides by 0 and gives nan or inf, not an error.
      const freedom = constant(Math.max(0, count - correction), f);
      const m2 = isComplex(on) ? call("add", f, arg(1, f), arg(3, f)) : arg(1, f);
      const variance = call("divide", f, m2, freedom);
      return cast(name === "std" ? call("sqrt", f, variance) : variance, dtype);
    }
    default:
      return hasParts(leafMonoidOf(name), on)
        ? pair(arg(0, f), arg(1, f))
        : cast(arg(0, state[0] as DType), dtype);
  }
}

/** State of no elements, for monoids that have one; min, max and arg- reductions refuse empty axes. */
export function identityState(monoid: LeafMonoid, on: DType): readonly ScalarConstant[] {
  const state = stateDTypes(monoid, on);
  if (hasParts(monoid, on)) {
    const part = identityState(monoid, "float64");
    return monoid === "prod" ? [...part, constant(0, "float64")] : [...part, ...part];
  }
  switch (monoid) {
    case "sum":
    case "dot":
    case "count":
    case "any":
      return [constant(0, state[0] as DType)];
    case "prod":
    case "all":
      return [constant(1, state[0] as DType)];
    case "moments":
      // 0/0: the mean of nothing.
      return [constant(Number.NaN, "float64"), constant(0, "float64")];
    default:
      throw new InternalError(`${monoid} of no elements has no state`);
  }
}

/** Flattens trees to one program with common subexpressions shared; `results[i]` is the op of `trees[i]`. */
export function programOf(trees: readonly Scalar[]): {
  readonly program: ScalarProgram;
  readonly results: readonly number[];
} {
  const builder = new ProgramBuilder();
  const results = trees.map((tree) => builder.add(tree));
  return { program: builder.program(), results };
}

/** More instructions than a program ever has: two of their numbers, and one of three, make one exact integer. */
const MOST_NUMBERS = 2 ** 17;
/** So many instructions have numbers of which three fit into a small integer, which is found faster. */
const FEW_NUMBERS = 2 ** 10;

/** Instructions of one kind and dtype by their arguments. */
type ByArguments = Map<number, number>;

/** Tables by two names: two lookups instead of a string made for each. */
class NamedTables {
  readonly #tables = new Map<string, Map<string, ByArguments>>();

  of(name: string, on: string): ByArguments {
    let tables = this.#tables.get(name);
    if (tables === undefined) {
      tables = new Map();
      this.#tables.set(name, tables);
    }
    let table = tables.get(on);
    if (table === undefined) {
      table = new Map();
      tables.set(on, table);
    }
    return table;
  }
}

function argumentsKey(args: readonly number[]): number {
  let few = 0;
  let many = 0;
  let small = args.length <= 3;
  for (const n of args) {
    few = few * FEW_NUMBERS + n;
    many = many * MOST_NUMBERS + n;
    small &&= n < FEW_NUMBERS;
  }
  return small ? few : -many;
}

function keyOf(op: ScalarOp): number {
  switch (op.op) {
    case "load":
      return op.operand;
    case "const":
      return op.param;
    case "index":
      return op.axis;
    default:
      return argumentsKey(op.args);
  }
}

/** Builds a {@link ScalarProgram}; equal instructions are shared. */
export class ProgramBuilder {
  readonly ops: ScalarOp[] = [];
  readonly constants: ScalarConstant[] = [];
  readonly #known = new NamedTables();
  readonly #params = new Map<DType, Map<string, number>>();

  emit(op: ScalarOp): number {
    const table = this.#tableOf(op);
    const key = keyOf(op);
    let n = table.get(key);
    if (n === undefined) {
      n = this.ops.push(op) - 1;
      if (n >= MOST_NUMBERS) throw new InternalError("a program of too many instructions");
      table.set(key, n);
    }
    return n;
  }

  /** Where an instruction is remembered. */
  #tableOf(op: ScalarOp): ByArguments {
    if (op.op === "call") return this.#known.of(op.fn, op.on);
    return op.op === "cast" ? this.#known.of(op.dtype, op.from) : this.#known.of(op.op, "");
  }

  constant(c: ScalarConstant): number {
    let table = this.#params.get(c.dtype);
    if (table === undefined) {
      table = new Map();
      this.#params.set(c.dtype, table);
    }
    let param = table.get(c.bits);
    if (param === undefined) {
      param = this.constants.push({ dtype: c.dtype, bits: c.bits }) - 1;
      table.set(c.bits, param);
    }
    return this.emit({ op: "const", param, dtype: c.dtype });
  }

  /**
   * Adds a tree. `leaf` says what an argument or index leaf is; by default argument i is operand i and an
   * index is the loop axis of the same number. Trees are shallow (one per user call), so recursion is safe.
   */
  add(
    tree: Scalar,
    leaf: (tree: Scalar & { kind: "arg" | "index" }) => number = (t) =>
      this.emit(
        t.kind === "arg"
          ? { op: "load", operand: t.index, dtype: t.dtype }
          : { op: "index", axis: t.axis, dtype: "int64" },
      ),
  ): number {
    switch (tree.kind) {
      case "arg":
      case "index":
        return leaf(tree);
      case "const":
        return this.constant(tree);
      case "cast":
        return this.emit({
          op: "cast",
          dtype: tree.dtype,
          from: tree.from,
          args: [this.add(tree.arg, leaf)],
        });
      case "call":
        return this.emit({
          op: "call",
          fn: tree.fn,
          on: tree.on,
          dtype: tree.dtype,
          args: tree.args.map((t) => this.add(t, leaf)),
        });
    }
  }

  program(): ScalarProgram {
    return { ops: this.ops, constants: this.constants };
  }
}
