/** User functions: what they see, what they may return, and how their mistakes are reported. */
import { describe, expect, it } from "vitest";
import { compileFunction } from "../../../dist/exec/task/index.js";
import { type Cuts, uniformCuts, wholeCuts } from "../../../dist/ir/cuts.js";
import type { DType } from "../../../dist/ir/dtype.js";
import type { Operand } from "../../../dist/ir/stage.js";
import { filled, readerOf, type Values, World } from "./world.js";

interface Call {
  readonly text: string;
  readonly params?: unknown;
  readonly dtypes?: readonly DType[];
  readonly inputs?: "copy" | "view";
}

/** Elementwise call stage over one operand, block by block; gives the outputs. */
function addCall(
  w: World,
  operand: Operand,
  shape: readonly number[],
  cuts: readonly Cuts[],
  c: Call,
): number[] {
  const outputs = (c.dtypes ?? ["float64"]).map((d) => w.array(d, cuts, shape));
  w.stage({
    kind: "call",
    space: shape,
    cuts,
    outputs,
    fn: w.fn(c.text, c.params),
    args: [{ operand, shape, axes: cuts.map((k, loop) => ({ loop, cuts: k })) }],
    results: outputs.map(() => cuts.map((k, l) => ({ loop: l, cuts: k }))),
    ports: outputs.map((_, port) => port),
    inputs: c.inputs ?? "copy",
  });
  return outputs;
}

const f64 = (shape: readonly number[]): Values => filled("float64", shape, (i) => i);

/** One call on a 2 x 3 block of 0..5. */
async function callOnce(
  text: string,
  dtypes: readonly DType[] = ["float64"],
  params?: unknown,
): Promise<Values[]> {
  const w = new World();
  const ids = addCall(w, w.source(f64([2, 3])), [2, 3], [wholeCuts(2), wholeCuts(3)], {
    text,
    dtypes,
    params,
  });
  await w.run();
  return ids.map((id) => w.values(id));
}

const ONES = "new Float64Array(6).fill(1)";

describe("what functions see", () => {
  it("blocks, block ids, offsets and shapes", async () => {
    const w = new World();
    const seen = filled("float64", [5, 4], () => 0);
    const cuts = [uniformCuts(5, 2), uniformCuts(4, 3)];
    const [id] = addCall(w, w.source(f64([5, 4])), [5, 4], cuts, {
      text: `(x, { blockId, offset, shape, params }) => {
        if (String(shape) !== String(x.shape)) throw new Error("shape");
        const out = new Float64Array(x.size);
        let n = 0;
        for (let i = 0; i < shape[0]; i++)
          for (let j = 0; j < shape[1]; j++)
            out[n++] = x.get(i, j) + params * (100 * (offset[0] + i) + 10 * blockId[0] + offset[1] + j);
        return out;
      }`,
      params: 1000,
    });
    await w.run();
    for (let i = 0; i < 5; i++) {
      for (let j = 0; j < 4; j++)
        seen.data[4 * i + j] = 4 * i + j + 1000 * (100 * i + 10 * Math.floor(i / 2) + j);
    }
    expect([...w.values(id).data]).toEqual([...seen.data]);
  });

  it("several arguments, whole or by loop axis, and their own output grid", async () => {
    const w = new World();
    const x = f64([4, 3]);
    const y = filled("float64", [3], (i) => i + 1);
    const loop = [uniformCuts(4, 2)];
    const out = w.array("float64", loop, [4]);
    w.stage({
      kind: "call",
      space: [4],
      cuts: loop,
      outputs: [out],
      fn: w.fn(
        "function dot(x, y, { shape }) { return Float64Array.from({ length: shape[0] }, (_, i) => { let s = 0; for (let j = 0; j < y.shape[0]; j++) s += x.get(i, j) * y.get(j); return s; }); }",
      ),
      args: [
        {
          operand: w.resident(x, [uniformCuts(4, 3), uniformCuts(3, 2)]),
          shape: [4, 3],
          axes: [
            { loop: 0, cuts: loop[0] },
            { loop: -1, cuts: wholeCuts(3) },
          ],
        },
        {
          operand: w.source(y, readerOf(y, { later: true })),
          shape: [3],
          axes: [{ loop: -1, cuts: wholeCuts(3) }],
        },
      ],
      results: [[{ loop: 0, cuts: loop[0] as Cuts }]],
      ports: [0],
      inputs: "copy",
    });
    await w.run();
    expect([...w.values(out).data]).toEqual(
      [0, 1, 2, 3].map((i) => 3 * i * 1 + (3 * i + 1) * 2 + (3 * i + 2) * 3),
    );
  });

  it("members of ndarray, for every dtype", async () => {
    const text = `(x) => {
      const facts = [x.size, x.dimension, x.order[0], x.index(1, 2), x.offset, x.stride[0], x.data.length];
      return Float64Array.from(facts.slice(1));
    }`;
    const [{ data }] = await callOnce(text);
    expect([...data]).toEqual([2, 1, 5, 0, 3, 6]);
    const get = async (dtype: DType, value: number | bigint, expr: string) => {
      const w = new World();
      const source = w.source(filled(dtype, [1], () => value));
      const [id] = addCall(w, source, [1], [wholeCuts(1)], {
        text: `(x) => Float64Array.of(${expr})`,
        dtypes: ["float64"],
      });
      await w.run();
      return w.values(id).data[0];
    };
    expect(await get("bool", 1, "x.get(0) === true ? 7 : 0")).toBe(7);
    expect(await get("int64", 5n, "Number(x.get(0) + 1n)")).toBe(6);
    expect(await get("complex64", 3, "x.get(0).length + x.get(0)[1]")).toBe(5);
    expect(await get("float32", 2, "(x.set(0, 9), x.get(0))")).toBe(9);
    expect(await get("complex128", 2, "(x.set(0, [4, 5]), x.data[1])")).toBe(5);
  });

  it("private copies that they may write to, or views that are the blocks", async () => {
    for (const inputs of ["copy", "view"] as const) {
      const w = new World();
      const x = w.resident(f64([4, 4]), [wholeCuts(4), wholeCuts(4)]);
      const flipped = { ...x, map: x.map.map((m) => ({ ...m, start: 3, step: -1 })) };
      const [id] = addCall(w, flipped, [4, 4], [uniformCuts(4, 2), uniformCuts(4, 3)], {
        text: `(x, { shape }) => {
          const out = new Float64Array(x.size);
          let n = 0;
          for (let i = 0; i < shape[0]; i++) for (let j = 0; j < shape[1]; j++) { out[n++] = x.get(i, j); x.set(i, j, -1); }
          return { data: out, shape };
        }`,
        inputs,
      });
      await w.run();
      expect([...w.values(id).data]).toEqual(Array.from({ length: 16 }, (_, i) => 15 - i));
      const left = [...w.values(x.id).data];
      expect(left).toEqual(
        inputs === "copy" ? Array.from({ length: 16 }, (_, i) => i) : left.map(() => -1),
      );
    }
  });

  it("empty blocks and rank 0", async () => {
    const w = new World();
    const a = addCall(w, w.source(f64([0, 3])), [0, 3], [wholeCuts(0), wholeCuts(3)], {
      text: "(x) => x",
    });
    const b = addCall(w, w.source(f64([])), [], [], {
      text: "(x) => Float64Array.of(x.get() + 2)",
    });
    await w.run();
    expect(w.values(a[0]).data.length).toBe(0);
    expect([...w.values(b[0]).data]).toEqual([2]);
  });
});

