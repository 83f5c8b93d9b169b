/**
 * The reference interpreter, the oracle of the tests and a debug engine:
 *
 * - `interpreter.ts` walks the nodes;
 * - `arrays.ts` arrays as `ndarray` views, `call.ts` user functions, `reduce.ts` reductions;
 * - `scalar.ts` scalar trees over `floats.ts`, `integers.ts` and `cast.ts`.
 */

export type { Block, BlockInfo, CallFunction } from "./call.js";
export { type EvaluateOptions, evaluate, type ReferenceArray } from "./interpreter.js";
