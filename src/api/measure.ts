/** `measure`: the lengths of boolean selections, for what has to know them before it can be built. */
import type { DType } from "../ir/dtype.js";
import type { Node } from "../ir/node.js";
import { LazyArray, nodeOf } from "./array.js";
import { ASIDE_CHECKS, type RunOptions, withDefaults } from "./config.js";
import { readOptions } from "./options.js";
import { computeToStay } from "./run.js";
import { settle } from "./settle.js";

/**
 * The same array with lengths that are known: for a boolean selection the mask is computed and counted, for any other
 * array nothing is done. What needs a length (slices along the selection, reshape, concat, block functions) can be
 * built on the answer.
 *
 * @example
 * const warm = await measure(x.at(x.greater(0)));
 * warm.shape; // [1234]
 */
export async function measure<D extends DType>(
  x: LazyArray<D>,
  options?: RunOptions,
): Promise<LazyArray<D>> {
  const checked = withDefaults(readOptions<RunOptions>("measure", options, ASIDE_CHECKS));
  const { nodes } = await settle([nodeOf("measure", x)], checked, computeToStay, {
    keep: false,
    traced: true,
  });
  return new LazyArray<D>(nodes[0] as Node);
}
