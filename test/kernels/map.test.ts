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
  givesBool,
  indexOf,
  PREDICATES,
  type Scalar,
  type ScalarFunction,
  UNARY_FUNCTIONS,
} from "../../dist/ir/scalar.js";
import { Kernels, type MapSpec } from "../../dist/kernels/index.js";
import { expectedCast, expectedFunction } from "./expected.js";
import {
  bits,
  type Element,
  kernels,
  type Laid,
  type Layout,
  lay,
  memory,
  random,
  read,
  reset,
  specials,
  write,
} from "./support.js";

function specOf(trees: readonly Scalar[], operands: readonly DType[]): MapSpec {
  const { program, results } = programOf(trees);
  const outputs = results.map((value, i) => ({ value, dtype: (trees[i] as Scalar).dtype }));
  return { program, operands, outputs };
}

function runMap(
  spec: MapSpec,
  inputs: readonly Laid[],
  outs: readonly Laid[],
  origin: number[] = [],
): void {
  const shape = (outs[0] as Laid).shape;
  kernels.map(
    spec,
    shape,
    origin,
    inputs.map((a) => a.place),
    outs.map((a) => a.place),
  );
}

const LAYOUTS: readonly Layout[] = ["contiguous", "strided", "reversed"];

/** Runs one function over `columns` of arguments in every layout; all must give `expected`. */
function check(
  tree: Scalar,
  dtypes: readonly RealDType[],
  columns: readonly Element[][],
  expected: string[],
): void {
  const spec = specOf([tree], dtypes);
  const n = expected.length;
  for (const inputs of LAYOUTS)
    for (const outputs of inputs === "contiguous" ? LAYOUTS : ["contiguous" as const]) {
      reset();
      const args = dtypes.map((dtype, i) =>
        write(lay(dtype, [n], inputs), columns[i] as Element[]),
      );
      const out = lay(tree.dtype, [n], outputs);
      runMap(spec, args, [out]);
      expect(read(out).map(bits), `${inputs} -> ${outputs}`).toEqual(expected);
    }
}

function pairs(on: RealDType): [Element[], Element[]] {
  const values = specials(on);
  const [a, b]: [Element[], Element[]] = [[], []];
  for (const x of values)
    for (const y of values) {
      a.push(x);
      b.push(y);
    }
  return [a, b];
}

describe("every function on every dtype, on vectors and element by element", () => {
  const functions: ScalarFunction[] = [
    ...UNARY_FUNCTIONS,
    ...BINARY_FUNCTIONS,
    ...COMPARISONS,
    ...PREDICATES,
    "where",
  ];
  let known = 0;
  for (const fn of functions)
    for (const on of REAL_DTYPES) {
      const f = expectedFunction(fn, on);
      if (f === undefined) continue;
      known++;
      it(`${fn} on ${on}`, () => {
        const arity = arityOf(fn);
        const [a, b] = pairs(on);
        if (fn === "where") {
          const condition: Element[] = a.map((_, i) => ((i * 7) % 3 === 0 ? 1 : 0));
          const tree = call(fn, on, arg(0, "bool"), arg(1, on), arg(2, on));
          check(
            tree,
            ["bool", on, on],
            [condition, a, b],
            a.map((x, i) => bits(f(condition[i] as number, x, b[i] as Element))),
          );
          return;
        }
        const columns = arity === 1 ? [[...specials(on), ...specials(on)]] : [a, b];
        const tree = call(fn, on, ...columns.map((_, i) => arg(i, on)));
        expect(tree.dtype).toBe(givesBool(fn) ? "bool" : on);
        const expected = (columns[0] as Element[]).map((x, i) => bits(f(x, columns[1]?.[i] ?? 0)));
        check(
          tree,
          columns.map(() => on),
          columns,
          expected,
        );
      });
    }
  it("covers the whole language", () => expect(known).toBe(393));
});

