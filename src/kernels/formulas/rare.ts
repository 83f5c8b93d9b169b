/** What formulas do one element at a time, by name: pure functions of numbers that kernels import and the reference calls. */
import { COMPLEX_PARTS } from "../complex-math.js";
import { powF64 } from "../math.js";
import { cosOfLarge, sinOfLarge, tanOfLarge } from "./large-angles.js";

type Function4 = (a: number, b: number, c: number, d: number) => number;

export const RARE: Readonly<Record<string, Function4>> = {
  ...COMPLEX_PARTS,
  sin: sinOfLarge,
  cos: cosOfLarge,
  tan: tanOfLarge,
  pow: powF64,
  // Of a larger argument that is next to nothing and the distance to the other.
  logaddexp: (most, distance) => most + Math.exp(-distance),
  // Its quotient neither overflows nor underflows before its time.
  atan2: Math.atan2,
};
