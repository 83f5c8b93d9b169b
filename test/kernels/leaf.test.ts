import { describe, expect, it } from "vitest";
import { type DType, isFloat, REAL_DTYPES, type RealDType } from "../../dist/ir/dtype.js";
import { type LeafMonoid, programOf, stateDTypes } from "../../dist/ir/monoid.js";
import { arg, call, cast, constant, indexOf, type Scalar } from "../../dist/ir/scalar.js";
import type { LeafSpec } from "../../dist/kernels/index.js";
import { floatFunction } from "../../dist/kernels/reference/floats.js";
import {
  bits,
  type Element,
  kernels,
  type Laid,
  type Layout,
  lay,
  positions,
  random,
  read,
  reset,
  specials,
  take,
  write,
} from "./support.js";

const exp = floatFunction("exp", "float64") as (a: number, b: number) => number;

const MONOIDS: readonly LeafMonoid[] = [
  "sum",
  "dot",
  "prod",
  "min",
  "max",
  "any",
  "all",
  "count",
  "argmin",
  "argmax",
  "moments",
];

/** What integers and bools have. */
const EXACT = MONOIDS.filter((monoid) => monoid !== "dot");

/** Rows of a leaf box: the text of `ir/leaves.ts`. */
function ordered(rows: readonly (readonly number[])[], op: "+" | "*"): number {
  const f = (a: number, b: number): number => (op === "+" ? a + b : a * b);
  let e = op === "+" ? -0 : 1;
  let o = e;
  for (const x of rows) {
    let i = 0;
    const at = (k: number): number => x[i + k] as number;
    for (; i + 8 <= x.length; i += 8) {
      e = f(e, f(f(at(0), at(2)), f(at(4), at(6))));
      o = f(o, f(f(at(1), at(3)), f(at(5), at(7))));
    }
    for (let k = 0; i + k < x.length; k++)
      if (k % 2 === 0) e = f(e, at(k));
      else o = f(o, at(k));
  }
  return f(e, o);
}

/** Sum of products in runs: the text of `ir/leaves.ts`. */
function inRuns(rows: readonly (readonly number[])[], on: DType): number {
  const round = on === "float32" ? Math.fround : (x: number): number => x;
  let total = -0;
  for (const row of rows)
    for (let i = 0; i < row.length; ) {
      let run = row[i++] as number;
      for (; i < row.length && i % 64 !== 0; i++) run = round(run + (row[i] as number));
      total += run;
    }
  return total;
}

const wrap64 = (x: bigint, dtype: DType): bigint =>
  dtype === "uint64" ? BigInt.asUintN(64, x) : BigInt.asIntN(64, x);

function bestOf(flat: readonly Element[], better: (a: Element, b: Element) => boolean): number {
  let best = 0;
  for (let i = 1; i < flat.length; i++) {
    const [x, y] = [flat[i] as Element, flat[best] as Element];
    if (Number.isNaN(y)) break;
    if (Number.isNaN(x) || better(x, y)) best = i;
  }
  return best;
}

/** The state of one leaf. `indices` are those of the elements, for arg- reductions. */
function expectedState(
  monoid: LeafMonoid,
  on: RealDType,
  rows: readonly (readonly Element[])[],
  indices: readonly bigint[],
): Element[] {
  const flat = rows.flat();
  const state = stateDTypes(monoid, on)[0] as DType;
  const floats = (): number[][] => rows.map((row) => row.map(Number));
  switch (monoid) {
    case "sum":
      return isFloat(on)
        ? [ordered(floats(), "+")]
        : [
            wrap64(
              flat.reduce((s: bigint, x) => s + BigInt(x), 0n),
              state,
            ),
          ];
    case "dot":
      return [inRuns(floats(), on)];
    case "prod":
      return isFloat(on)
        ? [ordered(floats(), "*")]
        : [flat.reduce((s: bigint, x) => wrap64(s * BigInt(x), state), 1n)];
    case "min":
    case "max": {
      if (isFloat(on)) return [(monoid === "min" ? Math.min : Math.max)(...(flat as number[]))];
      return [flat.reduce((a, b) => ((monoid === "min" ? b < a : b > a) ? b : a))];
    }
    case "any":
      return [+flat.some((x) => Number(x) !== 0)];
    case "all":
      return [+flat.every((x) => Number(x) !== 0)];
    case "count":
      return [BigInt(flat.filter((x) => Number(x) !== 0).length)];
    case "argmin":
    case "argmax": {
      const i = bestOf(flat, (a, b) => (monoid === "argmin" ? a < b : a > b));
      return [flat[i] as Element, indices[i] as bigint];
    }
    case "moments": {
      const x = floats();
      const mean = ordered(x, "+") / flat.length;
      return [
        mean,
        ordered(
          x.map((row) => row.map((v) => (v - mean) * (v - mean))),
          "+",
        ),
      ];
    }
  }
}

