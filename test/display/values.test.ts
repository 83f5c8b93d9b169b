/** Results as consoles and notebooks show them. */
import { describe, expect, it } from "vitest";
import { type Values, valuesBundle } from "../../dist/display/index.js";
import { NDArray } from "../../dist/index.js";

const text = (v: Values): string => valuesBundle(v)["text/plain"] as string;
const html = (v: Values): string => valuesBundle(v)["text/html"] as string;
/** Elements 0, 1, 2 ... of any shape. */
const counting = (...shape: number[]): NDArray<"float64"> =>
  new NDArray(
    Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
    shape,
    "float64",
  );
const row = <D extends "float32" | "float64">(dtype: D, ...values: number[]): Values =>
  dtype === "float32"
    ? new NDArray(Float32Array.from(values), [values.length], "float32")
    : new NDArray(Float64Array.from(values), [values.length], "float64");

describe("text", () => {
  it("writes small arrays out, in aligned columns", () => {
    expect(text(counting(3, 4))).toBe(
      "NDArray<float64> 3 x 4\n[[ 0,  1,  2,  3],\n [ 4,  5,  6,  7],\n [ 8,  9, 10, 11]]",
    );
  });

  it("shows both ends of long axes, and at most two planes", () => {
    expect(text(counting(100))).toBe(
      "NDArray<float64> 100\n[ 0,  1,  2,  3,  4, ..., 95, 96, 97, 98, 99]",
    );
    expect(text(counting(11))).toContain("[ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10]");
    const lines = text(counting(8, 1)).split("\n");
    expect(lines.slice(1)).toEqual(["[[0],", " [1],", " [2],", " ...,", " [5],", " [6],", " [7]]"]);
    expect(text(counting(3, 2, 2))).toBe(
      "NDArray<float64> 3 x 2 x 2\n" +
        "[[[ 0,  1],\n  [ 2,  3]],\n\n ...,\n\n [[ 8,  9],\n  [10, 11]]]",
    );
  });

  it.each([2, 3, 4, 5, 6, 7, 8])("stays short at rank %d", (ndim) => {
    const v = counting(...Array.from({ length: ndim }, () => 4));
    expect(text(v).split("\n").length).toBeLessThan(30);
    expect(html(v).length).toBeLessThan(20_000);
  });

  it("follows strides", () => {
    const v = new NDArray(Int8Array.of(1, 2, 3, 4, 5, 6), [3, 2], "int8", [1, 3], 0);
    expect(text(v)).toBe("NDArray<int8> 3 x 2\n[[1, 4],\n [2, 5],\n [3, 6]]");
  });

  it("gives elements six digits, and the special ones their names", () => {
    expect(text(row("float64", 1 / 3, 123456.789, -0, 1e20, 1.5e-9))).toContain(
      "[0.333333,   123457,       -0,    1e+20,   1.5e-9]",
    );
    expect(text(row("float64", Number.NaN, -Infinity, 2))).toContain(
      "[      NaN, -Infinity,         2]",
    );
  });

  it("gives a single value all its digits", () => {
    const scalar = (dtype: "float32" | "float64", x: number): string =>
      text(
        dtype === "float32"
          ? new NDArray(Float32Array.of(x), [], dtype)
          : new NDArray(Float64Array.of(x), [], dtype),
      );
    expect(scalar("float64", 0.1 + 0.2)).toBe("NDArray<float64> 0.30000000000000004");
    expect(scalar("float32", 0.1)).toBe("NDArray<float32> 0.1");
    expect(scalar("float32", 16777215)).toBe("NDArray<float32> 16777215");
    expect(scalar("float64", 123456789012345680000)).toBe("NDArray<float64> 123456789012345680000");
    for (const x of [Math.PI, 1e-40, 3.4e38, Number.NaN]) {
      const shown = Number(scalar("float32", x).split(" ")[1]);
      expect(Math.fround(shown)).toBe(Math.fround(x));
    }
  });

  it("knows every kind of element", () => {
    expect(text(new NDArray(Uint8Array.of(1, 0), [2], "bool"))).toContain("[ true, false]");
    const large = new NDArray(BigInt64Array.of(9007199254740993n), [], "int64");
    expect(text(large)).toBe("NDArray<int64> 9007199254740993");
    const complex = new NDArray(Float64Array.of(1, -2, 0.5, 0, 0, -0), [3], "complex128");
    expect(text(complex)).toContain("[  1-2i, 0.5+0i,   0-0i]");
  });

  it("has words for nothing", () => {
    expect(text(counting(0, 3))).toBe("NDArray<float64> 0 x 3  []");
    expect(html(counting(0, 3))).not.toContain("<table");
  });
});

describe("HTML", () => {
  /** The texts of the cells, row by row. */
  const cells = (source: string): string[][] =>
    [...source.matchAll(/<tr>(.*?)<\/tr>/g)].map((r) =>
      [...(r[1] ?? "").matchAll(/<t[dh][^>]*>(.*?)<\/t[dh]>/g)].map((c) => c[1] ?? ""),
    );

  it("is a table with positions", () => {
    expect(cells(html(counting(2, 3)))).toEqual([
      ["", "0", "1", "2"],
      ["0", "0", "1", "2"],
      ["1", "3", "4", "5"],
    ]);
    expect(cells(html(counting(2)))).toEqual([
      ["", "0", "1"],
      ["", "0", "1"],
    ]);
  });

  it("leaves out the middle of long axes", () => {
    const table = cells(html(counting(9, 20)));
    const gap = "...";
    expect(table[0]).toEqual(["", "0", "1", "2", "3", "4", gap, "15", "16", "17", "18", "19"]);
    expect(table.map((r) => r[0])).toEqual(["", "0", "1", "2", gap, "6", "7", "8"]);
    expect(table[1]?.[7]).toBe("15");
    expect(table.at(-1)?.at(-1)).toBe("179");
  });

  it("shows the first and the last plane", () => {
    const source = html(counting(5, 2, 2));
    expect([...source.matchAll(/<code>(\[.*?\])<\/code>/g)].map((m) => m[1])).toEqual([
      "[0, :, :]",
      "[4, :, :]",
    ]);
    expect(cells(source).at(-1)).toEqual(["1", "18", "19"]);
  });

  it("is not there for scalars, whose text says all", () => {
    expect(Object.keys(valuesBundle(counting()))).toEqual(["text/plain"]);
  });
});
