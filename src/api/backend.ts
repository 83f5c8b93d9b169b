/**
 * What a labelled-array library needs of the engine under it: the operations of xarray's chunk manager
 * (`xarray.namedarray.parallelcompat.ChunkManagerEntrypoint`) in TypeScript, and what lets a dataset run as one plan.
 *
 * Every operation of several arrays is one plan: what they share is read and computed once.
 */

import { OptionError } from "../errors.js";
import { pieceSizes } from "../ir/cuts.js";
import type { DType } from "../ir/dtype.js";
import { AUTO_CHUNK_BYTES, advertisedGrid, sameGrid } from "../ir/grid.js";
import type { Node } from "../ir/node.js";
import {
  type ChunkSpec,
  checkDType,
  isSelection,
  layoutNode,
  type NormalizeOptions,
  normalizeChunks as normalizedCuts,
  normalShape,
  shuffle as shuffled,
  type UnifyOptions,
  unifyChunks as unified,
  valueText,
} from "../ops/index.js";
import { LazyArray, nodeOf, type PersistedArray, wrap } from "./array.js";
import * as arrayApi from "./array-api.js";
import {
  type ComputeOptions,
  planConfig,
  type RunOptions,
  type StoreTarget,
  withDefaults,
} from "./config.js";
import type { ChunkSource, RunStats } from "./engine.js";
import { plannerNow } from "./engine.js";
import type { LabelledPair } from "./functions/blocks.js";
import type { NDArray } from "./nd-array.js";
import { anything, isPlainObject, readOptions } from "./options.js";
import { persistAll } from "./persist.js";
import { type Computable, type Computed, compute as computed } from "./run.js";
import { type AsarrayOptions, asarray, fromSource, type NdarrayLike } from "./sources.js";
import { storeEach } from "./store.js";

/** Lengths of the blocks along each axis. */
export type Chunks = readonly (readonly number[])[];
/** Results of lazy arrays in the places of the arrays; what is not lazy is passed through. */
export type ComputedEach<T extends readonly unknown[]> = {
  -readonly [K in keyof T]: T[K] extends LazyArray<infer D> ? NDArray<D> : T[K];
};
/** As {@link ComputedEach}, of arrays that stay lazy. */
export type PersistedEach<T extends readonly unknown[]> = {
  -readonly [K in keyof T]: T[K] extends LazyArray<infer D> ? PersistedArray<D> : T[K];
};
/** A result for each array, list and record of arrays. */
export type ComputedMany<T extends readonly Computable[]> = {
  -readonly [K in keyof T]: Computed<T[K]>;
};
type Optimized<T> =
  T extends LazyArray<infer D>
    ? LazyArray<D>
    : { -readonly [K in keyof T]: T[K] extends LazyArray<infer D> ? LazyArray<D> : never };
/** An equal array for each array, in the same lists and records. */
export type OptimizedMany<T extends readonly Computable[]> = {
  -readonly [K in keyof T]: Optimized<T[K]>;
};

interface FromSource {
  <const S extends ChunkSource, E extends DType>(
    source: S,
    options: AsarrayOptions & { readonly dtype: E },
  ): LazyArray<E>;
  <const S extends ChunkSource>(source: S, options?: AsarrayOptions): LazyArray<S["dtype"]>;
}
/** A source, or whatever `asarray` takes. */
export type FromArray = FromSource & typeof asarray;

/** The engine as a labelled-array library sees it. */
export interface ChunkBackend {
  /** The class of the arrays that the other operations take and make. */
  readonly arrayClass: typeof LazyArray;

  /** Whether a value is an array of this engine. Nothing is read or computed. */
  isChunkedArray(value: unknown): value is LazyArray;

  /** Lengths of the blocks along each axis, as block functions and default stores see them. */
  chunks(x: LazyArray): Chunks;

  /**
   * A chunk specification in full: a length, -1, "auto", a size in bytes, a list of lengths or null, for all axes or
   * for each. With `previousChunks` (those on disk), null keeps them, and "auto" takes whole numbers of them.
   *
   * ChunkError for what is no specification, or does not fit the shape.
   *
   * @example
   * backend.normalizeChunks(["auto", -1], [1000, 20], { limit: "16kB" }); // [[100, 100, ...], [20]]
   */
  normalizeChunks(chunks: ChunkSpec, shape: readonly number[], options?: NormalizeOptions): Chunks;

  /**
   * A lazy array of anything: typed arrays (of `shape`), nested lists, results and other ndarrays, a source with
   * `readInto`, a lazy array. A source is not read.
   *
   * @example backend.fromArray({ shape, dtype: "float32", chunks: [100], readInto }, { chunks: [1000] });
   */
  readonly fromArray: FromArray;

  /** The same values in other blocks. It costs nothing where nobody sees the blocks. */
  rechunk<D extends DType>(x: LazyArray<D>, chunks: ChunkSpec): LazyArray<D>;

