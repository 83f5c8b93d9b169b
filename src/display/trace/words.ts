/** What the numbers in a trace stand for, in words. */
import type { SpanKind, TraceData } from "../../ir/trace.js";

/** The source, the sink or the array that a span is about. */
export function whatOf(
  { sources, sinks }: Pick<TraceData, "sources" | "sinks">,
  kind: SpanKind,
  what: number,
): string | undefined {
  if (what < 0) return undefined;
  switch (kind) {
    case "read":
    case "fetch":
      return sources[what];
    case "write":
    case "store":
      return sinks[what];
    case "spill":
    case "unspill":
    case "deliver":
      return `array ${what}`;
    case "task":
    case "decode":
    case "compute":
    case "move":
    case "encode":
    case "serve":
    case "wait":
      return undefined;
  }
}

/** What the kinds are, for a legend. */
export const KIND_WORDS: Readonly<Record<SpanKind, string>> = {
  task: "a task, from its start to its end",
  read: "a task reads a part of a source",
  fetch: "bytes come from a store or a source",
  decode: "codecs undo compression",
  compute: "kernels and functions",
  move: "copies between blocks",
  write: "a task writes a storage object",
  encode: "codecs compress",
  store: "bytes go to a store",
  spill: "blocks go to the disk",
  unspill: "blocks come back from the disk",
  deliver: "results are put together",
  serve: "the calling thread reads or writes for a worker",
  wait: "the thread has nothing to do",
};
