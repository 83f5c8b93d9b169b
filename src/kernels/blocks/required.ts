/** `[value, count] -> [value]`: a reduction that has no value for no elements. */
import { ShapeError } from "../../errors.js";
import type { BuiltIn, BuiltInBlock } from "./block.js";
import { copyBlock } from "./scatter.js";

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
