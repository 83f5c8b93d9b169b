/**
 * Steps of the random graphs that build more than one node: running totals, contractions and boolean selections. A
 * selection is measured before the graph goes on, through the reference interpreter.
 */
import { countedNode, scanNode } from "../../dist/ir/build.js";
import { cutsFromSizes, pieceSizes } from "../../dist/ir/cuts.js";
import { dtypeOf, knownShape, type Node } from "../../dist/ir/node.js";
import { evaluate } from "../../dist/kernels/reference/index.js";
import * as ops from "../../dist/ops/index.js";
import type { Generator } from "./graphs.js";

/** Elements that a contraction may loop over. */
const MOST_PRODUCTS = 20_000;

/** A running sum or product; leaves that are shorter than the API makes them, so that there are several. */
export function scan(g: Generator): Node | undefined {
  const made = totals(g);
  return made === undefined || g.chance(0.6) ? made : part(g, made);
}

/** A slice along every axis, so that only a part is asked for. */
function part(g: Generator, x: Node): Node {
  const bounds = knownShape(x).map((n) => {
    const lo = g.int(n + 1);
    return ops.slice(lo, lo + g.int(n - lo + 1), 1 + g.int(2));
  });
  return ops.at(x, bounds);
}

function totals(g: Generator): Node | undefined {
  const x = g.any((n) => knownShape(n).length > 0);
  if (x === undefined) return undefined;
  const axis = g.int(knownShape(x).length);
  const options = {
    axis,
    includeInitial: g.chance(0.2),
    dtype: g.chance(0.3)
      ? g.pick(["float64", "int16", "uint64", "complex128"] as const)
      : undefined,
  };
  const run = g.chance(0.7) ? ops.cumulativeSum : ops.cumulativeProd;
  const made = run(x, options);
  if (made.op !== "scan" || g.chance(0.2)) return made;
  const leaves = g.cuts(knownShape(x)[axis] as number);
  return scanNode(made.inputs[0] as Node, { ...made.params, leaves }, dtypeOf(made));
}

/** Labels for the axes of an array: one of two letters for every length that there is. */
function labelsOf(g: Generator, x: Node, letters: Map<number, string>): string {
  return knownShape(x)
    .map((n) => {
      if (!letters.has(n)) letters.set(n, String.fromCharCode(97 + 2 * letters.size));
      const first = letters.get(n) as string;
      return g.chance(0.7) ? first : String.fromCharCode(first.charCodeAt(0) + 1);
    })
    .join("");
}

export function contraction(g: Generator): Node | undefined {
  const small = (n: Node): boolean => knownShape(n).length <= 4;
  const count = g.pick([1, 2, 2, 2, 3]);
  const arrays = Array.from({ length: count }, () => g.any(small));
  if (arrays.some((a) => a === undefined)) return undefined;
  const [a, b] = arrays as Node[];
  if (a !== undefined && b !== undefined && g.chance(0.3)) return named(g, a, b);
  const letters = new Map<number, string>();
  const terms = (arrays as Node[]).map((x) => labelsOf(g, x, letters));
  const lengths = new Map<string, number>();
  terms.forEach((term, i) => {
    [...term].forEach((l, k) => {
      lengths.set(l, knownShape(arrays[i] as Node)[k] as number);
    });
  });
  if ([...lengths.values()].reduce((n, s) => n * s, 1) > MOST_PRODUCTS) return undefined;
  const used = [...lengths.keys()].filter(() => g.chance(0.5)).join("");
  return ops.einsum(terms.join(",") + (g.chance(0.8) ? `->${used}` : ""), arrays as Node[]);
}

/** One of the named products; shapes that do not fit are refused, and are no graph. */
function named(g: Generator, a: Node, b: Node): Node {
  const last = <T>(list: readonly T[]): T => list[list.length - 1] as T;
  const turned = knownShape(b).length > 1 && last(knownShape(b)) === last(knownShape(a));
  const y = turned ? ops.matrixTranspose(b) : b;
  switch (g.int(4)) {
    case 0:
    case 1:
      return ops.matmul(a, y);
    case 2:
      return ops.vecdot(a, b);
    default:
      return ops.tensordot(a, y, 1);
  }
}

