/** User functions over the blocks of their frozen loop grid, one call per loop index, in row-major order. */
import { InternalError, TaskError } from "../../errors.js";
import type { FunctionBinding } from "../../ir/binding.js";
import { type Cuts, cutsCount, pieceSize, pieceStart } from "../../ir/cuts.js";
import { arrayClass, type DType, type TypedArray } from "../../ir/dtype.js";
import { elementCount, rowMajorStrides } from "../../ir/index-map.js";
import type { CallNode, CallParams } from "../../ir/node.js";
import {
  allocate,
  compact,
  copy,
  dataOf,
  type Elements,
  getElement,
  part,
  positions,
  setElement,
  viewThrough,
  wrap,
} from "./arrays.js";
import { builtInBlock } from "./built-ins.js";
import type { Element } from "./cast.js";

/** What a user function gets for each input: a private row-major copy; stride and offset count elements. */
export interface Block {
  readonly data: TypedArray;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
  readonly offset: number;
  readonly dtype: DType;
  readonly size: number;
  readonly dimension: number;
  /** Axes from the smallest stride to the largest. */
  readonly order: readonly number[];
  index(...position: number[]): number;
  /** Bool elements are 0 or 1, 64-bit integers bigints, complex elements pairs. */
  get(...position: number[]): Element;
  set(...positionAndValue: [...number[], Element]): void;
}

export interface BlockInfo {
  /** Position in the loop grid. */
  readonly blockId: readonly number[];
  /** Where the block of the first output starts, and its shape. */
  readonly offset: readonly number[];
  readonly shape: readonly number[];
  readonly params: unknown;
  readonly signal: AbortSignal;
}

/** Runs one user function on the blocks of one loop index; answers with what the function returned. */
export type CallFunction = (
  fn: FunctionBinding,
  blocks: readonly Block[],
  info: BlockInfo,
) => unknown;

/** Calls a function that the user wrote, in this process. Never given code that came from a store. */
export const callFunctionText: CallFunction = (fn, blocks, info) => {
  const { code } = fn;
  if (code.type === "module") {
    return import(code.url).then((m: Record<string, (...args: unknown[]) => unknown>) =>
      (m[code.export] as (...args: unknown[]) => unknown)(...blocks, info),
    );
  }
  if (code.type === "built-in") return builtInBlock(code.name, blocks, info.params);
  const made: unknown = new Function(`"use strict"; return (${code.text});`)();
  if (typeof made !== "function") {
    throw new TypeError(`the text of ${fn.name} is not a function expression`);
  }
  return made(...blocks, info);
};

type AxisCut = CallParams["args"][number][number];

/** Start and shape of the block that an array has at a loop index. */
function blockAt(
  axes: readonly AxisCut[],
  loop: readonly Cuts[],
  index: readonly number[],
): { readonly start: number[]; readonly shape: number[] } {
  const start: number[] = [];
  const shape: number[] = [];
  for (const { loop: axis, cuts } of axes) {
    if (axis < 0) {
      start.push(0);
      shape.push(pieceStart(cuts, cutsCount(cuts)));
      continue;
    }
    if (cutsCount(cuts) !== cutsCount(loop[axis] as Cuts)) {
      throw new InternalError(
        "an axis of a call has other cuts than the loop axis that it follows",
      );
    }
    const piece = index[axis] as number;
    start.push(pieceStart(cuts, piece));
    shape.push(pieceSize(cuts, piece));
  }
  return { start, shape };
}

function blockOf(a: Elements): Block {
  const stride = rowMajorStrides(a.shape);
  return {
    data: dataOf(a),
    shape: a.shape,
    stride,
    offset: 0,
    dtype: a.dtype,
    size: elementCount(a.shape),
    dimension: a.shape.length,
    order: a.shape.map((_, axis) => axis).reverse(),
    index: (...position) => position.reduce((n, p, axis) => n + p * (stride[axis] as number), 0),
    get: (...position) => getElement(a, position),
    set: (...positionAndValue) => {
      const value = positionAndValue.at(-1) as Element;
      setElement(a, positionAndValue.slice(0, -1) as number[], value);
    },
  };
}

