/**
 * Arg- reductions: the first of the best elements, or the first NaN, and its index.
 *
 * One element at a time (`scalar`), the best one and its index are carried along. In `columns` lanes do the same: an
 * index grows from row to row, so that the index of the last element taken is the largest one. Along a row of vectors
 * (`rows`) only the best value is carried, as in a minimum; whenever a piece of the row has improved it, the place of
 * that piece is noted, and when the leaf is done that one piece is searched for the value.
 *
 * Cells: `scalar` value, index; `columns` value, indices (relative to that of the first element); `rows` value, index,
 * elements in the noted piece, the best of the elements that fill no vector, whether one of those was NaN, the vectors
 * and the NaN mask.
 */
import { type DType, integerRange, isBig, isFloat, isInteger, itemSize } from "../ir/dtype.js";
import type { BinaryFunction } from "../ir/scalar.js";
import type { Code, ValueType } from "./assembler.js";
import { CHAINS, type ExtremumPart, emitBetter, emitNoteNaN } from "./extrema.js";
import { emitCall, emitNumber, typeOf } from "./scalar-code.js";
import { emitExtract, emitVectorOp, type Vector } from "./vector-code.js";
import { emitMask, shapeOf } from "./vector-lanes.js";

export interface ArgPart {
  readonly kind: "arg";
  readonly fn: "less" | "greater";
  readonly value: number;
  readonly on: DType;
}

type Flavour = "scalar" | "rows" | "columns";

/** Vectors of a piece of a row: enough to make light of what is done for each, few enough to be searched quickly. */
export const PIECE_VECTORS = 128;

const CELL = { value: 0, index: 1, length: 2, rest: 3, restNaN: 4, vectors: 5 } as const;

/** Lanes that an index vector of columns holds. */
const indexLanes = (lanes: number): number => Math.min(4, lanes);

export function argCells(part: ArgPart, flavour: Flavour, lanes: number): readonly ValueType[] {
  const vectors = (n: number): ValueType[] => new Array<ValueType>(n).fill("v128");
  const type = typeOf(part.on);
  if (flavour === "scalar") return [type, "i64"];
  if (flavour === "columns") return vectors(1 + lanes / indexLanes(lanes));
  return [type, "i64", "i32", type, "i32", ...vectors(CHAINS + 1)];
}

const extremumOf = (part: ArgPart): "minimum" | "maximum" =>
  part.fn === "less" ? "minimum" : "maximum";

/** Pushes the scalar that no element is worse than. */
export function emitWorst(c: Code, fn: BinaryFunction, on: DType): void {
  if (on === "bool") c.i32(fn === "minimum" ? 1 : 0);
  else if (isInteger(on)) {
    const [low, high] = integerRange(on);
    const end = fn === "minimum" ? high : low;
    if (isBig(on)) c.i64(end);
    else c.i32(Number(end));
  } else
    emitNumber(
      c,
      typeOf(on),
      fn === "minimum" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY,
    );
}

/** Scalar on the stack -> vector of copies; bools as a mask, which is the same in every width. */
export function emitSpread(c: Code, on: DType): void {
  c.op(`${shapeOf(on)}.splat`);
  if (on === "bool") c.op("i8x16.neg");
}

export function emitArgInit(
  c: Code,
  part: ArgPart,
  flavour: Flavour,
  cells: readonly number[],
): void {
  const fn = extremumOf(part);
  if (flavour === "scalar") {
    emitNumber(c, typeOf(part.on), 0);
    c.set(cells[CELL.value] as number);
    // No index yet.
    c.i64(-1n).set(cells[CELL.index] as number);
    return;
  }
  const worst = (cell: number, vector: boolean): void => {
    emitWorst(c, fn, part.on);
    if (vector) emitSpread(c, part.on);
    c.set(cell);
  };
  const none = (cell: number): void => void c.v128(new Uint8Array(16)).set(cell);
  if (flavour === "columns") {
    // No element is worse than the first: if none is better, it is the one.
    worst(cells[0] as number, true);
    for (const cell of cells.slice(1)) none(cell);
    return;
  }
  worst(cells[CELL.value] as number, false);
  worst(cells[CELL.rest] as number, false);
  c.i32(0).set(cells[CELL.length] as number);
  c.i32(0).set(cells[CELL.restNaN] as number);
  for (let i = 0; i < CHAINS; i++) worst(cells[CELL.vectors + i] as number, true);
  none(cells[CELL.vectors + CHAINS] as number);
}

/**
 * Takes an element, or a vector of them as number `place` of a group. `index` is its index (a vector of it in columns;
 * rows do without).
 */
