/** Where in an expression a mistake is: the spans of the syntax tree, and the line with a mark under one of them. */
import { ExpressionError } from "../errors.js";

/** Offsets into the text, in UTF-16 units; `end` is the first one after it. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Characters of the line that are shown left and right of a mistake: with both, a terminal's width. */
const AROUND = 36;

/** Line and column of an offset, from 1. Columns count characters, not UTF-16 units. */
export function placeOf(source: string, offset: number): { line: number; column: number } {
  const before = source.slice(0, offset);
  const first = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: [...before.slice(first)].length + 1 };
}

/**
 * The line on which a span begins, and carets under the span.
 *
 * @example pointAt("mean(u, axs=0)", { start: 8, end: 11 })
 * //   mean(u, axs=0)
 * //           ^^^
 */
export function pointAt(source: string, { start, end }: Span): string {
  const first = source.lastIndexOf("\n", start - 1) + 1;
  const next = source.indexOf("\n", start);
  const last = next < 0 ? source.length : next;
  const from = start - first > 2 * AROUND ? start - AROUND : first;
  const to = last - start > 2 * AROUND ? start + AROUND : last;
  const head = from > first ? "…" : "";
  const left = head + source.slice(from, start);
  const marked = source.slice(start, Math.max(start, Math.min(end, to)));
  const line = head + source.slice(from, to) + (to < last ? "…" : "");
  // A tab stays a tab, so that the mark stands under what it means.
  const indent = [...left].map((c) => (c === "\t" ? "\t" : " ")).join("");
  return `  ${line}\n  ${indent}${"^".repeat(Math.max(1, [...marked].length))}`;
}

/** An {@link ExpressionError} at a span of the text. */
export function errorAt(
  source: string,
  span: Span,
  message: string,
  hint?: string,
): ExpressionError {
  return new ExpressionError(message, {
    hint,
    source,
    ...placeOf(source, span.start),
    picture: pointAt(source, span),
  });
}
