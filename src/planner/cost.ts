/**
 * Cost in seconds, from constants measured on the reference machine (two Zen 4 cores; `bench/` prints what yours
 * does). They decide between alternatives; results never depend on them.
 */
import type { ScalarProgram } from "../ir/scalar.js";

/** Bytes per second. */
export const READ_STORE = 800e6;
/** One read of a part of a file, seconds. */
export const READ_PART = 40e-6;
export const MEMORY_COPY = 6e9;
export const WRITE_STORE = 500e6;
/** To and from spill files, most of which the system's cache takes. */
export const SPILL_WRITE = 600e6;
export const SPILL_READ = 1.5e9;
/** One piece of a spill file, seconds. */
export const SPILL_PART = 15e-6;
/** Between the arena and memory beyond it, which is copied by words, and one piece of it (`npm run bench -- rechunk`). */
export const BEYOND_COPY = 2.5e9;
export const BEYOND_PART = 3e-6;
/** Scheduling one task, seconds. */
export const TASK_OVERHEAD = 20e-6;
/** Simple scalar operations per second and thread, vectorised. */
export const SCALAR_RATE = 1.5e9;
/** One transcendental costs about this many simple operations. */
export const TRANSCENDENTAL = 12;

const TRANSCENDENTALS: ReadonlySet<string> = new Set(
  (
    "exp expm1 log log1p log2 log10 sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh " +
    "pow atan2 hypot logaddexp"
  ).split(" "),
);

/** Sixty additions, rotations and exclusive ors, each waiting for the one before. */
const RANDOM_BITS = 12;

export const functionCost = (fn: string): number =>
  TRANSCENDENTALS.has(fn) ? TRANSCENDENTAL : fn === "randomBits" ? RANDOM_BITS : 1;

/** Simple operations per element of a program. */
export const programCost = (program: ScalarProgram): number =>
  program.ops.reduce(
    (n, op) => n + (op.op === "call" ? functionCost(op.fn) : op.op === "cast" ? 1 : 0),
    0,
  );
