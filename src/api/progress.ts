/**
 * Live progress: in a notebook a bar that is updated in place, on a terminal a line of stderr that is redrawn, a line
 * every few seconds elsewhere.
 */
import type { RunState } from "../display/index.js";
import { displays, type ProgressEvent } from "./engine.js";
import { type Display, newDisplay } from "./notebook.js";

/** Between lines where they cannot be redrawn (log files). */
const LOG_SECONDS = 5;

/** Between updates of a notebook's bar: each is a message to the browser. */
const NOTEBOOK_MS = 100;

/** Over how long bytes per second are taken. */
const RATE_SECONDS = 3;

/** Bytes per second over the last few seconds; over all of the run when it is over. */
function rateMeter(): (seconds: number, bytes: number, over?: boolean) => number {
  const seen: (readonly [seconds: number, bytes: number])[] = [[0, 0]];
  return (seconds, bytes, over = false) => {
    seen.push([seconds, bytes]);
    while (seen.length > 2 && (seen[1]?.[0] ?? 0) <= seconds - RATE_SECONDS) seen.shift();
    const [from, before] = over ? [0, 0] : (seen[0] as readonly [number, number]);
    return seconds > from ? Math.max(0, bytes - before) / (seconds - from) : 0;
  };
}

export interface Bar {
  show(event: ProgressEvent): void;
  /** The run is over; `done` unless it failed or was cancelled. */
  end(done: boolean): void;
}

/** What is written to: a terminal or not. */
export interface Sink {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** The bar that suits the place: a notebook, a terminal, a log. */
export function progressBar(stages: number): Bar {
  const place = newDisplay();
  return place === undefined ? drawProgress() : notebookProgress(place, stages);
}

/** A bar in a notebook. What the notebook does with it must not disturb the run. */
export function notebookProgress(
  place: Display,
  stages: number,
  now: () => number = () => performance.now(),
): Bar {
  const started = now();
  const rate = rateMeter();
  let shown = Number.NEGATIVE_INFINITY;
  let last: ProgressEvent | undefined;
  const draw = (state: RunState): void => {
    if (last === undefined) return;
    shown = now();
    const seconds = (shown - started) / 1000;
    const bytesPerSecond = rate(seconds, last.bytesDone, state !== "running");
    try {
      place.html(displays().progressHtml({ ...last, seconds, bytesPerSecond }, stages, state));
    } catch {
      // The kernel is shutting down, or no longer what it was.
    }
  };
  return {
    show(event) {
      last = event;
      if (now() - shown >= NOTEBOOK_MS) draw("running");
    },
    end: (done) => draw(done ? "done" : "stopped"),
  };
}

export function drawProgress(
  out: Sink = process.stderr,
  now: () => number = () => performance.now(),
): Bar {
  const started = now();
  const rate = rateMeter();
  let written = Number.NEGATIVE_INFINITY;
  let last = "";
  const terminal = out.isTTY === true;
  return {
    show(event) {
      const at = now();
      const seconds = (at - started) / 1000;
      const over = event.tasksDone === event.tasksTotal;
      const bytesPerSecond = rate(seconds, event.bytesDone, over);
      last = displays().progressLine({ ...event, seconds, bytesPerSecond });
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