describe("every cast", () => {
  for (const from of REAL_DTYPES)
    for (const to of REAL_DTYPES) {
      if (from === to) continue;
      it(`${from} to ${to}`, () => {
        const extra =
          from === "int64" || from === "uint64"
            ? [2n ** 53n + 1n, 2n ** 62n + 2n ** 38n + 1n, 16777217n]
            : [];
        const values = [...specials(from), ...extra, ...specials(from)];
        check(
          cast(arg(0, from), to),
          [from],
          [values],
          values.map((x) => bits(expectedCast(x, from, to))),
        );
      });
    }
});

/** A random tree over operands of the given dtypes, and the same as a plain function. */
function randomTree(
  rand: () => number,
  dtypes: readonly RealDType[],
  size: number,
): { tree: Scalar; value: (args: readonly Element[]) => Element } {
  type Made = { tree: Scalar; value: (args: readonly Element[]) => Element };
  const pick = <T>(list: readonly T[]): T => list[Math.floor(rand() * list.length)] as T;
  const made: Made[] = dtypes.map((dtype, i) => ({
    tree: arg(i, dtype),
    value: (args) => args[i] as Element,
  }));
  const as = (m: Made, dtype: RealDType): Made =>
    m.tree.dtype === dtype
      ? m
      : {
          tree: cast(m.tree, dtype),
          value: (args) => expectedCast(m.value(args), m.tree.dtype as RealDType, dtype),
        };
  const functions = [
    ...BINARY_FUNCTIONS,
    ...COMPARISONS,
    ...UNARY_FUNCTIONS,
    ...PREDICATES,
    "where",
  ] as const;
  while (made.length < size) {
    const fn = pick(functions);
    const on = pick(rand() < 0.7 ? dtypes : REAL_DTYPES);
    const f = expectedFunction(fn, on);
    if (f === undefined) continue;
    const memo = new WeakMap<readonly Element[], Element>();
    const parts = Array.from({ length: arityOf(fn) }, (_, i) =>
      as(pick(made.slice(-6)), fn === "where" && i === 0 ? "bool" : on),
    );
    made.push({
      tree: call(fn, on, ...parts.map((p) => p.tree)),
      value: (args) => {
        let x = memo.get(args);
        if (x === undefined) memo.set(args, (x = f(...parts.map((p) => p.value(args)))));
        return x;
      },
    });
  }
  return made.at(-1) as Made;
}

describe("random programs", () => {
  const rand = random(7);
  for (let trial = 0; trial < 120; trial++) {
    it(`program ${trial}`, () => {
      reset();
      const narrow = trial % 3 === 0;
      const choices = narrow ? (["float32", "bool", "int16"] as const) : REAL_DTYPES;
      const dtypes = Array.from(
        { length: 3 },
        () => choices[Math.floor(rand() * choices.length)] as RealDType,
      );
      const { tree, value } = randomTree(rand, dtypes, 6 + (trial % 9));
      const n = 37;
      const columns = dtypes.map((dtype) => {
        const values = specials(dtype);
        return Array.from(
          { length: n },
          () => values[Math.floor(rand() * values.length)] as Element,
        );
      });
      const expected = columns[0]?.map((_, i) =>
        bits(value(columns.map((column) => column[i] as Element))),
      );
      check(tree, dtypes, columns, expected as string[]);
    });
  }
});

