/**
 * Results: finished root blocks are copied out of the arena, row by row, into one buffer that is handed over at the
 * end. A view of the arena would carry the whole arena along (and `Response` and WebCrypto refuse shared memory).
 */
import { MemoryLimitError } from "../errors.js";
import { itemSize } from "../ir/dtype.js";
import { blockBox, type Plan, type PlanArray } from "../ir/stage.js";
import { MOST_ELEMENTS } from "./config.js";
import { isLarge } from "./memory/regions.js";

export type ResultBuffer = ArrayBuffer | SharedArrayBuffer;

/** Rows shorter than this many bytes are copied word by word: a view per row costs more. */
const SHORT_ROW = 256;

/**
 * One buffer per root that is an array and is not put elsewhere; roots of the same array have one each.
 *
 * @throws MemoryLimitError if the system does not give one.
 */
export function createResults(
  plan: Plan,
  shared: boolean,
  elsewhere: readonly unknown[] = [],
): (ResultBuffer | undefined)[] {
  const Buffers = shared ? SharedArrayBuffer : ArrayBuffer;
  return plan.roots.map(({ array, bytes }, i) => {
    if (array < 0 || elsewhere[i] !== undefined) return undefined;
    try {
      return new Buffers(bytes);
    } catch (cause) {
      throw new MemoryLimitError(`the system does not give ${bytes} bytes for a result`, {
        hint: "write it with toZarr(), go through it with blocks(), or reduce it first",
        cause,
      });
    }
  });
}

/** A result that every thread can write to. */
export const sharedResult = (result: ResultBuffer | undefined): SharedArrayBuffer | undefined =>
  result instanceof SharedArrayBuffer ? result : undefined;

/** Whether threads collect what they had of it when they have done with it. */
export const isLargeResult = (result: SharedArrayBuffer | undefined): boolean =>
  result !== undefined && isLarge(result.byteLength);

/** Copies a block (row-major at `address` of `arena`) to its place in the row-major result. */
export function copyBlock(
  arena: ResultBuffer,
  address: number,
  array: PlanArray,
  block: number,
  result: ResultBuffer,
): void {
  const { lo, hi } = blockBox(array.cuts, block);
  const shape = lo.map((l, i) => (hi[i] as number) - l);
  const item = itemSize(array.dtype);
  // Trailing axes that the block spans whole are one row with the axis before them.
  let axis = shape.length;
  let row = 1;
  let inner = 1;
  while (axis > 0) {
    axis--;
    row *= shape[axis] as number;
    if (shape[axis] !== array.shape[axis]) break;
    inner *= array.shape[axis] as number;
  }
  if (row === 0 || shape.some((n) => n === 0)) return;
  const start = shape.length === 0 ? 0 : (lo[axis] as number) * inner;
  const strides = new Array<number>(axis).fill(0);
  let stride = 1;
  for (let i = array.shape.length - 1; i >= 0; i--) {
    if (i < axis) strides[i] = stride;
    stride *= array.shape[i] as number;
  }
  const rows = shape.slice(0, axis).reduce((n, s) => n * s, 1);
  const copy = rowCopier(arena, address, result, item, row * item, rows);
  const position = lo.slice(0, axis);
  let to = start + position.reduce((n, p, i) => n + p * (strides[i] as number), 0);
  for (let r = 0; r < rows; r++) {
    copy(r * row * item, to * item);
    for (let i = axis - 1; i >= 0; i--) {
      position[i] = (position[i] as number) + 1;
      to += strides[i] as number;
      if ((position[i] as number) < (hi[i] as number)) break;
      to -= (strides[i] as number) * (shape[i] as number);
      position[i] = lo[i] as number;
    }
  }
}

/** `from` counts from the block's address. */
type Copier = (from: number, to: number) => void;

function rowCopier(
  source: ResultBuffer,
  address: number,
  target: ResultBuffer,
  item: number,
  bytes: number,
  rows: number,
): Copier {
  if (target.byteLength > MOST_ELEMENTS) {
    return (from, to) =>
      new Uint8Array(target, to, bytes).set(new Uint8Array(source, address + from, bytes));
  }
  if (rows === 1 || bytes >= SHORT_ROW) {
    const all = new Uint8Array(target);
    return (from, to) => all.set(new Uint8Array(source, address + from, bytes), to);
  }
  // Words as integers: a float copy may change the bits of a NaN, which an int64 can look like.
  const size = Math.min(item, 4);
  const Words = size === 4 ? Uint32Array : size === 2 ? Uint16Array : Uint8Array;
  const a = new Words(source as ArrayBuffer, address, (rows * bytes) / size);
  const b = new Words(target as ArrayBuffer, 0, Math.floor(target.byteLength / size));
  const n = bytes / size;
  return (from, to) => {
    const f = from / size;
    const t = to / size;
    for (let i = 0; i < n; i++) b[t + i] = a[f + i] as number;
  };
}
