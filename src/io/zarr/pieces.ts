/** Where the chunks of a regular grid lie. */

/** A chunk and what of it is wanted. */
export interface ChunkPiece {
  readonly position: readonly number[];
  readonly lo: readonly number[];
  readonly hi: readonly number[];
  readonly origin: readonly number[];
}

/** The chunks of a regular grid that meet `[lo, hi)`, row-major, with their intersections. */
export function* chunksIn(
  chunk: readonly number[],
  lo: readonly number[],
  hi: readonly number[],
): Generator<ChunkPiece> {
  const rank = chunk.length;
  const first = lo.map((v, i) => Math.floor(v / chunk[i]!));
  const last = hi.map((v, i) => Math.floor((v - 1) / chunk[i]!));
  const at = first.slice();
  for (;;) {
    const origin = at.map((p, i) => p * chunk[i]!);
    yield {
      position: at.slice(),
      origin,
      lo: origin.map((o, i) => Math.max(o, lo[i]!)),
      hi: origin.map((o, i) => Math.min(o + chunk[i]!, hi[i]!)),
    };
    let i = rank - 1;
    for (; i >= 0; i--) {
      if (at[i]! < last[i]!) {
        at[i]!++;
        break;
      }
      at[i] = first[i]!;
    }
    if (i < 0) return;
  }
}
