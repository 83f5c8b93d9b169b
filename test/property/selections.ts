/** Random selections by arrays of positions and assignments, for the graphs of the property tests. */
import { dtypeOf, knownShape, type Node } from "../../dist/ir/node.js";
import * as ops from "../../dist/ops/index.js";
import type { Generator } from "./graphs.js";

const long = (n: Node): boolean => knownShape(n).length > 0 && knownShape(n).every((e) => e > 0);

/** Positions within an axis of length n, as the data of a graph would have them: from arithmetic, and shuffled. */
function lazyIndex(g: Generator, shape: readonly number[], n: number): Node {
  const count = shape.reduce((a, b) => a * b, 1);
  const flat = ops.arange(0, count, undefined, { dtype: "int64", chunks: 1 + g.int(4) });
  const mixed = ops.binary.add(ops.binary.multiply(flat, 1 + g.int(7)), g.int(5));
  const spread = ops.binary.remainder(mixed, n);
  // Negative positions count from the end.
  const signed = g.chance(0.5) ? ops.binary.subtract(spread, g.pick([0, n])) : spread;
  const dtype = g.pick(["int64", "int32", "int16"] as const);
  return ops.reshape(ops.astype(signed, dtype), shape);
}

function constantIndex(g: Generator, shape: readonly number[], n: number): unknown {
  if (shape.length === 0) return g.int(2 * n) - n;
  return Array.from({ length: shape[0] as number }, () => constantIndex(g, shape.slice(1), n));
}

/** Selectors with one to three arrays that broadcast, among slices, integers and new axes. */
function selectors(g: Generator, shape: readonly number[]): unknown[] {
  const made = g.pick([[0], [1], [3], [4], [6], [2, 3], [2, 1, 2], []]);
  const out: unknown[] = [];
  let arrays = 0;
  shape.forEach((n, axis) => {
    if (g.chance(0.15)) out.push(ops.newaxis);
    const r = g.int(6);
    if (r <= 2 || (arrays === 0 && axis === shape.length - 1)) {
      // Stretched in some axes, or without the leading ones.
      const own = made.map((m) => (g.chance(0.2) ? 1 : m)).slice(g.int(made.length + 1));
      out.push(g.chance(0.5) && own[0] !== 0 ? lazyIndex(g, own, n) : constantIndex(g, own, n));
      arrays++;
    } else if (r === 3) out.push(g.int(2 * n) - n);
    else if (r === 4) out.push(null);
    else out.push(ops.slice(g.int(n), null, g.pick([1, 2])));
  });
  if (g.chance(0.2)) out[g.int(out.length)] = ops.slice(null, null, -1);
  return out;
}

export function lookup(g: Generator): Node | undefined {
  const x = g.any(long);
  if (x === undefined) return undefined;
  const shape = knownShape(x);
  if (g.chance(0.7)) return ops.at(x, selectors(g, shape));
  const axis = g.int(shape.length);
  const lengths = shape.map((n, a) => (a === axis ? 1 + g.int(5) : g.chance(0.2) ? 1 : n));
  const index = lazyIndex(g, lengths, shape[axis] as number);
  return ops.takeAlongAxis(x, index, axis);
}

export function scatter(g: Generator): Node | undefined {
  const x = g.any(long);
  if (x === undefined) return undefined;
  const shape = knownShape(x);
  const chosen = g.chance(0.7)
    ? selectors(g, shape)
    : shape.map((n) => ops.slice(g.int(n), null, g.pick([1, 1, 2, -1, -2])));
  const target = knownShape(ops.at(x, chosen));
  const value = g.chance(0.2)
    ? g.pick([0, 1])
    : ops.astype(
        ops.reshape(
          ops.arange(
            0,
            target.reduce((a, b) => a * b, 1),
            undefined,
            {},
          ),
          target,
        ),
        dtypeOf(x),
      );
  const some =
    typeof value === "object" && g.chance(0.3)
      ? ops.at(
          value,
          target.map((n) => (n > 0 && g.chance(0.4) ? ops.slice(0, 1) : null)),
        )
      : value;
  return ops.setItem(
    x,
    chosen,
    dtypeOf(x) === "bool" && some === value && typeof value !== "object" ? true : some,
  );
}
