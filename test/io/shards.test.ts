/** Sharded arrays that we write: read back by ourselves and by zarrita; what is left out, kept, and never half there. */
import * as fs from "node:fs";
import * as path from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as zarr from "zarrita";
import {
  type CreateOptions,
  createZarrArray,
  directoryStore,
  existingZarrArray,
  memoryStore,
  openZarrArray,
  type Store,
} from "../../dist/io/index.js";
import { memoryBlob } from "../../dist/io/zarr/blob.js";
import { parseV3 } from "../../dist/io/zarr/metadata-v3.js";
import { readIndex } from "../../dist/io/zarr/shard.js";
import { DTYPES, type DType, itemSize, type TypedArray, viewOf } from "../../dist/ir/dtype.js";
import { elementCount, rowMajorStrides } from "../../dist/ir/index-map.js";
import { bytesOf, filesIn, readAll, sample, signal, temporaryFolder, writeAll } from "./helpers.js";

const folder = temporaryFolder();
let count = 0;
const fresh = (): string => path.join(folder, `store${count++}.zarr`);

/** Answers later, and cannot read ranges: all of a shard, or nothing. */
function slowStore(): Store {
  const values = memoryStore();
  return {
    get: async (key) => values.get(key),
    set: async (key: `/${string}`, value: Uint8Array) => values.set(key, value),
    delete: async (key: `/${string}`) => values.delete(key),
    list: async (prefix: `/${string}`) => values.list(prefix),
  };
}

const STORES = {
  directory: fresh,
  memory: memoryStore,
  map: () => new Map<string, Uint8Array>(),
  slow: slowStore,
} as const;

const CODECS: readonly NonNullable<CreateOptions["codecs"]>[] = [
  "raw",
  "zstd",
  "gzip",
  "blosc",
  ["zstd", "crc32c"],
  "crc32c",
];

/** Row-major elements with a box of others in it. */
function overlaid(
  data: TypedArray,
  shape: readonly number[],
  lo: readonly number[],
  hi: readonly number[],
  patch: TypedArray,
  size: number,
): Buffer {
  const out = Buffer.from(bytesOf(data));
  const from = bytesOf(patch);
  const extents = hi.map((h, i) => h - (lo[i] as number));
  const [stride, own] = [rowMajorStrides(shape), rowMajorStrides(extents)];
  for (let n = 0; n < elementCount(extents); n++) {
    let to = 0;
    own.forEach((s, i) => {
      const p = Math.floor(n / s) % (extents[i] as number);
      to += (p + (lo[i] as number)) * (stride[i] as number);
    });
    from.copy(out, to * size, n * size, (n + 1) * size);
  }
  return out;
}

const axis = fc.record({
  extent: fc.integer({ min: 1, max: 13 }),
  chunk: fc.integer({ min: 1, max: 5 }),
  perShard: fc.integer({ min: 1, max: 4 }),
  from: fc.double({ min: 0, max: 1, noNaN: true }),
  to: fc.double({ min: 0, max: 1, noNaN: true }),
});

const cases = fc.record({
  axes: fc.array(axis, { minLength: 0, maxLength: 3 }),
  dtype: fc.constantFrom(...DTYPES),
  codecs: fc.constantFrom(...CODECS),
  transposed: fc.boolean(),
  big: fc.boolean(),
  indexLocation: fc.constantFrom("start" as const, "end" as const),
  store: fc.constantFrom(...(Object.keys(STORES) as (keyof typeof STORES)[])),
  /** Elements up to here hold the fill value. */
  empty: fc.double({ min: 0, max: 1, noNaN: true }),
});

/** For zarrita, which reads shards by ranges only, and wants them aligned. */
function ranged(given: Store | string): zarr.AsyncReadable {
  const store: Store = typeof given === "string" ? directoryStore(given) : given;
  return {
    get: async (key) => store.get(key),
    getRange: async (key, range) => {
      const bytes = await store.get(key);
      return "offset" in range
        ? bytes?.slice(range.offset, range.offset + range.length)
        : bytes?.slice(-range.suffixLength);
    },
  };
}

