/**
 * Calls by axis labels, what `mapBlocks` and `blockwise` have in common: axes of one label are cut alike and walked
 * through together, labels that the result does not have arrive whole.
 */
import { ChunkError, ShapeError } from "../../errors.js";
import type { FunctionBinding } from "../../ir/binding.js";
import { callNode } from "../../ir/build.js";
import {
  type Cuts,
  cutsCount,
  cutsExtent,
  cutsFromRuns,
  cutsFromSizes,
  sameCuts,
  wholeCuts,
} from "../../ir/cuts.js";
import { type DType, itemSize } from "../../ir/dtype.js";
import { advertisedGrid } from "../../ir/grid.js";
import {
  type CallNode,
  type CallParams,
  dtypeOf,
  knownShape,
  type Node,
  type Out,
} from "../../ir/node.js";
import { layoutNode } from "../rechunk.js";
import { countText, valueText } from "../words.js";

export type Label = string | number;

export interface LabelledArray {
  readonly node: Node;
  /** One per axis, each once. */
  readonly labels: readonly Label[];
}

export interface LabelledCall {
  readonly fn: FunctionBinding;
  readonly arrays: readonly LabelledArray[];
  readonly out: readonly Label[];
  /** Cuts of labels that no array has. */
  readonly fresh: ReadonlyMap<Label, Cuts>;
  /** Cuts of the results where they differ from those of the arrays. */
  readonly adjusted: ReadonlyMap<Label, Cuts>;
  readonly dtypes: readonly DType[];
  readonly inputs: "copy" | "view";
  readonly scratchBytes: number;
}

/** The length that every label has; axes of length 1 are stretched. */
export function labelLengths(
  fn: string,
  arrays: readonly LabelledArray[],
): ReadonlyMap<Label, number> {
  const lengths = new Map<Label, number>();
  for (const { node, labels } of arrays) {
    knownShape(node).forEach((extent, axis) => {
      const label = labels[axis] as Label;
      const have = lengths.get(label) ?? 1;
      if (have !== extent && have !== 1 && extent !== 1) {
        throw new ShapeError(`${fn}: axes ${valueText(label)} have lengths ${have} and ${extent}`, {
          hint: "axes of one label must be equally long, or of length 1",
        });
      }
      if (have === 1) lengths.set(label, extent);
    });
  }
  return lengths;
}

const isWhole = (cuts: Cuts): boolean => cuts.length === 1 && cuts[0]?.repeat === 1;
const bytesOf = (node: Node): number =>
  knownShape(node).reduce((n, s) => n * s, itemSize(dtypeOf(node)));

/** Per label the cuts of the heaviest array that is really cut there. */
export function labelCuts(
  arrays: readonly LabelledArray[],
  lengths: ReadonlyMap<Label, number>,
): Map<Label, Cuts> {
  const heaviestFirst = arrays
    .map((array, i) => ({ ...array, i, bytes: bytesOf(array.node) }))
    .sort((a, b) => b.bytes - a.bytes || a.i - b.i);
  const found = new Map<Label, Cuts>();
  for (const [label, extent] of lengths) {
    found.set(label, wholeCuts(extent));
    for (const { node, labels } of heaviestFirst) {
      const axis = labels.indexOf(label);
      const cuts = advertisedGrid(node)[axis];
      if (cuts === undefined || knownShape(node)[axis] !== extent || isWhole(cuts)) continue;
      found.set(label, cuts);
      break;
    }
  }
  return found;
}

/** The call node: its loop axes are the axes of the result, in their order. */
export function labelledCall(
  fn: string,
  call: LabelledCall,
  lengths: ReadonlyMap<Label, number> = labelLengths(fn, call.arrays),
): CallNode {
  const cuts = new Map([...labelCuts(call.arrays, lengths), ...call.fresh]);
  const loop = call.out.map((label) => cuts.get(label) as Cuts);
  /** The loop axis that an axis follows, or -1 where it arrives whole. */
  const followed = ({ node, labels }: LabelledArray, axis: number): number => {
    const loopAxis = call.out.indexOf(labels[axis] as Label);
    const extent = knownShape(node)[axis] as number;
    return loopAxis >= 0 && extent === lengths.get(labels[axis] as Label) ? loopAxis : -1;
  };
  const inputs = call.arrays.map((array) => {
    const grid = advertisedGrid(array.node);
    const wanted = grid.map((own, axis) => loop[followed(array, axis)] ?? own);
    const same = wanted.every((c, i) => sameCuts(c, grid[i] as Cuts));
    return same ? array.node : layoutNode(array.node, wanted);
  });
  const results = call.out.map((label, axis) => ({
    loop: axis,
    cuts: call.adjusted.get(label) ?? (loop[axis] as Cuts),
  }));
  const shape = results.map((r) => cutsExtent(r.cuts));
  const params: CallParams = {
    fn: call.fn,
    loop,
    args: call.arrays.map((array) =>
      knownShape(array.node).map((extent, axis) => {
        const loopAxis = followed(array, axis);
        return { loop: loopAxis, cuts: loop[loopAxis] ?? wholeCuts(extent) };
      }),
    ),
    results: call.dtypes.map(() => results),
    observes: "grid",
    inputs: call.inputs,
    scratchBytes: call.scratchBytes,
  };
  const outs = call.dtypes.map((dtype): Out => ({ shape, dtype }));
  return callNode(inputs, params, outs as [Out, ...Out[]]);
}

/**
 * The cuts of a result whose blocks have other sizes: one size for all of them, a list with one per block, or a
 * function from the old size to the new one.
 */
export function adjustCuts(fn: string, where: string, cuts: Cuts, spec: unknown): Cuts {
  const count = cutsCount(cuts);
  const sizeOf = (value: unknown): number => {
    const n = typeof value === "bigint" ? Number(value) : value;
    if (typeof n !== "number" || !Number.isSafeInteger(n) || n < (count === 1 ? 0 : 1)) {
      const least = count === 1 ? 0 : 1;
      throw new ChunkError(`${fn}: ${where} cannot have blocks of length ${valueText(value)}`, {
        hint: `lengths of blocks are integers from ${least}`,
      });
    }
    return n;
  };
  if (Array.isArray(spec)) {
    if (spec.length !== count) {
      throw new ChunkError(
        `${fn}: ${where} has ${countText(count, "block")}, ${countText(spec.length, "length")} given`,
        { hint: "give one length for all blocks, or one per block" },
      );
    }
    return cutsFromSizes(spec.map(sizeOf));
  }
  const change = typeof spec === "function" ? (spec as (size: number) => unknown) : () => spec;
  return cutsFromRuns(cuts.map(({ size, repeat }) => ({ size: sizeOf(change(size)), repeat })));
}
