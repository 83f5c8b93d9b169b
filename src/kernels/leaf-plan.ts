/** What the kernel of a leaf needs to know before any code: its walkers and states, vector length and scratch. */
import type { DType } from "../ir/dtype.js";
import { DOT_RUN } from "../ir/leaves.js";
import { stateDTypes } from "../ir/monoid.js";
import { cellTypes, isOrdered, type LeafProgram, type Part, valuesOf } from "./accumulators.js";
import type { ValueType } from "./assembler.js";
import type { Layout } from "./descriptor.js";
import { BLOCK_RUNS, type DotPart, dotLanes } from "./dot.js";
import { CHAINS } from "./extrema.js";
import { lanesOf } from "./program.js";
import { indexAxes, type LeafSpec } from "./structure.js";

export type LeafShape = "rowsInner" | "columnsInner";

/** Slots of the walkers of a leaf kernel. In `rowsInner` only the first two are used; states use `column` alone. */
export const SLOT = {
  /** Step along the last reduced axis. */
  row: 1,
  /** Step to the next columns after one row; in `rowsInner` to the next strand. */
  column: 2,
  /** Step to the next columns after the last of eight rows. */
  group: 3,
  /** From the end of a panel to the ninth row. */
  groupReset: 4,
  /** From the end of a panel to the next row. */
  rowReset: 5,
} as const;

/** Rows or elements that are added as one group. */
export const GROUP = 8;

/** Elements that the vector loop along a row takes at once. */
export const rowGroup = ({ leaf }: LeafPlan, lanes: number): number =>
  leaf.parts.some(isDot)
    ? BLOCK_RUNS * DOT_RUN
    : leaf.parts.some(isOrdered)
      ? GROUP
      : Math.max(GROUP, CHAINS * lanes);

export const isDot = (part: Part): part is DotPart => part.kind === "dot";

/** Whether the vector loop along a row serves these parts: blocks of runs and groups do not mix. */
export const hasRowVectors = ({ leaf }: LeafPlan, lanes: number): boolean =>
  leaf.parts.every((part) => isDot(part) && dotLanes(part) === lanes) || !leaf.parts.some(isDot);

export interface LeafPlan {
  readonly leaf: LeafProgram;
  readonly layout: Layout;
  /** Number of walkers in front of the states: operands, index axes, and the index of arg- reductions. */
  readonly walkers: number;
  readonly hasArg: boolean;
  /** State dtypes of all outputs, in order. */
  readonly states: readonly DType[];
}

export function planLeaf(spec: LeafSpec, leaf: LeafProgram): LeafPlan {
  const hasArg = leaf.parts.some((part) => part.kind === "arg");
  const walkers = spec.operands.length + indexAxes(spec.program).length + (hasArg ? 1 : 0);
  const states = spec.outputs.flatMap(({ monoid, on }) => stateDTypes(monoid, on));
  return {
    leaf,
    walkers,
    hasArg,
    states,
    layout: {
      constants: spec.program.constants.length,
      walkers: walkers + states.length,
      tables: [walkers + states.length, walkers],
    },
  };
}

/** Vector length for a leaf, 0 for scalar. */
export function leafLanes(plan: LeafPlan): number {
  const { program, parts } = plan.leaf;
  if (parts.some((part) => part.kind === "product")) return 0;
  return lanesOf(program, parts.flatMap(valuesOf));
}

export const CELL_BYTES: Readonly<Record<ValueType, number>> = {
  i32: 4,
  f32: 4,
  i64: 8,
  f64: 8,
  v128: 16,
};

/** Scratch bytes per step of a panel in `columnsInner`. */
export function panelStepBytes(plan: LeafPlan, lanes: number): number {
  const flavour = lanes > 0 ? "columns" : "scalar";
  return plan.leaf.parts
    .flatMap((part) => cellTypes(part, flavour, lanes))
    .reduce((n, type) => n + CELL_BYTES[type], 0);
}
