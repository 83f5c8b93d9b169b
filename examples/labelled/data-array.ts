/**
 * DataArray: a lazy array whose axes have names and whose positions have labels. What an array and a whole dataset can
 * both do is written once, in `Labelled`.
 */
import * as cw from "chunkwise";
import {
  type Attributes,
  type Coordinate,
  type Coordinates,
  find,
  type Index,
  type LabelSelector,
  pick,
  positionsOf,
  type SelectOptions,
  sameLabels,
} from "./coordinates.js";
import { GroupBy } from "./groupby.js";
import { notNaN, type Statistic, type StatisticOptions, statistic } from "./reduce.js";
import { arrayHtml, arrayText } from "./repr.js";

/** A function of two operands, as `cw.add`. */
export type Binary = (a: cw.LazyArray, b: cw.LazyArray | number) => cw.LazyArray;
/** Names of dimensions; undefined is all. */
export type Dims = string | readonly string[] | undefined;

/** What a DataArray and a Dataset can both do. All of it is lazy. */
export abstract class Labelled<Self extends Labelled<Self>> {
  abstract readonly coords: Coordinates;
  /** Lengths of the dimensions by name. */
  abstract readonly sizes: Readonly<Record<string, number>>;
  /** The same of every array; what it gives must be of use for the others beside it. */
  abstract map(fn: (x: DataArray) => DataArray): Self;
  /** A function of every array and its counterpart in `other`, aligned by the names of dimensions. */
  abstract combine(fn: Binary, other: Self | DataArray | number): Self;
  /** The array that goes with an array of another: the one of its name, or the only one. */
  abstract counterpart(x: DataArray): DataArray;
  abstract toHtml(): string;

  /** The part at positions: `isel({ time: 0, lat: cw.slice(null, null, 2), lon: [3, 1] })`. */
  isel(indices: Readonly<Record<string, Index>>): Self {
    this.#known("isel", Object.keys(indices));
    return this.map((x) => {
      const own = Object.entries(indices).filter(([dim]) => x.dims.includes(dim));
      return own.reduce((y, [dim, index]) => iselOne(y, dim, index), x);
    });
  }

  /** The part at labels: `sel({ time: "2010-03", lat: { from: -10, to: 10 }, lon: 190 }, { method: "nearest" })`. */
  sel(labels: Readonly<Record<string, LabelSelector>>, options: SelectOptions = {}): Self {
    this.#known("sel", Object.keys(labels));
    const indices = Object.entries(labels).map(([dim, selector]) => {
      const c = this.coords[dim];
      if (c === undefined) throw new RangeError(`sel: ${dim} has no labels; select with isel`);
      return [dim, find(c, selector, options)] as const;
    });
    return this.isel(Object.fromEntries(indices));
  }

  /** Elements where the condition holds; elsewhere `other`, by default NaN. */
  where(condition: DataArray, other: number = Number.NaN): Self {
    return this.combine((x, mask) => cw.where(mask as cw.LazyArray, x, other), condition);
  }
  /** New names for dimensions and coordinates. */
  rename(names: Readonly<Record<string, string>>): Self {
    const renamed = (name: string): string => names[name] ?? name;
    return this.map((x) =>
      x.with({
        name: renamed(x.name),
        dims: x.dims.map(renamed),
        coords: Object.fromEntries(
          Object.entries(x.coords).map(([name, c]) => [
            renamed(name),
            { ...c, dim: c.dim === undefined ? undefined : renamed(c.dim) },
          ]),
        ),
      }),
    );
  }
  /** The dimensions in another order; those that are not named follow. */
  transposeDims(...dims: readonly string[]): Self {
    this.#known("transposeDims", dims);
    return this.map((x) => {
      const order = [...new Set([...dims.filter((d) => x.dims.includes(d)), ...x.dims])];
      return x.with({ data: x.data.permuteDims(order.map((d) => x.dims.indexOf(d))), dims: order });
    });
  }
  /** Groups by a coordinate or a field of its dates: `groupby("time.month")`. */
  groupby(by: string): GroupBy<Self> {
    return new GroupBy(this as unknown as Self, by);
  }

