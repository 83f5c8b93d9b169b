/**
 * Complex products in leaf kernels: the order of float products (`ir/leaves.ts`), with pairs of cells. One element at
 * a time: the real and the imaginary parts of vectors would have to meet.
 */
import type { Code } from "./assembler.js";

/** A complex product in the fixed order; the values are float64. */
export interface ProductPart {
  readonly kind: "product";
  readonly value: number;
  readonly imaginary: number;
}

/** Locals of real and imaginary part. */
type Pair = readonly [number, number];

/** `into = into * by` */
function emitTimes(c: Code, [a, b]: Pair, [x, y]: Pair): void {
  c.get(a, x).op("f64.mul").get(b, y).op("f64.mul", "f64.sub");
  const re = c.keep("f64");
  c.get(a, y).op("f64.mul").get(b, x).op("f64.mul", "f64.add").set(b);
  c.get(re).set(a);
  c.free(re);
}

const pairAt = (locals: readonly number[], n: number): Pair => [
  locals[2 * n] as number,
  locals[2 * n + 1] as number,
];

/** The cells are the even and the odd product. */
export function emitProductInit(c: Code, cells: readonly number[]): void {
  cells.forEach((cell, i) => {
    c.f64(i % 2 === 0 ? 1 : 0).set(cell);
  });
}

/** An element at `place` of a full group; `open` holds x0 * x2 and x4 * x6, then the same of the odd ones. */
export function emitProductGroup(
  c: Code,
  cells: readonly number[],
  value: Pair,
  place: number,
  open: number[],
): void {
  const chain = place % 2;
  const step = place >> 1;
  const slot = 2 * chain + (step >> 1);
  if (step % 2 === 0) {
    value.forEach((local, half) => {
      c.get(local);
      open[2 * slot + half] = c.keep("f64");
    });
    return;
  }
  const last = pairAt(open, slot);
  emitTimes(c, last, value);
  if (step !== 3) return;
  const first = pairAt(open, 2 * chain);
  emitTimes(c, first, last);
  emitTimes(c, pairAt(cells, chain), first);
  c.free(...first, ...last);
}

export const emitProductRest = (
  c: Code,
  cells: readonly number[],
  value: Pair,
  odd: boolean,
): void => emitTimes(c, pairAt(cells, odd ? 1 : 0), value);

/** Pushes one part of the product of both chains, which is left in the cells of the even one by the first part. */
export function emitProductState(c: Code, cells: readonly number[], component: number): void {
  if (component === 0) emitTimes(c, pairAt(cells, 0), pairAt(cells, 1));
  c.get(cells[component] as number);
}
