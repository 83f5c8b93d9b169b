/** Creation functions over virtual data; what each computes is said in `ops/creation.ts`. */
import type { DType } from "../../ir/dtype.js";
import type {
  CreateOptions,
  EyeOptions,
  JsScalar,
  LikeOptions,
  LinspaceOptions,
} from "../../ops/index.js";
import * as ops from "../../ops/index.js";
import { knownNodeOf, type LazyArray, nodeOf, nodesOf, wrap } from "../array.js";
import { anything, type Checks, isBoolean, readOptions, trailing } from "../options.js";
import type { ScalarDType, ShapeLike } from "../types.js";

type Shape = ShapeLike;
type Typed<O, E extends DType> = O & { readonly dtype: E };

const CREATE: Checks<CreateOptions> = { dtype: anything, chunks: anything };
const LIKE: Checks<LikeOptions> = { dtype: anything };

interface New {
  <E extends DType>(shape: Shape, options: Typed<CreateOptions, E>): LazyArray<E>;
  (shape: Shape, options?: CreateOptions): LazyArray<"float64">;
}
/** Zeros. @example zeros([1000, 1000], { dtype: "float32", chunks: [100, -1] }) */
export const zeros: New = ((shape: unknown, options?: unknown) =>
  wrap(ops.zeros(shape, readOptions("zeros", options, CREATE)))) as New;
/** Ones. */
export const ones: New = ((shape: unknown, options?: unknown) =>
  wrap(ops.ones(shape, readOptions("ones", options, CREATE)))) as New;
/** Zeros too: virtual data has no uninitialised memory. */
export const empty: New = ((shape: unknown, options?: unknown) =>
  wrap(ops.empty(shape, readOptions("empty", options, CREATE)))) as New;

interface Full {
  <E extends DType>(
    shape: Shape,
    fillValue: JsScalar,
    options: Typed<CreateOptions, E>,
  ): LazyArray<E>;
  <S extends JsScalar>(
    shape: Shape,
    fillValue: S,
    options?: CreateOptions,
  ): LazyArray<ScalarDType<S>>;
}
/** One value everywhere: float64 for a number, int64 for a bigint, bool for a boolean. */
export const full: Full = ((shape: unknown, fillValue: unknown, options?: unknown) =>
  wrap(ops.full(shape, fillValue as JsScalar, readOptions("full", options, CREATE)))) as Full;

interface Like {
  <E extends DType>(x: LazyArray, options: Typed<LikeOptions, E>): LazyArray<E>;
  <D extends DType>(x: LazyArray<D>, options?: LikeOptions): LazyArray<D>;
}
/** Zeros in the shape, dtype and blocks of `x`. */
export const zerosLike: Like = ((x: unknown, options?: unknown) =>
  wrap(ops.zerosLike(nodeOf("zerosLike", x), readOptions("zerosLike", options, LIKE)))) as Like;
/** Ones in the shape, dtype and blocks of `x`. */
export const onesLike: Like = ((x: unknown, options?: unknown) =>
  wrap(ops.onesLike(nodeOf("onesLike", x), readOptions("onesLike", options, LIKE)))) as Like;
/** Zeros too: virtual data has no uninitialised memory. */
export const emptyLike: Like = ((x: unknown, options?: unknown) =>
  wrap(ops.emptyLike(nodeOf("emptyLike", x), readOptions("emptyLike", options, LIKE)))) as Like;

interface FullLike {
  <E extends DType>(
    x: LazyArray,
    fillValue: JsScalar,
    options: Typed<LikeOptions, E>,
  ): LazyArray<E>;
  <D extends DType>(x: LazyArray<D>, fillValue: JsScalar, options?: LikeOptions): LazyArray<D>;
}
/** One value in the shape, dtype and blocks of `x`. */
export const fullLike: FullLike = ((x: unknown, fillValue: unknown, options?: unknown) =>
  wrap(
    ops.fullLike(
      nodeOf("fullLike", x),
      fillValue as JsScalar,
      readOptions("fullLike", options, LIKE),
    ),
  )) as FullLike;

