/** Functions on bool vectors, which are masks. They answer with the lane width of the mask on the stack. */
import { InternalError } from "../errors.js";
import type { DType } from "../ir/dtype.js";
import { itemSize } from "../ir/dtype.js";
import type { ScalarFunction } from "../ir/scalar.js";
import type { Code } from "./assembler.js";
import { emitMask, emitOnes, emitZeros, type Vector } from "./vector-lanes.js";

const BINARY: Partial<Record<ScalarFunction, "and" | "or" | "xor">> = {
  add: "or",
  multiply: "and",
  minimum: "and",
  maximum: "or",
  bitwiseAnd: "and",
  bitwiseOr: "or",
  bitwiseXor: "xor",
  equal: "xor",
  notEqual: "xor",
};
const ORDERS = new Set<ScalarFunction>(["less", "lessEqual", "greater", "greaterEqual"]);
const IDENTITIES = new Set<ScalarFunction>(["abs", "floor", "ceil", "trunc", "round"]);
const CONSTANTS = new Set<ScalarFunction>(["isnan", "isinf", "isfinite", "signbit"]);

export const boolHasLanes = (fn: ScalarFunction): boolean =>
  BINARY[fn] !== undefined ||
  ORDERS.has(fn) ||
  IDENTITIES.has(fn) ||
  CONSTANTS.has(fn) ||
  fn === "bitwiseInvert";

/** `condition` chooses between `a` and `b`, which may be masks themselves. */
export function emitWhere(c: Code, on: DType, args: readonly Vector[], lanes: number): number {
  const [condition, a, b] = args as readonly [Vector, Vector, Vector];
  const width = on === "bool" ? a.width : itemSize(on);
  c.get(a.local);
  if (on === "bool") emitMask(c, b, width, lanes);
  else c.get(b.local);
  emitMask(c, condition, width, lanes);
  c.op("v128.bitselect");
  return on === "bool" ? width : 0;
}

export function emitBool(
  c: Code,
  fn: ScalarFunction,
  a: Vector,
  b: Vector | undefined,
  lanes: number,
): number {
  const { width } = a;
  const left = (): void => void c.get(a.local);
  const right = (): void => emitMask(c, b as Vector, width, lanes);
  const name = BINARY[fn];
  if (name !== undefined) {
    left();
    right();
    c.op(`v128.${name}`);
    if (fn === "equal") c.op("v128.not");
  } else if (ORDERS.has(fn)) {
    // less is b and not a; v128.andnot(x, y) is x and not y.
    const sides = fn === "less" || fn === "greaterEqual" ? [right, left] : [left, right];
    for (const side of sides) side();
    c.op("v128.andnot");
    if (fn === "lessEqual" || fn === "greaterEqual") c.op("v128.not");
  } else if (fn === "isfinite") emitOnes(c);
  else if (CONSTANTS.has(fn)) emitZeros(c);
  else if (IDENTITIES.has(fn)) left();
  else if (fn === "bitwiseInvert") {
    left();
    c.op("v128.not");
  } else throw new InternalError(`${fn} on bool has no vector form`);
  return width;
}
