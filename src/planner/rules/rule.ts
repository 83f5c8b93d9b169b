/** Rewrite rules as data: a name, the kind of node they look at, and what they make of it. */

import type { Kind, Node, NodeOf } from "../../ir/node.js";
import type { Exactness } from "../../ir/traits.js";

export interface Rule<K extends Kind = Kind> {
  readonly name: string;
  readonly kind: K;
  /** "exact" rules keep every bit and are always on. */
  readonly exactness: Exactness;
  /** What gets smaller: the reason that rewriting ends. */
  readonly decreases: "nodes" | "cost" | "elements" | "axes";
  /** The replacement, of equal shape and dtype; undefined where the rule does not apply. */
  readonly apply: (node: NodeOf<K>) => Node | undefined;
}

export const rule = <K extends Kind>(r: Rule<K>): Rule<K> => r;
