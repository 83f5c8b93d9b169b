/** The expr tag and named variables: what values mean, what an expression builds, and that nothing else is reached. */
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { functionNamed } from "../../dist/api/expr/functions.js";
import { runtime } from "../../dist/exec/runtime.js";
import * as cw from "../../dist/index.js";
import { readTable } from "../conformance/table.js";

afterEach(() => expect(runtime.account().used).toBe(0));
afterAll(() => cw.shutdown());

const u = cw.arange(12, { dtype: "float32" }).reshape([3, 4]);
const i = cw.arange(6, { dtype: "int32" }).reshape([2, 3]);
const value = async (x: cw.LazyArray): Promise<unknown> => (await x.compute()).toNested();

/** Expressions are hash-consed: the same calls give the same node. */
const same = (a: cw.LazyArray, b: cw.LazyArray): void => expect(a.node).toBe(b.node);

describe("an expression is the calls that it stands for", () => {
  it.each<[string, cw.LazyArray]>([
    ["sqrt(u**2 + 1)", u.pow(2).add(1).sqrt()],
    ["u.mean(axis=0, keepdims=True)", u.mean({ axis: 0, keepdims: true })],
    ["mean(u, 0)", u.mean({ axis: 0 })],
    ["std(u, ddof=1)", u.std({ correction: 1 })],
    ["u[1:, ::-1][None]", u.at(cw.slice(1), cw.slice(null, null, -1)).at(cw.newaxis)],
    ["expand_dims(u, 1)", cw.expandDims(u, 1)],
    ["expandDims(u, axis=1)", cw.expandDims(u, 1)],
    ["arctan2(u, u)", cw.atan2(u, u)],
    ["atan2(u, u)", cw.atan2(u, u)],
    ["concatenate((u, u), axis=1)", cw.concat([u, u], { axis: 1 })],
    ["np.sum(u) + numpy.amax(u)", u.sum().add(u.max())],
    ["u.T", u.T],
    ["where(u > 3, u, 0)", cw.where(u.greater(3), u, 0)],
    ["0 < u < 3", cw.logicalAnd(cw.less(0, u), u.less(3))],
    [
      "0 < u < 3 != i[0, 0]",
      cw.logicalAnd(cw.logicalAnd(cw.less(0, u), u.less(3)), cw.notEqual(3, i.at(0, 0))),
    ],
    ["rechunk(u, (1, -1))", u.rechunk([1, -1])],
    ["count_nonzero(u, axis=1)", cw.countNonzero(u, { axis: 1 })],
  ])("%s", (text, expected) => {
    same(cw.expr(text, { u, i }), expected);
  });

  it("as a template, with values in it", () => {
    same(cw.expr`sqrt(${u}**2 + ${u}**2)`, u.pow(2).add(u.pow(2)).sqrt());
    same(cw.expr`mean(${u}, axis=${[0, 1]})`, u.mean({ axis: [0, 1] }));
    same(cw.expr`${u}.astype(${"float64"})[${1}]`, u.astype("float64").at(1));
    same(
      cw.expr`
      maximum(${u}, 1)
      + 1
    `,
      u.maximum(1).add(1),
    );
  });

  it("of 20,000 terms is built without recursion", () => {
    const x = cw.asarray(new Float64Array(4));
    const sum = cw.expr(`${"x + ".repeat(20_000)}x`, { x });
    expect(sum.shape).toEqual([4]);
  });
});

/** Functions of arrays that an expression has another way for. */
const OTHERWISE: Readonly<Record<string, string>> = {
  at: "x[...]",
  expr: "the text itself",
  measure: "it runs",
  setItem: "an assignment is no expression",
};

it("every function of arrays can be called, by our name and by NumPy's", () => {
  const snake = (name: string): string => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
  const recorded = new Set(readTable().map((r) => r.fn));
  const missing = [...recorded].filter(
    (name) =>
      !(name in OTHERWISE) &&
      !(functionNamed(name) === name && functionNamed(snake(name)) === name),
  );
  expect(missing).toEqual([]);
});

describe("scalars", () => {
  it.each<[string, string]>([
    ["i * 2", "int32"],
    ["i * 2.0", "float64"],
    ["i + 1e0", "float64"],
    ["i * n", "int32"],
    ["i * half", "DTypeError"],
    ["u * 2.5", "float32"],
    ["u * 2**60", "float32"],
    ["u * n", "float32"],
    ["i / 2", "float64"],
    ["i / n", "float64"],
    ["i * (4 / 2)", "float64"],
    ["i * (n / 2)", "float64"],
    ["i * (n + 1)", "int32"],
    ["i * -n", "int32"],
    ["i * (n + 1.0)", "float64"],
    ["(i > 2) * 2", "int64"],
    ["(i > 2) * 2.0", "float64"],
    ["i * big", "int32"],
    ["sqrt(2)", "float64"],
    ["1 + 1", "int64"],
    ["1 < 2", "bool"],
    ["n", "float64"],
  ])("%s is %s", (text, dtype) => {
    const build = (): string => cw.expr(text, { u, i, n: 2, half: 0.5, big: 3n }).dtype;
    if (dtype === "DTypeError") expect(build).toThrow(cw.DTypeError);
    else expect(build()).toBe(dtype);
  });

  it("integers are exact up to 64 bits", async () => {
    expect((await cw.expr("9007199254740993 * 2 - 1").compute()).item()).toBe(18014398509481985n);
  });

  it("large integers are rounded beside floats", async () => {
    const x = cw.zeros([], { dtype: "float32" });
    expect((await cw.expr("x + 16777217", { x }).compute()).item()).toBe(16777216);
  });
});

