/** The blocks that built-in block functions read and write: strided, in place, in whatever memory they lie. */
import type { DType, TypedArray } from "../../ir/dtype.js";

/** Strides and offset count elements; a complex element takes two slots of `data`. */
export interface BuiltInBlock {
  readonly data: TypedArray;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
  readonly offset: number;
  readonly dtype: DType;
  /** Where the block starts in its array. */
  readonly lo: readonly number[];
}

/**
 * A built-in block function writes every element of its output blocks and keeps nothing. `params` is the plain data
 * that its node was built with.
 *
 * @throws IndexError, ShapeError: what only values can tell; they reach the user as they are.
 */
export type BuiltIn = (
  inputs: readonly BuiltInBlock[],
  outputs: readonly BuiltInBlock[],
  params: unknown,
) => void;
