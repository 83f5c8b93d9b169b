/** The array functions as one namespace, for libraries that take theirs from the arrays they are given. */
export * from "./functions/blocks.js";
export * from "./functions/creation.js";
export { resultType } from "./functions/dtypes.js";
export * from "./functions/elementwise.js";
export * from "./functions/manipulation.js";
export * from "./functions/products.js";
export * as random from "./functions/random.js";
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
} from "./functions/reductions.js";
export * from "./functions/scans.js";
export { ellipsis, newaxis, slice } from "./selectors.js";
export { asarray, fromSource } from "./sources.js";
