/**
 * Drafts with blocks become the plan: arrays and stages with numbers in place of nodes, their footprints, and the
 * planned peak.
 */
import type { FunctionBinding, SinkBinding, SourceBinding } from "../ir/binding.js";
import { type Cuts, cutsCount, cutsExtent, uniformCuts } from "../ir/cuts.js";
import { itemSize } from "../ir/dtype.js";
import { type Box, elementCount } from "../ir/index-map.js";
import { dtypeOf, type IndexList, knownShape, type Node } from "../ir/node.js";
import { isPowerOfTwo } from "../ir/scalar.js";
import { partialBytes, taskScratchBytes } from "../ir/scratch.js";
import {
  blockCount,
  type MergeStage,
  type Operand,
  type PlanArray,
  type ReduceStage,
  type Stage,
} from "../ir/stage.js";
import { leavesPerStep } from "../ir/state-slots.js";
import type { PassContext } from "./context.js";
import type { Draft, DraftOperand, ReduceDraft } from "./draft.js";
import { estimateOf, foreignOf, labelOf, taskFootprint } from "./estimate.js";
import type { FuseRequest } from "./passes/fuse.js";
import { chooseCuts } from "./passes/grid.js";
import { looksOf } from "./passes/looks.js";

/** Partials that one merge task combines. */
const MERGE_FAN = 16;
/** Blocks are not cut below this many bytes to fit a budget. */
const SMALLEST_LIMIT = 512;
/** A task of less than this is not worth a thread of its own, bytes. */
const SMALLEST_TASK = 256 * 1024;

