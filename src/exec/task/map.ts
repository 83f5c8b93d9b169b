/** Map tasks: one fused loop over the box of the task, into row-major output blocks. */
import type { DType } from "../../ir/dtype.js";
import { type Box, boxIsEmpty, boxShape } from "../../ir/index-map.js";
import { arrayOf, isCopy } from "../../ir/scratch.js";
import { type MapStage, type Operand, taskBox } from "../../ir/stage.js";
import type { MapSpec } from "../../kernels/index.js";
import { checkCancelled, itemOf, type ScratchStack, type TaskContext } from "./context.js";
import type { Flow } from "./flow.js";
import { LiveOperands } from "./live.js";
import { denseAt } from "./operands.js";
import { copyOperand } from "./regions.js";
import { spreadFirst } from "./uniform.js";

export function* mapTask(
  ctx: TaskContext,
  stage: MapStage,
  task: number,
  outputs: readonly number[],
  scratch: ScratchStack,
): Flow {
  const box: Box = taskBox(stage, task);
  if (boxIsEmpty(box)) return;
  const extents = boxShape(box);
  const dtypes = stage.outputs.map((id) => arrayOf(ctx.plan, id).dtype);
  const targets = dtypes.map((dtype, i) => denseAt(outputs[i] as number, extents, itemOf(dtype)));
  if (isCopy(stage)) {
    const [target] = targets;
    if (target !== undefined) {
      yield* copyOperand(ctx, stage.operands[0] as Operand, box, target, scratch);
    }
    return;
  }
  const { places, uniform } = yield* new LiveOperands(ctx, stage, scratch).place(box);
  checkCancelled(ctx);
  const done = uniform ? extents.map(() => 1) : extents;
  ctx.kernels.map(specOf(stage, dtypes), done, box.lo, places, targets, stage.program.constants);
  if (!uniform) return;
  targets.forEach((target, i) => spreadFirst(ctx, dtypes[i] as DType, extents, target));
}

const specs = new WeakMap<MapStage, MapSpec>();

/** One object per stage: kernels remember by it what they found out. */
function specOf(stage: MapStage, dtypes: readonly DType[]): MapSpec {
  let spec = specs.get(stage);
  if (spec === undefined) {
    spec = {
      program: stage.program,
      operands: stage.operands.map((o) => o.dtype),
      outputs: stage.values.map((value, i) => ({ value, dtype: dtypes[i] as DType })),
    };
    specs.set(stage, spec);
  }
  return spec;
}
