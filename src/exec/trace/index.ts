/** Recording of runs: loaded with the first run that is recorded. */
export { TracedKernels } from "./kernels.js";
export { Recorder, recorded, type TraceBuffer, traceBuffer, traceOrigin } from "./recorder.js";
export { RunTrace } from "./run.js";
