/** Boolean selection within a block: counting, and moving what is selected together. */
import { InternalError } from "../../errors.js";
import type { BuiltIn, BuiltInBlock } from "./block.js";
import { type Words, wordsOf } from "./words.js";

/** `[mask] -> [count]`, both 1-d. */
export const countTrue: BuiltIn = (inputs, outputs) => {
  const [mask] = inputs as [BuiltInBlock];
  const [out] = outputs as [BuiltInBlock];
  const step = mask.stride[0] as number;
  let count = 0;
  for (let i = 0, at = mask.offset; i < (mask.shape[0] as number); i++, at += step) {
    if (mask.data[at] !== 0) count++;
  }
  (out.data as BigInt64Array)[out.offset] = BigInt(count);
};

/** `[x, mask] -> [selected]`: along `axis`, where the 1-d mask is true. */
export const compress: BuiltIn = (inputs, outputs, params) => {
  const { axis } = params as { readonly axis: number };
  const [x, mask] = inputs as [BuiltInBlock, BuiltInBlock];
  const [out] = outputs as [BuiltInBlock];
  const from = wordsOf(x);
  const to = wordsOf(out);
  const chosen = positionsOf(mask);
  if (chosen.length !== out.shape[axis]) {
    throw new InternalError(
      `a mask selects ${chosen.length} elements of a block where ${out.shape[axis]} were counted`,
    );
  }
  const { per } = from;
  const step = from.stride[axis] as number;
  const outStep = to.stride[axis] as number;
  const last = axis === x.shape.length - 1;
  // Rows of the last axis are moved together; where that is the axis of the mask, element by element.
  const row = last ? 1 : (x.shape.at(-1) as number);
  const rowStep = last ? 0 : (from.stride.at(-1) as number);
  const outRowStep = last ? 0 : (to.stride.at(-1) as number);
  const outer = x.shape
    .map((_, i) => i)
    .filter((i) => i !== axis && (last || i < x.shape.length - 1));
  eachLine(x.shape, outer, from, to, (source, target) => {
    for (let k = 0; k < chosen.length; k++) {
      let a = source + (chosen[k] as number) * step;
      let b = target + k * outStep;
      for (let i = 0; i < row; i++, a += rowStep, b += outRowStep) {
        for (let w = 0; w < per; w++) to.data[b + w] = from.data[a + w] as number;
      }
    }
  });
};

function positionsOf(mask: BuiltInBlock): Int32Array {
  const length = mask.shape[0] as number;
  const step = mask.stride[0] as number;
  const out = new Int32Array(length);
  let n = 0;
  for (let i = 0, at = mask.offset; i < length; i++, at += step) {
    if (mask.data[at] !== 0) out[n++] = i;
  }
  return out.subarray(0, n);
}

/** Visits every position of `axes`: the word where it is in `from`, and where in `to`. */
function eachLine(
  shape: readonly number[],
  axes: readonly number[],
  from: Words,
  to: Words,
  visit: (source: number, target: number) => void,
): void {
  const position = axes.map(() => 0);
  const lines = axes.reduce((n, a) => n * (shape[a] as number), 1);
  let source = from.offset;
  let target = to.offset;
  for (let n = 0; n < lines; n++) {
    visit(source, target);
    for (let k = axes.length - 1; k >= 0; k--) {
      const a = axes[k] as number;
      const extent = shape[a] as number;
      source += from.stride[a] as number;
      target += to.stride[a] as number;
      position[k] = (position[k] as number) + 1;
      if ((position[k] as number) < extent) break;
      source -= extent * (from.stride[a] as number);
      target -= extent * (to.stride[a] as number);
      position[k] = 0;
    }
  }
}
