import { describe, expect, it } from "vitest";
import type { ComplexDType, DType } from "../../dist/ir/dtype.js";
import { type LeafMonoid, programOf, stateDTypes } from "../../dist/ir/monoid.js";
import {
  arg,
  arityOf,
  call,
  cast,
  constant,
  type Scalar,
  type ScalarFunction,
} from "../../dist/ir/scalar.js";
import { type Element, treeFunction } from "../../dist/kernels/reference/scalar.js";
import {
  bits,
  kernels,
  type Laid,
  type Layout,
  lay,
  positions,
  random,
  read,
  reset,
  take,
  write,
} from "./support.js";

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

type Pair = readonly [number, number];
const LAYOUTS: readonly Layout[] = ["contiguous", "strided", "reversed"];
const PARTS = [0, -0, 1, -1, 0.5, 3, -1e-3, 1e300, -1e-310, Infinity, -Infinity, Number.NaN];
const GRID: readonly Pair[] = PARTS.flatMap((a) => PARTS.map((b): Pair => [a, b]));

const FUNCTIONS: readonly ScalarFunction[] = [
  ...(["abs", "conj", "imag", "negative", "round", "square", "isnan", "isinf"] as const),
  ...(["isfinite", "reciprocal", "sign", "sqrt", "exp", "expm1", "log", "log1p"] as const),
  ...(["log2", "log10", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh"] as const),
  ...(["tanh", "asinh", "acosh", "atanh"] as const),
  ...(["add", "subtract", "multiply", "divide", "pow", "equal", "notEqual"] as const),
];

const elementBits = (x: Element | undefined): string =>
  typeof x === "object" ? x.map(bits).join() : bits(x as number);

/** Elements of any array; complex ones as pairs. */
function elementsOf(a: Laid): Element[] {
  if (!a.dtype.startsWith("complex")) return read(a);
  const flat = read(parts(a)) as number[];
  return Array.from(
    { length: flat.length / 2 },
    (_, i): Pair => [flat[2 * i] as number, flat[2 * i + 1] as number],
  );
}

/** Runs one tree over columns in every layout against the reference. */
function check(tree: Scalar, dtype: ComplexDType, columns: readonly (readonly Pair[])[]): void {
  const f = treeFunction(tree);
  const single = dtype === "complex64" ? Math.fround : (x: number): number => x;
  const rounded = columns.map((column) => column.map(([a, b]): Pair => [single(a), single(b)]));
  const n = (rounded[0] as Pair[]).length;
  const expected = Array.from({ length: n }, (_, i) =>
    elementBits(
      f(
        rounded.map((column) => column[i] as Pair),
        [],
      ),
    ),
  );
  for (const layout of LAYOUTS) {
    reset();
    const inputs = rounded.map((column) => {
      const laid = lay(dtype, [n], layout);
      write(parts(laid), column.flat());
      return laid;
    });
    const out = lay(tree.dtype, [n], layout);
    run([tree], inputs, [out]);
    expect(elementsOf(out).map(elementBits), layout).toEqual(expected);
  }
}

describe("complex functions agree with the reference", () => {
  const rand = random(3);
  const ordinary = Array.from(
    { length: 120 },
    (): Pair => [(rand() - 0.5) * 10 ** (rand() * 6 - 3), (rand() - 0.5) * 10 ** (rand() * 6 - 3)],
  );
  for (const dtype of ["complex64", "complex128"] as const)
    for (const fn of FUNCTIONS)
      it(`${fn} on ${dtype}`, () => {
        const left = [...GRID, ...ordinary];
        const right = left.map((_, i) => left[(i * 37 + 11) % left.length] as Pair);
        const columns = arityOf(fn) === 1 ? [left] : [left, right];
        check(call(fn, dtype, ...columns.map((_, i) => arg(i, dtype))), dtype, columns);
      });

  for (let trial = 0; trial < 40; trial++)
    it(`random program ${trial}`, () => {
      const dtype = trial % 2 === 0 ? "complex64" : "complex128";
      const other = trial % 2 === 0 ? "complex128" : "complex64";
      const pick = <T>(list: readonly T[]): T => list[Math.floor(rand() * list.length)] as T;
      const made: Scalar[] = [arg(0, dtype), arg(1, dtype)];
      for (let i = 0; i < 6; i++) {
        const fn = pick(FUNCTIONS);
        const on = rand() < 0.8 ? dtype : other;
        const args = Array.from({ length: arityOf(fn) }, () => cast(pick(made.slice(-4)), on));
        made.push(call(fn, on, ...args));
      }
      const column = (): Pair[] => Array.from({ length: 29 }, () => pick([...GRID, ...ordinary]));
      check(made.at(-1) as Scalar, dtype, [column(), column()]);
    });
});

const times = ([a, b]: Pair, [c, d]: Pair): Pair => [a * c - b * d, a * d + b * c];

/** The order of `ir/leaves.ts`. */
function ordered<T>(rows: readonly (readonly T[])[], first: T, f: (a: T, b: T) => T): T {
  let [e, o] = [first, first];
  for (const x of rows) {
    const at = (i: number): T => x[i] as T;
    let i = 0;
    for (; i + 8 <= x.length; i += 8) {
      e = f(e, f(f(at(i), at(i + 2)), f(at(i + 4), at(i + 6))));
      o = f(o, f(f(at(i + 1), at(i + 3)), f(at(i + 5), at(i + 7))));
    }
    for (let k = 0; i + k < x.length; k++)
      if (k % 2 === 0) e = f(e, at(i + k));
      else o = f(o, at(i + k));
  }
  return f(e, o);
}

function expectedState(monoid: LeafMonoid, rows: readonly (readonly Pair[])[]): number[] {
  const part = (half: 0 | 1): number[][] => rows.map((row) => row.map((x) => x[half]));
  const sum = (x: number[][]): number => ordered(x, -0, (a, b) => a + b);
  const moments = (x: number[][]): number[] => {
    const mean = sum(x) / rows.flat().length;
    return [mean, sum(x.map((row) => row.map((v) => (v - mean) * (v - mean))))];
  };
  const truths = rows.flat().map(([a, b]) => a !== 0 || b !== 0);
  switch (monoid) {
    case "sum":
      return [sum(part(0)), sum(part(1))];
    case "prod":
      return [...ordered<Pair>(rows, [1, 0], times)];
    case "moments":
      return [...moments(part(0)), ...moments(part(1))];
    default:
      return [Number(monoid === "any" ? truths.includes(true) : !truths.includes(false))];
  }
}

describe("complex leaves", () => {
  const monoids: readonly LeafMonoid[] = ["sum", "any", "prod", "moments", "all"];
  const shapes: readonly (readonly [number[], number[]])[] = [
    [[19], [0]],
    [[3, 21], [1]],
    [[21, 5], [0]],
    [
      [5, 2, 9],
      [0, 2],
    ],
    [
      [9, 16, 3],
      [0, 1],
    ],
  ];
  // With the product a leaf is scalar; without it, it may run on vectors.
  for (const dtype of ["complex64", "complex128"] as const)
    for (const [shape, reduced] of shapes)
      for (const layout of ["contiguous", "strided", "transposed"] as const)
        for (const members of [monoids, monoids.filter((m) => m !== "prod"), ["prod" as const]])
          it(`${members.join()} of ${dtype} [${shape}] over [${reduced}], ${layout}`, () => {
            reset();
            const rand = random(11);
            const input = lay(dtype, shape, layout);
            const count = shape.reduce((a, b) => a * b, 2);
            write(
              parts(input),
              Array.from({ length: count }, () =>
                rand() < 0.1 ? 0 : Math.fround((rand() - 0.5) * 4),
              ),
            );
            const { program, results } = programOf([arg(0, dtype)]);
            const kept = shape.map((_, a) => a).filter((a) => !reduced.includes(a));
            const keptShape = kept.map((a) => shape[a] as number);
            const states = members.map((m) => stateDTypes(m, dtype).map((d) => lay(d, keptShape)));
            kernels.leaf(
              {
                program,
                operands: [dtype],
                outputs: members.map((monoid) => ({
                  value: results[0] as number,
                  monoid,
                  on: dtype,
                })),
              },
              shape,
              shape.map(() => 0),
              reduced,
              [input.place],
              states.map((list) =>
                list.map(({ place }) => ({
                  address: place.address,
                  strides: shape.map((_, a) => place.strides[kept.indexOf(a)] ?? 0),
                })),
              ),
              shape.map(() => 0),
            );
            for (const at of positions(keptShape)) {
              const rows: Pair[][] = [];
              for (const inner of positions(reduced.map((a) => shape[a] as number))) {
                const full = shape.map(() => 0);
                kept.forEach((a, k) => (full[a] = at[k] as number));
                reduced.forEach((a, k) => (full[a] = inner[k] as number));
                const value = [0, 1].map((h) => take(parts(input), [...full, h]) as number);
                if (inner.at(-1) === 0) rows.push([]);
                (rows.at(-1) as Pair[]).push(value as unknown as Pair);
              }
              members.forEach((monoid, m) => {
                const got = (states[m] as Laid[]).map((s) => bits(take(s, at)));
                expect(got, `${monoid} at [${at}]`).toEqual(expectedState(monoid, rows).map(bits));
              });
            }
          });
});