async function expectBoth(
  store: Store | string,
  { dtype, indexLocation }: { readonly dtype: DType; readonly indexLocation: "start" | "end" },
  expected: Buffer,
  why: string,
): Promise<void> {
  const { binding } = await openZarrArray(store, { path: "a" });
  expect(bytesOf(await readAll(binding)).equals(expected), `ours: ${why}`).toBe(true);
  // zarrita knows no complex numbers, and looks for every index at the end.
  if (dtype.startsWith("complex") || indexLocation === "start") return;
  const theirs = await zarr.open(zarr.root(ranged(store)).resolve("a"), { kind: "array" });
  const got = (await zarr.get(theirs)) as unknown;
  const isArray = typeof got === "object" && got !== null && "data" in got;
  const { data, stride } = isArray
    ? (got as { data: Iterable<unknown>; stride: number[] })
    : { data: [got], stride: [] };
  // What is stored transposed is delivered transposed, and says so.
  const theirsFlat = [...data];
  const own = rowMajorStrides(theirs.shape);
  const flat = theirsFlat.map((_, n) => {
    const at = own.map((s, i) => Math.floor(n / s) % (theirs.shape[i] as number));
    return theirsFlat[at.reduce((sum, p, i) => sum + p * (stride[i] as number), 0)];
  });
  const wanted = viewOf(
    dtype,
    new Uint8Array(expected).buffer,
    0,
    expected.length / itemSize(dtype),
  );
  const plain = flat.map((v) => (typeof v === "boolean" ? Number(v) : v));
  expect(plain, `zarrita: ${why}`).toEqual([...wanted]);
}

test("what is written is read back, by ourselves and by zarrita; and so is a part that is written into it", async () => {
  await fc.assert(
    fc.asyncProperty(cases, async (c) => {
      const { dtype, axes } = c;
      const shape = axes.map((a) => a.extent);
      const chunks = axes.map((a) => a.chunk);
      const store = STORES[c.store]();
      const size = itemSize(dtype);
      const wide = size > 1 && c.big && c.codecs !== "blosc";
      const sink = await createZarrArray(store, {
        path: "a",
        shape,
        dtype,
        chunks,
        shards: {
          shape: axes.map((a) => a.chunk * a.perShard),
          indexLocation: c.indexLocation,
        },
        codecs: [
          ...(c.transposed ? [{ name: "transpose", order: axes.map((_, i) => i).reverse() }] : []),
          { name: "bytes", ...(wide && { endian: "big" }) },
          ...(Array.isArray(c.codecs) ? c.codecs : [c.codecs]),
        ],
      });
      const data = sample(dtype, shape);
      bytesOf(data).fill(0, 0, size * Math.floor(c.empty * elementCount(shape)));
      await writeAll(sink, data);
      await expectBoth(store, c, bytesOf(data), "all of it");
      const array = await existingZarrArray(store, "a");
      try {
        const lo = axes.map((a) => Math.floor(a.from * (a.extent - 1)));
        const hi = axes.map((a, i) => {
          const least = (lo[i] as number) + 1;
          return least + Math.floor(a.to * (a.extent - least));
        });
        const extents = hi.map((h, i) => h - (lo[i] as number));
        const patch = sample(dtype, extents);
        if (c.empty > 0.5) bytesOf(patch).fill(0);
        const part = array.sink(shape, lo, hi);
        await writeAll(part, patch);
        const expected = overlaid(data, shape, lo, hi, patch, size);
        await expectBoth(store, c, expected, "a part");
        // A task that is repeated changes nothing.
        await writeAll(part, patch);
        await expectBoth(store, c, expected, "twice");
      } finally {
        array.release();
      }
    }),
    { numRuns: 150, seed: 20261127 },
  );
}, 60_000);

/** Which inner chunks a shard of the array at the root of a folder has. */
function present(root: string, key: string, positions: readonly (readonly number[])[]): boolean[] {
  const { metadata } = parseV3(JSON.parse(fs.readFileSync(path.join(root, "zarr.json"), "utf8")));
  const { layout } = metadata;
  const blob = memoryBlob(new Uint8Array(fs.readFileSync(path.join(root, key))));
  const index = readIndex(blob, layout, layout.shard as never);
  return positions.map((p) => (index as (p: readonly number[]) => unknown)(p) !== undefined);
}

const FOUR = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
] as const;

