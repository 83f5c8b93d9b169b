/**
 * Pass 5, fuse: groups maps, views, virtual data and reductions into stages. A stage is one kernel with several
 * inputs and outputs; terminal reductions are part of it, and siblings that read the same base share one read.
 *
 * What must be materialised: requested arrays, reductions, moved arrays (concat, gather, reshape), block functions
 * and what these take as input. Everything else is recomputed inside the stages that use it, unless `residency`
 * asks to keep it or a kernel would grow beyond `MOST_OPS`.
 */
import { InternalError } from "../../errors.js";
import type { SinkBinding } from "../../ir/binding.js";
import { sizeOf } from "../../ir/build.js";
import { cutsExtent } from "../../ir/cuts.js";
import { itemSize } from "../../ir/dtype.js";
import { identityMap, rowMajorStrides } from "../../ir/index-map.js";
import { leafMonoidOf } from "../../ir/monoid.js";
import { cutsKey, dtypeOf, knownShape, type Node, type NodeOf } from "../../ir/node.js";
import { reshapeGroups } from "../../ir/reshape.js";
import type { Accumulator, ReduceResult } from "../../ir/stage.js";
import type { Order, PassContext } from "../context.js";
import type { Draft, DraftOperand } from "../draft.js";
import { type BaseTest, kernelPairs, Lowering, viewBase } from "../lower.js";

/** Most logical operations in one kernel: keeps compile time and register pressure in bounds. */
const MOST_OPS = 256;
/** Most outputs of one kernel. */
const MOST_OUTPUTS = 8;

export interface FuseRequest {
  readonly node: Node;
  readonly sink: SinkBinding | undefined;
}

export interface FuseResult {
  /** Nodes that are computed together, in topological order. */
  readonly groups: readonly (readonly Node[])[];
  /** Nodes whose blocks exist. */
  readonly materialised: ReadonlySet<Node>;
  readonly baseOf: BaseTest;
}

/**
 * `keep` names nodes that are to be materialised beyond what must be. `bounded`: kernels hold MOST_OPS operations at
 * the most.
 */
export function fuse(
  requests: readonly FuseRequest[],
  keep: ReadonlySet<Node>,
  ctx: PassContext,
  bounded: boolean,
): FuseResult {
  const order = ctx.order(requests.map((r) => r.node));
  const enabled = ctx.isOn("fuse");
  const materialised = chooseMaterialised(order, requests, keep, enabled, bounded);
  const baseOf: BaseTest = (node) =>
    materialised.has(node) ? "array" : node.op === "source" ? "source" : undefined;
  let groups: FuseResult["groups"] | undefined;
  return {
    // Not every look at what is materialised asks for them.
    get groups() {
      groups ??= enabled
        ? groupSiblings(order, materialised, baseOf)
        : order.nodes.filter((n) => materialised.has(n)).map((n) => [n]);
      return groups;
    },
    materialised,
    baseOf,
  };
}

/** The stages of what was fused, in topological order. */
export function draftsOf(
  { groups, baseOf }: FuseResult,
  requests: readonly FuseRequest[],
  ctx: PassContext,
): readonly Draft[] {
  const drafts: Draft[] = [];
  for (const group of groups) {
    drafts.push(draftOf(group, baseOf));
    if (group.length > 1) {
      ctx.fired("siblings", group[0] as Node, `${group.length} outputs share one pass`);
    }
  }
  for (const { node, sink } of requests) {
    if (sink === undefined) continue;
    const operand = operandOf(node, baseOf);
    drafts.push({
      kind: "write",
      space: knownShape(node),
      operands: [operand],
      outputs: [],
      computes: [],
      sink,
    });
  }
  return drafts;
}

const isMoved = (node: Node): boolean =>
  node.op === "concat" || node.op === "gather" || node.op === "reshape" || node.op === "call";

/** What has several outputs is materialised through its picks. */
const isMade = (node: Node): boolean =>
  node.op === "reduce" ||
  node.op === "layout" ||
  node.op === "pick" ||
  (isMoved(node) && node.outs.length === 1);

