/**
 * Grids as libraries on top of chunked arrays ask for them: specifications in full, several arrays in common
 * blocks, and an axis regrouped so that groups lie together.
 */
import { ChunkError, IndexError, OptionError, ShapeError } from "../errors.js";
import {
  type Cuts,
  cutsCount,
  cutsFromSizes,
  cutsMax,
  groupCuts,
  refineCuts,
  splitCuts,
  wholeCuts,
} from "../ir/cuts.js";
import { type DType, itemSize } from "../ir/dtype.js";
import { AUTO_CHUNK_BYTES, advertisedGrid, chunksForBytes } from "../ir/grid.js";
import { knownShape, type Node } from "../ir/node.js";
import { normalAxis } from "./axes.js";
import { type Label, labelCuts, labelLengths } from "./blocks/labelled.js";
import { parseBytes } from "./bytes.js";
import { take } from "./indexing.js";
import { byteTarget, type ChunkSpec, layoutNode, perAxis, resolveChunks } from "./rechunk.js";
import { countText, shapeText, valueText } from "./words.js";

export interface NormalizeOptions {
  /** Dtype of the elements, for sizes in bytes; default float64. */
  readonly dtype?: DType | undefined;
  /** Bytes of a block that "auto" aims for: a number, or a text like "64MiB". */
  readonly limit?: number | string | undefined;
  /** Chunks that are there, on disk say: null keeps them, "auto" and sizes take whole numbers of them. */
  readonly previousChunks?: ChunkSpec | undefined;
}

/**
 * Cuts per axis for any specification that `rechunk` takes.
 *
 * With `previousChunks`, axes that "auto" or a size in bytes leaves open are multiples of previous chunks where one
 * of these fits the size, and equal parts of single chunks where it does not: no block reads a chunk that another one
 * needs too.
 */
export function normalizeChunks(
  spec: unknown,
  shape: readonly number[],
  { dtype = "float64", limit, previousChunks }: NormalizeOptions = {},
): readonly Cuts[] {
  const fn = "normalizeChunks";
  const bytes = itemSize(dtype);
  const auto = limit === undefined ? AUTO_CHUNK_BYTES : parseBytes(limit, `${fn}: limit`);
  const isOpen = (part: unknown): boolean =>
    part === "auto" || ((part ?? undefined) === undefined && previousChunks === undefined);
  const parts = perAxis(fn, spec, shape).map((part) => (isOpen(part) ? `${auto}B` : part));
  if (previousChunks === undefined) return resolveChunks(fn, parts, shape, bytes);
  const previous = resolveChunks(`${fn}: previousChunks`, previousChunks, shape, bytes);
  const cuts = resolveChunks(fn, parts, shape, bytes, previous);
  const size = parts.find((part) => typeof part === "string");
  if (typeof size !== "string") return cuts;
  const open = parts.map((part) => typeof part === "string");
  return wholeChunks(cuts, previous, open, byteTarget(fn, size) / bytes);
}

/** The `open` axes in whole `previous` pieces, or in parts of them, for blocks of about `target` elements. */
function wholeChunks(
  cuts: readonly Cuts[],
  previous: readonly Cuts[],
  open: readonly boolean[],
  target: number,
): readonly Cuts[] {
  const unit = cuts.map((c, axis) => cutsMax(open[axis] ? (previous[axis] as Cuts) : c));
  const inUnit = unit.reduce((n, length) => n * Math.max(1, length), 1);
  const fixed = open.map((isOpen) => (isOpen ? undefined : wholeCuts(1)));
  if (inUnit <= target) {
    const counts = previous.map((c, axis) => (open[axis] ? cutsCount(c) : 1));
    const together = chunksForBytes(counts, inUnit, target, fixed).map(cutsMax);
    return cuts.map((c, axis) =>
      open[axis] ? groupCuts(previous[axis] as Cuts, together[axis] as number) : c,
    );
  }
  const closed = unit.reduce((n, length, axis) => (open[axis] ? n : n * Math.max(1, length)), 1);
  const lengths = unit.map((length, axis) => (open[axis] ? length : 1));
  const inside = chunksForBytes(lengths, closed, target, fixed).map(cutsMax);
  return cuts.map((c, axis) => {
    if (!open[axis]) return c;
    const length = unit[axis] as number;
    const pieces = Math.max(1, Math.ceil(length / Math.max(1, inside[axis] as number)));
    return splitCuts(previous[axis] as Cuts, Math.max(1, Math.ceil(length / pieces)));
  });
}

