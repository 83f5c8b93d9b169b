/** Kernels that say when they ran; used in traced runs only. */
import { type Probe, SPAN } from "../../ir/trace.js";
import type { TaskKernels } from "../task/context.js";

export class TracedKernels implements TaskKernels {
  readonly untraced: TaskKernels;
  readonly #probe: Probe;

  constructor(kernels: TaskKernels, probe: Probe) {
    this.untraced = kernels;
    this.#probe = probe;
  }

  map(...args: Parameters<TaskKernels["map"]>): void {
    const from = this.#probe.now();
    this.untraced.map(...args);
    this.#probe.span(SPAN.compute, from, 0);
  }

  leaf(...args: Parameters<TaskKernels["leaf"]>): void {
    const from = this.#probe.now();
    this.untraced.leaf(...args);
    this.#probe.span(SPAN.compute, from, 0);
  }

  copy(...args: Parameters<TaskKernels["copy"]>): void {
    const [size, extents] = args;
    const from = this.#probe.now();
    this.untraced.copy(...args);
    this.#probe.span(
      SPAN.move,
      from,
      extents.reduce((n, e) => n * e, size as number),
    );
  }

  fill(...args: Parameters<TaskKernels["fill"]>): void {
    const from = this.#probe.now();
    this.untraced.fill(...args);
    this.#probe.span(SPAN.compute, from, 0);
  }

  record(work: () => void): () => void {
    return this.untraced.record(work);
  }
}
