/**
 * The ways in which a user function is called on the blocks of a task: once with all of them, once per position of
 * the loop axes, as a fold along an axis, or for the last slice of what it returns.
 */
import {
  arrayClass,
  type DType,
  isBig,
  isComplex,
  slotsPerElement,
  viewOf,
} from "../../ir/dtype.js";
import { type Box, boxShape, elementCount, rowMajorStrides, unravel } from "../../ir/index-map.js";
import type { CallForm } from "../../ir/node.js";
import { Block } from "./block.js";
import { slotsOf } from "./context.js";
import type { Flow } from "./flow.js";
import { copyElements, type Expected, resultElements, storeResult } from "./result.js";

/** What a function is told about its place. */
export interface Info {
  readonly blockId: readonly number[];
  readonly offset: readonly number[];
  readonly shape: readonly number[];
  readonly params: unknown;
  readonly signal: AbortSignal;
  readonly [more: string]: unknown;
}

/** One task's call, however often the function is called for it. */
export interface FormCall {
  readonly memory: WebAssembly.Memory;
  readonly name: string;
  readonly form: CallForm | undefined;
  readonly blockId: readonly number[];
  /** The task's part of the loop space. */
  readonly box: Box;
  readonly blocks: readonly Block[];
  readonly info: Info;
  readonly targets: readonly Expected[];
  /** How many values the function returns. */
  readonly values: number;
  /** Blocks are dense copies that the function may write to. */
  readonly privately: boolean;
  readonly call: (args: readonly unknown[]) => Flow<unknown>;
}

export function* runForm(c: FormCall): Flow {
  switch (c.form?.kind) {
    case undefined: {
      const result = yield* c.call([...c.blocks, c.info]);
      storeResult(c.memory, c.name, c.blockId, result, c.targets, c.values);
      return;
    }
    case "each":
      yield* callEach(c, c.form.inputs, c.form.outputs);
      return;
    case "last":
      yield* callLast(c, c.form.axis);
      return;
    case "fold":
      yield* callFold(c, c.form.axis);
      return;
    case "carry": {
      const [, block] = c.blocks as [Block, Block];
      const first = c.blockId[c.form.axis] === 0;
      const result = first ? block : yield* c.call([...c.blocks, c.info]);
      storeResult(c.memory, c.name, c.blockId, result, c.targets, c.values);
      return;
    }
  }
}

// --------------------------------------------------------------------------------- once per loop position

function* callEach(c: FormCall, inputs: readonly number[], outputs: readonly number[]): Flow {
  const loop = boxShape(c.box);
  const cutters = c.blocks.map((block, i) =>
    sliceCutter(block, inputs[i] as number, loop, c.privately),
  );
  const targets = c.targets.map((target) => {
    const rank = outputs[target.port] as number;
    const shape = target.shape.slice(target.shape.length - rank);
    const bytes = elementCount(shape) * arrayClass(target.dtype).BYTES_PER_ELEMENT;
    return { ...target, shape, bytes: bytes * slotsPerElement(target.dtype) };
  });
  const scalar = outputs.map((rank) => rank === 0);
  const shape = c.info.shape.slice(loop.length);
  const count = elementCount(loop);
  for (let n = 0; n < count; n++) {
    const position = unravel(n, loop);
    const args = cutters.map((cut) => cut(position));
    const offset = [
      ...position.map((p, axis) => p + (c.box.lo[axis] as number)),
      ...c.info.offset.slice(loop.length),
    ];
    const result = yield* c.call([...args, { ...c.info, offset, shape }]);
    const expected = targets.map((t) => ({ ...t, address: t.address + n * t.bytes }));
    const named = (value: unknown, port: number): unknown => {
      const target = scalar[port] ? expected.find((t) => t.port === port) : undefined;
      return target === undefined ? value : elementArray(value, target.dtype);
    };
    const values =
      c.values === 1 ? named(result, 0) : Array.isArray(result) ? result.map(named) : result;
    storeResult(c.memory, c.name, c.blockId, values, expected, c.values);
  }
}

