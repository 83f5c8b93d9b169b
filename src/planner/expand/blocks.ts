/** Grids for what is expanded: bounded pieces of the advertised one, a pure function of the expression. */
import {
  type Cuts,
  coalesceCuts,
  cutsMax,
  splitCuts,
  uniformCuts,
  wholeCuts,
} from "../../ir/cuts.js";
import type { CallParams } from "../../ir/node.js";

/** Bytes of a block that one call should handle. */
const TARGET = 1024 * 1024;
/** Bytes that it should not exceed. */
const LIMIT = 4 * 1024 * 1024;

/**
 * Cuts of the axes of a block function: huge pieces are cut, first axes first, tiny ones coalesced, last axes first.
 * Axes with `fixed` cuts keep them. `perElement` are the bytes that a call holds per element of its block.
 */
export function boundedCuts(
  grid: readonly Cuts[],
  perElement: number,
  fixed: readonly (Cuts | undefined)[] = [],
): readonly Cuts[] {
  const cuts = grid.map((c, axis) => fixed[axis] ?? c);
  const others = (axis: number): number =>
    cuts.reduce((n, c, i) => (i === axis ? n : n * Math.max(1, cutsMax(c))), perElement);
  for (let axis = 0; axis < cuts.length; axis++) {
    const room = Math.max(1, Math.floor(LIMIT / others(axis)));
    const own = cuts[axis] as Cuts;
    if (fixed[axis] === undefined && cutsMax(own) > room) cuts[axis] = splitCuts(own, room);
  }
  for (let axis = cuts.length - 1; axis >= 0; axis--) {
    const room = Math.floor(TARGET / others(axis));
    const own = cuts[axis] as Cuts;
    if (fixed[axis] === undefined && room > cutsMax(own)) cuts[axis] = coalesceCuts(own, room);
  }
  return cuts;
}

type Axes = CallParams["args"][number];

/** Every axis follows the loop axis of its own number. */
export const followAll = (cuts: readonly Cuts[]): Axes =>
  cuts.map((c, loop) => ({ loop, cuts: c }));

/** As {@link followAll}, but axis `axis` is one position per piece of the loop. */
export const onePerPiece = (cuts: readonly Cuts[], axis: number, pieces: number): Axes =>
  cuts.map((c, loop) => ({ loop, cuts: loop === axis ? uniformCuts(pieces, 1) : c }));

/** As {@link followAll}, but axis `axis` is taken whole. */
export const wholeAxis = (cuts: readonly Cuts[], axis: number, extent: number): Axes =>
  cuts.map((c, loop) =>
    loop === axis ? { loop: -1, cuts: wholeCuts(extent) } : { loop, cuts: c },
  );
