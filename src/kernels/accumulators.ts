/**
 * What a leaf kernel accumulates, as code over cells (locals). The order of float sums is that of
 * `ir/leaves.ts`; everything else is exact and may take any order.
 *
 * Three flavours: `scalar` (one element at a time), `rows` (vector lanes are neighbours in a row: lane 0 of a sum
 * is `e`, lane 1 is `o`) and `columns` (vector lanes are neighbours along a kept axis, each with its own `e`, `o`).
 */
import { InternalError } from "../errors.js";
import { type DType, isComplex, isFloat, itemSize } from "../ir/dtype.js";
import { stateDTypes } from "../ir/monoid.js";
import type { BinaryFunction, ScalarOp, ScalarProgram } from "../ir/scalar.js";
import {
  type ArgPart,
  argCells,
  emitArgAdd,
  emitArgInit,
  emitArgState,
  emitSpread,
  emitWorst,
} from "./arg.js";
import type { Code, ValueType } from "./assembler.js";
import { HEADER } from "./descriptor.js";
import { type DotPart, dotCells, emitDotAdd, emitDotInit, emitDotState } from "./dot.js";
import {
  CHAINS,
  type ExtremumPart,
  emitExtremumAdd,
  emitExtremumInit,
  emitExtremumState,
  extremumCells,
} from "./extrema.js";
import {
  emitProductGroup,
  emitProductInit,
  emitProductRest,
  emitProductState,
  type ProductPart,
} from "./products.js";
import type { Value } from "./program.js";
import { emitCall, emitNumber, typeOf } from "./scalar-code.js";
import type { LeafSpec } from "./structure.js";
import { emitExtract, emitVectorOp } from "./vector-code.js";

export type Flavour = "scalar" | "rows" | "columns";

export type Part =
  /** Float sum or product in the fixed order; the value is float64. */
  | {
      readonly kind: "ordered";
      readonly fn: "add" | "multiply";
      readonly value: number;
      readonly on: "float64";
    }
  | { readonly kind: "moments"; readonly fn: "add"; readonly value: number; readonly on: "float64" }
  /** Exact: any order gives the same bits. */
  | {
      readonly kind: "fold";
      readonly fn: BinaryFunction;
      readonly value: number;
      readonly on: DType;
    }
  | ExtremumPart
  | ArgPart
  | DotPart
  | ProductPart;

/** Instructions whose values a part takes. */
export const valuesOf = (part: Part): readonly number[] =>
  part.kind === "product" ? [part.value, part.imaginary] : [part.value];

export interface LeafProgram {
  readonly program: ScalarProgram;
  readonly parts: readonly Part[];
}

/** Brings every value to the dtype in which it is accumulated, by casts at the end of the program. */
export function leafProgram(spec: LeafSpec): LeafProgram {
  const ops: ScalarOp[] = [...spec.program.ops];
  const castTo = (value: number, dtype: DType): number => {
    const from = ops[value]?.dtype;
    if (from === undefined)
      throw new InternalError(`a leaf reads instruction ${value} of ${ops.length}`);
    if (from === dtype) return value;
    const known = ops.findIndex(
      (op) => op.op === "cast" && op.args[0] === value && op.dtype === dtype,
    );
    return known >= 0 ? known : ops.push({ op: "cast", dtype, from, args: [value] }) - 1;
  };
  const parts = spec.outputs.map(({ value, monoid, on, imaginary }): Part => {
    if (isComplex(on)) {
      if (monoid !== "prod" || imaginary === undefined)
        throw new InternalError(`${monoid} has no leaf kernel on ${on}`);
      const [re, im] = [castTo(value, "float64"), castTo(imaginary, "float64")];
      return { kind: "product", value: re, imaginary: im };
    }
    const x = castTo(value, on);
    const state = stateDTypes(monoid, on)[0] as DType;
    switch (monoid) {
      case "sum":
      case "prod": {
        const fn = monoid === "sum" ? "add" : "multiply";
        return state === "float64"
          ? { kind: "ordered", fn, value: castTo(x, state), on: state }
          : { kind: "fold", fn, value: castTo(x, state), on: state };
      }
      case "dot":
        if (on !== "float32" && on !== "float64")
          throw new InternalError(`dot has no leaf kernel on ${on}`);
        return { kind: "dot", value: x, on };
      case "min":
      case "max": {
        const fn = monoid === "min" ? "minimum" : "maximum";
        return on === "float32" || on === "float64"
          ? { kind: "extremum", fn, value: x, on }
          : { kind: "fold", fn, value: x, on };
      }
      case "any":
      case "all":
        return {
          kind: "fold",
          fn: monoid === "any" ? "maximum" : "minimum",
          value: castTo(x, "bool"),
          on: "bool",
        };
      case "count":
        return { kind: "fold", fn: "add", value: castTo(castTo(x, "bool"), "int64"), on: "int64" };
      case "argmin":
      case "argmax":
        return { kind: "arg", fn: monoid === "argmin" ? "less" : "greater", value: x, on };
      case "moments":
        return { kind: "moments", fn: "add", value: castTo(x, "float64"), on: "float64" };
    }
  });
  return { program: { ops, constants: spec.program.constants }, parts };
}

