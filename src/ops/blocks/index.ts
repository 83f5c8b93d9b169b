/** Block functions: user code over blocks, and kernels that are traced. */
export { freeIdentifiers, type SyntaxNode } from "./free-identifiers.js";
export { type CallOptions, isModuleFunction, type ModuleFunction } from "./function.js";
export { applyGufunc, type GufuncOptions } from "./gufunc.js";
export { traceKernel } from "./kernel.js";
export { type AxisBlocks, type BlockLengths, type BlockOptions, mapBlocks } from "./map.js";
export { type ReductionOptions, reduction, type ScanOptions, scan } from "./reduction.js";
export { parseSignature } from "./signature.js";
export { type BlockwiseOptions, blockwise, type Labels } from "./wise.js";