describe("inner chunks", () => {
  const options: CreateOptions = {
    shape: [7, 6],
    dtype: "float32",
    chunks: [2, 3],
    shards: [4, 6],
    fillValue: 1,
  };
  const ones = (): Float32Array => new Float32Array(42).fill(1);

  test("of nothing but the fill value, and outside of the array, are left out; the shard is there", async () => {
    const root = fresh();
    const data = ones();
    data[3] = 5;
    await writeAll(await createZarrArray(root, options), data);
    expect(filesIn(root).sort()).toEqual(["c/0/0", "c/1/0", "zarr.json"]);
    expect(present(root, "c/0/0", FOUR)).toEqual([false, true, false, false]);
    // An index of four entries with its checksum, and nothing else.
    expect(present(root, "c/1/0", FOUR)).toEqual([false, false, false, false]);
    expect(fs.statSync(path.join(root, "c/1/0")).size).toBe(4 * 16 + 4);
    const { binding } = await openZarrArray(root);
    expect([...(await readAll(binding))]).toEqual([...data]);
  });

  test("that lie at an edge are compared without what is outside", async () => {
    const root = fresh();
    const data = ones();
    data[6 * 6 + 1] = 2;
    await writeAll(await createZarrArray(root, { ...options, fillValue: 0 }), data);
    // Row 6 is in the second chunk of the second shard; row 7 does not exist.
    expect(present(root, "c/1/0", FOUR)).toEqual([true, true, true, true]);
    await writeAll(await createZarrArray(root, { ...options, mode: "overwrite" }), data);
    expect(present(root, "c/1/0", FOUR)).toEqual([false, false, true, false]);
  });

  test.each([
    ["-0 is not 0", 0, -0],
    ["a NaN with a payload is not the NaN", "NaN", "0x7fc00001"],
  ])("%s", async (_, fillValue, other) => {
    const root = fresh();
    const data = new Float32Array(42);
    const bits = new DataView(data.buffer);
    const value = typeof other === "string" ? Number(other) : 0x80000000;
    for (let i = 0; i < 42; i++) bits.setUint32(4 * i, value, true);
    await writeAll(await createZarrArray(root, { ...options, fillValue }), data);
    expect(present(root, "c/0/0", FOUR)).toEqual([true, true, true, true]);
    const { binding } = await openZarrArray(root);
    expect(bytesOf(await readAll(binding)).equals(bytesOf(data))).toBe(true);
  });

  test("that a part makes empty vanish, those that it does not touch stay as they are, byte for byte", async () => {
    const root = fresh();
    const data = sample("float32", [7, 6]);
    await writeAll(await createZarrArray(root, options), data);
    const before = fs.readFileSync(path.join(root, "c/0/0"));
    const array = await existingZarrArray(root, undefined);
    await writeAll(array.sink([7, 6], [0, 0], [2, 3]), new Float32Array(6).fill(1));
    array.release();
    expect(present(root, "c/0/0", FOUR)).toEqual([false, true, true, true]);
    const after = fs.readFileSync(path.join(root, "c/0/0"));
    const length = before.length - 68;
    // The chunks have one length each: the first is gone, and the others moved up.
    const index = new DataView(before.buffer, before.byteOffset + length, 64);
    const first = Number(index.getBigUint64(8, true));
    expect(after.subarray(0, after.length - 68).equals(before.subarray(first, length))).toBe(true);
  });

  test("that are damaged are told when a part needs them, and the shard stays", async () => {
    const root = fresh();
    await writeAll(await createZarrArray(root, options), sample("float32", [7, 6]));
    const file = path.join(root, "c/0/0");
    const damaged = fs.readFileSync(file);
    damaged[2] = (damaged[2] as number) ^ 0xff;
    fs.writeFileSync(file, damaged);
    const array = await existingZarrArray(root, undefined);
    const cut = array.sink([7, 6], [0, 0], [1, 1]);
    const one = { data: new Float32Array(1), shape: [1, 1], stride: [1, 1], offset: 0 };
    await expect(async () => cut.writer.writeChunk([0, 0], one, signal)).rejects.toThrow(
      /^array store\d+\.zarr, chunk \/c\/0\/0: damaged zstd data/,
    );
    array.release();
    expect(fs.readFileSync(file).equals(damaged)).toBe(true);
    expect(filesIn(root).sort()).toEqual(["c/0/0", "c/1/0", "zarr.json"]);
  });
});

