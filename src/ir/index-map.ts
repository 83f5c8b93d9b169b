/**
 * Index algebra, written once: affine maps between index spaces, boxes, and slices in canonical form
 * `(start, count, step)`.
 *
 * An {@link AffineMap} says for every axis of an array which index a position of some other space (the output of
 * a view, the loop space of a stage) reads: `start + step * position[axis]`, or the constant `start` where
 * `axis` is -1. Slices of any step, flips, transposes, squeezes, new axes and broadcasts are all of this form
 * and compose into this form.
 */

export interface AxisMap {
  /** Axis of the space that is mapped from; -1 for none. */
  readonly axis: number;
  readonly start: number;
  /** May be negative; 0 where `axis` is -1. */
  readonly step: number;
}
export type AffineMap = readonly AxisMap[];

/** A half-open box `[lo, hi)` on every axis. */
export interface Box {
  readonly lo: readonly number[];
  readonly hi: readonly number[];
}

export const fixedAxis = (start: number): AxisMap => ({ axis: -1, start, step: 0 });
export const identityMap = (rank: number): AffineMap =>
  Array.from({ length: rank }, (_, axis) => ({ axis, start: 0, step: 1 }));

export const isIdentity = (
  map: AffineMap,
  from: readonly number[],
  to: readonly number[],
): boolean =>
  from.length === to.length &&
  map.every(
    (m, i) =>
      from[i] === to[i] &&
      m.start === 0 &&
      // Along an axis of length 1 there is but one position to look at.
      (from[i] === 1 ? m.axis < 0 || m.axis === i : m.axis === i && m.step === 1),
  );

export const sameMap = (a: AffineMap, b: AffineMap): boolean =>
  a === b ||
  (a.length === b.length &&
    a.every((m, i) => {
      const n = b[i] as AxisMap;
      return m.axis === n.axis && m.start === n.start && m.step === n.step;
    }));

/** `inner` maps B -> A, `outer` maps C -> B; the result maps C -> A. Closed for every sign of step. */
export const composeMaps = (outer: AffineMap, inner: AffineMap): AffineMap =>
  inner.map((m) => {
    if (m.axis < 0) return m;
    const o = outer[m.axis] as AxisMap;
    const start = m.start + m.step * o.start;
    return o.axis < 0 ? fixedAxis(start) : { axis: o.axis, start, step: m.step * o.step };
  });

export const boxOfShape = (shape: readonly number[]): Box => ({
  lo: shape.map(() => 0),
  hi: shape,
});
export const boxShape = (box: Box): number[] => box.hi.map((h, i) => h - (box.lo[i] as number));
export const boxIsEmpty = (box: Box): boolean => box.hi.some((h, i) => h <= (box.lo[i] as number));
export const boxElements = (box: Box): number =>
  box.hi.reduce((n, h, i) => n * Math.max(0, h - (box.lo[i] as number)), 1);

/** The smallest box of the array that holds all that `box` of the mapping space reads. Empty stays empty. */
export function imageOfBox(map: AffineMap, box: Box): Box {
  const lo: number[] = [];
  const hi: number[] = [];
  const empty = boxIsEmpty(box);
  for (const m of map) {
    if (empty) {
      lo.push(0);
      hi.push(0);
      continue;
    }
    const first = m.axis < 0 ? m.start : m.start + m.step * (box.lo[m.axis] as number);
    const last = m.axis < 0 ? m.start : m.start + m.step * ((box.hi[m.axis] as number) - 1);
    lo.push(Math.min(first, last));
    hi.push(Math.max(first, last) + 1);
  }
  return { lo, hi };
}

export const hullOf = (a: Box, b: Box): Box =>
  boxIsEmpty(a)
    ? b
    : boxIsEmpty(b)
      ? a
      : {
          lo: a.lo.map((v, i) => Math.min(v, b.lo[i] as number)),
          hi: a.hi.map((v, i) => Math.max(v, b.hi[i] as number)),
        };

/** Row-major element strides of a shape. */
export function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let next = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = next;
    next *= Math.max(1, shape[i] as number);
  }
  return strides;
}

export const elementCount = (shape: readonly number[]): number => shape.reduce((n, s) => n * s, 1);

/** Row-major number of a position in a grid of `counts`. */
export function ravel(position: readonly number[], counts: readonly number[]): number {
  let n = 0;
  for (let i = 0; i < counts.length; i++) n = n * (counts[i] as number) + (position[i] as number);
  return n;
}

/** Inverse of {@link ravel}. */
export function unravel(n: number, counts: readonly number[]): number[] {
  const position = new Array<number>(counts.length);
  let rest = n;
  for (let i = counts.length - 1; i >= 0; i--) {
    const c = counts[i] as number;
    position[i] = rest % c;
    rest = Math.floor(rest / c);
  }
  return position;
}

/** A slice in canonical form: two slices that select the same positions are equal. Empty is `(0, 0, 1)`. */
export interface Slice {
  readonly start: number;
  readonly count: number;
  readonly step: number;
}

/**
 * NumPy's slice rules on an axis of `extent`: negative bounds count from the end, bounds beyond the end are
 * clamped, `null` is "from the beginning / to the end" in the direction of the step.
 */
export function canonicalSlice(
  start: number | null,
  stop: number | null,
  step: number,
  extent: number,
): Slice {
  const clamp = (v: number, low: number, high: number): number => Math.max(low, Math.min(high, v));
  const low = step > 0 ? 0 : -1;
  const high = step > 0 ? extent : extent - 1;
  const wrap = (v: number): number => clamp(v < 0 ? v + extent : v, low, high);
  const from = start === null ? (step > 0 ? low : high) : wrap(start);
  const to = stop === null ? (step > 0 ? high : low) : wrap(stop);
  const count = Math.max(0, Math.ceil((to - from) / step));
  if (count === 0) return { start: 0, count: 0, step: 1 };
  return { start: from, count, step: count === 1 ? 1 : step };
}
