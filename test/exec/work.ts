/** Real plans, made by hand: sources, maps, sums, user functions and sinks, with a planner's figures. */
import type { ReadTarget, SinkBinding, SourceBinding } from "../../dist/ir/binding.js";
import { type Cuts, cutsCount, cutsExtent, groupCuts, uniformCuts } from "../../dist/ir/cuts.js";
import { identityMap, rowMajorStrides } from "../../dist/ir/index-map.js";
import { ProgramBuilder } from "../../dist/ir/monoid.js";
import { arg, call, constant, type Scalar } from "../../dist/ir/scalar.js";
import { taskScratchBytes } from "../../dist/ir/scratch.js";
import type { Bindings, Operand, Plan, PlanArray, PlanRoot, Stage } from "../../dist/ir/stage.js";
import { serialPeak } from "./random-plan.js";

type Spec<S = Stage> = S extends Stage
  ? Omit<S, "id" | "label" | "nodes" | "scratchBytes" | "foreignBytes" | "estimate">
  : never;

const ESTIMATE = {
  tasks: 1,
  readBytes: 0,
  readChunks: 0,
  movedBytes: 0,
  spilledBytes: 0,
  seconds: 0,
};

export interface WorkOptions {
  readonly workers?: number;
  /** Peak over what one task after another needs. */
  readonly room?: number;
  readonly memory?: number;
}

/** Reads a box of row-major values into a strided target, element by element. */
export function readBox(
  values: Float64Array,
  shape: readonly number[],
  lo: readonly number[],
  target: ReadTarget,
): void {
  const strides = rowMajorStrides(shape);
  const n = target.shape.reduce((a, b) => a * b, 1);
  const at = target.shape.map(() => 0);
  for (let k = 0; k < n; k++) {
    let from = 0;
    let to = target.offset;
    at.forEach((p, i) => {
      from += (p + (lo[i] as number)) * (strides[i] as number);
      to += p * (target.stride[i] as number);
    });
    target.data[to] = values[from] as never;
    for (let i = at.length - 1; i >= 0; i--) {
      at[i] = (at[i] as number) + 1;
      if ((at[i] as number) < (target.shape[i] as number)) break;
      at[i] = 0;
    }
  }
}

export class Work {
  readonly arrays: PlanArray[] = [];
  readonly stages: Stage[] = [];
  readonly roots: PlanRoot[] = [];
  readonly sources: SourceBinding[] = [];
  readonly sinks: SinkBinding[] = [];
  readonly functions: {
    kind: "function";
    id: number;
    name: string;
    code: { type: "text"; text: string };
    params: unknown;
  }[] = [];

  /** A source on the calling thread; `delay` makes it answer that many milliseconds later. */
  source(
    values: Float64Array,
    shape: readonly number[],
    options: Partial<SourceBinding> & { delay?: number } = {},
  ): Operand {
    const { delay, ...rest } = options;
    const id = this.sources.length;
    this.sources.push({
      kind: "source",
      id,
      name: `source ${id}`,
      shape,
      dtype: "float64",
      chunks: shape.map((n) => uniformCuts(n, n)),
      residence: "memory",
      thread: "caller",
      scratchBytes: 0,
      description: undefined,
      reader: {
        readInto(region, target) {
          if (delay === undefined) return readBox(values, shape, region.lo, target);
          return new Promise((resolve) => {
            setTimeout(() => {
              readBox(values, shape, region.lo, target);
              resolve();
            }, delay);
          });
        },
      },
      ...rest,
    });
    return { from: "source", id, dtype: "float64", shape, map: identityMap(shape.length) };
  }

  array(cuts: readonly Cuts[]): number {
    const id = this.arrays.length;
    const shape = cuts.map(cutsExtent);
    this.arrays.push({
      id,
      stage: this.stages.length,
      shape,
      dtype: "float64",
      cuts,
      liveBytes: 0,
    });
    return id;
  }

  operand(id: number): Operand {
    const { dtype, shape } = this.arrays[id] as PlanArray;
    return { from: "array", id, dtype, shape, map: identityMap(shape.length) };
  }

  root(id: number): void {
    const array = this.arrays[id] as PlanArray;
    this.arrays[id] = { ...array, root: this.roots.length };
    this.roots.push({
      shape: array.shape,
      dtype: array.dtype,
      array: id,
      bytes: array.shape.reduce((n, s) => n * s, 8),
    });
  }

  stage(spec: Spec, label: string = spec.kind): void {
    const stage = {
      ...spec,
      id: this.stages.length,
      label,
      nodes: [],
      scratchBytes: 0,
      foreignBytes: 0,
      estimate: ESTIMATE,
    } as Stage;
    this.stages.push({ ...stage, scratchBytes: taskScratchBytes(stage, this) } as Stage);
  }

  map(operands: readonly Operand[], tree: Scalar, cuts: readonly Cuts[]): number {
    const b = new ProgramBuilder();
    const values = [b.add(tree)];
    const output = this.array(cuts);
    const space = cuts.map(cutsExtent);
    this.stage({
      kind: "map",
      space,
      cuts,
      outputs: [output],
      operands,
      program: b.program(),
      values,
    });
    return output;
  }

