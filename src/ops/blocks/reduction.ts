/**
 * Reductions and scans of the user's own, as trees of calls over frozen grids: what meets what, and in which order, is
 * fixed when the expression is built.
 */
import { OptionError, ShapeError } from "../../errors.js";
import type { FunctionBinding } from "../../ir/binding.js";
import { callNode, pickNode } from "../../ir/build.js";
import {
  type Cuts,
  cutsCount,
  cutsExtent,
  groupCuts,
  pieceStart,
  uniformCuts,
  wholeCuts,
} from "../../ir/cuts.js";
import type { DType } from "../../ir/dtype.js";
import { advertisedGrid } from "../../ir/grid.js";
import {
  type CallForm,
  type CallNode,
  dtypeOf,
  knownShape,
  type Node,
  type Out,
} from "../../ir/node.js";
import { normalAxes, normalAxis } from "../axes.js";
import { axesView, checkDType, viewNode } from "../build.js";
import { valueText } from "../words.js";
import { bindFunction, type CallOptions, callOptions } from "./function.js";
import { resultDTypes } from "./map.js";

/** Blocks that one `combine` takes in along each reduced axis, if the user does not say. */
const SPLIT_EVERY = 8;

export interface ReductionOptions extends CallOptions {
  /** `(block, info) -> partial`, of length 1 along the reduced axes; several partials as a list. */
  readonly chunk: unknown;
  /** `(partials…, info) -> partial`: a few neighbours side by side along the reduced axes become one. */
  readonly combine?: unknown;
  /** `(partials…, info) -> result`, of length 1 along the reduced axes. */
  readonly aggregate: unknown;
  /** The reduced axes; default: all. */
  readonly axis?: number | readonly number[] | null | undefined;
  readonly keepdims?: boolean | undefined;
  /** Dtype of the result; default: that of the array. */
  readonly dtype?: DType | undefined;
  /** Dtype of the partials, a list for several; default: that of the result. */
  readonly partialDtype?: DType | readonly DType[] | undefined;
  /** Blocks that one `combine` takes in along each reduced axis; default 8. */
  readonly splitEvery?: number | undefined;
}

export interface ScanOptions extends CallOptions {
  /** `(block, info) -> block`: the scan of one block by itself. */
  readonly block: unknown;
  /** `(carry, block, info) -> block`: a scanned block, given the state of everything before it. */
  readonly combine: unknown;
  /** `(block, info) -> state`, of length 1 along the axis; default: the last slice of the scanned block. */
  readonly total?: unknown;
  readonly axis?: number | undefined;
  /** Dtype of the result and of states; default: that of the array. */
  readonly dtype?: DType | undefined;
}

type Axis = { readonly loop: number; readonly cuts: Cuts };

/** A call whose loop axes are the axes of its one argument's blocks, or of several alike. */
function call(
  fn: FunctionBinding,
  inputs: readonly Node[],
  args: readonly (readonly Axis[])[],
  results: readonly Cuts[],
  dtypes: readonly DType[],
  options: ReturnType<typeof callOptions>,
  more: { readonly form?: CallForm; readonly info: Readonly<Record<string, unknown>> },
): CallNode {
  const axes = results.map((cuts, axis) => ({ loop: axis, cuts }));
  const shape = results.map(cutsExtent);
  return callNode(
    inputs,
    {
      fn,
      // Axes that arrive whole are followed by nothing, and have one block of the result.
      loop: results,
      args,
      results: dtypes.map(() => axes),
      observes: "grid",
      ...options,
      ...more,
    },
    dtypes.map((dtype): Out => ({ shape, dtype })) as [Out, ...Out[]],
  );
}

const outputs = (node: CallNode): Node[] => node.outs.map((_, port) => pickNode(node, port));

/** A function of a reduction or scan, under the name of its role. */
function part(
  fn: string,
  role: string,
  value: unknown,
  options: Pick<CallOptions, "name" | "params">,
): FunctionBinding {
  const name = options.name === undefined ? undefined : `${options.name} ${role}`;
  return bindFunction(fn, role, value, { params: options.params, name });
}

/**
 * A reduction by three functions over the blocks of the advertised grid. `chunk` makes partials of one block,
 * `combine` makes one of a few neighbours until few enough are left, `aggregate` makes the result.
 */
