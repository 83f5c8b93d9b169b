/** Reductions and products on `Kernels`: leaf calls block by block, states met in the simplest way there is. */
import type { LazyArray } from "chunkwise";
import type { LeafSpec, MapSpec, Place } from "../../dist/kernels/index.js";
import { checkOf, type FloatDType, type Floats } from "./data.js";
import { type Direct, leafSpec, onlyStage, type Program } from "./direct.js";

type Monoid = "sum" | "min" | "max" | "moments";
interface Run {
  readonly size: number;
  readonly repeat: number;
}

const MERGES = {
  sum: { fn: "add", of: (a: number, b: number) => a + b },
  min: { fn: "minimum", of: Math.min },
  max: { fn: "maximum", of: Math.max },
} as const;

/** `a = merge(a, b)` as a kernel. */
function mergeSpec(fn: "add" | "minimum" | "maximum", dtype: FloatDType): MapSpec {
  const program: MapSpec["program"] = {
    ops: [
      { op: "load", operand: 0, dtype },
      { op: "load", operand: 1, dtype },
      { op: "call", fn, on: dtype, dtype, args: [0, 1] },
    ],
    constants: [],
  };
  return { program, operands: [dtype, dtype], outputs: [{ value: 2, dtype }] };
}

/** A reduction of a two-dimensional input: of all axes, or of one. */
export function reduceProgram(direct: Direct, x: LazyArray, axis: number | undefined): Program {
  const stage = onlyStage(x, "reduce");
  const { monoid } = stage.accumulators[0] ?? { monoid: "none" };
  if (!(monoid in MERGES) && monoid !== "moments") throw new Error(`no ${monoid} here`);
  const state: FloatDType = monoid === "min" || monoid === "max" ? direct.dtype : "float64";
  const size = state === "float32" ? 4 : 8;
  const parts = { direct, spec: leafSpec(stage), monoid: monoid as Monoid, state, size };
  const name = stage.results[0]?.name;
  if (axis === 0) return firstAxis(parts);
  const leaves = stage.leaves as readonly (readonly Run[])[];
  const columns = leaves.at(-1) as readonly Run[];
  return axis === 1
    ? lastAxis(parts, columns, name === "mean" ? (direct.shape[1] as number) : 1)
    : allAxes(parts, leaves[0]?.[0]?.size ?? 1, columns, name ?? "");
}

interface Parts {
  readonly direct: Direct;
  readonly spec: LeafSpec;
  readonly monoid: Monoid;
  readonly state: FloatDType;
  readonly size: number;
}

/** Places over (outer rows, leaves of a row, rows of a leaf, columns) of block `index`. */
function operandPlaces(direct: Direct, index: number, start: number, strides: number[]): Place[] {
  const inputs = direct.inputs;
  return inputs.map((base) => ({
    address: base + index * direct.distance + start * direct.item,
    strides,
  }));
}

function firstAxis({ direct, spec, monoid, state, size }: Parts): Program {
  const columns = direct.shape[1] as number;
  const total = direct.take(columns * size);
  const states = direct.take(columns * size);
  const { fn } = MERGES[monoid as keyof typeof MERGES];
  const merge = mergeSpec(fn, state);
  const place = (address: number, rank: 1 | 2): Place => ({
    address,
    strides: rank === 1 ? [size] : [0, size],
  });
  const run = (): void => {
    for (const { index, rows } of direct.blocks) {
      const strides = [columns * direct.item, direct.item];
      const operands = operandPlaces(direct, index, 0, strides);
      const to = place(index === 0 ? total : states, 2);
      direct.kernels.leaf(spec, [rows, columns], [0, 0], [0], operands, [[to]], [0, 0]);
      if (index === 0) continue;
      const sum = place(total, 1);
      direct.kernels.map(merge, [columns], [0], [sum, place(states, 1)], [sum]);
    }
  };
  const view = direct.view(total, columns, state);
  return { run, check: () => checkOf(columns, (i) => view[i] as number) };
}

function lastAxis(
  { direct, spec, monoid, state, size }: Parts,
  leaves: readonly Run[],
  divisor: number,
): Program {
  const columns = direct.shape[1] as number;
  const count = leaves.reduce((n, r) => n + r.repeat, 0);
  const states = direct.take(direct.step * count * size);
  const view = direct.view(states, direct.step * count, state);
  const results = new Float64Array(direct.shape[0] as number);
  const { of } = MERGES[monoid as keyof typeof MERGES];
  const run = (): void => {
    for (const { index, rows } of direct.blocks) {
      forEachRun(leaves, (leaf, start, run) => {
        const strides = [columns * direct.item, run.size * direct.item, direct.item];
        const operands = operandPlaces(direct, index, start, strides);
        const to = { address: states + leaf * size, strides: [count * size, size, 0] };
        const extents = [rows, run.repeat, run.size];
        direct.kernels.leaf(spec, extents, [0, 0, 0], [2], operands, [[to]], [0, 0, 0]);
      });
      for (let r = 0; r < rows; r += 1) {
        let value = view[r * count] as number;
        for (let k = 1; k < count; k += 1) value = of(value, view[r * count + k] as number);
        results[index * direct.step + r] = value / divisor;
      }
    }
  };
  return { run, check: () => checkOf(results.length, (i) => results[i] as number) };
}

