/**
 * Stores written by TensorStore and numcodecs (`test/fixtures/zarr/make.py`): every codec, dtype, order and byte
 * order, whole and in every small box; the expected elements are that script's formula.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { openReader, openZarrArray, prepareCodecs } from "../../dist/io/index.js";
import { type DType, itemSize, kindOf, slotsPerElement } from "../../dist/ir/dtype.js";
import { readAll, readBox } from "./helpers.js";

const STORES = fileURLToPath(new URL("../fixtures/zarr/stores", import.meta.url));
const names = fs.readdirSync(STORES).sort();

function element(name: string, dtype: DType, i: number, j: number): (number | bigint)[] {
  const missing =
    name.endsWith("_missing") &&
    (name.includes("shard") ? i >= 5 && i < 10 && j >= 4 && j < 8 : i >= 8 && j >= 6);
  if (missing) return [77];
  const v = (31 * i + 7 * j) % 120;
  const kind = kindOf(dtype);
  if (kind === "bool") return [v % 3 === 0 ? 1 : 0];
  if (kind === "complex") return [v / 4, -v];
  if (kind === "float") return [v / 4];
  const base = kind === "int" ? v - 60 : v;
  return [itemSize(dtype) === 8 ? BigInt(base) * 2n ** 40n + 1n : base];
}

function expected(
  name: string,
  dtype: DType,
  lo: readonly number[],
  hi: readonly number[],
): unknown[] {
  const out: unknown[] = [];
  for (let i = lo[0] as number; i < (hi[0] as number); i++) {
    for (let j = lo[1] as number; j < (hi[1] as number); j++)
      out.push(...element(name, dtype, i, j));
  }
  return out;
}
/** Integers and -0 compare as numbers do. */
const plain = (data: Iterable<number | bigint>): unknown[] =>
  [...data].map((v) => (v === 0 ? 0 : v));

test("the fixtures are there", () => expect(names.length).toBeGreaterThanOrEqual(78));

for (const name of names) {
  test(name, async () => {
    const folder = path.join(STORES, name);
    const { binding, version } = await openZarrArray(folder);
    expect(version).toBe(name.startsWith("v3") ? 3 : 2);
    const { shape, dtype } = binding as unknown as { shape: [number, number]; dtype: DType };
    const want = plain(expected(name, dtype, [0, 0], shape) as number[]);
    expect(plain(await readAll(binding))).toEqual(want);

    // From a description, and from a store that answers later, with ranges and without.
    await prepareCodecs(binding.description);
    const reader = openReader(structuredClone(binding.description) as never);
    const later = {
      get: async (key: string) => {
        const file = path.join(folder, key);
        return fs.existsSync(file) ? new Uint8Array(fs.readFileSync(file)) : undefined;
      },
    };
    const ranged = {
      ...later,
      getRange: async (
        key: string,
        range: { offset: number; length: number } | { suffixLength: number },
      ) => {
        const all = await later.get(key);
        if (all === undefined) return undefined;
        return "suffixLength" in range
          ? all.subarray(Math.max(0, all.length - range.suffixLength))
          : all.subarray(range.offset, range.offset + range.length);
      },
    };
    const others = [
      (await openZarrArray(later)).binding.reader,
      (await openZarrArray(ranged)).binding.reader,
    ];
    let n = 0;
    const next = (): number => {
      n = (n * 7 + 3) % 1009;
      return n;
    };
    for (const r of [reader, ...others]) {
      for (let box = 0; box < 10; box++) {
        const lo = shape.map((extent) => next() % extent);
        const hi = shape.map((extent, a) => {
          const start = lo[a] as number;
          return start + 1 + (next() % (extent - start));
        });
        const got = await readBox(r, dtype, lo, hi);
        expect(plain(got)).toEqual(plain(expected(name, dtype, lo, hi) as number[]));
      }
    }
  });
}

test("targets may be transposed, reversed and spread out", async () => {
  for (const name of names.filter((n) => !n.includes("missing") && n.startsWith("v3"))) {
    const { binding } = await openZarrArray(path.join(STORES, name));
    const [rows, columns] = binding.shape as [number, number];
    const slots = slotsPerElement(binding.dtype);
    const plainData = await readAll(binding);
    const data = new (plainData.constructor as new (n: number) => typeof plainData)(
      rows * columns * 2 * slots,
    );
    // Element (i, j) at 2 * (j * rows + (rows - 1 - i)).
    await binding.reader.readInto(
      { lo: [0, 0], hi: binding.shape },
      { data, shape: binding.shape, stride: [-2, 2 * rows], offset: 2 * (rows - 1) },
      new AbortController().signal,
    );
    for (let i = 0; i < rows; i += 3) {
      for (let j = 0; j < columns; j += 2) {
        const at = 2 * (j * rows + rows - 1 - i) * slots;
        const want = expected(name, binding.dtype, [i, j], [i + 1, j + 1]) as number[];
        expect(plain(data.subarray(at, at + slots))).toEqual(plain(want));
      }
    }
  }
});
