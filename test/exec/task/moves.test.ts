/** Map, concat, gather, reshape and write tasks against plain loops. */
import { describe, expect, it } from "vitest";
import { uniformCuts, wholeCuts } from "../../../dist/ir/cuts.js";
import type { AffineMap } from "../../../dist/ir/index-map.js";
import { rowMajorStrides } from "../../../dist/ir/index-map.js";
import { reshapeGroups } from "../../../dist/ir/reshape.js";
import { arg, call, cast, constant, indexOf } from "../../../dist/ir/scalar.js";
import type { Operand } from "../../../dist/ir/stage.js";
import { elementAt, every, filled, flat, random, randomCuts, readerOf, World } from "./world.js";

const f64 = (shape: readonly number[], seed = 1) => {
  const rand = random(seed);
  return filled("float64", shape, () => Math.round(rand() * 1000) / 8);
};

/** What `copy` of an operand over a space should give. */
const expected = (
  values: Parameters<typeof elementAt>[0],
  operand: Operand,
  space: readonly number[],
) => [...every(space)].map((at) => elementAt(values, operand, at));

describe("map tasks", () => {
  it("evaluate several outputs over uneven blocks of sources and arrays", async () => {
    const w = new World();
    const x = f64([7, 11], 1);
    const y = f64([7, 11], 2);
    const cuts = [uniformCuts(7, 3), uniformCuts(11, 4)];
    const a = w.source(x);
    const b = w.resident(y, [uniformCuts(7, 2), uniformCuts(11, 5)]);
    const [sum, big] = w.map(
      [a, b],
      [
        call("add", "float64", arg(0, "float64"), arg(1, "float64")),
        call("greater", "float64", arg(0, "float64"), arg(1, "float64")),
      ],
      cuts,
    );
    await w.run();
    expect([...w.values(sum).data]).toEqual(
      [...x.data].map((v, i) => Number(v) + Number(y.data[i])),
    );
    expect([...w.values(big).data]).toEqual([...x.data].map((v, i) => Number(v > y.data[i])));
    expect(w.promises).toBe(0);
    expect(w.progressed).toBe(2 * 7 * 11 * 8);
  });

  it("read through flips, steps, transposes, constants and broadcasts", async () => {
    const rand = random(5);
    for (let round = 0; round < 60; round++) {
      const w = new World();
      const x = f64([1 + Math.floor(rand() * 9), 1 + Math.floor(rand() * 9), 4], round);
      const space: number[] = [];
      const map: AffineMap = x.shape.map((n) => {
        if (rand() < 0.2) return { axis: -1, start: Math.floor(rand() * n), step: 0 };
        const step = 1 + Math.floor(rand() * 3);
        const count = Math.max(1, Math.floor(rand() * (Math.floor((n - 1) / step) + 1)) + 1);
        const sign = rand() < 0.5 ? 1 : -1;
        const room = n - 1 - (count - 1) * step;
        const low = Math.floor(rand() * (room + 1));
        space.push(count);
        return {
          axis: space.length - 1,
          start: sign > 0 ? low : low + (count - 1) * step,
          step: sign * step,
        };
      });
      // A random order of the axes, and one that nothing follows.
      const order = space.map((_, i) => i).sort(() => rand() - 0.5);
      const moved: AffineMap = map.map((m) =>
        m.axis < 0 ? m : { ...m, axis: order.indexOf(m.axis) },
      );
      const shape = [...order.map((o) => space[o]), 3];
      const cuts = shape.map((n) => randomCuts(rand, n, 4));
      const grid = x.shape.map((n) => randomCuts(rand, n, 5));
      for (const from of [w.source(x), w.resident(x, grid)]) {
        const operand = { ...from, map: moved };
        const copied = w.copy(operand, cuts);
        const [negated] = w.map([operand], [call("negative", "float64", arg(0, "float64"))], cuts);
        await w.run();
        const want = expected(x, operand, shape);
        expect([...w.values(copied).data]).toEqual(want);
        expect([...w.values(negated).data]).toEqual(want.map((v) => -v));
      }
    }
  });

  it("know global indices and constants", async () => {
    const w = new World();
    const tree = call(
      "add",
      "float64",
      cast(
        call(
          "add",
          "int64",
          call("multiply", "int64", indexOf(0), constant(10, "int64")),
          indexOf(1),
        ),
        "float64",
      ),
      constant(0.5, "float64"),
    );
    const [id] = w.map([], [tree], [uniformCuts(5, 2), uniformCuts(6, 4)]);
    await w.run();
    expect([...w.values(id).data]).toEqual([...every([5, 6])].map(([i, j]) => i * 10 + j + 0.5));
  });

  it("handle rank 0 and empty arrays", async () => {
    const w = new World();
    const a = w.copy(w.source(filled("int32", [], () => 7)), []);
    const b = w.copy(w.source(filled("int32", [0, 3], () => 7)), [wholeCuts(0), wholeCuts(3)]);
    const [c] = w.map([w.operand(a)], [call("negative", "int32", arg(0, "int32"))], []);
    await w.run();
    expect([...w.values(a).data]).toEqual([7]);
    expect([...w.values(c).data]).toEqual([-7]);
    expect(w.values(b).data.length).toBe(0);
  });

  it("wait for readers that answer later, all at once, and read equal regions once", async () => {
    const w = new World();
    const x = f64([6, 4]);
    const log: never[] = [];
    const reader = readerOf(x, { later: true, log });
    const a = w.source(x, reader);
    const [id] = w.map(
      [a, { ...a }],
      [call("add", "float64", arg(0, "float64"), arg(1, "float64"))],
      [uniformCuts(6, 4), wholeCuts(4)],
    );
    await w.run();
    expect(w.promises).toBe(2);
    expect(log.length).toBe(2);
    expect([...w.values(id).data]).toEqual([...x.data].map((v) => 2 * Number(v)));
  });

  it("wait for the other reads before a failed one is reported", async () => {
    const w = new World();
    const x = f64([4]);
    let finished = false;
    const slow = w.source(x, {
      readInto: async () => {
        await new Promise((r) => setTimeout(r, 20));
        finished = true;
      },
    });
    const bad = w.source(x, { readInto: () => Promise.reject(new Error("torn")) });
    w.map(
      [slow, bad],
      [call("add", "float64", arg(0, "float64"), arg(1, "float64"))],
      [wholeCuts(4)],
    );
    await expect(w.run()).rejects.toThrow("torn");
    expect(finished).toBe(true);
  });

  it("stop when cancelled", async () => {
    const w = new World();
    w.copy(w.source(f64([4])), [uniformCuts(4, 1)]);
    w.controller.abort(new Error("enough"));
    await expect(w.run()).rejects.toMatchObject({ code: "ABORT", cause: { message: "enough" } });
  });
});

