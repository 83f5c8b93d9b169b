/**
 * Results. The layout is that of `ndarray`, so the scijs family takes a result as it is: element `p` is
 * `data[offset + sum(p[i] * stride[i])]`. Complex elements are two slots, the imaginary part follows.
 */
import { createRequire } from "node:module";
import { DTypeError, IndexError, ShapeError } from "../errors.js";
import {
  type ArrayFor,
  type DType,
  type ElementFor,
  isComplex,
  slotsPerElement,
  type TypedArray,
} from "../ir/dtype.js";
import { elementCount, rowMajorStrides } from "../ir/index-map.js";
import type { Trace } from "../ir/trace.js";
import { shapeText, valueText } from "../ops/index.js";
import { displays } from "./engine.js";
import { installDisplay } from "./notebook.js";
import { oneOf, readOptions } from "./options.js";

export type Nested<E> = E | Nested<E>[];
export interface ScalarOptions {
  /** "number" turns 64-bit integers into numbers and refuses those that would lose bits. */
  readonly bigint?: "number" | "bigint" | undefined;
}
/** A view of the `ndarray` package, as far as it is fixed. */
export interface NdarrayView<T> {
  readonly data: T;
  readonly shape: number[];
  readonly stride: number[];
  readonly offset: number;
  readonly dtype: string;
  readonly size: number;
  readonly order: number[];
  readonly dimension: number;
  get(...position: number[]): number | bigint;
  set(...args: [...position: number[], value: number | bigint]): unknown;
  index(...position: number[]): number;
  lo(...from: (number | null)[]): NdarrayView<T>;
  hi(...to: (number | null)[]): NdarrayView<T>;
  step(...by: (number | null)[]): NdarrayView<T>;
  transpose(...axes: number[]): NdarrayView<T>;
  pick(...position: (number | null)[]): NdarrayView<T>;
}
type Element = boolean | number | bigint | readonly [number, number];
const CHECKS = { bigint: oneOf("number", "bigint") };
const timelines = new WeakMap<object, Trace>();
/** The same value, which has its run's timeline as `trace`. */
export function withTimeline<T extends object>(value: T, trace: Trace | undefined): T {
  if (trace !== undefined) timelines.set(value, trace);
  return value;
}
export const timelineOf = (value: object): Trace | undefined => timelines.get(value);
const load = createRequire(import.meta.url);

/**
 * A computed array.
 *
 * @example
 * const a = await arange(6).reshape([2, 3]).compute();
 * a.get(1, 2); // 5
 * a.toNested(); // [[0, 1, 2], [3, 4, 5]]
 */
export class NDArray<D extends DType = DType> {
  /** The elements; bool is a Uint8Array of 0 and 1. */
  readonly data: ArrayFor<D>;
  readonly shape: readonly number[];
  /** Slots of `data` from one position to the next, per axis. */
  readonly stride: readonly number[];
  readonly offset: number;
  readonly dtype: D;

  constructor(
    data: ArrayFor<D>,
    shape: readonly number[],
    dtype: D,
    stride: readonly number[] = rowMajorStrides(shape).map((s) => s * slotsPerElement(dtype)),
    offset = 0,
  ) {
    this.data = data;
    this.shape = shape;
    this.stride = stride;
    this.offset = offset;
    this.dtype = dtype;
  }

  /** The timeline of the run that made it, if `trace` was asked for. */
  get trace(): Trace | undefined {
    return timelineOf(this);
  }
  /** `NDArray<float32>[3, 4]`. */
  toString(): string {
    return `NDArray<${this.dtype}>${shapeText(this.shape)}`;
  }
  /** What consoles and notebooks show: the elements by MIME type, of long axes the first and the last few. */
  mimeBundle(): Record<string, string> {
    return displays().valuesBundle(this);
  }
  /** Number of elements. */
  get size(): number {
    return elementCount(this.shape);
  }
  /** Number of axes. */
  get dimension(): number {
    return this.shape.length;
  }
  /** Axes from the one with the smallest stride to the one with the largest, as `ndarray` orders them. */
  get order(): number[] {
    return this.shape
      .map((_, i) => i)
      .sort((a, b) => Math.abs(this.stride[a] ?? 0) - Math.abs(this.stride[b] ?? 0) || b - a);
  }

