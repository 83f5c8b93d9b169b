/** Boolean selection within a block: counting, and moving what is selected together. */
import { InternalError } from "../../errors.js";
import { itemSize, type TypedArray } from "../../ir/dtype.js";
import type { BuiltIn, BuiltInBlock } from "./block.js";

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

type Words = Uint8Array | Uint16Array | Uint32Array;

/** Elements as words of at most 32 bits: every bit is kept, and no bigints are made. */
export function wordsOf(
  data: TypedArray,
  item: number,
): { readonly words: Words; readonly per: number } {
  const { buffer, byteOffset, byteLength } = data;
  if (item === 1) return { words: new Uint8Array(buffer, byteOffset, byteLength), per: 1 };
  if (item === 2) return { words: new Uint16Array(buffer, byteOffset, byteLength / 2), per: 1 };
  return { words: new Uint32Array(buffer, byteOffset, byteLength / 4), per: item / 4 };
}

/** `[x, mask] -> [selected]`: along `axis`, where the 1-d mask is true. */
export const compress: BuiltIn = (inputs, outputs, params) => {
  const { axis } = params as { readonly axis: number };
  const [x, mask] = inputs as [BuiltInBlock, BuiltInBlock];
  const [out] = outputs as [BuiltInBlock];
  const item = itemSize(x.dtype);
  const from = wordsOf(x.data, item);
  const to = wordsOf(out.data, item);
  const chosen = positionsOf(mask);
  if (chosen.length !== out.shape[axis]) {
    throw new InternalError(
      `a mask selects ${chosen.length} elements of a block where ${out.shape[axis]} were counted`,
    );
  }
  const { per } = from;
  const step = (x.stride[axis] as number) * per;
  const outStep = (out.stride[axis] as number) * per;
  const last = axis === x.shape.length - 1;
  // Rows of the last axis are moved together; where that is the axis of the mask, element by element.
  const row = last ? 1 : (x.shape.at(-1) as number);
  const rowStep = last ? 0 : (x.stride.at(-1) as number) * per;
  const outRowStep = last ? 0 : (out.stride.at(-1) as number) * per;
  eachLine(x, out, axis, last, per, (source, target) => {
    for (let k = 0; k < chosen.length; k++) {
      let a = source + (chosen[k] as number) * step;
      let b = target + k * outStep;
      for (let i = 0; i < row; i++, a += rowStep, b += outRowStep) {
        for (let w = 0; w < per; w++) to.words[b + w] = from.words[a + w] as number;
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

/** Visits the lines along `axis`: every position of the other axes but the last, which is part of the line. */
function eachLine(
  x: BuiltInBlock,
  out: BuiltInBlock,
  axis: number,
  last: boolean,
  per: number,
  visit: (source: number, target: number) => void,
): void {
  const ndim = x.shape.length;
  const axes = x.shape.map((_, i) => i).filter((i) => i !== axis && (last || i !== ndim - 1));
  const position = axes.map(() => 0);
  const lines = axes.reduce((n, a) => n * (x.shape[a] as number), 1);
  let source = x.offset * per;
  let target = out.offset * per;
  for (let n = 0; n < lines; n++) {
    visit(source, target);
    for (let k = axes.length - 1; k >= 0; k--) {
      const a = axes[k] as number;
      source += (x.stride[a] as number) * per;
      target += (out.stride[a] as number) * per;
      position[k] = (position[k] as number) + 1;
      if ((position[k] as number) < (x.shape[a] as number)) break;
      source -= (x.shape[a] as number) * (x.stride[a] as number) * per;
      target -= (x.shape[a] as number) * (out.stride[a] as number) * per;
      position[k] = 0;
    }
  }
}
