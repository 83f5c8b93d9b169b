/** What every pass is given: the immutable configuration, and a log of what was done and what was declined. */
import type { SinkBinding } from "../ir/binding.js";
import type { Node } from "../ir/node.js";
import type { RuleEvent } from "../ir/stage.js";

export const PASSES = [
  "canonicalize",
  "algebra",
  "sink",
  "demand",
  "grid",
  "rechunk",
  "fuse",
  "residency",
  "spill",
  "statistics",
] as const;
export type PassName = (typeof PASSES)[number];

export interface PlanConfig {
  /** The budget, bytes. */
  readonly memory: number;
  /** Bytes of it that one WebAssembly memory has for blocks and scratch; default: all. */
  readonly arena?: number | undefined;
  readonly workers: number;
  /** Passes that are switched off; every plan is right without any of them, only slower or larger. */
  readonly passes?: Partial<Readonly<Record<PassName, boolean>>> | undefined;
  /** Rewrite rules that are switched off, by their names (`planner/rules`). */
  readonly rules?: Readonly<Record<string, boolean>> | undefined;
  /** For tests: a rule that does not make smaller what it says is an error. Plans are the same without it. */
  readonly checkRules?: boolean | undefined;
}

/** What may lie in the arena, bytes. */
export const arenaOf = ({ memory, arena = memory }: PlanConfig): number => Math.min(memory, arena);

/** One thing that was asked for: an array to be returned, or to be written to a sink. */
export interface PlanRequest {
  readonly node: Node;
  readonly sink?: SinkBinding | undefined;
}

/**
 * The nodes below some roots, inputs first, in the order in which a reader comes by them: it depends on the expression
 * alone, never on ids, so equal expressions have equal plans whatever was built before.
 *
 * Passes are loops over it, with what they know of a node in arrays at the node's place.
 */
export interface Order {
  readonly nodes: readonly Node[];
  /** The place of every node. */
  readonly places: ReadonlyMap<Node, number>;
  /** Places of the inputs of node i: entries `starts[i]` to `starts[i + 1]`. */
  readonly inputs: Int32Array;
  readonly starts: Int32Array;
}

export function orderOf(roots: readonly Node[]): Order {
  const places = new Map<Node, number>();
  const nodes: Node[] = [];
  const stack: Node[] = [...roots].reverse();
  let edges = 0;
  for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
    const place = places.get(node);
    if (place !== undefined) {
      stack.pop();
      if (place !== OPEN) continue;
      places.set(node, nodes.length);
      nodes.push(node);
      continue;
    }
    places.set(node, OPEN);
    edges += node.inputs.length;
    for (let i = node.inputs.length - 1; i >= 0; i--) {
      const input = node.inputs[i] as Node;
      if (!places.has(input)) stack.push(input);
    }
  }
  const inputs = new Int32Array(edges);
  const starts = new Int32Array(nodes.length + 1);
  let next = 0;
  nodes.forEach((node, i) => {
    starts[i] = next;
    for (const input of node.inputs) inputs[next++] = places.get(input) as number;
  });
  starts[nodes.length] = next;
  return { nodes, places, inputs, starts };
}

/** The place of a node that is entered, but not yet all of its inputs. */
const OPEN = -1;

export const planOrder = (roots: readonly Node[]): readonly Node[] => orderOf(roots).nodes;

export class PassContext {
  readonly config: PlanConfig;
  readonly log: RuleEvent[] = [];
  #pass: PassName = "canonicalize";
  #roots: readonly Node[] = [];
  #order: Order | undefined;

  readonly #watch: ((pass: PassName) => void) | undefined;

  constructor(config: PlanConfig, watch?: (pass: PassName) => void) {
    this.config = config;
    this.#watch = watch;
  }

  isOn(pass: PassName): boolean {
    return this.config.passes?.[pass] !== false;
  }

  /** Whether a rewrite rule may be applied. */
  allows(rule: string): boolean {
    return this.config.rules?.[rule] !== false;
  }

  /** The order of the nodes below `roots`: most passes find the same expression as the one before. */
  order(roots: readonly Node[]): Order {
    const same = roots.length === this.#roots.length && roots.every((r, i) => r === this.#roots[i]);
    if (this.#order === undefined || !same) {
      this.#order = orderOf(roots);
      this.#roots = [...roots];
    }
    return this.#order;
  }

  enter(pass: PassName): void {
    this.#pass = pass;
    this.#watch?.(pass);
  }

  fired(rule: string, node: Node, detail: string): void {
    this.log.push({ pass: this.#pass, rule, node: node.id, outcome: "fired", detail });
  }

  declined(rule: string, node: Node, detail: string): void {
    this.log.push({ pass: this.#pass, rule, node: node.id, outcome: "declined", detail });
  }
}
