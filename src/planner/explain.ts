/**
 * `explain()`: the plan in words. It answers what is read, what moves, what is live at once, what it will cost, and why
 * it is not better.
 */
import { cutsCount, cutsMax } from "../ir/cuts.js";
import { itemSize } from "../ir/dtype.js";
import { type AffineMap, boxOfShape, elementCount, imageOfBox } from "../ir/index-map.js";
import type { Bindings, Operand, Plan, PlanArray, Stage } from "../ir/stage.js";
import { gridOf, maxBlockBytes, operandsOf, totalStages } from "../ir/stage.js";
import { readCost } from "./passes/rechunk.js";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** `1536` -> `1.5 KiB` */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

const formatSeconds = (s: number): string =>
  s < 1e-3
    ? `${(s * 1e6).toFixed(0)} us`
    : s < 1
      ? `${(s * 1e3).toFixed(0)} ms`
      : `${s.toFixed(1)} s`;
const formatShape = (shape: readonly number[]): string => `[${shape.join(", ")}]`;

/** Text of a plan, one paragraph per stage, last stage first. */
export function explain(plan: Plan, bindings: Bindings): string {
  const { estimate } = plan;
  const lines: string[] = [];
  for (const root of plan.roots) {
    const where = root.array >= 0 ? `#${stageOf(plan, root.array)}` : "a store";
    lines.push(
      `${root.dtype}${formatShape(root.shape)}  ${formatBytes(root.bytes)}  from ${where}`,
    );
  }
  lines.push(
    `planned  ${totalStages(plan)} ${totalStages(plan) === 1 ? "stage" : "stages"}, ${estimate.tasks} tasks` +
      `  reads ${formatBytes(estimate.readBytes)} in ${estimate.readChunks} chunks` +
      `  moves ${formatBytes(estimate.movedBytes)}` +
      (estimate.spilledBytes > 0 ? `  spills ${formatBytes(estimate.spilledBytes)}` : "") +
      `  peak ${formatBytes(plan.peakBytes)} of ${formatBytes(plan.memory)}` +
      `  about ${formatSeconds(estimate.seconds / Math.max(1, plan.workers))} on ${plan.workers} workers`,
  );
  for (const stage of [...plan.stages].reverse())
    lines.push("", ...explainStage(stage, plan, bindings));
  const why = reasons(plan);
  if (why.length > 0) lines.push("", "why", ...why.map((w) => `  ${w}`));
  return lines.join("\n");
}

const stageOf = (plan: Plan, array: number): number => {
  const made = plan.arrays[array] as PlanArray;
  return made.stage;
};

function explainStage(stage: Stage, plan: Plan, bindings: Bindings): string[] {
  const outputs = stage.outputs.map((id) => plan.arrays[id] as PlanArray);
  const blocks = stage.cuts.map((c) => cutsMax(c));
  const head =
    `#${stage.id} ${stage.kind}  ${stage.label}` +
    `  over ${formatShape(stage.space)} in blocks of ${formatShape(blocks)}` +
    `  ${stage.estimate.tasks} ${stage.estimate.tasks === 1 ? "task" : "tasks"}`;
  const task = outputs.reduce(
    (n, a) => n + maxBlockBytes(a),
    stage.scratchBytes + stage.foreignBytes,
  );
  const facts = [`${formatBytes(task)} a task`];
  for (const array of outputs) {
    if (array.rawBytes !== undefined)
      facts.push(`hands over partial states, ${formatBytes(array.liveBytes)} live`);
    else {
      const what = `${array.dtype}${formatShape(array.shape)}`;
      facts.push(
        array.root === undefined
          ? `makes ${what}, ${array.disk === undefined ? `${formatBytes(array.liveBytes)} live at once` : "put on disk"}`
          : `makes ${what}, returned`,
      );
    }
  }
  if (stage.kind === "reduce") {
    facts.push(
      `${stage.split.segments} ${stage.split.segments === 1 ? "segment" : "segments"} streamed step by step`,
    );
  }
  const lines = [head, `   ${facts.join("; ")}`];
  const operands = stage.kind === "merge" ? [] : operandsOf(stage);
  operands.forEach((operand, i) => {
    const mark = i === operands.length - 1 ? "└" : "├";
    lines.push(`   ${mark} ${explainOperand(operand, stage, plan, bindings)}`);
  });
  return lines;
}

function explainOperand(operand: Operand, stage: Stage, plan: Plan, bindings: Bindings): string {
  if (operand.from !== "source") {
    const array = plan.arrays[operand.id] as PlanArray;
    return `#${array.stage}  ${array.dtype}${formatShape(array.shape)} in ${gridOf(array.cuts).join("x") || "1"} blocks${array.disk === undefined ? "" : " on disk"}`;
  }
  const source = bindings.sources[operand.id];
  if (source === undefined) return "?";
  const cost = readCost(stage, operand, source);
  const region = regionText(operand.map, stage, operand.shape);
  const grid = source.chunks.map((c) => cutsMax(c));
  const all = source.chunks.reduce((n, c) => n * cutsCount(c), 1);
  const size = elementCount(source.shape) * itemSize(source.dtype);
  const again = cost.amplification > 1.05 ? `, each ${cost.amplification.toFixed(1)} times` : "";
  return (
    `${source.name} ${region} of ${source.dtype}${formatShape(source.shape)} ${formatBytes(size)}` +
    `  ${source.residence === "store" ? "stored" : "held"} in ${formatShape(grid)}` +
    `  ${cost.chunks} reads of ${all} ${all === 1 ? "chunk" : "chunks"}${again}`
  );
}

/** The region that a stage reads, as a NumPy-like selector. */
function regionText(map: AffineMap, stage: Stage, shape: readonly number[]): string {
  if (stage.kind === "concat" || stage.kind === "gather" || stage.kind === "reshape") return "";
  if (stage.kind === "call") return "";
  const box = imageOfBox(map, boxOfShape(stage.space));
  const parts = map.map((m, i) => {
    const lo = box.lo[i] as number;
    const hi = box.hi[i] as number;
    if (m.axis < 0) return String(m.start);
    const step = m.step === 1 ? "" : `:${m.step}`;
    return lo === 0 && hi === shape[i] ? (step === "" ? ":" : `:${step}`) : `${lo}:${hi}${step}`;
  });
  return `[${parts.join(", ")}]`;
}

/** What the passes did and declined, counted by rule. */
function reasons(plan: Plan): string[] {
  const counts = new Map<string, { count: number; detail: string }>();
  for (const event of plan.log) {
    const key = `${event.outcome === "declined" ? "declined " : ""}${event.pass}: ${event.rule}`;
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { count: 1, detail: event.detail });
    else known.count++;
  }
  return [...counts].map(
    ([key, { count, detail }]) => `${key}${count > 1 ? ` x${count}` : ""} (${detail})`,
  );
}
