/** Rules over elementwise functions. All exact: NaN, signed zeros, infinities and integer overflow included. */
import { mapNode } from "../../ir/build.js";
import { type DType, isComplex, isFloat, isInteger, itemSize, kindOf } from "../../ir/dtype.js";
import { dtypeOf, knownShape, type Node } from "../../ir/node.js";
import {
  bitsOf,
  cast,
  type Scalar,
  type ScalarConstant,
  type ScalarFunction,
} from "../../ir/scalar.js";
import { type Rule, rule } from "./rule.js";

/** f(f(x)) = x */
const INVOLUTIONS: ReadonlySet<string> = new Set(["negative", "bitwiseInvert", "conj"]);
/** f(f(x)) = f(x) */
const IDEMPOTENT: ReadonlySet<string> = new Set(["abs", "floor", "ceil", "trunc", "round", "sign"]);

const unaryOf = (node: Node): (Scalar & { kind: "call" }) | undefined => {
  if (node.op !== "map" || node.inputs.length !== 1) return undefined;
  const { tree } = node.params;
  return tree.kind === "call" && tree.args.length === 1 && tree.args[0]?.kind === "arg"
    ? tree
    : undefined;
};

const repeated = rule({
  name: "unary-repeated",
  kind: "map",
  exactness: "exact",
  decreases: "nodes",
  apply: (node) => {
    const outer = unaryOf(node);
    const inner = node.inputs[0];
    const within = inner === undefined ? undefined : unaryOf(inner);
    if (outer === undefined || within === undefined || outer.fn !== within.fn) return undefined;
    if (outer.on !== within.on) return undefined;
    if (INVOLUTIONS.has(outer.fn)) return (inner as Node).inputs[0];
    // The sign of a complex number is rounded.
    if (outer.fn === "sign" && isComplex(outer.on)) return undefined;
    return IDEMPOTENT.has(outer.fn) ? inner : undefined;
  },
});

/** f(g(x)) = f(x), where g only changes signs. */
const BLIND_TO_SIGNS: ReadonlySet<string> = new Set([
  "abs",
  "square",
  "isnan",
  "isinf",
  "isfinite",
]);
const SIGNS: ReadonlySet<string> = new Set(["negative", "abs", "conj"]);

const unsigned = rule({
  name: "sign-unseen",
  kind: "map",
  exactness: "exact",
  decreases: "nodes",
  apply: (node) => {
    const outer = unaryOf(node);
    const inner = node.inputs[0];
    const within = inner === undefined ? undefined : unaryOf(inner);
    if (outer === undefined || within === undefined) return undefined;
    if (!BLIND_TO_SIGNS.has(outer.fn) || !SIGNS.has(within.fn)) return undefined;
    // The square of a conjugate is another number, and the magnitude of a complex number is no sign.
    if (outer.fn === "square" && within.fn === "conj") return undefined;
    if (outer.on !== within.on || (within.fn === "abs" && isComplex(within.on))) return undefined;
    return mapNode(outer, [(inner as Node).inputs[0] as Node], knownShape(node));
  },
});

const OPPOSITE: Readonly<Partial<Record<ScalarFunction, ScalarFunction>>> = {
  equal: "notEqual",
  notEqual: "equal",
  less: "greaterEqual",
  lessEqual: "greater",
  greater: "lessEqual",
  greaterEqual: "less",
};

const opposite = rule({
  name: "not-of-comparison",
  kind: "map",
  exactness: "exact",
  decreases: "nodes",
  apply: (node) => {
    const outer = unaryOf(node);
    const inner = node.inputs[0];
    if (outer?.fn !== "bitwiseInvert" || outer.on !== "bool" || inner?.op !== "map")
      return undefined;
    const { tree } = inner.params;
    const fn = tree.kind === "call" ? OPPOSITE[tree.fn] : undefined;
    if (fn === undefined || tree.kind !== "call") return undefined;
    // NaN is neither less nor greater, but it is not equal.
    const ordered = fn !== "equal" && fn !== "notEqual";
    if (ordered && (isFloat(tree.on) || isComplex(tree.on))) return undefined;
    return mapNode({ ...tree, fn }, inner.inputs, knownShape(node));
  },
});

