/** Partial blocks: what is handed over between the tasks of one reduction. See `partialNodes` for the layout. */
import { type Cuts, cutsCount, pieceStart, piecesIn } from "../../ir/cuts.js";
import { stateDTypes } from "../../ir/monoid.js";
import { componentBytes, partialNodes } from "../../ir/partials.js";
import { stateComponents } from "../../ir/scratch.js";
import type { ReduceStage } from "../../ir/stage.js";
import type { Harvest } from "./forest.js";
import type { StateMath } from "./states.js";

/** What some steps of the split axis come to. */
export interface Coverage {
  /** Leaf positions of the axes before the split axis. */
  readonly outer: number;
  /** The nodes at each of them. */
  readonly nodes: ReturnType<typeof partialNodes>["nodes"];
  /** Leaf behind the last one on the split axis. */
  readonly end: number;
}

export function coverageOf(of: ReduceStage, firstStep: number, steps: number): Coverage {
  const { axis } = of.split;
  const cuts = of.cuts[axis] as Cuts;
  const leaves = of.leaves[of.reduced.indexOf(axis)] as Cuts;
  const stop = pieceStart(cuts, Math.min(firstStep + steps, cutsCount(cuts)));
  const { outer, nodes } = partialNodes(of, firstStep, steps);
  return { outer, nodes, end: piecesIn(leaves, stop - 1, stop)[1] + 1 };
}

/** Puts the nodes of every outer leaf position into the raw block at `output`. */
export function handOver(
  of: ReduceStage,
  { outer, nodes, end }: Coverage,
  kept: number,
  math: StateMath,
  output: number,
): Harvest {
  const layout = new PartialLayout(of, outer * nodes.length, kept);
  return {
    axis: of.reduced.indexOf(of.split.axis),
    end,
    nodes: (prefix, found) => {
      found.forEach(({ state }, i) => {
        math.copy(state.components, layout.node(output, prefix * nodes.length + i));
      });
    },
    root: () => {},
  };
}

/** Finishes the whole reduction over `count` elements into the blocks of `arrays`. */
export const finishing = (
  math: StateMath,
  count: number,
  arrays: readonly number[],
  outputs: readonly number[],
): Harvest => ({
  axis: -1,
  end: 0,
  nodes: () => {},
  root: (states) => math.finish(states, count, arrays, outputs),
});

/** Component addresses of node `node` (of `nodes`) in a partial block; see `partialNodes`. */
export class PartialLayout {
  readonly #sizes: readonly {
    readonly start: number;
    readonly bytes: number;
    readonly offset: number;
  }[];
  readonly bytes: number;

  constructor(stage: ReduceStage, nodes: number, kept: number) {
    const components = stateComponents(stage);
    const perNode = stage.accumulators.map((a) =>
      stateDTypes(a.monoid, a.on).reduce((n, d) => n + componentBytes(d, kept), 0),
    );
    let start = 0;
    const starts = perNode.map((bytes) => {
      const at = start;
      start += bytes * nodes;
      return at;
    });
    let previous = -1;
    let offset = 0;
    this.#sizes = components.map(({ accumulator, dtype }) => {
      if (accumulator !== previous) offset = 0;
      previous = accumulator;
      const at = offset;
      offset += componentBytes(dtype, kept);
      return {
        start: starts[accumulator] as number,
        bytes: perNode[accumulator] as number,
        offset: at,
      };
    });
    this.bytes = start;
  }

  node(address: number, node: number): number[] {
    return this.#sizes.map(({ start, bytes, offset }) => address + start + node * bytes + offset);
  }
}
