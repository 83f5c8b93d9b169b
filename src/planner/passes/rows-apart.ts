/** Rows of an axis that a reshape regroups, where those between them are not needed: they are gathered and regrouped alone. */
import { gatherNode, indexList } from "../../ir/build.js";
import type { Node, NodeOf } from "../../ir/node.js";
import { canonical } from "./canonicalize.js";
import { leastCommonMultiple, outermostAxes } from "./regions.js";

/** Positions `start + step * k` for `k < count`. */
export interface Progression {
  readonly start: number;
  readonly step: number;
  readonly count: number;
  /** A single position whose axis nobody needs: it is left out. */
  readonly dropped?: boolean;
}
export type Selection = readonly Progression[];

/** Rows that are needed of an axis that is regrouped, where others lie between them. */
export interface Apart {
  /** The axis of the input, and its rows. */
  readonly from: number;
  readonly rows: readonly number[];
  /** The axis of the result, its length when only these rows are regrouped, and the positions there. */
  readonly to: number;
  readonly made: number;
  readonly positions: readonly number[];
}

/** A list of more positions than this costs more than the rows that it leaves out. */
const MOST_POSITIONS = 2 ** 20;

export function rowsApart(node: NodeOf<"reshape">, selection: Selection): Apart[] {
  return outermostAxes(node).flatMap(({ input, output, inRow, outRow }) => {
    const { start, step, count, dropped } = selection[output] as Progression;
    if (dropped === true || count > MOST_POSITIONS || (inRow === 1 && outRow === 1)) return [];
    // As many elements as are whole rows on both sides. Shorter steps leave none of these units out.
    const unit = leastCommonMultiple(inRow, outRow);
    if (Math.abs(step) * outRow <= unit) return [];
    const unitOf = (k: number): number => Math.floor(((start + step * k) * outRow) / unit);
    if (Math.abs(unitOf(count - 1) - unitOf(0)) + 1 <= count) return [];
    const [above, below] = [unit / inRow, unit / outRow];
    const every = Array.from({ length: count }, (_, k) => k);
    return {
      from: input,
      rows: every.flatMap((k) => Array.from({ length: above }, (_, i) => unitOf(k) * above + i)),
      to: output,
      made: count * below,
      positions: every.map((k) => k * below + ((start + step * k) % below)),
    };
  });
}

const gathered = (x: Node, axis: number, positions: readonly number[]): Node =>
  canonical(gatherNode(x, axis, indexList(positions)));

/**
 * Regroups rows alone: those of `below` that are apart are gathered, `look` regroups them and looks at all of these, and
 * of that the positions are gathered. `axisOf`: where an axis of the result is in what `look` answers.
 */
export function regroupApart(
  below: Node,
  apart: readonly Apart[],
  look: (rows: Node) => Node,
  axisOf: (axis: number) => number = (axis) => axis,
): Node {
  const looked = look(apart.reduce((x, { from, rows }) => gathered(x, from, rows), below));
  return apart.reduce((x, { to, positions }) => gathered(x, axisOf(to), positions), looked);
}
