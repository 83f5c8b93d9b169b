/** Metadata: what is refused, by name; what is ignored; exact fill values; trees; paths that would escape. */
import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, test } from "vitest";
import {
  describeStore,
  directoryStore,
  type Json,
  memoryStore,
  openZarrArray,
} from "../../dist/io/index.js";
import { readAll, temporaryFolder } from "./helpers.js";

const folder = temporaryFolder();
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const V3 = {
  zarr_format: 3,
  node_type: "array",
  shape: [4, 6],
  data_type: "float32",
  chunk_grid: { name: "regular", configuration: { chunk_shape: [2, 3] } },
  chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
  fill_value: 0,
  codecs: [{ name: "bytes", configuration: { endian: "little" } }],
  attributes: {},
};
const V2 = {
  zarr_format: 2,
  shape: [4, 6],
  chunks: [2, 3],
  dtype: "<f4",
  compressor: null,
  fill_value: 0,
  order: "C",
  filters: null,
};

const open3 = (change: object, options: object = {}) =>
  openZarrArray(new Map([["/zarr.json", bytes(JSON.stringify({ ...V3, ...change }))]]), options);
const open2 = (change: object, attributes: object = {}) =>
  openZarrArray(
    new Map([
      ["/.zarray", bytes(JSON.stringify({ ...V2, ...change }))],
      ["/.zattrs", bytes(JSON.stringify(attributes))],
    ]),
  );
const grid = (chunk_shape: unknown): object => ({
  chunk_grid: { name: "regular", configuration: { chunk_shape } },
});
const LITTLE = { name: "bytes", configuration: { endian: "little" } };
const shard = (change: object): object => ({
  codecs: [
    {
      name: "sharding_indexed",
      configuration: {
        chunk_shape: [1, 3],
        codecs: [LITTLE],
        index_codecs: [LITTLE, { name: "crc32c" }],
        ...change,
      },
    },
  ],
});

