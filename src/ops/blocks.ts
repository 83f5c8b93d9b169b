/**
 * Block functions: user code that sees the advertised grid, block by block.
 *
 * The function travels as its source text, so it must be self-contained: what it needs from outside goes into
 * `params`. What cannot travel is refused here, where the mistake is made.
 */
import { OptionError, ShapeError, TaskError } from "../errors.js";
import type { FunctionBinding } from "../ir/binding.js";
import { callNode } from "../ir/build.js";
import { type Cuts, sameCuts, wholeCuts } from "../ir/cuts.js";
import { type DType, itemSize } from "../ir/dtype.js";
import { advertisedGrid } from "../ir/grid.js";
import { type CallParams, dtypeOf, freshId, knownShape, type Node } from "../ir/node.js";
import { broadcastShapes } from "./axes.js";
import { checkDType } from "./build.js";
import { layoutNode } from "./rechunk.js";
import { valueText } from "./words.js";

export interface BlockOptions {
  /** Dtype of the result; default: that of the first array. */
  readonly dtype?: DType | undefined;
  /** A structured-cloneable value that every call gets. */
  readonly params?: unknown;
  /** Shown in plans and errors; default: the function's own name. */
  readonly name?: string | undefined;
  /** "copy" (default): private blocks, to be kept or changed at will; "view": shared, neither written nor kept. */
  readonly inputs?: "copy" | "view" | undefined;
  /** Bytes that one call may need beyond its blocks; default 0. */
  readonly scratchBytes?: number | undefined;
}

/** The source text of a function, refused if it cannot be compiled elsewhere. */
function textOf(fn: unknown): string {
  if (typeof fn !== "function") {
    throw new TaskError(`mapBlocks: the first argument must be a function, got ${valueText(fn)}`);
  }
  const name = fn.name === "" ? "the function" : `the function ${fn.name}`;
  const text = Function.prototype.toString.call(fn);
  const refuse = (why: string, hint: string): TaskError =>
    new TaskError(`mapBlocks: ${name} ${why}`, { hint, functionName: fn.name });
  if (/\{\s*\[native code\]\s*\}\s*$/.test(text)) {
    throw refuse(
      "is native or bound and has no source text",
      "wrap it: (block) => ..., and pass values in params",
    );
  }
  if (/^class\b/.test(text))
    throw refuse("is a class", "give an arrow function or function expression");
  if (/^(async\s+)?function\s*\*/.test(text)) {
    throw refuse("is a generator", "block functions return one block");
  }
  if (!isExpression(text)) {
    throw refuse(
      "is a method or accessor",
      "give an arrow function or function expression, methods have no text of their own",
    );
  }
  return text;
}

/** Whether the text stands alone as an expression (`f(x) {}` of a method does not). Nothing is run. */
function isExpression(text: string): boolean {
  try {
    new Function(`"use strict"; return (${text}\n);`);
    return true;
  } catch {
    return false;
  }
}

function cloned(params: unknown): unknown {
  try {
    return structuredClone(params);
  } catch (cause) {
    throw new OptionError(`mapBlocks: params cannot be sent to workers, got ${valueText(params)}`, {
      hint: "give plain data: objects, arrays, typed arrays, maps, numbers, strings",
      cause,
    });
  }
}

// One function without params is one binding, so that equal calls are one node.
const bindings = new WeakMap<object, Map<string, FunctionBinding>>();

function bindingOf(fn: unknown, options: BlockOptions): FunctionBinding {
  const text = textOf(fn);
  const name = options.name ?? ((fn as { name: string }).name || "block function");
  const make = (): FunctionBinding =>
    Object.freeze({
      kind: "function",
      id: freshId(),
      name,
      code: { type: "text", text },
      params: cloned(options.params),
    });
  if (options.params !== undefined) return make();
  let named = bindings.get(fn as object);
  if (named === undefined) {
    named = new Map();
    bindings.set(fn as object, named);
  }
  let binding = named.get(name);
  if (binding === undefined) {
    binding = make();
    named.set(name, binding);
  }
  return binding;
}

/**
 * Applies `fn` to the aligned blocks of arrays that broadcast.
 *
 * The blocks are those of the advertised grid that the arrays have together (the heaviest array that is cut on an
 * axis decides); where another array is cut otherwise it is presented in these blocks. Axes of length 1 are given to
 * every call. The result has the shape of the block grid: each call must return a block of its block's shape.
 */
export function mapBlocks(fn: unknown, arrays: readonly Node[], options: BlockOptions = {}): Node {
  const binding = bindingOf(fn, options);
  const [first] = arrays;
  if (first === undefined) throw new ShapeError("mapBlocks: at least one array is needed");
  const inputs = options.inputs ?? "copy";
  if (inputs !== "copy" && inputs !== "view") {
    throw new OptionError(`mapBlocks: inputs must be "copy" or "view", got ${valueText(inputs)}`);
  }
  const scratchBytes = options.scratchBytes ?? 0;
  if (!(Number.isSafeInteger(scratchBytes) && scratchBytes >= 0)) {
    throw new OptionError(
      `mapBlocks: scratchBytes must be a number of bytes, got ${valueText(scratchBytes)}`,
    );
  }
  const dtype =
    options.dtype === undefined ? dtypeOf(first) : checkDType("mapBlocks", options.dtype);
  const shape = broadcastShapes("mapBlocks", arrays.map(knownShape));
  const loop = loopGrid(arrays, shape);
  const aligned = arrays.map((a) => alignTo(a, shape, loop));
  const args = aligned.map((a) => {
    const extents = knownShape(a);
    const offset = shape.length - extents.length;
    return extents.map((n, i) => {
      const axis = i + offset;
      return n === shape[axis]
        ? { loop: axis, cuts: loop[axis] as Cuts }
        : { loop: -1, cuts: wholeCuts(n) };
    });
  });
  const params: CallParams = {
    fn: binding,
    loop,
    args,
    results: [loop.map((cuts, axis) => ({ loop: axis, cuts }))],
    observes: "grid",
    inputs,
    scratchBytes,
  };
  return callNode(aligned, params, [{ shape, dtype }]);
}

/** Per axis the cuts of the heaviest array that is really cut there. */
function loopGrid(arrays: readonly Node[], shape: readonly number[]): readonly Cuts[] {
  const heaviestFirst = arrays
    .map((node, i) => ({ node, i, bytes: bytesOf(node) }))
    .sort((a, b) => b.bytes - a.bytes || a.i - b.i);
  return shape.map((extent, axis) => {
    for (const { node } of heaviestFirst) {
      const own = axis - (shape.length - knownShape(node).length);
      const cuts = advertisedGrid(node)[own];
      if (cuts !== undefined && knownShape(node)[own] === extent && !isWhole(cuts)) return cuts;
    }
    return wholeCuts(extent);
  });
}

const isWhole = (cuts: Cuts): boolean => cuts.length === 1 && cuts[0]?.repeat === 1;
const bytesOf = (node: Node): number =>
  knownShape(node).reduce((n, s) => n * s, itemSize(dtypeOf(node)));

function alignTo(a: Node, shape: readonly number[], loop: readonly Cuts[]): Node {
  const extents = knownShape(a);
  const offset = shape.length - extents.length;
  const grid = advertisedGrid(a);
  const wanted = grid.map((cuts, i) =>
    extents[i] === shape[i + offset] ? (loop[i + offset] as Cuts) : cuts,
  );
  return wanted.every((c, i) => sameCuts(c, grid[i] as Cuts)) ? a : layoutNode(a, wanted);
}
