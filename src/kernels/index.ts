/** Fused stages, compiled at run time to WebAssembly. */
export { Kernels, type Scratch } from "./kernels.js";
export type { ItemSize } from "./launch-copy.js";
export type { Constants, LeafSpec, MapSpec, Place } from "./structure.js";