describe("v3 documents that are refused", () => {
  const table: [object, RegExp][] = [
    [{ zarr_format: 4 }, /zarr_format 4/],
    [{ node_type: "table" }, /node_type "table"/],
    [{ shape: [-1, 6] }, /shape must hold integers >= 0/],
    [{ shape: [1.5, 6] }, /shape must hold integers/],
    [{ shape: [null, 6] }, /shape must hold integers/],
    [{ shape: ["4", 6] }, /shape must hold integers/],
    [{ shape: 4 }, /shape must be a list/],
    [{ shape: [2 ** 40, 2 ** 40] }, /too many elements/],
    [grid([2]), /chunk_shape has 1 axes, the shape has 2/],
    [grid([0, 3]), /chunk_shape must hold integers >= 1/],
    [grid([2 ** 31, 2 ** 31]), /larger than the supported/],
    [
      { chunk_grid: { name: "rectilinear", configuration: {} } },
      /chunk_grid "rectilinear" is not supported/,
    ],
    [{ chunk_grid: undefined }, /chunk_grid must be an object with a name/],
    [{ chunk_key_encoding: { name: "morton" } }, /chunk_key_encoding "morton"/],
    [
      { chunk_key_encoding: { name: "default", configuration: { separator: "-" } } },
      /separator must be/,
    ],
    [{ data_type: "string" }, /data_type "string" is not supported.*supported are bool/],
    [{ data_type: "r16" }, /data_type "r16"/],
    [
      { data_type: { name: "numpy.datetime64", configuration: { unit: "s" } } },
      /numpy\.datetime64/,
    ],
    [{ fill_value: null }, /fill_value null is not a float32/],
    [{ fill_value: undefined }, /has no fill_value/],
    [{ fill_value: "0x7fc0" }, /fill_value "0x7fc0" is not a float32/],
    [{ fill_value: "nan" }, /is not a float32/],
    [{ data_type: "int8", fill_value: 200, codecs: ["bytes"] }, /fill_value 200 is not a int8/],
    [{ data_type: "uint8", fill_value: 1.5, codecs: ["bytes"] }, /fill_value 1.5 is not a uint8/],
    [{ data_type: "bool", fill_value: "yes", codecs: ["bytes"] }, /is not a bool/],
    [{ data_type: "complex64", fill_value: [1] }, /is not a complex64/],
    [{ codecs: [] }, /must be a list that holds an array-to-bytes codec/],
    [{ codecs: [{ name: "gzip", configuration: { level: 1 } }] }, /no array-to-bytes codec/],
    [{ codecs: [LITTLE, LITTLE] }, /two array-to-bytes codecs/],
    [{ codecs: [LITTLE, { name: "lzma" }] }, /codec "lzma" is not supported.*supported are blosc/],
    [
      { codecs: [LITTLE, { name: "lzma", must_understand: false }] },
      /codec "lzma" is not supported/,
    ],
    [{ codecs: [{ name: "vlen-utf8" }] }, /vlen-utf8/],
    [{ codecs: [{ name: "bytes" }] }, /float32 needs endian/],
    [{ codecs: [{ name: "bytes", configuration: { endian: "middle" } }] }, /endian "middle"/],
    [
      { codecs: [{ name: "transpose", configuration: { order: [0, 0] } }, LITTLE] },
      /not a permutation/,
    ],
    [
      { codecs: [LITTLE, { name: "transpose", configuration: { order: [1, 0] } }] },
      /transpose behind/,
    ],
    [
      { codecs: [LITTLE, { name: "gzip", configuration: { level: 99 } }] },
      /level must be an integer from -1 to 9/,
    ],
    [{ codecs: [LITTLE, 5] }, /a codec must be an object with a name, got 5/],
    [shard({ chunk_shape: [3, 3] }), /do not divide/],
    [shard({ index_codecs: [LITTLE, { name: "gzip" }] }), /index codec "gzip"/],
    [shard({ index_location: "middle" }), /index_location "middle"/],
    [shard({ codecs: (shard({}) as { codecs: unknown }).codecs }), /inside sharding_indexed/],
    [{ storage_transformers: [{ name: "cipher" }] }, /storage transformer "cipher"/],
    [{ dimension_names: ["x"] }, /dimension_names must be 2/],
    [{ dimension_names: ["x", 5] }, /dimension_names must be 2/],
    [{ extension: { name: "x" } }, /extension "extension" that must be understood/],
    [{ attributes: [] }, /attributes must be an object/],
  ];
  for (const [change, message] of table) {
    test(JSON.stringify(change), async () => {
      await expect(open3(change)).rejects.toThrow(
        expect.objectContaining({
          name: "ZarrError",
          message: expect.stringMatching(message) as string,
        }) as Error,
      );
    });
  }
});

describe("v2 documents that are refused", () => {
  const table: [object, RegExp][] = [
    [{ zarr_format: 1 }, /zarr_format 1 instead of 2/],
    [{ dtype: "<M8[ns]" }, /dtype "<M8\[ns\]" is not supported/],
    [{ dtype: "<U10" }, /"<U10"/],
    [{ dtype: "|S4" }, /"\|S4"/],
    [{ dtype: "|O" }, /"\|O"/],
    [{ dtype: [["a", "<i4"]] }, /\[\["a","<i4"\]\]/],
    [{ dtype: "<f16" }, /"<f16"/],
    [{ chunks: [2] }, /chunks has 1 axes/],
    [{ chunks: [2, 0] }, /integers >= 1/],
    [{ order: "K" }, /order must be/],
    [{ compressor: { id: "bz2", level: 1 } }, /codec "bz2" is not supported/],
    [{ compressor: "zlib" }, /compressor must be an object with an id/],
    [{ filters: [{ id: "quantize", digits: 3 }] }, /codec "quantize"/],
    [{ filters: {} }, /filters must be a list/],
    [{ dimension_separator: "-" }, /dimension_separator must be/],
    [{ fill_value: "abc" }, /is not a float32/],
  ];
  for (const [change, message] of table) {
    test(JSON.stringify(change), async () => {
      await expect(open2(change)).rejects.toThrow(
        expect.objectContaining({
          name: "ZarrError",
          message: expect.stringMatching(message) as string,
        }) as Error,
      );
    });
  }
});

