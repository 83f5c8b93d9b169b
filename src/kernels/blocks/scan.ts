/**
 * Prefix sums and products over blocks, in three steps: totals of every leaf, what comes before each leaf, and the
 * prefixes themselves. Within a leaf elements are taken one after another, and so are the totals of leaves.
 *
 * Where the axis is not the last one a row of states is carried along it, so that memory is walked in order.
 */
import type { DType } from "../../ir/dtype.js";
import type { BuiltIn, BuiltInBlock } from "./block.js";
import { type ScanMonoid, type States, statesOf } from "./states.js";

export interface ScanParams {
  readonly monoid: ScanMonoid;
  readonly axis: number;
  /** Dtype of the states. */
  readonly state: DType;
}

/** Offsets, in elements, of the lines along `axis`; row-major over the other axes. */
function lineOffsets(block: BuiltInBlock, axis: number): Float64Array {
  const shape = block.shape.filter((_, i) => i !== axis);
  const stride = block.stride.filter((_, i) => i !== axis);
  const out = new Float64Array(shape.reduce((n, s) => n * s, 1));
  const position = shape.map(() => 0);
  let offset = block.offset;
  for (let n = 0; n < out.length; n++) {
    out[n] = offset;
    for (let i = shape.length - 1; i >= 0; i--) {
      offset += stride[i] as number;
      position[i] = (position[i] as number) + 1;
      if ((position[i] as number) < (shape[i] as number)) break;
      offset -= (shape[i] as number) * (stride[i] as number);
      position[i] = 0;
    }
  }
  return out;
}

/** Visits every element, in the order that walks memory: `visit(line, position)`. */
function walk(lines: number, length: number, last: boolean, visit: Visit): void {
  if (last) {
    for (let n = 0; n < lines; n++) for (let i = 0; i < length; i++) visit(n, i);
  } else for (let i = 0; i < length; i++) for (let n = 0; n < lines; n++) visit(n, i);
}
type Visit = (line: number, position: number) => void;

const along = (block: BuiltInBlock, axis: number): number => block.stride[axis] as number;
const isLast = (block: BuiltInBlock, axis: number): boolean => axis === block.shape.length - 1;

/** `[x] -> [totals]`: one element per line, in the dtype of the states. */
export const scanTotals: BuiltIn = (inputs, outputs, params) => {
  const { monoid, axis, state } = params as ScanParams;
  const [x] = inputs as [BuiltInBlock];
  const [totals] = outputs as [BuiltInBlock];
  const from = lineOffsets(x, axis);
  const states = statesOf(monoid, from.length, x.dtype, state, totals.dtype);
  const step = along(x, axis);
  const length = x.shape[axis] as number;
  walk(from.length, length, isLast(x, axis), (n, i) => {
    if (i === 0) states.set(n, x.data, from[n] as number);
    else states.enter(n, x.data, (from[n] as number) + i * step);
  });
  const to = lineOffsets(totals, axis);
  for (let n = 0; n < to.length; n++) states.store(n, undefined, totals.data, to[n] as number);
};

/** `[totals] -> [carries]`: entry k is what entries 0 to k - 1 give together; entry 0 is never looked at. */
export const scanCarries: BuiltIn = (inputs, outputs, params) => {
  const { monoid, axis, state } = params as ScanParams;
  const [totals] = inputs as [BuiltInBlock];
  const [carries] = outputs as [BuiltInBlock];
  const from = lineOffsets(totals, axis);
  const to = lineOffsets(carries, axis);
  const states = statesOf(monoid, from.length, totals.dtype, state, carries.dtype);
  const step = along(totals, axis);
  const outStep = along(carries, axis);
  const length = totals.shape[axis] as number;
  walk(from.length, length, isLast(totals, axis), (n, i) => {
    const at = (to[n] as number) + i * outStep;
    if (i > 0) states.store(n, undefined, carries.data, at);
    if (i === 0) states.set(n, totals.data, from[n] as number);
    else states.enter(n, totals.data, (from[n] as number) + i * step);
  });
};

/** `[x, carries] -> [prefixes]`; the first leaf of the axis takes no carry, nor does a call without carries. */
export const scanBlocks: BuiltIn = (inputs, outputs, params) => {
  const { monoid, axis, state } = params as ScanParams;
  const [x, carries] = inputs as [BuiltInBlock, BuiltInBlock | undefined];
  const [out] = outputs as [BuiltInBlock];
  const from = lineOffsets(x, axis);
  const to = lineOffsets(out, axis);
  const states = statesOf(monoid, from.length, x.dtype, state, out.dtype);
  let before: States | undefined;
  if (carries !== undefined && x.lo[axis] !== 0) {
    const carried = lineOffsets(carries, axis);
    before = statesOf(monoid, from.length, carries.dtype, state, out.dtype);
    for (let n = 0; n < carried.length; n++) before.set(n, carries.data, carried[n] as number);
  }
  const step = along(x, axis);
  const outStep = along(out, axis);
  walk(from.length, x.shape[axis] as number, isLast(x, axis), (n, i) => {
    if (i === 0) states.set(n, x.data, from[n] as number);
    else states.enter(n, x.data, (from[n] as number) + i * step);
    states.store(n, before, out.data, (to[n] as number) + i * outStep);
  });
};
