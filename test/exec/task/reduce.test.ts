/**
 * Reduce and merge tasks: the same bits as the definition, whatever the steps, segments, kept cuts and fans.
 */
import { describe, expect, it } from "vitest";
import {
  type Cuts,
  cutsCount,
  cutsExtent,
  cutsFromSizes,
  groupCuts,
  pieceSizes,
  uniformCuts,
  wholeCuts,
} from "../../../dist/ir/cuts.js";
import type { DType } from "../../../dist/ir/dtype.js";
import { rowMajorStrides } from "../../../dist/ir/index-map.js";
import { leafMonoidOf, type MonoidName, ProgramBuilder } from "../../../dist/ir/monoid.js";
import { arg, call, cast, constant, indexOf, type Scalar } from "../../../dist/ir/scalar.js";
import { batchLeaves, partialBytes } from "../../../dist/ir/scratch.js";
import type { Operand, ReduceStage } from "../../../dist/ir/stage.js";
import { mostPieces } from "../../../dist/ir/state-slots.js";
import { reduceAll, type State } from "./sums.js";
import { every, filled, flat, random, randomCuts, readerOf, type Values, World } from "./world.js";

interface Wanted {
  readonly name: MonoidName;
  readonly tree: Scalar;
  readonly dtype: DType;
  readonly correction?: number;
}

interface Reduction {
  readonly space: readonly number[];
  readonly cuts: readonly Cuts[];
  readonly reduced: readonly number[];
  readonly leaves: readonly Cuts[];
  readonly operands: readonly Operand[];
  readonly wanted: readonly Wanted[];
  readonly split?: { readonly axis: number; readonly steps: number };
  readonly fan?: number;
}

/** Adds a reduce stage and the merges that it needs; gives the ids of the results. */
function addReduction(w: World, r: Reduction): number[] {
  const kept = r.space.map((_, i) => i).filter((i) => !r.reduced.includes(i));
  const keptShape = kept.map((a) => r.space[a]);
  const keptCuts = kept.map((a) => r.cuts[a]);
  const b = new ProgramBuilder();
  const strides = rowMajorStrides(r.reduced.map((a) => r.space[a]));
  const argStrides = r.space.map((_, a) => strides[r.reduced.indexOf(a)] ?? 0);
  const keys: string[] = [];
  const accumulators: ReduceStage["accumulators"][number][] = [];
  const chosen = r.wanted.map(({ name, tree }) => {
    const value = b.add(tree);
    const monoid = leafMonoidOf(name);
    const key = `${value}:${monoid}`;
    if (!keys.includes(key)) {
      keys.push(key);
      accumulators.push({ value, monoid, on: tree.dtype, argStrides });
    }
    return keys.indexOf(key);
  });
  const axis = r.split?.axis ?? r.reduced[0] ?? -1;
  const steps = r.split?.steps ?? (axis < 0 ? 1 : cutsCount(r.cuts[axis]));
  const segments = axis < 0 ? 1 : Math.ceil(cutsCount(r.cuts[axis]) / steps);
  const arrays = r.wanted.map((x) => w.array(x.dtype, keptCuts, keptShape));
  const results = r.wanted.map((x, i) => ({
    accumulator: chosen[i],
    name: x.name,
    on: x.tree.dtype,
    dtype: x.dtype,
    correction: x.correction ?? 0,
    array: arrays[i],
  }));
  const stage: Omit<ReduceStage, keyof typeof COMMON> = {
    kind: "reduce",
    space: r.space,
    cuts: r.cuts,
    outputs: arrays,
    operands: r.operands,
    program: b.program(),
    reduced: r.reduced,
    leaves: r.leaves,
    accumulators,
    results,
    split: { axis, steps, segments },
  };
  if (segments === 1) {
    w.stage(stage);
    return arrays;
  }
  const full = { ...stage, ...COMMON } as ReduceStage;
  const raw = (count: number, width: number): number =>
    w.array(
      "uint8",
      [...keptCuts, uniformCuts(count, 1)],
      [...keptShape, count],
      partialBytes(full, width),
    );
  let input = raw(segments, 1);
  const of = w.stage({ ...stage, outputs: [input], partial: input });
  let left = segments;
  let width = 1;
  const fan = r.fan ?? 2;
  while (left > 1) {
    const groups = Math.ceil(left / fan);
    const final = groups === 1;
    const output = final ? -1 : raw(groups, width * fan);
    w.stage({
      kind: "merge",
      space: [],
      cuts: final ? keptCuts : [...keptCuts, uniformCuts(groups, 1)],
      outputs: final ? arrays : [output],
      of,
      input,
      fan,
      segments: left,
      width,
      final,
    });
    input = output;
    left = groups;
    width *= fan;
  }
  return arrays;
}

