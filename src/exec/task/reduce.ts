/**
 * Reduce tasks: walk through the steps of a segment, run the leaf kernels of each step over the whole kept block and
 * feed the states to the trees.
 */
import { type Cuts, cutsCount, pieceStart } from "../../ir/cuts.js";
import { type Box, boxShape, elementCount } from "../../ir/index-map.js";
import { reducedElements } from "../../ir/leaves.js";
import { maxKept } from "../../ir/scratch.js";
import { keptAxes, type ReduceStage, taskBox } from "../../ir/stage.js";
import { reduceSlots, treeAxis } from "../../ir/state-slots.js";
import { checkCancelled, type ScratchStack, type TaskContext } from "./context.js";
import type { Flow } from "./flow.js";
import { Forest } from "./forest.js";
import { LeafRunner } from "./leaf.js";
import { LiveOperands } from "./live.js";
import { positions } from "./operands.js";
import { coverageOf, finishing, handOver, PartialLayout } from "./partials.js";
import { type NodeStates, Slots, StateMath } from "./states.js";
import { Verdict } from "./verdict.js";

/** Steps that one task takes on every reduced axis, `[first, last)`. */
function stepRanges(stage: ReduceStage, task: number): (readonly [number, number])[] {
  const { axis: splitAxis, steps, segments } = stage.split;
  return stage.reduced.map((axis) => {
    const count = cutsCount(stage.cuts[axis] as Cuts);
    if (axis !== splitAxis) return [0, count];
    const first = (task % segments) * steps;
    return [first, Math.min(first + steps, count)];
  });
}

export function* reduceTask(
  ctx: TaskContext,
  stage: ReduceStage,
  task: number,
  outputs: readonly number[],
  scratch: ScratchStack,
): Flow {
  const whole = taskBox(stage, task);
  const kept = elementCount(keptAxes(stage).map((a) => boxShape(whole)[a] as number));
  if (kept === 0) return;
  const math = new StateMath(ctx, stage, kept);
  const total = reducedElements(stage.leaves);
  const partial = stage.split.segments > 1;
  if (total === 0) {
    if (partial) nothingToHandOver(stage, task, kept, math, outputs[0] as number);
    else finishNothing(stage, math, outputs, scratch);
    return;
  }
  const slots = new Slots(stage, reduceSlots(stage), scratch);
  const { steps, segments } = stage.split;
  const harvest = partial
    ? handOver(
        stage,
        coverageOf(stage, (task % segments) * steps, steps),
        kept,
        math,
        outputs[0] as number,
      )
    : finishing(math, total, stage.outputs, outputs);
  const verdict = Verdict.of(ctx, stage, kept);
  const block = Math.floor(task / segments);
  const look = verdict && ((states: NodeStates): void => verdict.look(states));
  const forest = new Forest(stage, slots, math, harvest, look);
  const leaves = new LeafRunner(ctx, stage, whole, slots, math, scratch);
  const live = new LiveOperands(ctx, stage, scratch);
  const mark = scratch.mark();
  for (const step of positions(stepRanges(stage, task))) {
    checkCancelled(ctx);
    if (verdict !== undefined && (verdict.decided || ctx.verdicts?.get(block) === true)) {
      ctx.verdicts?.set(block);
      decide(stage, task, kept, verdict, outputs, math, slots);
      return;
    }
    const box = stepBox(stage, whole, step);
    const placed = yield* live.place(box);
    const { places } = placed;
    leaves.begin(placed);
    if (treeAxis(stage) < 0) {
      const states = leaves.single(box, box, places);
      harvest.root(states);
      slots.release(states);
    } else leaves.walk(box, places, forest);
    scratch.reset(mark);
  }
  forest.checkEmpty();
  if (verdict?.decided === true) ctx.verdicts?.set(block);
}

/** Every state of the task says what the result is; what has been computed so far is left as it is. */
function decide(
  stage: ReduceStage,
  task: number,
  kept: number,
  verdict: Verdict,
  outputs: readonly number[],
  math: StateMath,
  slots: Slots,
): void {
  const { steps, segments } = stage.split;
  if (segments > 1) {
    const { outer, nodes } = coverageOf(stage, (task % segments) * steps, steps);
    const layout = new PartialLayout(stage, outer * nodes.length, kept);
    for (let n = 0; n < outer * nodes.length; n++)
      verdict.fill(layout.node(outputs[0] as number, n));
    return;
  }
  slots.reset();
  const states = slots.take();
  verdict.fill(states.components);
  math.finish(states, reducedElements(stage.leaves), stage.outputs, outputs);
}

function stepBox(stage: ReduceStage, whole: Box, step: readonly number[]): Box {
  const lo = [...whole.lo];
  const hi = [...whole.hi];
  stage.reduced.forEach((axis, k) => {
    const cuts = stage.cuts[axis] as Cuts;
    lo[axis] = pieceStart(cuts, step[k] as number);
    hi[axis] = pieceStart(cuts, (step[k] as number) + 1);
  });
  return { lo, hi };
}

function nothingToHandOver(
  stage: ReduceStage,
  task: number,
  kept: number,
  math: StateMath,
  output: number,
): void {
  const { steps, segments } = stage.split;
  const { outer, nodes } = coverageOf(stage, (task % segments) * steps, steps);
  const layout = new PartialLayout(stage, outer * nodes.length, kept);
  for (let n = 0; n < outer * nodes.length; n++) math.identity(layout.node(output, n));
}

/** The results of a reduction over no elements. */
export function finishNothing(
  stage: ReduceStage,
  math: StateMath,
  outputs: readonly number[],
  scratch: ScratchStack,
  arrays: readonly number[] = stage.outputs,
): void {
  if (maxKept(stage) === 0) return;
  const states = new Slots(stage, 1, scratch).take();
  math.identity(states.components);
  math.finish(states, 0, arrays, outputs);
}
