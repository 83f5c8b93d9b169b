/** Whatever the text: a tree or an ExpressionError with a place in the text, at once. */
import { afterAll, expect, test } from "vitest";
import { ChunkwiseError, ExpressionError } from "../../dist/errors.js";
import { parse, parseSelector, plainSource } from "../../dist/expr/index.js";
import * as cw from "../../dist/index.js";
import { randomExpression, randomOf } from "./text.js";

afterAll(() => cw.shutdown());

const CASES = 5000;
const ALPHABET = [
  ..."abxyz_019.,:()[]+-*/%@&|^~<>=! \n'\"\\{}$#?é😀",
  "**",
  "//",
  "...",
  "None",
  "and",
];

/** One to three characters replaced, removed, doubled or put in. */
function mutated(text: string, random: (n: number) => number): string {
  const characters = [...text];
  for (let k = 0; k <= random(3); k++) {
    const at = random(characters.length + 1);
    const word = ALPHABET[random(ALPHABET.length)] as string;
    const how = random(4);
    if (how === 0) characters.splice(at, 1);
    else if (how === 1) characters.splice(at, 1, word);
    else if (how === 2) characters.splice(at, 0, word);
    else characters.splice(at, 0, ...characters.slice(at, at + 1 + random(5)));
  }
  return characters.join("");
}

/** Whether the text is valid; whatever is thrown must be an ExpressionError that points into it. */
function isValid(text: string, read: (text: string) => unknown): boolean {
  try {
    read(text);
    return true;
  } catch (error) {
    expect(error, text).toBeInstanceOf(ExpressionError);
    const { source, line, column } = error as ExpressionError;
    const lines = text.split("\n");
    expect(source).toBe(text);
    expect(line).toBeGreaterThanOrEqual(1);
    expect(line).toBeLessThanOrEqual(lines.length);
    expect(column).toBeGreaterThanOrEqual(1);
    expect(column).toBeLessThanOrEqual([...(lines[line - 1] as string)].length + 1);
    return false;
  }
}

const read = (text: string): unknown => parse(plainSource(text));

test("valid expressions are read", () => {
  const random = randomOf(1);
  for (let i = 0; i < CASES; i++) {
    const text = randomExpression(random, 1 + random(5));
    expect(isValid(text, read), text).toBe(true);
  }
});

test("mutated expressions are read or refused", () => {
  const random = randomOf(2);
  let valid = 0;
  for (let i = 0; i < CASES; i++) {
    if (isValid(mutated(randomExpression(random, 1 + random(5)), random), read)) valid++;
  }
  // Both happen often, or the mutations would test nothing.
  expect(valid).toBeGreaterThan(CASES / 20);
  expect(valid).toBeLessThan((CASES * 19) / 20);
});

test("random texts are read or refused", () => {
  const random = randomOf(3);
  for (let i = 0; i < CASES; i++) {
    const words = Array.from({ length: random(30) }, () => ALPHABET[random(ALPHABET.length)]);
    isValid(words.join(""), read);
  }
});

test("random selectors are read or refused", () => {
  const random = randomOf(4);
  const words = [
    "0",
    "12",
    "-",
    ":",
    ":",
    ",",
    ",",
    "...",
    "None",
    "[",
    "]",
    "(",
    ")",
    " ",
    "2.5",
    "True",
    "+",
    "**",
    "x",
  ];
  let valid = 0;
  for (let i = 0; i < CASES; i++) {
    const text = Array.from({ length: random(9) }, () => words[random(words.length)]).join("");
    if (isValid(text, parseSelector)) valid++;
  }
  expect(valid).toBeGreaterThan(CASES / 20);
});

test("evaluation refuses with errors of the family only", () => {
  const random = randomOf(5);
  const x = cw.arange(12, { dtype: "float32" }).reshape([3, 4]);
  const y = cw.arange(12, { dtype: "int32" }).reshape([3, 4]);
  const m = x.greater(3);
  let built = 0;
  for (let i = 0; i < CASES; i++) {
    const text = randomExpression(random, 1 + random(4));
    try {
      expect(cw.expr(text, { x, y, m })).toBeInstanceOf(cw.LazyArray);
      built++;
    } catch (error) {
      expect(error, `${text}: ${error}`).toBeInstanceOf(ChunkwiseError);
      expect((error as ChunkwiseError).code, text).not.toBe("INTERNAL");
    }
  }
  expect(built).toBeGreaterThan(CASES / 20);
});
