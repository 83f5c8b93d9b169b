/**
 * Arrays that were computed and stay: a source over shared memory, in the blocks of the array. There they lie in the
 * arena of the threads, so that later expressions compute on them in place; without room in it, beside it.
 */

import { SourceError } from "../errors.js";
import { arrayBinding, oncePerShape } from "../io/sources/array.js";
import type {
  RegionReader,
  SharedRegion,
  SourceBinding,
  SourceDescription,
} from "../ir/binding.js";
import { sourceNode } from "../ir/build.js";
import { type DType, viewOf } from "../ir/dtype.js";
import { advertisedGrid } from "../ir/grid.js";
import { elementCount } from "../ir/index-map.js";
import { dtypeOf, knownShape, type Node } from "../ir/node.js";
import { type LazyArray, nodeOf, PersistedArray } from "./array.js";
import { RUN_CHECKS, type RunOptions, withDefaults } from "./config.js";
import { displays } from "./engine.js";
import { withTimeline } from "./nd-array.js";
import { readOptions } from "./options.js";
import { computeToStay, type Staying } from "./run.js";
import { settle } from "./settle.js";

/**
 * Computes an array and keeps it in memory that all threads share, as the source of later expressions; its shape,
 * dtype and blocks stay. The array must fit `memory`; afterwards it lies outside the budget until `dispose()`.
 *
 * @example
 * const daily = await persist(hourly.reshape([-1, 24, 90]).mean({ axis: 1 }));
 * const [low, high] = await compute([daily.min(), daily.max()]);
 * daily.dispose();
 */
export async function persist<D extends DType>(
  x: LazyArray<D>,
  options?: RunOptions,
): Promise<PersistedArray<D>> {
  nodeOf("persist", x);
  const [kept] = await persistAll([x], options);
  return kept as PersistedArray<D>;
}

/** As {@link persist}, for several arrays in one plan. */
export async function persistAll(
  arrays: readonly LazyArray[],
  options?: RunOptions,
): Promise<readonly PersistedArray[]> {
  const checked = withDefaults(readOptions<RunOptions>("persist", options, RUN_CHECKS));
  const { nodes, use } = await settle(
    arrays.map((x) => x.node),
    checked,
    computeToStay,
  );
  const kept = await use(computeToStay);
  return kept.map((result, i) => {
    const { binding, release } = releasable(nodes[i] as Node, result);
    return withTimeline(new PersistedArray(sourceNode(binding), release), result.trace);
  });
}

/** The binding that `alive` gives out, or what it throws, whenever its data is asked for. */
function guarded(alive: () => SourceBinding, name: string): SourceBinding {
  const { description: _d, reader: _r, region: _g, reshaped: _s, ...fixed } = alive();
  return Object.freeze({
    ...fixed,
    name,
    get description(): SourceDescription | undefined {
      return alive().description;
    },
    get reader(): RegionReader {
      return alive().reader;
    },
    get region(): SharedRegion | undefined {
      return alive().region;
    },
    reshaped: oncePerShape((shape, chunks) => {
      const other = (): SourceBinding => alive().reshaped?.(shape, chunks) as SourceBinding;
      return guarded(other, name);
    }),
  });
}

/** A binding that lets go of its data on demand, although expressions still hold the binding. */
function releasable(
  node: Node,
  { buffer, byteOffset, region, dispose }: Staying,
): { readonly binding: SourceBinding; readonly release: () => void } {
  const shape = knownShape(node);
  const dtype = dtypeOf(node);
  const elements = viewOf(dtype, buffer, byteOffset, elementCount(shape));
  const grid = advertisedGrid(node);
  let held: SourceBinding | undefined = arrayBinding(elements, shape, dtype, grid, region);
  const name = `persisted ${displays().stepName(node)}`;
  const alive = (): SourceBinding => {
    if (held !== undefined) return held;
    throw new SourceError(`${name} was disposed`, { hint: "persist it again" });
  };
  return {
    binding: guarded(alive, name),
    release: () => {
      if (held !== undefined) dispose();
      held = undefined;
    },
  };
}
