/** Creating arrays: legal documents, modes, groups, wrong options, atomicity. */
import * as fs from "node:fs";
import * as path from "node:path";
import { FileSystemStore } from "@zarrita/storage";
import { describe, expect, test } from "vitest";
import * as zarr from "zarrita";
import {
  type CreateOptions,
  createZarrArray,
  describeStore,
  directoryStore,
  memoryStore,
  openZarrArray,
} from "../../dist/io/index.js";
import { DTYPES, type DType } from "../../dist/ir/dtype.js";
import { base, filesIn, readAll, sample, signal, temporaryFolder, writeAll } from "./helpers.js";

const folder = temporaryFolder();
let count = 0;
const fresh = (): string => path.join(folder, `store${count++}.zarr`);

describe("documents", () => {
  const documentOf = async (options: Partial<CreateOptions>): Promise<Record<string, unknown>> => {
    const root = fresh();
    await createZarrArray(root, base(options));
    return JSON.parse(fs.readFileSync(path.join(root, "zarr.json"), "utf8")) as Record<
      string,
      unknown
    >;
  };

  test("fill_value and codecs are never null or empty", async () => {
    for (const dtype of DTYPES) {
      for (const codecs of ["raw", [], undefined] as const) {
        const document = await documentOf({ dtype, codecs });
        expect(document["fill_value"]).not.toBeNull();
        expect(document["fill_value"]).toBeDefined();
        const names = (document["codecs"] as { name: string }[]).map((c) => c.name);
        expect(names).toContain("bytes");
      }
    }
  });

  test("fill values keep their bits", async () => {
    const max = 2n ** 63n - 1n;
    const table: [DType, CreateOptions["fillValue"], string, unknown][] = [
      ["int64", max, `"fill_value": ${max}`, max],
      ["uint64", 2n ** 64n - 1n, `"fill_value": ${2n ** 64n - 1n}`, 2n ** 64n - 1n],
      ["int64", 5, '"fill_value": 5', 5n],
      ["float32", Number.NaN, '"fill_value": "NaN"', Number.NaN],
      ["float64", Number.NEGATIVE_INFINITY, '"fill_value": "-Infinity"', Number.NEGATIVE_INFINITY],
      ["float32", "0x7fc00000", '"fill_value": "0x7fc00000"', Number.NaN],
      ["float64", -0, '"fill_value": "0x8000000000000000"', -0],
      ["bool", true, '"fill_value": true', 1],
      ["float32", 0.1, `"fill_value": ${Math.fround(0.1)}`, Math.fround(0.1)],
    ];
    for (const [dtype, fillValue, text, element] of table) {
      const root = fresh();
      await createZarrArray(root, base({ dtype, fillValue, shape: [2], chunks: [1] }));
      expect(fs.readFileSync(path.join(root, "zarr.json"), "utf8")).toContain(text);
      const { binding } = await openZarrArray(root);
      expect((await readAll(binding))[0]).toBe(element);
    }
    const root = fresh();
    await createZarrArray(
      root,
      base({ dtype: "complex64", fillValue: [1.5, Number.NaN], shape: [1], chunks: [1] }),
    );
    const { binding } = await openZarrArray(root);
    expect([...(await readAll(binding))]).toEqual([1.5, Number.NaN]);
  });

  test("bigints in attributes are exact, NaN is legal JSON", async () => {
    const root = fresh();
    await createZarrArray(root, base({ attributes: { id: 2n ** 60n + 1n, bad: Number.NaN } }));
    const info = await openZarrArray(root);
    expect(info.attributes).toEqual({ id: 2n ** 60n + 1n, bad: "NaN" });
  });

  test("edge chunks are whole, padded with the fill value", async () => {
    const root = fresh();
    const sink = await createZarrArray(
      root,
      base({ shape: [3], chunks: [2], dtype: "int16", codecs: "raw", fillValue: -7 }),
    );
    await writeAll(sink, Int16Array.of(1, 2, 3));
    const bytes = fs.readFileSync(path.join(root, "c/1"));
    expect([bytes.readInt16LE(0), bytes.readInt16LE(2), bytes.length]).toEqual([3, -7, 4]);
  });
});

