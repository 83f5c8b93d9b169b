/**
 * Statistics by group: by the labels of a coordinate ("latitude"), or by a field of its dates ("time.month").
 *
 * All groups are one reduction: the data get a new axis with one entry for each group, masked by which element belongs
 * to which, and are reduced along the old one. The new axis exists inside the compiled loop only, so every chunk is
 * read once, whatever the number of groups and in whatever order they follow each other.
 */
import * as cw from "chunkwise";
import { type Coordinate, type Coordinates, coordinate } from "./coordinates.js";
import type { Binary, DataArray, Labelled } from "./data-array.js";
import { notNaN, type Statistic, type StatisticOptions, statistic } from "./reduce.js";
import { FIELDS, type Field, momentOf } from "./time.js";

/** So many groups are put back by choosing among them, which is one fused loop; more of them by a gather. */
const MOST_CHOICES = 32;
const SEASONS = { flag_values: [0, 1, 2, 3], flag_meanings: "DJF MAM JJA SON" };

/** Which group every element along a dimension belongs to. */
export interface Groups {
  readonly dim: string;
  /** The dimension of the groups, which takes the place of `dim`. */
  readonly name: string;
  readonly labels: Coordinate;
  /** For every position along `dim`, the number of its group. */
  readonly numbers: Int32Array;
}

/** The groups that `by` names, in ascending order of their labels. */
export function groupsOf(by: string, coords: Coordinates): Groups {
  const [name = by, field] = coords[by] === undefined ? by.split(".") : [by];
  const along = coords[name];
  if (along?.dim === undefined) throw new RangeError(`groupby: there is no coordinate "${name}"`);
  const { dim, time } = along;
  let keys = Array.from(along.values);
  if (field !== undefined) {
    if (!(field in FIELDS) || time === undefined) {
      throw new RangeError(
        `groupby: "${by}": ${time === undefined ? `${name} has no dates` : `fields are ${Object.keys(FIELDS).join(", ")}`}`,
      );
    }
    keys = keys.map((v) => FIELDS[field as Field](momentOf(v, time), time));
  }
  const labels = [...new Set(keys)].sort((a, b) => a - b);
  const number = new Map(labels.map((label, k) => [label, k]));
  const attrs = field === undefined ? along.attrs : field === "season" ? SEASONS : {};
  return {
    dim,
    name: field ?? name,
    labels: {
      ...coordinate(field ?? name, labels, attrs),
      dtype: field === undefined ? along.dtype : "int64",
    },
    numbers: Int32Array.from(keys, (key) => number.get(key) ?? -1),
  };
}

/** A statistic of every group; its dimension takes the place of the grouped one. */
function reduced(
  x: DataArray,
  groups: Groups,
  how: Statistic,
  options: StatisticOptions,
): DataArray {
  const axis = x.dims.indexOf(groups.dim);
  if (axis < 0) return x;
  const count = groups.labels.values.length;
  const after = new Array<number>(x.dims.length - axis - 1).fill(1);
  const belongs = cw
    .asarray(groups.numbers)
    .equal(cw.arange(count, { dtype: "int32" }).reshape([count, 1]))
    .reshape([count, groups.numbers.length, ...after]);
  const present = notNaN(x.data, options)?.expandDims(axis);
  const valid = present === undefined ? belongs : belongs.logicalAnd(present);
  const data = statistic(how, x.data.expandDims(axis), valid, [axis + 1], options);
  const kept = Object.entries(x.coords).filter(([, c]) => c.dim !== groups.dim);
  return x.with({
    data,
    dims: x.dims.map((d) => (d === groups.dim ? groups.name : d)),
    coords: { ...Object.fromEntries(kept), [groups.name]: groups.labels },
  });
}

/** The values of its group for every element: a climatology as long as the data it came from. */
function spread(x: DataArray, groups: Groups, coords: Coordinates): DataArray {
  const axis = x.dims.indexOf(groups.name);
  if (axis < 0) return x;
  const have = x.coords[groups.name]?.values ?? groups.labels.values;
  const rows = Array.from(groups.labels.values, (label) => {
    const row = have.indexOf(label);
    if (row < 0) throw new RangeError(`groupby: ${groups.name} has no label ${label}`);
    return row;
  });
  const { [groups.name]: _labels, ...others } = x.coords;
  const along = Object.entries(coords).filter(([, c]) => c.dim === groups.dim);
  return x.with({
    data: chosen(x.data, rows, groups.numbers, axis),
    dims: x.dims.map((d) => (d === groups.name ? groups.dim : d)),
    coords: { ...others, ...Object.fromEntries(along) },
  });
}

function chosen(
  x: cw.LazyArray,
  rows: readonly number[],
  numbers: Int32Array,
  axis: number,
): cw.LazyArray {
  if (rows.length > MOST_CHOICES) {
    return cw.take(
      x,
      Int32Array.from(numbers, (n) => rows[n] ?? 0),
      { axis },
    );
  }
  const after = new Array<number>(x.ndim - axis - 1).fill(1);
  const group = cw.asarray(numbers).reshape([numbers.length, ...after]);
  const [first, ...more] = rows.map((row) =>
    x.at(...new Array<null>(axis).fill(null), cw.slice(row, row + 1)),
  );
  if (first === undefined) return x;
  const shape = x.shape.map((n, i) => (i === axis ? numbers.length : n));
  return more
    .reduce((y, next, k) => cw.where(group.equal(k + 1), next, y), first)
    .broadcastTo(shape);
}

/** Arrays and their groups: statistics give one entry for each, arithmetic gives every element its own group's. */
export class GroupBy<Self extends Labelled<Self>> {
  readonly groups: Groups;
  readonly #of: Self;

  constructor(of: Self, by: string) {
    this.#of = of;
    this.groups = groupsOf(by, of.coords);
  }

  reduce(how: Statistic, options: StatisticOptions = {}): Self {
    return this.#of.map((x) => reduced(x, this.groups, how, options));
  }
  count = (options?: StatisticOptions): Self => this.reduce("count", options);
  max = (options?: StatisticOptions): Self => this.reduce("max", options);
  mean = (options?: StatisticOptions): Self => this.reduce("mean", options);
  min = (options?: StatisticOptions): Self => this.reduce("min", options);
  std = (options?: StatisticOptions): Self => this.reduce("std", options);
  sum = (options?: StatisticOptions): Self => this.reduce("sum", options);
  var = (options?: StatisticOptions): Self => this.reduce("var", options);

  add = (byGroup: Self | DataArray): Self => this.#combine(cw.add, byGroup);
  subtract = (byGroup: Self | DataArray): Self => this.#combine(cw.subtract, byGroup);
  multiply = (byGroup: Self | DataArray): Self => this.#combine(cw.multiply, byGroup);
  divide = (byGroup: Self | DataArray): Self => this.#combine(cw.divide, byGroup);

  /** Arrays that do not have the dimension stay as they are. */
  #combine(fn: Binary, byGroup: Self | DataArray): Self {
    const { coords } = this.#of;
    return this.#of.map((x) =>
      x.dims.includes(this.groups.dim)
        ? x.combine(fn, spread(byGroup.counterpart(x), this.groups, coords))
        : x,
    );
  }
}
