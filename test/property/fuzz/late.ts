/**
 * Selections of a length that nobody knows before the engine has measured it: through the public face, which runs a
 * plan for the lengths and then one for the rest, and as a node of known length for what is built on it.
 */
import { LazyArray } from "../../../dist/api/array.js";
import * as cw from "../../../dist/index.js";
import { slotsPerElement, type TypedArray } from "../../../dist/ir/dtype.js";
import { type CompressNode, dtypeOf, knownShape, type Node } from "../../../dist/ir/node.js";
import { evaluate, type ReferenceArray } from "../../../dist/kernels/reference/index.js";
import * as ops from "../../../dist/ops/index.js";
import { plan } from "../../../dist/planner/plan.js";
import { expectSame, runPlanned } from "../agree.js";
import { sameBits } from "../bits.js";
import type { Generator } from "../graphs.js";

const MEMORY = 2 ** 26;

/** Computes selections and what is made of them while their lengths are unknown; answers with a measured one. */
export async function checkLate(g: Generator): Promise<Node | undefined> {
  const first = selectionFrom(g);
  if (first === undefined) return undefined;
  const late = [first];
  while (g.chance(0.6) && late.length < 4) {
    const made = madeOf(g, g.pick(late));
    if (made !== undefined) late.push(made);
  }
  const [optimized, raw] = [true, false].map((optimize) =>
    cw.compute(
      late.map((node) => new LazyArray(node)),
      { memory: MEMORY, workers: 1, optimize },
    ),
  );
  for (const [how, got] of [
    ["late", await optimized],
    ["late, raw", await raw],
  ] as const) {
    for (const [i, node] of late.entries()) {
      const want = await selected(node);
      const found = got?.[i] as cw.NDArray;
      const type = (a: { dtype: string; shape: readonly number[] }): string =>
        `${a.dtype}[${a.shape.join()}]`;
      if (type(want) !== type(found))
        throw new Error(`${how}: selection ${i} is ${type(found)}, not ${type(want)}`);
      if (!sameBits(want.dtype, want.data.buffer, bytesOf(found.data as TypedArray)))
        throw new Error(`${how}: selection ${i} differs from the reference`);
    }
  }
  return measured(g, g.pick(late));
}

const bytesOf = (data: TypedArray): ArrayBufferLike => data.slice().buffer;

function selectionFrom(g: Generator): CompressNode | undefined {
  const x = g.any((n) => knownShape(n).length > 0);
  if (x === undefined || dtypeOf(x).startsWith("complex")) return undefined;
  const axis = g.int(knownShape(x).length);
  const length = knownShape(x)[axis];
  const line = g.chance(0.5) ? g.any((n) => knownShape(n).join() === `${length}`) : undefined;
  const selectors: (null | Node)[] = knownShape(x).map(() => null);
  if (line === undefined) selectors.splice(0, selectors.length, ops.binary.greater(x, 0));
  else selectors[axis] = ops.unary.logicalNot(ops.binary.equal(line, 0));
  const made = ops.at(x, selectors);
  return ops.isSelection(made) ? made : undefined;
}

/** What can be done to a selection before its length is known. */
function madeOf(g: Generator, x: CompressNode): CompressNode | undefined {
  const makers = [
    (): Node => ops.binary.multiply(x, 3),
    (): Node => ops.binary.add(x, x),
    (): Node => ops.where(ops.binary.less(x, 2), x, ops.unary.negative(x)),
    (): Node => ops.astype(x, g.pick(["float32", "int16", "float64"] as const)),
    (): Node => (x.outs[0].shape.length === 1 ? ops.at(x, [ops.binary.less(x, 5)]) : x),
    (): Node => ops.flip(x, x.params.axis === 0 ? -1 : 0),
  ];
  let made: Node;
  try {
    made = g.pick(makers)();
  } catch (error) {
    // What needs the length, or has no such dtype, is refused.
    if (error instanceof cw.ShapeError || error instanceof cw.DTypeError) return undefined;
    throw error;
  }
  return ops.isSelection(made) ? made : undefined;
}

/** By definition: the parts of the first input at which the mask is true, in row-major order. */
async function selected(node: CompressNode): Promise<ReferenceArray> {
  const [x, mask] = (await evaluate([...node.inputs])) as [ReferenceArray, ReferenceArray];
  const { axis } = node.params;
  const flags = Array.from(mask.data as Uint8Array, (flag, i) => (flag === 0 ? -1 : i));
  const chosen = flags.filter((i) => i >= 0);
  const before = x.shape.slice(0, axis);
  const after = x.shape.slice(axis + mask.shape.length);
  const inner = after.reduce((a, b) => a * b, slotsPerElement(x.dtype));
  const outer = before.reduce((a, b) => a * b, 1);
  const parts = Array.from({ length: outer }, (_, o) => o).flatMap((o) =>
    chosen.map((i) => (o * flags.length + i) * inner),
  );
  const data = x.data.slice(0, parts.length * inner);
  parts.forEach((from, n) => {
    (data as Float64Array).set(x.data.subarray(from, from + inner) as Float64Array, n * inner);
  });
  return { dtype: x.dtype, shape: [...before, chosen.length, ...after], data };
}

/** The selection with the length that the engine finds. */
async function measured(g: Generator, selection: CompressNode): Promise<Node> {
  const { counts, known } = ops.measurementOf(selection);
  const graph = { roots: [counts], kinds: new Map(), reads: g.reads };
  const made = plan([{ node: counts }], { memory: MEMORY, workers: 1 });
  const got = await runPlanned(graph, made, Number.POSITIVE_INFINITY);
  expectSame([counts], await evaluate([counts]), got, "lengths of a selection");
  return known(Array.from(new BigInt64Array(got.roots[0] as ArrayBuffer), Number));
}
