/** Mistakes in expressions that only their values show; what the parser refuses is in test/expr. */
import type { Row } from "./row.js";

const at = (line: string, mark: string): string => `\n\n  ${line}\n  ${mark}`;

export const expressions: readonly Row[] = [
  [
    'cw.expr("meen(x)", { x })',
    "ExpressionError",
    `unknown function 'meen'; did you mean mean?${at("meen(x)", "^^^^")}`,
  ],
  [
    'cw.expr("x.meen()", { x })',
    "ExpressionError",
    `an array has no attribute or method 'meen'; did you mean mean?${at("x.meen()", "  ^^^^")}`,
  ],
  [
    'cw.expr("x + speeed", { x, speed: x })',
    "ExpressionError",
    `unknown name 'speeed'; did you mean speed?${at("x + speeed", "    ^^^^^^")}`,
  ],
  [
    'cw.expr("temperature", { x })',
    "ExpressionError",
    `unknown name 'temperature'; the names are x${at("temperature", "^^^^^^^^^^^")}`,
  ],
  [
    'cw.expr("mean + 1")',
    "ExpressionError",
    `mean is a function; call it: mean(...)${at("mean + 1", "^^^^")}`,
  ],
  [
    'cw.expr("x.mean", { x })',
    "ExpressionError",
    `mean is a method; call it: .mean(...)${at("x.mean", "  ^^^^")}`,
  ],
  [
    'cw.expr("mean(x, axs=0)", { x })',
    "ExpressionError",
    `mean has no argument 'axs'; did you mean axis?${at("mean(x, axs=0)", "        ^^^")}`,
  ],
  [
    'cw.expr("mean(x, where=x)", { x })',
    "ExpressionError",
    `mean has no argument 'where'; there are axis, keepdims${at("mean(x, where=x)", "        ^^^^^")}`,
  ],
  [
    'cw.expr("sqrt(x, out=x)", { x })',
    "ExpressionError",
    `sqrt has no argument 'out'; it takes none${at("sqrt(x, out=x)", "        ^^^")}`,
  ],
  [
    'cw.expr("x.sum(0, axis=0)", { x })',
    "ExpressionError",
    `sum: axis is given twice${at("x.sum(0, axis=0)", "         ^^^^")}`,
  ],
  [
    'cw.expr("1 + sum(x, 0, 1, 2)", { x })',
    "ExpressionError",
    `sum takes at most 3 positional arguments, got 4${at("1 + sum(x, 0, 1, 2)", "    ^^^^^^^^^^^^^^^")}`,
  ],
  [
    'cw.expr("broadcast_to(x)", { x })',
    "ExpressionError",
    `broadcast_to needs shape${at("broadcast_to(x)", "^^^^^^^^^^^^^^^")}`,
  ],
  [
    'cw.expr("x + None", { x })',
    "ExpressionError",
    `+ takes arrays and numbers, not None${at("x + None", "^^^^^^^^")}`,
  ],
  [
    "cw.expr(\"x['a']\", { x })",
    "ExpressionError",
    `a string is not an index${at("x['a']", "  ^^^")}`,
  ],
  [
    'cw.expr("x[1.0]", { x })',
    "ExpressionError",
    `a float is not an index${at("x[1.0]", "  ^^^")}`,
  ],
  [
    'cw.expr("x[:0.5]", { x })',
    "ExpressionError",
    `the bounds of a slice are integers${at("x[:0.5]", "   ^^^")}`,
  ],
  ['cw.expr("x(1)", { x })', "ExpressionError", `an array cannot be called${at("x(1)", "^")}`],
  ['cw.expr("3[0]")', "ExpressionError", `an integer cannot be indexed${at("3[0]", "^^^^")}`],
  [
    'cw.expr("float32(x)", { x })',
    "ExpressionError",
    `float32 is a dtype, not a function; use astype(x, 'float32')${at("float32(x)", "^^^^^^^")}`,
  ],
  [
    'cw.expr("x.shape[2]", { x })',
    "ExpressionError",
    `index 2 is out of bounds for a list of 2${at("x.shape[2]", "^^^^^^^^^^")}`,
  ],
  [
    'cw.expr("x * (1 / 0)", { x })',
    "ExpressionError",
    `division by zero${at("x * (1 / 0)", "    ^^^^^^^")}`,
  ],
  [
    'cw.expr("9**9**9")',
    "ExpressionError",
    `the integer does not fit 64 bits${at("9**9**9", "^^^^^^^")}`,
  ],
  [
    'cw.expr("unstack(x)", { x })',
    "ExpressionError",
    `the expression gives several arrays; choose one with [0], or join them with stack or concat${at("unstack(x)", "^^^^^^^^^^")}`,
  ],
  [
    "cw.expr(\"'f4'\")",
    "ExpressionError",
    `the expression gives a string; an array is expected${at("'f4'", "^^^^")}`,
  ],
  ...["constructor", "__proto__", "toString", "hasOwnProperty", "prototype"].flatMap(
    (name): Row[] => [
      [
        `cw.expr("${name}", { x })`,
        "ExpressionError",
        `unknown name '${name}'; the names are x${at(name, "^".repeat(name.length))}`,
      ],
      [
        `cw.expr("${name}('x')")`,
        "ExpressionError",
        `unknown function '${name}'${at(`${name}('x')`, "^".repeat(name.length))}`,
      ],
      [
        `cw.expr("x.${name}", { x })`,
        "ExpressionError",
        `an array has no attribute or method '${name}'${at(`x.${name}`, `  ${"^".repeat(name.length)}`)}`,
      ],
    ],
  ),
  [
    'cw.expr("x.compute()", { x })',
    "ExpressionError",
    `an array has no attribute or method 'compute'${at("x.compute()", "  ^^^^^^^")}`,
  ],
  [
    'cw.expr("1 + (x + x[:, 1:])", { x })',
    "ShapeError",
    `add: shapes [10, 6] and [10, 5] do not broadcast; lengths of axis -1 must be equal or 1, got 6 and 5${at("1 + (x + x[:, 1:])", "    ^^^^^^^^^^^^^^")}`,
  ],
  [
    'cw.expr("x[12] + 1", { x })',
    "IndexError",
    `at: index 12 is out of bounds for axis 0; allowed are -10 to 9${at("x[12] + 1", "^^^^^")}`,
  ],
  [
    "cw.expr(\"x.astype('f99')\", { x })",
    "DTypeError",
    'astype: unknown dtype "f99"; dtypes are …',
  ],
  ["cw.expr(3)", "ExpressionError", "expr: expected a text or a template, got 3"],
  [
    'cw.expr("x", x)',
    "ExpressionError",
    "expr: variables must be an object, got a LazyArray; as in expr(text, { u, v })",
  ],
  [
    'cw.expr("x + a", { x, a: { b: 1 } })',
    "ExpressionError",
    `a cannot be used in an expression; values are arrays, numbers, bigints, booleans, strings, lists, typed arrays and functions${at("x + a", "    ^")}`,
  ],
];
