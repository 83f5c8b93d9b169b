/**
 * A trace as a page that stands alone: no script, nothing from elsewhere. Lanes are SVG that is stretched to the width
 * of the page, or to several times that; details are titles, which every browser shows on hovering.
 */
import {
  ROW_BYTES,
  ROW_END,
  ROW_KIND,
  ROW_STAGE,
  ROW_START,
  ROW_TASK,
  ROW_WHAT,
  ROW_WIDTH,
  SAMPLE_WIDTH,
  SPAN_KINDS,
  type SpanKind,
  TOTAL_BYTES,
  TOTAL_COUNT,
  TOTAL_MS,
  type TraceData,
  type TraceSummary,
} from "../../ir/trace.js";
import { escapeControls, escapeHtml } from "../escape.js";
import { bytesText, countText } from "../numbers.js";
import { type Lane, lanesOf } from "./lanes.js";
import { boxesOf, type TraceBox } from "./merge.js";
import { STYLE } from "./style.js";
import { totalsOf, traceSummary } from "./summary.js";
import { KIND_WORDS, whatOf } from "./words.js";

/** Boxes of a page, about: a browser is quick with so many. */
const MOST_BOXES = 24_000;
/** Parts of the time that are told apart at the most; the page can be stretched to 32 screens. */
const MOST_PARTS = 16_384;
/** Units of the drawings' own width. */
const WIDTH = 10_000;
const LANE = 26;
const CURVE = 110;
/** Stages of the table at the most. */
const MOST_STAGES = 400;
const ZOOMS = [1, 2, 4, 8, 16, 32];

const text = (s: string): string => escapeHtml(escapeControls(s));

export function traceHtml(data: TraceData): string {
  const summary = traceSummary(data);
  const lanes = lanesOf(data);
  const wall = Math.max(data.wallMs, 1e-6);
  return [
    `<!doctype html><html lang="en"><head><meta charset="utf-8">`,
    `<meta name="viewport" content="width=device-width, initial-scale=1">`,
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>chunkwise trace</title><style>${STYLE}</style></head><body>`,
    `<h1>${milliseconds(data.wallMs)} <small>on ${new Date(data.origin).toISOString().slice(0, 19).replace("T", " ")} UTC</small></h1>`,
    figures(data, summary),
    notes(summary),
    legend(summary),
    // Before what they zoom: so the style can say it without a script.
    ...ZOOMS.map(
      (z, i) =>
        `<input type="radio" name="zoom" id="z${z}"${i === 0 ? " checked" : ""}><label for="z${z}">${z}×</label>`,
    ),
    `<div class="frame"><div class="names"><div class="tick"></div>`,
    ...lanes.map((lane) => `<div class="name" title="${text(lane.name)}">${text(lane.name)}</div>`),
    `<div class="name curve">memory</div></div><div class="scroll"><div class="wide">`,
    ticks(wall),
    drawing(data, lanes, wall),
    memory(data, wall),
    `</div></div></div>`,
    `<p class="faint">Hover over a box for its details, scroll sideways when stretched. Narrow boxes are drawn together; ` +
      `Chrome's format (.json) has every one.</p>`,
    table(data),
    `</body></html>\n`,
  ].join("\n");
}

/** `1.24 s`, `12.4 ms`, `310 µs`. */
export function milliseconds(ms: number): string {
  if (ms === 0) return "0";
  if (ms >= 60_000) return `${Math.floor(ms / 60_000)} min ${((ms % 60_000) / 1000).toFixed(0)} s`;
  const [value, unit] = ms >= 1000 ? [ms / 1000, "s"] : ms >= 1 ? [ms, "ms"] : [ms * 1000, "µs"];
  return `${value >= 100 ? value.toFixed(0) : value.toPrecision(3).replace(/\.?0+$/, "")} ${unit}`;
}

function figures(data: TraceData, s: TraceSummary): string {
  const parts: [string, string, string][] = [
    ["read", milliseconds(s.read * 1000), bytesText(s.bytes.fetch)],
    ["decode", milliseconds(s.decode * 1000), bytesText(s.bytes.decode)],
    ["compute", milliseconds(s.compute * 1000), tasksText(s.counts.task)],
    ["write", milliseconds(s.write * 1000), bytesText(s.bytes.store)],
    ["spill", milliseconds(s.spill * 1000), bytesText(s.bytes.spill)],
    ["overlap", s.overlap.toFixed(2), "wall time over the longest"],
    ["peak", bytesText(highest(data)), `planned ${bytesText(data.peakBytes)}`],
  ];
  const cells = parts
    .filter(([, value]) => value !== "0")
    .map(([name, value, more]) => `<div><b>${value}</b> ${name}<br><small>${more}</small></div>`);
  return `<div class="figures">${cells.join("")}</div>`;
}

const tasksText = (n: number): string => `${countText(n)} ${n === 1 ? "task" : "tasks"}`;

