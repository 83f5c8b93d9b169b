/** What binds to what, in trees; what is refused, and where. Values are judged by Python: test/conformance/golden/expr.py. */
import { describe, expect, it } from "vitest";
import { ExpressionError } from "../../dist/errors.js";
import {
  type Expression,
  fold,
  parse,
  plainSource,
  templateSource,
} from "../../dist/expr/index.js";
import { treeText } from "./text.js";

const tree = (text: string): string => treeText(parse(plainSource(text)));

describe("precedence", () => {
  it.each([
    ["-2**2", "(- (** 2 2))"],
    ["(-2)**2", "(** (- 2) 2)"],
    ["2**-1", "(** 2 (- 1))"],
    ["2**3**2", "(** 2 (** 3 2))"],
    ["2**-3**2", "(** 2 (- (** 3 2)))"],
    ["-a.b[0]**-c", "(- (** ([] (. a b) 0) (- c)))"],
    ["~-+a", "(~ (- (+ a)))"],
    ["a*-b", "(* a (- b))"],
    ["a - b - c", "(- (- a b) c)"],
    ["a / b * c // d % e @ f", "(@ (% (// (* (/ a b) c) d) e) f)"],
    ["a + b * c", "(+ a (* b c))"],
    ["a * b + c", "(+ (* a b) c)"],
    ["a << b + c", "(<< a (+ b c))"],
    ["a & b << c", "(& a (<< b c))"],
    ["a ^ b & c", "(^ a (& b c))"],
    ["a | b ^ c", "(| a (^ b c))"],
    ["a == b | c", "(== a (| b c))"],
    ["a < b <= c != d", "(<,<=,!= a b c d)"],
    ["(a < b) < c", "(< (< a b) c)"],
    ["a < (b < c)", "(< a (< b c))"],
    ["-a < +b", "(< (- a) (+ b))"],
  ])("%s", (text, expected) => {
    expect(tree(text)).toBe(expected);
  });
});

describe("literals, calls, brackets", () => {
  it.each([
    ["1_000", "1000"],
    ["0", "0"],
    ["00_0", "0"],
    ["0xFf", "255"],
    ["0o17 + 0b1_01", "(+ 15 5)"],
    ["1. + .5 + 1e3 + 1.5E-3 + 1_0.2_5", "(+ (+ (+ (+ 1f 0.5f) 1000f) 0.0015f) 10.25f)"],
    ["12345678901234567890", "12345678901234567890"],
    ["True + False + None", "(+ (+ True False) None)"],
    ["'a\"b' + \"c'd\" + '\\'\\\\\\n'", '(+ (+ "a\\"b" "c\'d") "\'\\\\\\n")'],
    ["größe + _x1 + μ", "(+ (+ größe _x1) μ)"],
    ["()", "(tuple)"],
    ["(a)", "a"],
    ["(a,)", "(tuple a)"],
    ["(a, b)", "(tuple a b)"],
    ["[]", "(list)"],
    ["[a, [1, 2],]", "(list a (list 1 2))"],
    ["f()", "(call f)"],
    ["f(a, b=1, c=g(2),)", "(call f a b=1 c=(call g 2))"],
    ["x.mean(axis=0).T", "(. (call (. x mean) axis=0) T)"],
    ["f(a)(b)", "(call (call f a) b)"],
    ["x[0]", "([] x 0)"],
    ["x[1:2, ::-1, ..., None, :]", "([] x 1:2: ::(- 1) ... None ::)"],
    ["x[:]", "([] x ::)"],
    ["x[a:b:c]", "([] x a:b:c)"],
    ["x[a::c]", "([] x a::c)"],
    ["x[:b:]", "([] x :b:)"],
    ["x[[1, 2], (3, 4)]", "([] x (list 1 2) (tuple 3 4))"],
    ["x[1,]", "([] x 1)"],
    ["x[a < b][-1]", "([] ([] x (< a b)) (- 1))"],
    [" \n a \t+\r\n b \n", "(+ a b)"],
  ])("%s", (text, expected) => {
    expect(tree(text)).toBe(expected);
  });

  it("values are interpolated in place", () => {
    const source = templateSource(["sqrt(", "**2 + ", ")"]);
    expect(source.text).toBe("sqrt(#{0}**2 + #{1})".replaceAll("#", "$"));
    expect(treeText(parse(source))).toBe("(call sqrt (+ (** $0 2) $1))");
  });

  it("nodes are frozen and know their place", () => {
    const text = "a + mean( b , axis = 0)";
    const root = parse(plainSource(text));
    const places = fold<[string, string][]>(root, (node, below) => [
      ...below.flat(),
      [node.kind, text.slice(node.start, node.end)],
    ]);
    expect(places).toEqual([
      ["name", "a"],
      ["name", "b"],
      ["integer", "0"],
      ["call", "mean( b , axis = 0)"],
      ["binary", text],
    ]);
    const frozen = fold<boolean>(
      root,
      (node: Expression, below) => below.every(Boolean) && Object.isFrozen(node),
    );
    expect(frozen).toBe(true);
  });
});