export const isOrdered = (part: Part): boolean =>
  part.kind === "ordered" ||
  part.kind === "moments" ||
  part.kind === "product" ||
  part.kind === "dot";

// ------------------------------------------------------------------------------------------------ cells

/** Types of the cells of a part; vectors have `lanes` lanes. */
export function cellTypes(part: Part, flavour: Flavour, lanes: number): readonly ValueType[] {
  switch (part.kind) {
    case "ordered":
      return flavour === "rows"
        ? ["v128"]
        : flavour === "columns"
          ? ["v128", "v128"]
          : ["f64", "f64"];
    case "moments":
      // The last cells hold the mean.
      return flavour === "rows"
        ? ["v128", "f64", "v128"]
        : flavour === "columns"
          ? ["v128", "v128", "v128"]
          : ["f64", "f64", "f64"];
    case "fold":
      return flavour === "rows"
        ? [...new Array<ValueType>(CHAINS).fill("v128"), typeOf(part.on)]
        : [flavour === "columns" ? "v128" : typeOf(part.on)];
    case "extremum":
      return extremumCells(part, flavour);
    case "arg":
      return argCells(part, flavour, lanes);
    case "dot":
      return dotCells(part, flavour);
    case "product":
      return ["f64", "f64", "f64", "f64"];
  }
}

/** Pushes the scalar that changes nothing. */
function emitIdentity(c: Code, fn: BinaryFunction, on: DType): void {
  const type = typeOf(on);
  if (fn === "add") emitNumber(c, type, isFloat(on) ? -0 : 0);
  else if (fn === "multiply") emitNumber(c, type, 1);
  else emitWorst(c, fn, on);
}

function emitIdentityVector(c: Code, fn: BinaryFunction, on: DType): void {
  emitIdentity(c, fn, on);
  emitSpread(c, on);
}

/** Sets the cells of a part to the state of no elements. */
export function emitInit(c: Code, part: Part, flavour: Flavour, cells: readonly number[]): void {
  if (part.kind === "product") {
    emitProductInit(c, cells);
    return;
  }
  if (part.kind === "dot") {
    emitDotInit(c, part, flavour, cells);
    return;
  }
  if (part.kind === "arg") {
    emitArgInit(c, part, flavour, cells);
    return;
  }
  if (part.kind === "extremum") {
    emitExtremumInit(c, part, flavour, cells);
    return;
  }
  const folds = flavour === "rows" ? CHAINS : 1;
  const sums = part.kind === "fold" ? folds : flavour === "rows" ? 1 : 2;
  for (let i = 0; i < sums; i++) {
    if (flavour === "scalar") emitIdentity(c, part.fn, part.on);
    else emitIdentityVector(c, part.fn, part.on);
    c.set(cells[i] as number);
  }
  if (part.kind === "fold" && flavour === "rows") {
    emitIdentity(c, part.fn, part.on);
    c.set(cells[CHAINS] as number);
  }
}

// ---------------------------------------------------------------------------------------- accumulation

/**
 * Where an element stands: `place` of a full group (counted in evaluations) that goes to one of `chains` independent
 * accumulators where there are such, or in the rest of a row.
 */
