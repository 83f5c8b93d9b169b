/**
 * Basic indexing and `take`. All forms of selector go through one normaliser and become one affine view.
 */
import { IndexError, ShapeError } from "../errors.js";
import { parseSelector } from "../expr/selector.js";
import { gatherNode, indexList } from "../ir/build.js";
import { type AxisMap, canonicalSlice, fixedAxis } from "../ir/index-map.js";
import { type IndexList, knownShape, type Node } from "../ir/node.js";
import { normalAxis } from "./axes.js";
import { viewNode } from "./build.js";
import { countText, valueText } from "./words.js";

export interface SliceSelector {
  readonly kind: "slice";
  readonly start: number | null;
  readonly stop: number | null;
  readonly step: number;
}
export interface NewAxisSelector {
  readonly kind: "newaxis";
}
export interface EllipsisSelector {
  readonly kind: "ellipsis";
}
/**
 * An integer (drops its axis), null (all of the axis), a slice, `newaxis` or `ellipsis`; or, alone, all selectors as
 * text in NumPy's syntax: `"10:20, ::-1, ..."`.
 */
export type Selector =
  | number
  | bigint
  | null
  | string
  | SliceSelector
  | NewAxisSelector
  | EllipsisSelector;

/** A new axis of length 1 at this place. */
export const newaxis: NewAxisSelector = Object.freeze({ kind: "newaxis" });
/** As many whole axes as are left. */
export const ellipsis: EllipsisSelector = Object.freeze({ kind: "ellipsis" });

/**
 * Python's `start:stop:step`. Negative bounds count from the end, null and what is left out is "all the way".
 *
 * @example x.at(slice(10, 20), slice(null, null, -1)) // x[10:20, ::-1]
 */
export function slice(
  start: number | bigint | null = null,
  stop: number | bigint | null = null,
  step: number | bigint | null = null,
): SliceSelector {
  const bound = (value: unknown, what: string): number | null => {
    if (value === null) return null;
    const n = typeof value === "bigint" ? Number(value) : value;
    if (typeof n !== "number" || !Number.isInteger(n)) {
      throw new IndexError(`slice: ${what} must be an integer or null, got ${valueText(value)}`);
    }
    return n === 0 ? 0 : n;
  };
  const by = bound(step, "step") ?? 1;
  if (by === 0) throw new IndexError("slice: step must not be 0");
  return Object.freeze({
    kind: "slice",
    start: bound(start, "start"),
    stop: bound(stop, "stop"),
    step: by,
  });
}

const isKind = (value: unknown, kind: string): boolean =>
  typeof value === "object" && value !== null && "kind" in value && value.kind === kind;

/** The part of `x` that the selectors select; axes without one are whole. */
export function at(x: Node, given: readonly unknown[]): Node {
  const [text] = given;
  const selectors = given.length === 1 && typeof text === "string" ? parseSelector(text) : given;
  const shape = knownShape(x);
  const map: AxisMap[] = [];
  const out: number[] = [];
  for (const selector of expand(selectors, shape.length)) {
    if (isKind(selector, "newaxis")) {
      out.push(1);
      continue;
    }
    const extent = shape[map.length] as number;
    if (selector === null) {
      map.push({ axis: out.length, start: 0, step: 1 });
      out.push(extent);
    } else if (isKind(selector, "slice")) {
      const { start, stop, step } = selector as SliceSelector;
      const part = canonicalSlice(start, stop, step, extent);
      map.push({ axis: out.length, start: part.start, step: part.step });
      out.push(part.count);
    } else map.push(fixedAxis(position(selector, map.length, extent)));
  }
  return viewNode(x, map, out);
}

/** The selectors with the ellipsis (or the end) filled up to one per axis. */
function expand(selectors: readonly unknown[], ndim: number): unknown[] {
  const dots = selectors.flatMap((s, i) => (isKind(s, "ellipsis") ? [i] : []));
  if (dots.length > 1) throw new IndexError("at: there can be only one ellipsis");
  const used = selectors.filter((s) => !isKind(s, "ellipsis") && !isKind(s, "newaxis")).length;
  if (used > ndim) {
    throw new IndexError(
      `at: ${countText(used, "selector")} for an array with ${countText(ndim, "axis", "axes")}`,
    );
  }
  const place = dots[0] ?? selectors.length;
  const filled = new Array<null>(ndim - used).fill(null);
  return [...selectors.slice(0, place), ...filled, ...selectors.slice(place + 1)];
}