/** The text with the mistake between » and «, the message, and the hint. */
const MISTAKES: readonly (readonly [marked: string, message: string, hint?: string])[] = [
  ["»«", "the expression is empty"],
  ["  \n »«", "the expression is empty"],
  ["a +»« ", "expected a value, found the end"],
  ["a »b«", "expected an operator or the end, found 'b'"],
  ["a »1.5« + b", "expected an operator or the end, found '1.5'"],
  ["a »=« 3", "expected an operator or the end, found '='", "compare with =="],
  ["f(a, 1 »=« 3)", "expected ',' or ')', found '='", "compare with =="],
  ["a »,« b", "expected an operator or the end, found ','"],
  ["a »)«", "expected an operator or the end, found ')'"],
  ["»*« a", "expected a value, found '*'"],
  ["(a»«", "expected ',' or ')', found the end", "the '(' is never closed"],
  ["f(a, [b»)«", "expected ',' or ']', found ')'"],
  ["f(a »b«)", "expected ',' or ')', found 'b'"],
  ["f(»,«)", "expected a value, found ','"],
  ["f(a, b=1, »c«)", "a positional argument follows one with a keyword"],
  ["f(a=1, »a«=2)", "'a' is given twice"],
  ["f(»None«=1)", "'None' is not the name of an argument"],
  ["f(»*«a)", "arguments cannot be unpacked", "give them one by one"],
  ["f(»**«a)", "arguments cannot be unpacked", "give them one by one"],
  ["x[»]«", "expected a selector, found ']'"],
  ["x[1:2:3»:«4]", "expected ',' or ']', found ':'"],
  ["x[(1»:«2)]", "expected ',' or ')', found ':'"],
  ["x»'f'«", "expected an operator or the end, found ''f''"],
  ["x.»(«", "expected the name of an attribute or method, found '('"],
  ["x.»«", "expected the name of an attribute or method, found the end"],
  [
    "a »and« b",
    "'and' does not work in expressions",
    "use & between arrays; it binds tighter than comparisons: (a < b) & (c < d)",
  ],
  [
    "a < 1 »or« b",
    "'or' does not work in expressions",
    "use | between arrays; it binds tighter than comparisons: (a < b) | (c < d)",
  ],
  ["»not« a", "'not' does not work in expressions", "use ~ on a bool array"],
  ["a »if« b else c", "'if' does not work in expressions", "use where(condition, a, b)"],
  ["a »is« None", "'is' does not work in expressions", "use =="],
  ["»lambda« a: a", "'lambda' does not work in expressions"],
  ["[a »for« a in b]", "'for' does not work in expressions"],
  ["a »&&« b", "'&&' is not an operator", "use & between arrays"],
  ["a »||« b", "'||' is not an operator", "use | between arrays"],
  ["»!«a", "'!' is not an operator", "use ~ to negate a bool array, != to compare"],
  ["a »?« b : c", "'?' is not an operator", "use where(condition, a, b)"],
  ["»{«a}", "'{' is not an operator", "sets and dictionaries are not part of expressions"],
  ["a »#« sum", "'#' is not an operator", "comments are not part of expressions"],
  ["sqrt(»$«{u})", "'$' is not an operator", "values are interpolated in the expr tag only"],
  ["a + »§«", "unexpected character '§'"],
  ["a + »😀«", "unexpected character '😀'"],
  ["a»;«", "unexpected character ';'"],
  ["»2j«", "complex literals are not supported", "interpolate a complex array"],
  ["»1_«", "'1_' is not a number"],
  ["»1__0«", "'1__0' is not a number"],
  ["»0x«", "'0x' is not a number"],
  ["»0b12«", "'0b12' is not a number"],
  ["»012«", "'012' is not a number", "integers have no leading zeros"],
  ["»1.2.3«", "'1.2.3' is not a number"],
  ["»3x«", "'3x' is not a number"],
  ["astype(x, »'«f4)", "the string is never closed"],
  ["astype(x, »'«f4\n')", "the string is never closed"],
  ["'a»\\q«'", "unknown escape in a string"],
];

