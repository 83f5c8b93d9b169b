/** What cards say about an expression: facts, and a line on what it does. */
import { type Cuts, cutsCount, cutsMax } from "../ir/cuts.js";
import { type DType, itemSize } from "../ir/dtype.js";
import { advertisedGrid } from "../ir/grid.js";
import { elementCount } from "../ir/index-map.js";
import { dtypeOf, type LookupAxis, type Node, topologicalOrder } from "../ir/node.js";
import type { Scalar } from "../ir/scalar.js";
import { bytesText, countText } from "./numbers.js";

export interface Summary {
  /** Null where a length is not known. */
  readonly shape: readonly (number | null)[];
  readonly dtype: DType;
  /** At the most, where a length is not known. */
  readonly bytes: number;
  readonly bounded: boolean;
  readonly grid: readonly Cuts[];
  readonly blocks: number;
  /** Length of the longest block per axis. */
  readonly block: readonly number[];
  readonly blockBytes: number;
  /** Nodes of the expression. */
  readonly nodes: number;
  /** Names of the sources it reads, each once. */
  readonly sources: readonly string[];
  /** What the last few nodes do, the last one first. */
  readonly steps: readonly string[];
}

/** Steps that a card shows. */
const STEPS = 6;

export function summaryOf(node: Node): Summary {
  const lengths = node.outs[0].shape;
  const most = longest(node);
  const dtype = dtypeOf(node);
  const grid = advertisedGrid(node);
  const block = grid.map(cutsMax);
  const all = topologicalOrder([node]);
  const named = all.flatMap((n) => (n.op === "source" ? [n.params.binding.name] : []));
  return {
    shape: lengths.map((n) => (typeof n === "number" ? n : null)),
    dtype,
    bytes: elementCount(most) * itemSize(dtype),
    bounded: lengths.some((n) => typeof n !== "number"),
    grid,
    blocks: grid.reduce((n, c) => n * cutsCount(c), 1),
    block,
    blockBytes: elementCount(block) * itemSize(dtype),
    nodes: all.length,
    sources: [...new Set(named)],
    steps: stepsOf(node),
  };
}

/** The chain of first (largest) inputs, from the node down. */
function stepsOf(node: Node): string[] {
  const steps: string[] = [];
  let at: Node | undefined = node;
  while (at !== undefined && steps.length < STEPS) {
    steps.push(stepName(at));
    at = at.inputs.reduce<Node | undefined>(
      (best, n) => (best === undefined || sizeOf(n) > sizeOf(best) ? n : best),
      undefined,
    );
  }
  if (at !== undefined) steps.push("...");
  return steps;
}
/** Lengths, or what they are at the most. */
const longest = (n: Node): number[] =>
  n.outs[0].shape.map((d) => (typeof d === "number" ? d : d.max));
const sizeOf = (n: Node): number => elementCount(longest(n)) * itemSize(dtypeOf(n));

export function stepName(node: Node): string {
  switch (node.op) {
    case "source":
      return node.params.binding.name;
    case "map":
      return treeName(node.params.tree);
    case "reduce":
      return `${node.params.monoid} over ${node.params.axes.length === 1 ? "axis" : "axes"} ${node.params.axes.join(", ")}`;
    case "call":
      return node.params.fn.name;
    case "layout":
      return "rechunk";
    case "gather":
      return `take ${countText(node.params.indices.values.length)} on axis ${node.params.axis}`;
    case "lookup":
      return `index ${indexedAxes(node.params.axes)} by arrays`;
    case "scatter":
      return `set positions of ${indexedAxes(node.params.axes)}`;
    case "compress":
      return `select where true from axis ${node.params.axis}`;
    case "scan":
      return `running ${node.params.monoid} along axis ${node.params.axis}`;
    case "concat":
      return `concat ${node.inputs.length} on axis ${node.params.axis}`;
    case "create":
      return node.params.tree.kind === "const" ? "constant" : "virtual data";
    default:
      return node.op;
  }
}

/** `axis 0`, `axes 0, 2`. */
function indexedAxes(axes: readonly LookupAxis[]): string {
  const named = axes.flatMap((a) => (a.from === "index" ? [a.named] : []));
  return `${named.length === 1 ? "axis" : "axes"} ${named.join(", ")}`;
}

/** The outermost function of a tree, which is what the user called. */
function treeName(tree: Scalar): string {
  switch (tree.kind) {
    case "call":
      return tree.fn;
    case "cast":
      return `astype ${tree.dtype}`;
    default:
      return "elementwise";
  }
}

/** `3 x 4`, or `scalar`. */
export const lengthsText = (shape: readonly (number | null)[]): string =>
  shape.length === 0 ? "scalar" : shape.map((n) => (n === null ? "?" : countText(n))).join(" x ");

/** The rows of a card: what, of the array, of a block. */
export const factsOf = (s: Summary): readonly (readonly [string, string, string])[] => [
  ["bytes", `${s.bounded ? "at most " : ""}${bytesText(s.bytes)}`, bytesText(s.blockBytes)],
  ["shape", lengthsText(s.shape), lengthsText(s.block)],
  ["count", `${countText(s.blocks)} ${s.blocks === 1 ? "block" : "blocks"}`, ""],
  ["dtype", s.dtype, ""],
];
