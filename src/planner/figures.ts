/**
 * What a plan takes: the bytes of a run, inside the arena and outside it, whether that fits, and what is said if not.
 */
import { MemoryLimitError } from "../errors.js";
import { type Cuts, cutsCount, sameCuts } from "../ir/cuts.js";
import { itemSize } from "../ir/dtype.js";
import { elementCount } from "../ir/index-map.js";
import { dtypeOf, knownShape } from "../ir/node.js";
import { operandsOf, outsideBytes, type PlanArray, type Stage } from "../ir/stage.js";
import type { Assembly } from "./assemble.js";
import { arenaOf, type PassContext, type PlanConfig } from "./context.js";
import { paddedBytes, taskFootprint } from "./estimate.js";
import type { FuseRequest } from "./passes/fuse.js";
import { type Consumer, heldBytes, liveBytes, totalBytes } from "./passes/lifetimes.js";
import { spillOf } from "./passes/spill.js";

/** Fields of a plan. */
export interface Figures {
  readonly resultBytes: number;
  readonly beyondBytes: number;
  readonly serialBytes: number;
  readonly peakBytes: number;
}

/** Whether one task after another fits the budget, and what lies in the arena fits that. */
export const fits = (figures: Figures, config: PlanConfig): boolean =>
  figures.serialBytes <= config.memory && insideBytes(figures) <= arenaOf(config);

/** Of `serialBytes` what lies in the arena. */
export const insideBytes = (figures: Figures): number =>
  figures.serialBytes - outsideBytes(figures);

/** Live bytes of every array (filled in), and the planned peak. */
export function figuresOf(
  assembly: Assembly,
  requests: readonly FuseRequest[],
  ctx: PassContext,
): Figures {
  const { arrays, stages } = assembly;
  const consumers: Consumer[][] = arrays.map(() => []);
  const merges = new Map<number, Stage>();
  for (const stage of stages) {
    if (stage.kind === "merge") merges.set(stage.input, stage);
    for (const operand of operandsOf(stage)) {
      if (operand.from !== "source") consumers[operand.id]?.push({ stage, operand });
    }
  }
  const orderly = orderlyStages(stages, arrays, consumers);
  let live = 0;
  for (const array of arrays) {
    if (array.outside !== undefined) {
      array.liveBytes = 0;
      continue;
    }
    const merge = merges.get(array.id);
    const users = consumers[array.id] as Consumer[];
    // A requested stage runs from end to end before what comes after it: the rest of its outputs wait.
    const waits =
      users.length > 0 &&
      (stages[array.stage] as Stage).outputs.some((id) => arrays[id]?.root !== undefined);
    array.liveBytes = waits
      ? totalBytes(array)
      : merge?.kind === "merge"
        ? Math.min(totalBytes(array), merge.fan * (array.rawBytes ?? 0))
        : liveBytes(
            array,
            users,
            users.every((u) => orderly.has(u.stage.id)),
          );
    live += heldBytes(array);
  }
  const feet = stages.map((s) => taskFootprint(s, arrays)).sort((a, b) => b - a);
  const resultBytes = requests.reduce(
    (n, { node, sink }) =>
      n + (sink === undefined ? elementCount(knownShape(node)) * itemSize(dtypeOf(node)) : 0),
    0,
  );
  const { beyondBytes } = spillOf(arrays);
  const outside = resultBytes + beyondBytes;
  const serialBytes = Math.ceil(outside + live + (feet[0] ?? 0));
  const side = 2 * ctx.config.workers * feet.slice(0, 4).reduce((a, b) => a + b, 0);
  const { memory } = ctx.config;
  const most = Math.min(memory, outside + arenaOf(ctx.config));
  const peakBytes = Math.min(most, Math.ceil(serialBytes + side));
  return { resultBytes, beyondBytes, serialBytes, peakBytes };
}

/** Stages whose tasks run in ascending order: sinks, and producers that follow such a stage block by block. */
function orderlyStages(
  stages: readonly Stage[],
  arrays: readonly PlanArray[],
  consumers: readonly (readonly Consumer[])[],
): ReadonlySet<number> {
  const orderly = new Set<number>();
  const merged = new Set(stages.flatMap((s) => (s.kind === "merge" ? [s.input] : [])));
  for (let i = stages.length - 1; i >= 0; i--) {
    const stage = stages[i] as Stage;
    const users = stage.outputs.flatMap((id) => consumers[id] ?? []);
    const isMerged = stage.outputs.some((id) => merged.has(id));
    const follows = users.every(
      ({ stage: user, operand }) =>
        orderly.has(user.id) &&
        (user.kind === "map" || user.kind === "write" || inRowMajorOrder(user)) &&
        operand.map.every((m, a) => m.axis === a && m.step === 1 && m.start === 0) &&
        (arrays[operand.id] as PlanArray).cuts.every((c, a) => sameCuts(c, user.cuts[a] as Cuts)),
    );
    if (!isMerged && users.length <= 1 && follows) orderly.add(stage.id);
  }
  return orderly;
}

/** Reductions go through the kept axes first: that is row-major where no divided axis is out of turn. */
function inRowMajorOrder(stage: Stage): boolean {
  if (stage.kind !== "reduce") return false;
  const divided = stage.cuts.map((_, a) => a).filter((a) => cutsCount(stage.cuts[a] as Cuts) > 1);
  const firstReduced = divided.find((a) => stage.reduced.includes(a));
  return divided.every(
    (a) => stage.reduced.includes(a) || firstReduced === undefined || a < firstReduced,
  );
}

export function tooLarge(
  { assembly, figures }: { readonly assembly: Assembly; readonly figures: Figures },
  config: PlanConfig,
): MemoryLimitError {
  const { memory } = config;
  const mib = (bytes: number): string =>
    bytes < 1048576
      ? `${(bytes / 1024).toFixed(2)} KiB`
      : `${(bytes / 1048576).toFixed(bytes < 10485760 ? 2 : 0)} MiB`;
  if (figures.resultBytes > memory) {
    return new MemoryLimitError(
      `the result takes ${mib(figures.resultBytes)}, more than memory = ${mib(memory)}`,
      { hint: "write it with toZarr(), or give more memory" },
    );
  }
  const worst = assembly.stages.reduce((a, b) =>
    taskFootprint(b, assembly.arrays) > taskFootprint(a, assembly.arrays) ? b : a,
  );
  const array = assembly.arrays.reduce<PlanArray | undefined>(
    (a, b) => (a === undefined || b.liveBytes > a.liveBytes ? b : a),
    undefined,
  );
  const task = paddedBytes(taskFootprint(worst, assembly.arrays));
  const held =
    array !== undefined && array.liveBytes > task
      ? `stage ${array.stage} (${(assembly.stages[array.stage] as Stage).label}) has to hold ${mib(array.liveBytes)} of its result`
      : `stage ${worst.id} (${worst.label}) takes ${mib(task)} for one task`;
  if (figures.serialBytes <= memory) {
    const arena = mib(arenaOf(config));
    return new MemoryLimitError(
      `the computation does not fit ${arena}, which is what one WebAssembly memory has for blocks: ${held}`,
      { hint: "make the chunks smaller, or ask for fewer arrays at once" },
    );
  }
  return new MemoryLimitError(`the computation does not fit memory = ${mib(memory)}: ${held}`, {
    hint: `memory: "${Math.ceil(figures.serialBytes / 1048576)}MiB" would fit, or smaller chunks`,
  });
}
