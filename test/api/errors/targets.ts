/** Arrays that cannot be written where they are asked for, and groups that cannot be opened. */
import type { Row } from "./row.js";

/** A Map with the array `x` at "u". */
const U = "new Map()";
/** Writes x to "u" of a fresh store and then does what `next` says with that store, `s`. */
const then = (next: string): string =>
  `((s) => x.toZarr(s, { path: "u" }).then(() => ${next}))(${U})`;

export const targets: readonly Row[] = [
  [
    "cw.store(x, new Map())",
    "OptionError",
    "store: expected an object of arrays by path, got a LazyArray",
  ],
  ["cw.store({}, new Map())", "OptionError", "store: there is no array to write"],
  ["cw.store({ u: 3 }, new Map())", "DTypeError", 'store: entry "u" must be a LazyArray, got 3; …'],
  [
    "cw.store({ u: x }, new Map(), { codec: 'zstd' })",
    "OptionError",
    'store: unknown option "codec"; did you mean codecs?',
  ],
  [
    "cw.store({ u: x }, new Map(), { arrays: { v: {} } })",
    "OptionError",
    'store: arrays: unknown option "v"; did you mean u?',
  ],
  [
    "cw.store({ u: x }, new Map(), { arrays: { u: { mode: 'new' } } })",
    "OptionError",
    'store: u: mode must be "create", "overwrite", "append" or "region", got "new"',
  ],
  [
    "cw.store({ u: x, 'u/v': x }, new Map())",
    "OptionError",
    "store: u/v would lie inside the array u; choose another path",
  ],
  ["cw.store({ u: x, '/u': x }, new Map())", "OptionError", 'store: "u" is given twice'],
  [
    "cw.store({ u: x }, new Map(), { dimensionNames: ['y'] })",
    "OptionError",
    'store: u: ["y"] names 1 dimensions, the array has 2',
  ],
  [
    "cw.store({ u: x }, new Map(), { chunks: [[3, 7], -1] })",
    "ChunkError",
    "store: u: the chunks of axis 0 are not all of one length; stored chunks are equally long, but for the last one: give one length",
  ],
  [
    "cw.store({ u: x }, new Map(), { zarrFormat: 4 })",
    "OptionError",
    "store: u: zarrFormat must be 2 or 3, got 4",
  ],
  [
    "x.toZarr(new Map(), { zarrFormat: 2, dimensionNames: ['y', null] })",
    "OptionError",
    'toZarr: Zarr v2 names all dimensions or none, got ["y",null]',
  ],
  [
    "x.toZarr(new Map(), { codecs: { name: 'blosc', level: 3 } })",
    "OptionError",
    'toZarr: codec blosc has no option "level"; its options are cname, clevel, shuffle, typesize, blocksize',
  ],
  [
    "x.toZarr(new Map(), { codecs: { name: 'blosc', cname: 'snappy' } })",
    "ZarrError",
    'codec blosc: cname "snappy" cannot be written; compressors are lz4, lz4hc, zlib, zstd',
  ],
  [
    "x.toZarr(new Map(), { codecs: ['crc32c', { name: 'crc32c', seed: 1 }] })",
    "OptionError",
    'toZarr: codec crc32c has no option "seed"; it has none at all',
  ],
  [
    "x.toZarr(new Map(), { zarrFormat: 2, codecs: [{ name: 'transpose', order: [1, 1] }] })",
    "ZarrError",
    'toZarr: Zarr v2 cannot store axes in the order [1,1]; its orders are "C" and "F"',
  ],
  [
    "x.toZarr(new Map(), { chunks: [5, 2], shards: [8, 4] })",
    "OptionError",
    "toZarr: shards of [8,4] do not hold whole chunks of [5,2]: 8 is no multiple of 5 (axis 0); right would be 5 or 10",
  ],
  [
    "x.toZarr(new Map(), { chunks: [5, 2], shards: [5, 1] })",
    "OptionError",
    "toZarr: shards of [5,1] do not hold whole chunks of [5,2]: 1 is no multiple of 2 (axis 1); right would be 2",
  ],
  [
    "cw.store({ u: x }, new Map(), { shards: [8] })",
    "OptionError",
    "store: u: shards must hold 2 integers >= 1, got [8]; one length for each axis, or -1 for the whole axis",
  ],
  [
    "x.toZarr(new Map(), { shards: [0, 6] })",
    "OptionError",
    "toZarr: shards must hold 2 integers >= 1, got [0,6]; one length for each axis, or -1 for the whole axis",
  ],
  [
    "x.toZarr(new Map(), { shards: 'auto' })",
    "OptionError",
    'toZarr: shards must be a list of lengths, got "auto"; as in shards: [100, 200]',
  ],
  [
    "x.toZarr(new Map(), { shards: { shape: [8, 6], location: 'end' } })",
    "OptionError",
    'toZarr: shards has no option "location"; its options are shape and indexLocation',
  ],
  [
    "x.toZarr(new Map(), { shards: { shape: [8, 6], indexLocation: 'middle' } })",
    "OptionError",
    'toZarr: shards: indexLocation must be "start" or "end", got "middle"',
  ],
  [
    "x.toZarr(new Map(), { shards: [8, 6], zarrFormat: 2 })",
    "OptionError",
    "toZarr: Zarr v2 has no shards; leave shards out, or give zarrFormat: 3",
  ],
  [
    "x.toZarr(new Map(), { codecs: 'sharding_indexed' })",
    "ZarrError",
    'toZarr: codec "sharding_indexed" cannot be written; give the shape of a shard as the option shards; codecs are those of the chunks in it',
  ],
  [
    "x.toZarr(new Map(), { mode: 'append', shards: [8, 6] })",
    "OptionError",
    'toZarr: shards is for new arrays, the mode is "append"; an existing array keeps its own',
  ],
  [
    "x.toZarr(new Map(), { mode: 'append' })",
    "ZarrError",
    'store does not exist; create it with mode: "create"',
  ],
  [
    "x.toZarr(new Map(), { axis: 1 })",
    "OptionError",
    'toZarr: axis is for mode "append", the mode is "create"',
  ],
  [
    "x.toZarr(new Map(), { region: [1] })",
    "OptionError",
    'toZarr: region is for mode "region", the mode is "create"; as in { mode: "region", region: [slice(0, 10), null] }',
  ],
  [
    "x.toZarr(new Map(), { mode: 'region' })",
    "OptionError",
    'toZarr: mode "region" needs the option region; as in { mode: "region", region: [slice(0, 10), null] }',
  ],
  [
    then("x.toZarr(s, { path: 'u', mode: 'append', chunks: 5 })"),
    "OptionError",
    'toZarr: chunks is for new arrays, the mode is "append"; an existing array keeps its own',
  ],
  [
    then("x.astype('int8').toZarr(s, { path: 'u', mode: 'append' })"),
    "DTypeError",
    'toZarr: store/u is float64, the array to write is int8; cast it with astype("float64")',
  ],
  [
    then("x.toZarr(s, { path: 'u', mode: 'append', axis: 2 })"),
    "ShapeError",
    "toZarr: axis 2 does not exist; the array has 2 axes: -2 to 1",
  ],
  [
    then("x.at(null, 0).toZarr(s, { path: 'u', mode: 'append' })"),
    "ShapeError",
    "toZarr: an array of shape [10] cannot be appended to store/u, whose shape is [10, 6], along axis 0; all lengths but that of the axis must be equal",
  ],
  [
    then("x.toZarr(s, { path: 'u', mode: 'region', region: [cw.slice(0, 3)] })"),
    "ShapeError",
    "toZarr: the region has shape [3, 6], the array to write has [10, 6]",
  ],
  [
    then("x.toZarr(s, { path: 'u', mode: 'region', region: [cw.slice(0, 10, 2)] })"),
    "IndexError",
    "toZarr: region must be a box of the array; give integers and slices with step 1",
  ],
  [
    then("x.toZarr(s, { path: 'u', mode: 'region', region: [cw.newaxis] })"),
    "IndexError",
    "toZarr: region must be a box of the array; give integers and slices with step 1",
  ],
  [
    then("x.toZarr(s, { path: 'u', mode: 'region', region: [10] })"),
    "IndexError",
    "toZarr: region: index 10 is out of bounds for axis 0; allowed are -10 to 9",
  ],
  [
    then("x.toZarr(s, { path: 'u', mode: 'region', region: cw.slice(0, 3) })"),
    "OptionError",
    "toZarr: region must be a list of selectors, one per axis, or a text of them, got …",
  ],
  [
    then("x.toZarr(s, { path: 'u/v' })"),
    "ZarrError",
    'store/u/v would lie inside the array at "u"; choose another path',
  ],
  [
    then("x.toZarr(s, { mode: 'append' })"),
    "ZarrError",
    "store is a Zarr group, not an array; name an array in it with the option path",
  ],
  [
    then("cw.store({ v: x }, s, { zarrFormat: 2 })"),
    "ZarrError",
    'store/v would lie inside the Zarr v3 group at ""; write it with zarrFormat: 3, or into a store of its own',
  ],
  [
    then("cw.openGroup(s, { path: 'u' })"),
    "ZarrError",
    "store/u is a Zarr array, not a group; open it with openZarr",
  ],
  [
    "cw.openGroup(new Map())",
    "ZarrError",
    "store holds no Zarr group; a group has a zarr.json (v3) or a .zgroup (v2) document",
  ],
  [
    "cw.openGroup(new Map(), { dtype: 'int8' })",
    "OptionError",
    'openGroup: unknown option "dtype"; options are path, decode and signal',
  ],
  [
    "cw.httpStore('http://localhost', { retries: -1 })",
    "OptionError",
    "httpStore: retries must be an integer from 0, got -1",
  ],
];
