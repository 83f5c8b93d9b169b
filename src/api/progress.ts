/** The line of progress on stderr: redrawn in place on a terminal, a line every few seconds elsewhere. */
import { progressLine } from "../display/index.js";
import type { ProgressEvent } from "./engine.js";

/** Between lines where they cannot be redrawn (log files). */
const LOG_SECONDS = 5;

export interface Bar {
  show(event: ProgressEvent): void;
  end(): void;
}

/** What is written to: a terminal or not. */
export interface Sink {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export function drawProgress(
  out: Sink = process.stderr,
  now: () => number = () => performance.now(),
): Bar {
  const started = now();
  let written = Number.NEGATIVE_INFINITY;
  let last = "";
  const terminal = out.isTTY === true;
  return {
    show(event) {
      const at = now();
      last = progressLine({ ...event, seconds: (at - started) / 1000 });
      if (terminal) out.write(`\r\u001b[K${last.slice(0, (out.columns ?? 80) - 1)}`);
      else if (at - written >= LOG_SECONDS * 1000) {
        out.write(`${last}\n`);
        written = at;
        last = "";
      }
    },
    end() {
      if (terminal) out.write(last === "" ? "" : "\n");
      else if (last !== "") out.write(`${last}\n`);
    },
  };
}
