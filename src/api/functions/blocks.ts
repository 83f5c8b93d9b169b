/** Block functions and kernels; what each computes is said in `ops/blocks/`. */
import { OptionError } from "../../errors.js";
import { pickNode } from "../../ir/build.js";
import type { DType } from "../../ir/dtype.js";
import type { Node } from "../../ir/node.js";
import type * as ops from "../../ops/index.js";
import {
  type BlockOptions,
  type BlockwiseOptions,
  type CallOptions,
  type GufuncOptions,
  type Labels,
  type ModuleFunction,
  type Operand,
  valueText,
} from "../../ops/index.js";
import { type ArrayOrScalar, knownNodeOf, LazyArray, nodesOf, operandOf, wrap } from "../array.js";
import type {
  Arrays,
  ArraysOf,
  BlockFunction,
  DTypeOf,
  GufuncArguments,
  GufuncResult,
} from "../block-arguments.js";
import type {
  Block,
  BlockInfo,
  FunctionOf,
  ReductionOptions,
  ScanOptions,
} from "../block-types.js";
import { blockOps } from "../engine.js";
import { anything, type Checks, isBoolean, readOptions } from "../options.js";
import { checkSelfContained } from "../self-contained.js";

/** Params by type, so that functions know theirs. */
type With<O, P> = Omit<O, "params"> & { readonly params?: P };

const CALL: Checks<CallOptions> = {
  params: anything,
  name: anything,
  inputs: anything,
  scratchBytes: anything,
};
const MAP: Checks<BlockOptions> = {
  dtype: anything,
  ...CALL,
  chunks: anything,
  dropAxis: anything,
  newAxis: anything,
};
const WISE: Checks<BlockwiseOptions> = {
  dtype: anything,
  ...CALL,
  newAxes: anything,
  adjustChunks: anything,
};
const GUFUNC: Checks<GufuncOptions> = {
  outputDtypes: anything,
  ...CALL,
  axes: anything,
  axis: anything,
  keepdims: isBoolean,
  outputSizes: anything,
  vectorize: isBoolean,
  allowRechunk: isBoolean,
};

/** Arrays, and the options behind them if there are any. */
function split(args: readonly unknown[], isLast: (value: unknown) => boolean) {
  const last = args.at(-1);
  return args.length === 0 || isLast(last)
    ? { list: args, options: undefined }
    : { list: args.slice(0, -1), options: last };
}
const isArray = (value: unknown): boolean => value instanceof LazyArray;

/** All values of a call: a list if the user asked for a list. */
const results = (node: Node, dtype: unknown): LazyArray | LazyArray[] =>
  Array.isArray(dtype) ? node.outs.map((_, port) => wrap(pickNode(node, port))) : wrap(node);

interface MapBlocks {
  <T extends Arrays, const E extends readonly DType[], P = undefined>(
    fn: BlockFunction<T, P> | ModuleFunction,
    ...args: readonly [...arrays: T, options: With<BlockOptions, P> & { readonly dtype: E }]
  ): ArraysOf<E>;
  <T extends Arrays, E extends DType, P = undefined>(
    fn: BlockFunction<T, P> | ModuleFunction,
    ...args: readonly [...arrays: T, options: With<BlockOptions, P> & { readonly dtype: E }]
  ): LazyArray<E>;
  <T extends Arrays, P = undefined>(
    fn: BlockFunction<T, P> | ModuleFunction,
    ...args: readonly [
      ...arrays: T,
      options: With<BlockOptions, P> & { readonly dtype?: undefined },
    ]
  ): LazyArray<DTypeOf<T[0]>>;
  <T extends Arrays>(
    fn: BlockFunction<T, undefined> | ModuleFunction,
    ...arrays: T
  ): LazyArray<DTypeOf<T[0]>>;
}
/**
 * Applies a function to the aligned blocks of arrays that broadcast; it returns a block of the result: a typed array,
 * or `{ data, shape, stride, offset }`. The function runs in workers: it must be self-contained, and gets what it
 * needs from outside as `params`; or it is an export of a module, `{ module, export }`.
 *
 * The result has the shape of the arrays and the dtype of the first one unless `dtype` says more (a list: the
 * function returns a list of blocks, the result is a tuple). `dropAxis` takes axes away, which the function gets
 * whole; `newAxis` adds axes of one block; `chunks` says the lengths of the result's blocks where they change.
 *
 * ChunkError if `chunks` does not fit the blocks, TaskError if the function cannot travel.
 *
 * @example mapBlocks((block, { params }) => block.data.map((v) => v * params.by), x, { params: { by: 2 } })
 */