const highest = ({ samples }: TraceData): number => {
  let most = 0;
  for (let i = 1; i < samples.length; i += SAMPLE_WIDTH)
    most = Math.max(most, samples[i] as number);
  return most;
};

const notes = ({ dropped }: TraceSummary): string =>
  dropped === 0
    ? ""
    : `<p class="warn">${countText(dropped)} spans were dropped: there was no room for more. ` +
      `The table below counts them, the lanes and the times above do not.</p>`;

function legend({ counts }: TraceSummary): string {
  const there = SPAN_KINDS.filter((kind) => counts[kind] > 0);
  const entries = there.map(
    (kind) => `<span title="${KIND_WORDS[kind]}"><i class="${kind}"></i>${kind}</span>`,
  );
  return `<div class="legend">${entries.join("")}</div>`;
}

/** A round number of milliseconds, of which some ten make the whole. */
function tickStep(wall: number): number {
  const rough = wall / 10;
  const power = 10 ** Math.floor(Math.log10(rough));
  return ([1, 2, 5].find((m) => m * power >= rough) ?? 10) * power;
}

function ticksOf(wall: number): number[] {
  const step = tickStep(wall);
  return Array.from({ length: Math.floor(wall / step) + 1 }, (_, i) => i * step);
}

function ticks(wall: number): string {
  // A label at the right end would stick out.
  const shown = ticksOf(wall).filter((t) => t < 0.97 * wall);
  const labels = shown.map(
    (t) => `<span style="left:${percent(t, wall)}">${milliseconds(t)}</span>`,
  );
  return `<div class="tick">${labels.join("")}</div>`;
}

const percent = (t: number, wall: number): string => `${((t / wall) * 100).toFixed(3)}%`;
const x = (t: number, wall: number): number =>
  Math.round((Math.max(0, Math.min(t, wall)) / wall) * WIDTH * 100) / 100;

const lines = (wall: number, height: number): string =>
  ticksOf(wall)
    .map((t) => `<path class="grid" d="M${x(t, wall)} 0V${height}"/>`)
    .join("");

function drawing(data: TraceData, lanes: readonly Lane[], wall: number): string {
  const parts = Math.min(MOST_PARTS, Math.ceil(MOST_BOXES / Math.max(1, lanes.length)));
  const height = lanes.length * LANE;
  const out = [
    `<svg class="lanes" viewBox="0 0 ${WIDTH} ${height}" preserveAspectRatio="none" style="height:${height}px" ` +
      `role="img" aria-label="what the threads did">`,
    lines(wall, height),
  ];
  lanes.forEach((lane, i) => {
    const boxes = boxesWithin(lane, wall / parts, MOST_BOXES / Math.max(1, lanes.length));
    for (const box of boxes) out.push(rect(data, lane, box, i * LANE, wall));
    out.push(`<path class="rule" d="M0 ${(i + 1) * LANE}H${WIDTH}"/>`);
  });
  out.push("</svg>");
  return out.join("");
}

/** Coarser until there are few enough. */
function boxesWithin(lane: Lane, least: number, most: number): TraceBox[] {
  for (let part = least; ; part *= 2) {
    const boxes = boxesOf(lane, lane.spans.length <= most ? 0 : part);
    if (boxes.length <= most || lane.spans.length <= most) return boxes;
  }
}

function rect(data: TraceData, lane: Lane, box: TraceBox, top: number, wall: number): string {
  const left = x(box.start, wall);
  const width = Math.max(0.8, Math.round((x(box.end, wall) - left) * 100) / 100);
  const inset = 2 + 4 * box.depth;
  const kind = SPAN_KINDS[box.kind] as SpanKind;
  return (
    `<rect class="${kind}" x="${left}" y="${top + inset}" width="${width}" height="${LANE - 1 - 2 * inset}">` +
    `<title>${titleOf(data, lane, box).map(text).join("\n")}</title></rect>`
  );
}

function titleOf(data: TraceData, lane: Lane, box: TraceBox): string[] {
  const at = (column: number): number => lane.thread.rows[box.span * ROW_WIDTH + column] as number;
  const when = `at ${milliseconds(box.start)}`;
  if (box.count > 1) {
    const kinds = SPAN_KINDS.flatMap((name, k) =>
      (box.ms[k] as number) > 0 ? [`${name} ${milliseconds(box.ms[k] as number)}`] : [],
    );
    return [
      `${countText(box.count)} spans in ${milliseconds(box.end - box.start)}`,
      kinds.join(", "),
      ...(box.bytes > 0 ? [bytesText(box.bytes)] : []),
      when,
    ];
  }
  const kind = SPAN_KINDS[at(ROW_KIND)] as SpanKind;
  const stage = data.stages[at(ROW_STAGE)];
  const what = whatOf(data, kind, at(ROW_WHAT));
  return [
    `${kind}  ${milliseconds(at(ROW_END) - at(ROW_START))}`,
    ...(stage === undefined ? [] : [`stage ${stage.id}: ${stage.label}`]),
    ...(at(ROW_TASK) < 0 ? [] : [`task ${countText(at(ROW_TASK))}`]),
    ...(what === undefined ? [] : [what]),
    ...(at(ROW_BYTES) > 0 ? [bytesText(at(ROW_BYTES))] : []),
    when,
  ];
}

