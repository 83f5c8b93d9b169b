/** The syntax tree of an expression: frozen plain data, every node with its place in the text. */
import type { Span } from "./point.js";

export type UnaryOperator = "+" | "-" | "~";
export type BinaryOperator =
  | "|"
  | "^"
  | "&"
  | "<<"
  | ">>"
  | "+"
  | "-"
  | "*"
  | "/"
  | "//"
  | "%"
  | "@"
  | "**";
export type Comparison = "<" | "<=" | ">" | ">=" | "==" | "!=";

interface Syntax<K extends string> extends Span {
  readonly kind: K;
}
export interface IntegerLiteral extends Syntax<"integer"> {
  readonly value: bigint;
}
export interface FloatLiteral extends Syntax<"float"> {
  readonly value: number;
}
export interface StringLiteral extends Syntax<"string"> {
  readonly value: string;
}
/** True, False or None. */
export interface ConstantLiteral extends Syntax<"constant"> {
  readonly value: boolean | null;
}
export type EllipsisLiteral = Syntax<"ellipsis">;
export interface Name extends Syntax<"name"> {
  readonly name: string;
}
/** The place of an interpolated value. */
export interface Hole extends Syntax<"hole"> {
  readonly index: number;
}
export interface Unary extends Syntax<"unary"> {
  readonly operator: UnaryOperator;
  readonly operand: Expression;
}
export interface Binary extends Syntax<"binary"> {
  readonly operator: BinaryOperator;
  readonly left: Expression;
  readonly right: Expression;
}
/** `a < b`, or a chain: operator i stands between operands i and i + 1. */
export interface Compare extends Syntax<"compare"> {
  readonly operators: readonly Comparison[];
  readonly operands: readonly Expression[];
}
export interface Attribute extends Syntax<"attribute"> {
  readonly value: Expression;
  readonly name: string;
  readonly nameSpan: Span;
}
export interface Keyword {
  readonly name: string;
  readonly nameSpan: Span;
  readonly value: Expression;
}
export interface Call extends Syntax<"call"> {
  readonly callee: Expression;
  readonly args: readonly Expression[];
  readonly keywords: readonly Keyword[];
}
export interface Index extends Syntax<"index"> {
  readonly value: Expression;
  readonly selectors: readonly Expression[];
}
/** Only among the selectors of an {@link Index}. */
export interface Slice extends Syntax<"slice"> {
  readonly first: Expression | undefined;
  readonly stop: Expression | undefined;
  readonly step: Expression | undefined;
}
export interface List extends Syntax<"list"> {
  readonly items: readonly Expression[];
}
export interface Tuple extends Syntax<"tuple"> {
  readonly items: readonly Expression[];
}

export type Expression =
  | IntegerLiteral
  | FloatLiteral
  | StringLiteral
  | ConstantLiteral
  | EllipsisLiteral
  | Name
  | Hole
  | Unary
  | Binary
  | Compare
  | Attribute
  | Call
  | Index
  | Slice
  | List
  | Tuple;

/**
 * The operands of a node, in the order in which they are evaluated. What a call calls is none where it is a name; of a
 * method it is the object.
 */
export function operandsOf(node: Expression): readonly Expression[] {
  switch (node.kind) {
    case "unary":
      return [node.operand];
    case "binary":
      return [node.left, node.right];
    case "compare":
      return node.operands;
    case "attribute":
      return [node.value];
    case "call": {
      const { callee } = node;
      const object =
        callee.kind === "name" ? [] : [callee.kind === "attribute" ? callee.value : callee];
      return [...object, ...node.args, ...node.keywords.map((k) => k.value)];
    }
    case "index":
      return [node.value, ...node.selectors];
    case "slice":
      return [node.first, node.stop, node.step].filter((e) => e !== undefined);
    case "list":
    case "tuple":
      return node.items;
    default:
      return [];
  }
}

/** Evaluates a tree from its leaves up, without recursion: a sum of 100,000 terms is that deep. */
export function fold<T>(
  root: Expression,
  combine: (node: Expression, operands: readonly T[]) => T,
): T {
  const values: T[] = [];
  const pending: { readonly node: Expression; readonly arity: number }[] = [
    { node: root, arity: -1 },
  ];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { node, arity } = next;
    if (arity >= 0) {
      const operands = values.splice(values.length - arity, arity);
      values.push(combine(node, operands));
      continue;
    }
    const operands = operandsOf(node);
    pending.push({ node, arity: operands.length });
    for (let i = operands.length - 1; i >= 0; i--) {
      pending.push({ node: operands[i] as Expression, arity: -1 });
    }
  }
  return values[0] as T;
}