export type Position =
  | { readonly in: "group"; readonly place: number; readonly chains: number }
  | { readonly in: "rest"; readonly odd: boolean };

/** Partial sums of the current group, per part. */
export type GroupSums = Map<Part, number[]>;

type OrderedPart = Part & { readonly kind: "ordered" | "moments" };

const arithmetic = (part: OrderedPart, vector: boolean): string =>
  `${vector ? "f64x2" : "f64"}.${part.fn === "multiply" ? "mul" : "add"}`;

/**
 * Adds one value (or one vector of `lanes` values; both parts of a product). `second` is the pass over the squared
 * deviations; `argIndex` holds the index that arg- reductions take.
 */
export function emitAccumulate(
  c: Code,
  part: Part,
  flavour: Flavour,
  cells: readonly number[],
  values: readonly Value[],
  position: Position,
  sums: GroupSums,
  second: boolean,
  argIndex: number,
  lanes: number,
): void {
  const [value] = values as readonly [Value];
  const place = position.in === "group" ? position.place : undefined;
  const chain = position.in === "group" ? position.place % position.chains : undefined;
  if (part.kind === "product") {
    const pair = [value.local, (values[1] as Value).local] as const;
    const open = sums.get(part) ?? [];
    sums.set(part, open);
    if (position.in === "group") emitProductGroup(c, cells, pair, position.place, open);
    else emitProductRest(c, cells, pair, position.odd);
  } else if (part.kind === "dot") emitDotAdd(c, part, flavour === "columns", cells, value.local);
  else if (part.kind === "arg") emitArgAdd(c, part, flavour, cells, value, place, argIndex, lanes);
  else if (part.kind === "extremum") emitExtremumAdd(c, part, flavour, cells, value.local, chain);
  else if (part.kind === "fold") {
    const vector = flavour === "columns" || (flavour === "rows" && position.in === "group");
    const cell = flavour === "rows" ? (chain ?? CHAINS) : 0;
    emitFold(c, part, cells[cell] as number, value, vector);
  } else {
    const vector = flavour === "columns" || (flavour === "rows" && position.in === "group");
    let { local } = value;
    if (second) {
      const mean = cells[flavour === "rows" ? (vector ? 2 : 1) : 2] as number;
      const shape = vector ? "f64x2" : "f64";
      const deviation = c.local(vector ? "v128" : "f64");
      c.get(local, mean).op(`${shape}.sub`).tee(deviation);
      c.get(deviation).op(`${shape}.mul`).set(deviation);
      local = deviation;
    }
    if (position.in === "group")
      emitOrderedGroup(c, part, flavour, cells, local, position.place, sums);
    else emitOrderedRest(c, part, flavour, cells, local, position.odd);
    if (second) c.free(local);
  }
}

/** `e += (x0 + x2) + (x4 + x6)`, and `o` likewise, as the values come in. */
function emitOrderedGroup(
  c: Code,
  part: OrderedPart,
  flavour: Flavour,
  cells: readonly number[],
  value: number,
  place: number,
  sums: GroupSums,
): void {
  const vector = flavour !== "scalar";
  const op = arithmetic(part, vector);
  const chain = flavour === "rows" ? 0 : place % 2;
  const step = flavour === "rows" ? place : place >> 1;
  const open = sums.get(part) ?? [];
  sums.set(part, open);
  // Two partial sums per chain: x0 + x2 and x4 + x6.
  const slot = 2 * chain + (step >> 1);
  if (step % 2 === 0) {
    c.get(value);
    open[slot] = c.keep(vector ? "v128" : "f64");
    return;
  }
  const local = open[slot] as number;
  c.get(local, value).op(op).set(local);
  if (step !== 3) return;
  const cell = cells[chain] as number;
  const first = open[2 * chain] as number;
  c.get(cell, first, local).op(op, op).set(cell);
  c.free(first, local);
}

