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

/**
 * Axes with more than one step, the widest spread of the `first` walkers outermost; where they do not tell, `then`
 * decides; stable.
 */
export function orderedAxes(
  extents: readonly number[],
  first: readonly Walker[],
  then: readonly Walker[],
  among: readonly number[] = extents.map((_, axis) => axis),
): number[] {
  return among
    .filter((axis) => extents[axis] !== 1)
    .map((axis) => ({ axis, major: spread(first, axis), minor: spread(then, axis) }))
    .sort((a, b) => b.major - a.major || b.minor - a.minor || a.axis - b.axis)
    .map(({ axis }) => axis);
}

/** A nest with its axes outermost first. */
export interface Nest {
  readonly extents: readonly number[];
  readonly walkers: readonly Walker[];
}

/** Steps of a tile along both its axes: two tiles of 8-byte elements fill the first-level cache. */
const TILE = 32;
/** Bytes of a cache line: longer steps use each line for one element only. */
const LINE = 64;
/** Tiles add two axes; nests that deep are not cut. */
const DEEPEST = 14;

/**
 * Cuts the nest into at most four of tiles when a walker crosses the innermost axis in long steps and another axis
 * in short ones, so that the cache lines it touches are used whole before they are gone.
 */
export function tiled(nest: Nest): readonly Nest[] {
  const { extents, walkers } = nest;
  const inner = extents.length - 1;
  if (inner < 1 || inner >= DEEPEST || (extents[inner] as number) < TILE) return [nest];
  const step = (w: Walker, axis: number): number => Math.abs(w.strides[axis] as number);
  const other = extents.findIndex(
    (n, axis) =>
      axis !== inner &&
      n >= LINE / 8 &&
      walkers.some(
        (w) => !w.wide && step(w, inner) >= LINE && step(w, axis) > 0 && step(w, axis) < LINE,
      ),
  );
  if (other < 0) return [nest];
  return cutAxis(nest, other)
    .flatMap((part) => cutAxis(part, inner))
    .map((part) => {
      const axes = part.extents.map((_, axis) => axis);
      const [tilesOther, tilesInner] = [axes.length - 2, axes.length - 1];
      const rest = axes.filter((axis) => axis !== other && axis !== inner && axis < tilesOther);
      const order = [...rest, tilesOther, tilesInner, other, inner];
      return {
        extents: order.map((axis) => part.extents[axis] as number),
        walkers: part.walkers.map((w) => onAxes(w, order)),
      };
    });
}

/** Adds an axis of whole tiles along `axis`, which becomes one tile long; what is left over is a nest of its own. */
function cutAxis({ extents, walkers }: Nest, axis: number): Nest[] {
  const n = extents[axis] as number;
  const part = (start: number, length: number, tiles: number): Nest => ({
    extents: [...extents.map((e, k) => (k === axis ? length : e)), tiles],
    walkers: walkers.map((w) => {
      const stride = w.strides[axis] as number;
      return { ...w, base: w.base + start * stride, strides: [...w.strides, length * stride] };
    }),
  });
  const tiles = Math.floor(n / TILE);
  const rest = n - tiles * TILE;
  const whole = tiles > 0 ? [part(0, TILE, tiles)] : [];
  return rest > 0 ? [...whole, part(n - rest, rest, 1)] : whole;
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
export function flipAxis(
  extents: readonly number[],
  walkers: readonly Walker[],
  axis: number,
): void {
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
