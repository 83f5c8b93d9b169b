/** Helpers of the parser's tests: trees as text, seeded randomness, expressions that are valid by construction. */
import type { Expression } from "../../dist/expr/index.js";

/** A tree in fully bracketed prefix form: `a + b*c` is `(+ a (* b c))`. */
export function treeText(node: Expression): string {
  const list = (...parts: readonly (string | Expression)[]): string =>
    `(${parts.map((p) => (typeof p === "string" ? p : treeText(p))).join(" ")})`;
  switch (node.kind) {
    case "integer":
      return `${node.value}`;
    case "float":
      return `${node.value}f`;
    case "string":
      return JSON.stringify(node.value);
    case "constant":
      return node.value === null ? "None" : node.value ? "True" : "False";
    case "ellipsis":
      return "...";
    case "name":
      return node.name;
    case "hole":
      return `$${node.index}`;
    case "unary":
      return list(node.operator, node.operand);
    case "binary":
      return list(node.operator, node.left, node.right);
    case "compare":
      return list(node.operators.join(","), ...node.operands);
    case "attribute":
      return list(".", node.value, node.name);
    case "call":
      return list(
        "call",
        node.callee,
        ...node.args,
        ...node.keywords.map((k) => `${k.name}=${treeText(k.value)}`),
      );
    case "index":
      return list("[]", node.value, ...node.selectors);
    case "slice":
      return [node.first, node.stop, node.step].map((p) => (p ? treeText(p) : "")).join(":");
    case "list":
      return list("list", ...node.items);
    case "tuple":
      return list("tuple", ...node.items);
  }
}

/** Numbers in [0, n), the same for a seed on every machine (mulberry32). */
export function randomOf(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

const OPERATORS = ["+", "-", "*", "/", "//", "%", "@", "**", "<<", ">>", "&", "|", "^"];
const COMPARISONS = ["<", "<=", ">", ">=", "==", "!="];
const ATOMS = ["x", "y", "m", "1", "2.5", "0x1F", "1e-3", "True", "None", "pi", "'f4'", "..."];
const NAMES = ["mean", "sum", "sqrt", "where", "reshape", "concat", "at", "nope", "astype", "std"];
const KEYWORDS = ["axis", "keepdims", "dtype", "shape", "ddof", "other"];

/** A valid expression of about `depth` levels. */
export function randomExpression(random: (n: number) => number, depth: number): string {
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;
  const sub = (): string => randomExpression(random, depth - 1);
  const blank = (): string => pick(["", "", " ", "  ", "\n", "\t"]);
  const some = (make: () => string): string =>
    Array.from({ length: random(4) }, make).join(`,${blank()}`);
  const bound = (): string => (random(2) === 0 ? "" : sub());
  if (depth <= 0) return pick(ATOMS);
  switch (random(10)) {
    case 0:
      return pick(ATOMS);
    case 1:
    case 2:
      return `${sub()}${blank()}${pick(OPERATORS)}${blank()}${sub()}`;
    case 3:
      return `${sub()} ${pick(COMPARISONS)} ${sub()}`;
    case 4:
      return `${pick(["-", "+", "~"])}${sub()}`;
    case 5:
      return `(${sub()})`;
    case 6: {
      const words = new Set(Array.from({ length: random(3) }, () => pick(KEYWORDS)));
      const args = [
        ...Array.from({ length: random(3) }, sub),
        ...[...words].map((w) => `${w}=${sub()}`),
      ];
      return `${pick(["", "x.", "np."])}${pick(NAMES)}(${args.join(", ")})`;
    }
    case 7:
      return `(${sub()})[${pick([sub(), `${bound()}:${bound()}`, `::${sub()}`, `${sub()}, ..., None`, ":,"])}]`;
    case 8:
      return `[${some(sub)}]`;
    default:
      return `(${sub()}).${pick(["T", "mean()", "shape", "astype('f8')"])}`;
  }
}