/** One call of the function: the arrays it gets, and what it must return for them. */
interface Turn {
  readonly inputs: readonly (Elements | Element)[];
  readonly shapes: readonly (readonly number[])[];
  readonly offset: readonly number[];
}

/** What is the same for all calls of a node. */
interface Context {
  readonly node: CallNode;
  readonly callFunction: CallFunction;
  readonly signal: AbortSignal;
}

/** Results of a `call` node, one array per output. */
export async function callArrays(
  node: CallNode,
  inputs: readonly Elements[],
  callFunction: CallFunction,
  signal: AbortSignal,
): Promise<Elements[]> {
  const { loop, args, results } = node.params;
  const outs = node.outs.map((out) => allocate(out.dtype, out.shape as readonly number[]));
  for (const position of positions(loop.map(cutsCount))) {
    const blockId = [...position];
    const blocks = inputs.map((input, i) => {
      const { start, shape } = blockAt(args[i] as readonly AxisCut[], loop, blockId);
      return compact(part(input, start, shape));
    });
    const targets = results.map((axes) => blockAt(axes, loop, blockId));
    const places = targets.map((t, i) => part(outs[i] as Elements, t.start, t.shape));
    const whole: Turn = {
      inputs: blocks,
      shapes: targets.map((t) => t.shape),
      offset: (targets[0] as (typeof targets)[number]).start,
    };
    await callForm({ node, callFunction, signal }, blockId, whole, blocks, places);
  }
  return outs;
}

/** All calls for one loop index; `places` take their results. */
async function callForm(
  context: Context,
  blockId: readonly number[],
  whole: Turn,
  blocks: readonly Elements[],
  places: readonly Elements[],
): Promise<void> {
  const turn = (t: Turn): Promise<Elements[]> => callOnce(context, blockId, t);
  const store = (into: readonly Elements[], made: readonly Elements[]): void => {
    made.forEach((result, i) => {
      copy(into[i] as Elements, result);
    });
  };
  const { form, loop } = context.node.params;
  switch (form?.kind) {
    case undefined:
      store(places, await turn(whole));
      return;
    case "carry":
      store(places, blockId[form.axis] === 0 ? [blocks[1] as Elements] : await turn(whole));
      return;
    case "last": {
      const [block] = blocks as [Elements];
      const [full] = (await turn({ ...whole, shapes: [block.shape] })) as [Elements];
      store(places, [sliceAt(full, form.axis, (block.shape[form.axis] as number) - 1)]);
      return;
    }
    case "fold": {
      const [block] = blocks as [Elements];
      const [place] = places as [Elements];
      let state = compact(sliceAt(block, form.axis, 0));
      copy(sliceAt(place, form.axis, 0), state);
      for (let k = 0; k < (block.shape[form.axis] as number); k++) {
        if (k > 0) {
          const inputs = [compact(state), compact(sliceAt(block, form.axis, k))];
          [state] = (await turn({ ...whole, inputs, shapes: [state.shape] })) as [Elements];
        }
        copy(sliceAt(place, form.axis, k + 1), state);
      }
      return;
    }
    case "each": {
      const axes = loop.map((cuts, axis) => ({ loop: axis, cuts }));
      const { start, shape } = blockAt(axes, loop, blockId);
      for (const at of positions(shape)) {
        const cells = blocks.map((b, i) => cell(b, form.inputs[i] as number, at));
        const into = places.map((p, i) => cell(p, form.outputs[i] as number, at));
        const inputs = cells.map((c, i) => (form.inputs[i] === 0 ? getElement(c, []) : compact(c)));
        const inside = at.map((n, axis) => n + (start[axis] as number));
        const offset = [...inside, ...whole.offset.slice(at.length)];
        store(into, await turn({ inputs, shapes: into.map((c) => c.shape), offset }));
      }
    }
  }
}

