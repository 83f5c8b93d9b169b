/** Fused stages, compiled at run time to WebAssembly. */
export { Kernels, type Scratch } from "./kernels.js";
export type { ItemSize } from "./launch-copy.js";
export { LZ4_MARGIN, LZ4_WORK_BYTES } from "./launch-lz4.js";
export { LZ4_FAULTS } from "./lz4-decode-kernel.js";
export { lz4Bound } from "./lz4-encode-kernel.js";
export type { Constants, LeafSpec, MapSpec, Place } from "./structure.js";
