/**
 * What lookup and scatter have in common: a walk over positions in row-major order, a strip of the last axis at a
 * time, and where each of them leads.
 */
import { IndexError } from "../../errors.js";
import type { LookupAxis } from "../../ir/node.js";
import type { BuiltInBlock } from "./block.js";
import { type Words, wordsOf } from "./words.js";

/** Where along one axis of the target an index leads: value `v` to word `(v - lo) * step`. */
export interface Lead {
  readonly index: Words;
  /** Words of the target from one position of the axis to the next. */
  readonly step: number;
  /** Length of the whole axis; positions beyond are an error. */
  readonly extent: number;
  /** Positions [lo, hi) of the axis lie in the target; writes to the others are not ours. */
  readonly lo: number;
  readonly hi: number;
  /** The axis as the user knows it. */
  readonly named: number;
}

/** Stride of a block along an axis of the positions: 0 where it is stretched. */
const along = (block: BuiltInBlock, stride: readonly number[], axis: number): number =>
  block.shape[axis] === 1 ? 0 : (stride[axis] as number);

/** How the indices lead into `target`, whose axes have the whole lengths `extents`. */
export function leadsOf(
  axes: readonly LookupAxis[],
  inputs: readonly BuiltInBlock[],
  target: BuiltInBlock,
  words: Words,
  extents: readonly number[],
): Lead[] {
  return axes.flatMap((a, i): Lead[] => {
    if (a.from === "axis") return [];
    const block = inputs[a.input] as BuiltInBlock;
    const own = wordsOf(block);
    const index = { ...own, stride: block.shape.map((_, axis) => along(block, own.stride, axis)) };
    const lo = target.lo[i] as number;
    return [
      {
        index,
        step: words.stride[i] as number,
        extent: extents[i] as number,
        lo,
        hi: lo + (target.shape[i] as number),
        named: a.named,
      },
    ];
  });
}

/** Words of the target from one position to the next along each axis of the positions, by the axes that it shares. */
export function sharedStrides(
  axes: readonly LookupAxis[],
  rank: number,
  stride: readonly number[],
): number[] {
  const out = new Array<number>(rank).fill(0);
  axes.forEach((a, i) => {
    if (a.from === "axis") out[a.axis] = (out[a.axis] as number) + (stride[i] as number);
  });
  return out;
}

/** Positions handled at once: their offsets stay in the first-level cache. */
const STRIP = 1024;
const offsets = new Float64Array(STRIP);
/** Added to the offset of a position that does not lie in the target: no sum with it can be an offset. */
const OUTSIDE = -(2 ** 52);

/**
 * Calls `visit` for every strip of the last axis: how many positions it has, their first position along every axis,
 * and the offsets in words that the indices lead to (negative: outside of the target). If no index changes along the
 * strip, all offsets are the first one and `same` is true.
 */
export function walk(
  shape: readonly number[],
  leads: readonly Lead[],
  visit: (count: number, position: readonly number[], offsets: Float64Array, same: boolean) => void,
): void {
  if (shape.includes(0)) return;
  const last = shape.length - 1;
  const length = last < 0 ? 1 : (shape[last] as number);
  const same = last < 0 || leads.every((l) => l.index.stride[last] === 0);
  const strip = same ? length : STRIP;
  const position = shape.map(() => 0);
  for (;;) {
    for (let start = 0; start < length; start += strip) {
      const count = Math.min(strip, length - start);
      if (last >= 0) position[last] = start;
      follow(leads, position, same ? 1 : count);
      visit(count, position, offsets, same);
    }
    if (last >= 0) position[last] = 0;
    let axis = last - 1;
    for (; axis >= 0; axis--) {
      const next = (position[axis] as number) + 1;
      position[axis] = next < (shape[axis] as number) ? next : 0;
      if (next < (shape[axis] as number)) break;
    }
    if (axis < 0) return;
  }
}

/** Fills the first `count` offsets. */
function follow(leads: readonly Lead[], position: readonly number[], count: number): void {
  offsets.fill(0, 0, count);
  for (const lead of leads) {
    const { data, stride, offset } = lead.index;
    const { step, extent, lo, hi } = lead;
    let at = offset;
    for (let axis = 0; axis < position.length; axis++) {
      at += (position[axis] as number) * (stride[axis] as number);
    }
    const next = position.length === 0 ? 0 : (stride[position.length - 1] as number);
    for (let i = 0; i < count; i++, at += next) {
      // A 64-bit integer is its low word and, signed, its high word.
      const value = ((data[at + 1] as number) | 0) * 4294967296 + (data[at] as number);
      if (!(value >= 0 && value < extent)) throw outOfBounds(value, lead);
      offsets[i] =
        (offsets[i] as number) + (value >= lo && value < hi ? (value - lo) * step : OUTSIDE);
    }
  }
}

/** Negative positions were wrapped once: what is negative still was below `-extent`. */
export function outOfBounds(
  value: number,
  { extent, named }: Pick<Lead, "extent" | "named">,
): IndexError {
  const given = value < 0 ? value - extent : value;
  return new IndexError(`index ${given} is out of bounds for axis ${named} of length ${extent}`, {
    hint: extent === 0 ? "the axis is empty" : `allowed are ${-extent} to ${extent - 1}`,
  });
}

/** The word at which the elements of a position begin, as far as shared axes say. */
export function wordAt(
  offset: number,
  stride: readonly number[],
  position: readonly number[],
): number {
  let at = offset;
  for (let axis = 0; axis < position.length; axis++) {
    at += (position[axis] as number) * (stride[axis] as number);
  }
  return at;
}
