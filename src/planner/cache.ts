/**
 * Plans by structure: the same expression over other sources, or with other numbers in it, is not planned again.
 *
 * A plan is plain data, so it can be kept; what its indices refer to is looked up in the expression that asks
 * (`Recipe`), so a cache keeps no source, function or sink alive. The first plan of a structure is kept with its
 * numbers. When the structure comes back with others, it is planned once more with placeholders in their places; from
 * then on they are only filled in. A rule that looks at the value of a placeholder ends that attempt
 * ({@link LiteralNeeded}), and every set of numbers is planned by itself.
 */
import type { FunctionBinding } from "../ir/binding.js";
import { createNode, mapNode } from "../ir/build.js";
import { type IndexList, knownShape, type Node } from "../ir/node.js";
import {
  LiteralNeeded,
  placeholder,
  placeholderOf,
  type Scalar,
  type ScalarConstant,
} from "../ir/scalar.js";
import type { Bindings, Plan, Stage } from "../ir/stage.js";
import { type PlanConfig, type PlanRequest, planOrder } from "./context.js";
import { type PlanKey, planKey } from "./key.js";
import { type PlanResult, plan } from "./plan.js";
import { withInputs } from "./rewrite.js";

export interface CacheLimits {
  readonly plans: number;
  /** Bytes of keys and plans, estimated. */
  readonly bytes: number;
}
/** A few hundred expressions of ordinary size; one of 100,000 operations has some 25 MB. */
const LIMITS: CacheLimits = { plans: 256, bytes: 64 * 2 ** 20 };

/** Where in an expression a binding of its plan is found. */
type Recipe =
  | { readonly from: "node"; readonly at: number }
  | { readonly from: "request"; readonly at: number }
  /** One of the engine's own functions, made by the planner: not the user's, and kept. */
  | { readonly from: "engine"; readonly fn: FunctionBinding }
  /** A part of an index list, cut out by the planner: gone when nobody uses it. */
  | { readonly from: "list"; readonly ref: WeakRef<IndexList> };

interface Kept {
  readonly plan: Plan;
  readonly rootOf: readonly number[];
  readonly sources: readonly Recipe[];
  readonly functions: readonly Recipe[];
  readonly sinks: readonly Recipe[];
  readonly indices: readonly Recipe[];
}

interface Entry {
  readonly bytes: number;
  /** The numbers that `kept` was planned with; undefined if they are placeholders. */
  values: string | undefined;
  kept: Kept;
  /** Rules look at the numbers: placeholders do not work here. */
  literal: boolean;
}

export interface CacheStats {
  readonly plans: number;
  readonly bytes: number;
  /** Requests that were answered from the cache, and those that had to be planned. */
  readonly hits: number;
  readonly misses: number;
}

/** A bounded cache of plans; the least recently used goes first. */
export class PlanCache {
  readonly #limits: CacheLimits;
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;
  #hits = 0;
  #misses = 0;

  constructor(limits: CacheLimits = LIMITS) {
    this.#limits = limits;
  }

  get stats(): CacheStats {
    return {
      plans: this.#entries.size,
      bytes: this.#bytes,
      hits: this.#hits,
      misses: this.#misses,
    };
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  /**
   * As {@link plan}, and with the same result but for the ids of nodes, which differ from one planning to the next.
   *
   * @throws MemoryLimitError as `plan` does.
   */
  plan(requests: readonly PlanRequest[], config: PlanConfig): PlanResult {
    const order = planOrder(requests.map((r) => r.node));
    const key = planKey(requests, order, config);
    if (key === undefined) return plan(requests, config);
    const entry = this.#entries.get(key.text);
    if (entry !== undefined) {
      const found = this.#answer(entry, key, requests, order, config);
      if (found !== undefined) {
        this.#entries.delete(key.text);
        this.#entries.set(key.text, entry);
        return found;
      }
    }
    this.#misses++;
    const result = plan(requests, config);
    const kept = keep(result, requests, order);
    if (kept !== undefined) this.#enter(key, kept, entry?.literal === true);
    return result;
  }

  /** The plan of an entry with the numbers and bindings of the request; undefined if it has to be planned anew. */
  #answer(
    entry: Entry,
    key: PlanKey,
    requests: readonly PlanRequest[],
    order: readonly Node[],
    config: PlanConfig,
  ): PlanResult | undefined {
    if (entry.values !== undefined && entry.values !== key.values) {
      if (entry.literal) return undefined;
      const template = planTemplate(requests, order, key, config);
      if (template === undefined) {
        entry.literal = true;
        return undefined;
      }
      entry.kept = template;
      entry.values = undefined;
      this.#misses++;
      return revive(template, requests, order, key.literals);
    }
    const literals = entry.values === undefined ? key.literals : undefined;
    const found = revive(entry.kept, requests, order, literals);
    if (found !== undefined) this.#hits++;
    return found;
  }