  /**
   * Computes arrays in one plan; values that are not lazy arrays come back as they are. Rejects as `compute` does.
   *
   * @example const [values, untouched] = await backend.compute([x.add(1), new Float64Array(3)]);
   */
  compute<const T extends readonly unknown[]>(
    data: T,
    options?: ComputeOptions,
  ): Promise<ComputedEach<T>>;

  /** Computes arrays in one plan and keeps them in memory, in their blocks; each has a `dispose()`. */
  persist<const T extends readonly unknown[]>(
    data: T,
    options?: RunOptions,
  ): Promise<PersistedEach<T>>;

  /** The array functions by name: `backend.arrayApi.mean(x, { axis: 0 })`. */
  readonly arrayApi: typeof arrayApi;

  /** Functions of blocks, as the free functions of these names. */
  readonly applyGufunc: typeof arrayApi.applyGufunc;
  readonly blockwise: typeof arrayApi.blockwise;
  readonly mapBlocks: typeof arrayApi.mapBlocks;
  readonly reduction: typeof arrayApi.reduction;
  readonly scan: typeof arrayApi.scan;

  /**
   * Arrays in common blocks: axes of one label have one length (or length 1) and are cut alike. `agree: "heaviest"`
   * (default) takes the blocks of the array with most bytes among those that are cut, `"refine"` blocks that lie in one
   * block of every array.
   *
   * ShapeError where labels do not fit the arrays or the lengths differ.
   *
   * @example
   * const { chunks, arrays } = backend.unifyChunks([[x, ["time", "lat"]], [weights, ["lat"]]]);
   */
  unifyChunks(
    operands: readonly LabelledPair[],
    options?: UnifyOptions,
  ): { readonly chunks: Readonly<Record<string, readonly number[]>>; readonly arrays: LazyArray[] };

  /**
   * Computes arrays into Zarr in one plan, each into its target: a store, a path, and the options of one array of
   * `store`, with regions of existing arrays among them. Resolves to what the run did.
   *
   * @example
   * await backend.store([mean, today], [
   *   { url: "clim.zarr", path: "mean", dimensionNames: ["lat", "lon"] },
   *   { url: "daily.zarr", path: "t", mode: "region", region: [slice(0, 1)] },
   * ]);
   */
  store(
    sources: readonly LazyArray[],
    targets: readonly StoreTarget[],
    options?: RunOptions,
  ): Promise<RunStats>;

  /**
   * Elements regrouped along an axis: the positions of the groups one after another, every group in one block. Blocks
   * hold as many groups as fit `chunks` (default: the longest block that the axis has).
   *
   * IndexError for positions that the axis does not have.
   *
   * @example backend.shuffle(x, [[0, 2, 4], [1, 3, 5]], 0); // even positions, then odd ones
   */
  shuffle<D extends DType>(
    x: LazyArray<D>,
    groups: readonly (readonly (number | bigint)[] | ArrayBufferView)[],
    axis: number,
    options?: { readonly chunks?: number | undefined },
  ): LazyArray<D>;

  /** Bytes of a block that "auto" aims for. */
  getAutoChunkSize(): number;

  /**
   * Computes several arrays, lists and records of arrays in one plan, and answers in the same places: datasets that
   * share reads.
   *
   * @example
   * const [{ u, v }, climatology] = await backend.computeMany([{ u: a, v: b }, mean], { memory: "1GiB" });
   */
  computeMany<const T extends readonly Computable[]>(
    what: T,
    options?: ComputeOptions,
  ): Promise<ComputedMany<T>>;

  /**
   * The same arrays as the planner would compute them together: what is equal in them is one expression, what is not
   * needed is gone. Shapes, dtypes, blocks and values stay, bit for bit. Nothing runs.
   *
   * Computing does this by itself; it is for libraries that keep expressions for long, or look into them.
   *
   * @example const [u, v] = backend.optimizeMany([a.add(0), b.at(slice(0, 10)).at(slice(0, 5))]);
   */
  optimizeMany<const T extends readonly Computable[]>(what: T): OptimizedMany<T>;
}

const isChunkedArray = (value: unknown): value is LazyArray => value instanceof LazyArray;

/** Lazy arrays of a list through one asynchronous function; the other entries stay as they are. */
async function through(
  fn: string,
  data: readonly unknown[],
  run: (arrays: readonly LazyArray[]) => Promise<readonly unknown[]>,
): Promise<unknown[]> {
  if (!Array.isArray(data)) {
    throw new OptionError(`${fn}: expected a list of arrays, got ${valueText(data)}`);
  }
  const results = [...(await run(data.filter(isChunkedArray)))];
  return data.map((value: unknown) => (isChunkedArray(value) ? results.shift() : value));
}

