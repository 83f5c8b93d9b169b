/**
 * Contractions: matmul, tensordot, vecdot, outer and einsum. All of them are one idea: label the axes, multiply the
 * arrays over the union of their labels and sum over the labels that the result does not have. The product is never
 * made; it is fused into the sum, whose order is fixed like that of any other (floats: `dot` in `ir/leaves.ts`).
 */
import { ShapeError } from "../errors.js";
import { type DType, promoteAll } from "../ir/dtype.js";
import { dtypeOf, knownShape, type Node } from "../ir/node.js";
import { broadcastShapes, integerOf, normalAxis } from "./axes.js";
import { axesView, broadcastNode, castNode } from "./build.js";
import { binary, unary } from "./elementwise.js";
import { any, dot, sum } from "./reductions.js";
import { shapeText, valueText } from "./words.js";

/** An axis: a letter of an einsum, or any other name. */
export type Label = string;

/** An array whose axes have labels; no label twice. */
export interface Labelled {
  readonly node: Node;
  readonly labels: readonly Label[];
}

/** The array with axes `labels`, in that order; those that it lacks have length 1. */
const arranged = ({ node, labels }: Labelled, wanted: readonly Label[]): Node =>
  axesView(
    node,
    wanted.map((label) => labels.indexOf(label)),
  );

/** Sums away what only this array has. */
export function dropLabels({ node, labels }: Labelled, keep: ReadonlySet<Label>): Labelled {
  const axes = labels.flatMap((label, i) => (keep.has(label) ? [] : [i]));
  if (axes.length === 0) return { node, labels };
  return { node: total(node, axes), labels: labels.filter((label) => keep.has(label)) };
}

/** The sum in the dtype of the elements: NumPy's products do not widen integers. Of bools: any. */
export const total = (node: Node, axes: readonly number[]): Node =>
  dtypeOf(node) === "bool"
    ? any(node, { axis: axes })
    : sum(node, { axis: axes, dtype: dtypeOf(node) });

/** The sum of products. Of bools: any. */
const totalProduct = (product: Node, axes: readonly number[]): Node =>
  dtypeOf(product) === "bool" ? any(product, { axis: axes }) : dot(product, axes);

/** `out[labels] = sum over all other labels of a * b`. Both have one dtype, and equal lengths at equal labels. */
export function contractPair(a: Labelled, b: Labelled, labels: readonly Label[]): Labelled {
  const wanted = new Set(labels);
  const left = dropLabels(a, new Set([...labels, ...b.labels]));
  const right = dropLabels(b, new Set([...labels, ...a.labels]));
  const summed = left.labels.filter((l) => right.labels.includes(l) && !wanted.has(l));
  const kept = labels.filter((l) => left.labels.includes(l) || right.labels.includes(l));
  const space = [...kept, ...summed];
  const product = binary.multiply(arranged(left, space), arranged(right, space));
  if (summed.length === 0) return { node: product, labels: kept };
  const axes = summed.map((_, i) => kept.length + i);
  return { node: totalProduct(product, axes), labels: kept };
}

/** Arrays in the dtype in which they meet. */
export function meetDTypes(nodes: readonly Node[]): Node[] {
  const dtype: DType = promoteAll(...nodes.map(dtypeOf));
  return nodes.map((n) => castNode(n, dtype));
}

const mismatch = (fn: string, a: Node, b: Node, what: string): ShapeError =>
  new ShapeError(
    `${fn}: shapes ${shapeText(knownShape(a))} and ${shapeText(knownShape(b))} do not fit`,
    { hint: what },
  );

const noAxes = (fn: string): ShapeError =>
  new ShapeError(`${fn}: 0-d arrays are not allowed`, { hint: "use multiply" });

const BATCH = (n: number): Label[] => Array.from({ length: n }, (_, i) => `batch${i}`);

/**
 * Matrix product of the last two axes, the others broadcast. A 1-d array is a row on the left and a column on the
 * right, and its axis vanishes.
 */
export function matmul(a: Node, b: Node): Node {
  const [x, y] = meetDTypes([a, b]) as [Node, Node];
  const left = knownShape(x);
  const right = knownShape(y);
  if (left.length === 0 || right.length === 0) throw noAxes("matmul");
  const inner = left.at(-1) as number;
  const other = right.length === 1 ? (right[0] as number) : (right.at(-2) as number);
  if (inner !== other) {
    throw mismatch("matmul", x, y, `the inner lengths must be equal, got ${inner} and ${other}`);
  }
  const [p, q] = broadcastBatch(
    "matmul",
    x,
    y,
    left.length === 1 ? 1 : 2,
    right.length === 1 ? 1 : 2,
  );
  const batch = BATCH(Math.max(left.length - 2, right.length - 2, 0));
  const rows = left.length === 1 ? [] : ["row"];
  const columns = right.length === 1 ? [] : ["column"];
  const one = { node: p, labels: own(batch, p, [...rows, "inner"]) };
  const two = { node: q, labels: own(batch, q, ["inner", ...columns]) };
  return contractPair(one, two, [...batch, ...rows, ...columns]).node;
}

/** Labels of an array that has the last of the batch axes and then its own. */
function own(batch: readonly Label[], node: Node, labels: readonly Label[]): Label[] {
  const ndim = knownShape(node).length - labels.length;
  return [...batch.slice(batch.length - ndim), ...labels];
}