async function callOnce(
  { node, callFunction, signal }: Context,
  blockId: readonly number[],
  { inputs, shapes, offset }: Turn,
): Promise<Elements[]> {
  const { fn, info: more } = node.params;
  const fail = (message: string, detail: { cause?: unknown; hint?: string }): TaskError =>
    new TaskError(`${fn.name} ${message} (block ${blockId.join(", ")})`, {
      ...detail,
      functionName: fn.name,
      blockIndex: blockId,
    });
  const blocks = inputs.map((x) =>
    typeof x === "object" && "view" in x ? blockOf(x) : x,
  ) as readonly Block[];
  const shape = shapes[0] as readonly number[];
  let returned: unknown;
  try {
    const info = { ...more, blockId, offset, shape, params: fn.params, signal };
    returned = await callFunction(fn, blocks, info);
  } catch (cause) {
    throw fail(`threw: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  const list: readonly unknown[] = node.outs.length === 1 ? [returned] : asList(returned);
  return node.outs.map(({ dtype }, i) => {
    const wanted = shapes[i] as readonly number[];
    const alone = node.params.form?.kind === "each" && wanted.length === 0;
    const value = alone && !isObject(list[i]) ? oneElement(list[i] as Element, dtype) : list[i];
    const result = asElements(value, dtype, wanted);
    if (typeof result === "string") {
      throw fail(`returned ${result}`, {
        hint: `expected ${dtype} of shape [${wanted.join(", ")}]`,
      });
    }
    return result;
  });
}

const isObject = (value: unknown): boolean => typeof value === "object" && !Array.isArray(value);

function oneElement(value: Element, dtype: DType): unknown {
  const one = allocate(dtype, []);
  setElement(one, [], value);
  return dataOf(one);
}

const sliceAt = (a: Elements, axis: number, k: number): Elements =>
  part(
    a,
    a.shape.map((_, i) => (i === axis ? k : 0)),
    a.shape.map((n, i) => (i === axis ? 1 : n)),
  );

/** The last `rank` axes at a position of the axes before them, which broadcast. */
function cell(a: Elements, rank: number, at: readonly number[]): Elements {
  const outer = a.shape.length - rank;
  const start = a.shape.map((n, i) =>
    i >= outer || n === 1 ? 0 : (at[at.length - outer + i] as number),
  );
  const one = part(
    a,
    start,
    a.shape.map((n, i) => (i >= outer ? n : 1)),
  );
  const map = a.shape.map((_, i) =>
    i >= outer ? { axis: i - outer, start: 0, step: 1 } : { axis: -1, start: 0, step: 0 },
  );
  return viewThrough(one, map, a.shape.slice(outer));
}

const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

/** The returned block as an array, or words for what is wrong with it. Takes a block, or its bare data. */
function asElements(value: unknown, dtype: DType, shape: readonly number[]): Elements | string {
  if (typeof value !== "object" || value === null) return `${String(value)}, which is not a block`;
  const block: { data?: unknown; shape?: unknown; stride?: unknown; offset?: unknown } =
    ArrayBuffer.isView(value) ? { data: value } : value;
  const { data } = block;
  if (!ArrayBuffer.isView(data) || !(data instanceof arrayClass(dtype))) {
    return "data of another dtype";
  }
  const given = (block.shape ?? shape) as readonly number[];
  if (given.length !== shape.length || given.some((n, axis) => n !== shape[axis])) {
    return `a block of shape [${given.join(", ")}]`;
  }
  const stride = (block.stride ?? rowMajorStrides(shape)) as readonly number[];
  const offset = (block.offset ?? 0) as number;
  const last = stride.reduce(
    (n, s, axis) => n + Math.max(0, s) * ((shape[axis] as number) - 1),
    offset,
  );
  const slots = dtype.startsWith("complex") ? 2 : 1;
  if (elementCount(shape) > 0 && (last + 1) * slots > (data as TypedArray).length) {
    return "less data than its shape says";
  }
  return wrap(dtype, data as TypedArray, shape, stride, offset);
}
