/** What formulas do one element at a time, by name: pure functions of numbers that kernels import and the reference calls. */
import { cosOfLarge, sinOfLarge, tanOfLarge } from "./large-angles.js";

export const RARE: Readonly<Record<string, (a: number, b: number) => number>> = {
  sin: sinOfLarge,
  cos: cosOfLarge,
  tan: tanOfLarge,
  // Its quotient neither overflows nor underflows before its time.
  atan2: Math.atan2,
};