function chooseMaterialised(
  order: Order,
  requests: readonly FuseRequest[],
  keep: ReadonlySet<Node>,
  enabled: boolean,
  bounded: boolean,
): Set<Node> {
  const { nodes, inputs, starts } = order;
  const out = new Set<Node>(keep);
  const baseOf: BaseTest = (node) => (out.has(node) || node.op === "source" ? "array" : undefined);
  // Where an operand must be a base, the first node below its views that is not one is materialised.
  const needBase = (node: Node): void => {
    const blocked = blockedBelow(node, baseOf);
    if (blocked !== undefined) out.add(blocked);
  };
  for (const { node, sink } of requests) if (sink === undefined) out.add(node);
  const weight = bounded ? new Float64Array(nodes.length) : undefined;
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[i] as Node;
    if (isMade(node)) out.add(node);
    if (isMoved(node)) node.inputs.forEach(needBase);
    if (!enabled && node.op === "map") out.add(node);
    if (weight === undefined) continue;
    weight[i] = kernelSize(order, i, weight, baseOf);
    if ((weight[i] as number) <= MOST_OPS) continue;
    let heaviest = inputs[starts[i] as number] as number;
    for (let k = starts[i] as number; k < (starts[i + 1] as number); k++) {
      const place = inputs[k] as number;
      if ((weight[place] as number) > (weight[heaviest] as number)) heaviest = place;
    }
    out.add(nodes[heaviest] as Node);
    weight[heaviest] = 0;
    weight[i] = kernelSize(order, i, weight, baseOf);
  }
  for (const { node, sink } of requests) if (sink !== undefined) needBase(node);
  return out;
}

/** The first node below the views of `node` that is neither a view nor a base. */
function blockedBelow(node: Node, baseOf: BaseTest): Node | undefined {
  let at = node;
  while (baseOf(at) === undefined) {
    if (at.op !== "view" && at.op !== "layout") return at;
    at = at.inputs[0] as Node;
  }
  return undefined;
}

/** Operations that a kernel for a node holds: an upper bound that is exact once it matters. */
function kernelSize(
  { nodes, inputs, starts }: Order,
  place: number,
  weight: Float64Array,
  baseOf: BaseTest,
): number {
  const node = nodes[place] as Node;
  if (node.op === "source") return 0;
  const own = node.op === "map" || node.op === "create" ? 1 : 0;
  let sum = own;
  let open = 0;
  let first = -1;
  let second = -1;
  for (let k = starts[place] as number; k < (starts[place + 1] as number); k++) {
    const input = inputs[k] as number;
    if (baseOf(nodes[input] as Node) !== undefined) continue;
    sum += weight[input] as number;
    open++;
    if (open === 1) first = input;
    else second = input;
  }
  if (sum <= MOST_OPS) return sum;
  // f(g(x), x) is g's kernel and one operation more: no need to count it again on every step of a long chain.
  if (open === 2 && own === 1) {
    const [outer, inner] =
      (weight[first] as number) > (weight[second] as number) ? [first, second] : [second, first];
    if (outer === inner || isPartOf(nodes[inner] as Node, nodes[outer] as Node, baseOf))
      return own + (weight[outer] as number);
  }
  return kernelPairs(node, baseOf, MOST_OPS + 1).pairs;
}

/** Whether a kernel for `outer` holds `inner`, position by position; found up to two steps below. */
const isPartOf = (inner: Node, outer: Node, baseOf: BaseTest): boolean =>
  isStep(outer, inner) ||
  (outer.op === "map" &&
    outer.inputs.some((n) => baseOf(n) === undefined && isStep(n, inner) && sameLengths(n, outer)));
const isStep = (outer: Node, inner: Node): boolean =>
  outer.op === "map" && outer.inputs.includes(inner) && sameLengths(outer, inner);
const sameLengths = (a: Node, b: Node): boolean =>
  knownShape(a).every((n, i) => n === knownShape(b)[i]);

