/** Block functions of the random graphs: self-contained, as their text is what travels. */

export interface AnyBlock {
  readonly data: Float64Array;
  readonly size: number;
}
/** Opaque: what an element becomes depends on the whole block. Also scribbles on its input. */
export const OPAQUE = (b: AnyBlock): Float64Array => {
  const out = Float64Array.from(b.data);
  for (let i = 0; i < out.length; i++)
    out[i] = (out[i] as number) - (b.data[0] as number) + out.length;
  b.data.fill(-1);
  return out;
};
/** Looks at its place in the grid. */
export const NUMBERED = (
  b: AnyBlock,
  info: { blockId: number[]; offset: number[]; params: { by: number } },
): Int32Array => {
  const base =
    info.blockId.reduce((n, k) => n * 10 + k, 0) * info.params.by + (info.offset[0] ?? 0);
  return Int32Array.from(b.data as unknown as Int32Array, (v) => v + base);
};

interface Placed {
  readonly shape: readonly number[];
  readonly blockId: readonly number[];
  readonly offset: readonly number[];
}
interface ViewedBlock extends AnyBlock {
  readonly shape: readonly number[];
  readonly get: (...position: number[]) => number;
}
/** Two results from blocks of two arrays that broadcast; the second tells the positive ones. */
export const PAIR = (
  a: ViewedBlock,
  b: ViewedBlock,
  { shape, blockId }: Placed,
): [Float64Array, Uint8Array] => {
  const size = shape.reduce((n, s) => n * s, 1);
  const sum = new Float64Array(size);
  for (let n = 0; n < size; n++) {
    const at: number[] = [];
    for (let axis = shape.length - 1, rest = n; axis >= 0; axis--) {
      at.unshift(rest % (shape[axis] as number));
      rest = Math.floor(rest / (shape[axis] as number));
    }
    const pick = (x: ViewedBlock): number =>
      x.get(
        ...x.shape.map((extent, i) =>
          extent === 1 ? 0 : (at[at.length - x.shape.length + i] as number),
        ),
      );
    sum[n] = pick(a) + 2 * pick(b) + blockId.length;
  }
  a.data.fill(9);
  return [sum, Uint8Array.from(sum, (v) => Number(v > 0))];
};
/** Fills its block, whatever its shape, from the first element and its place. */
export const FILLED = (b: ViewedBlock, { shape, blockId, offset }: Placed): Float64Array => {
  const out = new Float64Array(shape.reduce((n, s) => n * s, 1));
  const place = [...blockId, ...offset].reduce((n, k) => n * 3 + k, b.size);
  const first = b.size === 0 ? 0 : b.get(...b.shape.map(() => 0));
  for (let i = 0; i < out.length; i++) out[i] = first + place + i;
  return out;
};
/** The same from the first of two blocks. */
export const FILLED_FIRST = (
  b: AnyBlock,
  c: AnyBlock,
  { shape, blockId }: Placed,
): Float64Array => {
  const out = new Float64Array(shape.reduce((n, s) => n * s, 1));
  const place = blockId.reduce((n, k) => n * 3 + k, b.size * 5 + c.size);
  for (let i = 0; i < out.length; i++) out[i] = (b.data[0] ?? 0) - (c.data[0] ?? 0) + place + i;
  return out;
};
/** Two core results of one vector: its sum, and itself reversed. */
export const FLIPPED = (v: ViewedBlock): [number, Float64Array] => {
  const values = Float64Array.from({ length: v.size }, (_, i) => v.get(i));
  let sum = 0;
  for (const value of values) sum += value;
  return [sum, values.reverse()];
};
/** Sum along all axes of `info.axes`, as a partial with length 1 there. */
export const ADDED = (
  b: ViewedBlock,
  { shape, axes }: Placed & { readonly axes: readonly number[] },
): Float64Array => {
  const out = new Float64Array(shape.reduce((n, s) => n * s, 1));
  b.data.forEach((value, n) => {
    let at = 0;
    let step = 1;
    for (let axis = b.shape.length - 1, rest = n; axis >= 0; axis--) {
      const extent = b.shape[axis] as number;
      if (!axes.includes(axis)) {
        at += (rest % extent) * step;
        step *= extent;
      }
      rest = Math.floor(rest / extent);
    }
    out[at] = (out[at] as number) + value;
  });
  return out;
};
/** Running difference-like scan that is associative: the sum so far. */
export const RUNNING = (b: ViewedBlock, { axis }: { readonly axis: number }): Float64Array => {
  const out = b.data.slice();
  const inner = b.shape.slice(axis + 1).reduce((n, s) => n * s, 1);
  const extent = b.shape[axis] as number;
  for (let i = 0; i < out.length; i++) {
    if (Math.floor(i / inner) % extent > 0)
      out[i] = (out[i] as number) + (out[i - inner] as number);
  }
  return out;
};
export const CARRIED = (
  carry: ViewedBlock,
  b: ViewedBlock,
  { axis }: { readonly axis: number },
): Float64Array => {
  const inner = b.shape.slice(axis + 1).reduce((n, s) => n * s, 1);
  const extent = b.shape[axis] as number;
  return b.data.map((value, i) => {
    const row = Math.floor(i / (inner * extent));
    return value + (carry.data[row * inner + (i % inner)] as number);
  });
};
