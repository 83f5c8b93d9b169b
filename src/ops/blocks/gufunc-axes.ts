/** Where the core dimensions of arrays and results are: `axes`, `axis` and `keepdims` of `applyGufunc`. */
import { OptionError, ShapeError } from "../../errors.js";
import { countText, valueText } from "../words.js";
import type { CoreDim, Signature } from "./signature.js";

export interface GufuncAxes {
  /** Per array, where its core dimensions are. */
  readonly inputs: readonly (readonly number[])[];
  /** Per result, where its core dimensions go, or with `keepdims` the axes of length 1. */
  readonly outputs: readonly (readonly number[])[];
}

const FN = "applyGufunc";
const lastAxes = (dims: readonly CoreDim[]): number[] => dims.map((_, i) => i - dims.length);
const sameDims = (a: readonly CoreDim[], b: readonly CoreDim[]): boolean =>
  a.length === b.length && a.every((d, i) => d.name === b[i]?.name);

/** The rules are NumPy's; axes count from the front or, negative, from the end. */
export function gufuncAxes(
  { inputs, outputs }: Signature,
  axes: unknown,
  axis: unknown,
  keepdims: boolean,
): GufuncAxes {
  if (axes !== undefined && axis !== undefined) {
    throw new OptionError(`${FN}: axes and axis are both given`, { hint: "give one of them" });
  }
  const withCore = inputs.filter((dims) => dims.length > 0);
  if (keepdims) {
    if (outputs.some((dims) => dims.length > 0)) {
      throw new OptionError(`${FN}: keepdims is for results without core dimensions`);
    }
    const [first] = withCore;
    if (first === undefined || !inputs.every((dims) => sameDims(dims, first))) {
      throw new OptionError(`${FN}: keepdims needs arrays with the same core dimensions`);
    }
  }
  if (axis !== undefined) return ofAxis(inputs, outputs, axis, keepdims);
  if (axes === undefined) {
    const kept = withCore[0] ?? [];
    return {
      inputs: inputs.map(lastAxes),
      outputs: outputs.map((dims) => lastAxes(keepdims ? kept : dims)),
    };
  }
  return ofAxes(inputs, outputs, axes, keepdims);
}

function ofAxis(
  inputs: Signature["inputs"],
  outputs: Signature["outputs"],
  axis: unknown,
  keepdims: boolean,
): GufuncAxes {
  if (!Number.isInteger(axis)) {
    throw new OptionError(`${FN}: axis must be an integer, got ${valueText(axis)}`);
  }
  const withCore = [...inputs, ...outputs].filter((dims) => dims.length > 0);
  const [first] = withCore;
  if (first === undefined) throw new OptionError(`${FN}: axis needs a core dimension`);
  if (withCore.some((dims) => dims.length !== 1 || dims[0]?.name !== first[0]?.name)) {
    throw new OptionError(`${FN}: axis is for one core dimension that all share`, {
      hint: "use axes",
    });
  }
  const place = (dims: readonly CoreDim[]): number[] => (dims.length > 0 ? [axis as number] : []);
  return {
    inputs: inputs.map(place),
    outputs: outputs.map((dims) => (keepdims ? [axis as number] : place(dims))),
  };
}

function ofAxes(
  inputs: Signature["inputs"],
  outputs: Signature["outputs"],
  axes: unknown,
  keepdims: boolean,
): GufuncAxes {
  if (!Array.isArray(axes)) {
    throw new OptionError(`${FN}: axes must be a list, got ${valueText(axes)}`, {
      hint: "one entry per array and result: a list of axes, one per core dimension",
    });
  }
  const scalars = outputs.every((dims) => dims.length === 0);
  const all = inputs.length + outputs.length;
  if (axes.length !== all && !(scalars && axes.length === inputs.length)) {
    throw new OptionError(
      `${FN}: axes has ${countText(axes.length, "entry", "entries")} for ${countText(inputs.length, "array")} and ${countText(outputs.length, "result")}`,
    );
  }
  const lists = axes.map((entry: unknown, i): number[] => {
    const list: unknown = Array.isArray(entry) ? entry : [entry];
    if ((list as unknown[]).every(Number.isInteger)) return list as number[];
    throw new OptionError(`${FN}: entry ${i} of axes must be integers, got ${valueText(entry)}`);
  });
  const expect = (list: readonly number[], dims: readonly CoreDim[], what: string): void => {
    if (list.length === dims.length) return;
    throw new OptionError(
      `${FN}: axes names ${countText(list.length, "axis", "axes")} of ${what}, which has ${countText(dims.length, "core dimension")}`,
    );
  };
  inputs.forEach((dims, i) => {
    expect(lists[i] as number[], dims, `array ${i}`);
  });
  const given = outputs.map((_, i) => lists[inputs.length + i]);
  const first = inputs.findIndex((dims) => dims.length > 0);
  return {
    inputs: lists.slice(0, inputs.length),
    outputs: outputs.map((dims, i) => {
      const own = given[i];
      if (keepdims) {
        const kept = own ?? (lists[first] as number[]);
        expect(kept, inputs[first] as readonly CoreDim[], `result ${i}`);
        return kept;
      }
      if (own !== undefined) expect(own, dims, `result ${i}`);
      return own ?? lastAxes(dims);
    }),
  };
}

/** Axes as numbers from 0; each once. */
export function placesOf(axes: readonly number[], rank: number, what: string): number[] {
  const places = axes.map((axis) => {
    if (axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
    throw new ShapeError(`${FN}: ${what} has no axis ${axis}`, {
      hint: `it has ${countText(rank, "axis", "axes")}`,
    });
  });
  if (new Set(places).size !== places.length) {
    throw new ShapeError(`${FN}: axes ${valueText(axes)} of ${what} name an axis twice`);
  }
  return places;
}