describe("values", () => {
  it("lists, typed arrays, ndarrays and results become arrays", async () => {
    const row = [1, 2, 3];
    const result = await cw.asarray(row).compute();
    const names = { row, typed: new Int16Array(row), result, nested: [row, row] };
    expect(await value(cw.expr("row + typed + result + nested", names))).toEqual([
      [4, 8, 12],
      [4, 8, 12],
    ]);
  });

  it("a typed array is one source however often it is named", () => {
    const x = new Float64Array(8);
    const sum = cw.expr("x + x", { x });
    expect(new Set(sum.node.inputs).size).toBe(1);
  });

  it("names are own properties, and come before constants and functions", async () => {
    const names = Object.create(null) as Record<string, cw.ExpressionValue>;
    Object.assign(names, { e: 2, mean: 3, constructor: 4 });
    expect((await cw.expr("e + mean + constructor", names).compute()).item()).toBe(9);
    expect((await cw.expr("max(e)", { e: [1, 5] }).compute()).item()).toBe(5);
  });

  it("shapes are integers", async () => {
    expect(await value(cw.expr("u.sum(axis=0) / u.shape[0] + u.ndim * 0", { u }))).toEqual([
      4, 5, 6, 7,
    ]);
    expect(cw.expr("u.reshape(u.size)", { u }).shape).toEqual([12]);
  });

  it("functions can be given by name; they get plain values, and keywords as one object", () => {
    const seen: unknown[] = [];
    const twice = (...args: unknown[]): cw.LazyArray => {
      seen.push(...args);
      return (args[0] as cw.LazyArray).multiply(2);
    };
    same(cw.expr("twice(u, 3, [1, 2.5], None, by=2)", { u, twice }), u.multiply(2));
    expect(seen.slice(1)).toEqual([3, [1, 2.5], null, { by: 2 }]);
    expect(() => cw.expr("f()", { f: () => ({}) as never })).toThrow("answers with nothing of use");
    const error = new RangeError("mine");
    expect(() =>
      cw.expr("f()", {
        f: () => {
          throw error;
        },
      }),
    ).toThrow(error);
  });
});

describe("errors", () => {
  it("know their place", () => {
    const error = caught(() => cw.expr("u +\n  meen(u)", { u }));
    expect(error).toBeInstanceOf(cw.ExpressionError);
    expect(error).toMatchObject({
      code: "EXPRESSION",
      source: "u +\n  meen(u)",
      line: 2,
      column: 3,
      hint: "did you mean mean?",
    });
  });

  it("of the functions keep their class and hint, and point at the innermost call", () => {
    const error = caught(() => cw.expr("1 + sqrt(u + i)", { u, i }));
    expect(error).toBeInstanceOf(cw.ShapeError);
    expect(error.message.endsWith("\n\n  1 + sqrt(u + i)\n           ^^^^^")).toBe(true);
  });

  it("bad templates are refused", () => {
    expect(() => cw.expr`astype(${u}, 'f${4}')`).toThrow("cannot be interpolated into a string");
    expect(() => cw.expr`${u}${u}`).toThrow("expected an operator or the end");
    const wrong = caught(() => cw.expr`${u} + ${undefined as never}`);
    expect(wrong.message.split("; ")[0]).toBe(`\${1} cannot be used in an expression`);
    expect(wrong).toMatchObject({ code: "EXPRESSION", column: 8, source: `\${0} + \${1}` });
    expect(() => cw.expr``).toThrow("the expression is empty");
  });
});

function caught(work: () => unknown): cw.ChunkwiseError {
  try {
    work();
  } catch (error) {
    return error as cw.ChunkwiseError;
  }
  throw new Error("nothing was refused");
}

describe("selectors as text", () => {
  const x = cw.arange(60, { dtype: "int32" }).reshape([3, 4, 5]);
  it.each<[string, cw.LazyArray]>([
    ["0", x.at(0)],
    ["-1, 1:3", x.at(-1, cw.slice(1, 3))],
    ["..., ::-1", x.at(cw.ellipsis, cw.slice(null, null, -1))],
    ["None, :, newaxis", x.at(cw.newaxis, null, cw.newaxis)],
    [" 2 - 1 , 2**1 : ", x.at(1, cw.slice(2))],
  ])("%s", (text, expected) => {
    same(x.at(text), expected);
  });
});