export function emitArgAdd(
  c: Code,
  part: ArgPart,
  flavour: Flavour,
  cells: readonly number[],
  value: Vector,
  place: number | undefined,
  index: number,
  lanes: number,
): void {
  if (flavour === "scalar") emitScalarAdd(c, part, cells, value, index);
  else if (flavour === "columns") emitColumnAdd(c, part, cells, value, index, lanes);
  else if (place === undefined) {
    const [rest, restNaN] = [cells[CELL.rest] as number, cells[CELL.restNaN] as number];
    emitChoice(c, part, rest, value.local);
    if (!isFloat(part.on)) return;
    c.get(restNaN, value.local, value.local);
    c.op(`${typeOf(part.on)}.ne`, "i32.or").set(restNaN);
  } else {
    emitFoldVector(c, part, cells[CELL.vectors + (place % CHAINS)] as number, value);
    if (isFloat(part.on))
      emitNoteNaN(c, part.on, cells[CELL.vectors + CHAINS] as number, value.local);
  }
}

/** The better one of a scalar cell and an element; a NaN is passed over. */
function emitChoice(c: Code, part: ArgPart, cell: number, element: number): void {
  c.get(element, cell);
  emitCall(c, part.fn, part.on, [element, cell]);
  c.op("select").set(cell);
}

/** The better ones of a cell and a vector. */
function emitFoldVector(c: Code, part: ArgPart, cell: number, value: Vector): void {
  const { on } = part;
  const fn = extremumOf(part);
  if (isFloat(on)) emitBetter(c, { fn, on } as ExtremumPart, cell, value.local);
  else {
    const op = { op: "call", fn, on, dtype: on, args: [0, 1] } as const;
    emitVectorOp(c, op, [{ ...value, local: cell, repeated: false }, value], 16 / itemSize(on));
    c.set(cell);
  }
}

/** Takes the element if it is the first, better, or the first NaN. */
function emitScalarAdd(
  c: Code,
  part: ArgPart,
  cells: readonly number[],
  value: Vector,
  argIndex: number,
): void {
  const [best, index] = cells as readonly [number, number];
  const type = typeOf(part.on);
  const take = c.local("i32");
  emitCall(c, part.fn, part.on, [value.local, best]);
  c.get(index).i64(0n).op("i64.lt_s", "i32.or");
  if (isFloat(part.on)) {
    c.get(value.local, value.local).op(`${type}.ne`);
    c.get(best, best).op(`${type}.eq`, "i32.and", "i32.or");
  }
  c.set(take);
  c.get(value.local, best, take).op("select").set(best);
  c.get(argIndex, index, take).op("select").set(index);
  c.free(take);
}

/** In every lane: takes the element if it is better, or the first NaN. */
function emitColumnAdd(
  c: Code,
  part: ArgPart,
  cells: readonly number[],
  value: Vector,
  index: number,
  lanes: number,
): void {
  const { on, fn } = part;
  const best = cells[0] as number;
  const x = value.local;
  const mask = c.local("v128");
  /** Whether the mask is of lanes that stay as they are. */
  let stays = true;
  if (isFloat(on)) {
    const shape = shapeOf(on);
    c.get(x, best).op(`${shape}.${fn === "less" ? "ge" : "le"}`);
    c.get(best, best).op(`${shape}.ne`, "v128.or").set(mask);
    c.get(best, x, mask).op("v128.bitselect").set(best);
  } else {
    const before = c.local("v128");
    c.get(best).set(before);
    emitFoldVector(c, part, best, value);
    c.get(best, before);
    if (on === "bool") c.op("v128.xor");
    else c.op(`${shapeOf(on)}.eq`);
    c.set(mask);
    c.free(before);
    stays = on !== "bool";
  }
  const vector: Vector = {
    local: mask,
    dtype: "bool",
    width: isFloat(on) ? itemSize(on) : widthOf(value),
  };
  const held = indexLanes(lanes);
  const here = c.local("v128");
  for (let first = 0; first < lanes; first += held) {
    const cell = cells[1 + first / held] as number;
    c.get(cell, index, mask);
    if (first > 0) {
      const { width } = vector;
      c.get(mask).shuffle(
        Array.from({ length: 16 }, (_, i) => first * width + (i % (held * width))),
      );
    }
    c.set(here);
    emitMask(c, { ...vector, local: here }, held === 2 ? 8 : 4, held);
    c.op(stays ? "v128.andnot" : "v128.and", "i32x4.max_s").set(cell);
  }
  c.free(mask, here);
}

const widthOf = (value: Vector): number =>
  value.dtype === "bool" ? value.width : itemSize(value.dtype);

/** Index of a row -> vector for the index cells of columns, on the stack. Below 2^31. */
export function emitIndexVector(c: Code, lanes: number): void {
  if (lanes === 2) c.op("i64x2.splat");
  else c.op("i32.wrap_i64", "i32x4.splat");
}

