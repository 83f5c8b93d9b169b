/** Chunks that are not stored: readers tell how many there were, and leave alone what holds nothing else. */
import * as path from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type CreateOptions,
  createZarrArray,
  memoryStore,
  openZarrArray,
  type Store,
} from "../../dist/io/index.js";
import { cutsCount, pieceAt, piecesIn } from "../../dist/ir/cuts.js";
import { type DType, viewOf } from "../../dist/ir/dtype.js";
import { elementCount, ravel, rowMajorStrides, unravel } from "../../dist/ir/index-map.js";
import { bytesOf, readBox, signal, temporaryFolder, writeAll } from "./helpers.js";

const folder = temporaryFolder();
let count = 0;

/** Answers later. */
function slowStore(): Store {
  const values = memoryStore();
  return {
    get: async (key) => values.get(key),
    getRange: async (key, range) => values.getRange(key, range),
    set: async (key, value) => values.set(key, value),
    delete: async (key) => values.delete(key),
    list: async (prefix) => values.list(prefix),
  };
}

const STORES = {
  directory: () => path.join(folder, `store${count++}.zarr`),
  memory: memoryStore,
  slow: slowStore,
} as const;
const SHAPE = [13, 17];
const CHUNKS = [3, 4];
const FILLS: readonly (readonly [DType, number | bigint | boolean])[] = [
  ["float64", Number.NaN],
  ["float32", -0],
  ["int16", -3],
  ["uint64", 2n ** 64n - 1n],
  ["bool", true],
];
const LAYOUTS: readonly Partial<CreateOptions>[] = [
  { codecs: "raw" },
  { codecs: "zstd" },
  { codecs: "raw", shards: [6, 8] },
  { codecs: "zstd", shards: [6, 8] },
];

interface Case {
  readonly store: keyof typeof STORES;
  readonly layout: Partial<CreateOptions>;
  readonly fill: (typeof FILLS)[number];
  readonly holes: readonly boolean[];
  readonly box: readonly (readonly [number, number])[];
  readonly lazily: boolean;
}

const interval = (n: number): fc.Arbitrary<readonly [number, number]> =>
  fc
    .tuple(fc.integer({ min: 0, max: n }), fc.integer({ min: 0, max: n }))
    .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
const cases: fc.Arbitrary<Case> = fc.record({
  store: fc.constantFrom(...(Object.keys(STORES) as (keyof typeof STORES)[])),
  layout: fc.constantFrom(...LAYOUTS),
  fill: fc.constantFrom(...FILLS),
  holes: fc.constantFrom(0.5, 0.9, 1).chain((p) =>
    fc.array(
      fc.double({ min: 0, max: 1, noNaN: true }).map((v) => v < p),
      { minLength: 25, maxLength: 25 },
    ),
  ),
  box: fc.tuple(interval(SHAPE[0] as number), interval(SHAPE[1] as number)),
  lazily: fc.boolean(),
});

/** An array of which only the chunks that are no holes hold anything but the fill value; 0xa5 is no fill value's. */
async function written({ store, layout, fill: [dtype, fillValue], holes }: Case) {
  const place = STORES[store]();
  const options: CreateOptions = {
    path: "x",
    shape: SHAPE,
    dtype,
    chunks: CHUNKS,
    fillValue,
    mode: "create",
    ...layout,
  };
  const { binding: empty } = await open(place, options);
  const grid = empty.chunks.map(cutsCount);
  const n = elementCount(SHAPE);
  const data = await readBox(empty.reader, dtype, [0, 0], SHAPE);
  const isHole = (at: readonly number[]): boolean => holes[ravel(at, grid)] === true;
  for (let i = 0; i < n; i++) {
    const at = unravel(i, SHAPE).map((p, a) => pieceAt(empty.chunks[a] as never, p));
    if (!isHole(at)) data[i] = (dtype === "bool" ? 0 : dtype === "uint64" ? 7n : i % 100) as never;
  }
  const sink = await createZarrArray(place, { ...options, mode: "overwrite" });
  if (layout.shards !== undefined) await writeAll(sink, data);
  else {
    const stride = rowMajorStrides(SHAPE);
    for (let k = 0; k < elementCount(grid); k++) {
      const at = unravel(k, grid);
      if (isHole(at)) continue;
      const lo = at.map((p, a) => p * (CHUNKS[a] as number));
      const shape = lo.map((v, a) => Math.min(CHUNKS[a] as number, (SHAPE[a] as number) - v));
      const offset = lo.reduce((s, v, a) => s + v * (stride[a] as number), 0);
      await sink.writer.writeChunk(at, { data, shape, stride, offset }, signal);
    }
  }
  return { ...(await openZarrArray(place, { path: "x" })), isHole };
}

async function open(place: string | Store, options: CreateOptions) {
  await createZarrArray(place, options);
  return openZarrArray(place, { path: options.path as string });
}

describe("missing chunks", () => {
  test("are counted, and of a region without others only the first element is written", async () => {
    let uniform = 0;
    await fc.assert(
      fc.asyncProperty(cases, async (c) => {
        const { binding, isHole } = await written(c);
        const { reader, dtype, chunks } = binding;
        const lo = c.box.map(([a]) => a);
        const hi = c.box.map(([, b]) => b);
        const shape = hi.map((h, i) => h - (lo[i] as number));
        const n = elementCount(shape);
        const want = bytesOf(await readBox(reader, dtype, lo, hi));
        const data = viewOf(dtype, new SharedArrayBuffer((n + 1) * 16), 0, n);
        const got = new Uint8Array(data.buffer).fill(0xa5);
        const target = { data, shape, stride: rowMajorStrides(shape), offset: 0 };
        const found = await reader.readSparse?.({ lo, hi }, target, c.lazily, signal);
        let [missing, touched] = [0, 0];
        if (n > 0) {
          const [rows, columns] = chunks.map((cuts, i) =>
            piecesIn(cuts, lo[i] as number, hi[i] as number),
          ) as [readonly [number, number], readonly [number, number]];
          for (let a = rows[0]; a <= rows[1]; a++)
            for (let b = columns[0]; b <= columns[1]; b++) {
              touched++;
              if (isHole([a, b])) missing++;
            }
        }
        expect(found).toEqual({ missing, uniform: c.lazily && n > 0 && missing === touched });
        const size = want.length / Math.max(1, n);
        const done = found?.uniform === true ? size : want.length;
        expect(Buffer.compare(got.subarray(0, done), want.subarray(0, done))).toBe(0);
        if (found?.uniform !== true) return;
        uniform++;
        expect(got.subarray(done).every((byte) => byte === 0xa5)).toBe(true);
        for (let i = 1; i < n; i++)
          expect(
            Buffer.compare(want.subarray(i * size, (i + 1) * size), want.subarray(0, size)),
          ).toBe(0);
      }),
      { seed: 20261127, numRuns: 250 },
    );
    expect(uniform).toBeGreaterThan(20);
  });
});
