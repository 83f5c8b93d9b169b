/** Coordinates: numbers along a dimension that say where its elements lie, and how labels find positions. */
import type * as cw from "chunkwise";
import { dateText, periodOf, type TimeUnits, timeUnits } from "./time.js";

export type Attributes = Readonly<Record<string, unknown>>;

/** Labels of the positions along `dim`; a single value where a position was selected. */
export interface Coordinate {
  readonly dim: string | undefined;
  readonly values: Float64Array;
  readonly attrs: Attributes;
  /** As stored; default float64. */
  readonly dtype?: cw.DType | undefined;
  /** What the values are dates in. */
  readonly time?: TimeUnits | undefined;
}
export type Coordinates = Readonly<Record<string, Coordinate>>;

/** An integer drops the dimension; `cw.slice(...)` and lists of positions keep it. */
export type Index = number | ReturnType<typeof cw.slice> | readonly number[];
/** A value of the coordinate, or a date: "2010-03" is all of March 2010. */
export type Label = number | string;
/** One label, several, or all between two, both included. */
export type LabelSelector =
  | Label
  | readonly Label[]
  | { readonly from?: Label | undefined; readonly to?: Label | undefined };
export interface SelectOptions {
  /** Which position a number selects: the one that has it (default), or the one that is nearest to it. */
  readonly method?: "exact" | "nearest" | undefined;
}

/** A coordinate; `attrs` with CF units of time make it one of dates. */
export function coordinate(
  dim: string | undefined,
  values: ArrayLike<number | bigint>,
  attrs: Attributes = {},
): Coordinate {
  const time = timeUnits(attrs["units"], attrs["calendar"]);
  return { dim, values: Float64Array.from(values, Number), attrs, time };
}

/** One value in words. */
export const labelText = ({ values, time }: Coordinate, i: number): string => {
  const value = values.at(i);
  if (value === undefined) return "";
  return time === undefined ? String(Number(value.toPrecision(7))) : dateText(value, time);
};

/** The positions that an index selects along an axis of `length`. */
export function positionsOf(index: Index, length: number): number | readonly number[] {
  const own = (i: number): number => {
    const position = i < 0 ? i + length : i;
    if (Number.isInteger(i) && position >= 0 && position < length) return position;
    throw new RangeError(`position ${i} is not one of the ${length} along the dimension`);
  };
  if (typeof index === "number") return own(index);
  if ("length" in index) return index.map(own);
  const { start, stop, step } = index;
  const [low, high] = step > 0 ? [0, length] : [-1, length - 1];
  const clamp = (i: number | null, otherwise: number): number =>
    i === null ? otherwise : Math.min(high, Math.max(low, i < 0 ? i + length : i));
  const first = clamp(start, step > 0 ? low : high);
  const last = clamp(stop, step > 0 ? high : low);
  return Array.from(
    { length: Math.max(0, Math.ceil((last - first) / step)) },
    (_, k) => first + k * step,
  );
}

/** The part of a coordinate at positions of its dimension. */
export function pick(c: Coordinate, positions: number | readonly number[]): Coordinate {
  const list = typeof positions === "number" ? [positions] : positions;
  const values = Float64Array.from(list, (i) => c.values[i] ?? Number.NaN);
  return { ...c, dim: typeof positions === "number" ? undefined : c.dim, values };
}

/** The index of what labels select. Throws where nothing has the label. */
export function find(c: Coordinate, selector: LabelSelector, options: SelectOptions): Index {
  if (typeof selector === "number") return position(c, selector, options);
  if (typeof selector === "string") return within(c, selector, selector);
  if ("length" in selector) {
    return selector.flatMap((label) => find(c, label, options) as number | readonly number[]);
  }
  return within(c, selector.from, selector.to);
}

function position({ values, dim }: Coordinate, label: number, { method }: SelectOptions): number {
  let best = 0;
  for (const [i, value] of values.entries()) {
    if (Math.abs(value - label) < Math.abs((values[best] as number) - label)) best = i;
  }
  if (values.length > 0 && (method === "nearest" || values[best] === label)) return best;
  throw new RangeError(
    `sel: ${dim} has no label ${label}; { method: "nearest" } takes the nearest`,
  );
}

/** Positions of all labels between two; of a date, all that it names. */
function within(c: Coordinate, from: Label | undefined, to: Label | undefined): readonly number[] {
  const period = (date: string): { readonly from: number; readonly to: number } => {
    if (c.time !== undefined) return periodOf(date, c.time);
    throw new TypeError(`sel: "${date}" is a date, and ${c.dim} has no dates`);
  };
  const low = typeof from === "string" ? period(from).from : (from ?? Number.NEGATIVE_INFINITY);
  const high = typeof to === "string" ? period(to).to : (to ?? Number.POSITIVE_INFINITY);
  const isIn = (v: number): boolean => v >= low && (typeof to === "string" ? v < high : v <= high);
  const found = Array.from(c.values.keys()).filter((i) => isIn(c.values[i] as number));
  if (found.length > 0) return found;
  throw new RangeError(
    `sel: no label of ${c.dim} lies between ${from ?? "its start"} and ${to ?? "its end"}`,
  );
}

/** Whether two coordinates are the same labels. */
export const sameLabels = (a: Coordinate, b: Coordinate): boolean =>
  a.dim === b.dim &&
  a.values.length === b.values.length &&
  a.time?.calendar === b.time?.calendar &&
  a.values.every((v, i) => Object.is(instant(a, v), instant(b, b.values[i] as number)));

const instant = ({ time }: Coordinate, value: number): number =>
  time === undefined ? value : time.origin + value * time.seconds;
