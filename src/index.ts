/** The public namespace; re-exports only. Heavy modules load when first needed. */

export type { ArrayOrScalar, PersistedArray } from "./api/array.js";
export {
  backend,
  type ChunkBackend,
  type Chunks,
  type ComputedEach,
  type ComputedMany,
  type FromArray,
  type OptimizedMany,
  type PersistedEach,
} from "./api/backend.js";
export type { BlockFunction } from "./api/block-arguments.js";
export type {
  Block,
  BlockInfo,
  ReductionInfo,
  ReductionOptions,
  ScanInfo,
  ScanOptions,
} from "./api/block-types.js";
export { type BlocksOptions, blocks, type ComputedBlock } from "./api/blocks.js";
export {
  type ComputeOptions,
  configure,
  type Defaults,
  type GroupOptions,
  type RunOptions,
  type StoredArrayOptions,
  type StoreOptions,
  type StoreTarget,
  shutdown,
  type ToZarrOptions,
} from "./api/config.js";
export type {
  ChunkSource,
  CodecChoice,
  NodeDescription,
  OneCodec,
  ProgressEvent,
  RunStats,
  ShardChoice,
  Store,
  StoreLike,
  TraceOption,
} from "./api/engine.js";
export {
  type AnalyzeOptions,
  analyze,
  type Explained,
  type ExplainFormat,
  type ExplainLevel,
  type ExplainOptions,
  explain,
} from "./api/explain.js";
export { type ExpressionValue, expr } from "./api/expr.js";
export * from "./api/functions/blocks.js";
export * from "./api/functions/creation.js";
export { resultType } from "./api/functions/dtypes.js";
export * from "./api/functions/elementwise.js";
export * from "./api/functions/indexing.js";
export * from "./api/functions/manipulation.js";
export { einsum, matmul, outer, tensordot, vecdot } from "./api/functions/products.js";
export * as random from "./api/functions/random.js";
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
export { cumulativeProd, cumulativeSum } from "./api/functions/scans.js";
export { measure } from "./api/measure.js";
export { LazyArray } from "./api/methods.js";
export { NDArray, type NdarrayView, type Nested, type ScalarOptions } from "./api/nd-array.js";
export { persist } from "./api/persist.js";
export { type PreviewOptions, preview } from "./api/preview.js";
export { type Computable, type Computed, compute, plan } from "./api/run.js";
export {
  type AxisChunks,
  type BasicSelector,
  type ChunkSpec,
  ellipsis,
  type Indices,
  type MaskList,
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
export { createGroup, explainToZarr, httpStore, s3Store, store, toZarr } from "./api/store.js";
export type { Floating, Promote, ShapeLike, SumOf } from "./api/types.js";
export {
  describeCodecs,
  describeStore,
  type OpenGroupOptions,
  type OpenZarrOptions,
  openGroup,
  openZarr,
  type ZarrArray,
  type ZarrGroup,
} from "./api/zarr.js";
export {
  AbortError,
  ChunkError,
  ChunkwiseError,
  DTypeError,
  type ErrorCode,
  ExpressionError,
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
export type { HttpOptions, HttpStore } from "./io/stores/http.js";
export { memoryStore } from "./io/stores/memory.js";
export type { S3Store } from "./io/stores/s3.js";
export type { S3Options } from "./io/stores/s3-settings.js";
export type { S3Credentials } from "./io/stores/sigv4.js";
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
export type {
  Figures,
  InputReport,
  OutputReport,
  PlannedReport,
  PlanReport,
  RawReport,
  RootReport,
  RuleReport,
  RunReport,
  StageActual,
  StageReport,
} from "./ir/report.js";
export type { Plan } from "./ir/stage.js";
export type {
  ChromeEvent,
  ChromeTrace,
  SpanKind,
  Trace,
  TraceData,
  TraceStage,
  TraceSummary,
  TraceThread,
} from "./ir/trace.js";
export type {
  BlockLengths,
  BlockOptions,
  BlockwiseOptions,
  GufuncOptions,
  Labels,
  ModuleFunction,
} from "./ops/index.js";