const COMMON = {
  id: 0,
  label: "",
  nodes: [],
  scratchBytes: 0,
  foreignBytes: 0,
  estimate: {} as never,
};

const x64 = arg(0, "float64");
const STATISTICS: readonly Wanted[] = [
  { name: "sum", tree: x64, dtype: "float64" },
  { name: "mean", tree: x64, dtype: "float64" },
  { name: "var", tree: x64, dtype: "float64" },
  { name: "std", tree: x64, dtype: "float64", correction: 1 },
  { name: "argmax", tree: x64, dtype: "int64" },
  { name: "max", tree: x64, dtype: "float64" },
  { name: "min", tree: x64, dtype: "float64" },
];
const statistic = (s: State, name: MonoidName, correction = 0): number | bigint => {
  switch (name) {
    case "sum":
      return s.sum;
    case "mean":
      return s.sum / s.n;
    case "var":
      return s.m2 / Math.max(0, s.n - correction);
    case "std":
      return Math.sqrt(s.m2 / Math.max(0, s.n - correction));
    case "argmax":
      return BigInt(s.arg);
    case "max":
      return s.max;
    default:
      return s.least;
  }
};

/** Cuts whose borders are borders of `fine`. */
function coarser(rand: () => number, fine: Cuts): Cuts {
  const sizes: number[] = [];
  let open = 0;
  for (const size of pieceSizes(fine)) {
    open += size;
    if (rand() < 0.4) {
      sizes.push(open);
      open = 0;
    }
  }
  if (open > 0) sizes.push(open);
  return cutsFromSizes(sizes);
}

const bits = (v: Values): string => Buffer.from(v.data.buffer.slice(0)).toString("hex");

interface Case {
  readonly shape: readonly number[];
  readonly reduced: readonly number[];
  readonly leaf: readonly number[];
}

/** More with `FUZZ=number of cases FUZZ_SEED=number`. */
function randomCases(count: number, seed: number): Case[] {
  const rand = random(seed);
  return Array.from({ length: count }, () => {
    const rank = 1 + Math.floor(rand() * 4);
    const longest = [300, 30, 9, 7][rank - 1];
    const shape = Array.from({ length: rank }, () => 1 + Math.floor(rand() * longest));
    const some = shape.map((_, axis) => axis).filter(() => rand() < 0.65);
    const reduced = some.length === 0 ? [rank - 1] : some;
    const leaf = reduced.map((a) => 1 + Math.floor(rand() * Math.min(12, shape[a])));
    return { shape, reduced, leaf };
  });
}

const CASES: readonly Case[] = [
  { shape: [97], reduced: [0], leaf: [7] },
  { shape: [23], reduced: [0], leaf: [23] },
  { shape: [5, 83], reduced: [1], leaf: [11] },
  { shape: [41, 6], reduced: [0], leaf: [4] },
  { shape: [19, 33], reduced: [0, 1], leaf: [3, 9] },
  { shape: [64, 10], reduced: [0, 1], leaf: [3, 10] },
  { shape: [7, 3, 20], reduced: [0, 2], leaf: [2, 6] },
  { shape: [3, 13, 2, 9], reduced: [1, 3], leaf: [5, 2] },
  { shape: [9, 8, 11], reduced: [0, 1, 2], leaf: [2, 3, 5] },
  { shape: [4, 6, 3, 7], reduced: [0, 1, 3], leaf: [1, 2, 3] },
  // Too much is kept for batches, or for more than a few leaves in one.
  { shape: [11, 1500], reduced: [0], leaf: [3] },
  { shape: [5, 400, 8], reduced: [0, 2], leaf: [2, 3] },
  ...randomCases(Number(process.env["FUZZ"] ?? 6), Number(process.env["FUZZ_SEED"] ?? 1)),
];

