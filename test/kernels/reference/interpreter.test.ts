/** Every kind of node that has a rule, on small arrays whose results are plain to see (or from NumPy). */
import { expect, test } from "vitest";
import { AbortError, InternalError, TaskError } from "../../../dist/errors.js";
import { uniformCuts, wholeCuts } from "../../../dist/ir/cuts.js";
import { type CallParams, freshId, intern, knownShape, type Node } from "../../../dist/ir/node.js";
import { arg, call, cast, constant, indexOf } from "../../../dist/ir/scalar.js";
import { evaluate } from "../../../dist/kernels/reference/index.js";
import { create, map, source, userFunction, view } from "./build.js";

const f = "float64";
const counting = (shape: readonly number[]): Node =>
  source(
    Float64Array.from({ length: shape.reduce((n, s) => n * s, 1) }, (_, i) => i),
    shape,
    f,
  );
const values = async (node: Node): Promise<unknown[]> => {
  const [out] = await evaluate([node]);
  expect(out?.shape).toEqual(knownShape(node));
  return [...(out?.data ?? [])];
};

test("create evaluates its tree over the global index", async () => {
  const tree = call(
    "add",
    "int64",
    call("multiply", "int64", indexOf(0), constant(10, "int64")),
    indexOf(1),
  );
  expect(await values(create(tree, [2, 3]))).toEqual([0n, 1n, 2n, 10n, 11n, 12n]);
  expect(await values(create(constant([1, -2], "complex64"), [2]))).toEqual([1, -2, 1, -2]);
  expect(await values(create(constant(true, "bool"), []))).toEqual([1]);
});

test("map stretches axes of length 1", async () => {
  const tree = call("subtract", f, arg(0, f), arg(1, f));
  const column = source(new Float64Array([10, 20]), [2, 1], f);
  const row = source(new Float64Array([1, 2, 3]), [1, 3], f);
  expect(await values(map(tree, [2, 3], column, row))).toEqual([9, 8, 7, 19, 18, 17]);
});

test("arithmetic of the root and of a subtree agree in float32", async () => {
  const s = "float32";
  const a = source(new Float32Array([0.1, 1e8, 3]), [3], s);
  const b = source(new Float32Array([0.2, 1, 7]), [3], s);
  const quotient = call("divide", s, arg(0, s), arg(1, s));
  const nested = call("abs", s, quotient);
  expect(await values(map(quotient, [3], a, b))).toEqual(await values(map(nested, [3], a, b)));
});

test("where and casts over mixed dtypes", async () => {
  const tree = call("where", f, arg(0, "bool"), cast(arg(1, "int64"), f), constant(Number.NaN, f));
  const mask = source(new Uint8Array([1, 0]), [2], "bool");
  const big = source(new BigInt64Array([2n ** 60n, 1n]), [2], "int64");
  expect(await values(map(tree, [2], mask, big))).toEqual([2 ** 60, Number.NaN]);
});

test("views: steps, flips, transposes, fixed and new axes, diagonals, nothing at all", async () => {
  const x = counting([3, 4]);
  const step = [
    { axis: 0, start: 2, step: -2 },
    { axis: 1, start: 1, step: 2 },
  ];
  expect(await values(view(x, step, [2, 2]))).toEqual([9, 11, 1, 3]);
  const transposed = [
    { axis: 1, start: 0, step: 1 },
    { axis: 0, start: 0, step: 1 },
  ];
  expect(await values(view(x, transposed, [4, 3]))).toEqual([0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]);
  const fixed = [
    { axis: -1, start: 1, step: 0 },
    { axis: 1, start: 0, step: 3 },
  ];
  expect(await values(view(x, fixed, [2, 2]))).toEqual([4, 7, 4, 7]);
  const diagonal = [
    { axis: 0, start: 0, step: 1 },
    { axis: 0, start: 1, step: 1 },
  ];
  expect(await values(view(x, diagonal, [3]))).toEqual([1, 6, 11]);
  expect(await values(view(x, step, [0, 2]))).toEqual([]);
});

test("views of complex arrays move pairs", async () => {
  const x = source(new Float32Array([1, 2, 3, 4, 5, 6]), [3], "complex64");
  expect(await values(view(x, [{ axis: 0, start: 2, step: -1 }], [3]))).toEqual([5, 6, 3, 4, 1, 2]);
});

test("gather, concat and reshape", async () => {
  const x = counting([2, 3]);
  const indices = { id: freshId(), values: new Float64Array([2, 0, 2, 1]) };
  const gathered = intern("gather", [x], { axis: 1, indices }, [{ shape: [2, 4], dtype: f }], "g");
  expect(await values(gathered)).toEqual([2, 0, 2, 1, 5, 3, 5, 4]);
  const joined = intern("concat", [x, gathered], { axis: 1 }, [{ shape: [2, 7], dtype: f }], "c");
  expect(await values(joined)).toEqual([0, 1, 2, 2, 0, 2, 1, 3, 4, 5, 5, 3, 5, 4]);
  const flipped = view(
    x,
    [
      { axis: 0, start: 1, step: -1 },
      { axis: 1, start: 0, step: 1 },
    ],
    [2, 3],
  );
  const reshaped = intern("reshape", [flipped], {}, [{ shape: [3, 2], dtype: f }], "");
  expect(await values(reshaped)).toEqual([3, 4, 5, 0, 1, 2]);
});

