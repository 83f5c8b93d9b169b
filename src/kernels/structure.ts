/** What a kernel is compiled from, without the values that may differ between launches: the key of the cache. */
import { type DType, isComplex } from "../ir/dtype.js";
import type { LeafMonoid } from "../ir/monoid.js";
import type { ScalarConstant, ScalarProgram } from "../ir/scalar.js";

/** One fused elementwise stage: outputs are values of the program, stored as they are. */
export interface MapSpec {
  readonly program: ScalarProgram;
  readonly operands: readonly DType[];
  readonly outputs: readonly {
    /** Number of the instruction whose value is stored. */
    readonly value: number;
    readonly dtype: DType;
  }[];
}

/** One fused stage that ends in leaves of reductions. */
export interface LeafSpec {
  readonly program: ScalarProgram;
  readonly operands: readonly DType[];
  readonly outputs: readonly {
    readonly value: number;
    readonly monoid: LeafMonoid;
    /** Dtype of the value that enters. */
    readonly on: DType;
    /** Instruction of the imaginary part, where the program is a real one and `on` is complex (`complex.ts`). */
    readonly imaginary?: number;
  }[];
}

/** Where an operand or output lies. */
export interface Place {
  /** Byte address of the element at loop position 0. */
  readonly address: number;
  /** Bytes per step along each loop axis; may be 0 or negative. */
  readonly strides: readonly number[];
}

const keys = new WeakMap<ScalarProgram, string>();

/** Programs with equal keys compile to the same code. */
export function programKey(program: ScalarProgram): string {
  let key = keys.get(program);
  if (key === undefined) {
    const ops = program.ops
      .map((op) => {
        switch (op.op) {
          case "load":
            return `l${op.operand}:${op.dtype}`;
          case "const":
            return `k${op.param}:${op.dtype}`;
          case "index":
            return `i${op.axis}`;
          case "cast":
            return `${op.from}>${op.dtype}(${op.args[0]})`;
          case "call":
            return `${op.fn}:${op.on}(${op.args.join()})`;
        }
      })
      .join(";");
    // Constants take room in the descriptor whether they are used or not.
    key = `${program.constants.length};${ops}`;
    keys.set(program, key);
  }
  return key;
}

/** Axes whose index the program reads, ascending. */
export function indexAxes(program: ScalarProgram): number[] {
  const axes = new Set<number>();
  for (const op of program.ops) if (op.op === "index") axes.add(op.axis);
  return [...axes].sort((a, b) => a - b);
}

const complex = new WeakMap<MapSpec | LeafSpec, boolean>();

export function hasComplex(spec: MapSpec | LeafSpec): boolean {
  let found = complex.get(spec);
  if (found === undefined) {
    found = spec.operands.some(isComplex) || spec.program.ops.some((op) => isComplex(op.dtype));
    complex.set(spec, found);
  }
  return found;
}

export type Constants = readonly ScalarConstant[];