function emitOrderedRest(
  c: Code,
  part: OrderedPart,
  flavour: Flavour,
  cells: readonly number[],
  value: number,
  odd: boolean,
): void {
  const op = arithmetic(part, flavour !== "scalar");
  const cell = cells[flavour === "rows" ? 0 : odd ? 1 : 0] as number;
  c.get(cell);
  if (flavour === "rows") {
    emitIdentityVector(c, part.fn, "float64");
    c.get(value).lane("f64x2.replace_lane", odd ? 1 : 0);
  } else c.get(value);
  c.op(op).set(cell);
}

function emitFold(
  c: Code,
  part: Part & { kind: "fold" },
  cell: number,
  value: Value,
  vector: boolean,
): void {
  const { fn, on } = part;
  if (vector) {
    const op = { op: "call", fn, on, dtype: on, args: [0, 1] } as const;
    emitVectorOp(c, op, [{ ...value, local: cell, repeated: false }, value], 16 / itemSize(on));
  } else emitCall(c, fn, on, [cell, value.local]);
  c.set(cell);
}

// --------------------------------------------------------------------------------------------- results

/** Pushes the sum of an ordered part; of one lane in columns. */
function emitTotal(
  c: Code,
  part: OrderedPart,
  flavour: Flavour,
  cells: readonly number[],
  lane: number,
): void {
  const [e, o] = cells as readonly [number, number];
  if (flavour === "scalar") c.get(e, o);
  else if (flavour === "rows")
    c.get(e).lane("f64x2.extract_lane", 0).get(e).lane("f64x2.extract_lane", 1);
  else c.get(e).lane("f64x2.extract_lane", lane).get(o).lane("f64x2.extract_lane", lane);
  c.op(arithmetic(part, false));
}

/** Between the passes: the mean is known, the sums begin again. */
export function emitMean(
  c: Code,
  part: OrderedPart,
  flavour: Flavour,
  cells: readonly number[],
): void {
  if (flavour === "columns") {
    c.get(...(cells.slice(0, 2) as number[])).op("f64x2.add");
    c.get(0)
      .memory("v128.load64_splat", HEADER.count)
      .op("f64x2.div")
      .set(cells[2] as number);
  } else {
    emitTotal(c, part, flavour, cells, 0);
    c.get(0).memory("f64.load", HEADER.count).op("f64.div");
    c.set(cells[flavour === "rows" ? 1 : 2] as number);
    if (flavour === "rows")
      c.get(cells[1] as number)
        .op("f64x2.splat")
        .set(cells[2] as number);
  }
  emitInit(c, part, flavour, cells);
}

/**
 * Pushes component `component` of the state: of the only leaf, or of lane `lane` in columns. `width` is the mask
 * width of bool vectors, `lanes` the length of vectors.
 */
export function emitState(
  c: Code,
  part: Part,
  flavour: Flavour,
  cells: readonly number[],
  component: number,
  lane: number,
  lanes: number,
  width: number,
): void {
  if (part.kind === "product") emitProductState(c, cells, component);
  else if (part.kind === "dot") emitDotState(c, part, flavour, cells, lane);
  else if (part.kind === "arg")
    emitArgState(c, part, flavour, cells, component, lane, lanes, width);
  else if (part.kind === "extremum") emitExtremumState(c, part, flavour, cells, lane, lanes);
  else if (part.kind === "moments" && component === 0) {
    const mean = cells[flavour === "rows" ? 1 : 2] as number;
    c.get(mean);
    if (flavour === "columns") c.lane("f64x2.extract_lane", lane);
  } else if (part.kind !== "fold") emitTotal(c, part, flavour, cells, lane);
  else if (flavour === "scalar") c.get(cells[0] as number);
  else {
    const vector: Value = { local: cells[0] as number, dtype: part.on, width };
    if (flavour === "columns") emitExtract(c, vector, lane);
    else {
      const total = cells[CHAINS] as number;
      for (let chain = 1; chain < CHAINS; chain++)
        emitFold(c, part, vector.local, { ...vector, local: cells[chain] as number }, true);
      const one = c.local(typeOf(part.on));
      for (let l = 0; l < lanes; l++) {
        emitExtract(c, vector, l);
        c.set(one);
        emitCall(c, part.fn, part.on, [total, one]);
        c.set(total);
      }
      c.free(one);
      c.get(total);
    }
  }
}
