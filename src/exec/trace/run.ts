/** What is recorded of one run by the thread that decides its order: that thread's own spans, the workers', memory. */
import { blockBytes, type Plan, type PlanArray } from "../../ir/stage.js";
import { SPAN } from "../../ir/trace.js";
import type { RecordedData } from "../protocol.js";
import { Recorder, type TraceBuffer, traceBuffer } from "./recorder.js";
import { Samples } from "./samples.js";

export class RunTrace {
  /** Of the thread that made this. */
  readonly recorder: Recorder;
  readonly #samples = new Samples();
  readonly #threads: { readonly name: string; readonly trace: TraceBuffer }[] = [];
  readonly #origin: number;
  /** Numbers of the stages, by id. */
  readonly #stages: ReadonlyMap<number, number>;

  constructor(origin: number, plan: Plan, name: string) {
    this.#origin = origin;
    this.#stages = new Map(plan.stages.map((s, i) => [s.id, i]));
    this.recorder = new Recorder(this.#thread(name));
  }

  /** Where a worker records the run. */
  worker({ id, generation }: { readonly id: number; readonly generation: number }): TraceBuffer {
    const again = generation === 0 ? "" : ` (${generation + 1})`;
    return this.#thread(`worker ${id + 1}${again}`);
  }

  sample(used: number, spilled: number): void {
    this.#samples.add(this.recorder.now(), used, spilled);
  }

  /** Since `from`, a block was copied to where its user gets it. */
  delivered(from: number, array: PlanArray, block: number): void {
    const stage = this.#stages.get(array.stage) ?? -1;
    const now = this.recorder.now();
    this.recorder.span(SPAN.deliver, from, now, stage, block, blockBytes(array, block), array.id);
  }

  data(): RecordedData {
    return { threads: this.#threads, samples: this.#samples.rows() };
  }

  #thread(name: string): TraceBuffer {
    const trace = traceBuffer(this.#origin, this.#stages.size);
    this.#threads.push({ name, trace });
    return trace;
  }
}
