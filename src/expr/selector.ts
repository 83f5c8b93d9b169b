/** NumPy's selectors as text: `"10:20, ::-1, ..."`, without a Python to evaluate them. */
import { type Expression, fold } from "./ast.js";
import { parseSelectors } from "./parser.js";
import { errorAt } from "./point.js";
import { binaryScalar, isScalar, type Scalar, ScalarError, unaryScalar } from "./scalars.js";
import { plainSource } from "./tokens.js";

/** What `at` takes, as plain data: positions, slices, a new axis, the axes that are left, lists of positions or bools. */
export type PlainSelector =
  | number
  | boolean
  | {
      readonly kind: "slice";
      readonly start: number | null;
      readonly stop: number | null;
      readonly step: number;
    }
  | { readonly kind: "newaxis" }
  | { readonly kind: "ellipsis" }
  | PlainList;
export type PlainList = readonly (number | boolean | PlainList)[];

type Value = Exclude<PlainSelector, number> | Scalar | null;

/**
 * The selectors in a text, by NumPy's syntax: integers, slices, `None` or `newaxis`, `...`, and lists. Numbers may be
 * computed from constants. Throws ExpressionError, which points at the mistake.
 *
 * @example parseSelector("3, 10:20, ..., None")
 */
export function parseSelector(text: string): readonly PlainSelector[] {
  return parseSelectors(plainSource(text)).map((tree) => {
    const value = fold<Value>(tree, (node, operands) => {
      try {
        return combine(text, node, operands);
      } catch (error) {
        throw error instanceof ScalarError ? errorAt(text, node, error.message) : error;
      }
    });
    if (value === null) return NEWAXIS;
    return isScalar(value) ? position(text, tree, value) : value;
  });
}

const NEWAXIS = Object.freeze({ kind: "newaxis" } as const);
const ELLIPSIS = Object.freeze({ kind: "ellipsis" } as const);

function combine(text: string, node: Expression, operands: readonly Value[]): Value {
  switch (node.kind) {
    case "integer":
    case "constant":
      return node.value;
    case "ellipsis":
      return ELLIPSIS;
    case "name":
      if (node.name === "newaxis") return null;
      throw errorAt(text, node, `unknown name '${node.name}'`, "selectors are made of constants");
    case "unary":
      return unaryScalar(node.operator, scalar(text, node.operand, operands[0]));
    case "binary":
      return binaryScalar(
        node.operator,
        scalar(text, node.left, operands[0]),
        scalar(text, node.right, operands[1]),
      );
    case "slice": {
      const given = [node.first, node.stop, node.step];
      let used = 0;
      const [start, stop, step] = given.map((part) => {
        if (part === undefined) return null;
        const value = operands[used++];
        return value === null ? null : integer(text, part, value);
      }) as [number | null, number | null, number | null];
      if (step === 0) throw errorAt(text, node.step ?? node, "the step of a slice is 0");
      return Object.freeze({ kind: "slice", start, stop, step: step ?? 1 });
    }
    case "list":
      return Object.freeze(
        node.items.map((item, i) => {
          const value = operands[i] as Value;
          return Array.isArray(value) ? (value as PlainList) : position(text, item, value);
        }),
      );
    default:
      throw errorAt(text, node, "this is not a selector", HINT);
  }
}

const HINT = "use an integer, start:stop:step, ..., None or a list of integers";

function scalar(text: string, node: Expression, value: Value | undefined): Scalar {
  if (isScalar(value)) return value;
  throw errorAt(text, node, "this is not a number");
}

/** A position, or an entry of a mask. */
function position(text: string, node: Expression, value: Value | undefined): number | boolean {
  return typeof value === "boolean" ? value : integer(text, node, value);
}

function integer(text: string, node: Expression, value: Value | undefined): number {
  if (typeof value === "bigint" && Number.isSafeInteger(Number(value))) return Number(value);
  throw errorAt(text, node, "this is not an integer that can be a position");
}
