/** Every function and cast against the reference interpreter's, bit by bit, at every length around the lanes. */
import { describe, expect, it } from "vitest";
import { arrayClass, isFloat, itemSize, REAL_DTYPES, type RealDType } from "../../dist/ir/dtype.js";
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
import type { MapSpec } from "../../dist/kernels/index.js";
import { castElement } from "../../dist/kernels/reference/cast.js";
import { floatFunction } from "../../dist/kernels/reference/floats.js";
import { BOOL_FUNCTIONS, integerFunction } from "../../dist/kernels/reference/integers.js";
import {
  allocate,
  bits,
  type Element,
  kernels,
  memory,
  random,
  reset,
  specials,
} from "./support.js";

type Column = { [n: number]: Element; readonly length: number };
type Plain = (...args: Element[]) => Element;

function reference(fn: ScalarFunction, on: RealDType): Plain | undefined {
  if (fn === "where") return (condition, a, b) => (condition ? a : b) as Element;
  if (on === "bool") return BOOL_FUNCTIONS[fn] as Plain | undefined;
  if (isFloat(on)) return floatFunction(fn, on) as Plain | undefined;
  return integerFunction(fn, on) as Plain | undefined;
}

const POWERS = [-1074, -1022, -149, -126, -30, 1, 8, 24, 26, 29, 31, 32, 51, 52, 53, 62, 63, 64];

/** Values around powers of two and halfway between neighbours. */
function moreSpecials(on: RealDType): Element[] {
  if (on === "bool") return specials(on);
  if (isFloat(on)) {
    const round = on === "float32" ? Math.fround : (x: number): number => x;
    const ulp = on === "float32" ? 2 ** -23 : 2 ** -52;
    const near = POWERS.flatMap((p) => [2 ** p, 2 ** p * (1 + ulp), 2 ** p * (1 - ulp)]);
    return [...(specials(on) as number[]), ...[...near, 2 ** 31 - 0.5].flatMap((x) => [x, -x])].map(
      round,
    );
  }
  const size = itemSize(on);
  const near = [24n, 25n, 31n, 51n, 52n, 53n, 54n, 61n, 62n].flatMap((p) => {
    const one = 1n << p;
    const half = (one >> 24n) + one;
    return [
      one - 1n,
      one,
      one + 1n,
      -one,
      -one - 1n,
      half,
      half + 1n,
      half - 1n,
      -half,
      half << 1n,
    ];
  });
  const wrap = on.startsWith("u") ? BigInt.asUintN : BigInt.asIntN;
  const extra = size < 4 ? [] : near.filter((x) => wrap(8 * size, x) === x);
  return [...specials(on), ...extra.map((x) => (size === 8 ? x : Number(x)))];
}

/** Runs of any bits, and for floats and wide integers runs of numbers of moderate size, as most data are. */
function randoms(on: RealDType, count: number, seed: number): Element[] {
  const rand = random(seed);
  if (on === "bool") return Array.from({ length: count }, () => +(rand() < 0.5));
  const values = new (arrayClass(on))(count);
  const bytes = new Uint8Array(values.buffer);
  for (let i = 0; i < bytes.length; i++) bytes[i] = rand() * 256;
  return Array.from({ length: count }, (_, i): Element => {
    const any = values[i] as Element;
    if (i % 32 < 8) return any;
    if (typeof any === "bigint") return any >> BigInt(Math.floor(rand() * 60));
    if (!isFloat(on)) return any;
    // Often an integer or a multiple of a third, so that quotients are or almost are integers.
    const x = (rand() - 0.5) * 2 ** Math.floor(rand() * 20);
    const y = i % 3 === 0 ? Math.round(x) : i % 3 === 1 ? Math.round(x) / 3 : x;
    return on === "float32" ? Math.fround(y) : y;
  });
}

/** Arguments as columns: every pair of special values (or a sample of them), and random ones. */
function columnsOf(dtypes: readonly RealDType[], on: RealDType): Element[][] {
  const values = moreSpecials(on);
  if (dtypes.length === 1) return [[...values, ...randoms(on, 300, 1)]];
  const columns: Element[][] = dtypes.map(() => []);
  const step = Math.max(1, Math.floor(values.length ** 2 / 2500)) | 1;
  for (let i = 0; i < values.length ** 2; i += step) {
    columns.at(-2)?.push(values[Math.floor(i / values.length)] as Element);
    columns.at(-1)?.push(values[i % values.length] as Element);
  }
  columns.at(-2)?.push(...randoms(on, 600, 2));
  columns.at(-1)?.push(...randoms(on, 600, 3));
  if (dtypes.length === 3) columns[0] = randoms("bool", columns[1]?.length ?? 0, 4);
  return columns;
}

function place(dtype: RealDType, values: readonly Element[]): { address: number; view: Column } {
  const address = allocate(values.length * itemSize(dtype));
  const view = new (arrayClass(dtype))(memory.buffer, address, values.length) as Column;
  values.forEach((x, i) => {
    view[i] = x;
  });
  return { address, view };
}