/** Operations between a node that is being computed and its bases, each counted once; no more than `most` of them. */
function opsAbove(node: Node, baseOf: BaseTest, most: number): number {
  const inner = new Set<Node>();
  const stack: Node[] = [...node.inputs];
  for (let top = stack.pop(); top !== undefined && inner.size < most; top = stack.pop()) {
    if (inner.has(top) || baseOf(top) !== undefined) continue;
    inner.add(top);
    stack.push(...top.inputs);
  }
  return inner.size + 1;
}

interface Group {
  readonly nodes: Node[];
  readonly depth: number;
  /** Operations in its kernel; counted when a second node could join. */
  ops: number | undefined;
}

/** Materialised nodes that can be computed together, in topological order. */
function groupSiblings(
  { nodes, inputs, starts }: Order,
  materialised: ReadonlySet<Node>,
  baseOf: BaseTest,
): readonly (readonly Node[])[] {
  // Of the bases that a node is computed from (of a base: of itself): the number of stages below, and the place of the
  // heaviest, or -1.
  const depth = new Int32Array(nodes.length);
  const heaviest = new Int32Array(nodes.length).fill(-1);
  const bytes = new Float64Array(nodes.length);
  const open = new Map<string, Group>();
  const groups: Group[] = [];
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[i] as Node;
    let level = 0;
    let heavy = -1;
    for (let k = (starts[i + 1] as number) - 1; k >= (starts[i] as number); k--) {
      const input = inputs[k] as number;
      const isBase = baseOf(nodes[input] as Node) !== undefined;
      level = Math.max(level, (depth[input] as number) + (isBase ? 1 : 0));
      const base = isBase ? input : (heaviest[input] as number);
      if (base >= 0 && (bytes[base] as number) > (heavy < 0 ? 0 : (bytes[heavy] as number))) {
        heavy = base;
      }
    }
    depth[i] = level;
    heaviest[i] = heavy;
    const isMaterialised = materialised.has(node);
    if (isMaterialised || node.op === "source") bytes[i] = sizeOf(node) * itemSize(dtypeOf(node));
    if (!isMaterialised) continue;
    const key = siblingKey(node, level, heavy);
    const group = key === undefined ? undefined : open.get(key);
    if (group !== undefined && admits(group, node, baseOf)) {
      group.nodes.push(node);
      continue;
    }
    const fresh = { nodes: [node], depth: level, ops: undefined };
    if (key !== undefined) open.set(key, fresh);
    groups.push(fresh);
  }
  // Nodes of one depth do not depend on each other, so merging them keeps a topological order by depth.
  return groups.sort((a, b) => a.depth - b.depth).map((g) => g.nodes);
}

/** Whether a node may join a group; if so its operations are counted as the group's. */
function admits(group: Group, node: Node, baseOf: BaseTest): boolean {
  if (node.op === "pick") return true;
  // Equal nodes are one node, but for what is computed again so that it need not be held.
  if (group.nodes.length >= MOST_OUTPUTS || group.nodes.some((n) => n.params === node.params)) {
    return false;
  }
  group.ops ??= opsAbove(group.nodes[0] as Node, baseOf, MOST_OPS);
  const ops = group.ops + opsAbove(node, baseOf, MOST_OPS);
  if (ops > MOST_OPS) return false;
  group.ops = ops;
  return true;
}

/** Equal keys: same space, same reduced axes and leaves, same depth, and a common heaviest base (by its place). */
function siblingKey(node: Node, depth: number, heaviest: number): string | undefined {
  if (node.op === "pick") return `p${(node.inputs[0] as Node).id}`;
  if (heaviest < 0) return undefined;
  if (node.op === "reduce") {
    const space = knownShape(node.inputs[0] as Node).join();
    return `r${depth}|${heaviest}|${space}|${node.params.axes.join()}|${cutsKey(node.params.leaves)}`;
  }
  if (node.op === "map") return `m${depth}|${heaviest}|${knownShape(node).join()}`;
  return undefined;
}

function operandOf(node: Node, baseOf: BaseTest): DraftOperand {
  const found = viewBase(node, identityMap(knownShape(node).length), baseOf);
  if ("blocked" in found) throw new InternalError(`a ${found.blocked.op} node is not materialised`);
  return found;
}