describe("loop nests", () => {
  const add = specOf(
    [call("add", "float64", arg(0, "float64"), arg(1, "float64"))],
    ["float64", "float64"],
  );

  it("runs every mixture of layouts", () => {
    const layouts: Layout[] = ["contiguous", "strided", "reversed", "repeated", "transposed"];
    for (const shape of [
      [],
      [0],
      [1],
      [5],
      [3, 0, 2],
      [3, 4],
      [2, 3, 5],
      [1, 7, 1],
      [2, 1, 2, 3, 2],
    ])
      for (const la of layouts)
        for (const lb of layouts)
          for (const lo of ["contiguous", "strided", "reversed", "transposed"] as const) {
            reset();
            const count = shape.reduce((n, e) => n * e, 1);
            const a = write(
              lay("float64", shape, la),
              Array.from({ length: count }, (_, i) => i + 0.25),
            );
            const b = write(
              lay("float64", shape, lb),
              Array.from({ length: count }, (_, i) => 100 * i),
            );
            const out = lay("float64", shape, lo);
            runMap(add, [a, b], [out]);
            const [x, y] = [read(a), read(b)] as [number[], number[]];
            expect(read(out)).toEqual(x.map((v, i) => v + (y[i] as number)));
          }
  });

  it("cuts conflicting orders into tiles", () => {
    for (const shape of [
      [64, 64],
      [33, 70],
      [200, 9],
      [9, 200],
      [3, 40, 65],
    ])
      for (const lo of ["contiguous", "transposed", "reversed"] as const) {
        reset();
        const count = shape.reduce((n, e) => n * e, 1);
        const a = write(
          lay("float64", shape),
          Array.from({ length: count }, (_, i) => i + 0.25),
        );
        const b = write(
          lay("float64", shape, "transposed"),
          Array.from({ length: count }, (_, i) => 100 * i),
        );
        const out = lay("float64", shape, lo);
        runMap(add, [a, b], [out]);
        const [x, y] = [read(a), read(b)] as [number[], number[]];
        expect(read(out)).toEqual(x.map((v, i) => v + (y[i] as number)));
      }
  });

  it("runs rank 16, and works in place", () => {
    reset();
    const shape = new Array<number>(16).fill(2);
    const a = write(lay("float64", shape, "reversed"), [1, 2, 3]);
    const b = write(lay("float64", shape, "transposed"), [10, 20]);
    const [x, y] = [read(a), read(b)] as [number[], number[]];
    runMap(add, [a, b], [a]);
    const wrong = read(a).filter((value, i) => value !== (x[i] as number) + (y[i] as number));
    expect(wrong).toEqual([]);
  });

  it("writes nothing beside its outputs", () => {
    reset();
    const out = lay("float32", [5, 7], "contiguous");
    const bytes = new Uint8Array(memory.buffer);
    const { address } = out.place;
    bytes.fill(0xaa, address - 16, address + 5 * 7 * 4 + 16);
    runMap(specOf([constant(1, "float32")], []), [], [out]);
    expect([...bytes.slice(address - 16, address)].every((x) => x === 0xaa)).toBe(true);
    expect([...bytes.slice(address + 140, address + 156)].every((x) => x === 0xaa)).toBe(true);
    expect(read(out).every((x) => x === 1)).toBe(true);
  });

  it("gives global indices along any axis, from any origin", () => {
    const tree = call(
      "add",
      "int64",
      call("multiply", "int64", indexOf(0), constant(1000, "int64")),
      indexOf(1),
    );
    for (const layout of ["contiguous", "transposed", "reversed"] as const)
      for (const shape of [
        [3, 5],
        [1, 4],
        [6, 1],
        [40, 2],
      ]) {
        reset();
        const out = lay("int64", shape, layout);
        const origin = [2 ** 40, 7];
        runMap(specOf([tree], []), [], [out], origin);
        const expected: bigint[] = [];
        for (let i = 0; i < (shape[0] as number); i++)
          for (let j = 0; j < (shape[1] as number); j++)
            expected.push(BigInt(2 ** 40 + i) * 1000n + BigInt(7 + j));
        expect(read(out)).toEqual(expected);
      }
  });

  it("stores several outputs, of several dtypes", () => {
    reset();
    const x = arg(0, "float32");
    const trees = [
      call("square", "float32", x),
      call("less", "float32", x, constant(2, "float32")),
      cast(x, "int8"),
      x,
    ];
    const values = [0.5, 1.5, 2.5, -3.5, 100, 300, -0, 7, 8, 9, 10, 11, 12];
    const a = write(lay("float32", [13]), values);
    const outs = trees.map((tree) => lay(tree.dtype, [13]));
    runMap(specOf(trees, ["float32"]), [a], outs);
    expect(read(outs[0] as Laid)).toEqual(values.map((v) => v * v));
    expect(read(outs[1] as Laid)).toEqual(values.map((v) => +(v < 2)));
    expect(read(outs[2] as Laid)).toEqual(values.map((v) => (Math.trunc(v) << 24) >> 24));
    expect(read(outs[3] as Laid).map(bits)).toEqual(values.map(bits));
  });

  it("takes bytes other than 0 and 1 in a bool array for true", () => {
    reset();
    const a = lay("bool", [40]);
    new Uint8Array(memory.buffer, a.place.address, 40).fill(7);
    const out = lay("int16", [40]);
    runMap(specOf([cast(arg(0, "bool"), "int16")], ["bool"]), [a], [out]);
    expect(read(out)).toEqual(new Array(40).fill(1));
  });

  it("runs 500 instructions over 20 operands", () => {
    reset();
    const operands = new Array<DType>(20).fill("float64");
    let tree: Scalar = arg(0, "float64");
    for (let i = 1; i < 500; i++)
      tree = call(
        i % 3 === 0 ? "multiply" : "add",
        "float64",
        tree,
        i % 7 === 0 ? constant(1 + i / 1024, "float64") : arg(i % 20, "float64"),
      );
    const inputs = operands.map((_, k) =>
      write(
        lay("float64", [9]),
        Array.from({ length: 9 }, (_x, i) => (k + 1) / (i + 20)),
      ),
    );
    const out = lay("float64", [9]);
    runMap(specOf([tree], operands), inputs, [out]);
    const columns = inputs.map(read) as number[][];
    const expected = Array.from({ length: 9 }, (_, j) => {
      let x = columns[0]?.[j] as number;
      for (let i = 1; i < 500; i++) {
        const y = i % 7 === 0 ? 1 + i / 1024 : (columns[i % 20]?.[j] as number);
        x = i % 3 === 0 ? x * y : x + y;
      }
      return x;
    });
    expect(read(out)).toEqual(expected);
  });
});