/** After a piece of `length` elements: runs `note` if the piece has improved the value. */
export function emitArgPiece(
  c: Code,
  part: ArgPart,
  cells: readonly number[],
  width: number,
  lanes: number,
  length: number,
  note: () => void,
): void {
  const { on } = part;
  const type = typeOf(on);
  const [value, rest] = [cells[CELL.value] as number, cells[CELL.rest] as number];
  const noted = cells[CELL.length] as number;
  const chains = cells.slice(CELL.vectors, CELL.vectors + CHAINS);
  const total: Vector = { local: c.local("v128"), dtype: on, width };
  c.get(chains[0] as number).set(total.local);
  for (const cell of chains.slice(1))
    emitFoldVector(c, part, total.local, { ...total, local: cell });
  emitAcross(c, part, total, lanes);
  emitExtract(c, total, 0);
  const one = c.keep(type);
  emitChoice(c, part, rest, one);
  emitCall(c, part.fn, on, [rest, value]);
  c.get(noted).op("i32.eqz", "i32.or");
  if (isFloat(on)) {
    const nan = c.local("i32");
    const inUse = new Uint8Array(16).fill(0xff, 0, lanes * itemSize(on));
    c.get(cells[CELL.vectors + CHAINS] as number).v128(inUse);
    c.op("v128.and", "v128.any_true")
      .get(cells[CELL.restNaN] as number)
      .op("i32.or")
      .tee(nan);
    c.op("i32.or").get(value, value).op(`${type}.eq`, "i32.and");
    emitNumber(c, type, Number.NaN);
    c.get(rest, nan).op("select").set(one);
    c.free(nan);
  } else c.get(rest).set(one);
  c.if(undefined, () => {
    c.get(one).set(value);
    c.get(length).set(noted);
    note();
  });
  c.free(one, total.local);
}

/** Brings the best of the first `lanes` lanes to lane 0: choosing between scalars would be a branch for each. */
function emitAcross(c: Code, part: ArgPart, total: Vector, lanes: number): void {
  const size = widthOf(total);
  const half = c.local("v128");
  for (let n = lanes / 2; n >= 1; n /= 2) {
    const bytes = Array.from({ length: 16 }, (_, i) => (i + n * size) % 16);
    c.get(total.local, total.local).shuffle(bytes).set(half);
    emitFoldVector(c, part, total.local, { ...total, local: half });
  }
  c.free(half);
}

/** What the search for the noted value needs of its kernel. */
export interface Search {
  /** Evaluates the part's value where the walkers stand: `lanes` elements, or one for 0. */
  evaluate(lanes: number, body: (value: Vector) => void): void;
  /** Moves the walkers on by as many elements. */
  advance(elements: number): void;
  /** i64 local of the index at the walkers. */
  readonly index: number;
}

/** Looks for the value from where the walkers stand, in as many elements as were noted; completes the state. */
export function emitArgSearch(
  c: Code,
  part: ArgPart,
  cells: readonly number[],
  lanes: number,
  { evaluate, advance, index }: Search,
): void {
  const { on } = part;
  const [value, left] = [cells[CELL.value] as number, cells[CELL.length] as number];
  c.get(value);
  const best = c.keep(typeOf(on));
  c.get(value);
  emitSpread(c, on);
  const wanted = c.keep("v128");
  const inUse = (width: number): Uint8Array => new Uint8Array(16).fill(0xff, 0, lanes * width);
  c.block((found) => {
    c.loop((again) => {
      c.get(left).i32(lanes).op("i32.lt_u").brIf(found);
      evaluate(lanes, (x) => {
        const op = { op: "call", fn: "equal", on, dtype: "bool", args: [0, 1] } as const;
        const every: Vector = { local: wanted, dtype: on, width: on === "bool" ? 1 : 0 };
        const width = emitVectorOp(c, op, [x, every], lanes);
        if (isFloat(on)) c.get(x.local, x.local).op(`${shapeOf(on)}.ne`, "v128.or");
        if (lanes * width < 16) c.v128(inUse(width)).op("v128.and");
      });
      c.op("v128.any_true").brIf(found);
      advance(lanes);
      c.get(left).i32(lanes).op("i32.sub").set(left).br(again);
    });
  });
  c.block((found) => {
    c.loop((again) => {
      evaluate(0, (x) => {
        c.get(index).set(cells[CELL.index] as number);
        emitCall(c, "equal", on, [x.local, best]);
        if (isFloat(on)) c.get(x.local, x.local).op(`${typeOf(on)}.ne`, "i32.or");
        // Which of the two zeros it is, too.
        c.get(x.local).set(value);
      });
      c.brIf(found);
      advance(1);
      c.br(again);
    });
  });
  c.free(best, wanted);
}

/** Pushes a component of the state, of lane `lane` in columns: there the index is the relative one. */
export function emitArgState(
  c: Code,
  part: ArgPart,
  flavour: Flavour,
  cells: readonly number[],
  component: number,
  lane: number,
  lanes: number,
  width: number,
): void {
  if (flavour !== "columns") c.get(cells[component] as number);
  else if (component === 0)
    emitExtract(c, { local: cells[0] as number, dtype: part.on, width }, lane);
  else {
    const held = indexLanes(lanes);
    c.get(cells[1 + Math.floor(lane / held)] as number);
    if (held === 2) c.lane("i64x2.extract_lane", lane);
    else c.lane("i32x4.extract_lane", lane % held).op("i64.extend_i32_u");
  }
}
