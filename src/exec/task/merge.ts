/** Merge tasks: continue the trees of a reduction over the partial states of `fan` segments. */
import { type Cuts, cutsCount, pieceStart, piecesIn } from "../../ir/cuts.js";
import { boxShape, elementCount } from "../../ir/index-map.js";
import { reducedElements } from "../../ir/leaves.js";
import { mergeSlots, reduceOf } from "../../ir/scratch.js";
import {
  type MergeStage,
  type ReduceStage,
  blockBox,
  keptAxes,
  partialNodes,
} from "../../ir/stage.js";
import { type ScratchStack, type TaskContext, checkCancelled } from "./context.js";
import { Forest, type Harvest } from "./forest.js";
import { finishNothing } from "./reduce.js";
import { ELSEWHERE, type NodeStates, PartialLayout, Slots, StateMath } from "./states.js";

type Node = ReturnType<typeof partialNodes>["nodes"][number];

/** One partial block of the input. */
interface Part {
  readonly nodes: readonly Node[];
  readonly layout: PartialLayout;
  readonly address: number;
}

export function mergeTask(
  ctx: TaskContext,
  stage: MergeStage,
  task: number,
  outputs: readonly number[],
  scratch: ScratchStack,
): void {
  const of = reduceOf(ctx.plan, stage);
  const groups = Math.ceil(stage.segments / stage.fan);
  const keptBlock = Math.floor(task / groups);
  const group = task % groups;
  const cuts = keptAxes(of).map((axis) => of.cuts[axis] as Cuts);
  const kept = elementCount(boxShape(blockBox(cuts, keptBlock)));
  if (kept === 0) return;
  const math = new StateMath(ctx, of, kept);
  const total = reducedElements(of.leaves);
  if (stage.final && total === 0) {
    finishNothing(of, math, outputs, scratch, stage.outputs);
    return;
  }
  const first = group * stage.fan;
  const last = Math.min(first + stage.fan, stage.segments);
  const parts: Part[] = [];
  for (let s = first; s < last; s++) {
    const { outer, nodes } = nodesOf(of, s * stage.width, stage.width);
    parts.push({
      nodes,
      layout: new PartialLayout(of, outer * nodes.length, kept),
      address: ctx.blockAddress(stage.input, keptBlock * stage.segments + s),
    });
  }
  const slots = new Slots(of, mergeSlots(of, stage), scratch);
  const axis = of.reduced.indexOf(of.split.axis);
  const target = nodesOf(of, first * stage.width, (last - first) * stage.width);
  const harvest: Harvest = stage.final
    ? {
        axis: -1,
        end: 0,
        nodes: () => {},
        root: (states) => math.finish(states, total, stage.outputs, outputs),
      }
    : handOver(of, axis, target, kept, math, outputs[0] as number);
  const forest = new Forest(of, slots, math, harvest);
  for (let prefix = 0; prefix < target.outer; prefix++) {
    checkCancelled(ctx);
    for (const { nodes, layout, address } of parts) {
      nodes.forEach(({ level, index }, i) => {
        const components = layout.node(address, prefix * nodes.length + i);
        const state: NodeStates = { components, slot: ELSEWHERE };
        forest.push(axis, prefix, { level, index, state });
      });
    }
  }
  forest.checkEmpty();
}

interface Covered {
  readonly outer: number;
  readonly nodes: readonly Node[];
  /** Leaf behind the last one on the split axis. */
  readonly end: number;
}

/** What `width` original segments from `first` on come to. */
function nodesOf(of: ReduceStage, first: number, width: number): Covered {
  const { axis, steps } = of.split;
  const { outer, nodes } = partialNodes(of, first * steps, width * steps);
  const cuts = of.cuts[axis] as Cuts;
  const stop = pieceStart(cuts, Math.min((first + width) * steps, cutsCount(cuts)));
  const leaves = of.leaves[of.reduced.indexOf(axis)] as Cuts;
  return { outer, nodes, end: piecesIn(leaves, stop - 1, stop)[1] + 1 };
}

function handOver(
  of: ReduceStage,
  axis: number,
  { outer, nodes, end }: Covered,
  kept: number,
  math: StateMath,
  output: number,
): Harvest {
  const layout = new PartialLayout(of, outer * nodes.length, kept);
  return {
    axis,
    end,
    nodes: (prefix, found) =>
      found.forEach(({ state }, i) =>
        math.copy(state.components, layout.node(output, prefix * nodes.length + i)),
      ),
    root: () => {},
  };
}