const firstOf = async (node: Node): Promise<ArrayLike<number | bigint>> =>
  (await evaluate([node]))[0]?.data as ArrayLike<number | bigint>;

/** `x[mask]` of a known length, or a reduction of an `x[mask]` of an unknown one. */
export async function selection(g: Generator): Promise<Node | undefined> {
  const x = g.any((n) => knownShape(n).length > 0);
  if (x === undefined) return undefined;
  const shape = knownShape(x);
  const axis = g.int(shape.length);
  const rank = g.chance(0.6) ? 1 : 1 + g.int(shape.length - axis);
  const mask = maskFor(g, shape.slice(axis, axis + rank));
  const whole = shape.map(() => null);
  let selected = ops.at(x, [...whole.slice(0, axis), mask, ...whole.slice(axis + rank)]);
  const other = g.any((n) => n !== x && knownShape(n).join() === shape.join());
  if (other !== undefined && g.chance(0.4)) {
    const beside = ops.at(other, [...whole.slice(0, axis), mask]);
    selected = ops.binary.add(selected, beside);
  }
  if (g.chance(0.3) && rank === 1 && axis < selected.outs[0].shape.length - 1) {
    selected = ops.moveaxis(selected, axis, -1);
  }
  if (!ops.isSelection(selected)) return undefined;
  if (g.chance(0.4)) return reduction(g, selected);
  const known = await measured(g, selected);
  return g.chance(0.7) ? known : part(g, known);
}

/** A comparison of a node that fits, or a pattern; some masks select nothing, or everything. */
function maskFor(g: Generator, lengths: readonly number[]): Node {
  const found = g.any((n) => knownShape(n).join() === lengths.join());
  if (found !== undefined && g.chance(0.6)) return ops.unary.logicalNot(ops.binary.equal(found, 0));
  const positions = ops.reshape(
    ops.arange(
      lengths.reduce((n, s) => n * s, 1),
      undefined,
      undefined,
      { dtype: "int64" },
    ),
    [...lengths],
  );
  const every = g.pick([1n, 2n, 3n, 5n, 1000n]);
  return ops.binary.equal(ops.binary.remainder(positions, every), every === 1000n ? 999n : 0n);
}

type Selected = Extract<Node, { op: "compress" }>;

async function measured(g: Generator, selected: Selected): Promise<Node> {
  const { counts, known } = ops.measurementOf(selected);
  const whole = known(Array.from(await firstOf(counts), Number));
  if (whole.op !== "compress" || g.chance(0.3)) return whole;
  // More pieces than the API would make of so few elements; none that selects nothing.
  const [x, mask] = whole.inputs as [Node, Node];
  const flags = await firstOf(mask);
  const pieces: number[] = [];
  const taken: number[] = [];
  let at = 0;
  for (const size of pieceSizes(g.cuts(flags.length))) {
    let count = 0;
    for (const end = at + size; at < end; at++) count += Number(flags[at]);
    if (pieces.length === 0 || (count > 0 && taken.at(-1) !== 0)) {
      pieces.push(size);
      taken.push(count);
    } else {
      pieces.push((pieces.pop() as number) + size);
      taken.push((taken.pop() as number) + count);
    }
  }
  const counted = { pieces: cutsFromSizes(pieces), counts: cutsFromSizes(taken) };
  return countedNode(x, mask, whole.params.axis, counted);
}

async function reduction(g: Generator, selected: Selected): Promise<Node | undefined> {
  const rank = selected.outs[0].shape.length;
  const { axis } = selected.params;
  const options = { axis: g.chance(0.5) ? axis : null, keepdims: g.chance(0.3) };
  const [, mask] = selected.inputs as [Node, Node];
  const some = Array.from(await firstOf(mask)).some((v) => v !== 0);
  const reduce = g.pick([
    ops.sum,
    ops.prod,
    ops.mean,
    ops.variance,
    ops.std,
    ops.any,
    ops.all,
    ops.countNonzero,
  ]);
  if (!some || g.chance(0.6)) return reduce(selected, options);
  if (g.chance(0.5)) return g.chance(0.5) ? ops.min(selected, options) : ops.max(selected, options);
  const one = { ...options, axis: rank === 1 ? options.axis : axis };
  return g.chance(0.5) ? ops.argmin(selected, one as never) : ops.argmax(selected, one as never);
}
