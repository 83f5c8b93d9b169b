/** Plans of which a part is done: what write stages need not write again is not asked for. */
import type { SinkBinding } from "../ir/binding.js";
import { piecesIn } from "../ir/cuts.js";
import { type Box, boxIsEmpty, ravel } from "../ir/index-map.js";
import { type Stage, taskBox, taskCount, type WriteStage } from "../ir/stage.js";
import type { FinishedChunks, PlanResult, RunStats } from "./engine.js";

/**
 * The plan without the tasks whose chunks are all there. A task that writes several chunks of which some are missing
 * writes all of them again, with the same elements.
 */
export function withoutFinished(
  result: PlanResult,
  finishedOf: (sink: SinkBinding) => FinishedChunks | undefined,
): PlanResult {
  const stages = result.plan.stages.map((stage): Stage => {
    if (stage.kind !== "write") return stage;
    const sink = result.bindings.sinks[stage.sink] as SinkBinding;
    const chunks = finishedOf(sink);
    if (chunks === undefined || chunks.count === 0) return stage;
    return { ...stage, finished: finishedTasks(stage, sink, chunks) };
  });
  return { ...result, plan: { ...result.plan, stages } };
}

/** Runs `[first, count]` of tasks whose chunks are all there. */
export function finishedTasks(
  stage: WriteStage,
  { chunks }: Pick<SinkBinding, "chunks">,
  finished: Pick<FinishedChunks, "grid" | "there">,
): [number, number][] {
  const runs: [number, number][] = [];
  for (let task = 0; task < taskCount(stage); task++) {
    if (!allThere(taskBox(stage, task), chunks, finished)) continue;
    const last = runs.at(-1);
    if (last !== undefined && last[0] + last[1] === task) last[1]++;
    else runs.push([task, 1]);
  }
  return runs;
}

function allThere(
  box: Box,
  chunks: SinkBinding["chunks"],
  { grid, there }: Pick<FinishedChunks, "grid" | "there">,
): boolean {
  if (boxIsEmpty(box)) return true;
  const ranges = chunks.map((cuts, i) => piecesIn(cuts, box.lo[i] as number, box.hi[i] as number));
  const position = ranges.map(([first]) => first);
  for (;;) {
    if (there[ravel(position, grid)] !== 1) return false;
    let axis = position.length - 1;
    for (; axis >= 0; axis--) {
      const [first, last] = ranges[axis] as readonly [number, number];
      if ((position[axis] as number) < last) {
        position[axis] = (position[axis] as number) + 1;
        break;
      }
      position[axis] = first;
    }
    if (axis < 0) return true;
  }
}

/** What a run did that had nothing to do. */
export const NOTHING_DONE: RunStats = {
  tasks: 0,
  bytesRead: 0,
  bytesWritten: 0,
  peakBytes: 0,
  spilledBytes: 0,
  repeatedTasks: 0,
  seconds: 0,
  inline: true,
  stages: [],
};
