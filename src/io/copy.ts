/**
 * Copies a box of elements between two strided layouts, as raw words: what an element means does not matter,
 * only its size. Eight-byte elements are two 32-bit words, so that NaN payloads and int64 pass untouched.
 */

export type Words = Uint8Array | Uint16Array | Int32Array;

export interface Elements {
  readonly words: Words;
  /** Of the box's first element, in elements. */
  readonly offset: number;
  /** Per axis of the box, in elements; 0 repeats one element. */
  readonly stride: readonly number[];
}

/** The words of a view whose elements have `size` bytes. */
export function wordsOf(view: ArrayBufferView, size: number): Words {
  const { buffer, byteOffset, byteLength } = view;
  if (size === 1) return new Uint8Array(buffer, byteOffset, byteLength);
  if (size === 2) return new Uint16Array(buffer, byteOffset, byteLength >> 1);
  return new Int32Array(buffer, byteOffset, Math.floor(byteLength / 4));
}

interface Axis {
  n: number;
  from: number;
  to: number;
}

/** Copies `shape` elements of `size` bytes. The two must not overlap. */
export function copyBox(
  shape: readonly number[],
  size: number,
  from: Elements,
  to: Elements,
): void {
  const slots = size <= 4 ? 1 : size / 4;
  let axes: Axis[] = [];
  for (let i = 0; i < shape.length; i++) {
    const n = shape[i]!;
    if (n === 0) return;
    if (n > 1) axes.push({ n, from: from.stride[i]! * slots, to: to.stride[i]! * slots });
  }
  if (slots > 1) axes.push({ n: slots, from: 1, to: 1 });
  axes.sort((a, b) => Math.abs(b.to) - Math.abs(a.to));
  axes = merge(axes);
  const [inner = { n: 1, from: 1, to: 1 }] = axes.splice(-1, 1);
  preferSourceOrder(axes);
  run(axes, inner, from.words, to.words, from.offset * slots, to.offset * slots);
}

/** Joins axes that are one longer axis on both sides. */
function merge(axes: readonly Axis[]): Axis[] {
  const out: Axis[] = [];
  for (const axis of axes) {
    const last = out.at(-1);
    if (last !== undefined && last.from === axis.from * axis.n && last.to === axis.to * axis.n) {
      last.n *= axis.n;
      last.from = axis.from;
      last.to = axis.to;
    } else out.push({ ...axis });
  }
  return out;
}

/** Puts the axis along which the source is densest last, so that a tile is dense on both sides. */
function preferSourceOrder(axes: Axis[]): void {
  let best = axes.length - 1;
  for (let i = 0; i < axes.length; i++) {
    if (Math.abs(axes[i]!.from) < Math.abs(axes[best]!.from)) best = i;
  }
  if (best >= 0) axes.push(...axes.splice(best, 1));
}

/** Walks all but the last two axes and runs a two-dimensional loop for each position. */
function run(
  axes: Axis[],
  inner: Axis,
  s: Words,
  d: Words,
  fromOffset: number,
  toOffset: number,
): void {
  const second = axes.pop() ?? { n: 1, from: 0, to: 0 };
  const at = new Array<number>(axes.length).fill(0);
  let p = fromOffset;
  let o = toOffset;
  for (;;) {
    plane(second, inner, s, d, p, o);
    let i = axes.length - 1;
    for (; i >= 0; i--) {
      const axis = axes[i]!;
      p += axis.from;
      o += axis.to;
      if (++at[i]! < axis.n) break;
      p -= axis.from * axis.n;
      o -= axis.to * axis.n;
      at[i] = 0;
    }
    if (i < 0) return;
  }
}

/** Rows shorter than this are copied by a loop: making a subarray costs more. */
const SHORT = 32;
/** Edge of a tile in words: 32 rows of a 64-byte line each stay in the first-level cache on both sides. */
const TILE = 32;

function plane(outer: Axis, inner: Axis, s: Words, d: Words, p: number, o: number): void {
  if (inner.to === 1 && inner.from === 1 && inner.n > 4) {
    for (let i = 0; i < outer.n; i++, p += outer.from, o += outer.to) {
      if (inner.n >= SHORT) d.set(s.subarray(p, p + inner.n), o);
      else for (let k = 0; k < inner.n; k++) d[o + k] = s[p + k]!;
    }
  } else if (inner.to === 1 && inner.from === 0) {
    for (let i = 0; i < outer.n; i++, p += outer.from, o += outer.to) {
      d.fill(s[p]!, o, o + inner.n);
    }
  } else if (inner.to === 1 && inner.from === 1 && inner.n === 2) {
    for (let i = 0; i < outer.n; i++, p += outer.from, o += outer.to) {
      d[o] = s[p]!;
      d[o + 1] = s[p + 1]!;
    }
  } else tiles(outer, inner, s, d, p, o);
}

function tiles(outer: Axis, inner: Axis, s: Words, d: Words, p: number, o: number): void {
  for (let i = 0; i < outer.n; i += TILE) {
    const rows = Math.min(TILE, outer.n - i);
    for (let k = 0; k < inner.n; k += TILE) {
      const columns = Math.min(TILE, inner.n - k);
      let rowFrom = p + i * outer.from + k * inner.from;
      let rowTo = o + i * outer.to + k * inner.to;
      for (let r = 0; r < rows; r++) {
        for (let c = 0, x = rowFrom, y = rowTo; c < columns; c++) {
          d[y] = s[x]!;
          x += inner.from;
          y += inner.to;
        }
        rowFrom += outer.from;
        rowTo += outer.to;
      }
    }
  }
}
