/**
 * Rules over constants in scalar trees: what can be told without looking at an element is told here. All exact.
 *
 * Only comparisons, logic and choices are evaluated: their values are the same whoever computes them. Arithmetic on
 * constants stays in the kernel, which has the one definition of it.
 */
import { createNode, mapNode } from "../../ir/build.js";
import { isComplex, isFloat } from "../../ir/dtype.js";
import { advertisedGrid } from "../../ir/grid.js";
import { dtypeOf, knownShape, type Node, type NodeOf } from "../../ir/node.js";
import {
  type Comparison,
  call,
  constant,
  isPowerOfTwo,
  isSpecial,
  type Scalar,
  valueOf,
} from "../../ir/scalar.js";
import { type Rule, rule } from "./rule.js";

const COMPARE: Readonly<Record<Comparison, (a: number | bigint, b: number | bigint) => boolean>> = {
  // Numbers of two kinds would meet in a cast before they are compared.
  equal: (a, b) => a === b,
  notEqual: (a, b) => a !== b,
  less: (a, b) => a < b,
  lessEqual: (a, b) => a <= b,
  greater: (a, b) => a > b,
  greaterEqual: (a, b) => a >= b,
};
const LOGIC: Readonly<Record<string, (a: boolean, b: boolean) => boolean>> = {
  bitwiseAnd: (a, b) => a && b,
  bitwiseOr: (a, b) => a || b,
  bitwiseXor: (a, b) => a !== b,
};

type Known = number | bigint | boolean;

function known(tree: Scalar): Known | undefined {
  if (tree.kind !== "const" || isComplex(tree.dtype)) return undefined;
  const value = valueOf(tree);
  return typeof value === "object" ? undefined : (value as Known);
}

/** The value of a call whose arguments are all known, if it is one that is evaluated here. */
function valueOfCall(tree: Scalar & { kind: "call" }): boolean | undefined {
  // Other constants are not looked at: their calls stay, whatever the numbers are.
  const compares = tree.fn in COMPARE;
  const decides = tree.on === "bool" && (tree.fn in LOGIC || tree.fn === "bitwiseInvert");
  if (!compares && !decides) return undefined;
  const values = tree.args.every((a) => a.kind === "const") ? tree.args.map(known) : [undefined];
  if (values.some((v) => v === undefined)) return undefined;
  const [a, b] = values as [Known, Known];
  if (compares) {
    const compare = COMPARE[tree.fn as Comparison];
    return compare(asNumber(a), asNumber(b));
  }
  if (tree.fn === "bitwiseInvert") return a !== true;
  const logic = LOGIC[tree.fn];
  return logic?.(a === true, b === true);
}

const asNumber = (v: Known): number | bigint => (typeof v === "boolean" ? Number(v) : v);

/** One branch of a choice that is known, or one side of logic that does not matter. */
function decided(tree: Scalar & { kind: "call" }): Scalar | undefined {
  const [a, b, c] = tree.args as readonly [Scalar, Scalar?, Scalar?];
  if (tree.fn === "where" && b !== undefined && c !== undefined) {
    const condition = known(a);
    if (condition !== undefined) return condition === true ? b : c;
    return undefined;
  }
  if (tree.on !== "bool" || b === undefined) return undefined;
  const left = known(a);
  const right = known(b);
  const value = left ?? right;
  const other = left === undefined ? a : b;
  if (value === undefined) return undefined;
  if (tree.fn === "bitwiseAnd") return value === true ? other : constant(false, "bool");
  if (tree.fn === "bitwiseOr") return value === true ? constant(true, "bool") : other;
  return undefined;
}

/** The tree with all that is known in place; the same tree if there is nothing. */
function folded(tree: Scalar): Scalar {
  if (tree.kind === "cast") {
    const inner = folded(tree.arg);
    return inner === tree.arg ? tree : { ...tree, arg: inner };
  }
  if (tree.kind !== "call") return tree;
  const args = tree.args.map(folded);
  const same = args.every((a, i) => a === tree.args[i]);
  const now: Scalar & { kind: "call" } = same ? tree : { ...tree, args };
  const value = valueOfCall(now);
  if (value !== undefined) return constant(value, "bool");
  return decided(now) ?? now;
}

/** The node with a tree that may look at fewer of its inputs. */
function withTree(node: NodeOf<"map">, tree: Scalar): Node | undefined {
  const used = new Set<number>();
  const visit = (t: Scalar): void => {
    if (t.kind === "arg") used.add(t.index);
    else if (t.kind === "cast") visit(t.arg);
    else if (t.kind === "call") t.args.forEach(visit);
  };
  visit(tree);
  const shape = knownShape(node);
  const kept = node.inputs.map((_, i) => i).filter((i) => used.has(i));
  // What is left must still give every axis its length.
  const spans = shape.every(
    (n, axis) => n === 1 || kept.some((i) => knownShape(node.inputs[i] as Node)[axis] === n),
  );
  const left = spans ? kept : node.inputs.map((_, i) => i);
  const renumbered = (t: Scalar): Scalar =>
    t.kind === "arg"
      ? { ...t, index: left.indexOf(t.index) }
      : t.kind === "cast"
        ? { ...t, arg: renumbered(t.arg) }
        : t.kind === "call"
          ? { ...t, args: t.args.map(renumbered) }
          : t;
  return mapNode(
    renumbered(tree),
    left.map((i) => node.inputs[i] as Node),
    shape,
  );
}

const decide = rule({
  name: "known-condition",
  kind: "map",
  exactness: "exact",
  decreases: "cost",
  apply: (node) => {
    const tree = folded(node.params.tree);
    if (tree === node.params.tree || tree.dtype !== dtypeOf(node)) return undefined;
    return withTree(node, tree);
  },
});

/** A power of two has an exact reciprocal, and scaling by either rounds the same number. */
const reciprocal = rule({
  name: "divide-by-power-of-two",
  kind: "map",
  exactness: "exact",
  decreases: "cost",
  apply: (node) => {
    const { tree } = node.params;
    if (tree.kind !== "call" || tree.fn !== "divide" || !isFloat(tree.on)) return undefined;
    const [x, by] = tree.args as readonly [Scalar, Scalar];
    // A placeholder is no power of two.
    if (by.kind !== "const" || !isSpecial(by)) return undefined;
    const value = known(by);
    if (typeof value !== "number" || value === 1 || !isPowerOfTwo(value)) return undefined;
    if (Math.abs(Math.log2(Math.abs(value))) > 100) return undefined;
    return mapNode(
      call("multiply", tree.on, x, constant(1 / value, tree.on)),
      node.inputs,
      knownShape(node),
    );
  },
});

const virtual = rule({
  name: "known-element",
  kind: "create",
  exactness: "exact",
  decreases: "cost",
  apply: (node) => {
    const tree = folded(node.params.tree);
    return tree === node.params.tree || tree.dtype !== dtypeOf(node)
      ? undefined
      : createNode(tree, knownShape(node), advertisedGrid(node));
  },
});

export const CONSTANT_RULES: readonly (Rule<"map"> | Rule<"create">)[] = [
  decide,
  reciprocal,
  virtual,
];
