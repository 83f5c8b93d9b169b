/** Contractions have the bits of the reference, whatever the blocks of kept axes, workers and budget. */
import { afterAll, describe, expect, it } from "vitest";
import * as cw from "../../dist/index.js";
import { evaluate, type ReferenceArray } from "../../dist/kernels/reference/index.js";

afterAll(() => cw.shutdown());

type Float = "float32" | "float64";

function values(n: number, seed: number): Float64Array<ArrayBuffer> {
  const out = new Float64Array(n);
  let state = seed;
  for (let i = 0; i < n; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    out[i] = (state / 2 ** 32 - 0.5) * 10 ** (state % 5);
  }
  return out;
}

function array(
  shape: readonly number[],
  dtype: Float,
  chunks: readonly number[],
  seed: number,
): cw.LazyArray {
  const n = shape.reduce((a, b) => a * b, 1);
  const data = dtype === "float32" ? Float32Array.from(values(n, seed)) : values(n, seed);
  return cw.asarray(data, { shape, chunks });
}

const bytesOf = (x: {
  readonly buffer: ArrayBufferLike;
  readonly byteLength: number;
}): Uint8Array => new Uint8Array(x.buffer as ArrayBuffer, 0, x.byteLength);

const wanted = new Map<unknown, ReferenceArray>();

async function expectReference(
  x: cw.LazyArray,
  options: cw.ComputeOptions,
  note: string,
): Promise<Uint8Array> {
  const want = wanted.get(x.node) ?? (await evaluate([x.node]))[0];
  if (want !== undefined) wanted.set(x.node, want);
  const got = bytesOf((await x.compute(options)).data as Float64Array);
  expect(Buffer.compare(got, bytesOf(want?.data as Float64Array)), note).toBe(0);
  return got;
}

const RUNS: readonly cw.ComputeOptions[] = [
  { executor: "inline" },
  { executor: "inline", memory: "1MiB" },
  { executor: "threads", workers: 1 },
  { executor: "threads", workers: 2, memory: "4MiB" },
];

describe("matrix products", () => {
  for (const dtype of ["float32", "float64"] as const)
    it(`${dtype}: blocks of rows and columns, workers and budgets do not show`, async () => {
      const [m, n, k] = [101, 83, 150];
      let first: Uint8Array | undefined;
      for (const [rows, columns] of [
        [101, 83],
        [40, 83],
        [17, 32],
        [64, 5],
      ] as const) {
        const a = array([m, k], dtype, [rows, 70], 1);
        const b = array([k, n], dtype, [70, columns], 2);
        for (const options of RUNS) {
          const note = `${rows} x ${columns} ${JSON.stringify(options)}`;
          const got = await expectReference(cw.matmul(a, b), options, note);
          first ??= got;
          expect(Buffer.compare(got, first), note).toBe(0);
        }
      }
    });

  it("fused with what is around them, side by side, and in other forms", async () => {
    const a = array([50, 90], "float32", [32, 90], 3);
    const b = array([90, 40], "float32", [64, 40], 4);
    const batch = array([6, 30, 70], "float64", [4, 30, 70], 5);
    const other = array([70, 20], "float64", [70, 20], 6);
    const cases = {
      bias: cw.maximum(cw.add(cw.matmul(a, b), 1), 0),
      before: cw.matmul(cw.subtract(a, 2), cw.multiply(b, 3)),
      gram: cw.matmul(a, a.T),
      batch: cw.matmul(batch, other),
      pairs: cw.matmul(batch, cw.matrixTranspose(batch)),
      tensordot: cw.tensordot(batch, cw.matrixTranspose(batch), {
        axes: [
          [0, 2],
          [0, 1],
        ],
      }),
      einsum: cw.einsum("pij,pkj->ikp", batch, batch),
      three: cw.einsum("pij,pkj,jl->kl", batch, batch, other),
      vector: cw.matmul(a, array([90], "float32", [90], 7)),
      row: cw.matmul(array([50], "float32", [20], 8), a),
      vecdot: cw.vecdot(batch, batch),
      mixed: cw.matmul(cw.matmul(a, b), array([40, 33], "float64", [40, 33], 9)),
    };
    for (const options of RUNS)
      for (const [name, x] of Object.entries(cases))
        await expectReference(x as cw.LazyArray, options, `${name} ${JSON.stringify(options)}`);
    const both = [cw.matmul(a, b), cw.matmul(cw.negative(a), b)];
    const expected = await evaluate(both.map((x) => x.node));
    const got = await cw.compute(both);
    got.forEach((x, i) => {
      const want = bytesOf(expected[i]?.data as Float32Array);
      expect(Buffer.compare(bytesOf(x.data as Float32Array), want)).toBe(0);
    });
  });

  it("long rows, and nothing at all", async () => {
    for (const dtype of ["float32", "float64"] as const) {
      const x = array([5000], dtype, [5000], 10);
      const y = array([5000], dtype, [1700], 11);
      await expectReference(cw.vecdot(x, y), {}, `vecdot ${dtype}`);
      await expectReference(cw.matmul(x.reshape([5, 1000]), y.reshape([1000, 5])), {}, "thin");
      const none = cw.matmul(cw.zeros([3, 0], { dtype }), cw.zeros([0, 4], { dtype }));
      await expectReference(none, {}, "no products");
      await expectReference(
        cw.matmul(cw.zeros([0, 3], { dtype }), cw.zeros([3, 4], { dtype })),
        {},
        "no rows",
      );
    }
  });
});
