/**
 * Arrays of the reference interpreter: an `ndarray` view with a dtype. A complex array has one more axis of length
 * 2 in its view, so that views and copies need no other rule for it.
 */
import ndarray from "ndarray";
import ops from "ndarray-ops";
import {
  arrayClass,
  type DType,
  isComplex,
  slotsPerElement,
  type TypedArray,
} from "../../ir/dtype.js";
import type { AffineMap } from "../../ir/index-map.js";
import { elementCount, rowMajorStrides } from "../../ir/index-map.js";
import type { Element } from "./cast.js";

/** The types of `ndarray` do not know shared and 64-bit arrays; here every array is declared a Float64Array. */
export type View = ndarray.NdArray<Float64Array>;

export interface Elements {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly view: View;
}

/** Strides count elements, as everywhere in the engine; the view counts slots. */
export function wrap(
  dtype: DType,
  data: TypedArray,
  shape: readonly number[],
  stride: readonly number[] = rowMajorStrides(shape),
  offset = 0,
): Elements {
  const slots = slotsPerElement(dtype);
  const slotsData = data as Float64Array;
  const view = isComplex(dtype)
    ? ndarray(slotsData, [...shape, 2], [...stride.map((s) => s * slots), 1], offset * slots)
    : ndarray(slotsData, [...shape], [...stride], offset);
  return { dtype, shape, view };
}

export const dataOf = (a: Elements): TypedArray => a.view.data;

export const allocate = (dtype: DType, shape: readonly number[]): Elements =>
  wrap(dtype, new (arrayClass(dtype))(elementCount(shape) * slotsPerElement(dtype)), shape);

const strideOf = (a: Elements): number[] => {
  const slots = slotsPerElement(a.dtype);
  return a.view.stride.slice(0, a.shape.length).map((s) => s / slots);
};
const offsetOf = (a: Elements): number => a.view.offset / slotsPerElement(a.dtype);

/** `out[p] = a[map(p)]`, without copying. */
export function viewThrough(a: Elements, map: AffineMap, shape: readonly number[]): Elements {
  const stride = new Array<number>(shape.length).fill(0);
  let offset = offsetOf(a);
  const from = strideOf(a);
  map.forEach((m, i) => {
    const s = from[i] as number;
    offset += m.start * s;
    if (m.axis >= 0) stride[m.axis] = (stride[m.axis] as number) + m.step * s;
  });
  return wrap(a.dtype, dataOf(a), shape, stride, offset);
}

/** The part `[start, start + shape)` of an array. */
export function part(a: Elements, start: readonly number[], shape: readonly number[]): Elements {
  const map = start.map((s, axis) => ({ axis, start: s, step: 1 }));
  return viewThrough(a, map, shape);
}

/** The array with its axes of length 1 stretched to `shape`, which has the same rank. */
export function stretch(a: Elements, shape: readonly number[]): Elements {
  const map = a.shape.map((s, axis) =>
    s === shape[axis] ? { axis, start: 0, step: 1 } : { axis: -1, start: 0, step: 0 },
  );
  return viewThrough(a, map, shape);
}

/** Copies elements of the same dtype and shape. */
export function copy(target: Elements, source: Elements): void {
  if (elementCount(target.shape) > 0) ops.assign(target.view, source.view);
}

/** A row-major array of its own. */
export function compact(a: Elements): Elements {
  const out = allocate(a.dtype, a.shape);
  copy(out, a);
  return out;
}

export function getElement(a: Elements, position: readonly number[]): Element {
  const data = dataOf(a);
  if (!isComplex(a.dtype)) return data[a.view.index(...position)] as number | bigint;
  const at = a.view.index(...position, 0);
  return [data[at] as number, data[at + 1] as number];
}

export function setElement(a: Elements, position: readonly number[], value: Element): void {
  const { data } = a.view;
  if (typeof value === "object") {
    const at = a.view.index(...position, 0);
    data[at] = value[0];
    data[at + 1] = value[1];
  } else {
    // The array's class and the element agree by dtype: a bigint meets a 64-bit array only.
    data[a.view.index(...position)] = value as number;
  }
}

/** All positions of a shape in row-major order; the yielded array is reused. */
export function* positions(shape: readonly number[]): Generator<readonly number[], void> {
  if (elementCount(shape) === 0) return;
  const position = shape.map(() => 0);
  for (;;) {
    yield position;
    let axis = shape.length - 1;
    for (; axis >= 0; axis--) {
      const next = (position[axis] as number) + 1;
      if (next < (shape[axis] as number)) {
        position[axis] = next;
        break;
      }
      position[axis] = 0;
    }
    if (axis < 0) return;
  }
}
