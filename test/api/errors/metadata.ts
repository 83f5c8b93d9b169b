/**
 * Zarr metadata that cannot be opened: `documents` by key make the store. A message that ends in an ellipsis goes on
 * in words of the JavaScript engine.
 */
import type { Row } from "./row.js";

export type MetadataRow = readonly [
  what: string,
  documents: Readonly<Record<string, unknown>>,
  message: string,
];

const bytes = { name: "bytes", configuration: { endian: "little" } };
const gzip = { name: "gzip", configuration: { level: 1 } };
const V3: Readonly<Record<string, unknown>> = {
  zarr_format: 3,
  node_type: "array",
  shape: [4, 6],
  data_type: "float32",
  chunk_grid: { name: "regular", configuration: { chunk_shape: [2, 3] } },
  chunk_key_encoding: { name: "default" },
  fill_value: 0,
  codecs: [bytes],
  attributes: {},
};
const V2: Readonly<Record<string, unknown>> = {
  zarr_format: 2,
  shape: [4, 6],
  chunks: [2, 3],
  dtype: "<f4",
  fill_value: 0,
  order: "C",
  filters: null,
  compressor: null,
};
type Documents = Record<string, unknown>;
const v3 = (change: Documents): Documents => ({ "/zarr.json": { ...V3, ...change } });
const v2 = (change: Documents): Documents => ({ "/.zarray": { ...V2, ...change } });
const grid = (chunk_shape: readonly number[]): Documents => ({
  chunk_grid: { name: "regular", configuration: { chunk_shape } },
});
const shard = (change: Documents): Documents => ({
  codecs: [
    {
      name: "sharding_indexed",
      configuration: {
        chunk_shape: [1, 3],
        codecs: [bytes],
        index_codecs: [bytes, { name: "crc32c" }],
        ...change,
      },
    },
  ],
});

const DTYPES =
  "supported are bool, int8 to int64, uint8 to uint64, float16, bfloat16, float32, float64, complex64 and complex128";
const CODECS =
  "supported are blosc, crc32c, delta, fixedscaleoffset, gzip, lz4, shuffle, zlib, zstd";
const RAW = "open the array with decode: false to get the raw values";

