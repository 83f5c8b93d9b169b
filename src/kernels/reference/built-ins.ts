/** What built-in block functions compute, by definition. Those that a plan alone is made of are not called by name. */
import { InternalError, ShapeError } from "../../errors.js";
import { allocate, dataOf, positions, setElement } from "./arrays.js";
import type { Block } from "./call.js";

type Definition = (blocks: readonly Block[], params: unknown) => unknown;

const DEFINITIONS: Readonly<Record<string, Definition>> = {
  /** How many elements of a mask are true, as the only element of a block. */
  countTrue: ([mask]) => {
    const { shape, get } = mask as Block;
    let count = 0;
    for (const position of positions(shape)) if (get(...position) !== 0) count++;
    const out = allocate("int64", [1]);
    setElement(out, [0], BigInt(count));
    return dataOf(out);
  },
  /** The first block; a reduction of no elements (the second block is their number) has no value. */
  required: ([value, count], params) => {
    if ((count as Block).get() === 0) {
      const { fn } = params as { readonly fn: string };
      throw new ShapeError(`${fn}: no value for an axis of length 0`, {
        hint: "the boolean selection is empty",
      });
    }
    return (value as Block).data;
  },
};

export function builtInBlock(name: string, blocks: readonly Block[], params: unknown): unknown {
  const definition = Object.hasOwn(DEFINITIONS, name) ? DEFINITIONS[name] : undefined;
  if (definition === undefined) {
    throw new InternalError(`${name} is computed from its own node, not by its blocks`);
  }
  return definition(blocks, params);
}
