/**
 * Random orders and choices of positions: as lazy arrays where each position is computed by itself, and as lists in
 * memory where positions select from an array. Both give the same positions.
 */
import { OptionError, ShapeError } from "../errors.js";
import { arrayBinding } from "../io/sources/array.js";
import { Permutation, permutationBinding } from "../io/sources/permutation.js";
import { weightedBinding, weightedPosition } from "../io/sources/weighted.js";
import type { SourceBinding } from "../ir/binding.js";
import { indexList, sourceNode } from "../ir/build.js";
import { elementCount } from "../ir/index-map.js";
import { cutsKey, type IndexList, type Node } from "../ir/node.js";
import { STREAMS, streamKey, Threefry } from "../ir/threefry.js";
import * as ops from "../ops/index.js";
import { shared } from "./shared.js";

/** What to choose: a shape of positions below `count`. */
export interface Sample {
  readonly count: number;
  readonly shape: readonly number[];
  readonly seed: bigint;
  readonly replace: boolean;
  /** Running sums of the probabilities, if there are any. */
  readonly sums: Float64Array | undefined;
}

/** Longest list of positions that is made when an expression is built. */
const MOST_POSITIONS = 2 ** 24;

function checkListed(fn: string, count: number): void {
  if (count <= MOST_POSITIONS) return;
  throw new ShapeError(`${fn}: ${count} positions are too many for a list in memory`, {
    hint: `it holds at most 2**24 = ${MOST_POSITIONS}; work on parts of the axis`,
  });
}

/** 0 to count - 1 in random order. */
export function permuted(
  fn: string,
  count: number,
  seed: bigint,
  chunks: ops.CreateOptions["chunks"],
  stream: number = STREAMS.permutation,
): Node {
  const grid = ops.newGrid(fn, [count], "int64", chunks);
  const key = streamKey(seed, stream);
  const name = `permutation ${count} ${key} ${cutsKey(grid)}`;
  return sourceNode(shared(name, () => permutationBinding(count, key, grid)));
}

/** The same as a list. */
export function permutedPositions(fn: string, count: number, seed: bigint): IndexList {
  checkListed(fn, count);
  const key = streamKey(seed, STREAMS.permutation);
  return shared(`order ${count} ${key}`, () => indexList(firstPermuted(count, key, count)));
}

function firstPermuted(count: number, key: bigint, length: number): Float64Array {
  const order = new Permutation(count, key);
  const list = new Float64Array(length);
  for (let i = 0; i < length; i++) list[i] = order.at(i);
  return list;
}

/** A lazy array of positions. */
export function sampled(fn: string, sample: Sample, chunks: ops.CreateOptions["chunks"]): Node {
  const { count, shape, seed, replace, sums } = sample;
  const length = checkCount(fn, sample);
  const grid = (): ReturnType<typeof ops.newGrid> => ops.newGrid(fn, shape, "int64", chunks);
  if (length === 0) return ops.zeros(shape, { dtype: "int64", chunks }, fn);
  if (replace && sums === undefined) return ops.positions(fn, count, shape, seed, chunks);
  const name = `choice ${count} ${seed} ${replace} ${shape} ${cutsKey(grid())}`;
  if (sums !== undefined) {
    return sourceNode(
      shared(
        name,
        () => remembered(weightedSource(fn, sample, sums, grid()), sums),
        (found) => sameNumbers(weights.get(found), sums),
      ),
    );
  }
  const order = permuted(fn, count, seed, undefined, STREAMS.choiceOrder);
  const first = ops.reshape(ops.at(order, [ops.slice(0, length)]), shape);
  return ops.layoutNode(first, grid());
}

/** What shared objects were made from. Expressions hold the objects alone, so their life is that of the entry. */
const weights = new WeakMap<object, Float64Array>();

function remembered<T extends object>(made: T, sums: Float64Array): T {
  weights.set(made, sums);
  return made;
}

function weightedSource(
  fn: string,
  sample: Sample,
  sums: Float64Array,
  grid: ReturnType<typeof ops.newGrid>,
): SourceBinding {
  const { shape, seed, replace } = sample;
  if (replace) return weightedBinding(sums, streamKey(seed, STREAMS.choice), shape, grid);
  const list = listed(fn, sample);
  return arrayBinding(BigInt64Array.from(list, BigInt), shape, "int64", grid);
}

/** The same positions as a list, in row-major order. */
export function sampledPositions(fn: string, sample: Sample): IndexList {
  checkCount(fn, sample);
  const list = listed(fn, sample);
  const { count, shape, seed, replace, sums } = sample;
  if (sums !== undefined) return indexList(list);
  const name = `chosen ${count} ${elementCount(shape)} ${seed} ${replace}`;
  return shared(name, () => indexList(list));
}

function listed(fn: string, { count, shape, seed, replace, sums }: Sample): Float64Array {
  const length = elementCount(shape);
  checkListed(fn, length);
  if (!replace) {
    const key = streamKey(seed, STREAMS.choiceOrder);
    return sums === undefined
      ? firstPermuted(count, key, length)
      : firstWeighted(fn, sums, key, length);
  }
  const list = new Float64Array(length);
  const bits = new Threefry(streamKey(seed, STREAMS.choice));
  const low = new Threefry(streamKey(seed, STREAMS.choiceLow));
  for (let i = 0; i < length; i++) {
    list[i] =
      sums === undefined
        ? ops.positionAt(i, count, bits, low)
        : weightedPosition(sums, bits.uniform(i));
  }
  return list;
}

/**
 * Weighted positions without replacement: the order of -ln(u) / weight is that of drawing one after the other
 * (P. Efraimidis, P. Spirakis, "Weighted random sampling with a reservoir", 2006).
 */
function firstWeighted(fn: string, sums: Float64Array, key: bigint, length: number): Float64Array {
  checkListed(fn, sums.length);
  const stream = new Threefry(key);
  const arrival = new Float64Array(sums.length);
  const candidates: number[] = [];
  for (let i = 0; i < sums.length; i++) {
    const weight = (sums[i] as number) - (i === 0 ? 0 : (sums[i - 1] as number));
    if (weight <= 0) continue;
    arrival[i] = -Math.log(stream.uniform(i) + 2 ** -53) / weight;
    candidates.push(i);
  }
  if (candidates.length < length) {
    throw new OptionError(
      `${fn}: p allows ${ops.countText(candidates.length, "different element")}, ${length} are wanted`,
      { hint: "choose with replace: true, or give more elements a probability above 0" },
    );
  }
  candidates.sort((a, b) => (arrival[a] as number) - (arrival[b] as number) || a - b);
  return Float64Array.from(candidates.slice(0, length));
}

/** The number of positions, which must be there to be chosen. */
function checkCount(fn: string, { count, shape, replace }: Sample): number {
  const length = elementCount(shape);
  if (length > 0 && count === 0) {
    throw new OptionError(`${fn}: there are no elements to choose from`);
  }
  if (!Number.isSafeInteger(length)) {
    throw new ShapeError(`${fn}: shape ${ops.shapeText(shape)} has too many elements`);
  }
  if (!replace && length > count) {
    throw new OptionError(
      `${fn}: ${ops.countText(length, "element")} without replacement from ${count}`,
      { hint: "choose with replace: true, or fewer elements" },
    );
  }
  return length;
}

const sameNumbers = (a: Float64Array | undefined, b: Float64Array): boolean =>
  a?.length === b.length && a.every((v, i) => v === b[i]);
