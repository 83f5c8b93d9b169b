/** Promotion of many operands: NumPy 2's rule, which no left fold gives. */
import { expect, it } from "vitest";
import * as cw from "../../dist/index.js";

const of = (dtype: cw.DType): cw.LazyArray => cw.zeros([2], { dtype });

// Expected: numpy.result_type of the same dtypes.
it.each([
  [["int8", "uint16", "float32"], "float32"],
  [["uint16", "float32", "int8"], "float32"],
  [["int8", "uint16"], "int32"],
  [["int64", "uint64"], "float64"],
  [["int16", "uint16", "complex64"], "complex64"],
  [["float32", "complex64", "int32"], "complex128"],
  [["bool", "bool"], "bool"],
  [["bool", "uint8", "int8"], "int16"],
] as const)("%j meet in %s", (dtypes, expected) => {
  expect(cw.resultType(...dtypes)).toBe(expected);
  expect(cw.resultType(...[...dtypes].reverse())).toBe(expected);
  expect(cw.concat(dtypes.map(of)).dtype).toBe(expected);
  expect(cw.stack(dtypes.map(of)).dtype).toBe(expected);
});

it("holds for the bounds of clip", () => {
  expect(cw.clip(of("int8"), of("uint16"), of("float32")).dtype).toBe("float32");
});

it("knows dtypes of arrays and refuses others", () => {
  expect(cw.resultType(of("int8"), "uint8")).toBe("int16");
  expect(() => cw.resultType()).toThrow("resultType: at least one array or dtype is needed");
  expect(() => cw.resultType("float16" as cw.DType)).toThrow('resultType: unknown dtype "float16"');
});