export const mapBlocks: MapBlocks = ((fn: unknown, ...args: unknown[]) => {
  const { list, options } = split(args, isArray);
  const read = readOptions<BlockOptions>("mapBlocks", options, MAP);
  checkSelfContained("mapBlocks", fn);
  return results(blockOps().mapBlocks(fn, nodesOf("mapBlocks", list), read), read.dtype);
}) as MapBlocks;

/** An array and one label per axis. */
export type LabelledPair = readonly [array: LazyArray, labels: Labels];
type PairBlocks<T extends readonly LabelledPair[]> = {
  -readonly [K in keyof T]: Block<DTypeOf<T[K][0]>>;
};
type FirstOf<T extends readonly LabelledPair[]> = T extends readonly [LabelledPair, ...unknown[]]
  ? DTypeOf<T[0][0]>
  : "float64";
interface Blockwise {
  <T extends readonly LabelledPair[], const E extends readonly DType[], P = undefined>(
    fn: FunctionOf<PairBlocks<T>, BlockInfo<P>> | ModuleFunction,
    labels: Labels,
    ...args: readonly [...pairs: T, options: With<BlockwiseOptions, P> & { readonly dtype: E }]
  ): ArraysOf<E>;
  <T extends readonly LabelledPair[], E extends DType, P = undefined>(
    fn: FunctionOf<PairBlocks<T>, BlockInfo<P>> | ModuleFunction,
    labels: Labels,
    ...args: readonly [...pairs: T, options: With<BlockwiseOptions, P> & { readonly dtype: E }]
  ): LazyArray<E>;
  <T extends readonly LabelledPair[], P = undefined>(
    fn: FunctionOf<PairBlocks<T>, BlockInfo<P>> | ModuleFunction,
    labels: Labels,
    ...args: readonly [
      ...pairs: T,
      options: With<BlockwiseOptions, P> & { readonly dtype?: undefined },
    ]
  ): LazyArray<FirstOf<T>>;
  <T extends readonly LabelledPair[]>(
    fn: FunctionOf<PairBlocks<T>, BlockInfo<undefined>> | ModuleFunction,
    labels: Labels,
    ...pairs: T
  ): LazyArray<FirstOf<T>>;
}
/**
 * Applies a function to blocks by index notation: blocks of equal labels meet, and a label that the result does not
 * have is contracted, which gives the function that axis whole. Labels are letters, or names in a list.
 *
 * `newAxes` gives the lengths of labels that only the result has, `adjustChunks` the lengths of its blocks where the
 * function changes them. ShapeError where labels and axes disagree.
 *
 * @example blockwise((a, b) => product(a, b), "ik", [x, "ij"], [y, "jk"])
 */
export const blockwise: Blockwise = ((fn: unknown, labels: unknown, ...args: unknown[]) => {
  const { list, options } = split(args, Array.isArray);
  const read = readOptions<BlockwiseOptions>("blockwise", options, WISE);
  checkSelfContained("blockwise", fn);
  const pairs = list.map((pair, i) => {
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw new OptionError(`blockwise: argument ${i} must be a pair, got ${valueText(pair)}`, {
        hint: 'an array and its labels: [x, "ij"]',
      });
    }
    return { node: knownNodeOf("blockwise", pair[0], `array ${i}`), labels: pair[1] as unknown };
  });
  return results(blockOps().blockwise(fn, labels, pairs, read), read.dtype);
}) as Blockwise;

