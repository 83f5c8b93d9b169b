/**
 * Sums of products in leaf kernels, in the order of `ir/leaves.ts`: runs in the dtype of the products, their sums in
 * float64.
 *
 * The first two cells are the sum of the current run and the total (columns of float32 have two totals, of the low and
 * the high lanes). Along a row a vector holds the same place of several runs, which is why their products are
 * transposed: lane r of cell `2 + g` is the sum of run `g * lanes + r` of a block of {@link BLOCK_RUNS}.
 */
import { itemSize } from "../ir/dtype.js";
import { DOT_RUN } from "../ir/leaves.js";
import type { Code, ValueType } from "./assembler.js";

export interface DotPart {
  readonly kind: "dot";
  readonly value: number;
  readonly on: "float32" | "float64";
}

type DotFlavour = "scalar" | "rows" | "columns";

/** Runs of a row that are summed side by side: enough additions at once to hide how long one takes. */
export const BLOCK_RUNS = 4;

/** Lanes of a whole vector of products. */
export const dotLanes = (part: DotPart): number => 16 / itemSize(part.on);
const scalarType = ({ on }: DotPart): "f32" | "f64" => (on === "float32" ? "f32" : "f64");
const shapeOf = ({ on }: DotPart): string => (on === "float32" ? "f32x4" : "f64x2");
const groupsOf = (part: DotPart): number => BLOCK_RUNS / dotLanes(part);

export function dotCells(part: DotPart, flavour: DotFlavour): readonly ValueType[] {
  if (flavour === "columns")
    return part.on === "float32" ? ["v128", "v128", "v128"] : ["v128", "v128"];
  const groups = flavour === "rows" ? new Array<ValueType>(groupsOf(part)).fill("v128") : [];
  return [scalarType(part), "f64", ...groups];
}

/** -0: the first product that is added to it is the sum, bit for bit. */
function emitNothing(c: Code, type: "f32" | "f64", vector: boolean): void {
  if (type === "f32") c.f32(-0);
  else c.f64(-0);
  if (vector) c.op(type === "f32" ? "f32x4.splat" : "f64x2.splat");
}

export function emitDotInit(
  c: Code,
  part: DotPart,
  flavour: DotFlavour,
  cells: readonly number[],
): void {
  const vector = flavour === "columns";
  cells.forEach((cell, i) => {
    if (!vector && i > 1) return;
    emitNothing(c, i === 0 ? scalarType(part) : "f64", vector);
    c.set(cell);
  });
}

/** Adds a product to the run. */
export function emitDotAdd(
  c: Code,
  part: DotPart,
  vector: boolean,
  cells: readonly number[],
  value: number,
): void {
  const run = cells[0] as number;
  c.get(run, value)
    .op(`${vector ? shapeOf(part) : scalarType(part)}.add`)
    .set(run);
}

/** At the end of a run: adds its sum to the total and begins the next one. */
export function emitDotFlush(
  c: Code,
  part: DotPart,
  flavour: DotFlavour,
  cells: readonly number[],
): void {
  const [run, low, high] = cells as readonly [number, number, number];
  const vector = flavour === "columns";
  const narrow = part.on === "float32";
  c.get(low, run);
  if (!vector) {
    if (narrow) c.op("f64.promote_f32");
    c.op("f64.add").set(low);
  } else {
    if (narrow) c.op("f64x2.promote_low_f32x4");
    c.op("f64x2.add").set(low);
    if (narrow) {
      c.get(high);
      emitHigh(c, run);
      c.op("f64x2.promote_low_f32x4", "f64x2.add").set(high);
    }
  }
  emitNothing(c, scalarType(part), vector);
  c.set(run);
}

/** The high half of a vector, as its low half. */
export function emitHigh(c: Code, vector: number): void {
  c.get(vector, vector).shuffle([8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15]);
}

/** Pushes the total, of lane `lane` in columns. */
export function emitDotState(
  c: Code,
  part: DotPart,
  flavour: DotFlavour,
  cells: readonly number[],
  lane: number,
): void {
  if (flavour !== "columns") {
    c.get(cells[1] as number);
    return;
  }
  const total = part.on === "float32" ? 1 + (lane >> 1) : 1;
  c.get(cells[total] as number).lane("f64x2.extract_lane", lane & 1);
}

// ---------------------------------------------------------------------------------- several runs of a row

/** Bytes of a cache line. */
const LINE = 64;

/**
 * Looks at every cache line of a block of runs, in the order of addresses: processors fetch ahead of a walk, but not
 * of one through several runs at once.
 */
export function emitTouch(c: Code, address: number, itemBytes: number): void {
  for (let at = 0; at < BLOCK_RUNS * DOT_RUN * itemBytes; at += LINE)
    c.get(address).memory("i32.load8_u", at).op("drop");
}

/** Before a block of runs. */
export function emitBlockInit(c: Code, part: DotPart, cells: readonly number[]): void {
  for (const cell of cells.slice(2)) {
    emitNothing(c, scalarType(part), true);
    c.set(cell);
  }
}

/** Shuffle that takes lanes of `size` bytes; those from 16 / size on are of the second vector. */
const takeLanes = (size: number, lanes: readonly number[]): number[] =>
  lanes.flatMap((lane) => Array.from({ length: size }, (_, i) => lane * size + i));

/**
 * Adds `dotLanes` places of each of the runs of group `group`: `values[r]` holds those of run r, in order. Takes the
 * locals of the values as its own.
 */
export function emitBlockAdd(
  c: Code,
  part: DotPart,
  cells: readonly number[],
  group: number,
  values: readonly number[],
): void {
  const cell = cells[2 + group] as number;
  const size = itemSize(part.on);
  const add = (vector: number): void => {
    c.get(cell, vector)
      .op(`${shapeOf(part)}.add`)
      .set(cell);
  };
  const zip = (a: number, b: number, lanes: readonly number[]): number => {
    c.get(a, b).shuffle(takeLanes(size, lanes));
    return c.keep("v128");
  };
  if (part.on === "float64") {
    const [a, b] = values as readonly [number, number];
    for (const lanes of [
      [0, 2],
      [1, 3],
    ]) {
      const column = zip(a, b, lanes);
      add(column);
      c.free(column);
    }
    return;
  }
  const [a, b, d, e] = values as readonly [number, number, number, number];
  for (const half of [
    [0, 4, 1, 5],
    [2, 6, 3, 7],
  ]) {
    const ab = zip(a, b, half);
    const de = zip(d, e, half);
    for (const lanes of [
      [0, 1, 4, 5],
      [2, 3, 6, 7],
    ]) {
      const column = zip(ab, de, lanes);
      add(column);
      c.free(column);
    }
    c.free(ab, de);
  }
}

/** After a block: adds the sums of its runs to the total, in order. */
export function emitBlockFlush(c: Code, part: DotPart, cells: readonly number[]): void {
  const total = cells[1] as number;
  const lanes = dotLanes(part);
  for (let run = 0; run < BLOCK_RUNS; run++) {
    c.get(total, cells[2 + Math.floor(run / lanes)] as number);
    c.lane(`${shapeOf(part)}.extract_lane`, run % lanes);
    if (part.on === "float32") c.op("f64.promote_f32");
    c.op("f64.add").set(total);
  }
}