describe("what functions return", () => {
  const cases: Record<string, [string, number[]]> = {
    "typed arrays": ["(x) => x.data.map((v) => v + 1)", [1, 2, 3, 4, 5, 6]],
    "the block itself": ["(x) => x", [0, 1, 2, 3, 4, 5]],
    "transposed results": [
      "(x) => ({ data: x.data, shape: [2, 3], stride: [1, 2], offset: 0 })",
      [0, 2, 4, 1, 3, 5],
    ],
    "reversed results": [
      "(x) => ({ data: x.data, shape: [2, 3], stride: [-3, -1], offset: 5 })",
      [5, 4, 3, 2, 1, 0],
    ],
    "repeated elements": [
      "(x) => ({ data: x.data, shape: [2, 3], stride: [0, 1], offset: 3 })",
      [3, 4, 5, 3, 4, 5],
    ],
    promises: ["async (x) => { await null; return x; }", [0, 1, 2, 3, 4, 5]],
  };
  for (const [name, [text, want]] of Object.entries(cases)) {
    it(name, async () => {
      expect([...(await callOnce(text))[0].data]).toEqual(want);
    });
  }

  it("several results", async () => {
    const [a, b] = await callOnce("(x) => [x, Uint8Array.from(x.data, (v) => v > 2)]", [
      "float64",
      "bool",
    ]);
    expect([...a.data]).toEqual([0, 1, 2, 3, 4, 5]);
    expect([...b.data]).toEqual([0, 0, 0, 1, 1, 1]);
  });

  it("complex results with strides", async () => {
    const [a] = await callOnce(
      "(x) => ({ data: Float32Array.from({ length: 12 }, (_, i) => i), shape: [2, 3], stride: [1, 2] })",
      ["complex64"],
    );
    expect([...a.data]).toEqual([0, 1, 4, 5, 8, 9, 2, 3, 6, 7, 10, 11]);
  });

  const wrong: Record<string, [string, RegExp]> = {
    "another dtype": [
      "() => new Float32Array(6)",
      /returned a Float32Array of length 6 .*Float64Array of shape \(2, 3\) \(float64\)/,
    ],
    "too few elements": ["() => new Float64Array(5)", /Float64Array of length 5/],
    "another shape": ["() => ({ data: new Float64Array(6), shape: [3, 2] })", /of shape \(3, 2\)/],
    "strides that leave the data": [
      "() => ({ data: new Float64Array(6), shape: [2, 3], stride: [4, 1] })",
      /float64/,
    ],
    "strides that are no numbers": [
      "() => ({ data: new Float64Array(6), shape: [2, 3], stride: ['a', 1] })",
      /float64/,
    ],
    nothing: ["() => {}", /returned nothing .*typed array/],
    null: ["() => null", /returned null/],
    "plain arrays": ["() => [[1, 2, 3], [4, 5, 6]]", /plain array of 2 items/],
    numbers: ["() => 3", /the number 3/],
    "objects without data": ["() => ({ values: 1 })", /object without typed data/],
  };
  for (const [name, [text, message]] of Object.entries(wrong)) {
    it(`not ${name}`, async () => {
      await expect(callOnce(text)).rejects.toMatchObject({
        code: "TASK",
        functionName: "f",
        blockIndex: [0, 0],
        message: expect.stringMatching(message),
      });
    });
  }

  it("not fewer results than outputs", async () => {
    await expect(callOnce(`() => [${ONES}]`, ["float64", "float64"])).rejects.toThrow(
      /array of 2 blocks/,
    );
    await expect(callOnce(`() => [${ONES}, 1]`, ["float64", "float64"])).rejects.toThrow(
      /as result 1/,
    );
  });
});

