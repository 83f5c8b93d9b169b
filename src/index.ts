/** The public namespace; re-exports only. Heavy modules load when first needed. */

export type { ArrayOrScalar, PersistedArray } from "./api/array.js";
export { type BlocksOptions, blocks, type ComputedBlock } from "./api/blocks.js";
export {
  type ComputeOptions,
  configure,
  type Defaults,
  type RunOptions,
  shutdown,
  type ToZarrOptions,
} from "./api/config.js";
export type {
  ChunkSource,
  CodecChoice,
  NodeDescription,
  ProgressEvent,
  RunStats,
  Store,
  StoreLike,
} from "./api/engine.js";
export * from "./api/functions/creation.js";
export { resultType } from "./api/functions/dtypes.js";
export * from "./api/functions/elementwise.js";
export * from "./api/functions/indexing.js";
export * from "./api/functions/manipulation.js";
export {
  all,
  any,
  argmax,
  argmin,
  countNonzero,
  max,
  mean,
  min,
  prod,
  std,
  sum,
  variance as var,
} from "./api/functions/reductions.js";
export { LazyArray } from "./api/methods.js";
export { NDArray, type NdarrayView, type Nested, type ScalarOptions } from "./api/nd-array.js";
export { persist } from "./api/persist.js";
export { type PreviewOptions, preview } from "./api/preview.js";
export { type Computable, type Computed, compute, explain, plan } from "./api/run.js";
export {
  type AxisChunks,
  type BlockOptions,
  type ChunkSpec,
  ellipsis,
  type Indices,
  newaxis,
  type Selector,
  slice,
} from "./api/selectors.js";
export {
  type AsarrayOptions,
  asarray,
  fromSource,
  type NdarrayLike,
  type NestedList,
} from "./api/sources.js";
export type { Floating, Promote, SumOf } from "./api/types.js";
export {
  describeStore,
  type OpenZarrOptions,
  openZarr,
  toZarr,
  type ZarrArray,
} from "./api/zarr.js";
export {
  AbortError,
  ChunkError,
  ChunkwiseError,
  DTypeError,
  type ErrorCode,
  IndexError,
  InternalError,
  MemoryLimitError,
  OptionError,
  ShapeError,
  SourceError,
  TaskError,
  ZarrError,
} from "./errors.js";
export { directoryStore } from "./io/stores/directory.js";
export { memoryStore } from "./io/stores/memory.js";
export type { ReadTarget } from "./ir/binding.js";
export type {
  ArrayFor,
  ComplexDType,
  DType,
  ElementFor,
  FloatDType,
  IntegerDType,
  TypedArray,
} from "./ir/dtype.js";
export type { Plan } from "./ir/stage.js";
