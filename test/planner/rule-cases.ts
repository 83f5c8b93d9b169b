/**
 * For every rewrite rule, expressions on which it fires: random ones for the property tests, and one for which its
 * absence is felt.
 */
import { type DType, isFloat } from "../../dist/ir/dtype.js";
import { dtypeOf, knownShape, type Node } from "../../dist/ir/node.js";
import * as ops from "../../dist/ops/index.js";
import { dot } from "../../dist/ops/reductions.js";
import { ALL, COMPLEX, type Draw, FLOATS, INTS, REALS } from "./draw.js";

const { add, bitwiseAnd, bitwiseOr, bitwiseXor, divide, less, multiply, subtract } = ops.binary;
const { conj, logicalNot, negative } = ops.unary;

type Make = (draw: Draw) => Node;

/** A dtype of which sums and products may be regrouped, most of the time. */
const ADDED: readonly DType[] = ["int8", "int32", "int64", "uint8", "uint64", "bool", "float64"];

/** A reduction of some kind whose order does not matter over `axes`; extremes only where there is one. */
function reduced(draw: Draw, x: Node, axis: readonly number[], only?: string): Node {
  const empty = axis.some((a) => knownShape(x)[a] === 0);
  const kind = only ?? draw.pick(["sum", "prod", "any", "all", "count", "min", "max"]);
  const complex = COMPLEX.includes(dtypeOf(x));
  switch (empty || complex ? (kind === "min" || kind === "max" ? "any" : kind) : kind) {
    case "sum":
      return ops.sum(x, { axis });
    case "prod":
      return ops.prod(x, { axis });
    case "any":
      return ops.any(x, { axis });
    case "all":
      return ops.all(x, { axis });
    case "count":
      return ops.countNonzero(x, { axis });
    case "min":
      return ops.min(x, { axis });
    default:
      return ops.max(x, { axis });
  }
}

const IDEMPOTENT = ["abs", "floor", "ceil", "trunc", "round", "sign"] as const;

function repeatedUnary(draw: Draw): Node {
  const shape = draw.shape();
  if (draw.chance(0.2)) {
    const x = draw.array(shape, draw.pick([...INTS, "bool"]));
    return ops.unary.bitwiseInvert(ops.unary.bitwiseInvert(x));
  }
  if (draw.chance(0.2)) return logicalNot(logicalNot(draw.array(shape, "bool")));
  if (draw.chance(0.3)) {
    const x = draw.array(shape, draw.pick([...FLOATS, ...COMPLEX]));
    return draw.chance(0.5) ? negative(negative(x)) : conj(conj(x));
  }
  const fn = ops.unary[draw.pick(IDEMPOTENT)];
  return fn(fn(draw.array(shape, draw.pick(REALS))));
}

function signUnseen(draw: Draw): Node {
  const dtype = draw.pick<DType>([...REALS, ...COMPLEX]);
  const x = draw.array(draw.shape(), dtype);
  const inner = ops.unary[draw.pick(["negative", "abs", "conj"] as const)](x);
  const outer = draw.pick(["abs", "square", "isnan", "isinf", "isfinite"] as const);
  return ops.unary[outer](inner);
}

const COMPARED = ["equal", "notEqual", "less", "lessEqual", "greater", "greaterEqual"] as const;

function notCompared(draw: Draw): Node {
  const dtype = draw.pick<DType>(draw.chance(0.7) ? [...INTS, "bool"] : [...FLOATS, ...COMPLEX]);
  const x = draw.array(draw.shape(), dtype);
  const equality = COMPLEX.includes(dtype) || dtype === "bool";
  const compare = ops.binary[draw.pick(equality ? COMPARED.slice(0, 2) : COMPARED)];
  return logicalNot(compare(x, draw.stretched(x, dtype)));
}