describe("mistakes in functions", () => {
  it("carry the name, the block and the message", async () => {
    const w = new World();
    addCall(w, w.source(f64([4])), [4], [uniformCuts(4, 2)], {
      text: "(x) => { if (x.get(0) > 1) throw new RangeError('too big'); return x; }",
    });
    await expect(w.run()).rejects.toMatchObject({
      code: "TASK",
      functionName: "f",
      blockIndex: [1],
      message: expect.stringContaining('function "f" failed on block (1): too big'),
      cause: { name: "RangeError" },
    });
  });

  it("tell about captured variables", async () => {
    await expect(callOnce("(x) => scale * x.get(0)")).rejects.toThrow(
      /scale is not defined.*`params`/,
    );
    await expect(callOnce("async (x) => scale * x.get(0)")).rejects.toThrow(
      /scale is not defined.*`params`/,
    );
  });

  it("may be no errors at all", async () => {
    await expect(callOnce("() => { throw 'plain'; }")).rejects.toThrow(/plain/);
  });

  it("are no mistakes after a cancellation", async () => {
    const w = new World();
    addCall(w, w.source(f64([2])), [2], [wholeCuts(2)], {
      text: "(x, { signal }) => new Promise((_, no) => signal.addEventListener('abort', () => no(new Error('told to stop'))))",
    });
    const done = w.run();
    w.controller.abort();
    await expect(done).rejects.toMatchObject({ code: "ABORT" });
  });

  it("do not break the buffers of later calls", async () => {
    await expect(
      callOnce("(x) => { structuredClone(x.data, { transfer: [x.data.buffer] }); return x; }"),
    ).rejects.toThrow(/length 0/);
    expect([...(await callOnce("(x) => x"))[0].data]).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

describe("compileFunction", () => {
  it("takes arrow functions, function expressions, async ones and transpiled text", async () => {
    expect(compileFunction("(a, b) => a + b", "f")(1, 2)).toBe(3);
    expect(compileFunction("a => a // last line", "f")(4)).toBe(4);
    expect(compileFunction("function (a) { return a * 2; }", "f")(4)).toBe(8);
    expect(
      compileFunction("function named(a) { return a < 2 ? 1 : a * named(a - 1); }", "f")(4),
    ).toBe(24);
    expect(await compileFunction("async (a) => a", "f")(5)).toBe(5);
    expect(
      compileFunction('(a) => { const g = __name((x) => x + 1, "g"); return g(a); }', "f")(1),
    ).toBe(2);
  });

  it("refuses the rest with a hint", () => {
    const refuse = (text: string, message: RegExp) => {
      expect(() => compileFunction(text, "g")).toThrow(message);
      expect(() => compileFunction(text, "g")).toThrow(/write it as an arrow function/);
    };
    refuse("g(a) { return a; }", /"g" is written as a method/);
    refuse("async g(a) { return a; }", /method/);
    refuse("class A {}", /class/);
    refuse(String(Math.max), /native/);
    refuse("(a => ", /does not compile/);
    refuse("42", /not a function/);
  });

  it("sees nothing of the engine's modules", () => {
    expect(
      compileFunction("() => typeof TaskError + typeof require + typeof evaluate", "f")(),
    ).toBe("undefinedundefinedundefined");
  });
});
