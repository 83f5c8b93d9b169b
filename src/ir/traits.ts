/**
 * One row per kind: what every pass may assume of a node without looking at its kind. Adding a kind means
 * answering each question here; the compiler refuses a missing row.
 */
import type { Kind } from "./node.js";

/** How an output axis relates to input axes. */
export type AxisRule =
  /** Output axis k reads position k of every input (or position 0 of a stretched one). */
  | "same"
  /** Through the node's affine map. */
  | "affine"
  /** Some axes are read whole and vanish; the others are the same. */
  | "reduced"
  /** Along one axis through a list or seams, the others are the same. */
  | "selected"
  /** Row-major regrouping. */
  | "regrouped"
  /** Output position p reads everything up to p along an axis. */
  | "scan"
  /** Output position p reads a neighbourhood. */
  | "window"
  /** Whole axes are read. */
  | "whole"
  /** Block by block, as the node's own frozen grid says. */
  | "blocks"
  /** No inputs. */
  | "none";

/** What a rewrite over the node may do to bits. */
export type Exactness = "exact" | "reassociates" | "rounds";

export interface Traits {
  readonly axes: AxisRule;
  /** Each output element depends only on the mapped input elements. */
  readonly positionwise: boolean;
  readonly exactness: Exactness;
  /** Arithmetic per output element, in simple operations; for choosing between recomputing and keeping. */
  readonly cost: number;
  /** What the node can see of its inputs beside values. */
  readonly observes: "values" | "index" | "grid";
  /** Whether it can be part of a fused kernel. */
  readonly fusible: boolean;
}

export const TRAITS: Readonly<Record<Kind, Traits>> = {
  source: row("none", true, "exact", 0, "values", true),
  create: row("none", true, "exact", 1, "index", true),
  map: row("same", true, "exact", 1, "values", true),
  view: row("affine", true, "exact", 0, "values", true),
  gather: row("selected", true, "exact", 1, "values", false),
  lookup: row("selected", true, "exact", 2, "values", false),
  scatter: row("selected", false, "exact", 1, "values", false),
  compress: row("whole", false, "exact", 1, "values", false),
  concat: row("selected", true, "exact", 1, "values", false),
  reshape: row("regrouped", true, "exact", 1, "values", false),
  reduce: row("reduced", false, "reassociates", 1, "values", true),
  scan: row("scan", false, "reassociates", 2, "values", false),
  window: row("window", false, "reassociates", 4, "values", false),
  group: row("reduced", false, "reassociates", 2, "values", false),
  contract: row("reduced", false, "reassociates", 16, "values", false),
  call: row("blocks", false, "exact", 16, "grid", false),
  axiswise: row("whole", false, "rounds", 16, "values", false),
  layout: row("same", true, "exact", 0, "values", true),
  pick: row("same", true, "exact", 0, "values", true),
} satisfies Record<Kind, Traits>;

function row(
  axes: AxisRule,
  positionwise: boolean,
  exactness: Exactness,
  cost: number,
  observes: Traits["observes"],
  fusible: boolean,
): Traits {
  return { axes, positionwise, exactness, cost, observes, fusible };
}

export const traitsOf = (kind: Kind): Traits => TRAITS[kind];
