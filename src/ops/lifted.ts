/**
 * Functions that move axes or take parts, for selections too: they are applied to what is selected from
 * (`viewSelection`), as long as they leave the axis of the selection alone.
 */

import { IndexError } from "../errors.js";
import { advertisedGrid } from "../ir/grid.js";
import type { Node } from "../ir/node.js";
import { dtypeOf, knownShape } from "../ir/node.js";
import { indexOf } from "../ir/scalar.js";
import { normalAxes } from "./axes.js";
import { castNode, createNode, isNode } from "./build.js";
import * as indexing from "./indexing.js";
import * as manipulation from "./manipulation.js";
import { isSelection, select, selectionNode, unknownLength, viewSelection } from "./masks.js";
import { isConstantIndex } from "./positions.js";
import { countText } from "./words.js";

const lifted =
  <A extends readonly unknown[]>(
    fn: string,
    op: (x: Node, ...args: A) => Node,
  ): ((x: Node, ...args: A) => Node) =>
  (x, ...args) =>
    isSelection(x) ? viewSelection(fn, x, (base) => op(base, ...args)) : op(x, ...args);

type Lifted<F> = F extends (x: Node, ...args: infer A) => Node
  ? (x: Node, ...args: A) => Node
  : never;

export const expandDims: Lifted<typeof manipulation.expandDims> = lifted(
  "expandDims",
  manipulation.expandDims,
);
export const flip: Lifted<typeof manipulation.flip> = lifted("flip", manipulation.flip);
export const matrixTranspose: Lifted<typeof manipulation.matrixTranspose> = (x, fn) =>
  isSelection(x) && x.outs[0].shape.length > 1
    ? viewSelection(fn ?? "matrixTranspose", x, (base) => manipulation.matrixTranspose(base, fn))
    : manipulation.matrixTranspose(x, fn);
export const moveaxis: Lifted<typeof manipulation.moveaxis> = lifted(
  "moveaxis",
  manipulation.moveaxis,
);
export const permuteDims: Lifted<typeof manipulation.permuteDims> = lifted(
  "permuteDims",
  manipulation.permuteDims,
);
export const squeeze: Lifted<typeof manipulation.squeeze> = (x, axis) => {
  if (!isSelection(x)) return manipulation.squeeze(x, axis);
  const own = x.params.axis;
  const known = x.outs[0].shape
    .map((n, i) => (n === 1 && i !== own ? i : -1))
    .filter((i) => i >= 0);
  const named =
    axis === undefined || axis === null
      ? known
      : normalAxes("squeeze", axis, x.outs[0].shape.length);
  if (named.includes(own)) throw unknownLength("squeeze", own);
  return viewSelection("squeeze", x, (base) => manipulation.squeeze(base, named));
};

const isMask = (selector: unknown): selector is Node =>
  isNode(selector) && dtypeOf(selector) === "bool";

/** {@link indexing.at}, with at most one boolean array among the selectors. */
export function at(x: Node, selectors: readonly unknown[]): Node {
  const masks = selectors.filter(isMask);
  if (masks.length === 0) return plainAt(x, selectors);
  if (masks.length > 1) {
    throw new IndexError("at: there can be only one boolean array", {
      hint: "combine masks over the same axes with bitwiseAnd",
    });
  }
  const [mask] = masks as [Node];
  if (selectors.some((s) => s !== mask && (isNode(s) || isConstantIndex(s)))) {
    throw new IndexError("at: a boolean array does not go beside arrays of positions", {
      hint: "select by one after the other",
    });
  }
  const place = selectors.indexOf(mask);
  const rank = mask.outs[0].shape.length;
  if (selectors.every((s) => s === mask || s === null)) return select("at", x, mask, place);
  const spread = selectors.flatMap((s) => (s === mask ? new Array<null>(rank).fill(null) : [s]));
  const used = spread.filter((s) => !isKind(s, "newaxis") && !isKind(s, "ellipsis")).length;
  const ndim = x.outs[0].shape.length;
  if (used > ndim && rank > 1) {
    throw new IndexError(
      `at: ${countText(selectors.length, "selector")} for an array with ${countText(ndim, "axis", "axes")}`,
      { hint: `a mask of ${rank} axes stands for ${rank} selectors` },
    );
  }
  const part = plainAt(x, spread);
  return selectMoved(part, mask, selectors, place, x.outs[0].shape.length);
}

const plainAt: (x: Node, selectors: readonly unknown[]) => Node = lifted("at", indexing.at);

const isKind = (value: unknown, kind: string): boolean =>
  typeof value === "object" && value !== null && "kind" in value && value.kind === kind;
const isPosition = (s: unknown): boolean => typeof s === "number" || typeof s === "bigint";

/** Selects on the axes of `part` that the mask stood for; beside integers that lie apart the result axis comes first. */
function selectMoved(
  part: Node,
  mask: Node,
  selectors: readonly unknown[],
  place: number,
  ndim: number,
): Node {
  const rank = knownShape(mask).length;
  const used = selectors.filter((s) => !isKind(s, "newaxis") && !isKind(s, "ellipsis")).length;
  const spare = ndim - used - (rank - 1);
  let axis = 0;
  for (const s of selectors.slice(0, place)) {
    axis += isPosition(s) ? 0 : isKind(s, "ellipsis") ? spare : 1;
  }
  const selected = select("at", part, mask, axis);
  const advanced = selectors.flatMap((s, i) => (i === place || isPosition(s) ? [i] : []));
  const apart = (advanced.at(-1) as number) - (advanced[0] as number) >= advanced.length;
  return apart ? moveaxis(selected, axis, 0) : selected;
}

/** Positions of what is true, or not 0: per axis an int64 array of a length that is not known yet. */
export function nonzero(x: Node): Node[] {
  const mask = castNode(x, "bool");
  const shape = knownShape(mask);
  if (shape.length === 0) {
    throw new IndexError("nonzero: a 0-d array has no positions", { hint: "reshape it to [1]" });
  }
  return shape.map((_, axis) =>
    selectionNode({ x: createNode(indexOf(axis), shape, advertisedGrid(mask)), mask, axis: 0 }),
  );
}
