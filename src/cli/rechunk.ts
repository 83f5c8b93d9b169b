/** `chunkwise rechunk`: one array copied into a store with other chunks, inside a memory budget. */
import * as cw from "../index.js";
import { type Command, parseCommandLine, parseCount, parseWord, UsageError } from "./command.js";
import { formatBytes, formatSeconds, formatTuple } from "./text.js";

const HELP = `Usage: chunkwise rechunk IN OUT --chunks=SPEC [options]

Copies an array to another Zarr store with other chunks, without ever holding more than the memory budget.
Values are copied as they are stored (packed integers stay packed); attributes, dimension names and the fill
value go along.

Arguments:
  IN               the store to read: a directory or a URL
  OUT              the store to write: a directory

Options:
  --chunks=SPEC    chunk lengths, one for each axis: a number, -1 for the whole axis, or auto; or one size in
                   bytes for all, as 64MiB. Examples: --chunks=100,-1,-1  --chunks=auto,auto,1  --chunks=64MiB
  --path PATH      the array inside the stores, in both of them (default: the root)
  --memory SIZE    memory budget, as 512MiB or 4GiB (default: half of the memory that is there)
  --workers N      compute threads (default: one for each core)
  --codec NAME     compression of the result: zstd (default), blosc, gzip or raw
  --mode MODE      create: refuse an array that is there already (default); overwrite: replace it
  -h, --help       show this help

Example:
  chunkwise rechunk era5.zarr era5-series.zarr --path t2m --chunks=-1,32,32 --memory 2GiB
`;

const OPTIONS = {
  chunks: { type: "string" },
  path: { type: "string" },
  memory: { type: "string" },
  workers: { type: "string" },
  codec: { type: "string" },
  mode: { type: "string" },
} as const;

/** What `toZarr` takes; a stored fill value is one of them. */
type FillValue = NonNullable<Parameters<typeof cw.toZarr>[2]>["fillValue"];

export const rechunk: Command = {
  name: "rechunk",
  summary: "copy an array of a Zarr store with other chunks",
  help: HELP,
  run: async (args, terminal, signal) => {
    const { values, positionals } = parseCommandLine("rechunk", args, OPTIONS, ["IN", "OUT"]);
    const [input, output] = positionals as [string, string];
    if (values.chunks === undefined) {
      throw new UsageError("rechunk needs --chunks", "as in --chunks=100,-1,-1");
    }
    const chunks = parseChunks(values.chunks);
    const mode = parseWord("mode", values.mode, ["create", "overwrite"]);
    const codecs = parseWord("codec", values.codec, ["zstd", "blosc", "gzip", "raw"]);
    const workers =
      values.workers === undefined ? undefined : parseCount("workers", values.workers, 1, 1024);

    const attributes = await attributesToCarry(input, values.path);
    const source = await cw.openZarr(input, { path: values.path, decode: false });
    const result = source.rechunk(chunks);
    const stats = await result.toZarr(output, {
      path: values.path,
      mode,
      codecs,
      attributes,
      dimensionNames: source.dimensionNames,
      fillValue: (source.fillValue ?? undefined) as FillValue,
      memory: values.memory,
      workers,
      signal,
      progress: terminal.isTerminal,
    });
    const name = values.path === undefined ? output : `${output} ${values.path}`;
    const chunkShape = formatTuple(result.chunks.map(chunkLength));
    terminal.out(
      `${name}: ${source.dtype} ${formatTuple(source.shape)} in chunks of ${chunkShape}, ` +
        `${formatBytes(source.nbytes)} in ${formatSeconds(stats.seconds)}, ` +
        `peak ${formatBytes(stats.peakBytes)}\n`,
    );
  },
};

/** The chunk length of a regular axis is that of its first chunk. */
const chunkLength = (sizes: readonly number[]): number => sizes[0] ?? 0;

/** `100,-1,auto` -> [100, -1, "auto"]; anything with a unit, as `64MiB`, is left to the library. */
export function parseChunks(text: string): string | (number | "auto")[] {
  if (/^\s*\d+(\.\d+)?\s*[a-z]+\s*$/i.test(text) || text.trim() === "auto") return text.trim();
  return text.split(",").map((part) => {
    const word = part.trim();
    if (word === "auto") return "auto";
    const length = /^(?:-1|\d+)$/.test(word) ? Number(word) : 0;
    if (length === 0) {
      throw new UsageError(
        `--chunks=${text} is not a chunk shape: '${word}'`,
        "give a number > 0, -1 or auto for each axis, or one size as 64MiB",
      );
    }
    return length;
  });
}

/**
 * The attributes of the array, as Zarr v3 has them. In v2 the fill value of a packed array also says which values
 * are missing, and `_ARRAY_DIMENSIONS` names the axes; v3 keeps the first in `_FillValue`, without which missing values
 * would become numbers, and the second in the metadata.
 *
 * An error names the arrays where the path is that of a group.
 */
async function attributesToCarry(
  store: string,
  path: string | undefined,
): Promise<Record<string, unknown>> {
  const node = await cw.describeStore(store, { path });
  if (node.kind === "group") {
    const names = node.children.filter((c) => c.kind === "array").map((c) => c.path);
    const list = names.length > 0 ? `: ${names.slice(0, 20).join(", ")}` : "";
    throw new UsageError(`${store} is a Zarr group, not an array`, `choose one with --path${list}`);
  }
  if (node.error !== undefined) return {}; // openZarr says what is wrong with it
  if (node.version === 3) return { ...node.attributes };
  const { _ARRAY_DIMENSIONS: _names, ...others } = node.attributes;
  const attributes = node.dimensionNames === undefined ? node.attributes : others;
  const packed = "scale_factor" in attributes || "add_offset" in attributes;
  const told = "_FillValue" in attributes || "missing_value" in attributes;
  const silent = packed && !told && node.fillValue !== null;
  return silent ? { ...attributes, _FillValue: node.fillValue } : { ...attributes };
}
