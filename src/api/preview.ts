/** `preview()`: the first and last few elements of every axis as text; only the corners are computed. */
import { type Cuts, cutsCount } from "../ir/cuts.js";
import type { DType } from "../ir/dtype.js";
import { advertisedGrid } from "../ir/grid.js";
import { elementCount, ravel, unravel } from "../ir/index-map.js";
import { dtypeOf, knownShape } from "../ir/node.js";
import { at, slice } from "../ops/index.js";
import { type LazyArray, nodeOf, wrap } from "./array.js";
import { RUN_CHECKS, type RunOptions, withDefaults } from "./config.js";
import { displays } from "./engine.js";
import { isCount, isTrace, readOptions } from "./options.js";
import { compute } from "./run.js";

export interface PreviewOptions extends RunOptions {
  /** Elements shown at either end of an axis; default 3. */
  readonly edge?: number | undefined;
}

/** A stretch of an axis that is shown: where it lies in the array, and in the excerpt. */
interface Stretch {
  readonly start: number;
  readonly count: number;
  readonly to: number;
}

/**
 * The first and last `edge` elements (default 3) along every axis as text, as NumPy prints a large array. Only these
 * corners are computed, each by itself, so that no more than their chunks is read. Floats are shown to six digits.
 *
 * Rejects as `compute` does.
 *
 * @example
 * console.log(await preview(x));
 * // float64 1,000 x 4
 * // [[  0    1    2    3]
 * //  ...
 */
export async function preview<D extends DType>(
  x: LazyArray<D>,
  options?: PreviewOptions,
): Promise<string> {
  const node = nodeOf("preview", x);
  const checks = { ...RUN_CHECKS, trace: isTrace("function"), edge: isCount };
  const { edge = 3, ...run } = withDefaults(
    readOptions<PreviewOptions>("preview", options, checks),
  );
  const shape = knownShape(node);
  const stretches = shape.map((n): readonly Stretch[] =>
    n <= 2 * edge
      ? [{ start: 0, count: n, to: 0 }]
      : [
          { start: 0, count: edge, to: 0 },
          { start: n - edge, count: edge, to: edge },
        ],
  );
  const shown = shape.map((n) => Math.min(n, 2 * edge));
  const elements = new Array<unknown>(elementCount(shown));
  for (const corners of groups(stretches, advertisedGrid(node))) {
    const parts = corners.map((corner) =>
      wrap(
        at(
          node,
          corner.map((s) => slice(s.start, s.start + s.count)),
        ),
      ),
    );
    const results = await compute(parts, run);
    results.forEach((part, i) => {
      const corner = corners[i] as readonly Stretch[];
      for (let n = 0; n < part.size; n++) {
        const position = unravel(n, part.shape);
        const to = position.map((p, axis) => p + (corner[axis] as Stretch).to);
        elements[ravel(to, shown)] = part.get(...position);
      }
    });
  }
  return displays().excerptText({ dtype: dtypeOf(node), shape, shown, elements });
}

/** All corners; those in the same blocks are computed together, the others alone, since a plan would join them. */
function groups(
  stretches: readonly (readonly Stretch[])[],
  grid: readonly Cuts[],
): readonly (readonly (readonly Stretch[])[])[] {
  const counts = stretches.map((s) => s.length);
  const found = new Map<string, (readonly Stretch[])[]>();
  for (let n = 0; n < elementCount(counts); n++) {
    const which = unravel(n, counts);
    const key = which.map((w, axis) => (cutsCount(grid[axis] as Cuts) > 1 ? w : 0)).join();
    const corner = which.map((w, axis) => stretches[axis]?.[w] as Stretch);
    found.set(key, [...(found.get(key) ?? []), corner]);
  }
  return [...found.values()];
}
