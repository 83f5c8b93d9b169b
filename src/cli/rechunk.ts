/** `chunkwise rechunk`: an array, or all arrays of a group, copied into a store with other chunks, in bounded memory. */
import * as cw from "../index.js";
import { parseNamedChunks, parseShards } from "./chunks.js";
import {
  type Command,
  parseCommandLine,
  parseCount,
  parseTrace,
  parseWord,
  UsageError,
} from "./command.js";
import { type ArrayCopy, type Copies, chunksOf, copiesOf } from "./copies.js";
import { formatBytes, formatSeconds, formatTuple } from "./text.js";

const HELP = `Usage: chunkwise rechunk IN OUT --chunks=SPEC [options]

Copies an array, or a group with all that is in it, to another Zarr store with other chunks, without ever holding
more than the memory budget. Reads Zarr v2 and v3. Values are copied as they are stored (packed integers stay packed);
codecs, attributes, dimension names and the fill value go along.

Arguments:
  IN               the store to read: a directory or a URL
  OUT              the store to write: a directory

Options:
  --chunks=SPEC    chunk lengths, one for each axis: a number, -1 for the whole axis, or auto; or one size in
                   bytes for all, as 64MiB; or by the names of dimensions, the others stay as they are.
                   Examples: --chunks=100,-1,-1  --chunks=auto,auto,1  --chunks=64MiB  --chunks=time:-1,lat:32
                   Of a group, arrays with another number of axes, or none of the names, keep their chunks
  --shards=SPEC    write shards, several chunks in one file: their lengths as in --chunks (numbers and -1), multiples
                   of the chunks. Examples: --shards=1000,-1,-1  --shards=time:1000  --shards=none
                   (default: none, or about the shards of IN; alone, chunks stay as they are)
  --path PATH      the array or group inside the stores, in both of them (default: the root)
  --exclude PATH   an array or group to leave out; may be given more than once
  --codec NAME     compression of the result: zstd, blosc, gzip or raw (default: as in IN)
  --zarr-format N  format of the result, 3 (default) or 2
  --mode MODE      create: refuse arrays that are there already (default); overwrite: replace them
  --resume         go on with the same command after it was interrupted or killed: chunks that are there stay
  --dry-run        write nothing; print what would be read, moved, spilled and written, the peak and the time
  --memory SIZE    memory budget, as 512MiB or 4GiB (default: half of the memory that is there)
  --workers N      compute threads (default: one for each core)
  --spill-directory DIR   where to put what does not fit memory (default: the folder for temporary files)
  --progress       draw progress even where standard error is no terminal
  --trace FILE     write what every thread did, and when: a page (.html), or Chrome's trace (.json) for Perfetto;
                   of a group a file for each array, with its path in the name
  -h, --help       show this help

A shard is written at once and held in memory for that; readers still read single chunks. Zarr v2 has no shards.

Examples:
  chunkwise rechunk era5.zarr era5-series.zarr --path t2m --chunks=-1,32,32 --memory 2GiB
  chunkwise rechunk era5.zarr era5-series.zarr --chunks=time:-1,lat:32,lon:32 --dry-run
  chunkwise rechunk era5.zarr sharded.zarr --chunks=time:100,lat:64,lon:64 --shards=time:1000,lat:-1,lon:-1
`;

const OPTIONS = {
  chunks: { type: "string" },
  path: { type: "string" },
  exclude: { type: "string", multiple: true },
  codec: { type: "string" },
  shards: { type: "string" },
  "zarr-format": { type: "string" },
  mode: { type: "string" },
  resume: { type: "boolean" },
  "dry-run": { type: "boolean" },
  memory: { type: "string" },
  workers: { type: "string" },
  "spill-directory": { type: "string" },
  progress: { type: "boolean" },
  trace: { type: "string" },
} as const;

export const rechunk: Command = {
  name: "rechunk",
  summary: "copy an array or a group of a Zarr store with other chunks",
  help: HELP,
  run: async (args, terminal, signal) => {
    const { values, positionals } = parseCommandLine("rechunk", args, OPTIONS, ["IN", "OUT"]);
    const [input, output] = positionals as [string, string];
    if (values.chunks === undefined && values.shards === undefined) {
      throw new UsageError("rechunk needs --chunks", "as in --chunks=100,-1,-1");
    }
    const trace = parseTrace(values.trace);
    const chunks = values.chunks === undefined ? undefined : parseNamedChunks(values.chunks);
    const shards = values.shards === undefined ? undefined : parseShards(values.shards);
    const mode = parseWord("mode", values.mode, ["create", "overwrite"]);
    const codecs = parseWord("codec", values.codec, ["zstd", "blosc", "gzip", "raw"]);
    const format = parseWord("zarr-format", values["zarr-format"], ["2", "3"]);
    const zarrFormat = format === "2" ? 2 : 3;
    if (zarrFormat === 2 && shards !== undefined && shards !== "none") {
      throw new UsageError(
        "--shards: Zarr v2 has no shards",
        "leave it out, or write --zarr-format=3",
      );
    }
    const workers =
      values.workers === undefined ? undefined : parseCount("workers", values.workers, 1, 1024);
    const copies = await copiesOf(input, {
      path: values.path,
      exclude: values.exclude ?? [],
      chunks,
      shards,
      codecs,
      zarrFormat,
    });
    const running = {
      mode,
      resume: values.resume,
      memory: values.memory,
      workers,
      spillDirectory: values["spill-directory"],
    };
    // All arrays are planned before anything is written: what cannot be done is told while OUT is as it was.
    const plans: cw.PlanReport[] = [];
    for (const { array, options } of copies.arrays) {
      plans.push(await array.explainToZarr(output, { ...options, ...running }));
    }
    for (const { path, notes } of copies.arrays) {
      for (const note of notes) terminal.err(`chunkwise: ${path || input}: ${note}\n`);
    }
    if (values["dry-run"] === true) {
      terminal.out(dryRun(output, copies, plans));
      return;
    }
    const progress = values.progress === true || terminal.isTerminal;
    const lines = await copy(
      output,
      copies,
      { ...running, zarrFormat, signal, progress, trace },
      terminal.out,
    );
    terminal.out(lines);
  },
};

