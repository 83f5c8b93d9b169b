/** What users call, as pure functions from nodes to nodes; one file per section of the array-API standard. */
export { broadcastShapes, normalAxis, normalShape } from "./axes.js";
export type {
  AxisBlocks,
  BlockLengths,
  BlockOptions,
  BlockwiseOptions,
  CallOptions,
  GufuncOptions,
  Labels,
  ModuleFunction,
  ReductionOptions,
  ScanOptions,
  SyntaxNode,
} from "./blocks/index.js";
export { castNode, checkDType, isNode, type JsScalar, mapNode, type Operand } from "./build.js";
export { parseBytes } from "./bytes.js";
export {
  arange,
  type CreateOptions,
  type EyeOptions,
  empty,
  emptyLike,
  eye,
  full,
  fullLike,
  type LikeOptions,
  type LinspaceOptions,
  linspace,
  meshgrid,
  newGrid,
  ones,
  onesLike,
  scalarArray,
  tril,
  triu,
  zeros,
  zerosLike,
} from "./creation.js";
export { einsum, subscriptsText } from "./einsum.js";
export {
  astype,
  BINARY_NAMES,
  type BinaryName,
  binary,
  clip,
  UNARY_NAMES,
  type UnaryName,
  unary,
  where,
} from "./elementwise.js";
export { type Indices, take, takeAlongAxis, takeList } from "./indexing.js";
export {
  type ChunkAgreement,
  type NormalizeOptions,
  normalizeChunks,
  shuffle,
  type UnifyOptions,
  unifyChunks,
} from "./layouts.js";
export {
  at,
  expandDims,
  flip,
  matrixTranspose,
  moveaxis,
  nonzero,
  permuteDims,
  squeeze,
} from "./lifted.js";
export {
  broadcastArrays,
  broadcastTo,
  concat,
  repeat,
  reshape,
  roll,
  stack,
  tile,
  unstack,
} from "./manipulation.js";
export { isSelection, type Measurement, measurementOf } from "./masks.js";
export { isJsScalar, scalarConstant, scalarDType } from "./operand.js";
export { isMask } from "./positions.js";
export { matmul, outer, type TensordotAxes, tensordot, vecdot } from "./products.js";
export * from "./random.js";
export { type AxisChunks, type ChunkSpec, layoutNode, rechunk, resolveChunks } from "./rechunk.js";
export {
  type ArgOptions,
  type Axis,
  all,
  any,
  argmax,
  argmin,
  countNonzero,
  type MomentOptions,
  max,
  mean,
  min,
  prod,
  type ReduceOptions,
  type SumOptions,
  std,
  sum,
  variance,
} from "./reductions.js";
export { type CumulativeOptions, cumulativeProd, cumulativeSum } from "./scans.js";
export {
  type BasicSelector,
  type EllipsisSelector,
  ellipsis,
  type NewAxisSelector,
  newaxis,
  readSelectorsWith,
  type Selector,
  type SliceSelector,
  slice,
} from "./selectors.js";
export { setItem } from "./set-item.js";
export { countText, listText, shapeText, valueText } from "./words.js";
