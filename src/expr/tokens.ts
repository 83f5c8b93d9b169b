/** The words of an expression, as Python cuts them; blanks and line ends separate words wherever they stand. */
import { errorAt, type Span } from "./point.js";

interface Word<K extends string> extends Span {
  readonly kind: K;
}
export type Token =
  | (Word<"integer"> & { readonly value: bigint })
  | (Word<"float"> & { readonly value: number })
  | (Word<"string"> & { readonly value: string })
  | (Word<"name"> & { readonly name: string })
  | (Word<"hole"> & { readonly index: number })
  | (Word<"operator"> & { readonly text: string })
  | Word<"end">;

/** A text, and the places in it that stand for interpolated values. */
export interface Source {
  readonly text: string;
  /** Start -> number of the value; it is written `${number}`. */
  readonly holes: ReadonlyMap<number, number>;
}

export const plainSource = (text: string): Source => ({ text, holes: new Map() });

/** The parts of a template as one text. */
export function templateSource(parts: readonly string[]): Source {
  const holes = new Map<number, number>();
  let text = parts[0] ?? "";
  for (let i = 1; i < parts.length; i++) {
    holes.set(text.length, i - 1);
    text += `\${${i - 1}}${parts[i]}`;
  }
  return { text, holes };
}

const BLANKS = /[ \t\r\n\f]+/y;
const NAME = /[\p{XID_Start}_]\p{XID_Continue}*/uy;
const FLOAT =
  /(?:(?:\d(?:_?\d)*)?\.\d(?:_?\d)*|\d(?:_?\d)*\.)(?:[eE][+-]?\d(?:_?\d)*)?|\d(?:_?\d)*[eE][+-]?\d(?:_?\d)*/y;
const INTEGER =
  /0[xX](?:_?[\da-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|0(?:_?0)*|[1-9](?:_?\d)*/y;
const OPERATOR = /\*\*|\/\/|<<|>>|<=|>=|==|!=|\.\.\.|[-+*/%@&|^~<>()[\],:.=]/y;

/** What other languages and Python's statements have, and what to write in its place. */
const FOREIGN: readonly (readonly [word: string, hint: string])[] = [
  ["&&", "use & between arrays"],
  ["||", "use | between arrays"],
  ["!", "use ~ to negate a bool array, != to compare"],
  ["?", "use where(condition, a, b)"],
  ["{", "sets and dictionaries are not part of expressions"],
  ["#", "comments are not part of expressions"],
  ["$", "values are interpolated in the expr tag only"],
];

/** Longest integer that is read at all; every 64-bit integer is shorter, in any base. */
const LONGEST_INTEGER = 100;

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\",
  "'": "'",
  '"': '"',
  n: "\n",
  r: "\r",
  t: "\t",
};

/** All tokens of a text, an "end" behind the last. Throws ExpressionError. */
export function tokenize({ text, holes }: Source): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  for (;;) {
    at += match(BLANKS)?.length ?? 0;
    if (at >= text.length) break;
    const token = read(text, holes, at, match);
    tokens.push(token);
    at = token.end;
  }
  // "The end" is where the last word ends: that is where something is missing.
  const end = tokens.at(-1)?.end ?? 0;
  tokens.push({ kind: "end", start: end, end });
  return tokens;
}

function read(
  text: string,
  holes: ReadonlyMap<number, number>,
  start: number,
  match: (pattern: RegExp) => string | undefined,
): Token {
  const hole = holes.get(start);
  if (hole !== undefined) {
    return { kind: "hole", start, end: start + `\${${hole}}`.length, index: hole };
  }
  const c = text.charAt(start);
  if (/\d/.test(c) || (c === "." && /\d/.test(text.charAt(start + 1)))) {
    return readNumber(text, start, match);
  }
  if (c === "'" || c === '"') return readString(text, holes, start);
  const name = match(NAME);
  if (name !== undefined) return { kind: "name", start, end: start + name.length, name };
  const operator = match(OPERATOR);
  for (const [word, hint] of FOREIGN) {
    // `!` but not `!=`, `&&` before `&`.
    if (text.startsWith(word, start) && (operator?.length ?? 0) < Math.max(word.length, 2)) {
      throw errorAt(
        text,
        { start, end: start + word.length },
        `'${word}' is not an operator`,
        hint,
      );
    }
  }
  if (operator !== undefined) {
    return { kind: "operator", start, end: start + operator.length, text: operator };
  }
  const character = String.fromCodePoint(text.codePointAt(start) as number);
  const shown = JSON.stringify(character).replaceAll('"', "'");
  throw errorAt(text, { start, end: start + character.length }, `unexpected character ${shown}`);
}

function readNumber(
  text: string,
  start: number,
  match: (pattern: RegExp) => string | undefined,
): Token {
  const float = match(FLOAT);
  const word = float ?? match(INTEGER) ?? text.charAt(start);
  const end = start + word.length;
  const next = text.charAt(end);
  if (/[\p{XID_Continue}.]/u.test(next)) {
    const rest = /[\p{XID_Continue}.]+/uy;
    rest.lastIndex = end;
    const span = { start, end: end + (rest.exec(text)?.[0].length ?? 1) };
    if (/^[jJ]$/.test(text.slice(end, span.end))) {
      throw errorAt(
        text,
        span,
        "complex literals are not supported",
        "interpolate a complex array",
      );
    }
    const zeros = /^0[\d_]+$/.test(text.slice(start, span.end));
    throw errorAt(
      text,
      span,
      `'${text.slice(start, span.end).slice(0, 40)}' is not a number`,
      zeros ? "integers have no leading zeros" : undefined,
    );
  }
  const digits = word.replaceAll("_", "");
  if (float !== undefined) return { kind: "float", start, end, value: Number(digits) };
  if (digits.length > LONGEST_INTEGER) {
    throw errorAt(text, { start, end }, "the integer does not fit 64 bits");
  }
  return { kind: "integer", start, end, value: BigInt(digits) };
}

function readString(text: string, holes: ReadonlyMap<number, number>, start: number): Token {
  const quote = text.charAt(start);
  let value = "";
  for (let at = start + 1; at < text.length; at++) {
    const c = text.charAt(at);
    if (holes.has(at)) {
      throw errorAt(
        text,
        { start: at, end: text.indexOf("}", at) + 1 },
        "a value cannot be interpolated into a string",
        "interpolate the whole string",
      );
    }
    if (c === quote) return { kind: "string", start, end: at + 1, value };
    if (c === "\n") break;
    if (c !== "\\") {
      value += c;
      continue;
    }
    const escaped = ESCAPES[text.charAt(at + 1)];
    if (escaped === undefined) {
      throw errorAt(text, { start: at, end: at + 2 }, "unknown escape in a string");
    }
    value += escaped;
    at++;
  }
  throw errorAt(text, { start, end: start + 1 }, "the string is never closed");
}