describe("readers that fail because they were told to stop", () => {
  it("are reported as an abort", async () => {
    const w = new World();
    const x = f64([4]);
    w.copy(
      w.source(x, {
        readInto: (_region, _target, signal) =>
          new Promise((_, no) => {
            signal.addEventListener("abort", () => no(new Error("connection closed")));
          }),
      }),
      [wholeCuts(4)],
    );
    const done = w.run();
    w.controller.abort(new Error("enough"));
    await expect(done).rejects.toMatchObject({ code: "ABORT", cause: { message: "enough" } });
  });
});

describe("concat tasks", () => {
  for (const later of [false, true]) {
    it(`join sources and arrays across blocks, ${later ? "reading later" : "at once"}`, async () => {
      const rand = random(later ? 11 : 12);
      for (let round = 0; round < 25; round++) {
        const w = new World();
        const axis = Math.floor(rand() * 2);
        const other = 1 + Math.floor(rand() * 6);
        const kinds = ["direct", "flipped", "array", "swapped"];
        let start = 0;
        const pieces: (number | bigint)[][] = [];
        const parts = Array.from({ length: 1 + Math.floor(rand() * 4) }, () => {
          const size = Math.floor(rand() * 5) + (rand() < 0.2 ? 0 : 1);
          const shape = axis === 0 ? [size, other] : [other, size];
          const kind = kinds[Math.floor(rand() * kinds.length)];
          const stored = kind === "swapped" ? [...shape].reverse() : shape;
          const x = f64(stored, round * 10 + start);
          const base =
            kind === "array" && size > 0
              ? w.resident(
                  x,
                  stored.map((n) => randomCuts(rand, n, 3)),
                )
              : w.source(x, readerOf(x, { later }));
          const map: AffineMap =
            kind === "flipped" && size > 0
              ? shape.map((n, i) => ({ axis: i, start: n - 1, step: -1 }))
              : kind === "swapped"
                ? [
                    { axis: 1, start: 0, step: 1 },
                    { axis: 0, start: 0, step: 1 },
                  ]
                : base.map;
          const operand = { ...base, map };
          for (const at of every(shape)) {
            const to = at.map((p, i) => (i === axis ? p + start : p));
            pieces.push([...to, elementAt(x, operand, at)]);
          }
          const part = { operand, start, size };
          start += size;
          return part;
        });
        const space = axis === 0 ? [start, other] : [other, start];
        const cuts = space.map((n) => randomCuts(rand, n, 4));
        const out = w.array("float64", cuts, space);
        w.stage({ kind: "concat", space, cuts, outputs: [out], axis, parts });
        await w.run();
        const got = w.values(out);
        const strides = rowMajorStrides(space);
        for (const [i, j, value] of pieces) {
          expect(got.data[flat([Number(i), Number(j)], strides)]).toBe(value);
        }
        expect(pieces.length).toBe(got.data.length);
      }
    });
  }
});

