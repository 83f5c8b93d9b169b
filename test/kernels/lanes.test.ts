/** Which functions and casts have vector code: kernels are compiled and their vector loops read back. */
import { describe, expect, it } from "vitest";
import { type DType, REAL_DTYPES, type RealDType } from "../../dist/ir/dtype.js";
import { programOf } from "../../dist/ir/monoid.js";
import {
  arg,
  arityOf,
  BINARY_FUNCTIONS,
  COMPARISONS,
  call,
  cast,
  constant,
  PREDICATES,
  type Scalar,
  type ScalarFunction,
  UNARY_FUNCTIONS,
} from "../../dist/ir/scalar.js";
import { realMap } from "../../dist/kernels/complex.js";
import { complexFormulaOf } from "../../dist/kernels/formulas/complex.js";
import { compileMap } from "../../dist/kernels/map-kernel.js";
import { complexFunction } from "../../dist/kernels/reference/complex.js";
import { expectedFunction } from "./expected.js";
import { type VectorLoops, vectorLoops } from "./loops.js";

/** Functions whose lanes are taken one by one for rare arguments, and which these are. */
const RARELY: Readonly<Record<string, string>> = {
  "floorDivide on int64": "an argument outside -2^51..2^51, where float64 division is not exact",
  "remainder on int64": "as for floorDivide",
  "floorDivide on uint64": "an argument above 2^51",
  "remainder on uint64": "an argument above 2^51",
  "floorDivide on float32": "a quotient of 2^29 or more, or division by zero",
  "remainder on float32": "as for floorDivide",
  "floorDivide on float64": "a quotient of 2^26 or more, or division by zero",
  "remainder on float64": "as for floorDivide",
  "sin on float64": "an angle beyond 2^20, or very near a multiple of pi/2",
  "sin on float32": "an angle beyond 2^20",
  "cos on float64": "as for sin",
  "cos on float32": "as for sin",
  "tan on float64": "as for sin",
  "tan on float32": "as for sin",
  "atan2 on float64": "a quotient that overflows or underflows",
  "pow on float64": "an infinite or subnormal base, or an exponent that is not a number",
  "pow on float32": "an infinite base, or an exponent that is not a number",
  "logaddexp on float64": "a larger argument next to nothing, and the other below -708",
};

function loopsOf(trees: readonly Scalar[], operands: readonly DType[]): VectorLoops {
  const { program, results } = programOf(trees);
  const outputs = results.map((value, i) => ({ value, dtype: (trees[i] as Scalar).dtype }));
  const steps = [...operands, ...outputs].map(() => "next" as const);
  return vectorLoops(compileMap({ program, operands, outputs }, steps));
}

const FUNCTIONS: readonly ScalarFunction[] = [
  ...UNARY_FUNCTIONS,
  ...BINARY_FUNCTIONS,
  ...COMPARISONS,
  ...PREDICATES,
  "where",
];

describe("vector loops", () => {
  it("take no lanes one by one, for every function on every dtype but the named ones", () => {
    const alone: string[] = [];
    const rare: string[] = [];
    let pairs = 0;
    for (const fn of FUNCTIONS)
      for (const on of REAL_DTYPES) {
        if (expectedFunction(fn, on) === undefined) continue;
        pairs++;
        const operands = Array.from({ length: arityOf(fn) }, (_, i) =>
          fn === "where" && i === 0 ? "bool" : on,
        );
        const tree = call(fn, on, ...operands.map((dtype, i) => arg(i, dtype)));
        const { count, always, rarely } = loopsOf([tree], operands);
        const name = `${fn} on ${on}`;
        if (count === 0 || always.length > 0) alone.push(name);
        else if (rarely.length > 0) rare.push(name);
      }
    expect(alone).toEqual([]);
    expect(rare.sort()).toEqual(Object.keys(RARELY).sort());
    expect(pairs).toBe(393);
  });

  it("take no parts of complex numbers one by one, but those that are out of the ordinary", () => {
    const rare: string[] = [];
    let count = 0;
    for (const fn of FUNCTIONS)
      for (const on of ["complex64", "complex128"] as const) {
        if (complexFunction(fn, on) === undefined) continue;
        count++;
        const operands: DType[] = Array.from({ length: arityOf(fn) }, () => on);
        const tree = call(fn, on, ...operands.map((dtype, i) => arg(i, dtype)));
        const { program, results } = programOf([tree]);
        const outputs = results.map((value) => ({ value, dtype: tree.dtype }));
        const { spec } = realMap({ program, operands, outputs });
        const steps = [...spec.operands, ...spec.outputs].map(() => "next" as const);
        const loops = vectorLoops(compileMap(spec, steps));
        expect({ fn, on, loops: loops.count > 0, always: loops.always }).toEqual({
          fn,
          on,
          loops: true,
          always: [],
        });
        if (loops.rarely.length > 0) rare.push(`${fn} ${on}`);
      }
    const formulas = FUNCTIONS.filter((fn) => complexFormulaOf(fn) !== undefined);
    expect(rare).toEqual(formulas.flatMap((fn) => [`${fn} complex64`, `${fn} complex128`]));
    expect(count).toBe(74);
  });

  it("take no lanes one by one, for every cast", () => {
    for (const from of REAL_DTYPES)
      for (const to of REAL_DTYPES) {
        if (from === to) continue;
        const { count, always, rarely } = loopsOf([cast(arg(0, from), to)], [from]);
        const name = `${from} to ${to}`;
        expect({ name, loops: count > 0, always, rarely }).toEqual({
          name,
          loops: true,
          always: [],
          rarely: [],
        });
      }
  });

  it("take programs of any two widths", () => {
    for (const a of REAL_DTYPES)
      for (const b of REAL_DTYPES) {
        const on: RealDType = a === "bool" ? "int8" : a;
        const other = call("lessEqual", b, arg(1, b), constant(1, b));
        const tree = call("where", on, other, cast(arg(0, a), on), cast(arg(1, b), on));
        const { count, always } = loopsOf([tree, cast(tree, b)], [a, b]);
        expect({ a, b, loops: count > 0, always }).toEqual({ a, b, loops: true, always: [] });
      }
  });
});
