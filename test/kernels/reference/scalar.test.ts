/** Scalar functions against values that NumPy gives (2.x, one element each), and the rules NumPy does not have. */
import { describe, expect, test } from "vitest";
import type { DType } from "../../../dist/ir/dtype.js";
import { arg, call, cast, constant, type ScalarFunction } from "../../../dist/ir/scalar.js";
import {
  type Element,
  scalarFunction,
  treeFunction,
} from "../../../dist/kernels/reference/scalar.js";

const run = (fn: ScalarFunction, on: DType, ...args: Element[]): Element =>
  scalarFunction(fn, on)(...args);
const castTo = (value: Element, from: DType, to: DType): Element =>
  treeFunction(cast(arg(0, from), to))([value], []);
const f32 = Math.fround;

describe("division", () => {
  test.each([
    [7, -2, -4, -1],
    [-7, 2, -4, 1],
    [-1, Infinity, -1, Infinity],
    [1, 0, Infinity, Number.NaN],
    [0.1 * 3, 0.1, 3, 2.7755575615628914e-17],
    [-0, 3, -0, 0],
    [1e300, 3, 3.3333333333333335e299, 0],
  ])("float64 %d by %d", (a, b, quotient, rest) => {
    expect(run("floorDivide", "float64", a, b)).toBe(quotient);
    expect(run("remainder", "float64", a, b)).toBe(rest);
  });

  test.each([
    [f32(0.3), f32(0.1), 3, 7.450580596923828e-9],
    [f32(7.1), f32(-0.7), -11, -0.5999999642372131],
    [1e10, 3, 3333333248, 1],
  ])("float32 %d by %d", (a, b, quotient, rest) => {
    expect(run("floorDivide", "float32", a, b)).toBe(quotient);
    expect(run("remainder", "float32", a, b)).toBe(rest);
  });

  test("integers follow the divisor's sign, and division by zero is zero", () => {
    expect(run("floorDivide", "int32", -7, 2)).toBe(-4);
    expect(run("remainder", "int32", -7, 2)).toBe(1);
    expect(run("remainder", "int64", 7n, -2n)).toBe(-1n);
    expect(run("floorDivide", "int8", 5, 0)).toBe(0);
    expect(run("remainder", "uint64", 5n, 0n)).toBe(0n);
    expect(run("floorDivide", "int32", -(2 ** 31), -1)).toBe(-(2 ** 31));
  });
});

describe("integers wrap around", () => {
  test("arithmetic", () => {
    expect(run("add", "int8", 127, 1)).toBe(-128);
    expect(run("multiply", "uint32", 4294967295, 4294967295)).toBe(1);
    expect(run("negative", "uint8", 1)).toBe(255);
    expect(run("abs", "int64", -(2n ** 63n))).toBe(-(2n ** 63n));
    expect(run("square", "int16", 300)).toBe(24464);
  });

  test("power", () => {
    expect(run("pow", "int32", 3, 20)).toBe(-808182895);
    expect(run("pow", "int32", -2, 31)).toBe(-2147483648);
    expect(run("pow", "int32", 7, 12)).toBe(956385313);
    expect(run("pow", "int64", 3n, 50n)).toBe(6048575297968530377n);
    expect(run("pow", "int64", 7n, 30n)).toBe(1576789505350337489n);
    expect(run("pow", "int8", 2, -1)).toBe(0);
    expect(run("pow", "int8", -1, -3)).toBe(-1);
    expect(run("pow", "int8", 0, -3)).toBe(0);
  });

  test("shifts outside the width", () => {
    expect(run("bitwiseLeftShift", "int8", 1, 7)).toBe(-128);
    expect(run("bitwiseLeftShift", "int32", 1, 32)).toBe(0);
    expect(run("bitwiseRightShift", "int16", -5, 16)).toBe(-1);
    expect(run("bitwiseRightShift", "int64", -5n, -1n)).toBe(-1n);
    expect(run("bitwiseRightShift", "uint32", 0xffffffff, 31)).toBe(1);
  });
});