  /** A statistic over dimensions (default: all). NaN is left out unless `skipna` is false. */
  reduce(how: Statistic, dims?: Dims, options: StatisticOptions = {}): Self {
    const named = typeof dims === "string" ? [dims] : dims;
    if (named !== undefined) this.#known(how, named);
    return this.map((x) => reduceOne(x, how, named ?? x.dims, options));
  }
  count = (dims?: Dims, options?: StatisticOptions): Self => this.reduce("count", dims, options);
  max = (dims?: Dims, options?: StatisticOptions): Self => this.reduce("max", dims, options);
  mean = (dims?: Dims, options?: StatisticOptions): Self => this.reduce("mean", dims, options);
  min = (dims?: Dims, options?: StatisticOptions): Self => this.reduce("min", dims, options);
  std = (dims?: Dims, options?: StatisticOptions): Self => this.reduce("std", dims, options);
  sum = (dims?: Dims, options?: StatisticOptions): Self => this.reduce("sum", dims, options);
  var = (dims?: Dims, options?: StatisticOptions): Self => this.reduce("var", dims, options);

  add = (other: Self | DataArray | number): Self => this.combine(cw.add, other);
  subtract = (other: Self | DataArray | number): Self => this.combine(cw.subtract, other);
  multiply = (other: Self | DataArray | number): Self => this.combine(cw.multiply, other);
  divide = (other: Self | DataArray | number): Self => this.combine(cw.divide, other);

  #known(fn: string, dims: readonly string[]): void {
    const unknown = dims.find((dim) => !(dim in this.sizes));
    if (unknown === undefined) return;
    throw new RangeError(
      `${fn}: no dimension "${unknown}" in ${Object.keys(this.sizes).join(", ")}`,
    );
  }

  /** What notebooks show. */
  [Symbol.for("Jupyter.display")](): Record<string, string> {
    return { "text/plain": this.toString(), "text/html": this.toHtml() };
  }
  /** What `console.log` shows. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

export interface DataArrayParts {
  readonly name?: string | undefined;
  readonly coords?: Coordinates | undefined;
  readonly attrs?: Attributes | undefined;
}

/**
 * A lazy array with named dimensions, labels and attributes.
 *
 * @example
 * const t = new DataArray(cw.ones([12, 3]), ["month", "lat"], {
 *   coords: { lat: coordinate("lat", [-60, 0, 60], { units: "degrees_north" }) },
 * });
 * const zonal = t.sel({ lat: { from: -30, to: 30 } }).mean("lat");
 */
export class DataArray extends Labelled<DataArray> {
  readonly name: string;
  readonly data: cw.LazyArray;
  readonly dims: readonly string[];
  readonly coords: Coordinates;
  readonly attrs: Attributes;

  constructor(data: cw.LazyArray, dims: readonly string[], parts: DataArrayParts = {}) {
    super();
    const { name = "", coords = {}, attrs = {} } = parts;
    if (dims.length !== data.ndim || new Set(dims).size !== dims.length) {
      throw new RangeError(`${data} cannot have the dimensions ${dims.join(", ")}`);
    }
    for (const [key, c] of Object.entries(coords)) {
      const length = c.dim === undefined ? 1 : data.shape[dims.indexOf(c.dim)];
      if (length === c.values.length) continue;
      throw new RangeError(
        `coordinate ${key}: ${c.values.length} values for ${c.dim ?? "a scalar"}`,
      );
    }
    [this.name, this.data, this.dims, this.coords, this.attrs] = [name, data, dims, coords, attrs];
  }