  #enter(key: PlanKey, kept: Kept, literal: boolean): void {
    const known = this.#entries.get(key.text);
    if (known !== undefined) {
      this.#entries.delete(key.text);
      this.#bytes -= known.bytes;
    }
    const bytes = 2 * key.text.length + key.values.length + planBytes(kept.plan);
    if (bytes > this.#limits.bytes) return;
    this.#entries.set(key.text, { bytes, values: key.values, kept, literal });
    this.#bytes += bytes;
    for (const [text, oldest] of this.#entries) {
      if (this.#bytes <= this.#limits.bytes && this.#entries.size <= this.#limits.plans) break;
      this.#entries.delete(text);
      this.#bytes -= oldest.bytes;
    }
  }
}

/** Bytes of a plan in memory, roughly: what grows with it are programs, operands and cuts. */
function planBytes(made: Plan): number {
  let bytes = 1024 + 200 * made.arrays.length + 120 * made.log.length;
  for (const stage of made.stages) {
    bytes += 800;
    if (stage.kind === "map" || stage.kind === "reduce") {
      bytes += 160 * stage.program.ops.length + 120 * stage.program.constants.length;
      bytes += 200 * stage.operands.length;
    } else if (stage.kind === "concat") bytes += 240 * stage.parts.length;
  }
  return bytes;
}

/** A plan with the places of its bindings; undefined if a binding is found nowhere, as when a pass made it up. */
function keep(
  { plan: made, bindings, rootOf }: PlanResult,
  requests: readonly PlanRequest[],
  order: readonly Node[],
): Kept | undefined {
  const at = new Map<number, number>();
  order.forEach((node, i) => {
    if (node.op === "source") at.set(node.params.binding.id, i);
    else if (node.op === "gather") at.set(node.params.indices.id, i);
    else if (node.op === "call") at.set(node.params.fn.id, i);
  });
  const inNode = (b: { readonly id: number }): Recipe | undefined => {
    const i = at.get(b.id);
    return i === undefined ? undefined : { from: "node", at: i };
  };
  const sources = bindings.sources.map(inNode);
  const functions = bindings.functions.map(
    (fn): Recipe | undefined =>
      inNode(fn) ?? (fn.code.type === "built-in" ? { from: "engine", fn } : undefined),
  );
  const sinks = bindings.sinks.map((sink): Recipe => {
    return { from: "request", at: requests.findIndex((r) => r.sink === sink) };
  });
  const indices = bindings.indices.map(
    (list): Recipe => inNode(list) ?? { from: "list", ref: new WeakRef(list) },
  );
  if (!allThere(sources) || !allThere(functions)) return undefined;
  return { plan: made, rootOf, sources, functions, sinks, indices };
}

const allThere = <T>(list: readonly (T | undefined)[]): list is readonly T[] =>
  !list.includes(undefined);

/** The plan for another expression of the same structure; undefined if a list of it is gone. */
function revive(
  { plan: made, rootOf, ...recipes }: Kept,
  requests: readonly PlanRequest[],
  order: readonly Node[],
  literals: readonly ScalarConstant[] | undefined,
): PlanResult | undefined {
  const find = (r: Recipe): unknown => {
    switch (r.from) {
      case "request":
        return requests[r.at]?.sink;
      case "engine":
        return r.fn;
      case "list":
        return r.ref.deref();
      case "node": {
        const node = order[r.at];
        if (node?.op === "source") return node.params.binding;
        if (node?.op === "gather") return node.params.indices;
        return node?.op === "call" ? node.params.fn : undefined;
      }
    }
  };
  const found = {
    sources: recipes.sources.map(find),
    functions: recipes.functions.map(find),
    sinks: recipes.sinks.map(find),
    indices: recipes.indices.map(find),
  };
  if (!Object.values(found).every(allThere)) return undefined;
  const filled =
    literals === undefined
      ? made
      : { ...made, stages: made.stages.map((stage) => withLiterals(stage, literals)) };
  return { plan: filled, bindings: found as unknown as Bindings, rootOf };
}

function withLiterals(stage: Stage, literals: readonly ScalarConstant[]): Stage {
  if (stage.kind !== "map" && stage.kind !== "reduce") return stage;
  const { ops, constants } = stage.program;
  if (!constants.some((c) => placeholderOf(c) !== undefined)) return stage;
  const filled = constants.map((c) => literals[placeholderOf(c) ?? -1] ?? c);
  return { ...stage, program: { ops, constants: filled } };
}

/** The plan with placeholders for numbers; undefined if a rule wants to see one, or the placeholders change it. */
function planTemplate(
  requests: readonly PlanRequest[],
  order: readonly Node[],
  key: PlanKey,
  config: PlanConfig,
): Kept | undefined {
  const numbers = new Map(key.literals.map((c, i) => [`${c.dtype}:${c.bits}`, i]));
  const abstract = (tree: Scalar): Scalar => {
    switch (tree.kind) {
      case "const": {
        const n = numbers.get(`${tree.dtype}:${tree.bits}`);
        return n === undefined ? tree : placeholder(n, tree.dtype);
      }
      case "cast":
        return { ...tree, arg: abstract(tree.arg) };
      case "call":
        return { ...tree, args: tree.args.map(abstract) };
      default:
        return tree;
    }
  };
  const made = new Map<Node, Node>();
  for (const node of order) {
    const inputs = node.inputs.map((input) => made.get(input) as Node);
    made.set(node, abstracted(node, inputs, abstract));
  }
  const asked = requests.map((r) => ({ ...r, node: made.get(r.node) as Node }));
  try {
    return keep(
      plan(asked, config),
      asked,
      order.map((node) => made.get(node) as Node),
    );
  } catch (error) {
    if (error instanceof LiteralNeeded) return undefined;
    throw error;
  }
}

function abstracted(node: Node, inputs: readonly Node[], abstract: (tree: Scalar) => Scalar): Node {
  if (node.op === "map") return mapNode(abstract(node.params.tree), inputs, knownShape(node));
  if (node.op === "create") {
    return createNode(abstract(node.params.tree), knownShape(node), node.params.chunks);
  }
  const same = inputs.every((input, i) => input === node.inputs[i]);
  return same ? node : withInputs(node, inputs);
}

/** The cache of this process. */
export const planCache: PlanCache = new PlanCache();
