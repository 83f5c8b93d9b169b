/**
 * NumPy's expression syntax: Python's operators with Python's precedence, calls with keywords, attributes, indexing,
 * lists and tuples. A Pratt parser (Pratt 1973, "Top down operator precedence"): every operator has a binding power,
 * and an operand ends before the first operator that binds less.
 *
 * Chains (`a + b + c + …`, `x.f().g()…`) are loops, however long. Nesting is recursion, bounded by MAX_DEPTH.
 */
import type { BinaryOperator, Comparison, Expression, Keyword, UnaryOperator } from "./ast.js";
import { errorAt, type Span } from "./point.js";
import { type Source, type Token, tokenize } from "./tokens.js";

/** Brackets, signs and powers inside each other. Python allows 200 brackets. */
const MAX_DEPTH = 500;

/** Binding powers, in the order of Python's table of operator precedence. */
const COMPARE = 1;
const UNARY = 8;
const BINDING: Readonly<Record<BinaryOperator, number>> = {
  "|": 2,
  "^": 3,
  "&": 4,
  "<<": 5,
  ">>": 5,
  "+": 6,
  "-": 6,
  "*": 7,
  "/": 7,
  "//": 7,
  "%": 7,
  "@": 7,
  "**": 9,
};
const UNARIES: ReadonlySet<string> = new Set<UnaryOperator>(["+", "-", "~"]);
const COMPARISONS: ReadonlySet<string> = new Set<Comparison>(["<", "<=", ">", ">=", "==", "!="]);

const CONSTANTS: ReadonlyMap<string, boolean | null> = new Map([
  ["True", true],
  ["False", false],
  ["None", null],
]);

/** Words of Python that an expression over arrays cannot use, and what to write in their place. */
const RESERVED: ReadonlyMap<string, string | undefined> = new Map([
  ["and", "use & between arrays; it binds tighter than comparisons: (a < b) & (c < d)"],
  ["or", "use | between arrays; it binds tighter than comparisons: (a < b) | (c < d)"],
  ["not", "use ~ on a bool array"],
  ["if", "use where(condition, a, b)"],
  ["else", "use where(condition, a, b)"],
  ["is", "use =="],
  ["in", undefined],
  ["for", undefined],
  ["lambda", undefined],
  ["await", undefined],
  ["yield", undefined],
]);

/** The tree of one expression. Throws ExpressionError, which points at the first word that does not belong. */
export function parse(source: Source): Expression {
  const parser = new Parser(source);
  if (parser.atEnd) throw errorAt(source.text, { start: 0, end: 0 }, "the expression is empty");
  const tree = parser.expression(0);
  parser.expectEnd();
  return tree;
}

/** The trees of what stands between the brackets of `x[...]`. Throws ExpressionError. */
export function parseSelectors(source: Source): readonly Expression[] {
  const parser = new Parser(source);
  if (parser.atEnd) throw errorAt(source.text, { start: 0, end: 0 }, "the selector is empty");
  const selectors = parser.selectors(undefined);
  parser.expectEnd();
  return selectors;
}

