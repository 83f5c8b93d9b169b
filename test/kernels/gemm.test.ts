/** Matrix products: packed tiles, leaf kernels and plain loops have the same bits, however the factors lie. */
import { describe, expect, it } from "vitest";
import { packedBytes } from "../../dist/ir/contraction.js";
import { programOf } from "../../dist/ir/monoid.js";
import { arg, call, cast, constant, type Scalar } from "../../dist/ir/scalar.js";
import type { LeafSpec } from "../../dist/kernels/index.js";
import {
  allocate,
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
  take,
  write,
} from "./support.js";

type Float = "float32" | "float64";

/** Sum of products in runs: the text of `ir/leaves.ts`. */
function inRuns(rows: readonly (readonly number[])[], on: Float): number {
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

interface Case {
  readonly on: Float;
  /** Lengths of the axes of the space, by letter; the subscripts of the factors and of the result name them. */
  readonly sizes: Readonly<Record<string, number>>;
  readonly a: string;
  readonly b: string;
  readonly out: string;
  readonly layouts: readonly [Layout, Layout];
  readonly values: (i: number) => Element;
  readonly from?: readonly ["float32" | "float64" | "int32", "float32" | "float64" | "int32"];
  readonly trees?: (a: Scalar, b: Scalar) => Scalar;
  readonly plain?: (a: number, b: number) => number;
  /** Bytes to pack in; those that serve best unless told. */
  readonly work?: number;
}

/** Places of an array over the axes of the space: 0 along those that it does not have. */
function over(
  x: Laid,
  own: string,
  axes: readonly string[],
): { address: number; strides: number[] } {
  const strides = axes.map((l) => (own.includes(l) ? (x.place.strides[own.indexOf(l)] ?? 0) : 0));
  return { address: x.place.address, strides };
}

function check(c: Case): void {
  const { on, sizes, a, b, out } = c;
  reset();
  const [fromA, fromB] = c.from ?? [on, on];
  const reducedLetters = Object.keys(sizes).filter((l) => !out.includes(l));
  const axes = [...out, ...reducedLetters];
  const shape = axes.map((l) => sizes[l] as number);
  const lengths = (own: string): number[] => [...own].map((l) => sizes[l] as number);
  const count = (own: string): number => lengths(own).reduce((n, x) => n * x, 1);
  const x = write(
    lay(fromA, lengths(a), c.layouts[0]),
    Array.from({ length: count(a) }, (_, i) => c.values(i)),
  );
  const y = write(
    lay(fromB, lengths(b), c.layouts[1]),
    Array.from({ length: count(b) }, (_, i) => c.values(i + 1000)),
  );
  const [left, right] = [cast(arg(0, fromA), on), cast(arg(1, fromB), on)];
  const tree = c.trees?.(left, right) ?? call("multiply", on, left, right);
  const { program, results } = programOf([tree]);
  const spec: LeafSpec = {
    program,
    operands: [fromA, fromB],
    outputs: [{ value: results[0] as number, monoid: "dot", on }],
  };
  const packed = lay("float64", lengths(out));
  const general = lay("float64", lengths(out));
  const m = count([...out].filter((l) => !b.includes(l)).join(""));
  const n = count([...out].filter((l) => !a.includes(l)).join(""));
  const k = count(reducedLetters.join(""));
  const bytes = c.work ?? Math.max(packedBytes(on, m, n, k), packedBytes(on, n, m, k));
  const address = Math.ceil(allocate(bytes + 192) / 64) * 64;
  const guard = write(
    { ...lay("uint8", [64]), place: { address: address + bytes, strides: [1] } },
    [7],
  );
  const reduced = reducedLetters.map((l) => axes.indexOf(l));
  for (const [state, work] of [
    [packed, { address, bytes }],
    [general, undefined],
  ] as const)
    kernels.leaf(
      spec,
      shape,
      shape.map(() => 0),
      reduced,
      [over(x, a, axes), over(y, b, axes)],
      [[over(state, out, axes)]],
      shape.map(() => 0),
      undefined,
      work,
    );
  const note = `${on} ${a},${b}->${out} ${JSON.stringify(sizes)} ${c.layouts} work ${bytes}`;
  expect(read(packed).map(bits), note).toEqual(read(general).map(bits));
  expect(
    read(guard).every((v) => v === 7),
    note,
  ).toBe(true);
  const round = on === "float32" ? Math.fround : (v: number): number => v;
  const plain = c.plain ?? ((p, q) => round(p * q));
  const rest = reducedLetters.map((l) => sizes[l] as number);
  const last = rest.pop() as number;
  for (const at of positions(lengths(out))) {
    const rows = [...positions(rest)].map((outer) =>
      Array.from({ length: last }, (_, i) => {
        const full: Record<string, number> = {};
        [...out].forEach((l, p) => (full[l] = at[p] as number));
        reducedLetters.forEach((l, p) => (full[l] = p < outer.length ? (outer[p] as number) : i));
        const value = (z: Laid, own: string): number =>
          round(
            Number(
              take(
                z,
                [...own].map((l) => full[l] as number),
              ),
            ),
          );
        return plain(value(x, a), value(y, b));
      }),
    );
    expect(bits(take(packed, at)), `${note} at [${at}]`).toBe(bits(inRuns(rows, on)));
  }
}

const numbers = (seed: number): ((i: number) => Element) => {
  const rand = random(seed);
  const list = Array.from({ length: 5000 }, () => (rand() - 0.5) * 10 ** Math.floor(rand() * 6));
  return (i) => list[i % list.length] as number;
};

const LAYOUTS: readonly Layout[] = ["contiguous", "transposed", "strided", "reversed"];

describe("matrix products", () => {
  for (const on of ["float32", "float64"] as const) {
    it(`edges of tiles, runs and blocks of ${on}`, () => {
      const shapes = [
        [16, 16, 64],
        [32, 32, 32],
        [17, 19, 130],
        [14, 8, 300],
        [15, 19, 128],
        [133, 4, 63],
        [23, 30, 64],
        [47, 100, 7],
        [331, 6, 17],
        [10, 7, 521],
        [31, 270, 4],
        [13, 530, 5],
      ] as const;
      for (const [m, n, k] of shapes)
        for (const pair of [
          ["contiguous", "contiguous"],
          ["contiguous", "transposed"],
          ["transposed", "strided"],
        ] as const)
          check({
            on,
            sizes: { m, n, k },
            a: "mk",
            b: "kn",
            out: "mn",
            layouts: pair,
            values: numbers(m + n + k),
          });
    });

    it(`generated shapes and layouts of ${on}`, () => {
      const rand = random(on === "float32" ? 21 : 22);
      const upTo = (n: number): number => 1 + Math.floor(rand() * n);
      const subscripts = [
        ["mk", "kn", "mn"],
        ["mk", "kn", "nm"],
        ["km", "nk", "mn"],
        ["pmk", "pkn", "pmn"],
        ["mk", "pkn", "pmn"],
        ["pmk", "nk", "pmn"],
        ["mjk", "jkn", "mn"],
        ["mkj", "kjn", "mn"],
        ["mk", "kn", "mnp"],
        ["pmk", "knp", "mnp"],
        ["mpk", "kn", "mpn"],
      ] as const;
      for (let trial = 0; trial < 44; trial++) {
        const [a, b, out] = subscripts[trial % subscripts.length] as (typeof subscripts)[number];
        const all = `${a}${b}`;
        const sizes: Record<string, number> = { m: 12 + upTo(24), n: 12 + upTo(24) };
        if (all.includes("p")) sizes["p"] = upTo(4);
        if (all.includes("j")) sizes["j"] = upTo(6);
        sizes["k"] = all.includes("j") ? 10 + upTo(80) : 40 + upTo(150);
        const layouts = [LAYOUTS[upTo(4) - 1], LAYOUTS[upTo(4) - 1]] as [Layout, Layout];
        const best = packedBytes(on, 64, 64, 64);
        const work = trial % 3 === 0 ? Math.floor(best * rand()) : undefined;
        const own = out.replace("p", all.includes("p") ? "p" : "");
        check({
          on,
          sizes,
          a,
          b,
          out: own,
          layouts,
          values: numbers(trial),
          ...(work === undefined ? {} : { work }),
        });
      }
    });

    it(`NaN, infinities and zeros of ${on}`, () => {
      const rand = random(6);
      const pool = [0, -0, 1, -1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      for (let trial = 0; trial < 12; trial++) {
        const some = pool.filter((_, i) => rand() < (i < 4 ? 0.7 : 0.3));
        const list = Array.from(
          { length: 1500 },
          () => some[Math.floor(rand() * some.length * (trial % 2 ? 1 : 3))] ?? -0,
        );
        check({
          on,
          sizes: { m: 23, n: 21, k: 70 },
          a: "mk",
          b: "kn",
          out: "mn",
          layouts: ["contiguous", "contiguous"],
          values: (i) => list[i % list.length] as number,
        });
      }
    });
  }

  it("casts factors, and computes them, where they are packed", () => {
    const shared = {
      on: "float64",
      sizes: { m: 18, n: 21, k: 77 },
      a: "mk",
      b: "kn",
      out: "mn",
    } as const;
    for (const layouts of [
      ["contiguous", "contiguous"],
      ["transposed", "transposed"],
    ] as const) {
      const values = numbers(3);
      const whole = (i: number): number => Math.trunc(values(i) as number);
      check({ ...shared, layouts, values: whole, from: ["int32", "float32"] });
      check({
        ...shared,
        layouts,
        values,
        trees: (a, b) =>
          call(
            "multiply",
            "float64",
            call("subtract", "float64", a, constant(0.5, "float64")),
            call("maximum", "float64", b, constant(0, "float64")),
          ),
        plain: (p, q) => (p - 0.5) * Math.max(q, 0),
      });
    }
  });
});
