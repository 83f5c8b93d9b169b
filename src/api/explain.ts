/** `explain` and `analyze`: plans for people and for tests, as text, data and drawings. */
import { MemoryLimitError, OptionError } from "../errors.js";
import { topologicalOrder } from "../ir/node.js";
import type { PlanReport, RawReport, StageActual } from "../ir/report.js";
import { isSelection, valueText } from "../ops/index.js";
import { ASIDE_CHECKS, planConfig, type RunOptions, withDefaults } from "./config.js";
import {
  displays,
  explaining,
  type PlanConfig,
  type PlanRequest,
  type PlanResult,
  plannerNow,
  type RunStats,
} from "./engine.js";
import { type Checks, isPlainObject, nearest, readOptions } from "./options.js";
import { arraysOf, type Computable, requestsOf, runPlan } from "./run.js";

export type ExplainFormat = "text" | "json" | "svg" | "mermaid";
export type ExplainLevel = "plan" | "rules";

export interface AnalyzeOptions extends RunOptions {
  /**
   * "text" (default); "json": the figures as a {@link PlanReport}; "svg" and "mermaid": drawings of the stages, with
   * bytes on the arrows.
   */
  readonly format?: ExplainFormat | undefined;
}
export interface ExplainOptions extends AnalyzeOptions {
  /** "plan" (default); "rules" lists in full what every pass did, and what it declined and why. */
  readonly level?: ExplainLevel | undefined;
}
/** What an answer is, by the format that was asked for. */
export type Explained<O> = O extends { readonly format: "json" } ? PlanReport : string;

const FORMATS: readonly ExplainFormat[] = ["text", "json", "svg", "mermaid"];
const LEVELS: readonly ExplainLevel[] = ["plan", "rules"];
/** A wrong word is answered with the one that was meant, if that can be guessed. */
const word =
  (words: readonly string[]) =>
  (v: unknown): string | undefined => {
    if (typeof v === "string" && words.includes(v)) return undefined;
    const near = typeof v === "string" ? nearest(v, words) : undefined;
    const list = words.map((w) => JSON.stringify(w)).join(" or ");
    return near === undefined ? `must be ${list}` : `must be ${list} (did you mean "${near}"?)`;
  };
const ANALYZE_CHECKS: Checks<AnalyzeOptions> = { ...ASIDE_CHECKS, format: word(FORMATS) };
const EXPLAIN_CHECKS: Checks<ExplainOptions> = { ...ANALYZE_CHECKS, level: word(LEVELS) };

/** Nodes up to which the expression is planned as written too, for comparison: every one is a stage there. */
const MOST_RAW_NODES = 2000;

/**
 * The plan that `compute` would run. Nothing runs, and nothing is read but metadata.
 *
 * The text says what is read (regions, chunks and bytes of every source), what moves between blocks, what is live at
 * once, what it costs beside the expression as it was written, and why it is not better. `explain(x, "rules")` adds
 * every rule that fired or was declined. The `"json"` format is a {@link PlanReport}, whose fields are stable.
 *
 * Of a boolean selection it is the plan that counts its elements; the selection itself is planned when that has run.
 *
 * @throws MemoryLimitError if no plan fits `memory`; OptionError for options that are not known.
 *
 * @example
 * console.log(x.mean({ axis: 0 }).explain({ memory: "1GiB" }));
 * x.explain({ format: "json" }).planned.readBytes;
 * writeFileSync("plan.svg", x.explain({ format: "svg" }));
 */
export function explain<const O extends ExplainOptions | ExplainLevel | undefined = undefined>(
  what: Computable,
  options?: O,
): Explained<O> {
  const given: unknown = typeof options === "string" ? { level: options } : options;
  if (given !== undefined && !isPlainObject(given)) {
    throw new OptionError(`explain: expected options or a level, got ${valueText(given)}`, {
      hint: 'as in explain(x, "rules") or explain(x, { format: "json" })',
    });
  }
  const { level = "plan", ...checked } = withDefaults(
    readOptions<ExplainOptions>("explain", given, EXPLAIN_CHECKS),
  );
  const { requests, planned, raw } = plans("explain", what, checked);
  const report = explaining().reportOf(planned, raw(requests), level);
  return shown(report, checked.format, noteOf(what)) as Explained<O>;
}

