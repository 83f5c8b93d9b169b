/** The nodes of the random graphs that call functions of blocks, in every way there is. */
import { pickNode } from "../../dist/ir/build.js";
import { dtypeOf, knownShape, type Node } from "../../dist/ir/node.js";
import * as blockOps from "../../dist/ops/blocks/index.js";
import * as ops from "../../dist/ops/index.js";
import {
  ADDED,
  CARRIED,
  FILLED,
  FILLED_FIRST,
  FLIPPED,
  NUMBERED,
  OPAQUE,
  PAIR,
  RUNNING,
} from "./block-functions.js";
import type { Generator } from "./graphs.js";

export function blockNode(g: Generator): Node | undefined {
  const x = g.any((n) => dtypeOf(n) === "float64" || dtypeOf(n) === "int32");
  if (x === undefined) return undefined;
  const f64 = dtypeOf(x) === "float64";
  if (!f64) {
    return blockOps.mapBlocks(NUMBERED as never, [x], {
      dtype: "int32",
      name: "numbered",
      params: { by: 3 },
    });
  }
  const inputs = g.pick(["copy", "view"] as const);
  const rank = knownShape(x).length;
  const axis = rank === 0 ? 0 : g.int(rank);
  switch (g.int(8)) {
    case 0: {
      const y = g.any((n) => dtypeOf(n) === "float64" && compatible(knownShape(n), knownShape(x)));
      const node = blockOps.mapBlocks(PAIR as never, [x, y ?? x], { dtype: ["float64", "bool"] });
      return portsOf(g, node);
    }
    case 1: {
      const dropAxis = rank > 0 && g.chance(0.5) ? axis : undefined;
      const newAxis = g.chance(0.5) ? g.int(rank) : undefined;
      const options = { dropAxis, newAxis, inputs };
      const like = blockOps.mapBlocks(FILLED as never, [x], options);
      const chunks = knownShape(like).map(() => (g.chance(0.5) ? 1 + g.int(3) : null));
      return blockOps.mapBlocks(FILLED as never, [x], { ...options, chunks });
    }
    case 2: {
      const y = g.any((n) => dtypeOf(n) === "float64" && knownShape(n).length === 2) ?? x;
      const own = knownShape(x).map((_, i) => i);
      const out = [...own].sort(() => (g.chance(0.5) ? 1 : -1)).slice(0, g.int(rank + 1));
      const more = knownShape(y).map((_, i) => (i === 0 ? (own[0] ?? 0) : `y${i}`));
      return blockOps.blockwise(
        FILLED_FIRST as never,
        [...out, "z"],
        [
          { node: x, labels: own },
          { node: y, labels: more },
        ],
        { newAxes: { z: 2 }, dtype: "float64" },
      );
    }
    case 3: {
      const made = blockOps.applyGufunc(FLIPPED as never, "(n)->(),(n)", [x], {
        vectorize: true,
        allowRechunk: true,
        axes: [axis, [], g.chance(0.5) ? axis : -1],
        outputDtypes: "float64",
        inputs,
      });
      return g.chance(0.3)
        ? ops.binary.add(ops.expandDims(made[0] as Node, -1), made[1] as Node)
        : g.pick(made);
    }
    case 4:
      return blockOps.reduction(x, {
        chunk: ADDED,
        aggregate: ADDED,
        ...(g.chance(0.5) ? { combine: ADDED, splitEvery: 2 + g.int(2) } : {}),
        axis: g.chance(0.3) ? null : axis,
        keepdims: g.chance(0.5),
      });
    case 5:
      return blockOps.scan(x, { block: RUNNING, combine: CARRIED, axis });
    case 6:
      return blockOps.traceKernel([x, 2.5], ([a, b]) =>
        ops.where(ops.unary.isnan(a as Node), 0, ops.binary.multiply(a as Node, b as number)),
      ) as Node;
    default:
      return blockOps.mapBlocks(OPAQUE as never, [x], { dtype: "float64", name: "centre" });
  }
}

/** One value of a node that has several, or two of them together. */
function portsOf(g: Generator, node: Node): Node {
  const [a, b] = node.outs.map((_, port) => pickNode(node, port)) as [Node, Node];
  return g.chance(0.4) ? ops.where(b, a, 0) : g.pick([a, b]);
}

/** Whether `a` broadcasts against `b`. */
export function compatible(a: readonly number[], b: readonly number[]): boolean {
  for (let i = 1; i <= Math.min(a.length, b.length); i++) {
    const x = a[a.length - i] as number;
    const y = b[b.length - i] as number;
    if (x !== y && x !== 1 && y !== 1) return false;
  }
  return true;
}
