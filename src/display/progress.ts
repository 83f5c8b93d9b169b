/** The line of progress that `progress: true` draws. */
import { bytesText, countText, secondsText } from "./numbers.js";

export interface ProgressState {
  readonly tasksDone: number;
  readonly tasksTotal: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly seconds: number;
}

const WIDTH = 24;

/** `[#########               ]  38 %  41/108 tasks  1.2 GiB read  3.2 s, 5.2 s left` */
export function progressLine(p: ProgressState): string {
  const share = p.tasksTotal === 0 ? 1 : Math.max(0, Math.min(1, p.tasksDone / p.tasksTotal));
  const filled = Math.floor(share * WIDTH);
  const bar = "#".repeat(filled) + " ".repeat(WIDTH - filled);
  const parts = [
    `[${bar}] ${String(Math.floor(share * 100)).padStart(3)} %`,
    `${countText(p.tasksDone)}/${countText(p.tasksTotal)} tasks`,
  ];
  if (p.bytesRead > 0) parts.push(`${bytesText(p.bytesRead)} read`);
  if (p.bytesWritten > 0) parts.push(`${bytesText(p.bytesWritten)} written`);
  // An estimate from a tenth of a second or a single task would only jump about.
  const known = share > 0 && share < 1 && p.seconds > 0.5;
  const left = known ? `, ${secondsText((p.seconds / share) * (1 - share))} left` : "";
  parts.push(secondsText(p.seconds) + left);
  return parts.join("  ");
}
