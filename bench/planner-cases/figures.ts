/**
 * The figures of a case. Reads are counted by the sources while the plan runs, tasks by the run; what is not visible
 * from outside (copies, layout changes) is read from the stages that ran.
 *
 * Readings, where a figure was meant for an engine with a task for every chunk:
 * - `rechunks_left`, `slices_left`, `transposes_left`: stages that do nothing but copy an array that was in memory
 *   already, into other blocks, a part of it, or in another order of axes. Reading a source is no copy.
 * - `source_reads` of a change of chunks, where fewer reads are asked for than chunks hold what is needed: reads of a block
 *   of the new grid are meant, so every chunk is touched once and no more.
 * - `shuffles_left`: gather stages.
 * - `elemwise_nodes`: calls of scalar functions in the loops of all stages, so that what is computed twice counts twice.
 * - `nodes`: nodes of the expression as it was built.
 * - `max_degree`: blocks of arrays in memory that a task can depend on, at the most.
 */
import type * as cw from "chunkwise";
import type { Case } from "./cases.js";
import type { Reads } from "./source.js";

type Stage = cw.Plan["stages"][number];
type MapStage = Extract<Stage, { kind: "map" }>;
type Operand = MapStage["operands"][number];

export interface Ran {
  readonly result: cw.LazyArray;
  readonly plan: cw.Plan;
  readonly reads: Reads;
  readonly tasks: number;
}

/** Every figure that a case may name, `_max` left off. */
export const FIGURES: Readonly<Record<string, (ran: Ran) => unknown>> = {
  source_reads: ({ reads }) => reads.chunks,
  elements_read: ({ reads }) => reads.elements,
  max_read_elements: ({ reads }) => reads.largest,
  tasks: ({ tasks }) => tasks,
  nodes: ({ result }) => nodesBelow(result),
  elemwise_nodes: ({ plan }) => total(plan.stages.map(scalarCalls)),
  rechunks_left: ({ plan }) => copies(plan, "rechunk"),
  slices_left: ({ plan }) => copies(plan, "slice"),
  transposes_left: ({ plan }) => copies(plan, "transpose"),
  shuffles_left: ({ plan }) => plan.stages.filter((s) => s.kind === "gather").length,
  rechunk_bytes: ({ plan }) => plan.estimate.movedBytes,
  max_degree: ({ plan }) => Math.max(0, ...plan.stages.map((s) => degree(s, plan))),
  shape: ({ result }) => result.shape,
  out_chunks: ({ result }) => result.chunks,
  out_chunks0: ({ result }) => result.chunks[0],
  out_blocks0: ({ result }) => result.chunks[0]?.length,
  max_out_chunk0: ({ result }) => Math.max(...(result.chunks[0] ?? [0])),
};

/**
 * The figure that a case can ask for at the least: chunks that hold what is needed are touched, however few reads an engine
 * makes that has no chunks in its sources.
 */
export function attainable(name: string, expected: unknown, planned: Case, reads: Reads): unknown {
  const rechunks = planned.expr.includes("rechunk(");
  return name === "source_reads" && rechunks && typeof expected === "number"
    ? Math.max(expected, reads.distinct.size)
    : expected;
}

/** Figures that must be equal; all others may be less. */
const EXACT: ReadonlySet<string> = new Set(["shape", "out_chunks", "out_chunks0", "out_blocks0"]);

/** Whether a figure is as good as the case asks. */
export function isMet(name: string, figure: unknown, expected: unknown): boolean {
  if (EXACT.has(name)) return JSON.stringify(figure) === JSON.stringify(expected);
  return typeof figure === "number" && typeof expected === "number" && figure <= expected;
}

const total = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0);

function nodesBelow(result: cw.LazyArray): number {
  const seen = new Set([result.node]);
  for (const node of seen) for (const input of node.inputs) seen.add(input);
  return seen.size;
}

const scalarCalls = (stage: Stage): number =>
  stage.kind === "map" || stage.kind === "reduce"
    ? stage.program.ops.filter((o) => o.op === "call").length
    : 0;

type Copy = "rechunk" | "slice" | "transpose";

const copies = (plan: cw.Plan, kind: Copy): number =>
  plan.stages.filter((stage) => copyOf(stage, plan).has(kind)).length;

/** What a stage that only copies an array in memory changes about it. */
function copyOf(stage: Stage, plan: cw.Plan): ReadonlySet<Copy> {
  const found = new Set<Copy>();
  if (stage.kind !== "map" || stage.operands.length !== 1 || scalarCalls(stage) > 0) return found;
  const [operand] = stage.operands as readonly [Operand];
  if (operand.from !== "array") return found;
  const axes = operand.map.map((m) => m.axis).filter((axis) => axis >= 0);
  if (axes.some((axis, i) => i > 0 && axis < (axes[i - 1] as number))) found.add("transpose");
  const whole = operand.map.every(
    (m, i) =>
      m.axis >= 0 && m.start === 0 && m.step === 1 && stage.space[m.axis] === operand.shape[i],
  );
  if (!whole) found.add("slice");
  const before = plan.arrays[operand.id]?.cuts;
  if (found.size === 0 && JSON.stringify(before) !== JSON.stringify(stage.cuts))
    found.add("rechunk");
  return found;
}

/** Operands of any kind of stage: the objects in it that say where they come from. */
function operandsOf(value: unknown): readonly Operand[] {
  if (typeof value !== "object" || value === null) return [];
  if ("from" in value && "map" in value) return [value as Operand];
  return Object.values(value).flatMap(operandsOf);
}

function degree(stage: Stage, plan: cw.Plan): number {
  const inputs = stage.kind === "merge" ? [] : operandsOf(stage).filter((o) => o.from === "array");
  return total(
    inputs.map(({ id }) =>
      (plan.arrays[id]?.cuts ?? []).reduce((n, c) => n * total(c.map((run) => run.repeat)), 1),
    ),
  );
}

/** What depends on names, numbering or estimates rather than on what the plan does. */
const INCIDENTAL: ReadonlySet<string> = new Set([
  "nodes",
  "label",
  "estimate",
  "log",
  // The frozen order of float sums, which follows the grid of the expression as it was written.
  "leaves",
  "scratchBytes",
  "foreignBytes",
  "liveBytes",
  "serialBytes",
  "peakBytes",
]);

/**
 * The structure of a plan as text: equal for plans that do the same. Sources and index lists are numbered as they
 * appear; that they are the same ones is seen by what is read and by the values.
 */
export function structureOf(plan: cw.Plan): string {
  const numbers = new Map<string, number>();
  const number = (what: string): number => {
    const known = numbers.get(what) ?? numbers.size;
    numbers.set(what, known);
    return known;
  };
  return JSON.stringify(plan, (key, value: unknown) => {
    if (INCIDENTAL.has(key)) return undefined;
    if (key === "indices" && typeof value === "number") return number(`indices ${value}`);
    if (typeof value === "bigint") return `${value}n`;
    if (typeof value === "object" && value !== null && "from" in value && value.from === "source") {
      const operand = value as Operand;
      return { ...operand, from: "numbered source", id: number(`source ${operand.id}`) };
    }
    return value;
  });
}
