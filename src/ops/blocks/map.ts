/** Functions of aligned blocks: `mapBlocks`. */
import { ChunkError, ShapeError } from "../../errors.js";
import { type Cuts, wholeCuts } from "../../ir/cuts.js";
import type { DType } from "../../ir/dtype.js";
import { type CallNode, dtypeOf, knownShape, type Node } from "../../ir/node.js";
import { broadcastShapes, normalAxes } from "../axes.js";
import { checkDType } from "../build.js";
import { countText, valueText } from "../words.js";
import { bindFunction, type CallOptions, callOptions } from "./function.js";
import {
  adjustCuts,
  type Label,
  type LabelledArray,
  labelCuts,
  labelLengths,
  labelledCall,
} from "./labelled.js";

/** What one axis of a result may say: a length for all its blocks, or one per block; null: as they are. */
export type AxisBlocks = number | readonly number[] | null | undefined;
/** Lengths of the blocks of a result: for all axes, one entry per axis, or by axis number. */
export type BlockLengths = number | readonly AxisBlocks[] | { readonly [axis: number]: AxisBlocks };

export interface BlockOptions extends CallOptions {
  /** Dtype of the result; default: that of the first array. A list: the function returns as many blocks. */
  readonly dtype?: DType | readonly DType[] | undefined;
  /** Lengths of the blocks of the result, where they are not those of the arrays. */
  readonly chunks?: BlockLengths | undefined;
  /** Axes of the arrays that the result does not have; the function gets them whole. */
  readonly dropAxis?: number | readonly number[] | undefined;
  /** Axes of the result that the arrays do not have, of one block each; of length 1 unless `chunks` says more. */
  readonly newAxis?: number | readonly number[] | undefined;
}

/** The dtypes of a function's values, at least one. */
export function resultDTypes(fn: string, dtype: unknown, otherwise: DType): DType[] {
  if (!Array.isArray(dtype)) return [dtype === undefined ? otherwise : checkDType(fn, dtype)];
  if (dtype.length === 0) throw new ShapeError(`${fn}: a function returns at least one block`);
  return dtype.map((d) => checkDType(fn, d));
}

/**
 * Applies `fn` to the aligned blocks of arrays that broadcast.
 *
 * The blocks are those of the advertised grid that the arrays have together (the heaviest array that is cut on an
 * axis decides); where another array is cut otherwise it is presented in these blocks. Axes of length 1 are given to
 * every call. The result has the shape of the block grid, without the axes of `dropAxis` and with those of `newAxis`:
 * each call must return a block of its block's shape.
 */
export function mapBlocks(
  value: unknown,
  arrays: readonly Node[],
  options: BlockOptions = {},
): CallNode {
  const fn = bindFunction("mapBlocks", "the first argument", value, options);
  const [first] = arrays;
  if (first === undefined) throw new ShapeError("mapBlocks: at least one array is needed");
  const checked = callOptions("mapBlocks", options);
  const dtypes = resultDTypes("mapBlocks", options.dtype, dtypeOf(first));
  const rank = broadcastShapes("mapBlocks", arrays.map(knownShape)).length;
  const labelled = arrays.map((node): LabelledArray => {
    const offset = rank - knownShape(node).length;
    return { node, labels: knownShape(node).map((_, i) => i + offset) };
  });
  const drop = listed("mapBlocks", options.dropAxis, rank);
  const out: Label[] = Array.from({ length: rank }, (_, axis) => axis).filter(
    (axis) => !drop.includes(axis),
  );
  const added = Array.isArray(options.newAxis)
    ? options.newAxis.length
    : Number(options.newAxis !== undefined);
  const fresh = new Map<Label, Cuts>();
  for (const axis of listed("mapBlocks", options.newAxis, out.length + added)) {
    out.splice(axis, 0, `new${axis}`);
    fresh.set(`new${axis}`, wholeCuts(1));
  }
  const lengths = labelLengths("mapBlocks", labelled);
  const cuts = new Map([...labelCuts(labelled, lengths), ...fresh]);
  const adjusted = new Map<Label, Cuts>();
  blockLengths(options.chunks, out.length).forEach((spec, axis) => {
    if (spec === null || spec === undefined) return;
    const label = out[axis] as Label;
    const own = cuts.get(label) as Cuts;
    adjusted.set(label, adjustCuts("mapBlocks", `axis ${axis} of the result`, own, spec));
  });
  return labelledCall(
    "mapBlocks",
    { fn, arrays: labelled, out, fresh, adjusted, dtypes, ...checked },
    lengths,
  );
}

const listed = (fn: string, axis: unknown, rank: number): readonly number[] =>
  axis === undefined || axis === null ? [] : normalAxes(fn, axis, rank);

function blockLengths(chunks: unknown, rank: number): readonly unknown[] {
  if (chunks === undefined) return [];
  if (typeof chunks === "number" || typeof chunks === "bigint") {
    return new Array<unknown>(rank).fill(chunks);
  }
  if (Array.isArray(chunks)) {
    if (chunks.length === rank) return chunks;
    throw new ChunkError(
      `mapBlocks: ${countText(chunks.length, "entry", "entries")} in chunks for a result with ${countText(rank, "axis", "axes")}`,
      { hint: "give one entry per axis of the result: a length, one per block, or null" },
    );
  }
  if (typeof chunks !== "object" || chunks === null) {
    throw new ChunkError(`mapBlocks: chunks cannot be ${valueText(chunks)}`, {
      hint: "give lengths of blocks: a number, a list with one entry per axis, or an object by axis",
    });
  }
  const out = new Array<unknown>(rank).fill(null);
  for (const [key, value] of Object.entries(chunks)) {
    const axis = Number(key);
    if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
      throw new ChunkError(`mapBlocks: the result has no axis ${valueText(key)}`, {
        hint: `it has ${countText(rank, "axis", "axes")}`,
      });
    }
    out[axis < 0 ? axis + rank : axis] = value;
  }
  return out;
}