type GufuncDTypes = DType | readonly DType[];
type FirstDType<T extends readonly LazyArray[]> = T extends readonly [LazyArray, ...unknown[]]
  ? DTypeOf<T[0]>
  : "float64";
interface ApplyGufunc {
  <
    S extends string,
    T extends readonly LazyArray[],
    const E extends GufuncDTypes,
    P = undefined,
    V extends boolean | undefined = undefined,
  >(
    fn: FunctionOf<GufuncArguments<S, T, V>, BlockInfo<P>> | ModuleFunction,
    signature: S,
    ...args: readonly [
      ...arrays: T,
      options: With<GufuncOptions, P> & {
        readonly outputDtypes: E;
        readonly vectorize?: V;
      },
    ]
  ): GufuncResult<S, E>;
  <
    S extends string,
    T extends readonly LazyArray[],
    P = undefined,
    V extends boolean | undefined = undefined,
  >(
    fn: FunctionOf<GufuncArguments<S, T, V>, BlockInfo<P>> | ModuleFunction,
    signature: S,
    ...args: readonly [
      ...arrays: T,
      options: With<GufuncOptions, P> & {
        readonly outputDtypes?: undefined;
        readonly vectorize?: V;
      },
    ]
  ): GufuncResult<S, FirstDType<T>>;
  <S extends string, T extends readonly LazyArray[]>(
    fn: FunctionOf<GufuncArguments<S, T, undefined>, BlockInfo<undefined>> | ModuleFunction,
    signature: S,
    ...arrays: T
  ): GufuncResult<S, FirstDType<T>>;
}
/**
 * Applies a function over core dimensions, said by a NumPy signature: `(i,j),(j)->(i)`, with fixed sizes `(3)` and
 * optional dimensions `(m?)`. Core dimensions are the last axes (or where `axes`, `axis` say) and arrive whole; the
 * axes before them broadcast, and blocks have them first. With `vectorize` the function is called once per position
 * of these axes, with blocks of core dimensions only, and elements where there are none. Several results are a tuple.
 *
 * A core dimension in several blocks is a ChunkError unless `allowRechunk`, which makes the blocks of the other axes as
 * many times smaller. `outputSizes` gives lengths that only results have, `outputDtypes` the dtypes.
 *
 * @example applyGufunc((v) => Math.hypot(...v.data), "(n)->()", x, { vectorize: true })
 */
export const applyGufunc: ApplyGufunc = ((fn: unknown, signature: unknown, ...args: unknown[]) => {
  const { list, options } = split(args, isArray);
  const read = readOptions<GufuncOptions>("applyGufunc", options, GUFUNC);
  checkSelfContained("applyGufunc", fn);
  const made = blockOps().applyGufunc(fn, signature, nodesOf("applyGufunc", list), read);
  return made.length === 1 ? wrap(made[0] as Node) : made.map((node) => wrap(node));
}) as ApplyGufunc;

// ------------------------------------------------------------------------------------ reductions and scans

const REDUCTION: Checks<ops.ReductionOptions> = {
  chunk: anything,
  combine: anything,
  aggregate: anything,
  axis: anything,
  keepdims: isBoolean,
  dtype: anything,
  partialDtype: anything,
  splitEvery: anything,
  ...CALL,
};
/**
 * A reduction by functions of blocks: `chunk` makes a partial of every block, `combine` makes one of up to
 * `splitEvery` neighbours, again and again, and `aggregate` makes the result of the last few. Blocks, neighbours and
 * order are fixed when the expression is built, so results do not depend on budget, workers or timing.
 *
 * Partials and results have length 1 along the reduced axes (`info.axes`); `info.shape` is what must be returned.
 * `axis` is one axis, a list, or all; the dtype is that of `x` unless `dtype` says more.
 *
 * @example
 * reduction(x, {
 *   chunk: (block) => Float64Array.of(Math.hypot(...block.data)),
 *   aggregate: (parts) => Float64Array.of(Math.hypot(...parts.data)),
 * })
 */
