/** Write tasks: the storage objects under a task's box, one after another, straight from where the elements lie. */
import { pieceStart, piecesIn } from "../../ir/cuts.js";
import { itemSize } from "../../ir/dtype.js";
import { type Box, boxElements, boxIsEmpty, boxShape } from "../../ir/index-map.js";
import { taskBox, type WriteStage } from "../../ir/stage.js";
import { SPAN } from "../../ir/trace.js";
import {
  checkCancelled,
  type Place,
  regionTarget,
  type ScratchStack,
  type TaskContext,
} from "./context.js";
import type { Flow } from "./flow.js";
import { placeArray, positions, shifted } from "./operands.js";
import { placeOperands } from "./regions.js";

export function* writeTask(
  ctx: TaskContext,
  stage: WriteStage,
  task: number,
  scratch: ScratchStack,
): Flow {
  const box = taskBox(stage, task);
  if (boxIsEmpty(box)) return;
  const { operand } = stage;
  const { chunks } = ctx.sinkInfo(stage.sink);
  const writer = ctx.writer(stage.sink);
  // A source is read once for all storage objects of the task; arrays are looked up for each: most lie in one block.
  const whole: Place | undefined =
    operand.from !== "array" ? (yield* placeOperands(ctx, [operand], box, scratch))[0] : undefined;
  const ranges = chunks.map((cuts, i) => {
    const [first, last] = piecesIn(cuts, box.lo[i] as number, box.hi[i] as number);
    return [first, last + 1] as const;
  });
  const mark = scratch.mark();
  for (const position of positions(ranges)) {
    checkCancelled(ctx);
    const part: Box = {
      lo: chunks.map((c, i) => Math.max(box.lo[i] as number, pieceStart(c, position[i] as number))),
      hi: chunks.map((c, i) =>
        Math.min(box.hi[i] as number, pieceStart(c, (position[i] as number) + 1)),
      ),
    };
    const place =
      whole === undefined
        ? placeArray(ctx, operand, part, scratch)
        : shifted(
            whole,
            part.lo.map((v, i) => v - (box.lo[i] as number)),
          );
    const elements = regionTarget(ctx.memory, operand.dtype, boxShape(part), place);
    const { probe } = ctx;
    const from = probe?.now();
    const done = writer.writeChunk([...position], elements, ctx.signal, probe);
    if (done !== undefined) yield done;
    const bytes = boxElements(part) * itemSize(operand.dtype);
    ctx.progress(bytes);
    if (from !== undefined) probe?.span(SPAN.write, from, bytes, stage.sink);
    scratch.reset(mark);
  }
}