/** A place in the tokens of one text, moving on. */
class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(source: Source) {
    this.#text = source.text;
    this.#tokens = tokenize(source);
  }

  get atEnd(): boolean {
    return this.#next.kind === "end";
  }

  expectEnd(): void {
    if (!this.atEnd) throw this.#unexpected("an operator or the end");
  }

  /** An expression of operators that bind at least as much as `least`. */
  expression(least: number): Expression {
    this.#depth++;
    if (this.#depth > MAX_DEPTH) {
      throw this.#error(this.#next, `more than ${MAX_DEPTH} levels of nesting`);
    }
    let left = this.#prefix();
    for (;;) {
      const operator = this.#operator;
      if (operator === undefined) break;
      if (COMPARISONS.has(operator)) {
        if (least > COMPARE) break;
        left = this.#comparison(left);
        continue;
      }
      const power = Object.hasOwn(BINDING, operator) ? BINDING[operator as BinaryOperator] : -1;
      if (power < least || power < 0) break;
      this.#at++;
      // The right operand of ** may have a sign, and takes further ** with it; all others stop at their equals.
      const right = this.expression(operator === "**" ? UNARY : power + 1);
      left = Object.freeze({
        kind: "binary",
        operator: operator as BinaryOperator,
        left,
        right,
        start: left.start,
        end: right.end,
      });
    }
    this.#depth--;
    return left;
  }

  /** Everything up to the closing bracket or, where there is none, the end. At least one. */
  selectors(open: Token | undefined): readonly Expression[] {
    const items: Expression[] = [];
    const closed = (): boolean => (open === undefined ? this.atEnd : this.#operator === "]");
    while (!closed()) {
      items.push(this.#selector());
      if (closed()) break;
      if (this.#operator !== ",") {
        const what = open === undefined ? "',' or the end" : "',' or ']'";
        throw this.#unexpected(what, open === undefined ? undefined : this.#unclosed(open));
      }
      this.#at++;
    }
    if (items.length === 0) throw this.#unexpected("a selector");
    return Object.freeze(items);
  }

  /** A value with the signs before it and the calls, attributes and brackets behind it. */
  #prefix(): Expression {
    const token = this.#next;
    if (token.kind === "operator" && UNARIES.has(token.text)) {
      this.#at++;
      const operand = this.expression(UNARY);
      const operator = token.text as UnaryOperator;
      return Object.freeze({ kind: "unary", operator, operand, ...join(token, operand) });
    }
    let value = this.#atom();
    for (;;) {
      const operator = this.#operator;
      if (operator === "(") value = this.#call(value);
      else if (operator === "[") value = this.#index(value);
      else if (operator === ".") value = this.#attribute(value);
      else return value;
    }
  }

  #comparison(first: Expression): Expression {
    const operators: Comparison[] = [];
    const operands: Expression[] = [first];
    let last = first;
    for (let op = this.#operator; op !== undefined && COMPARISONS.has(op); op = this.#operator) {
      this.#at++;
      operators.push(op as Comparison);
      last = this.expression(COMPARE + 1);
      operands.push(last);
    }
    return Object.freeze({
      kind: "compare",
      operators: Object.freeze(operators),
      operands: Object.freeze(operands),
      ...join(first, last),
    });
  }

  #atom(): Expression {
    const token = this.#next;
    const { start, end } = token;
    switch (token.kind) {
      case "integer":
        this.#at++;
        return Object.freeze({ kind: "integer", value: token.value, start, end });
      case "float":
        this.#at++;
        return Object.freeze({ kind: "float", value: token.value, start, end });
      case "string":
        this.#at++;
        return Object.freeze({ kind: "string", value: token.value, start, end });
      case "hole":
        this.#at++;
        return Object.freeze({ kind: "hole", index: token.index, start, end });
      case "name":
        return this.#name(token.name, token);
      case "operator":
        if (token.text === "(") return this.#parenthesised(token);
        if (token.text === "[") return this.#list(token);
        if (token.text === "...") {
          this.#at++;
          return Object.freeze({ kind: "ellipsis", start, end });
        }
        throw this.#unexpected("a value");
      case "end":
        throw this.#unexpected("a value");
    }
  }

  #name(name: string, { start, end }: Span): Expression {
    if (RESERVED.has(name)) throw this.#reserved(name);
    this.#at++;
    const value = CONSTANTS.get(name);
    if (value !== undefined) return Object.freeze({ kind: "constant", value, start, end });
    return Object.freeze({ kind: "name", name, start, end });
  }

  /** `(a)` is a; `()`, `(a,)` and `(a, b)` are tuples. */
  #parenthesised(open: Token): Expression {
    this.#at++;
    const { items, comma, close } = this.#items(open, ")");
    const only = items[0];
    if (only !== undefined && items.length === 1 && !comma) {
      return Object.freeze({ ...only, ...join(open, close) });
    }
    return Object.freeze({ kind: "tuple", items, ...join(open, close) });
  }

  #list(open: Token): Expression {
    this.#at++;
    const { items, close } = this.#items(open, "]");
    return Object.freeze({ kind: "list", items, ...join(open, close) });
  }

  #items(open: Token, end: string): { items: readonly Expression[]; comma: boolean; close: Token } {
    const items: Expression[] = [];
    let comma = false;
    while (this.#operator !== end) {
      items.push(this.expression(0));
      comma = this.#operator === ",";
      if (comma) this.#at++;
      else if (this.#operator !== end) {
        throw this.#unexpected(`',' or '${end}'`, this.#unclosed(open));
      }
    }
    const close = this.#next;
    this.#at++;
    return { items: Object.freeze(items), comma, close };
  }

  #call(callee: Expression): Expression {
    const open = this.#next;
    this.#at++;
    const args: Expression[] = [];
    const keywords: Keyword[] = [];
    while (this.#operator !== ")") {
      this.#argument(args, keywords);
      if (this.#operator === ",") this.#at++;
      else if (this.#operator !== ")") throw this.#unexpected("',' or ')'", this.#unclosed(open));
    }
    const close = this.#next;
    this.#at++;
    return Object.freeze({
      kind: "call",
      callee,
      args: Object.freeze(args),
      keywords: Object.freeze(keywords),
      ...join(callee, close),
    });
  }

  #argument(args: Expression[], keywords: Keyword[]): void {
    const token = this.#next;
    const after = this.#tokens[this.#at + 1];
    if (token.kind === "name" && after?.kind === "operator" && after.text === "=") {
      const { name } = token;
      if (RESERVED.has(name) || CONSTANTS.has(name)) {
        throw this.#error(token, `'${name}' is not the name of an argument`);
      }
      if (keywords.some((k) => k.name === name)) {
        throw this.#error(token, `'${name}' is given twice`);
      }
      this.#at += 2;
      const value = this.expression(0);
      const { start, end } = token;
      keywords.push(Object.freeze({ name, nameSpan: Object.freeze({ start, end }), value }));
      return;
    }
    if (token.kind === "operator" && (token.text === "*" || token.text === "**")) {
      throw this.#error(token, "arguments cannot be unpacked", "give them one by one");
    }
    const value = this.expression(0);
    if (keywords.length > 0) {
      throw this.#error(value, "a positional argument follows one with a keyword");
    }
    args.push(value);
  }

  #index(value: Expression): Expression {
    const open = this.#next;
    this.#at++;
    const selectors = this.selectors(open);
    const close = this.#next;
    this.#at++;
    return Object.freeze({ kind: "index", value, selectors, ...join(value, close) });
  }

  /** `start:stop:step` with any of the three left out, or an expression. */
  #selector(): Expression {
    const { start } = this.#next;
    const parts: (Expression | undefined)[] = [];
    let colons = 0;
    let end = start;
    for (;;) {
      const operator = this.#operator;
      if (operator === ":" && colons < 2) {
        if (parts.length === colons) parts.push(undefined);
        colons++;
        end = this.#next.end;
        this.#at++;
        continue;
      }
      const done = operator === "," || operator === "]" || this.atEnd;
      if (colons > 0 && (done || parts.length > colons)) break;
      if (colons === 0 && parts.length > 0) break;
      const part = this.expression(0);
      end = part.end;
      parts.push(part);
    }
    if (colons === 0) return parts[0] as Expression;
    const [first, stop, step] = parts;
    return Object.freeze({ kind: "slice", first, stop, step, start, end });
  }

  #attribute(value: Expression): Expression {
    this.#at++;
    const token = this.#next;
    if (token.kind !== "name") throw this.#unexpected("the name of an attribute or method");
    this.#at++;
    const { name, start, end } = token;
    const nameSpan = Object.freeze({ start, end });
    return Object.freeze({ kind: "attribute", value, name, nameSpan, ...join(value, token) });
  }

  get #next(): Token {
    return this.#tokens[this.#at] as Token;
  }

  /** The next token's text if it is an operator or bracket. */
  get #operator(): string | undefined {
    const token = this.#next;
    return token.kind === "operator" ? token.text : undefined;
  }

  #error(span: Span, message: string, hint?: string): Error {
    return errorAt(this.#text, span, message, hint);
  }

  #reserved(name: string): Error {
    return this.#error(this.#next, `'${name}' does not work in expressions`, RESERVED.get(name));
  }

  #unclosed(open: Token): string | undefined {
    const bracket = this.#text.slice(open.start, open.end);
    return this.atEnd ? `the '${bracket}' is never closed` : undefined;
  }

  #unexpected(expected: string, hint?: string): Error {
    const token = this.#next;
    if (token.kind === "name" && RESERVED.has(token.name)) return this.#reserved(token.name);
    const found = token.kind === "end" ? "the end" : `'${shown(this.#text, token)}'`;
    const equals = token.kind === "operator" && token.text === "=";
    return this.#error(
      token,
      `expected ${expected}, found ${found}`,
      hint ?? (equals ? "compare with ==" : undefined),
    );
  }
}

const join = (first: Span, last: Span): Span => ({ start: first.start, end: last.end });

/** The word in the text, cut to what fits a line. */
const shown = (text: string, { start, end }: Span): string =>
  end - start > 40 ? `${text.slice(start, start + 40)}…` : text.slice(start, end);