describe("what is understood", () => {
  test("extensions that need not be understood are ignored", async () => {
    const info = await open3({
      extension: { must_understand: false, x: 1 },
      storage_transformers: [],
    });
    expect(info.shape).toEqual([4, 6]);
  });

  test("codecs are told in words", async () => {
    const codecs = [
      { name: "transpose", configuration: { order: [1, 0] } },
      LITTLE,
      { name: "zstd", configuration: { level: 0, checksum: false } },
    ];
    expect((await open3({ codecs })).codecs).toEqual(["transpose(1, 0)", "bytes(little)", "zstd"]);
    expect((await open3(shard({}))).codecs).toEqual(["sharding_indexed(1 x 3: bytes(little))"]);
    const { chunks, shards, binding } = await open3(shard({}));
    expect([chunks, shards]).toEqual([
      [1, 3],
      [2, 3],
    ]);
    expect(binding.chunks).toEqual([[{ size: 1, repeat: 4 }], [{ size: 3, repeat: 2 }]]);
    expect(
      (await open2({ order: "F", dtype: ">f4", compressor: { id: "zlib", level: 1 } })).codecs,
    ).toEqual(["transpose(F)", "bytes(big)", "zlib"]);
  });

  const fills: [string, string, unknown][] = [
    ["int64", "9007199254740993", 9007199254740993n],
    ["int64", "-9223372036854775808", -(2n ** 63n)],
    ["uint64", "18446744073709551615", 2n ** 64n - 1n],
    ["float32", '"NaN"', Number.NaN],
    ["float64", '"-Infinity"', Number.NEGATIVE_INFINITY],
    ["float64", '"0x3ff0000000000000"', 1],
    ["float32", '"0x3fc00000"', 1.5],
    ["float16", '"0x3e00"', 1.5],
    ["bfloat16", '"0x3fc0"', 1.5],
    ["float16", "0.1", 0.0999755859375],
    ["float16", "65520", Number.POSITIVE_INFINITY],
    ["float32", "0.1", Math.fround(0.1)],
    ["int32", "-5", -5],
    ["bool", "true", 1],
    ["complex128", '["NaN", 2]', Number.NaN],
  ];
  for (const [data_type, fill, element] of fills) {
    test(`fill value ${fill} of ${data_type}`, async () => {
      const codecs = data_type === "bool" ? ["bytes"] : V3.codecs;
      const text = JSON.stringify({ ...V3, data_type, codecs, fill_value: "@@" }).replace(
        '"@@"',
        fill,
      );
      const { binding } = await openZarrArray(new Map([["/zarr.json", bytes(text)]]));
      expect((await readAll(binding))[0]).toBe(element);
    });
  }

  test("raw bits of a NaN fill stay", async () => {
    const { binding } = await open3({ fill_value: "0xffc12345" });
    const all = (await readAll(binding)) as Float32Array;
    expect(new Uint32Array(all.buffer as ArrayBuffer)[23]).toBe(0xffc12345);
  });

  test("shards may be larger than what a chunk can have, inner chunks may not", async () => {
    const codecs = (inner: number[]): object => ({
      ...shard({ chunk_shape: inner }),
      ...grid([2 ** 16, 2 ** 18]),
      shape: [2 ** 16, 2 ** 18],
    });
    const document = { ...V3, ...codecs([2 ** 10, 2 ** 10]) };
    const store = {
      get: () => bytes(JSON.stringify(document)),
      getRange: () => undefined,
    };
    const { binding } = await openZarrArray(store);
    expect(binding.scratchBytes).toBeLessThan(16 * 2 ** 24);
    await expect(open3(codecs([2 ** 16, 2 ** 17]))).rejects.toThrow(/larger than the supported/);
    await expect(open3(codecs([1, 1]))).rejects.toThrow(/more than 67108864 inner chunks/);
  });

  test("a v2 fill value of null is zero", async () => {
    expect([...(await readAll((await open2({ fill_value: null })).binding))]).toEqual(
      new Array(24).fill(0),
    );
  });

  test("attributes as Python writes them", async () => {
    const store = new Map([
      ["/.zarray", bytes(JSON.stringify(V2))],
      [
        "/.zattrs",
        bytes(
          '{"a": NaN, "b": [-Infinity, 1e5], "c": 12345678901234567890, "d": "NaN \\" 12345678901234567890", "_ARRAY_DIMENSIONS": ["y", "x"]}',
        ),
      ],
    ]);
    const info = await openZarrArray(store);
    expect(info.attributes).toEqual({
      a: Number.NaN,
      b: [Number.NEGATIVE_INFINITY, 1e5],
      c: 12345678901234567890n,
      d: 'NaN " 12345678901234567890',
      _ARRAY_DIMENSIONS: ["y", "x"],
    });
    expect(info.dimensionNames).toEqual(["y", "x"]);
  });

  test("v3 is preferred to v2; a document that is no JSON is named", async () => {
    const both = new Map([
      ["/zarr.json", bytes(JSON.stringify(V3))],
      ["/.zarray", bytes(JSON.stringify(V2))],
    ]);
    expect((await openZarrArray(both)).version).toBe(3);
    await expect(openZarrArray(new Map([["/zarr.json", bytes("{oops")]]))).rejects.toThrow(
      /\/zarr\.json is not valid JSON/,
    );
    await expect(openZarrArray(new Map([["/zarr.json", bytes("[1]")]]))).rejects.toThrow(
      /not a JSON object/,
    );
  });
});