describe("modes and groups", () => {
  test("parent groups are created, and found again", async () => {
    const root = fresh();
    await createZarrArray(root, base({ path: "a/b/c" }));
    await createZarrArray(root, base({ path: "a/d" }));
    const tree = await describeStore(root);
    const flat = JSON.stringify(tree, ["kind", "path", "children"]);
    expect(flat).toBe(
      '{"kind":"group","path":"","children":[{"kind":"group","path":"a","children":[{"kind":"group","path":"a/b","children":[{"kind":"array","path":"a/b/c"}]},{"kind":"array","path":"a/d"}]}]}',
    );
  });

  test("create refuses what exists; overwrite replaces it and nothing else", async () => {
    const root = fresh();
    const sink = await createZarrArray(root, base({ path: "g/a", codecs: "raw" }));
    await writeAll(sink, sample("float32", sink.shape));
    const other = await createZarrArray(root, base({ path: "g/ab", codecs: "raw" }));
    await writeAll(other, sample("float32", other.shape));
    fs.writeFileSync(path.join(root, "g/a/notes.txt"), "mine");
    await expect(createZarrArray(root, base({ path: "g/a" }))).rejects.toThrow(
      /existing Zarr array.*mode: "overwrite"/,
    );
    await expect(createZarrArray(root, base({ path: "g", mode: "overwrite" }))).rejects.toThrow(
      /is a Zarr group/,
    );
    await createZarrArray(root, base({ path: "g/a", mode: "overwrite", shape: [2], chunks: [2] }));
    expect(filesIn(path.join(root, "g/a")).sort()).toEqual(["notes.txt", "zarr.json"]);
    expect(filesIn(path.join(root, "g/ab")).length).toBe(10);
  });

  test("overwrite replaces a v2 array and works in Maps", async () => {
    const store = new Map<string, Uint8Array>();
    const put = (key: string, text: string): void => void store.set(key, Buffer.from(text));
    put(
      "/.zarray",
      '{"zarr_format":2,"shape":[2],"chunks":[1],"dtype":"<f4","fill_value":0,"order":"C","filters":null,"compressor":null}',
    );
    put("/0", "abcd");
    await createZarrArray(store, base({ mode: "overwrite" }));
    expect([...store.keys()]).toEqual(["/zarr.json"]);
  });

  test("arrays cannot lie inside arrays or v2 groups", async () => {
    const root = fresh();
    await createZarrArray(root, base({ path: "a" }));
    await expect(createZarrArray(root, base({ path: "a/b" }))).rejects.toThrow(
      /inside the array at "a"/,
    );
    const old = fresh();
    fs.mkdirSync(old);
    fs.writeFileSync(path.join(old, ".zgroup"), '{"zarr_format":2}');
    await expect(createZarrArray(old, base({ path: "a" }))).rejects.toThrow(
      /inside the Zarr v2 group/,
    );
  });

  test("consolidated metadata learn of a new array", async () => {
    const root = fresh();
    fs.mkdirSync(root);
    fs.writeFileSync(
      path.join(root, "zarr.json"),
      '{"zarr_format":3,"node_type":"group","attributes":{"t":1},"consolidated_metadata":{"kind":"inline","must_understand":false,"metadata":{}}}',
    );
    await createZarrArray(root, base({ path: "g/u" }));
    const tree = await describeStore(root);
    expect(JSON.stringify(tree, ["path", "children", "t", "attributes"])).toContain('"path":"g/u"');
    const theirs = await zarr.withConsolidatedMetadata(new FileSystemStore(root));
    expect(theirs.contents().map((c) => c.path)).toContain("/g/u");
  });

  test("wrong options", async () => {
    const table: [Partial<CreateOptions>, string, RegExp][] = [
      [{ shape: [1.5, 2] }, "ShapeError", /integers >= 0/],
      [{ shape: [-1, 2] }, "ShapeError", /integers >= 0/],
      [{ chunks: [0, 1] }, "ChunkError", /2 integers >= 1/],
      [{ chunks: [1] }, "ChunkError", /2 integers >= 1/],
      [{ dtype: "float16" as DType }, "DTypeError", /cannot be stored/],
      [{ codecs: ["pcodec"] }, "ZarrError", /codec "pcodec" cannot be written/],
      [
        { codecs: [{ name: "zstd", configuration: { level: 99 } }] },
        "ZarrError",
        /level must be an integer/,
      ],
      [{ fillValue: 1.5, dtype: "int8" }, "DTypeError", /not a int8/],
      [{ fillValue: 300, dtype: "int8" }, "ZarrError", /300 is not a int8/],
      [{ dimensionNames: ["x"] }, "OptionError", /1 dimensionNames for 2 axes/],
      [{ mode: "append" as "create" }, "OptionError", /mode must be/],
      [{ path: "../x" }, "ZarrError", /segment "\.\."/],
    ];
    for (const [options, name, message] of table) {
      const root = fresh();
      await expect(createZarrArray(root, base(options))).rejects.toThrow(
        expect.objectContaining({
          name,
          message: expect.stringMatching(message) as string,
        }) as Error,
      );
      expect(fs.existsSync(root)).toBe(false);
    }
    await expect(createZarrArray({ get: () => undefined }, base())).rejects.toThrow(
      /no set method/,
    );
  });
});

