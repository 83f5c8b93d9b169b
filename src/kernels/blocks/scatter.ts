/** Scatter: the block of x, over which the values are written that belong into it; the last write wins. */
import type { LookupAxis } from "../../ir/node.js";
import type { BuiltIn, BuiltInBlock } from "./block.js";
import { copyRun } from "./lookup.js";
import { leadsOf, sharedStrides, walk, wordAt } from "./positions.js";
import { type Words, wordsOf } from "./words.js";

/** inputs: [x, value, ...indices]; value and indices are whole along the axes that x does not share. */
export const scatter: BuiltIn = (inputs, [output], params) => {
  const { axes, extents } = params as {
    readonly axes: readonly LookupAxis[];
    readonly extents: readonly number[];
  };
  const [x, value] = inputs as [BuiltInBlock, BuiltInBlock];
  const out = output as BuiltInBlock;
  const from = wordsOf(value);
  const to = wordsOf(out);
  copyBlock(x, out);
  const rank = value.shape.length;
  const shared = sharedStrides(axes, rank, to.stride);
  const fromStep = rank === 0 ? 0 : (from.stride[rank - 1] as number);
  const toStep = rank === 0 ? 0 : (shared[rank - 1] as number);
  const leads = leadsOf(axes, inputs, out, to, extents);
  walk(value.shape, leads, (count, position, offsets, same) => {
    const source = wordAt(from.offset, from.stride, position);
    const target = wordAt(to.offset, shared, position);
    if (!same) write(from, source, fromStep, offsets, to, target, toStep, count);
    else if ((offsets[0] as number) >= 0) {
      copyRun(from, source, fromStep, to, target + (offsets[0] as number), toStep, count);
    }
  });
};

export function copyBlock(x: BuiltInBlock, out: BuiltInBlock): void {
  const from = wordsOf(x);
  const to = wordsOf(out);
  const last = out.shape.length - 1;
  const step = (words: Words): number => (last < 0 ? 0 : (words.stride[last] as number));
  walk(out.shape, [], (count, position) => {
    const source = wordAt(from.offset, from.stride, position);
    copyRun(from, source, step(from), to, wordAt(to.offset, to.stride, position), step(to), count);
  });
}

function write(
  from: Words,
  source: number,
  fromStep: number,
  offsets: Float64Array,
  to: Words,
  target: number,
  toStep: number,
  count: number,
): void {
  const a = from.data;
  const b = to.data;
  for (let w = 0; w < from.per; w++) {
    let s = source + w;
    let t = target + w;
    for (let i = 0; i < count; i++, s += fromStep, t += toStep) {
      const offset = offsets[i] as number;
      if (offset >= 0) b[t + offset] = a[s] as number;
    }
  }
}
