/** `expr`: NumPy's expression syntax over lazy arrays. */
import { ExpressionError } from "../errors.js";
import type { TypedArray } from "../ir/dtype.js";
import { type JsScalar, valueText } from "../ops/index.js";
import type { LazyArray } from "./array.js";
import { expressions } from "./later.js";
import type { NDArray } from "./nd-array.js";
import { isPlainObject } from "./options.js";
import type { NestedList } from "./sources.js";

/** What a name or an interpolation of an expression may stand for. */
export type ExpressionValue =
  | LazyArray
  | NDArray
  | TypedArray
  | JsScalar
  | string
  | null
  | NestedList
  | readonly LazyArray[]
  | ((...args: never[]) => unknown);

interface Expr {
  (strings: TemplateStringsArray, ...values: readonly ExpressionValue[]): LazyArray;
  (text: string, variables?: { readonly [name: string]: ExpressionValue }): LazyArray;
}

/**
 * A lazy array from an expression in NumPy's syntax, as a template with values in it or as a text with named values.
 *
 * Operators have Python's precedence; functions, methods, keywords and constants go by NumPy's names (`arctan2`,
 * `keepdims`, `ddof`, `pi`) or by ours. `x[10:20, ::-1, ..., None]` indexes. `a < b < c` holds where both comparisons
 * do. As in NumPy 2, literals beside an array take its dtype, except that a float beside integers (`i * 2.0`) makes them
 * float64. An interpolated number counts as an integer where its value is one. Text is never run as JavaScript: names
 * are looked up among the values given and in the table of functions, and nowhere else. A function given by name can be
 * called; it gets arrays, numbers and lists, and keywords as one last object.
 *
 * ExpressionError, with `line` and `column`, for what cannot be read and for unknown names and arguments; what the
 * functions themselves refuse keeps its own class, and its message shows the place too.
 *
 * @example
 * const speed = expr`sqrt(${u}**2 + ${v}**2)`;
 * const mean = expr("mean(u**2 + v**2, axis=0)", { u, v });
 */
export const expr: Expr = (first: unknown, ...rest: unknown[]): LazyArray => {
  if (typeof first === "string") {
    const [variables] = rest;
    if (variables !== undefined && !isPlainObject(variables)) {
      throw new ExpressionError(`expr: variables must be an object, got ${valueText(variables)}`, {
        hint: "as in expr(text, { u, v })",
      });
    }
    const named = new Map(Object.entries(variables ?? {}));
    const { evaluate, plainSource } = expressions();
    return evaluate(plainSource(first), { variables: named, holes: [] });
  }
  if (Array.isArray(first) && "raw" in first) {
    const parts = first.raw as readonly string[];
    const { evaluate, templateSource } = expressions();
    return evaluate(templateSource(parts), { variables: new Map(), holes: rest });
  }
  throw new ExpressionError(`expr: expected a text or a template, got ${valueText(first)}`);
};