function draftOf(group: readonly Node[], baseOf: BaseTest): Draft {
  const first = group[0] as Node;
  switch (first.op) {
    case "reduce":
      return reduceDraft(group as readonly NodeOf<"reduce">[], baseOf);
    case "concat": {
      let start = 0;
      const parts = first.inputs.map((input) => {
        const size = knownShape(input)[first.params.axis] as number;
        start += size;
        return { start: start - size, size };
      });
      return {
        kind: "concat",
        space: knownShape(first),
        operands: first.inputs.map((input) => operandOf(input, baseOf)),
        outputs: group,
        computes: group,
        axis: first.params.axis,
        parts,
      };
    }
    case "gather":
      return {
        kind: "gather",
        space: knownShape(first),
        operands: [operandOf(first.inputs[0] as Node, baseOf)],
        outputs: group,
        computes: group,
        node: first,
      };
    case "reshape": {
      const inputShape = knownShape(first.inputs[0] as Node);
      return {
        kind: "reshape",
        space: knownShape(first),
        operands: [operandOf(first.inputs[0] as Node, baseOf)],
        outputs: group,
        computes: group,
        inputShape,
        groups: reshapeGroups(inputShape, knownShape(first)),
      };
    }
    case "call":
      return callDraft(first, group, [0], baseOf);
    case "pick": {
      const picks = group as readonly NodeOf<"pick">[];
      const call = first.inputs[0] as NodeOf<"call">;
      const ports = picks.map((p) => p.params.port);
      return callDraft(call, group, ports, baseOf);
    }
    default:
      return mapDraft(group, baseOf);
  }
}

function callDraft(
  node: NodeOf<"call">,
  outputs: readonly Node[],
  ports: readonly number[],
  baseOf: BaseTest,
): Draft {
  return {
    kind: "call",
    space: node.params.loop.map(cutsExtent),
    operands: node.inputs.map((input) => operandOf(input, baseOf)),
    outputs,
    computes: [node],
    node,
    ports,
  };
}

function mapDraft(group: readonly Node[], baseOf: BaseTest): Draft {
  const lowering = new Lowering(baseOf);
  const space = knownShape(group[0] as Node);
  const values = group.map((node) => lowering.value(node, identityMap(space.length), true));
  return {
    kind: "map",
    space,
    operands: lowering.operands,
    outputs: group,
    computes: [...lowering.computes],
    program: lowering.builder.program(),
    values,
    keeps: lowering.computes.size === 0,
  };
}

function reduceDraft(group: readonly NodeOf<"reduce">[], baseOf: BaseTest): Draft {
  const lowering = new Lowering(baseOf);
  const first = group[0] as NodeOf<"reduce">;
  const space = knownShape(first.inputs[0] as Node);
  const { axes, leaves } = first.params;
  const accumulators: Accumulator[] = [];
  const weights = argStrides(space, axes);
  const results: Omit<ReduceResult, "array">[] = group.map((node) => {
    const { monoid: name, on, correction } = node.params;
    const monoid = leafMonoidOf(name);
    const value = lowering.value(node.inputs[0] as Node, identityMap(space.length), false);
    let accumulator = accumulators.findIndex(
      (a) => a.value === value && a.monoid === monoid && a.on === on,
    );
    if (accumulator < 0) {
      accumulator = accumulators.push({ value, monoid, on, argStrides: weights }) - 1;
    }
    return { accumulator, name, on, dtype: dtypeOf(node), correction };
  });
  return {
    kind: "reduce",
    space,
    operands: lowering.operands,
    outputs: group,
    computes: [...lowering.computes, ...group],
    program: lowering.builder.program(),
    reduced: axes,
    leaves,
    accumulators,
    results,
  };
}

/** Row-major weights over the reduced axes: the index that argmin and argmax answer. */
function argStrides(space: readonly number[], axes: readonly number[]): readonly number[] {
  const strides = rowMajorStrides(axes.map((a) => space[a] as number));
  return space.map((_, a) => (axes.includes(a) ? (strides[axes.indexOf(a)] as number) : 0));
}
