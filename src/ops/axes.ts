/** Checks of axes, lengths and shapes, shared by all sections. */
import { ShapeError } from "../errors.js";
import { countText, shapeText, valueText } from "./words.js";

/** One axis of an array of rank `ndim`; negative axes count from the end. */
export function normalAxis(fn: string, axis: unknown, ndim: number, what = "axis"): number {
  const n = typeof axis === "bigint" ? Number(axis) : axis;
  if (typeof n !== "number" || !Number.isInteger(n)) {
    throw new ShapeError(`${fn}: ${what} must be an integer, got ${valueText(axis)}`);
  }
  if (n < -ndim || n >= ndim) {
    throw new ShapeError(
      `${fn}: ${what} ${n} does not exist`,
      ndim === 0
        ? { hint: "the array has no axes" }
        : { hint: `the array has ${countText(ndim, "axis", "axes")}: ${-ndim} to ${ndim - 1}` },
    );
  }
  return n < 0 ? n + ndim : n;
}

/** Several axes, ascending and different; `null` or `undefined` is all of them. */
export function normalAxes(fn: string, axis: unknown, ndim: number): number[] {
  if (axis === null || axis === undefined) return Array.from({ length: ndim }, (_, i) => i);
  const list = Array.isArray(axis) ? axis : [axis];
  const axes = list.map((a) => normalAxis(fn, a, ndim));
  if (new Set(axes).size !== axes.length) {
    throw new ShapeError(`${fn}: axis ${valueText(list)} names an axis twice`);
  }
  return axes.sort((a, b) => a - b);
}

/** An integer argument; bigints are accepted wherever they are exact. */
export function integerOf(fn: string, value: unknown, what: string): number {
  const n = typeof value === "bigint" ? Number(value) : value;
  if (typeof n !== "number" || !Number.isSafeInteger(n)) {
    throw new ShapeError(`${fn}: ${what} must be an integer, got ${valueText(value)}`);
  }
  return n === 0 ? 0 : n;
}

/** A length: an integer >= 0. */
export function lengthOf(fn: string, value: unknown, what: string): number {
  const n = integerOf(fn, value, what);
  if (n < 0) throw new ShapeError(`${fn}: ${what} must not be negative, got ${n}`);
  return n;
}

/** A shape: a list of lengths, or one length for a 1-d array. */
export function normalShape(fn: string, shape: unknown, what = "shape"): number[] {
  const list = typeof shape === "number" || typeof shape === "bigint" ? [shape] : shape;
  if (!Array.isArray(list)) {
    throw new ShapeError(`${fn}: ${what} must be a list of lengths, got ${valueText(shape)}`);
  }
  return list.map((s: unknown) => lengthOf(fn, s, "a length"));
}

/** The shape that arrays of these shapes broadcast to. */
export function broadcastShapes(fn: string, shapes: readonly (readonly number[])[]): number[] {
  const ndim = shapes.reduce((n, s) => Math.max(n, s.length), 0);
  const out = new Array<number>(ndim).fill(1);
  for (const shape of shapes) {
    const offset = ndim - shape.length;
    shape.forEach((extent, i) => {
      const have = out[i + offset] as number;
      if (have === extent || extent === 1) return;
      if (have !== 1) {
        throw new ShapeError(
          `${fn}: shapes ${shapes.map(shapeText).join(" and ")} do not broadcast`,
          {
            hint: `lengths of axis ${i + offset - ndim} must be equal or 1, got ${have} and ${extent}`,
          },
        );
      }
      out[i + offset] = extent;
    });
  }
  return out;
}
