/** A few elements of an array as text: the corners, with dots for what lies between. */
import type { DType } from "../ir/dtype.js";
import { isComplex, isFloat } from "../ir/dtype.js";
import { elementCount, unravel } from "../ir/index-map.js";
import { lengthsText } from "./summary.js";

export interface Excerpt {
  readonly dtype: DType;
  /** Of the whole array. */
  readonly shape: readonly number[];
  /** Elements shown along each axis: all, or as many from either end. */
  readonly shown: readonly number[];
  /** Row-major, `shown` along each axis. */
  readonly elements: readonly unknown[];
}

const DIGITS = 6;

function numberText(value: number, dtype: DType): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "Inf" : "-Inf";
  if (Object.is(value, -0)) return "-0";
  return isFloat(dtype) || isComplex(dtype)
    ? String(Number(value.toPrecision(DIGITS)))
    : String(value);
}

/** One element, floats to six digits. */
export function elementText(value: unknown, dtype: DType): string {
  if (typeof value === "number") return numberText(value, dtype);
  if (Array.isArray(value)) {
    const [re, im] = value as [number, number];
    const sign = im < 0 || Object.is(im, -0) ? "-" : "+";
    return `${numberText(re, dtype)}${sign}${numberText(Math.abs(im), dtype)}i`;
  }
  return String(value);
}

/** `float64 4 x 1,000` and below it the elements in brackets, in columns. */
export function excerptText({ dtype, shape, shown, elements }: Excerpt): string {
  const words = elements.map((v) => elementText(v, dtype));
  const width = words.reduce((n, w) => Math.max(n, w.length), 0);
  const head = `${dtype} ${lengthsText(shape)}`;
  if (shape.length === 0) return `${head}\n${words[0] ?? ""}`;
  if (elementCount(shape) === 0) return `${head}\n[]`;
  const cut = (axis: number): boolean => (shown[axis] as number) < (shape[axis] as number);
  const last = shape.length - 1;
  const row = (items: readonly string[]): string => {
    const padded = items.map((w) => w.padStart(width));
    if (cut(last)) padded.splice(padded.length / 2, 0, "...");
    return padded.join("  ");
  };
  const lengths = shown.slice(0, -1);
  const perRow = shown[last] as number;
  const lines: string[] = [];
  const rows = elementCount(lengths);
  for (let n = 0; n < rows; n++) {
    const position = unravel(n, lengths);
    // Brackets open for every axis that starts here, and dots stand where the half of an axis is skipped.
    const opens = trailing(position, (v) => v === 0);
    const closes = trailing(position, (v, axis) => v === (lengths[axis] as number) - 1);
    const skipped = last - 1 - opens;
    if (skipped >= 0 && cut(skipped) && position[skipped] === (lengths[skipped] as number) / 2) {
      lines.push(`${" ".repeat(skipped + 1)}...`);
    }
    const indent = " ".repeat(last - opens) + "[".repeat(opens + 1);
    const text = row(words.slice(n * perRow, (n + 1) * perRow));
    lines.push(`${indent}${text}${"]".repeat(closes + 1)}`);
  }
  return [head, ...lines].join("\n");
}

/** How many of the last entries are so, without a break. */
function trailing(position: readonly number[], is: (v: number, axis: number) => boolean): number {
  let n = 0;
  for (let axis = position.length - 1; axis >= 0 && is(position[axis] as number, axis); axis--) n++;
  return n;
}