/** Any two casts of which the first may keep every value. */
function castTwice(draw: Draw): Node {
  const from = draw.pick<DType>([...REALS, "bool"]);
  const between = draw.pick<DType>([...REALS.filter((d) => d !== from), "bool"]);
  const to = draw.chance(0.3) ? from : draw.pick<DType>([...REALS, "bool"]);
  return ops.astype(ops.astype(draw.array(draw.shape(), from), between), to);
}

function withNeutral(draw: Draw): Node {
  const shape = draw.shape();
  const integers = draw.chance(0.5);
  const x = draw.array(shape, draw.pick(integers ? INTS : FLOATS));
  switch (draw.int(6)) {
    case 0:
      return multiply(x, 1);
    case 1:
      return multiply(1, x);
    case 2:
      return integers ? subtract(x, 0) : divide(x, 1);
    case 3:
      return integers ? add(0, x) : add(-0, x);
    case 4:
      return integers ? add(x, 0) : add(x, -0);
    default:
      return subtract(x, 0);
  }
}

/** A condition of constants and, somewhere, of what is not known. */
function condition(draw: Draw, like: Node, depth: number): Node {
  const shape = [...knownShape(like)];
  if (depth === 0) {
    return draw.chance(0.6) ? ops.full(shape, draw.chance(0.5)) : draw.stretched(like, "bool");
  }
  const a = condition(draw, like, depth - 1);
  switch (draw.int(5)) {
    case 0:
      return logicalNot(a);
    case 1:
      return less(ops.full(shape, draw.int(3)), ops.full(shape, draw.int(3)));
    case 2:
      return bitwiseAnd(a, condition(draw, like, depth - 1));
    case 3:
      return bitwiseOr(a, condition(draw, like, depth - 1));
    default:
      return bitwiseXor(a, condition(draw, like, depth - 1));
  }
}

function chosen(draw: Draw): Node {
  const dtype = draw.pick(ALL);
  const x = draw.array(draw.shape(), dtype);
  const known = condition(draw, x, draw.int(3));
  return draw.chance(0.3) ? known : ops.where(known, x, draw.stretched(x, dtype));
}

function byPowerOfTwo(draw: Draw): Node {
  const x = draw.array(draw.shape(), draw.pick(FLOATS));
  const by = 2 ** (draw.int(202) - 100) * (draw.chance(0.5) ? 1 : -1);
  return divide(x, draw.chance(0.8) ? by : by * 1.5);
}

/** Data that is computed from its index, with a condition that does not depend on it. */
function virtual(draw: Draw): Node {
  const n = draw.pick([1, 2, 5, 6]);
  const index = ops.arange(0, n, 1);
  const known = draw.chance(0.5)
    ? ops.full([n], draw.chance(0.5))
    : less(ops.full([n], draw.int(3)), ops.full([n], 1));
  if (draw.chance(0.3)) return bitwiseAnd(less(index, 2), known);
  return ops.where(known, index, multiply(index, -1));
}

function overOne(draw: Draw): Node {
  const shape = draw.shape(1 + draw.int(3));
  const axis = draw.axes(shape.length, 1);
  for (const a of axis) shape[a] = 1;
  const x = draw.array(shape, draw.pick(ALL));
  if (draw.chance(0.3)) return ops.mean(x, { axis });
  if (draw.chance(0.3) && isFloat(dtypeOf(x))) return dot(x, axis);
  const dtype = draw.pick<DType>(["int8", "int64", "uint16"]);
  if (draw.chance(0.3) && INTS.includes(dtypeOf(x))) return ops.sum(x, { axis, dtype });
  return reduced(draw, x, axis);
}

