/**
 * Functions over core dimensions: `applyGufunc`. The last axes of each array belong to the function and arrive whole;
 * the axes before them are loop axes, which broadcast and stay cut into blocks.
 */
import { ChunkError, OptionError, ShapeError } from "../../errors.js";
import { callNode, pickNode } from "../../ir/build.js";
import {
  type Cuts,
  cutsCount,
  cutsExtent,
  cutsMax,
  sameCuts,
  splitCuts,
  wholeCuts,
} from "../../ir/cuts.js";
import type { DType } from "../../ir/dtype.js";
import { advertisedGrid } from "../../ir/grid.js";
import {
  type CallForm,
  type CallParams,
  dtypeOf,
  knownShape,
  type Node,
  type Out,
} from "../../ir/node.js";
import { broadcastShapes, lengthOf } from "../axes.js";
import { axesView } from "../build.js";
import { layoutNode } from "../rechunk.js";
import { countText, valueText } from "../words.js";
import { bindFunction, type CallOptions, callOptions } from "./function.js";
import { gufuncAxes, placesOf } from "./gufunc-axes.js";
import { type LabelledArray, labelCuts } from "./labelled.js";
import { resultDTypes } from "./map.js";
import {
  argumentText,
  type CoreDim,
  parseSignature,
  type Signature,
  withoutMissing,
} from "./signature.js";

export interface GufuncOptions extends CallOptions {
  /** One entry per array and result: the axes of its core dimensions; default: the last ones. */
  readonly axes?: readonly (number | readonly number[])[] | undefined;
  /** The axis of the one core dimension that all share. */
  readonly axis?: number | undefined;
  /** Results without core dimensions keep those of the arrays with length 1. */
  readonly keepdims?: boolean | undefined;
  /** Dtypes of the results; default: that of the first array. */
  readonly outputDtypes?: DType | readonly DType[] | undefined;
  /** Lengths of core dimensions that only results have. */
  readonly outputSizes?: { readonly [name: string]: number } | undefined;
  /** The function is called once per position of the loop axes, with core dimensions only. */
  readonly vectorize?: boolean | undefined;
  /** Core dimensions in several blocks are put together, in smaller blocks of the loop axes. */
  readonly allowRechunk?: boolean | undefined;
}

const FN = "applyGufunc";

/** An array with its core dimensions last. */
interface Argument {
  readonly node: Node;
  readonly core: readonly CoreDim[];
  /** Number of loop axes. */
  readonly outer: number;
}

/** The results of a generalized function, in the order of its signature. */
export function applyGufunc(
  value: unknown,
  signatureText: unknown,
  arrays: readonly Node[],
  options: GufuncOptions = {},
): Node[] {
  const fn = bindFunction(FN, "the first argument", value, options);
  const checked = callOptions(FN, options);
  const parsed = parseSignature(FN, signatureText);
  if (parsed.inputs.length !== arrays.length) {
    throw new ShapeError(
      `${FN}: the signature ${JSON.stringify(parsed.text)} is for ${countText(parsed.inputs.length, "array")}, got ${arrays.length}`,
    );
  }
  const signature = withoutMissing(
    parsed,
    arrays.map((a) => knownShape(a).length),
  );
  const axes = gufuncAxes(signature, options.axes, options.axis, options.keepdims ?? false);
  const args = arrays.map((node, i) =>
    coreLast(node, signature.inputs[i] as CoreDim[], axes.inputs[i] as number[], i),
  );
  const sizes = coreSizes(signature, args, options.outputSizes);
  const loop = loopGrid(args, options.allowRechunk ?? false);
  const [first] = arrays;
  const dtypes = outputDTypes(signature, options.outputDtypes, first);
  const form: CallForm = {
    kind: "each",
    inputs: signature.inputs.map((dims) => dims.length),
    outputs: signature.outputs.map((dims) => dims.length),
  };
  const results = signature.outputs.map((dims) => [
    ...loop.map((cuts, axis) => ({ loop: axis, cuts })),
    ...dims.map((d) => ({ loop: -1, cuts: wholeCuts(sizes.get(d.name) as number) })),
  ]);
  const params: CallParams = {
    fn,
    loop,
    args: args.map((argument) => axesOf(argument, loop)),
    results,
    observes: "grid",
    ...checked,
    ...(options.vectorize ? { form } : {}),
  };
  const outs = results.map(
    (list, i): Out => ({
      shape: list.map((a) => cutsExtent(a.cuts)),
      dtype: dtypes[i] as DType,
    }),
  );
  const inputs = args.map((argument) => presented(argument, loop));
  const node = callNode(inputs, params, outs as [Out, ...Out[]]);
  return signature.outputs.map((dims, i) =>
    corePlaced(pickNode(node, i), dims.length, axes.outputs[i] as number[], i),
  );
}