/** Axes before the last `coreA` and `coreB` broadcast against each other; an array without any stays so. */
function broadcastBatch(fn: string, a: Node, b: Node, coreA: number, coreB: number): [Node, Node] {
  const left = knownShape(a);
  const right = knownShape(b);
  const batchA = left.slice(0, left.length - coreA);
  const batchB = right.slice(0, right.length - coreB);
  const ndim = Math.max(batchA.length, batchB.length);
  const at = (batch: readonly number[], i: number): number => batch[i - (ndim - batch.length)] ?? 1;
  const batch = Array.from({ length: ndim }, (_, i) => {
    const [m, n] = [at(batchA, i), at(batchB, i)];
    if (m !== n && m !== 1 && n !== 1) {
      throw mismatch(fn, a, b, `the leading axes must broadcast, got lengths ${m} and ${n}`);
    }
    return m === 1 ? n : m;
  });
  const grown = (x: Node, own: readonly number[], core: readonly number[]): Node =>
    own.length === 0 ? x : broadcastNode(fn, x, [...batch.slice(ndim - own.length), ...core]);
  return [
    grown(a, batchA, left.slice(left.length - coreA)),
    grown(b, batchB, right.slice(right.length - coreB)),
  ];
}

/** How many axes `tensordot` contracts, or which of each array. */
export type TensordotAxes = number | readonly [readonly number[], readonly number[]];

/** Sum over pairs of axes: the last `n` of `a` with the first `n` of `b`, or the axes that are named. */
export function tensordot(a: Node, b: Node, axes: unknown = 2): Node {
  const [x, y] = meetDTypes([a, b]) as [Node, Node];
  const left = knownShape(x);
  const right = knownShape(y);
  const [of, and] = tensordotAxes(axes, left.length, right.length);
  of.forEach((axis, i) => {
    const [m, n] = [left[axis], right[and[i] as number]];
    if (m !== n) {
      throw mismatch("tensordot", x, y, `axis ${axis} has length ${m}, axis ${and[i]} has ${n}`);
    }
  });
  const labelsA = left.map((_, i) => `a${i}`);
  const labelsB = right.map((_, i) => {
    const k = and.indexOf(i);
    return k < 0 ? `b${i}` : `a${of[k]}`;
  });
  const out = [
    ...labelsA.filter((_, i) => !of.includes(i)),
    ...labelsB.filter((_, i) => !and.includes(i)),
  ];
  return contractPair({ node: x, labels: labelsA }, { node: y, labels: labelsB }, out).node;
}

function tensordotAxes(axes: unknown, left: number, right: number): [number[], number[]] {
  if (typeof axes === "number" || typeof axes === "bigint") {
    const n = integerOf("tensordot", axes, "axes");
    if (n < 0 || n > Math.min(left, right)) {
      throw new ShapeError(`tensordot: ${n} axes cannot be contracted`, {
        hint: `the arrays have ${left} and ${right}`,
      });
    }
    return [
      Array.from({ length: n }, (_, i) => left - n + i),
      Array.from({ length: n }, (_, i) => i),
    ];
  }
  const [of, and] = (Array.isArray(axes) ? axes : []) as unknown[];
  if (!Array.isArray(of) || !Array.isArray(and) || of.length !== and.length) {
    throw new ShapeError(
      `tensordot: axes must be a number or two lists of equal length, got ${valueText(axes)}`,
    );
  }
  const lists: [number[], number[]] = [
    of.map((axis) => normalAxis("tensordot", axis, left)),
    and.map((axis) => normalAxis("tensordot", axis, right)),
  ];
  if (lists.some((list) => new Set(list).size !== list.length)) {
    throw new ShapeError(`tensordot: axes ${valueText(axes)} names an axis twice`);
  }
  return lists;
}

/** Sum of products along one axis (default the last), the other axes broadcast; the first array is conjugated. */
export function vecdot(a: Node, b: Node, axis: unknown = -1): Node {
  const [x, y] = meetDTypes([a, b]) as [Node, Node];
  const n = integerOf("vecdot", axis, "axis");
  const ndim = Math.min(knownShape(x).length, knownShape(y).length);
  if (ndim === 0) throw noAxes("vecdot");
  if (n >= 0 || n < -ndim) {
    const allowed = ndim === 1 ? "-1" : `from ${-ndim} to -1`;
    throw new ShapeError(`vecdot: axis must be ${allowed}, got ${n}`, {
      hint: "axes are counted from the end, since the arrays broadcast",
    });
  }
  const [m, k] = [knownShape(x).at(n), knownShape(y).at(n)];
  if (m !== k) throw mismatch("vecdot", x, y, `the lengths of axis ${n} are ${m} and ${k}`);
  broadcastShapes("vecdot", [knownShape(x), knownShape(y)]);
  return totalProduct(binary.multiply(unary.conj(x), y), [n]);
}

/** All products of the elements of two 1-d arrays. */
export function outer(a: Node, b: Node): Node {
  for (const x of [a, b]) {
    if (knownShape(x).length !== 1) {
      throw new ShapeError(`outer: arrays must have 1 axis, got shape ${shapeText(knownShape(x))}`);
    }
  }
  return binary.multiply(axesView(a, [0, -1]), axesView(b, [-1, 0]));
}
