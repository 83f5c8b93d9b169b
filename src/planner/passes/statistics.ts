/**
 * What tasks may find out about the values that they read, and make use of.
 *
 * Assumes: stages with their blocks, as `grid` and `rechunk` left them.
 * Promises: the same stages and blocks; values, reads and peaks stay what they are at the most, but for a cache line of
 * scratch where there are conditions to look at.
 * Stands after all that changes what a stage computes, and before `spill`, which has to know what tasks take.
 *
 * What is in a store is not asked before it is read: a listing may be as long as the array has chunks, and most stores
 * have none. Readers tell what they come by (a chunk that is missing is the fill value), and tasks go on from there. What
 * can be said of the expression is in which order it is worth to read: conditions first, then what depends on them.
 */
import { guardsOf } from "../../ir/guards.js";
import { isCopy, taskScratchBytes } from "../../ir/scratch.js";
import type { MapStage, Operand, ReduceStage, Stage } from "../../ir/stage.js";
import type { Assembly } from "../assemble.js";
import type { PassContext } from "../context.js";

/** The assembly with guards. */
export function statistics(assembly: Assembly, ctx: PassContext): Assembly {
  const stages: Stage[] = [];
  for (const stage of assembly.stages) {
    const looks = stage.kind === "reduce" || (stage.kind === "map" && !isCopy(stage));
    stages.push(looks ? guarded(stage, assembly, stages, ctx) : stage);
  }
  return { ...assembly, stages };
}

function guarded(
  stage: MapStage | ReduceStage,
  { arrays, bindings }: Assembly,
  before: readonly Stage[],
  ctx: PassContext,
): Stage {
  // What lies in memory costs nothing to read.
  const dear = (n: number): boolean => {
    const operand = stage.operands[n] as Operand;
    return operand.from === "source" && bindings.sources[operand.id]?.residence === "store";
  };
  const values = stage.kind === "map" ? stage.values : stage.accumulators.map((a) => a.value);
  const guards = guardsOf(stage.program, values, dear);
  const changed = { ...stage, guards };
  if (guards.length === 0) return changed;
  const names = new Set(
    guards
      .flatMap((g) => [...g.ifFalse, ...g.ifTrue])
      .map((n) => bindings.sources[(stage.operands[n] as Operand).id]?.name ?? "a source"),
  );
  ctx.log.push({
    pass: "statistics",
    rule: "condition-first",
    node: stage.nodes[0] ?? -1,
    outcome: "fired",
    detail: `${[...names].join(", ")}: read only where the condition of ${stage.label} asks for it`,
  });
  const scratchBytes = taskScratchBytes(changed, { arrays, stages: before });
  return { ...changed, scratchBytes };
}