function twice(draw: Draw): Node {
  const rank = 2 + draw.int(2);
  const x = draw.array(draw.shape(rank), draw.pick(ADDED));
  const inner = draw.axes(rank, 1).slice(0, rank - 1);
  const outer = draw.axes(rank - inner.length, 1);
  const kind = draw.pick(["sum", "prod", "any", "all", "min", "max"]);
  if (draw.chance(0.6) || !INTS.includes(dtypeOf(x))) {
    return reduced(draw, reduced(draw, x, inner, kind), outer, kind);
  }
  // Narrow results wrap between the two.
  const dtypes = ["int8", "uint8", "int16", "int64"] as const;
  const once = ops.sum(x, { axis: inner, dtype: draw.pick(dtypes) });
  return ops.sum(once, { axis: outer, dtype: draw.pick(dtypes) });
}

function overParts(draw: Draw): Node {
  const rank = 1 + draw.int(3);
  const shape = draw.shape(rank);
  const axis = draw.int(rank);
  const dtype = draw.pick(ADDED);
  const parts = Array.from({ length: 2 + draw.int(2) }, () =>
    draw.array(
      shape.map((n, a) => (a === axis ? draw.pick([0, 1, 2, 5]) : n)),
      dtype,
    ),
  );
  const axes = draw.axes(rank, 1);
  return reduced(draw, ops.concat(parts, axis), axes.includes(axis) ? axes : [axis]);
}

function overStretched(draw: Draw): Node {
  const rank = 1 + draw.int(2);
  const x = draw.array(
    draw.shape(rank).map((n) => (draw.chance(0.3) ? 1 : n)),
    draw.pick(REALS),
  );
  const shape = [draw.pick([2, 5]), ...knownShape(x).map((n) => (n === 1 ? 6 : n))];
  const axes = draw.axes(rank + 1, 1);
  const kind = draw.pick(["min", "max", "any", "all", "sum", "count"]);
  return reduced(draw, ops.broadcastTo(x, shape), axes.includes(0) ? axes : [0, ...axes], kind);
}

function overTurned(draw: Draw): Node {
  const rank = 2 + draw.int(2);
  const x = draw.array(draw.shape(rank), draw.pick([...REALS, "bool"]));
  const turned = ops.permuteDims(x, draw.permutation(rank));
  const axis = draw.axes(rank, 1);
  const view = draw.chance(0.3) ? ops.flip(turned, draw.chance(0.5) ? axis : [0]) : turned;
  if (draw.chance(0.15)) return ops.variance(view, { axis });
  if (draw.chance(0.15)) return ops.mean(view, { axis });
  const empty = knownShape(view).includes(0);
  if (draw.chance(0.15) && !empty) return ops.argmax(view, { axis: draw.int(rank) });
  if (draw.chance(0.1) && !empty) return ops.argmin(view, {});
  return reduced(draw, view, axis);
}

/** As `overStretched`, in words that the building of sums does not see through. */
function addedAgain(draw: Draw): Node {
  const rank = 1 + draw.int(2);
  const shape = draw.shape(rank);
  const axis = draw.int(rank);
  shape[axis] = draw.pick([1, 2, 5]);
  const times = draw.pick([2, 3, 5, 200]);
  const at = draw.int(shape[axis] as number);
  if (draw.chance(0.3)) {
    const x = ops.broadcastTo(draw.array(shape, "bool"), [times, ...shape]);
    return ops.sum(x, { axis: [0, ...draw.axes(rank).map((a) => a + 1)] });
  }
  const x = ops.take(draw.array(shape, draw.pick(ADDED)), Array(times).fill(at), axis);
  const dtype = draw.pick<DType>(["int8", "int64"]);
  const narrow = draw.chance(0.3) && INTS.includes(dtypeOf(x));
  return ops.sum(x, { axis: [...new Set([axis, ...draw.axes(rank)])], ...(narrow && { dtype }) });
}

function alongOnes(draw: Draw): Node {
  const rank = 2 + draw.int(2);
  const shape = draw.shape(rank);
  const axis = draw.int(rank);
  shape[axis] = 1;
  const x = draw.array(shape, draw.pick(ADDED));
  return reduced(draw, x, [...new Set([axis, ...draw.axes(rank, 1)])]);
}

