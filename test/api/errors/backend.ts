/** Mistakes of libraries on top of the engine. */
import type { Row } from "./row.js";

export const backend: readonly Row[] = [
  [
    "cw.backend.chunks([1, 2])",
    "DTypeError",
    "chunks: the first argument must be a LazyArray, got [1, 2]; wrap data with asarray(data)",
  ],
  [
    "cw.backend.normalizeChunks(3, [10, 'x'])",
    "ShapeError",
    'normalizeChunks: a length must be an integer, got "x"',
  ],
  [
    "cw.backend.normalizeChunks([3], [10, 6])",
    "ChunkError",
    "normalizeChunks: 1 chunk length for an array with 2 axes; give one entry per axis of shape [10, 6]",
  ],
  [
    "cw.backend.normalizeChunks('auto', [10], { limit: 'much' })",
    "OptionError",
    'normalizeChunks: limit: "much" is not a size in bytes; give a positive number of bytes or a text like "512MiB" or "2GB"',
  ],
  [
    "cw.backend.normalizeChunks('auto', [10], { previousChunks: [[4, 4]] })",
    "ChunkError",
    "normalizeChunks: previousChunks: the chunk lengths of axis 0 add up to 8; the axis has length 10",
  ],
  [
    "cw.backend.normalizeChunks('auto', [10], { previous: 4 })",
    "OptionError",
    'normalizeChunks: unknown option "previous"; options are dtype, limit and previousChunks',
  ],
  [
    "cw.backend.normalizeChunks('auto', [10], { dtype: 'float' })",
    "DTypeError",
    'normalizeChunks: unknown dtype "float"…',
  ],
  ["cw.backend.fromArray({})", "DTypeError", "asarray: cannot make an array of …"],
  ["cw.backend.compute(x)", "OptionError", "compute: expected a list of arrays, got …"],
  ["cw.backend.persist(x)", "OptionError", "persist: expected a list of arrays, got …"],
  ["cw.backend.computeMany({ x })", "OptionError", "computeMany: expected a list, got …"],
  [
    "cw.backend.computeMany([x, 3])",
    "DTypeError",
    "computeMany: entry 1 must be a LazyArray, got 3; wrap data with asarray(data)",
  ],
  [
    "cw.backend.computeMany([{ x, y: 3 }])",
    "DTypeError",
    "computeMany: entry y of record 0 must be a LazyArray, got 3; wrap data with asarray(data)",
  ],
  [
    "cw.backend.optimizeMany([[x, 'x']])",
    "DTypeError",
    'optimizeMany: entry 1 of list 0 must be a LazyArray, got "x"; wrap data with asarray(data)',
  ],
  [
    "cw.backend.unifyChunks([x])",
    "OptionError",
    "unifyChunks: expected a list of pairs of array and labels, got [a LazyArray]",
  ],
  [
    "cw.backend.unifyChunks([[x, 3]])",
    "ShapeError",
    'unifyChunks: the labels of array 0 must be text or a list, got 3; give one per axis, as "ij" or ["time", "lat"]',
  ],
  [
    "cw.backend.unifyChunks([[x, 'ii']])",
    "ShapeError",
    "unifyChunks: array 0 of shape [10, 6] cannot have the labels …",
  ],
  [
    "cw.backend.unifyChunks([[x, 'ij'], [x, 'ji']])",
    "ShapeError",
    'unifyChunks: axes "j" have lengths 6 and 10; axes of one label must be equally long, or of length 1',
  ],
  [
    "cw.backend.unifyChunks([[x, 'ij']], { agree: 'all' })",
    "OptionError",
    'unifyChunks: agree must be "heaviest" or "refine", got "all"',
  ],
  [
    "cw.backend.store([x], [])",
    "OptionError",
    "store: expected a list of arrays and as many targets, got [a LazyArray] and []",
  ],
  [
    "cw.backend.store([x], [{ url: cw.memoryStore(), chunk: 3 }])",
    "OptionError",
    'store: target 0: unknown option "chunk"; did you mean chunks?',
  ],
  [
    "cw.backend.shuffle(x, [0, 1], 0)",
    "IndexError",
    "shuffle: group 0 of 2 groups must be a list of positions, got 0",
  ],
  [
    "cw.backend.shuffle(x, 3, 0)",
    "IndexError",
    "shuffle: groups must be a list of lists of positions, got 3",
  ],
  [
    "cw.backend.shuffle(x, [[0, 10]], 0)",
    "IndexError",
    "take: index 10 is out of bounds for axis 0; allowed are -10 to 9",
  ],
  [
    "cw.backend.shuffle(x, [[0]], 2)",
    "ShapeError",
    "shuffle: axis 2 does not exist; the array has 2 axes: -2 to 1",
  ],
  [
    "cw.backend.shuffle(x, [[0]], 0, { chunks: 0 })",
    "ChunkError",
    "shuffle: chunks must be a length from 1, got 0",
  ],
];
