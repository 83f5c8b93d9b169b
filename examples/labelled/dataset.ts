/** Dataset: arrays by name that share dimensions and labels, and run as one plan. */
import * as cw from "chunkwise";
import { type Attributes, type Coordinates, sameLabels } from "./coordinates.js";
import { type Binary, type DataArray, Labelled } from "./data-array.js";
import { datasetHtml, datasetText } from "./repr.js";

/**
 * Arrays by name. What a DataArray can do, a dataset does to all of its arrays; arrays that do not have a dimension stay
 * as they are.
 *
 * @example
 * const ds = await openDataset("era5.zarr");
 * const winter = ds.sel({ time: { from: "2019-12", to: "2020-02" } }).mean("time");
 * const { u, v } = await winter.compute(); // one plan: what u and v share is read once
 */
export class Dataset extends Labelled<Dataset> {
  readonly variables: Readonly<Record<string, DataArray>>;
  readonly coords: Coordinates;
  readonly sizes: Readonly<Record<string, number>>;
  readonly attrs: Attributes;

  constructor(variables: Readonly<Record<string, DataArray>>, attrs: Attributes = {}) {
    super();
    const [coords, sizes]: [Record<string, Coordinates[string]>, Record<string, number>] = [{}, {}];
    for (const [name, array] of Object.entries(variables)) {
      for (const [dim, length] of Object.entries(array.sizes)) {
        sizes[dim] ??= length;
        if (sizes[dim] === length) continue;
        throw new RangeError(
          `dataset: ${dim} has ${sizes[dim]} elements, and ${length} in ${name}`,
        );
      }
      for (const [key, c] of Object.entries(array.coords)) {
        coords[key] ??= c;
        if (sameLabels(coords[key], c)) continue;
        throw new RangeError(
          `dataset: ${name} has other labels for ${key} than the arrays before it`,
        );
      }
    }
    this.variables = Object.fromEntries(
      Object.entries(variables).map(([name, x]) => [name, x.name === name ? x : x.with({ name })]),
    );
    [this.coords, this.sizes, this.attrs] = [coords, sizes, attrs];
  }

  /** The array of a name. */
  get(name: string): DataArray {
    const found = this.variables[name];
    if (found !== undefined) return found;
    throw new RangeError(`no variable "${name}" in ${Object.keys(this.variables).join(", ")}`);
  }
  /** With more arrays, or others in place of those that it has. */
  assign(variables: Readonly<Record<string, DataArray>>): Dataset {
    return new Dataset({ ...this.variables, ...variables }, this.attrs);
  }

  map(fn: (x: DataArray) => DataArray): Dataset {
    const results = Object.values(this.variables).map(fn);
    return new Dataset(Object.fromEntries(results.map((x) => [x.name, x])), this.attrs);
  }
  combine(fn: Binary, other: Dataset | DataArray | number): Dataset {
    return this.map((x) => x.combine(fn, typeof other === "number" ? other : other.counterpart(x)));
  }
  counterpart(x: DataArray): DataArray {
    return this.get(x.name);
  }

  /** The lazy arrays by name: what `cw.compute`, `cw.plan` and `cw.store` take. */
  get arrays(): Readonly<Record<string, cw.LazyArray>> {
    return Object.fromEntries(Object.entries(this.variables).map(([name, x]) => [name, x.data]));
  }
  /** All values, from one plan. */
  compute(options?: cw.ComputeOptions): Promise<Readonly<Record<string, cw.NDArray>>> {
    return cw.compute(this.arrays, options);
  }
  /** The plan that would run, in words. */
  explain(options?: cw.RunOptions): string {
    return cw.explain(this.arrays, options);
  }
  /** The same dataset with its values in memory. */
  async load(options?: cw.RunOptions): Promise<Dataset> {
    const arrays = Object.values(this.variables);
    const kept = await cw.backend.persist(
      arrays.map((x) => x.data),
      options,
    );
    return this.map((x) => x.with({ data: kept[arrays.indexOf(x)] as cw.LazyArray }));
  }

  override toString(): string {
    return datasetText(this);
  }
  toHtml(): string {
    return datasetHtml(this);
  }
}

/** Values of several datasets, from one plan: what they share is read and computed once. */
export async function computeTogether(
  datasets: readonly Dataset[],
  options?: cw.ComputeOptions,
): Promise<Readonly<Record<string, cw.NDArray>>[]> {
  return cw.backend.computeMany(
    datasets.map((ds) => ds.arrays),
    options,
  );
}
