/**
 * Early exit of `any` and `all`: one true (false) element for every result, and whatever else there is does not matter.
 * A task that has seen so much stops reading and tells the tasks of the same block, which then need not begin.
 *
 * The result is the same whoever sees it first: only what is read depends on timing.
 */
import type { ReduceStage } from "../../ir/stage.js";
import type { TaskContext } from "./context.js";
import type { NodeStates } from "./states.js";

/** Results of one task that are watched; of more, hardly ever all are decided early. */
const MOST_WATCHED = 4096;

/** Whether the results of a stage can be known before everything was looked at. */
export const canDecide = (stage: ReduceStage): boolean =>
  stage.accumulators.length > 0 &&
  stage.accumulators.every(({ monoid }) => monoid === "any" || monoid === "all");

export class Verdict {
  readonly #bytes: Uint8Array;
  readonly #finals: readonly (0 | 1)[];
  readonly #kept: number;
  /** Per accumulator and result: whether it is decided. */
  readonly #decided: Uint8Array;
  #open: number;

  constructor(ctx: TaskContext, stage: ReduceStage, kept: number) {
    this.#bytes = new Uint8Array(ctx.memory.buffer);
    this.#finals = stage.accumulators.map(({ monoid }) => (monoid === "any" ? 1 : 0));
    this.#kept = kept;
    this.#open = kept * this.#finals.length;
    this.#decided = new Uint8Array(this.#open);
  }

  /** A verdict for a task, if its stage can have one. */
  static of(ctx: TaskContext, stage: ReduceStage, kept: number): Verdict | undefined {
    return canDecide(stage) && kept <= MOST_WATCHED ? new Verdict(ctx, stage, kept) : undefined;
  }

  get decided(): boolean {
    return this.#open === 0;
  }

  /** Looks at what some of the elements come to. */
  look({ components }: NodeStates): void {
    this.#finals.forEach((final, a) => {
      const at = components[a] as number;
      for (let k = 0; k < this.#kept; k++) {
        if (this.#bytes[at + k] !== final || this.#decided[a * this.#kept + k] === 1) continue;
        this.#decided[a * this.#kept + k] = 1;
        this.#open--;
      }
    });
  }

  /** Makes states say the final word. */
  fill(components: readonly number[]): void {
    this.#finals.forEach((final, a) => {
      const at = components[a] as number;
      this.#bytes.fill(final, at, at + this.#kept);
    });
  }
}