function allAxes(
  { direct, spec, monoid, state, size }: Parts,
  leafRows: number,
  leaves: readonly Run[],
  name: string,
): Program {
  const columns = direct.shape[1] as number;
  const perRow = leaves.reduce((n, r) => n + r.repeat, 0);
  const most = Math.ceil(direct.step / leafRows) * perRow;
  const components = monoid === "moments" ? 2 : 1;
  const addresses = Array.from({ length: components }, () => direct.take(most * size));
  const views = addresses.map((a) => direct.view(a, most, state));
  const total = (direct.shape[0] as number) * columns;
  let result = 0;
  const run = (): void => {
    const meet = monoid === "moments" ? moments() : folded(MERGES[monoid].of);
    for (const { index, rows } of direct.blocks) {
      const groups = rows / leafRows;
      if (!Number.isInteger(groups)) throw new Error("blocks must be whole leaves");
      forEachRun(leaves, (leaf, start, run) => {
        const row = columns * direct.item;
        const strides = [leafRows * row, run.size * direct.item, row, direct.item];
        const operands = operandPlaces(direct, index, start, strides);
        const to = addresses.map((a) => ({
          address: a + leaf * size,
          strides: [perRow * size, size, 0, 0],
        }));
        const extents = [groups, run.repeat, leafRows, run.size];
        direct.kernels.leaf(spec, extents, [0, 0, 0, 0], [2, 3], operands, [to], [0, 0, 0, 0]);
        for (let g = 0; g < groups; g += 1) {
          for (let k = 0; k < run.repeat; k += 1) {
            meet.take(views, g * perRow + leaf + k, leafRows * run.size);
          }
        }
      });
    }
    result = meet.result();
    if (name === "mean") result /= total;
    if (name === "var" || name === "std") result /= total;
    if (name === "std") result = Math.sqrt(result);
  };
  return { run, check: () => checkOf(1, () => result) };
}

interface Meeting {
  take(views: readonly Floats[], at: number, count: number): void;
  result(): number;
}

function folded(of: (a: number, b: number) => number): Meeting {
  let value: number | undefined;
  return {
    take: ([view], at) => {
      const x = view?.[at] as number;
      value = value === undefined ? x : of(value, x);
    },
    result: () => value ?? Number.NaN,
  };
}

/** Chan, Golub & LeVeque; the result is the sum of squared differences. */
function moments(): Meeting {
  let [n, mean, m2] = [0, 0, 0];
  return {
    take: ([means, squares], at, count) => {
      const delta = (means?.[at] as number) - mean;
      const all = n + count;
      m2 += (squares?.[at] as number) + (delta * delta * n * count) / all;
      mean += (delta * count) / all;
      n = all;
    },
    result: () => m2,
  };
}

function forEachRun(
  leaves: readonly Run[],
  each: (leaf: number, start: number, run: Run) => void,
): void {
  let [leaf, start] = [0, 0];
  for (const run of leaves) {
    each(leaf, start, run);
    leaf += run.repeat;
    start += run.size * run.repeat;
  }
}

/** A product of two square matrices of one block each: a leaf call for every leaf of the inner axis. */
export function productProgram(direct: Direct, x: LazyArray): Program {
  const stage = onlyStage(x, "reduce");
  const spec = leafSpec(stage);
  const n = direct.shape[0] as number;
  const strides = [n * direct.item, direct.item];
  const places = (start: number): Place[] =>
    stage.operands.map((operand) => {
      // Operands are numbered as the planner met them; which one it is shows in the axes that it follows.
      const left = operand.map.some((m) => m.axis === 0);
      const own = [0, 0, 0];
      operand.map.forEach((m, i) => {
        own[m.axis] = strides[i] as number;
      });
      const base = direct.inputs[left ? 0 : 1] as number;
      return { address: base + start * (own[2] as number), strides: own };
    });
  const total = direct.take(n * n * 8);
  const states = direct.take(n * n * 8);
  const merge = mergeSpec("add", "float64");
  const leaves = stage.leaves[0] as readonly Run[];
  const run = (): void => {
    let start = 0;
    for (const { size, repeat } of leaves) {
      for (let k = 0; k < repeat; k += 1) {
        const first = start === 0;
        const to = { address: first ? total : states, strides: [n * 8, 8, 0] };
        direct.kernels.leaf(spec, [n, n, size], [0, 0, 0], [2], places(start), [[to]], [0, 0, 0]);
        const sum = { address: total, strides: [8] };
        const more = { address: states, strides: [8] };
        if (!first) direct.kernels.map(merge, [n * n], [0], [sum, more], [sum]);
        start += size;
      }
    }
  };
  const view = direct.view(total, n * n, "float64");
  return { run, check: () => checkOf(n * n, (i) => view[i] as number) };
}
