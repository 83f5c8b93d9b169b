/** Words for sizes and times, tables with aligned columns, and small arrays. */
import type { NDArray } from "../index.js";

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/** `1536` -> `1.5 KiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${BYTE_UNITS[unit]}`;
}

/** `0.0421` -> `42 ms`, `75` -> `1 min 15 s`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

export const formatTuple = (values: readonly unknown[]): string => `(${values.join(", ")})`;

/** Pads every column to its widest cell, two spaces apart, without blanks at the ends of lines. */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  }
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** An element as it is printed: complex numbers are written `1+2j`. */
function elementText(value: unknown): string {
  if (!Array.isArray(value)) return Object.is(value, -0) ? "-0" : String(value);
  const [re, im] = value.map(elementText) as [string, string];
  return `${re}${/^[-+]/.test(im) ? "" : "+"}${im}j`;
}

/**
 * The elements of an array in brackets, right-aligned, one line for each row; a 0-d array is its element.
 *
 * @example "[[ 1,  2],\n [10, 20]]"
 */
export function arrayText(array: NDArray): string {
  const { shape } = array;
  if (shape.length === 0) return elementText(array.get());
  const columns = shape.at(-1) as number;
  const rows = shape.slice(0, -1).reduce((n, extent) => n * extent, 1);
  const texts: string[] = [];
  const position = shape.map(() => 0);
  for (let n = 0; n < rows * columns; n++) {
    texts.push(elementText(array.get(...position)));
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position[axis] = (position[axis] as number) + 1;
      if ((position[axis] as number) < (shape[axis] as number)) break;
      position[axis] = 0;
    }
  }
  if (texts.length === 0) return `[] ${array.dtype} ${formatTuple(shape)}`;
  const width = Math.max(...texts.map((t) => t.length));
  const lines: string[] = [];
  for (let row = 0; row < rows; row++) {
    const cells = texts.slice(row * columns, (row + 1) * columns).map((t) => t.padStart(width));
    // Brackets of the axes that begin, and end, with this row.
    let starts = 1;
    let ends = 1;
    for (let axis = shape.length - 2, inner = 1; axis >= 0; axis--) {
      inner *= shape[axis] as number;
      if (row % inner === 0) starts++;
      if ((row + 1) % inner === 0) ends++;
    }
    const indent = " ".repeat(shape.length - starts);
    const last = row === rows - 1;
    lines.push(
      `${indent}${"[".repeat(starts)}${cells.join(", ")}${"]".repeat(ends)}${last ? "" : ","}`,
    );
    if (!last && ends > 1) lines.push(...Array.from({ length: ends - 1 }, () => ""));
  }
  return lines.join("\n");
}
