/** How error messages spell shapes, values and kinds of things; one place, so that they all read alike. */
import type { Dim } from "../ir/node.js";

/** `[3, 4]`; an unknown length is `?`. */
export const shapeText = (shape: readonly Dim[]): string =>
  `[${shape.map((d) => (typeof d === "number" ? String(d) : "?")).join(", ")}]`;

/** A value as a user would have written it, cut to a line. */
export function valueText(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return `function ${value.name || "(anonymous)"}`;
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (Array.isArray(value)) {
    const shown = value.slice(0, 6).map(valueText).join(", ");
    return value.length > 6 ? `[${shown}, ...]` : `[${shown}]`;
  }
  if (ArrayBuffer.isView(value))
    return withArticle(Object.prototype.toString.call(value).slice(8, -1));
  if (typeof value === "object" && value !== null) {
    const name = Object.getPrototypeOf(value)?.constructor?.name as string | undefined;
    return name === undefined || name === "Object" ? "an object" : withArticle(name);
  }
  return String(value);
}

/** `1 axis`, `3 axes`. */
export const countText = (n: number, one: string, many: string = `${one}s`): string =>
  `${n} ${n === 1 ? one : many}`;

/** `a, b or c`. */
export function listText(items: readonly string[], word: "or" | "and" = "or"): string {
  if (items.length <= 1) return items.join("");
  return `${items.slice(0, -1).join(", ")} ${word} ${items.at(-1)}`;
}

/** `an int8`, `a float32`; unsigned and uint are spoken with a y. */
export const withArticle = (word: string): string =>
  /^[aeiou]/i.test(word) && !/^uint|^unsigned/i.test(word) ? `an ${word}` : `a ${word}`;
