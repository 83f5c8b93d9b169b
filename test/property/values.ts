/** Values at which functions change their ways, and the names of functions, for the random graphs. */

export const FLOAT_SPECIALS = [
  0,
  -0,
  1,
  -1,
  0.5,
  2.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  1e300,
  1e-310,
  3.25,
];
export const INT_SPECIALS = [
  0n,
  1n,
  -1n,
  7n,
  -7n,
  127n,
  128n,
  255n,
  32767n,
  2n ** 31n - 1n,
  -(2n ** 31n),
  2n ** 63n - 1n,
  -(2n ** 63n),
];

export const COMPLEX_UNARY = [
  "abs",
  "acos",
  "asinh",
  "atan",
  "conj",
  "exp",
  "imag",
  "isfinite",
  "log",
  "logicalNot",
  "negative",
  "reciprocal",
  "round",
  "sign",
  "sin",
  "sqrt",
  "square",
  "tanh",
] as const;
export const COMPLEX_BINARY = [
  "add",
  "divide",
  "equal",
  "logicalOr",
  "multiply",
  "notEqual",
  "pow",
  "subtract",
] as const;

/** Whether `a` broadcasts against `b`. */
export function compatible(a: readonly number[], b: readonly number[]): boolean {
  for (let i = 1; i <= Math.min(a.length, b.length); i++) {
    const x = a[a.length - i] as number;
    const y = b[b.length - i] as number;
    if (x !== y && x !== 1 && y !== 1) return false;
  }
  return true;
}