export const metadata: readonly MetadataRow[] = [
  [
    "an empty store",
    {},
    "store holds no Zarr array or group; an array has a zarr.json (v3) or a .zarray (v2) document",
  ],
  [
    "a group",
    { "/zarr.json": { zarr_format: 3, node_type: "group", attributes: {} } },
    "store is a Zarr group, not an array; name an array in it with the option path",
  ],
  [
    "a v2 group",
    { "/.zgroup": { zarr_format: 2 } },
    "store is a Zarr group, not an array; name an array in it with the option path",
  ],
  ["text that is not JSON", { "/zarr.json": "{" }, "/zarr.json is not valid JSON: …"],
  ["a list", { "/zarr.json": "[]" }, "/zarr.json is not a JSON object"],
  ["bytes that are not text", { "/zarr.json": "\u0000" }, "/zarr.json is not valid JSON: …"],
  ["a later format", v3({ zarr_format: 4 }), "/zarr.json has zarr_format 4 instead of 3"],
  ["no format", v3({ zarr_format: undefined }), "/zarr.json has zarr_format nothing instead of 3"],
  [
    "an unknown node type",
    v3({ node_type: "table" }),
    '/zarr.json has node_type "table" instead of "array" or "group"',
  ],
  [
    "no shape",
    v3({ shape: undefined }),
    "store: shape must be a list of at most 64 integers, got nothing",
  ],
  ["a negative length", v3({ shape: [4, -6] }), "store: shape must hold integers >= 0, got [4,-6]"],
  [
    "a fractional length",
    v3({ shape: [4, 1.5] }),
    "store: shape must hold integers >= 0, got [4,1.5]",
  ],
  [
    "a length beyond counting",
    v3({ shape: [4, 1e300] }),
    "store: shape must hold integers >= 0, got [4,1e+300]",
  ],
  [
    "a shape that is a text",
    v3({ shape: "4,6" }),
    'store: shape must be a list of at most 64 integers, got "4,6"',
  ],
  ["no dtype", v3({ data_type: undefined }), `store: data_type null is not supported; ${DTYPES}`],
  [
    "an unknown dtype",
    v3({ data_type: "float8" }),
    `store: data_type "float8" is not supported; ${DTYPES}`,
  ],
  [
    "a string dtype",
    v3({ data_type: "string" }),
    `store: data_type "string" is not supported; ${DTYPES}`,
  ],
  [
    "a structured dtype",
    v3({ data_type: { name: "structured", configuration: {} } }),
    `store: data_type {"name":"structured","configuration":{}} is not supported; ${DTYPES}`,
  ],
  [
    "no chunk grid",
    v3({ chunk_grid: undefined }),
    "store: chunk_grid must be an object with a name, got nothing",
  ],
  [
    "another chunk grid",
    v3({ chunk_grid: { name: "rectangular", configuration: {} } }),
    'store: chunk_grid "rectangular" is not supported; supported is regular',
  ],
  ["too few chunk lengths", v3(grid([2])), "store: chunk_shape has 1 axes, the shape has 2"],
  [
    "a chunk length of 0",
    v3(grid([0, 3])),
    "store: chunk_shape must hold integers >= 1, got [0,3]",
  ],
  [
    "a chunk of terabytes",
    v3({ shape: [1e9, 1e9], ...grid([1e7, 1e7]) }),
    "store: an array of shape [1000000000,1000000000] has too many elements",
  ],
  [
    "another key encoding",
    v3({ chunk_key_encoding: { name: "hashed" } }),
    'store: chunk_key_encoding "hashed" is not supported; supported are default and v2',
  ],
  [
    "a key separator",
    v3({ chunk_key_encoding: { name: "default", configuration: { separator: "-" } } }),
    'store: separator must be "/" or ".", got "-"',
  ],
  [
    "no codecs",
    v3({ codecs: [] }),
    "store: codecs must be a list that holds an array-to-bytes codec, got []",
  ],
  [
    "codecs that are no list",
    v3({ codecs: "zstd" }),
    'store: codecs must be a list that holds an array-to-bytes codec, got "zstd"',
  ],
  [
    "an unknown codec",
    v3({ codecs: [bytes, { name: "pcodec" }] }),
    `store: codec "pcodec" is not supported; ${CODECS}`,
  ],
  [
    "no endianness",
    v3({ codecs: [{ name: "bytes" }] }),
    "store: codec bytes: float32 needs endian",
  ],
  [
    "two byte codecs",
    v3({ codecs: [bytes, bytes] }),
    "store: codecs has two array-to-bytes codecs",
  ],
  [
    "compression before bytes",
    v3({ codecs: [gzip, bytes] }),
    "store: codec gzip must come behind bytes",
  ],
  [
    "a transpose that repeats an axis",
    v3({ codecs: [{ name: "transpose", configuration: { order: [0, 0] } }, bytes] }),
    "store: codec transpose: order [0,0] is not a permutation",
  ],
  [
    "a shard that its chunks do not fill",
    v3(shard({ chunk_shape: [2, 2] })),
    "store: inner chunks [2,2] do not divide the shard [2,3]",
  ],
  [
    "a shard index without a fixed size",
    v3(shard({ index_codecs: [bytes, gzip] })),
    'store: sharding_indexed: index codec "gzip" is not supported; supported are bytes and crc32c',
  ],
  [
    "a shard index at the centre",
    v3(shard({ index_location: "middle" })),
    'store: sharding_indexed: index_location "middle" is unknown',
  ],
  ["no fill value", v3({ fill_value: undefined }), "store: zarr.json has no fill_value"],
  [
    "a fill value of another kind",
    v3({ fill_value: "red" }),
    'store: fill_value "red" is not a float32',
  ],
  [
    "a fill value out of range",
    v3({ data_type: "uint8", fill_value: 300 }),
    "store: fill_value 300 is not a uint8",
  ],
  [
    "a storage transformer",
    v3({ storage_transformers: [{ name: "cache" }] }),
    'store: storage transformer "cache" is not supported',
  ],
  [
    "an extension that must be understood",
    v3({ lens: { name: "lens", must_understand: true } }),
    'store: zarr.json has an extension "lens" that must be understood and is not',
  ],
  [
    "too few dimension names",
    v3({ dimension_names: ["y"] }),
    'store: dimension_names must be 2 strings or nulls, got ["y"]',
  ],
  ["attributes that are no object", v3({ attributes: [1] }), "store: attributes must be an object"],
  ["v2: a later format", v2({ zarr_format: 3 }), "store: .zarray has zarr_format 3 instead of 2"],
  ["v2: objects", v2({ dtype: "|O" }), `store: dtype "|O" is not supported; ${DTYPES}`],
  ["v2: dates", v2({ dtype: "<M8[ns]" }), `store: dtype "<M8[ns]" is not supported; ${DTYPES}`],
  ["v2: texts", v2({ dtype: "<U8" }), `store: dtype "<U8" is not supported; ${DTYPES}`],
  [
    "v2: records",
    v2({
      dtype: [
        ["a", "<f4"],
        ["b", "<i2"],
      ],
    }),
    `store: dtype [["a","<f4"],["b","<i2"]] is not supported; ${DTYPES}`,
  ],
  [
    "v2: no chunks",
    v2({ chunks: undefined }),
    "store: chunks must be a list of at most 64 integers, got nothing",
  ],
  [
    "v2: an unknown compressor",
    v2({ compressor: { id: "lzma" } }),
    `store: codec "lzma" is not supported; ${CODECS}`,
  ],
  [
    "v2: a compressor without a name",
    v2({ compressor: {} }),
    "store: compressor must be an object with an id, got {}",
  ],
  [
    "v2: an unknown filter",
    v2({ filters: [{ id: "categorize" }] }),
    `store: codec "categorize" is not supported; ${CODECS}`,
  ],
  ["v2: another order", v2({ order: "A" }), 'store: order must be "C" or "F", got "A"'],
  [
    "v2: another separator",
    v2({ dimension_separator: "-" }),
    'store: dimension_separator must be "/" or ".", got "-"',
  ],
  [
    "v2: a fill value of another kind",
    v2({ fill_value: "red" }),
    'store: fill_value "red" is not a float32',
  ],
  [
    "packing: a scale that is no number",
    v3({ attributes: { scale_factor: "two" } }),
    `store: attribute scale_factor must be a number, got "two"; ${RAW}`,
  ],
  [
    "packing: a fill value that is no number",
    v3({ attributes: { _FillValue: "red" } }),
    `store: attribute _FillValue must be a float32, got "red"; ${RAW}`,
  ],
];

