/** A plan as a report: every figure that `explain` shows, from the plan, its bindings and the expression. */
import type { SourceBinding } from "../../ir/binding.js";
import { type Cuts, cutsCount, cutsMax, piecesIn } from "../../ir/cuts.js";
import { itemSize } from "../../ir/dtype.js";
import { type Box, boxOfShape, elementCount, imageOfBox } from "../../ir/index-map.js";
import type {
  Figures,
  InputReport,
  OutputReport,
  PlanReport,
  RawReport,
  ReportLevel,
  RuleReport,
  StageReport,
} from "../../ir/report.js";
import type { Bindings, CallStage, Operand, Plan, PlanArray, Stage } from "../../ir/stage.js";
import { operandBoxes, operandsOf, taskCuts, totalStages } from "../../ir/stage.js";
import { taskFootprint } from "../estimate.js";
import { totalBytes } from "../passes/lifetimes.js";
import { readCost } from "../passes/rechunk.js";
import { bytesText, shapeText } from "./words.js";

export interface Planned {
  readonly plan: Plan;
  readonly bindings: Bindings;
}

/** The report of a plan; `raw` says what the expression as written would take. */
export function reportOf(planned: Planned, raw: RawReport, level: ReportLevel): PlanReport {
  const { plan } = planned;
  const stages = plan.stages.map((stage) => stageReport(stage, planned));
  const { estimate } = plan;
  const written = plan.stages.filter((s) => s.kind === "write").map((s) => s.id);
  const roots = plan.roots.map(({ dtype, shape, bytes, array }) => {
    const stage =
      array >= 0 ? (plan.arrays[array] as PlanArray).stage : (written.shift() as number);
    return { dtype, shape, bytes, stage };
  });
  return {
    version: 1,
    level,
    memory: plan.memory,
    workers: plan.workers,
    roots,
    raw,
    planned: {
      stages: totalStages(plan),
      ...figuresOf(estimate),
      peakBytes: plan.peakBytes,
      serialBytes: plan.serialBytes,
      resultBytes: plan.resultBytes,
      beyondBytes: plan.beyondBytes,
      spilledBytes: plan.arrays.reduce(
        (n, array) => (array.outside?.medium === "file" ? n + totalBytes(array) : n),
        0,
      ),
    },
    stages,
    rules: rulesOf(plan),
    notes: notesOf(stages),
  };
}

export const figuresOf = ({
  tasks,
  readBytes,
  readChunks,
  movedBytes,
  seconds,
}: Plan["estimate"]): Figures => ({ tasks, readBytes, readChunks, movedBytes, seconds });

/** Names come from outside: they must not steer a terminal. */
const plain = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "?");

function stageReport(stage: Stage, { plan, bindings }: Planned): StageReport {
  const inputs = inputsOf(stage, plan, bindings);
  const outputs = stage.outputs.map((id) => outputReport(plan.arrays[id] as PlanArray));
  const written =
    stage.kind === "write" ? elementCount(stage.space) * itemSize(stage.operand.dtype) : 0;
  return {
    id: stage.id,
    kind: stage.kind,
    label: plain(stage.label),
    ops: opsOf(stage),
    space: stage.space,
    blocks: stage.cuts.map(cutsMax),
    reduced: stage.kind === "reduce" ? stage.reduced : [],
    ...figuresOf(stage.estimate),
    inputs,
    outputs,
    bytesIn: inputs.reduce((n, i) => n + i.bytes, 0),
    bytesOut: outputs.reduce((n, o) => n + o.bytes, written),
    taskBytes: Math.ceil(taskFootprint(stage, plan.arrays)),
  };
}

function outputReport(array: PlanArray): OutputReport {
  const { dtype, liveBytes, root, outside } = array;
  const bytes = totalBytes(array);
  const shape = array.rawBytes === undefined ? array.shape : [bytes];
  return {
    dtype,
    shape,
    bytes,
    liveBytes,
    ...(root === undefined ? {} : { root }),
    ...(outside?.medium === "file" ? { onDisk: true } : {}),
    ...(outside?.medium === "memory" ? { beyondArena: true } : {}),
  };
}

