/** All rewrite rules, by the kind of node that they look at. */
import type { Kind } from "../../ir/node.js";
import { CONSTANT_RULES } from "./constants.js";
import { MAP_RULES } from "./maps.js";
import { REDUCE_RULES, VIEW_RULES } from "./reductions.js";
import type { Rule } from "./rule.js";

export const RULES: readonly Rule[] = [
  ...MAP_RULES,
  ...CONSTANT_RULES,
  ...REDUCE_RULES,
  ...VIEW_RULES,
] as unknown as readonly Rule[];

export const RULES_BY_KIND: ReadonlyMap<Kind, readonly Rule[]> = (() => {
  const table = new Map<Kind, Rule[]>();
  for (const r of RULES) table.set(r.kind, [...(table.get(r.kind) ?? []), r]);
  return table;
})();
