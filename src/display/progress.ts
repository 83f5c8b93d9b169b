/** What `progress: true` draws: a line for terminals and logs, a bar for notebooks. */
import { bytesText, countText, secondsText } from "./numbers.js";

export interface ProgressState {
  readonly tasksDone: number;
  readonly tasksTotal: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly seconds: number;
  /** Bytes read and written in a second, lately. */
  readonly bytesPerSecond?: number | undefined;
  /** On the run's account, and the most that may be. */
  readonly memoryUsed?: number | undefined;
  readonly memoryLimit?: number | undefined;
  /** Blocks in memory. */
  readonly blocksHeld?: number | undefined;
  readonly bytesSpilled?: number | undefined;
}

const WIDTH = 24;

/**
 * `[#########               ]  38 %  41/108 tasks  1.2 GiB read  3.2 s, 5.2 s left  410 MiB/s  12 blocks in 1.1 of 2 GiB`
 *
 * Terminals that are too narrow for all of it cut the end off.
 */
export function progressLine(p: ProgressState): string {
  const share = shareOf(p);
  const filled = Math.floor(share * WIDTH);
  const bar = "#".repeat(filled) + " ".repeat(WIDTH - filled);
  return [`[${bar}] ${String(Math.floor(share * 100)).padStart(3)} %`, ...factsOf(p)].join("  ");
}

const shareOf = (p: ProgressState): number =>
  p.tasksTotal === 0 ? 1 : Math.max(0, Math.min(1, p.tasksDone / p.tasksTotal));

function factsOf(p: ProgressState): string[] {
  const share = shareOf(p);
  const parts = [`${countText(p.tasksDone)}/${countText(p.tasksTotal)} tasks`];
  if (p.bytesRead > 0) parts.push(`${bytesText(p.bytesRead)} read`);
  if (p.bytesWritten > 0) parts.push(`${bytesText(p.bytesWritten)} written`);
  // An estimate from a tenth of a second or a single task would only jump about.
  const known = share > 0 && share < 1 && p.seconds > 0.5;
  const left = known ? `, ${secondsText((p.seconds / share) * (1 - share))} left` : "";
  parts.push(secondsText(p.seconds) + left);
  const { bytesPerSecond = 0, memoryUsed = 0, blocksHeld = 0, bytesSpilled = 0 } = p;
  if (bytesPerSecond > 0) parts.push(`${bytesText(Math.round(bytesPerSecond))}/s`);
  if (memoryUsed > 0) {
    const blocks = `${countText(blocksHeld)} ${blocksHeld === 1 ? "block" : "blocks"}`;
    parts.push(`${blocks} in ${ofText(memoryUsed, p.memoryLimit ?? memoryUsed)}`);
  }
  if (bytesSpilled > 0) parts.push(`${bytesText(bytesSpilled)} spilled`);
  return parts;
}

/** `1.1 of 2 GiB`, `900 MiB of 2 GiB`. */
function ofText(used: number, limit: number): string {
  const [a, b] = [bytesText(used), bytesText(limit)];
  const [value, unit] = a.split(" ");
  return unit === b.split(" ")[1] ? `${value} of ${b}` : `${a} of ${b}`;
}

/** How the run stands; "stopped" is what an error or an abort leaves. */
export type RunState = "running" | "done" | "stopped";
const FILLS: Readonly<Record<RunState, string>> = {
  running: "#3b82f6",
  done: "#16a34a",
  stopped: "#dc2626",
};

/** A bar with the facts below it; `stages` of the plan. Legible on light and dark: all but the fill is the text's colour. */
export function progressHtml(p: ProgressState, stages: number, state: RunState): string {
  const percent = Math.floor(shareOf(p) * 100);
  const facts = [`${countText(stages)} ${stages === 1 ? "stage" : "stages"}`, ...factsOf(p)];
  return (
    `<div style="font:13px/1.4 system-ui,sans-serif;max-width:36em">` +
    `<div role="progressbar" aria-valuemin="0" aria-valuemax="100" aria-valuenow="${percent}" ` +
    `style="position:relative;height:10px;border-radius:5px;overflow:hidden">` +
    `<div style="position:absolute;inset:0;background:currentColor;opacity:0.15"></div>` +
    `<div style="position:absolute;inset:0 auto 0 0;width:${percent}%;background:${FILLS[state]}"></div></div>` +
    `<div style="margin-top:4px">${state === "running" ? `${percent} %` : state}` +
    `<span style="opacity:0.65"> \u00b7 ${facts.join(" \u00b7 ")}</span></div></div>`
  );
}
