/** The types of block functions: what they are called with, dtype by dtype. */
import type { ArrayFor, DType, ElementFor } from "../ir/dtype.js";
import type {
  ModuleFunction,
  ReductionOptions as OpsReductionOptions,
  ScanOptions as OpsScanOptions,
} from "../ops/index.js";

/**
 * What a block function gets for each array. Strides and offset count elements; a complex element takes two slots of
 * `data`. Blocks are row-major copies, valid during the call: one that is kept is empty afterwards.
 */
export interface Block<D extends DType = DType> {
  readonly data: ArrayFor<D>;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
  readonly offset: number;
  readonly dtype: D;
  /** Number of elements. */
  readonly size: number;
  /** Number of axes. */
  readonly dimension: number;
  /** Number of an element, in elements of `data`. */
  index(...position: readonly number[]): number;
  get(...position: readonly number[]): ElementFor<D>;
  /** The position, then the value. */
  set(...positionAndValue: readonly (number | ElementFor<D>)[]): ElementFor<D>;
}

/** The last argument of a block function. */
export interface BlockInfo<P = unknown> {
  /** Position of the block in the grid of the result. */
  readonly blockId: readonly number[];
  /** Where the result's block starts, and its shape. */
  readonly offset: readonly number[];
  readonly shape: readonly number[];
  readonly params: P;
  /** Aborted when the computation is. */
  readonly signal: AbortSignal;
}

/** A block function by its arguments; parameters may be annotated more narrowly than the arrays say. */
export type FunctionOf<B extends readonly unknown[], I> = {
  call(...args: [...blocks: B, info: I]): unknown;
}["call"];

/** What functions of a reduction are told beside their place. */
export interface ReductionInfo<P = unknown> extends BlockInfo<P> {
  /** The reduced axes, ascending. */
  readonly axes: readonly number[];
}
/** What functions of a scan are told beside their place. */
export interface ScanInfo<P = unknown> extends BlockInfo<P> {
  readonly axis: number;
}

type DTypeBlocks<E extends DType | readonly DType[]> = E extends readonly DType[]
  ? { -readonly [K in keyof E]: Block<E[K] & DType> }
  : [Block<E & DType>];

export interface ReductionOptions<
  D extends DType = DType,
  E extends DType = DType,
  Q extends DType | readonly DType[] = DType,
  P = unknown,
> extends Omit<OpsReductionOptions, "chunk" | "combine" | "aggregate" | "params" | "dtype"> {
  /** `(block, info) -> partial`, of length 1 along the reduced axes; several partials as a list. */
  readonly chunk: FunctionOf<[Block<D>], ReductionInfo<P>> | ModuleFunction;
  /**
   * `(...partials, info) -> partial`: neighbours side by side along the reduced axes become one. Without it
   * `aggregate` gets all partials of its block at once.
   */
  readonly combine?: FunctionOf<DTypeBlocks<Q>, ReductionInfo<P>> | ModuleFunction | undefined;
  /** `(...partials, info) -> result`, of length 1 along the reduced axes. */
  readonly aggregate: FunctionOf<DTypeBlocks<Q>, ReductionInfo<P>> | ModuleFunction;
  readonly dtype?: E | undefined;
  readonly partialDtype?: Q | undefined;
  readonly params?: P;
}

export interface ScanOptions<D extends DType = DType, E extends DType = DType, P = unknown>
  extends Omit<OpsScanOptions, "block" | "combine" | "total" | "params" | "dtype"> {
  /** `(block, info) -> block`: the scan of one block by itself. */
  readonly block: FunctionOf<[Block<D>], ScanInfo<P>> | ModuleFunction;
  /**
   * `(carry, block, info) -> block`: a scanned block, given the state of everything before it, which has length 1
   * along the axis. Two states are combined by it as well: it must be associative.
   */
  readonly combine: FunctionOf<[Block<E>, Block<E>], ScanInfo<P>> | ModuleFunction;
  /** `(block, info) -> state`, of length 1 along the axis; default: the last slice of the scanned block. */
  readonly total?: FunctionOf<[Block<D>], ScanInfo<P>> | ModuleFunction | undefined;
  readonly dtype?: E | undefined;
  readonly params?: P;
}