/** What the axes of an argument follow: loop axes of their own length, or nothing. */
const axesOf = ({ node, outer }: Argument, loop: readonly Cuts[]): CallParams["args"][number] =>
  knownShape(node).map((extent, axis) => {
    const along = axis < outer ? axis + loop.length - outer : -1;
    const cuts = loop[along];
    return cuts !== undefined && cutsExtent(cuts) === extent
      ? { loop: along, cuts }
      : { loop: -1, cuts: wholeCuts(extent) };
  });

/** The argument in the blocks of the loop axes. */
function presented(argument: Argument, loop: readonly Cuts[]): Node {
  const grid = advertisedGrid(argument.node);
  const followed = axesOf(argument, loop);
  const wanted = grid.map((own, axis) => loop[followed[axis]?.loop ?? -1] ?? own);
  const same = wanted.every((c, i) => sameCuts(c, grid[i] as Cuts));
  return same ? argument.node : layoutNode(argument.node, wanted);
}

function coreLast(
  node: Node,
  core: readonly CoreDim[],
  axes: readonly number[],
  i: number,
): Argument {
  const rank = knownShape(node).length;
  if (rank < core.length) {
    throw new ShapeError(
      `${FN}: array ${i} has ${countText(rank, "axis", "axes")}, its signature ${argumentText(core)} needs ${core.length}`,
    );
  }
  const places = placesOf(axes, rank, `array ${i}`);
  const outer = Array.from({ length: rank }, (_, a) => a).filter((a) => !places.includes(a));
  return { node: axesView(node, [...outer, ...places]), core, outer: outer.length };
}

/** The result with its core dimensions where they belong; kept ones are new and of length 1. */
function corePlaced(node: Node, core: number, axes: readonly number[], i: number): Node {
  const outer = knownShape(node).length - core;
  const places = placesOf(axes, outer + axes.length, `result ${i}`);
  let next = 0;
  const order = Array.from({ length: outer + axes.length }, (_, axis) => {
    const k = places.indexOf(axis);
    if (k < 0) return next++;
    return core === 0 ? -1 : outer + k;
  });
  return axesView(node, order);
}

function coreSizes(
  signature: Signature,
  args: readonly Argument[],
  given: unknown,
): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const dims of [...signature.inputs, ...signature.outputs]) {
    for (const { name, size } of dims) if (size !== undefined) sizes.set(name, size);
  }
  args.forEach(({ node, core, outer }, i) => {
    core.forEach(({ name, size }, k) => {
      const extent = knownShape(node)[outer + k] as number;
      const have = sizes.get(name) ?? extent;
      if (have !== extent) {
        throw new ShapeError(
          size === undefined
            ? `${FN}: core dimension ${name} has lengths ${have} and ${extent}`
            : `${FN}: core dimension ${k} of array ${i} must have length ${size}, got ${extent}`,
        );
      }
      sizes.set(name, extent);
    });
  });
  if (given !== undefined && (typeof given !== "object" || given === null)) {
    throw new OptionError(`${FN}: outputSizes must be an object by name, got ${valueText(given)}`);
  }
  for (const [name, value] of Object.entries(given ?? {})) {
    const size = lengthOf(FN, value, `the size of ${name}`);
    if (!signature.outputs.flat().some((d) => d.name === name)) {
      throw new OptionError(
        `${FN}: outputSizes has ${name}, which is no core dimension of a result`,
      );
    }
    if ((sizes.get(name) ?? size) !== size) {
      throw new ShapeError(
        `${FN}: core dimension ${name} has lengths ${sizes.get(name)} and ${size}`,
      );
    }
    sizes.set(name, size);
  }
  const unknown = signature.outputs.flat().find((d) => !sizes.has(d.name));
  if (unknown !== undefined) {
    throw new ShapeError(`${FN}: core dimension ${unknown.name} is in results only`, {
      hint: `give its length: outputSizes: { ${unknown.name}: … }`,
    });
  }
  return sizes;
}

