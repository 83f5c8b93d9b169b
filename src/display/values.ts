/** Results for people: elements abbreviated as NumPy does, as nested brackets for consoles and as tables for notebooks. */
import { type DType, itemSize } from "../ir/dtype.js";
import { elementCount } from "../ir/index-map.js";
import { escapeHtml, TABLE } from "./escape.js";
import { bytesText } from "./numbers.js";
import { lengthsText } from "./summary.js";

export type Shown = boolean | number | bigint | readonly [re: number, im: number];

/** What is shown: an array whose elements are at hand. */
export interface Values {
  readonly shape: readonly number[];
  readonly dtype: DType;
  get(...position: readonly number[]): Shown;
}

/** Significant digits of an element among others; an element by itself is shown in full. */
const DIGITS = 6;
/** Positions shown along an axis, counted from the last axis: two planes at the most. */
const MOST = [10, 6, 2];
/** From here on, positional digits are too many. */
const LARGE = 1e10;
const GAP = "...";

/** Positions shown of each axis; undefined stands for those left out. */
const shownPositions = (shape: readonly number[]): (number | undefined)[][] =>
  shape.map((n, axis) => {
    const fromLast = shape.length - 1 - axis;
    const most = MOST[fromLast] ?? 1;
    // A single row or column takes no more room than the gap that would stand for it.
    if (n <= most + (fromLast < 2 ? 1 : 0)) return Array.from({ length: n }, (_, i) => i);
    const head = Math.ceil(most / 2);
    const first = Array.from({ length: head }, (_, i) => i);
    const last = Array.from({ length: most - head }, (_, i) => n - (most - head) + i);
    return [...first, undefined, ...last];
  });

/** An element among others: few digits, so that columns stay narrow. */
function shortText(value: Shown): string {
  return elementText(value, (n) => {
    const short = Number(n.toPrecision(DIGITS));
    return Number.isFinite(n) && Math.abs(n) >= LARGE ? short.toExponential() : String(short);
  });
}
/** An element by itself: the shortest text that gives the same value back in its dtype. */
function fullText(value: Shown, dtype: DType): string {
  const single = dtype === "float32" || dtype === "complex64";
  return elementText(value, (n) => {
    for (let digits = 6; single && digits < 10; digits++) {
      const text = Number(n.toPrecision(digits));
      if (Math.fround(text) === n) return String(text);
    }
    return String(n);
  });
}
function elementText(value: Shown, float: (n: number) => string): string {
  const number = (n: number): string =>
    Object.is(n, -0) ? "-0" : Number.isInteger(n) && Math.abs(n) < LARGE ? String(n) : float(n);
  if (typeof value === "number") return number(value);
  if (typeof value !== "object") return String(value);
  const [re, im] = value;
  const minus = im < 0 || Object.is(im, -0);
  return `${number(re)}${minus ? "-" : "+"}${number(Math.abs(im))}i`;
}

type Cells = string | readonly Cells[];

/** The shown elements as nested lists of texts. */
function cellsOf(v: Values): Cells {
  const shown = shownPositions(v.shape);
  const level = (position: readonly number[]): Cells => {
    const along = shown[position.length];
    if (along === undefined) return shortText(v.get(...position));
    return along.map((i) => (i === undefined ? GAP : level([...position, i])));
  };
  return level([]);
}

function widthOf(cells: Cells): number {
  if (typeof cells !== "string") return Math.max(0, ...cells.map(widthOf));
  return cells === GAP ? 0 : cells.length;
}

/** Brackets: a row on a line, an empty line between planes and all that is above them. */
function bracketText(cells: Cells, axes: number, indent: number, width: number): string {
  if (typeof cells === "string") return cells === GAP ? GAP : cells.padStart(width);
  const parts = cells.map((c) => bracketText(c, axes - 1, indent + 1, width));
  const between = axes === 1 ? ", " : `,${axes > 2 ? "\n\n" : "\n"}${" ".repeat(indent + 1)}`;
  return `[${parts.join(between)}]`;
}

/** The dtype, the shape, and the elements, of long axes the first and the last few. */
export function textValues(v: Values): string {
  if (v.shape.length === 0) return `NDArray<${v.dtype}> ${fullText(v.get(), v.dtype)}`;
  const title = `NDArray<${v.dtype}> ${lengthsText(v.shape)}`;
  if (elementCount(v.shape) === 0) return `${title}  []`;
  const cells = cellsOf(v);
  return `${title}\n${bracketText(cells, v.shape.length, 0, widthOf(cells))}`;
}

const CELL =
  "padding:1px 8px;text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap";
const cell = (tag: "td" | "th", text: string): string =>
  `<${tag} style="${CELL}${tag === "th" ? ";opacity:0.6;font-weight:normal" : ""}">${escapeHtml(text)}</${tag}>`;

/** The rows of one plane; a 1-d array is a plane of one row. */
function tableOf(v: Values, leading: readonly number[]): string {
  const shown = shownPositions(v.shape);
  const columns = shown.at(-1) ?? [];
  const rows = v.shape.length === 1 ? [null] : (shown.at(-2) ?? []);
  const label = (i: number | undefined): string => (i === undefined ? GAP : String(i));
  const head = `<tr>${cell("th", "")}${columns.map((j) => cell("th", label(j))).join("")}</tr>`;
  const body = rows.map((i) => {
    const row = columns.map((j) => {
      if (i === undefined || j === undefined) return cell("td", GAP);
      return cell("td", shortText(v.get(...leading, ...(i === null ? [] : [i]), j)));
    });
    return `<tr>${cell("th", i === null ? "" : label(i))}${row.join("")}</tr>`;
  });
  return (
    `<table style="${TABLE}"><thead>${head}</thead>` + `<tbody>${body.join("")}</tbody></table>`
  );
}

/** The leading positions of the planes that are shown. */
function planesOf(v: Values): number[][] {
  let planes: number[][] = [[]];
  for (const along of shownPositions(v.shape).slice(0, -2)) {
    const known = along.filter((i) => i !== undefined);
    planes = planes.flatMap((p) => known.map((i) => [...p, i]));
  }
  return planes;
}

/** A title and the elements as tables, one for each plane shown; undefined for 0-d arrays, whose text says it all. */
export function htmlValues(v: Values): string | undefined {
  if (v.shape.length === 0) return undefined;
  const count = elementCount(v.shape);
  const facts = `${lengthsText(v.shape)}, ${bytesText(count * itemSize(v.dtype))}`;
  const title = `<div><b>NDArray</b> <code>${v.dtype}</code> ${escapeHtml(facts)}</div>`;
  const planes = count === 0 ? [] : planesOf(v);
  const tables = planes.map((leading) => {
    const caption = leading.length === 0 ? "" : `<code>[${leading.join(", ")}, :, :]</code>`;
    return `<div>${caption}${tableOf(v, leading)}</div>`;
  });
  return (
    `<div style="font:13px/1.4 system-ui,sans-serif">${title}` +
    `<div style="display:flex;flex-wrap:wrap;gap:4px 24px;overflow-x:auto">${tables.join("")}</div></div>`
  );
}

/** A result by MIME type. */
export function valuesBundle(v: Values): Record<string, string> {
  const html = htmlValues(v);
  return { "text/plain": textValues(v), ...(html === undefined ? {} : { "text/html": html }) };
}
