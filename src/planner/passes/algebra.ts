/**
 * Pass 2, algebra: local rewrite rules as data (`planner/rules`), applied inputs first, each node until no rule
 * speaks. Every rule makes something smaller, so this ends.
 */
import { InternalError } from "../../errors.js";
import { dtypeOf, type Kind, knownShape, type Node } from "../../ir/node.js";
import type { PassContext } from "../context.js";
import { rewriteBottomUp } from "../rewrite.js";
import { RULES_BY_KIND } from "../rules/index.js";
import { checkDecrease } from "../rules/measure.js";
import type { Rule } from "../rules/rule.js";
import { canonicalIn } from "./canonicalize.js";

/** A node that is rewritten more often than this shows a rule that does not decrease its measure. */
const MOST_REWRITES = 64;

export const algebra = (
  roots: readonly Node[],
  ctx: PassContext,
  rules: ReadonlyMap<Kind, readonly Rule[]> = RULES_BY_KIND,
): readonly Node[] => {
  // Inputs that were rewritten may give a node another canonical form.
  const order = ctx.order(roots);
  const formOf = ctx.isOn("canonicalize")
    ? canonicalIn(roots, order, ctx)
    : (node: Node): Node => node;
  return rewriteBottomUp(
    roots,
    (node, place) => {
      let current = formOf(node, place);
      for (let round = 0; ; round++) {
        const next = applyOnce(current, ctx, rules);
        if (next === undefined) return current;
        if (round === MOST_REWRITES) {
          throw new InternalError(`rules on a ${node.op} node do not come to an end`);
        }
        current = formOf(next, place);
      }
    },
    order,
  );
};

function applyOnce(
  node: Node,
  ctx: PassContext,
  rules: ReadonlyMap<Kind, readonly Rule[]>,
): Node | undefined {
  for (const rule of rules.get(node.op) ?? []) {
    if (!ctx.allows(rule.name)) continue;
    const result = rule.apply(node as never);
    if (result === undefined || result === node) continue;
    const sameShape = knownShape(result).join() === knownShape(node).join();
    if (!sameShape || dtypeOf(result) !== dtypeOf(node)) {
      throw new InternalError(`rule ${rule.name} changed the shape or dtype of a ${node.op} node`);
    }
    if (ctx.config.checkRules === true) checkDecrease(rule, node, result);
    ctx.fired(rule.name, node, `${node.op} -> ${result.op}`);
    return result;
  }
  return undefined;
}