export function reduction<
  D extends DType,
  E extends DType = D,
  const Q extends DType | readonly DType[] = E,
  P = undefined,
>(x: LazyArray<D>, options: ReductionOptions<D, E, Q, P>): LazyArray<E> {
  const node = knownNodeOf("reduction", x);
  const read = readOptions<ops.ReductionOptions>("reduction", options, REDUCTION);
  for (const role of ["chunk", "combine", "aggregate"] as const) {
    checkSelfContained("reduction", read[role]);
  }
  return wrap(blockOps().reduction(node, read));
}

const SCAN: Checks<ops.ScanOptions> = {
  block: anything,
  combine: anything,
  total: anything,
  axis: anything,
  dtype: anything,
  ...CALL,
};
/**
 * A scan along `axis` (needed unless `x` is 1-d) by functions of blocks: `block` scans each block by itself, and
 * `combine` brings in the state of all blocks before it. The states are combined from the first block to the last, so
 * results do not depend on budget, workers or timing. Shape and blocks are those of `x`; every block but the last is
 * read twice.
 *
 * @example
 * scan(x, {
 *   block: ({ data }) => data.map((v, i) => data.subarray(0, i + 1).reduce((a, b) => Math.max(a, b))),
 *   combine: (carry, block) => block.data.map((v) => Math.max(v, carry.get(0))),
 * })
 */
export function scan<D extends DType, E extends DType = D, P = undefined>(
  x: LazyArray<D>,
  options: ScanOptions<D, E, P>,
): LazyArray<E> {
  const node = knownNodeOf("scan", x);
  const read = readOptions<ops.ScanOptions>("scan", options, SCAN);
  for (const role of ["block", "combine", "total"] as const) {
    checkSelfContained("scan", read[role]);
  }
  return wrap(blockOps().scan(node, read));
}

// ------------------------------------------------------------------------------------------------- kernels

interface Kernel {
  <A extends readonly LazyArray[], const R extends LazyArray | readonly LazyArray[]>(
    fn: (...args: A) => R,
  ): (...args: A) => R;
  <A extends readonly ArrayOrScalar[], const R extends LazyArray | readonly LazyArray[]>(
    fn: (...args: A) => R,
  ): (...args: A) => R;
}
/**
 * A function of single elements, to be applied to arrays that broadcast. It is run once per use, on placeholders: what
 * it did to them (elementwise functions, `where`, `astype`) becomes one map over the arrays, compiled and fused like
 * every other. It may use values from outside, and return a list of results. DTypeError for what is not elementwise;
 * an `if` on an element cannot be traced: use `where`.
 *
 * @example
 * const f = kernel((a, b) => a.multiply(2).add(b.sqrt()));
 * f(x, y);
 */
export const kernel: Kernel = ((fn: unknown) => {
  if (typeof fn !== "function") {
    throw new OptionError(`kernel: the argument must be a function, got ${valueText(fn)}`);
  }
  return (...args: unknown[]): LazyArray | LazyArray[] => {
    const operands = args.map((a) => operandOf("kernel", a));
    const traced = blockOps().traceKernel(operands, (list: readonly Operand[]) => {
      const handles = list.map((o) => (typeof o === "object" ? wrap(o) : o));
      const out: unknown = (fn as (...handles: unknown[]) => unknown)(...handles);
      return Array.isArray(out) ? out.map(unwrapped) : unwrapped(out);
    });
    return Array.isArray(traced) ? traced.map((node) => wrap(node)) : wrap(traced);
  };
}) as unknown as Kernel;

const unwrapped = (value: unknown): unknown => (value instanceof LazyArray ? value.node : value);
