/** Merge tasks: continue the trees of a reduction over the partial states of `fan` segments. */
import type { Cuts } from "../../ir/cuts.js";
import { boxShape, elementCount } from "../../ir/index-map.js";
import { reducedElements } from "../../ir/leaves.js";
import { reduceOf } from "../../ir/scratch.js";
import { blockBox, keptAxes, type MergeStage } from "../../ir/stage.js";
import { mergeSlots } from "../../ir/state-slots.js";
import { checkCancelled, type ScratchStack, type TaskContext } from "./context.js";
import { Forest } from "./forest.js";
import { type Coverage, coverageOf, finishing, handOver, PartialLayout } from "./partials.js";
import { finishNothing } from "./reduce.js";
import { ELSEWHERE, type NodeStates, Slots, StateMath } from "./states.js";

/** One partial block of the input. */
interface Part {
  readonly nodes: Coverage["nodes"];
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
  const perInput = stage.width * of.split.steps;
  const parts: Part[] = [];
  for (let s = first; s < last; s++) {
    const { outer, nodes } = coverageOf(of, s * perInput, perInput);
    parts.push({
      nodes,
      layout: new PartialLayout(of, outer * nodes.length, kept),
      address: ctx.blockAddress(stage.input, keptBlock * stage.segments + s),
    });
  }
  const slots = new Slots(of, mergeSlots(of, stage), scratch);
  const axis = of.reduced.indexOf(of.split.axis);
  const target = coverageOf(of, first * perInput, (last - first) * perInput);
  const harvest = stage.final
    ? finishing(math, total, stage.outputs, outputs)
    : handOver(of, target, kept, math, outputs[0] as number);
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
