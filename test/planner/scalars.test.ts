/** What rules ask of constants. */
import { expect, it } from "vitest";
import { constant, isPowerOfTwo, valueOf } from "../../dist/ir/scalar.js";

const bits = new DataView(new ArrayBuffer(8));
/** The next number in the direction of `by`, in steps of the last bit. */
function neighbour(v: number, by: bigint): number {
  bits.setFloat64(0, v);
  bits.setBigUint64(0, bits.getBigUint64(0) + by);
  return bits.getFloat64(0);
}

it("powers of two are those, of all exponents and both signs, and no neighbour is one", () => {
  for (let exponent = -1074; exponent <= 1023; exponent++) {
    const v = 2 ** exponent;
    expect(isPowerOfTwo(v), String(v)).toBe(true);
    expect(isPowerOfTwo(-v)).toBe(true);
    // The first three subnormal numbers are 1, 2 and 3 of the smallest.
    if (exponent > -1073) {
      expect(isPowerOfTwo(neighbour(v, 1n)), `above ${v}`).toBe(false);
      if (exponent > -1072) expect(isPowerOfTwo(neighbour(v, -1n)), `below ${v}`).toBe(false);
    }
  }
  for (const v of [
    0,
    -0,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    3,
    0.75,
  ]) {
    expect(isPowerOfTwo(v), String(v)).toBe(false);
  }
});

it("a float64 constant has the value that it was made of, bit for bit", () => {
  const edges = [0, -0, 1, -1.5, 5e-324, -5e-324, 2 ** -1022, Number.MAX_VALUE, 1 / 3];
  for (const v of [...edges, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    expect(valueOf(constant(v, "float64"))).toBe(v);
  }
  expect(valueOf(constant(Number.NaN, "float64"))).toBeNaN();
});
