/** Lookup: every element of the output block comes from where the indices say. */
import type { LookupAxis } from "../../ir/node.js";
import type { BuiltIn, BuiltInBlock } from "./block.js";
import { leadsOf, sharedStrides, walk, wordAt } from "./positions.js";
import { type Words, wordsOf } from "./words.js";

/** Runs of at least this many words are copied by `set`; below, its call costs more than a loop. */
const LONG_RUN = 32;

/** inputs: [x, ...indices]; x is whole along indexed axes. */
export const lookup: BuiltIn = (inputs, [output], params) => {
  const { axes } = params as { readonly axes: readonly LookupAxis[] };
  const x = inputs[0] as BuiltInBlock;
  const out = output as BuiltInBlock;
  const from = wordsOf(x);
  const to = wordsOf(out);
  const rank = out.shape.length;
  const shared = sharedStrides(axes, rank, from.stride);
  const fromStep = rank === 0 ? 0 : (shared[rank - 1] as number);
  const toStep = rank === 0 ? 0 : (to.stride[rank - 1] as number);
  const leads = leadsOf(axes, inputs, x, from, x.shape);
  walk(out.shape, leads, (count, position, offsets, same) => {
    const source = wordAt(from.offset, shared, position);
    const target = wordAt(to.offset, to.stride, position);
    if (same) copyRun(from, source + (offsets[0] as number), fromStep, to, target, toStep, count);
    else pick(from, source, fromStep, offsets, to, target, toStep, count);
  });
};

/** `count` elements at even steps. */
export function copyRun(
  from: Words,
  source: number,
  fromStep: number,
  to: Words,
  target: number,
  toStep: number,
  count: number,
): void {
  const { per } = from;
  const a = from.data;
  const b = to.data;
  if (fromStep === per && toStep === per && count * per >= LONG_RUN) {
    b.set(a.subarray(source, source + count * per), target);
    return;
  }
  for (let w = 0; w < per; w++) {
    let s = source + w;
    let t = target + w;
    for (let i = 0; i < count; i++, s += fromStep, t += toStep) b[t] = a[s] as number;
  }
}

function pick(
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
      b[t] = a[s + (offsets[i] as number)] as number;
    }
  }
}