/** Runs the kernel over everything, then at every short length from changing positions. */
function check(
  tree: Scalar,
  dtypes: readonly RealDType[],
  columns: Element[][],
  expected: Element[],
): void {
  reset();
  const { program, results } = programOf([tree]);
  const on = tree.dtype as RealDType;
  const spec: MapSpec = {
    program,
    operands: dtypes,
    outputs: [{ value: results[0] as number, dtype: on }],
  };
  const inputs = dtypes.map((dtype, i) => place(dtype, columns[i] as Element[]));
  const out = place(
    on,
    new Array<Element>(expected.length).fill(itemSize(on) === 8 && !isFloat(on) ? 0n : 0),
  );
  const wrong: string[] = [];
  const run = (start: number, length: number): void => {
    const places = inputs.map(({ address }, i) => {
      const size = itemSize(dtypes[i] as RealDType);
      return { address: address + start * size, strides: [size] };
    });
    const target = { address: out.address, strides: [itemSize(on)] };
    kernels.map(spec, [length], [0], places, [target]);
    for (let i = 0; i < length; i++) {
      const [found, right] = [out.view[i] as Element, expected[start + i] as Element];
      if (found === right && found !== 0) continue;
      if (bits(found) !== bits(right))
        wrong.push(
          `${columns.map((column) => column[start + i]).join(", ")}: ${found}, not ${right} (${length})`,
        );
    }
  };
  run(0, expected.length);
  const narrowest = Math.min(...[...dtypes, on].map(itemSize));
  for (let length = 1; length <= 32 / narrowest + 1; length++)
    run((37 * length) % (expected.length - length), length);
  expect(wrong.slice(0, 10)).toEqual([]);
}

const FUNCTIONS: readonly ScalarFunction[] = [
  ...UNARY_FUNCTIONS,
  ...BINARY_FUNCTIONS,
  ...COMPARISONS,
  ...PREDICATES,
  "where",
];

describe("functions", () => {
  for (const on of REAL_DTYPES)
    it(`on ${on}`, () => {
      for (const fn of FUNCTIONS) {
        const f = reference(fn, on);
        if (f === undefined) continue;
        const dtypes = Array.from({ length: arityOf(fn) }, (_, i) =>
          fn === "where" && i === 0 ? "bool" : on,
        );
        const columns = columnsOf(dtypes, on);
        const expected = (columns[0] as Element[]).map((_, i) =>
          f(...columns.map((column) => column[i] as Element)),
        );
        const tree = call(fn, on, ...dtypes.map((dtype, i) => arg(i, dtype)));
        check(tree, dtypes, columns, expected);
      }
    });
});

describe("shifts by one count", () => {
  for (const on of REAL_DTYPES.filter((dtype) => dtype !== "bool" && !isFloat(dtype)))
    it(`on ${on}`, () => {
      for (const fn of ["bitwiseLeftShift", "bitwiseRightShift"] as const)
        for (const count of [0, 1, 3, 7, 8, 15, 16, 31, 32, 63, 64, 100, -1]) {
          if (count < 0 && on.startsWith("u")) continue;
          const values = [...moreSpecials(on), ...randoms(on, 40, 5)];
          const by = itemSize(on) === 8 ? BigInt(count) : count;
          const f = reference(fn, on) as Plain;
          check(
            call(fn, on, arg(0, on), constant(count, on)),
            [on],
            [values],
            values.map((x) => f(x, by)),
          );
        }
    });
});

describe("quotients at or beside an integer", () => {
  for (const on of ["float32", "float64"] as const)
    it(`on ${on}`, () => {
      const rand = random(6);
      const next = floatFunction("nextafter", on) as (a: number, b: number) => number;
      const round = on === "float32" ? Math.fround : (x: number): number => x;
      const [a, b]: [number[], number[]] = [[], []];
      for (let i = 0; i < 6000; i++) {
        const scale = i % 7 === 0 ? 2 ** (on === "float32" ? -135 : -1040) : 1;
        const y = round((1 + rand()) * (rand() < 0.5 ? -1 : 1) * scale);
        const x = round(Math.ceil(2 ** (rand() * 25.9)) * y);
        b.push(i % 2 === 0 ? y : -y);
        a.push(i % 3 === 0 ? x : next(x, i % 3 === 1 ? Infinity : -Infinity));
      }
      for (const fn of ["floorDivide", "remainder"] as const) {
        const f = reference(fn, on) as Plain;
        check(
          call(fn, on, arg(0, on), arg(1, on)),
          [on, on],
          [a, b],
          a.map((x, i) => f(x, b[i] as number)),
        );
      }
    });
});

describe("casts", () => {
  for (const from of REAL_DTYPES)
    it(`from ${from}`, () => {
      const columns = columnsOf([from], from);
      for (const to of REAL_DTYPES) {
        if (from === to) continue;
        const expected = (columns[0] as Element[]).map((x) => castElement(x, from, to) as Element);
        check(cast(arg(0, from), to), [from], columns, expected);
      }
    });
});
