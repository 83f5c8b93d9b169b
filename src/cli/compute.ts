/** `chunkwise compute`: an expression over stored arrays, printed or written to a store. */
import * as cw from "../index.js";
import { parseChunks } from "./chunks.js";
import {
  type Command,
  parseCommandLine,
  parseCount,
  parseTrace,
  parseWord,
  UsageError,
} from "./command.js";
import { EXPRESSION_HELP, openInputs, placeOf } from "./expression.js";
import { arrayText, formatBytes, formatSeconds, formatTuple } from "./text.js";

/** More would not be read by anybody. */
const MOST_PRINTED = 1000;

const HELP = `Usage: chunkwise compute EXPR --in NAME=STORE… [--out STORE] [options]

Computes an expression over arrays of Zarr stores inside a memory budget, and writes the result to a store or, if it
is small, prints it.

${EXPRESSION_HELP}
  --out STORE      where to write the result, as a directory; what follows .zarr/ is the path of the array in it.
                   Without it the result is printed, if it has at most ${MOST_PRINTED} elements
  --chunks=SPEC    chunks of the result, as chunkwise rechunk takes them (default: those of the inputs)
  --codec NAME     compression of the result: zstd (default), gzip or raw
  --mode MODE      create: refuse an array that is there already (default); overwrite: replace it
  --resume         go on with the same command after it was interrupted or killed: chunks that are there stay
  --memory SIZE    memory budget, as 512MiB or 4GiB (default: half of the memory that is there)
  --workers N      compute threads (default: one for each core)
  --progress       draw progress even where standard error is no terminal
  --trace FILE     write what every thread did, and when: a page (.html), or Chrome's trace (.json) for Perfetto
  -h, --help       show this help

Examples:
  chunkwise compute 'mean(sqrt(u**2 + v**2), axis=0)' --in u=era5.zarr/u --in v=era5.zarr/v --out speed.zarr
  chunkwise compute 'u[:, 10:20].max()' --in u=era5.zarr/u
`;

const OPTIONS = {
  in: { type: "string", multiple: true },
  out: { type: "string" },
  chunks: { type: "string" },
  codec: { type: "string" },
  mode: { type: "string" },
  resume: { type: "boolean" },
  memory: { type: "string" },
  workers: { type: "string" },
  progress: { type: "boolean" },
  trace: { type: "string" },
} as const;

export const compute: Command = {
  name: "compute",
  summary: "compute an expression over arrays of Zarr stores",
  help: HELP,
  run: async (args, terminal, signal) => {
    const { values, positionals } = parseCommandLine("compute", args, OPTIONS, ["EXPR"]);
    const trace = parseTrace(values.trace);
    const mode = parseWord("mode", values.mode, ["create", "overwrite"]);
    const codecs = parseWord("codec", values.codec, ["zstd", "gzip", "raw"]);
    const workers =
      values.workers === undefined ? undefined : parseCount("workers", values.workers, 1, 1024);
    const chunks = values.chunks === undefined ? undefined : parseChunks(values.chunks);
    const needsOut = (["chunks", "codec", "mode", "resume"] as const).find((name) => values[name]);
    if (values.out === undefined && needsOut !== undefined) {
      throw new UsageError(`--${needsOut} is for a result that is written`, "give --out STORE");
    }
    const arrays = await openInputs(values.in);
    const expression = cw.expr(positionals[0] as string, arrays);
    const result = chunks === undefined ? expression : expression.rechunk(chunks);
    const progress = values.progress === true || terminal.isTerminal;
    const { memory } = values;
    const running = { memory, workers, signal, progress, trace };
    if (values.out === undefined) {
      // A length that is not known before the run is known after it.
      checkPrintable(result);
      const computed = await result.compute(running);
      checkPrintable(computed);
      terminal.out(`${arrayText(computed)}\n`);
      return;
    }
    const { store, path } = placeOf(values.out);
    const stats = await result.toZarr(store, {
      path,
      mode,
      codecs,
      resume: values.resume,
      ...running,
    });
    const stored = await cw.openZarr(store, { path });
    terminal.out(
      `${values.out}: ${result.dtype} ${formatTuple(stored.shape)}, ` +
        `${formatBytes(stats.bytesWritten)} in ${formatSeconds(stats.seconds)}, ` +
        `peak ${formatBytes(stats.peakBytes)}\n`,
    );
  },
};

function checkPrintable({ size, shape }: Pick<cw.LazyArray, "size" | "shape">): void {
  if (size === null || size <= MOST_PRINTED) return;
  throw new UsageError(
    `the result has ${size} elements, shape ${formatTuple(shape)}`,
    `write it with --out STORE, or select at most ${MOST_PRINTED}`,
  );
}
