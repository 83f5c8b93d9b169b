/** What users name in `at`, `setItem` and `rechunk`: selectors, and the types of all three. */
import {
  type Indices as ConstantIndices,
  type Selector as ConstantSelector,
  readSelectorsWith,
} from "../ops/index.js";
import type { LazyArray } from "./array.js";
import { selectorTexts } from "./engine.js";

readSelectorsWith((text) => selectorTexts().parseSelector(text));

export {
  type AxisChunks,
  type BasicSelector,
  type ChunkSpec,
  ellipsis,
  newaxis,
  slice,
} from "../ops/index.js";

/** Positions: a list (of lists), an integer typed array, a result, or a lazy array of integers. */
export type Indices = ConstantIndices | LazyArray;
/** Booleans in lists, all of one length at each depth. */
export type MaskList = readonly (boolean | MaskList)[];
/**
 * An integer (drops its axis), null (all of the axis), a slice, `newaxis`, `ellipsis`, an array of integers (a list of
 * lists, an integer typed array, a result, or a lazy array) or of booleans; or, alone, all selectors as text.
 */
export type Selector = ConstantSelector | LazyArray | MaskList;
