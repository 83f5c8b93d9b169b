/** What users call, as pure functions from nodes to nodes; one file per section of the array-API standard. */
export { broadcastShapes, normalAxis, normalShape } from "./axes.js";
export { type BlockOptions, mapBlocks } from "./blocks.js";
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
export { at, type Indices, take, takeAlongAxis } from "./indexing.js";
export {
  broadcastArrays,
  broadcastTo,
  concat,
  expandDims,
  flip,
  matrixTranspose,
  moveaxis,
  permuteDims,
  repeat,
  reshape,
  roll,
  squeeze,
  stack,
  tile,
  unstack,
} from "./manipulation.js";
export { isJsScalar, scalarConstant, scalarDType } from "./operand.js";
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
export {
  type BasicSelector,
  type EllipsisSelector,
  ellipsis,
  type NewAxisSelector,
  newaxis,
  type Selector,
  type SliceSelector,
  slice,
} from "./selectors.js";
export { setItem } from "./set-item.js";
export { countText, listText, shapeText, valueText } from "./words.js";
