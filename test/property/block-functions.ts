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