function outputDTypes(signature: Signature, given: unknown, first: Node | undefined): DType[] {
  const otherwise = first === undefined ? "float64" : dtypeOf(first);
  const count = signature.outputs.length;
  if (!Array.isArray(given)) {
    const [dtype] = resultDTypes(FN, given, otherwise);
    return new Array<DType>(count).fill(dtype as DType);
  }
  if (given.length !== count) {
    throw new OptionError(
      `${FN}: outputDtypes has ${countText(given.length, "entry", "entries")} for ${countText(count, "result")}`,
    );
  }
  return resultDTypes(FN, given, otherwise);
}

// ------------------------------------------------------------------------------------------- loop blocks

/** The cuts of the loop axes, in blocks that are no larger than those of the arrays were. */
function loopGrid(args: readonly Argument[], allowRechunk: boolean): readonly Cuts[] {
  const shape = broadcastShapes(
    FN,
    args.map(({ node, outer }) => knownShape(node).slice(0, outer)),
  );
  const rank = shape.length;
  if (!allowRechunk) args.forEach((argument, i) => wholeCore(argument, i));
  const labelled = args.map(
    ({ node, outer }): LabelledArray => ({
      node,
      labels: knownShape(node).map((_, a) => (a < outer ? a + rank - outer : `core${a - outer}`)),
    }),
  );
  const cuts = labelCuts(labelled, new Map(shape.map((n, axis) => [axis, n])));
  const loop = shape.map((_, axis) => cuts.get(axis) as Cuts);
  if (!allowRechunk) {
    args.forEach((argument, i) => {
      alignedLoop(argument, i, loop);
    });
    return loop;
  }
  return args.reduce(shrunk, loop);
}

function wholeCore({ node, core, outer }: Argument, i: number): void {
  core.forEach(({ name }, k) => {
    const count = cutsCount(advertisedGrid(node)[outer + k] as Cuts);
    if (count === 1) return;
    throw new ChunkError(
      `${FN}: core dimension ${name} of array ${i} is cut into ${count} blocks`,
      {
        hint: "rechunk that axis to one block, or give allowRechunk: true, which makes blocks of the loop axes smaller",
      },
    );
  });
}

function alignedLoop({ node, outer }: Argument, i: number, loop: readonly Cuts[]): void {
  advertisedGrid(node)
    .slice(0, outer)
    .forEach((own, axis) => {
      const cuts = loop[axis + loop.length - outer] as Cuts;
      if (cutsExtent(own) !== cutsExtent(cuts) || sameCuts(own, cuts)) return;
      throw new ChunkError(
        `${FN}: loop axis ${axis} of array ${i} has other blocks than the others`,
        {
          hint: "rechunk the arrays to the same blocks, or give allowRechunk: true",
        },
      );
    });
}

/**
 * Loop cuts for an argument whose core dimensions become whole: as many times smaller as its blocks grew, short axes
 * last.
 */
function shrunk(loop: readonly Cuts[], { node, outer }: Argument): readonly Cuts[] {
  const grid = advertisedGrid(node);
  const shape = knownShape(node);
  const before = grid.reduce((n, c) => n * Math.max(1, cutsMax(c)), 1);
  let core = 1;
  for (const n of shape.slice(outer)) core *= Math.max(1, n);
  let room = Math.max(1, before / core);
  const own = shape
    .slice(0, outer)
    .map((extent, a) => ({ extent, axis: a + loop.length - outer }))
    .filter(({ extent, axis }) => extent === cutsExtent(loop[axis] as Cuts))
    .sort((a, b) => cutsMax(loop[a.axis] as Cuts) - cutsMax(loop[b.axis] as Cuts));
  const out = [...loop];
  own.forEach(({ axis }, done) => {
    const cuts = loop[axis] as Cuts;
    const share = Math.max(1, room) ** (1 / (own.length - done));
    const limit = Math.max(1, Math.floor(share + 1e-9));
    const max = cutsMax(cuts);
    // Pieces of about equal length.
    const even = max <= limit ? max : Math.ceil(max / Math.ceil(max / limit));
    if (max > limit) out[axis] = splitCuts(cuts, even);
    room /= Math.max(1, Math.min(max, even));
  });
  return out;
}