describe("reductions", () => {
  CASES.forEach(({ shape, reduced, leaf }, which) => {
    it(`case ${which}: over axes ${reduced} of (${shape}) have the bits of the definition for any cuts`, async () => {
      const rand = random(100 + which);
      const x = filled("float64", shape, () => (rand() - 0.3) * 10 ** Math.floor(rand() * 6));
      const strides = rowMajorStrides(shape);
      for (const even of [true, false]) {
        const leaves = reduced.map((a, k) =>
          even ? uniformCuts(shape[a], leaf[k]) : randomCuts(rand, shape[a], leaf[k]),
        );
        const inner = rowMajorStrides(reduced.map((a) => shape[a]));
        const kept = shape.map((_, i) => i).filter((i) => !reduced.includes(i));
        const states = [...every(kept.map((a) => shape[a]))].map((outer) => {
          const base = kept.reduce((n, a, i) => n + outer[i] * strides[a], 0);
          return reduceAll(
            leaves,
            (at) => Number(x.data[at.reduce((n, p, k) => n + p * strides[reduced[k]], base)]),
            (at) => flat(at, inner),
          );
        });
        for (let round = 0; round < 10; round++) {
          const w = new World();
          const cuts = shape.map((n, a) => {
            const k = reduced.indexOf(a);
            return k < 0
              ? randomCuts(rand, n, round % 2 === 0 ? n : Math.max(3, n >> 2))
              : coarser(rand, leaves[k]);
          });
          const axis = reduced[Math.floor(rand() * reduced.length)];
          const operand =
            round % 3 === 0
              ? w.resident(
                  x,
                  shape.map((n) => randomCuts(rand, n, 20)),
                )
              : w.source(x, readerOf(x, { later: round % 3 === 1 }));
          const ids = addReduction(w, {
            space: shape,
            cuts,
            reduced,
            leaves,
            operands: [operand],
            wanted: STATISTICS,
            split: { axis, steps: 1 + Math.floor(rand() * 4) },
            fan: 2 + (round % 2),
          });
          await w.run();
          ids.forEach((id, i) => {
            const { name, correction } = STATISTICS[i];
            const got = w.values(id);
            const want = states.map((s) => statistic(s, name, correction));
            expect([...got.data], `${name}, round ${round}`).toEqual(want);
          });
        }
      }
    });
  });

  it("of long axes batch leaves without a change of bits", async () => {
    const rand = random(9);
    const n = 5000;
    const x = filled("float64", [n], () => rand() * 1e6);
    const leaves = [uniformCuts(n, 64)];
    const w = new World();
    const base = { space: [n], reduced: [0], leaves, operands: [w.source(x)], wanted: STATISTICS };
    const batched = addReduction(w, { ...base, cuts: [uniformCuts(n, 1024)] });
    expect(batchLeaves(w.stages.at(-1) as ReduceStage)).toBeGreaterThan(16);
    const single = addReduction(w, {
      ...base,
      cuts: [uniformCuts(n, 64)],
      split: { axis: 0, steps: 5 },
      fan: 3,
    });
    await w.run();
    const state = reduceAll(
      leaves,
      ([i]) => Number(x.data[i]),
      ([i]) => i,
    );
    STATISTICS.forEach(({ name, correction }, i) => {
      expect([...w.values(batched[i]).data]).toEqual([statistic(state, name, correction)]);
      expect(bits(w.values(single[i]))).toBe(bits(w.values(batched[i])));
    });
  });

  it("see global indices through programs, batched along other axes", async () => {
    const shape = [40, 6];
    const w = new World();
    const x = filled("int64", shape, (i) => BigInt(i % 7));
    const mul = (a: Scalar, b: Scalar) => call("multiply", "int64", a, b);
    const both = call("add", "int64", mul(indexOf(0), constant(100, "int64")), indexOf(1));
    const sum = (by: Scalar, reduced: readonly number[], leaves: readonly Cuts[]) =>
      addReduction(w, {
        space: shape,
        cuts: [uniformCuts(40, 8), uniformCuts(6, 6)],
        reduced,
        leaves,
        operands: [w.source(x)],
        wanted: [{ name: "sum", tree: mul(arg(0, "int64"), by), dtype: "int64" }],
      })[0];
    const rows = sum(indexOf(0), [1], [uniformCuts(6, 1)]);
    const all = sum(both, [0, 1], [uniformCuts(40, 2), wholeCuts(6)]);
    expect(w.stages.map((s) => batchLeaves(s as ReduceStage))).toEqual([6, 1]);
    await w.run();
    const at = [...every(shape)];
    const each = at.map(([i], n) => BigInt((n % 7) * i));
    const row = Array.from({ length: 40 }, (_, i) =>
      each.slice(6 * i, 6 * i + 6).reduce((a, b) => a + b),
    );
    const want = at.map(([i, j], n) => BigInt((n % 7) * (i * 100 + j)));
    expect([...w.values(rows).data]).toEqual(row);
    expect([...w.values(all).data]).toEqual([want.reduce((a, b) => a + b)]);
  });

  it("of integers, bools and complex monoids agree with plain loops", async () => {
    const shape = [6, 50];
    const rand = random(4);
    const x = filled("int32", shape, () => Math.floor(rand() * 9) - 4);
    const v = arg(0, "int32");
    const big = cast(v, "int64");
    const nonzero = call("notEqual", "int32", v, constant(0, "int32"));
    const wanted: Wanted[] = [
      { name: "sum", tree: big, dtype: "int64" },
      { name: "prod", tree: big, dtype: "int64" },
      { name: "any", tree: call("greater", "int32", v, constant(3, "int32")), dtype: "bool" },
      { name: "all", tree: nonzero, dtype: "bool" },
      { name: "count", tree: nonzero, dtype: "int64" },
      { name: "argmin", tree: v, dtype: "int64" },
      { name: "min", tree: v, dtype: "int32" },
    ];
    const rows = Array.from({ length: 6 }, (_, i) =>
      [...x.data.slice(50 * i, 50 * i + 50)].map(Number),
    );
    for (const steps of [1, 2, 9]) {
      const w = new World();
      const ids = addReduction(w, {
        space: shape,
        cuts: [uniformCuts(6, 4), uniformCuts(50, 12)],
        reduced: [1],
        leaves: [uniformCuts(50, 3)],
        operands: [w.source(x)],
        wanted,
        split: { axis: 1, steps },
      });
      await w.run();
      const got = ids.map((id) => [...w.values(id).data]);
      const wrap = (n: bigint) => BigInt.asIntN(64, n);
      expect(got).toEqual([
        rows.map((r) => BigInt(r.reduce((a, b) => a + b))),
        rows.map((r) => r.reduce((a, b) => wrap(a * BigInt(b)), 1n)),
        rows.map((r) => Number(r.some((n) => n > 3))),
        rows.map((r) => Number(r.every((n) => n !== 0))),
        rows.map((r) => BigInt(r.filter((n) => n !== 0).length)),
        rows.map((r) => BigInt(r.indexOf(Math.min(...r)))),
        rows.map((r) => Math.min(...r)),
      ]);
    }
  });

  it("number elements as each accumulator says", async () => {
    const w = new World();
    const shape = [3, 40];
    const x = filled("float64", shape, (i) => (i * 37) % 101);
    const wanted: Wanted[] = [
      { name: "argmax", tree: x64, dtype: "int64" },
      { name: "argmin", tree: x64, dtype: "int64" },
      { name: "sum", tree: x64, dtype: "float64" },
    ];
    const ids = addReduction(w, {
      space: shape,
      cuts: [wholeCuts(3), wholeCuts(40)],
      reduced: [0, 1],
      leaves: [wholeCuts(3), uniformCuts(40, 5)],
      operands: [w.source(x)],
      wanted,
    });
    const stage = w.stages.pop() as ReduceStage;
    // The second one counts the first axis fastest.
    const accumulators = stage.accumulators.map((a, i) =>
      i === 1 ? { ...a, argStrides: [1, 3] } : a,
    );
    w.stages.push({ ...stage, accumulators });
    await w.run();
    const values = [...x.data].map(Number);
    const most = values.indexOf(Math.max(...values));
    const least = values.indexOf(Math.min(...values));
    expect(ids.map((id) => w.values(id).data[0])).toEqual([
      BigInt(most),
      BigInt((least % 40) * 3 + Math.floor(least / 40)),
      values.reduce((a, b) => a + b),
    ]);
  });

  it("over nothing give the identity, split or not", async () => {
    for (const split of [undefined, { axis: 1, steps: 1 }]) {
      const w = new World();
      const x = filled("float64", [3, 4, 0], () => 0);
      const ids = addReduction(w, {
        space: [3, 4, 0],
        cuts: [uniformCuts(3, 2), uniformCuts(4, 2), wholeCuts(0)],
        reduced: [1, 2],
        leaves: [uniformCuts(4, 2), wholeCuts(0)],
        operands: [w.source(x)],
        wanted: [
          { name: "sum", tree: x64, dtype: "float64" },
          { name: "mean", tree: x64, dtype: "float64" },
          { name: "prod", tree: x64, dtype: "float64" },
          { name: "all", tree: call("isnan", "float64", x64), dtype: "bool" },
        ],
        ...(split === undefined ? {} : { split }),
      });
      await w.run();
      expect(ids.map((id) => [...w.values(id).data])).toEqual([
        [0, 0, 0],
        [Number.NaN, Number.NaN, Number.NaN],
        [1, 1, 1],
        [1, 1, 1],
      ]);
    }
  });

  it("with nothing kept, or over no axes, are no special cases", async () => {
    const w = new World();
    const empty = addReduction(w, {
      space: [0, 5],
      cuts: [wholeCuts(0), uniformCuts(5, 2)],
      reduced: [1],
      leaves: [uniformCuts(5, 2)],
      operands: [w.source(filled("float64", [0, 5], () => 0))],
      wanted: STATISTICS,
    });
    const x = filled("float64", [3], (i) => i + 1);
    const none = addReduction(w, {
      space: [3],
      cuts: [uniformCuts(3, 2)],
      reduced: [],
      leaves: [],
      operands: [w.source(x)],
      wanted: [{ name: "sum", tree: x64, dtype: "float64" }],
    });
    await w.run();
    expect(empty.map((id) => w.values(id).data.length)).toEqual(STATISTICS.map(() => 0));
    expect([...w.values(none[0]).data]).toEqual([1, 2, 3]);
  });

  it("stop between steps when cancelled", async () => {
    const w = new World();
    const x = filled("float64", [64], (i) => i);
    const log: never[] = [];
    addReduction(w, {
      space: [64],
      cuts: [uniformCuts(64, 4)],
      reduced: [0],
      leaves: [uniformCuts(64, 4)],
      operands: [w.source(x, readerOf(x, { log }))],
      wanted: STATISTICS,
    });
    w.cancelAfter = 8;
    await expect(w.run()).rejects.toMatchObject({ code: "ABORT" });
    expect(log.length).toBeGreaterThan(0);
    expect(log.length).toBeLessThan(16);
  });
});