describe("gather tasks", () => {
  const patterns: Record<string, (n: number, rand: () => number) => number[]> = {
    ascending: (n) => Array.from({ length: n }, (_, i) => i),
    reversed: (n) => Array.from({ length: n }, (_, i) => n - 1 - i),
    repeated: (n) => Array.from({ length: 2 * n }, (_, i) => Math.floor(i / 2)),
    strided: (n) => Array.from({ length: Math.ceil(n / 3) }, (_, i) => 3 * i),
    scattered: (n, rand) => Array.from({ length: n + 5 }, () => Math.floor(rand() * n)),
    one: (n) => [n - 1],
    none: () => [],
  };
  for (const [name, pattern] of Object.entries(patterns)) {
    it(`take ${name} rows from sources and arrays`, async () => {
      const rand = random(name.length);
      for (let round = 0; round < 12; round++) {
        const w = new World();
        const axis = round % 3;
        const inputShape = [3, 4, 2];
        inputShape[axis] = 30 + round;
        const indices = pattern(inputShape[axis], rand);
        const lead = round % 2 === 0 ? 0 : Math.min(2, indices.length);
        const list = w.index(indices);
        const flipped = round % 4 >= 2;
        const x = f64(inputShape, round);
        const space = inputShape.map((n, i) => (i === axis ? indices.length - lead : n));
        const cuts = space.map((n) => randomCuts(rand, n, 9));
        const grid = inputShape.map((n) => randomCuts(rand, n, 6));
        const outs: [number, Operand][] = [];
        for (const base of [
          w.source(x),
          w.source(x, readerOf(x, { later: true }), grid),
          w.resident(x, grid),
        ]) {
          const operand = flipped
            ? {
                ...base,
                map: base.map.map((m, i) => ({ ...m, start: inputShape[i] - 1, step: -1 })),
              }
            : base;
          const out = w.array("float64", cuts, space);
          w.stage({
            kind: "gather",
            space,
            cuts,
            outputs: [out],
            axis,
            indices: list,
            start: lead,
            operand,
            inputShape,
          });
          outs.push([out, operand]);
        }
        await w.run();
        for (const [out, operand] of outs) {
          const want = [...every(space)].map((at) =>
            elementAt(
              x,
              operand,
              at.map((p, i) => (i === axis ? indices[lead + p] : p)),
            ),
          );
          expect([...w.values(out).data]).toEqual(want);
        }
      }
    });
  }

  const wide = (w: World, indices: number[], grid: boolean) => {
    const x = f64([4000, 2]);
    const log: { lo: readonly number[]; hi: readonly number[] }[] = [];
    const operand = w.source(
      x,
      readerOf(x, { log: log as never[] }),
      grid ? [uniformCuts(4000, 500), wholeCuts(2)] : undefined,
    );
    const space = [indices.length, 2];
    const cuts = [wholeCuts(indices.length), wholeCuts(2)];
    const out = w.array("float64", cuts, space);
    w.stage({
      kind: "gather",
      space,
      cuts,
      outputs: [out],
      axis: 0,
      indices: w.index(indices),
      start: 0,
      operand,
      inputShape: [4000, 2],
    });
    return log;
  };

  it("read only stretches that hold wanted rows", async () => {
    const w = new World();
    const log = wide(w, [3990, 5, 10, 2000], false);
    await w.run();
    expect(log.map((b) => [b.lo[0], b.hi[0]])).toEqual([
      [5, 11],
      [2000, 2001],
      [3990, 3991],
    ]);
  });

  it("read each storage chunk once where chunks are known", async () => {
    const w = new World();
    const log = wide(w, [3990, 5, 490, 510, 2000, 2400], true);
    await w.run();
    expect(log.map((b) => [b.lo[0], b.hi[0]])).toEqual([
      [5, 491],
      [510, 511],
      [2000, 2401],
      [3990, 3991],
    ]);
  });
});

