/** Stores: results into Zarr, one array, or several by name in one plan; and stores over HTTP. */
import { OptionError, ZarrError } from "../errors.js";
import { type HttpOptions, type HttpStore, httpStore as httpStoreAt } from "../io/stores/http.js";
import { normalizePath } from "../io/stores/store.js";
import { type Node, topologicalOrder } from "../ir/node.js";
import { valueText } from "../ops/index.js";
import { type LazyArray, nodeOf } from "./array.js";
import {
  RUN_CHECKS,
  type RunOptions,
  type StoredArrayOptions,
  type StoreOptions,
  type ToZarrOptions,
  withDefaults,
} from "./config.js";
import { type RunStats, type StoreLike, zarr } from "./engine.js";
import {
  anything,
  type Checks,
  isCount,
  isNames,
  isPlainObject,
  isRecord,
  isRegion,
  isText,
  isWhole,
  oneOf,
  readOptions,
  unknownOption,
} from "./options.js";
import { run, settle } from "./run.js";
import { type Target, targetOf } from "./targets.js";

const ARRAY_CHECKS: Checks<StoredArrayOptions> = {
  codecs: anything,
  chunks: anything,
  mode: oneOf("create", "overwrite", "append", "region"),
  axis: anything,
  region: isRegion,
  attributes: isRecord,
  dimensionNames: isNames,
  fillValue: anything,
  zarrFormat: anything,
  separator: oneOf(".", "/"),
};

/**
 * Computes an array into a Zarr array, chunk by chunk: it may be far larger than memory. Every chunk appears whole or
 * not at all. Resolves to what the run did.
 *
 * Modes: "create" (default) refuses an array that is there, "overwrite" replaces it; "append" adds to an existing one
 * along `axis`, whose new shape appears after all its chunks; "region" writes into the part that `region` selects.
 * Existing arrays keep their chunks, codecs and dtype, to which the array must agree; of packed ones the stored values are
 * written.
 *
 * Rejects with ZarrError when the array cannot be put there, OptionError, ShapeError, DTypeError, ChunkError or
 * IndexError for what does not fit, SourceError when the store fails; and as {@link compute} does. Errors before the run
 * leave the store as it was.
 *
 * @example
 * await toZarr(speed.rechunk([-1, 32, 32]), "speed.zarr", { path: "speed", codecs: "zstd" });
 * await toZarr(today, "speed.zarr", { path: "speed", mode: "append" });
 * await toZarr(patch, "speed.zarr", { path: "speed", mode: "region", region: [slice(0, 10), null, 5] });
 */
export async function toZarr(
  x: LazyArray,
  url: StoreLike,
  options?: ToZarrOptions,
): Promise<RunStats> {
  const asked = nodeOf("toZarr", x);
  const checked = withDefaults(
    readOptions<ToZarrOptions>("toZarr", options, { ...RUN_CHECKS, ...ARRAY_CHECKS, path: isText }),
  );
  const { own, running } = split(checked);
  const [node = asked] = await settle([asked], checked);
  return write(
    "toZarr",
    async (targets) => {
      targets.push(await targetOf("toZarr", node, url, checked.path, own));
    },
    running,
  );
}

/**
 * Computes several arrays into a Zarr store as one plan: what they share is read and computed once. Names are paths
 * below `path`; groups are made as needed. Options that describe arrays hold for all of them, those in `arrays` for one;
 * `attributes` are those of the group. All targets are checked before anything is written.
 *
 * Rejects as {@link toZarr} does.
 *
 * @example
 * await store({ mean: x.mean({ axis: 0 }), "daily/max": daily.max({ axis: 1 }) }, "out.zarr", {
 *   codecs: "blosc",
 *   attributes: { title: "a climatology" },
 *   arrays: { mean: { attributes: { units: "K" }, dimensionNames: ["lat", "lon"] } },
 * });
 */
export async function store(
  arrays: { readonly [path: string]: LazyArray },
  url: StoreLike,
  options?: StoreOptions,
): Promise<RunStats> {
  if (!isPlainObject(arrays)) {
    throw new OptionError(`store: expected an object of arrays by path, got ${valueText(arrays)}`);
  }
  if (Object.keys(arrays).length === 0) {
    throw new OptionError("store: there is no array to write");
  }
  const nodes = Object.entries(arrays).map(
    ([name, x]) => [name, nodeOf("store", x, `entry ${JSON.stringify(name)}`)] as const,
  );
  const checked = withDefaults(
    readOptions<StoreOptions>("store", options, {
      ...RUN_CHECKS,
      ...ARRAY_CHECKS,
      path: isText,
      arrays: isRecord,
    }),
  );
  const { own, running } = split(checked);
  const { attributes, ...common } = own;
  const known = await settle(
    nodes.map(([, node]) => node),
    checked,
  );
  const entries = entriesOf(
    nodes.map(([name], i) => [name, known[i] as Node]),
    checked,
    common,
  );
  return write(
    "store",
    async (targets, beginning) => {
      if (attributes !== undefined) {
        const io = await zarr();
        const group = await io.pendingZarrGroup(
          url,
          checked.path,
          attributes as Parameters<typeof io.pendingZarrGroup>[2],
          common.zarrFormat,
        );
        beginning.push(group.write);
      }
      for (const { name, path, node, options: each } of entries) {
        targets.push(await targetOf(`store: ${name}`, node, url, path, each));
      }
    },
    running,
  );
}

/** Where and how one array is stored. */
export interface StoreTarget extends StoredArrayOptions {
  readonly url: StoreLike;
  /** Path of the array in the store; groups above it are made. */
  readonly path?: string | undefined;
}

