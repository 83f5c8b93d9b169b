/** Makes a failing trial small, and draws what is left of it. */
import { sourceNode } from "../../../dist/ir/build.js";
import { pieceSizes } from "../../../dist/ir/cuts.js";
import { advertisedGrid } from "../../../dist/ir/grid.js";
import { dtypeOf, knownShape, type Node, topologicalOrder } from "../../../dist/ir/node.js";
import { evaluate } from "../../../dist/kernels/reference/index.js";
import { withInputs } from "../../../dist/planner/rewrite.js";
import { type Graph, graphOf } from "../graphs.js";
import { storeBinding } from "../stores.js";
import { type Built, build, check, checkGraph, type Trial } from "./trial.js";

/** Subgraphs that are tried before what is left is taken as it is. */
const MOST_TRIES = 400;

async function failure(run: () => Promise<void>): Promise<string | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The fewest steps with which the seed fails. */
export async function fewestSteps(trial: Trial): Promise<Trial> {
  for (let size = 1; size < trial.size; size++) {
    if ((await failure(() => check({ ...trial, size }))) !== undefined) return { ...trial, size };
  }
  return trial;
}

/** The smallest expression below the graph of a trial that fails in the same settings, drawn. */
export async function smallest(trial: Trial): Promise<string> {
  const built = await build(trial);
  let graph = built.graph;
  let message = await failsWith(built, graph.roots);
  if (message === undefined) return "fails only with its other data, or not again";
  let tries = 0;
  for (let smaller = true; smaller && tries < MOST_TRIES; ) {
    smaller = false;
    for await (const roots of candidates(graph)) {
      if (++tries > MOST_TRIES) break;
      const found = await failsWith(built, roots);
      if (found === undefined) continue;
      message = found;
      graph = graphOf(roots, graph.reads);
      smaller = true;
      break;
    }
  }
  return `${message}\n${drawn(graph.roots)}`;
}

const failsWith = (
  { graph, setting }: Built,
  roots: readonly Node[],
): Promise<string | undefined> => failure(() => checkGraph(graphOf(roots, graph.reads), setting));

/** Graphs with fewer nodes: fewer roots, a part of one, or with the values of a node in its place. */
async function* candidates(graph: Graph): AsyncGenerator<readonly Node[]> {
  const { roots } = graph;
  if (roots.length > 1) {
    for (const root of roots) yield [root];
    for (const root of roots) yield roots.filter((r) => r !== root);
  }
  const order = topologicalOrder(roots);
  if (roots.length === 1) for (const node of order.slice(0, -1)) if (!several(node)) yield [node];
  for (const node of [...order].reverse()) {
    if (node.op === "source" || several(node) || roots.includes(node)) continue;
    const source = await valuesOf(graph, node);
    const made = new Map<Node, Node>([[node, source]]);
    for (const n of order) {
      if (made.has(n)) continue;
      const inputs = n.inputs.map((input) => made.get(input) as Node);
      made.set(n, inputs.every((x, i) => x === n.inputs[i]) ? n : withInputs(n, inputs));
    }
    yield roots.map((r) => made.get(r) as Node);
  }
}

const several = (node: Node): boolean => node.outs.length > 1;

async function valuesOf(graph: Graph, node: Node): Promise<Node> {
  const [values] = await evaluate([node]);
  if (values === undefined) throw new Error("the reference has no values");
  return sourceNode(
    storeBinding(values.data, graph.reads, {
      shape: knownShape(node),
      dtype: dtypeOf(node),
      chunks: advertisedGrid(node),
      residence: "store",
      later: false,
    }),
  );
}

/** One line per node: its name, kind, inputs, parameters, dtype, shape and advertised chunks. */
export function drawn(roots: readonly Node[]): string {
  const names = new Map<Node, string>();
  const lines = topologicalOrder(roots).map((node) => {
    const name = `n${names.size}`;
    names.set(node, name);
    const inputs = node.inputs.map((input) => names.get(input)).join(", ");
    const types = node.outs.map((o) => `${o.dtype}[${o.shape.join()}]`).join(" ");
    const chunks = advertisedGrid(node)
      .map((c) => [...pieceSizes(c)].join("+"))
      .join(" x ");
    return `  ${name} = ${node.op}(${inputs}) ${types} in ${chunks} ${parameters(node)}`;
  });
  return [...lines, `  roots: ${roots.map((r) => names.get(r)).join(", ")}`].join("\n");
}

const MOST_TEXT = 600;

function parameters(node: Node): string {
  if (node.op === "source") return node.params.binding.residence;
  const plain = (_: string, v: unknown): unknown =>
    typeof v === "bigint" ? `${v}n` : ArrayBuffer.isView(v) ? Array.from(v as Float64Array) : v;
  return JSON.stringify(node.params, plain).slice(0, MOST_TEXT);
}
