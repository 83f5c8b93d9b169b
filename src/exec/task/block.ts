/**
 * The blocks that user functions see: dense or strided n-d arrays with the members of scijs' `ndarray`, so that code
 * written for that family takes them as they are.
 */
import type { DType, TypedArray } from "../../ir/dtype.js";
import { isComplex } from "../../ir/dtype.js";
import { elementCount } from "../../ir/index-map.js";

/** One element as users see it: bigint for 64-bit integers, boolean for bool, a pair for complex. */
export type Element = number | bigint | boolean | readonly [number, number];

/** A block of an array. Strides and offset count elements; a complex element takes two slots of `data`. */
export class Block {
  readonly data: TypedArray;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
  readonly offset: number;
  readonly dtype: DType;

  constructor(
    data: TypedArray,
    shape: readonly number[],
    stride: readonly number[],
    offset: number,
    dtype: DType,
  ) {
    this.data = data;
    this.shape = shape;
    this.stride = stride;
    this.offset = offset;
    this.dtype = dtype;
  }

  get size(): number {
    return elementCount(this.shape);
  }

  get dimension(): number {
    return this.shape.length;
  }

  /** Axes from the smallest stride to the largest. */
  get order(): number[] {
    const axes = this.shape.map((_, i) => i).reverse();
    return axes.sort(
      (a, b) => Math.abs(this.stride[a] as number) - Math.abs(this.stride[b] as number),
    );
  }

  /** Number of the element at a position, in elements of `data`. */
  index(...position: readonly number[]): number {
    let n = this.offset;
    for (let i = 0; i < this.stride.length; i++)
      n += (position[i] ?? 0) * (this.stride[i] as number);
    return n;
  }

  get(...position: readonly number[]): Element {
    const n = this.index(...position);
    if (isComplex(this.dtype)) return [this.data[2 * n] as number, this.data[2 * n + 1] as number];
    const value = this.data[n] as number | bigint;
    return this.dtype === "bool" ? value !== 0 : value;
  }

  /** Arguments: the position, then the value. */
  set(...args: readonly (number | Element)[]): Element {
    const value = args.at(-1) as Element;
    const n = this.index(...(args.slice(0, -1) as number[]));
    if (typeof value === "object") {
      this.data[2 * n] = value[0];
      this.data[2 * n + 1] = value[1];
    } else if (typeof value === "bigint") this.data[n] = value;
    else if (isComplex(this.dtype)) {
      this.data[2 * n] = Number(value);
      this.data[2 * n + 1] = 0;
    } else this.data[n] = Number(value);
    return value;
  }
}