/** Kernel functions by name, most frequent first, reductions last. */
function opsOf(stage: Stage): StageReport["ops"] {
  if (stage.kind !== "map" && stage.kind !== "reduce") return [];
  const counts = new Map<string, number>();
  for (const op of stage.program.ops) {
    const name = op.op === "call" ? op.fn : op.op === "cast" ? `as ${op.dtype}` : undefined;
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const ops = [...counts].map(([name, count]) => ({ name, count }));
  ops.sort((a, b) => b.count - a.count);
  if (stage.kind === "map") return ops;
  const results = new Map<string, number>();
  for (const { name } of stage.results) results.set(name, (results.get(name) ?? 0) + 1);
  return [...ops, ...[...results].map(([name, count]) => ({ name, count }))];
}

function inputsOf(stage: Stage, plan: Plan, bindings: Bindings): InputReport[] {
  if (stage.kind === "merge") return [partialsOf(plan.arrays[stage.input] as PlanArray)];
  const whole = wholeBoxes(stage, bindings);
  return operandsOf(stage).map((operand, i) => {
    const box = whole[i] as Box;
    const positions = positionsOf(stage, operand, box);
    const region = box.lo.map((lo, axis): readonly [number, number, number] => [
      lo,
      box.hi[axis] as number,
      Math.max(1, Math.abs(operand.map[axis]?.step ?? 1)),
    ]);
    const common = {
      dtype: operand.dtype,
      shape: operand.shape,
      region,
      bytes: elementCount(positions) * itemSize(operand.dtype),
      readAs: readAs(stage, operand, positions),
    };
    if (operand.from === "source") {
      const source = bindings.sources[operand.id] as SourceBinding;
      return {
        from: "source",
        name: plain(source.name),
        source: operand.id,
        ...common,
        ...chunksOf(source.chunks, box, positions),
        times: readCost(stage, operand, source).amplification,
      };
    }
    const array = plan.arrays[operand.id] as PlanArray;
    return {
      from: "stage",
      name: `#${array.stage}`,
      stage: array.stage,
      ...common,
      ...chunksOf(array.cuts, box, positions),
    };
  });
}

/** The partial states that a merge takes. */
function partialsOf(array: PlanArray): InputReport {
  const bytes = totalBytes(array);
  const count = array.cuts.reduce((n, c) => n * cutsCount(c), 1);
  return {
    from: "stage",
    name: `#${array.stage}`,
    stage: array.stage,
    dtype: array.dtype,
    shape: [bytes],
    region: [[0, bytes, 1]],
    bytes,
    chunks: [array.rawBytes ?? 0],
    readAs: [array.rawBytes ?? 0],
    touched: count,
    total: count,
  };
}

/** What the whole stage looks at, per operand. */
function wholeBoxes(stage: Stage, bindings: Pick<Bindings, "indices">): readonly Box[] {
  if (stage.kind === "call") {
    return stage.args.map((a) => imageOfBox(a.operand.map, boxOfShape(a.shape)));
  }
  if (stage.kind === "concat") {
    return stage.parts.map((part) =>
      imageOfBox(
        part.operand.map,
        boxOfShape(stage.space.map((n, axis) => (axis === stage.axis ? part.size : n))),
      ),
    );
  }
  if (stage.kind === "reshape") {
    return [imageOfBox(stage.operand.map, boxOfShape(stage.inputShape))];
  }
  return operandBoxes(stage, boxOfShape(stage.space), bindings).map((o) => o.box);
}

/** Positions per axis of what is read: with steps fewer than the box is long. */
const positionsOf = (stage: Stage, operand: Operand, box: Box): readonly number[] =>
  box.hi.map((hi, axis) => {
    const m = operand.map[axis];
    const length = hi - (box.lo[axis] as number);
    if (stage.kind === "gather" && m?.axis === stage.axis) return length;
    return Math.ceil(length / Math.max(1, Math.abs(m?.step ?? 1)));
  });

/** What of it one task looks at, at the most. */
function readAs(stage: Stage, operand: Operand, positions: readonly number[]): readonly number[] {
  const argument =
    stage.kind === "call" ? stage.args.find((a) => a.operand === operand) : undefined;
  const cuts = stage.kind === "reduce" ? stage.cuts : taskCuts(stage);
  return operand.map.map((m, axis) => {
    const all = positions[axis] as number;
    if (m.axis < 0) return 1;
    const moves =
      stage.kind === "reshape" ||
      ((stage.kind === "gather" || stage.kind === "concat") && m.axis === stage.axis);
    if (moves) return all;
    const along = argument === undefined ? cuts[m.axis] : argumentCuts(argument, m.axis);
    return along === undefined ? all : Math.min(all, cutsMax(along));
  });
}

function argumentCuts(argument: CallStage["args"][number], axis: number): Cuts | undefined {
  const follows = argument.axes[axis];
  return follows === undefined || follows.loop < 0 ? undefined : follows.cuts;
}

function chunksOf(
  grid: readonly Cuts[],
  box: Box,
  positions: readonly number[],
): Pick<InputReport, "chunks" | "touched" | "total"> {
  let touched = 1;
  grid.forEach((cuts, axis) => {
    const lo = box.lo[axis] as number;
    const hi = box.hi[axis] as number;
    const [first, last] = hi > lo ? piecesIn(cuts, lo, hi) : [0, -1];
    touched *= Math.min(last - first + 1, positions[axis] as number);
  });
  return {
    chunks: grid.map(cutsMax),
    touched,
    total: grid.reduce((n, c) => n * cutsCount(c), 1),
  };
}

function rulesOf(plan: Plan): RuleReport[] {
  const found = new Map<string, { -readonly [K in keyof RuleReport]: RuleReport[K] }>();
  for (const { pass, rule, outcome, detail } of plan.log) {
    const key = `${outcome}|${pass}|${rule}|${detail}`;
    const known = found.get(key);
    if (known === undefined) found.set(key, { pass, rule, outcome, detail, count: 1 });
    else known.count++;
  }
  return [...found.values()];
}

/** Reads that repeat themselves, and copies between blocks: what is left of the cost that a better layout would save. */
function notesOf(stages: readonly StageReport[]): string[] {
  const notes: string[] = [];
  for (const stage of stages) {
    for (const input of stage.inputs) {
      if ((input.times ?? 1) > 1.05) {
        notes.push(
          `#${stage.id} reads the chunks of ${input.name} ${(input.times as number).toFixed(1)} times: ` +
            `stored ${shapeText(input.chunks)}, read as ${shapeText(input.readAs)}`,
        );
      }
    }
    if (stage.movedBytes > 0) {
      const from = [...new Set(stage.inputs.filter((i) => i.from === "stage").map((i) => i.name))];
      notes.push(
        `#${stage.id} copies ${bytesText(stage.movedBytes)} between blocks of ${from.join(", ")} and its own`,
      );
    }
  }
  return notes;
}