/** The arrays of lists and records, and how to put as many values back into their places. */
function flattened(
  fn: string,
  what: readonly Computable[],
): { readonly arrays: LazyArray[]; readonly rebuild: (values: readonly unknown[]) => unknown[] } {
  if (!Array.isArray(what)) {
    throw new OptionError(`${fn}: expected a list, got ${valueText(what)}`);
  }
  const arrays: LazyArray[] = [];
  const place = (x: unknown, where: string): number => {
    nodeOf(fn, x, where);
    return arrays.push(x as LazyArray) - 1;
  };
  const places = what.map((entry: unknown, i) => {
    if (Array.isArray(entry)) return entry.map((x, k) => place(x, `entry ${k} of list ${i}`));
    if (!isPlainObject(entry)) return place(entry, `entry ${i}`);
    return Object.fromEntries(
      Object.entries(entry).map(([name, x]) => [name, place(x, `entry ${name} of record ${i}`)]),
    );
  });
  const rebuild = (values: readonly unknown[]): unknown[] =>
    places.map((at) => {
      if (typeof at === "number") return values[at];
      if (Array.isArray(at)) return at.map((n) => values[n]);
      return Object.fromEntries(Object.entries(at).map(([name, n]) => [name, values[n]]));
    });
  return { arrays, rebuild };
}

const isSource = (data: unknown): data is ChunkSource =>
  typeof data === "object" && data !== null && "readInto" in data;

const NORMALIZE = { dtype: anything, limit: anything, previousChunks: anything };

/**
 * The operations that a labelled-array library needs, in the shape of xarray's chunk manager. `examples/labelled` is
 * such a library.
 */
export const backend: ChunkBackend = Object.freeze<ChunkBackend>({
  arrayClass: LazyArray,
  arrayApi,
  isChunkedArray,
  applyGufunc: arrayApi.applyGufunc,
  blockwise: arrayApi.blockwise,
  mapBlocks: arrayApi.mapBlocks,
  reduction: arrayApi.reduction,
  rechunk: arrayApi.rechunk,
  scan: arrayApi.scan,

  chunks: (x) => {
    nodeOf("chunks", x);
    return x.chunks;
  },

  normalizeChunks: (chunks, shape, options) => {
    const checked = readOptions<NormalizeOptions>("normalizeChunks", options, NORMALIZE);
    if (checked.dtype !== undefined) checkDType("normalizeChunks", checked.dtype);
    const lengths = normalShape("normalizeChunks", shape);
    return normalizedCuts(chunks, lengths, checked).map((cuts) => [...pieceSizes(cuts)]);
  },

  fromArray: ((data: NdarrayLike, options?: AsarrayOptions) =>
    asarray((isSource(data) ? fromSource(data) : data) as NdarrayLike, options)) as FromArray,

  async compute<T extends readonly unknown[]>(data: T, options?: ComputeOptions) {
    const results = await through("compute", data, (arrays) => computed(arrays, options));
    return results as ComputedEach<T>;
  },

  async persist<T extends readonly unknown[]>(data: T, options?: RunOptions) {
    const kept = await through("persist", data, (arrays) => persistAll(arrays, options));
    return kept as PersistedEach<T>;
  },

  unifyChunks: (operands, options) => {
    const pairs: readonly unknown[] = Array.isArray(operands) ? operands : [undefined];
    if (!pairs.every((pair) => Array.isArray(pair))) {
      throw new OptionError(
        `unifyChunks: expected a list of pairs of array and labels, got ${valueText(operands)}`,
      );
    }
    const entries = operands.map(([x, labels], i) => ({
      node: nodeOf("unifyChunks", x, `array ${i}`),
      labels,
    }));
    const checked = readOptions<UnifyOptions>("unifyChunks", options, { agree: anything });
    const { cuts, nodes } = unified(entries, checked);
    const chunks = [...cuts].map(([label, own]) => [String(label), [...pieceSizes(own)]] as const);
    return { chunks: Object.fromEntries(chunks), arrays: nodes.map((node) => wrap(node)) };
  },

  store: storeEach,

  shuffle: (x, groups, axis, options) => {
    const { chunks } = readOptions<{ chunks?: unknown }>("shuffle", options, { chunks: anything });
    return wrap(shuffled(nodeOf("shuffle", x), groups, axis, chunks));
  },

  getAutoChunkSize: () => AUTO_CHUNK_BYTES,

  async computeMany<T extends readonly Computable[]>(what: T, options?: ComputeOptions) {
    const { arrays, rebuild } = flattened("computeMany", what);
    return rebuild(await computed(arrays, options)) as ComputedMany<T>;
  },

  optimizeMany<T extends readonly Computable[]>(what: T) {
    const { arrays, rebuild } = flattened("optimizeMany", what);
    const nodes = arrays.map((x) => x.node);
    // What selections of unknown length consist of is planned when the length is there.
    const known = [...new Set<Node>(nodes.filter((node) => !isSelection(node)))];
    const better = plannerNow().optimize(known, planConfig(withDefaults({})));
    const optimized = nodes.map((node) => better[known.indexOf(node)] ?? node);
    return rebuild(
      optimized.map((n, i) => wrap(inBlocksOf(nodes[i] as Node, n))),
    ) as OptimizedMany<T>;
  },
});

/** Rules may change the blocks that a node would have by itself: they are what `chunks` and stores show. */
function inBlocksOf(asked: Node, node: Node): Node {
  const grid = advertisedGrid(asked);
  return sameGrid(grid, advertisedGrid(node)) ? node : layoutNode(node, grid);
}