interface ArangeOptions extends CreateOptions {
  readonly stop?: number | bigint | undefined;
  readonly step?: number | bigint | undefined;
}
interface Arange {
  <E extends DType>(start: number | bigint, options: Typed<ArangeOptions, E>): LazyArray<E>;
  <E extends DType>(
    start: number | bigint,
    stop: number | bigint,
    options: Typed<ArangeOptions, E>,
  ): LazyArray<E>;
  <E extends DType>(
    start: number | bigint,
    stop: number | bigint,
    step: number | bigint,
    options: Typed<CreateOptions, E>,
  ): LazyArray<E>;
  (start: bigint, stop?: bigint, step?: bigint, options?: CreateOptions): LazyArray<"int64">;
  (start: number, options?: ArangeOptions): LazyArray<"float64">;
  (start: number, stop: number, options?: ArangeOptions): LazyArray<"float64">;
  (start: number, stop: number, step: number, options?: CreateOptions): LazyArray<"float64">;
}
/**
 * `start, start + step, ...` up to but without `stop`; with one bound from 0 up to it. float64 for numbers, int64
 * for bigints.
 *
 * @example arange(0, 10, 2) // [0, 2, 4, 6, 8]
 */
export const arange: Arange = ((start: unknown, ...args: unknown[]) => {
  const { values, options } = trailing("arange", ["stop", "step"], args);
  const [stop, step] = values as [number | undefined, number | undefined];
  return wrap(ops.arange(start as number, stop, step, readOptions("arange", options, CREATE)));
}) as Arange;

interface Linspace {
  <E extends DType>(
    start: number,
    stop: number,
    num: number,
    options: Typed<LinspaceOptions, E>,
  ): LazyArray<E>;
  (start: number, stop: number, num: number, options?: LinspaceOptions): LazyArray<"float64">;
}
/** `num` evenly spaced numbers; the last one is exactly `stop`, or left out with `endpoint: false`. */
export const linspace: Linspace = ((start: number, stop: number, num: number, options?: unknown) =>
  wrap(
    ops.linspace(
      start,
      stop,
      num,
      readOptions<LinspaceOptions>("linspace", options, { ...CREATE, endpoint: isBoolean }),
    ),
  )) as Linspace;

interface Eye {
  <E extends DType>(nRows: number, nCols: number, options: Typed<EyeOptions, E>): LazyArray<E>;
  <E extends DType>(
    nRows: number,
    options: Typed<EyeOptions & { readonly nCols?: number | undefined }, E>,
  ): LazyArray<E>;
  (nRows: number, nCols?: number, options?: EyeOptions): LazyArray<"float64">;
  (
    nRows: number,
    options?: EyeOptions & { readonly nCols?: number | undefined },
  ): LazyArray<"float64">;
}
/** Ones on diagonal `k` (0: the main one), zeros elsewhere. */
export const eye: Eye = ((nRows: number, ...args: unknown[]) => {
  const { values, options } = trailing("eye", ["nCols"], args);
  return wrap(
    ops.eye(
      nRows,
      (values[0] ?? undefined) as number | undefined,
      readOptions<EyeOptions>("eye", options, { ...CREATE, k: anything }),
    ),
  );
}) as Eye;

interface Diagonal {
  readonly k?: number | undefined;
}
/** The lower triangle of the last two axes, up to diagonal `k`; zeros elsewhere. */
export const tril = <D extends DType>(x: LazyArray<D>, options?: Diagonal): LazyArray<D> =>
  wrap(ops.tril(knownNodeOf("tril", x), readOptions<Diagonal>("tril", options, { k: anything })));
/** The upper triangle of the last two axes, from diagonal `k`; zeros elsewhere. */
export const triu = <D extends DType>(x: LazyArray<D>, options?: Diagonal): LazyArray<D> =>
  wrap(ops.triu(knownNodeOf("triu", x), readOptions<Diagonal>("triu", options, { k: anything })));

interface Meshgrid {
  (
    ...args: readonly [...LazyArray[], { readonly indexing?: "xy" | "ij" | undefined }]
  ): LazyArray[];
  (...arrays: readonly LazyArray[]): LazyArray[];
}
/** Coordinate arrays of the grid that 1-d arrays span. @example meshgrid(x, y, { indexing: "ij" }) */
export const meshgrid: Meshgrid = ((...args: unknown[]) => {
  const last = args.at(-1);
  const hasOptions =
    typeof last === "object" && last !== null && Object.getPrototypeOf(last) === Object.prototype;
  const options = readOptions<{ indexing?: "xy" | "ij" }>(
    "meshgrid",
    hasOptions ? last : undefined,
    { indexing: anything },
  );
  const arrays = nodesOf("meshgrid", hasOptions ? args.slice(0, -1) : args);
  return ops.meshgrid(arrays, options).map((n) => wrap(n));
}) as Meshgrid;
