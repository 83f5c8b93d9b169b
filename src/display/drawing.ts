/**
 * The drawing of a chunk grid: the last two axes as a plane, the axis before them as depth, as many lines as the eye
 * can tell apart. One geometry, drawn as characters for consoles and as SVG for notebooks.
 */
import { type Cuts, cutsCount, cutsExtent, pieceStart } from "../ir/cuts.js";

/** More lines than this on an axis say nothing: they are thinned out. */
const MOST_LINES = 24;

/** Borders of the pieces as fractions 0..1 of the axis, at most `most` of them; ends included. */
export function borders(cuts: Cuts, most: number = MOST_LINES): number[] {
  const extent = cutsExtent(cuts);
  const count = cutsCount(cuts);
  if (extent === 0) return [0, 1];
  const shown = Math.min(count, most);
  const out: number[] = [];
  for (let i = 0; i <= shown; i++) {
    out.push(pieceStart(cuts, Math.round((i * count) / shown)) / extent);
  }
  return [...new Set(out)];
}

export interface Plane {
  readonly rows: Cuts | undefined;
  readonly columns: Cuts;
  readonly depth: Cuts | undefined;
}
/** The axes that are drawn; undefined for scalars, of which there is nothing to draw. */
export function planeOf(grid: readonly Cuts[]): Plane | undefined {
  const columns = grid.at(-1);
  if (columns === undefined) return undefined;
  return { rows: grid.at(-2), columns, depth: grid.at(-3) };
}

/** Lengths in the drawing: proportional, but a very long axis leaves the others visible. */
export function sides(extents: readonly number[], longest: number, shortest: number): number[] {
  const most = Math.max(1, ...extents);
  return extents.map((n) =>
    Math.max(shortest, Math.round(longest * Math.sqrt(Math.max(n, 1) / most))),
  );
}

/** Box drawing of the plane, at most `width` columns. */
export function textDrawing(grid: readonly Cuts[], width = 32): string[] {
  const plane = planeOf(grid);
  if (plane === undefined) return [];
  const rowCuts = plane.rows;
  const [columnSide, rowSide] = sides(
    [cutsExtent(plane.columns), rowCuts === undefined ? 1 : cutsExtent(rowCuts)],
    width - 2,
    2,
  ) as [number, number];
  // A character is about twice as high as it is wide.
  const height = Math.max(1, Math.min(8, Math.round(rowSide / 4)));
  // Lines side by side would fill the plane.
  const columns = marks(borders(plane.columns, Math.max(1, columnSide >> 1)), columnSide);
  const rows = rowCuts === undefined ? new Set<number>() : marks(borders(rowCuts), height);
  const line = (left: string, fill: string, cross: string, right: string): string =>
    left +
    Array.from({ length: columnSide - 1 }, (_, i) => (columns.has(i + 1) ? cross : fill)).join("") +
    right;
  const out = [line("┌", "─", "┬", "┐")];
  for (let r = 1; r <= height; r++) {
    out.push(line("│", " ", "│", "│"));
    if (r < height && rows.has(r)) out.push(line("├", "─", "┼", "┤"));
  }
  out.push(line("└", "─", "┴", "┘"));
  return out;
}

/** Inner borders at whole characters of a side. */
const marks = (fractions: readonly number[], side: number): Set<number> =>
  new Set(
    fractions
      .map((f) => Math.round(f * side))
      .filter((position) => position > 0 && position < side),
  );

/** SVG of the plane, and of the depth as a slanted block; sizes in pixels. */
export function svgDrawing(grid: readonly Cuts[], size = 160): string {
  const plane = planeOf(grid);
  if (plane === undefined) return "";
  const [w, h, d] = sides(
    [plane.columns, plane.rows, plane.depth].map((c) => (c === undefined ? 1 : cutsExtent(c))),
    size,
    16,
  ) as [number, number, number];
  const depth = plane.depth === undefined ? 0 : Math.round(d / 3);
  const height = plane.rows === undefined ? 24 : h;
  const lines: string[] = [];
  const draw = (x1: number, y1: number, x2: number, y2: number, outer: boolean): void => {
    lines.push(
      `<line x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}" stroke-width="${outer ? 2 : 1}"/>`,
    );
  };
  for (const f of borders(plane.columns)) {
    const outer = f === 0 || f === 1;
    draw(depth + f * w, depth, depth + f * w, depth + height, outer);
    if (depth > 0) draw(f * w, 0, depth + f * w, depth, outer);
  }
  const rowBorders = plane.rows === undefined ? [0, 1] : borders(plane.rows);
  for (const f of rowBorders) {
    const outer = f === 0 || f === 1;
    draw(depth, depth + f * height, depth + w, depth + f * height, outer);
    if (depth > 0) draw(0, f * height, depth, depth + f * height, outer);
  }
  if (plane.depth !== undefined) {
    for (const f of borders(plane.depth)) {
      const outer = f === 0 || f === 1;
      draw(f * depth, f * depth, f * depth + w, f * depth, outer);
      draw(f * depth, f * depth, f * depth, f * depth + height, outer);
    }
  }
  const [width, tall] = [w + depth + 4, height + depth + 4];
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${tall}" ` +
    `viewBox="-2 -2 ${width} ${tall}" role="img" aria-label="chunk grid">` +
    `<rect x="${depth}" y="${depth}" width="${w}" height="${height}" fill="currentColor" fill-opacity="0.12"/>` +
    `<g stroke="currentColor">${lines.join("")}</g></svg>`
  );
}
const px = (v: number): string => String(Math.round(v * 10) / 10);