function ofExpanded(draw: Draw): Node {
  const x = draw.array(draw.shape(2), draw.pick(ADDED));
  const axis = draw.int(3);
  return reduced(draw, ops.expandDims(x, axis), [axis === 0 ? 1 : 0]);
}

export const GENERATORS: Readonly<Record<string, Make>> = {
  "unary-repeated": repeatedUnary,
  "sign-unseen": signUnseen,
  "not-of-comparison": notCompared,
  "cast-through-wider": castTwice,
  "neutral-element": withNeutral,
  "known-condition": chosen,
  "divide-by-power-of-two": byPowerOfTwo,
  "known-element": virtual,
  "reduce-of-one": overOne,
  "reduce-of-reduce": twice,
  "reduce-of-concat": overParts,
  "reduce-of-broadcast": overStretched,
  "sum-of-broadcast": addedAgain,
  "reduce-of-transpose": overTurned,
  "reduce-along-ones": alongOnes,
  "reduce-of-expand": ofExpanded,
};

/** Figures of a plan; less is better. */
export type Figure = "stages" | "chunks" | "peak" | "operations" | "divisions";

export interface Worth {
  readonly figure: Figure;
  /** Over float64 and int32 sources of 100 x 100. */
  readonly build: (x: Node, i: Node) => readonly Node[];
}

const turn = ops.matrixTranspose;

/** What gets worse without a rule. */
export const WORTH: Readonly<Record<string, Worth>> = {
  "unary-repeated": { figure: "operations", build: (x) => [negative(negative(x))] },
  "sign-unseen": { figure: "operations", build: (x) => [ops.unary.square(negative(x))] },
  "not-of-comparison": { figure: "operations", build: (_, i) => [logicalNot(less(i, 5))] },
  "cast-through-wider": {
    figure: "operations",
    build: (_, i) => [ops.astype(ops.astype(i, "int64"), "int16")],
  },
  "neutral-element": { figure: "operations", build: (x) => [multiply(x, 1)] },
  // Nobody asks which branch it is: the other one is not read.
  "known-condition": {
    figure: "chunks",
    build: (x, i) => [ops.where(ops.full([100, 100], true), i, ops.astype(x, "int32"))],
  },
  "divide-by-power-of-two": { figure: "divisions", build: (x) => [divide(x, 4)] },
  "known-element": {
    figure: "operations",
    build: (x) => [add(x, ops.where(ops.full([100], true), ops.arange(0, 100, 1), 7))],
  },
  // A view is no stage.
  "reduce-of-one": {
    figure: "stages",
    build: (x) => [multiply(ops.max(ops.expandDims(x, 0), { axis: 0 }), 2)],
  },
  "reduce-of-reduce": { figure: "stages", build: (x) => [ops.max(ops.max(x, { axis: 0 }))] },
  // Nothing is joined.
  "reduce-of-concat": { figure: "peak", build: (x) => [ops.max(ops.concat([x, add(x, 1)]))] },
  "reduce-of-broadcast": {
    figure: "operations",
    build: (x) => [ops.max(ops.broadcastTo(x, [20, 100, 100]), { axis: 0 })],
  },
  "sum-of-broadcast": {
    figure: "operations",
    build: (_, i) => [ops.sum(ops.take(i, Array(20).fill(7), 0), { axis: 0 })],
  },
  // Two ways of asking for the same are one.
  "reduce-of-transpose": {
    figure: "operations",
    build: (x) => [add(ops.max(x, { axis: 1 }), ops.max(turn(x), { axis: 0 }))],
  },
  // The maxima of maxima meet.
  "reduce-of-expand": {
    figure: "stages",
    build: (x) => [ops.max(ops.max(x, { axis: 0, keepdims: true }), { axis: 1, keepdims: true })],
  },
  // It is the reduction that is there already.
  "reduce-along-ones": {
    figure: "operations",
    build: (x) => [add(ops.max(ops.expandDims(x, 0)), ops.max(x))],
  },
};