/**
 * "heaviest": the blocks of the array with most bytes among those that are cut along an axis, as elementwise functions
 * have them. "refine": blocks that no array's borders cross, so that each lies in one block of every array.
 */
export type ChunkAgreement = "heaviest" | "refine";
export interface UnifyOptions {
  readonly agree?: ChunkAgreement | undefined;
}

/**
 * Arrays in common blocks. `labels` name the axes of each; axes of one label have one length, or length 1, and get
 * the same cuts.
 */
export function unifyChunks(
  entries: readonly { readonly node: Node; readonly labels: unknown }[],
  { agree = "heaviest" }: UnifyOptions = {},
): { readonly cuts: ReadonlyMap<Label, Cuts>; readonly nodes: readonly Node[] } {
  if (agree !== "heaviest" && agree !== "refine") {
    throw new OptionError(
      `unifyChunks: agree must be "heaviest" or "refine", got ${valueText(agree)}`,
    );
  }
  const labelled = entries.map(({ node, labels }, i) => ({
    node,
    labels: labelsOf(node, labels, i),
  }));
  const lengths = labelLengths("unifyChunks", labelled);
  const common = labelCuts(labelled, lengths);
  if (agree === "refine") {
    for (const { node, labels } of labelled) {
      advertisedGrid(node).forEach((own, axis) => {
        const label = labels[axis] as Label;
        if (knownShape(node)[axis] !== lengths.get(label)) return;
        common.set(label, refineCuts(common.get(label) as Cuts, own));
      });
    }
  }
  const nodes = labelled.map(({ node, labels }) => {
    const shape = knownShape(node);
    const wanted = advertisedGrid(node).map((own, axis) => {
      const label = labels[axis] as Label;
      return shape[axis] === lengths.get(label) ? (common.get(label) as Cuts) : own;
    });
    return layoutNode(node, wanted);
  });
  return { cuts: common, nodes };
}

function labelsOf(node: Node, given: unknown, i: number): readonly Label[] {
  const labels: unknown = typeof given === "string" ? [...given] : given;
  const shape = knownShape(node);
  if (
    !Array.isArray(labels) ||
    !labels.every((l) => typeof l === "string" || typeof l === "number")
  ) {
    throw new ShapeError(
      `unifyChunks: the labels of array ${i} must be text or a list, got ${valueText(given)}`,
      {
        hint: 'give one per axis, as "ij" or ["time", "lat"]',
      },
    );
  }
  if (labels.length !== shape.length || new Set(labels).size !== labels.length) {
    throw new ShapeError(
      `unifyChunks: array ${i} of shape ${shapeText(shape)} cannot have the labels ${valueText(labels)}`,
      { hint: "give one label per axis, each once" },
    );
  }
  return labels;
}

/**
 * The positions of `groups` along an axis, one group after another, in blocks of whole groups: as many as fit
 * `length` (default: the longest block that the axis has), a longer group has a block of its own.
 */
export function shuffle(x: Node, groups: unknown, axis: unknown, length: unknown): Node {
  const along = normalAxis("shuffle", axis, knownShape(x).length);
  const lists = groupsOf(groups);
  const taken = take(x, lists.flat(), along);
  const longest = length ?? Math.max(1, cutsMax(advertisedGrid(x)[along] as Cuts));
  if (typeof longest !== "number" || !Number.isSafeInteger(longest) || longest < 1) {
    throw new ChunkError(`shuffle: chunks must be a length from 1, got ${valueText(length)}`);
  }
  const sizes: number[] = [];
  for (const { length: size } of lists) {
    const last = sizes.at(-1);
    if (last !== undefined && last + size <= longest) sizes[sizes.length - 1] = last + size;
    else if (size > 0) sizes.push(size);
  }
  const grid = advertisedGrid(x).map((c, i) => (i === along ? cutsFromSizes(sizes) : c));
  return layoutNode(taken, grid);
}

function groupsOf(groups: unknown): readonly (readonly (number | bigint)[])[] {
  if (Array.isArray(groups)) {
    return groups.map((group: unknown, i) => {
      if (Array.isArray(group)) return group;
      if (ArrayBuffer.isView(group) && "length" in group) {
        return Array.from(group as ArrayBufferView & ArrayLike<number>);
      }
      throw new IndexError(
        `shuffle: group ${i} of ${countText(groups.length, "group")} must be a list of positions, got ${valueText(group)}`,
      );
    });
  }
  throw new IndexError(
    `shuffle: groups must be a list of lists of positions, got ${valueText(groups)}`,
  );
}
