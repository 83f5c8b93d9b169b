/** Block functions that are refused when the expression is built. */
import type { Row } from "./row.js";

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
    "mapBlocks: options must be an object, got [1, 2]; it may have dtype, params, name, inputs and scratchBytes",
  ],
  [
    "cw.mapBlocks(double, x, 3)",
    "OptionError",
    "mapBlocks: options must be an object, got 3; it may have dtype, params, name, inputs and scratchBytes",
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
];
