/**
 * What a plan holds: live bytes of every array, and the planned peak.
 *
 * Time is counted in *runs*. The executor takes some stages from end to end, one after another: those that somebody
 * asked for, in the order of the plan, or the longer list of {@link endToEnd}. All other stages are made on demand in
 * between, so an array is there from the first run that looks at it to the last, and what is held at once is the most
 * that any run holds, not the sum of all arrays.
 */
import { MemoryLimitError } from "../errors.js";
import { type Cuts, cutsCount, sameCuts } from "../ir/cuts.js";
import { itemSize } from "../ir/dtype.js";
import { type AffineMap, elementCount } from "../ir/index-map.js";
import { dtypeOf, knownShape } from "../ir/node.js";
import { operandsOf, outsideBytes, type PlanArray, type Stage } from "../ir/stage.js";
import type { Assembly } from "./assemble.js";
import { arenaOf, type PlanConfig } from "./context.js";
import { paddedBytes, taskFootprint } from "./estimate.js";
import type { FuseRequest } from "./passes/fuse.js";
import { type Consumer, heldBytes, liveBytes, totalBytes } from "./passes/lifetimes.js";
import { spillOf } from "./passes/spill.js";

/** Fields of a plan. */
export interface Figures {
  readonly resultBytes: number;
  readonly beyondBytes: number;
  readonly serialBytes: number;
  readonly peakBytes: number;
}

/** Whether one task after another fits the budget, and what lies in the arena fits that. */
export const fits = (figures: Figures, config: PlanConfig): boolean =>
  figures.serialBytes <= config.memory && insideBytes(figures) <= arenaOf(config);

/** Of `serialBytes` what lies in the arena. */
export const insideBytes = (figures: Figures): number =>
  figures.serialBytes - outsideBytes(figures);

/** Live bytes of every array (filled in), and the planned peak. */
export function figuresOf(
  assembly: Assembly,
  requests: readonly FuseRequest[],
  config: PlanConfig,
): Figures {
  const { arrays, stages } = assembly;
  const consumers = consumersOf(assembly);
  const merges = new Map<number, Stage>();
  for (const stage of stages) if (stage.kind === "merge") merges.set(stage.input, stage);
  const orderly = orderlyStages(assembly, consumers, merges);
  const runs = assembly.runs ?? askedStages(assembly);
  const spans = spansOf(assembly, consumers, runs);
  // What begins to be held with a run, less what was held until the one before.
  const change = new Float64Array(runs.length + 1);
  for (const array of arrays) {
    array.liveBytes = 0;
    if (array.outside !== undefined) continue;
    const merge = merges.get(array.id);
    const users = consumers[array.id] as Consumer[];
    // A requested stage runs from end to end before what comes after it: the rest of its outputs wait.
    const waits =
      users.length > 0 &&
      (stages[array.stage] as Stage).outputs.some((id) => arrays[id]?.root !== undefined);
    array.liveBytes = waits
      ? totalBytes(array)
      : merge?.kind === "merge"
        ? Math.min(totalBytes(array), merge.fan * (array.rawBytes ?? 0))
        : liveBytes(
            array,
            users,
            users.every((u) => orderly.has(u.stage.id)),
          );
    let [from, to] = spans[array.stage] as Span;
    for (const { stage } of users) to = Math.max(to, (spans[stage.id] as Span)[1]);
    if (merge !== undefined) to = Math.max(to, (spans[merge.id] as Span)[1]);
    // Nobody asks for it, and it is never made.
    if (to < from) continue;
    const isListed = assembly.runs?.[from] === array.stage;
    // Made from end to end before anybody looks at it.
    if (isListed && to > from) array.liveBytes = totalBytes(array);
    const held = heldBytes(array);
    change[from] = (change[from] as number) + held;
    change[to + 1] = (change[to + 1] as number) - held;
  }
  let live = 0;
  let most = 0;
  for (const more of change) {
    live += more;
    most = Math.max(most, live);
  }
  const feet = stages.map((s) => taskFootprint(s, arrays)).sort((a, b) => b - a);
  const resultBytes = requests.reduce(
    (n, { node, sink }) =>
      n + (sink === undefined ? elementCount(knownShape(node)) * itemSize(dtypeOf(node)) : 0),
    0,
  );
  const { beyondBytes } = spillOf(arrays);
  const outside = resultBytes + beyondBytes;
  const serialBytes = Math.ceil(outside + most + (feet[0] ?? 0));
  const side = 2 * config.workers * feet.slice(0, 4).reduce((a, b) => a + b, 0);
  const bound = Math.min(config.memory, outside + arenaOf(config));
  const peakBytes = Math.min(bound, Math.ceil(serialBytes + side));
  return { resultBytes, beyondBytes, serialBytes, peakBytes };
}

