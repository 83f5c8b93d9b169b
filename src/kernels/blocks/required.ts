/** `[value, count] -> [value]`: a reduction that has no value for no elements. */
import { ShapeError } from "../../errors.js";
import { itemSize } from "../../ir/dtype.js";
import type { BuiltIn, BuiltInBlock } from "./block.js";
import { wordsOf } from "./compress.js";

export const required: BuiltIn = (inputs, outputs, params) => {
  const [value, count] = inputs as [BuiltInBlock, BuiltInBlock];
  const [out] = outputs as [BuiltInBlock];
  if (count.data[count.offset] === 0) {
    const { fn } = params as { readonly fn: string };
    throw new ShapeError(`${fn}: no value for an axis of length 0`, {
      hint: "the boolean selection is empty",
    });
  }
  copyBlock(value, out);
};

/** Copies a block into a row-major one. */
function copyBlock(from: BuiltInBlock, to: BuiltInBlock): void {
  const item = itemSize(from.dtype);
  const source = wordsOf(from.data, item);
  const target = wordsOf(to.data, item);
  const { per } = source;
  const position = from.shape.map(() => 0);
  const count = from.shape.reduce((n, s) => n * s, 1);
  let at = from.offset;
  for (let n = 0; n < count; n++) {
    for (let w = 0; w < per; w++) {
      target.words[(to.offset + n) * per + w] = source.words[at * per + w] as number;
    }
    for (let i = from.shape.length - 1; i >= 0; i--) {
      at += from.stride[i] as number;
      position[i] = (position[i] as number) + 1;
      if ((position[i] as number) < (from.shape[i] as number)) break;
      at -= (from.shape[i] as number) * (from.stride[i] as number);
      position[i] = 0;
    }
  }
}