  /** Slot of `data` that holds the element at a position. */
  index(...position: readonly number[]): number {
    if (position.length !== this.shape.length) {
      throw new IndexError(
        `a position of shape ${shapeText(this.shape)} has ${this.shape.length} numbers, got ${position.length}`,
      );
    }
    let slot = this.offset;
    for (let axis = 0; axis < position.length; axis++) {
      const i = position[axis] as number;
      const n = this.shape[axis] as number;
      if (!(Number.isInteger(i) && i >= 0 && i < n)) {
        throw new IndexError(`index ${valueText(i)} is out of bounds for axis ${axis}`, {
          hint: `allowed are 0 to ${n - 1}`,
        });
      }
      slot += i * (this.stride[axis] as number);
    }
    return slot;
  }

  get(...position: readonly number[]): ElementFor<D> {
    return this.#element(this.index(...position)) as ElementFor<D>;
  }

  /** The last argument is the value. */
  set(...args: [...position: number[], value: ElementFor<D>]): void {
    const value = args.at(-1) as Element;
    const slot = this.index(...(args.slice(0, -1) as number[]));
    const data = this.data as unknown as (number | bigint)[];
    if (typeof value === "object") [data[slot], data[slot + 1]] = value;
    else data[slot] = typeof value === "boolean" ? Number(value) : value;
  }

  #element(slot: number): Element {
    const data = this.data as unknown as readonly (number | bigint)[];
    if (isComplex(this.dtype)) return [data[slot] as number, data[slot + 1] as number];
    const value = data[slot] as number | bigint;
    return this.dtype === "bool" ? value !== 0 : value;
  }

  /** The only element of an array that has one. ShapeError otherwise. */
  item(options: { readonly bigint: "number" }): Exclude<ElementFor<D>, bigint> | number;
  item(options?: ScalarOptions): ElementFor<D>;
  item(options?: ScalarOptions): Element {
    const { bigint } = readOptions<ScalarOptions>("item", options, CHECKS);
    if (this.size !== 1) {
      throw new ShapeError(`item: the array has ${this.size} elements`, {
        hint: "use get(...position) or toNested()",
      });
    }
    return converted(this.#element(this.offset), bigint);
  }

  /** Nested lists of the elements; a 0-d array is the element itself. */
  toNested(options: { readonly bigint: "number" }): Nested<Exclude<ElementFor<D>, bigint> | number>;
  toNested(options?: ScalarOptions): Nested<ElementFor<D>>;
  toNested(options?: ScalarOptions): Nested<Element> {
    const { bigint } = readOptions<ScalarOptions>("toNested", options, CHECKS);
    const level = (axis: number, slot: number): Nested<Element> => {
      if (axis === this.shape.length) return converted(this.#element(slot), bigint);
      const step = this.stride[axis] as number;
      return Array.from({ length: this.shape[axis] as number }, (_, i) =>
        level(axis + 1, slot + i * step),
      );
    };
    return level(0, this.offset);
  }

  /** An `ndarray` view over the same data; complex arrays get a last axis of length 2. */
  toNdarray(): NdarrayView<ArrayFor<D>> {
    const ndarray = load("ndarray") as (
      data: TypedArray,
      shape: number[],
      stride: number[],
      offset: number,
    ) => NdarrayView<ArrayFor<D>>;
    const pair = isComplex(this.dtype);
    return ndarray(
      this.data,
      pair ? [...this.shape, 2] : [...this.shape],
      pair ? [...this.stride, 1] : [...this.stride],
      this.offset,
    );
  }
}

installDisplay(NDArray.prototype);

function converted(value: Element, bigint: ScalarOptions["bigint"]): Element {
  if (bigint !== "number" || typeof value !== "bigint") return value;
  const number = Number(value);
  if (!Number.isSafeInteger(number)) {
    throw new DTypeError(`${value} does not fit a number exactly`, {
      hint: "leave 64-bit integers bigints",
    });
  }
  return number;
}
