/**
 * Steps that make what rewrite rules look for: a part of something made for it alone, reductions of reductions, of turned,
 * joined and repeated arrays, conditions that are known. At random these meet too seldom.
 */
import { dtypeOf, knownShape, type Node } from "../../../dist/ir/node.js";
import * as ops from "../../../dist/ops/index.js";
import type { Generator } from "../graphs.js";

const REDUCTIONS = [ops.sum, ops.prod, ops.min, ops.max, ops.any, ops.all, ops.mean] as const;

function axisOf(g: Generator, x: Node): number {
  return g.int(Math.max(1, knownShape(x).length));
}

const extended = (g: Generator): Node | undefined => g.any((n) => knownShape(n).length > 0);

/** A part along every axis, often with steps and backwards. */
function looked(g: Generator, x: Node): Node {
  return ops.at(
    x,
    knownShape(x).map((n) => {
      if (n === 0 || g.chance(0.3)) return null;
      if (g.chance(0.3)) return g.int(n);
      const step = g.pick([1, 2, 3, -1, -2]);
      const start = g.int(n);
      return ops.slice(start, g.chance(0.5) ? null : step > 0 ? start + g.int(n) : null, step);
    }),
  );
}

function partOfMade(g: Generator): Node | undefined {
  const x = extended(g);
  if (x === undefined) return undefined;
  const axis = axisOf(g, x);
  const n = knownShape(x)[axis] as number;
  const made = [
    (): Node =>
      ops.take(x, n === 0 ? [] : Array.from({ length: 1 + g.int(6) }, () => g.int(n)), axis),
    (): Node => ops.concat([x, ops.flip(x, axis), x].slice(0, 2 + g.int(2)), axis),
    (): Node => ops.stack([x, ops.unary.logicalNot(x), x].slice(0, 2 + g.int(2)), axis),
    (): Node => g.pick([...REDUCTIONS, ops.std])(x, { axis, keepdims: g.chance(0.3) }),
    (): Node => ops.roll(x, 1 + g.int(3), axis),
    (): Node => ops.repeat(x, 2, axis),
  ];
  const first = g.pick(made)();
  const seen = g.chance(0.3) ? ops.binary.add(first, first) : first;
  const once = looked(g, g.chance(0.3) ? ops.matrixTranspose(seen) : seen);
  return g.chance(0.3) ? looked(g, once) : once;
}

function reduceTwice(g: Generator): Node | undefined {
  const x = g.any((n) => knownShape(n).length >= 2);
  if (x === undefined) return undefined;
  const reduce = g.pick(REDUCTIONS);
  const keepdims = g.chance(0.3);
  const inner = reduce(x, { axis: axisOf(g, x), keepdims });
  const second = g.chance(0.8) ? reduce : g.pick(REDUCTIONS);
  const turned = g.chance(0.3) ? ops.flip(inner, null) : inner;
  return second(turned, { axis: g.chance(0.4) ? null : axisOf(g, turned) });
}

function reduceTurned(g: Generator): Node | undefined {
  const x = extended(g);
  if (x === undefined) return undefined;
  const axes = knownShape(x).map((_, i) => i);
  axes.sort(() => (g.chance(0.5) ? 1 : -1));
  const turned = ops.permuteDims(g.chance(0.4) ? ops.flip(x, axisOf(g, x)) : x, axes);
  const all = g.chance(0.4);
  const axis = all ? null : axisOf(g, turned);
  const keepdims = g.chance(0.3);
  switch (g.int(4)) {
    case 0:
      return g.pick([ops.argmin, ops.argmax])(turned, { axis, keepdims });
    case 1:
      return g.pick([ops.std, ops.variance])(turned, { axis, keepdims, correction: g.int(2) });
    default:
      return g.pick(REDUCTIONS)(turned, {
        axis: !all && axes.length > 1 && g.chance(0.4) ? axes.slice(0, 2) : axis,
        keepdims,
      });
  }
}

function reduceJoined(g: Generator): Node | undefined {
  const x = extended(g);
  if (x === undefined) return undefined;
  const axis = axisOf(g, x);
  const shape = knownShape(x);
  const joined = [
    (): Node => ops.concat([x, ops.unary.logicalNot(x), x], axis),
    (): Node => ops.stack([x, x], axis),
    (): Node => ops.broadcastTo(x, [1 + g.int(5), ...shape]),
    (): Node => ops.concat([looked(g, ops.expandDims(x, 0)), ops.expandDims(x, 0)], 0),
  ];
  const made = g.pick(joined)();
  const on = g.pick([0, axis, null, null]);
  return g.pick(REDUCTIONS)(made, { axis: on, keepdims: g.chance(0.3) });
}

/** Every element beside what a reduction of all of them says: an array with a user before and one after. */
function centred(g: Generator): Node | undefined {
  const x = extended(g);
  if (x === undefined) return undefined;
  const reduce = g.pick([ops.mean, ops.max, ops.min, ops.sum]);
  return ops.binary.subtract(x, reduce(x, { axis: axisOf(g, x), keepdims: true }));
}

function knownCondition(g: Generator): Node | undefined {
  const x = g.any();
  if (x === undefined) return undefined;
  const shape = knownShape(x);
  const y = g.any((n) => knownShape(n).join() === shape.join()) ?? x;
  const flag = ops.full(g.chance(0.5) ? shape : [], g.chance(0.5), { dtype: "bool" });
  switch (g.int(4)) {
    case 0:
      return ops.where(flag, x, y);
    case 1:
      return g.pick([ops.binary.logicalAnd, ops.binary.logicalOr])(x, flag);
    case 2:
      return ops.binary.divide(x, g.pick([2, 0.5, -4, 8, 3, 1, 2 ** 60]));
    default:
      return ops.where(ops.binary.equal(flag, g.chance(0.5)), x, ops.unary.negative(x));
  }
}

/** Casts there and back again: what an integer rule leaves out must not have mattered. */
function castTwice(g: Generator): Node | undefined {
  const x = g.any((n) => !dtypeOf(n).startsWith("complex"));
  if (x === undefined) return undefined;
  const dtypes = ["int8", "uint8", "int32", "uint32", "int64", "float32", "float64"] as const;
  return ops.astype(ops.astype(x, g.pick(dtypes)), g.pick(dtypes));
}

export const MOTIFS = [
  partOfMade,
  partOfMade,
  partOfMade,
  reduceTwice,
  reduceTurned,
  reduceTurned,
  reduceJoined,
  reduceJoined,
  centred,
  knownCondition,
  castTwice,
] as const;
