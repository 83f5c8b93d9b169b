/** Functions of blocks by index notation: `blockwise`. */
import { ChunkError, ShapeError } from "../../errors.js";
import { type Cuts, cutsFromSizes, wholeCuts } from "../../ir/cuts.js";
import type { DType } from "../../ir/dtype.js";
import { type CallNode, dtypeOf, knownShape, type Node } from "../../ir/node.js";
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
import { resultDTypes } from "./map.js";

/** Axis labels: the letters of a string, or a list of names and numbers. */
export type Labels = string | readonly (string | number)[];

export interface BlockwiseOptions extends CallOptions {
  /** Dtype of the result; default: that of the first array. A list: the function returns as many blocks. */
  readonly dtype?: DType | readonly DType[] | undefined;
  /** Lengths of labels that no array has: one block of that length, or a list with one length per block. */
  readonly newAxes?: { readonly [label: string]: number | readonly number[] } | undefined;
  /** Lengths of the result's blocks along a label: one for all, one per block, or a function of the old length. */
  readonly adjustChunks?:
    | { readonly [label: string]: number | readonly number[] | ((length: number) => number) }
    | undefined;
}

const FN = "blockwise";

/**
 * Applies `fn` to blocks of arrays whose axes are labelled. Blocks of equal labels meet; a label that the result does
 * not have is contracted: the function gets that axis whole. Axes of length 1 are stretched.
 */
export function blockwise(
  value: unknown,
  outLabels: unknown,
  pairs: readonly { readonly node: Node; readonly labels: unknown }[],
  options: BlockwiseOptions = {},
): CallNode {
  const fn = bindFunction(FN, "the first argument", value, options);
  const checked = callOptions(FN, options);
  const out = labelList(outLabels, "the result");
  const arrays = pairs.map(({ node, labels }, i): LabelledArray => {
    const list = labelList(labels, `array ${i}`);
    const rank = knownShape(node).length;
    if (list.length !== rank) {
      throw new ShapeError(
        `${FN}: array ${i} has ${countText(rank, "axis", "axes")} and ${countText(list.length, "label")}`,
        { hint: "give one label per axis" },
      );
    }
    return { node, labels: list };
  });
  const lengths = labelLengths(FN, arrays);
  const fresh = new Map<Label, Cuts>();
  for (const [label, spec] of labelled("newAxes", options.newAxes, out)) {
    if (lengths.has(label)) {
      throw new ShapeError(`${FN}: label ${valueText(label)} of newAxes is an axis of an array`, {
        hint: "lengths of blocks change with adjustChunks",
      });
    }
    fresh.set(label, freshCuts(label, spec));
  }
  for (const label of out) {
    if (!lengths.has(label) && !fresh.has(label)) {
      throw new ShapeError(`${FN}: label ${valueText(label)} of the result is in no array`, {
        hint: "give its length in newAxes",
      });
    }
  }
  const cuts = new Map([...labelCuts(arrays, lengths), ...fresh]);
  const adjusted = new Map<Label, Cuts>();
  for (const [label, spec] of labelled("adjustChunks", options.adjustChunks, out)) {
    const own = cuts.get(label) as Cuts;
    adjusted.set(label, adjustCuts(FN, `label ${valueText(label)}`, own, spec));
  }
  const [first] = pairs;
  const otherwise = first === undefined ? "float64" : dtypeOf(first.node);
  const dtypes = resultDTypes(FN, options.dtype, otherwise);
  return labelledCall(FN, { fn, arrays, out, fresh, adjusted, dtypes, ...checked }, lengths);
}

function labelList(labels: unknown, what: string): readonly Label[] {
  const list: unknown = typeof labels === "string" ? [...labels] : labels;
  const isLabel = (l: unknown): boolean => typeof l === "string" || typeof l === "number";
  if (!Array.isArray(list) || !list.every(isLabel)) {
    throw new ShapeError(
      `${FN}: the labels of ${what} must be text or a list, got ${valueText(labels)}`,
      {
        hint: 'one per axis, as in "ij" or ["time", "x"]',
      },
    );
  }
  const twice = list.find((label, i) => list.indexOf(label) !== i);
  if (twice !== undefined) {
    throw new ShapeError(`${FN}: the labels of ${what} name ${valueText(twice)} twice`);
  }
  return list as Label[];
}

/** Entries by label of the result; keys of objects are text, labels may be numbers. */
function labelled(
  name: string,
  entries: unknown,
  out: readonly Label[],
): readonly (readonly [Label, unknown])[] {
  if (entries === undefined) return [];
  if (typeof entries !== "object" || entries === null || Array.isArray(entries)) {
    throw new ChunkError(`${FN}: ${name} must be an object by label, got ${valueText(entries)}`);
  }
  return Object.entries(entries).map(([key, value]) => {
    const label = out.find((l) => String(l) === key);
    if (label === undefined) {
      throw new ShapeError(`${FN}: label ${valueText(key)} of ${name} is not in the result`);
    }
    return [label, value];
  });
}

function freshCuts(label: Label, spec: unknown): Cuts {
  const list: readonly unknown[] = Array.isArray(spec) ? spec : [spec];
  const least = list.length === 1 ? 0 : 1;
  const fits = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= least;
  if (list.length === 0 || !list.every(fits)) {
    throw new ChunkError(`${FN}: the new axis ${valueText(label)} cannot be ${valueText(spec)}`, {
      hint: "give a length, or a list with one length per block",
    });
  }
  return list.length === 1 ? wholeCuts(list[0] as number) : cutsFromSizes(list as number[]);
}