  /** `operand * factor + 1` */
  scale(operand: Operand, factor: number, cuts: readonly Cuts[]): number {
    const scaled = call("multiply", "float64", arg(0, "float64"), constant(factor, "float64"));
    return this.map([operand], call("add", "float64", scaled, constant(1, "float64")), cuts);
  }

  /** Sum over axis 0. */
  sum(operand: Operand, cuts: readonly Cuts[]): number {
    const b = new ProgramBuilder();
    const value = b.add(arg(0, "float64"));
    const space = cuts.map(cutsExtent);
    const output = this.array(cuts.slice(1));
    // Every step is a leaf: step borders must be leaf borders.
    const leaves = [cuts[0] as Cuts];
    this.stage({
      kind: "reduce",
      space,
      cuts,
      outputs: [output],
      operands: [operand],
      program: b.program(),
      reduced: [0],
      leaves,
      accumulators: [{ value, monoid: "sum", on: "float64", argStrides: space.map(() => 0) }],
      results: [
        {
          accumulator: 0,
          name: "sum",
          on: "float64",
          dtype: "float64",
          correction: 0,
          array: output,
        },
      ],
      split: { axis: 0, steps: cutsCount(cuts[0] as Cuts), segments: 1 },
    });
    return output;
  }

  /** A user function over aligned blocks. */
  call(
    name: string,
    text: string,
    operand: Operand,
    cuts: readonly Cuts[],
    params: unknown = null,
  ): number {
    const fn = this.functions.length;
    this.functions.push({ kind: "function", id: fn, name, code: { type: "text", text }, params });
    const space = cuts.map(cutsExtent);
    const output = this.array(cuts);
    const axes = cuts.map((c, loop) => ({ loop, cuts: c }));
    this.stage(
      {
        kind: "call",
        space,
        cuts,
        outputs: [output],
        fn,
        args: [{ operand, shape: space, axes }],
        results: [axes],
        ports: [0],
        inputs: "copy",
      },
      name,
    );
    return output;
  }

  /** A ready-made source. */
  bound(source: SourceBinding): Operand {
    const id = this.sources.push(source) - 1;
    const { dtype, shape } = source;
    return { from: "source", id, dtype, shape, map: identityMap(shape.length) };
  }

  /** Writes to a ready-made sink. */
  writeTo(sink: SinkBinding, operand: Operand, cuts: readonly Cuts[]): void {
    const id = this.sinks.push(sink) - 1;
    this.stage({ kind: "write", space: sink.shape, cuts, outputs: [], operand, sink: id });
    this.roots.push({ shape: sink.shape, dtype: sink.dtype, array: -1, bytes: 0 });
  }

  /** A sink on the calling thread that keeps what it is given. */
  write(operand: Operand, cuts: readonly Cuts[], per = 1): Float64Array {
    const shape = cuts.map(cutsExtent);
    const values = new Float64Array(shape.reduce((a, b) => a * b, 1));
    const strides = rowMajorStrides(shape);
    this.sinks.push({
      kind: "sink",
      id: this.sinks.length,
      name: "kept",
      shape,
      dtype: "float64",
      chunks: cuts,
      thread: "caller",
      scratchBytes: 0,
      description: undefined,
      writer: {
        writeChunk(position, elements) {
          const [row] = elements.shape as [number];
          const start = position.reduce(
            (n, p, i) => n + p * ((cuts[i] as Cuts)[0]?.size ?? 0) * (strides[i] as number),
            0,
          );
          const [, columns = 1] = elements.shape;
          for (let r = 0; r < row; r++) {
            for (let c = 0; c < columns; c++) {
              const from =
                elements.offset + r * (elements.stride[0] ?? 0) + c * (elements.stride[1] ?? 0);
              values[start + r * (strides[0] as number) + c] = elements.data[from] as number;
            }
          }
        },
      },
    });
    const grouped = cuts.map((c) => groupCuts(c, per));
    this.stage({
      kind: "write",
      space: shape,
      cuts: grouped,
      outputs: [],
      operand,
      sink: this.sinks.length - 1,
    });
    this.roots.push({ shape, dtype: "float64", array: -1, bytes: 0 });
    return values;
  }

  plan({ workers = 2, room = 1 << 20, memory }: WorkOptions = {}): {
    plan: Plan;
    bindings: Bindings;
  } {
    const resultBytes = this.roots.reduce((n, r) => n + r.bytes, 0);
    const draft: Plan = {
      version: 1,
      memory: 0,
      arena: 0,
      workers,
      arrays: this.arrays,
      stages: this.stages,
      roots: this.roots,
      resultBytes,
      serialBytes: 0,
      peakBytes: 0,
      estimate: ESTIMATE,
      spill: { bytes: 0, sums: 0 },
      beyondBytes: 0,
      log: [],
    };
    const serialBytes = resultBytes + serialPeak(draft, []);
    const peakBytes = serialBytes + room;
    const { sources, sinks, functions } = this;
    return {
      plan: { ...draft, serialBytes, peakBytes, memory: memory ?? 2 * peakBytes },
      bindings: { sources, sinks, functions, indices: [] },
    };
  }
}

/** 0, 1, 2, ... */
export const counting = (n: number): Float64Array => Float64Array.from({ length: n }, (_, i) => i);
