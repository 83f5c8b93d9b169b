/** Real data: every store of the codecs family against what NumPy says, whole and in random boxes. */
import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, test } from "vitest";
import { describeStore, openZarrArray } from "../../dist/io/index.js";
import { slotsPerElement } from "../../dist/ir/dtype.js";
import { bytesOf, readAll, readBox, readNpy, sliceOf } from "./helpers.js";

const DATA = process.env["CHUNKWISE_DATA"] ?? path.resolve("../shared/data");
const CASES = path.join(DATA, "cases.json");

interface Case {
  id: string;
  stores: string[];
  expected: string;
}
const cases: Case[] = fs.existsSync(CASES)
  ? (JSON.parse(fs.readFileSync(CASES, "utf8")) as { cases: Case[] }).cases.filter((c) =>
      c.stores.every((s) => s.startsWith("codecs/")),
    )
  : [];

function* boxes(shape: readonly number[]): Generator<[number[], number[]]> {
  let seed = 12345;
  const random = (n: number): number => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return Math.floor((seed / 2 ** 31) * n);
  };
  for (let i = 0; i < 12; i++) {
    const lo = shape.map((n) => random(n));
    yield [lo, shape.map((n, a) => (lo[a] as number) + 1 + random(n - (lo[a] as number)))];
  }
}

describe.skipIf(cases.length === 0)("real stores (CHUNKWISE_DATA)", () => {
  for (const c of cases) {
    for (const store of c.stores) {
      test(store, async () => {
        const expected = readNpy(path.join(DATA, c.expected));
        const { binding } = await openZarrArray(path.join(DATA, "stores", store));
        expect(binding.shape).toEqual(expected.shape);
        expect(binding.dtype).toBe(expected.dtype);
        const all = await readAll(binding);
        expect(bytesOf(all).equals(bytesOf(expected.data))).toBe(true);
        const slots = slotsPerElement(binding.dtype);
        for (const [lo, hi] of boxes(binding.shape)) {
          const got = await readBox(binding.reader, binding.dtype, lo, hi);
          expect([...got]).toEqual(sliceOf(expected.data, slots, expected.shape, lo, hi));
        }
      });
    }
  }

  test("packed arrays report how they are packed, in v2 and v3", async () => {
    const packed = {
      scaleFactor: 0.0003948951232108251,
      addOffset: 278.6193093883759,
      fillValues: [-32767],
      reinterpret: undefined,
    };
    for (const store of ["t2m_v2_packed_gzip.zarr", "t2m_v3_packed_sharded.zarr"]) {
      const t2m = await openZarrArray(path.join(DATA, "stores", store), { path: "t2m" });
      expect(t2m.packing).toEqual(packed);
      expect(t2m.dtype).toBe("int16");
      expect(t2m.dimensionNames).toEqual(["time", "latitude", "longitude"]);
      const raw = await openZarrArray(path.join(DATA, "stores", store), {
        path: "t2m",
        decode: false,
      });
      expect(raw.packing).toBeUndefined();
    }
  });

  test("a store describes itself, consolidated or not", async () => {
    for (const store of ["sst_v3_zstd.zarr", "sst_v2_blosc.zarr", "sst_v3_sharded.zarr"]) {
      const root = await describeStore(path.join(DATA, "stores", store));
      expect(root.kind).toBe("group");
      const names = root.kind === "group" ? root.children.map((c) => c.path) : [];
      expect(names).toContain("sst");
      expect(names).toContain("time");
    }
  });
});