function position(selector: unknown, axis: number, extent: number): number {
  const i = typeof selector === "bigint" ? Number(selector) : selector;
  if (typeof i !== "number") throw notASelector(selector, axis);
  if (!Number.isInteger(i)) {
    throw new IndexError(`at: ${i} is not an integer, on axis ${axis}`);
  }
  return inRange("at", i, axis, extent);
}

function inRange(fn: string, i: number, axis: number, extent: number): number {
  if (i < -extent || i >= extent) {
    throw new IndexError(`${fn}: index ${i} is out of bounds for axis ${axis}`, {
      hint: extent === 0 ? "the axis is empty" : `allowed are ${-extent} to ${extent - 1}`,
    });
  }
  return i < 0 ? i + extent : i + 0;
}

function notASelector(selector: unknown, axis: number): IndexError {
  const array =
    Array.isArray(selector) ||
    ArrayBuffer.isView(selector) ||
    (typeof selector === "object" && selector !== null && "dtype" in selector);
  const hint = array
    ? "select by integer positions with take(x, indices, { axis })"
    : selector === undefined
      ? "use null for the whole axis"
      : typeof selector === "string"
        ? 'give all selectors in one text, as at("0, 1:3"), or none'
        : "use an integer, null, slice(start, stop, step), newaxis or ellipsis";
  return new IndexError(`at: ${valueText(selector)} on axis ${axis} is not a selector`, { hint });
}

/** Constant positions: a list, an integer typed array, or bigints. */
export type Indices = readonly (number | bigint)[] | ArrayBufferView;

/** Elements at constant positions along an axis; negative positions count from the end. */
export function take(x: Node, indices: unknown, axis?: unknown): Node {
  const shape = knownShape(x);
  if (shape.length === 0) throw new ShapeError("take: a 0-d array has no axis to take from");
  if ((axis === undefined || axis === null) && shape.length !== 1) {
    throw new ShapeError("take: axis is needed", {
      hint: `the array has ${countText(shape.length, "axis", "axes")}`,
    });
  }
  const along = normalAxis("take", axis ?? 0, shape.length);
  const extent = shape[along] as number;
  return takeAxis(x, positions(indices, along, extent), along);
}

const FLOATS = /^(Float32Array|Float64Array|DataView)$/;

function positions(indices: unknown, axis: number, extent: number): Float64Array {
  const name = ArrayBuffer.isView(indices)
    ? Object.prototype.toString.call(indices).slice(8, -1)
    : "";
  if (!(Array.isArray(indices) || name !== "") || FLOATS.test(name)) {
    throw new IndexError(`take: indices must be integers, got ${valueText(indices)}`, {
      hint: "give a list or an integer typed array; lazy indices are not known when the plan is made",
    });
  }
  const list = indices as ArrayLike<unknown>;
  const out = new Float64Array(list.length);
  for (let k = 0; k < list.length; k++) {
    const raw = list[k];
    const i = typeof raw === "bigint" ? Number(raw) : raw;
    if (typeof i !== "number" || !Number.isInteger(i)) {
      throw new IndexError(
        `take: indices must be integers, got ${valueText(raw)} at position ${k}`,
      );
    }
    out[k] = inRange("take", i, axis, extent);
  }
  return out;
}

/** Elements at the positions of a list that is in range and in use more than once. */
export const takeList = (x: Node, list: IndexList, axis: number): Node => gatherNode(x, axis, list);

/** `values` are in range. An even progression is a view; anything else a gather. */
export function takeAxis(x: Node, values: Float64Array, axis: number): Node {
  const shape = knownShape(x).map((n, i) => (i === axis ? values.length : n));
  const start = values[0] ?? 0;
  const step = values.length > 1 ? (values[1] as number) - start : 1;
  if (step !== 0 && values.every((v, i) => v === start + step * i)) {
    const map = shape.map(
      (_, i): AxisMap => (i === axis ? { axis: i, start, step } : { axis: i, start: 0, step: 1 }),
    );
    return viewNode(x, map, shape);
  }
  return gatherNode(x, axis, indexList(values));
}