interface Case {
  readonly monoids: readonly LeafMonoid[];
  readonly on: RealDType;
  readonly shape: readonly number[];
  readonly reduced: readonly number[];
  readonly layout: Layout;
  readonly origin?: readonly number[];
}

function rowMajor(shape: readonly number[], axes: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(0);
  let step = 1;
  for (const axis of [...axes].reverse()) {
    strides[axis] = step;
    step *= 3 * (shape[axis] as number);
  }
  return strides;
}

/** Runs a leaf over `values(at)`; `tree` makes them out of operands, `plain` is the same in JavaScript. */
function check(
  { monoids, on, shape, reduced, layout, origin = shape.map(() => 0) }: Case,
  input: Laid,
  tree: Scalar,
  plain: (x: Element, at: readonly number[]) => Element,
  note = "",
): void {
  const { program, results } = programOf([tree]);
  const spec: LeafSpec = {
    program,
    operands: [input.dtype],
    outputs: monoids.map((monoid) => ({ value: results[0] as number, monoid, on })),
  };
  const kept = shape.map((_, axis) => axis).filter((axis) => !reduced.includes(axis));
  const keptShape = kept.map((axis) => shape[axis] as number);
  const states = monoids.map((monoid) =>
    stateDTypes(monoid, on).map((dtype) =>
      lay(dtype, keptShape, layout === "contiguous" ? "contiguous" : "strided"),
    ),
  );
  const places = states.map((list) =>
    list.map(({ place }) => ({
      address: place.address,
      // Strides along reduced axes are ignored: these would lead far astray.
      strides: shape.map((_, axis) =>
        reduced.includes(axis) ? 1 << 20 : (place.strides[kept.indexOf(axis)] as number),
      ),
    })),
  );
  const argStrides = rowMajor(shape, reduced);
  kernels.leaf(spec, shape, origin, reduced, [input.place], places, argStrides);
  for (const at of positions(keptShape)) {
    const rows: Element[][] = [];
    const indices: bigint[] = [];
    for (const inner of positions(reduced.slice(0, -1).map((axis) => shape[axis] as number))) {
      const row: Element[] = [];
      const last = reduced.at(-1) as number;
      for (let i = 0; i < (shape[last] as number); i++) {
        const full = shape.map(() => 0);
        kept.forEach((axis, k) => (full[axis] = at[k] as number));
        reduced.slice(0, -1).forEach((axis, k) => (full[axis] = inner[k] as number));
        full[last] = i;
        row.push(
          plain(
            take(input, full),
            full.map((x, axis) => x + (origin[axis] as number)),
          ),
        );
        indices.push(
          BigInt(
            reduced.reduce(
              (s, axis) =>
                s +
                ((origin[axis] as number) + (full[axis] as number)) * (argStrides[axis] as number),
              0,
            ),
          ),
        );
      }
      rows.push(row);
    }
    monoids.forEach((monoid, m) => {
      const expected = expectedState(monoid, on, rows, indices).map(bits);
      const actual = (states[m] as Laid[]).map((state) => bits(take(state, at)));
      expect(
        actual,
        `${monoid} of ${on} [${shape}] over [${reduced}] ${layout} at [${at}] ${note}`,
      ).toEqual(expected);
    });
  }
}

function randomValues(on: RealDType, n: number, rand: () => number): Element[] {
  if (on === "bool") return Array.from({ length: n }, () => +(rand() < 0.5));
  if (isFloat(on))
    return Array.from({ length: n }, () => (rand() - 0.5) * 10 ** Math.floor(rand() * 8));
  const values = specials(on);
  return Array.from({ length: n }, () => values[Math.floor(rand() * values.length)] as Element);
}

const identity = (x: Element): Element => x;

/** Shapes and reduced axes such that both loop shapes, several rows and all rests occur. */
const GEOMETRY: readonly (readonly [readonly number[], readonly number[]])[] = [
  [[17], [0]],
  [[3, 21], [1]],
  [[21, 3], [0]],
  [[13, 37], [0]],
  [
    [5, 8],
    [0, 1],
  ],
  [
    [5, 16, 3],
    [0, 1],
  ],
  [
    [4, 6, 11],
    [0, 2],
  ],
  [
    [9, 2, 19],
    [0, 1],
  ],
  [
    [2, 3, 4, 5],
    [1, 3],
  ],
  [
    [6, 1, 7],
    [0, 1],
  ],
  [
    [7, 5, 1],
    [0, 2],
  ],
  [[1, 9], [0]],
];