describe("codecs around the shard", () => {
  test("of a foreign array are kept when parts of it are written", async () => {
    for (const root of [fresh(), memoryStore()]) {
      const store = typeof root === "string" ? directoryStore(root) : root;
      const sink = await createZarrArray(store, {
        shape: [8, 6],
        dtype: "int16",
        chunks: [2, 3],
        shards: [4, 6],
      });
      const key = "/zarr.json";
      const document = JSON.parse(Buffer.from(store.get(key) as Uint8Array).toString());
      document.codecs.unshift({ name: "transpose", configuration: { order: [1, 0] } });
      document.codecs[1].configuration.chunk_shape = [3, 2];
      document.codecs[1].configuration.index_codecs = [
        { name: "bytes", configuration: { endian: "big" } },
      ];
      document.codecs.push({ name: "gzip", configuration: { level: 5 } }, { name: "crc32c" });
      store.set(key, Buffer.from(JSON.stringify(document)));
      const array = await existingZarrArray(store, undefined);
      const data = sample("int16", [8, 6]);
      await writeAll(array.sink(sink.shape, [0, 0], [8, 6]), data);
      const patch = Int16Array.of(-1, -2, -3, -4);
      await writeAll(array.sink(sink.shape, [3, 2], [5, 4]), patch);
      array.release();
      // The first byte of gzip: the shard as a whole is compressed.
      expect((store.get("/c/0/0") as Uint8Array)[0]).toBe(0x1f);
      const { binding } = await openZarrArray(store);
      const expected = overlaid(data, [8, 6], [3, 2], [5, 4], patch, 2);
      expect(bytesOf(await readAll(binding)).equals(expected)).toBe(true);
    }
  });
});

describe("a shard is there whole, or not at all", () => {
  const options: CreateOptions = { shape: [4], dtype: "int32", chunks: [1], shards: [4] };
  const data = Int32Array.of(1, 2, 3, 4);
  const elements = { data, shape: [4], stride: [1], offset: 0 };

  test("it goes into a temporary file, chunk by chunk", async () => {
    const root = fresh();
    const sink = await createZarrArray(root, { ...options, codecs: "raw" });
    const seen: string[][] = [];
    // Asked between any two chunks.
    const watching = {
      get aborted(): boolean {
        seen.push(filesIn(root).map((f) => f.replace(/\d+-\d+-\d+\.tmp$/, "tmp")));
        return false;
      },
    } as AbortSignal;
    await sink.writer.writeChunk([0], elements, watching);
    const during = ["c/.chunkwise-tmp", "zarr.json"];
    expect(seen.map((files) => files.sort())).toEqual([
      ["zarr.json"],
      during,
      during,
      during,
      during,
    ]);
    expect(filesIn(root).sort()).toEqual(["c/0", "zarr.json"]);
  });

  test("an abort in the middle leaves what was there", async () => {
    const root = fresh();
    const sink = await createZarrArray(root, options);
    await sink.writer.writeChunk([0], elements, signal);
    const before = fs.readFileSync(path.join(root, "c/0"));
    let asked = 0;
    const aborting = {
      get aborted(): boolean {
        return ++asked > 3;
      },
    } as AbortSignal;
    await expect(async () => sink.writer.writeChunk([0], elements, aborting)).rejects.toThrow(
      /abort/i,
    );
    expect(filesIn(root).sort()).toEqual(["c/0", "zarr.json"]);
    expect(fs.readFileSync(path.join(root, "c/0")).equals(before)).toBe(true);
  });

  test("what a killed process was writing is no shard, and goes with the next start", async () => {
    const root = fresh();
    await createZarrArray(root, options);
    // A number that no process has.
    const left = path.join(root, "c", ".chunkwise-4194999-0-0.tmp");
    fs.mkdirSync(path.dirname(left), { recursive: true });
    fs.writeFileSync(left, "half");
    const store = directoryStore(root);
    expect([...store.list("/")]).toEqual(["/zarr.json"]);
    const { binding } = await openZarrArray(root);
    expect([...(await readAll(binding))]).toEqual([0, 0, 0, 0]);
    await createZarrArray(root, { ...options, mode: "overwrite" });
    expect(fs.existsSync(left)).toBe(false);
  });

  test("a store that keeps what it is given keeps the shard and no more", async () => {
    const store = new Map<string, Uint8Array>();
    await writeAll(await createZarrArray(store, options), data);
    const kept = store.get("/c/0") as Uint8Array;
    expect(kept.buffer.byteLength).toBe(kept.length);
  });
});

test("what writing takes beside the block is one chunk and the index, not a shard, where the store is a folder", async () => {
  const options = {
    dtype: "float64",
    shape: [4096, 512],
    chunks: [64, 512],
    codecs: "crc32c",
  } as const;
  const shards = [4096, 512];
  const chunk = 64 * 512 * 8;
  const folderSink = await createZarrArray(fresh(), { ...options, shards });
  const plain = await createZarrArray(fresh(), options);
  expect(folderSink.scratchBytes - plain.scratchBytes).toBe(64 * 16 + 4);
  expect(folderSink.scratchBytes).toBeLessThan(5 * chunk);
  const memory = await createZarrArray(memoryStore(), { ...options, shards });
  // Collected, and handed over.
  expect(memory.scratchBytes).toBeGreaterThan(2 * 64 * chunk);
});