/** Gives the part of a block that belongs to a loop position; elements where nothing is left of the shape. */
function sliceCutter(
  block: Block,
  rank: number,
  loop: readonly number[],
  privately: boolean,
): (position: readonly number[]) => unknown {
  const own = block.shape.length - rank;
  const steps = loop.map((extent, axis) => {
    const a = axis - (loop.length - own);
    return a < 0 || (block.shape[a] === 1 && extent !== 1) ? 0 : (block.stride[a] as number);
  });
  // A slice that several calls see is copied for each of them.
  const shared = steps.some((step, axis) => step === 0 && (loop[axis] as number) > 1);
  const shape = block.shape.slice(own);
  const stride = block.stride.slice(own);
  const slots = slotsPerElement(block.dtype);
  const length = elementCount(shape) * slots;
  return (position) => {
    let start = block.offset;
    for (let a = 0; a < steps.length; a++) start += (position[a] as number) * (steps[a] as number);
    if (rank === 0) return new Block(block.data, [], [], start, block.dtype).get();
    if (!privately) return new Block(block.data, shape, stride, start, block.dtype);
    const from = start * slots;
    const data = shared
      ? block.data.slice(from, from + length)
      : block.data.subarray(from, from + length);
    return new Block(data, shape, stride, 0, block.dtype);
  };
}

/** An element as an array of one, if it is one of the dtype; anything else as it is, to be refused. */
export function elementArray(value: unknown, dtype: DType): unknown {
  const Class = arrayClass(dtype);
  const one = new Class(slotsOf(dtype, 1));
  if (isComplex(dtype)) {
    const [re, im] = Array.isArray(value) ? (value as unknown[]) : [value, 0];
    if (typeof re !== "number" || typeof im !== "number") return value;
    one[0] = re;
    one[1] = im;
  } else if (isBig(dtype)) {
    if (typeof value !== "bigint") return value;
    one[0] = value;
  } else if (dtype === "bool") {
    if (typeof value !== "boolean") return value;
    one[0] = Number(value);
  } else {
    if (typeof value !== "number") return value;
    one[0] = value;
    const whole = !dtype.startsWith("float");
    if (whole && one[0] !== value) return value;
  }
  return one;
}

// -------------------------------------------------------------------------------------- along one axis

function* callLast(c: FormCall, axis: number): Flow {
  const [block] = c.blocks as [Block];
  const [target] = c.targets as [Expected];
  const result = yield* c.call([...c.blocks, { ...c.info, shape: block.shape }]);
  const expected = { dtype: target.dtype, shape: block.shape };
  const { data, stride, offset } = resultElements(c.name, c.blockId, result, expected);
  const end = (block.shape[axis] as number) - 1;
  const last = { data, stride, offset: offset + end * (stride[axis] as number) };
  storeResult(c.memory, c.name, c.blockId, { ...last, shape: target.shape }, c.targets);
}

/** States and slices have length 1 along the axis; both are copies that the function may write to. */
function* callFold(c: FormCall, axis: number): Flow {
  const [block] = c.blocks as [Block];
  const [target] = c.targets as [Expected];
  const { dtype } = target;
  const count = block.shape[axis] as number;
  const shape = block.shape.map((n, a) => (a === axis ? 1 : n));
  const size = elementCount(shape);
  if (size === 0) return;
  const strides = rowMajorStrides(block.shape);
  const slots = slotsPerElement(dtype);
  const inner = (strides[axis] as number) * slots;
  const entries = count + 1;
  const all = viewOf(dtype, c.memory.buffer, target.address, size * entries);
  const sliceAt = (k: number): Block => {
    const data = new (arrayClass(dtype))(size * slots);
    const from = block.offset + k * (block.stride[axis] as number);
    copyElements({ data: block.data, shape, stride: block.stride, offset: from }, data, dtype);
    return new Block(data, shape, rowMajorStrides(shape), 0, dtype);
  };
  // The states lie side by side along the axis.
  const keep = (state: Block, entry: number): void => {
    for (let row = 0; row * inner < size * slots; row++) {
      const part = state.data.subarray(row * inner, (row + 1) * inner);
      all.set(part as never, (row * entries + entry) * inner);
    }
  };
  let state = sliceAt(0);
  keep(state, 0);
  for (let k = 0; ; k++) {
    keep(state, k + 1);
    if (k + 1 === count) return;
    const info = { ...c.info, shape };
    const result = yield* c.call([state, sliceAt(k + 1), info]);
    const next = resultElements(c.name, c.blockId, result, { dtype, shape });
    const data = new (arrayClass(dtype))(size * slots);
    copyElements(next, data, dtype);
    state = new Block(data, shape, rowMajorStrides(shape), 0, dtype);
  }
}
