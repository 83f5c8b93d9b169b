/**
 * Memory over time: a bounded number of samples, whatever the length of the run. When they are full, two become one
 * and the time between them doubles; what is kept of a stretch of time is the most that there was in it.
 */
import { SAMPLE_WIDTH } from "../../ir/trace.js";

/** Twice what a screen has columns for. */
export const MOST_SAMPLES = 4096;
/** Time between samples at first, in milliseconds. */
const FIRST_MS = 0.25;

export class Samples {
  readonly #rows = new Float64Array(MOST_SAMPLES * SAMPLE_WIDTH);
  #count = 0;
  #apart = FIRST_MS;

  add(time: number, used: number, spilled: number): void {
    const rows = this.#rows;
    const last = (this.#count - 1) * SAMPLE_WIDTH;
    if (last >= 0 && time - (rows[last] as number) < this.#apart) {
      rows[last + 1] = Math.max(rows[last + 1] as number, used);
      rows[last + 2] = spilled;
      return;
    }
    if (this.#count === MOST_SAMPLES) this.#halve();
    const at = this.#count * SAMPLE_WIDTH;
    rows[at] = time;
    rows[at + 1] = used;
    rows[at + 2] = spilled;
    this.#count++;
  }

  rows(): Float64Array {
    return this.#rows.slice(0, this.#count * SAMPLE_WIDTH);
  }

  #halve(): void {
    const rows = this.#rows;
    const kept = this.#count >> 1;
    for (let i = 0; i < kept; i++) {
      const [to, a, b] = [i, 2 * i, 2 * i + 1].map((n) => n * SAMPLE_WIDTH) as [
        number,
        number,
        number,
      ];
      rows[to] = rows[a] as number;
      rows[to + 1] = Math.max(rows[a + 1] as number, rows[b + 1] as number);
      rows[to + 2] = rows[b + 2] as number;
    }
    this.#count = kept;
    this.#apart *= 2;
  }
}