describe("mistakes", () => {
  const rows = MISTAKES.map(([marked, message, hint]) => ({ marked, message, hint }));
  it.each(rows)("$marked", ({ marked, message, hint }) => {
    const start = marked.indexOf("»");
    const text = marked.replace(/[»«]/g, "");
    const error = refused(text);
    expect(error.message.split("\n\n")[0]).toBe(
      hint === undefined ? message : `${message}; ${hint}`,
    );
    expect([error.source, error.code, error.hint]).toEqual([text, "EXPRESSION", hint]);
    if (marked.trimStart() === "»«") return; // an empty text has no better place than its beginning
    const before = [...text.slice(0, start)];
    const column = before.length - before.lastIndexOf("\n");
    expect([error.line, error.column]).toEqual([text.slice(0, start).split("\n").length, column]);
    // The mark stands under the mistake.
    const [line = "", carets = ""] = (error.message.split("\n\n")[1] ?? "").split("\n");
    const wrong = marked.slice(start + 1, marked.indexOf("«"));
    const under = [...line].slice(1 + column).join("");
    expect(under.startsWith(wrong), `${line} at ${column}`).toBe(true);
    expect(carets).toBe(`${" ".repeat(1 + column)}${"^".repeat(Math.max(1, [...wrong].length))}`);
  });

  it("points into the right line, and keeps tabs", () => {
    const error = refused("(a +\n\tb c)");
    expect([error.line, error.column]).toEqual([2, 4]);
    expect(error.message.split("\n\n")[1]).toBe("  \tb c)\n  \t  ^");
  });

  it("shows the neighbourhood of a mistake in a long line", () => {
    const long = `${"a + ".repeat(1000)}b c${" + d".repeat(1000)}`;
    const [line = "", mark = ""] = (refused(long).message.split("\n\n")[1] ?? "").split("\n");
    expect(line.length).toBeLessThan(100);
    expect(line.charAt(mark.length - 1)).toBe("c");
  });

  it("a value is not part of a string", () => {
    expect(() => parse(templateSource(["astype(x, 'f", "')"]))).toThrow(
      "a value cannot be interpolated into a string",
    );
  });
});

function refused(text: string): ExpressionError {
  try {
    parse(plainSource(text));
  } catch (error) {
    expect(error).toBeInstanceOf(ExpressionError);
    return error as ExpressionError;
  }
  throw new Error(`${text} was not refused`);
}

describe("size", () => {
  it.each([
    ["brackets", "("],
    ["calls", "f("],
    ["lists", "["],
    ["indices", "x["],
    ["signs", "-"],
    ["powers", "2**"],
    ["comparisons in brackets", "(a<"],
  ])("%s 10,000 deep are refused, not overflown", (_, word) => {
    expect(() => parse(plainSource(word.repeat(10_000)))).toThrow(
      "more than 500 levels of nesting",
    );
  });

  it("400 brackets are fine", () => {
    expect(tree(`${"(".repeat(400)}a${")".repeat(400)}`)).toBe("a");
  });

  it.each([
    ["a sum", "a + ".repeat(100_000), "a", 200_001],
    ["a chain of comparisons", "a < ".repeat(100_000), "a", 100_002],
    ["a chain of indices", "a", "[0]".repeat(100_000), 200_001],
    ["a chain of attributes", "a", ".T".repeat(100_000), 100_001],
    ["a list", `[${"a,".repeat(100_000)}`, "]", 100_001],
  ])("%s of 100,000 terms is read and walked", (_, head, tail, nodes) => {
    const root = parse(plainSource(head + tail));
    expect(fold<number>(root, (_node, below) => below.reduce((sum, n) => sum + n, 1))).toBe(nodes);
  });

  it("integers that fit no dtype are refused before they are read", () => {
    expect(() => parse(plainSource("9".repeat(1_000_000)))).toThrow("does not fit 64 bits");
  });
});
