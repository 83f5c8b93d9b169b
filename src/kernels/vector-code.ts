/**
 * Scalar functions and casts on vectors: one v128 holds `lanes` elements in its low bytes, whatever their dtype,
 * so that mixed widths need no second register; what lies above is arbitrary.
 *
 * A bool vector is a mask (all bits of a lane set or clear) as wide as the elements that it came from; `width` is
 * its lane size in bytes. Masks are converted where they meet lanes of another width.
 *
 * This file loads, stores and chooses; the code of each kind of function is in a `vector-*.ts` of its own.
 */
import { type DType, isComplex, isFloat, itemSize } from "../ir/dtype.js";
import type { ScalarFunction, ScalarOp } from "../ir/scalar.js";
import type { Code } from "./assembler.js";
import { emitVectorFormula, hasFormula } from "./formula-code.js";
import { emitCall, emitCast, typeOf } from "./scalar-code.js";
import { emitVectorCast } from "./vector-casts.js";
import { emitFloat, floatHasLanes } from "./vector-floats.js";
import { emitInteger, emitIntegerCompare, integerHasLanes } from "./vector-integers.js";
import {
  emitMask,
  emitZeros,
  integerShape,
  isSigned,
  shapeOf,
  type Vector,
} from "./vector-lanes.js";
import { boolHasLanes, emitBool, emitWhere } from "./vector-masks.js";

export type { Vector } from "./vector-lanes.js";

const LOADS: Readonly<Record<number, string>> = {
  16: "v128.load",
  8: "v128.load64_zero",
  4: "v128.load32_zero",
  2: "v128.load16_splat",
};

/** Address on the stack -> vector of `lanes` consecutive elements, or of one element repeated. */
export function emitVectorLoad(
  c: Code,
  dtype: DType,
  lanes: number,
  offset: number,
  repeated: boolean,
): void {
  const size = itemSize(dtype);
  c.memory(repeated ? `v128.load${size * 8}_splat` : (LOADS[size * lanes] as string), offset);
  if (dtype === "bool") {
    emitZeros(c);
    c.op("i8x16.ne");
  }
}

/** Stores the low `lanes` elements at the address in local `address` plus `offset`. */
export function emitVectorStore(
  c: Code,
  value: Vector,
  lanes: number,
  address: number,
  offset: number,
): void {
  c.get(address);
  if (value.dtype === "bool") {
    emitMask(c, value, 1, lanes);
    c.v128(new Uint8Array(16).fill(1)).op("v128.and");
  } else c.get(value.local);
  const bytes = itemSize(value.dtype) * lanes;
  if (bytes === 16) c.memory("v128.store", offset);
  else c.memoryLane(`v128.store${bytes * 8}_lane`, offset, 0);
}

/** Leaves lane `lane` on the stack as a scalar element. */
export function emitExtract(c: Code, value: Vector, lane: number): void {
  c.get(value.local);
  const { dtype } = value;
  const size = dtype === "bool" ? value.width : itemSize(dtype);
  const shape = dtype === "bool" ? integerShape(size) : shapeOf(dtype);
  const suffix = size >= 4 ? "" : isSigned(dtype) ? "_s" : "_u";
  c.lane(`${shape}.extract_lane${suffix}`, lane);
  if (dtype !== "bool") return;
  if (size === 8) c.op("i32.wrap_i64");
  c.i32(1).op("i32.and");
}

/** Scalar in a local -> vector of copies on the stack; bools as masks of width 1. */
export function emitSplat(c: Code, dtype: DType, scalar: number): void {
  c.get(scalar).op(`${shapeOf(dtype)}.splat`);
  if (dtype === "bool") c.op("i8x16.neg");
}

const COMPARE: Partial<Record<ScalarFunction, string>> = {
  equal: "eq",
  notEqual: "ne",
  less: "lt",
  lessEqual: "le",
  greater: "gt",
  greaterEqual: "ge",
};

/** Whether an instruction of a program has vector instructions; others go lane by lane. */
export function hasLanes(op: ScalarOp, dtypeOf: (op: number) => DType): boolean {
  if (op.op === "cast") return !isComplex(dtypeOf(op.args[0])) && !isComplex(op.dtype);
  if (op.op !== "call" || op.fn === "where") return true;
  if (op.on === "bool") return boolHasLanes(op.fn);
  if (COMPARE[op.fn] !== undefined) return true;
  if (isFloat(op.on) && hasFormula(op.fn)) return true;
  return isFloat(op.on) ? floatHasLanes(op.fn) : integerHasLanes(op.fn, op.on);
}

/** Leaves the result of an instruction on the stack; answers with its mask width (0 if it is no mask). */
export function emitVectorOp(
  c: Code,
  op: ScalarOp & { op: "cast" | "call" },
  args: readonly Vector[],
  lanes: number,
): number {
  if (!hasLanes(op, (n) => (args[op.args.indexOf(n)] as Vector).dtype))
    return emitByLane(c, op, args, lanes);
  const [a, b] = args as readonly [Vector, Vector | undefined];
  if (op.op === "cast") return emitVectorCast(c, a, op.dtype, lanes);
  if (op.fn === "where") return emitWhere(c, op.on, args, lanes);
  if (op.on === "bool") return emitBool(c, op.fn, a, b, lanes);
  const compare = COMPARE[op.fn];
  if (compare !== undefined && b !== undefined) {
    if (!isFloat(op.on)) return emitIntegerCompare(c, compare, op.on, a.local, b.local);
    c.get(a.local, b.local).op(`${shapeOf(op.on)}.${compare}`);
    return itemSize(op.on);
  }
  const locals = args.map((x) => x.local);
  if (isFloat(op.on) && emitVectorFormula(c, op.fn, op.on, locals, lanes)) return 0;
  const byLane = (): void => void emitByLane(c, op, args, lanes);
  return isFloat(op.on)
    ? emitFloat(c, op.fn, op.on, a.local, b?.local, lanes, byLane)
    : emitInteger(c, op.fn, op.on, a, b, lanes, byLane);
}

function emitByLane(
  c: Code,
  op: ScalarOp & { op: "cast" | "call" },
  args: readonly Vector[],
  lanes: number,
): number {
  const result = c.local("v128");
  const scalars = args.map((x) => c.local(typeOf(x.dtype)));
  emitZeros(c);
  c.set(result);
  for (let lane = 0; lane < lanes; lane++) {
    args.forEach((x, i) => {
      emitExtract(c, x, lane);
      c.set(scalars[i] as number);
    });
    c.get(result);
    if (op.op === "cast") emitCast(c, (args[0] as Vector).dtype, op.dtype, scalars[0] as number);
    else emitCall(c, op.fn, op.on, scalars);
    c.lane(`${shapeOf(op.dtype)}.replace_lane`, lane).set(result);
  }
  c.free(...scalars);
  c.get(result);
  c.free(result);
  if (op.dtype !== "bool") return 0;
  c.op("i8x16.neg");
  return 1;
}
