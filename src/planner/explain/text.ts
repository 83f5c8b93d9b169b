/**
 * Reports as text. The default answers what is read, what moves, what is live at once, what it costs, and why it is
 * not better; `rules` lists what every pass did and declined; `analyze` puts what happened beside what was expected.
 */
import type {
  Figures,
  InputReport,
  OutputReport,
  PlanReport,
  RuleReport,
  StageActual,
  StageReport,
} from "../../ir/report.js";
import { bytesText, counted, secondsText, shapeText } from "./words.js";

/** An estimate that is off by more than this factor is pointed at. */
const FAR_OFF = 2;
/** Times below this are noise, seconds. */
const WORTH_NOTING = 0.01;

export function reportText(report: PlanReport): string {
  const lines: string[] = [];
  for (const { dtype, shape, bytes, stage } of report.roots) {
    lines.push(`${dtype}${shapeText(shape)}  ${bytesText(bytes)}  <- #${stage}`);
  }
  lines.push(...totals(report));
  for (const stage of [...report.stages].reverse()) lines.push("", ...stageText(stage));
  const why = [...report.notes, ...(report.level === "rules" ? [] : ruleSummary(report.rules))];
  if (why.length > 0) lines.push("", "why", ...why.map((line) => `  ${line}`));
  if (report.level === "rules") lines.push(...ruleLists(report.rules));
  return lines.join("\n");
}

function totals({ raw, planned, memory, workers, actual }: PlanReport): string[] {
  const rawCells =
    raw.figures === undefined
      ? [counted(raw.nodes, "node"), "too large as it is written"]
      : [counted(raw.nodes, "node"), ...figureCells(raw.figures)];
  const rows = [
    ["raw", ...rawCells],
    ["planned", counted(planned.stages, "stage"), ...figureCells(planned)],
  ];
  const lines = inColumns(rows);
  lines.push(
    `         peak ${bytesText(planned.peakBytes)} of ${bytesText(memory)}` +
      (planned.beyondBytes > 0 ? `  beyond the arena ${bytesText(planned.beyondBytes)}` : "") +
      (planned.spilledBytes > 0 ? `  spills ${bytesText(planned.spilledBytes)}` : "") +
      `  about ${secondsText(planned.seconds / Math.max(1, workers))} on ${counted(workers, "worker")}`,
  );
  if (actual === undefined) return lines;
  const { peakBytes, spilledBytes, repeatedTasks, wallSeconds, inline } = actual;
  lines.push(
    "actual   estimate | actual",
    `         tasks ${planned.tasks} | ${actual.tasks}` +
      `  reads ${planned.readChunks} | ${counted(actual.readChunks, "chunk")}, ` +
      `${bytesText(planned.readBytes)} | ${bytesText(actual.readBytes)}${foundText(actual)}` +
      `  moves ${bytesText(planned.movedBytes)} | ${bytesText(actual.movedBytes)}`,
    `         peak ${bytesText(planned.peakBytes)} | ${bytesText(peakBytes)}` +
      `  spilled ${bytesText(planned.spilledBytes)} | ${bytesText(spilledBytes)}` +
      `  work ${secondsText(planned.seconds)} | ${secondsText(actual.seconds)}` +
      `  wall ${secondsText(wallSeconds)}${inline ? " on the calling thread" : ""}`,
  );
  if (repeatedTasks > 0) {
    lines.push(
      `         ${counted(repeatedTasks, "task")} done again: their blocks had been dropped`,
    );
  }
  return lines;
}

const figureCells = (f: Figures): string[] => [
  `reads ${bytesText(f.readBytes)} in ${counted(f.readChunks, "chunk")}`,
  `moves ${bytesText(f.movedBytes)}`,
  counted(f.tasks, "task"),
];

