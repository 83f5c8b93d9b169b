/** Writing: what `store.ts` promises, loaded with the first call. */
import { OptionError, ShapeError, ZarrError } from "../errors.js";
import { normalizePath } from "../io/stores/store.js";
import { type Node, topologicalOrder } from "../ir/node.js";
import type { PlanReport } from "../ir/report.js";
import { isSelection, valueText } from "../ops/index.js";
import { type LazyArray, nodeOf } from "./array.js";
import {
  type GroupOptions,
  RUN_CHECKS,
  type RunOptions,
  type StoredArrayOptions,
  type StoreOptions,
  type StoreTarget,
  type ToZarrOptions,
  withDefaults,
} from "./config.js";
import { type PlanResult, type RunStats, type StoreLike, zarr } from "./engine.js";
import { reportOf } from "./explain.js";
import {
  anything,
  type Checks,
  isBoolean,
  isNames,
  isPlainObject,
  isRecord,
  isRegion,
  isText,
  oneOf,
  readOptions,
  unknownOption,
} from "./options.js";
import { resultCache } from "./result-cache.js";
import { NOTHING_DONE, withoutFinished } from "./resume.js";
import { computeToStay, run } from "./run.js";
import { settle } from "./settle.js";
import { type Target, targetOf } from "./targets.js";

const ARRAY_CHECKS: Checks<StoredArrayOptions> = {
  codecs: anything,
  chunks: anything,
  shards: anything,
  mode: oneOf("create", "overwrite", "append", "region"),
  axis: anything,
  region: isRegion,
  resume: isBoolean,
  attributes: isRecord,
  dimensionNames: isNames,
  fillValue: anything,
  zarrFormat: anything,
  separator: oneOf(".", "/"),
};

/** Targets are made with what the first round found, before the second is planned: nothing is kept for it. */
const ONCE = { keep: false } as const;

/** See `toZarr` in `store.ts`. */
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
  const [node = asked] = (await settle([asked], checked, computeToStay, ONCE)).nodes;
  return write(
    "toZarr",
    async (targets) => {
      targets.push(await targetOf("toZarr", node, url, checked.path, own));
    },
    running,
  );
}

/** See `store` in `store.ts`. */
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
  const { nodes: known } = await settle(
    nodes.map(([, node]) => node),
    checked,
    computeToStay,
    ONCE,
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

/** See `createGroup` in `store.ts`. */
export async function createGroup(url: StoreLike, options?: GroupOptions): Promise<void> {
  const { path, attributes, zarrFormat } = readOptions<GroupOptions>("createGroup", options, {
    path: isText,
    attributes: isRecord,
    zarrFormat: (v) => (v === 2 || v === 3 ? undefined : "must be 2 or 3"),
  });
  const io = await zarr();
  type Attributes = Parameters<typeof io.pendingZarrGroup>[2];
  const group = await io.pendingZarrGroup(url, path, (attributes ?? {}) as Attributes, zarrFormat);
  await group.write();
}

/** See `explainToZarr` in `store.ts`. */
export async function explainToZarr(
  x: LazyArray,
  url: StoreLike,
  options?: ToZarrOptions,
): Promise<PlanReport> {
  const asked = nodeOf("explainToZarr", x);
  const checked = withDefaults(
    readOptions<ToZarrOptions>("explainToZarr", options, {
      ...RUN_CHECKS,
      ...ARRAY_CHECKS,
      path: isText,
    }),
  );
  const node = knownNode("explainToZarr", asked);
  const target = await targetOf("explainToZarr", node, url, checked.path, split(checked).own);
  try {
    refuseOwnInput("explainToZarr", [target]);
    return reportOf([target], checked);
  } finally {
    target.release();
  }
}

/** Nothing runs to find out what would be written. */
function knownNode(fn: string, node: Node): Node {
  if (!isSelection(node)) return node;
  throw new ShapeError(
    `${fn}: the length of a boolean selection is not known before it is measured`,
    {
      hint: "use await x.measure()",
    },
  );
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
      const { nodes } = await settle(asked, running, computeToStay, ONCE);
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
    const planned = async (): Promise<void> => {
      for (const begin of beginning) await begin();
      for (const target of targets) await target.begin();
    };
    const done = targets.every((t) => t.finished?.count === (t.finished?.there.length ?? -1));
    if (done) for (const target of targets) await target.begin();
    const stats = done
      ? NOTHING_DONE
      : (await run(targets, options, { planned, change: withoutDone(targets) })).stats;
    for (const target of targets) await target.finish();
    return stats;
  } finally {
    for (const target of targets) target.release();
    // It may have been read from what was written now.
    resultCache.clear();
  }
}

/** Leaves out of a plan what is written already. */
const withoutDone =
  (targets: readonly Target[]) =>
  (result: PlanResult): PlanResult => {
    const bySink = new Map(targets.map((t) => [t.sink, t.finished]));
    return withoutFinished(result, (sink) => bySink.get(sink));
  };

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
