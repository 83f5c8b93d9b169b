/** What formulas do one element at a time, by name: pure functions of numbers that kernels import and the reference calls. */
export const RARE: Readonly<Record<string, (a: number, b: number) => number>> = {};
