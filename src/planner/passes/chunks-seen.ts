/** Which storage chunks are touched by who looks at parts of an array: boxes, and positions through index maps. */
import { type Cuts, pieceAt, pieceSize, pieceStart, piecesIn } from "../../ir/cuts.js";
import { type AffineMap, type AxisMap, type Box, boxIsEmpty } from "../../ir/index-map.js";

/** Positions along an axis that are looked at one by one to find the chunks that hold them. */
const MOST_LOOKS = 4096;

/** The space that maps start from; of `picked.axis` only the positions `picked.values` are looked at. */
export interface Space {
  readonly box: Box;
  readonly picked?: { readonly axis: number; readonly values: ArrayLike<number> } | undefined;
}

/** Storage chunks, and the elements in them. */
export interface TouchedChunks {
  readonly count: number;
  readonly elements: number;
}
const NO_CHUNKS: TouchedChunks = { count: 0, elements: 0 };
/** What is touched along two axes. */
const across = (a: TouchedChunks, b: TouchedChunks): TouchedChunks => ({
  count: a.count * b.count,
  elements: a.elements * b.elements,
});
/** Pieces `first` to `last` along an axis. */
const stretchOf = (cuts: Cuts, first: number, last: number): TouchedChunks => ({
  count: last - first + 1,
  elements: pieceStart(cuts, last + 1) - pieceStart(cuts, first),
});

/** Pieces of a grid, and boxes of them, that are told apart one by one. */
const MOST_PIECES = 256;
export const MOST_BOXES = 16;

/** The pieces, from the first to the last of every axis, that one looks into. */
export type PieceBox = readonly (readonly [number, number])[];

export const pieceBox = (cuts: readonly Cuts[], { lo, hi }: Box): PieceBox =>
  cuts.map((c, a) => piecesIn(c, lo[a] as number, hi[a] as number));

const allOf = (cuts: readonly Cuts[], box: PieceBox): TouchedChunks =>
  box
    .map(([first, last], a) => stretchOf(cuts[a] as Cuts, first, last))
    .reduce(across, { count: 1, elements: 1 });

/** The pieces of a grid that lie in some of these boxes, none of them empty; those of their hull where these are many. */
export function piecesSeen(cuts: readonly Cuts[], boxes: readonly PieceBox[]): TouchedChunks {
  const hull = cuts.map((_, a): readonly [number, number] => [
    Math.min(...boxes.map((b) => (b[a] as readonly [number, number])[0])),
    Math.max(...boxes.map((b) => (b[a] as readonly [number, number])[1])),
  ]);
  const whole = allOf(cuts, hull);
  if (whole.count > MOST_PIECES || boxes.length > MOST_BOXES) return whole;
  if (boxes.some((box) => allOf(cuts, box).count === whole.count)) return whole;
  const lengths = hull.map(([first, last]) => last - first + 1);
  const seen = new Set<number>();
  let elements = 0;
  for (const box of boxes) {
    const counts = box.map(([first, last]) => last - first + 1);
    const { count } = allOf(cuts, box);
    for (let n = 0; n < count; n++) {
      let [rest, number, size, stride] = [n, 0, 1, 1];
      for (let a = box.length - 1; a >= 0; a--) {
        const piece = (box[a]?.[0] as number) + (rest % (counts[a] as number));
        rest = Math.floor(rest / (counts[a] as number));
        number += (piece - (hull[a]?.[0] as number)) * stride;
        stride *= lengths[a] as number;
        size *= pieceSize(cuts[a] as Cuts, piece);
      }
      if (seen.has(number)) continue;
      seen.add(number);
      elements += size;
    }
  }
  return { count: seen.size, elements };
}

/** The chunks that a box touches. */
export const chunksOfBox = (chunks: readonly Cuts[], box: Box): TouchedChunks =>
  boxIsEmpty(box) ? NO_CHUNKS : allOf(chunks, pieceBox(chunks, box));

/** The chunks that hold a position which is looked at. */
export const chunksThrough = (
  chunks: readonly Cuts[],
  map: AffineMap,
  space: Space,
): TouchedChunks =>
  boxIsEmpty(space.box)
    ? NO_CHUNKS
    : map
        .map((m, a) => chunksAlong(chunks[a] as Cuts, m, space))
        .reduce(across, { count: 1, elements: 1 });

function chunksAlong(cuts: Cuts, m: AxisMap, { box, picked }: Space): TouchedChunks {
  const count = m.axis < 0 ? 1 : (box.hi[m.axis] as number) - (box.lo[m.axis] as number);
  const listed = m.axis >= 0 && m.axis === picked?.axis ? picked.values : undefined;
  const first = m.axis < 0 ? m.start : m.start + m.step * (box.lo[m.axis] as number);
  const last = first + (m.axis < 0 ? 0 : m.step * (count - 1));
  const [from, to] = piecesIn(cuts, Math.min(first, last), Math.max(first, last) + 1);
  const looks = listed?.length ?? count;
  // Every piece is touched, or it would take too long to find out.
  if (to === from || looks > MOST_LOOKS || (listed === undefined && Math.abs(m.step) <= 1)) {
    return stretchOf(cuts, from, to);
  }
  const touched = new Set<number>();
  for (let k = 0; k < looks; k++) {
    const at = listed === undefined ? first + m.step * k : m.start + m.step * (listed[k] as number);
    touched.add(pieceAt(cuts, at));
  }
  let elements = 0;
  for (const piece of touched) elements += pieceSize(cuts, piece);
  return { count: touched.size, elements };
}