/** What was on the account, under the line that the plan had drawn. */
function memory(data: TraceData, wall: number): string {
  const { samples, peakBytes, memory: budget } = data;
  // A budget far above what was used would press the curve flat.
  const top = Math.max(1, highest(data), peakBytes, budget <= 4 * peakBytes ? budget : 0) * 1.06;
  const y = (bytes: number): number => Math.round((1 - bytes / top) * CURVE * 100) / 100;
  const curve = (column: number, scale: (v: number) => number): string => {
    let d = `M0 ${CURVE}`;
    let last = CURVE;
    for (let i = 0; i < samples.length; i += SAMPLE_WIDTH) {
      const at = x(samples[i] as number, wall);
      last = scale(samples[i + column] as number);
      d += `H${at}V${last}`;
    }
    return `${d}H${WIDTH}`;
  };
  let spilled = 0;
  for (let i = 2; i < samples.length; i += SAMPLE_WIDTH)
    spilled = Math.max(spilled, samples[i] as number);
  const line = (bytes: number, kind: string): string =>
    `<path class="${kind}" d="M0 ${y(bytes)}H${WIDTH}"/>`;
  const inside = budget <= top;
  const label = (bytes: number, what: string): string =>
    `<span style="top:${y(bytes)}px">${what} ${bytesText(bytes)}</span>`;
  return (
    `<div class="memory"><svg viewBox="0 0 ${WIDTH} ${CURVE}" preserveAspectRatio="none" style="height:${CURVE}px" ` +
    `role="img" aria-label="memory over time">${lines(wall, CURVE)}` +
    `<path class="used" d="${curve(1, y)}V${CURVE}Z"/>` +
    (spilled > 0
      ? `<path class="spilled" d="${curve(2, (v) => Math.round((1 - (v / spilled) * 0.94) * CURVE * 100) / 100)}"/>`
      : "") +
    line(peakBytes, "planned") +
    (inside ? line(budget, "budget") : "") +
    `</svg>${label(peakBytes, "planned peak")}` +
    `<span class="right" style="top:${inside ? y(budget) : 0}px">budget ${bytesText(budget)}${inside ? "" : ", above"}</span>` +
    (spilled > 0
      ? `<span class="right spilled" style="bottom:2px">line: spilled, ${bytesText(spilled)}</span>`
      : "") +
    `</div>`
  );
}

function table(data: TraceData): string {
  const [ms, counts, bytes] = [TOTAL_MS, TOTAL_COUNT, TOTAL_BYTES].map((column) =>
    totalsOf(data, column),
  ) as [number[][], number[][], number[][]];
  const kinds = SPAN_KINDS.flatMap((name, k) =>
    counts.some((line) => (line[k] as number) > 0) ? [[name, k] as const] : [],
  );
  const cells = (time: readonly number[], n: readonly number[], size: readonly number[]): string =>
    kinds
      .map(([name, k]) => {
        if (n[k] === 0) return "<td></td>";
        const more = (size[k] as number) > 0 ? `, ${bytesText(size[k] as number)}` : "";
        return `<td title="${countText(n[k] as number)} × ${name}${more}">${milliseconds(time[k] as number)}</td>`;
      })
      .join("");
  const sum = (lines: readonly (readonly number[])[]): number[] =>
    SPAN_KINDS.map((_, k) => lines.reduce((n, line) => n + (line[k] as number), 0));
  const shown = data.stages.slice(0, MOST_STAGES);
  const rows = shown.map(
    ({ id, label, kind, tasks }, i) =>
      `<tr><th>${id}: ${text(label)} <small>${text(kind)}</small></th><td>${countText(tasks)}</td>` +
      `${cells(ms[i] as number[], counts[i] as number[], bytes[i] as number[])}</tr>`,
  );
  const more = data.stages.length - shown.length;
  const rest = data.stages.length;
  const others = sum([counts[rest] as number[]]).some((n) => n > 0)
    ? `<tr><th>no stage</th><td></td>${cells(ms[rest] as number[], counts[rest] as number[], bytes[rest] as number[])}</tr>`
    : "";
  return (
    `<h2>Seconds per stage, summed over the threads</h2><table><thead><tr><th>stage</th><td>tasks</td>` +
    kinds.map(([name]) => `<td title="${KIND_WORDS[name]}">${name}</td>`).join("") +
    `</tr></thead><tbody>${rows.join("")}` +
    (more > 0 ? `<tr><th>and ${countText(more)} more stages</th></tr>` : "") +
    `${others}<tr class="sum"><th>all</th><td>${countText(data.stages.reduce((n, s) => n + s.tasks, 0))}</td>` +
    `${cells(sum(ms), sum(counts), sum(bytes))}</tr></tbody></table>`
  );
}