/** Whether every value of `from` survives a trip through `to` unchanged. */
export function isLossless(from: DType, to: DType): boolean {
  if (from === to) return true;
  const a = kindOf(from);
  const b = kindOf(to);
  if (a === "complex" || b === "complex" || b === "bool") return false;
  if (a === "bool") return true;
  if (isFloat(from)) return isFloat(to) && itemSize(to) > itemSize(from);
  if (isFloat(to)) return itemSize(from) * 8 <= (to === "float64" ? 32 : 16);
  if (a === b) return itemSize(to) > itemSize(from);
  return a === "uint" && itemSize(to) > itemSize(from);
}

const castOf = (node: Node): (Scalar & { kind: "cast" }) | undefined =>
  node.op === "map" && node.params.tree.kind === "cast" && node.params.tree.arg.kind === "arg"
    ? node.params.tree
    : undefined;

const castChain = rule({
  name: "cast-through-wider",
  kind: "map",
  exactness: "exact",
  decreases: "nodes",
  apply: (node) => {
    const outer = castOf(node);
    const inner = node.inputs[0];
    const within = inner === undefined ? undefined : castOf(inner);
    if (outer === undefined || within === undefined || inner === undefined) return undefined;
    if (!isLossless(within.from, within.dtype)) return undefined;
    const x = inner.inputs[0] as Node;
    if (outer.dtype === within.from) return x;
    // Wider and wider is one step; wider then narrower is the narrowing alone only between integers.
    const direct =
      isLossless(within.dtype, outer.dtype) ||
      (isInteger(within.from) && isInteger(within.dtype) && isInteger(outer.dtype));
    if (!direct) return undefined;
    return mapNode(
      cast({ kind: "arg", index: 0, dtype: within.from }, outer.dtype),
      [x],
      knownShape(node),
    );
  },
});

const neutral = rule({
  name: "neutral-element",
  kind: "map",
  exactness: "exact",
  decreases: "nodes",
  apply: (node) => {
    const { tree } = node.params;
    if (tree.kind !== "call" || tree.args.length !== 2 || node.inputs.length !== 1)
      return undefined;
    const [left, right] = tree.args as [Scalar, Scalar];
    const [value, other, swapped] =
      right.kind === "const" ? [right, left, false] : [left, right, true];
    if (value.kind !== "const" || other.kind !== "arg") return undefined;
    if (!isNeutral(tree.fn, value, swapped)) return undefined;
    const x = node.inputs[0] as Node;
    if (dtypeOf(x) !== dtypeOf(node)) return undefined;
    return knownShape(x).some((n, i) => n !== knownShape(node)[i]) ? undefined : x;
  },
});

const known = new Map<DType, { one: string; zero: string; minusZero: string }>();
function bitsFor(dtype: DType): { one: string; zero: string; minusZero: string } {
  let bits = known.get(dtype);
  if (bits === undefined) {
    bits = { one: bitsOf(1, dtype), zero: bitsOf(0, dtype), minusZero: bitsOf(-0, dtype) };
    known.set(dtype, bits);
  }
  return bits;
}

/** Whether a constant changes nothing, told by its bits: no placeholder has those. */
function isNeutral(
  fn: ScalarFunction,
  { dtype, bits }: ScalarConstant,
  onTheLeft: boolean,
): boolean {
  const integer = isInteger(dtype);
  if (!integer && !isFloat(dtype)) return false;
  const { one, zero, minusZero } = bitsFor(dtype);
  switch (fn) {
    case "multiply":
      return bits === one;
    case "divide":
      return !onTheLeft && bits === one;
    case "add":
      // x + 0 turns -0 into 0; only -0 is neutral for floats.
      return bits === (integer ? zero : minusZero);
    case "subtract":
      return !onTheLeft && bits === zero;
    default:
      return false;
  }
}

export const MAP_RULES: readonly Rule<"map">[] = [repeated, unsigned, opposite, castChain, neutral];
