/**
 * Minima and maxima of floats in vectors. The instruction that minds NaN and the sign of zero takes several times as
 * long as the one that compares and chooses, so what that one forgets is gathered beside it and put right at the end:
 * which lanes met a NaN, and the sign bits of all elements, of which a result of zero takes its own. (A minimum is zero
 * only if no element is negative: then a sign bit is that of a -0. Maxima likewise.)
 *
 * Cells along a row: {@link CHAINS} vectors, signs, NaN mask, and the scalar for elements that fill no vector. In
 * columns: one vector, signs, NaN mask.
 */
import type { Code, ValueType } from "./assembler.js";
import { emitCall, emitNumber, typeOf } from "./scalar-code.js";
import { emitExtract } from "./vector-code.js";
import { emitOnes, emitSignBits, emitZeros, shapeOf, splatConstant } from "./vector-lanes.js";

export interface ExtremumPart {
  readonly kind: "extremum";
  readonly fn: "minimum" | "maximum";
  readonly value: number;
  readonly on: "float32" | "float64";
}

/** Independent vectors per fold along a row: a minimum takes several cycles, which would otherwise be waited for. */
export const CHAINS = 4;

type Flavour = "scalar" | "rows" | "columns";

const chainsOf = (flavour: Flavour): number => (flavour === "rows" ? CHAINS : 1);

export function extremumCells(part: ExtremumPart, flavour: Flavour): readonly ValueType[] {
  if (flavour === "scalar") return [typeOf(part.on)];
  const vectors = new Array<ValueType>(chainsOf(flavour) + 2).fill("v128");
  return flavour === "rows" ? [...vectors, typeOf(part.on)] : vectors;
}

/** What any element is better than. */
export const worst = (fn: ExtremumPart["fn"]): number =>
  fn === "minimum" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;

export function emitExtremumInit(
  c: Code,
  part: ExtremumPart,
  flavour: Flavour,
  cells: readonly number[],
): void {
  if (flavour !== "columns") {
    emitNumber(c, typeOf(part.on), worst(part.fn));
    c.set(cells.at(-1) as number);
  }
  if (flavour === "scalar") return;
  const chains = chainsOf(flavour);
  for (const cell of cells.slice(0, chains)) {
    splatConstant(c, part.on, worst(part.fn));
    c.set(cell);
  }
  if (part.fn === "minimum") emitZeros(c);
  else emitOnes(c);
  c.set(cells[chains] as number);
  emitZeros(c);
  c.set(cells[chains + 1] as number);
}

/** Takes the better one of a cell and a vector; a NaN is passed over. */
export function emitBetter(
  c: Code,
  { fn, on }: Pick<ExtremumPart, "fn" | "on">,
  cell: number,
  value: number,
): void {
  c.get(cell, value)
    .op(`${shapeOf(on)}.${fn === "minimum" ? "pmin" : "pmax"}`)
    .set(cell);
}

/** Adds the lanes of a vector that are NaN to a mask. */
export function emitNoteNaN(c: Code, on: ExtremumPart["on"], mask: number, value: number): void {
  c.get(mask, value, value)
    .op(`${shapeOf(on)}.ne`, "v128.or")
    .set(mask);
}

/** Takes one element, or a vector of them into accumulator `chain`. */
export function emitExtremumAdd(
  c: Code,
  part: ExtremumPart,
  flavour: Flavour,
  cells: readonly number[],
  value: number,
  chain: number | undefined,
): void {
  if (flavour === "scalar" || (flavour === "rows" && chain === undefined)) {
    const cell = cells.at(-1) as number;
    emitCall(c, part.fn, part.on, [cell, value]);
    c.set(cell);
    return;
  }
  const chains = chainsOf(flavour);
  const signs = cells[chains] as number;
  emitBetter(c, part, cells[flavour === "rows" ? (chain as number) : 0] as number, value);
  c.get(signs, value)
    .op(part.fn === "minimum" ? "v128.or" : "v128.and")
    .set(signs);
  emitNoteNaN(c, part.on, cells[chains + 1] as number, value);
}

/** Pushes the extremum of lane `lane` in columns, or of all there is. Lane 0 comes first. */
export function emitExtremumState(
  c: Code,
  part: ExtremumPart,
  flavour: Flavour,
  cells: readonly number[],
  lane: number,
  lanes: number,
): void {
  const { on, fn } = part;
  if (flavour === "scalar") {
    c.get(cells[0] as number);
    return;
  }
  const chains = chainsOf(flavour);
  const best = cells[0] as number;
  if (lane === 0) {
    for (const cell of cells.slice(1, chains)) emitBetter(c, part, best, cell);
    c.get(cells[chains] as number);
    emitSignBits(c, on === "float32" ? 4 : 8);
    c.op("v128.and").get(best, best);
    emitZeros(c);
    c.op(`${shapeOf(on)}.eq`, "v128.bitselect").set(best);
    splatConstant(c, on, Number.NaN);
    c.get(best, cells[chains + 1] as number)
      .op("v128.bitselect")
      .set(best);
  }
  const vector = { local: best, dtype: on, width: 0 };
  if (flavour === "columns") {
    emitExtract(c, vector, lane);
    return;
  }
  const total = cells.at(-1) as number;
  const one = c.local(typeOf(on));
  for (let l = 0; l < lanes; l++) {
    emitExtract(c, vector, l);
    c.set(one);
    emitCall(c, fn, on, [total, one]);
    c.set(total);
  }
  c.free(one);
  c.get(total);
}
