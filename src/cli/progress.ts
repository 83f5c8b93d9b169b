/** The progress line of a terminal: one line on standard error that is drawn again in place. */
import type { Terminal } from "./command.js";
import { formatSeconds } from "./text.js";

export interface ProgressLine {
  readonly update: (event: { readonly tasksDone: number; readonly tasks: number }) => void;
  /** Takes the line away, so that what is printed next starts at the left. */
  readonly clear: () => void;
}

/** Milliseconds between two drawings: as fast as the eye follows, and nothing that a computation would feel. */
const INTERVAL = 100;

/** A line that draws nothing where nobody watches (`columns` is undefined). */
export function progressLine(terminal: Terminal): ProgressLine {
  const { columns } = terminal;
  if (columns === undefined) return { update: () => {}, clear: () => {} };
  const start = performance.now();
  let drawn = Number.NEGATIVE_INFINITY;
  return {
    update: ({ tasksDone: done, tasks: total }) => {
      const now = performance.now();
      if (now - drawn < INTERVAL && done < total) return;
      drawn = now;
      terminal.err(`\r\x1b[K${bar(done, total, (now - start) / 1000, columns)}`);
    },
    clear: () => {
      if (drawn > Number.NEGATIVE_INFINITY) terminal.err("\r\x1b[K");
      drawn = Number.NEGATIVE_INFINITY;
    },
  };
}

/** `[#####-----]  50 %  1.2 s, 1.2 s left`, never wider than the terminal. */
export function bar(done: number, total: number, seconds: number, columns: number): string {
  const share = total > 0 ? Math.min(1, done / total) : 0;
  const left =
    share > 0 && share < 1 ? `, ${formatSeconds((seconds * (1 - share)) / share)} left` : "";
  const text = ` ${String(Math.floor(share * 100)).padStart(3)} %  ${formatSeconds(seconds)}${left}`;
  const width = Math.min(40, columns - text.length - 3);
  if (width < 4)
    return text
      .trim()
      .slice(0, Math.max(0, columns - 1))
      .trimEnd();
  const full = Math.floor(share * width);
  return `[${"#".repeat(full)}${"-".repeat(width - full)}]${text}`;
}
