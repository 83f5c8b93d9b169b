/**
 * The language of formulas: the instructions that processors have on 64-bit lanes, as an interface. A formula is
 * written once, generic in what a value is, and is instantiated three times: recorded as a graph (`graph.ts`) that
 * kernels emit for vectors and for single elements, and run on plain numbers by the reference interpreter.
 *
 * Every operation is exact or rounded once by IEEE 754, so that all instantiations agree bit for bit. There are no
 * branches: both sides are computed and one is selected; what is too costly for that is {@link Ops.rare}.
 *
 * The sign and payload of a NaN differ between processors: a formula must not let the bits of a NaN decide anything.
 */

import type { Table } from "./tables.js";

/** `F` is a float64, `I` a 64-bit integer (arithmetic is modulo 2^64), `M` a truth value. */
export interface Ops<F, I, M> {
  float(value: number): F;
  integer(value: bigint): I;

  add(a: F, b: F): F;
  subtract(a: F, b: F): F;
  multiply(a: F, b: F): F;
  divide(a: F, b: F): F;
  sqrt(a: F): F;
  negate(a: F): F;
  abs(a: F): F;
  /** To the nearest integer, ties to even. */
  nearest(a: F): F;
  floor(a: F): F;
  trunc(a: F): F;
  /** `b < a ? b : a`; one instruction, where the IEEE minimum takes several. */
  lesser(a: F, b: F): F;
  /** `a < b ? b : a` */
  greater(a: F, b: F): F;

  less(a: F, b: F): M;
  lessEqual(a: F, b: F): M;
  equal(a: F, b: F): M;
  notEqual(a: F, b: F): M;
  and(a: M, b: M): M;
  or(a: M, b: M): M;
  not(a: M): M;
  select(condition: M, a: F, b: F): F;
  selectInteger(condition: M, a: I, b: I): I;

  /** The bits of a float as an integer, and back. */
  bits(a: F): I;
  fromBits(a: I): F;
  addInteger(a: I, b: I): I;
  subtractInteger(a: I, b: I): I;
  andInteger(a: I, b: I): I;
  orInteger(a: I, b: I): I;
  xorInteger(a: I, b: I): I;
  shiftLeft(a: I, count: number): I;
  shiftRight(a: I, count: number): I;
  equalInteger(a: I, b: I): M;
  /** Signed. */
  lessInteger(a: I, b: I): M;

  /** Two floats of a table, `at + skipped` bytes from its start, which must be a multiple of 16 and inside. */
  lookup(table: Table, at: I, skipped?: number): readonly [F, F];

  /**
   * `otherwise`, except where `condition` holds: there it is another formula, for all lanes at once, or the function of
   * that name in `rare.ts`, called for one element at a time. For what hardly ever occurs; where it does, the element
   * takes some 100 ns if it is a function, and little more than the other formula if it is one.
   */
  rare(condition: M, special: string | Unary, args: readonly F[], otherwise: F): F;
}

export type Unary = <F, I, M>(o: Ops<F, I, M>, x: F) => F;
export type Binary = <F, I, M>(o: Ops<F, I, M>, x: F, y: F) => F;

/**
 * The two forms of a function. The float32 form takes float32 values as float64 and its result is rounded to float32
 * once: it needs no more than some 30 bits, so its polynomials are short and nothing is computed in two parts.
 */
export interface Formula<T extends Unary | Binary = Unary | Binary> {
  readonly arity: 1 | 2;
  readonly float64: T;
  readonly float32: T;
}
/** Real and imaginary part. */
export type Pair<F> = readonly [F, F];

/**
 * A complex function as one of the parts of its arguments, in float64: two for one argument, four for two. What is out
 * of the ordinary (infinite, NaN, near overflow) is left to `complex-math.ts` through `rare`.
 */
export interface ComplexFormula {
  readonly arity: 2 | 4;
  readonly parts: <F, I, M>(o: Ops<F, I, M>, a: F, b: F, c: F, d: F) => Pair<F>;
}

export type FormulaTable = Readonly<Record<string, Formula>>;

export const unary = (float64: Unary, float32: Unary): Formula<Unary> => ({
  arity: 1,
  float64,
  float32,
});
export const binary = (float64: Binary, float32: Binary): Formula<Binary> => ({
  arity: 2,
  float64,
  float32,
});