/** Each array into its own target, in one plan; as {@link store}, where all targets are in one store. */
export async function storeEach(
  arrays: readonly LazyArray[],
  targets: readonly StoreTarget[],
  options?: RunOptions,
): Promise<RunStats> {
  if (!Array.isArray(targets) || targets.length !== arrays.length || arrays.length === 0) {
    throw new OptionError(
      `store: expected a list of arrays and as many targets, got ${valueText(arrays)} and ${valueText(targets)}`,
    );
  }
  const running = withDefaults(readOptions<RunOptions>("store", options, RUN_CHECKS));
  const asked = arrays.map((x, i) => nodeOf("store", x, `array ${i}`));
  const checked = targets.map((target, i) =>
    readOptions<StoreTarget>(`store: target ${i}`, target, {
      ...ARRAY_CHECKS,
      url: anything,
      path: isText,
    }),
  );
  return write(
    "store",
    async (found) => {
      const nodes = await settle(asked, running);
      for (const [i, { url, path, ...own }] of checked.entries()) {
        found.push(await targetOf(`store: array ${i}`, nodes[i] as Node, url, path, own));
      }
    },
    running,
  );
}

/** The options of arrays apart from those of the run. */
function split<T extends RunOptions & StoredArrayOptions>(
  options: T,
): { readonly own: StoredArrayOptions; readonly running: RunOptions } {
  const pick = (names: object): object =>
    Object.fromEntries(Object.entries(options).filter(([name]) => Object.hasOwn(names, name)));
  return { own: pick(ARRAY_CHECKS), running: pick(RUN_CHECKS) };
}

interface Entry {
  readonly name: string;
  readonly path: string;
  readonly node: Node;
  readonly options: StoredArrayOptions;
}

function entriesOf(
  nodes: readonly (readonly [string, Node])[],
  { path = "", arrays = {} }: StoreOptions,
  common: StoredArrayOptions,
): Entry[] {
  for (const name of Object.keys(arrays)) {
    if (nodes.some(([known]) => known === name)) continue;
    throw unknownOption(
      "store: arrays",
      name,
      nodes.map(([known]) => known),
    );
  }
  const base = normalizePath(path);
  const entries = nodes.map(([name, node]): Entry => {
    const inner = normalizePath(name, "array path");
    if (inner === "")
      throw new OptionError(`store: ${JSON.stringify(name)} is no path of an array`);
    const given = Object.hasOwn(arrays, name) ? arrays[name] : undefined;
    const own = readOptions<StoredArrayOptions>(`store: ${name}`, given, ARRAY_CHECKS);
    return {
      name: inner,
      path: base === "" ? inner : `${base}/${inner}`,
      node,
      options: {
        ...common,
        ...Object.fromEntries(Object.entries(own).filter(([, v]) => v !== undefined)),
      },
    };
  });
  const sorted = entries.map((e) => e.name).sort();
  for (const name of sorted) {
    const clash = sorted.filter((other) => other === name).length > 1;
    if (clash) throw new OptionError(`store: ${JSON.stringify(name)} is given twice`);
    const outer = sorted.find((other) => name.startsWith(`${other}/`));
    if (outer !== undefined) {
      throw new OptionError(`store: ${name} would lie inside the array ${outer}`, {
        hint: "choose another path",
      });
    }
  }
  return entries;
}

/**
 * A Zarr store at an `http:` or `https:` URL, for reading; `openZarr` makes one itself of a URL. A user name and password in
 * the URL are sent as basic authentication, a query goes with every request; neither appears in errors. Requests are
 * repeated when the network or the server fails for the moment.
 *
 * Throws ZarrError for another URL, OptionError for wrong options.
 *
 * @example
 * const era5 = httpStore("https://example.org/era5.zarr", { headers: { authorization: `Bearer ${token}` } });
 * const u = await openZarr(era5, { path: "u" });
 */
export function httpStore(url: string | URL, options?: HttpOptions): HttpStore {
  const checked = readOptions<HttpOptions>("httpStore", options, {
    headers: isRecord,
    timeout: isCount,
    retries: isWhole,
  });
  return httpStoreAt(url, checked);
}

/** Finds the targets, runs their plan, and gives their places back whatever happens. */
async function write(
  fn: "toZarr" | "store",
  find: (targets: Target[], beginning: (() => Promise<void>)[]) => Promise<void>,
  options: RunOptions,
): Promise<RunStats> {
  const targets: Target[] = [];
  const beginning: (() => Promise<void>)[] = [];
  try {
    await find(targets, beginning);
    refuseOwnInput(fn, targets);
    // Begun when the plan stands: a plan that does not fit leaves the store as it was.
    const { stats } = await run(targets, options, async () => {
      for (const begin of beginning) await begin();
      for (const target of targets) await target.begin();
    });
    for (const target of targets) await target.finish();
    return stats;
  } finally {
    for (const target of targets) target.release();
  }
}

/** Nothing that is read may be replaced or changed by the same plan. */
function refuseOwnInput(fn: string, targets: readonly Target[]): void {
  for (const { op, params } of topologicalOrder(targets.map((t) => t.node))) {
    if (op !== "source") continue;
    const target = targets.find((t) => t.isReadBy(params.binding));
    if (target === undefined) continue;
    throw new ZarrError(
      `${fn}: ${params.binding.name} is read by the expression that would replace it`,
      { hint: "write to another path, or persist() the array first" },
    );
  }
}
