/** What stages take and cost: footprints, estimates and names. */
import type { SinkBinding, SourceBinding } from "../ir/binding.js";
import { type Cuts, cutsMax, nestedCuts } from "../ir/cuts.js";
import { itemSize } from "../ir/dtype.js";
import { viewCuts } from "../ir/grid.js";
import { elementCount } from "../ir/index-map.js";
import {
  type Bindings,
  type CallStage,
  maxBlockBytes,
  type Operand,
  operandsOf,
  type PlanArray,
  type Stage,
  taskCount,
} from "../ir/stage.js";
import {
  MEMORY_COPY,
  programCost,
  READ_PART,
  READ_STORE,
  SCALAR_RATE,
  TASK_OVERHEAD,
  WRITE_STORE,
} from "./cost.js";
import type { Draft } from "./draft.js";
import { readCost } from "./passes/rechunk.js";

/** Bytes that one task of a stage holds: outputs, scratch and foreign memory. */
export function taskFootprint(stage: Stage, arrays: readonly PlanArray[]): number {
  return stage.outputs.reduce(
    (n, id) => n + paddedBytes(maxBlockBytes(arrays[id] as PlanArray)),
    paddedBytes(stage.scratchBytes) + stage.foreignBytes,
  );
}

/** The allocator rounds sizes up; plans count with the most that it may add. */
export const paddedBytes = (bytes: number): number =>
  bytes === 0 ? 0 : bytes + bytes / 8 + (bytes < 2 ** 20 - 64 ? 1024 : 2 ** 14);

/** Bytes outside the arena that one task may take: codec memory, private copies. */
export function foreignOf(
  stage: Stage,
  bindings: Pick<Bindings, "functions" | "sources" | "sinks">,
  arrays: readonly PlanArray[],
): number {
  let bytes = 0;
  for (const o of operandsOf(stage)) {
    if (o.from === "source") {
      bytes = Math.max(bytes, (bindings.sources[o.id] as SourceBinding).scratchBytes);
    }
  }
  if (stage.kind === "write") bytes += (bindings.sinks[stage.sink] as SinkBinding).scratchBytes;
  if (stage.kind === "call" && bindings.functions[stage.fn]?.code.type !== "built-in") {
    // Private copies of the arguments, and the array that the function returns.
    const copies = stage.inputs === "copy" ? stage.args : [];
    for (const a of copies) {
      bytes += argumentElements(a) * itemSize(a.operand.dtype);
    }
    for (const id of stage.outputs) bytes += maxBlockBytes(arrays[id] as PlanArray);
    // What a function returns is a whole block where only its last slice is kept.
    const [first] = stage.args;
    if (stage.form?.kind === "last" && first !== undefined) {
      const { dtype } = arrays[stage.outputs[0] as number] as PlanArray;
      bytes += argumentElements(first) * itemSize(dtype);
    }
  }
  return bytes;
}

/** Elements of the largest block that an argument has. */
const argumentElements = (a: CallStage["args"][number]): number =>
  a.axes.reduce(
    (n, { loop, cuts }, i) => n * (loop < 0 ? (a.shape[i] as number) : cutsMax(cuts)),
    1,
  );

/** What a stage reads, moves and costs. */
export function estimateOf(
  stage: Stage,
  bindings: Pick<Bindings, "sources">,
  arrays: readonly PlanArray[],
): Stage["estimate"] {
  let readBytes = 0;
  let readChunks = 0;
  let movedBytes = 0;
  let seconds = 0;
  for (const o of operandsOf(stage)) {
    if (o.from === "source") {
      const source = bindings.sources[o.id] as SourceBinding;
      const cost = readCost(stage, o, source);
      readBytes += cost.bytes;
      readChunks += cost.chunks;
      if (source.bands !== undefined) seconds += cost.chunks * READ_PART;
      seconds += cost.bytes / (source.residence === "store" ? READ_STORE : MEMORY_COPY);
    } else {
      const bytes = elementCount(o.shape) * itemSize(o.dtype);
      if (isMoved(stage, o, arrays[o.id] as PlanArray)) movedBytes += bytes;
      seconds += bytes / MEMORY_COPY;
    }
  }
  const tasks = taskCount(stage);
  if (stage.kind === "map" || stage.kind === "reduce") {
    seconds += (programCost(stage.program) * elementCount(stage.space)) / SCALAR_RATE;
  }
  for (const id of stage.outputs) {
    const array = arrays[id] as PlanArray;
    seconds += (elementCount(array.shape) * itemSize(array.dtype)) / MEMORY_COPY;
  }
  if (stage.kind === "write")
    seconds += (elementCount(stage.space) * itemSize(stage.operand.dtype)) / WRITE_STORE;
  return {
    tasks,
    readBytes,
    readChunks,
    movedBytes,
    spilledBytes: 0,
    seconds: seconds + tasks * TASK_OVERHEAD,
  };
}

/** Whether a stage copies what it takes of an array: kernels look at it where it lies if that is in one block. */
function isMoved(stage: Stage, { map }: Operand, array: PlanArray): boolean {
  if (stage.kind !== "map" && stage.kind !== "reduce" && stage.kind !== "write") return true;
  if (stage.kind === "map" && stage.program.ops.every((op) => op.op === "load")) return true;
  return map.some((m, axis) => {
    if (m.axis < 0) return false;
    const seen = viewCuts(array.cuts[axis] as Cuts, m, stage.space[m.axis] as number);
    return !nestedCuts(seen, stage.cuts[m.axis] as Cuts);
  });
}

/** The functions of a stage, for people. */
export function labelOf(draft: Draft): string {
  if (draft.kind === "write") return `write ${draft.sink.name}`;
  if (draft.kind === "map" && draft.keeps) {
    return draft.operands.some((o) => o.fromSource) ? "read" : "copy";
  }
  const names: string[] = [];
  for (const node of draft.computes) {
    if (node.op === "map") {
      const { tree } = node.params;
      names.push(
        tree.kind === "call" ? tree.fn : tree.kind === "cast" ? `as ${tree.dtype}` : "copy",
      );
    } else if (node.op === "reduce") names.push(node.params.monoid);
    else if (node.op === "call") names.push(node.params.fn.name);
    else if (node.op !== "create") names.push(node.op);
  }
  const distinct = [...new Set(names)];
  const shown = distinct.slice(0, 6).join(", ");
  return distinct.length === 0
    ? "create"
    : distinct.length > 6
      ? `${shown}, … ${names.length} in all`
      : shown;
}