  get sizes(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.dims.map((dim, axis) => [dim, this.data.shape[axis] ?? 0]));
  }
  /** A copy with some parts replaced. */
  with(parts: DataArrayParts & { data?: cw.LazyArray; dims?: readonly string[] }): DataArray {
    return new DataArray(parts.data ?? this.data, parts.dims ?? this.dims, { ...this, ...parts });
  }
  /** An elementwise function of the values: `t.apply(cw.sqrt)`. */
  apply(fn: (x: cw.LazyArray) => cw.LazyArray): DataArray {
    return this.with({ data: fn(this.data), attrs: {} });
  }
  map(fn: (x: DataArray) => DataArray): DataArray {
    return fn(this);
  }

  counterpart(): DataArray {
    return this;
  }

  combine(fn: Binary, other: DataArray | number): DataArray {
    const attrs = fn === cw.multiply || fn === cw.divide ? {} : this.attrs;
    if (typeof other === "number") return this.with({ data: fn(this.data, other), attrs });
    const coords: Record<string, Coordinate> = {};
    for (const [name, c] of Object.entries({ ...other.coords, ...this.coords })) {
      const both = [this.coords[name] ?? c, other.coords[name] ?? c] as const;
      // Of labels and a single value that was selected, the labels stay; what disagrees otherwise is dropped.
      const labels = both.filter(({ dim }) => dim === name);
      if (sameLabels(...both)) coords[name] = c;
      else if (labels.length === 1) coords[name] = labels[0] as Coordinate;
      else if (labels.length === 2) {
        throw new RangeError(`the labels of ${name} differ; select what both have with sel`);
      }
    }
    const dims = [...new Set([...this.dims, ...other.dims])];
    const data = fn(this.along(dims), other.along(dims));
    return this.with({ data, dims, coords, attrs });
  }

  /** The values with one axis for each of `dims`, of length 1 for those that the array does not have. */
  along(dims: readonly string[]): cw.LazyArray {
    const own = dims.filter((dim) => this.dims.includes(dim));
    const missing = dims.flatMap((dim, axis) => (this.dims.includes(dim) ? [] : [axis]));
    return this.data.permuteDims(own.map((dim) => this.dims.indexOf(dim))).expandDims(missing);
  }

  compute(options?: cw.ComputeOptions): Promise<cw.NDArray> {
    return this.data.compute(options);
  }
  override toString(): string {
    return arrayText(this);
  }
  toHtml(): string {
    return arrayHtml(this);
  }
}

function iselOne(x: DataArray, dim: string, index: Index): DataArray {
  const axis = x.dims.indexOf(dim);
  const positions = positionsOf(index, x.data.shape[axis] ?? 0);
  const before = new Array<null>(axis).fill(null);
  const data =
    typeof index === "object" && "length" in index
      ? cw.take(x.data, index, { axis })
      : x.data.at(...before, index);
  const coords = Object.entries(x.coords).map(([name, c]) => [
    name,
    c.dim === dim ? pick(c, positions) : c,
  ]);
  const dims = typeof positions === "number" ? x.dims.filter((d) => d !== dim) : x.dims;
  return x.with({ data, dims, coords: Object.fromEntries(coords) });
}

function reduceOne(
  x: DataArray,
  how: Statistic,
  over: readonly string[],
  options: StatisticOptions,
): DataArray {
  const axis = x.dims.flatMap((dim, i) => (over.includes(dim) ? [i] : []));
  if (axis.length === 0) return x;
  const valid = notNaN(x.data, options) ?? cw.onesLike(x.data, { dtype: "bool" });
  const kept = Object.entries(x.coords).filter(
    ([, c]) => c.dim === undefined || !over.includes(c.dim),
  );
  return x.with({
    data: statistic(how, x.data, valid, axis, options),
    dims: x.dims.filter((dim) => !over.includes(dim)),
    coords: Object.fromEntries(kept),
    attrs: how === "count" || how === "var" ? {} : x.attrs,
  });
}