/** Cells of rows, each column as wide as its widest. */
function inColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((r) => (r[i] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

function stageText(stage: StageReport): string[] {
  const axes = stage.reduced.length > 0 ? ` over axes ${shapeText(stage.reduced)} of` : " over";
  const lines = [
    `#${stage.id} ${stage.kind}  ${stage.label} ${axes} ${shapeText(stage.space)}` +
      ` in blocks of ${shapeText(stage.blocks)}`,
    `   ${[
      counted(stage.tasks, "task"),
      `${bytesText(stage.bytesIn)} in`,
      `${bytesText(stage.bytesOut)} out`,
      `${bytesText(stage.taskBytes)} a task`,
      `about ${secondsText(stage.seconds)}`,
      ...opsText(stage),
    ].join(", ")}`,
    ...stage.outputs.map((output) => `   -> ${outputText(output)}`),
  ];
  if (stage.actual !== undefined) lines.push(...actualText(stage, stage.actual));
  // A wide sum has hundreds of inputs that say the same.
  const shown = stage.inputs.slice(0, MOST_INPUTS);
  const more = stage.inputs.length - shown.length;
  shown.forEach((input, i) => {
    const last = i === shown.length - 1 && more === 0;
    lines.push(`   ${last ? "└" : "├"} ${inputText(input)}`);
  });
  if (more > 0) lines.push(`   └ and ${more} more`);
  return lines;
}

/** Inputs of one stage that are written out. */
const MOST_INPUTS = 20;

/** Said only where the label does not say it: functions that occur several times. */
function opsText({ ops }: StageReport): string[] {
  const all = ops.reduce((n, op) => n + op.count, 0);
  return all > ops.length ? [`${all} operations an element`] : [];
}

function outputText(output: OutputReport): string {
  const { dtype, shape, bytes, liveBytes, root, onDisk, beyondArena } = output;
  const what = `${dtype}${shapeText(shape)} ${bytesText(bytes)}`;
  if (onDisk === true) return `${what}, put on disk`;
  if (beyondArena === true) return `${what}, kept in memory beyond the arena`;
  return root === undefined ? `${what}, ${bytesText(liveBytes)} live at once` : `${what}, returned`;
}

function inputText(input: InputReport): string {
  const { from, name, dtype, shape, chunks, readAs, touched, total, bytes, times } = input;
  const what = from === "source" ? "chunk" : "block";
  const again = times !== undefined && times > 1.05 ? `, each ${times.toFixed(1)} times` : "";
  return (
    `${name} ${regionText(input)} of ${dtype}${shapeText(shape)}  ${bytesText(bytes)}` +
    `  ${from === "source" ? "stored" : "made"} ${shapeText(chunks)}  read as ${shapeText(readAs)}` +
    `  ${touched} of ${counted(total, what)}${again}`
  );
}

/** The region as a NumPy-like selector. */
export const regionText = ({ region, shape }: Pick<InputReport, "region" | "shape">): string =>
  `[${region
    .map(([start, stop, step], axis) => {
      const by = step > 1 ? `:${step}` : "";
      if (start === 0 && stop === shape[axis]) return `:${by}`;
      return stop - start === 1 ? String(start) : `${start}:${stop}${by}`;
    })
    .join(", ")}]`;

/** What there was no need to read, to decode or to compute. */
function foundText({ missingChunks, skippedChunks, uniformBlocks }: StageActual): string {
  const cells: string[] = [];
  if (missingChunks > 0) cells.push(`${missingChunks} missing`);
  if (skippedChunks > 0) cells.push(`${skippedChunks} more not needed`);
  if (uniformBlocks > 0) cells.push(`${counted(uniformBlocks, "block")} of one value`);
  return cells.length === 0 ? "" : ` (${cells.join(", ")})`;
}

function actualText(stage: StageReport, actual: StageActual): string[] {
  const cells = [`tasks ${stage.tasks} | ${actual.tasks}`];
  if (stage.readChunks > 0 || actual.readChunks > 0) {
    cells.push(
      `reads ${stage.readChunks} | ${counted(actual.readChunks, "chunk")}, ` +
        `${bytesText(stage.readBytes)} | ${bytesText(actual.readBytes)}${foundText(actual)}`,
    );
  }
  if (stage.movedBytes > 0 || actual.movedBytes > 0) {
    cells.push(`moves ${bytesText(stage.movedBytes)} | ${bytesText(actual.movedBytes)}`);
  }
  if (stage.kind === "write") cells.push(`wrote ${bytesText(actual.writtenBytes)}`);
  cells.push(`work ${secondsText(stage.seconds)} | ${secondsText(actual.seconds)}`);
  const lines = [`   estimate | actual: ${cells.join("  ")}`];
  const off = actual.seconds / Math.max(stage.seconds, 1e-9);
  if (actual.seconds >= WORTH_NOTING && off > FAR_OFF) {
    lines.push(`   !! took ${off.toFixed(1)} times as long as estimated`);
  } else if (stage.seconds >= WORTH_NOTING && off < 1 / FAR_OFF) {
    lines.push(
      `   !! took ${secondsText(actual.seconds)} where ${secondsText(stage.seconds)} were estimated`,
    );
  }
  return lines;
}

/** One line for every rule; how it was argued the first time. */
function ruleSummary(rules: readonly RuleReport[]): string[] {
  const lines = new Map<string, { count: number; detail: string }>();
  for (const { pass, rule, outcome, detail, count } of rules) {
    const key = `${outcome === "declined" ? "declined " : ""}${pass}: ${rule}`;
    const known = lines.get(key);
    if (known === undefined) lines.set(key, { count, detail });
    else known.count += count;
  }
  return [...lines].map(
    ([key, { count, detail }]) => `${key}${count > 1 ? ` x${count}` : ""} (${detail})`,
  );
}

function ruleLists(rules: readonly RuleReport[]): string[] {
  const list = (outcome: RuleReport["outcome"], title: string): string[] => {
    const those = rules.filter((r) => r.outcome === outcome);
    const rows = those.map((r) => [`  ${r.pass}`, r.rule, `x${r.count}`, r.detail]);
    return ["", those.length === 0 ? `${title}: none` : title, ...inColumns(rows)];
  };
  return [...list("fired", "rules that fired"), ...list("declined", "declined")];
}