describe("atomicity", () => {
  test("a write that fails leaves neither value nor temporary file", () => {
    const root = fresh();
    const store = directoryStore(root);
    fs.mkdirSync(path.join(root, "a", "b"), { recursive: true });
    // The target of the rename is a folder that is not empty.
    fs.writeFileSync(path.join(root, "a", "b", "x"), "");
    expect(() => store.set("/a/b", Uint8Array.of(1))).toThrow(/could not write/);
    expect(filesIn(root)).toEqual([path.join("a", "b", "x")]);
  });

  test("what dead processes left is removed, what living ones write is not", async () => {
    const root = fresh();
    const sink = path.join(root, "u");
    fs.mkdirSync(path.join(sink, "c"), { recursive: true });
    const dead = path.join(sink, "c", ".chunkwise-999999999-0-0.tmp");
    const alive = path.join(sink, "c", `.chunkwise-${process.ppid}-0-0.tmp`);
    fs.writeFileSync(dead, "x");
    fs.writeFileSync(alive, "x");
    await createZarrArray(root, base({ path: "u" }));
    expect([fs.existsSync(dead), fs.existsSync(alive)]).toEqual([false, true]);
    expect([...directoryStore(root).list("/")].some((k) => k.endsWith(".tmp"))).toBe(false);
  });

  test("an aborted write writes nothing", async () => {
    const root = fresh();
    const sink = await createZarrArray(root, base());
    const data = sample("float32", [3, 4]);
    expect(() =>
      sink.writer.writeChunk(
        [0, 0],
        { data, shape: [3, 4], stride: [4, 1], offset: 0 },
        AbortSignal.abort(),
      ),
    ).toThrow(/aborted/);
    expect(filesIn(root)).toEqual(["zarr.json"]);
  });

  test("a failing store is named", async () => {
    const store = {
      ...memoryStore(),
      set: (key: string): void => {
        if (key.includes("c/")) throw new Error("disk full");
      },
    };
    const sink = await createZarrArray(store, base());
    const write = async (): Promise<void> =>
      sink.writer.writeChunk(
        [0, 0],
        { data: new Float32Array(12), shape: [3, 4], stride: [4, 1], offset: 0 },
        signal,
      );
    await expect(write()).rejects.toThrow(/could not write chunk \/c\/0\/0: disk full/);
  });
});
