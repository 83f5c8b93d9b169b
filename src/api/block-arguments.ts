/** The types of block functions over arrays: what each array means for their arguments and results. */
import type { DType, ElementFor } from "../ir/dtype.js";
import type { LazyArray } from "./array.js";
import type { Block, BlockInfo, FunctionOf } from "./block-types.js";

export type DTypeOf<A> = A extends LazyArray<infer D> ? D : DType;
export type Blocks<T extends readonly LazyArray[]> = {
  -readonly [K in keyof T]: Block<DTypeOf<T[K]>>;
};
/** Blocks first, then one object with `blockId, offset, shape, params, signal`; returns the new block, or several. */
export type BlockFunction<
  T extends readonly LazyArray[] = readonly LazyArray[],
  P = unknown,
> = FunctionOf<Blocks<T>, BlockInfo<P>>;

/** One array per dtype. */
export type ArraysOf<E extends readonly DType[]> = { -readonly [K in keyof E]: LazyArray<E[K]> };

export type Arrays = readonly [LazyArray, ...LazyArray[]];

// ------------------------------------------------------------------------------------------- signatures

type Trim<S extends string> = S extends ` ${infer R}`
  ? Trim<R>
  : S extends `${infer R} `
    ? Trim<R>
    : S;
type Arguments<S extends string> = S extends `${string}(${infer A})${infer R}`
  ? [Trim<A>, ...Arguments<R>]
  : [];
type InputsOf<S extends string> = S extends `${infer I}->${string}` ? Arguments<I> : [];
type OutputsOf<S extends string> = S extends `${string}->${infer O}` ? Arguments<O> : [];

/** Blocks, or with `vectorize` the elements of arrays without core dimensions. */
export type GufuncArguments<
  S extends string,
  T extends readonly LazyArray[],
  V extends boolean | undefined,
> = V extends true
  ? {
      -readonly [K in keyof T]: K extends keyof InputsOf<S>
        ? InputsOf<S>[K] extends ""
          ? ElementFor<DTypeOf<T[K]>>
          : Block<DTypeOf<T[K]>>
        : Block<DTypeOf<T[K]>>;
    }
  : Blocks<T>;

type Named<E, K> = E extends readonly DType[]
  ? K extends keyof E
    ? E[K] & DType
    : DType
  : E & DType;
type ResultsOf<O extends readonly string[], E> = {
  -readonly [K in keyof O]: LazyArray<Named<E, K>>;
};
/** One array, or a tuple where the signature has several results. */
export type GufuncResult<S extends string, E> = string extends S
  ? LazyArray | LazyArray[]
  : OutputsOf<S> extends readonly [string]
    ? LazyArray<Named<E, "0">>
    : ResultsOf<OutputsOf<S>, E>;