describe("partialBytes", () => {
  const partial = (extent: number, per: number): number => {
    const cuts = [uniformCuts(3, 2), uniformCuts(extent, 1)];
    const accumulators = [{ value: 0, monoid: "moments", on: "float64", argStrides: [0, 0] }];
    const stage = {
      kind: "reduce",
      space: [3, extent],
      cuts,
      reduced: [1],
      leaves: [cuts[1]],
      accumulators,
      split: { axis: 1, steps: per, segments: Math.ceil(extent / per) },
    };
    return partialBytes(stage as unknown as ReduceStage);
  };

  it("is the largest partial block, or a bound of it for very long axes", () => {
    // Two kept elements: 16 bytes for each of the two components of a node.
    expect(partial(64, 8)).toBe(32);
    // Leaves 5, 6-7, 8-9 and so on.
    expect(partial(20, 5)).toBe(3 * 32);
    expect(partial(100_000, 8)).toBe(6 * 32);
  });
});

describe("mostPieces", () => {
  it("counts like a loop over all pieces", () => {
    const rand = random(77);
    for (let round = 0; round < 300; round++) {
      const fine =
        rand() < 0.5
          ? randomCuts(rand, 1 + Math.floor(rand() * 60), 6)
          : uniformCuts(60, 1 + Math.floor(rand() * 7));
      const coarse =
        rand() < 0.5 ? coarser(rand, fine) : groupCuts(fine, 1 + Math.floor(rand() * 5));
      let most = 1;
      let start = 0;
      for (const size of pieceSizes(coarse)) {
        let inside = 0;
        let at = 0;
        for (const piece of pieceSizes(fine)) {
          if (at >= start && at < start + size) inside++;
          at += piece;
        }
        most = Math.max(most, inside);
        start += size;
      }
      expect(mostPieces(coarse, fine)).toBe(most);
      expect(cutsExtent(coarse)).toBe(cutsExtent(fine));
    }
  });
});
