/**
 * Loop nests as plain arithmetic: extents, and walkers that move along them with one stride per axis. A walker is
 * the address of an operand, or a number that is computed from the loop counters (a global index).
 *
 * Nests are simplified before they are run: axes of one step vanish, axes that every walker crosses as if they
 * were one become one, and order is chosen where it is free.
 */

export interface Walker {
  /** Value at loop position 0: a byte address, or a number. */
  base: number;
  /** What one step along each axis adds. */
  strides: number[];
  /** Numbers are 64 bits wide and count for nothing when axes are ordered. */
  readonly wide: boolean;
}

export const walker = (base: number, strides: readonly number[], wide = false): Walker => ({
  base,
  strides: [...strides],
  wide,
});

/** The same walker over other axes. */
export const onAxes = (w: Walker, axes: readonly number[]): Walker => ({
  base: w.base,
  strides: axes.map((axis) => w.strides[axis] as number),
  wide: w.wide,
});

/** How far apart neighbours along an axis lie, over all places: small is good for the innermost loop. */
export function spread(walkers: readonly Walker[], axis: number): number {
  let sum = 0;
  for (const w of walkers) if (!w.wide) sum += Math.abs(w.strides[axis] as number);
  return sum;
}

/** Axes with more than one step, the widest spread outermost; stable. */
export function orderedAxes(
  extents: readonly number[],
  walkers: readonly Walker[],
  among: readonly number[],
): number[] {
  return among
    .filter((axis) => extents[axis] !== 1)
    .map((axis) => ({ axis, spread: spread(walkers, axis) }))
    .sort((a, b) => b.spread - a.spread || a.axis - b.axis)
    .map(({ axis }) => axis);
}

/** Whether `outer` continues where `inner` ends, for every walker. */
export function mergeable(
  extents: readonly number[],
  walkers: readonly Walker[],
  outer: number,
  inner: number,
): boolean {
  const n = extents[inner] as number;
  return walkers.every((w) => w.strides[outer] === (w.strides[inner] as number) * n);
}

/** Merges neighbours of `axes` (outermost first), multiplying `extents` in place; answers with what is left. */
export function mergeAxes(
  extents: number[],
  walkers: readonly Walker[],
  axes: readonly number[],
): number[] {
  const kept: number[] = [];
  for (const axis of axes) {
    const outer = kept.at(-1);
    if (outer !== undefined && mergeable(extents, walkers, outer, axis)) {
      extents[axis] = (extents[axis] as number) * (extents[outer] as number);
      kept.pop();
    }
    kept.push(axis);
  }
  return kept;
}

/** Runs an axis backwards: the same positions, in the other order. */
export function flipAxis(extents: readonly number[], walkers: readonly Walker[], axis: number): void {
  const last = (extents[axis] as number) - 1;
  for (const w of walkers) {
    const stride = w.strides[axis] as number;
    w.base += last * stride;
    w.strides[axis] = -stride;
  }
}

/**
 * What a walker adds when each of `axes` (innermost first) makes a step and the ones inside it start again.
 * `body` is what it has moved when the loop body is done.
 */
export function carries(
  extents: readonly number[],
  w: Walker,
  axes: readonly number[],
  body: number,
): number[] {
  let moved = body;
  return axes.map((axis) => {
    const stride = w.strides[axis] as number;
    const carry = stride - moved;
    moved += ((extents[axis] as number) - 1) * stride;
    return carry;
  });
}