type CopyRun = Omit<cw.ToZarrOptions, "trace"> & {
  readonly zarrFormat: 2 | 3;
  readonly trace: string | undefined;
};

/** `run.html` of the array `a/b`: `run-a-b.html`. */
const ofArray = (file: string, path: string): string =>
  file.replace(/(\.[^.]*)?$/, `-${path.replaceAll("/", "-")}$1`);

/** Copies one array after another, each with all memory and all threads; answers the line about all of them. */
async function copy(
  output: string,
  { single, groups, arrays }: Copies,
  { zarrFormat, trace, ...running }: CopyRun,
  out: (text: string) => void,
): Promise<string> {
  for (const { path, attributes } of groups) {
    await cw.createGroup(output, { path, attributes, zarrFormat });
  }
  let bytes = 0;
  let seconds = 0;
  for (const { path, array, shards, options } of arrays) {
    const file = trace === undefined || single ? trace : ofArray(trace, path);
    const stats = await array.toZarr(output, { ...options, ...running, trace: file });
    bytes += bytesOf(array);
    seconds += stats.seconds;
    const name = path === "" ? output : `${output} ${path}`;
    const what = `${name}: ${array.dtype} ${formatTuple(array.shape)} in chunks of ${formatTuple(chunksOf(array))}${inShards(shards)}`;
    const all = stats.tasks === 0 && bytesOf(array) > 0;
    out(
      all
        ? `${what}, complete already\n`
        : `${what}, ${formatBytes(running.resume === true ? stats.bytesWritten : bytesOf(array))} in ` +
            `${formatSeconds(stats.seconds)}, peak ${formatBytes(stats.peakBytes)}\n`,
    );
  }
  if (single) return "";
  return `${output}: ${arrays.length} arrays, ${formatBytes(bytes)} in ${formatSeconds(seconds)}\n`;
}

/** What would be done, array by array, as the planner sees it. */
function dryRun(output: string, { arrays }: Copies, plans: readonly cw.PlanReport[]): string {
  const lines: string[] = [];
  let total = 0;
  let peak = 0;
  arrays.forEach((one, i) => {
    const { planned, stages, memory, workers } = plans[i] as cw.PlanReport;
    const written = stages.filter((s) => s.kind === "write").reduce((n, s) => n + s.bytesOut, 0);
    const seconds = planned.seconds / workers;
    total += seconds;
    peak = Math.max(peak, planned.peakBytes);
    const { array, path } = one;
    const from = `${formatTuple(one.from)}${inShards(one.fromShards)}`;
    const to = `${formatTuple(chunksOf(array))}${inShards(one.shards)}`;
    const chunks = from === to ? `chunks ${to}` : `chunks ${from} -> ${to}`;
    lines.push(
      `${path === "" ? output : `${output} ${path}`}: ${array.dtype} ${formatTuple(array.shape)}, ${chunks}`,
      `  read     ${formatBytes(planned.readBytes)} in ${planned.readChunks} chunks`,
      `  moved    ${formatBytes(planned.movedBytes)}`,
      `  spilled  ${formatBytes(planned.spilledBytes)}`,
      `  written  ${formatBytes(written)} in ${countOf(one)}`,
      `  peak     ${formatBytes(planned.peakBytes)} of ${formatBytes(memory)}`,
      `  time     about ${formatSeconds(seconds)} on ${workers} ${workers === 1 ? "worker" : "workers"}`,
    );
  });
  if (arrays.length > 1) {
    lines.push(`${arrays.length} arrays: peak ${formatBytes(peak)}, about ${formatSeconds(total)}`);
  }
  return `${lines.join("\n")}\n`;
}

const inShards = (shards: readonly number[] | undefined): string =>
  shards === undefined ? "" : ` in shards ${formatTuple(shards)}`;
const countOf = ({ array, shards }: ArrayCopy): string =>
  shards === undefined
    ? `${array.chunks.reduce((n, sizes) => n * sizes.length, 1)} chunks`
    : `${shards.reduce((n, length, i) => n * Math.ceil((array.shape[i] as number) / length), 1)} shards`;
const bytesOf = (array: cw.LazyArray): number => array.nbytes ?? 0;