describe("reshape tasks", () => {
  const pairs: [number[], number[]][] = [
    [
      [4, 6, 5],
      [24, 5],
    ],
    [
      [24, 5],
      [4, 6, 5],
    ],
    [
      [4, 6],
      [3, 8],
    ],
    [[2, 3, 4], [24]],
    [[24], [2, 3, 4]],
    [
      [1, 6, 1, 4],
      [3, 2, 4, 1],
    ],
    [[6], [6, 1]],
    [[1, 1], []],
    [[], [1, 1]],
    [
      [0, 4],
      [2, 0],
    ],
    [
      [4, 9, 2],
      [6, 6, 2],
    ],
  ];
  for (const [input, output] of pairs) {
    it(`regroup (${input}) to (${output}) for any cuts`, async () => {
      const rand = random(input.length + output.length);
      for (let round = 0; round < 12; round++) {
        const w = new World();
        const flipped = round % 3 === 2;
        const x = f64(input, round);
        const cuts = output.map((n) => randomCuts(rand, n, 5));
        const grid = input.map((n) => (round % 4 === 0 ? wholeCuts(n) : randomCuts(rand, n, 3)));
        const outs: [number, Operand][] = [];
        for (const base of [
          w.source(x, readerOf(x, { later: round % 2 === 1 })),
          w.resident(x, grid),
        ]) {
          const operand = flipped
            ? {
                ...base,
                map: base.map.map((m, i) => ({ ...m, start: Math.max(0, input[i] - 1), step: -1 })),
              }
            : base;
          const out = w.array("float64", cuts, output);
          w.stage({
            kind: "reshape",
            space: output,
            cuts,
            outputs: [out],
            groups: reshapeGroups(input, output),
            operand,
            inputShape: input,
          });
          outs.push([out, operand]);
        }
        await w.run();
        for (const [out, operand] of outs) {
          expect([...w.values(out).data]).toEqual(expected(x, operand, input));
        }
      }
    });
  }

  it("leave arrays in one block where they are", () => {
    const w = new World();
    const operand = w.resident(f64([4, 6]), [wholeCuts(4), wholeCuts(6)]);
    const out = w.array("float64", [uniformCuts(24, 5)], [24]);
    w.stage({
      kind: "reshape",
      space: [24],
      cuts: [uniformCuts(24, 5)],
      outputs: [out],
      groups: reshapeGroups([4, 6], [24]),
      operand,
      inputShape: [4, 6],
    });
    expect(w.stages.at(-1)?.scratchBytes).toBe(0);
  });
});

describe("write tasks", () => {
  for (const later of [false, true]) {
    it(`write every storage object once with its valid elements, ${later ? "later" : "at once"}`, async () => {
      const rand = random(3);
      for (let round = 0; round < 20; round++) {
        const w = new World();
        const shape = [1 + Math.floor(rand() * 9), 1 + Math.floor(rand() * 9)];
        const x = f64(shape, round);
        const chunks = shape.map((n) => uniformCuts(n, 1 + Math.floor(rand() * 4)));
        const per = 1 + Math.floor(rand() * 3);
        const cuts = shape.map((n, i) => uniformCuts(n, chunks[i][0].size * per));
        const sinks: [number, Operand][] = [];
        for (const base of [
          w.source(x),
          w.resident(
            x,
            shape.map((n) => randomCuts(rand, n, 4)),
          ),
        ]) {
          const operand = {
            ...base,
            map: base.map.map((m, i) => ({ ...m, start: shape[i] - 1, step: -1 })),
          };
          const sink = w.sink(shape, "float64", chunks, later);
          w.stage({ kind: "write", space: shape, cuts, outputs: [], operand, sink });
          sinks.push([sink, operand]);
        }
        await w.run();
        for (const [sink, operand] of sinks) {
          const { values, log } = w.sinks[sink];
          expect([...values.data]).toEqual(expected(x, operand, shape));
          expect(new Set(log.map(String)).size).toBe(log.length);
        }
      }
    });
  }

  it("write rank 0 and nothing at all", async () => {
    const w = new World();
    const a = w.sink([], "int16", []);
    const b = w.sink([0], "int16", [wholeCuts(0)]);
    w.stage({
      kind: "write",
      space: [],
      cuts: [],
      outputs: [],
      operand: w.source(filled("int16", [], () => 9)),
      sink: a,
    });
    w.stage({
      kind: "write",
      space: [0],
      cuts: [wholeCuts(0)],
      outputs: [],
      operand: w.source(filled("int16", [0], () => 9)),
      sink: b,
    });
    await w.run();
    expect([...w.sinks[a].values.data]).toEqual([9]);
    expect(w.sinks[b].log).toEqual([]);
  });
});
