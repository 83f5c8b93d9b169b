/**
 * Plans as small drawings, for golden tests: one line for every stage, with what it reads.
 *
 *     reduce add, sum <- x[:, 0:20] 4/12 -> 20
 *
 * reads columns 0 to 19 of x, which lie in 4 of its 12 chunks, adds and sums, and returns a result of 20 elements.
 * `%1` is what line 1 makes; `twice` says how often every chunk is read; `~` that bytes are copied from block to block.
 */
import type { InputReport, PlanReport, StageReport } from "../../dist/ir/report.js";

export function drawing({ stages }: PlanReport): string[] {
  // Merges are how a reduction is divided among workers: they belong to it.
  const shown = stages.filter((s) => s.kind !== "merge");
  const line = (id: number): number => {
    const stage = stages[id] as StageReport;
    return stage.kind === "merge" ? line(stage.inputs[0]?.stage as number) : shown.indexOf(stage);
  };
  const outputsOf = (stage: StageReport): StageReport["outputs"] => {
    const merge = stages.find((s) => s.kind === "merge" && s.inputs[0]?.stage === stage.id);
    return merge === undefined ? stage.outputs : outputsOf(merge);
  };
  return shown.map((stage) => {
    const inputs = [...new Set(stage.inputs.map((input) => inputText(input, line)))].sort();
    const results = outputsOf(stage)
      .filter((o) => o.root !== undefined)
      .map((o) => (o.shape.length === 0 ? "()" : o.shape.join("x")));
    const from = inputs.length === 0 ? "" : ` <- ${inputs.join(" ")}`;
    const to = results.length === 0 ? "" : ` -> ${results.join(" ")}`;
    const what = stage.kind === stage.label ? stage.kind : `${stage.kind} ${stage.label}`;
    return `${what}${stage.movedBytes > 0 ? " ~" : ""}${from}${to}`;
  });
}

function inputText(input: InputReport, line: (id: number) => number): string {
  if (input.stage !== undefined) return `%${line(input.stage)}`;
  const region = input.region.map(([start, stop, step], axis) => {
    const by = step > 1 ? `:${step}` : "";
    if (start === 0 && stop === input.shape[axis]) return `:${by}`;
    return stop - start === 1 ? String(start) : `${start}:${stop}${by}`;
  });
  const times = input.times ?? 1;
  const often = times > 1.05 ? ` ${times > 1.95 ? Math.round(times) : times.toFixed(1)}times` : "";
  return `${input.name}[${region.join(", ")}] ${input.touched}/${input.total}${often}`;
}
