/** How much is measured: by default what the targets speak of, smaller with `--gib`. */
import type { Shape } from "./field.js";

export interface Scale {
  readonly shape: Shape;
  /** Edge of a pencil. */
  readonly pencil: number;
  /** Of the copies from Zarr to Zarr: a quarter of the data. */
  readonly budget: number;
  /** Three times as many data, for reductions, and their budget. */
  readonly long: Shape;
  readonly longBudget: number;
  readonly rounds: number;
}

const MIB = 2 ** 20;
/** What a process may take beside the budget of the engine. */
export const PROCESS = 150 * MIB;
export const bytesOf = (shape: Shape): number => 4 * shape.reduce((n, s) => n * s, 1);

export function scaleOf(size: "full" | "small", gib: number): Scale {
  if (size === "small") {
    const shape: Shape = [16, 180, 360];
    const budget = 16 * MIB;
    return { shape, pencil: 36, budget, long: [48, 180, 360], longBudget: budget, rounds: 1 };
  }
  const [y, x] = [720, 1440];
  const steps = Math.max(8, Math.round((gib * 2 ** 30) / (4 * y * x)));
  return {
    shape: [steps, y, x],
    pencil: 48,
    budget: Math.round((gib / 2) * 512) * MIB,
    long: [3 * steps, y, x],
    // No smaller: what is read at once does not shrink with the data.
    longBudget: 256 * MIB,
    rounds: 3,
  };
}