describe("the cache", () => {
  it("shares one module among constants, shapes and ranks", () => {
    reset();
    const fresh = new Kernels(memory, { address: 0, bytes: 65536 });
    const plus = (value: number): MapSpec =>
      specOf(
        [call("subtract", "float64", arg(0, "float64"), constant(value, "float64"))],
        ["float64"],
      );
    const a = write(lay("float64", [4, 6]), [1, 2, 3]);
    const out = lay("float64", [4, 6]);
    const run = (spec: MapSpec, constants = spec.program.constants): Element => {
      fresh.map(spec, [4, 6], [0, 0], [a.place], [out.place], constants);
      return read(out)[0] as Element;
    };
    expect(run(plus(1))).toBe(0);
    const before = fresh.compilations;
    expect(run(plus(2))).toBe(-1);
    expect(run(plus(2), [constant(5, "float64")])).toBe(-4);
    fresh.map(
      plus(3),
      [24],
      [0],
      [{ address: a.place.address, strides: [8] }],
      [{ address: out.place.address, strides: [8] }],
    );
    expect(read(out)[0]).toBe(-2);
    expect(fresh.compilations).toBe(before);
  });

  it("tells programs with unused constants apart", () => {
    reset();
    const a = write(lay("float64", [3]), [1, 4, 9]);
    const out = lay("float64", [3]);
    const plain = specOf([call("sqrt", "float64", arg(0, "float64"))], ["float64"]);
    const unused = [constant(1, "float64"), constant(2, "float64")];
    const padded: MapSpec = { ...plain, program: { ...plain.program, constants: unused } };
    for (const spec of [plain, padded, plain]) {
      write(out, [0]);
      runMap(spec, [a], [out]);
      expect(read(out)).toEqual([1, 2, 3]);
    }
  });
});

describe("records", () => {
  it("run the same maps again", () => {
    reset();
    const spec = specOf(
      [call("add", "float64", arg(0, "float64"), arg(0, "float64"))],
      ["float64"],
    );
    const [a, b] = [lay("float64", [3, 40]), lay("float64", [3, 40], "transposed")] as const;
    const values = Array.from({ length: 120 }, (_, i) => i);
    write(a, values);
    const again = kernels.record(() => {
      runMap(spec, [a], [b]);
      runMap(spec, [b], [b]);
    });
    expect(read(b)).toEqual(values.map((x) => 4 * x));
    write(
      a,
      values.map((x) => x + 1),
    );
    runMap(spec, [a], [a]);
    again();
    expect(read(b)).toEqual(values.map((x) => 8 * (x + 1)));
  });
});