describe("floats", () => {
  test.each([
    [0.5, 0],
    [1.5, 2],
    [2.5, 2],
    [-0.5, -0],
    [-1.5, -2],
    [0.49999999999999994, 0],
    [2251799813685249.5, 2251799813685250],
    [-0, -0],
  ])("round(%d)", (x, expected) => {
    expect(run("round", "float64", x)).toBe(expected);
  });

  test("zeros have signs and NaN propagates", () => {
    expect(run("minimum", "float64", 0, -0)).toBe(-0);
    expect(run("maximum", "float32", -0, 0)).toBe(0);
    expect(run("maximum", "float64", 1, Number.NaN)).toBe(Number.NaN);
    expect(run("copysign", "float64", 2, -0)).toBe(-2);
    expect(run("sign", "float64", -0)).toBe(0);
    expect(run("signbit", "float32", -0)).toBe(1);
  });

  test("power has the special cases of C", () => {
    expect(run("pow", "float64", 1, Number.NaN)).toBe(1);
    expect(run("pow", "float64", -1, -Infinity)).toBe(1);
    expect(run("pow", "float64", Number.NaN, 0)).toBe(1);
    expect(run("pow", "float64", -8, 1 / 3)).toBe(Number.NaN);
  });

  test("nextafter", () => {
    expect(run("nextafter", "float64", 1, 2)).toBe(1.0000000000000002);
    expect(run("nextafter", "float64", 0, -1)).toBe(-5e-324);
    expect(run("nextafter", "float32", 1, 0)).toBe(f32(0.99999994));
    expect(run("nextafter", "float32", 3.4028234663852886e38, Infinity)).toBe(Infinity);
    expect(run("nextafter", "float32", Number.NaN, 1)).toBe(Number.NaN);
  });

  test("float32 rounds after every function", () => {
    expect(run("add", "float32", 16777216, 1)).toBe(16777216);
    expect(run("sqrt", "float32", 2)).toBe(1.4142135381698608);
    expect(run("exp", "float32", 1)).toBe(2.7182817459106445);
  });
});

describe("casts", () => {
  test.each<[number, DType, Element]>([
    [1e10, "int32", 1410065408],
    [-1.9, "int32", -1],
    [3e9, "int32", -1294967296],
    [300.7, "uint8", 44],
    [Number.NaN, "int64", 0n],
    [1e300, "int64", 2n ** 63n - 1n],
    [-1, "uint64", 0n],
    [Infinity, "uint64", 2n ** 64n - 1n],
    [Infinity, "int8", -1],
    [Number.NaN, "bool", 1],
    [-0, "bool", 0],
  ])("float64 %d to %s", (x, to, expected) => {
    expect(castTo(x, "float64", to)).toBe(expected);
  });

  test("64-bit integers round to float32 once", () => {
    expect(castTo(2n ** 60n + 2n ** 36n + 1n, "int64", "float32")).toBe(1.1529216420458004e18);
    expect(castTo(-(2n ** 60n + 2n ** 36n + 1n), "int64", "float32")).toBe(-1.1529216420458004e18);
    expect(castTo(2n ** 63n - 1n, "int64", "float32")).toBe(9.223372036854776e18);
    expect(castTo(-1, "int8", "uint64")).toBe(2n ** 64n - 1n);
    expect(castTo(-1n, "int64", "uint16")).toBe(65535);
  });

  test("complex", () => {
    expect(castTo([0.1, -2], "complex128", "complex64")).toEqual([f32(0.1), -2]);
    expect(castTo(3, "int8", "complex64")).toEqual([3, 0]);
    expect(castTo([0, 1], "complex64", "bool")).toBe(1);
  });
});

test("a deep tree with shared subtrees is evaluated once per node", () => {
  let tree = call("add", "int64", arg(0, "int64"), constant(1, "int64"));
  for (let i = 0; i < 20_000; i++) tree = call("add", "int64", tree, tree);
  expect(treeFunction(tree)([2n], [])).toBe(0n);
});

test("a function that a dtype does not have is a bug of the caller", () => {
  expect(() => scalarFunction("exp", "int32")).toThrow("exp has no meaning on int32");
});
