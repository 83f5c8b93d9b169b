/** Constant arrays of positions: lists, integer typed arrays and computed arrays, checked when the expression is built. */
import { IndexError } from "../errors.js";
import { dtypeOfArray } from "../ir/dtype.js";
import { elementCount, rowMajorStrides } from "../ir/index-map.js";
import { dtypeOf } from "../ir/node.js";
import { isNode } from "./build.js";
import { valueText } from "./words.js";

/** Integers in lists, all of one length at each depth. */
export type IndexList = readonly (number | bigint | IndexList)[];
/** Anything with the layout of a result. */
export interface ComputedIndex {
  readonly data: ArrayBufferView;
  readonly shape: readonly number[];
  readonly stride?: readonly number[];
  readonly offset?: number;
  readonly dtype?: string;
}
/** Constant positions: lists (of lists), an integer typed array, or a computed array of integers. */
export type IndexArray = IndexList | ArrayBufferView | ComputedIndex;

export interface Positions {
  /** Row-major; in range and not negative. */
  readonly values: Float64Array;
  readonly shape: readonly number[];
}

const isComputed = (value: unknown): value is ComputedIndex =>
  typeof value === "object" &&
  value !== null &&
  "data" in value &&
  ArrayBuffer.isView(value.data) &&
  "shape" in value &&
  Array.isArray(value.shape);

/** Whether a value is meant as an array of constant positions. */
export const isConstantIndex = (value: unknown): value is IndexArray =>
  Array.isArray(value) || ArrayBuffer.isView(value) || isComputed(value);

/** Whether a value is an array of booleans, lazy or constant. */
export function isMask(value: unknown): boolean {
  if (isNode(value)) return dtypeOf(value) === "bool";
  if (isComputed(value)) return value.dtype === "bool";
  let first: unknown = value;
  while (Array.isArray(first)) first = first[0];
  return Array.isArray(value) && typeof first === "boolean";
}

/** `i` as a position from 0; refused where the axis has none. */
export function inRange(fn: string, i: number, axis: number, extent: number): number {
  if (i < -extent || i >= extent) {
    throw new IndexError(`${fn}: index ${i} is out of bounds for axis ${axis}`, {
      hint: extent === 0 ? "the axis is empty" : `allowed are ${-extent} to ${extent - 1}`,
    });
  }
  return i < 0 ? i + extent : i + 0;
}

const notIntegers = (fn: string, value: unknown, where: string): IndexError =>
  new IndexError(`${fn}: indices must be integers, got ${valueText(value)}${where}`, {
    hint: where === "" ? "give a list, an integer typed array or an array of integers" : undefined,
  });

/** The positions that `value` says for an axis of length `extent`; negative ones count from the end. */
export function constantPositions(
  fn: string,
  value: unknown,
  axis: number,
  extent: number,
): Positions {
  const { list, shape } = elementsOf(fn, value);
  const values = new Float64Array(list.length);
  for (let k = 0; k < list.length; k++) {
    const raw = list[k];
    const i = typeof raw === "bigint" ? Number(raw) : raw;
    if (typeof i !== "number" || !Number.isInteger(i)) {
      throw notIntegers(fn, raw, ` at position ${k}`);
    }
    values[k] = inRange(fn, i, axis, extent);
  }
  return { values, shape };
}

interface Elements {
  readonly list: ArrayLike<unknown>;
  readonly shape: readonly number[];
}

function elementsOf(fn: string, value: unknown): Elements {
  if (Array.isArray(value)) return fromLists(fn, value);
  const data = isComputed(value) ? value.data : value;
  const dtype = ArrayBuffer.isView(data) ? dtypeOfArray(data) : undefined;
  if (dtype === undefined || dtype.startsWith("float")) throw notIntegers(fn, value, "");
  const elements = data as Int32Array;
  if (!isComputed(value)) return { list: elements, shape: [elements.length] };
  const { shape, offset = 0 } = value;
  const dense = rowMajorStrides(shape);
  const stride = value.stride ?? dense;
  const list = Array.from({ length: elementCount(shape) }, (_, n) => {
    const slot = shape.reduce(
      (at, length, i) =>
        at + (Math.floor(n / (dense[i] as number)) % length) * (stride[i] as number),
      offset,
    );
    return elements[slot];
  });
  return { list, shape };
}

function fromLists(fn: string, value: readonly unknown[]): Elements {
  const shape: number[] = [];
  let level = value;
  for (;;) {
    shape.push(shape.length === 0 ? level.length : (level[0] as readonly unknown[]).length);
    if (shape.length > 1) {
      const lists = level as readonly (readonly unknown[])[];
      if (lists.some((l) => l.length !== shape.at(-1))) {
        throw new IndexError(`${fn}: the lists of indices ${valueText(value)} differ in length`, {
          hint: "all lists at one depth must be equally long",
        });
      }
      level = lists.flat();
    }
    if (level.length === 0 || !level.every((v) => Array.isArray(v))) break;
  }
  return { list: level, shape };
}