export interface Sizing {
  /** Bytes that a task should handle. */
  readonly target: number;
  /** Bytes that a task must not exceed, if it can be helped. */
  readonly limit: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
export interface Assembly {
  readonly arrays: Mutable<PlanArray>[];
  readonly stages: Stage[];
  /** Stages to be run from end to end, in this order, if not those alone that are asked for (`figures.ts`). */
  readonly runs?: readonly number[];
  readonly bindings: {
    sources: SourceBinding[];
    functions: FunctionBinding[];
    sinks: SinkBinding[];
    indices: IndexList[];
  };
  /** Node of every source binding. */
  readonly sourceNodes: Node[];
  readonly arrayOf: Map<Node, number>;
  /** Numbers of bindings, by their ids. */
  readonly numbers: Map<number, number>;
}

export function assemble(
  drafts: readonly Draft[],
  requests: readonly FuseRequest[],
  sizing: Sizing,
  ctx: PassContext,
): Assembly {
  const out: Assembly = {
    arrays: [],
    stages: [],
    bindings: { sources: [], functions: [], sinks: [], indices: [] },
    sourceNodes: [],
    arrayOf: new Map(),
    numbers: new Map(),
  };
  const hints = hintsOf(drafts);
  const looks = looksOf(drafts);
  const asked = new Set(requests.flatMap(({ node, sink }) => (sink === undefined ? [node] : [])));
  const looksAt = ({ outputs }: Draft): readonly Box[] =>
    outputs.every((node) => looks.has(node) && !asked.has(node))
      ? outputs.flatMap((node) => looks.get(node) as readonly Box[])
      : [];
  for (const draft of drafts) place(draft, hints, looksAt(draft), sizing, ctx, out);
  requests.forEach(({ node, sink }, root) => {
    const array = sink === undefined ? out.arrays[out.arrayOf.get(node) as number] : undefined;
    if (array !== undefined) array.root = root;
  });
  return out;
}

/** For bases with a single consumer that binds its grid: the grid it would like. */
function hintsOf(drafts: readonly Draft[]): ReadonlyMap<Node, readonly Cuts[]> {
  const hints = new Map<Node, readonly Cuts[]>();
  for (const draft of drafts) {
    draft.operands.forEach((operand, i) => {
      if (operand.fromSource) return;
      const wanted =
        draft.kind === "write"
          ? draft.sink.chunks
          : draft.kind === "call"
            ? draft.node.params.args[i]?.map((a) => a.cuts)
            : undefined;
      const shape = knownShape(operand.base);
      const straight =
        wanted?.length === shape.length &&
        operand.map.every((m, a) => m.axis === a && m.start === 0 && m.step === 1) &&
        wanted.every((c, a) => cutsExtent(c) === shape[a]);
      if (straight) hints.set(operand.base, wanted);
    });
  }
  return hints;
}

function place(
  draft: Draft,
  hints: ReadonlyMap<Node, readonly Cuts[]>,
  looks: readonly Box[],
  sizing: Sizing,
  ctx: PassContext,
  out: Assembly,
): void {
  const gridOf = (operand: DraftOperand): readonly Cuts[] =>
    operand.fromSource && operand.base.op === "source"
      ? operand.base.params.binding.chunks
      : (out.arrays[out.arrayOf.get(operand.base) as number] as PlanArray).cuts;
  const first = draft.outputs[0];
  const hint = first === undefined ? undefined : inSpace(draft, hints.get(first));
  let { target, limit } = spreadWork(draft, sizing, ctx.config.workers);
  const mark = { arrays: out.arrays.length, stages: out.stages.length };
  for (;;) {
    const cuts = chooseCuts(draft, {
      gridOf,
      hint,
      looks,
      target,
      limit,
      workers: ctx.config.workers,
      coalesce: ctx.isOn("grid"),
    });
    materialise(draft, cuts, ctx, out);
    const made = out.stages.slice(mark.stages);
    // Codec memory stays the same however small the blocks are.
    const footprint = Math.max(...made.map((s) => taskFootprint(s, out.arrays) - s.foreignBytes));
    if (footprint <= sizing.limit || limit < SMALLEST_LIMIT) return;
    // Regions, states and pieces can outweigh the block itself: smaller blocks, and try again.
    out.arrays.length = mark.arrays;
    out.stages.length = mark.stages;
    target /= 2;
    limit = Math.min(limit / 2, 2 * target);
  }
}

/** A wish for the output, as a wish for the space: reduced axes have none. */
function inSpace(
  draft: Draft,
  hint: readonly Cuts[] | undefined,
): readonly (Cuts | undefined)[] | undefined {
  if (hint === undefined || draft.kind !== "reduce") return hint;
  let next = 0;
  return draft.space.map((_, axis) => (draft.reduced.includes(axis) ? undefined : hint[next++]));
}

/** Smaller targets for small stages, so that every worker gets a few tasks. */
function spreadWork(draft: Draft, sizing: Sizing, workers: number): Sizing {
  let bytes = elementCount(draft.space) * 8;
  for (const o of draft.operands) {
    bytes = Math.max(bytes, elementCount(knownShape(o.base)) * itemSize(dtypeOf(o.base)));
  }
  const share = Math.max(SMALLEST_TASK, bytes / (4 * workers));
  return { target: Math.min(sizing.target, share), limit: sizing.limit };
}

/** The number of a binding in its list. Ids are of one kind for all bindings, so one table does. */
function bind<T extends { readonly id: number }>(out: Assembly, list: T[], item: T): number {
  const known = out.numbers.get(item.id);
  if (known !== undefined) return known;
  const number = list.push(item) - 1;
  out.numbers.set(item.id, number);
  return number;
}

function operand(o: DraftOperand, out: Assembly): Operand {
  const dtype = dtypeOf(o.base);
  const shape = knownShape(o.base);
  if (o.fromSource && o.base.op === "source") {
    const id = bind(out, out.bindings.sources, o.base.params.binding);
    out.sourceNodes[id] = o.base;
    return { from: "source", id, dtype, shape, map: o.map };
  }
  return { from: "array", id: out.arrayOf.get(o.base) as number, dtype, shape, map: o.map };
}

function newArray(
  out: Assembly,
  stage: number,
  shape: readonly number[],
  dtype: PlanArray["dtype"],
  cuts: readonly Cuts[],
  rawBytes?: number,
): number {
  const id = out.arrays.length;
  out.arrays.push({
    id,
    stage,
    shape,
    dtype,
    cuts,
    ...(rawBytes === undefined ? {} : { rawBytes }),
    liveBytes: 0,
  });
  return id;
}

/** Adds the stage (and, for a split reduction, its merges) with its arrays. */
function materialise(draft: Draft, cuts: readonly Cuts[], ctx: PassContext, out: Assembly): void {
  const id = out.stages.length;
  const operands = draft.operands.map((o) => operand(o, out));
  const base = {
    id,
    label: labelOf(draft),
    nodes: draft.computes.map((n) => n.id),
    space: draft.space,
    cuts,
    scratchBytes: 0,
    foreignBytes: 0,
    estimate: { tasks: 0, readBytes: 0, readChunks: 0, movedBytes: 0, spilledBytes: 0, seconds: 0 },
  };
  const outputs = (shapeCuts: readonly Cuts[]): number[] =>
    draft.outputs.map((node) => {
      const array = newArray(out, id, knownShape(node), dtypeOf(node), shapeCuts);
      out.arrayOf.set(node, array);
      return array;
    });
  const [only] = operands as [Operand];
  switch (draft.kind) {
    case "map":
      finishStage(
        {
          ...base,
          kind: "map",
          outputs: outputs(cuts),
          operands,
          program: draft.program,
          values: draft.values,
        },
        out,
      );
      return;
    case "reduce":
      placeReduce(draft, base, operands, ctx, out);
      return;
    case "concat":
      finishStage(
        {
          ...base,
          kind: "concat",
          outputs: outputs(cuts),
          axis: draft.axis,
          parts: draft.parts.map((p, i) => ({ ...p, operand: operands[i] as Operand })),
        },
        out,
      );
      return;
    case "gather":
      finishStage(
        {
          ...base,
          kind: "gather",
          outputs: outputs(cuts),
          axis: draft.node.params.axis,
          indices: bind(out, out.bindings.indices, draft.node.params.indices),
          start: 0,
          operand: only,
          inputShape: knownShape(draft.node.inputs[0] as Node),
        },
        out,
      );
      return;
    case "reshape":
      finishStage(
        {
          ...base,
          kind: "reshape",
          outputs: outputs(cuts),
          groups: draft.groups,
          operand: only,
          inputShape: draft.inputShape,
        },
        out,
      );
      return;
    case "call": {
      const { fn, args, results, inputs, form, info } = draft.node.params;
      finishStage(
        {
          ...base,
          kind: "call",
          outputs: draft.outputs.map((node, i) => {
            const resultCuts = (results[draft.ports[i] as number] ?? []).map((r) => r.cuts);
            const array = newArray(out, id, knownShape(node), dtypeOf(node), resultCuts);
            out.arrayOf.set(node, array);
            return array;
          }),
          results,
          ports: draft.ports,
          fn: bind(out, out.bindings.functions, fn),
          args: args.map((axes, i) => ({
            operand: operands[i] as Operand,
            shape: knownShape(draft.node.inputs[i] as Node),
            axes,
          })),
          inputs,
          ...(form === undefined ? {} : { form }),
          ...(info === undefined ? {} : { info }),
        },
        out,
        draft.node.params.scratchBytes,
      );
      return;
    }
    case "write":
      finishStage(
        {
          ...base,
          kind: "write",
          outputs: [],
          operand: only,
          sink: bind(out, out.bindings.sinks, draft.sink),
        },
        out,
      );
      return;
  }
}

function placeReduce(
  draft: ReduceDraft,
  base: Omit<
    ReduceStage,
    | "kind"
    | "outputs"
    | "operands"
    | "program"
    | "reduced"
    | "leaves"
    | "accumulators"
    | "results"
    | "split"
  >,
  operands: readonly Operand[],
  ctx: PassContext,
  out: Assembly,
): void {
  const { cuts, id } = base;
  const splitAxis =
    draft.reduced.find((a) => cutsCount(cuts[a] as Cuts) > 1) ?? (draft.reduced[0] as number);
  const steps = cutsCount(cuts[splitAxis] as Cuts);
  const kept = draft.space.map((_, a) => a).filter((a) => !draft.reduced.includes(a));
  const keptCuts = kept.map((a) => cuts[a] as Cuts);
  const keptBlocks = blockCount(keptCuts);
  const fromArrays = operands.some((o) => o.from === "array");
  // Blocks that are made for this reduction are taken in one by one; sources are streamed by few tasks.
  const wanted = fromArrays
    ? steps
    : Math.min(steps, Math.ceil((4 * ctx.config.workers) / keptBlocks));
  const leaves = draft.leaves[draft.reduced.indexOf(splitAxis)] as Cuts;
  const perSegment = wholeSubtrees(
    Math.max(1, Math.ceil(steps / wanted)),
    steps,
    leavesPerStep(cuts[splitAxis] as Cuts, leaves),
  );
  const segments = Math.ceil(steps / perSegment);
  const resultArrays = (stage: number): number[] =>
    draft.outputs.map((node) => {
      const array = newArray(out, stage, knownShape(node), dtypeOf(node), keptCuts);
      out.arrayOf.set(node, array);
      return array;
    });
  const common = {
    ...base,
    kind: "reduce" as const,
    operands,
    program: draft.program,
    reduced: draft.reduced,
    leaves: draft.leaves,
    accumulators: draft.accumulators,
    split: { axis: splitAxis, steps: perSegment, segments },
  };
  if (segments === 1) {
    const outputs = resultArrays(id);
    finishStage(
      {
        ...common,
        outputs,
        results: draft.results.map((r, i) => ({ ...r, array: outputs[i] as number })),
      },
      out,
    );
    return;
  }
  // The merges come after; their number, and with it the ids of the result arrays, is known now.
  const levels: number[] = [segments];
  while ((levels.at(-1) as number) > 1)
    levels.push(Math.ceil((levels.at(-1) as number) / MERGE_FAN));
  const firstArray = out.arrays.length;
  const resultIds = draft.outputs.map((_, i) => firstArray + levels.length - 1 + i);
  const results = draft.results.map((r, i) => ({ ...r, array: resultIds[i] as number }));
  const stage: ReduceStage = { ...common, outputs: [firstArray], partial: firstArray, results };
  let width = 1;
  newArray(
    out,
    id,
    [keptBlocks, segments],
    "uint8",
    [uniformCuts(keptBlocks, 1), uniformCuts(segments, 1)],
    partialBytes(stage),
  );
  finishStage(stage, out);
  for (let level = 1; level < levels.length; level++) {
    const from = levels[level - 1] as number;
    const to = levels[level] as number;
    const final = to === 1;
    const mergeId = out.stages.length;
    const input = firstArray + level - 1;
    const spaceCuts = final ? keptCuts : [uniformCuts(keptBlocks, 1), uniformCuts(to, 1)];
    const outputs = final
      ? resultArrays(mergeId)
      : [
          newArray(
            out,
            mergeId,
            [keptBlocks, to],
            "uint8",
            spaceCuts,
            partialBytes(stage, width * MERGE_FAN),
          ),
        ];
    const merge: MergeStage = {
      ...base,
      id: mergeId,
      kind: "merge",
      label: `merge ${base.label}`,
      space: final ? kept.map((a) => draft.space[a] as number) : [keptBlocks, to],
      cuts: spaceCuts,
      outputs,
      of: id,
      input,
      fan: MERGE_FAN,
      segments: from,
      width,
      final,
    };
    finishStage(merge, out);
    width *= MERGE_FAN;
  }
}

/** Steps of a segment, of which there are several: a power of two where that makes it a subtree, which is one node. */
const wholeSubtrees = (perSegment: number, steps: number, leaves: number | undefined): number =>
  perSegment < steps && leaves !== undefined && isPowerOfTwo(leaves)
    ? 2 ** Math.floor(Math.log2(perSegment))
    : perSegment;

/** Fills in scratch, foreign memory and estimates, and appends the stage. */
function finishStage(stage: Stage, out: Assembly, userScratch = 0): void {
  const scratchBytes = taskScratchBytes(stage, out);
  const estimate = estimateOf(stage, out.bindings, out.arrays);
  const foreignBytes = foreignOf(stage, out.bindings, out.arrays) + userScratch;
  out.stages.push({ ...stage, scratchBytes, estimate, foreignBytes });
}
