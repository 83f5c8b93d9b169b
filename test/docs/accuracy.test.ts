/** The table of errors in docs/accuracy.md, beside the errors on the committed hard arguments. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { ScalarFunction } from "../../dist/ir/scalar.js";
import { largestError } from "../kernels/formulas/accuracy.js";

const text = readFileSync(new URL("../../docs/accuracy.md", import.meta.url), "utf8");
const rows = [...text.matchAll(/^\| `(\w+)` +\| ([\d.]+) +\| ([\d.]+) +\|$/gm)].map(
  ([, name, wide, narrow]) => [name as ScalarFunction, Number(wide), Number(narrow)] as const,
);

describe("docs/accuracy.md", () => {
  it("has a row for every function with vectors", () => {
    const folder = new URL("../kernels/formulas/vectors/", import.meta.url);
    const names = readdirSync(folder).map((file) => file.replace(".json", ""));
    expect(rows.map(([name]) => name as string).sort()).toEqual(names.sort());
  });

  it.each(rows)("%s is within %d on float64 and %d on float32", (name, wide, narrow) => {
    expect(largestError(name, "float64")).toBeLessThanOrEqual(wide);
    expect(largestError(name, "float32")).toBeLessThanOrEqual(narrow);
  });
});
