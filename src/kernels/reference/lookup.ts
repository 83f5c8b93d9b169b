/** Lookup and scatter by the letter: one position after another, in row-major order. */
import { IndexError } from "../../errors.js";
import type { LookupAxis, LookupNode, ScatterNode } from "../../ir/node.js";
import {
  allocate,
  compact,
  type Elements,
  getElement,
  positions,
  setElement,
  stretch,
} from "./arrays.js";

/** The coordinate in an array of `extents` that a position leads to. */
function coordinate(
  axes: readonly LookupAxis[],
  indices: readonly (Elements | undefined)[],
  extents: readonly number[],
  position: readonly number[],
): number[] {
  return axes.map((axis, i) => {
    if (axis.from === "axis") return position[axis.axis] as number;
    const value = Number(getElement(indices[axis.input] as Elements, position));
    const extent = extents[i] as number;
    if (value < 0 || value >= extent) {
      const given = value < 0 ? value - extent : value;
      throw new IndexError(
        `index ${given} is out of bounds for axis ${axis.named} of length ${extent}`,
        {
          hint: extent === 0 ? "the axis is empty" : `allowed are ${-extent} to ${extent - 1}`,
        },
      );
    }
    return value;
  });
}

export function lookupArray(
  node: LookupNode,
  inputs: readonly Elements[],
  shape: readonly number[],
): Elements {
  const x = inputs[0] as Elements;
  const indices = inputs.map((a, i) => (i === 0 ? undefined : stretch(a, shape)));
  const out = allocate(x.dtype, shape);
  for (const position of positions(shape)) {
    const from = coordinate(node.params.axes, indices, x.shape, position);
    setElement(out, position, getElement(x, from));
  }
  return out;
}

export function scatterArray(node: ScatterNode, inputs: readonly Elements[]): Elements {
  const [x, value] = inputs as readonly [Elements, Elements];
  const indices = inputs.map((a, i) => (i < 2 ? undefined : stretch(a, value.shape)));
  const out = compact(x);
  for (const position of positions(value.shape)) {
    const to = coordinate(node.params.axes, indices, x.shape, position);
    setElement(out, to, getElement(value, position));
  }
  return out;
}
