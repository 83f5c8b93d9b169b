/** Traces of runs, and where they go; loaded with the first run that is recorded. */
import { access, constants, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { chromeTrace, traceHtml, traceSummary } from "../display/trace/index.js";
import { OptionError } from "../errors.js";
import type { ChromeTrace, Trace, TraceData, TraceSummary } from "../ir/trace.js";
import type { TraceOption } from "./engine.js";
import { isTraceFile, TRACE_FILES } from "./options.js";

/** See `Trace` in `ir/trace.ts`. */
export class Timeline implements Trace {
  readonly data: TraceData;

  constructor(data: TraceData) {
    this.data = data;
  }

  summary(): TraceSummary {
    return traceSummary(this.data);
  }

  html(): string {
    return traceHtml(this.data);
  }

  chrome(): ChromeTrace {
    return chromeTrace(this.data);
  }

  async save(path: string | URL): Promise<void> {
    const file = path instanceof URL ? fileURLToPath(path) : path;
    if (!isTraceFile(file)) {
      throw new OptionError(`save: ${JSON.stringify(file)} ${TRACE_FILES}`);
    }
    const text = file.endsWith(".html") ? this.html() : JSON.stringify(this.chrome());
    await writeFile(file, text).catch((cause: unknown) => {
      throw cannotWrite("save", file, cause);
    });
  }
}

/** Before the run: whoever waited for it is not to be told then that the name was wrong. */
export async function checkPlace(trace: TraceOption): Promise<void> {
  if (typeof trace !== "string") return;
  try {
    await access(dirname(trace), constants.W_OK);
  } catch (cause) {
    throw cannotWrite("trace", trace, cause);
  }
}

const cannotWrite = (fn: string, file: string, cause: unknown): OptionError =>
  new OptionError(`${fn}: ${JSON.stringify(file)} cannot be written`, {
    hint: "name a file in a folder that is there, on a disk with room",
    cause,
  });

/** Hands a trace to where the option says; the answer of the run carries it in any case. */
export async function handOver(trace: TraceOption, made: Trace): Promise<void> {
  if (typeof trace === "function") trace(made);
  else if (typeof trace === "string") await made.save(trace);
}