/** Stores that are none: expressions, as in the other tables. */
export const stores: readonly Row[] = [
  [
    "cw.openZarr(3)",
    "ZarrError",
    "a Zarr store is a path, a file:, http: or s3: URL, or an object with a get method",
  ],
  [
    "cw.openZarr({})",
    "ZarrError",
    "a Zarr store is a path, a file:, http: or s3: URL, or an object with a get method",
  ],
  ['cw.openZarr("")', "ZarrError", "a directory store needs the path of a folder"],
  [
    'cw.openZarr("s3://key:secret@bucket/a.zarr?sign=secret")',
    "ZarrError",
    "an S3 store needs an s3://bucket/path URL, with nothing but a bucket in front; credentials, region and endpoint are options of s3Store",
  ],
  [
    'cw.openZarr("http://no such host/a.zarr")',
    "ZarrError",
    '"http://…" is not a local path, nor a file:, http:, https: or s3: URL; for other places hand over a store object, such as one of zarrita\'s',
  ],
  [
    'cw.openZarr(cw.httpStore("http://127.0.0.1:1/a.zarr?sign=secret", { retries: 0 }))',
    "SourceError",
    "http://127.0.0.1:1/a.zarr/zarr.json: the connection failed: …",
  ],
  [
    'cw.httpStore("ftp://example.org/a.zarr")',
    "ZarrError",
    "an HTTP store needs an http: or https: URL",
  ],
  [
    'cw.openZarr("/nowhere/a.zarr")',
    "ZarrError",
    "a.zarr holds no Zarr array or group in /nowhere/a.zarr; an array has a zarr.json (v3) or a .zarray (v2) document",
  ],
  [
    'cw.openZarr("/nowhere/a.zarr", { path: "u" })',
    "ZarrError",
    'there is no Zarr array at "u" in /nowhere/a.zarr; an array has a zarr.json (v3) or a .zarray (v2) document',
  ],
  [
    'cw.openZarr("/nowhere/a.zarr", { path: "../b" })',
    "ZarrError",
    'path "../b" has the segment ".."; use names joined by single slashes, such as winds/u',
  ],
  [
    'cw.openZarr({ get() { throw new Error("no network"); } })',
    "SourceError",
    "the store failed to read /zarr.json: no network",
  ],
  [
    'cw.openZarr({ get: () => "text" })',
    "SourceError",
    "the store answered /zarr.json with string instead of bytes; get must give a Uint8Array, or undefined for what is not there",
  ],
  [
    "x.toZarr({ get() {} })",
    "ZarrError",
    "store: the store cannot be written, it has no set method",
  ],
  [
    'x.toZarr(new Map(), { codecs: "lzma" })',
    "ZarrError",
    'toZarr: codec "lzma" cannot be written; codecs are "raw", "zstd", "gzip", "zlib", "blosc", or a list of bytes, transpose, zstd, gzip, zlib, blosc, lz4, shuffle, crc32c',
  ],
  [
    "x.toZarr(new Map(), { codecs: 3 })",
    "OptionError",
    "toZarr: codecs must be a name or a list, got 3",
  ],
  [
    'x.toZarr(new Map(), { fillValue: "red" })',
    "DTypeError",
    'toZarr: fillValue "red" is not a float64',
  ],
  [
    "x.toZarr(new Map(), { chunks: [0, 6] })",
    "ChunkError",
    "toZarr: chunk length 0 on axis 0; lengths are integers from 1, or -1 for the whole axis",
  ],
  [
    "x.toZarr(new Map(), { memory: 100 })",
    "MemoryLimitError",
    "the computation does not fit memory = 0.10 KiB: …",
  ],
];
