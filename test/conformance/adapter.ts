/**
 * From a golden record to a call of the public API. The table spells all parameters by name; which of them are
 * positional is said here, by function.
 */
import * as cw from "../../dist/index.js";
import type { GoldenArray, GoldenRecord } from "./table.js";

type Lazy = cw.LazyArray;
type Chunks = (extent: number) => number | number[];

/** How every argument is chunked, per axis. */
export const CHUNKINGS: Readonly<Record<string, Chunks>> = {
  whole: () => -1,
  "chunks of 2": () => 2,
  // 3, then 1, then the rest, as far as the axis goes.
  "uneven chunks": (extent) => {
    const sizes = extent > 4 ? [3, 1, extent - 4] : [Math.min(3, extent), extent - 3];
    return sizes.filter((size, i) => size > 0 || i === 0);
  },
};

/** Where a computation runs. */
export const PLACES = {
  inline: { workers: 1 },
  "on two workers": { workers: 2, inlineBytes: 0 },
} as const;

/** Parameters that come before the options object. */
const POSITIONAL: Readonly<Record<string, readonly string[]>> = {
  arange: ["start", "stop", "step"],
  astype: ["dtype"],
  broadcastTo: ["shape"],
  clip: ["min", "max"],
  expandDims: ["axis"],
  einsum: ["subscripts"],
  eye: ["rows", "columns"],
  empty: ["shape"],
  full: ["shape", "fillValue"],
  fullLike: ["fillValue"],
  linspace: ["start", "stop", "num"],
  moveaxis: ["source", "destination"],
  ones: ["shape"],
  permuteDims: ["axes"],
  repeat: ["repeats"],
  reshape: ["shape"],
  roll: ["shift"],
  squeeze: ["axis"],
  tile: ["repetitions"],
  zeros: ["shape"],
};

/** Functions whose arguments are one list of arrays. */
const OF_LISTS: ReadonlySet<string> = new Set(["concat", "stack"]);

function lazy({ data, shape, dtype }: GoldenArray, chunks: Chunks): Lazy {
  // Interleaved pairs are told from floats by the layout of a result.
  const array = dtype.startsWith("complex")
    ? cw.asarray({ data, shape, dtype })
    : cw.asarray(data, { dtype, shape });
  return shape.length === 0 ? array : array.rechunk(shape.map(chunks));
}

type Bound = number | null;
type Selector =
  | Bound
  | "..."
  | "newaxis"
  | { slice: Bound[] }
  /** A constant array of positions. */
  | { list: number[] }
  /** One of the arguments, lazily. */
  | { arg: number };

function select(x: Lazy, selectors: readonly Selector[], operands: readonly Lazy[]): Lazy {
  return x.at(...selectorsOf({ selectors }, operands));
}

function selectorsOf(
  { selectors, text }: Record<string, unknown>,
  args: readonly Lazy[],
): cw.Selector[] {
  if (selectors === undefined) return [text as string];
  return (selectors as Selector[]).map((s) => {
    if (typeof s === "number" || s === null) return s;
    if (s === "...") return cw.ellipsis;
    if (s === "newaxis") return cw.newaxis;
    if ("list" in s) return s.list;
    if ("arg" in s) return args[s.arg] as Lazy;
    return cw.slice(...(s.slice as [Bound, Bound, Bound]));
  });
}

/** What is done to a selection; masks.py tells the format. */
interface Step {
  readonly fn: string;
  readonly args?: readonly unknown[];
  readonly options?: object;
  readonly selectors?: readonly Selector[];
  /** Another operand: a scalar, an argument, or what the same selectors take from one. */
  readonly scalar?: number;
  readonly array?: number;
  readonly with?: number;
  /** The comparison that makes the mask of a selection from itself. */
  readonly where?: Step;
}

type AnyFunction = (...args: readonly unknown[]) => unknown;
const functionNamed = (name: string): AnyFunction => {
  const found = (cw as unknown as Record<string, AnyFunction>)[name];
  if (found === undefined) throw new Error(`there is no function ${name}`);
  return found;
};

function follow(
  x: Lazy,
  step: Step,
  operands: readonly Lazy[],
  selectors: readonly Selector[],
): Lazy {
  if (step.selectors !== undefined) return select(x, step.selectors, operands);
  if (step.where !== undefined) {
    return x.at(follow(x, step.where, operands, selectors) as cw.LazyArray<"bool">);
  }
  if (step.fn === "concat") return cw.concat([x, x]);
  const args: unknown[] = [x];
  if (step.scalar !== undefined) args.push(step.scalar);
  if (step.array !== undefined) args.push(operands[step.array]);
  if (step.with !== undefined) {
    args.push(select(operands[step.with] as Lazy, selectors, operands));
  }
  args.push(...(step.args ?? []));
  if (step.options !== undefined) args.push(step.options);
  return functionNamed(step.fn)(...args) as Lazy;
}

async function selection(
  fn: string,
  operands: readonly Lazy[],
  options: GoldenRecord["options"],
): Promise<Lazy> {
  const selectors = options["selectors"] as Selector[];
  let x = select(operands[0] as Lazy, selectors, operands);
  if (fn === "measure") x = await cw.measure(x);
  for (const step of (options["then"] ?? []) as Step[]) x = follow(x, step, operands, selectors);
  return x;
}

/** The lazy result of a record. */
export async function callOf(record: GoldenRecord, chunking: string): Promise<Lazy> {
  const { fn, options, output } = record;
  const chunks = CHUNKINGS[chunking] as Chunks;
  // Positions of take are constants of the expression, unless the record says otherwise.
  const operands: unknown[] = record.args.map((a, i) =>
    fn === "take" && i === 1 && options["lazy"] === undefined
      ? Array.from(a.data as Int32Array)
      : lazy(a, chunks),
  );
  if (options["then"] !== undefined || fn === "measure") {
    return selection(fn, operands as Lazy[], options);
  }
  const [x, value] = operands as Lazy[];
  if (fn === "at") return (x as Lazy).at(...selectorsOf(options, operands as Lazy[]));
  if (fn === "setItem") {
    const to = (options["value"] as number | undefined) ?? (value as Lazy);
    return (x as Lazy).setItem(selectorsOf(options, operands as Lazy[]), to);
  }
  if (fn === "expr") {
    const names = (options["names"] as string[]).map((name, i) => [name, operands[i]]);
    return cw.expr(options["text"] as string, Object.fromEntries(names));
  }
  const positional = POSITIONAL[fn] ?? [];
  const rest = Object.entries(options).filter(
    ([name]) => name !== "lazy" && !positional.includes(name),
  );
  const args = OF_LISTS.has(fn) ? [operands] : operands;
  // The text of einsum comes before the arrays, everything else after them.
  if (fn === "einsum") args.unshift(options["subscripts"]);
  else for (const name of positional) args.push(options[name]);
  if (rest.length > 0) args.push(Object.fromEntries(rest));
  const result = functionNamed(fn)(...args);
  return (output === undefined ? result : (result as Lazy[])[output]) as Lazy;
}

/** Computes many arrays in one plan. */
export async function computeAll(
  arrays: readonly Lazy[],
  place: keyof typeof PLACES,
): Promise<GoldenArray[]> {
  return cw.compute(arrays, PLACES[place]);
}

export const shutdown = (): Promise<void> => cw.shutdown();
