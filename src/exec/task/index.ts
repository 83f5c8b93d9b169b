/** Tasks: one block of every output of a stage, made in whatever thread calls. */
import { AbortError } from "../../errors.js";
import { arrayOf, readsOutside } from "../../ir/scratch.js";
import { SPILL_BUFFER } from "../../ir/spill.js";
import type { Stage } from "../../ir/stage.js";
import { SPAN } from "../../ir/trace.js";
import { callTask } from "./call.js";
import { checkCancelled, type Scratch, ScratchStack, type TaskContext } from "./context.js";
import { type Flow, runFlow } from "./flow.js";
import { gatherTask } from "./gather.js";
import { mapTask } from "./map.js";
import { mergeTask } from "./merge.js";
import { concatTask, reshapeTask } from "./moves.js";
import { reduceTask } from "./reduce.js";
import { writeTask } from "./write.js";

export { compileFunction, type UserFunction } from "./compile.js";
export type {
  Outside,
  Place,
  Scratch,
  SinkInfo,
  TaskContext,
  TaskFunction,
  TaskKernels,
} from "./context.js";
export { FunctionTable } from "./functions.js";

/**
 * Runs task `task` of a stage: writes the blocks at `outputs` (addresses, in the order of `stage.outputs`) and
 * nothing else but `scratch`. Input blocks are resident. Answers at once unless a reader, a writer or a user function
 * answers later.
 *
 * Throws AbortError when cancelled, TaskError for what user functions do, and whatever readers and writers throw.
 *
 * @example await runTask(ctx, stage, 0, [address], { address: scratch, bytes: stage.scratchBytes })
 */
export function runTask(
  ctx: TaskContext,
  stage: Stage,
  task: number,
  outputs: readonly number[],
  scratch: Scratch,
): void | Promise<void> {
  return runFlow(abortable(ctx, taskFlow(ctx, stage, task, outputs, new ScratchStack(scratch))));
}

/** What fails because it was told to stop did not fail. */
function* abortable(ctx: TaskContext, flow: Flow): Flow {
  try {
    return yield* flow;
  } catch (cause) {
    if (ctx.signal.aborted && !(cause instanceof AbortError)) {
      throw new AbortError(undefined, { cause: ctx.signal.reason ?? cause });
    }
    throw cause;
  }
}

/** The task, with what it reads from outside the arena before and what it puts there after. */
function* taskFlow(
  ctx: TaskContext,
  stage: Stage,
  task: number,
  outputs: readonly number[],
  scratch: ScratchStack,
): Flow {
  const { outside } = ctx;
  if (outside === undefined) return yield* stageFlow(ctx, stage, task, outputs, scratch);
  const outsideBuffer = readsOutside(stage) ? scratch.take(SPILL_BUFFER) : undefined;
  const mark = scratch.mark();
  yield* stageFlow({ ...ctx, outsideBuffer }, stage, task, outputs, scratch);
  stage.outputs.forEach((id, i) => {
    const array = arrayOf(ctx.plan, id);
    if (array.outside === undefined) return;
    checkCancelled(ctx);
    scratch.reset(mark);
    const buffer = outsideBuffer ?? scratch.take(SPILL_BUFFER);
    const from = ctx.probe?.now();
    const bytes = outside.write(array, task, outputs[i] as number, buffer);
    const onDisk = array.outside.medium === "file";
    if (!onDisk && ctx.meter !== undefined) ctx.meter.moved += bytes;
    if (from !== undefined) ctx.probe?.span(onDisk ? SPAN.spill : SPAN.move, from, bytes, id);
  });
}

function* stageFlow(
  ctx: TaskContext,
  stage: Stage,
  task: number,
  outputs: readonly number[],
  scratch: ScratchStack,
): Flow {
  checkCancelled(ctx);
  switch (stage.kind) {
    case "map":
      return yield* mapTask(ctx, stage, task, outputs, scratch);
    case "reduce":
      return yield* reduceTask(ctx, stage, task, outputs, scratch);
    case "merge":
      return mergeTask(ctx, stage, task, outputs, scratch);
    case "concat":
      return yield* concatTask(ctx, stage, task, outputs, scratch);
    case "gather":
      return yield* gatherTask(ctx, stage, task, outputs, scratch);
    case "reshape":
      return yield* reshapeTask(ctx, stage, task, outputs, scratch);
    case "call":
      return yield* callTask(ctx, stage, task, outputs, scratch);
    case "write":
      return yield* writeTask(ctx, stage, task, scratch);
  }
}
