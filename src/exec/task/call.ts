/** Call tasks: a user function on the blocks of its frozen grid, with every mistake turned into a TaskError. */
import { AbortError, TaskError } from "../../errors.js";
import { arrayClass, type DType, viewOf } from "../../ir/dtype.js";
import { type Box, boxElements, boxShape, rowMajorStrides, unravel } from "../../ir/index-map.js";
import { arrayOf } from "../../ir/scratch.js";
import { blockBox, type CallStage, callArgBox, callBox, gridOf, taskBox } from "../../ir/stage.js";
import { SPAN } from "../../ir/trace.js";
import type { BuiltIn } from "../../kernels/blocks/index.js";
import { Block } from "./block.js";
import { buffers } from "./buffers.js";
import type { UserFunction } from "./compile.js";
import {
  checkCancelled,
  itemOf,
  type Place,
  regionTarget,
  type ScratchStack,
  slotsOf,
  type TaskContext,
  type TaskFunction,
} from "./context.js";
import { type Flow, isPromise } from "./flow.js";
import { runForm } from "./forms.js";
import { byteStrides, denseAt } from "./operands.js";
import { placeRequests } from "./regions.js";
import type { Expected } from "./result.js";

export function* callTask(
  ctx: TaskContext,
  stage: CallStage,
  task: number,
  outputs: readonly number[],
  scratch: ScratchStack,
): Flow {
  const box = taskBox(stage, task);
  const found = ctx.fn(stage.fn);
  const fn = isPromise(found) ? ((yield found) as TaskFunction) : found;
  const requests = stage.args.map((a) => ({
    operand: a.operand,
    box: callArgBox(stage, a, box),
  }));
  const places = yield* placeRequests(ctx, requests, scratch);
  checkCancelled(ctx);
  const targets = stage.outputs.map((id, i): Expected => {
    const array = arrayOf(ctx.plan, id);
    const block = blockBox(array.cuts, task);
    return {
      dtype: array.dtype,
      port: stage.ports[i] as number,
      lo: block.lo,
      shape: boxShape(block),
      address: outputs[i] as number,
    };
  });
  if (fn.builtIn !== undefined) {
    runBuiltIn(ctx, fn.builtIn, fn.params, requests, places, targets);
    return;
  }
  yield* callUser(ctx, stage, task, fn, requests, places, targets, scratch);
}

type Requests = Parameters<typeof placeRequests>[1];

/** Our own functions write their blocks in place. */
function runBuiltIn(
  ctx: TaskContext,
  fn: BuiltIn,
  params: unknown,
  requests: Requests,
  places: readonly Place[],
  targets: readonly Expected[],
): void {
  const blockAt = (dtype: DType, lo: readonly number[], shape: readonly number[], at: Place) => ({
    ...regionTarget(ctx.memory, dtype, shape, at),
    dtype,
    lo,
  });
  const inputs = requests.map(({ operand, box }, i) =>
    blockAt(operand.dtype, box.lo, boxShape(box), places[i] as Place),
  );
  const results = targets.map(({ dtype, lo, shape, address }) =>
    blockAt(dtype, lo, shape, { address, strides: byteStrides(shape, itemOf(dtype)) }),
  );
  const from = ctx.probe?.now();
  fn(inputs, results, params);
  if (from !== undefined) ctx.probe?.span(SPAN.compute, from, 0);
}

function* callUser(
  ctx: TaskContext,
  stage: CallStage,
  task: number,
  fn: TaskFunction & { readonly call: UserFunction },
  requests: Requests,
  places: readonly Place[],
  targets: readonly Expected[],
  scratch: ScratchStack,
): Flow {
  const blockId = unravel(task, gridOf(stage.cuts));
  const first = callBox(stage, stage.results[0] ?? [], taskBox(stage, task));
  const lent: ArrayBuffer[] = [];
  try {
    const blocks = requests.map(({ operand, box: part }, i) => {
      const place = places[i] as Place;
      return stage.inputs === "view"
        ? arenaBlock(ctx, operand.dtype, part, place)
        : privateBlock(ctx, operand.dtype, part, place, scratch, lent);
    });
    const info = {
      ...stage.info,
      blockId,
      offset: first.lo,
      shape: boxShape(first),
      params: fn.params,
      signal: ctx.signal,
    };
    yield* runForm({
      memory: ctx.memory,
      name: fn.name,
      form: stage.form,
      blockId,
      box: taskBox(stage, task),
      blocks,
      info,
      targets,
      values: stage.results.length,
      privately: stage.inputs === "copy",
      call: (args) => callFunction(ctx, fn, blockId, args),
    });
  } finally {
    buffers.giveBack(lent);
  }
}

function* callFunction(
  ctx: TaskContext,
  fn: TaskFunction & { readonly call: UserFunction },
  blockId: readonly number[],
  args: readonly unknown[],
): Flow<unknown> {
  checkCancelled(ctx);
  try {
    const from = ctx.probe?.now();
    const result = fn.call(...args);
    const value = isPromise(result) ? yield result : result;
    if (from !== undefined) ctx.probe?.span(SPAN.compute, from, 0);
    return value;
  } catch (cause) {
    // What a function throws because it was told to stop is no fault of its own.
    if (ctx.cancelled()) throw new AbortError(undefined, { cause: ctx.signal.reason ?? cause });
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TaskError(
      `function "${fn.name}" failed on block (${blockId.join(", ")}): ${reason}`,
      {
        cause,
        functionName: fn.name,
        blockIndex: blockId,
        hint: namesUnknown(cause)
          ? "functions must be self-contained: they run without the scope they were written in, so take outside values through `params`"
          : undefined,
      },
    );
  }
}

/** By name too: an error from another realm is no instance of our ReferenceError. */
const namesUnknown = (cause: unknown): boolean =>
  cause instanceof ReferenceError || (cause instanceof Error && cause.name === "ReferenceError");

function arenaBlock(ctx: TaskContext, dtype: DType, box: Box, place: Place): Block {
  const { data, shape, stride, offset } = regionTarget(ctx.memory, dtype, boxShape(box), place);
  return new Block(data, shape, stride, offset, dtype);
}

/** A dense copy in an ordinary buffer, which the function may write to; the buffer is noted in `lent`. */
function privateBlock(
  ctx: TaskContext,
  dtype: DType,
  box: Box,
  place: Place,
  scratch: ScratchStack,
  lent: ArrayBuffer[],
): Block {
  const shape = boxShape(box);
  const elements = boxElements(box);
  const buffer = buffers.lend(elements * itemOf(dtype));
  lent.push(buffer);
  const data = new (arrayClass(dtype))(buffer, 0, slotsOf(dtype, elements));
  if (elements > 0) {
    const address = denseAddress(ctx, dtype, shape, place, scratch);
    data.set(viewOf(dtype, ctx.memory.buffer, address, elements) as never);
  }
  return new Block(data, shape, rowMajorStrides(shape), 0, dtype);
}

/** Where the elements lie in row-major order; a copy in scratch if they do not so far. */
function denseAddress(
  ctx: TaskContext,
  dtype: DType,
  shape: readonly number[],
  place: Place,
  scratch: ScratchStack,
): number {
  const size = itemOf(dtype);
  const dense = byteStrides(shape, size);
  if (shape.every((n, i) => n === 1 || place.strides[i] === dense[i])) return place.address;
  const mark = scratch.mark();
  const target = denseAt(scratch.take(shape.reduce((n, s) => n * s, size)), shape, size);
  ctx.kernels.copy(size, shape, place, target);
  // The copy is read at once, so that the next argument may have the room.
  scratch.reset(mark);
  return target.address;
}
