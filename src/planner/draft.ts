/**
 * Stage drafts: what `fuse` decides and `grid` completes. A draft knows what is computed together, from which
 * bases and through which index maps; it has no blocks yet.
 *
 * A *base* is what an operand reads: a source node, or a node that is materialised.
 */
import type { SinkBinding } from "../ir/binding.js";
import type { Cuts } from "../ir/cuts.js";
import type { AffineMap } from "../ir/index-map.js";
import type { Node, NodeOf } from "../ir/node.js";
import type { ReshapeGroup } from "../ir/reshape.js";
import type { ScalarProgram } from "../ir/scalar.js";
import type { Accumulator, ReduceResult } from "../ir/stage.js";

export interface DraftOperand {
  readonly base: Node;
  /** True when the base is read from its source, false when its materialised blocks are. */
  readonly fromSource: boolean;
  /** Draft space -> base index. */
  readonly map: AffineMap;
}

interface DraftBase<K extends string> {
  readonly kind: K;
  readonly space: readonly number[];
  readonly operands: readonly DraftOperand[];
  /** Nodes whose arrays it puts out. */
  readonly outputs: readonly Node[];
  /** Logical nodes computed by it (maps, reductions), for labels and explain. */
  readonly computes: readonly Node[];
}

export interface MapDraft extends DraftBase<"map"> {
  readonly program: ScalarProgram;
  readonly values: readonly number[];
  /** An identity copy that keeps a source or rechunks it in memory: blocks follow the source. */
  readonly keeps: boolean;
}
export interface ReduceDraft extends DraftBase<"reduce"> {
  readonly program: ScalarProgram;
  readonly reduced: readonly number[];
  readonly leaves: readonly Cuts[];
  readonly accumulators: readonly Accumulator[];
  readonly results: readonly Omit<ReduceResult, "array">[];
}
export interface ConcatDraft extends DraftBase<"concat"> {
  readonly axis: number;
  readonly parts: readonly { readonly start: number; readonly size: number }[];
}
export interface GatherDraft extends DraftBase<"gather"> {
  readonly node: NodeOf<"gather">;
}
export interface ReshapeDraft extends DraftBase<"reshape"> {
  readonly inputShape: readonly number[];
  readonly groups: readonly ReshapeGroup[];
}
export interface CallDraft extends DraftBase<"call"> {
  readonly node: NodeOf<"call">;
  /** For every output, the number of the value that it is. */
  readonly ports: readonly number[];
}
export interface WriteDraft extends DraftBase<"write"> {
  readonly sink: SinkBinding;
}

export type Draft =
  | MapDraft
  | ReduceDraft
  | ConcatDraft
  | GatherDraft
  | ReshapeDraft
  | CallDraft
  | WriteDraft;
