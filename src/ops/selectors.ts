/**
 * Selectors: what a user may say about each axis, and their normal form. All functions that take selectors (`at`,
 * `setItem`) go through this one normaliser.
 */
import { IndexError, InternalError } from "../errors.js";
import { isInteger } from "../ir/dtype.js";
import { canonicalSlice, type Slice } from "../ir/index-map.js";
import { dtypeOf, knownShape, type Node } from "../ir/node.js";
import { isNode } from "./build.js";
import {
  constantPositions,
  type IndexArray,
  inRange,
  isConstantIndex,
  type Positions,
} from "./positions.js";
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
 * An integer (drops its axis), null (all of the axis), a slice, `newaxis`, `ellipsis`, or an array of integers: a list
 * (of lists), an integer typed array or a computed array; or, alone, all selectors as text in NumPy's syntax:
 * `"10:20, ::-1, ..."`. Lazy arrays are given by the public API.
 */
export type BasicSelector =
  | number
  | bigint
  | null
  | SliceSelector
  | NewAxisSelector
  | EllipsisSelector;
export type Selector = BasicSelector | string | IndexArray;

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

/** One selector in normal form; `axis` is the axis of the array that it selects from. */
export type Selected =
  | { readonly kind: "slice"; readonly axis: number; readonly slice: Slice }
  | { readonly kind: "integer"; readonly axis: number; readonly position: number }
  /** Constant positions, in range and not negative. */
  | { readonly kind: "positions"; readonly axis: number; readonly positions: Positions }
  /** Lazy positions of any integer dtype; known to be in range only when it runs. */
  | { readonly kind: "lazy"; readonly axis: number; readonly index: Node }
  | { readonly kind: "newaxis" }
  /** Where an ellipsis stood, before its axes. Selects nothing, but stands between its neighbours. */
  | { readonly kind: "ellipsis" };

const isKind = (value: unknown, kind: string): boolean =>
  typeof value === "object" && value !== null && "kind" in value && value.kind === kind;

let readText = (text: string): readonly unknown[] => {
  throw new InternalError(`nobody said how to read the selectors ${JSON.stringify(text)}`);
};

/** How selectors in one text are read: the parser is the caller's to load, as most programs never need it. */
export function readSelectorsWith(read: (text: string) => readonly unknown[]): void {
  readText = read;
}

/** The selectors, or those that the only one of them spells. */
export const spelledOut = (given: readonly unknown[]): readonly unknown[] =>
  given.length === 1 && typeof given[0] === "string" ? readText(given[0]) : given;

/** The selectors in order, one or more per axis; axes without one are whole. */
export function normalSelectors(
  fn: string,
  selectors: readonly unknown[],
  shape: readonly number[],
): Selected[] {
  const out: Selected[] = [];
  let axis = 0;
  for (const selector of expand(fn, selectors, shape.length)) {
    if (isKind(selector, "newaxis")) out.push({ kind: "newaxis" });
    else if (isKind(selector, "ellipsis")) out.push({ kind: "ellipsis" });
    else {
      out.push(onAxis(fn, selector, axis, shape[axis] as number));
      axis++;
    }
  }
  return out;
}

function onAxis(fn: string, selector: unknown, axis: number, extent: number): Selected {
  if (selector === null)
    return { kind: "slice", axis, slice: canonicalSlice(null, null, 1, extent) };
  if (isKind(selector, "slice")) {
    const { start, stop, step } = selector as SliceSelector;
    return { kind: "slice", axis, slice: canonicalSlice(start, stop, step, extent) };
  }
  if (isNode(selector)) {
    if (!isInteger(dtypeOf(selector))) {
      throw new IndexError(
        `${fn}: an array of positions must be of integers, got ${dtypeOf(selector)} on axis ${axis}`,
        { hint: 'convert it with astype("int64")' },
      );
    }
    return { kind: "lazy", axis, index: selector };
  }
  if (isConstantIndex(selector)) {
    const positions = constantPositions(fn, selector, axis, extent);
    return positions.shape.length === 0
      ? { kind: "integer", axis, position: positions.values[0] as number }
      : { kind: "positions", axis, positions };
  }
  return { kind: "integer", axis, position: position(fn, selector, axis, extent) };
}

/** The selectors with the ellipsis (or the end) filled up to one per axis; the ellipsis stays as a mark. */
function expand(fn: string, selectors: readonly unknown[], ndim: number): unknown[] {
  const dots = selectors.flatMap((s, i) => (isKind(s, "ellipsis") ? [i] : []));
  if (dots.length > 1) throw new IndexError(`${fn}: there can be only one ellipsis`);
  const used = selectors.filter((s) => !isKind(s, "ellipsis") && !isKind(s, "newaxis")).length;
  if (used > ndim) {
    throw new IndexError(
      `${fn}: ${countText(used, "selector")} for an array with ${countText(ndim, "axis", "axes")}`,
    );
  }
  const end = (dots[0] ?? selectors.length - 1) + 1;
  const filled = new Array<null>(ndim - used).fill(null);
  return [...selectors.slice(0, end), ...filled, ...selectors.slice(end)];
}

function position(fn: string, selector: unknown, axis: number, extent: number): number {
  const i = typeof selector === "bigint" ? Number(selector) : selector;
  if (typeof i !== "number") throw notASelector(fn, selector, axis);
  if (!Number.isInteger(i)) {
    throw new IndexError(`${fn}: ${i} is not an integer, on axis ${axis}`);
  }
  return inRange(fn, i, axis, extent);
}

function notASelector(fn: string, selector: unknown, axis: number): IndexError {
  const hint =
    selector === undefined
      ? "use null for the whole axis"
      : typeof selector === "string"
        ? 'give all selectors in one text, as at("0, 1:3"), or none'
        : "use an integer, null, slice(start, stop, step), an array of integers, newaxis or ellipsis";
  return new IndexError(`${fn}: ${valueText(selector)} on axis ${axis} is not a selector`, {
    hint,
  });
}

/** Lengths of a lazy or constant array of positions. */
export const indexShape = (s: Selected & { kind: "positions" | "lazy" }): readonly number[] =>
  s.kind === "lazy" ? knownShape(s.index) : s.positions.shape;
