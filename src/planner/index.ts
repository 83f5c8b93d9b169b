/**
 * The planner: expression -> plan.
 *
 * - `plan.ts` lists the passes and tries what fits the budget; `passes/` and `rules/` are what it is made of
 * - `draft.ts`, `lower.ts`: stages before they have blocks; `assemble.ts`, `estimate.ts`: plans and their figures
 * - `key.ts`, `cache.ts`: plans by structure, so that the same expression is not planned twice
 * - `explain/`: the plan in words and drawings; not imported from here, see its index
 */
export { PlanCache, planCache } from "./cache.js";
export { PASSES } from "./context.js";
export { optimize, type PlanConfig, type PlanRequest, type PlanResult, plan } from "./plan.js";
export { substitute } from "./substitute.js";