/**
 * The stages that are run from end to end where that lowers the peak: those that are asked for, and those whose arrays
 * are held whole all the same, each before what looks at it, depth first. On a ladder whose every step looks twice at the
 * one before, arrays that would all be open at once follow one another.
 */
export function endToEnd(assembly: Assembly): readonly number[] {
  const { arrays, stages } = assembly;
  const asked = askedStages(assembly);
  const listed = new Set(asked);
  const merged = new Set(stages.flatMap((s) => (s.kind === "merge" ? [s.input] : [])));
  for (const { id, outputs } of stages) {
    const isHeld = (array: number): boolean => {
      const { liveBytes: live, outside } = arrays[array] as PlanArray;
      return outside === undefined && live >= totalBytes(arrays[array] as PlanArray);
    };
    if (outputs.length > 0 && outputs.every((a) => isHeld(a) && !merged.has(a))) listed.add(id);
  }
  const out: number[] = [];
  const state = new Uint8Array(stages.length);
  const stack: number[] = [];
  for (const root of asked) {
    stack.push(root);
    for (let at = stack.at(-1); at !== undefined; at = stack.at(-1)) {
      if (state[at] !== 0) {
        stack.pop();
        if (state[at] === 1 && listed.has(at)) out.push(at);
        state[at] = 2;
        continue;
      }
      state[at] = 1;
      const below = inputsOf(stages[at] as Stage);
      for (let k = below.length - 1; k >= 0; k--) {
        const producer = (arrays[below[k] as number] as PlanArray).stage;
        if (state[producer] === 0) stack.push(producer);
      }
    }
  }
  return out;
}

/** Arrays that a stage reads. */
const inputsOf = (stage: Stage): number[] =>
  stage.kind === "merge"
    ? [stage.input]
    : operandsOf(stage).flatMap((o) => (o.from === "source" ? [] : [o.id]));

/** Write stages and stages of results, in the order of the plan. */
const askedStages = ({ stages, arrays }: Assembly): readonly number[] =>
  stages.flatMap((s) =>
    s.kind === "write" || s.outputs.some((id) => arrays[id]?.root !== undefined) ? [s.id] : [],
  );

function consumersOf({ arrays, stages }: Assembly): Consumer[][] {
  const consumers: Consumer[][] = arrays.map(() => []);
  for (const stage of stages) {
    for (const operand of operandsOf(stage)) {
      if (operand.from !== "source") consumers[operand.id]?.push({ stage, operand });
    }
  }
  return consumers;
}

/** First and last run in which a stage has tasks. */
type Span = readonly [from: number, to: number];

function spansOf(
  { stages, arrays }: Assembly,
  consumers: readonly (readonly Consumer[])[],
  runs: readonly number[],
): readonly Span[] {
  const places = new Int32Array(stages.length).fill(-1);
  runs.forEach((stage, place) => {
    places[stage] = place;
  });
  const readers: number[][] = stages.map(({ outputs }) =>
    outputs.flatMap((id) => (consumers[id] ?? []).map((c) => c.stage.id)),
  );
  for (const s of stages) {
    if (s.kind === "merge") readers[(arrays[s.input] as PlanArray).stage]?.push(s.id);
  }
  const spans: Span[] = new Array(stages.length);
  for (let i = stages.length - 1; i >= 0; i--) {
    const place = places[i] as number;
    if (place >= 0) {
      spans[i] = [place, place];
      continue;
    }
    let from = runs.length;
    let to = -1;
    for (const reader of readers[i] as number[]) {
      const [first, last] = spans[reader] as Span;
      from = Math.min(from, first);
      to = Math.max(to, last);
    }
    spans[i] = [from, to];
  }
  return spans;
}

