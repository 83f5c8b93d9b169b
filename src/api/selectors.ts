/** What users name in `at` and `rechunk`: selectors, and the types of both. */
export {
  type AxisChunks,
  type ChunkSpec,
  ellipsis,
  newaxis,
  type Selector,
  slice,
} from "../ops/index.js";
