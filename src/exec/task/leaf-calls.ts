/** What leaf kernels are called with: specs (once per stage: kernels remember by object) and places. */
import { type Box, boxShape, rowMajorStrides } from "../../ir/index-map.js";
import type { ScalarProgram } from "../../ir/scalar.js";
import { matrixFactors, stateComponents } from "../../ir/scratch.js";
import { keptAxes, type ReduceStage } from "../../ir/stage.js";
import type { LeafSpec } from "../../kernels/index.js";
import { itemOf, type Place } from "./context.js";
import { shifted } from "./operands.js";

/**
 * Accumulators that one leaf call can fill: all of them, unless arg- reductions number their elements differently.
 * Matrix products have a call each: what packs them does nothing else.
 */
export interface LeafCall {
  readonly accumulators: readonly number[];
  readonly argStrides: readonly number[];
  readonly spec: LeafSpec;
  /** The spec in a space with `more` axes in front; one object for each. */
  behind(more: number): LeafSpec;
}

export const isArg = (monoid: string): boolean => monoid === "argmin" || monoid === "argmax";

const known = new WeakMap<ReduceStage, readonly LeafCall[]>();

export function leafCalls(stage: ReduceStage): readonly LeafCall[] {
  let calls = known.get(stage);
  if (calls === undefined) {
    const groups = new Map<string, number[]>();
    const args = stage.accumulators.filter((a) => isArg(a.monoid));
    stage.accumulators.forEach((a, i) => {
      const strides = (isArg(a.monoid) ? a : args[0])?.argStrides.join() ?? "";
      const key = matrixFactors(stage, a) === undefined ? strides : `matrix${i}`;
      groups.set(key, [...(groups.get(key) ?? []), i]);
    });
    calls = [...groups.values()].map((accumulators) => leafCall(stage, accumulators));
    known.set(stage, calls);
  }
  return calls;
}

function leafCall(stage: ReduceStage, accumulators: readonly number[]): LeafCall {
  const members = accumulators.map(
    (i) => stage.accumulators[i] as ReduceStage["accumulators"][number],
  );
  const outputs = members.map(({ value, monoid, on }) => ({ value, monoid, on }));
  const operands = stage.operands.map((o) => o.dtype);
  const spec = { program: stage.program, operands, outputs };
  const moved = new Map<number, LeafSpec>([[0, spec]]);
  return {
    accumulators,
    argStrides: members.find((a) => isArg(a.monoid))?.argStrides ?? stage.space.map(() => 0),
    spec,
    behind: (more) => {
      const found = moved.get(more) ?? { ...spec, program: behindAxes(stage.program, more) };
      moved.set(more, found);
      return found;
    },
  };
}

const behindAxes = (program: ScalarProgram, more: number): ScalarProgram =>
  program.ops.some((op) => op.op === "index")
    ? {
        ...program,
        ops: program.ops.map((op) => (op.op === "index" ? { ...op, axis: op.axis + more } : op)),
      }
    : program;

/** Leaves of a tree axis, `[from, to)`. */
export type LeafRange = readonly [number, number];

/** The geometry of states that single leaves and batches share. */
export interface StateGeometry {
  /** Elements kept by this task. */
  readonly kept: number;
  /** Row-major strides of the kept axes, in elements; 0 for reduced ones. */
  readonly strides: readonly number[];
}

export function geometryOf(stage: ReduceStage, whole: Box): StateGeometry {
  const shape = boxShape(whole);
  const kept = keptAxes(stage);
  const rows = rowMajorStrides(kept.map((a) => shape[a] as number));
  return {
    kept: kept.reduce((n, a) => n * (shape[a] as number), 1),
    strides: shape.map((_, axis) => rows[kept.indexOf(axis)] ?? 0),
  };
}

/** Places of the components at `addresses`, per accumulator; `strides` in elements. */
export function statePlaces(
  stage: ReduceStage,
  addresses: readonly number[],
  strides: readonly number[],
): Place[][] {
  const places: Place[][] = stage.accumulators.map(() => []);
  stateComponents(stage).forEach(({ accumulator, dtype }, i) => {
    const size = itemOf(dtype);
    const address = addresses[i] as number;
    places[accumulator]?.push({ address, strides: strides.map((s) => s * size) });
  });
  return places;
}

/** Places over `outer` as places over `inner`, a box inside. */
export const within = (places: readonly Place[], outer: Box, inner: Box): Place[] => {
  const offset = inner.lo.map((v, i) => v - (outer.lo[i] as number));
  return places.map((place) => shifted(place, offset));
};