/** Stages whose tasks run in ascending order: sinks, and producers that follow such a stage block by block. */
function orderlyStages(
  { stages, arrays, runs }: Assembly,
  consumers: readonly (readonly Consumer[])[],
  merges: ReadonlyMap<number, Stage>,
): ReadonlySet<number> {
  const orderly = new Set<number>(runs);
  for (let i = stages.length - 1; i >= 0; i--) {
    const stage = stages[i] as Stage;
    const users = stage.outputs.flatMap((id) => consumers[id] ?? []);
    const isMerged = stage.outputs.some((id) => merges.has(id));
    const follows = users.every(
      ({ stage: user, operand }) =>
        user === users[0]?.stage &&
        orderly.has(user.id) &&
        (follow(user, operand.map, arrays[operand.id] as PlanArray) ||
          ascends(user, operand.map, arrays[operand.id] as PlanArray)),
    );
    if (!isMerged && follows) orderly.add(stage.id);
  }
  return orderly;
}

/** Whether every task of a stage reads the block of its own number. */
const follow = (user: Stage, map: AffineMap, { cuts }: PlanArray): boolean =>
  (user.kind === "map" || user.kind === "write" || inRowMajorOrder(user)) &&
  map.every((m, a) => m.axis === a && m.step === 1 && m.start === 0) &&
  cuts.every((c, a) => sameCuts(c, user.cuts[a] as Cuts));

/** Whether later tasks read later blocks, however many: there is one axis only along which either are divided. */
function ascends(user: Stage, map: AffineMap, { cuts }: PlanArray): boolean {
  if (user.kind !== "map" && user.kind !== "write") return false;
  const isDivided = (c: Cuts): boolean => cutsCount(c) > 1;
  const divided = cuts.flatMap((c, a) => (isDivided(c) ? [a] : []));
  const [axis] = divided;
  if (axis === undefined) return true;
  const m = map[axis];
  return (
    divided.length === 1 &&
    user.cuts.every((c, a) => !isDivided(c) || a === m?.axis) &&
    m !== undefined &&
    m.axis >= 0 &&
    m.step > 0
  );
}

/** Reductions go through the kept axes first: that is row-major where no divided axis is out of turn. */
function inRowMajorOrder(stage: Stage): boolean {
  if (stage.kind !== "reduce") return false;
  const divided = stage.cuts.map((_, a) => a).filter((a) => cutsCount(stage.cuts[a] as Cuts) > 1);
  const firstReduced = divided.find((a) => stage.reduced.includes(a));
  return divided.every(
    (a) => stage.reduced.includes(a) || firstReduced === undefined || a < firstReduced,
  );
}

export function tooLarge(
  { assembly, figures }: { readonly assembly: Assembly; readonly figures: Figures },
  config: PlanConfig,
): MemoryLimitError {
  const { memory } = config;
  const mib = (bytes: number): string =>
    bytes < 1048576
      ? `${(bytes / 1024).toFixed(2)} KiB`
      : `${(bytes / 1048576).toFixed(bytes < 10485760 ? 2 : 0)} MiB`;
  if (figures.resultBytes > memory) {
    return new MemoryLimitError(
      `the result takes ${mib(figures.resultBytes)}, more than memory = ${mib(memory)}`,
      { hint: "write it with toZarr(), or give more memory" },
    );
  }
  const worst = assembly.stages.reduce((a, b) =>
    taskFootprint(b, assembly.arrays) > taskFootprint(a, assembly.arrays) ? b : a,
  );
  const array = assembly.arrays.reduce<PlanArray | undefined>(
    (a, b) => (a === undefined || b.liveBytes > a.liveBytes ? b : a),
    undefined,
  );
  const task = paddedBytes(taskFootprint(worst, assembly.arrays));
  const held =
    array !== undefined && array.liveBytes > task
      ? `stage ${array.stage} (${(assembly.stages[array.stage] as Stage).label}) has to hold ${mib(array.liveBytes)} of its result`
      : `stage ${worst.id} (${worst.label}) takes ${mib(task)} for one task`;
  if (figures.serialBytes <= memory) {
    const arena = mib(arenaOf(config));
    return new MemoryLimitError(
      `the computation does not fit ${arena}, which is what one WebAssembly memory has for blocks: ${held}`,
      { hint: "make the chunks smaller, or ask for fewer arrays at once" },
    );
  }
  return new MemoryLimitError(`the computation does not fit memory = ${mib(memory)}: ${held}`, {
    hint: `memory: "${Math.ceil(figures.serialBytes / 1048576)}MiB" would fit, or smaller chunks`,
  });
}