describe("CF packing", () => {
  const packed = async (
    attributes: Record<string, Json>,
    change: object = { data_type: "int16" },
  ) => (await open3({ ...change, attributes })).packing;
  test("scale, offset and missing values", async () => {
    expect(await packed({})).toBeUndefined();
    expect(await packed({ units: "K" })).toBeUndefined();
    expect(
      await packed({ scale_factor: [0.5], add_offset: 2, _FillValue: -1, missing_value: [-1, -2] }),
    ).toEqual({ scaleFactor: 0.5, addOffset: 2, fillValues: [-1, -2], reinterpret: undefined });
    expect(await packed({ _FillValue: -999 }, {})).toEqual({
      scaleFactor: undefined,
      addOffset: undefined,
      fillValues: [-999],
      reinterpret: undefined,
    });
    expect(await packed({ _FillValue: "AAAAAAA4j0A=" }, {})).toMatchObject({ fillValues: [999] });
    expect(await packed({ _FillValue: "NaN" }, {})).toBeUndefined();
    expect(await packed({ _FillValue: 7 }, { data_type: "int64" })).toMatchObject({
      fillValues: [7n],
    });
    expect(
      await packed({ _Unsigned: "true" }, { data_type: "int8", codecs: ["bytes"] }),
    ).toMatchObject({ reinterpret: "uint8" });
    expect(await packed({ _Unsigned: "false" }, { data_type: "uint16" })).toMatchObject({
      reinterpret: "int16",
    });
    await expect(packed({ scale_factor: "big" })).rejects.toThrow(
      /scale_factor must be a number.*decode: false/,
    );
    expect(
      (await open3({ attributes: { scale_factor: "big" } }, { decode: false })).packing,
    ).toBeUndefined();
  });
  test("the fill_value of a scaled v2 array counts, of others not", async () => {
    expect(
      (await open2({ dtype: "<i2", fill_value: -9 }, { scale_factor: 2 })).packing,
    ).toMatchObject({ fillValues: [-9] });
    expect((await open2({ dtype: "<i2", fill_value: -9 })).packing).toBeUndefined();
  });
});