export function reduction(x: Node, options: ReductionOptions): Node {
  const FN = "reduction";
  const checked = callOptions(FN, options);
  const chunk = part(FN, "chunk", options.chunk, options);
  const combine =
    options.combine === undefined ? undefined : part(FN, "combine", options.combine, options);
  const aggregate = part(FN, "aggregate", options.aggregate, options);
  const shape = knownShape(x);
  const axes = normalAxes(FN, options.axis, shape.length);
  const dtype = options.dtype === undefined ? dtypeOf(x) : checkDType(FN, options.dtype);
  const partials = resultDTypes(FN, options.partialDtype, dtype);
  const every = options.splitEvery ?? SPLIT_EVERY;
  if (!Number.isSafeInteger(every) || every < 2) {
    throw new OptionError(`${FN}: splitEvery must be an integer from 2, got ${valueText(every)}`);
  }
  const info = { axes };
  const reduced = (axis: number): boolean => axes.includes(axis);
  const grid = advertisedGrid(x);
  let cuts = grid.map((c, axis) => (reduced(axis) ? uniformCuts(cutsCount(c), 1) : c));
  const follow = (list: readonly Cuts[]): Axis[] =>
    list.map((c, axis) => ({ loop: axis, cuts: c }));
  let state = outputs(call(chunk, [x], [follow(grid)], cuts, partials, checked, { info }));
  const most = (): number => Math.max(1, ...axes.map((a) => cutsCount(cuts[a] as Cuts)));
  while (combine !== undefined && most() > every) {
    const grouped = cuts.map((c, axis) => (reduced(axis) ? groupCuts(c, every) : c));
    cuts = grouped.map((c, axis) => (reduced(axis) ? uniformCuts(cutsCount(c), 1) : c));
    const args = state.map(() => follow(grouped));
    state = outputs(call(combine, state, args, cuts, partials, checked, { info }));
  }
  const whole = cuts.map(
    (c, axis): Axis =>
      reduced(axis) ? { loop: -1, cuts: wholeCuts(cutsExtent(c)) } : { loop: axis, cuts: c },
  );
  const last = cuts.map((c, axis) => (reduced(axis) ? wholeCuts(1) : c));
  const args = state.map(() => whole);
  const result = call(aggregate, state, args, last, [dtype], checked, { info });
  if (options.keepdims) return result;
  return axesView(
    result,
    shape.map((_, axis) => axis).filter((axis) => !reduced(axis)),
  );
}

/**
 * A scan along one axis by its blocks: every block is scanned by itself, then combined with the state of all blocks
 * before it. States are folded from the first to the last block, whatever else happens when.
 */
export function scan(x: Node, options: ScanOptions): Node {
  const FN = "scan";
  const checked = callOptions(FN, options);
  const block = part(FN, "block", options.block, options);
  const combine = part(FN, "combine", options.combine, options);
  const total = options.total === undefined ? undefined : part(FN, "total", options.total, options);
  const shape = knownShape(x);
  if (shape.length === 0) throw new ShapeError(`${FN}: an array without axes has none to scan`);
  if (options.axis === undefined && shape.length > 1) {
    throw new ShapeError(`${FN}: axis is needed for an array with several axes`);
  }
  const axis = normalAxis(FN, options.axis ?? 0, shape.length);
  const dtype = options.dtype === undefined ? dtypeOf(x) : checkDType(FN, options.dtype);
  const info = { axis };
  const grid = advertisedGrid(x);
  const along = grid[axis] as Cuts;
  const follow = (cuts: readonly Cuts[]): Axis[] => cuts.map((c, a) => ({ loop: a, cuts: c }));
  const scanned = call(block, [x], [follow(grid)], grid, [dtype], checked, { info });
  const count = cutsCount(along);
  if (count === 1) return scanned;
  // The last block is carried into nothing.
  const before = viewNode(
    x,
    shape.map((_, a) => ({ axis: a, start: 0, step: 1 })),
    shape.map((n, a) => (a === axis ? pieceStart(along, count - 1) : n)),
  );
  const beforeGrid = advertisedGrid(before);
  const perBlock = beforeGrid.map((c, a) => (a === axis ? uniformCuts(count - 1, 1) : c));
  const totals = call(
    total ?? block,
    [before],
    [follow(beforeGrid)],
    perBlock,
    [dtype],
    checked,
    total === undefined ? { info, form: { kind: "last", axis } } : { info },
  );
  const whole = (cuts: readonly Cuts[], length: number): Cuts[] =>
    cuts.map((c, a) => (a === axis ? wholeCuts(length) : c));
  const line = whole(perBlock, count - 1).map(
    (c, a): Axis => ({ loop: a === axis ? -1 : a, cuts: c }),
  );
  const carries = call(combine, [totals], [line], whole(perBlock, count), [dtype], checked, {
    info,
    form: { kind: "fold", axis },
  });
  const carried = grid.map((c, a) => (a === axis ? uniformCuts(count, 1) : c));
  return call(
    combine,
    [carries, scanned],
    [follow(carried), follow(grid)],
    grid,
    [dtype],
    checked,
    { info, form: { kind: "carry", axis } },
  );
}