/**
 * Runs the plan and answers as `explain` does, with what happened beside what was expected: tasks, chunks and bytes
 * read, bytes moved, memory at its peak, and seconds, for every stage. The results are dropped.
 *
 * Rejects as `compute` does.
 *
 * @example
 * console.log(await x.mean({ axis: 0 }).analyze());
 * const { actual } = await x.analyze({ format: "json" });
 */
export async function analyze<const O extends AnalyzeOptions | undefined = undefined>(
  what: Computable,
  options?: O,
): Promise<Explained<O>> {
  const checked = withDefaults(readOptions<AnalyzeOptions>("analyze", options, ANALYZE_CHECKS));
  const { format, ...running } = checked;
  const { requests, planned, raw } = plans("analyze", what, checked);
  const expected = explaining().reportOf(planned, raw(requests), "analyze");
  const { stats } = await runPlan(planned, running);
  return shown(withActual(expected, stats), format, noteOf(what)) as Explained<O>;
}

interface Plans {
  readonly requests: readonly PlanRequest[];
  readonly planned: PlanResult;
  readonly raw: (requests: readonly PlanRequest[]) => RawReport;
}

function plans(fn: string, what: Computable, options: RunOptions): Plans {
  const requests = requestsOf(fn, what);
  const config = planConfig(options);
  return {
    requests,
    planned: plannerNow().planCache.plan(requests, config),
    raw: () => rawReport(requests, config),
  };
}

/** The report of what requests would run. */
export function reportOf(requests: readonly PlanRequest[], options: RunOptions): PlanReport {
  const config = planConfig(options);
  const planned = plannerNow().planCache.plan(requests, config);
  return explaining().reportOf(planned, rawReport(requests, config), "plan");
}

/** What the expression would take if it were run as it was written. */
function rawReport(requests: readonly PlanRequest[], config: PlanConfig): RawReport {
  const nodes = topologicalOrder(requests.map((r) => r.node)).length;
  if (nodes > MOST_RAW_NODES) return { nodes };
  const { memory, arena, workers } = config;
  const { passes } = planConfig({ memory, workers, optimize: false });
  try {
    const { plan } = plannerNow().planCache.plan(requests, { memory, arena, workers, passes });
    return { nodes, figures: explaining().figuresOf(plan.estimate) };
  } catch (error) {
    if (error instanceof MemoryLimitError) return { nodes };
    throw error;
  }
}

function withActual(report: PlanReport, stats: RunStats): PlanReport {
  const stages = report.stages.map((stage, i) => {
    const s = stats.stages[i];
    if (s === undefined) return stage;
    const actual: StageActual = {
      tasks: s.tasks,
      readBytes: s.chunkBytes,
      readChunks: s.chunksRead,
      missingChunks: s.chunksMissing,
      skippedChunks: s.chunksSkipped,
      uniformBlocks: s.uniform,
      elementBytes: s.bytesRead,
      movedBytes: s.bytesMoved,
      writtenBytes: s.bytesWritten,
      seconds: s.seconds,
    };
    return { ...stage, actual };
  });
  const sum = (field: keyof StageActual): number =>
    stages.reduce((n, stage) => n + (("actual" in stage ? stage.actual?.[field] : 0) ?? 0), 0);
  return {
    ...report,
    stages,
    actual: {
      tasks: sum("tasks"),
      readBytes: sum("readBytes"),
      readChunks: sum("readChunks"),
      missingChunks: sum("missingChunks"),
      skippedChunks: sum("skippedChunks"),
      uniformBlocks: sum("uniformBlocks"),
      elementBytes: sum("elementBytes"),
      movedBytes: sum("movedBytes"),
      writtenBytes: sum("writtenBytes"),
      seconds: sum("seconds"),
      peakBytes: stats.peakBytes,
      spilledBytes: stats.spilledBytes,
      repeatedTasks: stats.repeatedTasks,
      wallSeconds: stats.seconds,
      inline: stats.inline,
    },
  };
}

const noteOf = (what: Computable): string | undefined =>
  arraysOf("explain", what).some(isSelection)
    ? "this counts the elements of the boolean selection, which is planned afterwards"
    : undefined;

function shown(
  report: PlanReport,
  format: ExplainFormat = "text",
  note: string | undefined,
): string | PlanReport {
  switch (format) {
    case "json":
      return note === undefined ? report : { ...report, notes: [note, ...report.notes] };
    case "svg":
      return displays().planDrawing(explaining().stageFlow(report));
    case "mermaid":
      return explaining().mermaidText(report);
    case "text": {
      const text = explaining().reportText(report);
      return note === undefined ? text : `${note}\n\n${text}`;
    }
  }
}