describe("every monoid on every dtype", () => {
  for (const on of REAL_DTYPES)
    for (const monoid of MONOIDS.filter((m) => m !== "dot" || isFloat(on)))
      it(`${monoid} of ${on}`, () => {
        const rand = random(11);
        for (const [shape, reduced] of GEOMETRY)
          for (const layout of ["contiguous", "transposed", "strided", "reversed"] as const) {
            reset();
            const n = shape.reduce((a, b) => a * b, 1);
            const input = write(lay(on, shape, layout), randomValues(on, n, rand));
            check({ monoids: [monoid], on, shape, reduced, layout }, input, arg(0, on), identity);
          }
      });
});

describe("special values", () => {
  for (const on of ["float32", "float64"] as const)
    it(`NaN, infinities and zeros of ${on}`, () => {
      const rand = random(5);
      const pool = [0, -0, 1, -1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      for (let trial = 0; trial < 60; trial++) {
        const choice = pool.filter(() => rand() < 0.4);
        const values = Array.from(
          { length: 60 },
          () => choice[Math.floor(rand() * choice.length)] ?? -0,
        );
        for (const [shape, reduced] of [
          [[3, 20], [1]],
          [[20, 3], [0]],
          [[60], [0]],
        ] as const)
          for (const layout of ["contiguous", "strided"] as const) {
            reset();
            const input = write(lay(on, shape, layout), values);
            check({ monoids: MONOIDS, on, shape, reduced, layout }, input, arg(0, on), identity);
          }
      }
    });
});

describe("the first of the best", () => {
  const bestAt = (on: RealDType, n: number, places: readonly number[], nan = false): Element[] => {
    const [low, high]: readonly Element[] =
      on === "int64" || on === "uint64" ? [1n, 7n] : on === "bool" ? [0, 1] : [1, 7];
    const values = new Array<Element>(n).fill(low as Element);
    for (const at of places) values[at] = nan ? Number.NaN : (high as Element);
    return values;
  };
  const both = ["argmin", "argmax"] as const;
  for (const on of REAL_DTYPES)
    it(`of long rows of ${on}, wherever it is`, () => {
      const n = 5003;
      for (const places of [
        [0],
        [1],
        [255, 256],
        [256, 700],
        [2047, 2048],
        [2050, 4000],
        [5002],
        [],
      ])
        for (const nan of isFloat(on) ? [false, true] : [false])
          for (const monoids of [both, ["argmax", "sum"], ["max", "argmax"]] as const) {
            reset();
            const input = write(lay(on, [n]), bestAt(on, n, places, nan));
            check(
              { monoids, on, shape: [n], reduced: [0], layout: "contiguous", origin: [9] },
              input,
              arg(0, on),
              identity,
              `best at ${places}`,
            );
          }
    });

  it("of several rows, values that are computed, and a NaN after better ones", () => {
    const shape = [2, 3, 700];
    const square = call("multiply", "float64", arg(0, "float64"), arg(0, "float64"));
    const rand = random(6);
    for (let trial = 0; trial < 30; trial++) {
      reset();
      const values = Array.from({ length: 4200 }, () => Math.round((rand() - 0.5) * 40));
      if (trial % 3 === 0) values[Math.floor(rand() * 4200)] = Number.NaN;
      for (const [reduced, layout] of [
        [[1, 2], "contiguous"],
        [[0, 1], "contiguous"],
        [[0, 1, 2], "contiguous"],
        [[2], "strided"],
      ] as const)
        check(
          { monoids: ["argmin", "argmax", "sum", "max"], on: "float64", shape, reduced, layout },
          write(lay("float64", shape, layout), values),
          square,
          (x) => (x as number) * (x as number),
        );
    }
  });

  it("in columns, by indices that do not fit lanes", () => {
    const spec: LeafSpec = {
      program: programOf([arg(0, "int32")]).program,
      operands: ["int32"],
      outputs: [{ value: 0, monoid: "argmax", on: "int32" }],
    };
    const run = (strides: readonly number[], at: number): bigint[] => {
      reset();
      const values = new Array<number>(3 * 4 * 9).fill(-1);
      for (let column = 0; column < 9; column++) values[at * 9 + column] = 5;
      const input = write(lay("int32", [3, 4, 9]), values);
      const states = [lay("int32", [9]), lay("int64", [9])];
      const places = states.map(({ place }) => ({ ...place, strides: [0, 0, ...place.strides] }));
      kernels.leaf(spec, [3, 4, 9], [0, 0, 0], [0, 1], [input.place], [places], [...strides, 0]);
      return read(states[1] as Laid) as bigint[];
    };
    const index = (strides: readonly [number, number], at: number): bigint =>
      BigInt(strides[0] * Math.floor(at / 4) + strides[1] * (at % 4));
    for (const strides of [
      [4, 1],
      [2 ** 30 - 4, 1],
      [2 ** 40, 1],
      [1, 3],
      [0, 1],
    ] as const)
      for (const at of [0, 5, 11])
        expect(run(strides, at)).toEqual(new Array<bigint>(9).fill(index(strides, at)));
  });
});

describe("lengths", () => {
  const lengths = [
    ...Array.from({ length: 41 }, (_, i) => i).slice(1),
    ...Array.from({ length: 25 }, (_, i) => 1000 + i),
  ];
  for (const on of ["float64", "float32", "int16"] as const)
    it(`1 to 40 and 1000 to 1024 of ${on}`, () => {
      const rand = random(3);
      const sets: LeafMonoid[][] = [
        ["sum", "moments", "max", "count"],
        ["argmin", "argmax", "min"],
        ["argmax", "sum"],
        ...(isFloat(on) ? ([["dot"], ["dot", "sum"]] as LeafMonoid[][]) : []),
      ];
      for (const n of lengths)
        for (const [shape, reduced] of [
          [[2, n], [1]],
          [[n, 5], [0]],
          [
            [3, n],
            [0, 1],
          ],
        ] as const) {
          reset();
          const input = write(lay(on, shape), randomValues(on, shape[0] * shape[1], rand));
          for (const monoids of sets)
            check(
              { monoids, on, shape, reduced, layout: "contiguous" },
              input,
              arg(0, on),
              identity,
            );
        }
    });

  it("any number of leaves side by side, of several rows", () => {
    const rand = random(6);
    const sets: LeafMonoid[][] = [["sum"], ["moments", "min", "sum"], ["max"], ["count", "prod"]];
    for (const on of ["float64", "float32", "int64"] as const)
      for (const leaves of [1, 2, 3, 5, 8, 9, 17])
        for (const row of [8, 16, 37, 70])
          for (const [shape, reduced] of [
            [[leaves, row], [1]],
            [
              [2, 3, leaves, row],
              [1, 3],
            ],
          ] as const)
            for (const layout of ["contiguous", "reversed"] as const) {
              reset();
              const n = shape.reduce<number>((a, b) => a * b, 1);
              const input = write(lay(on, shape, layout), randomValues(on, n, rand));
              for (const monoids of sets)
                check({ monoids, on, shape, reduced, layout }, input, arg(0, on), identity);
            }
  });

  it("leaves side by side of two operands", () => {
    const rand = random(7);
    const { program, results } = programOf([
      call("subtract", "float64", arg(0, "float64"), arg(1, "float64")),
    ]);
    const spec: LeafSpec = {
      program,
      operands: ["float64", "float64"],
      outputs: [{ value: results[0] as number, monoid: "sum", on: "float64" }],
    };
    for (const leaves of [1, 2, 3, 4, 7]) {
      reset();
      const shape = [leaves, 45];
      const [a, b] = [0, 1].map(() =>
        write(lay("float64", shape), randomValues("float64", 45 * leaves, rand)),
      ) as [Laid, Laid];
      const sums = lay("float64", [leaves]);
      const to = { address: sums.place.address, strides: [sums.place.strides[0] as number, 0] };
      kernels.leaf(spec, shape, [0, 0], [1], [a.place, b.place], [[to]], [0, 0]);
      for (let k = 0; k < leaves; k++) {
        const at = (i: number): number => (take(a, [k, i]) as number) - (take(b, [k, i]) as number);
        const row = Array.from({ length: 45 }, (_, i) => at(i));
        expect(take(sums, [k])).toBe(ordered([row], "+"));
      }
    }
  });

  it("wide panels, with every rest", () => {
    const rand = random(4);
    for (const columns of [255, 257, 1023, 1024, 1027, 2049, 2100]) {
      reset();
      const input = write(
        lay("float32", [11, columns]),
        randomValues("float32", 11 * columns, rand),
      );
      check(
        {
          monoids: ["sum", "dot", "min", "moments"],
          on: "float32",
          shape: [11, columns],
          reduced: [0],
          layout: "contiguous",
        },
        input,
        arg(0, "float32"),
        identity,
      );
    }
  });
});

describe("fused programs", () => {
  it("reduces values that are computed on the way", () => {
    const rand = random(9);
    const f = Math.fround;
    const tree = call(
      "multiply",
      "float32",
      call("add", "float32", arg(0, "float32"), constant(0.1, "float32")),
      call("sqrt", "float32", call("abs", "float32", arg(0, "float32"))),
    );
    for (const [shape, reduced] of GEOMETRY)
      for (const layout of ["contiguous", "transposed", "strided", "repeated"] as const) {
        reset();
        const n = shape.reduce((a, b) => a * b, 1);
        const input = write(lay("float32", shape, layout), randomValues("float32", n, rand));
        const plain = (x: Element): number =>
          f(f((x as number) + f(0.1)) * f(Math.sqrt(Math.abs(x as number))));
        check(
          {
            monoids: ["sum", "dot", "prod", "min", "max", "moments"],
            on: "float32",
            shape,
            reduced,
            layout,
          },
          input,
          tree,
          plain,
        );
        check(
          { monoids: MONOIDS, on: "float32", shape, reduced, layout },
          input,
          tree,
          plain,
          "with arg-",
        );
      }
  });

  it("counts comparisons, and folds masks", () => {
    const rand = random(2);
    const tree = call("greater", "int32", arg(0, "int32"), constant(100, "int32"));
    for (const [shape, reduced] of GEOMETRY) {
      reset();
      const n = shape.reduce((a, b) => a * b, 1);
      const input = write(lay("int32", shape), randomValues("int32", n, rand));
      for (const monoids of [["any"], ["all"], ["count"], ["min", "max", "any"], EXACT] as const)
        check(
          { monoids, on: "bool", shape, reduced, layout: "contiguous" },
          input,
          tree,
          (x) => +((x as number) > 100),
        );
    }
  });

  it("reads global indices, and counts arg- indices from the origin", () => {
    const tree = call(
      "add",
      "int64",
      call("multiply", "int64", indexOf(0), constant(10, "int64")),
      call("bitwiseXor", "int64", indexOf(1), cast(arg(0, "int8"), "int64")),
    );
    for (const reduced of [[0], [1], [0, 1]])
      for (const monoids of [["sum", "max"], EXACT] as const) {
        reset();
        const input = write(lay("int8", [19, 11]), [1, 2, 3]);
        check(
          {
            monoids,
            on: "int64",
            shape: [19, 11],
            reduced,
            layout: "contiguous",
            origin: [5, 1000],
          },
          input,
          tree,
          (x, at) => BigInt(at[0] as number) * 10n + (BigInt(at[1] as number) ^ BigInt(x)),
        );
      }
  });

  it("calls imported functions and long programs", () => {
    const rand = random(8);
    let tree: Scalar = call(
      "exp",
      "float64",
      call("negative", "float64", call("abs", "float64", arg(0, "float64"))),
    );
    for (let i = 0; i < 60; i++)
      tree = call(
        i % 2 ? "add" : "multiply",
        "float64",
        tree,
        i % 3 ? constant(1 + i / 64, "float64") : arg(0, "float64"),
      );
    const plain = (x: Element): number => {
      let v = exp(-Math.abs(x as number), 0);
      for (let i = 0; i < 60; i++) {
        const y = i % 3 ? 1 + i / 64 : (x as number);
        v = i % 2 ? v + y : v * y;
      }
      return v;
    };
    for (const [shape, reduced] of GEOMETRY) {
      reset();
      const n = shape.reduce((a, b) => a * b, 1);
      const input = write(
        lay("float64", shape),
        Array.from({ length: n }, () => rand() * 3),
      );
      check(
        { monoids: ["sum", "moments"], on: "float64", shape, reduced, layout: "contiguous" },
        input,
        tree,
        plain,
      );
    }
  });

  it("refuses an empty leaf and ignores empty kept axes", () => {
    reset();
    const input = lay("float64", [0, 3]);
    const run = (reduced: number[]): void =>
      check(
        { monoids: ["sum"], on: "float64", shape: [0, 3], reduced, layout: "contiguous" },
        input,
        arg(0, "float64"),
        identity,
      );
    expect(() => run([0])).toThrow("no elements");
    run([1]);
    expect(read(input)).toEqual([]);
  });
});
