/**
 * Two rounds for what has no length yet: the elements of boolean selections are counted first, and the selections built
 * anew with what was found. Selections are outermost in an expression, so one round of counting is all that any needs.
 *
 * What the first round makes and the second needs again is kept between the two, inside the same budget: the masks, and
 * where these are too large the reductions that they compare with. So `x.at(x.greater(x.mean()))` reads x once for the
 * mean, once to count and once to select.
 */
import { MemoryLimitError } from "../errors.js";
import { arrayBinding } from "../io/sources/array.js";
import { sourceNode } from "../ir/build.js";
import { itemSize, viewOf } from "../ir/dtype.js";
import { advertisedGrid } from "../ir/grid.js";
import { elementCount } from "../ir/index-map.js";
import { dtypeOf, knownShape, type Node } from "../ir/node.js";
import { isSelection, type Measurement, measurementOf } from "../ops/index.js";
import { planConfig, type RunOptions } from "./config.js";
import { planner } from "./engine.js";
import type { Staying } from "./run.js";

/** Part of the budget that kept masks may take. */
const MASK_SHARE = 1 / 8;
/** Bytes of a reduction that is kept, at the most. */
const SMALL = 2 ** 16;

export interface Settled<O extends RunOptions> {
  /** The nodes with all lengths known. */
  readonly nodes: readonly Node[];
  /**
   * Calls `work` with nodes of the same values that read what was kept, and with what is left of the budget; if that is
   * too little, with `nodes` and all of it. What was kept is gone afterwards.
   */
  use<T>(work: (nodes: readonly Node[], options: O) => Promise<T>): Promise<T>;
}

/** Computes arrays to stay in memory; `computeToStay`. */
export type Stay = (nodes: readonly Node[], options: RunOptions) => Promise<readonly Staying[]>;

export interface Rounds {
  /** Whether a second round follows that may read what the first one made; default: yes. */
  readonly keep?: boolean;
  /** Whether the first round is recorded, as it is where it is all that is asked for; default: no. */
  readonly traced?: boolean;
}

/** Nothing runs if all lengths are known. */
export async function settle<O extends RunOptions>(
  nodes: readonly Node[],
  options: O,
  stay: Stay,
  { keep: mayKeep = true, traced = false }: Rounds = {},
): Promise<Settled<O>> {
  const pending = new Map<Node, Measurement>();
  for (const node of nodes) if (isSelection(node)) pending.set(node, measurementOf(node));
  if (pending.size === 0) return { nodes, use: (work) => work(nodes, options) };
  const measurements = [...pending.values()];
  const { memory } = planConfig(options);
  const count = (others: readonly Node[]): Promise<readonly Staying[]> =>
    stay([...measurements.map((m) => m.counts), ...others], {
      ...options,
      progress: false,
      onProgress: undefined,
      trace: traced ? options.trace : false,
    });
  let keep = mayKeep ? worthKeeping(pending, MASK_SHARE * memory) : [];
  const staying = await count(keep).catch((error: unknown) => {
    // What fits without that is not refused for it.
    if (!(error instanceof MemoryLimitError) || keep.length === 0) throw error;
    keep = [];
    return count(keep);
  });
  const known = new Map<Node, Node>();
  [...pending.keys()].forEach((node, i) => {
    const { counts, known: build } = measurements[i] as Measurement;
    const { buffer, byteOffset } = staying[i] as Staying;
    const found = new BigInt64Array(buffer, byteOffset, elementCount(knownShape(counts)));
    known.set(node, build(Array.from(found, Number)));
    (staying[i] as Staying).dispose();
  });
  const settled = nodes.map((node) => known.get(node) ?? node);
  const kept = staying.slice(measurements.length);
  const use = async <T>(work: (nodes: readonly Node[], options: O) => Promise<T>): Promise<T> => {
    if (keep.length === 0) return work(settled, options);
    const table = new Map(keep.map((node, i) => [node, sourceOf(node, kept[i] as Staying)]));
    const { substitute } = await planner();
    const bytes = keep.reduce((n, node) => n + bytesOf(node), 0);
    try {
      return await work(substitute(settled, table), { ...options, memory: memory - bytes });
    } catch (error) {
      if (!(error instanceof MemoryLimitError)) throw error;
    } finally {
      for (const { dispose } of kept) dispose();
    }
    return work(settled, options);
  };
  return { nodes: settled, use };
}

const bytesOf = (node: Node): number => elementCount(knownShape(node)) * itemSize(dtypeOf(node));

function sourceOf(node: Node, { buffer, byteOffset, region }: Staying): Node {
  const shape = knownShape(node);
  const dtype = dtypeOf(node);
  const elements = viewOf(dtype, buffer, byteOffset, elementCount(shape));
  return sourceNode(arrayBinding(elements, shape, dtype, advertisedGrid(node), region));
}

/** What is made for the counts and needed again: masks as far as `room` goes, and small reductions below the others. */
function worthKeeping(pending: ReadonlyMap<Node, Measurement>, room: number): Node[] {
  const keep = new Set<Node>();
  let left = room;
  for (const { counts } of pending.values()) {
    const stack = [...counts.inputs];
    const seen = new Set<Node>();
    while (stack.length > 0) {
      const node = stack.pop() as Node;
      if (seen.has(node) || keep.has(node)) continue;
      seen.add(node);
      const bytes = bytesOf(node);
      const isMask = node === counts.inputs[0] && node.op !== "source";
      if (isMask ? bytes > left : node.op !== "reduce" || bytes > SMALL) {
        stack.push(...node.inputs);
        continue;
      }
      keep.add(node);
      if (isMask) left -= bytes;
    }
  }
  return [...keep];
}
