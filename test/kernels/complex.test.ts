import { describe, expect, it } from "vitest";
import type { ComplexDType, DType } from "../../dist/ir/dtype.js";
import { programOf } from "../../dist/ir/monoid.js";
import { arg, call, cast, constant, type Scalar } from "../../dist/ir/scalar.js";
import { bits, kernels, type Laid, lay, read, reset, write } from "./support.js";

const part = (dtype: ComplexDType): "float32" | "float64" =>
  dtype === "complex64" ? "float32" : "float64";

/** The parts of a complex array, as one more axis of two. */
const parts = (a: Laid): Laid => {
  const dtype = part(a.dtype as ComplexDType);
  const size = dtype === "float32" ? 4 : 8;
  return {
    dtype,
    shape: [...a.shape, 2],
    place: { ...a.place, strides: [...a.place.strides, size] },
  };
};

function run(trees: readonly Scalar[], inputs: readonly Laid[], outs: readonly Laid[]): void {
  const { program, results } = programOf(trees);
  const spec = {
    program,
    operands: inputs.map((a) => a.dtype),
    outputs: outs.map(({ dtype }, i) => ({ value: results[i] as number, dtype })),
  };
  const places = (list: readonly Laid[]) => list.map((a) => a.place);
  kernels.map(spec, (outs[0] as Laid).shape, [], places(inputs), places(outs));
}

const VALUES = [1.5, -2, 0, 0, -0, 3, Number.NaN, 0, 0, Number.POSITIVE_INFINITY];

describe("complex maps", () => {
  for (const dtype of ["complex64", "complex128"] as const)
    for (const layout of ["contiguous", "strided", "reversed"] as const)
      it(`${dtype}, ${layout}: equality, choice and casts`, () => {
        reset();
        const n = 5;
        const other: DType = dtype === "complex64" ? "complex128" : "complex64";
        const a = lay(dtype, [n], layout);
        write(parts(a), VALUES);
        const b = lay(dtype, [n], layout);
        write(parts(b), [...VALUES.slice(0, 6), 1, 1, 0, 1]);
        const [x, y] = [arg(0, dtype), arg(1, dtype)];
        const equal = call("equal", dtype, x, y);
        const trees = [
          equal,
          call("notEqual", dtype, x, y),
          call("where", dtype, equal, constant([7, -8], dtype), y),
          cast(x, other),
          cast(x, "bool"),
          cast(x, "int16"),
          cast(cast(x, "float32"), dtype),
        ];
        const outs = trees.map((tree) => lay(tree.dtype, [n]));
        run(trees, [a, b], outs);
        const at = (i: number): Laid => outs[i] as Laid;
        expect(read(at(0))).toEqual([1, 1, 1, 0, 0]);
        expect(read(at(1))).toEqual([0, 0, 0, 1, 1]);
        expect(read(parts(at(2)))).toEqual([7, -8, 7, -8, 7, -8, 1, 1, 0, 1]);
        expect(read(parts(at(3))).map(bits)).toEqual(VALUES.map(bits));
        expect(read(at(4))).toEqual([1, 0, 1, 1, 1]);
        expect(read(at(5))).toEqual([1, 0, 0, 0, 0]);
        expect(read(parts(at(6))).map(bits)).toEqual([
          "1.5",
          "0",
          "0",
          "0",
          "-0",
          "0",
          "NaN",
          "0",
          "0",
          "0",
        ]);
      });

  it("refuses functions without a complex meaning", () => {
    const out = lay("complex64", [1]);
    expect(() => run([call("floor", "complex64", arg(0, "complex64"))], [out], [out])).toThrow(
      "no meaning",
    );
  });
});