test("64-bit integers are copied exactly", async () => {
  const x = source(new BigUint64Array([2n ** 64n - 1n, 2n ** 53n + 1n]), [2], "uint64");
  expect(await values(view(x, [{ axis: 0, start: 1, step: -1 }], [2]))).toEqual([
    2n ** 53n + 1n,
    2n ** 64n - 1n,
  ]);
});

test("roots that are one node, or one another's input, are separate arrays", async () => {
  const x = counting([2]);
  const layout = intern("layout", [x], { chunks: [wholeCuts(2)] }, [{ shape: [2], dtype: f }], "w");
  const [a, b, c] = await evaluate([x, layout, x]);
  expect(a?.data).not.toBe(c?.data);
  expect([...(b?.data ?? [])]).toEqual([0, 1]);
});

const callOver = (x: Node, text: string, outs: 1 | 2 = 1): Node => {
  const cuts = uniformCuts(5, 2);
  const axes = [{ loop: 0, cuts }];
  const params: CallParams = {
    fn: userFunction("twice", text, { factor: 2 }),
    loop: [cuts],
    args: [axes],
    results: Array.from({ length: outs }, () => axes),
    observes: "grid",
    inputs: "copy",
    scratchBytes: 0,
  };
  const out = { shape: [5], dtype: f } as const;
  return intern("call", [x], params, outs === 1 ? [out] : [out, out], `${params.fn.id}`);
};

test("call runs the function block by block", async () => {
  const text = `(block, { params, offset, blockId, shape }) => {
    const data = new Float64Array(shape[0]);
    for (let i = 0; i < shape[0]; i++) {
      data[i] = block.get(i) * params.factor + 100 * offset[0] + 1000 * blockId[0];
    }
    block.set(0, -1); // a private copy
    return { data, shape };
  }`;
  const x = counting([5]);
  const node = callOver(x, text);
  expect(await values(node)).toEqual([0, 2, 1204, 1206, 2408]);
  expect(await values(x)).toEqual([0, 1, 2, 3, 4]);
});

test("pick takes one of several outputs", async () => {
  const node = callOver(
    counting([5]),
    "(b) => [b.data.map((v) => v + 1), { data: b.data, shape: b.shape, stride: [-1], offset: b.shape[0] - 1 }]",
    2,
  );
  const pick = intern("pick", [node], { port: 1 }, [{ shape: [5], dtype: f }], "1");
  expect(await values(pick)).toEqual([1, 0, 3, 2, 4]);
});

test.each([
  ["() => { throw new Error('no'); }", /twice threw: no \(block 0\)/],
  [
    "() => ({ data: new Float64Array(3), shape: [3] })",
    /shape \[3\].*expected float64 of shape \[2\]/,
  ],
  ["() => new Float32Array(2)", /another dtype/],
  ["() => 5", /5, which is not a block/],
  ["({ data }) => data.subarray(0, 1)", /less data/],
])("a wrong function %s is a TaskError", async (text, message) => {
  const failure = evaluate([callOver(counting([5]), text)]);
  await expect(failure).rejects.toThrow(message);
  await expect(failure).rejects.toMatchObject({ functionName: "twice", blockIndex: [0] });
  await expect(failure).rejects.toBeInstanceOf(TaskError);
});

test("an own callFunction replaces evaluation of the text", async () => {
  const node = callOver(counting([5]), "not even a function");
  const [out] = await evaluate([node], {
    callFunction: (_fn, [block]) => block?.data.slice().fill(7 as never),
  });
  expect([...(out?.data ?? [])]).toEqual([7, 7, 7, 7, 7]);
});

test("an aborted signal stops with an AbortError that holds the reason", async () => {
  const failure = evaluate([counting([2])], { signal: AbortSignal.abort("enough") });
  await expect(failure).rejects.toMatchObject({ cause: "enough" });
  await expect(failure).rejects.toBeInstanceOf(AbortError);
});

test("a kind without a rule is named", async () => {
  const x = counting([2]);
  const node = intern("contract", [x, x], { labels: ["i", "i"] }, [{ shape: [], dtype: f }], "");
  await expect(evaluate([node])).rejects.toThrow("no rule for contract nodes");
  await expect(evaluate([node])).rejects.toBeInstanceOf(InternalError);
});

test("a chain of 20,000 nodes is no deeper than one of ten", async () => {
  let node = counting([1]);
  for (let i = 0; i < 20_000; i++) node = map(call("add", f, arg(0, f), constant(1, f)), [1], node);
  expect(await values(node)).toEqual([20_000]);
});
