/**
 * What of an expression its plan depends on, as text. Equal texts mean equal plans, up to what they leave out:
 *
 *  - which sources, functions and sinks: only their geometry counts, and which of them are the same
 *  - the values of scalar constants, if no rule may look at them ({@link isSpecial}); which of them are equal counts
 *
 * Index lists count by identity: their content decides what is read.
 */
import type { SourceBinding } from "../ir/binding.js";
import type { CallNode, Node } from "../ir/node.js";
import { cutsKey, mapKey } from "../ir/node.js";
import type { Scalar, ScalarConstant } from "../ir/scalar.js";
import { isSpecial } from "../ir/scalar.js";
import type { PlanConfig, PlanRequest } from "./context.js";

export interface PlanKey {
  readonly text: string;
  /** The constants that the text leaves out, by number. */
  readonly literals: readonly ScalarConstant[];
  /** Their bits, as text. */
  readonly values: string;
}

/** Undefined where an expression has lengths that are not known: its plan is not one that comes again. */
export function planKey(
  requests: readonly PlanRequest[],
  order: readonly Node[],
  config: PlanConfig,
): PlanKey | undefined {
  const at = new Map<Node, number>();
  const literals: ScalarConstant[] = [];
  const texts = new Map<string, string>();
  const functions = new Map<number, number>();
  // Indices of virtual data become int64 constants of the planner's own, which may equal one of the user's.
  const hasIndices = order.some((n) => n.op === "create" && hasIndex(n.params.tree));
  const constant = (c: ScalarConstant): string => {
    const key = `${c.dtype}:${c.bits}`;
    let text = texts.get(key);
    if (text === undefined) {
      const counts = isSpecial(c) || (hasIndices && c.dtype === "int64");
      text = counts ? key : `${c.dtype}#${literals.push({ dtype: c.dtype, bits: c.bits }) - 1}`;
      texts.set(key, text);
    }
    return text;
  };
  const params = (node: Node): string => {
    switch (node.op) {
      case "source":
        return geometryKey(node.params.binding);
      case "create":
        return `${treeKey(node.params.tree, constant)}|${cutsKey(node.params.chunks)}`;
      case "map":
        return treeKey(node.params.tree, constant);
      case "view":
        return mapKey(node.params.map);
      case "gather":
        return `${node.params.axis}:${node.params.indices.id}`;
      case "lookup":
      case "scatter":
        return JSON.stringify(node.params.axes);
      case "compress": {
        const { axis, counted } = node.params;
        return `${axis}:${counted === undefined ? "" : cutsKey([counted.pieces, counted.counts])}`;
      }
      case "concat":
        return String(node.params.axis);
      case "reshape":
        return "";
      case "layout":
        return cutsKey(node.params.chunks);
      case "reduce": {
        const { monoid, axes, leaves, on, correction } = node.params;
        return `${monoid}|${axes.join()}|${on}|${correction}|${cutsKey(leaves)}`;
      }
      case "scan": {
        const { monoid, axis, state, leaves } = node.params;
        return `${monoid}|${axis}|${state}|${cutsKey([leaves])}`;
      }
      case "pick":
        return String(node.params.port);
      case "call":
        return callKey(node, functions);
      default:
        return JSON.stringify(node.params);
    }
  };
  let text = configKey(config);
  for (const node of order) {
    text += `\n${node.op}(`;
    for (const input of node.inputs) text += `${at.get(input)},`;
    for (const out of node.outs) {
      text += `|${out.dtype}`;
      for (const d of out.shape) {
        if (typeof d !== "number") return undefined;
        text += `.${d}`;
      }
    }
    text += `|${params(node)}`;
    at.set(node, at.size);
  }
  const sinks = new Map<number, number>();
  for (const { node, sink } of requests) {
    text += `\n>${at.get(node)}`;
    if (sink === undefined) continue;
    const known = sinks.get(sink.id) ?? sinks.size;
    sinks.set(sink.id, known);
    text += `|${known}|${sink.name}|${sink.scratchBytes}|${sink.thread}|${cutsKey(sink.chunks)}`;
  }
  let values = "";
  for (const { bits } of literals) values += `${bits},`;
  return { text, literals, values };
}

const configKey = ({ memory, arena, workers, passes = {}, rules = {} }: PlanConfig): string => {
  const off = Object.entries({ ...rules, ...passes }).filter(([, on]) => on === false);
  return `${memory}|${arena}|${workers}|${off.map(([name]) => name).sort()}`;
};

const geometryKey = (s: SourceBinding): string =>
  `${s.residence}|${s.thread}|${s.scratchBytes}|${cutsKey(s.chunks)}|${cutsKey(s.bands ?? [])}`;

function hasIndex(tree: Scalar): boolean {
  switch (tree.kind) {
    case "index":
      return true;
    case "cast":
      return hasIndex(tree.arg);
    case "call":
      return tree.args.some(hasIndex);
    default:
      return false;
  }
}

/** Trees are shallow (one per user call), so recursion is safe. */
function treeKey(tree: Scalar, constant: (c: ScalarConstant) => string): string {
  switch (tree.kind) {
    case "arg":
      return `a${tree.index}`;
    case "const":
      return constant(tree);
    case "index":
      return `i${tree.axis}`;
    case "cast":
      return `${tree.dtype}<${tree.from}(${treeKey(tree.arg, constant)})`;
    case "call": {
      let text = `${tree.fn}@${tree.on}(`;
      for (const a of tree.args) text += `${treeKey(a, constant)},`;
      return `${text})`;
    }
  }
}

/** The engine's own functions count with all that they are; of a user's the name, which labels show. */
function callKey(node: CallNode, functions: Map<number, number>): string {
  const { fn, ...rest } = node.params;
  const number = functions.get(fn.id) ?? functions.size;
  functions.set(fn.id, number);
  const what = fn.code.type === "built-in" ? JSON.stringify([fn.code.name, fn.params]) : "";
  return `${number}|${fn.name}|${what}|${JSON.stringify(rest)}`;
}