describe("trees and places", () => {
  test("groups without consolidated metadata are listed", async () => {
    const root = path.join(folder, "tree.zarr");
    const put = (key: string, value: object): void => {
      fs.mkdirSync(path.dirname(path.join(root, key)), { recursive: true });
      fs.writeFileSync(path.join(root, key), JSON.stringify(value));
    };
    put(".zgroup", { zarr_format: 2 });
    put("b/.zgroup", { zarr_format: 2 });
    put("b/.zattrs", { t: 1 });
    put("b/u/.zarray", V2);
    put("a/.zarray", { ...V2, dtype: "<U4" });
    put("junk/file", {});
    put("odd\\name/file", {});
    const tree = await describeStore(root);
    expect(tree).toMatchObject({
      kind: "group",
      version: 2,
      children: [
        { kind: "array", path: "a", error: expect.stringMatching(/<U4/) as string },
        {
          kind: "group",
          path: "b",
          attributes: { t: 1 },
          children: [{ kind: "array", path: "b/u", dtype: "float32" }],
        },
      ],
    });
    await expect(openZarrArray(root)).rejects.toThrow(/is a Zarr group, not an array/);
    await expect(openZarrArray(root, { path: "b/v" })).rejects.toThrow(/no Zarr array at "b\/v"/);
    await expect(describeStore(path.join(folder, "nowhere"))).rejects.toThrow(
      /no Zarr array or group/,
    );
  });

  test("a link to a folder above ends", async () => {
    const root = path.join(folder, "loop.zarr");
    fs.mkdirSync(root);
    fs.writeFileSync(path.join(root, ".zgroup"), '{"zarr_format":2}');
    fs.symlinkSync(root, path.join(root, "self"));
    const tree = await describeStore(root);
    // The root and the 32 levels below it.
    expect(JSON.stringify(tree).match(/"kind"/g)?.length).toBe(1 + 32);
  });

  test("consolidated v2 metadata stand in for documents and listing", async () => {
    const metadata = {
      ".zgroup": { zarr_format: 2 },
      ".zattrs": { t: 2 },
      "u/.zarray": V2,
      "u/.zattrs": { units: "m" },
    };
    const values = new Map([
      ["/.zmetadata", bytes(JSON.stringify({ zarr_consolidated_format: 1, metadata }))],
    ]);
    const store = { get: (key: string) => values.get(key) };
    expect(await describeStore(store)).toMatchObject({
      attributes: { t: 2 },
      children: [{ path: "u", attributes: { units: "m" } }],
    });
    expect((await openZarrArray(store, { path: "u" })).attributes).toEqual({ units: "m" });
    await expect(openZarrArray(store)).rejects.toThrow(/group.*option path: u/);
    const bare = {
      get: (key: string) => (key === "/.zgroup" ? bytes('{"zarr_format":2}') : undefined),
    };
    await expect(describeStore(bare)).rejects.toThrow(/cannot list/);
  });

  test("keys and paths cannot leave the root", async () => {
    const root = path.join(folder, "inside.zarr");
    fs.mkdirSync(root, { recursive: true });
    fs.writeFileSync(path.join(folder, "secret"), "x");
    const store = directoryStore(root);
    for (const key of [
      "/../secret",
      "../secret",
      "/a/../../secret",
      "//etc/passwd",
      "/a//b",
      "/./a",
      "/..",
      "/a\\..\\b",
      "/a\0b",
    ] as `/${string}`[]) {
      expect(() => store.get(key), key).toThrow(
        expect.objectContaining({ name: "ZarrError" }) as Error,
      );
      expect(() => store.set(key, bytes("y")), key).toThrow(/key/);
      expect(() => store.delete(key), key).toThrow(/key/);
      expect(() => store.has(key), key).toThrow(/key/);
      expect(() => store.open(key), key).toThrow(/key/);
      expect(() => store.getRange(key, { offset: 0, length: 1 }), key).toThrow(/key/);
      expect(() => [...store.list(key)], key).toThrow(/key/);
      expect(() => memoryStore().get(key), key).toThrow(/key/);
      await expect(
        openZarrArray(root, { path: key.slice(1) === ".." ? ".." : key }),
      ).rejects.toThrow(/path/);
    }
    expect(fs.readFileSync(path.join(folder, "secret"), "utf8")).toBe("x");
  });

  test("places that are no local store", async () => {
    await expect(openZarrArray("gs://example.com/a.zarr")).rejects.toThrow(
      /not a local path.*store object/,
    );
    await expect(openZarrArray(new URL("gs://bucket/a"))).rejects.toThrow(/not a local path/);
    await expect(openZarrArray(5 as never)).rejects.toThrow(/object with a get method/);
    await expect(openZarrArray("")).rejects.toThrow(/path of a folder/);
  });

  test("a store that fails is named; a directory in place of a document is no document", async () => {
    await expect(openZarrArray({ get: () => Promise.reject(new Error("boom")) })).rejects.toThrow(
      expect.objectContaining({
        name: "SourceError",
        message: expect.stringMatching(/zarr\.json: boom/) as string,
      }) as Error,
    );
    const root = path.join(folder, "odd.zarr");
    fs.mkdirSync(path.join(root, "zarr.json"), { recursive: true });
    await expect(openZarrArray(root)).rejects.toThrow(/no Zarr array or group/);
  });
});
