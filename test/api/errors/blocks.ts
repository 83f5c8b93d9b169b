/** Block functions that are refused when the expression is built. */
import type { Row } from "./row.js";

const ALONE =
  "it runs in worker threads, without the scope it was written in: pass values in params, or give { module, export }";
const ABSOLUTE = 'give new URL("./blocks.js", import.meta.url) or import.meta.resolve(...)';

export const blocks: readonly Row[] = [
  ["cw.mapBlocks(3, x)", "TaskError", "mapBlocks: the first argument must be a function, got 3"],
  [
    'cw.mapBlocks("(b) => b", x)',
    "TaskError",
    'mapBlocks: the first argument must be a function, got "(b) => b"',
  ],
  [
    "cw.mapBlocks(Math.sqrt, x)",
    "TaskError",
    "mapBlocks: the function sqrt is native or bound and has no source text; wrap it: (block) => ..., and pass values in params",
  ],
  [
    "cw.mapBlocks(function f() {}.bind(null), x)",
    "TaskError",
    "mapBlocks: the function bound f is native or bound and has no source text; wrap it: (block) => ..., and pass values in params",
  ],
  [
    "cw.mapBlocks(class Doubler {}, x)",
    "TaskError",
    "mapBlocks: the function Doubler is a class; give an arrow function or function expression",
  ],
  [
    "cw.mapBlocks({ double(b) { return b.data; } }.double, x)",
    "TaskError",
    "mapBlocks: the function double is a method or accessor; give an arrow function or function expression, methods have no text of their own",
  ],
  [
    'cw.mapBlocks(Object.getOwnPropertyDescriptor({ get size() { return 1; } }, "size").get, x)',
    "TaskError",
    "mapBlocks: the function get size is a method or accessor; give an arrow function or function expression, methods have no text of their own",
  ],
  [
    "cw.mapBlocks(function* blocks(b) { yield b; }, x)",
    "TaskError",
    "mapBlocks: the function blocks is a generator; block functions return one block",
  ],
  [
    "cw.mapBlocks(async function* blocks(b) { yield b; }, x)",
    "TaskError",
    "mapBlocks: the function blocks is a generator; block functions return one block",
  ],
  ["cw.mapBlocks(double)", "ShapeError", "mapBlocks: at least one array is needed"],
  ["cw.mapBlocks(double, {})", "ShapeError", "mapBlocks: at least one array is needed"],
  [
    "cw.mapBlocks(double, [1, 2])",
    "OptionError",
    "mapBlocks: options must be an object, got [1, 2]; it may have dtype, params, name, inputs, scratchBytes, chunks, dropAxis and newAxis",
  ],
  [
    "cw.mapBlocks(double, x, 3)",
    "OptionError",
    "mapBlocks: options must be an object, got 3; it may have dtype, params, name, inputs, scratchBytes, chunks, dropAxis and newAxis",
  ],
  [
    "cw.mapBlocks(double, x, cw.zeros([7]))",
    "ShapeError",
    "mapBlocks: shapes [10, 6] and [7] do not broadcast; lengths of axis -1 must be equal or 1, got 6 and 7",
  ],
  [
    'cw.mapBlocks(double, x, { dtype: "f8" })',
    "DTypeError",
    'mapBlocks: unknown dtype "f8"; dtypes are bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64, complex64 or complex128',
  ],
  [
    'cw.mapBlocks(double, x, { dytpe: "int8" })',
    "OptionError",
    'mapBlocks: unknown option "dytpe"; did you mean dtype?',
  ],
  [
    "cw.mapBlocks(double, x, { params: { f: () => 1 } })",
    "OptionError",
    "mapBlocks: params cannot be sent to workers, got an object; give plain data: objects, arrays, typed arrays, maps, numbers, strings",
  ],
  [
    'cw.mapBlocks(double, x, { params: Symbol("s") })',
    "OptionError",
    "mapBlocks: params cannot be sent to workers, got Symbol(s); give plain data: objects, arrays, typed arrays, maps, numbers, strings",
  ],
  [
    'cw.mapBlocks(double, x, { inputs: "move" })',
    "OptionError",
    'mapBlocks: inputs must be "copy" or "view", got "move"',
  ],
  [
    "cw.mapBlocks(double, x, { scratchBytes: -1 })",
    "OptionError",
    "mapBlocks: scratchBytes must be a number of bytes, got -1",
  ],
  [
    'cw.mapBlocks(double, x, { scratchBytes: "1MiB" })',
    "OptionError",
    'mapBlocks: scratchBytes must be a number of bytes, got "1MiB"',
  ],
  [
    "cw.mapBlocks(double, x, { name: 3 })",
    "OptionError",
    "mapBlocks: name must be a string, got 3",
  ],
  [
    "cw.mapBlocks((b) => b.data.map((v) => v + outside), x)",
    "TaskError",
    `mapBlocks: the function uses outside, which is not defined inside it; ${ALONE}`,
  ],
  [
    "cw.mapBlocks(function scaled(b) { return b.data.map((v) => v * factor + offset); }, x)",
    "TaskError",
    `mapBlocks: the function scaled uses factor and offset, which are not defined inside it; ${ALONE}`,
  ],
  [
    'cw.mapBlocks(() => require("node:fs"), x)',
    "TaskError",
    "mapBlocks: the function uses require, which is not defined inside it; load modules inside it with await import(...), or give { module, export }",
  ],
  [
    "cw.mapBlocks((b) => __spreadArray([], b.data), x)",
    "TaskError",
    "mapBlocks: the function uses __spreadArray, which is not defined inside it; the compiler put a helper outside of it: compile for ES2022 or newer, or give { module, export }",
  ],
  [
    "cw.mapBlocks((b) => __vite_ssr_import_0__.sum(b), x)",
    "TaskError",
    "mapBlocks: the function uses __vite_ssr_import_0__, which is not defined inside it; it uses something imported: import it inside with await import(...), or give { module, export }",
  ],
  [
    "cw.mapBlocks((b) => (cov_1x.s[0]++, b), x)",
    "TaskError",
    "mapBlocks: the function uses cov_1x, which is not defined inside it; a coverage tool changed its text: exclude the file, or give { module, export }",
  ],
  [
    'cw.mapBlocks({ module: "./blocks.js" }, x)',
    "TaskError",
    `mapBlocks: the module "./blocks.js" is not an absolute path or file: URL; ${ABSOLUTE}`,
  ],
  [
    'cw.mapBlocks({ module: "some-package", export: "f" }, x)',
    "TaskError",
    `mapBlocks: the module "some-package" is not an absolute path or file: URL; ${ABSOLUTE}`,
  ],
  [
    'cw.mapBlocks({ module: "https://example.org/blocks.js" }, x)',
    "TaskError",
    `mapBlocks: the module "https://example.org/blocks.js" is not an absolute path or file: URL; ${ABSOLUTE}`,
  ],
  [
    'cw.mapBlocks({ module: "/blocks.js", export: 3 }, x)',
    "TaskError",
    "mapBlocks: export must be the name of a function, got 3",
  ],
  [
    'cw.mapBlocks({ module: "/blocks.js", exports: "f" }, x)',
    "OptionError",
    'mapBlocks: unknown option "exports"; a function of a module is { module, export }',
  ],
  [
    "cw.mapBlocks(double, x, { dropAxis: 2 })",
    "ShapeError",
    "mapBlocks: axis 2 does not exist; the array has 2 axes: -2 to 1",
  ],
  [
    "cw.mapBlocks(double, x, { newAxis: 3 })",
    "ShapeError",
    "mapBlocks: axis 3 does not exist; the array has 3 axes: -3 to 2",
  ],
  [
    "cw.mapBlocks(double, x, { dropAxis: [0, -2] })",
    "ShapeError",
    "mapBlocks: axis [0, -2] names an axis twice",
  ],
  [
    "cw.mapBlocks(double, x, { chunks: [4] })",
    "ChunkError",
    "mapBlocks: 1 entry in chunks for a result with 2 axes; give one entry per axis of the result: a length, one per block, or null",
  ],
  [
    "cw.mapBlocks(double, x, { chunks: [[4, 4], 6] })",
    "ChunkError",
    "mapBlocks: axis 0 of the result has 3 blocks, 2 lengths given; give one length for all blocks, or one per block",
  ],
  [
    "cw.mapBlocks(double, x, { chunks: 0 })",
    "ChunkError",
    "mapBlocks: axis 0 of the result cannot have blocks of length 0; lengths of blocks are integers from 1",
  ],
  [
    'cw.mapBlocks(double, x, { chunks: "auto" })',
    "ChunkError",
    'mapBlocks: chunks cannot be "auto"; give lengths of blocks: a number, a list with one entry per axis, or an object by axis',
  ],
  [
    "cw.mapBlocks(double, x, { chunks: { 2: 1 } })",
    "ChunkError",
    'mapBlocks: the result has no axis "2"; it has 2 axes',
  ],
  [
    "cw.mapBlocks(double, x, { dtype: [] })",
    "ShapeError",
    "mapBlocks: a function returns at least one block",
  ],
];
